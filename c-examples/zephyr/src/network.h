/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef NETWORK_H_
#define NETWORK_H_

#include <stdbool.h>

/*
 * Starts the modem and waits for the network; false if that takes longer than
 * CONFIG_SAMPLE_NETWORK_SECONDS.
 */
bool network_start(void);

#endif
