/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * firmware CONFIG STATE IMAGE HOST PORT [BYTES]: fetches the firmware that the platform announces in a downlink, part by part, into the
 * file IMAGE, which stands for the flash. STATE keeps what must survive a reset: run it again to continue where it stopped. HOST and PORT:
 * where to send the message. BYTES: stops after this many bytes of firmware, as if power were lost. Exits with 0 if the firmware is
 * complete, 1 if it should be run again later, 2 if that would not help, 3 after BYTES.
 */
#define _POSIX_C_SOURCE 200809L
#define KPN_POSIX
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COMPLETE = 0, LATER = 1, NEVER = 2, POWER_LOST = 3, MILLISECONDS = 5000, PART = 512, SMALLEST = 16384 };

static const uint8_t mcuboot[4] = {0x3d, 0xb8, 0xf3, 0x96}; /* the first bytes of images for this boot loader */

static uint8_t buffer[2048]; /* configuration, message, its response, then the requests */
static uint8_t memory[KPN_FIRMWARE_MEMORY];
static kpn_firmware firmware;
static kpn_posix posix; /* to the platform, then to the firmware's server */

static size_t read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buffer, 1, sizeof buffer, file);

    if (file != NULL) {
        (void)fclose(file);
    }
    return len;
}

/* Renamed once complete, so that a reset in between leaves the previous one. */
static bool save(const char *path)
{
    uint8_t image[KPN_FIRMWARE_IMAGE_MAX];
    size_t len;
    char name[256];
    FILE *file;

    if (kpn_firmware_save(&firmware, image, sizeof image, &len) != KPN_OK
        || snprintf(name, sizeof name, "%s.new", path) >= (int)sizeof name || (file = fopen(name, "wb")) == NULL) {
        return false;
    }
    bool written = fwrite(image, len, 1, file) == 1 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written && rename(name, path) == 0;
}

/* Sends a message that reports the running version, and looks for firmware in the downlink that comes back. */
static kpn_status ask(const kpn_config *config, const char *host, uint16_t port)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    kpn_downlink downlink;
    kpn_status status = kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, config);

    kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0");
    status = kpn_uplink_finish_config(&uplink, config, &request);
    if (status == KPN_OK) {
        status = kpn_response_begin(&response, buffer, sizeof buffer);
    }
    if (status == KPN_OK) {
        status = kpn_posix_exchange(&posix, host, port, request, &response);
    }
    kpn_posix_close(&posix);
    if (status == KPN_OK && (status = kpn_downlink_begin(&downlink, &response)) == KPN_OK) {
        status = kpn_firmware_offer(&firmware, &downlink, kpn_config_urn(config));
    }
    return status;
}

/* Fetches one part. Each piece is written to flash as it arrives, and counts once the part ends with KPN_OK. */
static kpn_status fetch(FILE *flash, long *bytes_left)
{
    char host[KPN_FIRMWARE_HOST_MAX + 1];
    uint8_t chunk[200];
    kpn_firmware_piece piece = {0, NULL, 0, 0};
    size_t len = 0;
    kpn_status status = kpn_firmware_host(&firmware, host, sizeof host);

    kpn_posix_deadline(&posix, MILLISECONDS); /* for the whole part, in case the server sends a byte now and then */
    if (status == KPN_OK && kpn_firmware_must_connect(&firmware)) {
        kpn_posix_close(&posix);
        status = kpn_posix_open(&posix, host, kpn_firmware_port(&firmware));
        status = status == KPN_OK ? kpn_firmware_connected(&firmware) : kpn_firmware_close(&firmware);
    }
    if (status == KPN_OK && (status = kpn_firmware_request(&firmware, buffer, sizeof buffer, &len)) == KPN_OK) {
        bool sent = kpn_posix_send(&posix, buffer, len) == KPN_OK;
        status = KPN_NEED_MORE; /* what the server sent before it went away is still read */
        if (!sent) {
            fprintf(stderr, "request: errno %d\n", (int)kpn_posix_errno(&posix));
        }
    }
    while (status == KPN_NEED_MORE) {
        if (kpn_posix_receive(&posix, chunk, sizeof chunk, &len) != KPN_OK || len == 0) {
            len = 0;
            status = kpn_firmware_close(&firmware);
        }
        for (size_t used = 0; used < len && status == KPN_NEED_MORE; used += piece.used) {
            status = kpn_firmware_feed(&firmware, chunk + used, len - used, &piece);
            if (status >= 0 && piece.len > 0
                && (fseek(flash, (long)piece.offset, SEEK_SET) != 0 || fwrite(piece.ptr, piece.len, 1, flash) != 1)) {
                perror("flash");
                exit(NEVER);
            }
            *bytes_left -= status >= 0 ? (long)piece.len : 0;
            if (*bytes_left <= 0) {
                exit(POWER_LOST);
            }
        }
    }
    if (fflush(flash) != 0 || (status == KPN_OK && fsync(fileno(flash)) != 0)) { /* before the state says that it is there */
        perror("flash");
        exit(NEVER);
    }
    return status;
}

