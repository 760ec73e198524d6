/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two UARTs, a timer and a lamp of the MPS2 with AN385, and the start-up from reset to main. */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* The UARTs of Arm's Cortex-M System Design Kit. */
#define MODEM 0x40004000u
#define CONSOLE 0x40005000u
#define UART_DATA(uart) REGISTER((uart) + 0x00u)
#define UART_STATE(uart) REGISTER((uart) + 0x04u)
#define UART_CONTROL(uart) REGISTER((uart) + 0x08u)
#define UART_DIVIDER(uart) REGISTER((uart) + 0x10u)
#define STATE_SEND_FULL 1u
#define STATE_RECEIVED 2u
#define CONTROL_SEND_RECEIVE 3u

#define CLOCK_HZ 25000000u
#define BAUD 115200u

#define SYSTICK_CONTROL REGISTER(0xe000e010u)
#define SYSTICK_RELOAD REGISTER(0xe000e014u)
#define SYSTICK_CURRENT REGISTER(0xe000e018u)
#define SYSTICK_RUN 5u
#define SYSTICK_PASSED (1u << 16)

#define LAMPS REGISTER(0x40028000u)

static void uart_begin(uint32_t uart)
{
    UART_DIVIDER(uart) = CLOCK_HZ / BAUD;
    UART_CONTROL(uart) = CONTROL_SEND_RECEIVE;
}

static void uart_write(uint32_t uart, uint8_t byte)
{
    while (UART_STATE(uart) & STATE_SEND_FULL) {
    }
    UART_DATA(uart) = byte;
}

void board_begin(void)
{
    uart_begin(MODEM);
    uart_begin(CONSOLE);
    SYSTICK_RELOAD = CLOCK_HZ / 1000u - 1u;
    SYSTICK_CURRENT = 0;
    SYSTICK_CONTROL = SYSTICK_RUN;
}

void modem_write(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        uart_write(MODEM, bytes[i]);
}

size_t modem_read(uint8_t *bytes, size_t cap, uint32_t *left_ms)
{
    size_t len = 0;
    while (len == 0 && *left_ms > 0) {
        while (len < cap && (UART_STATE(MODEM) & STATE_RECEIVED))
            bytes[len++] = (uint8_t)UART_DATA(MODEM);
        if (SYSTICK_CONTROL & SYSTICK_PASSED)
            (*left_ms)--;
    }
    return len;
}

void console_write(const char *text)
{
    for (; *text != '\0'; text++)
        uart_write(CONSOLE, (uint8_t)*text);
}

void valve_set(bool open)
{
    LAMPS = open ? 1u : 0u;
}

/* Defined in board.ld. */
extern uint32_t data_in_flash[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];
int main(void);

__attribute__((noreturn)) static void reset(void)
{
    for (uint32_t *to = data_begin, *from = data_in_flash; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_begin; to < bss_end;)
        *to++ = 0;
    (void)main();
    for (;;) {
    }
}

__attribute__((noreturn)) static void fault(void)
{
    console_write("fault\n");
    for (;;) {
    }
}

/* The initial stack, then reset, NMI, hard fault, and the memory, bus and usage faults. Interrupts are not used. */
__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault,
};
