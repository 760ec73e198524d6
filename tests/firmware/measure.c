/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Prints `name value` per line: instructions under QEMU's -icount.
 *
 * Under -icount shift=N an instruction takes 2^N ns of virtual time, and SysTick counts at 25 MHz: 40 ns per tick. The
 * 24 bits of SysTick hold 10 million instructions at N = 6; what takes longer is noticed and ends the run.
 */
#include <stdio.h>
#include <string.h>

#include "message.h"

#ifndef ICOUNT_SHIFT
#define ICOUNT_SHIFT 6
#endif

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define SYST_MAX 0xFFFFFFu
#define SYST_START 5u
#define SYST_HAS_WRAPPED 0x10000u

static const uint8_t accepted[] =
    "HTTP/1.1 202 \r\nDate: Wed, 29 May 2024 12:29:28 GMT\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";
static const uint8_t firmware[] =
    "HTTP/1.1 200 OK\r\nDate: Mon, 11 Jan 2021 15:15:22 GMT\r\nServer: Apache/2\r\nContent-Length: 302\r\n"
    "Vary: Accept-Encoding,User-Agent\r\nContent-Type: text/plain\r\n\r\n"
    "[{\"bn\":\"urn:dev:IMEI:0123456789abcdef:\"},{\"n\":\"url\",\"vs\":\"http://123.123.123.123/f/v1/"
    "12345678-1234-5678-1234-567812345678\"},{\"n\":\"token\",\"vs\":\"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\"}]";
static const uint8_t body[] =
    "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"bt\":1585650750},{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]";

/* One text, one part of firmware and one more as long: their difference is what LONGER bytes cost. */
#define SHORT 64u
#define LONGER 1024u

#define QUEUE_MAX 0x10000u

static uint8_t buffer[MESSAGE_CAP + LONGER];
static uint8_t numbers[128];
static uint8_t queue_memory[QUEUE_MAX];
static uint8_t firmware_memory[KPN_FIRMWARE_MEMORY];
static uint8_t part[SHORT + LONGER];
static char part_head[160];
static char long_text[SHORT + LONGER + 1];
static kpn_uplink uplink;
static kpn_response response;
static kpn_downlink downlink;
static kpn_record record;
static kpn_token token;
static kpn_queue queue;
static kpn_firmware download;
static size_t part_len;
static size_t text_len;
static uint32_t sent;
static kpn_span request;
static char text[KPN_TOKEN_LEN + 1];
static int wrong;

static void expect(int holds)
{
    if (!holds)
        wrong++;
}

static void nothing(void) {}

static void message(void)
{
    expect(message_begin(&uplink, buffer, MESSAGE_CAP) == KPN_OK);
    (void)kpn_uplink_add_double(&uplink, KPN_TEMPERATURE, 20.5);
    (void)kpn_uplink_add_double(&uplink, KPN_HUMIDITY, 48.25);
    message_add_plain(&uplink);
    expect(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request) == KPN_OK);
}

static void message_decimal(void)
{
    expect(message_begin(&uplink, buffer, MESSAGE_CAP) == KPN_OK);
    (void)kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
    (void)kpn_uplink_add_decimal(&uplink, KPN_HUMIDITY, 4825, -2);
    message_add_plain(&uplink);
    expect(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request) == KPN_OK);
}

static void message_token(void)
{
    expect(kpn_token_begin(&token) == KPN_OK);
    expect(kpn_token_update(&token, body, sizeof body - 1) == KPN_OK);
    expect(kpn_token_finish(&token, MESSAGE_SECRET, text) == KPN_OK);
}

static void response_accepted(void)
{
    expect(kpn_response_begin(&response, buffer, MESSAGE_CAP) == KPN_OK);
    expect(kpn_response_feed(&response, accepted, sizeof accepted - 1, NULL) == KPN_OK);
    expect(kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED);
}

