/*
 * stream HOST PORT COUNT: sends COUNT measurements in one message, through a window of 256 bytes. HOST is an IPv4 address.
 * Ends with 0 when the platform accepted it, 1 otherwise.
 */
#include "../posix/net.h"
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECONDS = 10, ROOM = 64 }; /* no record of this program has more than 64 bytes */

static const char urn[] = "urn:dev:IMEI:123456789012345:";
static const char secret[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

static uint8_t window[256];
static kpn_stream stream;

static kpn_status send_piece(int fd, kpn_span piece)
{
    return net_send(fd, piece.ptr, piece.len) ? KPN_OK : KPN_ERR_IO;
}

/* The same calls in both passes. On a device the measurements come from its flash memory. */
static kpn_status give_records(int fd, uint32_t count)
{
    kpn_status status = KPN_OK;
    kpn_span piece;

    for (uint32_t i = 0; i < count && status == KPN_OK; i++) {
        kpn_uplink_set_time(&stream.uplink, INT64_C(1700000000) + 60 * (int64_t)i);
        kpn_uplink_add_decimal(&stream.uplink, "number", NULL, i + 1, 0);
        status = kpn_stream_take(&stream, ROOM, &piece);
        if (status == KPN_OK) { /* empty in the first pass, and as long as there is room */
            status = send_piece(fd, piece);
        }
    }
    return status;
}

static kpn_status send_all(int fd, uint32_t count)
{
    kpn_span piece;
    kpn_status status = kpn_stream_begin(&stream, window, sizeof window, KPN_ENDPOINT_M2M, urn);

    status = status == KPN_OK ? give_records(fd, count) : status;
    if (status == KPN_OK && (status = kpn_stream_head(&stream, secret, &piece)) == KPN_OK) {
        printf("%lu bytes through %lu\n", (unsigned long)kpn_stream_request_len(&stream), (unsigned long)sizeof window);
        status = send_piece(fd, piece);
    }
    status = status == KPN_OK ? kpn_stream_restart(&stream, urn) : status;
    status = status == KPN_OK ? give_records(fd, count) : status;
    if (status == KPN_OK && (status = kpn_stream_finish(&stream, &piece)) == KPN_OK) {
        status = send_piece(fd, piece);
    }
    return status;
}

int main(int argc, char **argv)
{
    kpn_response response;
    uint8_t chunk[64];

    if (argc != 4) {
        fprintf(stderr, "usage: stream HOST PORT COUNT\n");
        return 1;
    }
    int fd = net_connect(argv[1], (uint16_t)strtoul(argv[2], NULL, 10), SECONDS);
    kpn_status status = fd < 0 ? KPN_ERR_CONNECT : send_all(fd, (uint32_t)strtoul(argv[3], NULL, 10));
    if (status == KPN_OK) {
        status = kpn_response_begin(&response, window, sizeof window); /* the same memory again */
    }
    if (status == KPN_OK) {
        do {
            size_t len = net_receive(fd, chunk, sizeof chunk);
            status = len > 0 ? kpn_response_feed(&response, chunk, len, NULL) : kpn_response_end(&response);
        } while (status == KPN_NEED_MORE);
    }
    net_close(fd); /* after a failure the platform has only a part, and drops it */
    if (status != KPN_OK) {
        fprintf(stderr, "stream: %s\n", kpn_status_text(status));
        return 1;
    }
    printf("response: status %d. %s\n", (int)kpn_response_status(&response), kpn_outcome_text(kpn_response_outcome(&response)));
    return kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED ? 0 : 1;
}