int main(int argc, char **argv)
{
    kpn_config config;
    long bytes_left = argc == 7 ? strtol(argv[6], NULL, 10) : 0x7fffffff;

    if ((argc != 6 && argc != 7) || kpn_config_load(&config, (const char *)buffer, read_file(argv[1]), NULL) != KPN_OK) {
        fprintf(stderr, "usage: firmware CONFIG STATE IMAGE HOST PORT [BYTES]\n");
        return NEVER;
    }
    kpn_status status = kpn_firmware_begin(&firmware, memory, sizeof memory, PART);
    if (status == KPN_OK) { /* the page of a captive portal is not taken for firmware */
        status = kpn_firmware_expect(&firmware, SMALLEST, mcuboot, sizeof mcuboot);
    }
    if (status == KPN_OK) { /* the firmware object counts the requests on a connection */
        status = kpn_posix_begin(&posix, KPN_REQUESTS_MAX, MILLISECONDS);
    }
    size_t len = read_file(argv[2]);
    if (status == KPN_OK) {
        status = len > 0 ? kpn_firmware_load(&firmware, buffer, len)
                         : ask(&config, argv[4], (uint16_t)strtoul(argv[5], NULL, 10));
    }
    if (status != KPN_OK || kpn_firmware_needs_tls(&firmware)) { /* for TLS see c-examples/tls */
        fprintf(stderr, "no firmware: %s\n", kpn_status_text(status));
        return status == KPN_ERR_CONNECT || status == KPN_ERR_TIMEOUT || status == KPN_ERR_IO
                       || status == KPN_ERR_HTTP_TRUNCATED
                   ? LATER
                   : NEVER;
    }
    FILE *flash = fopen(argv[3], "r+b");
    if (flash == NULL && (flash = fopen(argv[3], "w+b")) == NULL) {
        perror(argv[3]);
        return NEVER;
    }
    srand((unsigned)time(NULL)); /* a device uses its hardware's random numbers */
    while (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST) {
        status = fetch(flash, &bytes_left);
        if (status == KPN_OK && !save(argv[2])) {
            perror(argv[2]);
        } else if (status == KPN_ERR_FIRMWARE_REPLACED) {
            printf("from the start: %s\n", kpn_status_text(status));
            status = kpn_firmware_rewind(&firmware, 0); /* on flash: erase what was written */
            kpn_posix_close(&posix);
        } else if (status == KPN_AGAIN) {
            uint32_t random = ((uint32_t)rand() << 16) ^ (uint32_t)rand();
            uint32_t ms =
                kpn_retry_delay_ms(kpn_firmware_failures(&firmware), random, 20, 5000, kpn_firmware_retry_after(&firmware));
            struct timespec wait = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
            printf("again in %lu ms: %s\n", (unsigned long)ms, kpn_status_text(kpn_firmware_error(&firmware)));
            (void)nanosleep(&wait, NULL);
        }
    }
    kpn_posix_close(&posix);
    printf("%lu of %lu bytes: %s, status %d\n", (unsigned long)kpn_firmware_confirmed(&firmware),
           (unsigned long)kpn_firmware_total(&firmware), kpn_status_text(status), (int)kpn_firmware_http_status(&firmware));
    if (fclose(flash) == 0 && kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE) {
        return COMPLETE; /* now the boot loader verifies the signature */
    }
    return status == KPN_ERR_FIRMWARE_REFUSED || status == KPN_ERR_FIRMWARE_RANGE || status == KPN_ERR_FIRMWARE_SIZE
                   || status == KPN_ERR_FIRMWARE_CODING
               ? NEVER
               : LATER;
}
