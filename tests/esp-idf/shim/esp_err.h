/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ESP_ERR_H
#define SHIM_ESP_ERR_H
#include <stdlib.h>

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_TIMEOUT 0x107
#define ESP_ERROR_CHECK(x) \
    do { \
        if ((x) != 0) { \
            abort(); \
        } \
    } while (0)
#endif
