/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From a modem that is switched on to a data connection, and what can go wrong on the way. */
#include "run.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT = 20000, SHORT_LIMIT = 6000 };

#define SIGNED "--no-echo --secret " SECRET " "

typedef struct expectation {
    const char *name;
    const char *words;
    uint32_t limit;
    at_result result;
    const char *pin;
    const char *refused; /* option that needs the name of the kind's command */
} expectation;

static const expectation expectations[] = {
    {"at once", SIGNED, LIMIT, AT_OK, NULL, NULL},
    {"an APN that the network wants", SIGNED "--apn kpnthings.iot", LIMIT, AT_OK, NULL, NULL},
    {"an APN that cannot be read", SIGNED "--apn kpnthings.iot --refuse CGDCONT:1=+CME_ERROR:_3", LIMIT, AT_OK, NULL, NULL},
    {"a network that takes time", SIGNED "--apn kpnthings.iot --attach-delay 9000", LIMIT, AT_OK, NULL, NULL},
    {"a network that takes too long", SIGNED "--attach-delay 9000", SHORT_LIMIT, AT_ERR_TIMEOUT, NULL, NULL},
    {"refused", SIGNED "--deny", SHORT_LIMIT, AT_ERR_DENIED, NULL, NULL},
    {"refused for its APN", SIGNED "--apn kpnthings2.m2m", SHORT_LIMIT, AT_ERR_DENIED, NULL, NULL},
    {"known to CEREG alone", SIGNED "--lte-only", LIMIT, AT_OK, NULL, NULL},
    {"known to CGREG alone", SIGNED "--refuse CEREG=ERROR", LIMIT, AT_OK, NULL, NULL},
    {"known to CREG alone", SIGNED "--refuse CEREG=ERROR --refuse CGREG=+CME_ERROR:_4", LIMIT, AT_OK, NULL, NULL},
    {"at home", SIGNED "--refuse CEREG=+CEREG:_0,1|OK", LIMIT, AT_OK, NULL, NULL},
    {"for SMS alone", SIGNED "--refuse CEREG=+CEREG:_0,7|OK --lte-only", SHORT_LIMIT, AT_ERR_TIMEOUT, NULL, NULL},
    {"a URC is no answer", SIGNED "--refuse CEREG=+CEREG:_5|OK --lte-only", SHORT_LIMIT, AT_ERR_TIMEOUT, NULL, NULL},
    {"a SIM that is busy", SIGNED "--sim-delay 3000", LIMIT, AT_OK, NULL, NULL},
    {"no SIM", SIGNED "--refuse CPIN=+CME_ERROR:_10", LIMIT, AT_ERR_SIM, NULL, NULL},
    {"a PIN", SIGNED "--pin 1234", LIMIT, AT_OK, "1234", NULL},
    {"a PIN that is not given", SIGNED "--pin 1234", LIMIT, AT_ERR_SIM, NULL, NULL},
    {"a wrong PIN", SIGNED "--pin 1234", LIMIT, AT_ERR_SIM, "4321", NULL},
    {"attached at the second try", SIGNED "--refuse CGATT:1=+CGATT:_0|OK", LIMIT, AT_OK, NULL, NULL},
    {"a data connection at the second try", SIGNED "", LIMIT, AT_OK, NULL, "ERROR"},
    {"a data connection that is refused for a while", SIGNED "--no-data-until 6000", LIMIT, AT_OK, NULL, NULL},
    {"a data connection that is refused", SIGNED "--no-data-until 600000", SHORT_LIMIT, AT_ERR_TIMEOUT, NULL, NULL},
    {"URCs in between", SIGNED "--chatter 60 --apn kpnthings.iot --attach-delay 2000", LIMIT, AT_OK, NULL, NULL},
    {"echoes", "--secret " SECRET " --apn kpnthings.iot", LIMIT, AT_OK, NULL, NULL},
    {"a SIM that is silent", SIGNED "--mute CPIN", LIMIT, AT_ERR_TIMEOUT, NULL, NULL},
    {"a modem that is silent", SIGNED "--mute CFUN", LIMIT, AT_ERR_TIMEOUT, NULL, NULL},
    {"a network that comes back", SIGNED "--drop-at 0 --drop-for 5000", LIMIT, AT_OK, NULL, NULL},
};

