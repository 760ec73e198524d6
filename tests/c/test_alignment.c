/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Heaps of small systems return addresses that are only a multiple of a pointer's size: 4 mod 8 for 32-bit pointers. Every public object
 * must work there as at a multiple of twice that size.
 */
#ifdef KPN_TEST_POSIX
#define KPN_POSIX
#define _POSIX_C_SOURCE 200809L
#endif
#include "check.h"

#ifdef KPN_TEST_POSIX
#include "loopback.h"
#endif

#define STEP sizeof(void *)
#define WINDOW 256u

/* A heap with the objects of one exchange at a time. */
static uint8_t arena[1200];
static size_t arena_used;
/* The remainder of an address divided by twice a pointer's size. */
static size_t rest;

static void free_all(void)
{
    arena_used = 0;
}

static void *take(size_t size)
{
    void *place;
    while (((uintptr_t)(arena + arena_used)) % (2 * STEP) != rest) {
        arena_used++;
    }
    place = arena + arena_used;
    arena_used += size;
    CHECK(arena_used <= sizeof arena);
    spoil(place, size, 2);
    return place;
}

#define TAKE(type) ((type *)take(sizeof(type)))

static void sends_and_reads_a_downlink(void)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 81\r\nRetry-After: 7\r\n\r\n"
                                 "[{\"bn\":\"" URN "\",\"bt\":1700000001},{\"n\":\"level\",\"v\":-2.5e3}]";
    kpn_uplink *const uplink = TAKE(kpn_uplink);
    kpn_span *const request = TAKE(kpn_span);
    kpn_response *const response = TAKE(kpn_response);
    kpn_connection *const connection = TAKE(kpn_connection);
    kpn_downlink *const downlink = TAKE(kpn_downlink);
    kpn_record *const record = TAKE(kpn_record);
    void *const number = take(sizeof(int64_t));
    size_t used = 0;
    int64_t value;
    int32_t exponent = 0;
    double real;

    CHECK_OK(kpn_uplink_begin(uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN));
    CHECK_OK(kpn_uplink_set_base_time(uplink, INT64_C(1700000001)));
    CHECK_OK(kpn_uplink_add_int64(uplink, "i", NULL, INT64_MIN));
    CHECK_OK(kpn_uplink_add_double(uplink, "d", NULL, 0.1));
    CHECK_OK(kpn_uplink_set_time_decimal(uplink, INT64_C(17000000025), -1));
    CHECK_OK(kpn_uplink_add_decimal(uplink, "e", NULL, 205, -1));
    CHECK_OK(kpn_uplink_finish(uplink, SECRET, request));
    {
        const kpn_span body = body_of(*request);
        CHECK_TEXT(body.ptr, body.len,
                   "[{\"bn\":\"" URN
                   "\",\"bt\":1700000001},{\"n\":\"i\",\"v\":-9223372036854775808},{\"n\":\"d\",\"v\":0.1},"
                   "{\"t\":1.5,\"n\":\"e\",\"v\":20.5}]");
    }

    CHECK_OK(kpn_connection_begin(connection, 3));
    CHECK_OK(kpn_response_begin(response, memory, MEMORY_CAP));
    for (size_t at = 0; at < sizeof answer - 1; at += used) {
        const kpn_status status = kpn_response_feed(response, (const uint8_t *)answer + at, 1, &used);
        CHECK_STATUS(status, at + 2 < sizeof answer ? KPN_NEED_MORE : KPN_OK);
        if (status < 0 || used == 0) {
            break;
        }
    }
    CHECK_OK(kpn_connection_record(connection, response));
    CHECK(kpn_connection_left(connection) == 2);
    CHECK(kpn_response_outcome(response) == KPN_OUTCOME_ACCEPTED && kpn_response_retry_after(response) == 7);
    CHECK_OK(kpn_downlink_begin(downlink, response));
    CHECK_OK(kpn_downlink_next(downlink, record));
    CHECK(kpn_record_is(record, "level") && kpn_record_is_for(record, URN) && record->kind == KPN_KIND_NUMBER);
    CHECK_OK(kpn_record_int64(record, KPN_FIELD_VALUE, &value));
    CHECK(value == -2500);
    CHECK_OK(kpn_record_int64(record, KPN_FIELD_TIME, (int64_t *)number));
    memcpy(&value, number, sizeof value);
    CHECK(value == 1700000001);
    CHECK_OK(kpn_record_uint64(record, KPN_FIELD_TIME, (uint64_t *)number));
    CHECK(memcmp(number, &value, sizeof value) == 0);
    CHECK_OK(kpn_record_decimal(record, KPN_FIELD_VALUE, (int64_t *)number, &exponent));
    memcpy(&value, number, sizeof value);
    CHECK(value == -25 && exponent == 2);
    CHECK_OK(kpn_record_double(record, KPN_FIELD_VALUE, (double *)number));
    memcpy(&real, number, sizeof real);
    CHECK(real > -2500.5 && real < -2499.5);
    CHECK_STATUS(kpn_downlink_next(downlink, record), KPN_END);
}

