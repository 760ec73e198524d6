/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The way into the network: PPP over a modem. */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>

/* Switches to data mode and waits for an address; false if none came. Once the link is up, call it again only after `link_close`. */
bool link_open(void);
void link_close(void);

#endif
