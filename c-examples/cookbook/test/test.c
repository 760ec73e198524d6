/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each recipe with every answer of the platform, with buffers of every size: it must end, and in the right state. */
#include "desk.h"
#include "recipes.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) check((condition), #condition, __LINE__)
#define SCRIPT(...) \
    do { \
        static const enum answer answers[] = {__VA_ARGS__}; \
        desk_begin(answers, sizeof answers / sizeof *answers); \
    } while (0)

enum { COUNT = 40, SMALL = 320 };

static uint8_t buffer[2048];
static int64_t tenths[COUNT];
static jmp_buf power;

static void check(bool holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "test.c:%d: %s\n", line, what);
        exit(1);
    }
}

static void split(void)
{
    for (size_t cap = 0; cap <= sizeof buffer; cap++) { /* the last 4 bytes take the closing bracket */
        SCRIPT(ACCEPT);
        size_t accepted = send_split(tenths, COUNT, buffer, cap);
        CHECK(accepted == desk_records && (accepted == COUNT || (accepted == 0 && cap < SMALL)));
        CHECK(desk_accepted == desk_connections);
    }
    SCRIPT(REFUSE);
    CHECK(send_split(tenths, COUNT, buffer, SMALL) == 0 && desk_connections == 0);
    SCRIPT(ACCEPT, CUT);
    size_t accepted = send_split(tenths, COUNT, buffer, SMALL);
    CHECK(accepted > 0 && accepted == desk_records && desk_connections == 2 && !desk_is_open);
    SCRIPT(LATE);
    CHECK(send_split(tenths, COUNT, buffer, SMALL) == 0 && desk_connections == 1 && !desk_is_open);
    SCRIPT(MALFORMED);
    CHECK(send_split(tenths, COUNT, buffer, SMALL) == 0 && desk_connections == 1);
}

static void retry(void)
{
    kpn_uplink uplink;
    kpn_span request;

    CHECK(kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, URN) == KPN_OK);
    CHECK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1) == KPN_OK);
    CHECK(kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK);
    SCRIPT(BUSY, REFUSE, CUT, LATE, ENDLESS, ACCEPT);
    CHECK(send_with_retry(request, 9) == KPN_OUTCOME_ACCEPTED && desk_accepted == 1 && desk_connections == 5);
    CHECK(desk_slept_ms >= 7000); /* what the server asked for */
    SCRIPT(REFUSE);
    CHECK(send_with_retry(request, 5) == KPN_OUTCOME_NONE && desk_connections == 0 && desk_slept_ms > 0);
    SCRIPT(MALFORMED);
    CHECK(send_with_retry(request, 5) == KPN_OUTCOME_MALFORMED && desk_connections == 1 && desk_slept_ms == 0);
    SCRIPT(BUSY);
    CHECK(send_with_retry(request, 5) == KPN_OUTCOME_RETRY_LATER && desk_connections == 5);
    SCRIPT(ACCEPT);
    desk_downlink("[{\"n\":\"a\",\"v\":1}]");
    CHECK(send_with_retry(request, 1) == KPN_OUTCOME_ACCEPTED && desk_slept_ms == 0);
}

static void queue(void)
{
    SCRIPT(REFUSE, CUT, LATE, BUSY, ACCEPT);
    CHECK(queue_start(0) == KPN_OK && queue_send(buffer, sizeof buffer) == 0);
    for (int64_t i = 0; i < 10; i++) {
        CHECK(queue_measure(i) == KPN_OK);
    }
    CHECK(queue_send(buffer, 300) == 10); /* refused, cut, late, busy: all records wait */
    CHECK(queue_send(buffer, 300) == 10);
    CHECK(queue_save() && queue_start(60) == KPN_OK);
    CHECK(queue_send(buffer, 300) == 10);
    CHECK(queue_send(buffer, 300) == 10);
    CHECK(queue_send(buffer, 100) == 10 && desk_accepted == 0); /* not even the head fits */
    uint32_t left = queue_send(buffer, 300);
    CHECK(left < 10 && left > 0 && desk_records == 10 - left);
    CHECK(queue_save() && queue_start(0) == KPN_OK);
    for (int round = 0; round < 10 && left > 0; round++) {
        left = queue_send(buffer, 300);
    }
    CHECK(left == 0 && desk_records == 10);
    SCRIPT(MALFORMED); /* does not block the queue */
    CHECK(queue_measure(1) == KPN_OK && queue_send(buffer, sizeof buffer) == 0);
    desk_end();
    CHECK(storage_write((const uint8_t *)"damaged", 7) && queue_start(0) == KPN_ERR_IMAGE);
    CHECK(queue_measure(1) == KPN_OK && queue_send(buffer, 10) == 1);
    desk_end();
}

static void lose_power(void)
{
    longjmp(power, 1);
}

static bool flash_is_whole(void)
{
    for (uint32_t at = 0; at < DESK_IMAGE; at++) {
        if (desk_flash[at] != desk_image_byte(at)) {
            return false;
        }
    }
    return true;
}

static kpn_status announce(kpn_downlink *downlink, uint8_t *pack, size_t cap)
{
    static const char text[] =
        "[{\"bn\":\"" URN "\"},{\"n\":\"url\",\"vs\":\"http://fw.example/a.bin\"},{\"n\":\"token\",\"vs\":\"t0k\"}]";

    CHECK(sizeof text <= cap);
    memcpy(pack, text, sizeof text - 1);
    return kpn_downlink_begin_bytes(downlink, pack, sizeof text - 1);
}

