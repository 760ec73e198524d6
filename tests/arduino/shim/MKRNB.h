#ifndef SHIM_MKRNB_H
#define SHIM_MKRNB_H

#include <Arduino.h>
#include "HostClient.h"

enum NB_NetworkStatus_t { NB_ERROR, IDLE, CONNECTING, NB_READY, GPRS_READY, TRANSPARENT_CONNECTED, NB_OFF };

/// Ready with KPN's APN only.
class NB {
public:
    NB() : ready_(false) {}
    NB_NetworkStatus_t begin(const char *pin = 0, bool restart = true, bool synchronous = true);
    NB_NetworkStatus_t begin(const char *pin, const char *apn, bool restart = true, bool synchronous = true);
    int isAccessAlive();

private:
    bool ready_;
};

class GPRS {
public:
    NB_NetworkStatus_t attachGPRS(bool synchronous = true);
};

typedef HostClient NBClient;

#endif
