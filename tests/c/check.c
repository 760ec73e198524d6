/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#ifdef KPN_TEST_EXACT
#include <stdlib.h>
#endif

/* Aligned, so that `misaligned` knows its offset, and with room for the largest struct. */
static union {
    uint64_t align;
    uint8_t bytes[sizeof(kpn_config) + 8];
} unaligned;

uint8_t memory[MEMORY_CAP];
uint8_t other[OTHER_CAP];

static unsigned count;
static unsigned failures;

static void fail(const char *file, int line, const char *text)
{
    failures++;
    printf("%s:%d: %s", file, line, text);
}

void check_true(int holds, const char *file, int line, const char *text)
{
    count++;
    if (!holds) {
        fail(file, line, text);
        printf(" does not hold\n");
    }
}

void check_status(kpn_status actual, kpn_status expected, const char *file, int line, const char *text)
{
    count++;
    if (actual != expected) {
        fail(file, line, text);
        printf("\n  is       %d %s\n  expected %d %s\n", (int)actual, kpn_status_text(actual), (int)expected,
               kpn_status_text(expected));
    }
}

void check_size(size_t actual, size_t expected, const char *file, int line, const char *text)
{
    count++;
    if (actual != expected) {
        fail(file, line, text);
        printf(" is %lu, expected %lu\n", (unsigned long)actual, (unsigned long)expected);
    }
}

static void print_bytes(const char *title, const void *bytes, size_t len)
{
    const uint8_t *at = (const uint8_t *)bytes;
    printf("\n  %s ", title);
    for (size_t i = 0; i < len; i++) {
        if (at[i] >= 0x20 && at[i] < 0x7f) {
            printf("%c", at[i]);
        } else {
            printf("\\x%02x", at[i]);
        }
    }
}

void check_bytes(const void *actual, size_t actual_len, const void *expected, size_t expected_len, const char *file,
                 int line, const char *text)
{
    count++;
    if (actual_len != expected_len || (actual_len != 0 && memcmp(actual, expected, actual_len) != 0)) {
        fail(file, line, text);
        print_bytes("is      ", actual, actual_len);
        print_bytes("expected", expected, expected_len);
        printf("\n");
    }
}

unsigned check_failures(void)
{
    return failures;
}

unsigned check_count(void)
{
    return count;
}

void spoil(void *object, size_t size, int pattern)
{
    static const uint8_t fill[PATTERNS] = {0x00, 0xff, 0xa5};
    memset(object, fill[pattern], size);
}

bool filled(const void *bytes, size_t size, uint8_t value)
{
    const uint8_t *at = (const uint8_t *)bytes;
    for (size_t i = 0; i < size; i++) {
        if (at[i] != value) {
            return false;
        }
    }
    return true;
}

kpn_span body_of(kpn_span request)
{
    for (size_t i = 4; i <= request.len; i++) {
        if (memcmp(request.ptr + i - 4, "\r\n\r\n", 4) == 0) {
            kpn_span body = {request.ptr + i, request.len - i};
            return body;
        }
    }
    kpn_span nothing = {NULL, 0};
    return nothing;
}

const uint8_t *check_exact(const void *bytes, size_t len)
{
#ifdef KPN_TEST_EXACT
    static uint8_t *copy;
    free(copy);
    copy = NULL;
    if (len != 0) {
        copy = (uint8_t *)malloc(len);
        if (copy != NULL) {
            memcpy(copy, bytes, len);
        }
    }
    return copy;
#else
    (void)len;
    return (const uint8_t *)bytes;
#endif
}

void *misaligned(void)
{
    unaligned.align = 0;
    return unaligned.bytes + 1;
}

uint64_t random64(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint32_t random32(void)
{
    return (uint32_t)(random64() >> 32);
}

uint32_t random_below(uint32_t limit)
{
    return random32() % limit;
}
