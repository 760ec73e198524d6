/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef RECIPES_H
#define RECIPES_H

#include "kpn_things.h"

int32_t exchange(kpn_span request, kpn_response *response, uint8_t *buffer, size_t cap);
size_t send_split(const int64_t *tenths, size_t count, uint8_t *buffer, size_t cap);
int32_t send_with_retry(kpn_span request, uint32_t attempts);
kpn_status queue_start(uint32_t off);
kpn_status queue_measure(int64_t tenths);
uint32_t queue_send(uint8_t *buffer, size_t cap);
bool queue_save(void);
kpn_status firmware_start(const kpn_downlink *announced);
int32_t firmware_fetch(uint8_t *buffer, size_t cap);
bool sms_received(const char *sender, uint8_t *text, size_t len);
size_t send_kept(const int64_t *tenths, size_t count, uint8_t *buffer, size_t cap);
kpn_status tasks_start(void);
kpn_status tasks_measure(const char *name, int64_t value);
uint32_t tasks_send(uint8_t *buffer, size_t cap);

#endif
