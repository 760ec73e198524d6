/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file server without a connection: firmware of any size, and the answers to requests for its parts. */
#ifndef KPN_TEST_FILE_SERVER_H
#define KPN_TEST_FILE_SERVER_H

#include <stddef.h>
#include <stdint.h>

/* Every byte of the firmware is computed from its offset. */
uint8_t firmware_byte(uint32_t offset);

/* The range that a request asks for, including its last byte. */
void requested_range(const uint8_t *request, size_t len, uint32_t *first, uint32_t *last);

/* Writes the answer with these bytes of a firmware of `total`, 200 at the most, its CRC changed by `crc_fault`; returns the length. */
size_t answer_range(uint8_t *out, size_t cap, uint32_t first, uint32_t last, uint32_t total, uint32_t crc_fault);

#endif
