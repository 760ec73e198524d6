/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_EVENT_GROUPS_H
#define SHIM_EVENT_GROUPS_H
#include "freertos/FreeRTOS.h"

typedef uint32_t EventBits_t;
typedef EventBits_t *EventGroupHandle_t;
#define pdFALSE 0

EventGroupHandle_t xEventGroupCreate(void);
EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits);
EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits);
EventBits_t xEventGroupGetBits(EventGroupHandle_t group);
EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t bits, int clear, int all, TickType_t ticks);
#endif
