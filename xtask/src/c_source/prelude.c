/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kpn_things.h"
#include <string.h>

/* Machines that this file does not support. */
#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "kpn_things.c is for little-endian machines"
#endif
#elif defined(__BIG_ENDIAN__) || defined(__ARMEB__) || defined(__MIPSEB__) \
    || (defined(__LITTLE_ENDIAN__) && __LITTLE_ENDIAN__ == 0)
#error "kpn_things.c is for little-endian machines"
#endif
typedef char
    kpn_things_c_is_for_pointers_of_32_bits[sizeof(void *) == 4 && sizeof(size_t) == 4 && sizeof(int) == 4 ? 1 : -1];

typedef uint32_t u32;
typedef uint64_t u64;
typedef void (*function)(void);

/* Addresses are computed as numbers. */
#define POINTER(address) ((void *)(uintptr_t)(address))
#define ADDRESS(pointer) ((u32)(uintptr_t)(pointer))
#define ADDRESS_OF(object) ((u32)(uintptr_t)&(object))

#if (defined(__GNUC__) || defined(__clang__)) && !defined(KPN_PLAIN_C)
#define UNREACHABLE() __builtin_unreachable()
/* A function with its own memory is not inlined: its caller would then hold that memory too for as long as it runs. */
#define APART __attribute__((noinline))
#define INLINE static inline
/* Tells a compiler that other types may share this memory. */
typedef uint16_t __attribute__((may_alias)) shared16;
typedef uint32_t __attribute__((may_alias)) shared32;
typedef uint64_t __attribute__((may_alias)) shared64;
struct __attribute__((packed, may_alias)) packed16 {
    uint16_t value;
};
struct __attribute__((packed, may_alias)) packed32 {
    uint32_t value;
};
struct __attribute__((packed, may_alias)) packed64 {
    uint64_t value;
};
struct __attribute__((packed, aligned(2), may_alias)) packed32_align2 {
    uint32_t value;
};
struct __attribute__((packed, aligned(2), may_alias)) packed64_align2 {
    uint64_t value;
};
struct __attribute__((packed, aligned(4), may_alias)) packed64_align4 {
    uint64_t value;
};
#define AT(type, address) (*(type *)(uintptr_t)(address))
#define LOAD8(address) ((u32)AT(const uint8_t, address))
#define LOAD16(address) ((u32)AT(const shared16, address))
#define LOAD32(address) AT(const shared32, address)
#define LOAD64(address) AT(const shared64, address)
#define LOAD16_ALIGN1(address) ((u32)AT(const struct packed16, address).value)
#define LOAD32_ALIGN1(address) (AT(const struct packed32, address).value)
#define LOAD64_ALIGN1(address) (AT(const struct packed64, address).value)
#define LOAD32_ALIGN2(address) (AT(const struct packed32_align2, address).value)
#define LOAD64_ALIGN2(address) (AT(const struct packed64_align2, address).value)
#define LOAD64_ALIGN4(address) (AT(const struct packed64_align4, address).value)
#define STORE8(address, v) (AT(uint8_t, address) = (uint8_t)(v))
#define STORE16(address, v) (AT(shared16, address) = (uint16_t)(v))
#define STORE32(address, v) (AT(shared32, address) = (u32)(v))
#define STORE64(address, v) (AT(shared64, address) = (v))
#define STORE16_ALIGN1(address, v) (AT(struct packed16, address).value = (uint16_t)(v))
#define STORE32_ALIGN1(address, v) (AT(struct packed32, address).value = (u32)(v))
#define STORE64_ALIGN1(address, v) (AT(struct packed64, address).value = (v))
#define STORE32_ALIGN2(address, v) (AT(struct packed32_align2, address).value = (u32)(v))
#define STORE64_ALIGN2(address, v) (AT(struct packed64_align2, address).value = (v))
#define STORE64_ALIGN4(address, v) (AT(struct packed64_align4, address).value = (v))
#else
/* Standard C only: memory that other types may share is copied. */
#define UNREACHABLE() \
    for (;;) { \
    }
