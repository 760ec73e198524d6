/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sms-plan [ON PERIOD]: does every SMS from the platform reach a device that is on for ON seconds in every PERIOD seconds, and how long
 * after it was sent at worst? Without arguments: a table for designers of power cycles. Uses no network.
 */
#include "kpn_things.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { WIDTH = 12, MINUTE = 60, HOUR = 60 * MINUTE };

static const uint32_t ons[] = {10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR};
static const uint32_t periods[] = {MINUTE,   5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
                                   HOUR,     2 * HOUR,   3 * HOUR,    4 * HOUR,    6 * HOUR,
                                   8 * HOUR, 12 * HOUR,  24 * HOUR,   36 * HOUR,   48 * HOUR};

/* "1 h 5 min", "50 s": the two largest units are enough for a table. */
static void print_time(uint32_t seconds)
{
    char text[32] = "at once";

    if (seconds >= HOUR && seconds % HOUR < MINUTE) {
        snprintf(text, sizeof text, "%" PRIu32 " h", seconds / HOUR);
    } else if (seconds >= HOUR) {
        snprintf(text, sizeof text, "%" PRIu32 " h %" PRIu32 " min", seconds / HOUR, seconds % HOUR / MINUTE);
    } else if (seconds >= MINUTE && seconds % MINUTE == 0) {
        snprintf(text, sizeof text, "%" PRIu32 " min", seconds / MINUTE);
    } else if (seconds >= MINUTE) {
        snprintf(text, sizeof text, "%" PRIu32 " min %" PRIu32 " s", seconds / MINUTE, seconds % MINUTE);
    } else if (seconds > 0) {
        snprintf(text, sizeof text, "%" PRIu32 " s", seconds);
    }
    printf("%*s", WIDTH, text);
}

/* The worst delay, or the percentage of phases in which an SMS is lost, rounded up but below 100, since some phase always fits. */
static void print_delivery(uint32_t on, uint32_t period)
{
    kpn_sms_delivery delivery;

    if (on > period) {
        printf("%*s", WIDTH, "");
    } else if (kpn_sms_plan(on, period, &delivery) != KPN_OK) {
        printf("%*s", WIDTH, "?");
    } else if (delivery.missed == 0) {
        print_time(delivery.worst);
    } else {
        uint64_t percent = (UINT64_C(100) * delivery.missed + period - 1) / period;
        printf("%*" PRIu64 " %% lost", WIDTH - 7, percent < 99 ? percent : 99);
    }
}

static void print_table(void)
{
    printf("SMS to a device with regular on times: the longest delay, or how many are lost.\n");
    printf("Down: one on time begins so long after another. Across: it lasts so long.\n\n%*s", WIDTH, "");
    for (size_t i = 0; i < COUNT(ons); i++) {
        print_time(ons[i]);
    }
    printf("%*s\n", WIDTH + 4, "none lost from");
    for (size_t row = 0; row < COUNT(periods); row++) {
        print_time(periods[row]);
        for (size_t i = 0; i < COUNT(ons); i++) {
            print_delivery(ons[i], periods[row]);
        }
        printf("    ");
        print_time(kpn_sms_shortest_on(periods[row]));
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        print_table();
        return 0;
    }
    uint32_t on = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    uint32_t period = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (on == 0 || period == 0) {
        fprintf(stderr, "usage: sms-plan [ON PERIOD], in seconds\n");
        return 2;
    }
    printf("longest delay, or lost:");
    print_delivery(on < period ? on : period, period);
    printf("\nnone is lost from:     ");
    print_time(kpn_sms_shortest_on(period));
    printf("\n");
    return 0;
}
