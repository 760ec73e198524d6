/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's random numbers: none needed, every wait is as short as it can be. */
#ifndef SHIM_RANDOM_H
#define SHIM_RANDOM_H

#include <stdint.h>

static inline uint32_t sys_rand32_get(void)
{
    return 0;
}

#endif