static kpn_network settings(const kind_under_test *kind, uint32_t limit)
{
    kpn_network network;

    memset(&network, 0, sizeof network);
    network.kind = kind->network;
    network.apn = "kpnthings.iot";
    network.limit = limit;
    return network;
}

/* AT+QIACT=1 has the name QIACT. */
static void name_of(char *out, const char *command)
{
    size_t len = strcspn(command + 3, "=;");

    memcpy(out, command + 3, len);
    out[len] = '\0';
}

static void attaches(const expectation *expected, const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    char words[600];
    char name[16];
    desk desk;
    kpn_network network = settings(kind, expected->limit);

    snprintf(words, sizeof words, "%s", expected->words);
    if (expected->refused != NULL) {
        name_of(name, kind->network->activate);
        snprintf(words, sizeof words, "%s --refuse %s:1=%s", expected->words, name, expected->refused);
    }
    network.pin = expected->pin;
    desk_begin(&desk, kind, words);
    at_result result = kpn_network_attach(&desk.modem, &network);
    uint64_t clock = emulator_clock(desk.emulator);
    REQUIRE(result == expected->result, "%s, %s: %s after %lu ms", kind->name, expected->name, at_result_text(result),
            (unsigned long)clock);
    REQUIRE(clock <= expected->limit + 2000, "%s, %s: %lu ms", kind->name, expected->name, (unsigned long)clock);
    if (result == AT_OK) {
        uint64_t before = emulator_count(desk.emulator, true);
        REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s, %s: again", kind->name, expected->name);
        REQUIRE(emulator_clock(desk.emulator) - clock < 1100, "%s, %s: again", kind->name, expected->name);
        REQUIRE(emulator_count(desk.emulator, true) - before < 150, "%s, %s: again", kind->name, expected->name);
        REQUIRE(kpn_modem_open(&desk.modem, "127.0.0.1", 80) == AT_OK && kpn_modem_close(&desk.modem) == AT_OK, "%s, %s",
                kind->name, expected->name);
        attempt it = desk_exchange(&desk, make_request(memory, sizeof memory, 0));
        REQUIRE(it.accepted, "%s, %s", kind->name, expected->name);
    }
    desk_end(&desk);
}

static unsigned long lines_count;
static bool saw_bands;

static void count_lines(void *context, const char *line)
{
    lines_count++;
    saw_bands = saw_bands || strcmp(line, (const char *)context) == 0;
}

/* Bands and mode are set once, while the radio is off, and with a restart where the manual requires one. */
static void sets_up(const kind_under_test *kind)
{
    static const char *const setup[] = {"AT+CSQ", "AT+CPSMS=0", NULL};
    static const char *const wrong[] = {"AT+NOTHING=1", NULL};
    desk desk;
    kpn_network network = settings(kind, LIMIT);

    desk_begin(&desk, kind, SIGNED "--apn kpnthings.iot");
    network.setup = setup;
    network.restart = true;
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    uint64_t first = emulator_count(desk.emulator, true);
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    uint64_t second = emulator_count(desk.emulator, true) - first;
    network.renew = true;
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    REQUIRE(emulator_count(desk.emulator, true) - first - second > second + 40, "%s: not set up anew", kind->name);
    network.setup = wrong;
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_ERR_MODEM, "%s", kind->name);
    lines_count = 0;
    saw_bands = false;
    char expected[] = "+CPSMS: 0";
    if (strcmp(kind->name, "lena-r8") == 0) {
        strcpy(expected, "+CPSMS:0");
    }
    REQUIRE(kpn_modem_query(&desk.modem, "AT+CPSMS?", 300, count_lines, expected) == AT_OK && saw_bands && lines_count == 1,
            "%s: %lu lines", kind->name, lines_count);
    desk_end(&desk);
}

