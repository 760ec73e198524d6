/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Damages vectors at random and gives them to everything that reads from the network: damage <seconds> <seed>.
 *
 * Whatever comes in: no byte outside the given memory changes, any split of a response gives the same result, and a
 * pack that is accepted is read to its end. AddressSanitizer watches the memory, which lies on the heap for that.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kpn_things.h"

typedef struct vector {
    const char *name;
    const uint8_t *bytes;
    size_t len;
} vector;

#include "vectors.inc"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define LEN_MAX 12000u
#define BODY_MAX 700u

static uint64_t state;

/* How often damage leaves something that is accepted: a run in which one of these is 0 has tested nothing there. */
static unsigned long complete, confirmed, announced, records;

static uint32_t random_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % limit;
}

static void fail(const char *what, const uint8_t *bytes, size_t len)
{
    fprintf(stderr, "%s, input of %u bytes:\n", what, (unsigned)len);
    fwrite(bytes, 1, len, stderr);
    abort();
}

/* Bytes changed, removed, repeated, and characters put in that mean something. */
static size_t damage(const vector *from, uint8_t *to)
{
    static const char telling[] = "[]{}\",:\\eE+-.0123456789ntvsbu_ \r\n\t;/";
    size_t len = from->len;
    uint32_t changes = random_below(6);
    memcpy(to, from->bytes, len);
    while (changes-- > 0 && len > 0) {
        size_t at = random_below((uint32_t)len);
        size_t size = 1 + random_below(8);
        if (size > len - at)
            size = len - at;
        switch (random_below(5)) {
        case 0: to[at] = (uint8_t)random_below(256); break;
        case 1: to[at] = (uint8_t)telling[random_below(sizeof telling - 1)]; break;
        case 2:
            memmove(to + at, to + at + size, len - at - size);
            len -= size;
            break;
        case 3:
            if (len + size <= LEN_MAX) {
                memmove(to + at + size, to + at, len - at);
                len += size;
            }
            break;
        default: len = at;
        }
    }
    return len;
}

typedef struct result {
    kpn_status status, end;
    int32_t code, outcome;
    size_t body_len;
    uint8_t body[BODY_MAX];
} result;

static result respond(const uint8_t *bytes, size_t len, size_t step)
{
    result result;
    kpn_response response;
    kpn_span body = {NULL, 0};
    size_t at = 0, used;
    uint8_t *buffer = malloc(BODY_MAX);
    memset(&result, 0, sizeof result);
    if (buffer == NULL || kpn_response_begin(&response, buffer, BODY_MAX) != KPN_OK)
        abort();
    result.status = KPN_NEED_MORE;
    while (at < len && result.status == KPN_NEED_MORE) {
        result.status = kpn_response_feed(&response, bytes + at, len - at < step ? len - at : step, &used);
        at += used;
    }
    result.end = kpn_response_end(&response);
    result.code = kpn_response_status(&response);
    result.outcome = kpn_response_outcome(&response);
    if (kpn_response_body(&response, &body) == KPN_OK)
        memcpy(result.body, body.ptr, body.len);
    result.body_len = body.len;
    free(buffer);
    return result;
}

static void response(const uint8_t *bytes, size_t len)
{
    result whole = respond(bytes, len, len + 1);
    result parts = respond(bytes, len, 1 + random_below(40));
    if (memcmp(&whole, &parts, sizeof whole) != 0)
        fail("two splits of a response differ", bytes, len);
    complete += whole.status == KPN_OK;
}

typedef struct download {
    kpn_status status;
    uint32_t confirmed, total;
    uint8_t flash[BODY_MAX];
} download;

