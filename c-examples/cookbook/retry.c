/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sends a finished request until the platform accepts or refuses it, at most `attempts` times. Returns the last outcome. */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

enum { FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 3600000 };

int32_t send_with_retry(kpn_span request, uint32_t attempts)
{
    static uint8_t body[512]; /* not the buffer of the request, which is needed again */
    kpn_response response;
    int32_t outcome = KPN_OUTCOME_NONE;

    for (uint32_t failures = 1; failures <= attempts; failures++) {
        outcome = exchange(request, &response, body, sizeof body);
        if (outcome != KPN_OUTCOME_NONE && !kpn_outcome_may_retry(outcome)) {
            break; /* accepted, or refused for good */
        }
        if (failures < attempts) {
            uint32_t server = kpn_response_retry_after(&response);
            sleep_ms(kpn_retry_delay_ms(failures, random32(), FIRST_WAIT_MS, LONGEST_WAIT_MS, server));
        }
    }
    return outcome;
}
