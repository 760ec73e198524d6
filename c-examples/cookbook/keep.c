/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sends each temperature as a separate message, on one connection for as long as the server keeps it open. Returns how many were accepted.
 */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

static kpn_status receive(kpn_response *response)
{
    kpn_status status = KPN_NEED_MORE;
    uint32_t start = millis();

    while (status == KPN_NEED_MORE) {
        uint8_t chunk[64];
        size_t len = modem_receive(chunk, sizeof chunk);
        if ((len == 0 && modem_is_late()) || millis() - start > LIMIT_MS) {
            return KPN_ERR_TIMEOUT;
        }
        status = len > 0 ? kpn_response_feed(response, chunk, len, NULL) : kpn_response_end(response);
    }
    return status;
}

size_t send_kept(const int64_t *tenths, size_t count, uint8_t *buffer, size_t cap)
{
    kpn_connection connection;
    bool is_open = false;
    size_t accepted = 0;

    while (accepted < count) {
        kpn_uplink uplink;
        kpn_span request;
        kpn_response response;

        kpn_status status = kpn_uplink_begin(&uplink, buffer, cap, KPN_ENDPOINT_M2M, URN);
        kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, tenths[accepted], -1);
        if (status != KPN_OK || kpn_uplink_finish(&uplink, SECRET, &request) != KPN_OK
            || kpn_response_begin(&response, buffer, cap) != KPN_OK) {
            break;
        }
        if (!is_open) {
            if (!modem_connect(APN, HOST, PORT) || kpn_connection_begin(&connection, KPN_REQUESTS_MAX) != KPN_OK) {
                break;
            }
            is_open = true;
        }
        modem_send(request.ptr, request.len);
        status = receive(&response);
        kpn_connection_record(&connection, &response);
        if (status != KPN_OK || kpn_connection_left(&connection) == 0) { /* closed by the server, or used up */
            modem_close();
            is_open = false;
        }
        if (kpn_response_outcome(&response) != KPN_OUTCOME_ACCEPTED) {
            break; /* unknown whether it arrived: see the recipe for retries */
        }
        accepted++;
    }
    if (is_open) {
        modem_close();
    }
    return accepted;
}
