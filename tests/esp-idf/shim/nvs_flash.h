/* SPDX-License-Identifier: MIT OR Apache-2.0 */
int nvs_flash_init(void);
