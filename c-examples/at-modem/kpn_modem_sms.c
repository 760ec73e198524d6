/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kpn_modem_sms.h"

#include <string.h>

enum { ROUNDS = 256 }; /* more than a SIM or a modem stores */

enum { NOBODY, LISTED, DIRECT }; /* whose text comes next */

/* The text after the quotation mark with this number, counted from 1; NULL if there are fewer. */
static const char *behind_quote(const char *text, int number)
{
    for (; number > 0 && text != NULL; number--) {
        text = strchr(text, '"');
        text = text != NULL ? text + 1 : NULL;
    }
    return text;
}

static bool is_platform(const char *sender)
{
    const char *end = sender != NULL ? strchr(sender, '"') : NULL;

    return end != NULL && kpn_sms_is_from_platform_n(sender, (size_t)(end - sender));
}

/* A text that fills the line may have been longer. */
static bool take_text(kpn_modem_sms *sms, const char *line)
{
    size_t len = strlen(line);

    if (!sms->from_platform || len == 0 || len >= AT_LINE_CAP - 1) {
        sms->dropped++;
        return false;
    }
    memcpy(sms->text, line, len + 1);
    sms->in_use = true;
    return true;
}

static void listen(void *context, const char *line)
{
    kpn_modem_sms *sms = (kpn_modem_sms *)context;
    const char *listed = at_after(line, "+CMGL: ");
    const char *direct = at_after(line, "+CMT: ");

    if (sms->modem->line.is_text) {
        if (sms->expected == LISTED && !sms->holds) {
            sms->found = take_text(sms, line);
        } else if (sms->expected == DIRECT) {
            sms->holds = take_text(sms, line);
        }
        sms->expected = NOBODY;
    } else if (at_after(line, "+CMTI: ") != NULL) {
        sms->told = true;
    } else if (listed != NULL && sms->listed < 0 && at_numbers(listed, &sms->listed, 1)) {
        sms->expected = LISTED;
        sms->from_platform = is_platform(behind_quote(listed, 3)); /* the status comes before the sender */
    } else if (direct != NULL && sms->direct) { /* otherwise it is a line of a stored SMS */
        if (sms->in_use || sms->burst) {
            sms->dropped++;
        } else {
            sms->expected = DIRECT;
            sms->from_platform = is_platform(behind_quote(direct, 1));
        }
        sms->burst = true;
        sms->told = true;
        sms->heard++;
    }
}

at_result kpn_modem_sms_begin(kpn_modem_sms *sms, kpn_modem *modem, bool direct)
{
    static const char *const commands[] = {"AT+CMGF=1", "AT+CSCS=\"IRA\""};
    at_result result = AT_OK;

    if (sms == NULL || modem == NULL) {
        return AT_ERR_ARGUMENT;
    }
    memset(sms, 0, sizeof *sms);
    sms->modem = modem;
    sms->index = -1;
    sms->told = true; /* there may be old ones */
    sms->direct = direct;
    modem->listener = listen;
    modem->listener_context = sms;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && result == AT_OK; i++) {
        result = kpn_modem_command(modem, commands[i], modem->times.command);
    }
    if (result == AT_OK) {
        result = kpn_modem_command(modem, direct ? "AT+CNMI=2,2,0,0,0" : "AT+CNMI=2,1,0,0,0", modem->times.command);
    }
    return result;
}

bool kpn_modem_sms_is_waiting(const kpn_modem_sms *sms)
{
    return sms != NULL && sms->told;
}

static at_result delete_last(kpn_modem_sms *sms)
{
    char text[24] = "AT+CMGD=";
    char digits[12];
    size_t at = sizeof digits - 1;
    int32_t number = sms->index;
    at_result result;

    if (number < 0) {
        return AT_OK;
    }
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    strcat(text, &digits[at]);
    result = kpn_modem_command(sms->modem, text, sms->modem->times.command);
    if (result == AT_OK) {
        sms->index = -1;
    }
    return result;
}

/* What comes right behind an SMS may be lines of its text that look like another one. */
static at_result fall_silent(kpn_modem_sms *sms)
{
    at_result result = AT_OK;

    for (int i = 0; i < ROUNDS && result == AT_OK && sms->burst; i++) {
        uint32_t before = sms->heard;
        result = kpn_modem_wait(sms->modem, sms->modem->times.quiet);
        sms->burst = result != AT_OK || sms->heard != before;
    }
    return result;
}

/* Lists what is stored. All of the answer is heard, even if an SMS contains an OK. */
static at_result list(kpn_modem_sms *sms)
{
    at_result result = fall_silent(sms);

    sms->in_use = false;
    sms->found = false;
    sms->told = false;
    sms->listed = -1;
    if (result == AT_OK) {
        result = kpn_modem_command(sms->modem, "AT+CMGL=\"ALL\"", sms->modem->times.command);
    }
    if (result == AT_OK) {
        result = kpn_modem_wait(sms->modem, sms->modem->times.quiet);
    }
    if (sms->burst) { /* it cannot be told apart from the list */
        sms->found = false;
        sms->listed = -1;
    }
    return result;
}

at_result kpn_modem_sms_next(kpn_modem_sms *sms, char **out_text, size_t *out_len)
{
    at_result result = AT_OK;

    if (sms == NULL || out_text == NULL || out_len == NULL) {
        return AT_ERR_ARGUMENT;
    }
    *out_text = NULL;
    *out_len = 0;
    if (sms->modem == NULL) {
        return AT_ERR_STATE;
    }
    for (int i = 0; i < ROUNDS && result == AT_OK; i++) {
        result = delete_last(sms);
        if (result == AT_OK && !sms->holds) {
            result = list(sms);
            if (result == AT_OK && sms->listed < 0 && !sms->burst) {
                return AT_OK;
            }
            sms->told = true; /* there may be another one */
            sms->index = result == AT_OK && !sms->holds ? sms->listed : -1;
        }
        if (result == AT_OK && (sms->holds || sms->found)) {
            sms->holds = false;
            *out_text = sms->text;
            *out_len = strlen(sms->text);
            return AT_OK;
        }
    }
    return result;
}
