/*
 * Sends one message, acts on the downlink in the response, and sends the message again later if the
 * network or the platform could not accept it. With the options for it, it waits for the network,
 * reads its identity from the settings, updates itself, and then acts on SMS.
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
#if defined(CONFIG_KPN_THINGS_CREDENTIALS)
#include <kpn_zephyr_credentials.h>
#endif
#if defined(CONFIG_KPN_THINGS_FIRMWARE)
#include <zephyr/sys/reboot.h>

#include <kpn_zephyr_firmware.h>
#endif
#if defined(CONFIG_NET_CONNECTION_MANAGER)
#include "network.h"
#endif
#if defined(CONFIG_SMS)
#include "sms.h"
#endif

LOG_MODULE_REGISTER(sample, LOG_LEVEL_INF);

#define FIRST_WAIT_MS   1000
#define LONGEST_WAIT_MS 3600000
#define FLASH_TRIES     5

static uint8_t buffer[1536]; /* the request, then the body of the response */

#if defined(CONFIG_KPN_THINGS_CREDENTIALS)
static kpn_zephyr_credentials device;
#else
static const struct {
	const char *urn;
	const char *secret;
} device = {CONFIG_SAMPLE_DEVICE, CONFIG_SAMPLE_SECRET};
#endif

#if defined(CONFIG_KPN_THINGS_FIRMWARE)
static kpn_zephyr_firmware update;
#endif

static kpn_status write_message(kpn_span *out_request)
{
	kpn_uplink uplink;
	kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof(buffer), KPN_ENDPOINT_M2M,
					     device.urn);

	if (status != KPN_OK) {
		return status;
	}
	kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
	kpn_uplink_add_decimal(&uplink, KPN_BATTERY_VOLTAGE, 3612, -3);
	kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true);
	kpn_uplink_add_text(&uplink, KPN_FIRMWARE, CONFIG_SAMPLE_VERSION);
	return kpn_uplink_finish(&uplink, device.secret, out_request);
}

static void act_on(kpn_downlink *downlink)
{
	kpn_record record;

	while (kpn_downlink_next(downlink, &record) == KPN_OK) {
		if (kpn_record_is_for(&record, device.urn) && kpn_record_is(&record, "valve") &&
		    record.kind == KPN_KIND_BOOL) {
			LOG_INF("the valve is now %s", record.bool_value ? "open" : "shut");
		}
	}
}

static void act_on_downlink(const kpn_response *response)
{
	kpn_downlink downlink;
	kpn_status status = kpn_downlink_begin(&downlink, response);

	if (status != KPN_OK) { /* no part of it is handed out */
		LOG_WRN("downlink: %s", kpn_status_text(status));
		return;
	}
#if defined(CONFIG_KPN_THINGS_FIRMWARE)
	status = kpn_zephyr_firmware_offer(&update, &downlink, device.urn);
	if (status != KPN_OK && status != KPN_END) {
		LOG_WRN("firmware: %s", kpn_status_text(status));
	}
#endif
	act_on(&downlink);
}

#if defined(CONFIG_KPN_THINGS_FIRMWARE)
/* Fetches the announced firmware, and resets into it. */
static void update_firmware(void)
{
	int broken = 0;

	while (kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_FETCHING) {
		kpn_status status = kpn_zephyr_firmware_step(&update, NULL);
		uint32_t total = 0;
		uint32_t there = kpn_zephyr_firmware_progress(&update, &total);

		if (status == KPN_AGAIN || (status == KPN_ERR_IO && ++broken < FLASH_TRIES)) {
			k_msleep((int32_t)kpn_zephyr_firmware_wait(&update, sys_rand32_get()));
		} else if (status < 0) {
			return; /* the module has logged why; the platform announces it again */
		}
		LOG_INF("firmware: %u of %u bytes", (unsigned int)there, (unsigned int)total);
	}
	if (kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_REBOOT) {
		sys_reboot(SYS_REBOOT_COLD);
	}
}
#endif

#if defined(CONFIG_SMS)
static void act_on_sms(void)
{
	for (;;) {
		uint8_t text[SMS_TEXT_MAX];
		size_t len = sms_take(text);
		kpn_downlink downlink;

		if (kpn_downlink_begin_bytes(&downlink, text, len) == KPN_OK) {
			act_on(&downlink);
		}
	}
}
#endif

/* One attempt; returns whether the message is finished. */
static bool send_message(kpn_response *response)
{
	kpn_span request;
	kpn_status status = write_message(&request); /* rebuilt: the last response overwrote it */

	if (status != KPN_OK) {
		LOG_ERR("message: %s", kpn_status_text(status));
		return true;
	}
	status = kpn_response_begin(response, buffer, sizeof(buffer));
	if (status == KPN_OK) {
		status = kpn_zephyr_exchange(CONFIG_SAMPLE_HOST, CONFIG_SAMPLE_PORT, request, response, NULL);
	}
	if (status != KPN_OK) { /* the module has logged why */
		return false;
	}

	int32_t outcome = kpn_response_outcome(response);

	LOG_INF("status %d: %s", (int)kpn_response_status(response), kpn_outcome_text(outcome));
	if (outcome == KPN_OUTCOME_ACCEPTED) {
#if defined(CONFIG_KPN_THINGS_FIRMWARE)
		if (kpn_zephyr_firmware_accepted(&update) != KPN_OK) {
			LOG_ERR("the firmware could not be confirmed");
		}
#endif
		act_on_downlink(response);
	}
	return !kpn_outcome_may_retry(outcome);
}

/* What must be there before the first message. */
static bool start(void)
{
#if defined(CONFIG_KPN_THINGS_CREDENTIALS)
	kpn_status known = kpn_zephyr_credentials_load(&device);

	if (known != KPN_OK) {
		LOG_ERR("credentials: %s", kpn_status_text(known));
		return false;
	}
#endif
#if defined(CONFIG_KPN_THINGS_FIRMWARE)
	kpn_status status = kpn_zephyr_firmware_begin(&update, KPN_ZEPHYR_NO_TLS);

	if (status != KPN_OK) {
		LOG_ERR("firmware: %s", kpn_status_text(status));
		return false;
	}
#endif
#if defined(CONFIG_NET_CONNECTION_MANAGER)
	if (!network_start()) {
		LOG_ERR("no network");
		return false;
	}
#endif
#if defined(CONFIG_SMS)
	if (!sms_start()) {
		LOG_WRN("no SMS");
	}
#endif
	return true;
}

int main(void)
{
	if (!start()) {
		return 0;
	}
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
#if defined(CONFIG_KPN_THINGS_FIRMWARE)
	update_firmware();
#endif
	LOG_INF("done");
#if defined(CONFIG_SMS)
	act_on_sms();
#endif
	return 0;
}
