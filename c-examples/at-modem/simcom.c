/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "simcom.h"

#include <string.h>

static size_t read_max(const kpn_modem *modem)
{
    size_t max = modem->read_max < modem->kind->read_max ? modem->read_max : modem->kind->read_max;

    return max < 1 ? 1 : max;
}

static void send_number(kpn_modem *modem, const char *command, size_t number, uint32_t milliseconds)
{
    at_limit(&modem->line, milliseconds);
    at_text(&modem->line, command);
    at_number(&modem->line, (uint32_t)number);
    at_text(&modem->line, "\r");
}

/* A length, a prompt, the data, and the confirmation. */
static at_result write_piece(kpn_modem *modem, const char *command, kpn_span piece, bool last, const char *ok)
{
    modem->owed = modem->kind->piece_max; /* a digit of the length may have been lost on the way */
    send_number(modem, command, piece.len, modem->times.write);
    at_result result = at_prompt(&modem->line, '>');
    if (result == AT_OK) {
        modem->may_have_arrived = last;
        at_bytes(&modem->line, piece.ptr, piece.len);
        result = at_answer(&modem->line, ok, NULL, NULL, 0);
    }
    if (result == AT_OK || result == AT_ERR_MODEM) {
        modem->owed = 0;
    }
    modem->written = piece.len;
    return result;
}

static void open_with(kpn_modem *modem, const char *command, const char *address, uint16_t port)
{
    at_limit(&modem->line, modem->times.open);
    at_text(&modem->line, command);
    at_text(&modem->line, address);
    at_text(&modem->line, "\",");
    at_number(&modem->line, port);
    at_text(&modem->line, "\r");
}

static at_result close_with(kpn_modem *modem, const char *command, const char *ok)
{
    at_limit(&modem->line, modem->times.close);
    at_text(&modem->line, command);
    return at_answer(&modem->line, ok, NULL, NULL, 0);
}

/* `OK` comes at once, `CONNECT OK` or `CONNECT FAIL` when the result is known; manual 8.2.2. */
static at_result sim7000_open(kpn_modem *modem, const char *address, uint16_t port)
{
    open_with(modem, "AT+CIPSTART=\"TCP\",\"", address, port);
    at_result result = at_answer(&modem->line, NULL, NULL, NULL, 0);
    if (result == AT_OK) {
        result = at_answer(&modem->line, "CONNECT OK", NULL, NULL, 0);
    }
    if (result == AT_OK) {
        modem->socket = 0;
    }
    return result;
}

static at_result sim7000_write(kpn_modem *modem, kpn_span piece, bool last)
{
    return write_piece(modem, "AT+CIPSEND=", piece, last, "SEND OK");
}

/* The answer is `+CIPRXGET: 2,<bytes>,<bytes left>`, the end of that line, the data, and an end of line. */
static at_result sim7000_read(kpn_modem *modem, kpn_response *response)
{
    int32_t numbers[2] = {0, 0};
    size_t max = read_max(modem);

    modem->announced = false;
    send_number(modem, "AT+CIPRXGET=2,", max, modem->times.command);
    at_result result = at_info(&modem->line, "+CIPRXGET: 2,", '\0');
    if (result == AT_OK
        && (!at_numbers(at_after(modem->line.line, "+CIPRXGET: 2,"), numbers, 2) || (size_t)numbers[0] > max
            || modem->line.line_end != '\r')) {
        result = AT_ERR_GARBAGE;
    }
    if (result == AT_OK) {
        result = at_expect(&modem->line, '\n');
    }
    if (result == AT_OK && numbers[0] > 0) {
        result = kpn_modem_feed(modem, response, (size_t)numbers[0], "\r\n");
    }
    if (result == AT_OK) {
        result = at_answer(&modem->line, NULL, NULL, NULL, 0);
    }
    if (result == AT_OK && numbers[0] > 0) { /* there may be more */
        modem->announced = true;
    }
    return result;
}

static at_result sim7000_close(kpn_modem *modem)
{
    return close_with(modem, "AT+CIPCLOSE\r", "CLOSE OK");
}

static at_result sim7000_recover(kpn_modem *modem)
{
    at_result result = sim7000_close(modem);

    return result == AT_ERR_MODEM ? AT_OK : result; /* there was none */
}

