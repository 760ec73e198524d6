/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * As much of a C library as vectors and C tests need on a core with register windows, for which none is packaged. `printf` and `snprintf` hand
 * their arguments on as an array: LLVM 22 mistakes the place of variable arguments there. Each is a word.
 */
#ifndef WINDOWED_H
#define WINDOWED_H
#include <stdint.h>
#include <stdio.h>

#undef printf
#undef snprintf
#define printf(...) print_words(COUNT_WORDS(__VA_ARGS__), (const uintptr_t[]){EACH_WORD(__VA_ARGS__)})
#define snprintf(text, cap, ...) \
    write_words(text, cap, COUNT_WORDS(__VA_ARGS__), (const uintptr_t[]){EACH_WORD(__VA_ARGS__)})
#define COUNT_WORDS(...) (sizeof((const uintptr_t[]){EACH_WORD(__VA_ARGS__)}) / sizeof(uintptr_t))
#define EACH_WORD(...) TENTH(__VA_ARGS__, W10, W9, W8, W7, W6, W5, W4, W3, W2, W1, 0)(__VA_ARGS__)
#define TENTH(a, b, c, d, e, f, g, h, i, j, name, ...) name
#define W1(a) (uintptr_t)(a)
#define W2(a, ...) (uintptr_t)(a), W1(__VA_ARGS__)
#define W3(a, ...) (uintptr_t)(a), W2(__VA_ARGS__)
#define W4(a, ...) (uintptr_t)(a), W3(__VA_ARGS__)
#define W5(a, ...) (uintptr_t)(a), W4(__VA_ARGS__)
#define W6(a, ...) (uintptr_t)(a), W5(__VA_ARGS__)
#define W7(a, ...) (uintptr_t)(a), W6(__VA_ARGS__)
#define W8(a, ...) (uintptr_t)(a), W7(__VA_ARGS__)
#define W9(a, ...) (uintptr_t)(a), W8(__VA_ARGS__)
#define W10(a, ...) (uintptr_t)(a), W9(__VA_ARGS__)

/* The format, then what it wants: %s, %c, and numbers as %u, %d, %x, %X with `l` and zeros in front. */
int print_words(unsigned count, const uintptr_t *words);
int write_words(char *text, size_t cap, unsigned count, const uintptr_t *words);

#endif
