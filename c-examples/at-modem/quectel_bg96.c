/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quectel_bg96.h"

#include <string.h>

/* AT+<name>=<connection>, without the end of the line. */
static void begin_command(kpn_modem *modem, const char *name, uint32_t milliseconds)
{
    at_limit(&modem->line, milliseconds);
    at_text(&modem->line, "AT+");
    at_text(&modem->line, name);
    at_text(&modem->line, "=");
    at_number(&modem->line, BG96_CONNECTION);
}

/* For a plain ERROR the number must be asked for; manual 2.2, AT+QIGETERROR. */
static at_result with_number(kpn_modem *modem, at_result result)
{
    return kpn_modem_ask_number(modem, result, "AT+QIGETERROR\r", "+QIGETERROR: ");
}

static at_result bg96_close(kpn_modem *modem)
{
    begin_command(modem, "QICLOSE", modem->times.close);
    at_text(&modem->line, "\r");
    return at_answer(&modem->line, NULL, NULL, NULL, 0);
}

static at_result bg96_recover(kpn_modem *modem)
{
    at_result result = bg96_close(modem);

    return result == AT_ERR_MODEM ? AT_OK : result; /* there was none */
}

/* OK comes at once, `+QIOPEN: <connection>,<error>` when the result is known; manual 2.2.4. */
static at_result bg96_open(kpn_modem *modem, const char *address, uint16_t port)
{
    int32_t numbers[2];

    at_limit(&modem->line, modem->times.open);
    at_text(&modem->line, "AT+QIOPEN=");
    at_number(&modem->line, BG96_CONTEXT);
    at_text(&modem->line, ",");
    at_number(&modem->line, BG96_CONNECTION);
    at_text(&modem->line, ",\"TCP\",\"");
    at_text(&modem->line, address);
    at_text(&modem->line, "\",");
    at_number(&modem->line, port);
    at_text(&modem->line, ",0,0\r"); /* any local port; data is kept until it is read */
    at_result result = at_answer(&modem->line, NULL, "+QIOPEN: ", numbers, 2);
    if (result == AT_OK && numbers[0] != BG96_CONNECTION) {
        result = AT_ERR_GARBAGE;
    }
    if (result == AT_OK || result == AT_ERR_MODEM) {
        modem->socket = BG96_CONNECTION;
    }
    if (result == AT_OK && numbers[1] != 0) {
        modem->line.number = numbers[1];
        result = AT_ERR_MODEM;
    }
    return with_number(modem, result);
}

static at_result bg96_write(kpn_modem *modem, kpn_span piece, bool last)
{
    modem->owed = modem->kind->piece_max; /* a digit of the length may have been lost on the way */
    begin_command(modem, "QISEND", modem->times.write);
    at_text(&modem->line, ",");
    at_number(&modem->line, (uint32_t)piece.len);
    at_text(&modem->line, "\r");
    at_result result = at_prompt(&modem->line, '>');
    if (result == AT_OK) {
        modem->may_have_arrived = last;
        at_bytes(&modem->line, piece.ptr, piece.len);
        result = at_answer(&modem->line, "SEND OK", NULL, NULL, 0);
        if (result == AT_ERR_MODEM && strcmp(modem->line.line, "SEND FAIL") == 0) { /* no room in the modem; manual 2.2.7 */
            modem->may_have_arrived = false;
        }
    }
    if (result == AT_OK || result == AT_ERR_MODEM) {
        modem->owed = 0;
    }
    modem->written = piece.len; /* SEND OK says so, and SEND FAIL means that it took nothing */
    return with_number(modem, result);
}

/* The answer is `+QIRD: <bytes>`, the end of that line, the data, and an end of line; manual 2.2.8. */
static at_result bg96_read(kpn_modem *modem, kpn_response *response)
{
    static const char prefix[] = "+QIRD: ";
    int32_t len = 0;
    size_t max = modem->read_max < 1 ? 1 : modem->read_max < modem->kind->read_max ? modem->read_max : modem->kind->read_max;

    modem->announced = false;
    begin_command(modem, "QIRD", modem->times.command);
    at_text(&modem->line, ",");
    at_number(&modem->line, (uint32_t)max);
    at_text(&modem->line, "\r");
    at_result result = at_info(&modem->line, prefix, '\0');
    if (result == AT_OK
        && (!at_numbers(at_after(modem->line.line, prefix), &len, 1) || (size_t)len > max || modem->line.line_end != '\r')) {
        result = AT_ERR_GARBAGE;
    }
    if (result == AT_OK) {
        result = at_expect(&modem->line, '\n');
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

static void bg96_urc(void *owner, const char *line)
{
    kpn_modem *modem = (kpn_modem *)owner;
    const char *data = at_after(line, "+QIURC: \"recv\",");
    const char *end = at_after(line, "+QIURC: \"closed\",");
    int32_t number;

    if (data != NULL && at_numbers(data, &number, 1) && number == BG96_CONNECTION) {
        modem->announced = true;
    } else if (end != NULL && at_numbers(end, &number, 1) && number == BG96_CONNECTION) {
        modem->closed = true;
    } else if (at_after(line, "+QIURC: \"pdpdeact\",") != NULL
               || at_after(line, "APP RDY") != NULL) { /* no data connection; a restart */
        modem->closed = true;
    }
}

/* The longest response times in the manual: 2.2.4, 2.2.5, 2.2.7. */
const kpn_modem_kind kpn_bg96 = {BG96_PIECE_MAX, BG96_READ_MAX, false,      {10000, 150000, 120000, 60000, 10000, 5000, 100},
                                 bg96_recover,   bg96_open,     bg96_write, bg96_read,
                                 bg96_close,     bg96_urc};
