/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sms PORT OFF ON: a device that is off for OFF milliseconds, then on for ON, and acts on the first SMS that comes from the platform. A
 * loopback socket stands for the modem, as the simulator's --sms-to expects: a connection brings the sender, a line feed and the text, and
 * is closed once the device has them. PORT 0 takes a free one; it is printed at once, and refuses connections while the device is off.
 * Exits with 0 if it acted on an SMS, 1 if none came, 2 if one came that it must not act on.
 */
#define _POSIX_C_SOURCE 200809L
#include "kpn_things.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ACTED = 0, NOTHING = 1, REFUSED = 2, MILLISECONDS = 5000 };

static uint8_t sms[1024];

/* A socket that has its port but does not listen yet. */
static int reserve(uint16_t *port)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(*port);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) != 0
        || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* Receives one SMS; 0 bytes if none came in time. */
static size_t take(int listener, int milliseconds)
{
    struct pollfd wait = {listener, POLLIN, 0};
    size_t len = 0;
    ssize_t got = 0;
    int fd = poll(&wait, 1, milliseconds) > 0 ? accept(listener, NULL, NULL) : -1;

    if (fd < 0) {
        return 0;
    }
    wait.fd = fd;
    while (len < sizeof sms && poll(&wait, 1, MILLISECONDS) > 0 && (got = recv(fd, sms + len, sizeof sms - len, 0)) > 0) {
        len += (size_t)got;
    }
    (void)close(fd);
    return got == 0 ? len : 0;
}

/* The meaning of the text is up to the application: here a SenML pack, as in a downlink, or words. */
static int act_on(uint8_t *text, size_t len)
{
    kpn_downlink downlink;
    kpn_record record;

    if (len == 0 || text[0] != '[') {
        printf("words: %.*s\n", (int)len, (const char *)text);
        return ACTED;
    }
    kpn_status status = kpn_downlink_begin_bytes(&downlink, text, len);
    if (status != KPN_OK) { /* no part of it was handed out */
        fprintf(stderr, "record %zu: %s\n", kpn_downlink_index(&downlink), kpn_status_text(status));
        return REFUSED;
    }
    while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
        if (kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
            printf("the valve is now %s\n", record.bool_value ? "open" : "shut");
        }
    }
    return ACTED;
}

int main(int argc, char **argv)
{
    uint16_t port = argc == 4 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
    int modem = argc == 4 ? reserve(&port) : -1;

    if (modem < 0) {
        fprintf(stderr, "usage: sms PORT OFF ON\n");
        return REFUSED;
    }
    printf("port %u\n", (unsigned)port);
    (void)fflush(stdout);
    long off = strtol(argv[2], NULL, 10);
    struct timespec night = {(time_t)(off / 1000), off % 1000 * 1000000};
    (void)nanosleep(&night, NULL);

    size_t len = listen(modem, 1) == 0 ? take(modem, (int)strtol(argv[3], NULL, 10)) : 0;
    (void)close(modem);
    uint8_t *end = memchr(sms, '\n', len);
    if (end == NULL) {
        printf("no SMS\n"); /* the platform tries again: see sms-plan for when */
        return NOTHING;
    }
    size_t sender_len = (size_t)(end - sms);
    if (!kpn_sms_is_from_platform_n((const char *)sms, sender_len)) {
        fprintf(stderr, "an SMS from %.*s\n", (int)sender_len, (const char *)sms);
        return REFUSED;
    }
    return act_on(end + 1, len - sender_len - 1);
}
