/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * queue HOST PORT IMAGE COUNT: a device that measures COUNT times, is reset now and then, and sends what it has whenever it can. IMAGE is a
 * file that stands for the device's non-volatile memory. Records that were lost for lack of room, or that may have been sent twice because
 * an answer was lost, are reported. Exits with 0 if everything was delivered, 1 if the platform did not accept it in time.
 */
#define _POSIX_C_SOURCE 200809L
#define KPN_POSIX
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SEND_EVERY = 7, RESET_EVERY = 50, OFF = 3600, MILLISECONDS = 5000, ATTEMPTS_IN_THE_END = 200 };

static const char urn[] = "urn:dev:IMEI:490154203237518:";
static const char secret[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

static uint8_t memory[4096]; /* of the queue: some 240 of these measurements */
static uint8_t image[sizeof memory + KPN_QUEUE_IMAGE_EXTRA];
static uint8_t buffer[1024]; /* the request, then the body of the response */
static kpn_queue queue;
static uint32_t uptime;
static uint32_t unsure, refused; /* records: perhaps sent twice; must not be sent again */

/* In a new file that is renamed once it is complete, so that a power loss in between leaves the previous image. */
static kpn_status save(const char *path)
{
    size_t len = 0;
    char name[256];
    kpn_status status = kpn_queue_save(&queue, uptime, image, sizeof image, &len);

    if (status != KPN_OK) {
        return status;
    }
    FILE *file = snprintf(name, sizeof name, "%s.new", path) < (int)sizeof name ? fopen(name, "wb") : NULL;
    bool written = file != NULL && fwrite(image, 1, len, file) == len && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file != NULL && fclose(file) != 0) {
        written = false;
    }
    return written && rename(name, path) == 0 ? KPN_OK : KPN_ERR_IO;
}

/* What a device does when it starts. Without an image, or with a damaged one, it begins with an empty queue. */
static kpn_status start(const char *path, uint32_t off)
{
    kpn_status status = kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_DROP_OLDEST);
    FILE *file = fopen(path, "rb");

    uptime = 0;
    if (file != NULL && status == KPN_OK) {
        size_t len = fread(image, 1, sizeof image, file);
        kpn_status restored = kpn_queue_load(&queue, image, len, uptime, off);
        if (restored != KPN_OK) {
            fprintf(stderr, "image: %s\n", kpn_status_text(restored));
        }
    }
    if (file != NULL && fclose(file) != 0) {
        status = KPN_ERR_IO;
    }
    return status;
}

/* Sends as much as fits into one message, and keeps it if it should be tried again. */
static void send_some(kpn_posix *posix, const char *host, uint16_t port)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    uint32_t count = 0;

    if (kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, urn) != KPN_OK
        || kpn_queue_fill(&queue, &uplink, uptime, 0, &count) != KPN_OK) {
        return; /* nothing waits */
    }
    kpn_status status = kpn_uplink_finish(&uplink, secret, &request);
    if (status == KPN_OK) {
        status = kpn_response_begin(&response, buffer, sizeof buffer);
    }
    if (status == KPN_OK) {
        status = kpn_posix_exchange(posix, host, port, request, &response);
    }
    if (status != KPN_OK) { /* it is unknown whether it arrived: better twice than never */
        unsure += status == KPN_ERR_CONNECT ? 0 : count;
        kpn_queue_failed(&queue);
    } else if (kpn_response_outcome(&response) == KPN_OUTCOME_RETRY_LATER) {
        kpn_queue_failed(&queue);
    } else { /* it would be refused again, and must not block the queue */
        refused += kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED ? 0 : count;
        kpn_queue_accepted(&queue);
    }
}

int main(int argc, char **argv)
{
    kpn_posix posix;

    if (argc != 5 || start(argv[3], 0) != KPN_OK || kpn_posix_begin(&posix, KPN_REQUESTS_MAX, MILLISECONDS) != KPN_OK) {
        fprintf(stderr, "usage: queue HOST PORT IMAGE COUNT\n");
        return 1;
    }
    uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10);
    uint32_t end = (uint32_t)strtoul(argv[4], NULL, 10);

    for (uint32_t number = 1; number <= end; number++) {
        uptime += 60;
        kpn_queue_push_decimal(&queue, "number", NULL, KPN_CLOCK_UPTIME, uptime, number, 0);
        if (number % SEND_EVERY == 0) {
            send_some(&posix, argv[1], port);
        }
        if (number % RESET_EVERY == 0 && (save(argv[3]) != KPN_OK || start(argv[3], OFF) != KPN_OK)) {
            fprintf(stderr, "reset: the image cannot be written\n");
            return 1;
        }
    }
    for (int attempt = 0; attempt < ATTEMPTS_IN_THE_END && kpn_queue_records(&queue) > 0; attempt++) {
        send_some(&posix, argv[1], port);
    }
    kpn_posix_close(&posix);
    printf("%u measured, %u still wait, %u dropped, %u refused, %u perhaps twice\n", (unsigned)end,
           (unsigned)kpn_queue_records(&queue), (unsigned)kpn_queue_dropped(&queue), (unsigned)refused, (unsigned)unsure);
    return kpn_queue_records(&queue) == 0 ? 0 : 1;
}