#define APART
#define INLINE static
static u32 load16(u32 address)
{
    uint16_t v;
    memcpy(&v, POINTER(address), sizeof v);
    return v;
}
static u32 load32(u32 address)
{
    u32 v;
    memcpy(&v, POINTER(address), sizeof v);
    return v;
}
static u64 load64(u32 address)
{
    u64 v;
    memcpy(&v, POINTER(address), sizeof v);
    return v;
}
static void store16(u32 address, uint16_t v)
{
    memcpy(POINTER(address), &v, sizeof v);
}
static void store32(u32 address, u32 v)
{
    memcpy(POINTER(address), &v, sizeof v);
}
static void store64(u32 address, u64 v)
{
    memcpy(POINTER(address), &v, sizeof v);
}
#define LOAD8(address) ((u32) * (const uint8_t *)(uintptr_t)(address))
#define LOAD16(address) load16(address)
#define LOAD32(address) load32(address)
#define LOAD64(address) load64(address)
#define LOAD16_ALIGN1(address) load16(address)
#define LOAD32_ALIGN1(address) load32(address)
#define LOAD64_ALIGN1(address) load64(address)
#define LOAD32_ALIGN2(address) load32(address)
#define LOAD64_ALIGN2(address) load64(address)
#define LOAD64_ALIGN4(address) load64(address)
#define STORE8(address, v) (*(uint8_t *)(uintptr_t)(address) = (uint8_t)(v))
#define STORE16(address, v) store16(address, (uint16_t)(v))
#define STORE32(address, v) store32(address, v)
#define STORE64(address, v) store64(address, v)
#define STORE16_ALIGN1(address, v) store16(address, (uint16_t)(v))
#define STORE32_ALIGN1(address, v) store32(address, v)
#define STORE64_ALIGN1(address, v) store64(address, v)
#define STORE32_ALIGN2(address, v) store32(address, v)
#define STORE64_ALIGN2(address, v) store64(address, v)
#define STORE64_ALIGN4(address, v) store64(address, v)
#endif

/*: bits_of_float */
INLINE u32 bits_of_float(float number)
{
    u32 bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}
/*: bits_of_double */
INLINE u64 bits_of_double(double number)
{
    u64 bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}
