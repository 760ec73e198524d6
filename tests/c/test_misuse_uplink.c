/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mistakes of firmware with an uplink: NULL, misaligned, out of order, never begun, overlapping, absurd lengths. */
#include "check.h"

/* Every call that takes a begun uplink and no other relevant pointer. */
static kpn_status add_decimal(kpn_uplink *u)
{
    return kpn_uplink_add_decimal(u, "x", NULL, 1, 0);
}
static kpn_status add_int64(kpn_uplink *u)
{
    return kpn_uplink_add_int64(u, "x", NULL, 1);
}
static kpn_status add_uint64(kpn_uplink *u)
{
    return kpn_uplink_add_uint64(u, "x", NULL, 1);
}
static kpn_status add_double(kpn_uplink *u)
{
    return kpn_uplink_add_double(u, "x", NULL, 1.0);
}
static kpn_status add_float(kpn_uplink *u)
{
    return kpn_uplink_add_float(u, "x", NULL, 1.0f);
}
static kpn_status add_fixed(kpn_uplink *u)
{
    return kpn_uplink_add_double_fixed(u, "x", NULL, 1.0, 2);
}
static kpn_status add_bool(kpn_uplink *u)
{
    return kpn_uplink_add_bool(u, "x", NULL, true);
}
static kpn_status add_text(kpn_uplink *u)
{
    return kpn_uplink_add_text(u, "x", NULL, "t");
}
static kpn_status add_text_n(kpn_uplink *u)
{
    return kpn_uplink_add_text_n(u, "x", NULL, "t", 1);
}
static kpn_status add_data(kpn_uplink *u)
{
    return kpn_uplink_add_data(u, "x", NULL, (const uint8_t *)"d", 1);
}
static kpn_status add_sum(kpn_uplink *u)
{
    return kpn_uplink_add_sum_decimal(u, "x", NULL, 1, 0);
}
static kpn_status add_sum_double(kpn_uplink *u)
{
    return kpn_uplink_add_sum_double(u, "x", NULL, 1.0);
}
static kpn_status base_name(kpn_uplink *u)
{
    return kpn_uplink_set_base_name(u, "urn:dev:IMEI:2:");
}
static kpn_status base_time(kpn_uplink *u)
{
    return kpn_uplink_set_base_time(u, 1585650750);
}
static kpn_status base_time_decimal(kpn_uplink *u)
{
    return kpn_uplink_set_base_time_decimal(u, 1585650750, 0);
}
static kpn_status base_unit(kpn_uplink *u)
{
    return kpn_uplink_set_base_unit(u, "Cel");
}
static kpn_status base_value(kpn_uplink *u)
{
    return kpn_uplink_set_base_value_decimal(u, 1, 0);
}
static kpn_status base_value_double(kpn_uplink *u)
{
    return kpn_uplink_set_base_value_double(u, 1.0);
}
static kpn_status base_sum(kpn_uplink *u)
{
    return kpn_uplink_set_base_sum_decimal(u, 1, 0);
}
static kpn_status base_sum_double(kpn_uplink *u)
{
    return kpn_uplink_set_base_sum_double(u, 1.0);
}
static kpn_status merged(kpn_uplink *u)
{
    return kpn_uplink_merge_base_record(u);
}
static kpn_status time_of(kpn_uplink *u)
{
    return kpn_uplink_set_time(u, 1585650750);
}
static kpn_status time_decimal(kpn_uplink *u)
{
    return kpn_uplink_set_time_decimal(u, 1585650750, 0);
}
static kpn_status time_ago(kpn_uplink *u)
{
    return kpn_uplink_set_time_ago(u, 1);
}
static kpn_status time_ago_decimal(kpn_uplink *u)
{
    return kpn_uplink_set_time_ago_decimal(u, 1, 0);
}
static kpn_status update_time(kpn_uplink *u)
{
    return kpn_uplink_set_update_time(u, 1);
}
static kpn_status sum(kpn_uplink *u)
{
    return kpn_uplink_set_sum_decimal(u, 1, 0);
}
static kpn_status sum_double(kpn_uplink *u)
{
    return kpn_uplink_set_sum_double(u, 1.0);
}
static kpn_status acknowledge(kpn_uplink *u)
{
    return kpn_uplink_clear_failure(u);
}
static kpn_status finish(kpn_uplink *u)
{
    kpn_span request;
    return kpn_uplink_finish(u, SECRET, &request);
}
static kpn_status finish_unsigned(kpn_uplink *u)
{
    kpn_span request;
    return kpn_uplink_finish_unsigned(u, &request);
}

