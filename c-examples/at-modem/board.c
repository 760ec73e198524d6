/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The transport on a board: a receive buffer that the UART's interrupt fills, and a tick counter. Provide the four `extern` functions for
 * your chip. The buffer must hold what arrives while other code runs: 512 bytes are 44 ms at 115,200 baud.
 */
#include "kpn_network.h"
#include "sara_r4.h"

extern void board_uart_put(uint8_t byte); /* waits until there is room */
extern uint32_t board_ticks(void);        /* milliseconds */
extern void board_wait(void);             /* sleeps until the next interrupt, for example with WFI */
extern bool board_uart_overran(void);     /* whether bytes were lost since the last call */

void board_uart_received(uint8_t byte);
at_result board_report(const uint8_t *request, size_t len, kpn_response *response);

enum { ROOM = 512 }; /* a power of two */

static volatile uint8_t received[ROOM];
static volatile uint32_t put_count;
static uint32_t taken_count;

/* Call it from the UART's interrupt for each byte. */
void board_uart_received(uint8_t byte)
{
    received[put_count % ROOM] = byte;
    put_count = put_count + 1;
}

static bool uart_write(void *context, const uint8_t *bytes, size_t len)
{
    (void)context;
    while (len-- > 0) {
        board_uart_put(*bytes++);
    }
    return true;
}

static int32_t uart_read(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds)
{
    uint32_t start = board_ticks();
    int32_t count = 0;

    (void)context;
    while (put_count == taken_count && board_ticks() - start < milliseconds) {
        board_wait();
    }
    uint32_t first = taken_count;
    while (put_count != taken_count && (size_t)count < cap) {
        bytes[count++] = received[taken_count++ % ROOM];
    }
    if (put_count - first > ROOM || board_uart_overran()) { /* only now, since an interrupt may have come meanwhile */
        taken_count = put_count;
        return -1;
    }
    return count;
}

static uint32_t uart_clock(void *context)
{
    (void)context;
    return board_ticks();
}

static kpn_modem modem;

/* Sends one message and receives its response. After a failure `kpn_modem_may_have_arrived` says whether to send it again. */
at_result board_report(const uint8_t *request, size_t len, kpn_response *response)
{
    static const at_uart uart = {NULL, uart_write, uart_read, uart_clock};
    static const kpn_network network = {&kpn_network_sara_r4, "kpnthings.iot", NULL, NULL, false, false, 180000};
    at_result result = kpn_modem_begin(&modem, &kpn_sara_r4, &uart);

    modem.read_max = 256; /* less than what fits into the buffer */
    if (result == AT_OK) {
        result = kpn_modem_wake(&modem, 5000);
    }
    if (result == AT_OK) {
        result = kpn_network_attach(&modem, &network);
    }
    if (result == AT_OK) {
        result = kpn_modem_open(&modem, "10.151.236.157", 80);
    }
    if (result == AT_OK) {
        result = kpn_modem_send(&modem, request, len, response);
    }
    if (result == AT_OK) {
        result = kpn_modem_receive(&modem, response);
    }
    at_result closing = kpn_modem_close(&modem); /* even if it fails, what was received is valid */
    (void)closing;
    return result;
}
