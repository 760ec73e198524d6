/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "at.h"

#include <string.h>

enum { TRIES = 4, NUMBER_MAX = 99999999 };

const char *at_result_text(at_result result)
{
    switch (result) {
    case AT_OK: return "done";
    case AT_ERR_ARGUMENT: return "an argument is malformed";
    case AT_ERR_STATE: return "a call in the wrong order";
    case AT_ERR_TIMEOUT: return "nothing came in time";
    case AT_ERR_MODEM: return "the modem refuses";
    case AT_ERR_CLOSED: return "the connection was closed";
    case AT_ERR_GARBAGE: return "the UART loses or changes bytes";
    case AT_ERR_UART: return "the UART failed";
    case AT_ERR_RESPONSE: return "the answer is not HTTP";
    case AT_ERR_SIM: return "no SIM, or its PIN is missing or wrong";
    case AT_ERR_DENIED: return "the network refuses the SIM or its APN";
    default: return "not a result";
    }
}

const char *at_after(const char *line, const char *prefix)
{
    for (; *prefix != '\0'; prefix++) {
        if (*line == *prefix) {
            line++;
        } else if (*prefix != ' ') {
            return NULL;
        }
    }
    return line;
}

bool at_numbers(const char *text, int32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t number = 0;
        if (*text < '0' || *text > '9') {
            return false;
        }
        while (*text >= '0' && *text <= '9') {
            if (number > NUMBER_MAX) {
                return false;
            }
            number = 10 * number + (*text++ - '0');
        }
        if (*text != '\0' && *text != ',') {
            return false;
        }
        if (*text == ',') {
            text++;
        }
        numbers[i] = number;
    }
    return true;
}

void at_begin(at *modem, const at_uart *uart, void (*urc)(void *owner, const char *line), void *owner)
{
    memset(modem, 0, sizeof *modem);
    modem->uart = *uart;
    modem->urc = urc;
    modem->owner = owner;
    modem->number = -1;
}

void at_limit(at *modem, uint32_t milliseconds)
{
    modem->start = modem->uart.clock(modem->uart.context);
    modem->limit = milliseconds;
    modem->garbage = false;
    modem->write_failed = false;
}

void at_bytes(at *modem, const uint8_t *bytes, size_t len)
{
    if (len > 0 && !modem->write_failed && !modem->uart.write(modem->uart.context, bytes, len)) {
        modem->write_failed = true;
    }
}

void at_text(at *modem, const char *text)
{
    at_bytes(modem, (const uint8_t *)text, strlen(text));
}

void at_number(at *modem, uint32_t number)
{
    char digits[11];
    size_t at = sizeof digits - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    at_text(modem, &digits[at]);
}

at_result at_take(at *modem, const uint8_t **out_bytes, size_t max, size_t *out_len)
{
    if (modem->write_failed) {
        return AT_ERR_UART;
    }
    if (modem->rx_at == modem->rx_len) {
        uint32_t elapsed = modem->uart.clock(modem->uart.context) - modem->start;
        int32_t got = 0;
        if (elapsed < modem->limit) {
            got = modem->uart.read(modem->uart.context, modem->rx, sizeof modem->rx, modem->limit - elapsed);
        }
        if (got < 0 || got > AT_RX_CAP) {
            return AT_ERR_UART;
        }
        modem->rx_at = 0;
        modem->rx_len = (uint8_t)got;
        if (got == 0) {
            return modem->garbage ? AT_ERR_GARBAGE : AT_ERR_TIMEOUT;
        }
    }
    size_t len = (size_t)(modem->rx_len - modem->rx_at);
    if (len > max) {
        len = max;
    }
    *out_bytes = &modem->rx[modem->rx_at];
    *out_len = len;
    modem->rx_at = (uint8_t)(modem->rx_at + len);
    return AT_OK;
}

static at_result take_byte(at *modem, char *byte)
{
    const uint8_t *bytes;
    size_t len;
    at_result result = at_take(modem, &bytes, 1, &len);

    if (result == AT_OK) {
        *byte = (char)bytes[0];
    }
    return result;
}

at_result at_expect(at *modem, char byte)
{
    char got;
    at_result result = take_byte(modem, &got);

    return result != AT_OK ? result : got == byte ? AT_OK : AT_ERR_GARBAGE;
}

/* The next line that is not empty. Also ends at `prompt` if that comes first, and after `prefix` at `end`. */
static at_result next_line(at *modem, char prompt, const char *prefix, char end)
{
    if (modem->line_done) { /* continues what a time-out left */
        modem->line_done = false;
        modem->line_len = 0;
    }
    for (;;) {
        char byte;
        at_result result = take_byte(modem, &byte);
        if (result != AT_OK) {
            return result;
        }
        bool ends = byte == '\r' || byte == '\n';
        if (modem->line_len == 0 && (ends || byte == ' ')
            && !(modem->is_text && byte == '\r')) { /* some prompts are followed by a space */
            continue;
        }
        if (!ends && (byte < ' ' || byte > '~')) {
            modem->garbage = true;
        }
        modem->line[modem->line_len] = '\0';
        ends = ends || (byte == end && end != '\0' && at_after(modem->line, prefix) != NULL);
        ends = ends || (byte == prompt && prompt != '\0' && modem->line_len == 0);
        if (ends) {
            modem->line_end = byte;
            modem->line_done = true;
            return AT_OK;
        }
        if (modem->line_len < AT_LINE_CAP - 1) { /* the beginning of longer lines, such as echoes, is enough */
            modem->line[modem->line_len++] = byte;
        }
    }
}

