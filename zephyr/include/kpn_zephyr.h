/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief KPN Things over Zephyr's sockets, with CONFIG_KPN_THINGS_EXCHANGE.
 */

#ifndef KPN_ZEPHYR_H_
#define KPN_ZEPHYR_H_

#include <stdbool.h>
#include <stdint.h>

#include <kpn_things.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Sends a request on a new connection, reads its response and closes the connection.
 *
 * Blocks the calling thread for at most the sum of the three time limits of Kconfig, plus that of
 * the resolver if @p host is a name, even if the server always has another byte. Over sockets of a
 * modem driver that refuse both O_NONBLOCK and time limits as options, connecting and each send
 * take as long as the driver lets them. If a server answers before it has the whole request,
 * nothing more is sent, and its response counts. Nothing is sent twice: if the connection breaks,
 * it is unknown whether the message arrived, and the caller decides whether to send it again.
 * Without TLS; for TLS, and to keep the connection, see kpn_zephyr_begin(). Several threads may
 * call it at a time, each with its own objects.
 *
 * @param[in]     host       NUL-terminated IPv4 or IPv6 address. With CONFIG_DNS_RESOLVER or
 *                           offloaded sockets, a host name as well.
 * @param[in]     port       1 to 65535.
 * @param[in]     request    From kpn_uplink_finish(). May lie in the buffer of the response.
 * @param[in,out] response   From kpn_response_begin(), untouched. Complete when the result is KPN_OK.
 * @param[out]    out_errno  Receives the errno of the socket call that failed, or 0. May be NULL.
 *
 * @retval KPN_OK                    The response is complete; see kpn_response_outcome().
 * @retval KPN_ERR_INVALID_ARGUMENT  @p host or @p response is NULL, or the request or the port is
 *                                   empty.
 * @retval KPN_ERR_STATE             @p response was not begun, or is complete already.
 * @retval KPN_ERR_CONNECT           No address of the host accepted the connection, or it has none.
 * @retval KPN_ERR_TIMEOUT           A time limit of Kconfig or of the socket is over.
 * @retval KPN_ERR_IO                The connection broke.
 * @retval KPN_ERR_HTTP_TRUNCATED    The server closed the connection before the response was
 *                                   complete.
 * @return Otherwise as kpn_response_feed(): the answer is not HTTP, or not of a supported kind.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_exchange(const char *host, uint16_t port, kpn_span request,
			       kpn_response *response, int *out_errno);

/** No TLS, in place of a security tag. */
#define KPN_ZEPHYR_NO_TLS (-1)

/** The value that marks a begun connection. Not for the application. */
#define KPN_ZEPHYR_PRIVATE_TAG 0x6b706e7aU

/**
 * @brief A connection that is kept between messages, with a count of its requests.
 *
 * Call kpn_zephyr_begin() once; kpn_zephyr_open() and kpn_zephyr_exchange_on() for each message;
 * and kpn_zephyr_close() before the device sleeps for long, since it holds a socket. To be used by
 * one thread at a time.
 *
 * @code{.c}
 * static kpn_zephyr_connection connection; // begun with KPN_REQUESTS_MAX and KPN_ZEPHYR_NO_TLS
 *
 * kpn_status status = kpn_zephyr_open(&connection, "10.151.236.157", 80, NULL);
 *
 * if (status == KPN_OK) {
 *     status = kpn_zephyr_exchange_on(&connection, request, &response, NULL);
 * }
 * @endcode
 */
typedef struct kpn_zephyr_connection {
	uint32_t private_tag;
	int private_fd;
	int private_tls_tag;
	uint16_t private_limit;
	bool private_is_blocking;
	bool private_has_no_pollout;
	bool private_has_no_poll;
	kpn_connection private_requests;
} kpn_zephyr_connection;

/**
 * @brief Prepares a connection; nothing is opened yet.
 *
 * @param[out] connection  Need not be initialised. An open one must be closed first.
 * @param[in]  limit       Requests per connection: KPN_REQUESTS_MAX, or as configured; at least 1.
 * @param[in]  tls_tag     Security tag of the CA certificate, for KPN_ENDPOINT_INTERNET: the
 *                         server's certificate is verified for the host name of the connection.
 *                         KPN_ZEPHYR_NO_TLS in KPN's private network.
 *
 * @retval KPN_OK                    Begun.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p connection is NULL, @p limit is 0 or @p tls_tag is negative and
 *                                   not KPN_ZEPHYR_NO_TLS.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_begin(kpn_zephyr_connection *connection, uint16_t limit, int tls_tag);

/**
 * @brief Opens the connection, unless it is open and can carry another request.
 *
 * Opens a new one if there is none, if the server has closed it or sent unsolicited bytes, or if it
 * has carried all its requests. Call kpn_zephyr_close() first to get a new one in any case, as for
 * another host. Some modem drivers do not report that the server has closed the connection:
 * kpn_zephyr_exchange_on() then returns KPN_ERR_STATE. Blocks as kpn_zephyr_exchange() does for
 * connecting.
 *
 * @param[in,out] connection  From kpn_zephyr_begin().
 * @param[in]     host        As for kpn_zephyr_exchange(). With TLS, the name in the certificate.
 * @param[in]     port        1 to 65535.
 * @param[out]    out_errno   As for kpn_zephyr_exchange().
 *
 * @retval KPN_OK                    Open.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p connection or @p host is NULL, or the port is 0.
 * @retval KPN_ERR_STATE             @p connection was not begun.
 * @retval KPN_ERR_CONNECT           No address of the host accepted the connection, it has none, or
 *                                   TLS failed.
 * @retval KPN_ERR_TIMEOUT           The time limit is over.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_open(kpn_zephyr_connection *connection, const char *host, uint16_t port, int *out_errno);

/**
 * @brief Sends a request on the open connection and reads its response.
 *
 * Otherwise as kpn_zephyr_exchange(). The connection is closed after a failure, after a response
 * that says so or that came before the whole request was sent, and when it has carried all its
 * requests.
 *
 * @param[in,out] connection  From kpn_zephyr_open().
 * @param[in]     request     As for kpn_zephyr_exchange().
 * @param[in,out] response    As for kpn_zephyr_exchange().
 * @param[out]    out_errno   As for kpn_zephyr_exchange().
 *
 * @retval KPN_OK                    The response is complete; see kpn_response_outcome().
 * @retval KPN_ERR_INVALID_ARGUMENT  @p connection or @p response is NULL, or the request is empty.
 * @retval KPN_ERR_STATE             Nothing was sent: the connection is not open, or not any more, and
 *                                   kpn_zephyr_open() opens a new one; or @p response was not begun,
 *                                   or is complete.
 * @return Otherwise as kpn_zephyr_exchange(), except for KPN_ERR_CONNECT.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_exchange_on(kpn_zephyr_connection *connection, kpn_span request,
				  kpn_response *response, int *out_errno);

/**
 * @brief How many more requests the connection accepts.
 *
 * @param[in] connection  From kpn_zephyr_begin().
 *
 * @return Requests; 0 if it is not open, not begun or NULL.
 */
uint16_t kpn_zephyr_left(const kpn_zephyr_connection *connection);

/**
 * @brief Closes the connection, which can be opened again.
 *
 * @param[in,out] connection  From kpn_zephyr_begin().
 *
 * @retval KPN_OK                    Closed, or it was not open.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p connection is NULL.
 * @retval KPN_ERR_STATE             @p connection was not begun.
 */
kpn_status kpn_zephyr_close(kpn_zephyr_connection *connection);

#ifdef __cplusplus
}
#endif

#endif /* KPN_ZEPHYR_H_ */
