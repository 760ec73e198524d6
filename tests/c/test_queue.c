/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Store and forward: what is pushed is sent once, according to the policy, and survives a reset. */
#include "check.h"

#include <math.h>

#define QUEUE_CAP 320u

static kpn_queue queue;
static kpn_uplink uplink;

static kpn_status begin_queue(int32_t policy)
{
    return kpn_queue_begin(&queue, other, QUEUE_CAP, policy);
}

static kpn_status begin_uplink(size_t cap)
{
    return kpn_uplink_begin(&uplink, memory, cap, KPN_ENDPOINT_M2M, URN);
}

static kpn_status push_number(int64_t value)
{
    return kpn_queue_push_decimal(&queue, "x", NULL, KPN_CLOCK_NONE, 0, value, 0);
}

/* The body with the records on their way; `cap` bytes for the uplink. */
static kpn_span fill(size_t cap, uint32_t uptime, uint32_t unix_time, uint32_t expected_count)
{
    kpn_span request = {NULL, 0};
    uint32_t count = 0;
    CHECK_OK(begin_uplink(cap));
    CHECK_OK(kpn_queue_fill(&queue, &uplink, uptime, unix_time, &count));
    CHECK_SIZE(count, expected_count);
    CHECK_SIZE(kpn_uplink_records(&uplink), expected_count);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    return body_of(request);
}

static void every_kind_and_every_clock(void)
{
    static const char known[] = "[{\"bn\":\"" URN "\"},{\"t\":1700000001,\"n\":\"temperature\",";
    static const uint8_t bytes[] = {0xfb, 0xff, 0x00};
    kpn_span body;
    CHECK_OK(begin_queue(KPN_QUEUE_REFUSE_NEWEST));
    CHECK_OK(kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UPTIME, 3600, 205, -1));
    CHECK_OK(kpn_queue_push_double(&queue, "d", NULL, KPN_CLOCK_UNIX, 1700000001, 0.1));
    CHECK_OK(kpn_queue_push_bool(&queue, "b", NULL, KPN_CLOCK_NONE, 77, false));
    CHECK_OK(kpn_queue_push_bool(&queue, "b", NULL, KPN_CLOCK_UPTIME, 3725, true));
    CHECK_OK(kpn_queue_push_text(&queue, "t", "Cel", KPN_CLOCK_NONE, 0, "\"\n"));
    CHECK_OK(kpn_queue_push_int64(&queue, "i", NULL, KPN_CLOCK_NONE, 0, INT64_MIN));
    CHECK_OK(kpn_queue_push_uint64(&queue, "u", NULL, KPN_CLOCK_NONE, 0, UINT64_MAX));
    CHECK_OK(kpn_queue_push_data(&queue, "x", NULL, KPN_CLOCK_NONE, 0, bytes, sizeof bytes));
    CHECK_OK(kpn_queue_push_data(&queue, "x", NULL, KPN_CLOCK_NONE, 0, NULL, 0));
    CHECK_OK(kpn_queue_push_sum_decimal(&queue, "s", "Wh", KPN_CLOCK_NONE, 0, 15, -1));
    CHECK_OK(kpn_queue_push_sum_double(&queue, "s", NULL, KPN_CLOCK_UNIX, 1700000002, 0.3));
    CHECK_SIZE(kpn_queue_records(&queue), 11);
    body = fill(MEMORY_CAP, 3725, 0, 11);
    CHECK_TEXT(body.ptr, body.len,
               "[{\"bn\":\"" URN "\"},{\"t\":-125,\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5},"
               "{\"t\":1700000001,\"n\":\"d\",\"v\":0.1},{\"n\":\"b\",\"vb\":false},{\"t\":0,\"n\":\"b\",\"vb\":true},"
               "{\"n\":\"t\",\"u\":\"Cel\",\"vs\":\"\\\"\\n\"},{\"n\":\"i\",\"v\":-9223372036854775808},"
               "{\"n\":\"u\",\"v\":18446744073709551615},{\"n\":\"x\",\"vd\":\"-_8A\"},{\"n\":\"x\",\"vd\":\"\"},"
               "{\"n\":\"s\",\"u\":\"Wh\",\"s\":1.5},{\"t\":1700000002,\"n\":\"s\",\"s\":0.3}]");
    CHECK_OK(kpn_queue_failed(&queue));
    body = fill(MEMORY_CAP, 3725, 1700000126, 11);
    CHECK(memcmp(body.ptr, known, sizeof known - 1) == 0);
    CHECK_OK(kpn_queue_accepted(&queue));
    CHECK_SIZE(kpn_queue_records(&queue), 0);
    CHECK_OK(begin_uplink(MEMORY_CAP));
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, NULL), KPN_END);
}

