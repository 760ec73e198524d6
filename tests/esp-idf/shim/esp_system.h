/* SPDX-License-Identifier: MIT OR Apache-2.0 */
void esp_restart(void) __attribute__((noreturn));
