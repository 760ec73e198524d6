/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's power of devices. */
#ifndef SHIM_PM_DEVICE_H
#define SHIM_PM_DEVICE_H

#include <zephyr/drivers/flash.h>

enum pm_device_action { PM_DEVICE_ACTION_SUSPEND, PM_DEVICE_ACTION_RESUME };

int pm_device_action_run(const struct device *device, enum pm_device_action action);

#endif
