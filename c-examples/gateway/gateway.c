/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * gateway CONFIG HOST PORT: sends what measuring programs write to its standard input, over one connection that it keeps for as long as the
 * platform allows. A line is `NAME UNIT VALUE`, with - for no unit; VALUE is a number, true, false, or a word. An empty line, and the end
 * of the input, send the measurements before it as one message. A message that fails for a temporary reason is sent again, up to ATTEMPTS
 * times; one that may have been sent twice, because an answer was lost, is reported. Exits with 0 if every message was accepted, otherwise
 * with 1.
 */
#define _POSIX_C_SOURCE 200809L
#define KPN_POSIX
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MILLISECONDS = 5000, ATTEMPTS = 8, BASE_MS = 20, MAX_MS = 2000, BODY_MAX = 512 };

static uint8_t buffer[1024];   /* the request that is being built */
static uint8_t body[BODY_MAX]; /* of the response: the request must be kept until it is accepted */
static kpn_config config;
static kpn_posix posix;
static unsigned accepted, refused, given_up, unsure;

static bool read_config(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buffer, 1, sizeof buffer, file);

    return file != NULL && fclose(file) == 0 && kpn_config_load(&config, (const char *)buffer, len, NULL) == KPN_OK;
}

static kpn_status add(kpn_uplink *uplink, char *line)
{
    char *rest = NULL;
    const char *name = strtok_r(line, " \n", &rest);
    const char *unit = strtok_r(NULL, " \n", &rest);
    const char *value = strtok_r(NULL, " \n", &rest);
    char *end = NULL;

    if (value == NULL || strtok_r(NULL, " \n", &rest) != NULL) {
        return KPN_ERR_INVALID_ARGUMENT;
    }
    if (strcmp(unit, "-") == 0) {
        unit = NULL;
    }
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
        return kpn_uplink_add_bool(uplink, name, unit, value[0] == 't');
    }
    double number = strtod(value, &end);
    return *end == '\0' ? kpn_uplink_add_double(uplink, name, unit, number) : kpn_uplink_add_text(uplink, name, unit, value);
}

static void wait_before_the_next(uint32_t failures, uint32_t retry_after)
{
    uint32_t random = ((uint32_t)rand() << 16) ^ (uint32_t)rand();
    uint32_t ms = kpn_retry_delay_ms(failures, random, BASE_MS, MAX_MS, retry_after);
    struct timespec wait = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    (void)nanosleep(&wait, NULL);
}

static void send_message(kpn_uplink *uplink, const char *host, uint16_t port)
{
    kpn_span request;
    kpn_response response;
    kpn_status status = kpn_uplink_finish_config(uplink, &config, &request);

    if (status != KPN_OK) { /* the first failure of all the calls that add */
        fprintf(stderr, "message: %s\n", kpn_status_text(status));
        refused++;
        return;
    }
    for (uint32_t failures = 0; failures < ATTEMPTS;) {
        status = kpn_response_begin(&response, body, sizeof body);
        if (status == KPN_OK) {
            status = kpn_posix_exchange(&posix, host, port, request, &response);
        }
        int32_t outcome = status == KPN_OK ? kpn_config_outcome(&config, &response) : KPN_OUTCOME_NONE;
        if (outcome == KPN_OUTCOME_ACCEPTED) {
            accepted++;
            return;
        }
        if (status == KPN_OK && !kpn_outcome_may_retry(outcome)) {
            fprintf(stderr, "message: %s\n", kpn_outcome_text(outcome));
            refused++;
            return;
        }
        /* Unless there was an answer or no connection, the message may have arrived. */
        unsure += status != KPN_OK && status != KPN_ERR_CONNECT;
        wait_before_the_next(++failures, status == KPN_OK ? kpn_response_retry_after(&response) : 0);
    }
    given_up++;
}

int main(int argc, char **argv)
{
    kpn_uplink uplink;
    char line[256];
    bool more = true;

    if (argc != 4 || !read_config(argv[1])
        || kpn_posix_begin(&posix, kpn_config_keep_alive_limit(&config), MILLISECONDS) != KPN_OK) {
        fprintf(stderr, "usage: gateway CONFIG HOST PORT\n");
        return 1;
    }
    srand((unsigned)time(NULL));
    while (more) {
        unsigned lines = 0;
        kpn_status status = kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, &config);

        if (status == KPN_OK) {
            kpn_uplink_set_base_time(&uplink, (int64_t)time(NULL));
        }
        while ((more = fgets(line, sizeof line, stdin) != NULL) && line[0] != '\n') {
            lines++;
            if (status == KPN_OK && (status = add(&uplink, line)) != KPN_OK) {
                fprintf(stderr, "measurement: %s\n", kpn_status_text(status));
            }
        }
        if (status != KPN_OK) { /* a part of what was measured together would mean something else */
            refused += lines > 0;
        } else if (lines > 0) {
            send_message(&uplink, argv[2], (uint16_t)strtoul(argv[3], NULL, 10));
        }
    }
    kpn_posix_close(&posix);
    printf("%u accepted, %u refused, %u given up, %u perhaps sent twice\n", accepted, refused, given_up, unsure);
    return refused + given_up == 0 ? 0 : 1;
}