static void sim7000_urc(void *owner, const char *line)
{
    kpn_modem *modem = (kpn_modem *)owner;

    if (strcmp(line, "CLOSED") == 0 || strcmp(line, "+PDP: DEACT") == 0) {
        modem->closed = true;
    } else if (at_after(line, "+CIPRXGET: 1") != NULL) {
        modem->announced = true;
    }
}

/* `+CAOPEN: <connection>,<result>` comes before or after `OK`. */
static at_result sim7080_open(kpn_modem *modem, const char *address, uint16_t port)
{
    int32_t numbers[2];

    open_with(modem, "AT+CAOPEN=0,0,\"TCP\",\"", address, port);
    at_result result = at_answer(&modem->line, NULL, "+CAOPEN: ", numbers, 2);
    if (result == AT_OK && numbers[0] != SIM7080_CONNECTION) {
        result = AT_ERR_GARBAGE;
    }
    if (result == AT_OK && numbers[1] != 0) {
        modem->line.number = numbers[1];
        result = AT_ERR_MODEM;
    }
    if (result == AT_OK) {
        modem->socket = SIM7080_CONNECTION;
    }
    return result;
}

static at_result sim7080_write(kpn_modem *modem, kpn_span piece, bool last)
{
    return write_piece(modem, "AT+CASEND=0,", piece, last, NULL);
}

/* The answer is `+CARECV: <bytes>,<data>` and an end of line, or `+CARECV: 0`. */
static at_result sim7080_read(kpn_modem *modem, kpn_response *response)
{
    int32_t len = 0;
    size_t max = read_max(modem);

    modem->announced = false;
    send_number(modem, "AT+CARECV=0,", max, modem->times.command);
    at_result result = at_info(&modem->line, "+CARECV: ", ',');
    if (result == AT_OK
        && (!at_numbers(at_after(modem->line.line, "+CARECV: "), &len, 1) || (size_t)len > max
            || (len > 0) != (modem->line.line_end == ','))) {
        result = AT_ERR_GARBAGE;
    }
    if (result == AT_OK && len > 0) {
        result = kpn_modem_feed(modem, response, (size_t)len, "\r\n");
    }
    if (result == AT_OK) {
        result = at_answer(&modem->line, NULL, NULL, NULL, 0);
    }
    if (result == AT_OK && len > 0) { /* there may be more */
        modem->announced = true;
    }
    return result;
}

static at_result sim7080_close(kpn_modem *modem)
{
    return close_with(modem, "AT+CACLOSE=0\r", NULL);
}

static at_result sim7080_recover(kpn_modem *modem)
{
    at_result result = sim7080_close(modem);

    return result == AT_ERR_MODEM ? AT_OK : result; /* there was none */
}

static void sim7080_urc(void *owner, const char *line)
{
    kpn_modem *modem = (kpn_modem *)owner;
    const char *data = at_after(line, "+CADATAIND: ");
    const char *state = at_after(line, "+CASTATE: ");
    int32_t numbers[2];

    if (data != NULL && at_numbers(data, numbers, 1) && numbers[0] == SIM7080_CONNECTION) {
        modem->announced = true;
    } else if (state != NULL && at_numbers(state, numbers, 2) && numbers[0] == SIM7080_CONNECTION && numbers[1] == 0) {
        modem->closed = true;
    } else if (at_after(line, "+APP PDP: 0,DEACTIVE") != NULL) {
        modem->closed = true;
    }
}

/* The longest times in the manuals: 75 s for a connection of SIM7080, 160 s for one of SIM7000. */
const kpn_modem_kind kpn_sim7000 = {
    SIM7000_PIECE_MAX, SIM7000_READ_MAX, false,         {10000, 160000, 120000, 60000, 10000, 5000, 100},
    sim7000_recover,   sim7000_open,     sim7000_write, sim7000_read,
    sim7000_close,     sim7000_urc};

const kpn_modem_kind kpn_sim7080 = {
    SIM7080_PIECE_MAX, SIM7080_READ_MAX, false,         {10000, 75000, 120000, 60000, 10000, 5000, 100},
    sim7080_recover,   sim7080_open,     sim7080_write, sim7080_read,
    sim7080_close,     sim7080_urc};
