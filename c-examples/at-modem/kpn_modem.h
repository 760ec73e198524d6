/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages to KPN Things over the TCP sockets of a cellular modem: the same few calls for each kind of modem.
 *
 *   kpn_modem modem;
 *   kpn_response response;
 *
 *   kpn_modem_begin(&modem, &kpn_sara_r4, &uart);
 *   at_result result = kpn_modem_open(&modem, "10.151.236.157", 80);
 *   if (result == AT_OK && kpn_response_begin(&response, buffer, sizeof buffer) == KPN_OK) {
 *       result = kpn_modem_send(&modem, request.ptr, request.len, &response);
 *   }
 *   if (result == AT_OK) {
 *       result = kpn_modem_receive(&modem, &response);
 *   }
 *   kpn_modem_close(&modem);
 *
 * The connection stays usable for the next message after a response that keeps it alive. After any failure close it, and open it again.
 * The sockets of the modem belong to this code; other commands may be sent with `kpn_modem_command` between its calls.
 */
#ifndef KPN_MODEM_H
#define KPN_MODEM_H

#include "at.h"
#include "kpn_things.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kpn_modem kpn_modem;

/* How long it may take, in milliseconds; and how long to wait before something is tried again. */
typedef struct kpn_modem_times {
    uint32_t command;  /* a command that needs no network */
    uint32_t open;     /* a connection */
    uint32_t write;    /* one piece of a request */
    uint32_t response; /* a whole response */
    uint32_t close;    /* the end of a connection */
    uint32_t poll;     /* then the modem is asked for data although it announced none */
    uint32_t quiet;    /* a line on which nothing comes for so long is quiet */
} kpn_modem_times;

/* A kind of modem. */
typedef struct kpn_modem_kind {
    size_t piece_max; /* most bytes of a request in one command */
    size_t read_max;  /* most bytes of a response in one command */
    bool hex;         /* data travels as hexadecimal digits */
    kpn_modem_times times;
    at_result (*recover)(kpn_modem *modem); /* after synchronisation: forgets the sockets of earlier days */
    at_result (*open)(kpn_modem *modem, const char *address, uint16_t port);
    at_result (*write)(kpn_modem *modem, kpn_span piece, bool last); /* after AT_OK `written` says how many, 1 or more */
    at_result (*read)(kpn_modem *modem, kpn_response *response);
    at_result (*close)(kpn_modem *modem);
    void (*urc)(void *modem, const char *line);
} kpn_modem_kind;

/* A modem with at most one connection. */
struct kpn_modem {
    kpn_modem_times times; /* yours to change after `kpn_modem_begin` */
    size_t read_max;       /* likewise: small when the UART has a small buffer */

    /* Yours, or NULL: gets each line of the modem that answers no command, and each text of an SMS (then `line.is_text`). */
    void (*listener)(void *context, const char *line);
    void *listener_context;

    /* Private from here on. */
    at line;
    const kpn_modem_kind *kind;
    size_t owed; /* bytes that the modem may still wait for */
    size_t got; /* bytes of the last read */
    size_t written; /* bytes of the last write that the modem took */
    kpn_status fed; /* of the response */
    int32_t socket; /* -1: none */
    void (*lines)(void *context, const char *line); /* of a query that runs */
    void *lines_context;
    kpn_status (*sink)(void *context, const uint8_t *bytes, size_t len); /* of a transfer */
    void *sink_context;
    int32_t number; /* of the last refusal */
    uint8_t state;
    bool synchronised;
    bool announced; /* data that was not read yet */
    bool closed; /* by the other side */
    bool may_have_arrived;
    bool in_doubt; /* a write was short, if the UART did not lose a digit of its length: then bytes were sent twice */
};

/* Starts; nothing is sent to the modem. `uart` is copied. */
at_result kpn_modem_begin(kpn_modem *modem, const kpn_modem_kind *kind, const at_uart *uart);

/* Sends a command of yours, such as one that sets the APN, and awaits OK within so many milliseconds. Not between send and receive. */
at_result kpn_modem_command(kpn_modem *modem, const char *command, uint32_t milliseconds);

