/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define HEAD_END "\r\nContent-Type: application/json\r\nContent-Length: "

static void begin(kpn_uplink *uplink)
{
    CHECK_OK(kpn_uplink_begin(uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, "urn:dev:IMEI:1:"));
}

/* Finishes a message of one record and compares that record, which follows {"bn":"urn:dev:IMEI:1:"}. */
static void check_record(kpn_uplink *uplink, const char *expected, int line)
{
    static const char base[] = "[{\"bn\":\"urn:dev:IMEI:1:\"},";
    kpn_span request = {NULL, 0};
    check_size(kpn_uplink_records(uplink), 1, __FILE__, line, "records");
    check_status(kpn_uplink_finish(uplink, SECRET, &request), KPN_OK, __FILE__, line, expected);
    kpn_span body = body_of(request);
    const size_t front = sizeof base - 1;
    if (body.len > front + 1 && memcmp(body.ptr, base, front) == 0 && body.ptr[body.len - 1] == ']') {
        check_bytes(body.ptr + front, body.len - front - 1, expected, strlen(expected), __FILE__, line, "record");
    } else {
        check_bytes(body.ptr, body.len, base, front, __FILE__, line, "base record");
    }
}

#define RECORD(call, expected) \
    do { \
        begin(&uplink); \
        CHECK_OK(call); \
        check_record(&uplink, expected, __LINE__); \
    } while (0)

