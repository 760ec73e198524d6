/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Zephyr's socket calls over those of this machine. The environment variable SHIM names ways in which a socket may behave, with a plus
 * between them:
 *   again       each first send, receive and poll says that it is to be made again, and a send takes 50 bytes at most
 *   no-option   SO_ERROR is not known, as in Zephyr 3
 *   no-pollout  the same, and a failed connection is never writable
 * and those of sockets that a modem's driver offloads:
 *   no-flags    O_NONBLOCK is refused, and a send or a connect takes as long as it takes
 *   pollin-only a poll for POLLOUT fails, with the EPERM that Zephyr makes of the driver's -1
 *   deaf-pollin a poll for both sees POLLOUT only
 *   no-limits   time limits are refused; a send or a connect has one of the driver's own, SHIM_DRIVER_MS
 *   no-poll     a poll fails
 *   deaf        a poll never reports input, and a receive ignores MSG_DONTWAIT and fails with ETIMEDOUT in SHIM_DRIVER_MS
 *   no-end      a poll does not see the end of the connection, nor does a receive that does not wait, and a send then fails with EPERM
 *   signed      what fails gives the errno with its sign in place of -1
 *   modem       no-flags, pollin-only, no-limits, no-option, no-end and signed, as with Zephyr's driver ublox-sara-r4
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
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#define ZSOCK_POLLIN   POLLIN
#define ZSOCK_POLLOUT  POLLOUT
#define ZSOCK_MSG_DONTWAIT MSG_DONTWAIT
#define zsock_addrinfo addrinfo
#define zsock_pollfd   pollfd
#define zsock_timeval  timeval

#define SHIM_DRIVER_MS 400
#define SHIM_STEP_MS   20
#define SHIM_POLLRDHUP 0x2000 /* Linux's POLLRDHUP, which its headers show to GNU_SOURCE only */

/* Zephyr's numbers for TLS; the shim's TLS is TCP that wants to be told whom to trust before it connects. */
#define IPPROTO_TLS_1_2          258
#define SOL_TLS                  282
#define TLS_SEC_TAG_LIST         1
#define TLS_HOSTNAME             2
#define TLS_PEER_VERIFY          5
#define TLS_PEER_VERIFY_REQUIRED 2
#define SHIM_TLS_TAG             42
#define SHIM_SOCKETS             64

/* A bit for each option of TLS that was set, and one for a socket with TLS. */
static unsigned shim_tls[SHIM_SOCKETS];

static inline bool shim_has(const char *way)
{
    const char *at = getenv("SHIM");
    size_t len = strlen(way);

    while (at != NULL && *at != '\0') {
        size_t next = strcspn(at, "+");

        if (next == len && strncmp(at, way, len) == 0) {
            return true;
        }
        at += next + (at[next] == '+');
    }
    return false;
}

static inline bool shim_is(const char *way)
{
    static const char *const modem[] = {"no-flags", "pollin-only", "no-limits", "no-option", "no-end", "signed"};

    for (size_t i = 0; i < sizeof modem / sizeof *modem && shim_has("modem"); i++) {
        if (strcmp(way, modem[i]) == 0) {
            return true;
        }
    }
    return shim_has(way);
}

/* A failure with this errno, as the driver gives it. */
static inline int shim_fail(int error)
{
    if (shim_is("signed")) {
        errno = 0;
        return -error;
    }
    errno = error;
    return -1;
}

/* What a socket of a driver that refuses O_NONBLOCK does all the same. */
static inline int shim_wait(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};

    return poll(&entry, 1, SHIM_DRIVER_MS);
}

