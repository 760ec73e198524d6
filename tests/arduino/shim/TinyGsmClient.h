/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_TINY_GSM_CLIENT_H
#define SHIM_TINY_GSM_CLIENT_H

#include <stdarg.h>

#include <Arduino.h>
#include "HostClient.h"

#ifndef TINY_GSM_MODEM_SIM7000
#error "the modem has to be named before"
#endif

#define GF(text) text

/// What the modem has to say.
class ModemAnswer : public Stream {
  public:
    ModemAnswer() : at_(0)
    {
        text_[0] = '\0';
    }
    __attribute__((format(printf, 2, 3))) void put(const char *format, ...)
    {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text_, sizeof text_, format, arguments);
        va_end(arguments);
        at_ = 0;
    }
    size_t write(uint8_t)
    {
        return 1;
    }
    using Print::write;
    int available()
    {
        return static_cast<int>(strlen(text_ + at_));
    }
    int read()
    {
        return text_[at_] != '\0' ? text_[at_++] : -1;
    }
    int peek()
    {
        return text_[at_] != '\0' ? text_[at_] : -1;
    }

  private:
    char text_[400];
    size_t at_;
};

/// Ready with KPN's APN only; the messages in KPN_SMS are in its memory: sender, a bar and text, and a bar behind each but the last.
class TinyGsm {
  public:
    explicit TinyGsm(Uart &uart);
    bool init(const char * = NULL)
    {
        return true;
    }
    bool setNetworkMode(uint8_t mode)
    {
        return mode == 38;
    }
    bool setPreferredMode(uint8_t mode)
    {
        return mode == 1 || mode == 2;
    }
    bool waitForNetwork(uint32_t limit)
    {
        return limit > 0;
    }
    bool isNetworkConnected()
    {
        return ready_;
    }
    bool isGprsConnected()
    {
        return ready_;
    }
    bool gprsConnect(const char *apn, const char *user, const char *password);
    void sendAT(const char *command, int number = 0);
    int8_t waitResponse(uint32_t limit = 1000, const char *first = NULL, const char *second = NULL,
                        const char *third = NULL);

    Stream &stream;

  private:
    ModemAnswer answer_;
    const char *next_;
    bool listed_;
    bool ready_;
};

class TinyGsmClient : public HostClient {
  public:
    TinyGsmClient(TinyGsm &, uint8_t) {}
};

#endif
