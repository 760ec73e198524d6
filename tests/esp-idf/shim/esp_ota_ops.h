/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "esp_app_desc.h"
#include "esp_partition.h"
const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start);
/* Takes the image that is in KPN_IMAGE and no other. */
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition);
esp_err_t esp_ota_mark_app_valid_cancel_rollback(void);
/* The partition is invalid if there is a file KPN_FLASH.invalid. */
const esp_partition_t *esp_ota_get_last_invalid_partition(void);
esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *description);
