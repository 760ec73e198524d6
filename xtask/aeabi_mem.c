/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory functions of the Arm run-time ABI, which are faster than those of C. They go into the archive as local functions, since not
 * every C library has them; Zephyr's minimal one, for instance, does not. `__aeabi_memmove`, and `__aeabi_memcpy` where it is not defined
 * here, are called by their C names.
 */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int byte, size_t len);

/* One function under the names for all alignments. */
#define ALIAS(name, arguments, other) void name arguments __attribute__((alias(#other)))

#ifdef __ARM_FEATURE_UNALIGNED
/* Word by word where words may have any address: small C libraries copy byte by byte. */
void __aeabi_memcpy(void *to, const void *from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    const uint8_t *end = in + len;
    const uint8_t *words = end - len % 4;
    while (in != words) {
        uint32_t word;
        __builtin_memcpy(&word, in, sizeof word);
        __builtin_memcpy(out, &word, sizeof word);
        in += sizeof word;
        out += sizeof word;
    }
    while (in != end)
        *out++ = *in++;
}
ALIAS(__aeabi_memcpy4, (void *, const void *, size_t), __aeabi_memcpy);
ALIAS(__aeabi_memcpy8, (void *, const void *, size_t), __aeabi_memcpy);
#endif

void __aeabi_memset(void *to, size_t len, int byte)
{
    memset(to, byte, len);
}
ALIAS(__aeabi_memset4, (void *, size_t, int), __aeabi_memset);
ALIAS(__aeabi_memset8, (void *, size_t, int), __aeabi_memset);

void __aeabi_memclr(void *to, size_t len)
{
    memset(to, 0, len);
}

/* Word by word: small C libraries set byte by byte, and most of what is cleared is objects and arrays of words. */
void __aeabi_memclr4(void *to, size_t len)
{
    uint8_t *start = to;
    while (len % 4 != 0)
        start[--len] = 0;
#ifdef __ARM_FEATURE_UNALIGNED
    /* Four words at a time, on cores whose firmware has room for it: this halves the time. */
    while (len >= 16) {
        uint32_t *words = (uint32_t *)(void *)(start + (len -= 16));
        words[0] = words[1] = words[2] = words[3] = 0;
    }
#endif
    while (len != 0) {
        len -= 4;
        *(uint32_t *)(void *)(start + len) = 0;
    }
}
ALIAS(__aeabi_memclr8, (void *, size_t), __aeabi_memclr4);
