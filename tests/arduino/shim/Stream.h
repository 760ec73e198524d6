/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_STREAM_H
#define SHIM_STREAM_H

#include "Print.h"

class Stream : public Print {
  public:
    virtual int available() = 0;
    virtual int read() = 0;
    virtual int peek() = 0;
    /// Without the terminator, which is read; without time limit.
    size_t readBytesUntil(char terminator, char *buffer, size_t len);
};

#endif
