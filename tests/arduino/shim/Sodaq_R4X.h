/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_SODAQ_R4X_H
#define SHIM_SODAQ_R4X_H

#include <Arduino.h>
#include "HostClient.h"

#define SODAQ_R4X_LTEM_URAT "7"
#define SODAQ_R4X_AUTOMATIC_OPERATOR "0"
#define BAND_MASK_UNCHANGED 0

enum MNOProfile { STANDARD_EUROPE = 100 };
enum UbloxProtocols { UbloxTCP = 6, UbloxUDP = 17 };

class Sodaq_OnOffBee {};
class Sodaq_SARA_R4XX_OnOff : public Sodaq_OnOffBee {};

/// One socket; bytes that wait are told once, as the modem does, or found by asking.
class Sodaq_R4X {
  public:
    Sodaq_R4X() : ready_(false), pending_(0) {}
    void init(Sodaq_OnOffBee *onoff, Uart &uart, uint32_t baud);
    bool connect(const char *apn, const char *urat, MNOProfile profile,
                 const char *operator_select = SODAQ_R4X_AUTOMATIC_OPERATOR, const char *band_mask_lte = BAND_MASK_UNCHANGED,
                 const char *band_mask_nb = BAND_MASK_UNCHANGED);
    bool isConnected();
    int socketCreate(uint16_t local_port = 0, UbloxProtocols protocol = UbloxUDP);
    bool socketConnect(int8_t socket, const char *host, uint16_t port);
    size_t socketWrite(int8_t socket, const uint8_t *bytes, size_t len);
    bool socketWaitForRead(int8_t socket, uint32_t timeout = 15000);
    size_t socketRead(int8_t socket, uint8_t *bytes, size_t len);
    bool socketClose(int8_t socket, bool async = false);
    bool socketFlush(int8_t socket, uint32_t timeout = 20000);
    bool socketIsClosed(int8_t socket);
    size_t socketGetPendingBytes(int8_t socket);
    bool socketHasPendingBytes(int8_t socket);

  private:
    bool ready_;
    size_t pending_;
    HostClient client_;
};

#endif
