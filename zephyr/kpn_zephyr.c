/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <kpn_zephyr.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/net/socket.h>

/* Before Zephyr 4.0 a socket's flags have the numbers of the file system's. */
#if !defined(ZVFS_O_NONBLOCK)
#if defined(CONFIG_ARCH_POSIX)
#include <fcntl.h>
#else
#include <zephyr/posix/fcntl.h>
#endif
#define ZVFS_F_SETFL    F_SETFL
#define ZVFS_O_NONBLOCK O_NONBLOCK
#endif

/* Before Zephyr 4.4 these names have no prefix; from then on they need not exist without one. */
#if !defined(NET_AF_INET)
#define NET_AF_INET      AF_INET
#define NET_AF_INET6     AF_INET6
#define NET_AF_UNSPEC    AF_UNSPEC
#define NET_IPPROTO_TCP  IPPROTO_TCP
#define NET_SOCK_STREAM  SOCK_STREAM
#define ZSOCK_SOL_SOCKET SOL_SOCKET
#define ZSOCK_SO_ERROR   SO_ERROR
#define net_htons        htons
#define net_sockaddr     sockaddr
#define net_sockaddr_in  sockaddr_in
#define net_sockaddr_in6 sockaddr_in6
#define net_socklen_t    socklen_t
#endif

LOG_MODULE_REGISTER(kpn_things, CONFIG_KPN_THINGS_LOG_LEVEL);

/* How long to wait when a socket was said to be ready and was not. */
#define NOT_READY_MS 10

/* From this status on a response is no interim one, RFC 9110 section 15.2. */
#define FINAL_STATUS 200

/* The error that a connection ended with, or 0. */
static int pending_error(int fd)
{
	int error = 0;
	net_socklen_t len = sizeof(error);

	if (zsock_getsockopt(fd, ZSOCK_SOL_SOCKET, ZSOCK_SO_ERROR, &error, &len) < 0) {
		/* Zephyr 3.x does not know the option: sending tells. */
		return errno == ENOPROTOOPT || errno == EOPNOTSUPP ? 0 : errno;
	}
	return error < 0 ? -error : error;
}

/*
 * 0, or an errno: ETIMEDOUT when the deadline is over, whatever the socket is ready for then. A failed
 * connection counts as readable, for receiving tells why.
 */
static int wait_for(int fd, short events, int64_t deadline, short *out_ready)
{
	for (;;) {
		struct zsock_pollfd entry = {.fd = fd, .events = events};
		int64_t left = deadline - k_uptime_get();
		int ready = left > 0 ? zsock_poll(&entry, 1, (int)left) : 0;

		if (ready > 0) {
			bool is_lost = events == ZSOCK_POLLOUT && (entry.revents & events) == 0;
			int error = is_lost ? pending_error(fd) : 0;

			*out_ready = (entry.revents & events) != 0 ? entry.revents : ZSOCK_POLLIN;
			return is_lost && error == 0 ? ECONNRESET : error;
		}
		if (ready == 0) {
			return ETIMEDOUT;
		}
		if (errno != EINTR && errno != EAGAIN) {
			return errno;
		}
		k_msleep(NOT_READY_MS);
	}
}

/* Whether a call that failed with this errno can be made again within the time limit. */
static bool is_passing(int error)
{
	if (error != EAGAIN && error != EWOULDBLOCK && error != EINTR) {
		return false;
	}
	k_msleep(NOT_READY_MS);
	return true;
}

/* 0, or an errno. */
static int connect_to(const struct net_sockaddr *address, net_socklen_t len, int64_t deadline, int *out_fd)
{
	int error = 0;
	short ready = 0;
	int fd = zsock_socket(address->sa_family, NET_SOCK_STREAM, NET_IPPROTO_TCP);

	if (fd < 0) {
		return errno;
	}
	if (zsock_fcntl(fd, ZVFS_F_SETFL, ZVFS_O_NONBLOCK) < 0) {
		error = errno;
	} else if (zsock_connect(fd, address, len) < 0) {
		error = errno;
		if (error == EINPROGRESS || error == EAGAIN) {
			error = wait_for(fd, ZSOCK_POLLOUT, deadline, &ready);
			if (error == 0) {
				error = pending_error(fd);
			}
		}
	}
	if (error != 0) {
		(void)zsock_close(fd);
		return error;
	}
	*out_fd = fd;
	return 0;
}

#if defined(CONFIG_DNS_RESOLVER) || defined(CONFIG_NET_SOCKETS_OFFLOAD)
static int connect_to_name(const char *host, uint16_t port, int64_t deadline, int *out_fd)
{
	struct zsock_addrinfo hints = {.ai_family = NET_AF_UNSPEC, .ai_socktype = NET_SOCK_STREAM};
	struct zsock_addrinfo *list = NULL;
	int error = EHOSTUNREACH;

	if (zsock_getaddrinfo(host, NULL, &hints, &list) != 0) {
		return error;
	}
	for (struct zsock_addrinfo *entry = list; entry != NULL && error != 0 && error != ETIMEDOUT;
	     entry = entry->ai_next) {
		if (entry->ai_family == NET_AF_INET) {
			net_sin(entry->ai_addr)->sin_port = net_htons(port);
		} else if (entry->ai_family == NET_AF_INET6) {
			net_sin6(entry->ai_addr)->sin6_port = net_htons(port);
		} else {
			continue;
		}
		error = connect_to(entry->ai_addr, entry->ai_addrlen, deadline, out_fd);
	}
	zsock_freeaddrinfo(list);
	return error;
}
#else
static int connect_to_name(const char *host, uint16_t port, int64_t deadline, int *out_fd)
{
	ARG_UNUSED(host);
	ARG_UNUSED(port);
	ARG_UNUSED(deadline);
	ARG_UNUSED(out_fd);
	return EHOSTUNREACH;
}
#endif

