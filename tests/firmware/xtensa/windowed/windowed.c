/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "windowed.h"

enum { SIM_EXIT = 1, SIM_WRITE = 4, STANDARD_OUTPUT = 1, FORMAT_UNKNOWN = 98 };

int sim_call(int number, int a, int b, int c);
void _exit(int status);

static char line[256];
static size_t used;
/* Where `write_words` writes; NULL for the output. */
static char *text_to;
static size_t text_cap;
static size_t text_len;

static void flush(void)
{
    if (used != 0) {
        sim_call(SIM_WRITE, STANDARD_OUTPUT, (int)(uintptr_t)line, (int)used);
    }
    used = 0;
}

static void put(char character)
{
    if (text_to != NULL) {
        if (text_len + 1 < text_cap) {
            text_to[text_len] = character;
        }
        text_len++;
        return;
    }
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

static void put_number(uint32_t value, unsigned base, const char *digits, unsigned width)
{
    char written[10];
    unsigned len = 0;
    do {
        written[len++] = digits[value % base];
        value /= base;
    } while (value != 0);
    for (; width > len; width--) {
        put('0');
    }
    while (len > 0) {
        put(written[--len]);
    }
}

static void put_word(char kind, unsigned width, uint32_t word)
{
    if (kind == 's') {
        const char *text = (const char *)(uintptr_t)word;
        while (*text != '\0') {
            put(*text++);
        }
    } else if (kind == 'c') {
        put((char)word);
    } else if (kind == 'd' && (word >> 31) != 0) {
        put('-');
        put_number(0u - word, 10, "0123456789", 0);
    } else if (kind == 'u' || kind == 'd') {
        put_number(word, 10, "0123456789", width);
    } else if (kind == 'x') {
        put_number(word, 16, "0123456789abcdef", width);
    } else if (kind == 'X') {
        put_number(word, 16, "0123456789ABCDEF", width);
    } else {
        _exit(FORMAT_UNKNOWN);
    }
}

int print_words(unsigned count, const uintptr_t *words)
{
    const char *at = (const char *)words[0];
    unsigned next = 1;
    for (; *at != '\0'; at++) {
        unsigned width = 0;
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
        put_word(*at, width, (uint32_t)words[next++]);
    }
    return 0;
}

int write_words(char *text, size_t cap, unsigned count, const uintptr_t *words)
{
    text_to = text;
    text_cap = cap;
    text_len = 0;
    print_words(count, words);
    if (cap > 0) {
        text[text_len < cap ? text_len : cap - 1] = '\0';
    }
    text_to = NULL;
    return (int)text_len;
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

int strncmp(const char *one, const char *other, size_t len)
{
    for (; len > 0; len--, one++, other++) {
        if (*one != *other || *one == '\0') {
            return (unsigned char)*one - (unsigned char)*other;
        }
    }
    return 0;
}

int strcmp(const char *one, const char *other)
{
    return strncmp(one, other, SIZE_MAX);
}

char *strcat(char *restrict to, const char *restrict from)
{
    memcpy(to + strlen(to), from, strlen(from) + 1);
    return to;
}

char *strstr(const char *text, const char *part)
{
    const size_t len = strlen(part);
    for (;; text++) {
        if (strncmp(text, part, len) == 0) {
            return (char *)(uintptr_t)text;
        }
        if (*text == '\0') {
            return NULL;
        }
    }
}

/* Doubles are compared and nothing else: -1, 0 and 1, and 2 where one of them is no number. */
static int compare(double one, double other)
{
    const uint64_t infinity = (uint64_t)0x7FF << 52;
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t a, b;
    memcpy(&a, &one, sizeof a);
    memcpy(&b, &other, sizeof b);
    if ((a & ~sign) > infinity || (b & ~sign) > infinity) {
        return 2;
    }
    /* In the order of the numbers, and both zeros are one. */
    a = (a & sign) != 0 ? sign - (a & ~sign) : sign + a;
    b = (b & sign) != 0 ? sign - (b & ~sign) : sign + b;
    return a < b ? -1 : a > b;
}

int __eqdf2(double one, double other);
int __ltdf2(double one, double other);
int __gtdf2(double one, double other);

int __eqdf2(double one, double other)
{
    return compare(one, other);
}

int __ltdf2(double one, double other)
{
    return compare(one, other);
}

int __gtdf2(double one, double other)
{
    const int order = compare(one, other);
    return order == 2 ? -1 : order;
}