/* After sleep it is quick, and while the modem sleeps no call waits longer than it was told. */
static void sleeps_and_wakes(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_network network = settings(kind, LIMIT);
    kpn_span request = make_request(memory, sizeof memory, 0);

    desk_begin(&desk, kind, "--secret " SECRET " --apn kpnthings.iot --sleep-at 5000 --sleep-for 10000");
    REQUIRE(kpn_modem_wake(&desk.modem, 2000) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_network_save_power(&desk.modem, 86400, 10) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(&desk.modem, "127.0.0.1", 80) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_wait(&desk.modem, 5000) == AT_OK && emulator_clock(desk.emulator) > 5000, "%s", kind->name);
    uint64_t start = emulator_clock(desk.emulator);
    REQUIRE(kpn_modem_wake(&desk.modem, 1000) == AT_ERR_TIMEOUT, "%s", kind->name);
    REQUIRE(emulator_clock(desk.emulator) - start <= 1001, "%s: %lu ms", kind->name,
            (unsigned long)(emulator_clock(desk.emulator) - start));
    REQUIRE(kpn_modem_wake(&desk.modem, 12000) == AT_OK, "%s", kind->name);
    start = emulator_clock(desk.emulator);
    REQUIRE(start >= 15000 && start < 15500, "%s: %lu ms", kind->name, (unsigned long)start);
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    attempt it = desk_exchange(&desk, request);
    REQUIRE(it.accepted && emulator_clock(desk.emulator) - start < 3000, "%s: %lu ms", kind->name,
            (unsigned long)(emulator_clock(desk.emulator) - start));
    desk_end(&desk);
}

/* This device was reset while the modem was waiting for data, which it still does. */
static void survives_a_reset(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    const char *command = kind->kind == &kpn_bg96      ? "AT+QISEND=0,1000\r"
                          : kind->kind == &kpn_sim7000 ? "AT+CIPSEND=1000\r"
                          : kind->kind == &kpn_sim7080 ? "AT+CASEND=0,1000\r"
                                                       : "AT+USOWR=0,1000\r";
    desk desk;
    kpn_modem *modem = &desk.modem;

    for (int wakes = 0; wakes < 2; wakes++) {
        desk_begin(&desk, kind, "--secret " SECRET);
        REQUIRE(desk_activate(&desk) == AT_OK && kpn_modem_open(modem, "127.0.0.1", 80) == AT_OK, "%s", kind->name);
        if (kind->kind == &kpn_sara_r4_hex) {
            desk_end(&desk);
            return;
        }
        at_limit(&modem->line, 1000);
        at_text(&modem->line, command);
        REQUIRE(at_prompt(&modem->line, kind->kind == &kpn_sara_r4 ? '@' : '>') == AT_OK, "%s", kind->name);
        at_uart uart = modem->line.uart;
        kpn_modem_times times = modem->times;
        REQUIRE(kpn_modem_begin(modem, kind->kind, &uart) == AT_OK, "%s", kind->name);
        modem->times = times;
        REQUIRE(wakes == 0 || kpn_modem_wake(modem, 5000) == AT_OK, "%s: does not wake", kind->name);
        attempt it = desk_exchange(&desk, make_request(memory, sizeof memory, 0));
        REQUIRE(it.accepted, "%s: %d %d %d", kind->name, (int)it.open, (int)it.send, (int)it.receive);
        desk_end(&desk);
    }
}

/* The connection ends when the network is lost, and both come back. */
static void survives_a_loss(const kind_under_test *kind)
{
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_network network = settings(kind, LIMIT);
    int32_t state = 0;

    desk_begin(&desk, kind, SIGNED "--drop-at 3000 --drop-for 4000");
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_network_registration(&desk.modem, &state) == AT_OK && state == KPN_NETWORK_ROAMING, "%s: %ld", kind->name,
            (long)state);
    REQUIRE(kpn_modem_open(&desk.modem, "127.0.0.1", 80) == AT_OK && kpn_modem_is_open(&desk.modem), "%s", kind->name);
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_ERR_STATE, "%s", kind->name);
    REQUIRE(kpn_modem_wait(&desk.modem, 3000) == AT_OK && !kpn_modem_is_open(&desk.modem), "%s", kind->name);
    (void)kpn_modem_close(&desk.modem);
    REQUIRE(kpn_network_registration(&desk.modem, &state) == AT_OK && state == KPN_NETWORK_SEARCHING, "%s: %ld", kind->name,
            (long)state);
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    REQUIRE(emulator_clock(desk.emulator) >= 7000, "%s", kind->name);
    attempt it = desk_exchange(&desk, make_request(memory, sizeof memory, 0));
    REQUIRE(it.accepted, "%s", kind->name);
    desk_end(&desk);
}

