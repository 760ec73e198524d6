/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's image in the second slot. */
#ifndef SHIM_FLASH_IMG_H
#define SHIM_FLASH_IMG_H

#include <stdbool.h>

#include <zephyr/storage/flash_map.h>
#include <zephyr/storage/stream_flash.h>

struct flash_img_context {
    uint8_t buf[CONFIG_IMG_BLOCK_BUF_SIZE];
    const struct flash_area *flash_area;
    struct stream_flash_ctx stream;
};

int flash_img_init(struct flash_img_context *image);
int flash_img_buffered_write(struct flash_img_context *image, const uint8_t *data, size_t len, bool flush);
size_t flash_img_bytes_written(struct flash_img_context *image);

#endif
