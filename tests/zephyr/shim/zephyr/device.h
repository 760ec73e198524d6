/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's devices. */
#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <zephyr/drivers/flash.h>

extern const struct device shim_modem;

#define DT_ALIAS(name) shim_##name
#define DEVICE_DT_GET(node) (&(node))

#endif
