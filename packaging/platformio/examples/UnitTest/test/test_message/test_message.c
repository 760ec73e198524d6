/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a firmware is to send, and what it is to do with a downlink, without a modem. */
#include <stdio.h>
#include <string.h>

#include "kpn_things.h"

#define URN "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

static uint8_t buffer[512];
static void expect(int holds, const char *what)
{
    printf("%s %s\n", holds ? "pass" : "fail", what);
}

static int ends_with(kpn_span request, const char *body)
{
    const size_t len = strlen(body);
    return request.len > len && memcmp(request.ptr + request.len - len, body, len) == 0;
}

static void message(void)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 0};

    if (kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, URN) == KPN_OK) {
        kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
        expect(kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK, "the message is signed");
        expect(ends_with(request, "{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]"), "the temperature is in it");
    }
}

static int open_valve(const char *response)
{
    kpn_response rx;
    kpn_downlink downlink;
    kpn_record record;
    int opens = -1;

    if (kpn_response_begin(&rx, buffer, sizeof buffer) != KPN_OK
        || kpn_response_feed(&rx, (const uint8_t *)response, strlen(response), NULL) != KPN_OK
        || kpn_downlink_begin(&downlink, &rx) != KPN_OK) {
        return -1;
    }
    while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
        if (kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
            opens = record.bool_value;
        }
    }
    return opens;
}

int main(void)
{
    message();
    expect(open_valve("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n[{\"n\":\"valve\",\"vb\":true}]\n") == 1,
           "a downlink opens the valve");
    expect(open_valve("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n[{\"n\":\"valve\",\"vb\":true},\n") == -1,
           "a broken one does nothing");
    return 0; /* the lines tell; PlatformIO would take another status for a signal */
}
