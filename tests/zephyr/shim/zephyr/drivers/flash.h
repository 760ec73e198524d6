/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's flash driver, as far as the glue asks it. */
#ifndef SHIM_FLASH_H
#define SHIM_FLASH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct device {
    int unused;
};

struct flash_pages_info {
    off_t start_offset;
    size_t size;
    uint32_t index;
};

int flash_get_page_info_by_offs(const struct device *device, off_t offset, struct flash_pages_info *info);

#endif
