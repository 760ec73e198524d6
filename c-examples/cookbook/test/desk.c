/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MONTH_MS = 0x7fffffff, CALLS_MAX = 1000000 };

unsigned desk_connections, desk_accepted, desk_records, desk_slept_ms;
bool desk_valve, desk_is_open, desk_is_locked;
uint8_t desk_flash[DESK_IMAGE];
void (*desk_power_lost)(void);
size_t desk_requests_per_connection;

static const enum answer *script;
static size_t script_len, requests, calls;
static uint32_t clock_ms, flash_left;
static char request[1048576], response[4096];
static size_t request_len, whole_len, response_len, response_sent; /* whole_len: 0 before the head is there */
static bool is_late, closes, is_endless;
static unsigned flash_writes_left;
static const char *downlink;
static uint8_t stored[4096];
static size_t stored_len;

static void fail(const char *why)
{
    fprintf(stderr, "desk: %s\n", why);
    exit(1);
}

/* A recipe that does not end is noticed here. */
static void count_call(void)
{
    if (++calls > CALLS_MAX) {
        fail("it does not end");
    }
}

void desk_begin(const enum answer *answers, size_t count)
{
    script = answers;
    script_len = count;
    desk_connections = desk_accepted = desk_records = desk_slept_ms = 0;
    requests = calls = request_len = whole_len = response_len = response_sent = desk_requests_per_connection = 0;
    is_late = closes = desk_is_open = desk_is_locked = desk_valve = false;
    downlink = "";
    flash_left = UINT32_MAX;
    flash_writes_left = UINT32_MAX;
    is_endless = false;
}

void desk_end(void)
{
    script_len = 0;
    stored_len = 0;
    memset(desk_flash, 0, sizeof desk_flash);
}

void desk_downlink(const char *pack)
{
    downlink = pack;
}

void desk_lose_power_after(uint32_t bytes)
{
    flash_left = bytes;
}

void desk_break_flash(unsigned writes)
{
    flash_writes_left = writes;
}

uint8_t desk_image_byte(uint32_t offset)
{
    static const uint8_t first[4] = {0x3d, 0xb8, 0xf3, 0x96};
    return offset < 4 ? first[offset] : (uint8_t)(offset * 7U + offset / 251U);
}

static enum answer answer(void)
{
    return script[requests < script_len ? requests : script_len - 1];
}

bool modem_connect(const char *apn, const char *host, uint16_t port)
{
    count_call();
    if (desk_is_locked || strlen(apn) == 0 || strlen(host) == 0 || port == 0 || desk_is_open) {
        fail("a connection to nowhere, a second one, or one under a lock");
    }
    if (answer() == REFUSE) {
        requests += requests + 1 < script_len ? 1 : 0;
        return false;
    }
    desk_connections++;
    desk_requests_per_connection = 0;
    request_len = whole_len = response_len = response_sent = 0;
    desk_is_open = true;
    closes = is_endless = false;
    return true;
}

static void respond(const char *head, const uint8_t *body, size_t len)
{
    int written = snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Length: %u\r\n\r\n", head, (unsigned)len);

    if (written < 0 || (size_t)written + len > sizeof response) {
        fail("a response that is too long");
    }
    memcpy(response + written, body, len);
    response_len = (size_t)written + len;
}

static void respond_with_firmware(const char *range)
{
    static uint8_t part[2048];
    char head[128];
    unsigned long first = strtoul(range, NULL, 10);
    unsigned long last = strtoul(strchr(range, '-') + 1, NULL, 10);

    last = last < DESK_IMAGE ? last : DESK_IMAGE - 1;
    for (unsigned long at = first; at <= last; at++) {
        part[at - first] = desk_image_byte((uint32_t)at);
    }
    (void)snprintf(head, sizeof head, "206 Partial Content\r\nETag: \"one\"\r\nContent-Range: bytes %lu-%lu/%d", first, last,
                   DESK_IMAGE);
    respond(head, part, (size_t)(last - first + 1));
}

