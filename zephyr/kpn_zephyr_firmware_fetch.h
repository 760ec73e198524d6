/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief How parts of firmware come into the second slot; for the files of this folder only.
 */

#ifndef KPN_ZEPHYR_FIRMWARE_FETCH_H_
#define KPN_ZEPHYR_FIRMWARE_FETCH_H_

#include <kpn_zephyr_firmware.h>

/** The start of the flash page that contains an offset in the slot. @return 0, or an errno. */
int kpn_zephyr_firmware_page_of(const kpn_zephyr_firmware *update, uint32_t offset, uint32_t *out_start);

/**
 * Goes back to the start of the flash page for the next byte: it may contain bytes of a part that
 * was given up, or whose writing a reset interrupted, and is erased when its first byte is written.
 *
 * @return 0, or an errno.
 */
int kpn_zephyr_firmware_seat(kpn_zephyr_firmware *update);

/**
 * Fetches one part and writes it.
 *
 * @return As kpn_firmware_feed() for the part; KPN_ERR_IO if the flash failed, KPN_ERR_FIRMWARE_URL if
 * the URL needs TLS and there is none, KPN_ERR_BUFFER_FULL if the request does not fit.
 */
kpn_status kpn_zephyr_firmware_fetch(kpn_zephyr_firmware *update, int *out_error);

#endif /* KPN_ZEPHYR_FIRMWARE_FETCH_H_ */
