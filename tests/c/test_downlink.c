/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define FIRMWARE_URL "http://123.123.123.123/f/v1/12345678-1234-5678-1234-567812345678"
#define FIRMWARE_TOKEN \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." \
    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ." \
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"

/* The firmware downlink of KPN's SDK tests. */
static const char firmware[] =
    "HTTP/1.1 200 OK\r\nDate: Mon, 11 Jan 2021 15:15:22 GMT\r\nServer: Apache/2\r\nContent-Length: 302\r\n"
    "Vary: Accept-Encoding,User-Agent\r\nContent-Type: text/plain\r\n\r\n"
    "[{\"bn\":\"urn:dev:IMEI:0123456789abcdef:\"},{\"n\":\"url\",\"vs\":\"" FIRMWARE_URL "\"},"
    "{\"n\":\"token\",\"vs\":\"" FIRMWARE_TOKEN "\"}]";

static kpn_downlink downlink;
static kpn_record record;

/* A pack that came in another way; it is in `memory`, since reading decodes in place. */
static kpn_status begin(const char *json)
{
    const size_t len = strlen(json);
    memcpy(memory, json, len);
    memset(memory + len, 0xc3, 16);
    const kpn_status status = kpn_downlink_begin_bytes(&downlink, memory, len);
    CHECK(filled(memory + len, 16, 0xc3));
    return status;
}

static void reads_the_firmware_downlink_at_every_split(void)
{
    kpn_response response;
    const size_t len = sizeof firmware - 1;
#ifdef KPN_TEST_SMALL
    const size_t stride = 37;
#else
    const size_t stride = 1;
#endif
    for (size_t split = 0; split <= len; split += stride) {
        spoil(&downlink, sizeof downlink, (int)(split % PATTERNS));
        spoil(&record, sizeof record, (int)(split % PATTERNS));
        CHECK_OK(kpn_response_begin(&response, memory, 302));
        (void)!kpn_response_feed(&response, check_exact(firmware, split), split, NULL);
        if (split < len) {
            CHECK_STATUS(kpn_downlink_begin(&downlink, &response), KPN_ERR_STATE);
            CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_ERR_STATE);
            CHECK_OK(kpn_response_feed(&response, check_exact(firmware + split, len - split), len - split, NULL));
        }
        CHECK_OK(kpn_downlink_begin(&downlink, &response));
        CHECK_OK(kpn_downlink_next(&downlink, &record));
        CHECK(record.kind == KPN_KIND_TEXT);
        CHECK_TEXT(record.base_name, record.base_name_len, "urn:dev:IMEI:0123456789abcdef:");
        CHECK_TEXT(record.name, record.name_len, "url");
        CHECK_TEXT(record.unit, record.unit_len, "");
        CHECK_TEXT(record.text, record.text_len, FIRMWARE_URL);
        CHECK(record.text[record.text_len] == '\0' && record.name[record.name_len] == '\0');
        CHECK(kpn_record_is(&record, "url") && !kpn_record_is(&record, "ur") && !kpn_record_is(&record, "url2"));
        CHECK(kpn_record_is(&record, "urn:dev:IMEI:0123456789abcdef:url"));
        CHECK(kpn_record_is_for(&record, "urn:dev:IMEI:0123456789abcdef:"));
        CHECK(kpn_record_is_for(&record, "urn:dev:IMEI:0123456789abcdef"));
        CHECK(!kpn_record_is_for(&record, "urn:dev:IMEI:0123456789abcde") && !kpn_record_is_for(&record, URN));
        CHECK_OK(kpn_downlink_next(&downlink, &record));
        CHECK_TEXT(record.text, record.text_len, FIRMWARE_TOKEN);
        CHECK(kpn_record_is(&record, "token"));
        const kpn_record last = record;
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
        CHECK(last.text == record.text && last.name == record.name && last.index == record.index);
    }
}

static void truncation_is_never_a_downlink(void)
{
    kpn_response response;
    const size_t body = sizeof firmware - 1 - 302;
    for (size_t len = 1; len < 302; len++) {
        memcpy(memory, firmware + body, len);
        CHECK(kpn_downlink_begin_bytes(&downlink, memory, len) < 0);
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_ERR_STATE);
    }
    for (size_t cap = 0; cap < 302; cap += 43) {
        CHECK_OK(kpn_response_begin(&response, memory, cap));
        CHECK_OK(kpn_response_feed(&response, (const uint8_t *)firmware, sizeof firmware - 1, NULL));
        CHECK_STATUS(kpn_downlink_begin(&downlink, &response), KPN_ERR_BODY_TOO_LARGE);
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_ERR_STATE);
    }
}

