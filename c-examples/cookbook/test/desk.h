/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A scripted platform in place of the modem. Time is simulated. */
#ifndef DESK_H
#define DESK_H

#include "modem.h"

enum answer {
    REFUSE,    /* no connection */
    CUT,       /* closes in the middle of the response */
    LATE,      /* falls silent without closing */
    ENDLESS,   /* a byte now and then, without end */
    BUSY,      /* 503 with Retry-After */
    MALFORMED, /* 400 */
    ACCEPT     /* 202, or the firmware that was requested */
};

enum { DESK_IMAGE = 5000 };

/* One answer per request, or per connection for REFUSE; the last one is repeated. */
void desk_begin(const enum answer *answers, size_t count);
void desk_end(void);
void desk_downlink(const char *pack);
void desk_lose_power_after(uint32_t bytes);
void desk_break_flash(unsigned writes); /* after so many, the next one fails */

extern unsigned desk_connections, desk_accepted, desk_records, desk_slept_ms;
extern bool desk_valve, desk_is_open, desk_is_locked;
extern uint8_t desk_flash[DESK_IMAGE];
extern void (*desk_power_lost)(void);
extern size_t desk_requests_per_connection;
uint8_t desk_image_byte(uint32_t offset);

#endif
