/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * at-modem KIND DEVICE ADDRESS PORT [options]: sends a message through a cellular modem.
 * KIND is one of the names below. DEVICE is a serial device, or tcp:IP:PORT for one on a network, such as the emulated modem.
 * ADDRESS and PORT are those of the platform.
 *   -a APN           attach with this APN first; without this option the modem must have done so
 *   -p PIN           PIN of the SIM
 *   -n COUNT         send this many messages on the connection
 *   -w MILLISECONDS  wait this long between them
 *   -l               send long messages, which need several pieces
 *   -u FILE          fetch the firmware that a downlink announces into this file; continue an earlier download
 *   -s SECONDS       wait this long for a downlink by SMS
 *   -t MILLISECONDS  shorten all time-outs to this
 * Exits with 0 if all of that was done, 1 if the last message should be sent again later or nothing came, 2 if it must not be sent again
 * unchanged, 3 if it may have arrived although no answer came.
 */
#define _POSIX_C_SOURCE 200809L

#include "kpn_modem_firmware.h"
#include "kpn_modem_sms.h"
#include "kpn_network.h"
#include "quectel_bg96.h"
#include "sara_r4.h"
#include "serial.h"
#include "simcom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ACCEPTED = 0,
    LATER = 1,
    NEVER = 2,
    UNKNOWN = 3,
    LONG = 80,
    PART = 512,
    PATH_CAP = 512,
    BOOT_MS = 5000,
    ATTACH_MS = 180000
};

static const char urn[] = "urn:dev:IMEI:490154203237518:";
static const char secret[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

static uint8_t buffer[4096]; /* the request, then the body of the response */
static uint8_t firmware_memory[KPN_FIRMWARE_MEMORY];
static kpn_firmware firmware;

typedef struct options {
    const char *apn;
    const char *pin;
    const char *image;
    bool is_long;
    int count;
    long wait;
    long sms_seconds;
    uint32_t limit;
} options;

typedef struct kind {
    const char *name;
    const kpn_modem_kind *modem;
    const kpn_network_kind *network;
} kind;

static const kind kinds[] = {
    {"sara-r4", &kpn_sara_r4, &kpn_network_sara_r4}, {"sara-r4-hex", &kpn_sara_r4_hex, &kpn_network_sara_r4},
    {"sara-r5", &kpn_sara_r4, &kpn_network_sara_r5}, {"lena-r8", &kpn_sara_r4, &kpn_network_lena_r8},
    {"bg96", &kpn_bg96, &kpn_network_bg96},          {"sim7000", &kpn_sim7000, &kpn_network_sim7000},
    {"sim7080", &kpn_sim7080, &kpn_network_sim7080}};

/* `status` is the result of beginning it. */
static void act_on_downlink(kpn_status status, kpn_downlink *downlink)
{
    kpn_record record;

    if (status != KPN_OK) { /* no part of it was handed out */
        printf("downlink: %s\n", kpn_status_text(status));
    }
    while (status == KPN_OK && kpn_downlink_next(downlink, &record) == KPN_OK) {
        printf("downlink: %s%s\n", record.base_name, record.name);
        if (kpn_record_is_for(&record, urn) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
            printf("the valve is now %s\n", record.bool_value ? "open" : "shut");
        }
    }
}

static kpn_status make_request(int number, bool is_long, kpn_span *request)
{
    kpn_uplink uplink;
    kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, urn);

    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
    for (int i = 0; i < (is_long ? LONG : 0); i++) {
        kpn_uplink_add_int64(&uplink, KPN_COUNTER, 1000000 + i);
    }
    kpn_uplink_add_int64(&uplink, "number", NULL, number);
    return status == KPN_OK ? kpn_uplink_finish(&uplink, secret, request) : status;
}

/* Prints what failed, and what that means for the message. */
static int report(const kpn_modem *modem, const char *what, at_result result)
{
    fprintf(stderr, "%s: %s", what, at_result_text(result));
    if (result == AT_ERR_MODEM && kpn_modem_error_number(modem) >= 0) {
        fprintf(stderr, ", error %ld", (long)kpn_modem_error_number(modem));
    } else if (result == AT_ERR_RESPONSE) {
        fprintf(stderr, ": %s", kpn_status_text(kpn_modem_response_status(modem)));
    }
    fprintf(stderr,
            kpn_modem_may_have_arrived(modem) ? "; the message may have arrived\n" : "; the message did not arrive\n");
    return kpn_modem_may_have_arrived(modem) ? UNKNOWN : LATER;
}

