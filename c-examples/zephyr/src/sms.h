/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef SAMPLE_SMS_H_
#define SAMPLE_SMS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMS_TEXT_MAX 160

/* Subscribes to SMS. Only after network_start(), which initialises the modem. */
bool sms_start(void);

/* Waits for the next SMS from the platform. Returns its bytes, without a NUL. */
size_t sms_take(uint8_t text[SMS_TEXT_MAX]);

#endif
