/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <kpn_zephyr_firmware.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <zephyr/dfu/mcuboot.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>

#include "kpn_zephyr_firmware_fetch.h"
#include "kpn_zephyr_store.h"

LOG_MODULE_DECLARE(kpn_things, CONFIG_KPN_THINGS_LOG_LEVEL);

/*
 * The state of the update: a phase, the attempts, and, unless it is being confirmed, the download.
 */
#define RECORD_KEY  "kpn/firmware"
#define RECORD_HEAD 2

/* The download is not complete. */
#define PHASE_FETCHING 'F'
/* It is complete, and MCUboot must be asked to try it. */
#define PHASE_READY 'R'
/* MCUboot has been asked. If confirmed firmware then runs, the old one has come back. */
#define PHASE_ASKED 'T'
/*
 * It has proved itself: confirmed firmware is now the new one, or at worst the old one once more.
 */
#define PHASE_CONFIRMING 'C'
/* It was tried often enough. */
#define PHASE_TAKEN_BACK 'B'

/* The first bytes of MCUboot images, and the size of their header. */
static const uint8_t magic[] = {0x3d, 0xb8, 0xf3, 0x96};
#define HEADER_SIZE 32

#define FIRST_WAIT_MS   1000
#define LONGEST_WAIT_MS 3600000

static bool is_begun(const kpn_zephyr_firmware *update)
{
	return update != NULL && update->private_tag == KPN_ZEPHYR_FIRMWARE_PRIVATE_TAG;
}

/* Each function of this group returns 0 or an errno. */

static int positive(int error)
{
	return error < 0 ? -error : error;
}

static int save(kpn_zephyr_firmware *update, char phase)
{
	uint8_t *record = update->private_buffer;
	size_t len = 0;

	record[0] = (uint8_t)phase;
	record[1] = update->private_attempts;
	if (phase != PHASE_CONFIRMING && kpn_firmware_save(&update->private_firmware, record + RECORD_HEAD,
							   sizeof(update->private_buffer) - RECORD_HEAD,
							   &len) != KPN_OK) {
		return ENOMEM;
	}
	update->private_saved = kpn_firmware_confirmed(&update->private_firmware);
	update->private_is_stored = true;
	return positive(settings_save_one(RECORD_KEY, record, RECORD_HEAD + len));
}

static int erase_record(kpn_zephyr_firmware *update)
{
	int error = update->private_is_stored ? positive(settings_delete(RECORD_KEY)) : 0;

	update->private_saved = 0;
	update->private_is_stored = error != 0;
	return error;
}

/* Distinguishes announcements: FNV-1a over the state before anything was fetched. */
static uint32_t checksum_of(kpn_zephyr_firmware *update)
{
	uint32_t checksum = 2166136261U;
	size_t len = 0;

	if (kpn_firmware_save(&update->private_firmware, update->private_buffer, sizeof(update->private_buffer), &len) !=
	    KPN_OK) {
		return ~update->private_announced; /* writing it will fail too, and say so */
	}
	for (size_t i = 0; i < len; i++) {
		checksum = (checksum ^ update->private_buffer[i]) * 16777619U;
	}
	return checksum;
}

/* Asks MCUboot to try the complete firmware, and counts the attempt. */
static int ask(kpn_zephyr_firmware *update)
{
	int error = positive(boot_request_upgrade(BOOT_UPGRADE_TEST));

	if (error == 0) {
		update->private_attempts++;
		error = save(update, PHASE_ASKED);
	}
	if (error == 0) {
		update->private_state = KPN_ZEPHYR_FIRMWARE_REBOOT;
	}
	return error;
}

/*
 * After a part: the last one is followed by MCUboot, others by a write of the settings once there
 * are enough of them.
 */
