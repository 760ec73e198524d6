/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// A Client without a network, for programs that are linked and never run.
#ifndef NO_CLIENT_H
#define NO_CLIENT_H

#include <Client.h>

class NoClient : public Client {
  public:
    int connect(IPAddress, uint16_t)
    {
        return 0;
    }
    int connect(const char *, uint16_t)
    {
        return 0;
    }
    size_t write(uint8_t)
    {
        return 0;
    }
    size_t write(const uint8_t *, size_t)
    {
        return 0;
    }
    int available()
    {
        return 0;
    }
    int read()
    {
        return -1;
    }
    int read(uint8_t *, size_t)
    {
        return -1;
    }
    int peek()
    {
        return -1;
    }
    void flush() {}
    void stop() {}
    uint8_t connected()
    {
        return 0;
    }
    operator bool()
    {
        return false;
    }
};

#endif
