/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What every consumer project builds: a message with each kind of argument that a calling convention could get wrong. */
#include <stdio.h>
#include <string.h>

#include "kpn_things.h"

#define URN "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

/* What it must be, from the JSON array to the end. */
static const char expected[] =
    "[{\"bn\":\"" URN "\",\"bt\":1585650750},{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5},"
    "{\"n\":\"latitude\",\"u\":\"lat\",\"v\":52.3731415926},{\"n\":\"counter\",\"v\":-900719925474099},"
    "{\"n\":\"doorOpen\",\"vb\":true}]";

static uint8_t buffer[640];

int main(void)
{
    kpn_uplink up;
    kpn_span request;
    if (kpn_uplink_begin(&up, buffer, sizeof buffer, KPN_ENDPOINT_M2M, URN) != KPN_OK)
        return 1;
    kpn_uplink_set_base_time(&up, 1585650750);
    kpn_uplink_add_decimal(&up, "temperature", "Cel", 205, -1);
    kpn_uplink_add_double(&up, "latitude", "lat", 52.3731415926);
    kpn_uplink_add_int64(&up, "counter", NULL, -900719925474099LL);
    kpn_uplink_add_bool(&up, "doorOpen", NULL, true);
    kpn_status status = kpn_uplink_finish(&up, SECRET, &request);
    printf("%s: %u bytes\n", kpn_status_text(status), (unsigned)request.len);
    if (status != KPN_OK)
        return 2;
    size_t len = sizeof expected - 1;
    if (request.len <= len || memcmp(request.ptr + request.len - len, expected, len) != 0) {
        printf("%.*s\n", (int)request.len, (const char *)request.ptr);
        return 3;
    }
    return 0;
}