static void response_bytewise(void)
{
    size_t at;
    expect(kpn_response_begin(&response, buffer, MESSAGE_CAP) == KPN_OK);
    for (at = 0; at < sizeof accepted - 2; at++)
        expect(kpn_response_feed(&response, accepted + at, 1, NULL) == KPN_NEED_MORE);
    expect(kpn_response_feed(&response, accepted + at, 1, NULL) == KPN_OK);
    expect(kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED);
}

static void response_firmware(void)
{
    expect(kpn_response_begin(&response, buffer, MESSAGE_CAP) == KPN_OK);
    expect(kpn_response_feed(&response, firmware, sizeof firmware - 1, NULL) == KPN_OK);
}

static void downlink_firmware(void)
{
    int records = 0;
    expect(kpn_downlink_begin(&downlink, &response) == KPN_OK);
    while (kpn_downlink_next(&downlink, &record) == KPN_OK)
        records++;
    expect(records == 2);
}

static void downlink_whole(void)
{
    response_firmware();
    downlink_firmware();
}

static void empty_uplink(void)
{
    expect(message_begin(&uplink, buffer, sizeof buffer) == KPN_OK);
}

static void text_write(void)
{
    expect(kpn_uplink_add_text_n(&uplink, "text", NULL, long_text, text_len) == KPN_OK);
}