static download fetch(const uint8_t *bytes, size_t len, size_t step)
{
    download result;
    kpn_firmware firmware;
    kpn_firmware_piece piece = {0, NULL, 0, 0};
    uint8_t request[128], *memory = malloc(20);
    size_t at = 0, used;
    memset(&result, 0, sizeof result);
    if (memory == NULL || kpn_firmware_begin(&firmware, memory, 20, 256) != KPN_OK
        || kpn_firmware_start(&firmware, "http://1.2.3.4/abc", "tk") != KPN_OK || kpn_firmware_connected(&firmware) != KPN_OK
        || kpn_firmware_request(&firmware, request, sizeof request, &used) != KPN_OK)
        abort();
    result.status = KPN_NEED_MORE;
    while (at < len && result.status == KPN_NEED_MORE) {
        result.status = kpn_firmware_feed(&firmware, bytes + at, len - at < step ? len - at : step, &piece);
        if (result.status < 0)
            break;
        if (piece.len > len
            || (piece.len > 0 && (piece.ptr < bytes + at || piece.ptr + piece.len > bytes + at + piece.used)))
            fail("a piece from elsewhere", bytes, len);
        for (used = 0; used < piece.len && piece.offset + used < BODY_MAX; used++)
            result.flash[piece.offset + used] = piece.ptr[used];
        at += piece.used;
    }
    if (result.status == KPN_NEED_MORE)
        result.status = kpn_firmware_close(&firmware);
    result.confirmed = kpn_firmware_confirmed(&firmware);
    result.total = kpn_firmware_total(&firmware);
    if ((result.status == KPN_OK) != (result.confirmed > 0) || result.confirmed > result.total + (result.confirmed == 0))
        fail("confirmed without success, or the reverse", bytes, len);
    /* What is not confirmed is provisional. */
    if (result.confirmed < BODY_MAX)
        memset(result.flash + result.confirmed, 0, BODY_MAX - result.confirmed);
    free(memory);
    return result;
}

static void firmware_part(const uint8_t *bytes, size_t len)
{
    download whole = fetch(bytes, len, len + 1);
    download parts = fetch(bytes, len, 1 + random_below(40));
    if (memcmp(&whole, &parts, sizeof whole) != 0)
        fail("two splits of a part differ", bytes, len);
    confirmed += whole.confirmed > 0;
}

static void offer(const kpn_downlink *downlink, const uint8_t *bytes, size_t len)
{
    kpn_firmware firmware;
    size_t cap = random_below(400);
    uint8_t *memory = malloc(cap + 1);
    if (memory == NULL || kpn_firmware_begin(&firmware, memory, cap, 1) != KPN_OK)
        abort();
    if ((kpn_firmware_offer(&firmware, downlink, NULL) == KPN_OK) != (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST))
        fail("firmware that was half announced", bytes, len);
    announced += kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST;
    free(memory);
}

static void pack(const uint8_t *bytes, size_t len)
{
    kpn_downlink downlink;
    kpn_record record;
    kpn_status status;
    uint8_t *copy = malloc(len + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, len);
    copy = realloc(copy, len > 0 ? len : 1);
    if (kpn_downlink_begin_bytes(&downlink, copy, len) == KPN_OK) {
        offer(&downlink, bytes, len);
        while ((status = kpn_downlink_next(&downlink, &record)) == KPN_OK) {
            double real;
            int64_t integer;
            int32_t field, exponent;
            records++;
            if (strlen(record.name) > len || strlen(record.unit) > len || strlen(record.base_name) > len)
                fail("a text without end", bytes, len);
            for (field = KPN_FIELD_VALUE; field <= KPN_FIELD_UPDATE_TIME; field++) {
                if (kpn_record_double(&record, field, &real) == KPN_OK
                    && kpn_record_decimal(&record, field, &integer, &exponent) == KPN_OK && real != real)
                    fail("not a number", bytes, len);
            }
        }
        if (status != KPN_END)
            fail("an accepted pack ends with a failure", bytes, len);
    }
    free(copy);
}

int main(int argc, char **argv)
{
    static uint8_t input[LEN_MAX];
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    unsigned long rounds = 0;
    state = seed | 1;
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    while (time(NULL) < end) {
        unsigned turn;
        for (turn = 0; turn < 200; turn++, rounds++) {
            const vector *from = &responses[random_below(COUNT(responses))];
            size_t len = damage(from, input);
            response(input, len);
            firmware_part(input, len);
            pack(input, damage(&packs[random_below(COUNT(packs))], input));
        }
    }
    printf(
        "%lu responses and as many packs; %lu complete, %lu parts of firmware, %lu times firmware announced, %lu records\n",
        rounds, complete, confirmed, announced, records);
    return complete == 0 || confirmed == 0 || announced == 0 || records == 0;
}
