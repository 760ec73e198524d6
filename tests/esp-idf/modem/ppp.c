/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A modem with PPP. KPN_PPP says what each dialling meets: `.` an address, `-` none in time, `x` no answer of the modem, `l` an address that is lost
 * again before the next look; and an address ever after.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_modem_api.h"
#include "esp_netif_ppp.h"
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"

struct esp_netif_obj {
    bool is_ppp;
};
struct esp_modem_dce_wrap {
    esp_modem_dce_mode_t mode;
    bool has_apn;
};

esp_event_base_t const IP_EVENT = "IP_EVENT";

static struct esp_netif_obj netif;
static struct esp_modem_dce_wrap modem;
static EventBits_t group;
static esp_event_handler_t handler;
static const char *dialling;
static bool is_lost;

esp_netif_t *esp_netif_new(const esp_netif_config_t *config)
{
    netif.is_ppp = config->is_ppp != 0;
    return &netif;
}

esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t new_handler, void *argument)
{
    (void)argument;
    handler = new_handler;
    return base == IP_EVENT && id == ESP_EVENT_ANY_ID ? ESP_OK : ESP_FAIL;
}

esp_modem_dce_t *esp_modem_new_dev(esp_modem_dce_device_t device, const esp_modem_dte_config_t *dte,
                                   const esp_modem_dce_config_t *dce, esp_netif_t *interface)
{
    dialling = getenv("KPN_PPP");
    modem.has_apn = strcmp(dce->apn, "kpnthings.iot") == 0;
    return device == ESP_MODEM_DCE_SIM7000 && interface == &netif && netif.is_ppp && dte->uart_config.tx_io_num == 27
               ? &modem
               : NULL;
}

static void tell(int32_t id)
{
    handler(NULL, IP_EVENT, id, NULL);
}

esp_err_t esp_modem_set_mode(esp_modem_dce_t *dce, esp_modem_dce_mode_t mode)
{
    char met = '.';

    if (dce->mode == mode) {
        return ESP_FAIL;
    }
    if (mode == ESP_MODEM_MODE_DATA) {
        printf("dials\n");
        if (dialling != NULL && *dialling != '\0') {
            met = *dialling++;
        }
        if (met == 'x') {
            return ESP_FAIL;
        }
        if (met != '-' && dce->has_apn) {
            tell(IP_EVENT_PPP_GOT_IP);
        }
        is_lost = met == 'l';
    }
    dce->mode = mode;
    return ESP_OK;
}

EventGroupHandle_t xEventGroupCreate(void)
{
    return &group;
}

EventBits_t xEventGroupSetBits(EventGroupHandle_t bits, EventBits_t set)
{
    return *bits |= set;
}

EventBits_t xEventGroupClearBits(EventGroupHandle_t bits, EventBits_t clear)
{
    return *bits &= ~clear;
}

EventBits_t xEventGroupGetBits(EventGroupHandle_t bits)
{
    if (is_lost) {
        is_lost = false;
        tell(IP_EVENT_PPP_LOST_IP);
    }
    return *bits;
}

EventBits_t xEventGroupWaitBits(EventGroupHandle_t bits, EventBits_t wanted, int clear, int all, TickType_t ticks)
{
    return clear == 0 && all == 0 && ticks > 0 ? *bits & wanted : 0;
}
