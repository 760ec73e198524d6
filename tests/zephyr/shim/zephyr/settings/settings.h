/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's settings. */
#ifndef SHIM_SETTINGS_H
#define SHIM_SETTINGS_H

#include <stddef.h>
#include <sys/types.h>

typedef ssize_t (*settings_read_cb)(void *arg, void *data, size_t len);
typedef int (*settings_load_direct_cb)(const char *key, size_t len, settings_read_cb read, void *arg, void *param);

int settings_subsys_init(void);
int settings_save_one(const char *name, const void *value, size_t len);
int settings_delete(const char *name);
int settings_load_subtree_direct(const char *subtree, settings_load_direct_cb callback, void *param);
int settings_name_next(const char *name, const char **next);

#endif
