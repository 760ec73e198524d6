/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sara_r4.h"

#include <string.h>

enum { TCP = 6 };

/* AT+<name>=<socket>, without the end of the line. */
static void begin_command(kpn_modem *modem, const char *name, int32_t socket, uint32_t milliseconds)
{
    at_limit(&modem->line, milliseconds);
    at_text(&modem->line, "AT+");
    at_text(&modem->line, name);
    at_text(&modem->line, "=");
    at_number(&modem->line, (uint32_t)socket);
}

/* For a plain ERROR the number must be asked for; manual 19.8. */
static at_result with_number(kpn_modem *modem, at_result result)
{
    return kpn_modem_ask_number(modem, result, "AT+USOER\r", "+USOER: ");
}

static at_result sara_close_one(kpn_modem *modem, int32_t socket)
{
    begin_command(modem, "USOCL", socket, modem->times.close);
    at_text(&modem->line, "\r");
    return at_answer(&modem->line, NULL, NULL, NULL, 0);
}

static at_result sara_recover(kpn_modem *modem)
{
    at_result result = AT_ERR_MODEM; /* the answer if the socket is not open */

    for (int32_t socket = 0; socket < SARA_R4_SOCKETS && (result == AT_OK || result == AT_ERR_MODEM); socket++) {
        result = sara_close_one(modem, socket);
    }
    if (result == AT_OK || result == AT_ERR_MODEM) {
        result = at_command(&modem->line, modem->kind->hex ? "AT+UDCONF=1,1" : "AT+UDCONF=1,0", modem->times.command);
        if (result == AT_ERR_MODEM && !modem->kind->hex) { /* a modem without hexadecimal mode */
            result = AT_OK;
        }
    }
    return result;
}

static at_result sara_open(kpn_modem *modem, const char *address, uint16_t port)
{
    int32_t socket;

    at_limit(&modem->line, modem->times.command);
    at_text(&modem->line, "AT+USOCR=");
    at_number(&modem->line, TCP);
    at_text(&modem->line, "\r");
    at_result result = with_number(modem, at_answer(&modem->line, NULL, "+USOCR: ", &socket, 1));
    if (result != AT_OK) {
        return result;
    }
    if (socket >= SARA_R4_SOCKETS) {
        return AT_ERR_GARBAGE;
    }
    modem->socket = socket;
    begin_command(modem, "USOCO", socket, modem->times.open);
    at_text(&modem->line, ",\"");
    at_text(&modem->line, address);
    at_text(&modem->line, "\",");
    at_number(&modem->line, port);
    at_text(&modem->line, "\r");
    return with_number(modem, at_answer(&modem->line, NULL, NULL, NULL, 0));
}

static at_result sara_write(kpn_modem *modem, kpn_span piece, bool last)
{
    int32_t numbers[2];
    at_result result = AT_OK;

    begin_command(modem, "USOWR", modem->socket, modem->times.write);
    at_text(&modem->line, ",");
    at_number(&modem->line, (uint32_t)piece.len);
    if (modem->kind->hex) {
        at_text(&modem->line, ",\"");
        kpn_modem_hex(modem, piece);
        modem->may_have_arrived = last;
        at_text(&modem->line, "\"\r");
    } else {
        modem->owed = modem->kind->piece_max; /* a digit of the length may have been lost on the way */
        at_text(&modem->line, "\r");
        result = at_prompt(&modem->line, '@');
        if (result == AT_OK) {
            result = at_pause(&modem->line, SARA_R4_PROMPT_PAUSE);
        }
        if (result == AT_OK) {
            modem->may_have_arrived = last;
            at_limit(&modem->line, modem->times.write);
            at_bytes(&modem->line, piece.ptr, piece.len);
        }
    }
    if (result == AT_OK) {
        result = at_answer(&modem->line, NULL, "+USOWR: ", numbers, 2);
    }
    if (result == AT_OK || result == AT_ERR_MODEM) {
        modem->owed = 0;
    }
    if (result == AT_ERR_MODEM) { /* a refused write did not happen */
        modem->may_have_arrived = false;
    }
    if (result == AT_OK && (numbers[0] != modem->socket || numbers[1] < 1 || numbers[1] > (int32_t)piece.len)) {
        result = AT_ERR_GARBAGE;
    }
    if (result == AT_OK) { /* it may accept fewer bytes than given */
        modem->written = (size_t)numbers[1];
    }
    return with_number(modem, result);
}

/* The answer is `+USORD: <socket>,<bytes>,"<data>"`, without `<bytes>,` if there are none; manual 19.12.4. */
static at_result sara_read(kpn_modem *modem, kpn_response *response)
{
    static const char prefix[] = "+USORD: ";
    const char *text;
    int32_t numbers[2] = {0, 0};
    size_t max = modem->read_max < 1 ? 1 : modem->read_max < modem->kind->read_max ? modem->read_max : modem->kind->read_max;

    modem->announced = false;
    begin_command(modem, "USORD", modem->socket, modem->times.command);
    at_text(&modem->line, ",");
    at_number(&modem->line, (uint32_t)max);
    at_text(&modem->line, "\r");
    at_result result = at_info(&modem->line, prefix, '"');
    if (result == AT_OK) {
        text = at_after(modem->line.line, prefix);
        if (modem->line.line_end != '"' || !(at_numbers(text, numbers, 2) || at_numbers(text, numbers, 1))
            || numbers[0] != modem->socket || (size_t)numbers[1] > max) {
            result = AT_ERR_GARBAGE;
        }
    }
    if (result == AT_OK) {
        result = kpn_modem_feed(modem, response, (size_t)numbers[1], "\"\r");
    }
    if (result == AT_OK) {
        result = at_answer(&modem->line, NULL, NULL, NULL, 0);
    }
    if (result == AT_OK && numbers[1] > 0) { /* there may be more */
        modem->announced = true;
    }
    return result;
}

static at_result sara_close(kpn_modem *modem)
{
    return sara_close_one(modem, modem->socket);
}

static void sara_urc(void *owner, const char *line)
{
    kpn_modem *modem = (kpn_modem *)owner;
    const char *data = at_after(line, "+UUSORD: ");
    const char *end = at_after(line, "+UUSOCL: ");
    const char *len;
    int32_t number;

    if (at_after(line, "+UUPSDD: ") != NULL) { /* the network took the data connection away */
        modem->closed = true;
    } else if (data != NULL && at_numbers(data, &number, 1) && number == modem->socket) {
        len = strchr(data, ',');
        if (len != NULL && strcmp(len, ",4294967295") == 0) { /* -1 as 32 bits without a sign: the end */
            modem->closed = true;
        } else {
            modem->announced = true;
        }
    } else if (end != NULL && at_numbers(end, &number, 1) && number == modem->socket) {
        modem->closed = true;
    }
}

/* The longest response times in the manual: 19.7, 19.9, 19.10. */
#define SARA_R4_TIMES {10000, 120000, 120000, 60000, 120000, 5000, 100}

const kpn_modem_kind kpn_sara_r4 = {SARA_R4_PIECE_MAX, SARA_R4_READ_MAX, false,     SARA_R4_TIMES, sara_recover,
                                    sara_open,         sara_write,       sara_read, sara_close,    sara_urc};

const kpn_modem_kind kpn_sara_r4_hex = {SARA_R4_PIECE_MAX_HEX,
                                        SARA_R4_READ_MAX_HEX,
                                        true,
                                        SARA_R4_TIMES,
                                        sara_recover,
                                        sara_open,
                                        sara_write,
                                        sara_read,
                                        sara_close,
                                        sara_urc};
