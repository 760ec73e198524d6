/*
 * Sends one message, acts on the downlink in the response, and sends the message again later when
 * the network or the platform could not take it.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <stdbool.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#if __has_include(<zephyr/random/random.h>)
#include <zephyr/random/random.h>
#else /* Zephyr 3.4 */
#include <zephyr/random/rand32.h>
#endif

#include <kpn_zephyr.h>

LOG_MODULE_REGISTER(sample, LOG_LEVEL_INF);

#define FIRST_WAIT_MS   1000
#define LONGEST_WAIT_MS 3600000

static uint8_t buffer[768]; /* the request, then the body of the response */

static kpn_status write_message(kpn_span *out_request)
{
	kpn_uplink uplink;
	kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof(buffer), KPN_ENDPOINT_M2M,
					     CONFIG_SAMPLE_DEVICE);

	if (status != KPN_OK) {
		return status;
	}
	kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
	kpn_uplink_add_decimal(&uplink, KPN_BATTERY_VOLTAGE, 3612, -3);
	kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true);
	kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0");
	return kpn_uplink_finish(&uplink, CONFIG_SAMPLE_SECRET, out_request);
}

static void act_on_downlink(const kpn_response *response)
{
	kpn_downlink downlink;
	kpn_record record;
	kpn_status status = kpn_downlink_begin(&downlink, response);

	if (status != KPN_OK) { /* nothing of it is handed out */
		LOG_WRN("downlink: %s", kpn_status_text(status));
		return;
	}
	while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
		if (kpn_record_is_for(&record, CONFIG_SAMPLE_DEVICE) &&
		    kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
			LOG_INF("the valve is now %s", record.bool_value ? "open" : "shut");
		}
	}
}

/* One attempt: whether the message is done with. */
static bool send_message(kpn_response *response)
{
	kpn_span request;
	kpn_status status = write_message(&request); /* anew: the last response overwrote it */

	if (status != KPN_OK) {
		LOG_ERR("message: %s", kpn_status_text(status));
		return true;
	}
	status = kpn_response_begin(response, buffer, sizeof(buffer));
	if (status == KPN_OK) {
		status = kpn_zephyr_exchange(CONFIG_SAMPLE_HOST, CONFIG_SAMPLE_PORT, request, response, NULL);
	}
	if (status != KPN_OK) { /* the module has said why */
		return false;
	}

	int32_t outcome = kpn_response_outcome(response);

	LOG_INF("status %d: %s", (int)kpn_response_status(response), kpn_outcome_text(outcome));
	if (outcome == KPN_OUTCOME_ACCEPTED) {
		act_on_downlink(response);
	}
	return !kpn_outcome_may_retry(outcome);
}

int main(void)
{
	for (uint32_t failures = 1;; failures++) {
		kpn_response response;

		if (send_message(&response)) {
			break;
		}
		if (failures >= CONFIG_SAMPLE_ATTEMPTS) {
			LOG_ERR("given up after %d attempts", CONFIG_SAMPLE_ATTEMPTS);
			break;
		}
		uint32_t wait = kpn_retry_delay_ms(failures, sys_rand32_get(), FIRST_WAIT_MS, LONGEST_WAIT_MS,
						   kpn_response_retry_after(&response));

		LOG_INF("again in %u ms", (unsigned int)wait);
		k_msleep((int32_t)wait);
	}
	LOG_INF("done");
	return 0;
}
