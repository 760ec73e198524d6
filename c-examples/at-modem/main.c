/*
 * at-modem KIND DEVICE ADDRESS PORT [-n COUNT] [-w MILLISECONDS] [-l] [-a APN] [-t MILLISECONDS]: sends a message through a cellular modem.
 * KIND is sara-r4, sara-r4-hex or bg96. DEVICE is a serial device, or tcp:IP:PORT for one behind a network, such as the emulated modem.
 * ADDRESS and PORT are those of the platform. -n sends so many messages on the connection, -w waits between them, -l makes them long, so
 * that they need several pieces, -a sets the APN, -t makes all time-outs shorter.
 * Ends with 0 when all messages were accepted, 1 when the last is to be sent again later, 2 when it must not be sent again unchanged,
 * 3 when it may have arrived although no answer came.
 */
#define _POSIX_C_SOURCE 200809L

#include "quectel_bg96.h"
#include "sara_r4.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

enum { ACCEPTED = 0, LATER = 1, NEVER = 2, UNKNOWN = 3, LONG = 80 };

static const char urn[] = "urn:dev:IMEI:490154203237518:";
static const char secret[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

static uint8_t buffer[4096]; /* the request, then the body of the response */

/* On a board these three are a UART with a receive buffer that an interrupt fills, and a tick counter. */
static bool uart_write(void *context, const uint8_t *bytes, size_t len)
{
    int fd = *(int *)context;

    while (len > 0) {
        ssize_t count = write(fd, bytes, len);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        bytes += count > 0 ? count : 0;
        len -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

static int32_t uart_read(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds)
{
    struct pollfd wait = {*(int *)context, POLLIN, 0};
    int ready = poll(&wait, 1, (int)milliseconds);

    if (ready <= 0) {
        return ready == 0 || errno == EINTR ? 0 : -1;
    }
    ssize_t count = read(wait.fd, bytes, cap);
    return count > 0 ? (int32_t)count : -1; /* the end of a serial line is a failure */
}

static uint32_t uart_clock(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000U + (uint32_t)(now.tv_nsec / 1000000);
}

static int open_tcp(const char *name)
{
    char address[16];
    const char *colon = strchr(name, ':');
    struct sockaddr_in to;

    memset(&to, 0, sizeof to);
    if (colon == NULL || (size_t)(colon - name) >= sizeof address) {
        return -1;
    }
    memcpy(address, name, (size_t)(colon - name));
    address[colon - name] = '\0';
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int open_serial(const char *name)
{
    struct termios settings;

    if (strncmp(name, "tcp:", 4) == 0) {
        return open_tcp(name + 4);
    }
    int fd = open(name, O_RDWR | O_NOCTTY);
    if (fd >= 0 && tcgetattr(fd, &settings) == 0) { /* 115,200 baud, 8 bits, no line editing */
        settings.c_iflag = 0;
        settings.c_oflag = 0;
        settings.c_lflag = 0;
        settings.c_cflag = CS8 | CREAD | CLOCAL;
        settings.c_cc[VMIN] = 1;
        settings.c_cc[VTIME] = 0;
        cfsetispeed(&settings, B115200);
        cfsetospeed(&settings, B115200);
        tcsetattr(fd, TCSANOW, &settings);
    }
    return fd;
}

static void act_on_downlink(const kpn_response *response)
{
    kpn_downlink downlink;
    kpn_record record;
    kpn_status status = kpn_downlink_begin(&downlink, response);

    if (status != KPN_OK) { /* nothing of it was handed out */
        printf("downlink: %s\n", kpn_status_text(status));
    }
    while (status == KPN_OK && kpn_downlink_next(&downlink, &record) == KPN_OK) {
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

/* Says what failed, and what that means for the message. */
static int report(const kpn_modem *modem, const char *what, at_result result)
{
    fprintf(stderr, "%s: %s", what, at_result_text(result));
    if (result == AT_ERR_MODEM && kpn_modem_error_number(modem) >= 0) {
        fprintf(stderr, ", error %ld", (long)kpn_modem_error_number(modem));
    } else if (result == AT_ERR_RESPONSE) {
        fprintf(stderr, ": %s", kpn_status_text(kpn_modem_response_status(modem)));
    }
    fprintf(stderr, kpn_modem_may_have_arrived(modem) ? "; the message may have arrived\n" : "; the message did not arrive\n");
    return kpn_modem_may_have_arrived(modem) ? UNKNOWN : LATER;
}

static int exchange(kpn_modem *modem, int number, bool is_long)
{
    kpn_span request;
    kpn_response response;
    kpn_status status = make_request(number, is_long, &request);

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
        act_on_downlink(&response);
        return ACCEPTED;
    }
    return outcome == KPN_OUTCOME_RETRY_LATER ? LATER : NEVER;
}

/* A SARA-R4 connects to the network by itself, with the APN of context 1. A BG96 is told to; an error says that it is connected already. */
static at_result attach(kpn_modem *modem, bool is_bg96, const char *apn)
{
    char command[96];
    at_result result = AT_OK;

    if (apn != NULL) {
        snprintf(command, sizeof command, is_bg96 ? "AT+QICSGP=1,1,\"%s\",\"\",\"\",0" : "AT+CGDCONT=1,\"IP\",\"%s\"", apn);
        result = kpn_modem_command(modem, command, modem->times.command);
    }
    if (is_bg96 && result == AT_OK) {
        result = kpn_modem_command(modem, "AT+QIACT=1", modem->times.open);
        if (result == AT_ERR_MODEM) {
            result = AT_OK;
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const kpn_modem_kind *kind;
    } kinds[] = {{"sara-r4", &kpn_sara_r4}, {"sara-r4-hex", &kpn_sara_r4_hex}, {"bg96", &kpn_bg96}};
    const kpn_modem_kind *kind = NULL;
    const char *apn = NULL;
    bool is_long = false;
    int count = 1;
    long wait = 0;
    uint32_t limit = UINT32_MAX;

    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        kind = strcmp(argv[1], kinds[i].name) == 0 ? kinds[i].kind : kind;
    }
    for (int i = 5; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0) {
            is_long = true;
        } else if (i + 1 < argc && strcmp(argv[i], "-n") == 0) {
            count = atoi(argv[++i]);
        } else if (i + 1 < argc && strcmp(argv[i], "-w") == 0) {
            wait = strtol(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "-a") == 0) {
            apn = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "-t") == 0) {
            limit = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            kind = NULL;
        }
    }
    if (argc < 5 || kind == NULL) {
        fprintf(stderr, "usage: at-modem sara-r4|sara-r4-hex|bg96 DEVICE ADDRESS PORT\n"
                        "       [-n COUNT] [-w MILLISECONDS] [-l] [-a APN] [-t MILLISECONDS]\n");
        return NEVER;
    }
    int fd = open_serial(argv[2]);
    if (fd < 0) {
        perror(argv[2]);
        return LATER;
    }

    kpn_modem modem;
    at_uart uart = {&fd, uart_write, uart_read, uart_clock};
    at_result result = kpn_modem_begin(&modem, kind, &uart);
    uint32_t *times[] = {&modem.times.command, &modem.times.open,  &modem.times.write, &modem.times.response,
                         &modem.times.close,   &modem.times.poll,  &modem.times.quiet};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        *times[i] = *times[i] < limit ? *times[i] : limit;
    }
    if (result == AT_OK) {
        result = attach(&modem, kind == &kpn_bg96, apn);
    }
    if (result == AT_OK) {
        result = kpn_modem_open(&modem, argv[3], (uint16_t)strtoul(argv[4], NULL, 10));
    }
    int ended = result == AT_OK ? ACCEPTED : report(&modem, "open", result);
    for (int i = 1; i <= count && ended == ACCEPTED; i++) {
        struct timespec pause = {wait / 1000, wait % 1000 * 1000000};
        if (i > 1) {
            nanosleep(&pause, NULL);
        }
        ended = exchange(&modem, i, is_long);
    }
    result = kpn_modem_close(&modem);
    if (result != AT_OK) { /* what was answered before is valid all the same */
        fprintf(stderr, "close: %s\n", at_result_text(result));
    }
    close(fd);
    return ended;
}
