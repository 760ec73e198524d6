/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A firmware with the features that the macros ask for, and the same without any: the difference of their sizes is
 * what a feature costs. Inputs and outputs are volatile, so that no compiler works anything out beforehand.
 */
#include "message.h"

#if defined(WITH_UPLINK) || defined(WITH_DOWNLINK) || defined(WITH_TOKEN) || defined(WITH_CONFIG) || defined(WITH_SMS) \
    || defined(WITH_FIRMWARE) || defined(WITH_STREAM) || defined(WITH_QUEUE)
static uint8_t volatile *volatile input;
static int volatile output;
#if defined(WITH_FLOAT) && defined(WITH_DOWNLINK)
static double volatile real_output; /* an int would link the compiler's conversion into the firmware */
#endif
#else
static int volatile output;
#endif

#ifdef WITH_TOKEN
static void token(void)
{
    kpn_token token;
    char text[KPN_TOKEN_LEN + 1];
    if (kpn_token_begin(&token) != KPN_OK)
        return;
    (void)kpn_token_update(&token, (const uint8_t *)input, 95);
    output = kpn_token_finish(&token, MESSAGE_SECRET, text);
    output = text[0];
}
#endif

#ifdef WITH_UPLINK
static void uplink(void)
{
    kpn_uplink uplink;
    kpn_span request;
    if (message_begin(&uplink, (uint8_t *)input, MESSAGE_CAP) != KPN_OK)
        return;
#ifdef WITH_FLOAT
    (void)kpn_uplink_add_double(&uplink, KPN_TEMPERATURE, 20.5);
    (void)kpn_uplink_add_double(&uplink, KPN_HUMIDITY, 48.25);
    (void)kpn_uplink_add_float(&uplink, KPN_PRESSURE, 21.81f);
#endif
    (void)kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
    (void)kpn_uplink_add_decimal(&uplink, KPN_HUMIDITY, 4825, -2);
    message_add_plain(&uplink);
    (void)kpn_uplink_add_uint64(&uplink, "total", "Wh", 9000000000u);
    (void)kpn_uplink_add_data(&uplink, "image", NULL, (const uint8_t *)input, 6);
    (void)kpn_uplink_set_time_ago(&uplink, 60);
    output = kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request);
    output = (int)request.len;
}
#endif

#ifdef WITH_DOWNLINK
static void downlink(void)
{
    kpn_response response;
    kpn_downlink downlink;
    kpn_record record;
    if (kpn_response_begin(&response, (uint8_t *)input, MESSAGE_CAP) != KPN_OK)
        return;
    output = kpn_response_feed(&response, (const uint8_t *)input + MESSAGE_CAP, 400, NULL);
    output = kpn_response_outcome(&response);
    if (kpn_downlink_begin(&downlink, &response) != KPN_OK)
        return;
    while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
        int64_t integer;
        output = kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL && record.bool_value;
        output = kpn_record_int64(&record, KPN_FIELD_VALUE, &integer);
#ifdef WITH_FLOAT
        double real = 0;
        output = kpn_record_double(&record, KPN_FIELD_VALUE, &real);
        real_output = real;
#endif
    }
}
#endif

#ifdef WITH_STREAM
static void stream(void)
{
    static kpn_stream stream;
    kpn_span piece;
    kpn_status status = kpn_stream_begin(&stream, (uint8_t *)input, 256, KPN_ENDPOINT_M2M, MESSAGE_URN);
    for (int pass = 1; pass <= 2 && status == KPN_OK; pass++) {
        for (int i = 0; i < 1000; i++) {
            (void)kpn_uplink_set_time(&stream.uplink, 1585650750 + i);
            (void)kpn_uplink_add_decimal(&stream.uplink, KPN_TEMPERATURE, input[i % 256], -1);
            output = kpn_stream_take(&stream, 100, &piece);
            output = (int)piece.len;
        }
        status = pass == 1 ? kpn_stream_head(&stream, MESSAGE_SECRET, &piece) : kpn_stream_finish(&stream, &piece);
        output = (int)piece.len;
        if (pass == 1 && status == KPN_OK)
            status = kpn_stream_restart(&stream, MESSAGE_URN);
    }
    output = status;
}
#endif

