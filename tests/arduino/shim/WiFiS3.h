/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_WIFIS3_H
#define SHIM_WIFIS3_H

#include <Arduino.h>
#include "HostClient.h"

enum { WL_IDLE_STATUS = 0, WL_CONNECTED = 3 };

class CWifi {
  public:
    CWifi() : status_(WL_IDLE_STATUS) {}
    int begin(const char *ssid, const char *passphrase);
    uint8_t status();

  private:
    uint8_t status_;
};

extern CWifi WiFi;

/// Without TLS, on KPN's host name only.
class WiFiSSLClient : public HostClient {
  public:
    WiFiSSLClient()
    {
        platform = "prod.dm.kpnthings.com:443";
    }
};

#endif
