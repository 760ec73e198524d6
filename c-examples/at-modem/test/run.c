/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const kind_under_test kinds[KINDS] = {
    {"sara-r4", &kpn_sara_r4, "--kind sara-r4", NULL, &kpn_network_sara_r4},
    {"sara-r4-hex", &kpn_sara_r4_hex, "--kind sara-r4", NULL, &kpn_network_sara_r4},
    {"bg96", &kpn_bg96, "--kind bg96", "AT+QIACT=1", &kpn_network_bg96},
    {"sara-r5", &kpn_sara_r4, "--kind sara-r5", "AT+UPSDA=0,3", &kpn_network_sara_r5},
    {"lena-r8", &kpn_sara_r4, "--kind lena-r8", "AT+UPSDA=0,3", &kpn_network_lena_r8},
    {"sim7000", &kpn_sim7000, "--kind sim7000", "AT+CIICR", &kpn_network_sim7000},
    {"sim7080", &kpn_sim7080, "--kind sim7080", "AT+CNACT=0,1", &kpn_network_sim7080},
};

void require(bool holds, const char *file, int line, const char *condition, const char *format, ...)
{
    va_list arguments;

    if (!holds) {
        fprintf(stderr, "%s:%d: %s: ", file, line, condition);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fprintf(stderr, "\n");
        exit(1);
    }
}

static bool uart_write(void *context, const uint8_t *bytes, size_t len)
{
    desk *self = (desk *)context;

    self->steps++;
    emulator_write(self->emulator, bytes, len);
    return true;
}

static int32_t uart_read(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds)
{
    desk *self = (desk *)context;

    self->steps++;
    return (int32_t)emulator_read(self->emulator, bytes, cap, milliseconds);
}

static uint32_t uart_clock(void *context)
{
    desk *self = (desk *)context;

    return (uint32_t)emulator_clock(self->emulator) - 1000; /* wraps around during the first second */
}

void desk_begin(desk *desk, const kind_under_test *kind, const char *words)
{
    char all[1024];
    at_uart uart = {desk, uart_write, uart_read, uart_clock};
    static const kpn_modem_times times = {300, 1500, 500, 1500, 500, 250, 20};

    memset(desk, 0, sizeof *desk);
    desk->kind = kind;
    snprintf(all, sizeof all, "%s %s", kind->words, words);
    desk->emulator = emulator_new(all);
    REQUIRE(desk->emulator != NULL, "%s", all);
    REQUIRE(kpn_modem_begin(&desk->modem, kind->kind, &uart) == AT_OK, "%s", all);
    desk->modem.times = times;
}

void desk_end(desk *desk)
{
    emulator_free(desk->emulator);
    memset(desk, 0, sizeof *desk);
}

at_result desk_activate(desk *desk)
{
    at_result result = AT_OK;

    if (desk->kind->kind == &kpn_sim7000) {
        result = kpn_modem_command(&desk->modem, "AT+CSTT=\"kpnthings.iot\"", desk->modem.times.command);
    }
    if (desk->kind->activate != NULL && result == AT_OK) {
        result = kpn_modem_command(&desk->modem, desk->kind->activate, desk->modem.times.command);
    }
    return result == AT_ERR_MODEM ? AT_OK : result; /* it stands already */
}

attempt desk_exchange(desk *desk, kpn_span request)
{
    attempt it;
    kpn_modem *modem = &desk->modem;
    uint32_t before = emulator_messages(desk->emulator, true);

    memset(&it, 0, sizeof it);
    it.open = desk_activate(desk);
    it.open = it.open == AT_OK ? kpn_modem_open(modem, "127.0.0.1", 80) : it.open;
    it.number = kpn_modem_error_number(modem);
    REQUIRE(kpn_response_begin(&desk->response, desk->body, sizeof desk->body) == KPN_OK, "response");
    it.send = it.open == AT_OK ? kpn_modem_send(modem, request.ptr, request.len, &desk->response) : AT_OK;
    it.number = it.send != AT_OK ? kpn_modem_error_number(modem) : it.number;
    it.status = kpn_response_status(&desk->response);
    if (it.open == AT_OK && it.send == AT_OK) {
        it.receive = kpn_modem_receive(modem, &desk->response);
        it.accepted = it.receive == AT_OK && kpn_response_outcome(&desk->response) == KPN_OUTCOME_ACCEPTED;
        it.status = kpn_response_status(&desk->response);
    }
    it.may_have_arrived = kpn_modem_may_have_arrived(modem);
    it.close = kpn_modem_close(modem);
    it.taken = emulator_messages(desk->emulator, true) - before;
    return it;
}

at_result attempt_result(const attempt *attempt)
{
    at_result result = attempt->open != AT_OK ? attempt->open : attempt->send;

    return result != AT_OK ? result : attempt->receive;
}

kpn_span make_request(uint8_t *buffer, size_t cap, size_t about)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 0};

    REQUIRE(kpn_uplink_begin(&uplink, buffer, cap, KPN_ENDPOINT_M2M, "urn:dev:IMEI:490154203237518:") == KPN_OK, "begin");
    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
    for (size_t len = 0; len < about; len += 27) {
        kpn_uplink_add_int64(&uplink, KPN_COUNTER, (int64_t)(1000000 + len));
    }
    REQUIRE(kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK, "finish");
    return request;
}

static kpn_span body_of(kpn_span request)
{
    kpn_span body = request;

    while (body.len > 4 && memcmp(body.ptr, "\r\n\r\n", 4) != 0) {
        body.ptr++;
        body.len--;
    }
    body.ptr += 4;
    body.len -= 4;
    return body;
}

void require_honest(const desk *desk, const attempt *attempt, kpn_span request, const char *what)
{
    kpn_span body = body_of(request);

    REQUIRE(!attempt->accepted || attempt->taken > 0, "%s: a success that did not happen", what);
    REQUIRE(attempt->taken <= 1, "%s: arrived %u times", what, (unsigned)attempt->taken);
    REQUIRE(attempt->taken == 0 || attempt_result(attempt) == AT_OK || attempt->may_have_arrived, "%s: arrived, and denied",
            what);
    REQUIRE(emulator_is_whole(desk->emulator, body.ptr, body.len), "%s: another message was accepted", what);
    REQUIRE(emulator_clock(desk->emulator) < DESK_MS, "%s: took %lu ms", what,
            (unsigned long)emulator_clock(desk->emulator));
    REQUIRE(desk->steps < STEPS_MAX, "%s: took %lu steps", what, (unsigned long)desk->steps);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: test cases|sweeps [STRIDE]\n");
        return 2;
    }
    if (strcmp(argv[1], "sweeps") == 0) {
        unsigned stride = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
        run_sweeps(stride > 0 ? stride : 1);
    } else {
        run_cases();
        run_refusals();
        run_networks();
        run_sms();
        run_firmware();
    }
    return 0;
}
