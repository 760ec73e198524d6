/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The SMS library of the nRF Connect SDK, as far as the sample asks it. */
#ifndef SHIM_MODEM_SMS_H
#define SHIM_MODEM_SMS_H

#include <stdint.h>

enum sms_type { SMS_TYPE_DELIVER, SMS_TYPE_STATUS_REPORT };

struct sms_data {
    enum sms_type type;
    union {
        struct {
            struct {
                char address_str[21];
            } originating_address;
        } deliver;
    } header;
    int payload_len;
    uint8_t payload[161];
};

typedef void (*sms_callback_t)(struct sms_data *const data, void *context);

int sms_register_listener(sms_callback_t listener, void *context);

#endif
