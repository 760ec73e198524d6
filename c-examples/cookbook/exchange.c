/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sends a request on a new connection and reads the response. Returns its outcome; KPN_OUTCOME_NONE if there was no complete response. */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

int32_t exchange(kpn_span request, kpn_response *response, uint8_t *buffer, size_t cap)
{
    kpn_status status = kpn_response_begin(response, buffer, cap);

    if (status != KPN_OK || !modem_connect(APN, HOST, PORT)) {
        return KPN_OUTCOME_NONE;
    }
    modem_send(request.ptr, request.len);
    uint32_t start = millis();
    do {
        uint8_t chunk[64];
        size_t len = modem_receive(chunk, sizeof chunk);
        if ((len == 0 && modem_is_late()) || millis() - start > LIMIT_MS) {
            break; /* not kpn_response_end: the rest is missing */
        }
        status = len > 0 ? kpn_response_feed(response, chunk, len, NULL) : kpn_response_end(response);
    } while (status == KPN_NEED_MORE);
    modem_close();
    return kpn_response_outcome(response);
}
