/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's test framework: every test of a file runs, one after the other. */
#ifndef SHIM_ZTEST_H
#define SHIM_ZTEST_H

#include "../../check.h"

#include <string.h>

static int shim_tests;

#define ZTEST_SUITE(name, ...) enum { shim_suite_##name }
#define ZTEST(suite, name)                                            \
    static void name(void);                                           \
    __attribute__((constructor(102))) static void shim_run_##name(void) \
    {                                                                 \
        name();                                                       \
        shim_tests++;                                                 \
    }                                                                 \
    static void name(void)
#define zassert_true(condition)              CHECK(condition)
#define zassert_equal(left, right)           zassert_true((left) == (right))
#define zassert_not_null(pointer)            zassert_true((pointer) != NULL)
#define zassert_mem_equal(left, right, size) zassert_true(memcmp(left, right, size) == 0)

int main(void)
{
    printf("%d tests\n", shim_tests);
    return 0;
}

#endif
