/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ends the program after KPN_TURNS. */
void vTaskDelay(TickType_t ticks);