/* A 32-bit count that starts again after 49.7 days, and the header's count made from it. */
static uint32_t clock_ms;

static uint32_t millis(void)
{
    return clock_ms;
}

static uint32_t uptime_of_millis(void)
{
    static uint64_t milliseconds;
    milliseconds += (uint32_t)(millis() - (uint32_t)milliseconds);
    return (uint32_t)(milliseconds / 1000);
}

static void a_count_that_starts_again_is_refused_and_can_be_carried_on(void)
{
    uint64_t real = 0;
    uint32_t count = 0;
    CHECK_OK(begin_queue(KPN_QUEUE_DROP_OLDEST));
    for (int step = 0; step < 40; step++) {
        /* Up to 48 days, at times none. */
        real += step % 5 == 0 ? 1 : 1000 * random_below(4147200);
        clock_ms = (uint32_t)real;
        CHECK(uptime_of_millis() == real / 1000);
    }
    CHECK(real > UINT64_C(5) << 32);

    /* 4,294,960 s, then 5. */
    CHECK_OK(kpn_queue_push_bool(&queue, "a", NULL, KPN_CLOCK_UPTIME, 4294960, true));
    CHECK_OK(begin_uplink(MEMORY_CAP));
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 5, 0, &count), KPN_ERR_CLOCK);
    CHECK(count == 0 && kpn_queue_records(&queue) == 1 && kpn_uplink_records(&uplink) == 0);
    CHECK_OK(kpn_queue_fill(&queue, &uplink, 4294967 + 5, 0, &count));
    CHECK(count == 1);
}

/* The numbers that left the queue unsent, and the first one that is still undecided. */
static bool lost[1000];
static uint32_t first;

/* Marks the next `count` numbers that are not lost, after skipping `skip` of them. */
static void lose(uint32_t skip, uint32_t count)
{
    for (uint32_t at = first; count > 0; at++) {
        if (!lost[at] && skip > 0) {
            skip--;
        } else if (!lost[at]) {
            lost[at] = true;
            count--;
        }
    }
}

/* Pushes numbers by random operations; the platform must accept all of them in order, except the dropped ones. */
static void each_number_leaves_once(int32_t policy)
{
    uint32_t next = 0, sent = 0, still_there = 0, lost_count = 0;
    memset(lost, 0, sizeof lost);
    first = 0;
    CHECK_OK(kpn_queue_begin(&queue, other, 200, policy));
    while (next < 1000) {
        const uint32_t choice = random_below(8);
        if (choice < 5) {
            const uint32_t before = kpn_queue_records(&queue);
            const kpn_status status = push_number(next);
            if (status == KPN_OK) {
                uint32_t gone = before + 1 - kpn_queue_records(&queue);
                CHECK(policy == KPN_QUEUE_DROP_OLDEST || gone == 0);
                for (; gone > 0 && still_there > 0; gone--) {
                    still_there--;
                }
                lose(sent, gone);
                lost_count += gone;
            } else {
                CHECK_STATUS(status, KPN_ERR_BUFFER_FULL);
                CHECK(policy == KPN_QUEUE_REFUSE_NEWEST);
                CHECK_SIZE(kpn_queue_records(&queue), before);
                lost[next] = true;
                lost_count++;
            }
            next++;
        } else if (sent == 0) {
            kpn_span request;
            kpn_status status;
            CHECK_OK(begin_uplink(260 + random_below(200)));
            status = kpn_queue_fill(&queue, &uplink, 0, 0, &sent);
            CHECK(status == KPN_OK || (status == KPN_END && kpn_queue_records(&queue) == 0));
            if (status == KPN_OK) {
                char text[32];
                uint32_t at = first;
                const char *from;
                CHECK_OK(kpn_uplink_finish_unsigned(&uplink, &request));
                ((char *)memory)[(size_t)(request.ptr - memory) + request.len] = '\0';
                from = (const char *)body_of(request).ptr;
                for (uint32_t i = 0; i < sent; i++, at++) {
                    while (lost[at]) {
                        at++;
                    }
                    from = strstr(from + 1, "\"v\":");
                    snprintf(text, sizeof text, "\"v\":%lu}", (unsigned long)at);
                    CHECK(from != NULL && strncmp(from, text, strlen(text)) == 0);
                    if (from == NULL) {
                        return;
                    }
                }
                CHECK(strstr(from + 1, "\"v\":") == NULL);
                still_there = sent;
            }
        } else if (choice < 7) {
            CHECK_OK(kpn_queue_accepted(&queue));
            for (; sent > 0; first++) {
                sent -= lost[first] ? 0 : 1;
            }
            still_there = 0;
        } else {
            CHECK_OK(kpn_queue_failed(&queue));
            lose(0, sent - still_there);
            lost_count += sent - still_there;
            sent = still_there = 0;
        }
        CHECK_SIZE(kpn_queue_dropped(&queue), lost_count);
    }
    CHECK(lost_count > 0);
}

