/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sends temperatures in as many messages as the buffer requires. Returns how many temperatures the platform accepted. */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

size_t send_split(const int64_t *tenths, size_t count, uint8_t *buffer, size_t cap)
{
    size_t accepted = 0;

    while (accepted < count) {
        kpn_uplink uplink;
        kpn_span request;
        kpn_response response;
        size_t next = accepted;
        kpn_status status = kpn_uplink_begin(&uplink, buffer, cap, KPN_ENDPOINT_M2M, URN);

        while (status == KPN_OK && next < count) {
            status = kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, tenths[next], -1);
            next += status == KPN_OK ? 1 : 0;
        }
        if (status == KPN_ERR_BUFFER_FULL && next > accepted) {
            (void)kpn_uplink_clear_failure(&uplink); /* the rest goes into the next message */
            status = KPN_OK;
        }
        if (status == KPN_OK) {
            status = kpn_uplink_finish(&uplink, SECRET, &request);
        }
        if (status != KPN_OK) { /* not even one record fits, or something else is wrong */
            modem_log(kpn_status_text(status));
            break;
        }
        if (exchange(request, &response, buffer, cap) != KPN_OUTCOME_ACCEPTED) {
            break; /* see the next recipe */
        }
        accepted = next;
    }
    return accepted;
}