static void streams_a_message(void)
{
    kpn_stream *const stream = TAKE(kpn_stream);
    kpn_span *const piece = TAKE(kpn_span);
    kpn_pieces *const pieces = TAKE(kpn_pieces);
    kpn_token *const token = TAKE(kpn_token);
    char *const hex = (char *)take(KPN_TOKEN_LEN + 1);
    size_t sent = 0, len;

    CHECK_OK(kpn_stream_begin(stream, other, WINDOW, KPN_ENDPOINT_M2M, URN));
    for (int pass = 1; pass <= 2; pass++) {
        for (int at = 0; at < 10; at++) {
            CHECK_OK(kpn_stream_take(stream, 100, piece));
            if (pass == 2 && piece->len > 0) {
                memcpy(memory + sent, piece->ptr, piece->len);
                sent += piece->len;
            }
            CHECK_OK(kpn_uplink_set_time(&stream->uplink, INT64_C(1700000001) + at));
            CHECK_OK(kpn_uplink_add_decimal(&stream->uplink, KPN_TEMPERATURE, 201 + at, -1));
        }
        CHECK_OK(pass == 1 ? kpn_stream_head(stream, SECRET, piece) : kpn_stream_finish(stream, piece));
        memcpy(memory + sent, piece->ptr, piece->len);
        sent += piece->len;
        if (pass == 1) {
            CHECK_OK(kpn_stream_restart(stream, URN));
        }
    }
    CHECK_SIZE(sent, kpn_stream_request_len(stream));

    /* The token in the head is that of the body. */
    {
        const kpn_span request = {memory, sent};
        const kpn_span body = body_of(request);
        static const char field[] = "Things-Message-Token: ";
        size_t at = 0;
        CHECK_OK(kpn_token_begin(token));
        CHECK_OK(kpn_token_update(token, body.ptr, body.len));
        CHECK_OK(kpn_token_finish(token, SECRET, hex));
        while (at + sizeof field + KPN_TOKEN_LEN < sent && memcmp(memory + at, field, sizeof field - 1) != 0) {
            at++;
        }
        CHECK_BYTES(memory + at + sizeof field - 1, KPN_TOKEN_LEN, hex, KPN_TOKEN_LEN);
    }
    CHECK_OK(kpn_pieces_begin(pieces, memory, sent, 50));
    for (len = 0; kpn_pieces_next(pieces, piece) == KPN_OK; len += piece->len) {
        CHECK(piece->ptr == memory + len && piece->len <= 50);
    }
    CHECK_SIZE(len, sent);
}

static void keeps_records(void)
{
    kpn_queue *const queue = TAKE(kpn_queue);
    kpn_uplink *const uplink = TAKE(kpn_uplink);
    kpn_span *const request = TAKE(kpn_span);
    uint8_t *const image = (uint8_t *)take(128 + KPN_QUEUE_IMAGE_EXTRA);
    uint32_t count = 0;
    size_t len = 0;
    kpn_span body;

    CHECK_OK(kpn_queue_begin(queue, other, 128, KPN_QUEUE_DROP_OLDEST));
    CHECK_OK(kpn_queue_push_int64(queue, "i", NULL, KPN_CLOCK_UPTIME, 3600, INT64_MIN));
    CHECK_OK(kpn_queue_push_double(queue, "d", NULL, KPN_CLOCK_UNIX, 1700000001, 0.1));
    CHECK_OK(kpn_queue_save(queue, 3700, image, 128 + KPN_QUEUE_IMAGE_EXTRA, &len));
    spoil(queue, sizeof *queue, 1);
    CHECK_OK(kpn_queue_begin(queue, other, 128, KPN_QUEUE_DROP_OLDEST));
    CHECK_OK(kpn_queue_load(queue, image, len, 0, 0));
    CHECK_SIZE(kpn_queue_records(queue), 2);
    CHECK_OK(kpn_uplink_begin(uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN));
    CHECK_OK(kpn_queue_fill(queue, uplink, 0, 0, &count));
    CHECK_SIZE(count, 2);
    CHECK_OK(kpn_uplink_finish(uplink, SECRET, request));
    body = body_of(*request);
    CHECK_TEXT(body.ptr, body.len,
               "[{\"bn\":\"" URN
               "\"},{\"t\":-100,\"n\":\"i\",\"v\":-9223372036854775808},{\"t\":1700000001,\"n\":\"d\",\"v\":0.1}]");
    CHECK_OK(kpn_queue_accepted(queue));
    CHECK_SIZE(kpn_queue_records(queue), 0);
}

