/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kpn_modem.h"

#include <string.h>

enum { IDLE = 0x51, OPEN, SENT, ANSWERED, SPOILT }; /* not 0, so that a struct that was never begun has no state */

enum {
    WAKE_STEP = 250,
    WAKE_SILENT = 8, /* steps until a silent modem may be one that waits for data */
    ADDRESS_MAX = 15,
    HEX_STEP = 16,
    FINAL_STATUS = 200
}; /* a response below it is an interim one, RFC 9110 section 15.2 */

/* Lines that do not answer a command. The text of an SMS may look like anything, and is only for code that knows that it is one. */
static void heard(void *owner, const char *line)
{
    kpn_modem *modem = (kpn_modem *)owner;

    if (!modem->line.is_text) {
        modem->kind->urc(modem, line);
    }
    if (modem->lines != NULL) {
        modem->lines(modem->lines_context, line);
    }
    if (modem->listener != NULL) {
        modem->listener(modem->listener_context, line);
    }
}

/* This device may have been reset while the modem was waiting for data. */
static size_t most_owed(const kpn_modem *modem)
{
    return modem->kind->hex ? 0 : modem->kind->piece_max;
}

at_result kpn_modem_begin(kpn_modem *modem, const kpn_modem_kind *kind, const at_uart *uart)
{
    if (modem == NULL || kind == NULL || uart == NULL || uart->write == NULL || uart->read == NULL || uart->clock == NULL) {
        return AT_ERR_ARGUMENT;
    }
    memset(modem, 0, sizeof *modem);
    at_begin(&modem->line, uart, heard, modem);
    modem->kind = kind;
    modem->times = kind->times;
    modem->read_max = kind->read_max;
    modem->socket = -1;
    modem->number = -1;
    modem->state = IDLE;
    modem->owed = most_owed(modem);
    return AT_OK;
}

static bool is_ipv4(const char *address)
{
    size_t len = 0;

    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t digits = 0;
        for (; address[len] >= '0' && address[len] <= '9'; len++, digits++) {
            if (len >= ADDRESS_MAX) {
                return false;
            }
            value = 10 * value + (unsigned)(address[len] - '0');
        }
        if (digits == 0 || digits > 3 || value > 255 || address[len] != (part < 3 ? '.' : '\0')) {
            return false;
        }
        len++;
    }
    return true;
}

/* After a failure the modem is set up again, since its settings may differ from those that were sent. */
static at_result note(kpn_modem *modem, at_result result)
{
    if (result != AT_OK && result != AT_ERR_CLOSED) {
        modem->synchronised = false;
    }
    if (result == AT_ERR_MODEM) {
        modem->number = modem->line.number;
    }
    return result;
}

static at_result synchronise(kpn_modem *modem)
{
    at_result result = AT_OK;

    if (!modem->synchronised) {
        result = at_synchronise(&modem->line, modem->times.command, modem->times.quiet, modem->owed);
        modem->owed = 0;
        if (result == AT_OK) { /* echo off, and numbers with errors */
            result = at_command(&modem->line, "ATE0", modem->times.command);
        }
        if (result == AT_OK) {
            result = at_command(&modem->line, "AT+CMEE=1", modem->times.command);
        }
        modem->synchronised = result == AT_OK;
        if (result == AT_OK) {
            result = modem->kind->recover(modem);
        }
    }
    return note(modem, result);
}

at_result kpn_modem_query(kpn_modem *modem, const char *command, uint32_t milliseconds,
                          void (*lines)(void *context, const char *line), void *context)
{
    if (modem == NULL || command == NULL || strpbrk(command, "\r\n") != NULL) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->state != IDLE && modem->state != OPEN) {
        return AT_ERR_STATE;
    }
    at_result result = synchronise(modem);
    if (result == AT_OK) {
        modem->lines = lines;
        modem->lines_context = context;
        result = note(modem, at_command(&modem->line, command, milliseconds));
        modem->lines = NULL;
        if (result == AT_ERR_MODEM) { /* for the caller to interpret */
            modem->synchronised = true;
        }
    }
    if (!modem->synchronised && modem->state == OPEN) {
        modem->state = SPOILT;
    }
    return result;
}

