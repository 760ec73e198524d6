/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What every C test uses: checks that count and print, memory, and random numbers.
 *
 * C99 and C++11, no heap, files or time, so that the same sources run as firmware. KPN_TEST_SMALL makes the random tests shorter;
 * KPN_TEST_EXACT (hosts) takes the memory of check_exact from the heap, where valgrind and AddressSanitizer notice every byte read beyond
 * its end.
 */
#ifndef KPN_TEST_CHECK_H
#define KPN_TEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kpn_things.h"

#define URN "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

#ifdef KPN_TEST_SMALL
#define RANDOM_ROUNDS 50u
#else
#define RANDOM_ROUNDS 5000u
#endif

/* Room for one message with canaries on both sides; each test may use both as it likes. */
#define MEMORY_CAP 1536u
extern uint8_t memory[MEMORY_CAP];
#define OTHER_CAP 768u
extern uint8_t other[OTHER_CAP];

/* Each is a statement that, on failure, prints file, line and both sides, and continues. */
#define CHECK(condition) check_true((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
#define CHECK_STATUS(call, expected) check_status((call), (expected), __FILE__, __LINE__, #call)
#define CHECK_OK(call) CHECK_STATUS(call, KPN_OK)
#define CHECK_SIZE(actual, expected) check_size((actual), (expected), __FILE__, __LINE__, #actual)
/* Compares bytes with a literal or array, without its NUL. */
#define CHECK_TEXT(ptr, len, expected) check_bytes((ptr), (len), (expected), sizeof(expected) - 1u, __FILE__, __LINE__, #ptr)
#define CHECK_BYTES(ptr, len, expected, expected_len) \
    check_bytes((ptr), (len), (expected), (expected_len), __FILE__, __LINE__, #ptr)

void check_true(int holds, const char *file, int line, const char *text);
void check_status(kpn_status actual, kpn_status expected, const char *file, int line, const char *text);
void check_size(size_t actual, size_t expected, const char *file, int line, const char *text);
void check_bytes(const void *actual, size_t actual_len, const void *expected, size_t expected_len, const char *file,
                 int line, const char *text);
unsigned check_failures(void);
unsigned check_count(void);

/* Fills an object with what a stack may contain: patterns 0, 1 and 2 are zeros, ones and 0xA5. */
#define PATTERNS 3
void spoil(void *object, size_t size, int pattern);

/* Whether every byte of `size` has the value. */
bool filled(const void *bytes, size_t size, uint8_t value);

/* The body of a request. */
kpn_span body_of(kpn_span request);

/* With KPN_TEST_EXACT, a copy that ends where readable memory ends; valid until the next call. */
const uint8_t *check_exact(const void *bytes, size_t len);

/* A pointer into `memory` at which no struct with a pointer or number may lie. */
void *misaligned(void);

/* Gives the same numbers in every run. */
uint32_t random32(void);
uint64_t random64(void);
uint32_t random_below(uint32_t limit);

/* The topics, run by main.c. */
void test_status(void);
void test_token(void);
void test_values(void);
void test_base_fields(void);
void test_capacity(void);
void test_limits(void);
void test_adopt(void);
void test_misuse_uplink(void);
void test_response(void);
void test_misuse_response(void);
void test_downlink(void);
void test_config(void);
void test_urn(void);
void test_sms(void);
void test_stream(void);
void test_firmware(void);
void test_queue(void);
void test_alignment(void);
void test_posix(void);
void test_posix_early(void);

#endif
