/*
 * The Arm run-time ABI's memory functions over those of C. They go into the archive as local functions, since not
 * every C library has them: Zephyr's minimal one, for instance.
 */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);

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

COPY(__aeabi_memcpy, memcpy)
COPY(__aeabi_memcpy4, memcpy)
COPY(__aeabi_memcpy8, memcpy)
COPY(__aeabi_memmove, memmove)
COPY(__aeabi_memmove4, memmove)
COPY(__aeabi_memmove8, memmove)
SET(__aeabi_memset)
SET(__aeabi_memset4)
SET(__aeabi_memset8)
CLEAR(__aeabi_memclr)
CLEAR(__aeabi_memclr4)
CLEAR(__aeabi_memclr8)
