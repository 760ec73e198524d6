/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link.h"

#include "esp_event.h"
#include "esp_modem_api.h"
#include "esp_netif.h"
#include "esp_netif_ppp.h"
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"

enum { GOT_IP = 1, LOST_IP = 2, LIMIT_MS = 180000 };

static EventGroupHandle_t events;
static esp_modem_dce_t *modem;

static void on_ip(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)argument;
    (void)base;
    (void)data;
    if (id == IP_EVENT_PPP_GOT_IP) {
        xEventGroupSetBits(events, GOT_IP);
    } else if (id == IP_EVENT_PPP_LOST_IP) {
        xEventGroupClearBits(events, GOT_IP);
        xEventGroupSetBits(events, LOST_IP);
    }
}

static bool make_modem(void)
{
    esp_modem_dte_config_t dte = ESP_MODEM_DTE_DEFAULT_CONFIG();
    esp_modem_dce_config_t dce = ESP_MODEM_DCE_DEFAULT_CONFIG(CONFIG_DEVICE_APN);
    esp_netif_config_t ppp = ESP_NETIF_DEFAULT_PPP();
    esp_netif_t *netif = esp_netif_new(&ppp);

    dte.uart_config.tx_io_num = CONFIG_DEVICE_MODEM_TX;
    dte.uart_config.rx_io_num = CONFIG_DEVICE_MODEM_RX;
    events = xEventGroupCreate();
    if (netif == NULL || events == NULL || esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, on_ip, NULL) != ESP_OK) {
        return false;
    }
    modem = esp_modem_new_dev(ESP_MODEM_DCE_SIM7000, &dte, &dce, netif); /* or the one on your board */
    return modem != NULL;
}

bool link_open(void)
{
    if (modem == NULL && !make_modem()) {
        return false;
    }
    if ((xEventGroupGetBits(events) & GOT_IP) != 0) {
        return true;
    }
    if ((xEventGroupGetBits(events) & LOST_IP) != 0) {
        link_close(); /* a modem in data mode does not dial again */
    }
    if (esp_modem_set_mode(modem, ESP_MODEM_MODE_DATA) != ESP_OK) {
        return false;
    }
    return (xEventGroupWaitBits(events, GOT_IP, pdFALSE, pdFALSE, pdMS_TO_TICKS(LIMIT_MS)) & GOT_IP) != 0;
}

void link_close(void)
{
    if (modem != NULL) {
        (void)esp_modem_set_mode(modem, ESP_MODEM_MODE_COMMAND);
        xEventGroupClearBits(events, GOT_IP | LOST_IP);
    }
}
