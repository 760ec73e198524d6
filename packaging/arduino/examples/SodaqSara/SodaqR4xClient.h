/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// An Arduino Client over one TCP socket of the library Sodaq_R4X, which has sockets but no Client.
#ifndef SODAQ_R4X_CLIENT_H
#define SODAQ_R4X_CLIENT_H

#include <Arduino.h>
#include <Client.h>
#include <Sodaq_R4X.h>

class SodaqR4xClient : public Client {
  public:
    explicit SodaqR4xClient(Sodaq_R4X &modem) : modem_(modem), socket_(-1) {}

    int connect(const char *host, uint16_t port)
    {
        stop();
        socket_ = modem_.socketCreate(0, UbloxTCP);
        if (socket_ >= 0 && !modem_.socketConnect(socket_, host, port)) {
            modem_.socketClose(socket_, true);
            socket_ = -1;
        }
        return socket_ >= 0;
    }

    int connect(IPAddress ip, uint16_t port)
    {
        char host[16];
        snprintf(host, sizeof host, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
        return connect(host, port);
    }

    size_t write(uint8_t byte)
    {
        return write(&byte, 1);
    }

    size_t write(const uint8_t *bytes, size_t len)
    {
        return socket_ < 0 ? 0 : modem_.socketWrite(socket_, bytes, len);
    }

  // Asks the modem if it has not reported by itself.
    int available()
    {
        if (socket_ < 0) {
            return 0;
        }
        if (!modem_.socketHasPendingBytes(socket_)) {
            modem_.socketWaitForRead(socket_, 100);
        }
        return modem_.socketGetPendingBytes(socket_);
    }

    int read()
    {
        uint8_t byte;
        return read(&byte, 1) == 1 ? byte : -1;
    }

    int read(uint8_t *bytes, size_t len)
    {
        return available() > 0 ? static_cast<int>(modem_.socketRead(socket_, bytes, len)) : -1;
    }

    int peek()
    {
        return -1;
    } // not supported by the modem

    void flush()
    {
        if (socket_ >= 0) {
            modem_.socketFlush(socket_);
        }
    }

  // Without waiting for the other side, which can take this modem up to 30 seconds.
    void stop()
    {
        if (socket_ >= 0) {
            modem_.socketClose(socket_, true);
        }
        socket_ = -1;
    }

    uint8_t connected()
    {
        return socket_ >= 0 && (available() > 0 || !modem_.socketIsClosed(socket_));
    }

    operator bool()
    {
        return socket_ >= 0;
    }

  private:
    Sodaq_R4X &modem_;
    int socket_;
};

#endif
