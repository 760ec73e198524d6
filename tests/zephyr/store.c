/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Credentials, their shell, and the queue in the settings: what comes back after a reset, what is refused, how often is written. */
#include "check.h"
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/settings/settings.h>
#include <zephyr/shell/shell.h>

#include <kpn_zephyr_credentials.h>
#include <kpn_zephyr_queue.h>

#define DEVICE "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

static uint8_t memory[400];
static uint8_t scratch[sizeof memory + KPN_QUEUE_IMAGE_EXTRA];
static const uint8_t no_image[16] = {0};

static void test_credentials(void)
{
    kpn_zephyr_credentials read;
    char urn[KPN_URN_MAX + 1] = "urn:dev:ops:";
    char secret[KPN_SECRET_MAX + 2];

    device_make(no_image, sizeof no_image);
    CHECK(kpn_zephyr_credentials_load(NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_credentials_load(&read) == KPN_ERR_CONFIG_MISSING);
    CHECK(kpn_zephyr_credentials_save(DEVICE, NULL) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_credentials_save(NULL, SECRET) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_credentials_save("imei 1", SECRET) < 0);
    CHECK(kpn_zephyr_credentials_save(DEVICE, "short") == KPN_ERR_SECRET);
    CHECK(kpn_zephyr_credentials_save(DEVICE, "0123456789abcdefghijklmnopqrstuvwxyz-BCD") == KPN_ERR_SECRET);
    CHECK(device->writes == 0);
    CHECK(kpn_zephyr_credentials_save(DEVICE, SECRET) == KPN_OK);
    CHECK(kpn_zephyr_credentials_load(&read) == KPN_OK);
    CHECK(strcmp(read.urn, DEVICE) == 0 && strcmp(read.secret, SECRET) == 0);

    /* The longest of both. */
    memset(urn + strlen(urn), 'a', KPN_URN_MAX - 1 - strlen(urn));
    urn[KPN_URN_MAX - 1] = ':';
    memset(secret, 'Z', KPN_SECRET_MAX);
    secret[KPN_SECRET_MAX] = '\0';
    CHECK(kpn_zephyr_credentials_save(urn, secret) == KPN_OK);
    CHECK(kpn_zephyr_credentials_load(&read) == KPN_OK);
    CHECK(strcmp(read.urn, urn) == 0 && strcmp(read.secret, secret) == 0);
    strcat(secret, "Z");
    CHECK(kpn_zephyr_credentials_save(urn, secret) == KPN_ERR_SECRET);

    device->fail_at = device->writes + 1;
    CHECK(kpn_zephyr_credentials_save(DEVICE, SECRET) == KPN_ERR_IO);
    CHECK(kpn_zephyr_credentials_load(&read) == KPN_OK && strcmp(read.urn, urn) == 0);
    CHECK(kpn_zephyr_credentials_erase() == KPN_OK);
    CHECK(kpn_zephyr_credentials_load(&read) == KPN_ERR_CONFIG_MISSING);

    /* Whatever else may stand there. */
    for (size_t len = 0; len <= 250; len++) {
        uint8_t bytes[250];

        memset(bytes, 'a', sizeof bytes);
        CHECK(settings_save_one("kpn/device", bytes, len) == 0);
        CHECK(kpn_zephyr_credentials_load(&read) == KPN_ERR_CONFIG);
        memset(bytes, 0, sizeof bytes);
        CHECK(settings_save_one("kpn/device", bytes, len) == 0);
        CHECK(kpn_zephyr_credentials_load(&read) == KPN_ERR_CONFIG);
    }
    CHECK(settings_save_one("kpn/device", DEVICE "\0" SECRET, sizeof DEVICE + sizeof SECRET - 1) == 0); /* no NUL at its end */
    CHECK(kpn_zephyr_credentials_load(&read) == KPN_ERR_CONFIG);
}

static int command(const char *name, size_t argc, char **argv)
{
    static const struct shell shell;

    for (const struct shim_command *entry = shim_shell_kpn; entry->name != NULL; entry++) {
        if (strcmp(entry->name, name) == 0 && argc == entry->mandatory && entry->optional == 0) {
            return entry->handler(&shell, argc, argv);
        }
    }
    return 1;
}

static void test_shell(void)
{
    char *good[] = {"device", DEVICE, SECRET};
    char *bad[] = {"device", DEVICE, "short"};

    device_make(no_image, sizeof no_image);
    CHECK(command("show", 1, good) != 0);
    CHECK(command("device", 3, bad) != 0);
    CHECK(command("device", 2, good) == 1); /* not called with too few */
    CHECK(command("device", 3, good) == 0);
    CHECK(command("show", 1, good) == 0);
    CHECK(command("erase", 1, good) == 0);
    CHECK(command("show", 1, good) != 0);
}

static void test_queue(void)
{
    kpn_zephyr_queue store;
    kpn_queue queue;
    uint32_t now = (uint32_t)(k_uptime_get() / 1000);

    device_make(no_image, sizeof no_image);
    CHECK(kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_DROP_OLDEST) == KPN_OK);
    CHECK(kpn_zephyr_queue_load(NULL, &queue, scratch, sizeof scratch, 0) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_queue_load(&store, NULL, scratch, sizeof scratch, 0) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_queue_load(&store, &queue, NULL, 0, 0) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_queue_load(&store, &queue, scratch, sizeof scratch, 0) == KPN_END);
    CHECK(kpn_zephyr_queue_save(NULL, &queue, scratch, sizeof scratch, true) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_queue_save(&store, NULL, scratch, sizeof scratch, true) == KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_zephyr_queue_save(&store, &queue, NULL, 0, true) == KPN_ERR_INVALID_ARGUMENT);

    /* Empty, and nothing is stored: nothing is written. */
    CHECK(kpn_zephyr_queue_save(&store, &queue, scratch, sizeof scratch, true) == KPN_OK && device->writes == 0);
    CHECK(kpn_queue_push_int64(&queue, "count", NULL, KPN_CLOCK_UPTIME, now, 7) == KPN_OK);
    CHECK(kpn_zephyr_queue_save(&store, &queue, scratch, sizeof scratch, false) == KPN_AGAIN && device->writes == 0);
    CHECK(kpn_zephyr_queue_save(&store, &queue, scratch, 10, true) == KPN_ERR_BUFFER_FULL && device->writes == 0);
    CHECK(kpn_zephyr_queue_save(&store, &queue, scratch, sizeof scratch, true) == KPN_OK && device->writes == 1);

    /* Once the seconds are over, and then not again. */
    k_msleep(CONFIG_KPN_THINGS_QUEUE_SAVE_SECONDS * 1000 + 50);
    CHECK(kpn_queue_push_int64(&queue, "count", NULL, KPN_CLOCK_UPTIME, now, 8) == KPN_OK);
    CHECK(kpn_zephyr_queue_save(&store, &queue, scratch, sizeof scratch, false) == KPN_OK && device->writes == 2);
    for (int i = 0; i < 100; i++) {
        CHECK(kpn_zephyr_queue_save(&store, &queue, scratch, sizeof scratch, false) == KPN_AGAIN);
    }
    CHECK(device->writes == 2);

    /* After a reset, into a queue that had something else. */
    kpn_queue again;
    uint8_t other[sizeof memory];
    CHECK(kpn_queue_begin(&again, other, sizeof other, KPN_QUEUE_DROP_OLDEST) == KPN_OK);
    CHECK(kpn_zephyr_queue_load(&store, &again, scratch, 20, 0) == KPN_ERR_IO && kpn_queue_records(&again) == 0);
    CHECK(kpn_zephyr_queue_load(&store, &again, scratch, sizeof scratch, 0) == KPN_OK && kpn_queue_records(&again) == 2);

    /* What was accepted is erased at once. */
    CHECK(kpn_queue_begin(&again, other, sizeof other, KPN_QUEUE_DROP_OLDEST) == KPN_OK);
    device->fail_at = device->writes + 1;
    CHECK(kpn_zephyr_queue_save(&store, &again, scratch, sizeof scratch, false) == KPN_ERR_IO);
    CHECK(device_setting_len("kpn/queue") > 0);
    CHECK(kpn_zephyr_queue_save(&store, &again, scratch, sizeof scratch, false) == KPN_OK);
    CHECK(device_setting_len("kpn/queue") == -1);
    CHECK(kpn_zephyr_queue_load(&store, &again, scratch, sizeof scratch, 0) == KPN_END);

    /* A damaged image is told, and written over. */
    CHECK(settings_save_one("kpn/queue", "damaged", 7) == 0);
    CHECK(kpn_zephyr_queue_load(&store, &again, scratch, sizeof scratch, 0) == KPN_ERR_IMAGE);
    CHECK(kpn_zephyr_queue_save(&store, &again, scratch, sizeof scratch, false) == KPN_OK);
    CHECK(device_setting_len("kpn/queue") == -1);
}

int main(void)
{
    test_credentials();
    test_shell();
    test_queue();
    return 0;
}
