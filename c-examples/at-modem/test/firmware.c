/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Firmware from a server that gives no checksum, over a line that loses and doubles bytes. */
#include "../kpn_modem_firmware.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

enum { IMAGE = 300, PART = 200, TRIES = 20 };

static uint8_t flash[IMAGE];
static uint32_t writes_left;

static bool write_flash(void *context, uint32_t offset, const uint8_t *bytes, size_t len)
{
    (void)context;
    REQUIRE(offset <= IMAGE && len <= IMAGE - offset, "%lu", (unsigned long)offset);
    memcpy(&flash[offset], bytes, len);
    return writes_left-- > 0;
}

static bool is_whole(void)
{
    for (size_t i = 0; i < IMAGE; i++) {
        if (flash[i] != i % 128) {
            return false;
        }
    }
    return true;
}

/* Fetches all of it, whatever happens on the way; returns how many calls failed. */
static unsigned fetch(const kind_under_test *kind, const char *words, uint32_t writes)
{
    static uint8_t memory[KPN_FIRMWARE_MEMORY];
    static uint8_t buffer[KPN_FIRMWARE_MEMORY];
    kpn_firmware firmware;
    unsigned failures = 0;
    desk desk;

    desk_begin(&desk, kind, words);
    memset(flash, 0xFF, sizeof flash);
    writes_left = writes;
    (void)desk_activate(&desk);
    REQUIRE(kpn_firmware_begin(&firmware, memory, sizeof memory, PART) == KPN_OK
                && kpn_firmware_start(&firmware, "http://127.0.0.1/fw", "t") == KPN_OK,
            "%s", words);
    for (int i = 0; i < TRIES && kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST; i++) {
        kpn_status status = kpn_modem_fetch(&desk.modem, &firmware, buffer, sizeof buffer, write_flash, NULL);
        REQUIRE(status == KPN_OK || status == KPN_AGAIN || status == KPN_ERR_IO, "%s, %s: %s", kind->name, words,
                kpn_status_text(status));
        failures += status == KPN_OK ? 0 : 1;
        writes_left = status == KPN_ERR_IO ? UINT32_MAX : writes_left;
        (void)desk_activate(&desk);
    }
    REQUIRE(kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE && is_whole(), "%s, %s: the image differs", kind->name,
            words);
    desk_end(&desk);
    return failures;
}

void run_firmware(void)
{
    static const char *const harms[] = {"lose", "double"};

    for (size_t kind = 0; kind < KINDS; kind++) {
        char words[160];
        unsigned noticed = 0;

        REQUIRE(fetch(&kinds[kind], "--no-echo --image 300", UINT32_MAX) == 0, "%s", kinds[kind].name);
        REQUIRE(fetch(&kinds[kind], "--no-echo --image 300", 0) == 1, "%s: flash that fails", kinds[kind].name);
        for (unsigned at = 0; at < 1600; at++) {
            for (size_t i = 0; i < 2; i++) {
                snprintf(words, sizeof words, "--no-echo --image 300 --to-host %s@%u", harms[i], at);
                noticed += fetch(&kinds[kind], words, UINT32_MAX) > 0 ? 1 : 0;
            }
        }
        REQUIRE(noticed > 300, "%s: %u", kinds[kind].name, noticed);
    }
    printf("firmware\n");
}
