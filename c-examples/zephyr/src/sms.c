/*
 * SMS from the platform, with the SMS library of the nRF Connect SDK.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include "sms.h"

#include <string.h>

#include <modem/sms.h>
#include <zephyr/kernel.h>

#include <kpn_things.h>

struct message {
	uint8_t len;
	uint8_t text[SMS_TEXT_MAX];
};

K_MSGQ_DEFINE(messages, sizeof(struct message), 4, 1);

/* Runs in the library's thread: checks the SMS here; the receiver acts on it. */
static void on_sms(struct sms_data *const data, void *context)
{
	struct message message;

	ARG_UNUSED(context);
	if (data->type != SMS_TYPE_DELIVER || data->payload_len < 0 || data->payload_len > SMS_TEXT_MAX ||
	    !kpn_sms_is_from_platform(data->header.deliver.originating_address.address_str)) {
		return;
	}
	message.len = (uint8_t)data->payload_len;
	memcpy(message.text, data->payload, message.len);
	/* If there is no room it is dropped; the platform counts it as delivered. */
	(void)k_msgq_put(&messages, &message, K_NO_WAIT);
}

bool sms_start(void)
{
	return sms_register_listener(on_sms, NULL) >= 0;
}

size_t sms_take(uint8_t text[SMS_TEXT_MAX])
{
	struct message message;

	if (k_msgq_get(&messages, &message, K_FOREVER) != 0) {
		return 0;
	}
	memcpy(text, message.text, message.len);
	return message.len;
}
