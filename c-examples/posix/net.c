#define _POSIX_C_SOURCE 200809L
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int net_connect(const char *address, uint16_t port, int seconds)
{
    struct sockaddr_in to;
    struct timeval limit;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    limit.tv_sec = seconds;
    limit.tv_usec = 0;
    /* On Linux the limit for sending holds for connecting too. */
    if (fd >= 0 && (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
                    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
                    connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)) {
        net_close(fd);
        fd = -1;
    }
    return fd;
}

bool net_send(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

size_t net_receive(int fd, uint8_t *bytes, size_t cap)
{
    ssize_t got;

    do {
        got = recv(fd, bytes, cap, 0);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

void net_close(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}
