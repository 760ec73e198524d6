/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sends a measurement to KPN Things every minute through a modem, acts on downlinks, and updates itself: over PPP into KPN's private
 * network, without TLS, since that network itself is the secure channel. Set URN, secret, APN and pins in menuconfig ("KPN Things device").
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "esp_err.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_random.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "kpn_things.h"
#include "link.h"
#include "lwip/sockets.h"
#include "nvs_flash.h"
#include "ota.h"

static const char HOST[] = "10.151.236.157";
static const char VERSION[] = "1.0.0";
enum { PORT = 80, TIMEOUT_S = 30, INTERVAL_MS = 60000, LONGEST_MS = 3600000, FLASH_TRIES = 5 };

static uint8_t buffer[1024]; /* the request, then the body of the response */
static ota update;

/* pdMS_TO_TICKS overflows after some hours, which a server may ask for. */
static void pause_ms(uint32_t milliseconds)
{
    vTaskDelay(milliseconds / portTICK_PERIOD_MS);
}

static kpn_status write_message(kpn_span *request)
{
    kpn_uplink uplink;
    kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, CONFIG_DEVICE_URN);

    if (status != KPN_OK) {
        return status;
    }
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1); /* 20.5 Cel: read your sensor here */
    kpn_uplink_add_text(&uplink, "firmware", NULL, VERSION);   /* tells the platform which version is running */
    return kpn_uplink_finish(&uplink, CONFIG_DEVICE_SECRET, request);
}

static kpn_status receive(int fd, kpn_response *response)
{
    TickType_t start = xTaskGetTickCount();
    kpn_status status = kpn_response_begin(response, buffer, sizeof buffer);

    if (status == KPN_OK) {
        status = KPN_NEED_MORE;
    }
    while (status == KPN_NEED_MORE) {
        uint8_t chunk[128];
        if (xTaskGetTickCount() - start > pdMS_TO_TICKS(TIMEOUT_S * 1000)) { /* a byte now and then does not help */
            return KPN_ERR_TIMEOUT;
        }
        ssize_t len = recv(fd, chunk, sizeof chunk, 0);
        if (len > 0) {
            status = kpn_response_feed(response, chunk, (size_t)len, NULL);
        } else {
            status = len == 0 ? kpn_response_end(response) : KPN_ERR_IO; /* including the time limit of the socket */
        }
    }
    return status;
}

static kpn_status exchange(kpn_span request, kpn_response *response)
{
    struct sockaddr_in address;
    struct timeval limit = {TIMEOUT_S, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    kpn_status status = KPN_ERR_CONNECT;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(PORT);
    if (fd >= 0 && inet_pton(AF_INET, HOST, &address.sin_addr) == 1) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        status = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? KPN_OK : KPN_ERR_CONNECT;
    }
    while (status == KPN_OK && request.len > 0) {
        ssize_t sent = send(fd, request.ptr, request.len, 0);
        status = sent > 0 ? KPN_OK : KPN_ERR_IO;
        request.ptr += sent > 0 ? sent : 0;
        request.len -= sent > 0 ? (size_t)sent : 0;
    }
    if (status == KPN_OK || status == KPN_ERR_IO) { /* the platform may have answered before a write failed */
        kpn_status received = receive(fd, response);
        status = received == KPN_OK || status == KPN_OK ? received : status;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

static void act_on(kpn_downlink *downlink)
{
    kpn_record record;

    if (ota_offer(&update, downlink, CONFIG_DEVICE_URN) == KPN_OK) {
        printf("firmware is announced\n");
        return;
    }
    while (kpn_downlink_next(downlink, &record) == KPN_OK) {
        if (kpn_record_is_for(&record, CONFIG_DEVICE_URN) && kpn_record_is(&record, "valve")
            && record.kind == KPN_KIND_BOOL) {
            printf("the valve is now %s\n", record.bool_value ? "open" : "shut");
        }
    }
}

static void act_on_downlink(const kpn_response *response)
{
    kpn_downlink downlink;
    kpn_status status = kpn_downlink_begin(&downlink, response);

    if (status == KPN_OK) {
        act_on(&downlink);
    } else { /* no part of it was handed out */
        printf("downlink: %s\n", kpn_status_text(status));
    }
}

/* Until the image is complete, or the server refuses it, or the flash fails too often. */
static void fetch_firmware(void)
{
    int broken = 0;

    while (ota_is_wanted(&update)) {
        kpn_status status = ota_fetch(&update);
        if (status == KPN_END) {
            printf("the new firmware starts\n");
            esp_restart();
        } else if (status == KPN_AGAIN || (status == KPN_ERR_IO && ++broken < FLASH_TRIES)) {
            uint32_t after = kpn_firmware_retry_after(&update.firmware);
            pause_ms(
                kpn_retry_delay_ms(kpn_firmware_failures(&update.firmware) + 1, esp_random(), 1000, INTERVAL_MS, after));
        } else if (status != KPN_OK) {
            printf("firmware: %s\n", kpn_status_text(status));
            return;
        }
    }
}

void app_main(void)
{
    uint32_t failures = 0;

    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(ota_begin(&update));
    for (;;) {
        kpn_span request;
        kpn_response response;
        uint32_t wait = INTERVAL_MS;
        uint32_t retry_after = 0;
        bool accepted = false;
        kpn_status status = write_message(&request);

        if (status != KPN_OK) { /* it would only repeat itself */
            printf("message: %s\n", kpn_status_text(status));
            return;
        }
        status = link_open() ? exchange(request, &response) : KPN_ERR_CONNECT;
        if (status == KPN_OK) {
            int32_t outcome = kpn_response_outcome(&response);
            printf("HTTP %d: %s\n", (int)kpn_response_status(&response), kpn_outcome_text(outcome));
            retry_after = kpn_response_retry_after(&response);
            accepted = outcome == KPN_OUTCOME_ACCEPTED;
        } else {
            printf("exchange: %s\n", kpn_status_text(status));
            link_close();
        }
        failures = accepted ? 0 : failures + 1;
        if (accepted) {
            ota_confirm();
            act_on_downlink(&response);
            fetch_firmware();
        } else {
            wait = kpn_retry_delay_ms(failures, esp_random(), INTERVAL_MS, LONGEST_MS, retry_after);
        }
#ifdef CONFIG_DEVICE_SMS
        link_take_sms(act_on);
#endif
        pause_ms(wait);
    }
}