static int note_part(kpn_zephyr_firmware *update)
{
	uint32_t confirmed = kpn_firmware_confirmed(&update->private_firmware);
	uint32_t page = 0;
	int error;

	if (kpn_firmware_state(&update->private_firmware) == KPN_FIRMWARE_COMPLETE) {
		error = positive(flash_img_buffered_write(&update->private_flash, magic, 0, true));
		update->private_is_seated = false;
		update->private_attempts = 0;
		if (error == 0) {
			error = save(update, PHASE_READY);
		}
		return error == 0 ? ask(update) : error;
	}
	if (confirmed - update->private_saved < CONFIG_KPN_THINGS_FIRMWARE_SAVE_BYTES) {
		return 0;
	}
	error = kpn_zephyr_firmware_page_of(update, confirmed, &page);
	/* What is not fetched again after a reset must be in flash, not in the buffer before it. */
	if (error != 0 || page > flash_img_bytes_written(&update->private_flash)) {
		return error;
	}
	return save(update, PHASE_FETCHING);
}

static kpn_status give_up(kpn_zephyr_firmware *update, kpn_status status)
{
	update->private_state = KPN_ZEPHYR_FIRMWARE_NONE;
	update->private_is_seated = false;
	(void)kpn_zephyr_close(&update->private_connection);
	(void)erase_record(update);
	return status;
}

/*
 * Where the download continues after a failure of the flash or the settings, and the result for the
 * caller.
 */
static kpn_status broke(kpn_zephyr_firmware *update, int error, int *out_error)
{
	kpn_status status = KPN_AGAIN;

	*out_error = error;
	update->private_is_seated = false;
	(void)kpn_zephyr_close(&update->private_connection);
	if (kpn_firmware_state(&update->private_firmware) == KPN_FIRMWARE_RESPONSE) {
		status = kpn_firmware_close(&update->private_firmware);
	}
	return status == KPN_AGAIN ? KPN_ERR_IO : give_up(update, status);
}

/* What a part, fetched or not, means for the update. */
static kpn_status conclude(kpn_zephyr_firmware *update, kpn_status status, int *out_error)
{
	kpn_firmware *firmware = &update->private_firmware;
	int error;

	if (status == KPN_OK) {
		error = note_part(update);
		if (error != 0) {
			return broke(update, error, out_error);
		}
		return update->private_state == KPN_ZEPHYR_FIRMWARE_REBOOT ? KPN_OK : KPN_NEED_MORE;
	}
	if (status == KPN_ERR_IO) {
		return broke(update, *out_error, out_error);
	}
	if (status == KPN_ERR_FIRMWARE_REPLACED && kpn_firmware_rewind(firmware, 0) == KPN_OK) {
		status = KPN_AGAIN;
	}
	if (status == KPN_AGAIN) {
		/* Bytes of the part may already be in flash. */
		update->private_is_seated = update->private_is_seated &&
					    update->private_position == kpn_firmware_confirmed(firmware);
		if (kpn_firmware_must_connect(firmware)) {
			(void)kpn_zephyr_close(&update->private_connection);
		}
		return KPN_AGAIN;
	}
	if (status == KPN_ERR_BUFFER_FULL) {
		return status;
	}
	if (kpn_firmware_state(firmware) != KPN_FIRMWARE_FAILED) {
		(void)kpn_firmware_abort(firmware);
	}
	return give_up(update, status);
}