static void an_image_survives_and_a_damaged_one_is_refused(void)
{
    static uint8_t image[QUEUE_CAP + KPN_QUEUE_IMAGE_EXTRA];
    kpn_span body;
    size_t len = 0, again = 0;
    CHECK_OK(begin_queue(KPN_QUEUE_DROP_OLDEST));
    CHECK_OK(kpn_queue_push_decimal(&queue, "a", NULL, KPN_CLOCK_UPTIME, 100, 1, 0));
    CHECK_OK(kpn_queue_push_decimal(&queue, "b", NULL, KPN_CLOCK_UNIX, 1700000001, 2, 0));
    (void)fill(MEMORY_CAP, 200, 0, 2);
    CHECK_OK(kpn_queue_save(&queue, 200, image, sizeof image, &len));
    for (size_t cap = 0; cap < len; cap++) {
        CHECK_STATUS(kpn_queue_save(&queue, 200, memory, cap, &again), KPN_ERR_BUFFER_FULL);
    }
    CHECK_SIZE(again, 0);
    for (size_t i = 0; i < len; i++) {
        image[i] ^= 0x10;
        CHECK_STATUS(kpn_queue_load(&queue, image, len, 0, 0), KPN_ERR_IMAGE);
        image[i] ^= 0x10;
        CHECK_STATUS(kpn_queue_load(&queue, check_exact(image, i), i, 0, 0), KPN_ERR_IMAGE);
    }
    CHECK_OK(kpn_queue_accepted(&queue)); /* they were still on their way */

    CHECK_OK(kpn_queue_begin(&queue, other, 10, KPN_QUEUE_DROP_OLDEST));
    CHECK_STATUS(kpn_queue_load(&queue, image, len, 0, 0), KPN_ERR_BUFFER_FULL);
    CHECK_OK(begin_queue(KPN_QUEUE_DROP_OLDEST));
    CHECK_OK(kpn_queue_load(&queue, check_exact(image, len), len, 5, 1000)); /* 100 before the save, 1000 after */
    body = fill(MEMORY_CAP, 6, 0, 2);
    CHECK_TEXT(body.ptr, body.len,
               "[{\"bn\":\"" URN "\"},{\"t\":-1101,\"n\":\"a\",\"v\":1},{\"t\":1700000001,\"n\":\"b\",\"v\":2}]");
}

static void room_of_every_size(void)
{
    for (size_t cap = 0; cap < 40; cap++) {
        uint32_t pushed = 0;
        memset(other, 0xA5, OTHER_CAP);
        CHECK_OK(kpn_queue_begin(&queue, cap == 0 ? NULL : other, cap, KPN_QUEUE_REFUSE_NEWEST));
        while (push_number(7) == KPN_OK) {
            pushed++;
        }
        CHECK_SIZE(pushed, cap / 10);
        CHECK_SIZE(kpn_queue_records(&queue), pushed);
        CHECK_SIZE(kpn_queue_dropped(&queue), 1);
        CHECK(filled(other + cap, 64, 0xA5));
    }
    CHECK_OK(begin_queue(KPN_QUEUE_REFUSE_NEWEST));
    CHECK_OK(push_number(7));
    for (size_t cap = 0; cap < 300; cap++) {
        if (begin_uplink(cap) == KPN_OK) {
            uint32_t count = 0;
            kpn_span request;
            const kpn_status status = kpn_queue_fill(&queue, &uplink, 0, 0, &count);
            if (status == KPN_OK) {
                CHECK_SIZE(count, 1);
                CHECK_OK(kpn_queue_failed(&queue));
                CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
            } else {
                CHECK_STATUS(status, KPN_ERR_BUFFER_FULL);
                CHECK(kpn_uplink_missing(&uplink) > 0);
                CHECK_STATUS(kpn_queue_failed(&queue), KPN_ERR_STATE);
                CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_SENML_EMPTY);
            }
        }
    }
}

