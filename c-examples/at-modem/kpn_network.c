/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kpn_network.h"

#include <string.h>

enum {
    STEP = 1000,        /* milliseconds between two queries */
    SIM_LIMIT = 10000,  /* longest time that a SIM is busy after a start */
    BOOT_LIMIT = 30000, /* likewise for a modem */
    OFF_LIMIT = 40000,  /* longest time to switch one off */
    COMMAND_CAP = 128
};

/* One time limit for several commands. */
typedef struct timer {
    kpn_modem *modem;
    uint32_t start;
    uint32_t limit;
} timer;

static timer timer_begin(kpn_modem *modem, uint32_t limit)
{
    timer it = {modem, modem->line.uart.clock(modem->line.uart.context), limit};

    return it;
}

/* The rest of the time, but at most this much. */
static uint32_t timer_left(const timer *timer, uint32_t most)
{
    uint32_t elapsed = timer->modem->line.uart.clock(timer->modem->line.uart.context) - timer->start;
    uint32_t left = elapsed < timer->limit ? timer->limit - elapsed : 0;

    return left < most ? left : most;
}

/* Waits for the next query; AT_ERR_TIMEOUT if there is no time for it. */
static at_result timer_step(const timer *timer)
{
    uint32_t left = timer_left(timer, STEP);
    at_result result = kpn_modem_wait(timer->modem, left);

    return result == AT_OK && timer_left(timer, STEP) == 0 ? AT_ERR_TIMEOUT : result;
}

static at_result command(const timer *timer, const char *text, uint32_t most)
{
    uint32_t left = timer_left(timer, most);

    return left == 0 ? AT_ERR_TIMEOUT : kpn_modem_command(timer->modem, text, left);
}

/* A command that is answered with `ok` instead of OK, unless that is NULL. The modem is synchronised. */
static at_result command_until(kpn_modem *modem, const char *text, const char *ok, uint32_t milliseconds)
{
    at_limit(&modem->line, milliseconds);
    at_text(&modem->line, text);
    at_text(&modem->line, "\r");
    at_result result = at_answer(&modem->line, ok, NULL, NULL, 0);
    modem->synchronised = result == AT_OK;
    if (result == AT_ERR_MODEM) {
        modem->number = modem->line.number;
    }
    return result;
}

/* A command with a text in place of `%`. */
static at_result command_with(const timer *timer, const char *pattern, const char *value)
{
    char text[COMMAND_CAP];
    const char *mark = strchr(pattern, '%');
    size_t before = mark != NULL ? (size_t)(mark - pattern) : strlen(pattern);
    size_t len = mark != NULL ? strlen(value) : 0;

    if (strlen(pattern) + len >= sizeof text) {
        return AT_ERR_ARGUMENT;
    }
    memcpy(text, pattern, before);
    memcpy(text + before, value, len);
    strcpy(text + before + len, mark != NULL ? mark + 1 : "");
    return command(timer, text, timer->modem->times.command);
}

/* What to look for in the lines of an answer. */
typedef struct search {
    const char *prefix;
    const char *apn; /* follows it; NULL: `count` numbers do */
    int32_t numbers[6];
    size_t count;
    bool found;
} search;

static void look(void *context, const char *line)
{
    search *it = (search *)context;
    const char *rest = at_after(line, it->prefix);

    if (rest == NULL || it->found) {
        return;
    }
    if (it->apn == NULL) {
        it->found = at_numbers(rest, it->numbers, it->count);
    } else if (strncmp(rest, it->apn, strlen(it->apn)) == 0) { /* networks append .mnc<number>.mcc<number>.gprs */
        rest += strlen(it->apn);
        it->found = *rest == '"' || strncmp(rest, ".mnc", 4) == 0 || strncmp(rest, ".MNC", 4) == 0;
    }
}

static at_result find(const timer *timer, const char *text, search *what)
{
    uint32_t left = timer_left(timer, timer->modem->times.command);

    what->found = false;
    return left == 0 ? AT_ERR_TIMEOUT : kpn_modem_query(timer->modem, text, left, look, what);
}

