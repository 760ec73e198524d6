/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "file_server.h"

#include <stdio.h>
#include <string.h>

#define PART_MAX 200u

uint8_t firmware_byte(uint32_t offset)
{
    return (uint8_t)((offset * UINT32_C(2654435761)) >> 24);
}

static uint32_t crc32_of(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (UINT32_C(0xEDB88320) & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

void requested_range(const uint8_t *request, size_t len, uint32_t *first, uint32_t *last)
{
    static const char field[] = "\r\nRange: bytes=";
    uint32_t numbers[2] = {0, 0};
    size_t at = 0;
    while (at + sizeof field < len && memcmp(request + at, field, sizeof field - 1) != 0) {
        at++;
    }
    at += sizeof field - 1;
    for (int i = 0; i < 2; i++, at++) {
        for (; at < len && request[at] >= '0' && request[at] <= '9'; at++) {
            numbers[i] = numbers[i] * 10 + (uint32_t)(request[at] - '0');
        }
    }
    *first = numbers[0];
    *last = numbers[1];
}

size_t answer_range(uint8_t *out, size_t cap, uint32_t first, uint32_t last, uint32_t total, uint32_t crc_fault)
{
    uint8_t part[PART_MAX];
    size_t len = 0;
    if (last >= total) {
        last = total - 1;
    }
    for (uint32_t at = first; at <= last; at++) {
        part[len++] = firmware_byte(at);
    }
    const int head =
        snprintf((char *)out, cap,
                 "HTTP/1.1 200\r\nContent-Length: %lu\r\nDigest: crc32=%lx\r\nContent-Range: bytes %lu-%lu/%lu\r\n\r\n",
                 (unsigned long)len, (unsigned long)(crc32_of(part, len) ^ crc_fault), (unsigned long)first,
                 (unsigned long)last, (unsigned long)total);
    memcpy(out + head, part, len);
    return (size_t)head + len;
}
