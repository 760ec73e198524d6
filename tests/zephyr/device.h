/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device with a flash, settings and MCUboot, whose power can go at any write. Its memory outlives the process that runs on it. */
#ifndef TEST_DEVICE_H
#define TEST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DEVICE_PAGE = 1024,
    DEVICE_SLOT = 24 * 1024,
    DEVICE_KEYS = 6,
    DEVICE_VALUE_MAX = 1600,
    DEVICE_POWER_LOST = 77, /* the exit status of a process whose device lost its power */
    DEVICE_BROKEN = 78      /* the glue did to the flash what no flash takes */
};

struct device_setting {
    char key[32];
    size_t len;
    uint8_t bytes[DEVICE_VALUE_MAX];
};

struct device_memory {
    uint8_t slots[2][DEVICE_SLOT];
    struct device_setting settings[DEVICE_KEYS];
    bool is_pending;  /* MCUboot is to try the second slot */
    bool is_on_trial; /* it has, and nobody has confirmed it */
    unsigned writes;  /* to flash, settings and flags, erasures too */
    unsigned cut_at;  /* the power goes in this one of them; 0: never */
    unsigned fail_at; /* this one fails; 0: none */
    unsigned settings_writes;
};

extern struct device_memory *device;

/* An erased device with this image in its first slot. */
void device_make(const uint8_t *image, size_t len);

/* What MCUboot does at a reset. */
void device_boot(void);

/* Writes the length and the checksum that this MCUboot wants into an image. */
void device_sign(uint8_t *image, size_t len);

/* The bytes of a setting, or -1. */
long device_setting_len(const char *key);

#endif