static void tells_the_log(const kind_under_test *kind)
{
    desk desk;
    kpn_network_signal signal;
    char name[16];

    desk_begin(&desk, kind, SIGNED "--drop-at 2000");
    REQUIRE(kpn_network_get_signal(&desk.modem, &signal) == AT_OK, "%s", kind->name);
    REQUIRE(signal.rssi == -73 && signal.rsrp == -91 && signal.rsrq == -100, "%s: %d %d %d", kind->name, signal.rssi,
            signal.rsrp, signal.rsrq);
    REQUIRE(kpn_network_get_operator(&desk.modem, name, sizeof name) == AT_OK && strcmp(name, "NL KPN") == 0, "%s: %s",
            kind->name, name);
    REQUIRE(kpn_network_get_operator(&desk.modem, name, 4) == AT_OK && strcmp(name, "NL ") == 0, "%s: %s", kind->name, name);
    REQUIRE(kpn_modem_wait(&desk.modem, 2500) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_network_get_signal(&desk.modem, &signal) == AT_OK && signal.rssi == 0 && signal.rsrp == 0
                && signal.rsrq == 0,
            "%s", kind->name);
    REQUIRE(kpn_network_get_operator(&desk.modem, name, sizeof name) == AT_OK && name[0] == '\0', "%s: %s", kind->name,
            name);
    desk_end(&desk);
}

static void finds_one_of_two_signals(const kind_under_test *kind)
{
    static const char *const refused[] = {"--refuse CSQ=ERROR", "--refuse CESQ=+CME_ERROR:_4"};
    kpn_network_signal signal;
    desk desk;

    for (int i = 0; i < 2; i++) {
        desk_begin(&desk, kind, refused[i]);
        REQUIRE(kpn_network_get_signal(&desk.modem, &signal) == AT_OK, "%s", kind->name);
        REQUIRE(signal.rssi == (i == 0 ? 0 : -73) && signal.rsrp == (i == 0 ? -91 : 0), "%s: %d %d", kind->name, signal.rssi,
                signal.rsrp);
        desk_end(&desk);
    }
}

/* It answers in its own way and is then silent; the connection is closed before. */
static void switches_off(const kind_under_test *kind)
{
    desk desk;
    kpn_modem never;
    kpn_network network = settings(kind, LIMIT);

    memset(&never, 0, sizeof never);
    desk_begin(&desk, kind, SIGNED);
    REQUIRE(kpn_network_off(&never, kind->network) == AT_ERR_STATE, "%s", kind->name);
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_OK, "%s", kind->name);
    REQUIRE(kpn_modem_open(&desk.modem, "127.0.0.1", 80) == AT_OK, "%s", kind->name);
    uint64_t start = emulator_clock(desk.emulator);
    REQUIRE(kpn_network_off(&desk.modem, kind->network) == AT_OK && !kpn_modem_is_open(&desk.modem), "%s", kind->name);
    REQUIRE(emulator_clock(desk.emulator) - start < 3000, "%s", kind->name);
    REQUIRE(kpn_modem_wake(&desk.modem, 1000) == AT_ERR_TIMEOUT, "%s", kind->name);
    desk_end(&desk);
    desk_begin(&desk, kind, SIGNED "--mute CPWROFF --mute QPOWD --mute CPOWD");
    REQUIRE(kpn_network_off(&desk.modem, kind->network) == AT_ERR_TIMEOUT, "%s", kind->name);
    desk_end(&desk);
}

typedef struct saving {
    uint32_t period;
    uint32_t active;
    const char *line;
} saving;

