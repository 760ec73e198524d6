/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief One value of Zephyr's settings; for the files of this folder only.
 */

#ifndef KPN_ZEPHYR_STORE_H_
#define KPN_ZEPHYR_STORE_H_

#include <stddef.h>

#include <zephyr/settings/settings.h>

/** Where kpn_zephyr_store_read() puts a value. */
struct kpn_zephyr_value {
	void *bytes;
	size_t cap;
	ssize_t len; /* -ENOENT if there is none, -ENOMEM if it is larger */
};

/** Reads one value. @return Its bytes, or a negative errno: -ENOENT if there is none. */
ssize_t kpn_zephyr_store_read(const char *key, void *bytes, size_t cap);

#endif /* KPN_ZEPHYR_STORE_H_ */
