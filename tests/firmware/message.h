/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The five-record message that every measurement uses. */
#ifndef KPN_FIRMWARE_MESSAGE_H
#define KPN_FIRMWARE_MESSAGE_H

#include "kpn_things.h"

#define MESSAGE_URN "urn:dev:IMEI:490154203237518:"
#define MESSAGE_SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"
#define MESSAGE_CAP 640

/* Begins and ends a message; what is between them is the caller's. */
static inline kpn_status message_begin(kpn_uplink *uplink, uint8_t *buffer, size_t cap)
{
    kpn_status status = kpn_uplink_begin(uplink, buffer, cap, KPN_ENDPOINT_M2M, MESSAGE_URN);
    if (status == KPN_OK)
        status = kpn_uplink_set_base_time(uplink, 1585650750);
    return status;
}

static inline void message_add_plain(kpn_uplink *uplink)
{
    (void)kpn_uplink_add_bool(uplink, "doorOpen", NULL, true);
    (void)kpn_uplink_add_text(uplink, KPN_FIRMWARE, "1.0.0");
    (void)kpn_uplink_add_int64(uplink, KPN_COUNTER, 42);
}

#endif