#ifdef WITH_QUEUE
static void queue(void)
{
    static kpn_queue queue;
    static uint8_t memory[1024];
    kpn_uplink uplink;
    kpn_span request;
    uint32_t count;
    size_t len;
    if (kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_DROP_OLDEST) != KPN_OK)
        return;
    output = kpn_queue_load(&queue, (const uint8_t *)input, MESSAGE_CAP, 0, 0);
    output = kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UPTIME, input[0], input[1], -1);
    output = kpn_queue_push_bool(&queue, "doorOpen", NULL, KPN_CLOCK_UPTIME, input[0], input[1] != 0);
    output = kpn_queue_push_text(&queue, KPN_FIRMWARE, KPN_CLOCK_UPTIME, input[0], (const char *)input);
    if (kpn_uplink_begin(&uplink, (uint8_t *)input, MESSAGE_CAP, KPN_ENDPOINT_M2M, MESSAGE_URN) != KPN_OK)
        return;
    output = kpn_queue_fill(&queue, &uplink, input[0], input[1], &count);
    output = kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request);
    output = (int)(request.len + count);
    output = output != 0 ? kpn_queue_accepted(&queue) : kpn_queue_failed(&queue);
    output = (int)(kpn_queue_records(&queue) + kpn_queue_dropped(&queue));
    output = kpn_queue_save(&queue, input[0], (uint8_t *)input, MESSAGE_CAP, &len);
}
#endif

#ifdef WITH_CONFIG
static void config(void)
{
    static kpn_config config;
    size_t len;
    output = kpn_config_load(&config, (const char *)input, 400, NULL);
    output = *kpn_config_urn(&config) + *kpn_config_address(&config) + kpn_config_port(&config);
    output = kpn_config_save(&config, (char *)input, KPN_CONFIG_TEXT_MAX, &len);
    output = kpn_config_wipe(&config);
}
#endif

#ifdef WITH_FIRMWARE
static void firmware(void)
{
    static kpn_firmware firmware;
    static uint8_t memory[KPN_FIRMWARE_MEMORY];
    kpn_firmware_piece piece;
    size_t len;
    if (kpn_firmware_begin(&firmware, memory, sizeof memory, 512) != KPN_OK)
        return;
    output = kpn_firmware_load(&firmware, (const uint8_t *)input, 200);
#ifdef WITH_DOWNLINK
    kpn_downlink downlink;
    if (kpn_downlink_begin_bytes(&downlink, (uint8_t *)input, 300) == KPN_OK)
        output = kpn_firmware_offer(&firmware, &downlink, MESSAGE_URN);
#else
    output = kpn_firmware_start(&firmware, (const char *)input, (const char *)input + 100);
#endif
    while (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST) {
        if (kpn_firmware_must_connect(&firmware)) {
            output = kpn_firmware_host(&firmware, (char *)input, MESSAGE_CAP);
            output = kpn_firmware_port(&firmware) + kpn_firmware_needs_tls(&firmware);
            output = kpn_firmware_connected(&firmware);
        }
        output = kpn_firmware_request(&firmware, (uint8_t *)input, MESSAGE_CAP, &len);
        output = kpn_firmware_feed(&firmware, (const uint8_t *)input + len, 400, &piece);
        output = (int)(piece.offset + piece.len);
        output = kpn_firmware_close(&firmware);
    }
    output = kpn_firmware_error(&firmware);
    output = kpn_firmware_save(&firmware, (uint8_t *)input, MESSAGE_CAP, &len);
}
#endif

#ifdef WITH_SMS
static void sms(void)
{
    kpn_sms_delivery delivery;
    output = kpn_sms_is_from_platform((const char *)input);
    output = (int)kpn_sms_next_retry((uint32_t)output);
    output = kpn_sms_plan((uint32_t)output, 3600, &delivery);
    output = (int)delivery.worst;
    output = (int)kpn_sms_shortest_on((uint32_t)output);
}
#endif

int main(void)
{
#ifdef WITH_TOKEN
    token();
#endif
#ifdef WITH_UPLINK
    uplink();
#endif
#ifdef WITH_DOWNLINK
    downlink();
#endif
#ifdef WITH_STREAM
    stream();
#endif
#ifdef WITH_QUEUE
    queue();
#endif
#ifdef WITH_CONFIG
    config();
#endif
#ifdef WITH_FIRMWARE
    firmware();
#endif
#ifdef WITH_SMS
    sms();
#endif
    output = 0;
    return 0;
}
