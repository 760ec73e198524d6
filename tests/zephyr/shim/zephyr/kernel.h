/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the glue and the sample need of Zephyr's kernel, on this machine. */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
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

#define K_NO_WAIT 0
#define K_FOREVER (-1)

/* A queue of messages that one thread fills and empties: waiting for one more would be for ever. */
struct k_msgq {
    uint8_t *bytes;
    size_t size;
    size_t max;
    size_t used;
};

#define K_MSGQ_DEFINE(name, message_size, message_max, align)      \
    static uint8_t name##_bytes[(message_size) * (message_max)];   \
    static struct k_msgq name = {name##_bytes, message_size, message_max, 0}

static inline int k_msgq_put(struct k_msgq *queue, const void *message, int timeout)
{
    if (queue->used == queue->max || timeout != K_NO_WAIT) {
        return -1;
    }
    memcpy(queue->bytes + queue->used++ * queue->size, message, queue->size);
    return 0;
}

static inline int k_msgq_get(struct k_msgq *queue, void *message, int timeout)
{
    (void)timeout;
    if (queue->used == 0) {
        return -1;
    }
    memcpy(message, queue->bytes, queue->size);
    queue->used--;
    memmove(queue->bytes, queue->bytes + queue->size, queue->used * queue->size);
    return 0;
}

#endif
