/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_MKRGSM_H
#define SHIM_MKRGSM_H

#include <Arduino.h>
#include "HostClient.h"

enum GSM3_NetworkStatus_t { ERROR, IDLE, CONNECTING, GSM_READY, GPRS_READY, TRANSPARENT_CONNECTED, GSM_OFF };

class GSM {
  public:
    GSM() : ready_(false) {}
    GSM3_NetworkStatus_t begin(const char *pin = 0, bool restart = true, bool synchronous = true);
    int isAccessAlive();

  private:
    bool ready_;
};

/// Ready with KPN's APN only.
class GPRS {
  public:
    GSM3_NetworkStatus_t attachGPRS(const char *apn, const char *user, const char *password, bool synchronous = true);
};

typedef HostClient GSMClient;

#endif
