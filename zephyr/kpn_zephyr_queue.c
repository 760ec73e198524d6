/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <kpn_zephyr_queue.h>

#include <errno.h>

#include <zephyr/kernel.h>

#include "kpn_zephyr_store.h"

#define QUEUE_KEY "kpn/queue"

#define MS_PER_SECOND 1000

static uint32_t uptime(void)
{
	return (uint32_t)(k_uptime_get() / MS_PER_SECOND);
}

kpn_status kpn_zephyr_queue_load(kpn_zephyr_queue *store, kpn_queue *queue, uint8_t *scratch, size_t cap,
				 uint32_t elapsed)
{
	ssize_t len;

	if (store == NULL || queue == NULL || scratch == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	*store = (kpn_zephyr_queue){.private_written_at = k_uptime_get()};
	len = kpn_zephyr_store_read(QUEUE_KEY, scratch, cap);
	if (len == -ENOENT) {
		return KPN_END;
	}
	store->private_is_stored = true;
	return len < 0 ? KPN_ERR_IO : kpn_queue_load(queue, scratch, (size_t)len, uptime(), elapsed);
}

kpn_status kpn_zephyr_queue_save(kpn_zephyr_queue *store, const kpn_queue *queue, uint8_t *scratch, size_t cap,
				 bool is_last)
{
	int64_t now = k_uptime_get();
	size_t len = 0;
	kpn_status status;

	if (store == NULL || queue == NULL || scratch == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (kpn_queue_records(queue) == 0) {
		if (store->private_is_stored && settings_delete(QUEUE_KEY) != 0) {
			return KPN_ERR_IO;
		}
		store->private_is_stored = false;
		return KPN_OK;
	}
	if (!is_last &&
	    now - store->private_written_at < (int64_t)CONFIG_KPN_THINGS_QUEUE_SAVE_SECONDS * MS_PER_SECOND) {
		return KPN_AGAIN;
	}
	status = kpn_queue_save(queue, uptime(), scratch, cap, &len);
	if (status != KPN_OK) {
		return status;
	}
	store->private_written_at = now;
	store->private_is_stored = true;
	return settings_save_one(QUEUE_KEY, scratch, len) == 0 ? KPN_OK : KPN_ERR_IO;
}
