/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef NETWORK_H_
#define NETWORK_H_

#include <stdbool.h>

/* Brings the modem up and waits for the network; false when that takes longer than CONFIG_SAMPLE_NETWORK_SECONDS. */
bool network_start(void);

#endif
