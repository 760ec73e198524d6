/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * stream HOST PORT COUNT: sends COUNT measurements in one message, through a window of 256 bytes. A platform that refuses the message need
 * not read it to its end: its answer is received while the message is being sent. Exits with 0 if the platform accepted it, otherwise with
 * 1.
 */
#define KPN_POSIX
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>

enum { MILLISECONDS = 10000, ALL_MS = 60000, ROOM = 64 }; /* no record of this program has more than 64 bytes */

static const char urn[] = "urn:dev:IMEI:490154203237518:";
static const char secret[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

static uint8_t window[256];
static uint8_t body[256]; /* of the response, which may come before the whole message has left the window */
static kpn_stream stream;
static kpn_posix posix;
static kpn_response response;

/* Makes the same calls in both passes. On a device the measurements come from flash. */
static kpn_status give_records(uint32_t count)
{
    kpn_status status = KPN_OK;
    kpn_span piece;

    for (uint32_t i = 0; i < count && status == KPN_OK; i++) {
        kpn_uplink_set_time(&stream.uplink, INT64_C(1700000000) + 60 * (int64_t)i);
        kpn_uplink_add_decimal(&stream.uplink, "number", NULL, i + 1, 0);
        status = kpn_stream_take(&stream, ROOM, &piece);
        if (status == KPN_OK) { /* empty in the first pass, and while there is room */
            status = kpn_posix_write(&posix, piece.ptr, piece.len, &response);
        }
    }
    return status;
}

static kpn_status send_all(uint32_t count)
{
    kpn_span piece;
    kpn_status status = kpn_stream_begin(&stream, window, sizeof window, KPN_ENDPOINT_M2M, urn);

    status = status == KPN_OK ? give_records(count) : status;
    if (status == KPN_OK && (status = kpn_stream_head(&stream, secret, &piece)) == KPN_OK) {
        printf("%lu bytes through %lu\n", (unsigned long)kpn_stream_request_len(&stream), (unsigned long)sizeof window);
        status = kpn_posix_write(&posix, piece.ptr, piece.len, &response);
    }
    status = status == KPN_OK ? kpn_stream_restart(&stream, urn) : status;
    status = status == KPN_OK ? give_records(count) : status;
    if (status == KPN_OK && (status = kpn_stream_finish(&stream, &piece)) == KPN_OK) {
        status = kpn_posix_write(&posix, piece.ptr, piece.len, &response);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 4 || kpn_posix_begin(&posix, KPN_REQUESTS_MAX, MILLISECONDS) != KPN_OK) {
        fprintf(stderr, "usage: stream HOST PORT COUNT\n");
        return 1;
    }
    kpn_status status = kpn_response_begin(&response, body, sizeof body);
    if (status == KPN_OK
        && (status = kpn_posix_deadline(&posix, ALL_MS)) == KPN_OK) { /* for many calls, each with its own limit */
        status = kpn_posix_open(&posix, argv[1], (uint16_t)strtoul(argv[2], NULL, 10));
    }
    if (status == KPN_OK) {
        status = send_all((uint32_t)strtoul(argv[3], NULL, 10));
    }
    if (status == KPN_OK || status == KPN_END) { /* everything is sent, or the platform has answered already */
        status = kpn_posix_read(&posix, &response);
    }
    kpn_posix_close(&posix); /* after a failure the platform has only a part, and drops it */
    if (status != KPN_OK) {
        fprintf(stderr, "stream: %s\n", kpn_status_text(status));
        return 1;
    }
    printf("response: status %d. %s\n", (int)kpn_response_status(&response),
           kpn_outcome_text(kpn_response_outcome(&response)));
    return kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED ? 0 : 1;
}
