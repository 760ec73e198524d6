/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The emulated modem, connected to a platform, in this process and in virtual time: simulator/modem/src/ffi.rs. */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct emulator emulator;

/* `words` are options of kpn-things-modem and of the platform (src/desk.rs). NULL if they are invalid. */
emulator *emulator_new(const char *words);
void emulator_free(emulator *modem);
void emulator_write(emulator *modem, const uint8_t *bytes, size_t len);
size_t emulator_read(emulator *modem, uint8_t *bytes, size_t cap, uint32_t milliseconds);
uint64_t emulator_clock(const emulator *modem);
uint32_t emulator_messages(const emulator *modem, bool accepted);
bool emulator_is_whole(const emulator *modem, const uint8_t *bytes, size_t len);
uint64_t emulator_count(const emulator *modem, bool to_modem);
bool emulator_sms(emulator *modem, const char *sender, const char *text); /* false if the modem does not accept it */
uint32_t emulator_kept(const emulator *modem);                            /* SMS in the modem */

#endif