/* A SIM is busy for a while after a start. Its PIN is entered only once. */
static at_result unlock(const timer *whole, const char *pin)
{
    timer timer = timer_begin(whole->modem, timer_left(whole, SIM_LIMIT));
    bool given = false;
    bool answers = false;
    at_result result;

    do {
        search ready = {"+CPIN: READY", NULL, {0}, 0, false};
        search locked = {"+CPIN: SIM PIN", NULL, {0}, 0, false};
        result = find(&timer, "AT+CPIN?", &ready);
        if (result == AT_OK && ready.found) {
            return AT_OK;
        }
        if (result == AT_OK) {
            result = find(&timer, "AT+CPIN?", &locked);
        }
        answers = answers || result != AT_ERR_TIMEOUT;
        if (result == AT_OK && locked.found && !given) {
            given = true;
            result = pin != NULL ? command_with(&timer, "AT+CPIN=\"%\"", pin) : AT_ERR_MODEM;
            if (result == AT_ERR_MODEM) {
                return AT_ERR_SIM;
            }
        }
    } while ((result == AT_OK || result == AT_ERR_MODEM) && (result = timer_step(&timer)) == AT_OK);
    return result == AT_ERR_TIMEOUT && answers ? AT_ERR_SIM : result;
}

/* The radio is off in the meantime: an APN takes effect with the next search for a network. */
static at_result set_up(const timer *timer, const kpn_network *network)
{
    kpn_modem *modem = timer->modem;
    search apn = {"+CGDCONT: 1,\"IP\",\"", network->apn, {0}, 0, false};
    at_result result = find(timer, "AT+CGDCONT?", &apn);

    if ((result != AT_OK && result != AT_ERR_MODEM) || (apn.found && !network->renew)) {
        return result;
    }
    result = command(timer, network->kind->radio_off, modem->times.open);
    for (const char *const *it = network->setup; it != NULL && *it != NULL && result == AT_OK; it++) {
        result = command(timer, *it, modem->times.command);
    }
    if (result == AT_OK) {
        result = command_with(timer, "AT+CGDCONT=1,\"IP\",\"%\"", network->apn);
    }
    if (result == AT_OK && network->restart) {
        result = command(timer, network->kind->restart, modem->times.command);
        if (result == AT_OK) {
            result = kpn_modem_wait(modem, timer_left(timer, STEP)); /* it may still answer for a moment */
        }
        if (result == AT_OK) {
            result = kpn_modem_wake(modem, timer_left(timer, BOOT_LIMIT));
        }
        if (result == AT_OK) {
            result = unlock(timer, network->pin);
        }
    }
    return result;
}

static at_result ask_registration(const timer *timer, int32_t *out_state)
{
    static const struct {
        const char *command;
        const char *prefix;
    } ways[] = {{"AT+CEREG?", "+CEREG: "}, {"AT+CGREG?", "+CGREG: "}, {"AT+CREG?", "+CREG: "}};
    bool knows_data = false;

    *out_state = KPN_NETWORK_UNKNOWN;
    for (size_t i = 0; i < 3; i++) {
        search it = {ways[i].prefix, NULL, {0}, 2, false}; /* a URC has one number */
        at_result result = i < 2 || !knows_data ? find(timer, ways[i].command, &it) : AT_ERR_MODEM;
        if (result != AT_OK && result != AT_ERR_MODEM) {
            return result;
        }
        if (it.found) {
            int32_t state = it.numbers[1];
            bool is_registered = state == KPN_NETWORK_HOME || state == KPN_NETWORK_ROAMING;
            knows_data = true;
            if (is_registered || *out_state == KPN_NETWORK_UNKNOWN || state == KPN_NETWORK_DENIED) {
                *out_state = state;
            }
            if (is_registered) {
                break;
            }
        }
    }
    return AT_OK;
}