at_result kpn_modem_command(kpn_modem *modem, const char *command, uint32_t milliseconds)
{
    return kpn_modem_query(modem, command, milliseconds, NULL, NULL);
}

at_result kpn_modem_wait(kpn_modem *modem, uint32_t milliseconds)
{
    if (modem == NULL) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->state != IDLE && modem->state != OPEN) {
        return AT_ERR_STATE;
    }
    return at_pause(&modem->line, milliseconds);
}

at_result kpn_modem_wake(kpn_modem *modem, uint32_t milliseconds)
{
    at_result result;

    if (modem == NULL) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->kind == NULL) {
        return AT_ERR_STATE;
    }
    uint32_t start = modem->line.uart.clock(modem->line.uart.context);
    uint32_t elapsed = 0;
    modem->state = IDLE;
    modem->socket = -1;
    modem->synchronised = false;
    modem->owed = most_owed(modem);
    for (int step = 1;; step++) {
        uint32_t left = milliseconds - elapsed;
        at_limit(&modem->line, left < (uint32_t)WAKE_STEP ? left : (uint32_t)WAKE_STEP);
        if (step == WAKE_SILENT) {
            for (size_t i = 0; i < modem->owed; i++) {
                at_text(&modem->line, "A"); /* no JSON, as in at_synchronise */
            }
            at_text(&modem->line, "\r");
        }
        at_text(&modem->line, "AT\r");
        result = at_answer(&modem->line, NULL, NULL, NULL, 0);
        elapsed = modem->line.uart.clock(modem->line.uart.context) - start;
        if ((result != AT_ERR_TIMEOUT && result != AT_ERR_GARBAGE) || elapsed >= milliseconds) {
            return result == AT_ERR_MODEM ? AT_OK : result; /* it is awake */
        }
    }
}

at_result kpn_modem_open(kpn_modem *modem, const char *address, uint16_t port)
{
    if (modem == NULL || address == NULL || !is_ipv4(address) || port == 0) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->state != IDLE) {
        return AT_ERR_STATE;
    }
    modem->may_have_arrived = false;
    modem->closed = false;
    modem->announced = false;
    at_result result = synchronise(modem);
    if (result == AT_OK) {
        result = note(modem, modem->kind->open(modem, address, port));
        if (result == AT_OK) {
            modem->state = OPEN;
        } else { /* the next synchronisation removes what is left of the socket */
            modem->socket = -1;
        }
    }
    return result;
}

/* Reads once whatever is there. */
static at_result hear(kpn_modem *modem, kpn_response *response)
{
    modem->got = 0;
    return note(modem, modem->kind->read(modem, response));
}

/* Reads until the response is complete. */
static at_result collect(kpn_modem *modem, kpn_response *response)
{
    uint32_t start = modem->line.uart.clock(modem->line.uart.context);

    while (modem->fed != KPN_OK) {
        uint32_t elapsed = modem->line.uart.clock(modem->line.uart.context) - start;
        if (elapsed >= modem->times.response) {
            return note(modem, AT_ERR_TIMEOUT);
        }
        at_result result = AT_OK;
        uint32_t left = modem->times.response - elapsed;
        at_limit(&modem->line, left < modem->times.poll ? left : modem->times.poll);
        while (result == AT_OK && !modem->announced && !modem->closed) {
            result = at_listen(&modem->line);
        }
        if (result == AT_ERR_UART) {
            return note(modem, result);
        }
        bool last = modem->closed; /* reads what was left when the connection ended */
        result = hear(modem, response);
        if (modem->fed == KPN_OK) { /* complete and counted: it is valid even if the OK after it was lost */
            break;
        }
        if (result == AT_ERR_MODEM && last) {
            result = AT_OK;
        }
        if (result != AT_OK) {
            return result;
        }
        if (modem->fed != KPN_NEED_MORE) {
            return note(modem, AT_ERR_RESPONSE);
        }
        if (last && modem->got == 0) {
            modem->fed = response != NULL ? kpn_response_end(response) : modem->sink(modem->sink_context, NULL, 0);
            if (modem->fed == KPN_OK && modem->in_doubt) { /* what was sent twice may also have been answered */
                return note(modem, AT_ERR_GARBAGE);
            }
            return modem->fed == KPN_OK ? AT_OK : AT_ERR_CLOSED;
        }
    }
    return AT_OK;
}

