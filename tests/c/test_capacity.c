/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every capacity from 0 to enough: the right status, the exact number of missing bytes, and no byte touched outside. */
#include "check.h"

#define MARGIN 16u
#define CANARY 0xc3

typedef kpn_status (*step)(kpn_uplink *uplink);

static kpn_status base_time(kpn_uplink *uplink)
{
    return kpn_uplink_set_base_time(uplink, 1585650750);
}
static kpn_status base_unit(kpn_uplink *uplink)
{
    return kpn_uplink_set_base_unit(uplink, "Cel");
}
static kpn_status decimal(kpn_uplink *uplink)
{
    return kpn_uplink_add_decimal(uplink, KPN_TEMPERATURE, 205, -1);
}
static kpn_status wide(kpn_uplink *uplink)
{
    return kpn_uplink_add_double(uplink, KPN_LATITUDE, 52.3731415926);
}
static kpn_status fixed(kpn_uplink *uplink)
{
    return kpn_uplink_add_double_fixed(uplink, KPN_HUMIDITY, 48.25, 1);
}
static kpn_status yes(kpn_uplink *uplink)
{
    return kpn_uplink_add_bool(uplink, "doorOpen", NULL, true);
}
static kpn_status text(kpn_uplink *uplink)
{
    return kpn_uplink_add_text(uplink, KPN_FIRMWARE, "1.0\n\xc3\xa9");
}
static kpn_status data(kpn_uplink *uplink)
{
    return kpn_uplink_add_data(uplink, "image", NULL, (const uint8_t *)"\x01\x02\x03\x04\x05", 5);
}
static kpn_status time_ago(kpn_uplink *uplink)
{
    return kpn_uplink_set_time_ago(uplink, 30);
}
static kpn_status counter(kpn_uplink *uplink)
{
    return kpn_uplink_add_uint64(uplink, KPN_COUNTER, UINT64_MAX);
}
static kpn_status other_device(kpn_uplink *uplink)
{
    return kpn_uplink_set_base_name(uplink, "urn:dev:IMEI:2:");
}
static kpn_status sum(kpn_uplink *uplink)
{
    return kpn_uplink_add_sum_decimal(uplink, "energy", "J", 7, 0);
}

static const step steps[] = {base_time, base_unit, decimal,  wide,    fixed,        yes,
                             text,      data,      time_ago, counter, other_device, sum};
#define STEPS (sizeof steps / sizeof steps[0])

static kpn_status begin(kpn_uplink *uplink, uint8_t *buffer, size_t cap)
{
    return kpn_uplink_begin(uplink, buffer, cap, KPN_ENDPOINT_M2M, URN);
}

/* The size of a message of the first `count` steps, as measured with a NULL buffer. */
static size_t measured(size_t count)
{
    kpn_uplink uplink;
    kpn_span request = {memory, 1};
    CHECK_OK(begin(&uplink, NULL, 0));
    for (size_t i = 0; i < count; i++) {
        CHECK_OK(steps[i](&uplink));
    }
    CHECK_SIZE(kpn_uplink_missing(&uplink), 0);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    CHECK(request.ptr == NULL);
    return request.len;
}

/* Runs the steps until one fails; returns its index, or STEPS, or -1 if begin failed. */
static int run(kpn_uplink *uplink, size_t cap, size_t count)
{
    memset(memory, CANARY, MEMORY_CAP);
    kpn_status status = begin(uplink, memory + MARGIN, cap);
    CHECK(status == KPN_OK || status == KPN_ERR_BUFFER_FULL);
    if (status != KPN_OK) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        status = steps[i](uplink);
        CHECK(status == KPN_OK || status == KPN_ERR_BUFFER_FULL);
        if (status != KPN_OK) {
            return (int)i;
        }
        CHECK_SIZE(kpn_uplink_missing(uplink), 0);
    }
    return (int)count;
}

static void check_margins(size_t cap)
{
    CHECK(filled(memory, MARGIN, CANARY));
    CHECK(filled(memory + MARGIN + cap, MEMORY_CAP - MARGIN - cap, CANARY));
}

