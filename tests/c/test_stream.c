/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packs larger than memory, and requests in pieces. */
#include "check.h"

#define WINDOW 256u

static kpn_stream stream;

/* The expected request, written by snprintf record by record, so that no large buffer is needed. */
static struct {
    char text[400];
    size_t len, at;
    uint32_t next, records;
} expected;

static size_t record_text(char *out, size_t cap, uint32_t i)
{
    return (size_t)snprintf(out, cap, ",{\"t\":%lu,\"n\":\"temperature\",\"u\":\"Cel\",\"v\":%lu.%lu}",
                            1700000001ul + 10ul * i, 20ul + (i % 90) / 9, 1ul + i % 9);
}

/* No number here ends in a zero, which the library would write with an exponent. */
static kpn_status add_record(kpn_uplink *uplink, uint32_t i)
{
    kpn_uplink_set_time(uplink, INT64_C(1700000001) + INT64_C(10) * i);
    return kpn_uplink_add_decimal(uplink, KPN_TEMPERATURE, (int64_t)(20 + (i % 90) / 9) * 10 + 1 + i % 9, -1);
}

/* Starts the expectation with the head for a body of this many records. */
static void expect_request(uint32_t records)
{
    static const char begin[] = "[{\"bn\":\"" URN "\"}";
    kpn_token token;
    char hex[KPN_TOKEN_LEN + 1];
    size_t body_len = sizeof begin;
    CHECK_OK(kpn_token_begin(&token));
    kpn_token_update(&token, (const uint8_t *)begin, sizeof begin - 1);
    for (uint32_t i = 0; i < records; i++) {
        const size_t len = record_text(expected.text, sizeof expected.text, i);
        kpn_token_update(&token, (const uint8_t *)expected.text, len);
        body_len += len;
    }
    kpn_token_update(&token, (const uint8_t *)"]", 1);
    CHECK_OK(kpn_token_finish(&token, SECRET, hex));
    expected.len = (size_t)snprintf(expected.text, sizeof expected.text,
                                    "POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost: m.m\r\nThings-Message-Token: %s\r\n"
                                    "Content-Type: application/json\r\nContent-Length: %lu\r\n\r\n%s",
                                    hex, (unsigned long)body_len, begin);
    expected.at = 0;
    expected.next = 0;
    expected.records = records;
}

/* Compares what is sent with what must follow, and returns whether it was the whole request. */
static bool expect(kpn_span piece)
{
    bool equal = true;
    for (size_t i = 0; i < piece.len; i++) {
        if (expected.at == expected.len) {
            expected.at = 0;
            expected.len = 0;
            if (expected.next < expected.records) {
                expected.len = record_text(expected.text, sizeof expected.text, expected.next);
            } else if (expected.next == expected.records) {
                expected.len = (size_t)snprintf(expected.text, sizeof expected.text, "]");
            }
            expected.next++;
        }
        equal = equal && expected.at < expected.len && piece.ptr[i] == (uint8_t)expected.text[expected.at];
        expected.at++;
    }
    CHECK(equal);
    return expected.next == expected.records + 1 && expected.at == expected.len;
}

/* Some records of a pass, whose output must be as expected. */
static void give_records(uint32_t records, size_t room)
{
    kpn_span piece;
    for (uint32_t i = 0; i < records; i++) {
        CHECK_OK(add_record(&stream.uplink, i));
        CHECK_OK(kpn_stream_take(&stream, room, &piece));
        CHECK(!expect(piece));
    }
}

static void ten_thousand_records_in_a_kibibyte(void)
{
#ifdef KPN_TEST_SMALL
    static const size_t rooms[] = {100};
#else
    static const size_t rooms[] = {100, SIZE_MAX};
#endif
    const uint32_t records = 10000;
    kpn_span piece;
    memset(memory, 0xA5, sizeof memory);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        expect_request(records);
        CHECK_OK(kpn_stream_begin(&stream, memory + 8, WINDOW, KPN_ENDPOINT_M2M, URN));
        give_records(records, rooms[i]);
        CHECK_SIZE(kpn_stream_request_len(&stream), 0);
        CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
        CHECK(!expect(piece));
        CHECK_SIZE(kpn_uplink_records(&stream.uplink), records);
        CHECK_OK(kpn_stream_restart(&stream, URN));
        give_records(records, rooms[i]);
        CHECK_OK(kpn_stream_finish(&stream, &piece));
        CHECK(expect(piece));
    }
    CHECK(filled(memory, 8, 0xA5) && filled(memory + 8 + WINDOW, 64, 0xA5));
    CHECK(sizeof stream + WINDOW < 1024);
}

