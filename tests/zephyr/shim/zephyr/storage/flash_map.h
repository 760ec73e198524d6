/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's flash map. */
#ifndef SHIM_FLASH_MAP_H
#define SHIM_FLASH_MAP_H

#include <zephyr/drivers/flash.h>

struct flash_area {
    uint8_t fa_id;
    off_t fa_off;
    size_t fa_size;
    const struct device *fa_dev;
};

static inline const struct device *flash_area_get_device(const struct flash_area *area)
{
    return area->fa_dev;
}

#endif
