/*
 * Damages vectors at random and gives them to everything that reads from the network: fuzz <seconds> <seed>.
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
        case 0:
            to[at] = (uint8_t)random_below(256);
            break;
        case 1:
            to[at] = (uint8_t)telling[random_below(sizeof telling - 1)];
            break;
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
        default:
            len = at;
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
        while ((status = kpn_downlink_next(&downlink, &record)) == KPN_OK) {
            double real;
            int64_t integer;
            int32_t field, exponent;
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
            response(input, damage(from, input));
            pack(input, damage(&packs[random_below(COUNT(packs))], input));
        }
    }
    printf("%lu responses and as many packs\n", rounds);
    return 0;
}