static at_result send_all(kpn_modem *modem, const uint8_t *request, size_t len, kpn_response *response)
{
    modem->may_have_arrived = false;
    if (modem->state != OPEN) {
        return AT_ERR_STATE;
    }
    modem->state = SPOILT;
    modem->fed = KPN_NEED_MORE;
    modem->in_doubt = false;
    if (modem->closed) {
        return AT_ERR_CLOSED;
    }
    at_result result = AT_OK;
    while (result == AT_OK && len > 0 && (response == NULL || kpn_response_status(response) < FINAL_STATUS)) {
        kpn_span piece = {request, len < modem->kind->piece_max ? len : modem->kind->piece_max};
        result = note(modem, modem->kind->write(modem, piece, piece.len == len));
        int32_t number = modem->number;
        if (result == AT_OK) {
            modem->in_doubt = modem->in_doubt || modem->written < piece.len;
            request += modem->written;
            len -= modem->written;
        } else if ((result == AT_ERR_MODEM || result == AT_ERR_CLOSED) && (modem->announced || modem->closed)
                   && collect(modem, response) == AT_OK) { /* it had answered before, and that answer counts */
            modem->state = ANSWERED;
            return AT_OK;
        } else if (result == AT_ERR_MODEM) {
            modem->number = number;
            result = modem->closed ? AT_ERR_CLOSED : AT_ERR_MODEM;
        }
        modem->may_have_arrived = modem->may_have_arrived || modem->in_doubt;
        if (result == AT_OK && len > 0 && modem->announced) {
            result = hear(modem, response);
            if (result == AT_OK && modem->fed < 0) {
                result = note(modem, AT_ERR_RESPONSE);
            }
        }
    }
    if (result == AT_OK) {
        modem->state = len > 0 ? ANSWERED : SENT;
    }
    return result;
}

static at_result receive_all(kpn_modem *modem, kpn_response *response)
{
    if (modem->state != SENT && modem->state != ANSWERED) {
        return AT_ERR_STATE;
    }
    bool whole = modem->state == SENT;
    modem->state = SPOILT;
    at_result result = collect(modem, response);
    if (result == AT_OK && whole && modem->synchronised && !modem->closed && !modem->in_doubt
        && (response == NULL || kpn_response_keep_alive(response))) {
        modem->state = OPEN;
    }
    return result;
}

at_result kpn_modem_send(kpn_modem *modem, const uint8_t *request, size_t len, kpn_response *response)
{
    if (modem == NULL || request == NULL || len == 0 || len > PTRDIFF_MAX || response == NULL
        || kpn_response_status(response) != 0) {
        return AT_ERR_ARGUMENT;
    }
    return send_all(modem, request, len, response);
}

at_result kpn_modem_receive(kpn_modem *modem, kpn_response *response)
{
    return modem == NULL || response == NULL ? AT_ERR_ARGUMENT : receive_all(modem, response);
}

at_result kpn_modem_transfer(kpn_modem *modem, const uint8_t *request, size_t len,
                             kpn_status (*sink)(void *context, const uint8_t *bytes, size_t len), void *context)
{
    if (modem == NULL || request == NULL || len == 0 || len > PTRDIFF_MAX || sink == NULL) {
        return AT_ERR_ARGUMENT;
    }
    modem->sink = sink;
    modem->sink_context = context;
    at_result result = send_all(modem, request, len, NULL);
    return result == AT_OK ? receive_all(modem, NULL) : result;
}

bool kpn_modem_is_open(const kpn_modem *modem)
{
    return modem != NULL && modem->state == OPEN && !modem->closed;
}

