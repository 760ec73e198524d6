/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * As much of Arduino as the library and its sketches use, for the host: declarations of Arduino's public interface, bodies of our own
 * in shim.cpp. No String: the library must do without.
 */
#ifndef SHIM_ARDUINO_H
#define SHIM_ARDUINO_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "Print.h"
#include "Stream.h"
#include "IPAddress.h"

#define HIGH 1
#define LOW 0
#define OUTPUT 1
#define LED_BUILTIN 13
#define A0 14
#define SERIAL_8N1 0x800001c

unsigned long millis();
/// A second and longer passes at once, as the clock has it; less is slept.
void delay(unsigned long milliseconds);
void pinMode(int pin, int mode);
void digitalWrite(int pin, int value);
int analogRead(int pin);
long random(long limit);
void randomSeed(unsigned long seed);

class Uart : public Stream {
  public:
    void begin(unsigned long baud);
    /// As ESP32 has it, with the pins.
    void begin(unsigned long baud, uint32_t config, int rx, int tx);
    size_t write(uint8_t byte);
    using Print::write;
    int available();
    int read();
    int peek();
    operator bool();
};

extern Uart Serial, Serial1, SerialUSB;

#endif
