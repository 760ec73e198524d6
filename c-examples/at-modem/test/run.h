/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One message through an emulated modem, and what must hold whatever happened. */
#ifndef RUN_H
#define RUN_H

#include "../kpn_network.h"
#include "../quectel_bg96.h"
#include "../sara_r4.h"
#include "../simcom.h"
#include "emulator.h"

#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

enum { DESK_MS = 40000, REQUEST_CAP = 8192, STEPS_MAX = 100000 };

/* A kind of modem, and the options that make the emulator one of that kind. */
typedef struct kind_under_test {
    const char *name;
    const kpn_modem_kind *kind;
    const char *words;
    const char *activate; /* the data connection; NULL if registration is enough */
    const kpn_network_kind *network;
} kind_under_test;

enum { KINDS = 7 };
extern const kind_under_test kinds[KINDS];

/* A device at its modem. */
typedef struct desk {
    emulator *emulator;
    const kind_under_test *kind;
    kpn_modem modem;
    uint32_t steps; /* calls of the UART */
    uint8_t body[1024];
    kpn_response response;
} desk;

/* The result of an attempt. */
typedef struct attempt {
    at_result open;
    at_result send;
    at_result receive;
    at_result close;
    int32_t status; /* of the response; 0 without one */
    bool accepted;  /* as the device sees it */
    bool may_have_arrived;
    int32_t number;
    uint32_t taken; /* by the platform, in this attempt */
} attempt;

/* Sets up, with the words of the kind and `words`. */
void desk_begin(desk *desk, const kind_under_test *kind, const char *words);
void desk_end(desk *desk);

/* Sets up the data connection without `kpn_network_attach`. */
at_result desk_activate(desk *desk);

/* Opens, sends `request`, receives, closes. */
attempt desk_exchange(desk *desk, kpn_span request);

/* The first failure among the four calls. */
at_result attempt_result(const attempt *attempt);

/* A message whose body has about this many bytes. */
kpn_span make_request(uint8_t *buffer, size_t cap, size_t about);

/* Ends the program, naming what failed, if the condition does not hold. */
#define REQUIRE(condition, ...) require((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)
void require(bool holds, const char *file, int line, const char *condition, const char *format, ...);

/* What must hold for an attempt with any fault. */
void require_honest(const desk *desk, const attempt *attempt, kpn_span request, const char *what);

void run_cases(void);
void run_refusals(void);
void run_networks(void);
void run_sms(void);
void run_firmware(void);
void run_sweeps(unsigned stride); /* step, in bytes */

#endif
