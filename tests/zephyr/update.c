/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * update IMAGE: writes a signed image into a file, for the server.
 * update IMAGE HOST PORT: updates a device over and over, with the power gone at each of its writes, then at each pair of some, then with
 * each write failing; then with images that MCUboot refuses or that never get a message through. After each reset either the old firmware
 * runs or the new one, complete; in the end the new one does.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kpn_zephyr_firmware.h>

enum { OLD_LEN = 5000, NEW_LEN = 11111, BOOTS_MAX = 24, STEPS_MAX = 300, PAIRS = 60, DONE = 0, REBOOT = 3, STUCK = 4, LOST = 5 };

#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            fprintf(stderr, "line %d, %s: %s is not so\n", __LINE__, scene, #condition);        \
            exit(1);                                                                            \
        }                                                                                       \
    } while (0)

static char scene[100] = "start";
static uint8_t old_image[OLD_LEN];
static uint8_t new_image[NEW_LEN];
static char downlink_text[300];
static bool is_mute; /* the new firmware never gets a message through */

static void make_images(void)
{
    uint32_t random = 1;

    for (size_t i = 0; i < OLD_LEN; i++) {
        old_image[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < NEW_LEN; i++) {
        random = random * 1664525U + 1013904223U;
        new_image[i] = (uint8_t)(random >> 24);
    }
    device_sign(old_image, OLD_LEN);
    device_sign(new_image, NEW_LEN);
}

static bool runs(const uint8_t *image, size_t len)
{
    return memcmp(device->slots[0], image, len) == 0;
}

/* The platform announces the firmware, to whatever runs; what the old firmware knows of it is in the settings. */
static kpn_status hear_platform(kpn_zephyr_firmware *update)
{
    kpn_downlink downlink;
    char text[sizeof downlink_text];

    strcpy(text, downlink_text);
    if (kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, strlen(text)) != KPN_OK) {
        return KPN_ERR_STATE;
    }
    return kpn_zephyr_firmware_offer(update, &downlink, NULL);
}

/* What the firmware of the device does from one reset to the next; it runs in a process of its own. */
static int run_device(void)
{
    static kpn_zephyr_firmware update;
    bool is_new = runs(new_image, NEW_LEN);
    kpn_status status = KPN_OK;

    for (int attempt = 0; attempt < 3; attempt++) { /* a write may fail */
        status = kpn_zephyr_firmware_begin(&update, KPN_ZEPHYR_NO_TLS);
        if (status == KPN_OK) {
            break;
        }
    }
    if (status != KPN_OK) {
        return STUCK;
    }
    if (is_new && is_mute) {
        return REBOOT;
    }
    for (int attempt = 0; attempt < 3 && kpn_zephyr_firmware_accepted(&update) != KPN_OK; attempt++) {
    }
    if (is_new) { /* it reports its version, and nothing is announced */
        return DONE;
    }
    if (kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_REBOOT) {
        return REBOOT;
    }
    for (int attempt = 0; attempt < 3; attempt++) {
        status = hear_platform(&update);
        if (status == KPN_OK) {
            break;
        }
    }
    for (int step = 0; step < STEPS_MAX; step++) {
        if (kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_TAKEN_BACK) {
            return LOST;
        }
        status = kpn_zephyr_firmware_step(&update, NULL);
        if (status == KPN_OK) {
            return kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_REBOOT ? REBOOT : STUCK;
        }
        if (status < 0 && status != KPN_ERR_IO) {
            return STUCK;
        }
    }
    return STUCK;
}

