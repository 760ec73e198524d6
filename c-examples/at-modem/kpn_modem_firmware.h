/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Firmware over the air through the modem: part by part, each with its checksum if the server gives one, passed to a function that writes to
 * flash. A part that lost bytes on the UART is fetched again.
 *
 *   while (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST) {
 *       kpn_status status = kpn_modem_fetch(&modem, &firmware, buffer, sizeof buffer, write, NULL);
 *       if (status == KPN_OK) {
 *           ...                                   // save the state with kpn_firmware_save: after a reset it goes on from here
 *       } else if (status == KPN_AGAIN) {
 *           ...                                   // wait, see kpn_retry_delay_ms
 *       } else {
 *           break;
 *       }
 *   }
 *   kpn_modem_close(&modem);
 */
#ifndef KPN_MODEM_FIRMWARE_H
#define KPN_MODEM_FIRMWARE_H

#include "kpn_modem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes to flash; false if that failed. The same bytes may come again, at the same offset. */
typedef bool (*kpn_modem_flash)(void *context, uint32_t offset, const uint8_t *bytes, size_t len);

/*
 * Fetches one part, opening a connection if necessary. `buffer` is for the request.
 *
 * KPN_OK: the part is confirmed. KPN_AGAIN: it failed; fetch it again later. KPN_ERR_IO: `write` failed, and the next call fetches the part
 * again. Otherwise what `kpn_firmware_feed` and `kpn_firmware_request` return. The URL must have an IPv4 address: a host name cannot be
 * connected to.
 */
kpn_status kpn_modem_fetch(kpn_modem *modem, kpn_firmware *firmware, uint8_t *buffer, size_t cap, kpn_modem_flash write,
                           void *context);

#ifdef __cplusplus
}
#endif

#endif
