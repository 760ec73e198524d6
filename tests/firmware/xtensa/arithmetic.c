/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What Debian's libgcc for this core leaves out, since chips with it have these functions in ROM. */
#include <stdint.h>

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);
uint32_t __udivsi3(uint32_t dividend, uint32_t divisor);
uint32_t __umodsi3(uint32_t dividend, uint32_t divisor);
int32_t __divsi3(int32_t dividend, int32_t divisor);
int32_t __modsi3(int32_t dividend, int32_t divisor);
uint64_t __muldi3(uint64_t left, uint64_t right);

static uint64_t divide(uint64_t dividend, uint64_t divisor, int bits, uint64_t *rest)
{
    uint64_t quotient = 0;
    *rest = 0;
    while (bits-- > 0) {
        const int lost = (int)(*rest >> 63);
        *rest = *rest << 1 | (dividend >> bits & 1);
        quotient <<= 1;
        if (lost != 0 || *rest >= divisor) {
            *rest -= divisor;
            quotient |= 1;
        }
    }
    return quotient;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest;
    return divide(dividend, divisor, 64, &rest);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest;
    divide(dividend, divisor, 64, &rest);
    return rest;
}

uint32_t __udivsi3(uint32_t dividend, uint32_t divisor)
{
    uint64_t rest;
    return (uint32_t)divide(dividend, divisor, 32, &rest);
}

uint32_t __umodsi3(uint32_t dividend, uint32_t divisor)
{
    uint64_t rest;
    divide(dividend, divisor, 32, &rest);
    return (uint32_t)rest;
}

static uint32_t magnitude(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

int32_t __divsi3(int32_t dividend, int32_t divisor)
{
    const uint32_t quotient = __udivsi3(magnitude(dividend), magnitude(divisor));
    return (int32_t)((dividend < 0) != (divisor < 0) ? 0u - quotient : quotient);
}

int32_t __modsi3(int32_t dividend, int32_t divisor)
{
    const uint32_t rest = __umodsi3(magnitude(dividend), magnitude(divisor));
    return (int32_t)(dividend < 0 ? 0u - rest : rest);
}

uint64_t __muldi3(uint64_t left, uint64_t right)
{
    const uint32_t a = (uint32_t)left, b = (uint32_t)right;
    const uint32_t low = (a & 0xFFFF) * (b & 0xFFFF);
    const uint32_t first = (a >> 16) * (b & 0xFFFF) + (low >> 16);
    const uint32_t second = (a & 0xFFFF) * (b >> 16) + (first & 0xFFFF);
    const uint32_t high =
        (a >> 16) * (b >> 16) + (first >> 16) + (second >> 16) + a * (uint32_t)(right >> 32) + (uint32_t)(left >> 32) * b;
    return (uint64_t)high << 32 | (uint32_t)(second << 16 | (low & 0xFFFF));
}
