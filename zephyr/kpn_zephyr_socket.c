/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include "kpn_zephyr_socket.h"

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/net/socket.h>

/* Before Zephyr 4.0 a socket's flags have the numbers of the file system's flags. */
#if !defined(ZVFS_O_NONBLOCK)
#if defined(CONFIG_ARCH_POSIX)
#include <fcntl.h>
#else
#include <zephyr/posix/fcntl.h>
#endif
#define ZVFS_F_SETFL    F_SETFL
#define ZVFS_O_NONBLOCK O_NONBLOCK
#endif

/* Before Zephyr 4.4 these names have no prefix; from then on they may not exist without one. */
#if !defined(NET_AF_INET)
#define NET_AF_INET                    AF_INET
#define NET_AF_INET6                   AF_INET6
#define NET_AF_UNSPEC                  AF_UNSPEC
#define NET_IPPROTO_TCP                IPPROTO_TCP
#define NET_IPPROTO_TLS_1_2            IPPROTO_TLS_1_2
#define NET_SOCK_STREAM                SOCK_STREAM
#define ZSOCK_SOL_SOCKET               SOL_SOCKET
#define ZSOCK_SO_ERROR                 SO_ERROR
#define ZSOCK_SO_RCVTIMEO              SO_RCVTIMEO
#define ZSOCK_SO_SNDTIMEO              SO_SNDTIMEO
#define ZSOCK_SOL_TLS                  SOL_TLS
#define ZSOCK_TLS_HOSTNAME             TLS_HOSTNAME
#define ZSOCK_TLS_PEER_VERIFY          TLS_PEER_VERIFY
#define ZSOCK_TLS_PEER_VERIFY_REQUIRED TLS_PEER_VERIFY_REQUIRED
#define ZSOCK_TLS_SEC_TAG_LIST         TLS_SEC_TAG_LIST
#define net_htons                      htons
#define net_sockaddr                   sockaddr
#define net_sockaddr_in                sockaddr_in
#define net_sockaddr_in6               sockaddr_in6
#define net_socklen_t                  socklen_t
#endif

LOG_MODULE_DECLARE(kpn_things, CONFIG_KPN_THINGS_LOG_LEVEL);

/* How long to wait if a socket was reported ready but was not. */
#define NOT_READY_MS 10

/* How often to ask an idle socket again that could not tell whether it is idle. */
#define IDLE_ATTEMPTS 3

/* How long to wait before asking again for a connection whose state the driver cannot report. */
#define CONNECTING_MS 100

/*
 * How long a poll of a blocking socket is believed that there is no input. quectel-bg9x never reports
 * any, and asking the modem for nothing takes it 10 seconds.
 */
#define BELIEVED_MS (CONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT / 10 + 1)

/* Where to connect, and how long it may take. */
struct target {
	const char *host;
	uint16_t port;
	int tls_tag;
	int64_t deadline;
};

/* The errno of a call that failed. Modem drivers return some as negative values instead of -1. */
static int errno_of(int result)
{
	if (result < -1) {
		return -result;
	}
	return errno > 0 ? errno : EIO;
}

/* The error with which a connection ended, or 0. */
static int pending_error(int fd)
{
	int error = 0;
	net_socklen_t len = sizeof(error);

	/* Zephyr 3.x and modem drivers do not know the option: sending will show. */
	if (zsock_getsockopt(fd, ZSOCK_SOL_SOCKET, ZSOCK_SO_ERROR, &error, &len) < 0) {
		return 0;
	}
	return error < 0 ? -error : error;
}

/* Whether the socket itself enforces this time limit from now on. */
static bool limit(int fd, int option, int64_t milliseconds)
{
	struct zsock_timeval time;

	if (milliseconds < 1) { /* 0 means no limit */
		milliseconds = 1;
	}
	memset(&time, 0, sizeof(time));
	time.tv_sec = milliseconds / 1000;
	time.tv_usec = milliseconds % 1000 * 1000;
	return zsock_setsockopt(fd, ZSOCK_SOL_SOCKET, option, &time, sizeof(time)) == 0;
}

