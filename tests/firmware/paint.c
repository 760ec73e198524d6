/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Prints `function value` per line: bytes of stack that a call takes, by painting, the worst of all calls here.
 *
 * Paint goes below the stack pointer of the function that calls; what is gone after the call lies in the frames of
 * the library and of all that it calls. Outgoing arguments are above the stack pointer, so they do not count.
 */
#include <stdio.h>
#include <string.h>

#include "message.h"

#define PAINT 0xC5u
#define PAINT_LEN 2048u
/* Next to the stack pointer the function that paints has its own frame. */
#define NEAR 64u

#define DEVICE MESSAGE_URN
#define TEXT_URL "http://123.123.123.123/f/v1/12345678-1234-5678-1234-567812345678"
#define TEXT_TOKEN \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
#define EXCHANGE 1024u

static uint8_t buffer[EXCHANGE];
static uint8_t window[EXCHANGE];
static uint8_t memory[1024];
static uint8_t image[1024 + KPN_QUEUE_IMAGE_EXTRA];
static uint8_t firmware_memory[KPN_FIRMWARE_MEMORY];
static uint8_t firmware_image[KPN_FIRMWARE_IMAGE_MAX];
static size_t image_len;
static kpn_uplink uplink;
static kpn_response response;
static kpn_downlink downlink;
static kpn_record record;
static kpn_token token;
static kpn_stream stream;
static kpn_queue queue;
static kpn_config config;
static kpn_firmware firmware;
static kpn_connection connection;
static kpn_pieces pieces;
static kpn_span span;
static char text[EXCHANGE];
static int wrong;

/* One line per function, its worst call. */
static struct {
    const char *name;
    unsigned bytes;
} worst[200];

static uintptr_t stack_pointer(void)
{
    uintptr_t pointer;
#ifdef __riscv
    __asm__ volatile("mv %0, sp" : "=r"(pointer));
#else
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
#endif
    return pointer;
}

__attribute__((noinline)) static void paint(uintptr_t from)
{
    uint8_t volatile *at = (uint8_t volatile *)(from - PAINT_LEN);
    while (at < (uint8_t volatile *)(from - NEAR))
        *at++ = PAINT;
}

__attribute__((noinline)) static unsigned painted(uintptr_t from)
{
    uint8_t volatile *at = (uint8_t volatile *)(from - PAINT_LEN);
    unsigned left = 0;
    while (left < PAINT_LEN - NEAR && at[left] == PAINT)
        left++;
    return PAINT_LEN - left;
}

static void expect(int holds, const char *what)
{
    if (!holds) {
        wrong++;
        printf("unexpected: %s\n", what);
    }
}

static void note(const char *call, unsigned bytes, int holds)
{
    size_t at = 0;
    size_t len = strcspn(call, "(");
    expect(holds, call);
    /* Without a painted byte left nobody knows how deep it went. */
    expect(bytes < PAINT_LEN, "no paint is left");
    while (at < sizeof worst / sizeof worst[0] && worst[at].name != NULL
           && (strncmp(worst[at].name, call, len) != 0 || worst[at].name[len] != '('))
        at++;
    expect(at < sizeof worst / sizeof worst[0], "more functions than lines");
    if (at == sizeof worst / sizeof worst[0])
        return;
    worst[at].name = call;
    if (bytes > worst[at].bytes)
        worst[at].bytes = bytes;
}