static int exchange(kpn_modem *modem, int number, const options *options)
{
    kpn_span request;
    kpn_response response;
    kpn_downlink downlink;
    kpn_status status = make_request(number, options->is_long, &request);

    if (status != KPN_OK) {
        fprintf(stderr, "message: %s\n", kpn_status_text(status));
        return NEVER;
    }
    status = kpn_response_begin(&response, buffer, sizeof buffer); /* the same buffer again */
    at_result result = status == KPN_OK ? kpn_modem_send(modem, request.ptr, request.len, &response) : AT_ERR_ARGUMENT;
    if (result != AT_OK) {
        return report(modem, "send", result);
    }
    printf("sent %zu bytes\n", request.len);
    result = kpn_modem_receive(modem, &response);
    if (result != AT_OK) {
        return report(modem, "receive", result);
    }
    int32_t outcome = kpn_response_outcome(&response);
    printf("response: status %d. %s\n", (int)kpn_response_status(&response), kpn_outcome_text(outcome));
    if (outcome == KPN_OUTCOME_ACCEPTED) {
        status = kpn_downlink_begin(&downlink, &response);
        if (options->image == NULL) {
            act_on_downlink(status, &downlink);
        } else if (status == KPN_OK && kpn_firmware_state(&firmware) != KPN_FIRMWARE_REQUEST) {
            status = kpn_firmware_offer(&firmware, &downlink, urn);
            printf("firmware: %s\n", kpn_status_text(status));
        }
        return ACCEPTED;
    }
    return outcome == KPN_OUTCOME_RETRY_LATER ? LATER : NEVER;
}

/* The state of a download, in a file beside its image. It is renamed once complete, so that a reset in between leaves the previous one. */
static bool save_state(const char *path)
{
    uint8_t image[KPN_FIRMWARE_IMAGE_MAX];
    char name[PATH_CAP];
    char new_name[PATH_CAP + 4];
    size_t len;
    FILE *file;

    if (kpn_firmware_save(&firmware, image, sizeof image, &len) != KPN_OK
        || snprintf(name, sizeof name, "%s.state", path) >= (int)sizeof name) {
        return false;
    }
    snprintf(new_name, sizeof new_name, "%s.new", name);
    if ((file = fopen(new_name, "wb")) == NULL) {
        return false;
    }
    bool written = fwrite(image, len, 1, file) == 1 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written && rename(new_name, name) == 0;
}

static void load_state(const char *path)
{
    char name[PATH_CAP];
    FILE *file = snprintf(name, sizeof name, "%s.state", path) < (int)sizeof name ? fopen(name, "rb") : NULL;

    if (file != NULL) {
        size_t len = fread(buffer, 1, sizeof buffer, file);
        (void)fclose(file);
        printf("stored: %s\n", kpn_status_text(kpn_firmware_load(&firmware, buffer, len)));
    }
}

static bool write_flash(void *context, uint32_t offset, const uint8_t *bytes, size_t len)
{
    FILE *flash = (FILE *)context;

    return fseek(flash, (long)offset, SEEK_SET) == 0 && fwrite(bytes, len, 1, flash) == 1 && fflush(flash) == 0;
}

static int update(kpn_modem *modem, const options *options)
{
    FILE *flash = fopen(options->image, "r+b");
    kpn_status status = KPN_OK;

    if (flash == NULL && (flash = fopen(options->image, "w+b")) == NULL) {
        perror(options->image);
        return NEVER;
    }
    while (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST && (status == KPN_OK || status == KPN_AGAIN)) {
        status = kpn_modem_fetch(modem, &firmware, buffer, sizeof buffer, write_flash, flash);
        if (status == KPN_OK
            && (fsync(fileno(flash)) != 0 || !save_state(options->image))) { /* the state must not be ahead */
            perror(options->image);
        } else if (status == KPN_AGAIN) {
            uint32_t wait = kpn_retry_delay_ms(kpn_firmware_failures(&firmware), (uint32_t)time(NULL), 20, 5000,
                                               kpn_firmware_retry_after(&firmware));
            (void)kpn_modem_wait(modem, wait);
        }
    }
    printf("%lu of %lu bytes: %s\n", (unsigned long)kpn_firmware_confirmed(&firmware),
           (unsigned long)kpn_firmware_total(&firmware), kpn_status_text(status));
    return fclose(flash) == 0 && kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE ? ACCEPTED : LATER;
}

/* Waits for one text from the platform. The modem deletes it afterwards, so that a reset in between loses nothing. */
static int await_sms(kpn_modem *modem, kpn_modem_sms *sms, long seconds)
{
    at_result result = AT_OK;
    char *text = NULL;
    size_t len;
    kpn_downlink downlink;

    for (long i = 0; i <= seconds && result == AT_OK && text == NULL; i++) {
        if (kpn_modem_sms_is_waiting(sms)) {
            result = kpn_modem_sms_next(sms, &text, &len);
        }
        if (result == AT_OK && text == NULL) {
            result = kpn_modem_wait(modem, 1000);
        }
    }
    if (text == NULL) {
        printf("no SMS: %s\n", at_result_text(result));
        return LATER;
    }
    printf("SMS: %s\n", text);
    if (text[0] == '[') {
        act_on_downlink(kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len), &downlink);
    }
    result = kpn_modem_sms_next(sms, &text, &len); /* deletes the one that was handled */
    return result == AT_OK ? ACCEPTED : LATER;
}

