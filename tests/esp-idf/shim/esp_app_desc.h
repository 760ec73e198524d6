/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_APP_DESC_H
#define SHIM_ESP_APP_DESC_H
#include <stdint.h>
typedef struct {
    uint32_t magic_word;
    uint8_t rest[252];
} esp_app_desc_t;
#endif
