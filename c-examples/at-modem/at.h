/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lines, prompts and counted bytes of a modem with AT commands (ITU-T V.250), over functions that you provide. No heap, no static memory;
 * you own the struct, and it belongs to one thread. C99 and C++11.
 */
#ifndef AT_H
#define AT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of a call. The values are fixed; below 0 is a failure. */
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

/* Your UART and your clock. All functions are required. */
typedef struct at_uart {
    void *context; /* passed to each of the functions */
    /* Writes all bytes, in the order of the calls; false if that is impossible. */
    bool (*write)(void *context, const uint8_t *bytes, size_t len);
    /* Reads 1 to `cap` bytes as soon as there are any; 0 if none came within `milliseconds`; below 0 if the UART failed. */
    int32_t (*read)(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds);
    /* Milliseconds since any moment; may wrap around. */
    uint32_t (*clock)(void *context);
} at_uart;

/* Only the beginning of longer lines is kept. An SMS needs 161; without SMS, 96 are enough. At most 255. */
#ifndef AT_LINE_CAP
#define AT_LINE_CAP 176
#endif

enum { AT_RX_CAP = 64 };

/* A conversation with a modem. Private, except for the members with a comment. */
typedef struct at {
    at_uart uart;
    void (*urc)(void *owner, const char *line); /* receives each line that does not answer a command; may be NULL */
    void *owner;
    uint32_t start; /* of the current limit */
    uint32_t limit;
    int32_t number; /* of the last AT_ERR_MODEM; -1 if the modem gave none */
    bool write_failed;
    bool garbage; /* unreadable lines have come since the last command */
    bool line_done;
    bool is_text; /* the line is the text of an SMS, whatever its contents */
    char line_end; /* what ended the line: CR, LF, a quotation mark or a prompt */
    uint8_t rx_at;
    uint8_t rx_len;
    uint8_t line_len;
    uint8_t rx[AT_RX_CAP];
    char line[AT_LINE_CAP];
} at;

/* Starts; nothing is sent. */
void at_begin(at *modem, const at_uart *uart, void (*urc)(void *owner, const char *line), void *owner);

/* Everything up to the next call of this function must be done within this many milliseconds. */
void at_limit(at *modem, uint32_t milliseconds);

/* Parts of a command. A failure of the UART is reported when the answer is awaited. */
void at_text(at *modem, const char *text);
void at_number(at *modem, uint32_t number);
void at_bytes(at *modem, const uint8_t *bytes, size_t len);

/*
 * Awaits the answer to a command: "OK", or the text `ok` if it is not NULL, and with `prefix` also a line that begins with it and continues
 * with numbers, which are stored. They may come in any order.
 */
at_result at_answer(at *modem, const char *ok, const char *prefix, int32_t *numbers, size_t count);

/* Sends a whole command, given without its CR, and awaits OK within this many milliseconds. */
at_result at_command(at *modem, const char *command, uint32_t milliseconds);

/* Awaits a prompt: this character at the beginning of a line. */
at_result at_prompt(at *modem, char prompt);

/* Awaits a line that begins with `prefix`; after that it also ends at the first `end`, unless `end` is NUL. It is in `line`. */
at_result at_info(at *modem, const char *prefix, char end);

/* Takes at most `max` of the next bytes, unchanged; `*out_len` is 1 or more. Valid until the next call. */
at_result at_take(at *modem, const uint8_t **out_bytes, size_t max, size_t *out_len);

/* Takes one byte, which must be this one. */
at_result at_expect(at *modem, char byte);

/* Awaits a line that does not answer a command, and passes it to `urc`. */
at_result at_listen(at *modem);

/* Waits, and listens in the meantime. */
at_result at_pause(at *modem, uint32_t milliseconds);

/*
 * Synchronises with a modem in an unknown state: late answers are dropped, and up to `owed` bytes are sent to a modem that still waits for
 * data. They are not JSON, so that they cannot complete a message that lost bytes.
 */
at_result at_synchronise(at *modem, uint32_t milliseconds, uint32_t quiet, size_t owed);

/*
 * What follows `prefix` in a line; NULL if the line begins differently. A space in `prefix` may be missing in the line, since some modems
 * omit it.
 */
const char *at_after(const char *line, const char *prefix);

/* Reads `count` decimal numbers separated by commas. */
bool at_numbers(const char *text, int32_t *numbers, size_t count);

#ifdef __cplusplus
}
#endif

#endif