static void writes_decimals(void)
{
    kpn_uplink uplink;
    RECORD(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1), "{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 0, 0), "{\"n\":\"x\",\"v\":0}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 0, -18), "{\"n\":\"x\",\"v\":0}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 0, 18), "{\"n\":\"x\",\"v\":0}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, -5, -3), "{\"n\":\"x\",\"v\":-5e-3}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 2050, -2), "{\"n\":\"x\",\"v\":20.5}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 12, 1), "{\"n\":\"x\",\"v\":120}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 1, 3), "{\"n\":\"x\",\"v\":1000}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 1, 18), "{\"n\":\"x\",\"v\":1e18}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, 1, -18), "{\"n\":\"x\",\"v\":1e-18}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, INT64_MAX, 0), "{\"n\":\"x\",\"v\":9223372036854775807}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, INT64_MIN, 0), "{\"n\":\"x\",\"v\":-9223372036854775808}");
    RECORD(kpn_uplink_add_decimal(&uplink, "x", NULL, INT64_MIN, -18), "{\"n\":\"x\",\"v\":-9.223372036854775808}");
    begin(&uplink);
    CHECK_STATUS(kpn_uplink_add_decimal(&uplink, "x", NULL, 1, 19), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_decimal(&uplink, "x", NULL, 1, -19), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_decimal(&uplink, "x", NULL, 1, INT32_MIN), KPN_ERR_INVALID_ARGUMENT);
}

static void writes_integers(void)
{
    kpn_uplink uplink;
    RECORD(kpn_uplink_add_int64(&uplink, KPN_COUNTER, -42), "{\"n\":\"counter\",\"v\":-42}");
    RECORD(kpn_uplink_add_int64(&uplink, "x", NULL, 1000), "{\"n\":\"x\",\"v\":1000}");
    RECORD(kpn_uplink_add_int64(&uplink, "x", NULL, INT64_MIN), "{\"n\":\"x\",\"v\":-9223372036854775808}");
    RECORD(kpn_uplink_add_int64(&uplink, "x", NULL, INT64_MAX), "{\"n\":\"x\",\"v\":9223372036854775807}");
    RECORD(kpn_uplink_add_uint64(&uplink, "x", NULL, 0), "{\"n\":\"x\",\"v\":0}");
    RECORD(kpn_uplink_add_uint64(&uplink, "x", NULL, UINT64_MAX), "{\"n\":\"x\",\"v\":18446744073709551615}");
}

static void writes_doubles_and_floats(void)
{
    kpn_uplink uplink;
    RECORD(kpn_uplink_add_double(&uplink, KPN_LATITUDE, 52.3731415926),
           "{\"n\":\"latitude\",\"u\":\"lat\",\"v\":52.3731415926}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, 20.5), "{\"n\":\"x\",\"v\":20.5}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, 0.30000000000000004), "{\"n\":\"x\",\"v\":0.30000000000000004}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, -0.0), "{\"n\":\"x\",\"v\":-0}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, 5e-324), "{\"n\":\"x\",\"v\":5e-324}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, 1.7976931348623157e308), "{\"n\":\"x\",\"v\":1.7976931348623157e308}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, 1e30), "{\"n\":\"x\",\"v\":1e30}");
    RECORD(kpn_uplink_add_double(&uplink, "x", NULL, 1e23), "{\"n\":\"x\",\"v\":1e23}");
    RECORD(kpn_uplink_add_float(&uplink, "x", NULL, 21.81f), "{\"n\":\"x\",\"v\":21.81}");
    RECORD(kpn_uplink_add_float(&uplink, "x", NULL, 0.1f), "{\"n\":\"x\",\"v\":0.1}");
    RECORD(kpn_uplink_add_float(&uplink, "x", NULL, 3.4028235e38f), "{\"n\":\"x\",\"v\":3.4028235e38}");
    RECORD(kpn_uplink_add_float(&uplink, "x", NULL, 1e-45f), "{\"n\":\"x\",\"v\":1e-45}");
    RECORD(kpn_uplink_add_float(&uplink, "x", NULL, -0.0f), "{\"n\":\"x\",\"v\":-0}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 20.5, 2), "{\"n\":\"x\",\"v\":20.50}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 20.5, 0), "{\"n\":\"x\",\"v\":20}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 21.5, 0), "{\"n\":\"x\",\"v\":22}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 1.005, 2), "{\"n\":\"x\",\"v\":1.00}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, -0.125, 2), "{\"n\":\"x\",\"v\":-0.12}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 0.1, 20), "{\"n\":\"x\",\"v\":0.10000000000000000555}");
    RECORD(kpn_uplink_add_double_fixed(&uplink, "x", NULL, -0.001, 2), "{\"n\":\"x\",\"v\":-0.00}");
    begin(&uplink);
    CHECK_STATUS(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 1.0, 21), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_double_fixed(&uplink, "x", NULL, 1.0, 255), KPN_ERR_INVALID_ARGUMENT);
}

static void refuses_what_is_no_number(void)
{
    /* Made from bits, since C99 need not have INFINITY or NAN, and a compiler may fold the arithmetic. */
    static const uint64_t bits[] = {UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000), UINT64_C(0x7ff8000000000000),
                                    UINT64_C(0xffffffffffffffff), UINT64_C(0x7ff0000000000001)};
    static const uint32_t bits32[] = {0x7f800000u, 0xff800000u, 0x7fc00000u, 0xffffffffu, 0x7f800001u};
    kpn_uplink uplink;
    kpn_span request;
    begin(&uplink);
    CHECK_OK(kpn_uplink_add_bool(&uplink, "ok", NULL, true));
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        double wide;
        float narrow;
        memcpy(&wide, &bits[i], sizeof wide);
        memcpy(&narrow, &bits32[i], sizeof narrow);
        CHECK_STATUS(kpn_uplink_add_double(&uplink, "x", NULL, wide), KPN_ERR_NOT_FINITE);
        CHECK_STATUS(kpn_uplink_add_float(&uplink, "x", NULL, narrow), KPN_ERR_NOT_FINITE);
        CHECK_STATUS(kpn_uplink_add_double_fixed(&uplink, "x", NULL, wide, 3), KPN_ERR_NOT_FINITE);
        CHECK_STATUS(kpn_uplink_add_sum_double(&uplink, "x", NULL, wide), KPN_ERR_NOT_FINITE);
    }
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_NOT_FINITE);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_NOT_FINITE);
    check_record(&uplink, "{\"n\":\"ok\",\"vb\":true}", __LINE__);
}

static void writes_texts_data_and_sums(void)
{
    kpn_uplink uplink;
    static const uint8_t data[] = {0xfb, 0xff, 0x00, 0x3e};
    RECORD(kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true), "{\"n\":\"doorOpen\",\"vb\":true}");
    RECORD(kpn_uplink_add_bool(&uplink, KPN_PRESENCE, false), "{\"n\":\"presence\",\"vb\":false}");
    RECORD(kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0"), "{\"n\":\"firmware\",\"vs\":\"1.0.0\"}");
    RECORD(kpn_uplink_add_text(&uplink, "x", NULL, ""), "{\"n\":\"x\",\"vs\":\"\"}");
    RECORD(kpn_uplink_add_text(&uplink, "x", NULL, "\"\\/\b\f\n\r\t\x1f\x7f\xc3\xa9\xf0\x9f\x98\x80"),
           "{\"n\":\"x\",\"vs\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\x7f\xc3\xa9\xf0\x9f\x98\x80\"}");
    RECORD(kpn_uplink_add_text_n(&uplink, "x", NULL, "a\0b", 3), "{\"n\":\"x\",\"vs\":\"a\\u0000b\"}");
    RECORD(kpn_uplink_add_text_n(&uplink, "x", NULL, NULL, 0), "{\"n\":\"x\",\"vs\":\"\"}");
    RECORD(kpn_uplink_add_data(&uplink, "x", NULL, NULL, 0), "{\"n\":\"x\",\"vd\":\"\"}");
    RECORD(kpn_uplink_add_data(&uplink, "x", NULL, data, 1), "{\"n\":\"x\",\"vd\":\"-w\"}");
    RECORD(kpn_uplink_add_data(&uplink, "x", NULL, data, 2), "{\"n\":\"x\",\"vd\":\"-_8\"}");
    RECORD(kpn_uplink_add_data(&uplink, "x", NULL, data, 3), "{\"n\":\"x\",\"vd\":\"-_8A\"}");
    RECORD(kpn_uplink_add_data(&uplink, "x", NULL, data, 4), "{\"n\":\"x\",\"vd\":\"-_8APg\"}");
    RECORD(kpn_uplink_add_sum_decimal(&uplink, "energy", "J", 12345, -1), "{\"n\":\"energy\",\"u\":\"J\",\"s\":1234.5}");
    RECORD(kpn_uplink_add_sum_double(&uplink, "energy", "J", 0.25), "{\"n\":\"energy\",\"u\":\"J\",\"s\":0.25}");
}

static void refuses_texts_that_are_not_utf8(void)
{
    static const char *const wrong[] = {
        "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80", "ok\xff"};
    kpn_uplink uplink;
    begin(&uplink);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_STATUS(kpn_uplink_add_text(&uplink, "x", NULL, wrong[i]), KPN_ERR_UTF8);
        CHECK_STATUS(kpn_uplink_add_text_n(&uplink, "x", NULL, wrong[i], strlen(wrong[i])), KPN_ERR_UTF8);
    }
    CHECK_SIZE(kpn_uplink_records(&uplink), 0);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_UTF8);
    CHECK_OK(kpn_uplink_clear_failure(&uplink));
}

/* Messages and tokens as in KPN's documentation, whose IMEI has a wrong check digit. */
static void writes_the_whole_request(void)
{
    kpn_uplink uplink;
    kpn_span request;
    begin(&uplink);
    CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, "urn:dev:IMEI:123456789012345:"));
    CHECK_OK(kpn_uplink_set_base_time(&uplink, 1585650750));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    CHECK_TEXT(request.ptr, request.len,
               "POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost: m.m\r\nThings-Message-Token: "
               "bb9d62f938ab3d05655e214e68c4e1a5a1a1d9cb4513691d430030e2ea8de8e2" HEAD_END "95\r\n\r\n"
               "[{\"bn\":\"urn:dev:IMEI:123456789012345:\",\"bt\":1585650750},"
               "{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]");
    CHECK(request.ptr >= memory && request.ptr + request.len <= memory + MEMORY_CAP);

    CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_INTERNET,
                              "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:"));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    CHECK_TEXT(request.ptr, request.len,
               "POST /ingestion/ip/senml/v1 HTTP/1.1\r\nHost: prod.dm.kpnthings.com\r\nThings-Message-Token: "
               "1b078b8e5e269862b0b379e2af5b4e857a9ce7e4e2ac2c793d09636063a3ee6a" HEAD_END "103\r\n\r\n"
               "[{\"bn\":\"urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:\"},"
               "{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]");

    CHECK_OK(kpn_uplink_begin_custom(&uplink, memory, MEMORY_CAP, "localhost:8080", "/a?b=c", "urn:dev:IMEI:1:"));
    CHECK_OK(kpn_uplink_merge_base_record(&uplink));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "x", NULL, true));
    CHECK_OK(kpn_uplink_finish_unsigned(&uplink, &request));
    CHECK_TEXT(request.ptr, request.len,
               "POST /a?b=c HTTP/1.1\r\nHost: localhost:8080" HEAD_END "44\r\n\r\n"
               "[{\"bn\":\"urn:dev:IMEI:1:\",\"n\":\"x\",\"vb\":true}]");
}

void test_values(void)
{
    writes_the_whole_request();
    writes_decimals();
    writes_integers();
    writes_doubles_and_floats();
    refuses_what_is_no_number();
    writes_texts_data_and_sums();
    refuses_texts_that_are_not_utf8();
}

/* Base fields, and labels of one record; in order: the call, and the expected record or pack. */
static void check_body(kpn_uplink *uplink, const char *expected, int line)
{
    kpn_span request = {NULL, 0};
    check_status(kpn_uplink_finish(uplink, SECRET, &request), KPN_OK, __FILE__, line, expected);
    kpn_span body = body_of(request);
    check_bytes(body.ptr, body.len, expected, strlen(expected), __FILE__, line, "body");
}

static void writes_labels_of_one_record(void)
{
    kpn_uplink uplink;
    begin(&uplink);
    CHECK_OK(kpn_uplink_set_time(&uplink, 1585650750));
    CHECK_OK(kpn_uplink_set_update_time(&uplink, 60));
    CHECK_OK(kpn_uplink_set_sum_decimal(&uplink, 5, -1));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_POWER, 3, 0));
    CHECK_OK(kpn_uplink_set_time_ago(&uplink, 30));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "x", NULL, true));
    CHECK_OK(kpn_uplink_set_time_ago_decimal(&uplink, 25, -2));
    CHECK_OK(kpn_uplink_set_sum_double(&uplink, 1.5));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "y", NULL, true));
    CHECK_OK(kpn_uplink_set_time_decimal(&uplink, INT64_C(158565075025), -2));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "z", NULL, true));
    CHECK_SIZE(kpn_uplink_records(&uplink), 4);
    check_body(&uplink,
               "[{\"bn\":\"urn:dev:IMEI:1:\"},"
               "{\"t\":1585650750,\"ut\":60,\"s\":0.5,\"n\":\"power\",\"u\":\"W\",\"v\":3},"
               "{\"t\":-30,\"n\":\"x\",\"vb\":true},"
               "{\"t\":-0.25,\"s\":1.5,\"n\":\"y\",\"vb\":true},"
               "{\"t\":1585650750.25,\"n\":\"z\",\"vb\":true}]",
               __LINE__);
}

static void writes_times_relative_to_the_base(void)
{
    kpn_uplink uplink;
    begin(&uplink);
    CHECK_OK(kpn_uplink_set_base_time_decimal(&uplink, INT64_C(15856507505), -1));
    CHECK_OK(kpn_uplink_set_time(&uplink, 1585650751));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "a", NULL, true));
    CHECK_OK(kpn_uplink_set_time(&uplink, 1585650740));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "b", NULL, true));
    CHECK_OK(kpn_uplink_set_base_time(&uplink, 1585650800));
    CHECK_OK(kpn_uplink_set_time(&uplink, 1585650800));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "c", NULL, true));
    check_body(&uplink,
               "[{\"bn\":\"urn:dev:IMEI:1:\",\"bt\":1585650750.5},"
               "{\"t\":0.5,\"n\":\"a\",\"vb\":true},{\"t\":-10.5,\"n\":\"b\",\"vb\":true},"
               "{\"bt\":1585650800},{\"t\":0,\"n\":\"c\",\"vb\":true}]",
               __LINE__);
}

