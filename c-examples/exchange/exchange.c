/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * exchange CONFIG [HOST PORT]: sends one message according to the configuration file, and acts on the response and its downlink. HOST and
 * PORT override those of the configuration, for example to use the simulator. Exits with 0 if the message was accepted, 1 if it should be
 * sent again later, 2 if it must not be sent again unchanged.
 */
#define KPN_POSIX
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ACCEPTED = 0, LATER = 1, NEVER = 2, MILLISECONDS = 10000 };

static uint8_t buffer[1024]; /* the configuration text, then the request, then the body of the response */

static bool read_config(kpn_config *config, const char *path)
{
    kpn_config_problem problem;
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buffer, 1, sizeof buffer, file);

    if (file == NULL || fclose(file) != 0) {
        perror(path);
        return false;
    }
    if (kpn_config_load(config, (const char *)buffer, len, &problem) != KPN_OK) {
        fprintf(stderr, "%s: %s: %s\n", path, kpn_config_field_name(problem.field), kpn_status_text(problem.reason));
        return false;
    }
    return true;
}

static void print_record(const kpn_record *record)
{
    double number;

    printf("downlink: %s%s ", record->base_name, record->name);
    if (record->kind == KPN_KIND_BOOL) {
        printf("is %s\n", record->bool_value ? "true" : "false");
    } else if (record->kind == KPN_KIND_TEXT) {
        printf("is \"%s\"\n", record->text);
    } else if (record->kind == KPN_KIND_DATA) {
        printf("is %zu bytes of data\n", record->data_len);
    } else if (record->kind == KPN_KIND_NUMBER && kpn_record_double(record, KPN_FIELD_VALUE, &number) == KPN_OK) {
        printf("is %.17g %s\n", number, record->unit);
    } else {
        printf("has no value that this program takes\n");
    }
}

static void act_on_downlink(const kpn_response *response, const char *urn)
{
    kpn_downlink downlink;
    kpn_record record;
    kpn_status status = kpn_downlink_begin(&downlink, response);

    if (status != KPN_OK) { /* no part of it was handed out */
        printf("downlink: record %zu: %s\n", kpn_downlink_index(&downlink), kpn_status_text(status));
    }
    while (status == KPN_OK && (status = kpn_downlink_next(&downlink, &record)) == KPN_OK) {
        print_record(&record);
        if (kpn_record_is_for(&record, urn) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
            printf("the valve is now %s\n", record.bool_value ? "open" : "shut");
        }
    }
}

int main(int argc, char **argv)
{
    kpn_config config;
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    kpn_posix posix;
    const int tenths = 205; /* of a degree Celsius, as from a sensor */
    const double humidity = 48.25;
    const bool door_open = true;

    if ((argc != 2 && argc != 4) || !read_config(&config, argv[1])) {
        fprintf(stderr, "usage: exchange CONFIG [HOST PORT]\n");
        return NEVER;
    }
    kpn_status status = kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, &config);
    kpn_uplink_set_base_time(&uplink, (int64_t)time(NULL));
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, tenths, -1);
    kpn_uplink_add_double(&uplink, KPN_HUMIDITY, humidity);
    kpn_uplink_add_bool(&uplink, "doorOpen", NULL, door_open);
    kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0");
    kpn_uplink_add_int64(&uplink, KPN_COUNTER, 42);
    status = kpn_uplink_finish_config(&uplink, &config, &request);
    if (status != KPN_OK) { /* the first failure of all of the above */
        fprintf(stderr, "message: %s\n", kpn_status_text(status));
        return NEVER;
    }
    printf("measured: %.1f degrees, %.2f %% humidity, the door is %s\n", tenths / 10.0, humidity,
           door_open ? "open" : "shut");
    printf("request, %zu bytes:\n%.*s\n\n", request.len, (int)request.len, (const char *)request.ptr);
    fflush(stdout); /* printed before the output of the platform */

    const char *host = argc == 4 ? argv[2] : kpn_config_address(&config);
    uint16_t port = argc == 4 ? (uint16_t)strtoul(argv[3], NULL, 10) : kpn_config_port(&config);
    status = kpn_posix_begin(&posix, kpn_config_keep_alive_limit(&config), MILLISECONDS);
    if (status == KPN_OK) {
        status = kpn_response_begin(&response, buffer, sizeof buffer); /* the same buffer again */
    }
    if (status == KPN_OK) { /* a gateway keeps the connection for its next message */
        status = kpn_posix_exchange(&posix, host, port, request, &response);
    }
    int32_t error = kpn_posix_errno(&posix);
    kpn_posix_close(&posix);
    if (status != KPN_OK) { /* it is unknown whether the message arrived */
        fprintf(stderr, "exchange: %s (errno %d)\n", kpn_status_text(status), (int)error);
        return LATER;
    }

    int32_t outcome = kpn_config_outcome(&config, &response);
    printf("response: status %d. %s\n", (int)kpn_response_status(&response), kpn_outcome_text(outcome));
    if (outcome == KPN_OUTCOME_ACCEPTED) {
        act_on_downlink(&response, kpn_config_urn(&config));
        return ACCEPTED;
    }
    return outcome == KPN_OUTCOME_RETRY_LATER ? LATER : NEVER;
}
