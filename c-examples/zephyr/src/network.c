/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include "network.h"

#include <zephyr/kernel.h>
#include <zephyr/net/conn_mgr_connectivity.h>
#include <zephyr/net/net_if.h>
#if defined(CONFIG_MODEM_CELLULAR)
#include <zephyr/device.h>
#include <zephyr/pm/device.h>
#endif

#define LOOK_AGAIN_MS 500

bool network_start(void)
{
	int64_t deadline = k_uptime_get() + (int64_t)CONFIG_SAMPLE_NETWORK_SECONDS * 1000;

#if defined(CONFIG_MODEM_CELLULAR)
	(void)pm_device_action_run(DEVICE_DT_GET(DT_ALIAS(modem)), PM_DEVICE_ACTION_RESUME);
#endif
	if (conn_mgr_all_if_up(true) != 0) {
		return false;
	}
	/* Nothing to do if the interface connects by itself, as PPP does. */
	(void)conn_mgr_all_if_connect(true);
	while (!net_if_is_up(net_if_get_default())) {
		if (k_uptime_get() > deadline) {
			return false;
		}
		k_msleep(LOOK_AGAIN_MS);
	}
	return true;
}
