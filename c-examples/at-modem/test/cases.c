/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a modem and a platform can do, and how the device handles it; and calls that are refused. */
#include "run.h"

#include <stdio.h>
#include <string.h>

enum { ANY = 99, SHORT = 0, LONG = 3000, ALL = 127, SARA = 1 | 8 | 16, HEX = 2, BG96 = 4, SIM7000 = 32, SIM7080 = 64 };

typedef struct expectation {
    const char *name;
    unsigned kinds; /* which of them */
    const char *words;
    size_t about; /* bytes of the body */
    at_result open;
    at_result send;
    at_result receive;
    int32_t number; /* of a refusal */
    int32_t status;
    uint32_t taken;
    bool may_have_arrived;
} expectation;

#define SIGNED "--secret " SECRET " "
#define VALVE SIGNED "--downlink [{\"n\":\"valve\",\"vb\":true}] "

static const expectation expectations[] = {
    {"accepted", ALL, SIGNED, SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"several pieces", ALL, SIGNED, LONG, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"a downlink", ALL, VALVE, SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"a downlink byte by byte", ALL, VALVE "--dribble 1", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"a downlink one byte a read", ALL, VALVE "--read-max 1", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"a response until the connection ends", ALL, VALVE "--until-close", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"no announcement", ALL, VALVE "--no-announcement", LONG, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"another secret", ALL, "--secret another" SECRET, SHORT, AT_OK, AT_OK, AT_OK, ANY, 401, 0, true},
    {"a platform that is busy", ALL, SIGNED "--status 503", SHORT, AT_OK, AT_OK, AT_OK, ANY, 503, 0, true},
    {"slow connection", ALL, SIGNED "--connect-delay 1400", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"too slow connection", ALL, SIGNED "--connect-delay 1600", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
    {"slow answer", ALL, SIGNED "--latency 1400", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"too slow answer", ALL, SIGNED "--latency 1600", SHORT, AT_OK, AT_OK, AT_ERR_TIMEOUT, ANY, 0, 1, true},
    {"refused connection", SARA | HEX, SIGNED "--deaf", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 111, 0, 0, false},
    {"refused connection", BG96, SIGNED "--deaf", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 566, 0, 0, false},
    {"closed while sending", ALL, SIGNED "--hang-up-after 1", LONG, AT_OK, AT_ERR_CLOSED, AT_OK, ANY, 0, 0, false},
    {"closed after sending", ALL, SIGNED "--hang-up-after 200", SHORT, AT_OK, AT_OK, AT_ERR_CLOSED, ANY, 0, 0, true},
    {"answer cut off", ALL, VALVE "--cut-answer 70", SHORT, AT_OK, AT_OK, AT_ERR_CLOSED, ANY, 202, 1, true},
    {"answer cut off in the status line", ALL, VALVE "--cut-answer 5", SHORT, AT_OK, AT_OK, AT_ERR_CLOSED, ANY, 0, 1, true},
    {"data lost with the connection", ALL, VALVE "--until-close --forget-on-close --dribble 30 --delay 12", SHORT, AT_OK,
     AT_OK, ANY, ANY, ANY, 1, true},
    {"closed after a second without traffic", ALL, SIGNED "--latency 1400 --idle 1000", SHORT, AT_OK, AT_OK, AT_ERR_CLOSED,
     ANY, 0, 1, true},
    {"a close that blocks", ALL, SIGNED "--close-delay 450", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"a close that takes too long", ALL, SIGNED "--close-delay 3000", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"no socket", SARA | HEX, SIGNED "--refuse USOCR=+CME_ERROR:_4", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 4, 0, 0, false},
    {"an SMS error", SARA | HEX, SIGNED "--refuse USOCR=+CMS_ERROR:_500", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 500, 0, 0,
     false},
    {"an error without a number", SARA | HEX, SIGNED "--refuse USOCR=ERROR --refuse USOER=ERROR", SHORT, AT_ERR_MODEM, AT_OK,
     AT_OK, -1, 0, 0, false},
    {"an error in words", SARA | HEX, SIGNED "--refuse USOCR=+CME_ERROR:_busy --refuse USOER=ERROR", SHORT, AT_ERR_MODEM,
     AT_OK, AT_OK, -1, 0, 0, false},
    {"no connection", SARA | HEX, SIGNED "--refuse USOCO=+CME_ERROR:_30", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 30, 0, 0,
     false},
    {"no connection", BG96, SIGNED "--refuse QIOPEN=569", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 569, 0, 0, false},
    {"no connection", BG96, SIGNED "--refuse QIOPEN=NO_CARRIER --refuse QIGETERROR=ERROR", SHORT, AT_ERR_MODEM, AT_OK, AT_OK,
     -1, 0, 0, false},
    {"a write that is refused", SARA | HEX, SIGNED "--refuse USOWR=+CME_ERROR:_3", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 3, 0,
     0, false},
    {"a write that is refused", BG96, SIGNED "--refuse QISEND=ERROR", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 572, 0, 0, false},
    {"the second write is refused", SARA | HEX, SIGNED "--refuse USOWR:2=+CME_ERROR:_3", LONG, AT_OK, AT_ERR_MODEM, AT_OK, 3,
     0, 0, false},
    {"data that is refused", SARA, SIGNED "--refuse USOWR-DATA=ERROR", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 3, 0, 0, false},
    {"data that is refused", BG96, SIGNED "--refuse QISEND-DATA=ERROR", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 572, 0, 0, true},
    {"no room for data", BG96, SIGNED "--refuse QISEND-DATA=SEND_FAIL", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 572, 0, 0, false},
    {"fewer bytes written than given", SARA | HEX, SIGNED "--write-max 100", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"one byte written at a time", SARA | HEX, SIGNED "--write-max 1", SHORT, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"fewer bytes of each piece", SARA | HEX, SIGNED "--write-max 500", LONG, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"the rest is refused", SARA, SIGNED "--write-max 200 --refuse USOWR-DATA:2=ERROR", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 3,
     0, 0, true},
    {"no bytes written", SARA, SIGNED "--refuse USOWR-DATA=+USOWR:_0,0|OK", SHORT, AT_OK, AT_ERR_GARBAGE, AT_OK, ANY, 0, 0,
     true},
    {"no bytes written", HEX, SIGNED "--refuse USOWR=+USOWR:_0,0|OK", SHORT, AT_OK, AT_ERR_GARBAGE, AT_OK, ANY, 0, 0, true},
    {"more bytes written than given", SARA, SIGNED "--refuse USOWR-DATA=+USOWR:_0,9999|OK", SHORT, AT_OK, AT_ERR_GARBAGE,
     AT_OK, ANY, 0, 0, true},
    {"an end that looks like a length", SARA | HEX, SIGNED "--close-as-length --idle 1000 --latency 1400", SHORT, AT_OK,
     AT_OK, AT_ERR_CLOSED, ANY, 0, 1, true},
    {"a response until an end that looks like a length", SARA | HEX, VALVE "--close-as-length --until-close", SHORT, AT_OK,
     AT_OK, AT_OK, ANY, 202, 1, true},
    {"closed while sending, as a length", SARA | HEX, SIGNED "--close-as-length --hang-up-after 1", LONG, AT_OK,
     AT_ERR_CLOSED, AT_OK, ANY, 0, 0, false},
    {"answered while sending", ALL, SIGNED "--early-status 401", LONG, AT_OK, AT_OK, AT_OK, ANY, 401, 0, false},
    {"answered while sending, and closed", ALL, SIGNED "--early-status 401 --early-close", LONG, AT_OK, AT_OK, AT_OK, ANY,
     401, 0, false},
    {"answered at the last moment, and closed", ALL, SIGNED "--early-status 403 --early-close", SHORT, AT_OK, AT_OK, AT_OK,
     ANY, 403, 0, true},
    {"answered with a body until the end", ALL, VALVE "--early-status 401 --early-close --until-close", LONG, AT_OK, AT_OK,
     AT_OK, ANY, 401, 0, false},
    {"answered byte by byte", SARA, SIGNED "--early-status 401 --early-close --dribble 1", LONG, AT_OK, AT_OK, AT_OK, ANY,
     401, 0, false},
    {"answered byte by byte", HEX, SIGNED "--early-status 401 --early-close --dribble 1", LONG, AT_OK, AT_OK, AT_OK, ANY,
     401, 0, true},
    {"answered byte by byte", BG96, SIGNED "--early-status 401 --early-close --dribble 1", LONG, AT_OK, AT_OK, AT_OK, ANY,
     401, 0, true},
    {"an interim response while sending", ALL, SIGNED "--interim", LONG, AT_OK, AT_OK, AT_OK, ANY, 202, 1, true},
    {"interim responses without end", ALL, SIGNED "--interim --endless", LONG, AT_OK, AT_OK, AT_ERR_RESPONSE, ANY, 0, 0,
     true},
    {"written to another socket", SARA, SIGNED "--refuse USOWR-DATA=+USOWR:_1,271|OK", SHORT, AT_OK, AT_ERR_GARBAGE, AT_OK,
     ANY, 0, 0, true},
    {"an answer without its numbers", SARA | HEX, SIGNED "--refuse USOCR=OK|+USOCR:_x", SHORT, AT_ERR_GARBAGE, AT_OK, AT_OK,
     ANY, 0, 0, false},
    {"data without its line", SARA | HEX, SIGNED "--refuse USORD=OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE, ANY, 0, 1, true},
    {"data without its line", BG96, SIGNED "--refuse QIRD=OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE, ANY, 0, 1, true},
    {"more data than asked for", SARA | HEX, SIGNED "--refuse USORD=+USORD:_0,1025,\"x\"|OK", SHORT, AT_OK, AT_OK,
     AT_ERR_GARBAGE, ANY, 0, 1, true},
    {"more data than asked for", BG96, SIGNED "--refuse QIRD=+QIRD:_1501|OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE, ANY, 0, 1,
     true},
    {"a read that is refused", SARA | HEX, SIGNED "--refuse USORD=+CME_ERROR:_3", SHORT, AT_OK, AT_OK, AT_ERR_MODEM, 3, 0, 1,
     true},
    {"a read that is refused", BG96, SIGNED "--refuse QIRD=ERROR", SHORT, AT_OK, AT_OK, AT_ERR_MODEM, ANY, 0, 1, true},
    {"silence at once", ALL, SIGNED "--mute CMEE", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
    {"silence when connecting", SARA | HEX, SIGNED "--mute USOCO", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
    {"silence when connecting", BG96, SIGNED "--mute QIOPEN", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
    {"silence when sending", SARA, SIGNED "--mute USOWR", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, false},
    {"silence when sending", HEX, SIGNED "--mute USOWR", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, true},
    {"silence when sending", BG96, SIGNED "--mute QISEND", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, false},
    {"silence after data", SARA, SIGNED "--mute USOWR-DATA", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, true},
    {"silence after data", BG96, SIGNED "--mute QISEND-DATA", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, true},
    {"silence when reading", SARA | HEX, SIGNED "--mute USORD", SHORT, AT_OK, AT_OK, AT_ERR_TIMEOUT, ANY, 0, 1, true},
    {"silence when reading", BG96, SIGNED "--mute QIRD", SHORT, AT_OK, AT_OK, AT_ERR_TIMEOUT, ANY, 0, 1, true},
    {"refused connection", SIM7000, SIGNED "--deaf", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, -1, 0, 0, false},
    {"refused connection", SIM7080, SIGNED "--deaf", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 27, 0, 0, false},
    {"no connection", SIM7080, SIGNED "--refuse CAOPEN=+CAOPEN:_0,23|OK", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 23, 0, 0,
     false},
    {"another connection", SIM7080, SIGNED "--refuse CAOPEN=+CAOPEN:_1,0|OK", SHORT, AT_ERR_GARBAGE, AT_OK, AT_OK, ANY, 0, 0,
     false},
    {"no connection", SIM7000, SIGNED "--refuse CIPSTART=+CME_ERROR:_3", SHORT, AT_ERR_MODEM, AT_OK, AT_OK, 3, 0, 0, false},
    {"a write that is refused", SIM7000, SIGNED "--refuse CIPSEND=+CME_ERROR:_3", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 3, 0, 0,
     false},
    {"a write that is refused", SIM7080, SIGNED "--refuse CASEND=+CME_ERROR:_3", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, 3, 0, 0,
     false},
    {"data that is refused", SIM7000, SIGNED "--refuse CIPSEND-DATA=SEND_FAIL", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, -1, 0, 0,
     true},
    {"data that is refused", SIM7080, SIGNED "--refuse CASEND-DATA=ERROR", SHORT, AT_OK, AT_ERR_MODEM, AT_OK, -1, 0, 0,
     true},
    {"data without its line", SIM7000, SIGNED "--refuse CIPRXGET=OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE, ANY, 0, 1, true},
    {"data without its line", SIM7080, SIGNED "--refuse CARECV=OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE, ANY, 0, 1, true},
    {"more data than asked for", SIM7000, SIGNED "--refuse CIPRXGET=+CIPRXGET:_2,1461,0|OK", SHORT, AT_OK, AT_OK,
     AT_ERR_GARBAGE, ANY, 0, 1, true},
    {"more data than asked for", SIM7080, SIGNED "--refuse CARECV=+CARECV:_1461,x|OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE,
     ANY, 0, 1, true},
    {"a length without data", SIM7080, SIGNED "--refuse CARECV=+CARECV:_5|OK", SHORT, AT_OK, AT_OK, AT_ERR_GARBAGE, ANY, 0,
     1, true},
    {"silence when connecting", SIM7000, SIGNED "--mute CIPSTART", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
    {"silence when connecting", SIM7080, SIGNED "--mute CAOPEN", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
    {"silence after data", SIM7000, SIGNED "--mute CIPSEND-DATA", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, true},
    {"silence after data", SIM7080, SIGNED "--mute CASEND-DATA", SHORT, AT_OK, AT_ERR_TIMEOUT, AT_OK, ANY, 0, 0, true},
    {"the network is lost", ALL, SIGNED "--drop-at 200 --latency 1400", SHORT, AT_OK, AT_OK, AT_ERR_CLOSED, ANY, 0, 1, true},
    {"a line that is cut", ALL, SIGNED "--to-host cut@0", SHORT, AT_ERR_TIMEOUT, AT_OK, AT_OK, ANY, 0, 0, false},
};

static void run_expectation(const expectation *expected, const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_span request = make_request(memory, sizeof memory, expected->about);

    desk_begin(&desk, kind, expected->words);
    attempt it = desk_exchange(&desk, request);
    const char *name = expected->name;
    require_honest(&desk, &it, request, name);
    REQUIRE(it.open == expected->open, "%s, %s: %s", kind->name, name, at_result_text(it.open));
    REQUIRE(expected->send == ANY || it.send == expected->send, "%s, %s: %s", kind->name, name, at_result_text(it.send));
    REQUIRE(expected->receive == ANY || it.receive == expected->receive, "%s, %s: %s", kind->name, name,
            at_result_text(it.receive));
    REQUIRE(expected->number == ANY || kpn_modem_error_number(&desk.modem) == expected->number, "%s, %s: %ld", kind->name,
            name, (long)kpn_modem_error_number(&desk.modem));
    REQUIRE(expected->status == ANY || it.status == expected->status, "%s, %s: %ld", kind->name, name, (long)it.status);
    REQUIRE(expected->taken == ANY || it.taken == expected->taken, "%s, %s: %u", kind->name, name, (unsigned)it.taken);
    REQUIRE(it.may_have_arrived == expected->may_have_arrived, "%s, %s", kind->name, name);
    REQUIRE(it.accepted == (it.receive == AT_OK && it.status == 202 && it.send == AT_OK && it.open == AT_OK), "%s, %s",
            kind->name, name);
    desk_end(&desk);
}

/* The body of the downlink arrives intact. */
static void reads_a_downlink(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_downlink downlink;
    kpn_record record;

    desk_begin(&desk, kind, VALVE "--chatter 50 --read-max 9");
    attempt it = desk_exchange(&desk, make_request(memory, sizeof memory, SHORT));
    REQUIRE(it.accepted && it.close == AT_OK, "%s", kind->name);
    REQUIRE(kpn_downlink_begin(&downlink, &desk.response) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_downlink_next(&downlink, &record) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL && record.bool_value, "%s", kind->name);
    REQUIRE(kpn_downlink_next(&downlink, &record) == KPN_END, "%s", kind->name);
    desk_end(&desk);
}

/* A kept connection takes further messages; after any failure a new one does. */
static void keeps_and_renews(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_modem *modem = &desk.modem;
    kpn_span request = make_request(memory, sizeof memory, LONG);

    desk_begin(&desk, kind, SIGNED "--idle 1000");
    REQUIRE(desk_activate(&desk) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(modem, "10.151.236.157", 80) == AT_OK, "%s", kind->name);
    for (int i = 0; i < 5; i++) {
        REQUIRE(kpn_modem_is_open(modem), "%s", kind->name);
        REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", kind->name);
        REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_OK, "%s", kind->name);
        REQUIRE(!kpn_modem_is_open(modem), "%s", kind->name);
        REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_OK, "%s", kind->name);
        REQUIRE(kpn_modem_command(modem, "AT", 300) == AT_OK, "%s", kind->name);
    }
    REQUIRE(emulator_messages(desk.emulator, true) == 5, "%s", kind->name);
    REQUIRE(at_pause(&modem->line, 1200) == AT_OK, "%s", kind->name); /* the platform closes it meanwhile */
    REQUIRE(!kpn_modem_is_open(modem), "%s", kind->name);
    REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_ERR_CLOSED, "%s", kind->name);
    REQUIRE(!kpn_modem_may_have_arrived(modem), "%s", kind->name);
    REQUIRE(kpn_modem_close(modem) == AT_OK, "%s", kind->name);
    attempt again = desk_exchange(&desk, request);
    REQUIRE(again.accepted && again.taken == 1, "%s", kind->name);
    desk_end(&desk);
}

/* After a response that ends the connection, the next call sends nothing and says so. */
static void denies_what_it_did_not_send(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_modem *modem = &desk.modem;
    kpn_span request = make_request(memory, sizeof memory, SHORT);

    desk_begin(&desk, kind, SIGNED "--until-close");
    REQUIRE(desk_activate(&desk) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(modem, "10.151.236.157", 80) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_OK, "%s", kind->name);
    REQUIRE(!kpn_modem_is_open(modem), "%s", kind->name);
    REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_ERR_STATE, "%s", kind->name);
    REQUIRE(!kpn_modem_may_have_arrived(modem), "%s", kind->name);
    REQUIRE(kpn_modem_close(modem) == AT_OK && emulator_messages(desk.emulator, true) == 1, "%s", kind->name);
    desk_end(&desk);
}

void run_cases(void)
{
    unsigned runs = 0;

    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
            if ((expectations[i].kinds & (1U << kind)) != 0) {
                run_expectation(&expectations[i], &kinds[kind]);
                runs++;
            }
        }
        reads_a_downlink(&kinds[kind]);
        keeps_and_renews(&kinds[kind]);
        denies_what_it_did_not_send(&kinds[kind]);
    }
    printf("%u cases\n", runs);
}

static void refuses_bad_arguments(const kind_under_test *kind)
{
    static const char *const addresses[] = {"",         "m.m",      "1.2.3",           "1.2.3.4.5",  "1.2.3.256",
                                            "1.2.3.4 ", " 1.2.3.4", "1..3.4",          "0001.2.3.4", "1.2.3.4\"",
                                            "::1",      "1.2.3.",   "111.111.111.1111"};
    uint8_t byte = 'x';
    desk desk;
    kpn_modem *modem = &desk.modem;

    desk_begin(&desk, kind, SIGNED);
    at_uart uart = modem->line.uart;
    REQUIRE(kpn_modem_begin(NULL, kind->kind, &uart) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_begin(modem, NULL, &uart) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_begin(modem, kind->kind, NULL) == AT_ERR_ARGUMENT, "%s", kind->name);
    uart.clock = NULL;
    REQUIRE(kpn_modem_begin(modem, kind->kind, &uart) == AT_ERR_ARGUMENT, "%s", kind->name);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        REQUIRE(kpn_modem_open(modem, addresses[i], 80) == AT_ERR_ARGUMENT, "%s", addresses[i]);
    }
    REQUIRE(kpn_modem_open(modem, NULL, 80) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_open(NULL, "1.2.3.4", 80) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_open(modem, "1.2.3.4", 0) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, NULL, 1, &desk.response) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, &byte, 0, &desk.response) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, &byte, (size_t)PTRDIFF_MAX + 1, &desk.response) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_send(NULL, &byte, 1, &desk.response) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, &byte, 1, NULL) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(!kpn_modem_is_open(NULL) && !kpn_modem_is_open(modem), "%s", kind->name);
    REQUIRE(kpn_modem_receive(modem, NULL) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_receive(NULL, &desk.response) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_command(modem, NULL, 1) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_command(modem, "AT\rAT", 1) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_modem_close(NULL) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(emulator_count(desk.emulator, true) == 0, "%s: something was sent", kind->name);
    desk_end(&desk);
}

static void refuses_a_wrong_order(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_modem *modem = &desk.modem;
    kpn_modem never;
    kpn_span request = make_request(memory, sizeof memory, SHORT);

    desk_begin(&desk, kind, SIGNED);
    memset(&never, 0, sizeof never);
    REQUIRE(kpn_modem_open(&never, "1.2.3.4", 80) == AT_ERR_STATE && kpn_modem_close(&never) == AT_ERR_STATE, "never begun");
    REQUIRE(kpn_modem_receive(&never, &desk.response) == AT_ERR_STATE && kpn_modem_command(&never, "AT", 1) == AT_ERR_STATE,
            "never begun");
    REQUIRE(kpn_modem_send(&never, request.ptr, request.len, &desk.response) < 0, "never begun");
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_ERR_STATE, "%s: not open", kind->name);
    REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_ERR_STATE, "%s: not open", kind->name);
    REQUIRE(kpn_modem_close(modem) == AT_OK, "%s: nothing to close", kind->name);
    REQUIRE(emulator_count(desk.emulator, true) == 0, "%s: something was sent", kind->name);
    REQUIRE(desk_activate(&desk) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(modem, "1.2.3.4", 80) == AT_OK, "%s", kind->name);
    uint64_t count = emulator_count(desk.emulator, true);
    REQUIRE(kpn_modem_open(modem, "1.2.3.4", 80) == AT_ERR_STATE, "%s: open already", kind->name);
    REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_ERR_STATE, "%s: nothing sent", kind->name);
    REQUIRE(emulator_count(desk.emulator, true) == count, "%s: something was sent", kind->name);
    REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_OK, "%s", kind->name);
    count = emulator_count(desk.emulator, true);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_ERR_STATE, "%s: sent already", kind->name);
    REQUIRE(kpn_modem_open(modem, "1.2.3.4", 80) == AT_ERR_STATE, "%s: open already", kind->name);
    REQUIRE(kpn_modem_command(modem, "AT", 300) == AT_ERR_STATE, "%s: a response is to come", kind->name);
    REQUIRE(emulator_count(desk.emulator, true) == count, "%s: something was sent", kind->name);
    REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_ERR_STATE, "%s: received already", kind->name);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_ERR_ARGUMENT,
            "%s: a response that is complete", kind->name);
    REQUIRE(kpn_modem_close(modem) == AT_OK && kpn_modem_close(modem) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", kind->name);
    REQUIRE(kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_ERR_STATE, "%s: closed", kind->name);
    REQUIRE(emulator_messages(desk.emulator, true) == 1, "%s", kind->name);
    desk_end(&desk);
}