/* What a line says about a command; AT_OK for nothing yet. */
static at_result refusal(at *modem)
{
    const char *number = at_after(modem->line, "+CME ERROR: ");

    number = number != NULL ? number : at_after(modem->line, "+CMS ERROR: ");
    modem->number = -1;
    if (number != NULL) {
        int32_t value;
        if (at_numbers(number, &value, 1)) {
            modem->number = value;
        }
        return AT_ERR_MODEM;
    }
    if (strcmp(modem->line, "ERROR") == 0 || strcmp(modem->line, "NO CARRIER") == 0 || strcmp(modem->line, "SEND FAIL") == 0
        || strcmp(modem->line, "CONNECT FAIL") == 0) {
        return AT_ERR_MODEM;
    }
    return AT_OK;
}

static void hear(at *modem)
{
    bool was_text = modem->is_text;

    if (modem->urc != NULL) {
        modem->urc(modem->owner, modem->line);
    }
    modem->is_text = !was_text
                     && (at_after(modem->line, "+CMT: ") != NULL || at_after(modem->line, "+CMGL: ") != NULL
                         || at_after(modem->line, "+CMGR: ") != NULL);
}

/* As `next_line`, while waiting for an answer: texts of SMS are not answers, and a refusal is a failure. */
static at_result next_answer(at *modem, char prompt, const char *prefix, char end)
{
    at_result result = AT_OK;

    while (modem->is_text && result == AT_OK) {
        result = next_line(modem, '\0', NULL, '\0');
        if (result == AT_OK) {
            hear(modem);
        }
    }
    if (result == AT_OK) {
        result = next_line(modem, prompt, prefix, end);
    }
    return result == AT_OK ? refusal(modem) : result;
}

at_result at_answer(at *modem, const char *ok, const char *prefix, int32_t *numbers, size_t count)
{
    bool answered = false;
    bool informed = prefix == NULL;

    while (!answered || !informed) {
        at_result result = next_answer(modem, '\0', NULL, '\0');
        const char *text = prefix != NULL ? at_after(modem->line, prefix) : NULL;
        if (result != AT_OK) {
            return result;
        }
        if (strcmp(modem->line, ok != NULL ? ok : "OK") == 0) {
            answered = true;
        } else if (text != NULL) {
            if (!at_numbers(text, numbers, count)) {
                return AT_ERR_GARBAGE;
            }
            informed = true;
        } else {
            hear(modem);
        }
    }
    return AT_OK;
}

at_result at_command(at *modem, const char *command, uint32_t milliseconds)
{
    at_limit(modem, milliseconds);
    at_text(modem, command);
    at_text(modem, "\r");
    return at_answer(modem, NULL, NULL, NULL, 0);
}

at_result at_prompt(at *modem, char prompt)
{
    at_result result;

    while ((result = next_answer(modem, prompt, NULL, '\0')) == AT_OK && modem->line_end != prompt) {
        hear(modem);
    }
    return result;
}

at_result at_info(at *modem, const char *prefix, char end)
{
    at_result result;

    while ((result = next_answer(modem, '\0', prefix, end)) == AT_OK && at_after(modem->line, prefix) == NULL) {
        if (strcmp(modem->line, "OK") == 0) { /* its line was lost */
            return AT_ERR_GARBAGE;
        }
        hear(modem);
    }
    return result;
}

at_result at_listen(at *modem)
{
    at_result result = next_line(modem, '\0', NULL, '\0');

    if (result == AT_OK) {
        hear(modem);
    }
    return result;
}

at_result at_pause(at *modem, uint32_t milliseconds)
{
    at_result result;

    at_limit(modem, milliseconds);
    while ((result = at_listen(modem)) == AT_OK) {
    }
    return result == AT_ERR_TIMEOUT || result == AT_ERR_GARBAGE ? AT_OK : result;
}

/* Drops what arrives, until nothing has arrived for this long. */
static at_result settle(at *modem, uint32_t milliseconds, uint32_t quiet)
{
    const uint8_t *bytes;
    size_t len;
    uint32_t start = modem->uart.clock(modem->uart.context);
    at_result result;

    do {
        at_limit(modem, quiet);
        result = at_take(modem, &bytes, AT_RX_CAP, &len);
    } while (result == AT_OK && modem->uart.clock(modem->uart.context) - start < milliseconds);
    modem->line_done = true;
    modem->is_text = false;
    return result == AT_ERR_UART ? result : AT_OK;
}

at_result at_synchronise(at *modem, uint32_t milliseconds, uint32_t quiet, size_t owed)
{
    at_result result = AT_OK;
    int32_t ignored;

    for (int i = 0; i < TRIES; i++) {
        if ((result = settle(modem, milliseconds, quiet)) != AT_OK) {
            return result;
        }
        at_limit(modem, milliseconds);
        if (i > 0) { /* the first query woke a modem that misses a few bytes */
            for (; owed > 0; owed--) {
                at_text(modem, "A");
            }
            at_text(modem, "\r");
            if ((result = settle(modem, milliseconds, quiet)) != AT_OK) {
                return result;
            }
            at_limit(modem, milliseconds);
        }
        at_text(modem, "AT+CMEE?\r"); /* its answer cannot be mistaken for a late answer to another command */
        result = at_answer(modem, NULL, "+CMEE: ", &ignored, 1);
        if (result == AT_OK) {
            return i == 0 ? AT_OK : settle(modem, milliseconds, quiet);
        }
        if (result == AT_ERR_UART) {
            return result;
        }
    }
    return result;
}
