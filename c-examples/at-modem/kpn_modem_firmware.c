/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kpn_modem_firmware.h"

typedef struct fetch {
    kpn_firmware *firmware;
    kpn_modem_flash write;
    void *context;
    bool broken; /* the flash is */
    kpn_status status;
} fetch;

static kpn_status sink(void *context, const uint8_t *bytes, size_t len)
{
    fetch *it = (fetch *)context;
    kpn_firmware_piece piece = {0, NULL, 0, 0};

    if (len == 0) {
        it->status = kpn_firmware_close(it->firmware);
    }
    for (size_t used = 0; used < len && it->status == KPN_NEED_MORE; used += piece.used) {
        it->status = kpn_firmware_feed(it->firmware, bytes + used, len - used, &piece);
        if (it->status >= 0 && piece.len > 0 && !it->write(it->context, piece.offset, piece.ptr, piece.len)) {
            it->broken = true;
            return KPN_ERR_IO;
        }
    }
    return it->status;
}

kpn_status kpn_modem_fetch(kpn_modem *modem, kpn_firmware *firmware, uint8_t *buffer, size_t cap, kpn_modem_flash write,
                           void *context)
{
    char host[KPN_FIRMWARE_HOST_MAX + 1];
    fetch it = {firmware, write, context, false, KPN_NEED_MORE};
    size_t len = 0;

    if (modem == NULL || firmware == NULL || buffer == NULL || write == NULL) {
        return KPN_ERR_INVALID_ARGUMENT;
    }
    uint32_t before = kpn_firmware_confirmed(firmware);
    kpn_status status = kpn_firmware_host(firmware, host, sizeof host);
    if (status == KPN_OK && (kpn_firmware_must_connect(firmware) || !kpn_modem_is_open(modem))) {
        (void)kpn_modem_close(modem);
        at_result opened = kpn_modem_open(modem, host, kpn_firmware_port(firmware));
        status = opened == AT_OK ? kpn_firmware_connected(firmware) : kpn_firmware_close(firmware);
    }
    if (status == KPN_OK) {
        status = kpn_firmware_request(firmware, buffer, cap, &len);
    }
    if (status != KPN_OK) {
        return status;
    }
    at_result result = kpn_modem_transfer(modem, buffer, len, sink, &it);
    if (it.broken) {
        status = kpn_firmware_rewind(firmware, before);
        (void)kpn_modem_close(modem);
        return status == KPN_OK ? KPN_ERR_IO : status;
    }
    if (it.status == KPN_NEED_MORE) {
        return kpn_firmware_close(firmware);
    }
    if (result == AT_OK || result == AT_ERR_RESPONSE || it.status == KPN_AGAIN) {
        return it.status;
    }
    /* The UART lost bytes of the last read: without a checksum nobody else would notice. */
    status = kpn_firmware_rewind(firmware, before);
    return status == KPN_OK ? KPN_AGAIN : status;
}
