/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each way in which a test may end badly; the runner must notice them all. */
#include <stdio.h>

int main(void)
{
    printf("printed before the end\n");
#if defined(FAIL)
    return 3;
#elif defined(CRASH)
    __asm__ volatile(
#ifdef __riscv
        "unimp"
#else
        "udf #0"
#endif
    );
    return 0;
#elif defined(HANG)
    for (;;) {
    }
#else
    return 0;
#endif
}