static void writes_several_devices_in_one_pack(void)
{
    kpn_uplink uplink;
    begin(&uplink);
    CHECK_OK(kpn_uplink_set_base_unit(&uplink, "Cel"));
    CHECK_OK(kpn_uplink_set_base_value_decimal(&uplink, 20, 0));
    CHECK_OK(kpn_uplink_set_base_sum_double(&uplink, 0.5));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, "a", NULL, 5, -1));
    CHECK_OK(kpn_uplink_set_base_name(&uplink, "urn:dev:IMEI:2:"));
    CHECK_OK(kpn_uplink_set_base_value_double(&uplink, 0.0));
    CHECK_OK(kpn_uplink_set_base_sum_decimal(&uplink, 0, 0));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, "a", NULL, 5, -1));
    check_body(&uplink,
               "[{\"bn\":\"urn:dev:IMEI:1:\",\"bu\":\"Cel\",\"bv\":20,\"bs\":0.5},{\"n\":\"a\",\"v\":0.5},"
               "{\"bn\":\"urn:dev:IMEI:2:\",\"bv\":0,\"bs\":0},{\"n\":\"a\",\"v\":0.5}]",
               __LINE__);
}

static void refuses_times_that_mean_something_else(void)
{
    kpn_uplink uplink;
    begin(&uplink);
    CHECK_STATUS(kpn_uplink_set_base_time(&uplink, (1 << 28) - 1), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_SENML_TIME);
    CHECK_OK(kpn_uplink_set_base_time(&uplink, 1 << 28));
    CHECK_OK(kpn_uplink_set_base_time(&uplink, 1585650750));
    CHECK_STATUS(kpn_uplink_set_time(&uplink, 0), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_set_time_ago(&uplink, 1u << 28), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_set_time_ago_decimal(&uplink, -1, 0), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_uplink_set_time_decimal(&uplink, 1585650750, 19), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_uplink_set_time_ago(&uplink, (1u << 28) - 1));
    CHECK_STATUS(kpn_uplink_set_time_ago(&uplink, 1), KPN_ERR_STATE);
}

void test_base_fields(void)
{
    writes_labels_of_one_record();
    writes_times_relative_to_the_base();
    writes_several_devices_in_one_pack();
    refuses_times_that_mean_something_else();
}
