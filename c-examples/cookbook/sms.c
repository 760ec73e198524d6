/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Acts on an SMS from the platform: a SenML pack with a valve in it. The text is decoded in place. Returns whether it
 * was acted on.
 */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

bool sms_received(const char *sender, uint8_t *text, size_t len)
{
    kpn_downlink downlink;
    kpn_record record;
    bool acted = false;

    if (!kpn_sms_is_from_platform(sender)) {
        return false; /* anyone can send an SMS */
    }
    kpn_status status = kpn_downlink_begin_bytes(&downlink, text, len);
    if (status != KPN_OK) { /* nothing of a broken pack is acted on */
        modem_log(kpn_status_text(status));
        return false;
    }
    while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
        if (kpn_record_is_for(&record, URN) && kpn_record_is(&record, URN "valve") && record.kind == KPN_KIND_BOOL) {
            set_valve(record.bool_value);
            acted = true;
        }
    }
    return acted;
}