kpn_status kpn_zephyr_firmware_step(kpn_zephyr_firmware *update, int *out_errno)
{
	int error = 0;
	kpn_status status;

	if (out_errno != NULL) {
		*out_errno = 0;
	}
	if (update == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (!is_begun(update) || update->private_state != KPN_ZEPHYR_FIRMWARE_FETCHING) {
		return KPN_ERR_STATE;
	}
	if (!update->private_is_seated ||
	    update->private_position != kpn_firmware_confirmed(&update->private_firmware)) {
		error = kpn_zephyr_firmware_seat(update);
	}
	status = error == 0 ? kpn_zephyr_firmware_fetch(update, &error) : KPN_ERR_IO;
	status = conclude(update, status, &error);
	if (status < 0) {
		LOG_WRN("firmware: %s (%d), errno %d", kpn_status_text(status), (int)status, error);
	}
	if (out_errno != NULL) {
		*out_errno = error;
	}
	return status;
}

/* Loads the download from a record; if that is missing or damaged, there is none. */
static bool load(kpn_zephyr_firmware *update, size_t len)
{
	return len > RECORD_HEAD && kpn_firmware_load(&update->private_firmware, update->private_buffer + RECORD_HEAD,
						      len - RECORD_HEAD) == KPN_OK;
}

/* Acts on the phase after the device has started. Returns 0 or an errno. */
static int start_from(kpn_zephyr_firmware *update, char phase, size_t len)
{
	bool is_loaded = load(update, len);
	int swap;

	/* Unconfirmed firmware is on trial, wherever it came from. */
	if (!boot_is_img_confirmed()) {
		update->private_state = KPN_ZEPHYR_FIRMWARE_ON_TRIAL;
		return 0;
	}
	if (phase == PHASE_FETCHING && is_loaded) {
		update->private_state = KPN_ZEPHYR_FIRMWARE_FETCHING;
		update->private_saved = kpn_firmware_confirmed(&update->private_firmware);
		update->private_announced = update->private_saved == 0 ? checksum_of(update) : 0;
		return 0;
	}
	if ((phase == PHASE_READY || phase == PHASE_ASKED) && is_loaded) {
		swap = mcuboot_swap_type();
		if (phase == PHASE_ASKED && (swap == BOOT_SWAP_TYPE_TEST || swap == BOOT_SWAP_TYPE_PERM)) {
			update->private_state = KPN_ZEPHYR_FIRMWARE_REBOOT;
			return 0;
		}
		if (update->private_attempts < CONFIG_KPN_THINGS_FIRMWARE_ATTEMPTS) {
			return ask(update);
		}
		LOG_ERR("the new firmware was taken back");
		update->private_state = KPN_ZEPHYR_FIRMWARE_TAKEN_BACK;
		return save(update, PHASE_TAKEN_BACK);
	}
	if (phase == PHASE_TAKEN_BACK && is_loaded) {
		update->private_state = KPN_ZEPHYR_FIRMWARE_TAKEN_BACK;
		return 0;
	}
	return erase_record(update);
}

kpn_status kpn_zephyr_firmware_begin(kpn_zephyr_firmware *update, int tls_tag)
{
	kpn_status status;
	ssize_t len;
	int error = 0;

	if (update == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	memset(update, 0, sizeof(*update));
	status = kpn_zephyr_begin(&update->private_connection, UINT16_MAX, tls_tag);
	if (status == KPN_OK) {
		status = kpn_firmware_begin(&update->private_firmware, update->private_memory,
					    sizeof(update->private_memory), CONFIG_KPN_THINGS_FIRMWARE_PART);
	}
	if (status == KPN_OK) {
		status = kpn_firmware_expect(&update->private_firmware, HEADER_SIZE, magic, sizeof(magic));
	}
	if (status != KPN_OK) {
		return status;
	}
	len = kpn_zephyr_store_read(RECORD_KEY, update->private_buffer, sizeof(update->private_buffer));
	if (len < 0 && len != -ENOENT && len != -ENOMEM) {
		return KPN_ERR_IO;
	}
	update->private_is_stored = len != -ENOENT;
	if (len >= RECORD_HEAD) {
		update->private_attempts = update->private_buffer[1];
		error = start_from(update, (char)update->private_buffer[0], (size_t)len);
	} else if (!boot_is_img_confirmed()) {
		update->private_state = KPN_ZEPHYR_FIRMWARE_ON_TRIAL;
	}
	if (error != 0) {
		LOG_WRN("firmware: errno %d", error);
		return KPN_ERR_IO;
	}
	update->private_tag = KPN_ZEPHYR_FIRMWARE_PRIVATE_TAG;
	return KPN_OK;
}

int32_t kpn_zephyr_firmware_state(const kpn_zephyr_firmware *update)
{
	return is_begun(update) ? update->private_state : KPN_ZEPHYR_FIRMWARE_NONE;
}

uint32_t kpn_zephyr_firmware_progress(const kpn_zephyr_firmware *update, uint32_t *out_total)
{
	if (out_total != NULL) {
		*out_total = is_begun(update) ? kpn_firmware_total(&update->private_firmware) : 0;
	}
	return is_begun(update) ? kpn_firmware_confirmed(&update->private_firmware) : 0;
}

kpn_status kpn_zephyr_firmware_offer(kpn_zephyr_firmware *update, const kpn_downlink *downlink, const char *urn)
{
	uint32_t confirmed;
	uint32_t checksum;
	kpn_status status;

	if (update == NULL || downlink == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (!is_begun(update) || update->private_state == KPN_ZEPHYR_FIRMWARE_REBOOT ||
	    update->private_state == KPN_ZEPHYR_FIRMWARE_ON_TRIAL) {
		return KPN_ERR_STATE;
	}
	status = kpn_firmware_offer(&update->private_firmware, downlink, urn);
	if (status != KPN_OK || kpn_firmware_state(&update->private_firmware) == KPN_FIRMWARE_COMPLETE) {
		return status; /* complete: it was reverted */
	}
	/*
	 * It may be announced with each response, even if it cannot be fetched, but is written once, and
	 * later as it progresses.
	 */
	confirmed = kpn_firmware_confirmed(&update->private_firmware);
	checksum = confirmed == 0 ? checksum_of(update) : update->private_announced;
	if (confirmed < update->private_saved || checksum != update->private_announced) {
		update->private_attempts = 0;
		if (save(update, PHASE_FETCHING) != 0) {
			return KPN_ERR_IO;
		}
		update->private_announced = checksum;
	}
	update->private_state = KPN_ZEPHYR_FIRMWARE_FETCHING;
	return KPN_OK;
}

uint32_t kpn_zephyr_firmware_wait(const kpn_zephyr_firmware *update, uint32_t random)
{
	uint32_t failures;

	if (!is_begun(update)) {
		return 0;
	}
	failures = kpn_firmware_failures(&update->private_firmware);
	return kpn_retry_delay_ms(failures > 0 ? failures : 1, random, FIRST_WAIT_MS, LONGEST_WAIT_MS,
				  kpn_firmware_retry_after(&update->private_firmware));
}

kpn_status kpn_zephyr_firmware_accepted(kpn_zephyr_firmware *update)
{
	if (update == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (!is_begun(update)) {
		return KPN_ERR_STATE;
	}
	if (update->private_state != KPN_ZEPHYR_FIRMWARE_ON_TRIAL) {
		return KPN_OK;
	}
	/*
	 * In this order: if asked to try it again once it is confirmed, MCUboot would bring back the old
	 * one.
	 */
	if (save(update, PHASE_CONFIRMING) != 0 || boot_write_img_confirmed() != 0) {
		return KPN_ERR_IO;
	}
	if (erase_record(update) != 0) {
		return KPN_ERR_IO;
	}
	update->private_state = KPN_ZEPHYR_FIRMWARE_NONE;
	(void)kpn_firmware_abort(&update->private_firmware);
	LOG_INF("the new firmware is confirmed");
	return KPN_OK;
}

kpn_status kpn_zephyr_firmware_forget(kpn_zephyr_firmware *update)
{
	if (update == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (!is_begun(update) || update->private_state == KPN_ZEPHYR_FIRMWARE_REBOOT ||
	    update->private_state == KPN_ZEPHYR_FIRMWARE_ON_TRIAL) {
		return KPN_ERR_STATE;
	}
	update->private_state = KPN_ZEPHYR_FIRMWARE_NONE;
	update->private_is_seated = false;
	(void)kpn_firmware_abort(&update->private_firmware);
	(void)kpn_zephyr_close(&update->private_connection);
	return erase_record(update) == 0 ? KPN_OK : KPN_ERR_IO;
}