/* The stack pointer of a function is the same in all its lines. `of` is the call, `result` what it gives. */
#define DEPTH(of, result, holds) \
    do { \
        const uintptr_t from = stack_pointer(); \
        paint(from); \
        result(of); \
        const unsigned bytes = painted(from); \
        note(#of, bytes, (holds)); \
    } while (0)
#define GIVES(call, status) DEPTH(call, const kpn_status given =, given == (status))
#define RUN(call) GIVES(call, KPN_OK)
#define TAKE(variable, call) DEPTH(call, variable =, 1)
#define ANY(call) DEPTH(call, (void), 1)

static void paint_uplink(void)
{
    static const uint8_t data[] = {0, 1, 2, 0xfe, 0xff};
    RUN(kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, DEVICE));
    RUN(kpn_uplink_set_base_time(&uplink, 1585650750));
    RUN(kpn_uplink_set_base_unit(&uplink, "Cel"));
    RUN(kpn_uplink_set_base_value_double(&uplink, 1.5));
    RUN(kpn_uplink_set_base_sum_double(&uplink, 5.4321e-300));
    RUN(kpn_uplink_set_time_decimal(&uplink, 15856507505, -1));
    RUN(kpn_uplink_set_update_time(&uplink, 60));
    RUN(kpn_uplink_set_sum_double(&uplink, 5e-324));
    RUN(kpn_uplink_add_double(&uplink, KPN_LATITUDE, 52.3731415926));
    RUN(kpn_uplink_add_double(&uplink, KPN_LATITUDE, 2.2250738585072014e-308));
    RUN(kpn_uplink_add_float(&uplink, KPN_LATITUDE, 52.37314f));
    RUN(kpn_uplink_add_double_fixed(&uplink, KPN_LATITUDE, 52.3731415926, 6));
    RUN(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, INT64_MIN, -18));
    RUN(kpn_uplink_add_int64(&uplink, KPN_COUNTER, INT64_MIN));
    RUN(kpn_uplink_add_uint64(&uplink, KPN_COUNTER, UINT64_MAX));
    RUN(kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true));
    RUN(kpn_uplink_add_text(&uplink, "text", NULL, "a\n\"b\x01\xc3\xa9"));
    RUN(kpn_uplink_add_data(&uplink, "data", NULL, data, sizeof data));
    RUN(kpn_uplink_add_sum_double(&uplink, "sum", "Wh", 0.1));
    RUN(kpn_uplink_add_sum_decimal(&uplink, "sum", "Wh", 1, -1));
    RUN(kpn_uplink_set_base_name(&uplink, "urn:dev:IMEI:356938035643809:"));
    RUN(kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true));
    RUN(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &span));
    RUN(kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, DEVICE));
    RUN(kpn_uplink_set_time_ago_decimal(&uplink, 15, -1));
    RUN(kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true));
    RUN(kpn_uplink_finish_unsigned(&uplink, &span));
    RUN(kpn_uplink_begin_custom(&uplink, buffer, sizeof buffer, "things.example.org:81", "/a/b", DEVICE));
    RUN(kpn_uplink_merge_base_record(&uplink));
    RUN(kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true));
    RUN(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &span));
    /* No room, which has to be counted. */
    RUN(kpn_uplink_begin(&uplink, buffer, 300, KPN_ENDPOINT_M2M, DEVICE));
    GIVES(kpn_uplink_add_text(&uplink, "text", NULL,
                              "a text that is longer than the room that there is for it in the buffer, \n"),
          KPN_ERR_BUFFER_FULL);
    GIVES(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &span), KPN_ERR_BUFFER_FULL);
}

static void paint_body(void)
{
    static const char json[] = " [ {\"bn\":\"" DEVICE "\" , \"n\":\"a\\\"\\u00e9\", \"v\" : 1.50e+0 } ] ";
    const size_t room = sizeof buffer - sizeof json;
    memcpy(buffer + room, json, sizeof json);
    RUN(kpn_uplink_begin_with_body(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, room, sizeof json - 1));
    RUN(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &span));
}

static void paint_token(void)
{
    static const uint8_t bytes[200] = {1};
    RUN(kpn_token_begin(&token));
    RUN(kpn_token_update(&token, bytes, sizeof bytes));
    RUN(kpn_token_finish(&token, MESSAGE_SECRET, text));
    RUN(kpn_token_begin(&token));
    RUN(kpn_token_update(&token, bytes, 1));
    RUN(kpn_token_wipe(&token));
}

