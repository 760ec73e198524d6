/* SPDX-License-Identifier: MIT OR Apache-2.0 */
int esp_netif_init(void);
