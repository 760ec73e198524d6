/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Prints what the library makes of every vector: responses, packs, tokens and numbers. Whoever runs it on two machines
 * compares the output byte for byte. vectors.inc is generated from tests/vectors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

typedef struct vector {
    const char *name;
    const uint8_t *bytes;
    size_t len;
} vector;

#include "vectors.inc"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint8_t buffer[4096];

/* FNV-1a, so that a line stays short. */
static uint32_t hash(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint32_t value = 2166136261u;
    while (len-- > 0)
        value = (value ^ *at++) * 16777619u;
    return value;
}

static void print_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf(" %08" PRIx32 "%08" PRIx32, (uint32_t)(bits >> 32), (uint32_t)bits);
}

/* `step` bytes at a time. */
static uint32_t response(const vector *vector, size_t step, int print)
{
    kpn_response response;
    kpn_span body = {NULL, 0};
    kpn_status status = kpn_response_begin(&response, buffer, 1024);
    kpn_status end;
    size_t at = 0;
    size_t used;
    uint32_t result[7];
    status = KPN_NEED_MORE;
    while (at < vector->len && status == KPN_NEED_MORE) {
        size_t len = vector->len - at < step ? vector->len - at : step;
        status = kpn_response_feed(&response, vector->bytes + at, len, &used);
        at += used;
    }
    end = kpn_response_end(&response);
    if (kpn_response_body(&response, &body) != KPN_OK)
        body.len = 0;
    result[0] = (uint32_t)status;
    result[1] = (uint32_t)end;
    result[2] = (uint32_t)kpn_response_status(&response);
    result[3] = (uint32_t)kpn_response_outcome(&response);
    result[4] = kpn_response_retry_after(&response);
    result[5] = kpn_response_keep_alive(&response);
    result[6] = hash(body.ptr, body.len);
    if (print)
        printf("%s %" PRId32 " %" PRId32 " %" PRId32 " %" PRId32 " %" PRIu32 " %" PRIu32 " %u %08" PRIx32 "\n", vector->name,
               status, end, (int32_t)result[2], (int32_t)result[3], result[4], result[5], (unsigned)body.len, result[6]);
    return hash(result, sizeof result);
}

static void pack(const vector *vector)
{
    kpn_downlink downlink;
    kpn_record record;
    kpn_status status = KPN_ERR_BODY_TOO_LARGE;
    printf("%s", vector->name);
    if (vector->len <= sizeof buffer) {
        memcpy(buffer, vector->bytes, vector->len);
        status = kpn_downlink_begin_bytes(&downlink, buffer, vector->len);
    }
    printf(" %" PRId32 "\n", status);
    while (status == KPN_OK && kpn_downlink_next(&downlink, &record) == KPN_OK) {
        int32_t field;
        printf("  %u %" PRId32 " %s %s %s %s %08" PRIx32, (unsigned)record.index, record.kind, record.base_name, record.name,
               record.unit, record.text, hash(record.data, record.data_len));
        for (field = KPN_FIELD_VALUE; field <= KPN_FIELD_UPDATE_TIME; field++) {
            double value = 0;
            int64_t integer = 0;
            status = kpn_record_double(&record, field, &value);
            printf(" %" PRId32, status);
            print_double(value);
            status = kpn_record_int64(&record, field, &integer);
            printf(" %" PRId32 " %" PRId32, status, (int32_t)integer);
        }
        printf("\n");
        status = KPN_OK;
    }
}

static uint64_t random64(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Random bit patterns, NaN and infinities among them, written and read back. Answers how many came back. */
static unsigned numbers(unsigned rounds)
{
    unsigned back_again = 0;
    while (rounds-- > 0) {
        kpn_uplink uplink;
        kpn_span request;
        kpn_downlink downlink;
        kpn_record record;
        uint64_t bits = random64();
        uint32_t half = (uint32_t)random64();
        if (rounds % 25 == 0) /* NaN or infinity */
            bits |= UINT64_C(0x7ff) << 52;
        double real, back = 0;
        float single;
        size_t body;
        memcpy(&real, &bits, sizeof real);
        memcpy(&single, &half, sizeof single);
        if (message_begin(&uplink, buffer, sizeof buffer) != KPN_OK)
            return 0;
        (void)kpn_uplink_add_double(&uplink, KPN_LATITUDE, real);
        (void)kpn_uplink_add_float(&uplink, KPN_LONGITUDE, single);
        (void)kpn_uplink_add_decimal(&uplink, KPN_ALTITUDE, (int64_t)bits, (int32_t)(half % 37u) - 18);
        if (kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request) != KPN_OK) {
            printf("refused\n");
            continue;
        }
        for (body = 0; request.ptr[body] != '['; body++) {
        }
        fwrite(request.ptr + body, 1, request.len - body, stdout);
        if (kpn_downlink_begin_bytes(&downlink, (uint8_t *)(uintptr_t)(request.ptr + body), request.len - body) == KPN_OK)
            while (kpn_downlink_next(&downlink, &record) == KPN_OK)
                if (record.kind == KPN_KIND_NUMBER && kpn_record_double(&record, KPN_FIELD_VALUE, &back) == KPN_OK) {
                    print_double(back);
                    back_again++;
                }
        printf("\n");
    }
    return back_again;
}

int main(void)
{
    size_t at;
    int failed = 0;
    for (at = 0; at < COUNT(responses); at++) {
        uint32_t whole = response(&responses[at], responses[at].len, 1);
        /* The largest ones would take most of the time, and are tested so elsewhere. */
        if (responses[at].len < 2000 && response(&responses[at], 1, 0) != whole) {
            printf("  differs when fed byte by byte\n");
            failed = 1;
        }
    }
    for (at = 0; at < COUNT(packs); at++)
        pack(&packs[at]);
    for (at = 0; at < COUNT(tokens); at++) {
        kpn_token token;
        char text[KPN_TOKEN_LEN + 1] = "";
        if (kpn_token_begin(&token) == KPN_OK)
            (void)kpn_token_update(&token, tokens[at].bytes, tokens[at].len);
        printf("%" PRId32 "", kpn_token_finish(&token, MESSAGE_SECRET, text));
        printf(" %s\n", text);
    }
    /* Three in each round that is not refused for a NaN or an infinity, of which there are few. */
    if (numbers(100) < 250) {
        printf("the numbers do not come back\n");
        failed = 1;
    }
    return failed;
}
