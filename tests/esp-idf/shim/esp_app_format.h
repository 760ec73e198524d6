/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_APP_FORMAT_H
#define SHIM_ESP_APP_FORMAT_H
#include <stdint.h>
typedef struct {
    uint8_t all[24];
} esp_image_header_t;
typedef struct {
    uint8_t all[8];
} esp_image_segment_header_t;
#endif
