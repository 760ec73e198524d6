/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A Client over a socket of this machine. The addresses of the platform lead to the port in KPN_PORT on 127.0.0.1, every other one
 * nowhere. Test programs bend it through the public fields.
 */
#ifndef SHIM_HOST_CLIENT_H
#define SHIM_HOST_CLIENT_H

#include "Client.h"

class HostClient : public Client {
  public:
    HostClient();
    ~HostClient();
    int connect(IPAddress ip, uint16_t port);
    int connect(const char *host, uint16_t port);
    size_t write(uint8_t byte);
    size_t write(const uint8_t *bytes, size_t len);
    int available();
    int read();
    int read(uint8_t *bytes, size_t len);
    int peek();
    void flush();
    void stop();
    uint8_t connected();
    operator bool();

    /// The other side closes, as far as this one can tell.
    void lose();

    unsigned connects;       ///< connections that were opened
    size_t largest_write;    ///< most bytes in one write
    size_t write_limit;      ///< most bytes that a write takes
    unsigned writes_left;    ///< writes until they fail
    size_t read_limit;       ///< most bytes that a read gives
    bool empty_reads;        ///< every second read gives nothing, although bytes are there
    bool late; ///< bytes are seen only once the connection was found closed, as when both arrive between two looks
    const char *platform; ///< the host and port that lead to KPN_PORT

  private:
    HostClient(const HostClient &);
    HostClient &operator=(const HostClient &);

    int socket_;
    bool skip_;
    bool looked_;
};

#endif
