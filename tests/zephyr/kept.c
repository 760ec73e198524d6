/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * kept HOST PORT LIMIT TLS-TAG COMMAND…: calls on one connection, in any order: `begin`, `open`, `send`, `send=BYTES` for a request of so
 * many bytes, `left`, `close`, `sleep`. Prints a line for each: its status, for `send` the HTTP status behind it, for `left` the number.
 */
#include <kpn_zephyr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zephyr/kernel.h>

#define DEVICE "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

static uint8_t buffer[1024];
static kpn_zephyr_connection connection;

static int send_message(const char *bytes)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    char *big = NULL;
    int error = -1;

    if (kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, DEVICE) != KPN_OK) {
        return 1;
    }
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
    if (kpn_uplink_finish(&uplink, SECRET, &request) != KPN_OK || kpn_response_begin(&response, buffer, sizeof buffer) != KPN_OK) {
        return 1;
    }
    if (bytes != NULL) {
        size_t len = strtoul(bytes, NULL, 10);

        big = calloc(len + 100, 1);
        if (big == NULL) {
            return 1;
        }
        request.len = len + (size_t)snprintf(big, 100, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", len);
        request.ptr = (const uint8_t *)big;
    }
    kpn_status status = kpn_zephyr_exchange_on(&connection, request, &response, &error);
    printf("%d %d %d\n", (int)status, error, (int)kpn_response_status(&response));
    free(big);
    return 0;
}

static int refuse_arguments(void)
{
    kpn_response response;
    kpn_span request = {buffer, 10};
    kpn_span empty = {buffer, 0};
    kpn_zephyr_connection raw;
    int bad = 0;

    memset(&raw, 0, sizeof raw);
    bad += kpn_zephyr_begin(NULL, 1, KPN_ZEPHYR_NO_TLS) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_begin(&raw, 0, KPN_ZEPHYR_NO_TLS) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_begin(&raw, 1, -2) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_open(NULL, "127.0.0.1", 1, NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_open(&raw, NULL, 1, NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_open(&raw, "127.0.0.1", 0, NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_open(&raw, "127.0.0.1", 1, NULL) != KPN_ERR_STATE;
    bad += kpn_zephyr_close(NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_close(&raw) != KPN_ERR_STATE;
    bad += kpn_zephyr_left(NULL) != 0 || kpn_zephyr_left(&raw) != 0;
    bad += kpn_response_begin(&response, buffer, sizeof buffer) != KPN_OK;
    bad += kpn_zephyr_exchange_on(NULL, request, &response, NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_exchange_on(&raw, empty, &response, NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_exchange_on(&raw, request, NULL, NULL) != KPN_ERR_INVALID_ARGUMENT;
    bad += kpn_zephyr_exchange_on(&raw, request, &response, NULL) != KPN_ERR_STATE;
    printf("%d wrong\n", bad);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "arguments") == 0) {
        return refuse_arguments();
    }
    if (argc < 6) {
        return 2;
    }
    for (int i = 5; i < argc; i++) {
        const char *command = argv[i];
        int result = 0;

        if (strcmp(command, "begin") == 0) {
            result = kpn_zephyr_begin(&connection, (uint16_t)strtoul(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10));
        } else if (strcmp(command, "open") == 0) {
            result = kpn_zephyr_open(&connection, argv[1], (uint16_t)strtoul(argv[2], NULL, 10), NULL);
        } else if (strcmp(command, "close") == 0) {
            result = kpn_zephyr_close(&connection);
        } else if (strcmp(command, "left") == 0) {
            result = kpn_zephyr_left(&connection);
        } else if (strcmp(command, "sleep") == 0) {
            k_msleep(300);
            continue;
        } else if (strncmp(command, "send", 4) == 0) {
            if (send_message(command[4] == '=' ? command + 5 : NULL) != 0) {
                return 1;
            }
            continue;
        } else {
            return 2;
        }
        printf("%d\n", result);
    }
    return 0;
}