/* The other side has closed the connection, whatever there is still to read. */
static inline bool shim_ended(int fd)
{
    struct pollfd entry = {.fd = fd, .events = SHIM_POLLRDHUP};

    return poll(&entry, 1, 0) > 0 && (entry.revents & (SHIM_POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static inline bool shim_has_bytes(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* As poll() for one socket, except that what it waits for is bytes. */
static inline int shim_poll_bytes(struct pollfd *entry, int timeout)
{
    int ready = 0;

    do {
        int step = timeout < SHIM_STEP_MS ? timeout : SHIM_STEP_MS;

        ready = poll(entry, 1, step);
        if ((entry->revents & ~POLLOUT) != 0 && !shim_has_bytes(entry->fd)) {
            entry->revents &= POLLOUT;
            ready = entry->revents != 0;
            if (ready == 0) {
                (void)poll(NULL, 0, step);
            }
        }
        timeout -= step;
    } while (ready == 0 && timeout > 0);
    return ready;
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
    int fd = socket(family, type, protocol == IPPROTO_TLS_1_2 ? IPPROTO_TCP : protocol);

    if (fd >= 0 && fd < SHIM_SOCKETS) {
        shim_tls[fd] = protocol == IPPROTO_TLS_1_2 ? 1 : 0;
    }
    return fd;
}

static inline int zsock_close(int fd)
{
    return close(fd);
}

static inline int zsock_fcntl(int fd, int command, int flags)
{
    return shim_is("no-flags") ? shim_fail(EINVAL) : fcntl(fd, command, flags);
}

static inline int zsock_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    if (level == SOL_TLS) {
        const int *number = value;

        if (shim_is("no-hostname") && name == TLS_HOSTNAME) {
            return shim_fail(EINVAL);
        }
        if ((name == TLS_SEC_TAG_LIST && len == sizeof *number && *number == SHIM_TLS_TAG) ||
            (name == TLS_PEER_VERIFY && len == sizeof *number && *number == TLS_PEER_VERIFY_REQUIRED) ||
            (name == TLS_HOSTNAME && len > 0)) {
            shim_tls[fd] |= 1U << name;
            return 0;
        }
        return shim_fail(ENOENT);
    }
    return shim_is("no-limits") ? shim_fail(EINVAL) : setsockopt(fd, level, name, value, len);
}

static inline int zsock_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    const unsigned trusted = 1U | 1U << TLS_SEC_TAG_LIST | 1U << TLS_HOSTNAME | 1U << TLS_PEER_VERIFY;
    int result;

    if (shim_tls[fd] != 0 && shim_tls[fd] != trusted) {
        return shim_fail(EACCES);
    }
    if (!shim_is("no-flags") || !shim_is("no-limits")) {
        return connect(fd, address, len);
    }
    int flags = fcntl(fd, F_GETFL);
    (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    result = connect(fd, address, len);
    if (result < 0 && errno == EINPROGRESS) {
        int error = ETIMEDOUT;
        socklen_t error_len = sizeof error;

        if (shim_wait(fd, POLLOUT) > 0) {
            (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
        }
        errno = error;
        result = error == 0 ? 0 : -1;
    }
    (void)fcntl(fd, F_SETFL, flags);
    return result < 0 ? shim_fail(errno) : 0;
}

static inline int zsock_poll(struct zsock_pollfd *entries, int count, int timeout)
{
    static bool turn;
    int ready;

    if (shim_again(&turn)) {
        errno = EINTR;
        return -1;
    }
    if (shim_is("no-poll")) {
        return shim_fail(ENOTSUP);
    }
    if (shim_is("pollin-only") && (entries->events & POLLOUT) != 0) {
        errno = EPERM;
        return -1;
    }
    if (shim_is("deaf") && (entries->events & POLLOUT) == 0) {
        entries->revents = 0;
        return poll(NULL, 0, timeout);
    }
    ready = shim_is("no-end") ? shim_poll_bytes(entries, timeout) : poll(entries, (nfds_t)count, timeout);
    if (ready > 0 && shim_is("no-pollout") && (entries->revents & POLLERR) != 0) {
        entries->revents = POLLERR;
    }
    if (ready > 0 && shim_is("deaf-pollin") && (entries->revents & POLLOUT) != 0) {
        entries->revents = POLLOUT;
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
    if (shim_is("no-end") && shim_ended(fd)) {
        errno = EPERM;
        return -1;
    }
    if (shim_is("no-flags") && shim_is("no-limits")) {
        if (shim_wait(fd, POLLOUT) <= 0) {
            return shim_fail(ETIMEDOUT);
        }
        flags |= MSG_DONTWAIT;
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
    if (shim_is("deaf")) {
        if (shim_wait(fd, POLLIN) <= 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        flags = 0;
    }
    if (shim_is("no-end") && (flags & MSG_DONTWAIT) != 0 && !shim_has_bytes(fd)) {
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
    ZSOCK_SO_ERROR = SO_ERROR,
    ZSOCK_SO_RCVTIMEO = SO_RCVTIMEO,
    ZSOCK_SO_SNDTIMEO = SO_SNDTIMEO,
    NET_IPPROTO_TLS_1_2 = IPPROTO_TLS_1_2,
    ZSOCK_SOL_TLS = SOL_TLS,
    ZSOCK_TLS_SEC_TAG_LIST = TLS_SEC_TAG_LIST,
    ZSOCK_TLS_HOSTNAME = TLS_HOSTNAME,
    ZSOCK_TLS_PEER_VERIFY = TLS_PEER_VERIFY,
    ZSOCK_TLS_PEER_VERIFY_REQUIRED = TLS_PEER_VERIFY_REQUIRED
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
#undef SO_RCVTIMEO
#undef SO_SNDTIMEO
#undef IPPROTO_TLS_1_2
#undef SOL_TLS
#undef TLS_SEC_TAG_LIST
#undef TLS_HOSTNAME
#undef TLS_PEER_VERIFY
#undef TLS_PEER_VERIFY_REQUIRED
#undef htons
#pragma GCC poison AF_INET AF_INET6 AF_UNSPEC IPPROTO_TCP SOCK_STREAM SOL_SOCKET SO_ERROR SO_RCVTIMEO SO_SNDTIMEO htons
#pragma GCC poison IPPROTO_TLS_1_2 SOL_TLS TLS_SEC_TAG_LIST TLS_HOSTNAME TLS_PEER_VERIFY TLS_PEER_VERIFY_REQUIRED
#pragma GCC poison sockaddr sockaddr_in sockaddr_in6 socklen_t
#endif

#endif
