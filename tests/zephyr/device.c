/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zephyr/dfu/flash_img.h>
#include <zephyr/dfu/mcuboot.h>
#include <zephyr/settings/settings.h>

struct device_memory *device;

static const struct device driver;
static const struct flash_area second_slot = {.fa_id = 1, .fa_off = DEVICE_SLOT, .fa_size = DEVICE_SLOT, .fa_dev = &driver};

/* How much of a write of so many bytes is done, and with which result. */
static size_t begin_write(size_t len, int *result)
{
    device->writes++;
    *result = device->writes == device->fail_at ? -EIO : 0;
    return device->writes == device->cut_at || *result != 0 ? len / 2 : len;
}

static int end_write(int result)
{
    if (device->writes == device->cut_at) {
        _exit(DEVICE_POWER_LOST);
    }
    return result;
}

static void break_off(const char *why)
{
    fprintf(stderr, "device: %s\n", why);
    _exit(DEVICE_BROKEN);
}

static uint8_t *at(off_t offset, size_t len)
{
    if (offset < DEVICE_SLOT || (size_t)offset + len > 2 * DEVICE_SLOT) {
        break_off("not in the second slot");
    }
    return device->slots[1] + (offset - DEVICE_SLOT);
}

static int erase(off_t offset, size_t len)
{
    int result;
    size_t done = begin_write(len, &result);

    memset(at(offset, len), 0xff, done);
    return end_write(result);
}

static int flash_write(off_t offset, const uint8_t *bytes, size_t len)
{
    int result;
    size_t done = begin_write(len, &result);
    uint8_t *place = at(offset, len);

    for (size_t i = 0; i < len; i++) {
        if (place[i] != 0xff) {
            break_off("written without being erased");
        }
    }
    memcpy(place, bytes, done);
    return end_write(result);
}

int flash_get_page_info_by_offs(const struct device *of, off_t offset, struct flash_pages_info *info)
{
    (void)of;
    info->index = (uint32_t)offset / DEVICE_PAGE;
    info->start_offset = offset / DEVICE_PAGE * DEVICE_PAGE;
    info->size = DEVICE_PAGE;
    return 0;
}

static int erase_for(struct stream_flash_ctx *stream)
{
    int result = 0;
#if defined(SHIM_ZEPHYR_3)
    off_t last = (off_t)(stream->offset + stream->bytes_written + stream->buf_bytes - 1) / DEVICE_PAGE * DEVICE_PAGE;

    if (last != stream->last_erased_page_start_offset) {
        result = erase(last, DEVICE_PAGE);
        if (result == 0) {
            stream->last_erased_page_start_offset = last;
        }
    }
#else
    while (result == 0 && stream->erased_up_to < stream->bytes_written + stream->buf_bytes) {
        result = erase((off_t)(stream->offset + stream->erased_up_to), DEVICE_PAGE);
        if (result == 0) {
            stream->erased_up_to += DEVICE_PAGE;
        }
    }
#endif
    return result;
}

static int sync_stream(struct stream_flash_ctx *stream)
{
    int result = erase_for(stream);

    if (result == 0) {
        result = flash_write((off_t)(stream->offset + stream->bytes_written), stream->buf, stream->buf_bytes);
    }
    if (result == 0) {
        stream->bytes_written += stream->buf_bytes;
        stream->buf_bytes = 0;
    }
    return result;
}

int flash_img_init(struct flash_img_context *image)
{
    memset(&image->stream, 0, sizeof image->stream);
    image->flash_area = &second_slot;
    image->stream.buf = image->buf;
    image->stream.buf_len = sizeof image->buf;
    image->stream.offset = (size_t)second_slot.fa_off;
    image->stream.available = second_slot.fa_size;
    image->stream.last_erased_page_start_offset = -1;
    return 0;
}

int flash_img_buffered_write(struct flash_img_context *image, const uint8_t *data, size_t len, bool flush)
{
    struct stream_flash_ctx *stream = &image->stream;
    int result = 0;

    if (image->flash_area == NULL) {
        break_off("the image was closed");
    }
    if (stream->bytes_written + stream->buf_bytes + len > stream->available) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < len && result == 0; i++) {
        stream->buf[stream->buf_bytes++] = data[i];
        if (stream->buf_bytes == stream->buf_len) {
            result = sync_stream(stream);
        }
    }
    if (result == 0 && flush && stream->buf_bytes > 0) {
        result = sync_stream(stream);
    }
    if (result == 0 && flush) {
        image->flash_area = NULL;
    }
    return result;
}

size_t flash_img_bytes_written(struct flash_img_context *image)
{
    return image->stream.bytes_written;
}

int stream_flash_progress_load(struct stream_flash_ctx *stream, const char *key)
{
    for (size_t i = 0; i < DEVICE_KEYS; i++) {
        if (strcmp(device->settings[i].key, key) == 0 && device->settings[i].len == sizeof stream->bytes_written) {
            memcpy(&stream->bytes_written, device->settings[i].bytes, sizeof stream->bytes_written);
            stream->last_erased_page_start_offset =
                (off_t)(stream->offset + stream->bytes_written - 1) / DEVICE_PAGE * DEVICE_PAGE;
            stream->erased_up_to = (stream->bytes_written + DEVICE_PAGE - 1) / DEVICE_PAGE * DEVICE_PAGE;
        }
    }
    return 0;
}

