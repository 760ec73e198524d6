/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_PARTITION_H
#define SHIM_ESP_PARTITION_H
#include <stddef.h>
#include <stdint.h>
#include "esp_err.h"
typedef struct {
    uint32_t address;
    uint32_t size;
} esp_partition_t;
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *bytes, size_t size);
#endif
