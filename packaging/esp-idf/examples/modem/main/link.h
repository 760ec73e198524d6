/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The way into the network: PPP over a modem. */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>

#include "kpn_things.h"

/* Switches to data mode and waits for an address; false if none came. Once the link is up, call it again only after `link_close`. */
bool link_open(void);
void link_close(void);

/* Hangs up, hands out the downlinks among the messages that are stored, and deletes all of them. */
void link_take_sms(void (*act)(kpn_downlink *downlink));

#endif