static void a_failed_uplink_takes_nothing(void)
{
    kpn_span request;
    CHECK_OK(begin_queue(KPN_QUEUE_REFUSE_NEWEST));
    CHECK_OK(push_number(1));
    CHECK_OK(begin_uplink(MEMORY_CAP));
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "a b", NULL, true), KPN_ERR_SENML_NAME);
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, NULL), KPN_ERR_SENML_NAME);
    CHECK_STATUS(kpn_queue_accepted(&queue), KPN_ERR_STATE);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_SENML_NAME);
    CHECK_OK(kpn_queue_fill(&queue, &uplink, 0, 0, NULL));
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, NULL), KPN_ERR_STATE);
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    CHECK_OK(kpn_queue_failed(&queue));
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, NULL), KPN_ERR_STATE);
}

static kpn_status push(kpn_queue *q)
{
    return kpn_queue_push_decimal(q, "x", NULL, KPN_CLOCK_NONE, 0, 1, 0);
}
static kpn_status push_double(kpn_queue *q)
{
    return kpn_queue_push_double(q, "x", NULL, KPN_CLOCK_NONE, 0, 1.5);
}
static kpn_status push_bool(kpn_queue *q)
{
    return kpn_queue_push_bool(q, "x", NULL, KPN_CLOCK_NONE, 0, true);
}
static kpn_status push_text(kpn_queue *q)
{
    return kpn_queue_push_text(q, "x", NULL, KPN_CLOCK_NONE, 0, "t");
}
static kpn_status push_int64(kpn_queue *q)
{
    return kpn_queue_push_int64(q, "x", NULL, KPN_CLOCK_NONE, 0, 1);
}
static kpn_status push_uint64(kpn_queue *q)
{
    return kpn_queue_push_uint64(q, "x", NULL, KPN_CLOCK_NONE, 0, 1);
}
static kpn_status push_data(kpn_queue *q)
{
    return kpn_queue_push_data(q, "x", NULL, KPN_CLOCK_NONE, 0, NULL, 0);
}
static kpn_status push_sum(kpn_queue *q)
{
    return kpn_queue_push_sum_decimal(q, "x", NULL, KPN_CLOCK_NONE, 0, 1, 0);
}
static kpn_status push_sum_double(kpn_queue *q)
{
    return kpn_queue_push_sum_double(q, "x", NULL, KPN_CLOCK_NONE, 0, 1);
}
static kpn_status fill_of(kpn_queue *q)
{
    return kpn_queue_fill(q, &uplink, 0, 0, NULL);
}
static kpn_status accepted(kpn_queue *q)
{
    return kpn_queue_accepted(q);
}
static kpn_status failed(kpn_queue *q)
{
    return kpn_queue_failed(q);
}
static kpn_status save(kpn_queue *q)
{
    size_t len;
    return kpn_queue_save(q, 0, memory, MEMORY_CAP, &len);
}
static kpn_status load(kpn_queue *q)
{
    return kpn_queue_load(q, memory, 28, 0, 0);
}

