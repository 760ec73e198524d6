/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the recipes need from your firmware: its modem, clock, storage and valve. */
#ifndef MODEM_H
#define MODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APN "kpnthings.iot"
#define HOST "10.151.236.157"
#define PORT 80
#define URN "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"
#define LIMIT_MS 60000U /* for a whole response, whatever the server sends */

bool modem_connect(const char *apn, const char *host, uint16_t port); /* false: no connection */
void modem_send(const uint8_t *bytes, size_t len);
size_t modem_receive(uint8_t *bytes, size_t cap); /* 0: the server has closed the connection, or nothing arrived in time */
bool modem_is_late(void);                         /* after 0: nothing arrived in time */
void modem_close(void);
void modem_log(const char *text);

void sleep_ms(uint32_t ms);
uint32_t random32(void); /* from the hardware, different on every device */
uint32_t millis(void);   /* since the start; wraps after 49 days */

bool storage_write(const uint8_t *bytes, size_t len); /* a page that survives a reset, all or nothing */
size_t storage_read(uint8_t *bytes, size_t cap);      /* 0: nothing was stored */
bool flash_write(uint32_t offset, const uint8_t *bytes, size_t len); /* the slot for new firmware; false: it failed */

void set_valve(bool open);
void lock(void); /* a mutex of the operating system */
void unlock(void);

#endif