/* A response that was not begun takes no bytes, and a failing UART is reported. */
static void reports_what_is_not_the_modem(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_modem *modem = &desk.modem;
    kpn_span request = make_request(memory, sizeof memory, SHORT);

    desk_begin(&desk, kind, SIGNED);
    REQUIRE(desk_activate(&desk) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(modem, "1.2.3.4", 80) == AT_OK
                && kpn_modem_send(modem, request.ptr, request.len, &desk.response) == AT_OK,
            "%s", kind->name);
    REQUIRE(kpn_modem_receive(modem, &desk.response) == AT_ERR_RESPONSE, "%s", kind->name);
    REQUIRE(kpn_modem_response_status(modem) == KPN_ERR_STATE && kpn_modem_may_have_arrived(modem), "%s", kind->name);
    desk_end(&desk);
}

static bool broken_write(void *context, const uint8_t *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
    return false;
}

static int32_t broken_read(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds)
{
    (void)context;
    (void)bytes;
    (void)cap;
    (void)milliseconds;
    return -1;
}

static void reports_a_broken_uart(const kind_under_test *kind)
{
    desk desk;

    desk_begin(&desk, kind, SIGNED);
    at_uart uart = desk.modem.line.uart;
    uart.write = broken_write;
    REQUIRE(kpn_modem_begin(&desk.modem, kind->kind, &uart) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(&desk.modem, "1.2.3.4", 80) == AT_ERR_UART, "%s", kind->name);
    uart = desk.modem.line.uart;
    uart.read = broken_read;
    REQUIRE(kpn_modem_begin(&desk.modem, kind->kind, &uart) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(&desk.modem, "1.2.3.4", 80) == AT_ERR_UART, "%s", kind->name);
    desk_end(&desk);
}

void run_refusals(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        refuses_bad_arguments(&kinds[i]);
        refuses_a_wrong_order(&kinds[i]);
        reports_what_is_not_the_modem(&kinds[i]);
        reports_a_broken_uart(&kinds[i]);
    }
    for (at_result result = -11; result <= 1; result++) {
        REQUIRE(at_result_text(result) != NULL
                    && (strcmp(at_result_text(result), "not a result") == 0) == (result == -11 || result == 1),
                "%ld", (long)result);
    }
    printf("refusals\n");
}
