// SPDX-License-Identifier: MIT OR Apache-2.0
/* What a board's core gives, empty: for programs that are linked for a chip and never run there. */
#include <Arduino.h>

extern "C" void __cxa_pure_virtual(void);
extern "C" void __cxa_pure_virtual(void)
{
    for (;;) {
    }
}

void operator delete(void *) noexcept {}
void operator delete(void *, size_t) noexcept {}

Uart Serial;

unsigned long millis()
{
    static unsigned long now;
    return now++;
}

void delay(unsigned long) {}
void digitalWrite(int, int) {}

size_t Print::write(const uint8_t *, size_t len)
{
    return len;
}

size_t Print::print(const char *)
{
    return 0;
}

size_t Print::print(int)
{
    return 0;
}

size_t Print::print(unsigned int)
{
    return 0;
}

size_t Print::println()
{
    return 0;
}

size_t Uart::write(uint8_t)
{
    return 1;
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

void setup();
void loop();

int main()
{
    setup();
    for (;;) {
        loop();
    }
}
