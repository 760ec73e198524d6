/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

/* On a board these three functions use a UART with a receive buffer that an interrupt fills, and a tick counter. */
static bool uart_write(void *context, const uint8_t *bytes, size_t len)
{
    int fd = *(int *)context;

    while (len > 0) {
        ssize_t count = write(fd, bytes, len);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        bytes += count > 0 ? count : 0;
        len -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

static uint32_t uart_clock(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000U + (uint32_t)(now.tv_nsec / 1000000);
}

static int32_t uart_read(void *context, uint8_t *bytes, size_t cap, uint32_t milliseconds)
{
    struct pollfd wait = {*(int *)context, POLLIN, 0};
    uint32_t start = uart_clock(context);
    uint32_t passed = 0;
    int ready;

    do { /* a signal does not end the wait; a longer one than INT_MAX would be endless */
        uint32_t left = milliseconds - passed;
        ready = poll(&wait, 1, left < INT_MAX ? (int)left : INT_MAX);
        passed = uart_clock(context) - start;
    } while (passed < milliseconds && (ready == 0 || (ready < 0 && errno == EINTR)));
    if (ready <= 0) {
        return ready == 0 || errno == EINTR ? 0 : -1;
    }
    ssize_t count = read(wait.fd, bytes, cap);
    return count > 0 ? (int32_t)count : -1; /* the end of a serial line is a failure */
}

static int open_tcp(const char *name)
{
    char address[16];
    const char *colon = strchr(name, ':');
    struct sockaddr_in to;

    memset(&to, 0, sizeof to);
    if (colon == NULL || (size_t)(colon - name) >= sizeof address) {
        return -1;
    }
    memcpy(address, name, (size_t)(colon - name));
    address[colon - name] = '\0';
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int serial_open(const char *name)
{
    struct termios settings;

    if (strncmp(name, "tcp:", 4) == 0) {
        return open_tcp(name + 4);
    }
    int fd = open(name, O_RDWR | O_NOCTTY);
    if (fd >= 0 && tcgetattr(fd, &settings) == 0) { /* 115,200 baud, 8 bits, no line editing */
        settings.c_iflag = 0;
        settings.c_oflag = 0;
        settings.c_lflag = 0;
        settings.c_cflag = CS8 | CREAD | CLOCAL;
        settings.c_cc[VMIN] = 1;
        settings.c_cc[VTIME] = 0;
        cfsetispeed(&settings, B115200);
        cfsetospeed(&settings, B115200);
        tcsetattr(fd, TCSANOW, &settings);
    }
    return fd;
}

at_uart serial_uart(int *fd)
{
    at_uart uart = {fd, uart_write, uart_read, uart_clock};

    return uart;
}