static kpn_status feed(const char *bytes, size_t len, size_t step)
{
    kpn_status status = kpn_response_begin(&response, buffer, sizeof buffer);
    size_t at = 0;
    if (status == KPN_OK)
        status = KPN_NEED_MORE;
    while (at < len && status == KPN_NEED_MORE) {
        size_t used = 0;
        size_t size = len - at < step ? len - at : step;
        const uintptr_t from = stack_pointer();
        paint(from);
        status = kpn_response_feed(&response, (const uint8_t *)bytes + at, size, &used);
        note("kpn_response_feed(", painted(from), status >= 0);
        at += used;
    }
    return status;
}

static void paint_records(void)
{
    int64_t integer;
    uint64_t natural;
    int32_t exponent, field;
    size_t len;
    double real;
    bool relative;
    int records = 0;
    kpn_status status = KPN_OK;
    while (status == KPN_OK) {
        TAKE(status, kpn_downlink_next(&downlink, &record));
        if (status != KPN_OK)
            break;
        records++;
        RUN(kpn_record_full_name(&record, text, sizeof text, &len));
        for (field = KPN_FIELD_VALUE; field <= KPN_FIELD_UPDATE_TIME; field++) {
            TAKE(status, kpn_record_double(&record, field, &real));
            TAKE(status, kpn_record_decimal(&record, field, &integer, &exponent));
            TAKE(status, kpn_record_int64(&record, field, &integer));
            TAKE(status, kpn_record_uint64(&record, field, &natural));
        }
        RUN(kpn_record_time_is_relative(&record, &relative));
        ANY(kpn_record_is(&record, "valve"));
        ANY(kpn_record_is_for(&record, DEVICE));
        status = KPN_OK;
    }
    expect(status == KPN_END && records == 6, "six records");
}

static void paint_downlink(void)
{
#define BODY \
    "[ {\"bn\":\"" DEVICE "\" , \"bt\":1714000000.1234567, \"bu\":\"Cel\",\"bv\":-2.368,\"bs\":1e-5,\"bver\":10}," \
    "{\"n\":\"a\",\"v\":-3.645954954766863e-05},{\"n\":\"b\",\"t\":-1.5e1,\"s\":9007199254740993.5,\"ut\":60}," \
    "{\"\\u006e\":\"\\u0074ext\",\"vs\":\"\\ud83d\\ude00 \\\"\\n\\t\\/ \\u00e9\"},{\"n\":\"d\",\"vd\":\"AAEC_v8\"}," \
    "{\"n\":\"valve\",\"vb\":true},{\"n\":\"long\",\"v\":123456789012345678901234567890.123456789e-20,\"x\":[{}]}]"
    static const char whole[] =
        "HTTP/1.1 200 OK\r\nDate: Mon, 11 Jan 2021 15:15:22 GMT\r\nConnection: keep-alive, Upgrade\r\n"
        "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nRetry-After: 5\r\n\r\n";
    static char chunked[sizeof whole + sizeof BODY + 32];
    const int len = snprintf(chunked, sizeof chunked, "%s%x;a=b\r\n%s\r\n0\r\nTrailer: x\r\n\r\n", whole,
                             (unsigned)(sizeof BODY - 1), BODY);
    static const size_t steps[] = {1, 7, sizeof chunked};
    size_t step;
    for (step = 0; step < sizeof steps / sizeof steps[0]; step++) {
        expect(feed(chunked, (size_t)len, steps[step]) == KPN_OK, "a chunked response");
        RUN(kpn_response_end(&response));
        GIVES(kpn_response_outcome(&response), KPN_OUTCOME_ACCEPTED);
        RUN(kpn_connection_begin(&connection, KPN_REQUESTS_MAX));
        RUN(kpn_connection_record(&connection, &response));
        RUN(kpn_downlink_begin(&downlink, &response));
        paint_records();
    }
    memcpy(buffer, BODY, sizeof BODY - 1);
    RUN(kpn_downlink_begin_bytes(&downlink, buffer, sizeof BODY - 1));
    paint_records();
}

