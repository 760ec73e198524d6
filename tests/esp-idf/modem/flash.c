/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Flash and NVS in files, on which the power is lost: at the operation that KPN_CUT numbers from 1, half of it is done and the program ends with 3.
 * A write only clears bits, as flash does, and an entry of NVS is there or not. Once the image is to start, KPN_FLASH.boot exists, and the other
 * partition is next, which nothing may be written to. If KPN_FLASH.invalid exists, the boot loader went back from what the partition contains.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esp_ota_ops.h"
#include "esp_system.h"
#include "lwip/sockets.h"
#include "nvs.h"

#undef connect

enum { SIZE = 65536, BLOB = 4096 };

static const esp_partition_t partition = {0x1F0000, SIZE};
static const esp_partition_t other = {0x10000, SIZE};
static uint8_t flash[SIZE];
static bool confirmed;

static bool read_file(const char *variable, uint8_t *bytes, size_t cap, size_t *len)
{
    FILE *file = fopen(getenv(variable), "rb");

    *len = file != NULL ? fread(bytes, 1, cap, file) : 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    return file != NULL;
}

static void write_file(const char *variable, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(getenv(variable), "wb");

    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        abort();
    }
}

/* Whether the power is lost now. */
static bool is_cut(void)
{
    static long count;
    const char *at = getenv("KPN_CUT");

    count++;
    return at != NULL && strtol(at, NULL, 10) == count;
}

static void lose_power(void)
{
    (void)fflush(stdout);
    _exit(3);
}

static void load_flash(void)
{
    size_t len;

    memset(flash, 0x5A, sizeof flash); /* what was there before */
    (void)read_file("KPN_FLASH", flash, sizeof flash, &len);
}

static FILE *open_mark(const char *mark, const char *mode)
{
    char name[512];

    (void)snprintf(name, sizeof name, "%s.%s", getenv("KPN_FLASH"), mark);
    return fopen(name, mode);
}

static bool has_mark(const char *mark)
{
    FILE *file = open_mark(mark, "rb");

    if (file != NULL) {
        (void)fclose(file);
    }
    return file != NULL;
}

static void require_partition(const esp_partition_t *of)
{
    if (of != &partition) {
        (void)fprintf(stderr, "the wrong partition\n");
        abort();
    }
}

esp_err_t esp_partition_erase_range(const esp_partition_t *of, size_t offset, size_t size)
{
    bool cut = is_cut();

    require_partition(of);
    if (offset % 4096 != 0 || size % 4096 != 0 || offset + size > of->size) {
        return ESP_FAIL;
    }
    load_flash();
    memset(flash + offset, 0xFF, cut ? size / 2 : size);
    write_file("KPN_FLASH", flash, sizeof flash);
    if (cut) {
        lose_power();
    }
    return ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *to, size_t offset, const void *bytes, size_t size)
{
    const uint8_t *from = (const uint8_t *)bytes;
    bool cut = is_cut();

    require_partition(to);
    if (offset % 16 != 0 || size % 16 != 0 || offset + size > to->size) {
        return ESP_FAIL;
    }
    load_flash();
    for (size_t i = 0; i < (cut ? size / 2 : size); i++) {
        flash[offset + i] &= from[i];
    }
    write_file("KPN_FLASH", flash, sizeof flash);
    if (cut) {
        lose_power();
    }
    return ESP_OK;
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start)
{
    return start != NULL ? NULL : has_mark("boot") ? &other : &partition;
}

/* The power may be lost before it and after it. */
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *of)
{
    static uint8_t image[SIZE];
    size_t len;

    require_partition(of);
    if (is_cut()) {
        lose_power();
    }
    load_flash();
    if (!read_file("KPN_IMAGE", image, sizeof image, &len) || memcmp(flash, image, len) != 0) {
        return ESP_FAIL;
    }
    FILE *boot = open_mark("boot", "wb");
    if (boot == NULL || fclose(boot) != 0) {
        abort();
    }
    if (is_cut()) {
        lose_power();
    }
    return ESP_OK;
}

const esp_partition_t *esp_ota_get_last_invalid_partition(void)
{
    return has_mark("invalid") ? &partition : NULL;
}

esp_err_t esp_ota_get_partition_description(const esp_partition_t *of, esp_app_desc_t *description)
{
    require_partition(of);
    load_flash();
    memcpy(description, flash + 32, sizeof *description);
    return description->magic_word == 0xABCD5432U ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void)
{
    confirmed = true;
    return ESP_OK;
}

void esp_restart(void)
{
    printf("restarts, %s\n", confirmed ? "confirmed" : "not confirmed");
    (void)fflush(stdout);
    _exit(0);
}

esp_err_t nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle)
{
    *handle = 7;
    return strlen(name) < 16 && mode == NVS_READWRITE ? ESP_OK : ESP_FAIL;
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *value, size_t *len)
{
    (void)key;
    size_t cap = *len;

    /* A value that is larger than its room is not read at all. */
    return handle == 7 && read_file("KPN_NVS", (uint8_t *)value, cap, len) && *len > 0 && *len < cap ? ESP_OK : ESP_FAIL;
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t len)
{
    (void)key;
    if (is_cut()) {
        lose_power();
    }
    write_file("KPN_NVS", (const uint8_t *)value, len);
    return handle == 7 && len <= BLOB ? ESP_OK : ESP_FAIL;
}

esp_err_t nvs_erase_key(nvs_handle_t handle, const char *key)
{
    (void)key;
    if (is_cut()) {
        lose_power();
    }
    write_file("KPN_NVS", (const uint8_t *)"", 0);
    return handle == 7 ? ESP_OK : ESP_FAIL;
}

esp_err_t nvs_commit(nvs_handle_t handle)
{
    return handle == 7 ? ESP_OK : ESP_FAIL;
}

void nvs_close(nvs_handle_t handle)
{
    (void)handle;
}

int shim_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_in to;

    memcpy(&to, address, len);
    if (to.sin_addr.s_addr == inet_addr("10.151.236.157") && to.sin_port == htons(80)) {
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons((uint16_t)atoi(getenv("KPN_PORT")));
    }
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}
