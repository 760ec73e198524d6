/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
typedef uint32_t TickType_t;
#define portTICK_PERIOD_MS ((TickType_t)10)
/* As in ESP-IDF, where the product overflows. */
#define pdMS_TO_TICKS(ms) ((TickType_t)(((TickType_t)(ms) * (TickType_t)100) / (TickType_t)1000U))
