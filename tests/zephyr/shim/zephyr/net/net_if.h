/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's network interfaces. */
#ifndef SHIM_NET_IF_H
#define SHIM_NET_IF_H

#include <stdbool.h>

struct net_if;

struct net_if *net_if_get_default(void);
bool net_if_is_up(struct net_if *iface);

#endif