static int boot(void)
{
    int status;
    pid_t process;

    device_boot();
    CHECK(runs(old_image, OLD_LEN) || runs(new_image, NEW_LEN));
    process = fork();
    if (process == 0) {
        _exit(run_device());
    }
    CHECK(process > 0 && waitpid(process, &status, 0) == process && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Resets until the device is done. Returns how it ended. */
static int live(unsigned second_cut)
{
    int ended = REBOOT;

    for (int i = 0; i < BOOTS_MAX && (ended == REBOOT || ended == DEVICE_POWER_LOST); i++) {
        ended = boot();
        if (ended == DEVICE_POWER_LOST) {
            device->cut_at = second_cut > device->writes ? second_cut : 0;
        }
    }
    return ended;
}

static void expect_new(int ended)
{
    CHECK(ended == DONE);
    CHECK(runs(new_image, NEW_LEN) && !device->is_on_trial && !device->is_pending);
    CHECK(device_setting_len("kpn/firmware") == -1);
    device_boot(); /* it stays */
    CHECK(runs(new_image, NEW_LEN));
}

static void begin_scene(const char *name, unsigned first, unsigned second)
{
    snprintf(scene, sizeof scene, "%s %u %u", name, first, second);
    device_make(old_image, OLD_LEN);
}

static void announce(const char *host, const char *port, const char *name)
{
    snprintf(downlink_text, sizeof downlink_text,
             "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"n\":\"url\",\"vs\":\"http://%s:%s/%s\"},{\"n\":\"token\",\"vs\":\"abc\"}]",
             host, port, name);
}

/* An announcement in each response wears no flash, whether the firmware can be fetched or not. */
static void announced_again_and_again(const char *host, const char *port)
{
    static kpn_zephyr_firmware update;

    begin_scene("announced again and again", 0, 0);
    announce(host, port, "new.bin");
    for (int i = 0; i < 100; i++) {
        if (i % 50 == 0) { /* with a reset in between */
            CHECK(kpn_zephyr_firmware_begin(&update, KPN_ZEPHYR_NO_TLS) == KPN_OK);
        }
        CHECK(hear_platform(&update) == KPN_OK);
        CHECK(kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_FETCHING && device->writes == 1);
    }
    announce(host, port, "missing.bin");
    for (int i = 0; i < 10; i++) {
        CHECK(hear_platform(&update) == KPN_OK);
        CHECK(device->writes == (i == 0 ? 2 : 3)); /* stored, and erased once the server has refused it */
        CHECK(kpn_zephyr_firmware_step(&update, NULL) == KPN_ERR_FIRMWARE_REFUSED);
        CHECK(device->writes == 3 && device_setting_len("kpn/firmware") == -1);
    }
    announce(host, port, "new.bin");
    CHECK(hear_platform(&update) == KPN_OK && device_setting_len("kpn/firmware") > 0);
    CHECK(kpn_zephyr_firmware_forget(&update) == KPN_OK && device_setting_len("kpn/firmware") == -1);
}

int main(int argc, char **argv)
{
    unsigned writes;
    uint32_t random = 7;

    make_images();
    if (argc == 2) {
        FILE *file = fopen(argv[1], "wb");

        return file != NULL && fwrite(new_image, NEW_LEN, 1, file) == 1 && fclose(file) == 0 ? 0 : 2;
    }
    if (argc != 4) {
        return 2;
    }
    announced_again_and_again(argv[2], argv[3]);
    announce(argv[2], argv[3], "new.bin");
    begin_scene("undisturbed", 0, 0);
    expect_new(live(0));
    writes = device->writes;
    /* Against wear: at the announcement, as the bytes come in, when it is complete, asked for and confirmed. */
    CHECK(device->settings_writes <= NEW_LEN / CONFIG_KPN_THINGS_FIRMWARE_SAVE_BYTES + 4);
    CHECK(writes > NEW_LEN / CONFIG_IMG_BLOCK_BUF_SIZE);

    for (unsigned cut = 1; cut <= writes; cut++) {
        begin_scene("power gone at", cut, 0);
        device->cut_at = cut;
        expect_new(live(0));
        CHECK(device->writes > cut);
    }
    for (unsigned pair = 0; pair < PAIRS; pair++) {
        random = random * 1664525U + 1013904223U;
        unsigned first = 1 + (random >> 16) % writes;
        random = random * 1664525U + 1013904223U;
        unsigned second = first + 1 + (random >> 16) % 8;
        begin_scene("power gone at", first, second);
        device->cut_at = first;
        expect_new(live(second));
    }
    for (unsigned failing = 1; failing <= writes; failing++) {
        begin_scene("failing write", failing, 0);
        device->fail_at = failing;
        expect_new(live(0));
    }

    begin_scene("mute", 0, 0);
    is_mute = true;
    CHECK(live(0) == LOST);
    CHECK(runs(old_image, OLD_LEN) && !device->is_on_trial && !device->is_pending);
    CHECK(memcmp(device->slots[1], new_image, NEW_LEN) == 0);
    writes = device->writes;
    CHECK(boot() == LOST && device->writes == writes); /* the same announcement costs nothing any more */

    for (unsigned cut = 1; cut <= writes; cut++) {
        begin_scene("mute, power gone at", cut, 0);
        device->cut_at = cut;
        CHECK(live(0) == LOST && runs(old_image, OLD_LEN) && !device->is_on_trial);
    }
    printf("%u writes, each cut and each failing\n", writes);
    return 0;
}
