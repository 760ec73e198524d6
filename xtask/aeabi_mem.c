/*
 * The Arm run-time ABI's memory functions over those of C. They go into the archive as local functions, since not
 * every C library has them: Zephyr's minimal one, for instance.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);

/* Word by word: small C libraries set byte by byte, and most of what is cleared are objects and arrays of words. */
#define CLEAR_WORDS(name)                                      \
    void name(void *to, size_t len) {                          \
        uint32_t *word = to;                                   \
        for (; len >= sizeof *word; len -= sizeof *word)       \
            *word++ = 0;                                       \
        memset(word, 0, len);                                  \
    }
#define COPY(name, function)                                   \
    void name(void *to, const void *from, size_t len) {        \
        function(to, from, len);                               \
    }
#define SET(name)                                              \
    void name(void *to, size_t len, int byte) {                \
        memset(to, byte, len);                                 \
    }
#define CLEAR(name)                                            \
    void name(void *to, size_t len) {                          \
        memset(to, 0, len);                                    \
    }

#ifdef __ARM_FEATURE_UNALIGNED
/* Word by word where words may lie anywhere: small C libraries copy byte by byte. */
#define COPY_WORDS(name)                                       \
    void name(void *to, const void *from, size_t len) {        \
        uint8_t *out = to;                                     \
        const uint8_t *in = from;                              \
        const uint8_t *end = in + len;                         \
        const uint8_t *words = end - len % 4;                  \
        while (in != words) {                                  \
            uint32_t word;                                     \
            __builtin_memcpy(&word, in, sizeof word);          \
            __builtin_memcpy(out, &word, sizeof word);         \
            in += sizeof word;                                 \
            out += sizeof word;                                \
        }                                                      \
        while (in != end)                                      \
            *out++ = *in++;                                    \
    }
COPY_WORDS(__aeabi_memcpy)
COPY_WORDS(__aeabi_memcpy4)
COPY_WORDS(__aeabi_memcpy8)
#else
COPY(__aeabi_memcpy, memcpy)
COPY(__aeabi_memcpy4, memcpy)
COPY(__aeabi_memcpy8, memcpy)
#endif
COPY(__aeabi_memmove, memmove)
COPY(__aeabi_memmove4, memmove)
COPY(__aeabi_memmove8, memmove)
SET(__aeabi_memset)
SET(__aeabi_memset4)
SET(__aeabi_memset8)
CLEAR(__aeabi_memclr)
CLEAR_WORDS(__aeabi_memclr4)
CLEAR_WORDS(__aeabi_memclr8)