static void fetches_firmware(void)
{
    static const char part[] =
        "HTTP/1.1 206\r\nContent-Length: 9\r\nDigest: crc32=cbf43926\r\nContent-Range: bytes 0-8/9\r\n\r\n"
        "123456789";
    kpn_firmware *const firmware = TAKE(kpn_firmware);
    kpn_firmware_piece *const piece = TAKE(kpn_firmware_piece);
    uint8_t *const image = (uint8_t *)take(KPN_FIRMWARE_IMAGE_EXTRA + 64);
    kpn_status status = KPN_NEED_MORE;
    size_t len = 0, got = 0;

    CHECK_OK(kpn_firmware_begin(firmware, other, 64, 100));
    CHECK_OK(kpn_firmware_start(firmware, "http://10.0.0.1:81/f/v1/1", "eyJh.eyJz.Sf-l_x"));
    CHECK_OK(kpn_firmware_save(firmware, image, KPN_FIRMWARE_IMAGE_EXTRA + 64, &len));
    spoil(firmware, sizeof *firmware, 1);
    CHECK_OK(kpn_firmware_begin(firmware, other, 64, 100));
    CHECK_OK(kpn_firmware_load(firmware, image, len));
    CHECK_OK(kpn_firmware_connected(firmware));
    CHECK_OK(kpn_firmware_request(firmware, other + 64, OTHER_CAP - 64, &len));
    for (size_t at = 0; status == KPN_NEED_MORE && at < sizeof part - 1; at += piece->used) {
        status = kpn_firmware_feed(firmware, (const uint8_t *)part + at, 1, piece);
        if (status < 0) {
            break;
        }
        memcpy(memory + piece->offset, piece->ptr, piece->len);
        got += piece->len;
    }
    CHECK_OK(status);
    CHECK_TEXT(memory, got, "123456789");
    CHECK(kpn_firmware_state(firmware) == KPN_FIRMWARE_COMPLETE && kpn_firmware_total(firmware) == 9);
}

static void reads_a_configuration(void)
{
    static const char text[] = "{\"imei\":\"490154203237518\",\"secret\":\"" SECRET "\",\"endpoint\":\"m2m\"}";
    static const char wrong[] = "{\"imei\":\"49015420323751\"}";
    kpn_config *const config = TAKE(kpn_config);
    kpn_config_problem *const problem = TAKE(kpn_config_problem);
    kpn_uplink *const uplink = TAKE(kpn_uplink);
    kpn_span *const request = TAKE(kpn_span);
    kpn_sms_delivery *const delivery = TAKE(kpn_sms_delivery);

    CHECK(kpn_config_load(config, wrong, sizeof wrong - 1, problem) < 0);
    CHECK(problem->reason < 0 && problem->position <= sizeof wrong);
    CHECK_OK(kpn_config_load(config, text, sizeof text - 1, problem));
    CHECK_OK(kpn_uplink_begin_config(uplink, memory, MEMORY_CAP, config));
    CHECK_OK(kpn_uplink_add_bool(uplink, "b", NULL, true));
    CHECK_OK(kpn_uplink_finish(uplink, kpn_config_secret(config), request));
    CHECK(body_of(*request).len == sizeof "[{\"bn\":\"urn:dev:IMEI:490154203237518:\"},{\"n\":\"b\",\"vb\":true}]" - 1);
    CHECK_OK(kpn_sms_plan(60, 3600, delivery));
    CHECK(delivery->worst > 0);
}

#ifdef KPN_TEST_POSIX
static void exchanges_over_sockets(void)
{
    static const char answer[] = "HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n";
    kpn_posix *const posix = TAKE(kpn_posix);
    kpn_response *const response = TAKE(kpn_response);
    uint16_t port;
    uint8_t got[4];
    const int listener = listen_on_free_port(&port);
    int fd;

    CHECK_OK(kpn_posix_begin(posix, 100, MILLISECONDS));
    CHECK_OK(kpn_posix_open(posix, HOST, port));
    CHECK_OK(kpn_posix_send(posix, (const uint8_t *)"ping", 4));
    fd = accept(listener, NULL, NULL);
    CHECK(recv(fd, got, sizeof got, MSG_WAITALL) == 4);
    CHECK(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof answer - 1));
    CHECK_OK(kpn_response_begin(response, memory, MEMORY_CAP));
    CHECK_OK(kpn_posix_read(posix, response));
    CHECK(kpn_response_status(response) == 202);
    CHECK_OK(kpn_posix_close(posix));
    CHECK(close(fd) == 0 && close(listener) == 0);
}
#endif

void test_alignment(void)
{
    static void (*const exchanges[])(void) = {
        sends_and_reads_a_downlink, streams_a_message, keeps_records, fetches_firmware, reads_a_configuration,
#ifdef KPN_TEST_POSIX
        exchanges_over_sockets,
#endif
    };

    for (rest = 0; rest < 2 * STEP; rest += STEP) {
        for (size_t at = 0; at < sizeof exchanges / sizeof exchanges[0]; at++) {
            free_all();
            exchanges[at]();
        }
    }
    /* A pointer off by half a step is refused, not followed. */
    rest = STEP / 2;
    free_all();
    CHECK_STATUS(kpn_uplink_begin(TAKE(kpn_uplink), memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_begin(TAKE(kpn_response), memory, MEMORY_CAP), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_begin(TAKE(kpn_queue), other, OTHER_CAP, KPN_QUEUE_DROP_OLDEST), KPN_ERR_INVALID_ARGUMENT);
}
