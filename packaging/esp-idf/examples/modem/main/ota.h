/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Firmware over the air: the parts go into the next update partition, the state into NVS, so that a download goes on after a reset.
 *
 * Only parts whose checksum is right are written, each sector is erased before, and the state is stored once a sector: a loss of power at any
 * moment costs what was fetched of one sector. When all is there ESP-IDF verifies the image, and with secure boot its signature.
 */
#ifndef OTA_H
#define OTA_H

#include "esp_err.h"
#include "esp_partition.h"
#include "kpn_things.h"

enum { OTA_PART = 512, OTA_SECTOR = 4096 };

/* Private. */
typedef struct ota {
    kpn_firmware firmware;
    const esp_partition_t *partition;
    uint32_t start; /* of the part that comes */
    size_t len;     /* bytes of it */
    int fd;         /* -1: no connection */
    uint8_t memory[KPN_FIRMWARE_MEMORY];
    uint8_t request[KPN_FIRMWARE_MEMORY];
    uint8_t part[OTA_PART];
} ota;

/* Takes up what an earlier run left. NVS is initialised. */
esp_err_t ota_begin(ota *ota);

/* Whether there is something to fetch. */
bool ota_is_wanted(const ota *ota);

/* Looks for firmware in a downlink; KPN_OK when there is some, other statuses as of kpn_firmware_offer. */
kpn_status ota_offer(ota *ota, const kpn_downlink *downlink, const char *urn);

/*
 * Fetches and stores one part. KPN_OK: go on. KPN_AGAIN: wait, then go on. KPN_END: the image is whole, verified, and starts with the next reset.
 * KPN_ERR_IO: flash or NVS failed; go on, the sector is fetched again. Others: the download is over and forgotten.
 */
kpn_status ota_fetch(ota *ota);

/* The running firmware is good: to be called when a message was accepted, or the bootloader goes back to the one before. */
void ota_confirm(void);

#endif
