/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The platform's address leads to KPN_PORT of this machine. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
int shim_connect(int fd, const struct sockaddr *address, socklen_t len);
#define connect shim_connect