static at_result await_registration(const timer *timer)
{
    int32_t state;
    at_result result;

    while ((result = ask_registration(timer, &state)) == AT_OK && state != KPN_NETWORK_HOME && state != KPN_NETWORK_ROAMING
           && (result = timer_step(timer)) == AT_OK) {
    }
    return result == AT_ERR_TIMEOUT && state == KPN_NETWORK_DENIED ? AT_ERR_DENIED : result;
}

/* 1 is attached. LTE attaches when it registers. */
static at_result await_attach(const timer *timer)
{
    at_result result;
    search state = {"+CGATT: ", NULL, {0}, 1, false};

    while ((result = find(timer, "AT+CGATT?", &state)) == AT_OK && state.numbers[0] != 1) {
        result = command(timer, "AT+CGATT=1", timer->modem->times.open);
        if (result == AT_OK || result == AT_ERR_MODEM) {
            result = timer_step(timer);
        }
        if (result != AT_OK) {
            return result;
        }
    }
    return result;
}

static at_result is_active(const timer *timer, const kpn_network_kind *kind, bool *active)
{
    search it = {kind->active != NULL ? kind->active : "", NULL, {0}, 0, false};
    at_result result = find(timer, kind->query, &it);

    *active = result == AT_OK && (it.found || kind->active == NULL);
    return result == AT_ERR_MODEM ? AT_OK : result;
}

static at_result define(const timer *timer, const kpn_network *network)
{
    const kpn_network_kind *kind = network->kind;
    kpn_modem *modem = timer->modem;
    at_result result = AT_OK;

    if (kind->shut != NULL) {
        result = command_until(modem, kind->shut, kind->shut_ok, timer_left(timer, modem->times.close));
    }
    for (size_t i = 0; i < KPN_NETWORK_DEFINE_MAX && kind->define[i] != NULL && result == AT_OK; i++) {
        result = command_with(timer, kind->define[i], network->apn);
    }
    return result;
}

static at_result activate(const timer *timer, const kpn_network *network)
{
    const kpn_network_kind *kind = network->kind;
    bool active;
    bool defined = false;
    at_result result = is_active(timer, kind, &active);

    while (result == AT_OK && !active) {
        result = defined ? AT_OK : define(timer, network);
        if (result != AT_OK) {
            return result;
        }
        result = command(timer, kind->activate, timer->modem->times.open);
        defined = result != AT_ERR_MODEM || kind->shut == NULL; /* SIM7000 needs all of it again after a refusal */
        for (int i = 0; i < 5 && (result == AT_OK || (result == AT_ERR_MODEM && i == 0)) && !active; i++) {
            /* It may take a while after OK, and a refusal may mean that it is up already. */
            result = is_active(timer, kind, &active);
            if (result == AT_OK && !active) {
                result = timer_step(timer);
            }
        }
    }
    return result;
}

static bool is_word(const char *text, size_t max)
{
    return text != NULL && text[0] != '\0' && strlen(text) <= max && strpbrk(text, "\"\r\n") == NULL;
}

at_result kpn_network_attach(kpn_modem *modem, const kpn_network *network)
{
    if (modem == NULL || network == NULL || network->kind == NULL || !is_word(network->apn, KPN_NETWORK_APN_MAX)
        || (network->pin != NULL && !is_word(network->pin, 8))) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->kind == NULL || modem->socket >= 0) {
        return AT_ERR_STATE;
    }
    timer timer = timer_begin(modem, network->limit);
    at_result result = unlock(&timer, network->pin);
    if (result == AT_OK) {
        result = set_up(&timer, network);
    }
    if (result == AT_OK) {
        result = command(&timer, "AT+CFUN=1", modem->times.open);
    }
    if (result == AT_OK) {
        result = await_registration(&timer);
    }
    if (result == AT_OK) {
        result = await_attach(&timer);
    }
    return result == AT_OK ? activate(&timer, network) : result;
}

at_result kpn_network_registration(kpn_modem *modem, int32_t *out_state)
{
    if (modem == NULL || out_state == NULL) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->kind == NULL) {
        return AT_ERR_STATE;
    }
    timer timer = timer_begin(modem, UINT32_MAX);
    return ask_registration(&timer, out_state);
}

