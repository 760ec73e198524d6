/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fetches firmware part by part, and continues after a reset: call firmware_start first, then firmware_fetch. */
#include "kpn_things.h"
#include "modem.h"
#include "recipes.h"

enum { PART = 512, FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 3600000, SMALLEST = 1024 };

static const uint8_t first_bytes[4] = {0x3d, 0xb8, 0xf3, 0x96}; /* the beginning of an MCUboot image */
static uint8_t memory[KPN_FIRMWARE_MEMORY];
static kpn_firmware firmware;

/* `announced`: the downlink in a response, or NULL. */
kpn_status firmware_start(const kpn_downlink *announced)
{
    uint8_t image[KPN_FIRMWARE_IMAGE_MAX];
    size_t len = storage_read(image, sizeof image);
    kpn_status status = kpn_firmware_begin(&firmware, memory, sizeof memory, PART);

    if (status == KPN_OK) {
        status = kpn_firmware_expect(&firmware, SMALLEST, first_bytes, sizeof first_bytes);
    }
    if (status == KPN_OK && len > 0 && kpn_firmware_load(&firmware, image, len) != KPN_OK) {
        modem_log("the stored download is damaged"); /* waits for the next announcement */
    }
    return status == KPN_OK && announced != NULL ? kpn_firmware_offer(&firmware, announced, URN) : status;
}

static void save(void)
{
    uint8_t image[KPN_FIRMWARE_IMAGE_MAX];
    size_t len;

    if (kpn_firmware_save(&firmware, image, sizeof image, &len) == KPN_OK) {
        (void)storage_write(image, len);
    }
}

static kpn_status connect(void)
{
    char host[KPN_FIRMWARE_HOST_MAX + 1];
    kpn_status status = kpn_firmware_host(&firmware, host, sizeof host);

    modem_close();
    if (status == KPN_OK && modem_connect(APN, host, kpn_firmware_port(&firmware))) {
        return kpn_firmware_connected(&firmware);
    }
    return status == KPN_OK ? kpn_firmware_close(&firmware) : status; /* KPN_AGAIN while it may be retried */
}

static kpn_status fetch_part(uint8_t *buffer, size_t cap)
{
    uint8_t chunk[128];
    kpn_firmware_piece piece = {0, NULL, 0, 0};
    size_t len = 0;
    uint32_t before = kpn_firmware_confirmed(&firmware);
    kpn_status status = kpn_firmware_must_connect(&firmware) ? connect() : KPN_OK;

    if (status == KPN_OK) {
        status = kpn_firmware_request(&firmware, buffer, cap, &len); /* KPN_ERR_BUFFER_FULL: it needs len bytes */
    }
    if (status == KPN_OK) {
        modem_send(buffer, len);
        status = KPN_NEED_MORE;
    }
    uint32_t start = millis();
    while (status == KPN_NEED_MORE) {
        len = millis() - start > LIMIT_MS ? 0 : modem_receive(chunk, sizeof chunk);
        if (len == 0) {
            status = kpn_firmware_close(&firmware); /* closed or timed out: treated alike here */
        }
        for (size_t used = 0; used < len && status == KPN_NEED_MORE; used += piece.used) {
            status = kpn_firmware_feed(&firmware, chunk + used, len - used, &piece);
            if (status >= 0 && piece.len > 0 && !flash_write(piece.offset, piece.ptr, piece.len)) {
                status = kpn_firmware_rewind(&firmware, before); /* for the next call of firmware_fetch */
                return status == KPN_OK ? KPN_ERR_IO : status;
            }
        }
    }
    return status;
}

/*
 * Returns the last state: KPN_FIRMWARE_COMPLETE, KPN_FIRMWARE_FAILED, or KPN_FIRMWARE_REQUEST if the buffer is too small or the flash
 * failed.
 */
int32_t firmware_fetch(uint8_t *buffer, size_t cap)
{
    kpn_status status = KPN_OK;

    while (status >= 0 && kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST) {
        status = fetch_part(buffer, cap);
        if (status == KPN_OK) {
            save(); /* with large parts, or after each page of flash */
        } else if (status == KPN_AGAIN) {
            uint32_t server = kpn_firmware_retry_after(&firmware);
            sleep_ms(
                kpn_retry_delay_ms(kpn_firmware_failures(&firmware), random32(), FIRST_WAIT_MS, LONGEST_WAIT_MS, server));
        }
    }
    modem_close();
    return kpn_firmware_state(&firmware); /* complete: let the boot loader verify the signature */
}
