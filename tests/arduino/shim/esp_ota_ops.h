/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_OTA_OPS_H
#define SHIM_ESP_OTA_OPS_H

typedef int esp_err_t;
#define ESP_OK 0

esp_err_t esp_ota_mark_app_valid_cancel_rollback();

#endif
