/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief One TCP or TLS connection over Zephyr's sockets; for the files of this folder only.
 *
 * Works with sockets offloaded to a modem driver, which may refuse O_NONBLOCK, ZSOCK_POLLOUT, time
 * limits as socket options, or all of them.
 */

#ifndef KPN_ZEPHYR_SOCKET_H_
#define KPN_ZEPHYR_SOCKET_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kpn_zephyr.h>

/** A connection, or none: -1 in @c fd. */
struct kpn_zephyr_socket {
	int fd;
	bool is_blocking;    /* refuses O_NONBLOCK */
	bool has_no_pollout; /* cannot tell when it accepts bytes: sending will show */
	bool has_no_poll;    /* cannot tell when it has bytes either: SO_RCVTIMEO bounds a receive */
};

/** No connection. */
#define KPN_ZEPHYR_SOCKET_NONE {.fd = -1}

/** Connects. @return KPN_OK, KPN_ERR_TIMEOUT or KPN_ERR_CONNECT, with the errno in @p out_error. */
kpn_status kpn_zephyr_socket_open(struct kpn_zephyr_socket *socket, const char *host, uint16_t port, int tls_tag,
				  int *out_error);

/** Closes the connection, if there is one. */
void kpn_zephyr_socket_close(struct kpn_zephyr_socket *socket);

/** Whether nothing unsolicited has arrived, not even the end of the connection. */
bool kpn_zephyr_socket_is_idle(struct kpn_zephyr_socket *socket);

/**
 * Waits until bytes can be received or, with @p or_send, sent.
 *
 * @return 0, and @p out_input says whether to receive first. ETIMEDOUT if the deadline is over, even
 * if the socket is ready. Another errno if the connection is lost.
 */
int kpn_zephyr_socket_wait(struct kpn_zephyr_socket *socket, bool or_send, int64_t deadline, bool *out_input);

/**
 * Sends once. @return 0 with the number of bytes sent, 0 of them if it must be tried again; or an
 * errno.
 */
int kpn_zephyr_socket_send(struct kpn_zephyr_socket *socket, const uint8_t *bytes, size_t len, int64_t deadline,
			   size_t *out_len);

/**
 * Receives once, after kpn_zephyr_socket_wait().
 *
 * @return 0 with the bytes, 0 of them at the end of the connection; EAGAIN if it must be tried again;
 * or another errno.
 */
int kpn_zephyr_socket_receive(struct kpn_zephyr_socket *socket, uint8_t *bytes, size_t cap, size_t *out_len);

/** The socket of a connection that the application holds. */
static inline struct kpn_zephyr_socket kpn_zephyr_socket_of(const kpn_zephyr_connection *connection)
{
	return (struct kpn_zephyr_socket){
		.fd = connection->private_fd,
		.is_blocking = connection->private_is_blocking,
		.has_no_pollout = connection->private_has_no_pollout,
		.has_no_poll = connection->private_has_no_poll,
	};
}

/** Puts the socket back, after calls that may have changed it. */
static inline void kpn_zephyr_socket_keep(kpn_zephyr_connection *connection, const struct kpn_zephyr_socket *socket)
{
	connection->private_fd = socket->fd;
	connection->private_is_blocking = socket->is_blocking;
	connection->private_has_no_pollout = socket->has_no_pollout;
	connection->private_has_no_poll = socket->has_no_poll;
}

#endif /* KPN_ZEPHYR_SOCKET_H_ */
