/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A modem with PPP. KPN_PPP says what each dialling meets: `.` an address, `-` none in time, `x` no answer of the modem, `l` an address that is lost
 * again before the next look; and an address ever after. KPN_SMS has the messages in its memory, from place 12 on: sender, a bar and text, and a bar
 * behind each but the last.
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

enum { FIRST_SMS = 12, PLACES = 30 };

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
static bool deleted[PLACES];

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

/* The message at a place: false when there is none, or it was deleted. */
static bool find_sms(int place, const char **sender, const char **text, size_t *len)
{
    const char *next = getenv("KPN_SMS");

    for (int at = FIRST_SMS; next != NULL; at++) {
        const char *bar = strchr(next, '|');
        const char *end = bar != NULL ? strchr(bar + 1, '|') : NULL;
        if (bar == NULL) {
            return false;
        }
        *sender = next;
        *text = bar + 1;
        *len = end != NULL ? (size_t)(end - bar) - 1 : strlen(bar + 1);
        if (at == place) {
            return place < PLACES && !deleted[place];
        }
        next = end != NULL ? end + 1 : NULL;
    }
    return false;
}

esp_err_t esp_modem_command(esp_modem_dce_t *dce, const char *command, esp_err_t (*got)(uint8_t *data, size_t len),
                            uint32_t milliseconds)
{
    char whole[512] = "\r\nOK\r\n";
    int place = -1;
    const char *sender, *text;
    size_t len;
    esp_err_t status = ESP_ERR_TIMEOUT;

    if (dce->mode != ESP_MODEM_MODE_COMMAND || milliseconds == 0 || command[strlen(command) - 1] != '\r') {
        return ESP_FAIL;
    }
    if (strcmp(command, "AT+CPMS?\r") == 0) {
        int used = 0;

        for (int at = 0; at < PLACES; at++) {
            used += find_sms(at, &sender, &text, &len);
        }
        (void)snprintf(whole, sizeof whole, "\r\n+CPMS: \"SM\",%d,%d,\"SM\",%d,%d,\"SM\",%d,%d\r\n\r\nOK\r\n", used, PLACES,
                       used, PLACES, used, PLACES);
    } else if (sscanf(command, "AT+CMGR=%d", &place) == 1) {
        if (find_sms(place, &sender, &text, &len)) {
            (void)snprintf(whole, sizeof whole,
                           "\r\n+CMGR: \"REC UNREAD\",\"%.*s\",\"\",\"26/01/31,12:00:00+04\"\r\n%.*s\r\n\r\nOK\r\n",
                           (int)strcspn(sender, "|"), sender, (int)len, text);
        } else if (place % 2 == 0) {
            (void)snprintf(whole, sizeof whole, "\r\n+CMS ERROR: 321\r\n");
        }
    } else if (sscanf(command, "AT+CMGD=%d", &place) == 1 && place >= 0 && place < PLACES) {
        deleted[place] = true;
        printf("deleted\n");
    }
    for (size_t some = strlen(whole) / 2; status == ESP_ERR_TIMEOUT; some = strlen(whole)) {
        status = got((uint8_t *)whole, some);
        if (some == strlen(whole)) {
            break;
        }
    }
    return status;
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
