/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * exchange HOST PORT [BYTES]: one message through kpn_zephyr_exchange(), or a request of so many bytes.
 * Prints the status, the errno and the HTTP status. `exchange arguments` asserts what is refused before a socket is opened.
 */
#include "check.h"

#include <kpn_zephyr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

static uint8_t buffer[1024];

static int refuse_arguments(void)
{
    static const uint8_t answer[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    kpn_response response;
    kpn_span request = {buffer, 10};
    kpn_span empty = {buffer, 0};
    kpn_span nothing = {NULL, 10};
    int error = 7;

    memset(&response, 0, sizeof response);
    CHECK(kpn_zephyr_exchange("127.0.0.1", 1, request, &response, &error) == KPN_ERR_STATE);
    CHECK(error == 0);
    CHECK(kpn_response_begin(&response, buffer, sizeof buffer) == KPN_OK);
    CHECK(kpn_zephyr_exchange(NULL, 1, request, &response, NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_exchange("127.0.0.1", 0, request, &response, NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_exchange("127.0.0.1", 1, empty, &response, NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_exchange("127.0.0.1", 1, nothing, &response, NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_exchange("127.0.0.1", 1, request, NULL, NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_response_feed(&response, answer, sizeof answer - 1, NULL) == KPN_OK);
    CHECK(kpn_zephyr_exchange("127.0.0.1", 1, request, &response, NULL) == KPN_ERR_STATE);
    return 0;
}

int main(int argc, char **argv)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    char *big = NULL;
    int error = -1;

    if (argc == 2 && strcmp(argv[1], "arguments") == 0) {
        return refuse_arguments();
    }
    CHECK(argc >= 3);
    CHECK(kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, DEVICE) == KPN_OK);
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
    CHECK(kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK);
    if (argc > 3) {
        request.len = strtoul(argv[3], NULL, 10);
        big = calloc(request.len + 100, 1);
        CHECK(big != NULL);
        int head = snprintf(big, 100, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", request.len);
        request.ptr = (const uint8_t *)big;
        request.len += (size_t)head;
    }
    CHECK(kpn_response_begin(&response, buffer, sizeof buffer) == KPN_OK);
    kpn_status status =
        kpn_zephyr_exchange(argv[1], (uint16_t)strtoul(argv[2], NULL, 10), request, &response, &error);
    free(big);
    printf("%d %d %d\n", (int)status, error, (int)kpn_response_status(&response));
    return 0;
}
