/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sends a measurement to KPN Things every minute and acts on downlinks: from anywhere, over TLS. Set Wi-Fi or Ethernet in menuconfig
 * ("Example Connection Configuration"), and URN and secret there too ("KPN Things device").
 */
#include <stdio.h>

#include "esp_crt_bundle.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_random.h"
#include "esp_tls.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "kpn_things.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"

static const char HOST[] = "prod.dm.kpnthings.com";
enum { PORT = 443, TIMEOUT_MS = 10000, INTERVAL_MS = 60000, LONGEST_MS = 3600000 };

static uint8_t buffer[1024]; /* the request, then the body of the response */

/* pdMS_TO_TICKS overflows after some hours, which a server may ask for. */
static void pause_ms(uint32_t milliseconds)
{
    vTaskDelay(milliseconds / portTICK_PERIOD_MS);
}

/* For a whole request or response, in case the server takes or sends a byte now and then. */
static bool is_late(TickType_t start)
{
    return xTaskGetTickCount() - start > pdMS_TO_TICKS(TIMEOUT_MS);
}

static kpn_status write_message(kpn_span *request)
{
    kpn_uplink uplink;
    kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_INTERNET, CONFIG_DEVICE_URN);

    if (status != KPN_OK) {
        return status;
    }
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1); /* 20.5 Cel: read your sensor here */
    return kpn_uplink_finish(&uplink, CONFIG_DEVICE_SECRET, request);
}

static kpn_status send_all(esp_tls_t *tls, kpn_span request)
{
    TickType_t start = xTaskGetTickCount();

    while (request.len > 0) {
        ssize_t sent = esp_tls_conn_write(tls, request.ptr, request.len);
        if (is_late(start)) {
            return KPN_ERR_TIMEOUT;
        }
        if (sent == ESP_TLS_ERR_SSL_WANT_READ || sent == ESP_TLS_ERR_SSL_WANT_WRITE) {
            continue;
        }
        if (sent <= 0) {
            return KPN_ERR_IO;
        }
        request.ptr += sent;
        request.len -= (size_t)sent;
    }
    return KPN_OK;
}

static kpn_status receive(esp_tls_t *tls, kpn_response *response)
{
    TickType_t start = xTaskGetTickCount();
    kpn_status status = kpn_response_begin(response, buffer, sizeof buffer);

    if (status == KPN_OK) {
        status = KPN_NEED_MORE;
    }
    while (status == KPN_NEED_MORE) {
        uint8_t chunk[128];
        ssize_t len = esp_tls_conn_read(tls, chunk, sizeof chunk);
        if (len > 0) {
            status = kpn_response_feed(response, chunk, (size_t)len, NULL);
        } else if (len == 0) {
            status = kpn_response_end(response);
        } else if (len != ESP_TLS_ERR_SSL_WANT_READ && len != ESP_TLS_ERR_SSL_WANT_WRITE) {
            status = KPN_ERR_IO; /* including the time limit of the connection */
        }
        if (status == KPN_NEED_MORE && is_late(start)) {
            status = KPN_ERR_TIMEOUT;
        }
    }
    return status;
}

static kpn_status exchange(kpn_span request, kpn_response *response)
{
    esp_tls_cfg_t config = {.crt_bundle_attach = esp_crt_bundle_attach, .timeout_ms = TIMEOUT_MS};
    esp_tls_t *tls = esp_tls_init();
    kpn_status status = KPN_ERR_CONNECT;

    if (tls != NULL && esp_tls_conn_new_sync(HOST, (int)sizeof HOST - 1, PORT, &config, tls) == 1) {
        kpn_status sent = send_all(tls, request);
        status = receive(tls, response); /* also what the platform answered before a write failed */
        status = status != KPN_OK && sent != KPN_OK ? sent : status;
    }
    esp_tls_conn_destroy(tls);
    return status;
}

static void act_on_downlink(const kpn_response *response)
{
    kpn_downlink downlink;
    kpn_record record;
    kpn_status status = kpn_downlink_begin(&downlink, response);

    if (status != KPN_OK) { /* no part of it was handed out */
        printf("downlink: %s\n", kpn_status_text(status));
    }
    while (status == KPN_OK && (status = kpn_downlink_next(&downlink, &record)) == KPN_OK) {
        if (kpn_record_is_for(&record, CONFIG_DEVICE_URN) && kpn_record_is(&record, "valve")
            && record.kind == KPN_KIND_BOOL) {
            printf("the valve is now %s\n", record.bool_value ? "open" : "shut");
        }
    }
}

void app_main(void)
{
    uint32_t failures = 0;

    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());
    for (;;) {
        kpn_span request;
        kpn_response response;
        uint32_t wait = INTERVAL_MS;
        kpn_status status = write_message(&request);

        if (status != KPN_OK) { /* it would only repeat itself */
            printf("message: %s\n", kpn_status_text(status));
            return;
        }
        status = exchange(request, &response);
        if (status == KPN_OK) {
            int32_t outcome = kpn_response_outcome(&response);
            printf("HTTP %d: %s\n", (int)kpn_response_status(&response), kpn_outcome_text(outcome));
            failures = outcome == KPN_OUTCOME_ACCEPTED ? 0 : failures + 1;
            if (outcome == KPN_OUTCOME_ACCEPTED) {
                act_on_downlink(&response);
            }
        } else {
            printf("exchange: %s\n", kpn_status_text(status));
            failures++;
        }
        if (failures > 0) {
            uint32_t retry_after = status == KPN_OK ? kpn_response_retry_after(&response) : 0;
            wait = kpn_retry_delay_ms(failures, esp_random(), INTERVAL_MS, LONGEST_MS, retry_after);
        }
        pause_ms(wait);
    }
}