static void no_body_is_no_downlink(void)
{
    static const char live[] = "HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n";
    kpn_response response;
    CHECK_OK(kpn_response_begin(&response, NULL, 0));
    CHECK_OK(kpn_response_feed(&response, (const uint8_t *)live, sizeof live - 1, NULL));
    CHECK_OK(kpn_downlink_begin(&downlink, &response));
    CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
    CHECK_OK(kpn_downlink_begin_bytes(&downlink, NULL, 0));
    CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
    CHECK_OK(begin("[]"));
    CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
}

static void reads_kpns_sample(void)
{
    double number = 0;
    int64_t whole = 77;
    bool relative = true;
    CHECK_OK(begin("[\n  {\"bn\": \"urn:dev:DEVEUI:0123456789ABCDEF:\", \"bt\": 1.58565075E9},\n"
                   "  {\"n\": \"temperature\", \"v\": 20.5, \"u\": \"Cel\"},\n"
                   "  {\"n\": \"batteryVoltage\", \"v\": 3.6, \"u\": \"V\", \"t\": 10},\n"
                   "  {\"n\": \"active\", \"vb\": true},\n  {\"n\": \"modus\", \"vs\": \"Active\"},\n"
                   "  {\"n\": \"image\", \"vd\": \"aGFsbG9vb29vISE=\"}\n]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_NUMBER && kpn_record_is(&record, "temperature") && record.has_time && !record.has_sum);
    CHECK_TEXT(record.unit, record.unit_len, "Cel");
    CHECK_OK(kpn_record_double(&record, KPN_FIELD_VALUE, &number));
    CHECK(number >= 20.5 && number <= 20.5);
    CHECK_STATUS(kpn_record_int64(&record, KPN_FIELD_VALUE, &whole), KPN_ERR_NUMBER_RANGE);
    CHECK(whole == 77);
    CHECK_OK(kpn_record_int64(&record, KPN_FIELD_TIME, &whole));
    CHECK(whole == 1585650750);
    CHECK_OK(kpn_record_time_is_relative(&record, &relative));
    CHECK(!relative);
    CHECK_STATUS(kpn_record_double(&record, KPN_FIELD_SUM, &number), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK_OK(kpn_record_int64(&record, KPN_FIELD_TIME, &whole));
    CHECK(whole == 1585650760);
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_BOOL && record.bool_value && record.text_len == 0 && record.text[0] == '\0');
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_TEXT && !record.bool_value && record.data == NULL && record.data_len == 0);
    CHECK_TEXT(record.text, record.text_len, "Active");
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_DATA);
    CHECK_TEXT(record.data, record.data_len, "hallooooo!!");
    CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
}

