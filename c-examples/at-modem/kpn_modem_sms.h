/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Downlinks by SMS (M2M+ SIMs): texts that the platform sent, in text mode (3GPP TS 27.005).
 *
 *   kpn_modem_sms_begin(&sms, &modem, false);       // after each start or wake of the modem
 *   while (kpn_modem_sms_next(&sms, &text, &len) == AT_OK && text != NULL) {
 *       status = kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len);   // if that is what it is
 *   }
 *
 * The first line of an SMS is handed on, up to 160 characters of ASCII, so an AT_LINE_CAP of 162 or more is needed. Others are dropped and counted:
 * those of other senders, and longer ones.
 */
#ifndef KPN_MODEM_SMS_H
#define KPN_MODEM_SMS_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Texts of a modem; it takes the place of `listener` of the modem. Private, except what the comments name. */
typedef struct kpn_modem_sms {
    uint32_t dropped; /* SMS that were not handed on */

    kpn_modem *modem;
    int32_t index;      /* of the one that was handed on and is deleted by the next call; -1: none */
    int32_t listed;     /* of the one that was found; -1: none */
    uint8_t expected;   /* whose text comes next */
    bool from_platform; /* that text is */
    bool found;         /* `text` has the one that was found */
    bool holds;         /* `text` has one that the modem does not keep */
    bool in_use;        /* `text` is taken */
    bool told;          /* there is one that was not looked for */
    char text[AT_LINE_CAP];
} kpn_modem_sms;

/*
 * Sets the modem up: text mode, ASCII. With `direct` the modem hands on each SMS at once and keeps none: for one that has no place for them. Then an
 * SMS is lost while the device is not listening, and a second one before the first was taken. Otherwise, better, they are kept, and none is
 * lost until it was handed on.
 */
at_result kpn_modem_sms_begin(kpn_modem_sms *sms, kpn_modem *modem, bool direct);

/* Whether the modem told of an SMS since the last time that `kpn_modem_sms_next` found none. Asks nobody. */
bool kpn_modem_sms_is_waiting(const kpn_modem_sms *sms);

/*
 * The next text of the platform, with a NUL behind it, yours until the next call; `*out_text` is NULL when there is none. The one before is deleted now, and not earlier: after a reset
 * in between it is handed on again. Not between send and receive. Ask after a long sleep too, as what came meanwhile is not told.
 */
at_result kpn_modem_sms_next(kpn_modem_sms *sms, char **out_text, size_t *out_len);

#ifdef __cplusplus
}
#endif

#endif
