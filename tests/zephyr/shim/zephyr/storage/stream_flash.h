/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zephyr's stream to the flash. */
#ifndef SHIM_STREAM_FLASH_H
#define SHIM_STREAM_FLASH_H

#include <zephyr/drivers/flash.h>

struct stream_flash_ctx {
    uint8_t *buf;
    size_t buf_len;
    size_t buf_bytes;
    size_t bytes_written;
    size_t offset;
    size_t available;
    off_t last_erased_page_start_offset; /* as in Zephyr 3 */
    size_t erased_up_to;                 /* as in Zephyr 4 */
};

int stream_flash_progress_load(struct stream_flash_ctx *stream, const char *settings_key);

#endif