at_result kpn_network_get_signal(kpn_modem *modem, kpn_network_signal *out_signal)
{
    search csq = {"+CSQ: ", NULL, {99, 99}, 2, false};
    search cesq = {"+CESQ: ", NULL, {99, 99, 255, 255, 255, 255}, 6, false};

    if (modem == NULL || out_signal == NULL) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->kind == NULL) {
        return AT_ERR_STATE;
    }
    timer timer = timer_begin(modem, UINT32_MAX);
    memset(out_signal, 0, sizeof *out_signal);
    at_result result = find(&timer, "AT+CSQ", &csq);
    if (result == AT_OK || result == AT_ERR_MODEM) {
        result = find(&timer, "AT+CESQ", &cesq);
    }
    if (csq.numbers[0] <= 31) {
        out_signal->rssi = (int16_t)(2 * csq.numbers[0] - 113);
    }
    if (cesq.numbers[4] <= 34) {
        out_signal->rsrq = (int16_t)(5 * cesq.numbers[4] - 200);
    }
    if (cesq.numbers[5] <= 97) {
        out_signal->rsrp = (int16_t)(cesq.numbers[5] - 141);
    }
    return result == AT_ERR_MODEM ? AT_OK : result; /* not every modem has both commands */
}

typedef struct name {
    char *to;
    size_t cap;
} name;

static void look_for_operator(void *context, const char *line)
{
    const name *it = (const name *)context;
    const char *from = at_after(line, "+COPS: ");
    size_t len = 0;

    from = from != NULL ? strchr(from, '"') : NULL;
    if (from != NULL) {
        for (from++; from[len] != '"' && from[len] != '\0' && len + 1 < it->cap; len++) {
            it->to[len] = from[len];
        }
        it->to[len] = '\0';
    }
}

at_result kpn_network_get_operator(kpn_modem *modem, char *out_name, size_t cap)
{
    name it = {out_name, cap};

    if (modem == NULL || out_name == NULL || cap == 0) {
        return AT_ERR_ARGUMENT;
    }
    out_name[0] = '\0';
    return kpn_modem_query(modem, "AT+COPS?", modem->times.command, look_for_operator, &it);
}

typedef struct unit {
    uint32_t seconds;
    uint8_t code;
} unit;

/* Three bits for a unit and five for a count, 3GPP TS 24.008 sections 10.5.7.3 and 10.5.7.4a; the shortest sufficient unit is used. */
static bool write_timer(char *out, uint32_t seconds, const unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t steps = seconds / units[i].seconds + (seconds % units[i].seconds > 0 ? 1 : 0);
        if (steps <= 31) {
            uint32_t bits = (uint32_t)units[i].code << 5 | steps;
            for (int bit = 7; bit >= 0; bit--) {
                *out++ = (bits >> bit & 1U) != 0 ? '1' : '0';
            }
            return true;
        }
    }
    return false;
}

at_result kpn_network_save_power(kpn_modem *modem, uint32_t period, uint32_t active)
{
    static const unit periods[] = {{2, 3}, {30, 4}, {60, 5}, {600, 0}, {3600, 1}, {36000, 2}, {1152000, 6}};
    static const unit actives[] = {{2, 0}, {60, 1}, {360, 2}};
    char text[] = "AT+CPSMS=1,,,\"00000000\",\"00000000\"";

    if (modem == NULL || !write_timer(&text[14], period, periods, sizeof periods / sizeof periods[0])
        || !write_timer(&text[25], active, actives, sizeof actives / sizeof actives[0])) {
        return AT_ERR_ARGUMENT;
    }
    return kpn_modem_command(modem, period == 0 && active == 0 ? "AT+CPSMS=0" : text, modem->times.command);
}

