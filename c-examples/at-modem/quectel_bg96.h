/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Quectel BG96 and BG95. "The manual" in comments is "BG96 TCP/IP Application Note" V1.2, chapter 2.
 */
#ifndef QUECTEL_BG96_H
#define QUECTEL_BG96_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BG96_PIECE_MAX = 1460, /* bytes of AT+QISEND, manual 2.2.7 */
    BG96_READ_MAX = 1500,  /* bytes of AT+QIRD, manual 2.2.8 */
    BG96_CONTEXT = 1, /* of the data connection, defined with AT+QICSGP and activated with AT+QIACT beforehand */
    BG96_CONNECTION = 0 /* of the twelve */
};

extern const kpn_modem_kind kpn_bg96;

#ifdef __cplusplus
}
#endif

#endif