static void misuse(void)
{
    static kpn_status (*const calls[])(kpn_queue *) = {
        push,     push_int64,      push_uint64, push_double, push_bool, push_text, push_data,
        push_sum, push_sum_double, fill_of,     accepted,    failed,    save,      load};
    kpn_queue *const wrong = (kpn_queue *)misaligned();
    char long_text[KPN_QUEUE_TEXT_MAX + 2];
    size_t len = 77;
    CHECK_OK(begin_uplink(512));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        CHECK_STATUS(calls[i](NULL), KPN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(calls[i](wrong), KPN_ERR_INVALID_ARGUMENT);
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            spoil(&queue, sizeof queue, pattern);
            CHECK_STATUS(calls[i](&queue), KPN_ERR_STATE);
        }
    }
    CHECK_SIZE(kpn_queue_records(NULL) + kpn_queue_records(wrong) + kpn_queue_records(&queue), 0);
    CHECK_SIZE(kpn_queue_dropped(NULL) + kpn_queue_dropped(wrong) + kpn_queue_dropped(&queue), 0);
    CHECK_STATUS(kpn_queue_begin(NULL, other, 9, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_begin(wrong, other, 9, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_begin(&queue, NULL, 9, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_begin(&queue, other, 9, 2), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_begin(&queue, other, 9, -1), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_queue_begin(&queue, other, SIZE_MAX, 0) < 0);
    CHECK_STATUS(kpn_queue_begin(&queue, (uint8_t *)&queue, 9, 0), KPN_ERR_OVERLAP);

    CHECK_OK(begin_queue(KPN_QUEUE_REFUSE_NEWEST));
    CHECK_STATUS(kpn_queue_push_decimal(&queue, NULL, NULL, 0, 0, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "x", NULL, 3, 0, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "x", NULL, -1, 0, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "x", NULL, KPN_CLOCK_UPTIME, 0x80000000u, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "x", NULL, KPN_CLOCK_UNIX, (1u << 28) - 1, 1, 0), KPN_ERR_SENML_TIME);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "x", NULL, 0, 0, 1, KPN_EXPONENT_MAX + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "", NULL, 0, 0, 1, 0), KPN_ERR_SENML_NAME);
    CHECK_STATUS(kpn_queue_push_decimal(&queue, "x", "", 0, 0, 1, 0), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_queue_push_double(&queue, "x", NULL, 0, 0, (double)INFINITY), KPN_ERR_NOT_FINITE);
    CHECK_STATUS(kpn_queue_push_sum_double(&queue, "x", NULL, 0, 0, (double)NAN), KPN_ERR_NOT_FINITE);
    CHECK_STATUS(kpn_queue_push_sum_decimal(&queue, "x", NULL, 0, 0, 1, -KPN_EXPONENT_MAX - 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_data(&queue, "x", NULL, 0, 0, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_data(&queue, "x", NULL, 0, 0, memory, KPN_QUEUE_DATA_MAX + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_data(&queue, "x", NULL, 0, 0, other, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_push_text(&queue, "x", NULL, 0, 0, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_push_text(&queue, "x", NULL, 0, 0, "\xff"), KPN_ERR_UTF8);
    CHECK_STATUS(kpn_queue_push_text(&queue, "x", NULL, 0, 0, (const char *)other), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_push_bool(&queue, (const char *)other, NULL, 0, 0, true), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_push_bool(&queue, "x", (const char *)&queue, 0, 0, true), KPN_ERR_OVERLAP);
    memset(long_text, 'x', sizeof long_text);
    long_text[KPN_QUEUE_TEXT_MAX + 1] = '\0';
    CHECK_STATUS(kpn_queue_push_text(&queue, "x", NULL, 0, 0, long_text), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_queue_push_text(&queue, "x", NULL, 0, 0, long_text + 1));
    CHECK_STATUS(kpn_queue_push_bool(&queue, long_text, NULL, 0, 0, true), KPN_ERR_SENML_NAME);
    CHECK_OK(kpn_queue_push_bool(&queue, long_text + 1 + KPN_QUEUE_TEXT_MAX - KPN_QUEUE_NAME_MAX, NULL, 0, 0, true));
    CHECK_SIZE(kpn_queue_records(&queue), 2);
    CHECK_SIZE(kpn_queue_dropped(&queue), 0);

    CHECK_STATUS(kpn_queue_fill(&queue, NULL, 0, 0, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, (uint32_t *)(void *)&queue), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, (uint32_t *)(void *)memory), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, (uint32_t *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_uplink_begin(&uplink, other, QUEUE_CAP, KPN_ENDPOINT_M2M, URN));
    CHECK_STATUS(kpn_queue_fill(&queue, &uplink, 0, 0, NULL), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_save(&queue, 0, NULL, 9, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_save(&queue, 0, memory, 9, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_save(&queue, 0, other, 9, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_queue_load(&queue, NULL, 9, 0, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_queue_load(&queue, NULL, 0, 0, 0), KPN_ERR_IMAGE);
    CHECK_STATUS(kpn_queue_load(&queue, other, 9, 0, 0), KPN_ERR_OVERLAP);
    CHECK_SIZE(len, 77);
}

void test_queue(void)
{
    a_count_that_starts_again_is_refused_and_can_be_carried_on();
    every_kind_and_every_clock();
    each_number_leaves_once(KPN_QUEUE_REFUSE_NEWEST);
    each_number_leaves_once(KPN_QUEUE_DROP_OLDEST);
    an_image_survives_and_a_damaged_one_is_refused();
    room_of_every_size();
    a_failed_uplink_takes_nothing();
    misuse();
}
