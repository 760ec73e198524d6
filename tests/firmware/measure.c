/*
 * Prints `name value` per line: instructions on Cortex-M3 under QEMU's -icount, and stack by painting.
 *
 * Under -icount shift=N an instruction takes 2^N ns of virtual time, and SysTick counts at 25 MHz: 40 ns per tick.
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

#define PAINT 0xC5u
#define PAINT_LEN 2048u

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
    "[{\"bn\":\"urn:dev:IMEI:123456789012345:\",\"bt\":1585650750},{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]";

static uint8_t buffer[MESSAGE_CAP];
static uint8_t numbers[128];
static kpn_uplink uplink;
static kpn_response response;
static kpn_downlink downlink;
static kpn_record record;
static kpn_token token;
static kpn_span request;
static char text[KPN_TOKEN_LEN + 1];
static int wrong;

static void expect(int holds)
{
    if (!holds)
        wrong++;
}

static void nothing(void)
{
}

static void message(void)
{
    expect(message_begin(&uplink, buffer, sizeof buffer) == KPN_OK);
    (void)kpn_uplink_add_double(&uplink, KPN_TEMPERATURE, 20.5);
    (void)kpn_uplink_add_double(&uplink, KPN_HUMIDITY, 48.25);
    message_add_plain(&uplink);
    expect(kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request) == KPN_OK);
}

static void message_decimal(void)
{
    expect(message_begin(&uplink, buffer, sizeof buffer) == KPN_OK);
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
    expect(kpn_response_begin(&response, buffer, sizeof buffer) == KPN_OK);
    expect(kpn_response_feed(&response, accepted, sizeof accepted - 1, NULL) == KPN_OK);
    expect(kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED);
}

static void response_firmware(void)
{
    expect(kpn_response_begin(&response, buffer, sizeof buffer) == KPN_OK);
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

static void number_uplink(void)
{
    expect(message_begin(&uplink, buffer, sizeof buffer) == KPN_OK);
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
    SYST_CSR = 5;
    uint32_t before = SYST_CVR;
    call();
    uint32_t after = SYST_CVR;
    SYST_CSR = 0;
    return before - after;
}

/* How far below here the call writes. The painted bytes lie below this function's frame, where nothing lives. */
__attribute__((noinline)) static unsigned depth(void (*call)(void))
{
    uint8_t volatile *low;
    uint8_t volatile *at;
    uint8_t volatile *high = (uint8_t volatile *)__builtin_frame_address(0) - 64;
    for (at = high - PAINT_LEN; at < high; at++)
        *at = PAINT;
    call();
    low = high - PAINT_LEN;
    while (low < high && *low == PAINT)
        low++;
    return (unsigned)(high - low) + 64u;
}

static void measure(const char *name, void (*before)(void), void (*call)(void))
{
    static uint32_t empty;
    static unsigned shallow;
    if (empty == 0) {
        empty = ticks(nothing);
        shallow = depth(nothing);
    }
    before();
    uint64_t taken = ticks(call) - empty;
    unsigned long instructions = (unsigned long)((taken * 40u + (1u << ICOUNT_SHIFT) / 2u) >> ICOUNT_SHIFT);
    before();
    unsigned stack = depth(call) - shallow;
    printf("insn.%s %lu\nstack.%s %u\n", name, instructions, name, stack);
}

int main(void)
{
    measure("message", nothing, message);
    printf("wire.message %u\n", (unsigned)request.len);
    measure("message-decimal", nothing, message_decimal);
    measure("token", nothing, message_token);
    measure("response", nothing, response_accepted);
    measure("downlink", response_firmware, downlink_firmware);
    measure("double-write", number_uplink, double_write);
    measure("double-read", number_downlink, double_read);
    if (wrong != 0)
        printf("%d calls did not end as expected\n", wrong);
    return wrong != 0;
}
