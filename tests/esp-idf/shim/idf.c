/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "esp_crt_bundle.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_random.h"
#include "esp_tls.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"

struct esp_tls {
    int fd;
    int again; /* the next call asks to be made again */
};

static struct esp_tls connection = {-1, 0};

esp_tls_t *esp_tls_init(void)
{
    return &connection;
}

/* KPN's host only, which is KPN_PORT of this machine; with certificates checked. */
int esp_tls_conn_new_sync(const char *hostname, int hostlen, int port, const esp_tls_cfg_t *cfg, esp_tls_t *tls)
{
    const char *here = getenv("KPN_PORT");
    const char *platform = "prod.dm.kpnthings.com";
    struct timeval limit = {cfg->timeout_ms / 1000, cfg->timeout_ms % 1000 * 1000};
    struct sockaddr_in address;

    if (here == NULL || port != 443 || hostlen != (int)strlen(platform) || strncmp(hostname, platform, (size_t)hostlen) != 0
        || cfg->crt_bundle_attach != esp_crt_bundle_attach) {
        return -1;
    }
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)atoi(here));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tls->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(tls->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connect(tls->fd, (struct sockaddr *)&address, sizeof address) == 0 ? 1 : -1;
}

/* A few bytes at a time, every second call for nothing. With KPN_WRITES so many succeed, and then the connection is broken, but not before an answer. */
ssize_t esp_tls_conn_write(esp_tls_t *tls, const void *data, size_t datalen)
{
    static int writes;
    const char *most = getenv("KPN_WRITES");
    struct pollfd answer = {tls->fd, POLLIN, 0};

    tls->again = !tls->again;
    if (!tls->again && most != NULL && writes++ >= atoi(most)) {
        (void)poll(&answer, 1, 10000);
        return -1;
    }
    return tls->again ? ESP_TLS_ERR_SSL_WANT_WRITE : send(tls->fd, data, datalen < 100 ? datalen : 100, MSG_NOSIGNAL);
}

ssize_t esp_tls_conn_read(esp_tls_t *tls, void *data, size_t datalen)
{
    tls->again = !tls->again;
    return tls->again ? ESP_TLS_ERR_SSL_WANT_READ : recv(tls->fd, data, datalen < 10 ? datalen : 10, 0);
}

int esp_tls_conn_destroy(esp_tls_t *tls)
{
    if (tls->fd >= 0) {
        close(tls->fd);
    }
    tls->fd = -1;
    return 0;
}

int esp_crt_bundle_attach(void *conf)
{
    return conf == NULL;
}

int nvs_flash_init(void)
{
    return 0;
}

int esp_netif_init(void)
{
    return 0;
}

int esp_event_loop_create_default(void)
{
    return 0;
}

int example_connect(void)
{
    return 0;
}

uint32_t esp_random(void)
{
    return 4;
}

void vTaskDelay(TickType_t ticks)
{
    static int turns;
    const char *most = getenv("KPN_TURNS");

    if (ticks >= 360000) {
        printf("waits %u h\n", (unsigned)(ticks / 360000));
    }
    if (++turns >= (most == NULL ? 1 : atoi(most))) {
        exit(0);
    }
}

TickType_t xTaskGetTickCount(void)
{
    const char *haste = getenv("KPN_HASTE");
    TickType_t times = haste != NULL ? (TickType_t)atoi(haste) : 1;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return times * ((TickType_t)now.tv_sec * 100U + (TickType_t)(now.tv_nsec / 10000000));
}

void app_main(void);

int main(void)
{
    app_main();
    return 2;
}