/* Sets up the data connection and logs its details. */
static at_result attach(kpn_modem *modem, const kind *kind, const options *options)
{
    kpn_network network = {kind->network,
                           options->apn,
                           options->pin,
                           NULL,
                           false,
                           false,
                           options->limit < ATTACH_MS / 10 ? 10 * options->limit : ATTACH_MS};
    kpn_network_signal signal;
    char name[32];
    at_result result = kpn_network_attach(modem, &network);

    if (result == AT_OK && kpn_network_get_signal(modem, &signal) == AT_OK
        && kpn_network_get_operator(modem, name, sizeof name) == AT_OK) {
        printf("attached: %s, %d dBm\n", name, signal.rssi);
    }
    return result;
}

static int run(kpn_modem *modem, const kind *kind, const options *options, const char *address, uint16_t port)
{
    kpn_modem_sms sms;
    at_result result = options->apn != NULL ? attach(modem, kind, options) : AT_OK;

    if (result != AT_OK) {
        return report(modem, "attach", result);
    }
    if (options->sms_seconds > 0 && (result = kpn_modem_sms_begin(&sms, modem, false)) != AT_OK) {
        return report(modem, "SMS", result);
    }
    if ((result = kpn_modem_open(modem, address, port)) != AT_OK) {
        return report(modem, "open", result);
    }
    int ended = ACCEPTED;
    for (int i = 1; i <= options->count && ended == ACCEPTED; i++) {
        struct timespec pause = {options->wait / 1000, options->wait % 1000 * 1000000};
        if (i > 1) {
            nanosleep(&pause, NULL);
        }
        ended = exchange(modem, i, options);
    }
    if (ended == ACCEPTED && options->image != NULL) {
        ended = update(modem, options);
    }
    result = kpn_modem_close(modem);
    if (result != AT_OK) { /* an answer received before is valid all the same */
        fprintf(stderr, "close: %s\n", at_result_text(result));
    }
    return ended == ACCEPTED && options->sms_seconds > 0 ? await_sms(modem, &sms, options->sms_seconds) : ended;
}

static bool read_options(options *options, int argc, char **argv)
{
    for (int i = 5; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char name = argv[i][0] == '-' && argv[i][1] != '\0' && argv[i][2] == '\0' ? argv[i][1] : '?';
        if (name == 'l') {
            options->is_long = true;
            continue;
        }
        i++;
        switch (value[0] != '\0' ? name : '?') {
        case 'a': options->apn = value; break;
        case 'p': options->pin = value; break;
        case 'u': options->image = value; break;
        case 'n': options->count = atoi(value); break;
        case 'w': options->wait = strtol(value, NULL, 10); break;
        case 's': options->sms_seconds = strtol(value, NULL, 10); break;
        case 't': options->limit = (uint32_t)strtoul(value, NULL, 10); break;
        default: return false;
        }
    }
    return argc >= 5;
}

int main(int argc, char **argv)
{
    options options = {NULL, NULL, NULL, false, 1, 0, 0, UINT32_MAX};
    const kind *kind = NULL;
    kpn_modem modem;

    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        kind = strcmp(argv[1], kinds[i].name) == 0 ? &kinds[i] : kind;
    }
    if (kind == NULL || !read_options(&options, argc, argv)) {
        fprintf(stderr,
                "usage: at-modem sara-r4|sara-r4-hex|sara-r5|lena-r8|bg96|sim7000|sim7080 DEVICE ADDRESS PORT\n"
                "       [-a APN] [-p PIN] [-n COUNT] [-w MILLISECONDS] [-l] [-u FILE] [-s SECONDS] [-t MILLISECONDS]\n");
        return NEVER;
    }
    int fd = serial_open(argv[2]);
    if (fd < 0) {
        perror(argv[2]);
        return LATER;
    }
    if (options.image != NULL) {
        if (kpn_firmware_begin(&firmware, firmware_memory, sizeof firmware_memory, PART) != KPN_OK) {
            return NEVER;
        }
        load_state(options.image);
    }
    at_uart uart = serial_uart(&fd);
    at_result result = kpn_modem_begin(&modem, kind->modem, &uart);
    uint32_t *times[] = {&modem.times.command, &modem.times.open, &modem.times.write, &modem.times.response,
                         &modem.times.close,   &modem.times.poll, &modem.times.quiet};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        *times[i] = *times[i] < options.limit ? *times[i] : options.limit;
    }
    if (result == AT_OK) {
        result = kpn_modem_wake(&modem, options.limit < BOOT_MS ? options.limit : BOOT_MS);
    }
    int ended = result == AT_OK ? run(&modem, kind, &options, argv[3], (uint16_t)strtoul(argv[4], NULL, 10))
                                : report(&modem, "modem", result);
    close(fd);
    return ended;
}