static kpn_status open_connection(const char *host, uint16_t port, int *out_fd, int *out_error)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_CONNECT_TIMEOUT;
	struct net_sockaddr_in v4 = {.sin_family = NET_AF_INET, .sin_port = net_htons(port)};
	struct net_sockaddr_in6 v6 = {.sin6_family = NET_AF_INET6, .sin6_port = net_htons(port)};
	int error;

	if (zsock_inet_pton(NET_AF_INET, host, &v4.sin_addr) == 1) {
		error = connect_to((const struct net_sockaddr *)&v4, sizeof(v4), deadline, out_fd);
	} else if (zsock_inet_pton(NET_AF_INET6, host, &v6.sin6_addr) == 1) {
		error = connect_to((const struct net_sockaddr *)&v6, sizeof(v6), deadline, out_fd);
	} else {
		error = connect_to_name(host, port, deadline, out_fd);
	}
	*out_error = error;
	if (error == 0) {
		return KPN_OK;
	}
	return error == ETIMEDOUT ? KPN_ERR_TIMEOUT : KPN_ERR_CONNECT;
}

/*
 * Receives once what has arrived. KPN_NEED_MORE with *out_error 0 when it was something, EAGAIN when
 * nothing was there; KPN_OK when the response is complete.
 */
static kpn_status hear(int fd, kpn_response *response, int *out_error)
{
	uint8_t chunk[CONFIG_KPN_THINGS_EXCHANGE_CHUNK];
	ssize_t len = zsock_recv(fd, chunk, sizeof(chunk), 0);

	*out_error = 0;
	if (len > 0) {
		return kpn_response_feed(response, chunk, (size_t)len, NULL);
	}
	if (len == 0) {
		return kpn_response_end(response);
	}
	*out_error = errno;
	if (is_passing(*out_error)) {
		*out_error = EAGAIN;
		return KPN_NEED_MORE;
	}
	return KPN_ERR_IO;
}

/* Whether the server has answered, whatever becomes of the request. */
static bool is_answered(const kpn_response *response)
{
	return kpn_response_status(response) >= FINAL_STATUS;
}

/*
 * KPN_NEED_MORE when all is sent or the server has begun to answer, which may write over a request in
 * the same buffer; KPN_OK when it has answered. What has arrived is read before a failure is reported.
 */
static kpn_status send_all(int fd, kpn_span request, kpn_response *response, int *out_error)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_SEND_TIMEOUT;
	kpn_status status = KPN_NEED_MORE;
	int failed = 0;

	while (request.len > 0 && status == KPN_NEED_MORE && !is_answered(response)) {
		short ready = 0;
		ssize_t len;

		if (failed == 0) {
			*out_error = wait_for(fd, ZSOCK_POLLIN | ZSOCK_POLLOUT, deadline, &ready);
			if (*out_error != 0) {
				return *out_error == ETIMEDOUT ? KPN_ERR_TIMEOUT : KPN_ERR_IO;
			}
		}
		if (failed != 0 || (ready & ZSOCK_POLLIN) != 0) {
			status = hear(fd, response, out_error);
			if (failed != 0 && (status < 0 || *out_error != 0)) {
				*out_error = failed;
				return KPN_ERR_IO;
			}
			continue;
		}
		len = zsock_send(fd, request.ptr, request.len, 0);
		if (len >= 0) {
			request.ptr += len;
			request.len -= (size_t)len;
		} else if (!is_passing(errno)) {
			failed = errno;
		}
	}
	return status;
}

static kpn_status receive(int fd, kpn_response *response, int *out_error)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT;
	kpn_status status = KPN_NEED_MORE;

	while (status == KPN_NEED_MORE) {
		short ready = 0;

		*out_error = wait_for(fd, ZSOCK_POLLIN, deadline, &ready);
		if (*out_error != 0) {
			return *out_error == ETIMEDOUT ? KPN_ERR_TIMEOUT : KPN_ERR_IO;
		}
		status = hear(fd, response, out_error);
	}
	return status;
}

kpn_status kpn_zephyr_exchange(const char *host, uint16_t port, kpn_span request,
			       kpn_response *response, int *out_errno)
{
	int fd = -1;
	int error = 0;
	kpn_status status;

	if (out_errno != NULL) {
		*out_errno = 0;
	}
	if (host == NULL || port == 0 || request.ptr == NULL || request.len == 0) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	/* Nothing, which tells whether the response takes something. */
	status = kpn_response_feed(response, NULL, 0, NULL);
	if (status != KPN_NEED_MORE) {
		return status < 0 ? status : KPN_ERR_STATE;
	}

	status = open_connection(host, port, &fd, &error);
	if (status == KPN_OK) {
		LOG_DBG("connected, sending %zu bytes", request.len);
		status = send_all(fd, request, response, &error);
	}
	if (status == KPN_NEED_MORE) {
		status = receive(fd, response, &error);
	}
	if (fd >= 0) {
		(void)zsock_close(fd);
	}

	if (status == KPN_OK) {
		LOG_DBG("response with status %d", (int)kpn_response_status(response));
	} else {
		LOG_WRN("%s (%d), errno %d", kpn_status_text(status), (int)status, error);
	}
	if (out_errno != NULL) {
		*out_errno = error;
	}
	return status;
}
