/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* As much of ESP-IDF as the example uses, for the host: its public interface with bodies of our own in idf.c. Without TLS. */
#ifndef SHIM_ESP_TLS_H
#define SHIM_ESP_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ESP_TLS_ERR_SSL_WANT_READ (-0x6900)
#define ESP_TLS_ERR_SSL_WANT_WRITE (-0x6880)

#include "esp_err.h"
typedef struct esp_tls esp_tls_t;
typedef struct esp_tls_cfg {
    esp_err_t (*crt_bundle_attach)(void *conf);
    int timeout_ms;
} esp_tls_cfg_t;

esp_tls_t *esp_tls_init(void);
int esp_tls_conn_new_sync(const char *hostname, int hostlen, int port, const esp_tls_cfg_t *cfg, esp_tls_t *tls);
ssize_t esp_tls_conn_write(esp_tls_t *tls, const void *data, size_t datalen);
ssize_t esp_tls_conn_read(esp_tls_t *tls, void *data, size_t datalen);
int esp_tls_conn_destroy(esp_tls_t *tls);

#endif