static void paint_stream(void)
{
    int pass, i;
    RUN(kpn_stream_begin(&stream, window, 512, KPN_ENDPOINT_M2M, DEVICE));
    for (pass = 1; pass <= 2; pass++) {
        for (i = 0; i < 20; i++) {
            RUN(kpn_uplink_set_time(&stream.uplink, 1585650750 + i));
            RUN(kpn_uplink_add_double(&stream.uplink, KPN_TEMPERATURE, 0.1 * i));
            RUN(kpn_stream_take(&stream, 200, &span));
        }
        if (pass == 1) {
            RUN(kpn_stream_head(&stream, MESSAGE_SECRET, &span));
            RUN(kpn_stream_restart(&stream, DEVICE));
        } else {
            RUN(kpn_stream_finish(&stream, &span));
        }
    }
    RUN(kpn_stream_begin_custom(&stream, window, 512, "things.example.org", "/a", DEVICE));
}

static void paint_queue(void)
{
    uint32_t count;
    size_t len = 0;
    int i;
    RUN(kpn_queue_begin(&queue, memory, sizeof memory, KPN_QUEUE_DROP_OLDEST));
    for (i = 0; i < 20; i++) {
        RUN(kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UPTIME, 3600, INT64_MIN, -18));
        RUN(kpn_queue_push_double(&queue, KPN_LATITUDE, KPN_CLOCK_UNIX, 1585650750, 52.3731415926));
        RUN(kpn_queue_push_bool(&queue, "doorOpen", NULL, KPN_CLOCK_UPTIME, 3600, true));
        RUN(kpn_queue_push_text(&queue, KPN_FIRMWARE, KPN_CLOCK_NONE, 0, "a\n\"b\xc3\xa9"));
    }
    expect(kpn_queue_dropped(&queue) > 0, "more records than the queue holds");
    RUN(kpn_queue_save(&queue, 4000, image, sizeof image, &len));
    RUN(kpn_queue_load(&queue, image, len, 4000, 10));
    for (i = 0; i < 2; i++) {
        RUN(kpn_uplink_begin(&uplink, buffer, 700, KPN_ENDPOINT_M2M, DEVICE));
        RUN(kpn_queue_fill(&queue, &uplink, 4000, i == 0 ? 0 : 1585650750, &count));
        RUN(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &span));
        if (i == 0)
            RUN(kpn_queue_failed(&queue));
        else
            RUN(kpn_queue_accepted(&queue));
    }
}

static void paint_config(void)
{
    static const char json[] =
        "{\"imei\": \"490154203237518\",\n \"secret\": \"" MESSAGE_SECRET "\",\n \"endpoint\": \"m2m\", "
        "\"address\": \"10.151.236.136\", \"port\": 8080, \"apn\": \"kpnthings.iot\",\n"
        "\"keepAliveLimit\": 7, \"statusTable\": {\"401\": \"retryLater\", \"299\": \"accepted\"}}";
    static const char own[] =
        "{\"urn\":\"urn:dev:IMEI:1:\",\"secret\":null,\"endpoint\":{\"host\":\"h:1\",\"path\":\"/p\"},\"address\":\"::1\"}";
    static const char unknown[] = "{\"urn\":\"urn:dev:IMEI:1:\",\"colour\":null}";
    kpn_config_problem problem;
    size_t len;
    RUN(kpn_config_load(&config, json, sizeof json - 1, &problem));
    RUN(kpn_config_save(&config, text, sizeof text, &len));
    ANY(kpn_config_outcome(&config, &response));
    RUN(kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, &config));
    RUN(kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true));
    RUN(kpn_uplink_finish_config(&uplink, &config, &span));
    RUN(kpn_config_load(&config, own, sizeof own - 1, NULL));
    GIVES(kpn_config_load(&config, unknown, sizeof unknown - 1, &problem), KPN_ERR_CONFIG_UNKNOWN);
    RUN(kpn_config_wipe(&config));
}

