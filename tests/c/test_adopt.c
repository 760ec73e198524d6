/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* JSON text that is already in the buffer: white space is removed in place, and the text is framed and signed. */
#include "check.h"

#define OFFSET KPN_HEAD_MAX

static kpn_status adopt(kpn_uplink *uplink, const char *json)
{
    memcpy(memory + OFFSET, json, strlen(json));
    return kpn_uplink_begin_with_body(uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, OFFSET, strlen(json));
}

static void strips_frames_and_signs(void)
{
    static const char pretty[] = " [ {\"bn\" : \"urn:dev:IMEI:490154203237518:\",\r\n\t\"bt\": 1585650750 },\n"
                                 "{ \"n\":\"temperature\", \"u\":\"Cel\", \"v\":20.5 } ]\n";
    kpn_uplink uplink;
    kpn_span request;
    kpn_span body;
    CHECK_OK(adopt(&uplink, pretty));
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_ERR_STATE);
    CHECK_STATUS(kpn_uplink_merge_base_record(&uplink), KPN_ERR_STATE);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_STATE);
    CHECK_SIZE(kpn_uplink_records(&uplink), 0);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    body = body_of(request);
    CHECK_TEXT(body.ptr, body.len,
               "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"bt\":1585650750},"
               "{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]");
    CHECK(body.ptr == memory + OFFSET);
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_STATE);

    CHECK_OK(adopt(&uplink, "[\" a \\\" b \", { } ]"));
    CHECK_OK(kpn_uplink_finish_unsigned(&uplink, &request));
    body = body_of(request);
    CHECK_TEXT(body.ptr, body.len, "[\" a \\\" b \",{}]");
}

static void refuses_what_is_no_json_and_leaves_it(void)
{
    static const struct {
        const char *text;
        kpn_status status;
    } wrong[] = {
        {"", KPN_ERR_JSON_TRUNCATED},          {" ", KPN_ERR_JSON_TRUNCATED},       {"[1,]", KPN_ERR_JSON_SYNTAX},
        {"[ 01 ]", KPN_ERR_JSON_SYNTAX},       {"{ \"a\" 1}", KPN_ERR_JSON_SYNTAX}, {"[ \"\\ud800\" ]", KPN_ERR_JSON_ESCAPE},
        {"[ \"\xff\" ]", KPN_ERR_UTF8},        {"[ 1", KPN_ERR_JSON_TRUNCATED},     {"[ 1 ] x", KPN_ERR_JSON_SYNTAX},
        {"[ \"a\nb\" ]", KPN_ERR_JSON_SYNTAX}, {"[ tru ]", KPN_ERR_JSON_SYNTAX},
    };
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memset(memory, 0xc3, MEMORY_CAP);
        CHECK_STATUS(adopt(&uplink, wrong[i].text), wrong[i].status);
        CHECK(memcmp(memory + OFFSET, wrong[i].text, strlen(wrong[i].text)) == 0);
        CHECK(kpn_uplink_finish(&uplink, SECRET, &request) < 0);
        CHECK(request.len == 77);
    }
    memset(other, '[', 66);
    memset(other + 33, ']', 33);
    other[66] = '\0';
    CHECK_STATUS(adopt(&uplink, (const char *)other), KPN_ERR_JSON_DEPTH);
    memset(other, '[', 32);
    memset(other + 32, ']', 32);
    other[64] = '\0';
    CHECK_OK(adopt(&uplink, (const char *)other));
}

static void needs_room_in_front(void)
{
    static const char json[] = "[ 1 ]";
    kpn_uplink uplink;
    kpn_span request;
    bool fitted = false;
    for (size_t offset = 0; offset <= KPN_HEAD_MAX; offset++) {
        memcpy(memory + offset, json, sizeof json - 1);
        const kpn_status status =
            kpn_uplink_begin_with_body(&uplink, memory, offset + sizeof json - 1, KPN_ENDPOINT_M2M, offset, sizeof json - 1);
        CHECK_STATUS(status, fitted || status == KPN_OK ? KPN_OK : KPN_ERR_BUFFER_FULL);
        CHECK(memcmp(memory + offset, status == KPN_OK ? "[1]" : "[ 1 ]", 3) == 0);
        if (status == KPN_OK) {
            CHECK_SIZE(kpn_uplink_missing(&uplink), 0);
            CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
            CHECK(fitted || request.ptr == memory);
            fitted = true;
        } else {
            memcpy(memory, json, sizeof json - 1);
            const size_t enough = offset + kpn_uplink_missing(&uplink);
            memcpy(memory + enough, json, sizeof json - 1);
            CHECK_OK(kpn_uplink_begin_with_body(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, enough, sizeof json - 1));
        }
    }
    CHECK(fitted);
    /* As the header says: 164 bytes, host and path, and the digits of the length. */
    memcpy(memory + 167, json, sizeof json - 1);
    CHECK_OK(kpn_uplink_begin_with_body_custom(&uplink, memory, MEMORY_CAP, "h", "/", 167, sizeof json - 1));
    memcpy(memory + 166, json, sizeof json - 1);
    CHECK_STATUS(kpn_uplink_begin_with_body_custom(&uplink, memory, MEMORY_CAP, "h", "/", 166, sizeof json - 1),
                 KPN_ERR_BUFFER_FULL);
    CHECK_SIZE(kpn_uplink_missing(&uplink), 1);
}

static void refuses_text_outside_of_the_buffer(void)
{
    kpn_uplink uplink;
    const size_t cap = OFFSET + 10;
    memcpy(memory + OFFSET, "[1]       ", 10);
    CHECK_OK(kpn_uplink_begin_with_body(&uplink, memory, cap, KPN_ENDPOINT_M2M, OFFSET, 10));
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, memory, cap, KPN_ENDPOINT_M2M, OFFSET, 11), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, memory, cap, KPN_ENDPOINT_M2M, cap + 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, memory, cap, KPN_ENDPOINT_M2M, SIZE_MAX, 2), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, memory, cap, KPN_ENDPOINT_M2M, 2, SIZE_MAX), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, memory, cap, 0, OFFSET, 3), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, memory, SIZE_MAX, KPN_ENDPOINT_M2M, OFFSET, 3),
                 KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(&uplink, NULL, cap, KPN_ENDPOINT_M2M, OFFSET, 3), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body(NULL, memory, cap, KPN_ENDPOINT_M2M, OFFSET, 3), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body_custom(&uplink, memory, cap, NULL, "/", OFFSET, 3), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body_custom(&uplink, memory, cap, "h", NULL, OFFSET, 3), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_with_body_custom(&uplink, memory, cap, "h h", "/", OFFSET, 3), KPN_ERR_HEAD_TEXT);
    memcpy(memory + 3, "/x", 3);
    CHECK_STATUS(kpn_uplink_begin_with_body_custom(&uplink, memory, cap, "h", (const char *)memory + 3, OFFSET, 3),
                 KPN_ERR_OVERLAP);
}

void test_adopt(void)
{
    strips_frames_and_signs();
    refuses_what_is_no_json_and_leaves_it();
    needs_room_in_front();
    refuses_text_outside_of_the_buffer();
}
