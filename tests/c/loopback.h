/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Servers on loopback for the tests of the transport. */
#ifndef KPN_TEST_LOOPBACK_H
#define KPN_TEST_LOOPBACK_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define HOST "127.0.0.1"
#define MILLISECONDS 10000u

/* A listening socket on a free port. Connections wait in its queue until they are accepted. */
static int listen_on_free_port(uint16_t *port)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0);
    CHECK(bind(listener, (const struct sockaddr *)(const void *)&address, len) == 0);
    CHECK(listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)(void *)&address, &len) == 0);
    *port = ntohs(address.sin_port);
    return listener;
}

/* Whether a child ends with 0. */
static inline bool ends_well(pid_t child)
{
    int ended = 0;
    pid_t waited;

    do {
        waited = waitpid(child, &ended, 0);
    } while (waited < 0 && errno == EINTR);
    return waited == child && WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

#endif
