/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_IPADDRESS_H
#define SHIM_IPADDRESS_H

#include <stdint.h>

class IPAddress {
  public:
    IPAddress(uint8_t first, uint8_t second, uint8_t third, uint8_t fourth) : bytes_()
    {
        bytes_[0] = first;
        bytes_[1] = second;
        bytes_[2] = third;
        bytes_[3] = fourth;
    }
    uint8_t operator[](int index) const
    {
        return bytes_[index];
    }

  private:
    uint8_t bytes_[4];
};

#endif
