/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two Rust archives in one firmware: both link, and both work. */
#include <stdio.h>
#include <string.h>

#include "kpn_things.h"

uint64_t neighbour_square_by(size_t at, uint64_t divisor);

int main(void)
{
    static const char body[] = "[{\"bn\":\"urn:dev:IMEI:123456789012345:\",\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]";
    kpn_token token;
    char text[KPN_TOKEN_LEN + 1];
    if (kpn_token_begin(&token) != KPN_OK || kpn_token_update(&token, (const uint8_t *)body, sizeof body - 1) != KPN_OK
        || kpn_token_finish(&token, "0123456789abcdefghijklmnopqrstuvwxyzABCD", text) != KPN_OK)
        return 1;
    printf("%s %d\n", text, (int)neighbour_square_by(4, 2));
    return strcmp(text, "2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9") != 0
           || neighbour_square_by(4, 2) != 8;
}
