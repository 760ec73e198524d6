/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_NETIF_H
#define SHIM_ESP_NETIF_H
#include "esp_event.h"

typedef struct esp_netif_obj esp_netif_t;
typedef struct {
    int is_ppp;
} esp_netif_config_t;
#define ESP_NETIF_DEFAULT_PPP() {1}

extern esp_event_base_t const IP_EVENT;
enum { IP_EVENT_STA_GOT_IP, IP_EVENT_PPP_GOT_IP = 6, IP_EVENT_PPP_LOST_IP };

int esp_netif_init(void);
esp_netif_t *esp_netif_new(const esp_netif_config_t *config);
#endif
