/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Everything that a firmware without a C library must provide. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (len-- > 0)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if (t <= f)
        return memcpy(to, from, len);
    while (len-- > 0)
        t[len] = f[len];
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    unsigned char *t = to;
    while (len-- > 0)
        *t++ = (unsigned char)byte;
    return to;
}

int memcmp(const void *left, const void *right, size_t len)
{
    const unsigned char *l = left;
    const unsigned char *r = right;
    for (; len > 0; len--, l++, r++)
        if (*l != *r)
            return *l < *r ? -1 : 1;
    return 0;
}
