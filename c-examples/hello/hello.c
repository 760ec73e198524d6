/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * hello: builds one signed message and prints it. No network.
 *
 *   hello [SECRET]
 */
#include "kpn_things.h"

#include <stdio.h>

/* A firmware reads its own from where the factory wrote them; see kpn_config_load. */
#define URN "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

static uint8_t buffer[512];

int main(int argc, char **argv)
{
    const char *secret = argc > 1 ? argv[1] : SECRET;
    kpn_uplink uplink;
    kpn_span request;

    kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, URN);
    if (status != KPN_OK) {
        fprintf(stderr, "begin: %s\n", kpn_status_text(status));
        return 1;
    }

    /* The results of the calls that add need no check: finish returns the first failure. */
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1); /* 20.5 without floating point */
    kpn_uplink_add_float(&uplink, KPN_BATTERY_VOLTAGE, 3.6f);
    kpn_uplink_add_double(&uplink, KPN_LATITUDE, 52.3731415926);
    kpn_uplink_set_time_ago(&uplink, 60); /* for the next record: measured a minute ago */
    kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true);
    kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0");

    status = kpn_uplink_finish(&uplink, secret, &request);
    if (status == KPN_ERR_BUFFER_FULL) {
        /* kpn_uplink_clear_failure and finish again would send what fits, the rest goes into the next message. */
        fprintf(stderr, "the buffer is %zu bytes too small\n", kpn_uplink_missing(&uplink));
        return 1;
    }
    if (status != KPN_OK) {
        fprintf(stderr, "finish: %s\n", kpn_status_text(status));
        return 1;
    }

    fwrite(request.ptr, 1, request.len, stdout);
    putchar('\n');
    return 0;
}
