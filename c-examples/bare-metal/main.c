/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Firmware without an operating system: builds a message, sends it through a modem on a UART, and acts on the downlink.
 */
#include "board.h"
#include "kpn_things.h"

#define URN "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"
#define TIMEOUT_MS 10000u

/* One buffer, first for the request and then for the response. */
static uint8_t buffer[512];

static kpn_status send(void)
{
    kpn_uplink up;
    kpn_span request;
    kpn_status status = kpn_uplink_begin(&up, buffer, sizeof buffer, KPN_ENDPOINT_M2M, URN);
    if (status != KPN_OK)
        return status;
    kpn_uplink_add_decimal(&up, KPN_TEMPERATURE, 205, -1);
    kpn_uplink_add_decimal(&up, KPN_BATTERY_VOLTAGE, 36, -1);
    kpn_uplink_add_text(&up, KPN_FIRMWARE, "1.0.0");
    status = kpn_uplink_finish(&up, SECRET, &request);
    if (status == KPN_OK)
        modem_write(request.ptr, request.len);
    return status;
}

static kpn_status receive(kpn_response *response)
{
    kpn_status status = kpn_response_begin(response, buffer, sizeof buffer);
    if (status != KPN_OK)
        return status;
    uint32_t left_ms = TIMEOUT_MS; /* for the whole response */
    do {
        uint8_t chunk[32];
        size_t len = modem_read(chunk, sizeof chunk, &left_ms);
        /* Not kpn_response_end: a UART has no end, and the rest is missing. */
        status = len > 0 ? kpn_response_feed(response, chunk, len, NULL) : KPN_ERR_TIMEOUT;
    } while (status == KPN_NEED_MORE);
    return status;
}

static void act_on(kpn_response *response)
{
    kpn_downlink down;
    kpn_record record;
    if (kpn_downlink_begin(&down, response) != KPN_OK)
        return;
    while (kpn_downlink_next(&down, &record) == KPN_OK) {
        if (kpn_record_is_for(&record, URN) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
            valve_set(record.bool_value);
            console_write(record.bool_value ? "valve open\n" : "valve shut\n");
        }
    }
}

int main(void)
{
    kpn_response response;
    board_begin();
    kpn_status status = send();
    if (status == KPN_OK)
        status = receive(&response);
    if (status != KPN_OK) {
        console_write(kpn_status_text(status));
    } else {
        console_write(kpn_outcome_text(kpn_response_outcome(&response)));
        if (kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED) {
            console_write("\n");
            act_on(&response);
        }
    }
    console_write("\nend\n");
    return 0;
}
