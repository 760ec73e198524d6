/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_PRINT_H
#define SHIM_PRINT_H

#include <stddef.h>
#include <stdint.h>

class Print {
  public:
    virtual ~Print() {}
    virtual size_t write(uint8_t byte) = 0;
    virtual size_t write(const uint8_t *bytes, size_t len);
    virtual void flush() {}
    size_t print(const char text[]);
    size_t print(int number);
    size_t print(unsigned int number);
    size_t println();
    size_t println(const char text[]);
};

#endif
