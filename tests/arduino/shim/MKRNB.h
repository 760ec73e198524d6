/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_MKRNB_H
#define SHIM_MKRNB_H

#include <Arduino.h>
#include "HostClient.h"

enum NB_NetworkStatus_t { NB_ERROR, IDLE, CONNECTING, NB_READY, GPRS_READY, TRANSPARENT_CONNECTED, NB_OFF };

/// Ready with KPN's APN only.
class NB {
  public:
    NB() : ready_(false), timeout_(0) {}
    NB_NetworkStatus_t begin(const char *pin = 0, bool restart = true, bool synchronous = true);
    NB_NetworkStatus_t begin(const char *pin, const char *apn, bool restart = true, bool synchronous = true);
    void setTimeout(unsigned long timeout);
    int isAccessAlive();

  private:
    bool ready_;
    unsigned long timeout_;
};

class GPRS {
  public:
    NB_NetworkStatus_t attachGPRS(bool synchronous = true);
};

#define NB_SMS_CLEAR_READ (1)

/// The messages in KPN_SMS: sender, a bar and text, and a bar behind each but the last.
class NB_SMS {
  public:
    NB_SMS();
    int available();
    int remoteNumber(char *number, int cap);
    int read();
    void flush();
    void clear(int flag);

  private:
    const char *next_; ///< of the messages; NULL when there are none
    const char *text_;
};

typedef HostClient NBClient;

#endif