static void firmware(void)
{
    static uint8_t pack[256];
    static uint32_t losses;
    kpn_downlink downlink;

    desk_power_lost = lose_power;
    SCRIPT(ACCEPT, CUT, REFUSE, LATE, ENDLESS, BUSY, ACCEPT);
    CHECK(firmware_start(NULL) == KPN_OK && firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_IDLE);
    CHECK(announce(&downlink, pack, sizeof pack) == KPN_OK && firmware_start(&downlink) == KPN_OK);
    CHECK(firmware_fetch(buffer, 100) == KPN_FIRMWARE_REQUEST && desk_accepted == 0); /* the request does not fit: it ends */
    CHECK(firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_COMPLETE && flash_is_whole() && !desk_is_open);
    CHECK(desk_slept_ms >= 7000);
    desk_end();
    SCRIPT(ACCEPT);
    for (unsigned writes = 0; writes < 40; writes += 13) { /* a write fails; what was in flash before it counts */
        desk_break_flash(writes);
        CHECK(announce(&downlink, pack, sizeof pack) == KPN_OK && firmware_start(&downlink) == KPN_OK);
        CHECK(firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_REQUEST && !desk_is_open);
        CHECK(firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_COMPLETE && flash_is_whole());
        desk_end();
        SCRIPT(ACCEPT);
    }
    desk_end();
    static const enum answer failures[] = {REFUSE, CUT, LATE, ENDLESS, BUSY};
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        desk_begin(&failures[i], 1);
        CHECK(announce(&downlink, pack, sizeof pack) == KPN_OK && firmware_start(&downlink) == KPN_OK);
        CHECK(firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_FAILED && !desk_is_open && desk_slept_ms > 0);
        desk_end();
    }
    SCRIPT(MALFORMED);
    CHECK(announce(&downlink, pack, sizeof pack) == KPN_OK && firmware_start(&downlink) == KPN_OK);
    CHECK(firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_FAILED && desk_connections == 1 && desk_slept_ms == 0);
    desk_end();
    SCRIPT(ACCEPT);
    CHECK(announce(&downlink, pack, sizeof pack) == KPN_OK && firmware_start(&downlink) == KPN_OK);
    for (losses = 0; losses < 20; losses++) { /* the power is lost after every 600 bytes, and the rest is fetched */
        desk_lose_power_after(600);
        if (setjmp(power) == 0) {
            if (firmware_fetch(buffer, sizeof buffer) == KPN_FIRMWARE_COMPLETE) {
                break;
            }
        }
        modem_close();
        CHECK(firmware_start(NULL) == KPN_OK);
    }
    CHECK(losses > 4 && losses < 20 && flash_is_whole());
    desk_end();
}

static void sms(void)
{
    static const struct {
        const char *sender, *text;
        bool acted, valve;
    } cases[] = {
        {"5277", "[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":true}]", true, true},
        {"+5277", "[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":false}]", true, false},
        {"0612345678", "[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":true}]", false, false},
        {"5277", "[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":true}", false, false},
        {"5277", "[{\"bn\":\"urn:dev:IMEI:1:\",\"n\":\"valve\",\"vb\":true}]", false, false},
        {"5277", "[{\"bn\":\"" URN "\",\"n\":\"valve\",\"v\":1}]", false, false},
        {"5277", "open", false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SCRIPT(REFUSE);
        size_t len = strlen(cases[i].text);
        memcpy(buffer, cases[i].text, len);
        CHECK(sms_received(cases[i].sender, buffer, len) == cases[i].acted && desk_valve == cases[i].valve);
    }
}

static void keep(void)
{
    static const int64_t many[250] = {0};

    SCRIPT(ACCEPT);
    CHECK(send_kept(many, 250, buffer, sizeof buffer) == 250 && desk_connections == 3 && desk_records == 250
          && !desk_is_open);
    SCRIPT(ACCEPT, ACCEPT, CUT);
    CHECK(send_kept(many, 250, buffer, sizeof buffer) == 2 && desk_connections == 1 && !desk_is_open);
    SCRIPT(REFUSE);
    CHECK(send_kept(many, 250, buffer, sizeof buffer) == 0 && !desk_is_open);
    SCRIPT(LATE);
    CHECK(send_kept(many, 250, buffer, sizeof buffer) == 0 && desk_connections == 1 && !desk_is_open);
    SCRIPT(ENDLESS);
    CHECK(send_kept(many, 250, buffer, sizeof buffer) == 0 && desk_connections == 1 && !desk_is_open);
    SCRIPT(BUSY);
    CHECK(send_kept(many, 250, buffer, sizeof buffer) == 0 && desk_connections == 1 && !desk_is_open);
    SCRIPT(ACCEPT);
    CHECK(send_kept(many, 250, buffer, 200) == 0 && desk_connections == 0); /* the buffer is too small */
}

static void tasks(void)
{
    SCRIPT(REFUSE, CUT, LATE, BUSY, ACCEPT);
    CHECK(tasks_start() == KPN_OK && tasks_send(buffer, sizeof buffer) == 0);
    for (int64_t i = 0; i < 20; i++) {
        CHECK(tasks_measure(i % 2 == 0 ? "left" : "right", i) == KPN_OK);
    }
    for (int round = 0; round < 4; round++) {
        CHECK(tasks_send(buffer, sizeof buffer) == 20 && !desk_is_locked);
    }
    CHECK(tasks_send(buffer, 100) == 20 && !desk_is_locked); /* the buffer is too small */
    CHECK(tasks_send(buffer, sizeof buffer) == 0 && desk_records == 20 && !desk_is_locked);
}

int main(void)
{
    split();
    retry();
    queue();
    firmware();
    sms();
    keep();
    tasks();
    puts("all recipes end as they should");
    return 0;
}