at_result kpn_network_set_edrx(kpn_modem *modem, bool is_nb_iot, uint32_t cycle)
{
    static const char cycles[][5] = {"0010", "0011", "0101", "1001", "1010",
                                     "1011", "1100", "1101", "1110", "1111"}; /* each twice as long as the one before */
    char text[] = "AT+CEDRXS=1,4,\"0000\"";
    size_t longest = is_nb_iot ? 9 : 7;
    size_t i = 0;

    if (modem == NULL || (cycle > 0 && cycle < 21)) {
        return AT_ERR_ARGUMENT;
    }
    while (i < longest && cycle / 41 >= (uint32_t)1 << i) { /* 40.96 s is the second one */
        i++;
    }
    text[12] = is_nb_iot ? '5' : '4';
    memcpy(&text[15], cycles[i], 4);
    return kpn_modem_command(modem, cycle == 0 ? "AT+CEDRXS=0" : text, modem->times.command);
}

at_result kpn_network_off(kpn_modem *modem, const kpn_network_kind *kind)
{
    if (modem == NULL || kind == NULL) {
        return AT_ERR_ARGUMENT;
    }
    at_result result = kpn_modem_close(modem);
    if (result != AT_ERR_STATE) {
        result = kpn_modem_command(modem, "AT", modem->times.command); /* synchronises */
    }
    if (result == AT_OK) {
        result = command_until(modem, kind->off, kind->off_ok, OFF_LIMIT);
        modem->synchronised = false;
    }
    return result;
}

/* UBX-17003787 R16, chapters 5, 13 and 17. */
const kpn_network_kind kpn_network_sara_r4 = {"AT+CFUN=4", "AT+CFUN=15", "AT+CPWROFF",   NULL,        NULL,
                                              NULL,        {NULL},       "AT+CGACT=1,1", "AT+CGACT?", "+CGACT: 1,1"};

/* UBX-19047455 R13: profile 0 over context 1. */
const kpn_network_kind kpn_network_sara_r5 = {
    "AT+CFUN=4",    "AT+CFUN=15",   "AT+CPWROFF",   NULL, NULL, NULL, {"AT+UPSD=0,100,1", "AT+UPSD=0,0,0"},
    "AT+UPSDA=0,3", "AT+UPSND=0,8", "+UPSND: 0,8,1"};

/* UBX-22016905 R04: profile 0 has its own APN. */
const kpn_network_kind kpn_network_lena_r8 = {
    "AT+CFUN=4",    "AT+CFUN=15",   "AT+CPWROFF",   NULL, NULL, NULL, {"AT+UPSD=0,0,0", "AT+UPSD=0,1,\"%\""},
    "AT+UPSDA=0,3", "AT+UPSND=0,8", "+UPSND: 0,8,1"};

/* BG96 TCP/IP Application Note V1.2, 2.2.1 to 2.2.3. */
const kpn_network_kind kpn_network_bg96 = {
    "AT+CFUN=4",  "AT+CFUN=1,1", "AT+QPOWD=1",  NULL, NULL, NULL, {"AT+QICSGP=1,1,\"%\",\"\",\"\",0"},
    "AT+QIACT=1", "AT+QIACT?",   "+QIACT: 1,1,"};

/* The manuals named in simcom.h. */
const kpn_network_kind kpn_network_sim7000 = {"AT+CFUN=4",
                                              "AT+CFUN=1,1",
                                              "AT+CPOWD=1",
                                              "NORMAL POWER DOWN",
                                              "AT+CIPSHUT",
                                              "SHUT OK",
                                              {"AT+CIPMUX=0", "AT+CIPRXGET=1", "AT+CSTT=\"%\""},
                                              "AT+CIICR",
                                              "AT+CIFSR;E0",
                                              NULL};

const kpn_network_kind kpn_network_sim7080 = {"AT+CFUN=0", "AT+CFUN=1,1", "AT+CPOWD=1",           "NORMAL POWER DOWN",
                                              NULL,        NULL,          {"AT+CNCFG=0,1,\"%\""}, "AT+CNACT=0,1",
                                              "AT+CNACT?", "+CNACT: 0,1"};
