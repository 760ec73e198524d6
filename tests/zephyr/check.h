/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef KPN_TEST_ZEPHYR_CHECK_H
#define KPN_TEST_ZEPHYR_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Ends the program when something is not so. */
#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "line %d: %s is not so\n", __LINE__, #condition); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

#endif
