/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* As much of esp_modem as the example uses. */
#ifndef SHIM_ESP_MODEM_API_H
#define SHIM_ESP_MODEM_API_H
#include <stddef.h>

#include "esp_netif.h"

typedef struct {
    struct {
        int tx_io_num;
        int rx_io_num;
    } uart_config;
} esp_modem_dte_config_t;
typedef struct {
    const char *apn;
} esp_modem_dce_config_t;
typedef enum { ESP_MODEM_MODE_COMMAND, ESP_MODEM_MODE_DATA } esp_modem_dce_mode_t;
typedef enum { ESP_MODEM_DCE_GENERIC, ESP_MODEM_DCE_SIM7000 } esp_modem_dce_device_t;
typedef struct esp_modem_dce_wrap esp_modem_dce_t;

#define ESP_MODEM_DTE_DEFAULT_CONFIG() {{25, 26}}
#define ESP_MODEM_DCE_DEFAULT_CONFIG(name) {name}

esp_modem_dce_t *esp_modem_new_dev(esp_modem_dce_device_t device, const esp_modem_dte_config_t *dte,
                                   const esp_modem_dce_config_t *dce, esp_netif_t *netif);
/* Fails where the modem is in that mode already. */
esp_err_t esp_modem_set_mode(esp_modem_dce_t *modem, esp_modem_dce_mode_t mode);
/* In command mode only. What has come of the answer is handed over from its beginning each time, until that is not ESP_ERR_TIMEOUT. */
esp_err_t esp_modem_command(esp_modem_dce_t *modem, const char *command, esp_err_t (*got)(uint8_t *data, size_t len),
                            uint32_t milliseconds);
#endif
