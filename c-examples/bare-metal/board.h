/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What this firmware needs from a board. board.c provides it for Arm's MPS2 with a Cortex-M3 (AN385), which QEMU
 * emulates; for another board, rewrite these functions and adapt the memory in board.ld.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void board_begin(void);

/* The line to the modem, which is connected to the platform and passes bytes through. */
void modem_write(const uint8_t *bytes, size_t len);
/* Receives at least one byte, waits at most `*left_ms`, and subtracts the milliseconds that it waited; 0 if none arrived. */
size_t modem_read(uint8_t *bytes, size_t cap, uint32_t *left_ms);

/* A second line, as a console. */
void console_write(const char *text);

void valve_set(bool open);

#endif