/*
 * The same for a command with an answer of lines: each of them goes to `lines`, and so does what the modem says unasked meanwhile, so look at how
 * a line begins. The line is valid during that call, in which no other function may be called for this modem.
 */
at_result kpn_modem_query(kpn_modem *modem, const char *command, uint32_t milliseconds,
                          void (*lines)(void *context, const char *line), void *context);

/* Waits, and listens to the modem meanwhile. Not between send and receive. */
at_result kpn_modem_wait(kpn_modem *modem, uint32_t milliseconds);

/*
 * For a modem that has been off or asleep: asks again and again until it answers, at most so long. AT_ERR_TIMEOUT: it is still asleep, and all of
 * that time is over. Its connection and its settings are forgotten. Other functions wait for a silent modem much longer, so call this first.
 */
at_result kpn_modem_wake(kpn_modem *modem, uint32_t milliseconds);

/* Connects to an IPv4 address. AT_ERR_STATE when there is a connection. */
at_result kpn_modem_open(kpn_modem *modem, const char *address, uint16_t port);

/*
 * Sends a request of any length, in pieces that the modem takes. AT_ERR_STATE without a connection, or before the last response.
 * The platform may answer and close before it has all of it: then the rest is not sent, and the result is AT_OK, as `kpn_modem_receive` has the
 * answer; the connection cannot be used again. `response` from `kpn_response_begin`; its buffer may be the one that the request lies in.
 */
at_result kpn_modem_send(kpn_modem *modem, const uint8_t *request, size_t len, kpn_response *response);

/* Receives one response, the one that was given to `kpn_modem_send`; only after AT_OK it counts. AT_ERR_STATE when nothing was sent. */
at_result kpn_modem_receive(kpn_modem *modem, kpn_response *response);

/*
 * Sends a request whose answer is not for a `kpn_response`, such as one for a part of firmware (kpn_modem_firmware.h). `sink` gets the answer as it comes: it
 * returns KPN_NEED_MORE until it has all, and then KPN_OK, or what is wrong, which makes the result AT_ERR_RESPONSE. Without bytes it is called when
 * the connection has ended. A UART that loses bytes shows only afterwards, so what it got counts when the result is AT_OK, or has a checksum of its own.
 */
at_result kpn_modem_transfer(kpn_modem *modem, const uint8_t *request, size_t len,
                             kpn_status (*sink)(void *context, const uint8_t *bytes, size_t len), void *context);

/*
 * Whether another request can be sent: there is a connection, no response is to come, and no end of it was announced. Asks nobody: the next
 * call may find out otherwise.
 */
bool kpn_modem_is_open(const kpn_modem *modem);

/* Ends the connection, also after failures; without one it does nothing. */
at_result kpn_modem_close(kpn_modem *modem);

/*
 * After a failure: whether the platform may have the last request all the same. When false, sending it again cannot make it arrive twice.
 * After AT_ERR_STATE of `kpn_modem_send` false, since nothing was sent.
 */
bool kpn_modem_may_have_arrived(const kpn_modem *modem);

/* The number that came with the last AT_ERR_MODEM, as the manual of the modem lists it; -1 when there was none. */
int32_t kpn_modem_error_number(const kpn_modem *modem);

/* The reason of the last AT_ERR_RESPONSE. */
kpn_status kpn_modem_response_status(const kpn_modem *modem);

/* For the kinds of modems: counted bytes of a response, then `tail`. They count only when it is there: then no byte was lost or doubled. */
at_result kpn_modem_feed(kpn_modem *modem, kpn_response *response, size_t len, const char *tail);

/* For the kinds of modems: after AT_ERR_MODEM without a number, asks for it; the answer begins with `prefix`. Other results stay as they are. */
at_result kpn_modem_ask_number(kpn_modem *modem, at_result result, const char *command, const char *prefix);

/* For the kinds of modems: a piece as hexadecimal digits. */
void kpn_modem_hex(kpn_modem *modem, kpn_span piece);

#ifdef __cplusplus
}
#endif

#endif
