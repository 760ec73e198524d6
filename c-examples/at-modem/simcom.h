/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SIMCom SIM7000, over the `CIP` commands, and SIM7070, SIM7080 and SIM7090, over the `CA` commands. "The manuals" in comments are "SIM7000
 * Series AT Command Manual" V1.03, chapter 8, and "SIM7070_SIM7080_SIM7090 Series AT Command Manual" V1.04. `kpn_network_attach`
 * (kpn_network.h) sets up their data connection.
 */
#ifndef SIMCOM_H
#define SIMCOM_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SIM7000_PIECE_MAX = 1460, /* bytes of AT+CIPSEND */
    SIM7000_READ_MAX = 1460,  /* bytes of AT+CIPRXGET */
    SIM7080_PIECE_MAX = 1459, /* bytes of AT+CASEND */
    SIM7080_READ_MAX = 1460,  /* bytes of AT+CARECV */
    SIM7080_CONNECTION = 0
};

extern const kpn_modem_kind kpn_sim7000;
extern const kpn_modem_kind kpn_sim7080;

#ifdef __cplusplus
}
#endif

#endif
