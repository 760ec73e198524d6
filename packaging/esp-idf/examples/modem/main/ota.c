/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ota.h"

#include <string.h>
#include <unistd.h>

#include "esp_app_format.h"
#include "esp_ota_ops.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lwip/sockets.h"
#include "nvs.h"

static const char SPACE[] = "kpn_ota";
static const char KEY[] = "state";
enum { TIMEOUT_S = 30 };

/* The download, then the address of its partition. */
static bool store(ota *ota)
{
    uint32_t address = ota->partition->address;
    nvs_handle_t nvs;
    size_t len;
    bool stored = false;

    if (kpn_firmware_save(&ota->firmware, ota->buffer, sizeof ota->buffer - sizeof address, &len) == KPN_OK
        && nvs_open(SPACE, NVS_READWRITE, &nvs) == ESP_OK) {
        memcpy(&ota->buffer[len], &address, sizeof address);
        stored = nvs_set_blob(nvs, KEY, ota->buffer, len + sizeof address) == ESP_OK && nvs_commit(nvs) == ESP_OK;
        nvs_close(nvs);
    }
    return stored;
}

static void forget(void)
{
    nvs_handle_t nvs;

    if (nvs_open(SPACE, NVS_READWRITE, &nvs) == ESP_OK) {
        (void)nvs_erase_key(nvs, KEY);
        (void)nvs_commit(nvs);
        nvs_close(nvs);
    }
}

static void hang_up(ota *ota)
{
    if (ota->fd >= 0) {
        (void)close(ota->fd);
    }
    ota->fd = -1;
}

/* Back to the beginning of the sector, which is erased as a whole. */
static kpn_status rewind_sector(ota *ota)
{
    uint32_t confirmed = kpn_firmware_confirmed(&ota->firmware);

    hang_up(ota);
    return kpn_firmware_rewind(&ota->firmware, confirmed - confirmed % OTA_SECTOR);
}

/* Not if it is for the other partition, from which this firmware runs: the power was lost after it was complete. */
static bool load(ota *ota, size_t len)
{
    uint32_t address = 0;

    if (len <= sizeof address) {
        return false;
    }
    len -= sizeof address;
    memcpy(&address, &ota->buffer[len], sizeof address);
    return address == ota->partition->address && kpn_firmware_load(&ota->firmware, ota->buffer, len) == KPN_OK
           && rewind_sector(ota) == KPN_OK;
}

esp_err_t ota_begin(ota *ota)
{
    nvs_handle_t nvs;
    size_t len = sizeof ota->buffer;

    memset(ota, 0, sizeof *ota);
    ota->fd = -1;
    ota->partition = esp_ota_get_next_update_partition(NULL);
    if (ota->partition == NULL || kpn_firmware_begin(&ota->firmware, ota->memory, sizeof ota->memory, OTA_PART) != KPN_OK) {
        return ESP_FAIL;
    }
    if (nvs_open(SPACE, NVS_READWRITE, &nvs) != ESP_OK) {
        return ESP_FAIL;
    }
    esp_err_t found = nvs_get_blob(nvs, KEY, ota->buffer, &len);
    nvs_close(nvs);
    if (found == ESP_OK && !load(ota, len)) {
        forget();
        return kpn_firmware_begin(&ota->firmware, ota->memory, sizeof ota->memory, OTA_PART) == KPN_OK ? ESP_OK : ESP_FAIL;
    }
    return ESP_OK;
}

bool ota_is_wanted(const ota *ota)
{
    return kpn_firmware_state(&ota->firmware) == KPN_FIRMWARE_REQUEST;
}

kpn_status ota_offer(ota *ota, const kpn_downlink *downlink, const char *urn)
{
    kpn_status status = kpn_firmware_offer(&ota->firmware, downlink, urn);

    if (status == KPN_OK && !store(ota)) { /* it continues all the same, as long as there is power */
        return KPN_OK;
    }
    return status;
}

