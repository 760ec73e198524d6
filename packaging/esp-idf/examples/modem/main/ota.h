/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Firmware over the air: the parts go into the next update partition, the state into NVS, so that a download continues after a reset.
 *
 * Only parts with the right checksum are written, each sector is erased before, and the state is stored once per sector: a power loss at
 * any moment costs at most what was fetched of one sector. In the end ESP-IDF verifies the image, and with secure boot its signature. A
 * server may send shorter parts than requested.
 */
#ifndef OTA_H
#define OTA_H

#include "esp_err.h"
#include "esp_partition.h"
#include "kpn_things.h"

enum {
    OTA_PART = 512,
    OTA_SECTOR = 4096,
    OTA_ALIGN = 16,                              /* encrypted flash takes as many bytes at a time */
    OTA_REQUEST_MAX = KPN_FIRMWARE_MEMORY + 256, /* URL, token and the rest of the head */
    OTA_STATE_MAX = KPN_FIRMWARE_IMAGE_MAX + 4   /* and the address of the partition */
};

/* Private. */
typedef struct ota {
    kpn_firmware firmware;
    const esp_partition_t *partition;
    uint32_t start; /* of the part being received */
    size_t len;     /* bytes of it */
    int fd;         /* -1: no connection */
    uint8_t memory[KPN_FIRMWARE_MEMORY];
    uint8_t buffer[OTA_REQUEST_MAX]; /* a request, or the state */
    uint8_t part[OTA_PART];
} ota;

/* Continues from what an earlier run left. NVS must be initialised. */
esp_err_t ota_begin(ota *ota);

/* Whether there is something to fetch. */
bool ota_is_wanted(const ota *ota);

/* Looks for firmware in a downlink; KPN_OK if there is some, otherwise as kpn_firmware_offer. */
kpn_status ota_offer(ota *ota, const kpn_downlink *downlink, const char *urn);

/*
 * Fetches and stores one part. KPN_OK: go on. KPN_AGAIN: wait, then go on. KPN_END: the image is complete and verified, and starts at the
 * next reset. KPN_ERR_IO: flash or NVS failed; go on, and the sector is fetched again. Others: the download has ended and is forgotten.
 */
kpn_status ota_fetch(ota *ota);

/* The running firmware is good: call it when a message was accepted, or the boot loader goes back to the previous firmware. */
void ota_confirm(void);

#endif
