/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * u-blox SARA-R4 (Arduino MKR NB 1500, SODAQ SARA), and SARA-R5, LARA-R6 and LENA-R8, whose sockets have the same commands. "The manual" in
 * comments is "SARA-R4 series AT commands manual", UBX-17003787 R16, chapter 19.
 */
#ifndef SARA_R4_H
#define SARA_R4_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SARA_R4_PIECE_MAX = 1024,    /* bytes of a write after the prompt, manual 19.10.3 */
    SARA_R4_PIECE_MAX_HEX = 512, /* bytes of a write as hexadecimal text, manual 19.10.3 */
    SARA_R4_READ_MAX = 1024,     /* bytes of a read, manual 19.12.3 */
    SARA_R4_READ_MAX_HEX = 512,
    SARA_R4_SOCKETS = 7,         /* numbered from 0, manual 19.9.3 */
    SARA_R4_PROMPT_PAUSE = 50    /* milliseconds between the prompt and the data, manual 19.10.4 */
};

/* Binary data: half as many bytes on the UART. */
extern const kpn_modem_kind kpn_sara_r4;

/* Data as hexadecimal text (UDCONF=1,1): there is no prompt to wait for, and the modem refuses a write that lost a byte. */
extern const kpn_modem_kind kpn_sara_r4_hex;

#ifdef __cplusplus
}
#endif

#endif