static void paint_firmware(void)
{
#define PACK "[{\"bn\":\"" DEVICE "\"},{\"n\":\"url\",\"vs\":\"" TEXT_URL "\"},{\"n\":\"token\",\"vs\":\"" TEXT_TOKEN "\"}]"
    /* With the CRC-32 of 100 zeros. */
    static const char right[] = "HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n"
                                "Digest: crc32=9988c6ca\r\nContent-Range: bytes 0-99/250\r\n\r\n";
    static const uint8_t zeros[100];
    kpn_firmware_piece piece;
    size_t len, at;
    int whole;
    RUN(kpn_firmware_begin(&firmware, firmware_memory, sizeof firmware_memory, 100));
    memcpy(buffer, PACK, sizeof PACK - 1);
    RUN(kpn_downlink_begin_bytes(&downlink, buffer, sizeof PACK - 1));
    RUN(kpn_firmware_offer(&firmware, &downlink, DEVICE));
    RUN(kpn_firmware_save(&firmware, firmware_image, sizeof firmware_image, &image_len));
    for (whole = 0; whole <= 1; whole++) {
        kpn_status status = KPN_NEED_MORE;
        RUN(kpn_firmware_begin(&firmware, firmware_memory, sizeof firmware_memory, 100));
        RUN(kpn_firmware_start(&firmware, TEXT_URL, TEXT_TOKEN));
        RUN(kpn_firmware_host(&firmware, text, sizeof text));
        RUN(kpn_firmware_connected(&firmware));
        RUN(kpn_firmware_request(&firmware, buffer, sizeof buffer, &len));
        len = whole ? sizeof right - 1 : 1;
        for (at = 0; at < sizeof right - 1; at += len)
            TAKE(status, kpn_firmware_feed(&firmware, (const uint8_t *)right + at, len, &piece));
        for (at = 0; at < sizeof zeros && status == KPN_NEED_MORE; at += piece.used)
            TAKE(status, kpn_firmware_feed(&firmware, zeros + at, whole ? sizeof zeros - at : 1, &piece));
        expect(status == KPN_OK, "a part that is complete");
        RUN(kpn_firmware_save(&firmware, firmware_image, sizeof firmware_image, &image_len));
        RUN(kpn_firmware_request(&firmware, buffer, sizeof buffer, &len));
        GIVES(kpn_firmware_close(&firmware), KPN_AGAIN);
    }
    RUN(kpn_firmware_begin(&firmware, firmware_memory, sizeof firmware_memory, 100));
    RUN(kpn_firmware_load(&firmware, firmware_image, image_len));
    RUN(kpn_firmware_rewind(&firmware, 0));
    RUN(kpn_firmware_abort(&firmware));
}

static void paint_rest(void)
{
    kpn_sms_delivery delivery;
    size_t left;
    RUN(kpn_sms_plan(60, 3600, &delivery));
    ANY(kpn_sms_shortest_on(3600));
    ANY(kpn_sms_is_from_platform("1234"));
    ANY(kpn_retry_delay_ms(5, 0x12345678, 1000, 3600000, 0));
    RUN(kpn_urn_from_imei("490154203237518", text, sizeof text));
    RUN(kpn_urn_from_uuid("89b053c5-7380-4fc3-8fe6-8792e746580f", text, sizeof text));
    RUN(kpn_urn_from_dev_eui("0123456789abcdef", text, sizeof text));
    RUN(kpn_pieces_begin(&pieces, buffer, 100, 64));
    RUN(kpn_pieces_next_hex(&pieces, text, sizeof text, &left));
    (void)left;
}

int main(void)
{
    size_t at;
    paint_uplink();
    paint_body();
    paint_token();
    paint_downlink();
    paint_stream();
    paint_queue();
    paint_config();
    paint_firmware();
    paint_rest();
    for (at = 0; at < sizeof worst / sizeof worst[0] && worst[at].name != NULL; at++)
        printf("%.*s %u\n", (int)strcspn(worst[at].name, "("), worst[at].name, worst[at].bytes);
    if (wrong != 0)
        printf("%d calls did not end as expected\n", wrong);
    return wrong != 0;
}