static void measures_exactly(void)
{
    kpn_uplink uplink;
    kpn_span request;
    for (size_t count = 3; count <= STEPS; count++) {
        if (count == 9 || count == 11) {
            continue; /* ends with a label or base field without a record: no part of it is sent */
        }
        const size_t need = measured(count);
        CHECK(run(&uplink, need, count) == (int)count);
        CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
        CHECK_SIZE(request.len, need);
        CHECK(request.ptr == memory + MARGIN);
        check_margins(need);
        CHECK(run(&uplink, need - 1, count) < (int)count);
        check_margins(need - 1);
    }
}

static void tells_what_is_missing_at_every_capacity(void)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_status status;
    const size_t need = measured(STEPS);
    CHECK(need + 2 * MARGIN < MEMORY_CAP);
    for (size_t cap = 0; cap <= need; cap++) {
        const int reached = run(&uplink, cap, STEPS);
        check_margins(cap);
        if (reached == (int)STEPS) {
            CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
            CHECK_SIZE(request.len, need);
            check_margins(cap);
            continue;
        }
        const size_t missing = kpn_uplink_missing(&uplink);
        CHECK(missing > 0 && cap + missing <= need);

        if (reached >= 0) {
            /* finish returns the failure; once it is acknowledged, the contents of the pack can be sent. */
            const uint32_t records = kpn_uplink_records(&uplink);
            request.ptr = NULL;
            request.len = 77;
            CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_BUFFER_FULL);
            CHECK(request.ptr == NULL && request.len == 77);
            CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_BUFFER_FULL);
            CHECK_OK(kpn_uplink_clear_failure(&uplink));
            CHECK_SIZE(kpn_uplink_records(&uplink), records);
            status = kpn_uplink_finish(&uplink, SECRET, &request);
            CHECK_STATUS(status, records == 0 ? KPN_ERR_SENML_EMPTY : KPN_OK);
            if (status == KPN_OK) {
                CHECK(request.ptr >= memory + MARGIN && request.ptr + request.len <= memory + MARGIN + cap);
                CHECK(request.ptr[request.len - 1] == ']' && request.ptr[request.len - 2] == '}');
            }
        } else {
            request.len = 77;
            CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_BUFFER_FULL);
            CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_BUFFER_FULL);
            CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_BUFFER_FULL);
            CHECK(request.len == 77);
        }
        check_margins(cap);

        /* With that many more bytes the same call succeeds, with one fewer it does not. */
        CHECK(run(&uplink, cap + missing, STEPS) > reached);
        CHECK(run(&uplink, cap + missing - 1, STEPS) == reached);
    }
}

static void a_pack_that_is_full_takes_smaller_records(void)
{
    kpn_uplink uplink;
    kpn_span request;
    kpn_span body;
    memset(memory, CANARY, MEMORY_CAP);
    CHECK_OK(begin(&uplink, memory + MARGIN, measured(3) + 12));
    CHECK_OK(kpn_uplink_set_base_time(&uplink, 1585650750));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    CHECK_STATUS(kpn_uplink_add_text(&uplink, "much", NULL, "longer than what is left"), KPN_ERR_BUFFER_FULL);
    CHECK(kpn_uplink_missing(&uplink) > 0);
    CHECK_OK(kpn_uplink_add_int64(&uplink, "x", NULL, 7));
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_BUFFER_FULL);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    body = body_of(request);
    CHECK_TEXT(body.ptr, body.len,
               "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"bt\":1585650750},"
               "{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5},{\"n\":\"x\",\"v\":7}]");
}

static void the_first_failure_comes_out_of_finish(void)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    CHECK_OK(begin(&uplink, memory, MEMORY_CAP));
    CHECK_OK(yes(&uplink));
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "no good", NULL, true), KPN_ERR_SENML_NAME);
    CHECK_STATUS(kpn_uplink_add_text(&uplink, "x", NULL, "\xff"), KPN_ERR_UTF8);
    CHECK_OK(counter(&uplink));
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_SENML_NAME);
    CHECK_STATUS(kpn_uplink_finish_unsigned(&uplink, &request), KPN_ERR_SENML_NAME);
    CHECK(request.ptr == NULL && request.len == 77);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_SENML_NAME);
    CHECK_OK(kpn_uplink_clear_failure(&uplink));
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    CHECK_SIZE(kpn_uplink_records(&uplink), 2);
}

void test_capacity(void)
{
    measures_exactly();
    tells_what_is_missing_at_every_capacity();
    a_pack_that_is_full_takes_smaller_records();
    the_first_failure_comes_out_of_finish();
}