static bool connect_to(ota *ota, const char *host, uint16_t port)
{
    struct sockaddr_in address;
    struct timeval limit = {TIMEOUT_S, 0};

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) { /* the private network has no names */
        return false;
    }
    ota->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (ota->fd < 0) {
        return false;
    }
    (void)setsockopt(ota->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(ota->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return connect(ota->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static kpn_status feed(ota *ota, const uint8_t *bytes, size_t len)
{
    kpn_firmware_piece piece = {0, NULL, 0, 0};
    kpn_status status = KPN_NEED_MORE;

    for (size_t used = 0; used < len && status == KPN_NEED_MORE; used += piece.used) {
        status = kpn_firmware_feed(&ota->firmware, bytes + used, len - used, &piece);
        if (status >= 0 && piece.len > 0) {
            uint32_t at = piece.offset - ota->start;
            if (piece.offset < ota->start || at > OTA_PART || piece.len > OTA_PART - at) {
                return KPN_ERR_FIRMWARE_RANGE;
            }
            memcpy(&ota->part[at], piece.ptr, piece.len);
            ota->len = at + piece.len;
        }
    }
    return status;
}

static kpn_status receive_part(ota *ota)
{
    char host[KPN_FIRMWARE_HOST_MAX + 1];
    uint8_t chunk[256];
    size_t len = 0;
    kpn_status status = kpn_firmware_host(&ota->firmware, host, sizeof host);

    ota->start = kpn_firmware_confirmed(&ota->firmware);
    ota->len = 0;
    if (status == KPN_OK && (ota->fd < 0 || kpn_firmware_must_connect(&ota->firmware))) {
        hang_up(ota);
        status = connect_to(ota, host, kpn_firmware_port(&ota->firmware)) ? kpn_firmware_connected(&ota->firmware)
                                                                          : kpn_firmware_close(&ota->firmware);
    }
    if (status == KPN_OK) {
        status = kpn_firmware_request(&ota->firmware, ota->buffer, sizeof ota->buffer, &len);
    }
    if (status != KPN_OK) {
        return status;
    }
    for (size_t at = 0; at < len;) {
        ssize_t sent = send(ota->fd, ota->buffer + at, len - at, 0);
        if (sent <= 0) {
            hang_up(ota);
            return kpn_firmware_close(&ota->firmware);
        }
        at += (size_t)sent;
    }
    TickType_t start = xTaskGetTickCount();
    for (status = KPN_NEED_MORE; status == KPN_NEED_MORE;) {
        /* For the whole part, in case the server sends a byte now and then. */
        bool is_late = xTaskGetTickCount() - start > pdMS_TO_TICKS(TIMEOUT_S * 1000);
        ssize_t got = is_late ? 0 : recv(ota->fd, chunk, sizeof chunk, 0);
        if (got > 0) {
            status = feed(ota, chunk, (size_t)got);
        } else {
            hang_up(ota);
            status = kpn_firmware_close(&ota->firmware);
        }
    }
    return status;
}

/*
 * Whether it begins as the firmware that failed last, which is still in its partition. Build time and hash are in the description. The
 * first part has all of it, unless the server sends less than requested.
 */
static bool has_failed(const ota *ota)
{
    const size_t at = sizeof(esp_image_header_t) + sizeof(esp_image_segment_header_t);
    const esp_partition_t *invalid = esp_ota_get_last_invalid_partition();
    esp_app_desc_t failed;

    return ota->start == 0 && ota->len >= at + sizeof failed && invalid != NULL
           && esp_ota_get_partition_description(invalid, &failed) == ESP_OK
           && memcmp(&ota->part[at], &failed, sizeof failed) == 0;
}

/* Erases each sector that begins in the part, and writes the part. */
static bool write_part(ota *ota)
{
    size_t len = (ota->len + OTA_ALIGN - 1) / OTA_ALIGN * OTA_ALIGN;
    uint32_t sector = (ota->start + OTA_SECTOR - 1) / OTA_SECTOR * OTA_SECTOR;

    memset(&ota->part[ota->len], 0xFF, len - ota->len);
    for (; sector < ota->start + len; sector += OTA_SECTOR) {
        if (esp_partition_erase_range(ota->partition, sector, OTA_SECTOR) != ESP_OK) {
            return false;
        }
    }
    return esp_partition_write(ota->partition, ota->start, ota->part, len) == ESP_OK;
}

/* What a short part has too much for the flash is fetched again. The last part is padded instead. */
static kpn_status align_part(ota *ota)
{
    size_t more = ota->len % OTA_ALIGN;

    if (more == 0 || kpn_firmware_state(&ota->firmware) == KPN_FIRMWARE_COMPLETE) {
        return KPN_OK;
    }
    ota->len -= more;
    return ota->len > 0 ? kpn_firmware_rewind(&ota->firmware, ota->start + (uint32_t)ota->len) : KPN_ERR_FIRMWARE_RANGE;
}

kpn_status ota_fetch(ota *ota)
{
    kpn_status status = receive_part(ota);

    if (status == KPN_OK && kpn_firmware_total(&ota->firmware) > ota->partition->size) {
        status = KPN_ERR_FIRMWARE_SIZE;
    }
    if (status == KPN_OK && has_failed(ota)) {
        status = KPN_ERR_FIRMWARE_UNEXPECTED;
    }
    if (status == KPN_OK) {
        status = align_part(ota);
    }
    if (status == KPN_OK && !write_part(ota)) {
        status = rewind_sector(ota);
        return status == KPN_OK ? KPN_ERR_IO : status;
    }
    if (status == KPN_OK && kpn_firmware_state(&ota->firmware) == KPN_FIRMWARE_COMPLETE) {
        hang_up(ota);
        status = esp_ota_set_boot_partition(ota->partition) == ESP_OK ? KPN_END
                                                                      : KPN_ERR_FIRMWARE_REFUSED; /* it verifies the image */
        forget();
        return status;
    }
    if (status == KPN_OK && kpn_firmware_confirmed(&ota->firmware) / OTA_SECTOR != ota->start / OTA_SECTOR && !store(ota)) {
        return KPN_ERR_IO;
    }
    if (status == KPN_ERR_FIRMWARE_REPLACED) { /* a different image under the same URL */
        hang_up(ota);
        return kpn_firmware_rewind(&ota->firmware, 0) == KPN_OK ? KPN_AGAIN : status;
    }
    if (status < 0) {
        hang_up(ota);
        (void)kpn_firmware_abort(&ota->firmware);
        forget();
    }
    return status;
}

void ota_confirm(void)
{
    (void)esp_ota_mark_app_valid_cancel_rollback();
}
