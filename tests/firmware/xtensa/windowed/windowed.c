/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "windowed.h"

enum { SIM_EXIT = 1, SIM_WRITE = 4, STANDARD_OUTPUT = 1, FORMAT_UNKNOWN = 98 };

int sim_call(int number, int a, int b, int c);
void _exit(int status);

static char line[256];
static size_t used;

static void flush(void)
{
    if (used != 0) {
        sim_call(SIM_WRITE, STANDARD_OUTPUT, (int)(uintptr_t)line, (int)used);
    }
    used = 0;
}

static void put(char character)
{
    line[used++] = character;
    if (character == '\n' || used == sizeof line) {
        flush();
    }
}

void _exit(int status)
{
    flush();
    for (;;) {
        sim_call(SIM_EXIT, status, 0, 0);
    }
}

static void put_number(uint32_t value, unsigned base, unsigned width)
{
    char digits[10];
    unsigned len = 0;
    do {
        digits[len++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (; width > len; width--) {
        put('0');
    }
    while (len > 0) {
        put(digits[--len]);
    }
}

int print_words(unsigned count, const uintptr_t *words)
{
    const char *at = (const char *)words[0];
    unsigned next = 1;
    for (; *at != '\0'; at++) {
        unsigned width = 0;
        uint32_t word;
        if (*at != '%') {
            put(*at);
            continue;
        }
        for (at++; *at >= '0' && *at <= '9'; at++) {
            width = width * 10 + (unsigned)(*at - '0');
        }
        while (*at == 'l') {
            at++;
        }
        if (next == count) {
            _exit(FORMAT_UNKNOWN);
        }
        word = (uint32_t)words[next++];
        if (*at == 's') {
            const char *text = (const char *)(uintptr_t)word;
            while (*text != '\0') {
                put(*text++);
            }
        } else if (*at == 'd' && (word >> 31) != 0) {
            put('-');
            put_number(0u - word, 10, 0);
        } else if (*at == 'u' || *at == 'd' || *at == 'x') {
            put_number(word, *at == 'x' ? 16 : 10, width);
        } else {
            _exit(FORMAT_UNKNOWN);
        }
    }
    return 0;
}

void *memmove(void *to, const void *from, size_t len)
{
    volatile char *out = to;
    const char *in = from;
    size_t at;
    if ((uintptr_t)to < (uintptr_t)from) {
        for (at = 0; at < len; at++) {
            out[at] = in[at];
        }
    } else {
        while (len-- > 0) {
            out[len] = in[len];
        }
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return memmove(to, from, len);
}

void *memset(void *to, int byte, size_t len)
{
    volatile char *out = to;
    while (len-- > 0) {
        out[len] = (char)byte;
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t len)
{
    const volatile unsigned char *a = one;
    const unsigned char *b = other;
    for (; len > 0; len--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    const volatile char *end = text;
    while (*end != '\0') {
        end++;
    }
    return (size_t)(end - text);
}

FILE *const stdout;

/* To the one file that there is. */
size_t fwrite(const void *bytes, size_t size, size_t count, FILE *file)
{
    const char *at = bytes;
    size_t len;
    for (len = file == stdout ? size * count : 0; len > 0; len--) {
        put(*at++);
    }
    return count;
}