/*: float_of_bits */
INLINE float float_of_bits(u32 bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
/*: double_of_bits */
INLINE double double_of_bits(u64 bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
/*: absolute_float */
INLINE float absolute_float(float number)
{
    return float_of_bits(bits_of_float(number) & 0x7FFFFFFFu);
}
/*: absolute_double */
INLINE double absolute_double(double number)
{
    return double_of_bits(bits_of_double(number) & 0x7FFFFFFFFFFFFFFFull);
}
/*: negative_float */
INLINE float negative_float(float number)
{
    return float_of_bits(bits_of_float(number) ^ 0x80000000u);
}
/*: negative_double */
INLINE double negative_double(double number)
{
    return double_of_bits(bits_of_double(number) ^ 0x8000000000000000ull);
}
/*: rotate_left32 */
INLINE u32 rotate_left32(u32 v, u32 n)
{
    return v << (n & 31u) | v >> ((0u - n) & 31u);
}
/*: rotate_right32 */
INLINE u32 rotate_right32(u32 v, u32 n)
{
    return v >> (n & 31u) | v << ((0u - n) & 31u);
}
/*: rotate_left64 */
INLINE u64 rotate_left64(u64 v, u64 n)
{
    return v << (n & 63u) | v >> ((0u - n) & 63u);
}
/*: rotate_right64 */
INLINE u64 rotate_right64(u64 v, u64 n)
{
    return v >> (n & 63u) | v << ((0u - n) & 63u);
}
/*: leading_zeros32 */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(KPN_PLAIN_C)
INLINE u32 leading_zeros32(u32 v)
{
    return v ? (u32)__builtin_clz(v) : 32;
}
#else
INLINE u32 leading_zeros32(u32 v)
{
    u32 n = 32;
    while (v) {
        v >>= 1;
        n--;
    }
    return n;
}
#endif
/*: leading_zeros64 */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(KPN_PLAIN_C)
INLINE u32 leading_zeros64(u64 v)
{
    return v ? (u32)__builtin_clzll(v) : 64;
}
#else
INLINE u32 leading_zeros64(u64 v)
{
    u32 n = 64;
    while (v) {
        v >>= 1;
        n--;
    }
    return n;
}
#endif
/*: trailing_zeros32 */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(KPN_PLAIN_C)
INLINE u32 trailing_zeros32(u32 v)
{
    return v ? (u32)__builtin_ctz(v) : 32;
}
#else
INLINE u32 trailing_zeros32(u32 v)
{
    u32 n = 0;
    while (n < 32 && !(v >> n & 1u)) {
        n++;
    }
    return n;
}
#endif
/*: trailing_zeros64 */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(KPN_PLAIN_C)
INLINE u32 trailing_zeros64(u64 v)
{
    return v ? (u32)__builtin_ctzll(v) : 64;
}
#else
INLINE u32 trailing_zeros64(u64 v)
{
    u32 n = 0;
    while (n < 64 && !(v >> n & 1u)) {
        n++;
    }
    return n;
}
#endif
/*: ones32 */
INLINE u32 ones32(u32 v)
{
    u32 n = 0;
    while (v) {
        v &= v - 1;
        n++;
    }
    return n;
}
/*: ones64 */
INLINE u32 ones64(u64 v)
{
    u32 n = 0;
    while (v) {
        v &= v - 1;
        n++;
    }
    return n;
}
/*: i32_of_float */
INLINE u32 i32_of_float(float v)
{
    return v != v ? 0 : v <= -2147483648.0f ? 0x80000000u : v >= 2147483648.0f ? 0x7FFFFFFFu : (u32)(int32_t)v;
}
/*: u32_of_float */
INLINE u32 u32_of_float(float v)
{
    return v >= 4294967296.0f ? 0xFFFFFFFFu : v > 0.0f ? (u32)v : 0;
}
/*: i64_of_float */
INLINE u64 i64_of_float(float v)
{
    return v != v                         ? 0
           : v <= -9223372036854775808.0f ? 0x8000000000000000ull
           : v >= 9223372036854775808.0f  ? 0x7FFFFFFFFFFFFFFFull
                                          : (u64)(int64_t)v;
}
/*: u64_of_float */
INLINE u64 u64_of_float(float v)
{
    return v >= 18446744073709551616.0f ? 0xFFFFFFFFFFFFFFFFull : v > 0.0f ? (u64)v : 0;
}
/*: i32_of_double */
INLINE u32 i32_of_double(double v)
{
    return v != v ? 0 : v <= -2147483648.0 ? 0x80000000u : v >= 2147483648.0 ? 0x7FFFFFFFu : (u32)(int32_t)v;
}
/*: u32_of_double */
INLINE u32 u32_of_double(double v)
{
    return v >= 4294967296.0 ? 0xFFFFFFFFu : v > 0.0 ? (u32)v : 0;
}
/*: i64_of_double */
INLINE u64 i64_of_double(double v)
{
    return v != v                        ? 0
           : v <= -9223372036854775808.0 ? 0x8000000000000000ull
           : v >= 9223372036854775808.0  ? 0x7FFFFFFFFFFFFFFFull
                                         : (u64)(int64_t)v;
}
/*: u64_of_double */
INLINE u64 u64_of_double(double v)
{
    return v >= 18446744073709551616.0 ? 0xFFFFFFFFFFFFFFFFull : v > 0.0 ? (u64)v : 0;
}