int settings_subsys_init(void)
{
    return 0;
}

/* As over NVS: a value is written whole or not at all. */
int settings_save_one(const char *name, const void *value, size_t len)
{
    struct device_setting *place = NULL;
    int result;
    size_t done = begin_write(2, &result);

    if (len > DEVICE_VALUE_MAX || strlen(name) >= sizeof place->key) {
        break_off("no such setting fits");
    }
    for (size_t i = 0; i < DEVICE_KEYS; i++) {
        if (strcmp(device->settings[i].key, name) == 0 || (place == NULL && device->settings[i].key[0] == '\0')) {
            place = &device->settings[i];
        }
    }
    if (place == NULL) {
        break_off("too many settings");
    }
    if (done == 2) {
        device->settings_writes++;
        strcpy(place->key, name);
        place->len = len;
        memcpy(place->bytes, value, len);
    }
    return end_write(result);
}

int settings_delete(const char *name)
{
    int result;
    size_t done = begin_write(2, &result);

    for (size_t i = 0; i < DEVICE_KEYS && done == 2; i++) {
        if (strcmp(device->settings[i].key, name) == 0) {
            memset(&device->settings[i], 0, sizeof device->settings[i]);
        }
    }
    return end_write(result);
}

static ssize_t read_setting(void *arg, void *data, size_t len)
{
    const struct device_setting *setting = arg;
    size_t taken = len < setting->len ? len : setting->len;

    memcpy(data, setting->bytes, taken);
    return (ssize_t)taken;
}

int settings_load_subtree_direct(const char *subtree, settings_load_direct_cb callback, void *param)
{
    size_t len = strlen(subtree);

    for (size_t i = 0; i < DEVICE_KEYS; i++) {
        struct device_setting *setting = &device->settings[i];

        if (strncmp(setting->key, subtree, len) == 0 && (setting->key[len] == '\0' || setting->key[len] == '/')) {
            const char *rest = setting->key + len + (setting->key[len] == '/');

            (void)callback(*rest == '\0' ? NULL : rest, setting->len, read_setting, setting, param);
        }
    }
    return 0;
}

int settings_name_next(const char *name, const char **next)
{
    if (next != NULL) {
        *next = NULL;
    }
    return name == NULL ? 0 : (int)strcspn(name, "/=");
}

bool boot_is_img_confirmed(void)
{
    return !device->is_on_trial;
}

int boot_write_img_confirmed(void)
{
    int result;

    device->is_on_trial = begin_write(2, &result) < 2;
    return end_write(result);
}

int boot_request_upgrade(int permanent)
{
    int result;

    if (permanent != BOOT_UPGRADE_TEST) {
        break_off("for good, without a trial");
    }
    device->is_pending = begin_write(2, &result) == 2 || device->is_pending;
    return end_write(result);
}

int mcuboot_swap_type(void)
{
    if (device->is_pending) {
        return BOOT_SWAP_TYPE_TEST;
    }
    return device->is_on_trial ? BOOT_SWAP_TYPE_REVERT : BOOT_SWAP_TYPE_NONE;
}

static uint32_t checksum(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 2166136261U;

    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * 16777619U;
    }
    return sum;
}

void device_sign(uint8_t *image, size_t len)
{
    static const uint8_t magic[4] = {0x3d, 0xb8, 0xf3, 0x96};
    uint32_t size = (uint32_t)len;
    uint32_t sum;

    memcpy(image, magic, 4);
    memcpy(image + 4, &size, 4);
    sum = checksum(image, len - 4);
    memcpy(image + len - 4, &sum, 4);
}

static bool is_signed(const uint8_t *image)
{
    uint32_t size;
    uint32_t sum;

    memcpy(&size, image + 4, 4);
    if (size < 12 || size > DEVICE_SLOT) {
        return false;
    }
    memcpy(&sum, image + size - 4, 4);
    return sum == checksum(image, size - 4);
}

static void swap(void)
{
    uint8_t *first = malloc(DEVICE_SLOT);

    if (first == NULL) {
        abort();
    }
    memcpy(first, device->slots[0], DEVICE_SLOT);
    memcpy(device->slots[0], device->slots[1], DEVICE_SLOT);
    memcpy(device->slots[1], first, DEVICE_SLOT);
    free(first);
}

void device_boot(void)
{
    if (device->is_on_trial) {
        swap();
        device->is_on_trial = false;
    } else if (device->is_pending && is_signed(device->slots[1])) {
        swap();
        device->is_on_trial = true;
    }
    device->is_pending = false;
}

void device_make(const uint8_t *image, size_t len)
{
    if (device == NULL) {
        device = mmap(NULL, sizeof *device, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (device == MAP_FAILED) {
            abort();
        }
    }
    memset(device, 0, sizeof *device);
    memset(device->slots, 0xff, sizeof device->slots);
    memcpy(device->slots[0], image, len);
    /* What an earlier update left behind: bytes that have to be erased first. */
    memset(device->slots[1], 0x5a, DEVICE_SLOT);
}

long device_setting_len(const char *key)
{
    for (size_t i = 0; i < DEVICE_KEYS; i++) {
        if (strcmp(device->settings[i].key, key) == 0) {
            return (long)device->settings[i].len;
        }
    }
    return -1;
}