static void a_second_pass_that_differs_is_stopped(void)
{
    kpn_span piece;
    for (uint32_t at = 0; at < 20; at++) {
        CHECK_OK(kpn_stream_begin(&stream, memory, WINDOW, KPN_ENDPOINT_M2M, URN));
        expect_request(20);
        give_records(20, 100);
        CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
        CHECK(!expect(piece));
        CHECK_OK(kpn_stream_restart(&stream, URN));
        give_records(at, 100);
        CHECK_OK(add_record(&stream.uplink, 99));
        CHECK_OK(kpn_stream_take(&stream, SIZE_MAX, &piece));
        for (uint32_t i = at + 1; i < 20; i++) {
            CHECK_OK(add_record(&stream.uplink, i));
            CHECK_OK(kpn_stream_take(&stream, 100, &piece));
        }
        piece.len = 77;
        CHECK_STATUS(kpn_stream_finish(&stream, &piece), KPN_ERR_PASS_DIFFERS);
        CHECK_STATUS(kpn_stream_finish(&stream, &piece), KPN_ERR_PASS_DIFFERS);
        CHECK_STATUS(kpn_stream_take(&stream, SIZE_MAX, &piece), KPN_ERR_PASS_DIFFERS);
        CHECK_STATUS(add_record(&stream.uplink, 0), KPN_ERR_PASS_DIFFERS);
        CHECK_SIZE(piece.len, 77);
    }
    CHECK_OK(kpn_stream_begin(&stream, memory, WINDOW, KPN_ENDPOINT_M2M, URN));
    CHECK_OK(add_record(&stream.uplink, 0));
    CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
    CHECK_OK(kpn_stream_restart(&stream, URN));
    CHECK_OK(add_record(&stream.uplink, 0));
    CHECK_OK(kpn_stream_take(&stream, SIZE_MAX, &piece));
    CHECK_OK(add_record(&stream.uplink, 1));
    CHECK_STATUS(kpn_stream_take(&stream, SIZE_MAX, &piece), KPN_ERR_PASS_DIFFERS);
}

static void failures_of_a_pass_are_not_lost(void)
{
    kpn_span piece;
    CHECK_OK(kpn_stream_begin(&stream, memory, WINDOW, KPN_ENDPOINT_M2M, URN));
    CHECK_OK(kpn_uplink_add_bool(&stream.uplink, "a", NULL, true));
    while (kpn_uplink_add_bool(&stream.uplink, "b", NULL, true) == KPN_OK) {
    }
    CHECK(kpn_uplink_missing(&stream.uplink) > 0);
    CHECK_OK(kpn_stream_take(&stream, SIZE_MAX, &piece));
    CHECK_SIZE(piece.len, 0);
    CHECK_STATUS(kpn_stream_head(&stream, SECRET, &piece), KPN_ERR_BUFFER_FULL);
    CHECK_STATUS(kpn_uplink_clear_failure(&stream.uplink), KPN_ERR_BUFFER_FULL);
    CHECK_STATUS(kpn_stream_head(&stream, "short", &piece), KPN_ERR_SECRET);
    CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
}

static void windows_of_every_size(void)
{
    kpn_span piece;
    size_t need = 0;
    for (size_t cap = 0; cap < WINDOW; cap++) {
        memset(memory, 0xA5, sizeof memory);
        const kpn_status status = kpn_stream_begin(&stream, cap == 0 ? NULL : memory, cap, KPN_ENDPOINT_M2M, URN);
        CHECK(filled(memory + cap, 64, 0xA5));
        if (status != KPN_OK) {
            CHECK_STATUS(status, KPN_ERR_BUFFER_FULL);
            need = cap + kpn_uplink_missing(&stream.uplink);
            CHECK_STATUS(add_record(&stream.uplink, 0), KPN_ERR_BUFFER_FULL);
            CHECK_STATUS(kpn_stream_head(&stream, SECRET, &piece), KPN_ERR_BUFFER_FULL);
        } else {
            CHECK(cap >= need);
            CHECK_OK(add_record(&stream.uplink, 0));
            CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
        }
    }
    CHECK(need > 0 && need <= KPN_HEAD_MAX);
}

