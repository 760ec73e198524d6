/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * transport PORT MILLISECONDS BYTES COUNT: COUNT exchanges over one kpn_posix with requests of so many bytes, then one with a message.
 * Prints the status and the HTTP status of each.
 */
#define KPN_POSIX
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char message[] = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]";

static void exchange(kpn_posix *posix, uint16_t port, const uint8_t *bytes, size_t len)
{
    uint8_t body[64];
    kpn_response response;
    const kpn_span request = {bytes, len};
    kpn_status status = kpn_response_begin(&response, body, sizeof body);

    if (status == KPN_OK) {
        status = kpn_posix_exchange(posix, "127.0.0.1", port, request, &response);
    }
    printf("%d %d\n", (int)status, (int)kpn_response_status(&response));
}

int main(int argc, char **argv)
{
    kpn_posix posix;
    char head[100];

    if (argc != 5 || kpn_posix_begin(&posix, KPN_REQUESTS_MAX, (uint32_t)strtoul(argv[2], NULL, 10)) != KPN_OK) {
        fprintf(stderr, "usage: transport PORT MILLISECONDS BYTES COUNT\n");
        return 2;
    }
    const uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
    const size_t len = strtoul(argv[3], NULL, 10);
    uint8_t *large = (uint8_t *)calloc(len + sizeof head, 1);
    if (large == NULL) {
        return 2;
    }
    const int head_len = snprintf(head, sizeof head, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", len);
    memcpy(large, head, (size_t)head_len);
    for (unsigned long i = strtoul(argv[4], NULL, 10); i > 0; i--) {
        exchange(&posix, port, large, len + (size_t)head_len);
    }
    exchange(&posix, port, (const uint8_t *)message, sizeof message - 1);
    kpn_posix_close(&posix);
    free(large);
    return 0;
}
