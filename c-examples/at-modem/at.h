/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lines, prompts and counted bytes of a modem that takes AT commands (ITU-T V.250), over functions of yours.
 * No heap, no static memory; the struct is yours and belongs to one thread. C99 and C++11.
 */
#ifndef AT_H
#define AT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What came of it. Values are fixed; below 0 is failure. */
typedef int32_t at_result;
#define AT_OK (0)            /* done */
#define AT_ERR_ARGUMENT (-1) /* an argument is NULL, empty or malformed */
#define AT_ERR_STATE (-2)    /* a call in the wrong order; nothing was done */
#define AT_ERR_TIMEOUT (-3)  /* nothing came in time */
#define AT_ERR_MODEM (-4)    /* the modem refuses; `number` says why, when it told */
#define AT_ERR_CLOSED (-5)   /* the connection was closed by the other side or by the network */
#define AT_ERR_GARBAGE (-6) /* not what such a modem says: the UART lost, doubled or changed bytes, or has another speed */
#define AT_ERR_UART (-7) /* one of your functions failed */
#define AT_ERR_RESPONSE (-8) /* the answer of the platform is not HTTP */
#define AT_ERR_SIM (-9) /* there is no SIM, it wants a PIN that was not given, or it refuses the one that was */
#define AT_ERR_DENIED (-10) /* the network refuses the SIM or its APN */

/* One English sentence for a result, never NULL. */
const char *at_result_text(at_result result);

/* Your UART and your clock. All of them are needed. */
typedef struct at_uart {
    void *context; /* handed to each of the functions */
    /* Writes all bytes, in the order of the calls; false when that is not possible. */
    bool (*write)(void *context, const uint8_t *bytes, size_t len);
    /* Reads 1 to `cap` bytes as soon as there are any; 0 when none came within `milliseconds`; below 0 when the UART failed. */
    int32_t (*read)(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds);
    /* Milliseconds since any moment; may wrap around. */
    uint32_t (*clock)(void *context);
} at_uart;

/* Of longer lines only the beginning is kept. An SMS needs 161; without SMS, 96 are enough. At most 255. */
#ifndef AT_LINE_CAP
#define AT_LINE_CAP 176
#endif

enum { AT_RX_CAP = 64 };

/* A conversation with a modem. Private, except what the comments name. */
typedef struct at {
    at_uart uart;
    void (*urc)(void *owner, const char *line); /* gets each line that answers no command; may be NULL */
    void *owner;
    uint32_t start; /* of the running limit */
    uint32_t limit;
    int32_t number; /* of the last AT_ERR_MODEM; -1 when the modem gave none */
    bool write_failed;
    bool garbage; /* unreadable lines came since the last command */
    bool line_done;
    bool is_text; /* the line is the text of an SMS, whatever it says */
    char line_end; /* what ended the line: CR, LF, a quotation mark or a prompt */
    uint8_t rx_at;
    uint8_t rx_len;
    uint8_t line_len;
    uint8_t rx[AT_RX_CAP];
    char line[AT_LINE_CAP];
} at;

/* Starts; nothing is sent. */
void at_begin(at *modem, const at_uart *uart, void (*urc)(void *owner, const char *line), void *owner);

/* Everything up to the next call of this must be over within so many milliseconds. */
void at_limit(at *modem, uint32_t milliseconds);

/* Parts of a command; a failure of the UART shows when the answer is awaited. */
void at_text(at *modem, const char *text);
void at_number(at *modem, uint32_t number);
void at_bytes(at *modem, const uint8_t *bytes, size_t len);

/*
 * Awaits the answer of a command: "OK", or what `ok` says when it is not NULL, and with `prefix` a line that begins with it and goes
 * on with numbers, which are stored; in any order.
 */
at_result at_answer(at *modem, const char *ok, const char *prefix, int32_t *numbers, size_t count);

/* Sends a whole command without its CR, and awaits OK within so many milliseconds. */
at_result at_command(at *modem, const char *command, uint32_t milliseconds);

/* Awaits a prompt: this character at the beginning of a line. */
at_result at_prompt(at *modem, char prompt);

/* Awaits a line that begins with `prefix`; behind that it ends at the first `end` too, unless that is NUL. It stands in `line`. */
at_result at_info(at *modem, const char *prefix, char end);

/* Takes at most `max` of the bytes that come next, as they are; `*out_len` is 1 or more. Valid until the next call. */
at_result at_take(at *modem, const uint8_t **out_bytes, size_t max, size_t *out_len);

/* Takes one byte, which must be this one. */
at_result at_expect(at *modem, char byte);

/* Awaits a line that answers no command, and hands it to `urc`. */
at_result at_listen(at *modem);

/* Waits, and listens meanwhile. */
at_result at_pause(at *modem, uint32_t milliseconds);

/*
 * Finds back to a modem in an unknown state: answers that are late are dropped, and up to `owed` bytes are sent to one that still waits
 * for data. They are no JSON, so that they cannot complete a message that lost bytes.
 */
at_result at_synchronise(at *modem, uint32_t milliseconds, uint32_t quiet, size_t owed);

/* What follows `prefix` in a line, NULL when it begins otherwise. A space in `prefix` may be missing in the line: some modems say none. */
const char *at_after(const char *line, const char *prefix);

/* Reads `count` decimal numbers with commas between them. */
bool at_numbers(const char *text, int32_t *numbers, size_t count);

#ifdef __cplusplus
}
#endif

#endif
