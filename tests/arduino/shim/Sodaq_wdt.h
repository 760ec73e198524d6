/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_SODAQ_WDT_H
#define SHIM_SODAQ_WDT_H

#include <stdint.h>

void sodaq_wdt_safe_delay(uint32_t milliseconds);

#endif