typedef kpn_status (*call)(kpn_uplink *uplink);
static const call calls[] = {
    add_decimal,      add_int64,         add_uint64, add_double,      add_float,   add_fixed, add_bool,          add_text,
    add_text_n,       add_data,          add_sum,    add_sum_double,  base_name,   base_time, base_time_decimal, base_unit,
    base_value,       base_value_double, base_sum,   base_sum_double, merged,      time_of,   time_decimal,      time_ago,
    time_ago_decimal, update_time,       sum,        sum_double,      acknowledge, finish,    finish_unsigned,
};
#define CALLS (sizeof calls / sizeof calls[0])

static kpn_status begin(kpn_uplink *uplink)
{
    return kpn_uplink_begin(uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN);
}

static void never_begun_or_no_object(void)
{
    kpn_uplink uplink;
    kpn_uplink *const wrong = (kpn_uplink *)misaligned();
    for (size_t i = 0; i < CALLS; i++) {
        CHECK_STATUS(calls[i](NULL), KPN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(calls[i](wrong), KPN_ERR_INVALID_ARGUMENT);
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            spoil(&uplink, sizeof uplink, pattern);
            CHECK_STATUS(calls[i](&uplink), KPN_ERR_STATE);
            CHECK_SIZE(kpn_uplink_missing(&uplink), 0);
            CHECK_SIZE(kpn_uplink_records(&uplink), 0);
        }
    }
    CHECK_SIZE(kpn_uplink_missing(NULL), 0);
    CHECK_SIZE(kpn_uplink_missing(wrong), 0);
    CHECK_SIZE(kpn_uplink_records(NULL), 0);
    CHECK_SIZE(kpn_uplink_records(wrong), 0);
}

static void after_the_end(void)
{
    kpn_uplink uplink;
    kpn_span request;
    CHECK_OK(begin(&uplink));
    CHECK_OK(add_bool(&uplink));
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    memcpy(other, request.ptr, request.len);
    for (size_t i = 0; i < CALLS; i++) {
        CHECK_STATUS(calls[i](&uplink), KPN_ERR_STATE);
    }
    CHECK(memcmp(other, request.ptr, request.len) == 0);
    CHECK_OK(begin(&uplink));
}

static void in_the_wrong_order(void)
{
    kpn_uplink uplink;
    kpn_span request;
    CHECK_OK(begin(&uplink));
    CHECK_STATUS(finish(&uplink), KPN_ERR_SENML_EMPTY);
    CHECK_OK(add_bool(&uplink));
    CHECK_STATUS(merged(&uplink), KPN_ERR_STATE);
    /* The same label twice for one record, and a base field between a label and its record. */
    CHECK_OK(time_ago(&uplink));
    CHECK_STATUS(base_unit(&uplink), KPN_ERR_STATE);
    CHECK(kpn_uplink_finish(&uplink, SECRET, &request) == KPN_ERR_STATE);
}

static void any_order_of_calls_is_survived(void)
{
    kpn_uplink uplink;
    kpn_span request;
    for (uint32_t round = 0; round < RANDOM_ROUNDS; round++) {
        const size_t cap = random_below(700);
        memset(memory, 0xc3, MEMORY_CAP);
        spoil(&uplink, sizeof uplink, (int)random_below(PATTERNS));
        kpn_status status = kpn_uplink_begin(&uplink, memory + 16, cap, KPN_ENDPOINT_M2M, URN);
        CHECK(status == KPN_OK || status == KPN_ERR_BUFFER_FULL);
        for (uint32_t i = random_below(30); i > 0; i--) {
            /* All except the two finishing calls. */
            (void)calls[random_below((uint32_t)CALLS - 2)](&uplink);
        }
        status = kpn_uplink_finish(&uplink, SECRET, &request);
        if (status != KPN_OK) {
            (void)kpn_uplink_clear_failure(&uplink);
            status = kpn_uplink_finish(&uplink, SECRET, &request);
        }
        if (status == KPN_OK) {
            const kpn_span body = body_of(request);
            CHECK(request.ptr >= memory + 16 && request.ptr + request.len <= memory + 16 + cap);
            CHECK(body.len > 2 && body.ptr[0] == '[' && body.ptr[body.len - 1] == ']');
            /* It is JSON: the library accepts it as a body again, unchanged. */
            memmove(memory + 800, body.ptr, body.len);
            CHECK_OK(kpn_uplink_begin_with_body(&uplink, memory + 800 - KPN_HEAD_MAX, MEMORY_CAP - 800 + KPN_HEAD_MAX,
                                                KPN_ENDPOINT_M2M, KPN_HEAD_MAX, body.len));
        } else {
            CHECK(filled(memory + 16 + cap, MEMORY_CAP - 16 - cap, 0xc3));
        }
        CHECK(filled(memory, 16, 0xc3));
    }
}