static void answer_request(const char *body)
{
    static const char range[] = "Range: bytes=";
    const char *found = strstr(request, range);
    enum answer how = answer();

    if (strncmp(request, "POST ", 5) != 0 && strncmp(request, "GET ", 4) != 0) {
        fail("no request");
    }
    requests++;
    response_sent = 0;
    desk_requests_per_connection++;
    switch (how) {
    case LATE: /* a response without a length is not complete as long as the connection is open */
        response_len = 0;
        if (found == NULL) {
            static const char head[] = "HTTP/1.1 202 Accepted\r\n\r\n";
            memcpy(response, head, response_len = sizeof head - 1);
        }
        return;
    case ENDLESS: /* a part of firmware has an end, but comes as slowly */
        response_len = 0;
        is_endless = true;
        if (found != NULL) {
            respond_with_firmware(found + strlen(range));
        }
        return;
    case BUSY: respond("503 Service Unavailable\r\nRetry-After: 7", (const uint8_t *)"try again", 9); return;
    case MALFORMED: respond("400 Bad Request", (const uint8_t *)"", 0); return;
    default: break;
    }
    if (found != NULL) {
        respond_with_firmware(found + strlen(range));
    } else {
        respond("202 Accepted", (const uint8_t *)downlink, strlen(downlink));
    }
    if (how == CUT) {
        response_len /= 2;
        closes = true;
    } else {
        desk_accepted++;
        for (const char *at = body; (at = strstr(at, "\"n\":")) != NULL; at++) {
            desk_records++;
        }
    }
}

void modem_send(const uint8_t *bytes, size_t len)
{
    count_call();
    if (!desk_is_open) {
        return;
    }
    if (len >= sizeof request - request_len) {
        fail("a request that is too long");
    }
    memcpy(request + request_len, bytes, len);
    request_len += len;
    request[request_len] = '\0';
    char *end = whole_len == 0 ? strstr(request, "\r\n\r\n") : NULL;
    if (end != NULL) {
        const char *length = strstr(request, "Content-Length: ");
        size_t body_len = length == NULL || length > end ? 0 : (size_t)strtoul(length + 16, NULL, 10);
        whole_len = (size_t)(end + 4 - request) + body_len;
    }
    if (whole_len > 0 && request_len >= whole_len) {
        answer_request(strstr(request, "\r\n\r\n"));
        request_len = whole_len = 0;
    }
}

size_t modem_receive(uint8_t *bytes, size_t cap)
{
    size_t len = response_len - response_sent;

    count_call();
    if (is_endless && desk_is_open) {
        static const char head[] = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n";
        size_t at = response_sent++;
        clock_ms += 1000;
        is_late = false;
        if (response_len > 0) {
            bytes[0] = at < response_len ? (uint8_t)response[at] : 0;
        } else {
            bytes[0] = (uint8_t)(at < sizeof head - 1 ? head[at] : "1\r\nx\r\n"[(at - (sizeof head - 1)) % 6]);
        }
        return 1;
    }
    len = len < cap ? len : cap;
    len = len < 50 ? len : 50;
    if (len > 0) {
        memcpy(bytes, response + response_sent, len);
        response_sent += len;
    }
    is_late = len == 0 && desk_is_open && !closes;
    return len;
}

bool modem_is_late(void)
{
    return is_late;
}

void modem_close(void)
{
    desk_is_open = false;
}

void modem_log(const char *text)
{
    if (text == NULL || text[0] == '\0') {
        fail("a log without text");
    }
}

void sleep_ms(uint32_t ms)
{
    count_call();
    desk_slept_ms += ms < MONTH_MS - desk_slept_ms ? ms : 0;
    clock_ms += ms;
}

uint32_t random32(void)
{
    static uint32_t state = 2463534242U;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

uint32_t millis(void)
{
    return clock_ms += 10;
}

bool storage_write(const uint8_t *bytes, size_t len)
{
    memcpy(stored, bytes, len < sizeof stored ? len : 0);
    stored_len = len < sizeof stored ? len : 0;
    return stored_len > 0;
}

size_t storage_read(uint8_t *bytes, size_t cap)
{
    size_t len = stored_len < cap ? stored_len : cap;

    memcpy(bytes, stored, len);
    return len;
}

bool flash_write(uint32_t offset, const uint8_t *bytes, size_t len)
{
    count_call();
    if (flash_writes_left-- == 0) {
        return false;
    }
    if (offset > sizeof desk_flash || len > sizeof desk_flash - offset) {
        fail("a write behind the end of the flash");
    }
    if (len > 0) {
        memcpy(desk_flash + offset, bytes, len);
    }
    if (len >= flash_left && desk_power_lost != NULL) {
        desk_power_lost();
    }
    flash_left -= (uint32_t)len;
    return true;
}

void set_valve(bool open)
{
    desk_valve = open;
}

void lock(void)
{
    if (desk_is_locked) {
        fail("locked twice");
    }
    desk_is_locked = true;
}

void unlock(void)
{
    if (!desk_is_locked) {
        fail("unlocked twice");
    }
    desk_is_locked = false;
}
