/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From a modem that is switched on to a data connection; also signal, operator and power saving.
 *
 *   static const kpn_network network = {&kpn_network_sara_r4, "kpnthings.iot", NULL, NULL, false, false, 180000};
 *
 *   kpn_modem_begin(&modem, &kpn_sara_r4, &uart);
 *   at_result result = kpn_modem_wake(&modem, 5000);
 *   if (result == AT_OK) {
 *       result = kpn_network_attach(&modem, &network);
 *   }
 *
 * Standard commands are those of 3GPP TS 27.007.
 */
#ifndef KPN_NETWORK_H
#define KPN_NETWORK_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { KPN_NETWORK_APN_MAX = 63, KPN_NETWORK_DEFINE_MAX = 4 };

/* What a kind of modem needs besides the standard commands. In a command, `%` stands for the APN. */
typedef struct kpn_network_kind {
    const char *radio_off;
    const char *restart;
    const char *off;     /* the whole modem */
    const char *off_ok;  /* its answer; NULL: OK */
    const char *shut;    /* before the connection is defined, or NULL */
    const char *shut_ok; /* its answer */
    const char *define[KPN_NETWORK_DEFINE_MAX]; /* sets up the data connection; up to the first NULL */
    const char *activate;
    const char *query;  /* asks whether it is up */
    const char *active; /* if it is, a line of the answer begins like this; NULL: OK means that it is */
} kpn_network_kind;

extern const kpn_network_kind kpn_network_sara_r4;
extern const kpn_network_kind kpn_network_sara_r5; /* and LARA-R6 */
extern const kpn_network_kind kpn_network_lena_r8;
extern const kpn_network_kind kpn_network_bg96; /* and BG95 */
extern const kpn_network_kind kpn_network_sim7000;
extern const kpn_network_kind kpn_network_sim7080; /* and SIM7070, SIM7090 */

typedef struct kpn_network {
    const kpn_network_kind *kind;
    const char *apn;
    const char *pin;          /* of the SIM, or NULL; entered once, since the third wrong one blocks a SIM */
    const char *const
        *setup; /* commands of yours for bands and mode, NULL behind the last; or NULL. Sent while the radio is off */
    bool restart;             /* restart the modem after `setup`, as its manual may require */
    bool renew; /* do all of that even if the modem already has the APN: set it once after changing `setup` */
    uint32_t limit; /* milliseconds for everything */
} kpn_network;

/*
 * Goes through SIM, APN, registration (home or roaming), attach and data connection. Steps that are done already are skipped, so it is
 * quick on a modem that kept its settings. Between the steps it waits with your UART's `read`.
 *
 * AT_ERR_SIM: the SIM failed. AT_ERR_DENIED: the time is over, and the network refused last. AT_ERR_TIMEOUT: the time is over, and no
 * network was found or no data connection came up. AT_ERR_STATE: there is a connection to a server. AT_ERR_ARGUMENT: an invalid kind; an
 * APN or PIN that is empty, too long or has a quotation mark.
 */
at_result kpn_network_attach(kpn_modem *modem, const kpn_network *network);

/* States of the registration, 3GPP TS 27.007 section 10.1.22. */
enum {
    KPN_NETWORK_OFF,
    KPN_NETWORK_HOME,
    KPN_NETWORK_SEARCHING,
    KPN_NETWORK_DENIED,
    KPN_NETWORK_UNKNOWN,
    KPN_NETWORK_ROAMING
};

/* Asks once. Home and roaming count as registered. */
at_result kpn_network_registration(kpn_modem *modem, int32_t *out_state);

/* For the log: the received signal; 0 for what is unknown. */
typedef struct kpn_network_signal {
    int16_t rssi; /* dBm */
    int16_t rsrp; /* dBm, of LTE */
    int16_t rsrq; /* tenths of a dB, of LTE */
} kpn_network_signal;

at_result kpn_network_get_signal(kpn_modem *modem, kpn_network_signal *out_signal);

/* For the log: the name of the operator; empty if there is none. */
at_result kpn_network_get_operator(kpn_modem *modem, char *out_name, size_t cap);

/*
 * Asks for power saving mode (PSM): the modem sleeps, and wakes up every `period` seconds (T3412) for `active` seconds (T3324). Both are
 * rounded up to what the timers can express. 0 and 0: no PSM. The network may grant other times. AT_ERR_ARGUMENT: longer than 9,920 hours
 * or 11,160 seconds.
 */
at_result kpn_network_save_power(kpn_modem *modem, uint32_t period, uint32_t active);

/*
 * Asks for extended discontinuous reception (eDRX): reachable every `cycle` seconds or more often; 0: none. AT_ERR_ARGUMENT: below 21 seconds, the shortest
 * cycle that LTE-M and NB-IoT have in common.
 */
at_result kpn_network_set_edrx(kpn_modem *modem, bool is_nb_iot, uint32_t cycle);

/*
 * Closes the connection, if there is one, and switches the modem off in the way its manual requires, so that it keeps its settings.
 * Afterwards only its pin or its power wakes it.
 */
at_result kpn_network_off(kpn_modem *modem, const kpn_network_kind *kind);

#ifdef __cplusplus
}
#endif

#endif