static void decodes_texts_and_names_in_place(void)
{
    char name[40];
    size_t len = 77;
    CHECK_OK(begin("[{\"bn\":\"urn:dev:IMEI:1:\\/\",\"n\":\"a\\u002d1\","
                   "\"vs\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\ud83d\\ude00\"},{\"n\":\"b\",\"vs\":\"\"}]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK_TEXT(record.name, record.name_len, "a-1");
    CHECK_TEXT(record.text, record.text_len, "\"\\/\b\f\n\r\t\0\xc3\xa9\xf0\x9f\x98\x80");
    CHECK(record.text[record.text_len] == '\0');
    CHECK_STATUS(kpn_record_full_name(&record, NULL, 0, &len), KPN_ERR_BUFFER_FULL);
    CHECK_SIZE(len, 19);
    for (size_t cap = 0; cap <= 20; cap++) {
        memset(name, 0x7e, sizeof name);
        len = 77;
        CHECK_STATUS(kpn_record_full_name(&record, name, cap, &len), cap < 20 ? KPN_ERR_BUFFER_FULL : KPN_OK);
        CHECK_SIZE(len, 19);
        CHECK(filled(name + (cap < 20 ? 0 : 20), cap < 20 ? sizeof name : sizeof name - 20, 0x7e));
    }
    CHECK_TEXT(name, strlen(name), "urn:dev:IMEI:1:/a-1");
    CHECK_OK(kpn_record_full_name(&record, name, sizeof name, NULL));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK_TEXT(record.text, record.text_len, "");
    CHECK_TEXT(record.base_name, record.base_name_len, "urn:dev:IMEI:1:/");
}

static void reads_numbers_exactly(void)
{
    static const struct {
        const char *text;
        int64_t mantissa;
        int32_t exponent;
        kpn_status decimal;
        kpn_status int64;
        kpn_status uint64;
        double nearest;
    } rows[] = {
        {"20.5", 205, -1, KPN_OK, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE, 20.5},
        {"-0", 0, 0, KPN_OK, KPN_OK, KPN_OK, -0.0},
        {"1e3", 1, 3, KPN_OK, KPN_OK, KPN_OK, 1000.0},
        {"-10.0", -1, 1, KPN_OK, KPN_OK, KPN_ERR_NUMBER_RANGE, -10.0},
        {"9223372036854775807", INT64_MAX, 0, KPN_OK, KPN_OK, KPN_OK, 9223372036854775807.0},
        {"-9223372036854775808", INT64_MIN, 0, KPN_OK, KPN_OK, KPN_ERR_NUMBER_RANGE, -9223372036854775808.0},
        {"18446744073709551615", 0, 0, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE, KPN_OK, 18446744073709551615.0},
        {"18446744073709551616", 0, 0, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE,
         18446744073709551616.0},
        {"5e-324", 5, -324, KPN_OK, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE, 5e-324},
        {"0.1", 1, -1, KPN_OK, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE, 0.1},
        {"2.2250738585072011e-308", INT64_C(22250738585072011), -324, KPN_OK, KPN_ERR_NUMBER_RANGE, KPN_ERR_NUMBER_RANGE,
         2.2250738585072011e-308},
    };
    char json[64];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t mantissa = 77;
        int32_t exponent = 77;
        int64_t whole = 77;
        uint64_t natural = 77;
        double number = 77.0;
        json[0] = '\0';
        strcat(strcat(strcat(json, "[{\"n\":\"x\",\"v\":"), rows[i].text), "}]");
        CHECK_OK(begin(json));
        CHECK_OK(kpn_downlink_next(&downlink, &record));
        CHECK_STATUS(kpn_record_decimal(&record, KPN_FIELD_VALUE, &mantissa, &exponent), rows[i].decimal);
        CHECK(rows[i].decimal != KPN_OK || (mantissa == rows[i].mantissa && exponent == rows[i].exponent));
        CHECK(rows[i].decimal == KPN_OK || (mantissa == 77 && exponent == 77));
        CHECK_STATUS(kpn_record_int64(&record, KPN_FIELD_VALUE, &whole), rows[i].int64);
        CHECK_STATUS(kpn_record_uint64(&record, KPN_FIELD_VALUE, &natural), rows[i].uint64);
        CHECK((rows[i].int64 == KPN_OK) != (whole == 77) && (rows[i].uint64 == KPN_OK) != (natural == 77));
        CHECK_OK(kpn_record_double(&record, KPN_FIELD_VALUE, &number));
        CHECK_BYTES(&number, sizeof number, &rows[i].nearest, sizeof number);
    }
    CHECK_OK(begin("[{\"n\":\"x\",\"v\":1714000000.1234567165374756}]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    int64_t rounded = 77;
    CHECK_STATUS(kpn_record_decimal_rounded(&record, KPN_FIELD_VALUE, -10, &rounded), KPN_ERR_NUMBER_RANGE);
    CHECK_STATUS(kpn_record_decimal_rounded(&record, KPN_FIELD_SUM, -3, &rounded), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_decimal_rounded(&record, KPN_FIELD_VALUE, -3, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_decimal_rounded(NULL, KPN_FIELD_VALUE, -3, &rounded), KPN_ERR_INVALID_ARGUMENT);
    CHECK(rounded == 77);
    CHECK_OK(kpn_record_decimal_rounded(&record, KPN_FIELD_VALUE, -9, &rounded));
    CHECK(rounded == INT64_C(1714000000123456717));

    CHECK_OK(begin("[{\"n\":\"x\",\"v\":1e400}]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    double number = 77.0;
    CHECK_STATUS(kpn_record_double(&record, KPN_FIELD_VALUE, &number), KPN_ERR_NUMBER_RANGE);
    CHECK(number >= 77.0 && number <= 77.0);
}

static void applies_base_fields(void)
{
    int64_t mantissa = 0;
    int32_t exponent = 0;
    bool relative = false;
    CHECK_OK(begin(
        "[{\"bn\":\"a:\",\"bv\":-0.5,\"bs\":1E2,\"bt\":268435456,\"bu\":\"W\",\"n\":\"v\",\"v\":1.50,\"t\":-0.5,\"ut\":60},"
        "{\"n\":\"s\",\"s\":0.25},{\"bt\":-10,\"n\":\"b\",\"vb\":false,\"u\":\"\"}]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.has_sum && record.has_time && record.has_update_time);
    CHECK_OK(kpn_record_decimal(&record, KPN_FIELD_VALUE, &mantissa, &exponent));
    CHECK(mantissa == 1 && exponent == 0);
    CHECK_OK(kpn_record_decimal(&record, KPN_FIELD_TIME, &mantissa, &exponent));
    CHECK(mantissa == INT64_C(2684354555) && exponent == -1);
    CHECK_OK(kpn_record_time_is_relative(&record, &relative));
    CHECK(relative);
    CHECK_OK(kpn_record_decimal(&record, KPN_FIELD_UPDATE_TIME, &mantissa, &exponent));
    CHECK(mantissa == 6 && exponent == 1);
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_SUM_ONLY);
    CHECK_OK(kpn_record_decimal(&record, KPN_FIELD_SUM, &mantissa, &exponent));
    CHECK(mantissa == 10025 && exponent == -2);
    CHECK_TEXT(record.unit, record.unit_len, "W");
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_BOOL && !record.bool_value);
    CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
}

static void a_base_sum_alone_makes_a_sum(void)
{
    int64_t sum = 0;
    CHECK_OK(begin("[{\"n\":\"dev\",\"bs\":1},{\"n\":\"later\"},{\"bn\":\"a:\"},{\"n\":\"b\",\"vb\":true,\"s\":2}]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_SUM_ONLY && record.has_sum);
    CHECK_TEXT(record.name, record.name_len, "dev");
    CHECK_OK(kpn_record_int64(&record, KPN_FIELD_SUM, &sum));
    CHECK(sum == 1);
    CHECK_STATUS(kpn_record_int64(&record, KPN_FIELD_VALUE, &sum), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_SUM_ONLY && record.has_sum && record.index == 1);
    CHECK_OK(kpn_record_int64(&record, KPN_FIELD_SUM, &sum));
    CHECK(sum == 1);
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(record.kind == KPN_KIND_BOOL && record.bool_value && record.has_sum && record.index == 3);
    CHECK_OK(kpn_record_int64(&record, KPN_FIELD_SUM, &sum));
    CHECK(sum == 3);
    CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
}

static void a_version_is_a_number_in_any_notation(void)
{
    CHECK_OK(begin("[{\"bver\":10.0},{\"bver\":1e1},{\"bver\":100e-1},{\"n\":\"a\",\"v\":1,\"bver\":10}]"));
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK_STATUS(begin("[{\"bver\":10.5}]"), KPN_ERR_SENML_VERSION);
    CHECK_STATUS(begin("[{\"bver\":11.0}]"), KPN_ERR_SENML_VERSION);
    CHECK_STATUS(begin("[{\"bver\":4294967306}]"), KPN_ERR_SENML_VERSION);
}

static void a_broken_downlink_does_nothing(void)
{
    static const struct {
        const char *text;
        kpn_status status;
        size_t index;
    } rows[] = {
        {"[{\"n\":\"a\",\"v\":1},{\"n\":\"b\"}]", KPN_ERR_SENML_VALUE, 1},
        {"[{\"n\":\"a\",\"v\":1,\"vb\":true}]", KPN_ERR_SENML_VALUE, 0},
        {"[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1,\"v\":2}]", KPN_ERR_SENML_DUPLICATE, 1},
        {"[{\"n\":\"a\",\"v\":1,\"x_\":2}]", KPN_ERR_SENML_MUST_UNDERSTAND, 0},
        {"[{\"bver\":11,\"n\":\"a\",\"v\":1}]", KPN_ERR_SENML_VERSION, 0},
        {"[{\"n\":\"a\",\"v\":\"1\"}]", KPN_ERR_SENML_TYPE, 0},
        {"{\"n\":\"a\",\"v\":1}", KPN_ERR_SENML_TYPE, 0},
        {"[{\"v\":1}]", KPN_ERR_SENML_NAME, 0},
        {"[{\"n\":\" a\",\"v\":1}]", KPN_ERR_SENML_NAME, 0},
        {"[{\"n\":\"a\",\"vd\":\"a===\"}]", KPN_ERR_SENML_BASE64, 0},
        {"[{\"n\":\"a\",\"vs\":\"\\ud800\"}]", KPN_ERR_JSON_ESCAPE, 0},
        {"[{\"n\":\"a\",\"vs\":\"\xff\"}]", KPN_ERR_UTF8, 0},
        {"[{\"n\":\"a\",\"v\":01}]", KPN_ERR_JSON_SYNTAX, 0},
        {"[{\"n\":\"a\",\"v\":1}", KPN_ERR_JSON_TRUNCATED, 1},
        {"[{\"n\":\"a\",\"v\":1}] x", KPN_ERR_JSON_SYNTAX, 1},
        {"[{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", KPN_ERR_JSON_DEPTH, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&record, 0x7e, sizeof record);
        CHECK_STATUS(begin(rows[i].text), rows[i].status);
        CHECK_SIZE(kpn_downlink_index(&downlink), rows[i].index);
        CHECK(memcmp(memory, rows[i].text, strlen(rows[i].text)) == 0);
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_ERR_STATE);
        CHECK(filled(&record, sizeof record, 0x7e));
    }
}

/* Any damage leads to a status; what was accepted can be read to its end. */
static void noise_is_survived(void)
{
    static const char pack[] =
        "[{\"bn\":\"urn:dev:IMEI:1:\",\"bt\":1.5e9,\"bu\":\"V\"},{\"n\":\"a\",\"v\":-1.25e2,\"t\":5},"
        "{\"n\":\"b\",\"vs\":\"\\u00e9\\n\"},{\"n\":\"c\",\"vd\":\"AQID\"},{\"n\":\"d\",\"vb\":true,\"s\":1}]";
    static const char likely[] = "{}[]\":,\\eE+-.019aunbvst_ \xc3\xa9";
    for (uint32_t round = 0; round < RANDOM_ROUNDS; round++) {
        size_t len = sizeof pack - 1;
        double number;
        unsigned records = 0;
        memset(memory, 0xc3, 256);
        memcpy(memory + 8, pack, len);
        for (uint32_t i = random_below(4); i > 0; i--) {
            memory[8 + random_below((uint32_t)len)] = (uint8_t)likely[random_below(sizeof likely - 1)];
        }
        if (random_below(8) == 0) {
            len = random_below((uint32_t)len);
            memset(memory + 8 + len, 0xc3, 256 - 8 - len);
        }
        if (kpn_downlink_begin_bytes(&downlink, memory + 8, len) == KPN_OK) {
            while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
                records++;
                CHECK(record.text[record.text_len] == '\0' && record.name[record.name_len] == '\0');
                CHECK(record.unit[record.unit_len] == '\0' && record.base_name[record.base_name_len] == '\0');
                for (int32_t field = KPN_FIELD_VALUE; field <= KPN_FIELD_UPDATE_TIME; field++) {
                    (void)!kpn_record_double(&record, field, &number);
                }
            }
            CHECK(records < 20);
            CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_END);
        }
        CHECK(filled(memory, 8, 0xc3) && filled(memory + 8 + len, 256 - 8 - len, 0xc3));
    }
}

static void bytes_that_change_while_they_are_read_are_survived(void)
{
    static const char pack[] = "[{\"n\":\"a\",\"vs\":\"text\"},{\"n\":\"b\",\"v\":1},{\"n\":\"c\",\"vb\":true}]";
    for (uint32_t round = 0; round < RANDOM_ROUNDS; round++) {
        double number;
        CHECK_OK(begin(pack));
        CHECK_OK(kpn_downlink_next(&downlink, &record));
        for (uint32_t i = random_below(5); i > 0; i--) {
            memory[random_below(sizeof pack - 1)] = (uint8_t)random32();
        }
        kpn_status status;
        unsigned records = 0;
        while ((status = kpn_downlink_next(&downlink, &record)) == KPN_OK && records++ < 20) {
            (void)!kpn_record_double(&record, KPN_FIELD_VALUE, &number);
        }
        CHECK(status != KPN_OK);
        CHECK(filled(memory + sizeof pack - 1, 16, 0xc3));
    }
}

static void refuses_misuse(void)
{
    kpn_response response;
    kpn_downlink *const wrong = (kpn_downlink *)misaligned();
    kpn_record *const wrong_record = (kpn_record *)misaligned();
    char name[40];
    size_t len = 77;
    double number = 77.0;
    int64_t mantissa = 77;
    int32_t exponent = 77;
    uint64_t natural = 77;
    bool relative = true;
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        spoil(&downlink, sizeof downlink, pattern);
        spoil(&record, sizeof record, pattern);
        spoil(&response, sizeof response, pattern);
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_ERR_STATE);
        CHECK_SIZE(kpn_downlink_index(&downlink), 0);
        CHECK(!kpn_record_is(&record, "x") && !kpn_record_is_for(&record, URN));
        CHECK_STATUS(kpn_record_full_name(&record, name, sizeof name, &len), KPN_ERR_STATE);
        CHECK_STATUS(kpn_record_double(&record, KPN_FIELD_VALUE, &number), KPN_ERR_STATE);
        CHECK_STATUS(kpn_record_decimal(&record, KPN_FIELD_VALUE, &mantissa, &exponent), KPN_ERR_STATE);
        CHECK_STATUS(kpn_record_int64(&record, KPN_FIELD_VALUE, &mantissa), KPN_ERR_STATE);
        CHECK_STATUS(kpn_record_uint64(&record, KPN_FIELD_VALUE, &natural), KPN_ERR_STATE);
        CHECK_STATUS(kpn_record_time_is_relative(&record, &relative), KPN_ERR_STATE);
        CHECK_STATUS(kpn_downlink_begin(&downlink, &response), KPN_ERR_STATE);
        CHECK_STATUS(kpn_downlink_next(&downlink, &record), KPN_ERR_STATE);
    }
    CHECK_STATUS(kpn_downlink_begin(NULL, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin(NULL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin(wrong, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin(&downlink, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin_bytes(NULL, memory, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin_bytes(&downlink, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin_bytes(&downlink, memory, SIZE_MAX), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_begin_bytes(&downlink, (uint8_t *)&downlink, 8), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_downlink_next(NULL, &record), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_next(wrong, &record), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_next(NULL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_downlink_index(NULL) == 0 && kpn_downlink_index(wrong) == 0);

    CHECK_OK(begin("[{\"n\":\"x\",\"v\":1}]"));
    CHECK_STATUS(kpn_downlink_next(&downlink, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_next(&downlink, wrong_record), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_downlink_next(&downlink, (kpn_record *)(void *)&downlink), KPN_ERR_OVERLAP);
    CHECK_OK(kpn_downlink_next(&downlink, &record));
    CHECK(!kpn_record_is(NULL, "x") && !kpn_record_is(&record, NULL) && !kpn_record_is(wrong_record, "x"));
    CHECK(!kpn_record_is_for(NULL, URN) && !kpn_record_is_for(&record, NULL) && !kpn_record_is_for(wrong_record, URN));
    CHECK_STATUS(kpn_record_full_name(NULL, name, sizeof name, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_full_name(&record, NULL, 1, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_full_name(&record, name, SIZE_MAX, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_full_name(&record, name, sizeof name, (size_t *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_full_name(&record, (char *)memory, 8, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_record_double(NULL, KPN_FIELD_VALUE, &number), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_double(&record, KPN_FIELD_VALUE, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_double(&record, 4, &number), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_double(&record, -1, &number), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_double(&record, KPN_FIELD_UPDATE_TIME, &number), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_double(&record, KPN_FIELD_VALUE, (double *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_decimal(NULL, KPN_FIELD_VALUE, &mantissa, &exponent), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_decimal(&record, KPN_FIELD_VALUE, NULL, &exponent), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_decimal(&record, KPN_FIELD_VALUE, &mantissa, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_int64(NULL, KPN_FIELD_VALUE, &mantissa), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_int64(&record, KPN_FIELD_VALUE, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_uint64(NULL, KPN_FIELD_VALUE, &natural), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_uint64(&record, KPN_FIELD_VALUE, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_time_is_relative(NULL, &relative), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_record_time_is_relative(&record, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK(len == 77 && mantissa == 77 && exponent == 77 && natural == 77 && relative);
}

void test_downlink(void)
{
    reads_the_firmware_downlink_at_every_split();
    truncation_is_never_a_downlink();
    no_body_is_no_downlink();
    reads_kpns_sample();
    decodes_texts_and_names_in_place();
    reads_numbers_exactly();
    applies_base_fields();
    a_base_sum_alone_makes_a_sum();
    a_version_is_a_number_in_any_notation();
    a_broken_downlink_does_nothing();
    noise_is_survived();
    bytes_that_change_while_they_are_read_are_survived();
    refuses_misuse();
}
