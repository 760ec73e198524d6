/* The four calls that the examples need of a network: what a modem driver offers in a firmware. */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connects to an IPv4 address; every later call gives up after `seconds`. -1 when there is no connection. */
int net_connect(const char *address, uint16_t port, int seconds);

/* Sends all of it, or false. */
bool net_send(int fd, const uint8_t *bytes, size_t len);

/* Receives at most `cap` bytes. 0 when the other side closed the connection, or nothing came in time. */
size_t net_receive(int fd, uint8_t *bytes, size_t cap);

/* Closes a connection; -1 is allowed. */
void net_close(int fd);

#endif