static void arguments_that_are_null(void)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    CHECK_STATUS(kpn_uplink_begin(NULL, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin((kpn_uplink *)misaligned(), memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN),
                 KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin(&uplink, NULL, 1, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin(&uplink, memory, (size_t)PTRDIFF_MAX + 1, KPN_ENDPOINT_M2M, URN),
                 KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin(&uplink, memory, SIZE_MAX, KPN_ENDPOINT_M2M, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_custom(NULL, memory, MEMORY_CAP, "h", "/", URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_custom(&uplink, NULL, 1, "h", "/", URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_custom(&uplink, memory, MEMORY_CAP, NULL, "/", URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_custom(&uplink, memory, MEMORY_CAP, "h", NULL, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_custom(&uplink, memory, MEMORY_CAP, "h", "/", NULL), KPN_ERR_INVALID_ARGUMENT);

    /* A NULL name means a lost value, so finish reports it too. */
    CHECK_OK(begin(&uplink));
    CHECK_OK(add_bool(&uplink));
    CHECK_STATUS(kpn_uplink_add_decimal(&uplink, NULL, NULL, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_int64(&uplink, NULL, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_uint64(&uplink, NULL, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_double(&uplink, NULL, NULL, 1.0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_float(&uplink, NULL, NULL, 1.0f), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_double_fixed(&uplink, NULL, NULL, 1.0, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, NULL, NULL, true), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_text(&uplink, NULL, NULL, "t"), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_text(&uplink, "x", NULL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_text_n(&uplink, NULL, NULL, "t", 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_text_n(&uplink, "x", NULL, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_text_n(&uplink, "x", NULL, "t", (size_t)PTRDIFF_MAX + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_data(&uplink, NULL, NULL, other, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_data(&uplink, "x", NULL, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_data(&uplink, "x", NULL, other, SIZE_MAX), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_sum_decimal(&uplink, NULL, NULL, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_add_sum_double(&uplink, NULL, NULL, 1.0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_set_base_name(&uplink, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_set_base_unit(&uplink, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish(&uplink, NULL, &request), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, (kpn_span *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish(NULL, NULL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish(NULL, SECRET, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish_unsigned(&uplink, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish_unsigned(NULL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_INVALID_ARGUMENT);
    CHECK(request.ptr == NULL && request.len == 77);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
}

static void memory_that_overlaps(void)
{
    union {
        kpn_uplink uplink;
        uint8_t bytes[sizeof(kpn_uplink) + 512];
        char text[sizeof(kpn_uplink) + 512];
        kpn_span span;
    } shared;
    kpn_uplink uplink;
    kpn_span request;
    memset(&shared, 0, sizeof shared);
    CHECK_STATUS(kpn_uplink_begin(&shared.uplink, shared.bytes, 512, KPN_ENDPOINT_M2M, URN), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_begin(&shared.uplink, shared.bytes + sizeof(kpn_uplink) - 1, 512, KPN_ENDPOINT_M2M, URN),
                 KPN_ERR_OVERLAP);
    memcpy(memory + 200, URN, sizeof URN);
    CHECK_STATUS(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, (const char *)memory + 200),
                 KPN_ERR_OVERLAP);
    memcpy(shared.text, URN, sizeof URN);
    CHECK_STATUS(kpn_uplink_begin(&shared.uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, shared.text), KPN_ERR_OVERLAP);
    CHECK_OK(kpn_uplink_begin(&shared.uplink, shared.bytes + sizeof(kpn_uplink), 512, KPN_ENDPOINT_M2M, URN));

    CHECK_OK(begin(&uplink));
    memcpy(memory + MEMORY_CAP - 8, "name", 5);
    const char *const inside = (const char *)memory + MEMORY_CAP - 8;
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, inside, NULL, true), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", inside, true), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_add_text(&uplink, "x", NULL, inside), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_add_text_n(&uplink, "x", NULL, inside, 4), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_add_data(&uplink, "x", NULL, memory, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_add_data(&uplink, "x", NULL, (const uint8_t *)&uplink, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_set_base_unit(&uplink, inside), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_OVERLAP);
    CHECK_OK(add_bool(&uplink));
    memcpy(memory + MEMORY_CAP - 64, SECRET, sizeof SECRET);
    CHECK_STATUS(kpn_uplink_finish(&uplink, (const char *)memory + MEMORY_CAP - 64, &request), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, (kpn_span *)(void *)&uplink), KPN_ERR_OVERLAP);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
}

void test_misuse_uplink(void)
{
    never_begun_or_no_object();
    after_the_end();
    in_the_wrong_order();
    any_order_of_calls_is_survived();
    arguments_that_are_null();
    memory_that_overlaps();
}
