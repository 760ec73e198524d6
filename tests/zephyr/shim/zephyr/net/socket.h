/*
 * Zephyr's socket calls over those of this machine. The environment variable SHIM names one way in which a socket may behave:
 *   again      each first send, receive and poll says that it is to be made again, and a send takes 50 bytes at most
 *   no-option  SO_ERROR is not known, as in Zephyr 3
 *   no-pollout the same, and a failed connection is never writable
 */
#ifndef SHIM_SOCKET_H
#define SHIM_SOCKET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define ZSOCK_POLLIN   POLLIN
#define ZSOCK_POLLOUT  POLLOUT
#define zsock_addrinfo addrinfo
#define zsock_pollfd   pollfd

static inline bool shim_is(const char *way)
{
    const char *given = getenv("SHIM");

    return given != NULL && strcmp(given, way) == 0;
}

/* Every other time, when sockets are to behave so. */
static inline bool shim_again(bool *turn)
{
    *turn = !*turn;
    return *turn && shim_is("again");
}

static inline struct sockaddr_in *net_sin(const struct sockaddr *address)
{
    return (struct sockaddr_in *)(uintptr_t)address;
}

static inline struct sockaddr_in6 *net_sin6(const struct sockaddr *address)
{
    return (struct sockaddr_in6 *)(uintptr_t)address;
}

static inline int zsock_socket(int family, int type, int protocol)
{
    return socket(family, type, protocol);
}

static inline int zsock_close(int fd)
{
    return close(fd);
}

static inline int zsock_fcntl(int fd, int command, int flags)
{
    return fcntl(fd, command, flags);
}

static inline int zsock_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    return connect(fd, address, len);
}

static inline int zsock_poll(struct zsock_pollfd *entries, int count, int timeout)
{
    static bool turn;
    int ready;

    if (shim_again(&turn)) {
        errno = EINTR;
        return -1;
    }
    ready = poll(entries, (nfds_t)count, timeout);
    if (ready > 0 && shim_is("no-pollout") && (entries->revents & POLLERR) != 0) {
        entries->revents = POLLERR;
    }
    return ready;
}

static inline int zsock_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    if (shim_is("no-option") || shim_is("no-pollout")) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return getsockopt(fd, level, name, value, len);
}

static inline ssize_t zsock_send(int fd, const void *bytes, size_t len, int flags)
{
    static bool turn;

    if (shim_again(&turn)) {
        errno = EAGAIN;
        return -1;
    }
    return send(fd, bytes, shim_is("again") && len > 50 ? 50 : len, flags | MSG_NOSIGNAL);
}

static inline ssize_t zsock_recv(int fd, void *bytes, size_t len, int flags)
{
    static bool turn;

    if (shim_again(&turn)) {
        errno = EAGAIN;
        return -1;
    }
    return recv(fd, bytes, len, flags);
}

static inline int zsock_inet_pton(int family, const char *text, void *address)
{
    return inet_pton(family, text, address);
}

/* Knows one name, and asks nobody. */
static inline int zsock_getaddrinfo(const char *host, const char *service, const struct zsock_addrinfo *hints,
                                    struct zsock_addrinfo **list)
{
    struct zsock_addrinfo numeric = *hints;

    numeric.ai_flags = AI_NUMERICHOST;
    return strcmp(host, "localhost") == 0 ? getaddrinfo("127.0.0.1", service, &numeric, list) : EAI_NONAME;
}

static inline void zsock_freeaddrinfo(struct zsock_addrinfo *list)
{
    freeaddrinfo(list);
}

#if defined(SHIM_PREFIXED)
/* As in Zephyr 4.4 without CONFIG_NET_NAMESPACE_COMPAT_MODE: a name without prefix is an error from here on. */
enum shim_prefixed {
    NET_AF_INET_VALUE = AF_INET,
    NET_AF_INET6 = AF_INET6,
    NET_AF_UNSPEC = AF_UNSPEC,
    NET_IPPROTO_TCP = IPPROTO_TCP,
    NET_SOCK_STREAM = SOCK_STREAM,
    ZSOCK_SOL_SOCKET = SOL_SOCKET,
    ZSOCK_SO_ERROR = SO_ERROR
};

#define NET_AF_INET NET_AF_INET_VALUE

static inline uint16_t net_htons(uint16_t number)
{
    return htons(number);
}

#define net_sockaddr     sockaddr
#define net_sockaddr_in  sockaddr_in
#define net_sockaddr_in6 sockaddr_in6
#define net_socklen_t    socklen_t

#undef AF_INET
#undef AF_INET6
#undef AF_UNSPEC
#undef IPPROTO_TCP
#undef SOCK_STREAM
#undef SOL_SOCKET
#undef SO_ERROR
#undef htons
#pragma GCC poison AF_INET AF_INET6 AF_UNSPEC IPPROTO_TCP SOCK_STREAM SOL_SOCKET SO_ERROR htons
#pragma GCC poison sockaddr sockaddr_in sockaddr_in6 socklen_t
#endif

#endif