static kpn_status take(kpn_stream *s)
{
    kpn_span piece;
    return kpn_stream_take(s, SIZE_MAX, &piece);
}
static kpn_status head(kpn_stream *s)
{
    kpn_span piece;
    return kpn_stream_head(s, SECRET, &piece);
}
static kpn_status head_unsigned(kpn_stream *s)
{
    kpn_span piece;
    return kpn_stream_head_unsigned(s, &piece);
}
static kpn_status restart(kpn_stream *s)
{
    return kpn_stream_restart(s, URN);
}
static kpn_status finish(kpn_stream *s)
{
    kpn_span piece;
    return kpn_stream_finish(s, &piece);
}

static void misuse(void)
{
    static kpn_status (*const calls[])(kpn_stream *) = {take, head, head_unsigned, restart, finish};
    kpn_span piece;
    kpn_stream *const wrong = (kpn_stream *)misaligned();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        CHECK_STATUS(calls[i](NULL), KPN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(calls[i](wrong), KPN_ERR_INVALID_ARGUMENT);
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            spoil(&stream, sizeof stream, pattern);
            CHECK_STATUS(calls[i](&stream), KPN_ERR_STATE);
        }
    }
    CHECK_SIZE(kpn_stream_request_len(NULL), 0);
    CHECK_SIZE(kpn_stream_request_len(wrong), 0);
    CHECK_STATUS(kpn_stream_begin(NULL, memory, WINDOW, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_stream_begin(wrong, other, WINDOW, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_stream_begin(&stream, NULL, 1, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_stream_begin(&stream, memory, SIZE_MAX, KPN_ENDPOINT_M2M, URN) < 0);
    CHECK_STATUS(kpn_stream_begin(&stream, memory, WINDOW, 3, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_stream_begin(&stream, memory, WINDOW, KPN_ENDPOINT_M2M, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_stream_begin(&stream, memory, WINDOW, KPN_ENDPOINT_M2M, (const char *)memory), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_stream_begin(&stream, (uint8_t *)&stream, 300, KPN_ENDPOINT_M2M, URN), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_stream_begin(&stream, memory, WINDOW, KPN_ENDPOINT_M2M, "urn:dev:IMEI:"), KPN_ERR_URN);
    CHECK_STATUS(head(&stream), KPN_ERR_URN);
    CHECK_STATUS(kpn_stream_begin_custom(&stream, memory, WINDOW, "a b", "/", URN), KPN_ERR_HEAD_TEXT);
    CHECK_STATUS(kpn_stream_begin_custom(&stream, memory, WINDOW, NULL, "/", URN), KPN_ERR_INVALID_ARGUMENT);

    CHECK_OK(kpn_stream_begin_custom(&stream, memory, WINDOW, "example.org", "/in", URN));
    CHECK_STATUS(restart(&stream), KPN_ERR_STATE);
    CHECK_STATUS(finish(&stream), KPN_ERR_STATE);
    CHECK_STATUS(head(&stream), KPN_ERR_SENML_EMPTY);
    CHECK_STATUS(kpn_uplink_finish(&stream.uplink, SECRET, &piece), KPN_ERR_STATE);
    CHECK_STATUS(kpn_stream_take(&stream, 0, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_stream_take(&stream, 0, (kpn_span *)&stream), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_stream_take(&stream, 0, (kpn_span *)(void *)memory), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_stream_head(&stream, (const char *)memory, &piece), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_stream_head(&stream, NULL, &piece), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_uplink_add_bool(&stream.uplink, "a", NULL, true));
    CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
    CHECK_STATUS(head(&stream), KPN_ERR_STATE);
    CHECK_STATUS(take(&stream), KPN_ERR_STATE);
    CHECK_STATUS(finish(&stream), KPN_ERR_STATE);
    CHECK_STATUS(kpn_uplink_add_bool(&stream.uplink, "a", NULL, true), KPN_ERR_STATE);
    CHECK_STATUS(kpn_stream_restart(&stream, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_stream_restart(&stream, (const char *)memory), KPN_ERR_OVERLAP);
    CHECK_OK(restart(&stream));
    CHECK_STATUS(restart(&stream), KPN_ERR_STATE);
    CHECK_STATUS(head_unsigned(&stream), KPN_ERR_STATE);
    CHECK_STATUS(finish(&stream), KPN_ERR_SENML_EMPTY);
    CHECK_OK(kpn_uplink_add_bool(&stream.uplink, "a", NULL, true));
    CHECK_OK(finish(&stream));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        CHECK_STATUS(calls[i](&stream), KPN_ERR_STATE);
    }
}

static void a_target_that_changes_after_begin(void)
{
    kpn_span piece = {NULL, 77};
    char host[] = "example.org";
    CHECK_OK(kpn_stream_begin_custom(&stream, memory, WINDOW, host, "/in", URN));
    CHECK_OK(kpn_uplink_add_bool(&stream.uplink, "a", NULL, true));
    host[3] = '\r';
    CHECK_STATUS(kpn_stream_head(&stream, SECRET, &piece), KPN_ERR_HEAD_TEXT);
    CHECK_SIZE(piece.len, 77);
    host[3] = 'm';
    CHECK_OK(kpn_stream_head(&stream, SECRET, &piece));
}

static void pieces_are_the_whole_again(void)
{
    kpn_pieces pieces;
    kpn_span piece;
    char text[2 * 40 + 1];
    size_t len;
    for (size_t i = 0; i < OTHER_CAP; i++) {
        other[i] = (uint8_t)random32();
    }
    for (size_t max = 1; max <= 40; max++) {
        const size_t total = random_below(200);
        size_t at = 0;
        CHECK_OK(kpn_pieces_begin(&pieces, other, total, max));
        while (kpn_pieces_next(&pieces, &piece) == KPN_OK) {
            CHECK(piece.ptr == other + at && piece.len >= 1 && piece.len <= max);
            at += piece.len;
        }
        CHECK_SIZE(at, total);
        CHECK_STATUS(kpn_pieces_next(&pieces, &piece), KPN_END);
        at = 0;
        CHECK_OK(kpn_pieces_begin(&pieces, other, total, 30));
        while (kpn_pieces_next_hex(&pieces, text, 2 * max + 1 + max % 2, &len) == KPN_OK) {
            CHECK(len >= 1 && len <= (max < 30 ? max : 30));
            CHECK_SIZE(strlen(text), 2 * len);
            for (size_t i = 0; i < len; i++, at++) {
                char digits[3];
                snprintf(digits, sizeof digits, "%02X", other[at]);
                CHECK_BYTES(text + 2 * i, 2, digits, 2);
            }
        }
        CHECK_SIZE(at, total);
        CHECK_STATUS(kpn_pieces_next_hex(&pieces, text, sizeof text, &len), KPN_END);
    }
}

static void misuse_of_pieces(void)
{
    kpn_pieces pieces;
    kpn_span piece;
    char text[9];
    size_t len = 77;
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        spoil(&pieces, sizeof pieces, pattern);
        CHECK_STATUS(kpn_pieces_next(&pieces, &piece), KPN_ERR_STATE);
        CHECK_STATUS(kpn_pieces_next_hex(&pieces, text, sizeof text, &len), KPN_ERR_STATE);
    }
    CHECK_STATUS(kpn_pieces_begin(NULL, other, 9, 4), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_begin((kpn_pieces *)misaligned(), other, 9, 4), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_begin(&pieces, NULL, 9, 4), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_pieces_begin(&pieces, other, SIZE_MAX, 4) < 0);
    CHECK_STATUS(kpn_pieces_begin(&pieces, other, 9, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_begin(&pieces, (uint8_t *)&pieces, 9, 4), KPN_ERR_OVERLAP);
    CHECK_OK(kpn_pieces_begin(&pieces, NULL, 0, 4));
    CHECK_STATUS(kpn_pieces_next(&pieces, &piece), KPN_END);
    CHECK_OK(kpn_pieces_begin(&pieces, other, 9, 4));
    CHECK_STATUS(kpn_pieces_next(NULL, &piece), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next(&pieces, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next(&pieces, (kpn_span *)&pieces), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_pieces_next_hex(NULL, text, sizeof text, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next_hex(&pieces, NULL, sizeof text, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next_hex(&pieces, text, 2, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next_hex(&pieces, NULL, 0, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next_hex(&pieces, text, sizeof text, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_pieces_next_hex(&pieces, (char *)other, 9, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_pieces_next_hex(&pieces, text, sizeof text, (size_t *)(void *)&pieces), KPN_ERR_OVERLAP);
    CHECK_SIZE(len, 77);
    CHECK_OK(kpn_pieces_next(&pieces, &piece));
    CHECK(piece.ptr == other && piece.len == 4);
}

void test_stream(void)
{
    ten_thousand_records_in_a_kibibyte();
    a_second_pass_that_differs_is_stopped();
    failures_of_a_pass_are_not_lost();
    windows_of_every_size();
    misuse();
    a_target_that_changes_after_begin();
    pieces_are_the_whole_again();
    misuse_of_pieces();
}