static uint32_t crc32(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    while (len-- > 0) {
        int bit;
        crc ^= *bytes++;
        for (bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

static void part_request(void)
{
    size_t len;
    expect(kpn_firmware_begin(&download, firmware_memory, sizeof firmware_memory, (uint32_t)part_len) == KPN_OK);
    expect(kpn_firmware_start(&download, "http://10.0.0.1:81/f/v1/1", "eyJh.eyJz.Sf-l_x") == KPN_OK);
    expect(kpn_firmware_connected(&download) == KPN_OK);
    expect(kpn_firmware_request(&download, buffer, sizeof buffer, &len) == KPN_OK);
    (void)snprintf(
        part_head, sizeof part_head,
        "HTTP/1.1 206\r\nContent-Length: %04u\r\nDigest: crc32=%08lx\r\nContent-Range: bytes 0-%04u/99999\r\n\r\n",
        (unsigned)part_len, (unsigned long)crc32(part, part_len), (unsigned)part_len - 1);
}

static void part_feed(void)
{
    kpn_firmware_piece piece;
    size_t at = 0;
    kpn_status status = kpn_firmware_feed(&download, (const uint8_t *)part_head, strlen(part_head), &piece);
    while (status == KPN_NEED_MORE && at < part_len) {
        status = kpn_firmware_feed(&download, part + at, part_len - at, &piece);
        at += piece.used;
    }
    expect(status == KPN_OK && at == part_len && kpn_firmware_confirmed(&download) == part_len);
}

static void queue_push(void)
{
    expect(kpn_queue_push_decimal(&queue, KPN_TEMPERATURE, KPN_CLOCK_UNIX, 1585650750, 205, -1) == KPN_OK);
}

static void queue_send(void)
{
    expect(message_begin(&uplink, buffer, MESSAGE_CAP) == KPN_OK);
    expect(kpn_queue_fill(&queue, &uplink, 0, 0, &sent) == KPN_OK);
    expect(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request) == KPN_OK);
}

static void queue_accept(void)
{
    expect(kpn_queue_accepted(&queue) == KPN_OK);
}

static void double_write(void)
{
    expect(kpn_uplink_add_double(&uplink, KPN_LATITUDE, 52.3731415926) == KPN_OK);
}

static void number_downlink(void)
{
    static const char pack[] = "[{\"n\":\"latitude\",\"u\":\"lat\",\"v\":52.3731415926}]";
    memcpy(numbers, pack, sizeof pack);
    expect(kpn_downlink_begin_bytes(&downlink, numbers, sizeof pack - 1) == KPN_OK);
    expect(kpn_downlink_next(&downlink, &record) == KPN_OK);
}

static void double_read(void)
{
    double value;
    expect(kpn_record_double(&record, KPN_FIELD_VALUE, &value) == KPN_OK);
    expect(value == 52.3731415926);
}

static uint32_t ticks(void (*call)(void))
{
    SYST_RVR = SYST_MAX;
    SYST_CVR = 0;
    SYST_CSR = SYST_START;
    uint32_t before = SYST_CVR;
    call();
    uint32_t after = SYST_CVR;
    expect((SYST_CSR & SYST_HAS_WRAPPED) == 0);
    SYST_CSR = 0;
    /* It counts down, and starts at 0 or below: the difference is one of 24 bits. */
    return (before - after) & SYST_MAX;
}

static unsigned long instructions(void (*call)(void))
{
    static uint32_t empty;
    if (empty == 0)
        empty = ticks(nothing);
    uint64_t taken = ticks(call) - empty;
    return (unsigned long)((taken * 40u + (1u << ICOUNT_SHIFT) / 2u) >> ICOUNT_SHIFT);
}

static void measure(const char *name, void (*before)(void), void (*call)(void))
{
    before();
    printf("%s %lu\n", name, instructions(call));
}

/* What one more byte costs, rounded up. `len` is what tells `before` and `call` how many bytes there are. */
static void measure_byte(const char *name, size_t *len, void (*before)(void), void (*call)(void))
{
    unsigned long few, many;
    *len = SHORT;
    before();
    few = instructions(call);
    *len = SHORT + LONGER;
    before();
    many = instructions(call);
    expect(many > few);
    printf("%s %lu\n", name, (many - few + LONGER - 1) / LONGER);
}

/*
 * The worst push during one turn through the full memory; and the worst of accepting a message, divided by its
 * records. Each turn leaves nothing of what was there before it.
 */
static void measure_queue(const char *size, size_t cap)
{
    unsigned long push = 0, accept = 0;
    uint32_t records, left;
    expect(kpn_queue_begin(&queue, queue_memory, cap, KPN_QUEUE_DROP_OLDEST) == KPN_OK);
    while (kpn_queue_dropped(&queue) == 0)
        queue_push();
    records = kpn_queue_records(&queue);
    expect(records > cap / 64);
    for (left = records; left > 0; left--) {
        unsigned long taken = instructions(queue_push);
        push = taken > push ? taken : push;
    }
    expect(kpn_queue_dropped(&queue) >= records);
    for (left = kpn_queue_records(&queue); left > 0; left -= sent) {
        unsigned long taken;
        queue_send();
        if (sent == 0 || sent > left) {
            expect(0);
            break;
        }
        taken = (instructions(queue_accept) + sent - 1) / sent;
        accept = taken > accept ? taken : accept;
    }
    expect(kpn_queue_records(&queue) == 0);
    printf("queue-push-full.%s %lu\nqueue-accepted.%s %lu\n", size, push, size, accept);
}

int main(void)
{
    size_t at;
    for (at = 0; at < sizeof part; at++)
        part[at] = (uint8_t)((at * 2654435761u) >> 24);
    memset(long_text, 'x', sizeof long_text - 1);
    measure("message", nothing, message);
    measure("message-decimal", nothing, message_decimal);
    measure("token", nothing, message_token);
#ifndef MEASURE_TOKEN
    measure("response", nothing, response_accepted);
    measure("response-bytewise", nothing, response_bytewise);
    measure("downlink-body", response_firmware, downlink_firmware);
    measure("downlink-whole", nothing, downlink_whole);
    measure("double-write", empty_uplink, double_write);
    measure("double-read", number_downlink, double_read);
    measure_byte("text-byte", &text_len, empty_uplink, text_write);
    measure_byte("firmware-byte", &part_len, part_request, part_feed);
    measure_queue("1k", 1024);
    measure_queue("64k", QUEUE_MAX);
#endif
    message();
    printf("wire.message %u\n", (unsigned)request.len);
    if (wrong != 0)
        printf("%d calls did not end as expected\n", wrong);
    return wrong != 0;
}