/* Computed by hand from the tables of 3GPP TS 24.008. */
static void saves_power(const kind_under_test *kind)
{
    static const saving savings[] = {
        {86400, 10, "+CPSMS: 1,,,\"00111000\",\"00000101\""},       /* 24 times an hour; 5 times 2 s */
        {3601, 61, "+CPSMS: 1,,,\"00000111\",\"00011111\""},        /* 7 times 10 minutes, 31 times 2 s */
        {62, 63, "+CPSMS: 1,,,\"01111111\",\"00100010\""},          /* 31 times 2 s, 2 times a minute */
        {35712000, 11160, "+CPSMS: 1,,,\"11011111\",\"01011111\""}, /* 31 times 320 hours, 31 times 6 minutes */
        {0, 0, "+CPSMS: 0"},
    };
    static const struct {
        bool is_nb_iot;
        uint32_t cycle;
        const char *line;
    } cycles[] = {{false, 21, "+CEDRXS: 1,4,\"0010\""},
                  {false, 41, "+CEDRXS: 1,4,\"0011\""},
                  {false, 100, "+CEDRXS: 1,4,\"0101\""},
                  {false, 9999, "+CEDRXS: 1,4,\"1101\""},
                  {true, 9999, "+CEDRXS: 1,5,\"1110\""},
                  {true, 20000, "+CEDRXS: 1,5,\"1111\""},
                  {true, 0, "+CEDRXS: 0"}};
    desk desk;

    desk_begin(&desk, kind, SIGNED);
    for (size_t i = 0; i < sizeof savings / sizeof savings[0]; i++) {
        char line[64];
        strcpy(line, savings[i].line);
        saw_bands = false;
        REQUIRE(kpn_network_save_power(&desk.modem, savings[i].period, savings[i].active) == AT_OK, "%s", line);
        REQUIRE(kpn_modem_query(&desk.modem, "AT+CPSMS?", 300, count_lines, line) == AT_OK && saw_bands, "%s", line);
    }
    for (size_t i = 0; i < sizeof cycles / sizeof cycles[0]; i++) {
        char line[64];
        strcpy(line, cycles[i].line);
        saw_bands = false;
        REQUIRE(kpn_network_set_edrx(&desk.modem, cycles[i].is_nb_iot, cycles[i].cycle) == AT_OK, "%s", line);
        REQUIRE(kpn_modem_query(&desk.modem, "AT+CEDRXS?", 300, count_lines, line) == AT_OK && saw_bands, "%s", line);
    }
    REQUIRE(kpn_network_save_power(&desk.modem, 35712001, 2) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_network_save_power(&desk.modem, 2, 11161) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(kpn_network_set_edrx(&desk.modem, false, 20) == AT_ERR_ARGUMENT, "%s", kind->name);
    desk_end(&desk);
}

static void refuses(const kind_under_test *kind)
{
    static const char *const names[] = {"", "a\"b", "a\rb",
                                        "0123456789012345678901234567890123456789012345678901234567890123"};
    desk desk;
    kpn_modem never;
    kpn_network network = settings(kind, LIMIT);
    kpn_network_signal signal;
    int32_t state;
    char name[4];

    memset(&never, 0, sizeof never);
    desk_begin(&desk, kind, SIGNED);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        network.apn = names[i];
        REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_ERR_ARGUMENT, "%s", names[i]);
    }
    network.apn = "x";
    network.pin = "1\"";
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_ERR_ARGUMENT, "%s", kind->name);
    network.pin = NULL;
    REQUIRE(kpn_network_attach(&never, &network) == AT_ERR_STATE && kpn_modem_wake(&never, 10) == AT_ERR_STATE, "%s",
            kind->name);
    REQUIRE(kpn_network_registration(&never, &state) == AT_ERR_STATE
                && kpn_network_get_signal(&never, &signal) == AT_ERR_STATE,
            "%s", kind->name);
    network.kind = NULL;
    REQUIRE(kpn_network_attach(&desk.modem, &network) == AT_ERR_ARGUMENT
                && kpn_network_attach(&desk.modem, NULL) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    REQUIRE(kpn_network_attach(NULL, &network) == AT_ERR_ARGUMENT
                && kpn_network_registration(NULL, &state) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    REQUIRE(kpn_network_registration(&desk.modem, NULL) == AT_ERR_ARGUMENT
                && kpn_network_get_signal(&desk.modem, NULL) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    REQUIRE(kpn_network_get_operator(&desk.modem, name, 0) == AT_ERR_ARGUMENT
                && kpn_network_off(&desk.modem, NULL) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    REQUIRE(kpn_modem_query(&desk.modem, "AT\n", 1, NULL, NULL) == AT_ERR_ARGUMENT
                && kpn_modem_wait(NULL, 1) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    REQUIRE(kpn_modem_wait(&never, 1) == AT_ERR_STATE && kpn_modem_wake(NULL, 1) == AT_ERR_ARGUMENT, "%s", kind->name);
    REQUIRE(emulator_count(desk.emulator, true) == 0, "%s: something was sent", kind->name);
    desk_end(&desk);
}

void run_networks(void)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
            attaches(&expectations[i], &kinds[kind]);
        }
        sets_up(&kinds[kind]);
        sleeps_and_wakes(&kinds[kind]);
        survives_a_reset(&kinds[kind]);
        survives_a_loss(&kinds[kind]);
        tells_the_log(&kinds[kind]);
        finds_one_of_two_signals(&kinds[kind]);
        switches_off(&kinds[kind]);
        refuses(&kinds[kind]);
    }
    saves_power(&kinds[0]);
    printf("networks\n");
}
