/* What the glue and the sample need of Zephyr's kernel, on this machine. */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <stdint.h>
#include <time.h>

#define ARG_UNUSED(x) (void)(x)

static inline int64_t k_uptime_get(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int32_t k_msleep(int32_t milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};

    (void)nanosleep(&time, NULL);
    return 0;
}

#endif
