/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link.h"

#include <stdio.h>
#include <string.h>

#include "esp_event.h"
#include "esp_modem_api.h"
#include "esp_netif.h"
#include "esp_netif_ppp.h"
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"

enum { GOT_IP = 1, LOST_IP = 2, LIMIT_MS = 180000 };

static EventGroupHandle_t events;
static esp_netif_t *netif;
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

    dte.uart_config.tx_io_num = CONFIG_DEVICE_MODEM_TX;
    dte.uart_config.rx_io_num = CONFIG_DEVICE_MODEM_RX;
    netif = netif != NULL ? netif : esp_netif_new(&ppp); /* kept if the modem cannot be set up, and is tried again */
    events = events != NULL ? events : xEventGroupCreate();
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

#ifdef CONFIG_DEVICE_SMS
enum { COMMAND_MS = 5000 };

static char answer[400];

/* Gets what has come of an answer, from its beginning each time. */
static esp_err_t on_answer(uint8_t *data, size_t len)
{
    static const char ok[] = "\r\nOK\r\n";

    if (len >= sizeof answer) {
        return ESP_FAIL;
    }
    memcpy(answer, data, len);
    answer[len] = '\0';
    if (len >= sizeof ok - 1 && strcmp(answer + len - (sizeof ok - 1), ok) == 0) {
        return ESP_OK;
    }
    /* In a message anything may stand, an error too. */
    return strstr(answer, "+CMGR:") == NULL && strstr(answer, "ERROR") != NULL ? ESP_FAIL : ESP_ERR_TIMEOUT;
}

/* The text of the message in `answer`, whose sender must be the platform; NULL where there is none. */
static char *text_of_platform(size_t *len)
{
    char *text = strstr(answer, "+CMGR:");
    char sender[21] = "";

    if (text == NULL || sscanf(text, "+CMGR: \"%*[^\"]\",\"%20[^\"]\"", sender) != 1 || !kpn_sms_is_from_platform(sender)) {
        return NULL;
    }
    text = strstr(text, "\r\n");
    if (text == NULL) {
        return NULL;
    }
    text += 2;
    *len = strcspn(text, "\r\n");
    return text;
}

/* How many messages are stored, and how many places there are, the first of which has the number 0 or 1. */
static bool count_sms(int *used, int *places)
{
    const char *line;

    if (esp_modem_command(modem, "AT+CPMS?\r", on_answer, COMMAND_MS) != ESP_OK) {
        return false;
    }
    line = strstr(answer, "+CPMS:");
    return line != NULL && sscanf(line, "+CPMS: \"%*[^\"]\",%d,%d", used, places) == 2;
}

void link_take_sms(void (*act)(kpn_downlink *downlink))
{
    int used = 0;
    int places = 0;

    if (modem == NULL) {
        return;
    }
    link_close();
    if (esp_modem_command(modem, "AT+CMGF=1\r", on_answer, COMMAND_MS) != ESP_OK || !count_sms(&used, &places)) {
        return;
    }
    for (int place = 0; place <= places && used > 0; place++) {
        kpn_downlink downlink;
        char command[24];
        char *text;
        size_t len;

        (void)snprintf(command, sizeof command, "AT+CMGR=%d\r", place);
        if (esp_modem_command(modem, command, on_answer, COMMAND_MS) != ESP_OK || strstr(answer, "+CMGR:") == NULL) {
            continue; /* nothing is there */
        }
        used--;
        text = text_of_platform(&len);
        if (text != NULL && kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len) == KPN_OK) {
            act(&downlink);
        }
        (void)snprintf(command, sizeof command, "AT+CMGD=%d\r", place); /* used, or of somebody else */
        (void)esp_modem_command(modem, command, on_answer, COMMAND_MS);
    }
}
#endif
