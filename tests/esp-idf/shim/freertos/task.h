/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ends the program after KPN_TURNS; prints waits of an hour and more. */
void vTaskDelay(TickType_t ticks);
/* Of a clock that is KPN_HASTE times as fast. */
TickType_t xTaskGetTickCount(void);
