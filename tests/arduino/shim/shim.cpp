// SPDX-License-Identifier: MIT OR Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <Arduino.h>

#include "HostClient.h"

Uart Serial, Serial1, SerialUSB;

static unsigned long passed; // at once, without sleeping

unsigned long millis()
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<unsigned long>(time.tv_sec) * 1000 + static_cast<unsigned long>(time.tv_nsec) / 1000000 + passed;
}

void delay(unsigned long milliseconds)
{
    if (milliseconds >= 1000) {
        passed += milliseconds;
        return;
    }
    usleep(static_cast<useconds_t>(milliseconds * 1000));
}

void pinMode(int, int) {}

void digitalWrite(int pin, int value)
{
    printf("pin %d is %d\n", pin, value);
}

int analogRead(int)
{
    return 512;
}

long random(long limit)
{
    return rand() % limit;
}

void randomSeed(unsigned long seed)
{
    srand(static_cast<unsigned>(seed));
}

size_t Stream::readBytesUntil(char terminator, char *buffer, size_t len)
{
    size_t got = 0;
    while (got < len) {
        const int byte = read();
        if (byte < 0 || byte == terminator) {
            break;
        }
        buffer[got++] = static_cast<char>(byte);
    }
    return got;
}

size_t Print::write(const uint8_t *bytes, size_t len)
{
    size_t written = 0;
    while (written < len && write(bytes[written]) == 1) {
        written++;
    }
    return written;
}

size_t Print::print(const char text[])
{
    return write(reinterpret_cast<const uint8_t *>(text), strlen(text));
}

size_t Print::print(int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    return print(text);
}

size_t Print::print(unsigned int number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    return print(text);
}

size_t Print::println()
{
    return print("\r\n");
}

size_t Print::println(const char text[])
{
    return print(text) + println();
}

void Uart::begin(unsigned long) {}
void Uart::begin(unsigned long, uint32_t, int, int) {}

size_t Uart::write(uint8_t byte)
{
    return putchar(byte) == EOF ? 0 : 1;
}

int Uart::available()
{
    return 0;
}

int Uart::read()
{
    return -1;
}

int Uart::peek()
{
    return -1;
}

Uart::operator bool()
{
    return true;
}

HostClient::HostClient()
    : connects(0), largest_write(0), write_limit(SIZE_MAX), writes_left(~0U), read_limit(SIZE_MAX), empty_reads(false), late(false),
      platform("10.151.236.157:80"), socket_(-1), skip_(false), looked_(false)
{
}

HostClient::~HostClient()
{
    stop();
}

int HostClient::connect(IPAddress ip, uint16_t port)
{
    char host[16];
    snprintf(host, sizeof host, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    return connect(host, port);
}

int HostClient::connect(const char *host, uint16_t port)
{
    char asked_for[300];
    const char *here = getenv("KPN_PORT");
    stop();
    snprintf(asked_for, sizeof asked_for, "%s:%u", host, port);
    const char *files = getenv("KPN_FILES"); // a file server, which a downlink names as it is
    const bool is_files = files != NULL && strncmp(asked_for, "127.0.0.1:", 10) == 0 && strcmp(asked_for + 10, files) == 0;
    if (here == NULL || (strcmp(asked_for, platform) != 0 && !is_files)) {
        printf("no route to %s\n", asked_for);
        return 0;
    }
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(atoi(here)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(socket_, reinterpret_cast<struct sockaddr *>(&address), sizeof address) != 0) {
        stop();
        return 0;
    }
    const struct timeval blocked = {0, 200000}; // as long as a write may block
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &blocked, sizeof blocked);
    connects++;
    return 1;
}

size_t HostClient::write(uint8_t byte)
{
    return write(&byte, 1);
}

size_t HostClient::write(const uint8_t *bytes, size_t len)
{
    if (socket_ < 0 || writes_left == 0) {
        return 0;
    }
    writes_left--;
    largest_write = len > largest_write ? len : largest_write;
    const ssize_t sent = send(socket_, bytes, len < write_limit ? len : write_limit, MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
}

int HostClient::available()
{
    int waiting = 0;
    if (socket_ < 0 || ioctl(socket_, FIONREAD, &waiting) != 0 || (late && !looked_)) {
        return 0;
    }
    return waiting;
}

int HostClient::read()
{
    uint8_t byte;
    return read(&byte, 1) == 1 ? byte : -1;
}

int HostClient::read(uint8_t *bytes, size_t len)
{
    skip_ = empty_reads && !skip_;
    if (available() == 0 || skip_) {
        return -1;
    }
    return static_cast<int>(recv(socket_, bytes, len < read_limit ? len : read_limit, 0));
}

int HostClient::peek()
{
    uint8_t byte;
    return available() > 0 && recv(socket_, &byte, 1, MSG_PEEK) == 1 ? byte : -1;
}

void HostClient::flush() {}

void HostClient::stop()
{
    if (socket_ >= 0) {
        ::close(socket_);
    }
    socket_ = -1;
}

/// Bytes that wait count as connected, as Arduino has it.
uint8_t HostClient::connected()
{
    if (socket_ < 0) {
        return 0;
    }
    if (available() > 0) {
        return 1;
    }
    looked_ = true;
    if (late && available() > 0) {
        return 0;
    }
    looked_ = false;
    uint8_t byte;
    const ssize_t got = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

HostClient::operator bool()
{
    return socket_ >= 0;
}

void HostClient::lose()
{
    shutdown(socket_, SHUT_RDWR);
}
