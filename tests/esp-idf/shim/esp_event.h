/* SPDX-License-Identifier: MIT OR Apache-2.0 */
int esp_event_loop_create_default(void);