at_result kpn_modem_close(kpn_modem *modem)
{
    if (modem == NULL) {
        return AT_ERR_ARGUMENT;
    }
    if (modem->state == IDLE) {
        return AT_OK;
    }
    if (modem->kind == NULL) {
        return AT_ERR_STATE;
    }
    modem->state = IDLE;
    bool had = modem->synchronised;
    at_result result = synchronise(modem);
    if (result == AT_OK && had) { /* otherwise the recovery closed it */
        result = note(modem, modem->kind->close(modem));
        if (result == AT_ERR_MODEM && modem->closed) { /* there was nothing left to close */
            result = AT_OK;
        }
    }
    modem->socket = -1;
    return result;
}

bool kpn_modem_may_have_arrived(const kpn_modem *modem)
{
    return modem != NULL && modem->may_have_arrived;
}

int32_t kpn_modem_error_number(const kpn_modem *modem)
{
    return modem != NULL ? modem->number : -1;
}

kpn_status kpn_modem_response_status(const kpn_modem *modem)
{
    return modem != NULL ? modem->fed : KPN_ERR_INVALID_ARGUMENT;
}

at_result kpn_modem_ask_number(kpn_modem *modem, at_result result, const char *command, const char *prefix)
{
    int32_t number;

    if (result == AT_ERR_MODEM && modem->line.number < 0) {
        at_limit(&modem->line, modem->times.command);
        at_text(&modem->line, command);
        at_result asked = at_answer(&modem->line, NULL, prefix, &number, 1);
        if (asked == AT_OK) {
            modem->line.number = number;
        } else if (asked != AT_ERR_MODEM) {
            return asked;
        }
    }
    return result;
}

void kpn_modem_hex(kpn_modem *modem, kpn_span piece)
{
    kpn_pieces steps;
    char digits[2 * HEX_STEP + 1];
    size_t len;

    if (kpn_pieces_begin(&steps, piece.ptr, piece.len, HEX_STEP) == KPN_OK) {
        while (kpn_pieces_next_hex(&steps, digits, sizeof digits, &len) == KPN_OK) {
            at_text(&modem->line, digits);
        }
    }
}

static int digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte = (uint8_t)(byte | 0x20); /* either case */
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Converts two digits to each byte; false if they are not digits. */
static bool from_hex(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = digit(bytes[2 * i]);
        int low = digit(bytes[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(16 * high + low);
    }
    return true;
}

at_result kpn_modem_feed(kpn_modem *modem, kpn_response *response, size_t len, const char *tail)
{
    uint8_t decoded[2 * HEX_STEP];
    kpn_status fed = KPN_NEED_MORE;
    at_result result = AT_OK;

    modem->got = len;
    for (size_t left = len; left > 0 && result == AT_OK;) {
        const uint8_t *bytes = decoded;
        size_t count = 0;
        if (modem->kind->hex) {
            size_t wanted = left < (size_t)HEX_STEP ? left : (size_t)HEX_STEP;
            while (count < 2 * wanted && result == AT_OK) {
                size_t some;
                result = at_take(&modem->line, &bytes, 2 * wanted - count, &some);
                if (result == AT_OK) {
                    memcpy(&decoded[count], bytes, some);
                    count += some;
                }
            }
            bytes = decoded;
            count = wanted;
            if (result == AT_OK && !from_hex(decoded, wanted)) {
                result = AT_ERR_GARBAGE;
            }
        } else {
            result = at_take(&modem->line, &bytes, left, &count);
        }
        if (result == AT_OK) {
            left -= count;
            if (fed == KPN_NEED_MORE) { /* after the end or a failure, the rest is only counted */
                fed = response != NULL ? kpn_response_feed(response, bytes, count, NULL)
                                       : modem->sink(modem->sink_context, bytes, count);
            }
        }
    }
    for (; *tail != '\0' && result == AT_OK; tail++) {
        result = at_expect(&modem->line, *tail);
    }
    if (result == AT_OK && len > 0) {
        modem->fed = fed;
    }
    return result;
}
