/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the sample does of its own with SMS and with the network, against an SMS library and a connection manager that are told what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modem/sms.h>
#include <zephyr/device.h>
#include <zephyr/net/conn_mgr_connectivity.h>
#include <zephyr/net/net_if.h>
#include <zephyr/pm/device.h>

#include "check.h"

#define main sample_main
#include "main.c"
#undef main

const struct device shim_modem;

static sms_callback_t listener;
static int registered = 1;
static bool initialised = true; /* the modem, without which the SMS library fails; the network interface does so */
static int up;
static int asked;
static int resumed;
static int connected;

int sms_register_listener(sms_callback_t callback, void *context)
{
    (void)context;
    if (!initialised) {
        return -1;
    }
    listener = callback;
    return registered;
}

int conn_mgr_all_if_up(bool skip_ignored)
{
    CHECK(skip_ignored);
    initialised = up == 0;
    return up;
}

int conn_mgr_all_if_connect(bool skip_ignored)
{
    CHECK(skip_ignored);
    connected++;
    return -134; /* nobody to connect: PPP does it by itself */
}

struct net_if *net_if_get_default(void)
{
    return NULL;
}

bool net_if_is_up(struct net_if *iface)
{
    (void)iface;
    return --asked < 0;
}

int pm_device_action_run(const struct device *of, enum pm_device_action action)
{
    resumed += of == &shim_modem && action == PM_DEVICE_ACTION_RESUME;
    return 0;
}

static void deliver(enum sms_type type, const char *sender, int len)
{
    struct sms_data data;

    memset(&data, 0, sizeof data);
    data.type = type;
    snprintf(data.header.deliver.originating_address.address_str, 21, "%s", sender);
    data.payload_len = len;
    memset(data.payload, 'x', sizeof data.payload);
    listener(&data, NULL);
}

int main(void)
{
    uint8_t text[SMS_TEXT_MAX];

    registered = -16;
    CHECK(!sms_start());
    registered = 0; /* handles begin with 0 */
    CHECK(sms_start());
    deliver(SMS_TYPE_DELIVER, "+31612345678", 10);
    deliver(SMS_TYPE_STATUS_REPORT, "5277", 10);
    deliver(SMS_TYPE_DELIVER, "5277", -1);
    deliver(SMS_TYPE_DELIVER, "5277", 161);
    CHECK(sms_take(text) == 0); /* nothing of these */
    deliver(SMS_TYPE_DELIVER, "5277", 160);
    deliver(SMS_TYPE_DELIVER, "5277", 3);
    CHECK(sms_take(text) == 160 && text[159] == 'x' && sms_take(text) == 3 && sms_take(text) == 0);
    for (int i = 0; i < 9; i++) {
        deliver(SMS_TYPE_DELIVER, "5277", i + 1);
    }
    CHECK(sms_take(text) == 1);

    asked = 1;
    CHECK(network_start() && resumed == 1 && connected == 1);
    asked = 100;
    CHECK(!network_start()); /* in time */
    up = -5;
    CHECK(!network_start() && connected == 2);
    CHECK(!start());
    up = 0;
    asked = 1;
    initialised = false;
    listener = NULL;
    CHECK(start() && listener != NULL);
    return 0;
}
