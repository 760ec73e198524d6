/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kpn_things.h"

/* Linked for every board, and run on this machine: 0 when the message is 300 bytes long or so. */
int main(void)
{
    static uint8_t buffer[512];
    kpn_uplink uplink;
    kpn_span request;

    if (kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, "urn:dev:IMEI:490154203237518:") != KPN_OK) {
        return 1;
    }
    kpn_uplink_add_double(&uplink, KPN_TEMPERATURE, 20.5);
    if (kpn_uplink_finish(&uplink, "0123456789abcdefghijklmnopqrstuvwxyzABCD", &request) != KPN_OK) {
        return 1;
    }
    return request.len > 250 && request.len < 350 ? 0 : 1;
}
