/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What Zephyr says to MCUboot. */
#ifndef SHIM_MCUBOOT_H
#define SHIM_MCUBOOT_H

#include <stdbool.h>

#define BOOT_UPGRADE_TEST     0
#define BOOT_SWAP_TYPE_NONE   1
#define BOOT_SWAP_TYPE_TEST   2
#define BOOT_SWAP_TYPE_PERM   3
#define BOOT_SWAP_TYPE_REVERT 4

bool boot_is_img_confirmed(void);
int boot_write_img_confirmed(void);
int boot_request_upgrade(int permanent);
int mcuboot_swap_type(void);

#endif
