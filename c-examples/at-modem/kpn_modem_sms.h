/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Downlinks by SMS (M2M+ SIMs): texts from the platform, in text mode (3GPP TS 27.005).
 *
 *   kpn_modem_sms_begin(&sms, &modem, false);       // after each start or wake of the modem
 *   while (kpn_modem_sms_next(&sms, &text, &len) == AT_OK && text != NULL) {
 *       status = kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len);   // if that is what it is
 *   }
 *
 * The first line of an SMS is passed on, up to 160 ASCII characters, which needs an AT_LINE_CAP of 162 or more. SMS from other senders and
 * longer ones are dropped and counted. Further lines of an SMS are ignored, whatever they look like; for that, the line must fall silent
 * (`times.quiet`) behind each list.
 */
#ifndef KPN_MODEM_SMS_H
#define KPN_MODEM_SMS_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The texts of a modem; replaces the modem's `listener`. Private, except for the members with a comment. */
typedef struct kpn_modem_sms {
    uint32_t dropped; /* SMS that were not passed on */

    kpn_modem *modem;
    int32_t index;      /* of the one that was passed on and that the next call deletes; -1: none */
    int32_t listed;     /* of the one that was found; -1: none */
    uint8_t expected;   /* whose text comes next */
    bool from_platform; /* that text is */
    bool found;         /* `text` holds the one that was found */
    bool holds;         /* `text` holds one that the modem does not store */
    bool in_use;        /* `text` is in use */
    bool told;          /* one has not been looked for yet */
    bool direct;        /* the modem passes them on at once */
    bool burst;         /* it has, and what follows may be a part of that SMS */
    uint32_t heard;     /* how often it has */
    char text[AT_LINE_CAP];
} kpn_modem_sms;

/*
 * Sets up the modem: text mode, ASCII. With `direct` the modem passes on each SMS at once and stores none, for modems without storage. An
 * SMS is then lost if the device is not listening, and so is one that comes after another, from whomever, before the next call of
 * `kpn_modem_sms_next`. Then anyone who can send an SMS of several lines can also feign an answer to a command that is running. Without
 * `direct`, which is better, they are stored, and none is lost before it was passed on.
 */
at_result kpn_modem_sms_begin(kpn_modem_sms *sms, kpn_modem *modem, bool direct);

/* Whether the modem has announced an SMS since `kpn_modem_sms_next` last found none. The modem is not asked. */
bool kpn_modem_sms_is_waiting(const kpn_modem_sms *sms);

/*
 * The next text from the platform, NUL-terminated, yours until the next call; `*out_text` is NULL if there is none. The text before it is
 * deleted now and not earlier: after a reset in between it is passed on again. Not between send and receive. Also call it after a long
 * sleep, since SMS that came in the meantime are not announced.
 */
at_result kpn_modem_sms_next(kpn_modem_sms *sms, char **out_text, size_t *out_len);

#ifdef __cplusplus
}
#endif

#endif
