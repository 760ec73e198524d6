/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdint.h>
uint32_t esp_random(void);
