/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages to KPN Things over the TCP sockets of a cellular modem, with the same few calls for each kind of modem.
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
 * After a response that keeps the connection alive, it can be used for the next message. After any failure close it, and open it again. The
 * sockets of the modem belong to this code; between its calls other commands may be sent with `kpn_modem_command`.
 */
#ifndef KPN_MODEM_H
#define KPN_MODEM_H

#include "at.h"
#include "kpn_things.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kpn_modem kpn_modem;

/* Time limits and waits, in milliseconds. */
typedef struct kpn_modem_times {
    uint32_t command;  /* a command that needs no network */
    uint32_t open;     /* a connection */
    uint32_t write;    /* one piece of a request */
    uint32_t response; /* a whole response */
    uint32_t close;    /* the end of a connection */
    uint32_t poll;     /* after this the modem is asked for data even if it has announced none */
    uint32_t quiet;    /* a line is quiet if nothing comes for this long */
} kpn_modem_times;

/* A kind of modem. */
typedef struct kpn_modem_kind {
    size_t piece_max; /* most bytes of a request in one command */
    size_t read_max;  /* most bytes of a response in one command */
    bool hex;         /* data travels as hexadecimal digits */
    kpn_modem_times times;
    at_result (*recover)(kpn_modem *modem); /* after synchronisation: closes left-over sockets */
    at_result (*open)(kpn_modem *modem, const char *address, uint16_t port);
    at_result (*write)(kpn_modem *modem, kpn_span piece, bool last); /* after AT_OK, `written` says how many, 1 or more */
    at_result (*read)(kpn_modem *modem, kpn_response *response);
    at_result (*close)(kpn_modem *modem);
    void (*urc)(void *modem, const char *line);
} kpn_modem_kind;

/* A modem with at most one connection. */
struct kpn_modem {
    kpn_modem_times times; /* may be changed after `kpn_modem_begin` */
    size_t read_max;       /* likewise; make it small if the UART has a small buffer */

    /*
     * Your function, or NULL: receives each line of the modem that does not answer a command, and each text of an SMS (then
     * `line.is_text`).
     */
    void (*listener)(void *context, const char *line);
    void *listener_context;

    /* Private from here on. */
    at line;
    const kpn_modem_kind *kind;
    size_t owed; /* bytes that the modem may still wait for */
    size_t got; /* bytes of the last read */
    size_t written; /* bytes of the last write that the modem accepted */
    kpn_status fed; /* of the response */
    int32_t socket; /* -1: none */
    void (*lines)(void *context, const char *line); /* of a running query */
    void *lines_context;
    kpn_status (*sink)(void *context, const uint8_t *bytes, size_t len); /* of a transfer */
    void *sink_context;
    int32_t number; /* of the last refusal */
    uint8_t state;
    bool synchronised;
    bool announced; /* unread data */
    bool closed; /* by the other side */
    bool may_have_arrived;
    bool in_doubt; /* a write was short; or the UART lost a digit of its length, and bytes were sent twice */
};

/* Starts; nothing is sent to the modem. `uart` is copied. */
at_result kpn_modem_begin(kpn_modem *modem, const kpn_modem_kind *kind, const at_uart *uart);

/* Sends your own command, such as one that sets the APN, and awaits OK within this many milliseconds. Not between send and receive. */
at_result kpn_modem_command(kpn_modem *modem, const char *command, uint32_t milliseconds);

/*
 * The same for a command that is answered with lines. Each is passed to `lines`, and so are unsolicited lines in the meantime, so check how
 * a line begins. The line is valid during that call, in which no other function may be called for this modem.
 */
at_result kpn_modem_query(kpn_modem *modem, const char *command, uint32_t milliseconds,
                          void (*lines)(void *context, const char *line), void *context);

/* Waits, and listens to the modem in the meantime. Not between send and receive. */
at_result kpn_modem_wait(kpn_modem *modem, uint32_t milliseconds);

/*
 * For a modem that has been off or asleep: asks repeatedly until it answers, for at most this long. AT_ERR_TIMEOUT: the time is over, and
 * it is still asleep. Its connection and its settings are considered lost. Other functions wait much longer for a silent modem, so call
 * this first.
 */
at_result kpn_modem_wake(kpn_modem *modem, uint32_t milliseconds);

/* Connects to an IPv4 address. AT_ERR_STATE if there is a connection already. */
at_result kpn_modem_open(kpn_modem *modem, const char *address, uint16_t port);

/*
 * Sends a request of any length, in pieces that the modem accepts. AT_ERR_STATE without a connection, or before the last response. The
 * platform may answer and close before it has the whole request. The rest is then not sent, and the result is AT_OK, since
 * `kpn_modem_receive` has the answer; the connection cannot be used again. `response` comes from `kpn_response_begin`; its buffer may be
 * the one that holds the request.
 */
at_result kpn_modem_send(kpn_modem *modem, const uint8_t *request, size_t len, kpn_response *response);

/* Receives one response, the one that was given to `kpn_modem_send`. It counts only after AT_OK. AT_ERR_STATE if nothing was sent. */
at_result kpn_modem_receive(kpn_modem *modem, kpn_response *response);

/*
 * Sends a request whose answer is not for a `kpn_response`, such as one for a part of firmware (kpn_modem_firmware.h). `sink` receives the
 * answer as it arrives. It returns KPN_NEED_MORE until it has everything, and then KPN_OK, or a failure, which makes the result
 * AT_ERR_RESPONSE. It is called without bytes when the connection has ended. Lost bytes of the UART are noticed only afterwards, so what
 * `sink` received counts only if the result is AT_OK or it has its own checksum.
 */
at_result kpn_modem_transfer(kpn_modem *modem, const uint8_t *request, size_t len,
                             kpn_status (*sink)(void *context, const uint8_t *bytes, size_t len), void *context);

/*
 * Whether another request can be sent: there is a connection, no response is pending, and the end of the connection was not announced. The
 * modem is not asked, so the next call may still fail.
 */
bool kpn_modem_is_open(const kpn_modem *modem);

/* Closes the connection, even after failures; without one it does nothing. */
at_result kpn_modem_close(kpn_modem *modem);

/*
 * After a failure: whether the platform may nevertheless have the last request. If false, sending it again cannot make it arrive twice.
 * After AT_ERR_STATE of `kpn_modem_send` it is false, since nothing was sent.
 */
bool kpn_modem_may_have_arrived(const kpn_modem *modem);

/* The number that came with the last AT_ERR_MODEM, as listed in the modem's manual; -1 if there was none. */
int32_t kpn_modem_error_number(const kpn_modem *modem);

/* The reason of the last AT_ERR_RESPONSE. */
kpn_status kpn_modem_response_status(const kpn_modem *modem);

/*
 * For the kinds of modems: counted bytes of a response, then `tail`. They count only if `tail` follows, which shows that no byte was lost
 * or doubled.
 */
at_result kpn_modem_feed(kpn_modem *modem, kpn_response *response, size_t len, const char *tail);

/*
 * For the kinds of modems: after AT_ERR_MODEM without a number, asks for it; the answer begins with `prefix`. Other results are returned
 * unchanged.
 */
at_result kpn_modem_ask_number(kpn_modem *modem, at_result result, const char *command, const char *prefix);

/* For the kinds of modems: a piece as hexadecimal digits. */
void kpn_modem_hex(kpn_modem *modem, kpn_span piece);

#ifdef __cplusplus
}
#endif

#endif
