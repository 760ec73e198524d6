/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include "kpn_zephyr_store.h"

#include <errno.h>

static int take(const char *key, size_t len, settings_read_cb read, void *read_arg, void *param)
{
	struct kpn_zephyr_value *value = param;

	/* A value below the key is not the key itself. */
	if (settings_name_next(key, NULL) == 0) {
		value->len = len > value->cap ? -ENOMEM : read(read_arg, value->bytes, len);
	}
	return 0;
}

ssize_t kpn_zephyr_store_read(const char *key, void *bytes, size_t cap)
{
	struct kpn_zephyr_value value = {.bytes = bytes, .cap = cap, .len = -ENOENT};
	int error = settings_subsys_init();

	if (error == 0) {
		error = settings_load_subtree_direct(key, take, &value);
	}
	return error != 0 ? error : value.len;
}