static bool is_passing(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* As zsock_poll() for one socket, except that the errno is returned, as a negative value. */
static int poll_for(int fd, short events, int64_t timeout, short *out_ready)
{
	struct zsock_pollfd entry = {.fd = fd, .events = events};
	int ready = zsock_poll(&entry, 1, (int)timeout);

	*out_ready = entry.revents;
	return ready < 0 ? -errno_of(ready) : ready;
}

int kpn_zephyr_socket_wait(struct kpn_zephyr_socket *socket, bool or_send, int64_t deadline, bool *out_input)
{
	for (;;) {
		bool is_asked = or_send && !socket->has_no_pollout;
		bool is_doubted;
		short events = (short)(ZSOCK_POLLIN | (is_asked ? ZSOCK_POLLOUT : 0));
		int64_t left = deadline - k_uptime_get();
		short revents = 0;
		int ready = 0;

		if (left <= 0) {
			return ETIMEDOUT;
		}
		if (socket->has_no_poll) {
			*out_input = !or_send;
			return or_send || limit(socket->fd, ZSOCK_SO_RCVTIMEO, left) ? 0 : ENOTSUP;
		}
		/*
		 * A socket that cannot report when it accepts bytes is assumed to accept them unless it has
		 * input.
		 */
		is_doubted = !or_send && socket->is_blocking && left > BELIEVED_MS;
		if (or_send && !is_asked) {
			left = 0;
		} else if (is_doubted) {
			left = BELIEVED_MS;
		}
		ready = poll_for(socket->fd, events, left, &revents);
		if (ready > 0) {
			/* A failed connection counts as input, since receiving shows why. */
			*out_input = (revents & ZSOCK_POLLOUT) == 0 || (revents & ZSOCK_POLLIN) != 0;
			return 0;
		}
		if (ready == 0) {
			*out_input = is_doubted;
			return is_doubted || (or_send && !is_asked) ? 0 : ETIMEDOUT;
		}
		if (is_passing(-ready)) {
			k_msleep(NOT_READY_MS);
		} else if (is_asked) {
			socket->has_no_pollout = true;
		} else if (limit(socket->fd, ZSOCK_SO_RCVTIMEO, left)) {
			socket->has_no_poll = true;
		} else {
			return -ready;
		}
	}
}

int kpn_zephyr_socket_send(struct kpn_zephyr_socket *socket, const uint8_t *bytes, size_t len, int64_t deadline,
			   size_t *out_len)
{
	ssize_t sent;
	int error;

	if (socket->is_blocking) { /* a driver that refuses it has its own limits */
		(void)limit(socket->fd, ZSOCK_SO_SNDTIMEO, deadline - k_uptime_get());
	}
	sent = zsock_send(socket->fd, bytes, len, 0);
	error = sent < 0 ? errno_of((int)sent) : 0;
	*out_len = sent < 0 ? 0 : (size_t)sent;
	if (is_passing(error)) {
		k_msleep(NOT_READY_MS);
		return 0;
	}
	return error;
}

int kpn_zephyr_socket_receive(struct kpn_zephyr_socket *socket, uint8_t *bytes, size_t cap, size_t *out_len)
{
	/* A socket that was not polled has to wait, and one that was may have nothing after all. */
	int flags = socket->is_blocking && !socket->has_no_poll ? ZSOCK_MSG_DONTWAIT : 0;
	ssize_t len = zsock_recv(socket->fd, bytes, cap, flags);
	int error = len < 0 ? errno_of((int)len) : 0;

	*out_len = len < 0 ? 0 : (size_t)len;
	if (is_passing(error) || (error == ETIMEDOUT && flags != 0)) {
		k_msleep(NOT_READY_MS);
		return EAGAIN;
	}
	return error;
}

bool kpn_zephyr_socket_is_idle(struct kpn_zephyr_socket *socket)
{
	if (socket->fd < 0) {
		return false;
	}
	for (int attempt = 0; attempt < IDLE_ATTEMPTS && !socket->has_no_poll; attempt++) {
		short revents = 0;
		int ready = poll_for(socket->fd, ZSOCK_POLLIN, 0, &revents);

		if (ready >= 0) {
			return ready == 0;
		}
		if (!is_passing(-ready)) {
			break;
		}
		k_msleep(NOT_READY_MS);
	}
	return true; /* it cannot tell: sending will show */
}

void kpn_zephyr_socket_close(struct kpn_zephyr_socket *socket)
{
	if (socket->fd >= 0) {
		(void)zsock_close(socket->fd);
	}
	socket->fd = -1;
}

/* 0 if the connection is up, or an errno. */
static int wait_for_connection(struct kpn_zephyr_socket *socket, const struct net_sockaddr *address,
			       net_socklen_t len, int64_t deadline)
{
	while (!socket->has_no_pollout) {
		int64_t left = deadline - k_uptime_get();
		short revents = 0;
		int ready = left > 0 ? poll_for(socket->fd, ZSOCK_POLLOUT, left, &revents) : 0;
		int error;

		if (ready > 0) {
			error = pending_error(socket->fd);
			return error == 0 && (revents & ZSOCK_POLLOUT) == 0 ? ECONNRESET : error;
		}
		if (ready == 0) {
			return ETIMEDOUT;
		}
		if (is_passing(-ready)) {
			k_msleep(NOT_READY_MS);
		} else {
			socket->has_no_pollout = true;
		}
	}
	/* Asking for it once more shows its state. */
	while (k_uptime_get() < deadline) {
		int result = zsock_connect(socket->fd, address, len);
		int error = result < 0 ? errno_of(result) : 0;

		if (error == 0 || error == EISCONN) {
			return 0;
		}
		if (error != EALREADY && error != EINPROGRESS && !is_passing(error)) {
			return error;
		}
		k_msleep(CONNECTING_MS);
	}
	return ETIMEDOUT;
}

static bool stop_waiting(struct kpn_zephyr_socket *socket)
{
	socket->is_blocking = zsock_fcntl(socket->fd, ZVFS_F_SETFL, ZVFS_O_NONBLOCK) < 0;
	/* A blocking socket may wait in a send whatever it reports about its room. */
	socket->has_no_pollout = socket->is_blocking;
	return !socket->is_blocking;
}

/* 0, or an errno. */
static int secure(int fd, const struct target *target)
{
	int verify = ZSOCK_TLS_PEER_VERIFY_REQUIRED;
	int tags[] = {target->tls_tag};
	int result = zsock_setsockopt(fd, ZSOCK_SOL_TLS, ZSOCK_TLS_SEC_TAG_LIST, tags, sizeof(tags));

	if (result == 0) {
		result = zsock_setsockopt(fd, ZSOCK_SOL_TLS, ZSOCK_TLS_PEER_VERIFY, &verify, sizeof(verify));
	}
	/*
	 * Without it anybody's certificate would do, so there is no connection if the driver does not
	 * support it.
	 */
	if (result == 0) {
		result = zsock_setsockopt(fd, ZSOCK_SOL_TLS, ZSOCK_TLS_HOSTNAME, target->host,
					  (net_socklen_t)strlen(target->host));
	}
	return result == 0 ? 0 : errno_of(result);
}

/* 0, or an errno. */
static int connect_to(struct kpn_zephyr_socket *socket, const struct net_sockaddr *address, net_socklen_t len,
		      const struct target *target)
{
	bool is_tls = target->tls_tag != KPN_ZEPHYR_NO_TLS;
	int64_t left = target->deadline - k_uptime_get();
	int error = 0;

	if (left <= 0) {
		return ETIMEDOUT;
	}
	*socket = (struct kpn_zephyr_socket){0};
	socket->fd = zsock_socket(address->sa_family, NET_SOCK_STREAM,
				  is_tls ? NET_IPPROTO_TLS_1_2 : NET_IPPROTO_TCP);
	if (socket->fd < 0) {
		error = errno_of(socket->fd);
		socket->fd = -1;
		return error;
	}
	if (is_tls) {
		error = secure(socket->fd, target);
	}
	/* Zephyr's TLS waits for the handshake whatever the flags, so its socket blocks until then. */
	if (error == 0 && (is_tls || !stop_waiting(socket))) {
		(void)limit(socket->fd, ZSOCK_SO_SNDTIMEO, left);
		(void)limit(socket->fd, ZSOCK_SO_RCVTIMEO, left);
	}
	if (error == 0) {
		int result = zsock_connect(socket->fd, address, len);

		error = result < 0 ? errno_of(result) : 0;
	}
	if (error == EINPROGRESS || error == EALREADY || is_passing(error)) {
		error = wait_for_connection(socket, address, len, target->deadline);
	}
	if (error == 0 && is_tls) {
		(void)stop_waiting(socket);
	}
	if (error != 0) {
		kpn_zephyr_socket_close(socket);
	}
	return error;
}

#if defined(CONFIG_DNS_RESOLVER) || defined(CONFIG_NET_SOCKETS_OFFLOAD)
static int connect_to_name(struct kpn_zephyr_socket *socket, const struct target *target)
{
	struct zsock_addrinfo hints = {.ai_family = NET_AF_UNSPEC, .ai_socktype = NET_SOCK_STREAM};
	struct zsock_addrinfo *list = NULL;
	int error = EHOSTUNREACH;

	if (zsock_getaddrinfo(target->host, NULL, &hints, &list) != 0) {
		return error;
	}
	for (struct zsock_addrinfo *entry = list; entry != NULL && error != 0 && error != ETIMEDOUT;
	     entry = entry->ai_next) {
		if (entry->ai_family == NET_AF_INET) {
			net_sin(entry->ai_addr)->sin_port = net_htons(target->port);
		} else if (entry->ai_family == NET_AF_INET6) {
			net_sin6(entry->ai_addr)->sin6_port = net_htons(target->port);
		} else {
			continue;
		}
		error = connect_to(socket, entry->ai_addr, entry->ai_addrlen, target);
	}
	zsock_freeaddrinfo(list);
	return error;
}
#else
static int connect_to_name(struct kpn_zephyr_socket *socket, const struct target *target)
{
	ARG_UNUSED(socket);
	ARG_UNUSED(target);
	return EHOSTUNREACH;
}
#endif

kpn_status kpn_zephyr_socket_open(struct kpn_zephyr_socket *socket, const char *host, uint16_t port, int tls_tag,
				  int *out_error)
{
	struct target target = {
		.host = host,
		.port = port,
		.tls_tag = tls_tag,
		.deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_CONNECT_TIMEOUT,
	};
	struct net_sockaddr_in v4 = {.sin_family = NET_AF_INET, .sin_port = net_htons(port)};
	struct net_sockaddr_in6 v6 = {.sin6_family = NET_AF_INET6, .sin6_port = net_htons(port)};
	int error;

	socket->fd = -1;
	if (zsock_inet_pton(NET_AF_INET, host, &v4.sin_addr) == 1) {
		error = connect_to(socket, (const struct net_sockaddr *)&v4, sizeof(v4), &target);
	} else if (zsock_inet_pton(NET_AF_INET6, host, &v6.sin6_addr) == 1) {
		error = connect_to(socket, (const struct net_sockaddr *)&v6, sizeof(v6), &target);
	} else {
		error = connect_to_name(socket, &target);
	}
	*out_error = error;
	if (error == 0) {
		return KPN_OK;
	}
	return error == ETIMEDOUT ? KPN_ERR_TIMEOUT : KPN_ERR_CONNECT;
}
