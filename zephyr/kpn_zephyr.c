/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <kpn_zephyr.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>

#include "kpn_zephyr_socket.h"

LOG_MODULE_REGISTER(kpn_things, CONFIG_KPN_THINGS_LOG_LEVEL);

/* From this status on a response is not an interim one, RFC 9110 section 15.2. */
#define FINAL_STATUS 200

/* An exchange on a connection. */
struct exchange {
	struct kpn_zephyr_socket *socket;
	kpn_response *response;
	int error;     /* the errno of what failed, or 0 */
	bool is_whole; /* the whole request is sent, and nothing has followed the response */
	bool is_begun; /* a byte was sent or received */
};

/*
 * Receives once what has arrived. KPN_NEED_MORE with error 0 if that was something, with EAGAIN if
 * there was nothing; KPN_OK if the response is complete.
 */
static kpn_status hear(struct exchange *exchange)
{
	uint8_t chunk[CONFIG_KPN_THINGS_EXCHANGE_CHUNK];
	size_t len = 0;
	size_t used = 0;
	kpn_status status;

	exchange->error = kpn_zephyr_socket_receive(exchange->socket, chunk, sizeof(chunk), &len);
	if (exchange->error != 0) {
		return exchange->error == EAGAIN ? KPN_NEED_MORE : KPN_ERR_IO;
	}
	exchange->is_begun = true;
	if (len == 0) {
		exchange->is_whole = false;
		return kpn_response_end(exchange->response);
	}
	status = kpn_response_feed(exchange->response, chunk, len, &used);
	if (status == KPN_OK && used < len) {
		exchange->is_whole = false;
	}
	return status;
}

/* Whether the server has answered, whatever happens to the request. */
static bool is_answered(const struct exchange *exchange)
{
	return kpn_response_status(exchange->response) >= FINAL_STATUS;
}

static kpn_status lost(int error)
{
	return error == ETIMEDOUT ? KPN_ERR_TIMEOUT : KPN_ERR_IO;
}

/*
 * KPN_NEED_MORE if everything is sent or the server has begun to answer, which may overwrite a
 * request in the same buffer; KPN_OK if it has answered. What has arrived is read before a failure
 * is reported.
 */
static kpn_status send_all(struct exchange *exchange, kpn_span request)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_SEND_TIMEOUT;
	kpn_status status = KPN_NEED_MORE;
	int failed = 0;

	while (request.len > 0 && status == KPN_NEED_MORE && !is_answered(exchange)) {
		bool has_input = false;
		size_t sent = 0;

		if (failed == 0) {
			exchange->error = kpn_zephyr_socket_wait(exchange->socket, true, deadline, &has_input);
			if (exchange->error == ETIMEDOUT && exchange->socket->is_blocking) {
				failed = ETIMEDOUT; /* it may have arrived while the send waited */
				continue;
			}
			if (exchange->error != 0) {
				return lost(exchange->error);
			}
		} else if (kpn_zephyr_socket_is_idle(exchange->socket)) {
			exchange->error = failed;
			return lost(failed);
		}
		if (failed != 0 || has_input) {
			status = hear(exchange);
			/* A send that was only too slow matters less than what has arrived in the meantime. */
			if (exchange->error != 0 ? failed != 0 : status < 0 && failed != 0 && failed != ETIMEDOUT) {
				exchange->error = failed;
				return lost(failed);
			}
			continue;
		}
		failed = kpn_zephyr_socket_send(exchange->socket, request.ptr, request.len, deadline, &sent);
		request.ptr += sent;
		request.len -= sent;
		exchange->is_begun = exchange->is_begun || sent > 0;
	}
	exchange->is_whole = exchange->is_whole && request.len == 0;
	return status;
}

static kpn_status receive(struct exchange *exchange)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT;
	kpn_status status = KPN_NEED_MORE;

	while (status == KPN_NEED_MORE) {
		bool has_input = false;

		exchange->error = kpn_zephyr_socket_wait(exchange->socket, false, deadline, &has_input);
		if (exchange->error != 0) {
			return lost(exchange->error);
		}
		status = hear(exchange);
	}
	return status;
}

/* KPN_OK if the request can be sent and the response can be fed. */
static kpn_status check(kpn_span request, kpn_response *response)
{
	kpn_status status;

	if (request.ptr == NULL || request.len == 0) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	status = kpn_response_feed(response, NULL, 0, NULL);
	if (status == KPN_NEED_MORE) {
		return KPN_OK;
	}
	return status < 0 ? status : KPN_ERR_STATE;
}

/* Logs how a call ended, and passes on the errno. */
static kpn_status tell(kpn_status status, int error, int *out_errno)
{
	if (status < 0) {
		LOG_WRN("%s (%d), errno %d", kpn_status_text(status), (int)status, error);
	}
	if (out_errno != NULL) {
		*out_errno = error;
	}
	return status;
}

/* As kpn_zephyr_exchange_on(), with the arguments checked and the connection open. */
static kpn_status run(struct exchange *exchange, kpn_span request)
{
	kpn_status status;

	LOG_DBG("connected, sending %zu bytes", request.len);
	status = send_all(exchange, request);
	if (status == KPN_NEED_MORE) {
		status = receive(exchange);
	}
	if (status == KPN_OK) {
		LOG_DBG("response with status %d", (int)kpn_response_status(exchange->response));
	}
	return status;
}

kpn_status kpn_zephyr_begin(kpn_zephyr_connection *connection, uint16_t limit, int tls_tag)
{
	if (connection == NULL || limit == 0 || tls_tag < KPN_ZEPHYR_NO_TLS) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	*connection = (kpn_zephyr_connection){
		.private_tag = KPN_ZEPHYR_PRIVATE_TAG,
		.private_fd = -1,
		.private_tls_tag = tls_tag,
		.private_limit = limit,
	};
	return KPN_OK;
}

static bool is_begun(const kpn_zephyr_connection *connection)
{
	return connection->private_tag == KPN_ZEPHYR_PRIVATE_TAG;
}

uint16_t kpn_zephyr_left(const kpn_zephyr_connection *connection)
{
	if (connection == NULL || !is_begun(connection) || connection->private_fd < 0) {
		return 0;
	}
	return kpn_connection_left(&connection->private_requests);
}

kpn_status kpn_zephyr_open(kpn_zephyr_connection *connection, const char *host, uint16_t port, int *out_errno)
{
	struct kpn_zephyr_socket socket;
	kpn_status status;
	int error = 0;

	if (out_errno != NULL) {
		*out_errno = 0;
	}
	if (connection == NULL || host == NULL || port == 0) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (!is_begun(connection)) {
		return KPN_ERR_STATE;
	}
	socket = kpn_zephyr_socket_of(connection);
	if (kpn_zephyr_left(connection) > 0 && kpn_zephyr_socket_is_idle(&socket)) {
		return KPN_OK;
	}
	kpn_zephyr_socket_close(&socket);
	status = kpn_connection_begin(&connection->private_requests, connection->private_limit);
	if (status == KPN_OK) {
		status = kpn_zephyr_socket_open(&socket, host, port, connection->private_tls_tag, &error);
	}
	kpn_zephyr_socket_keep(connection, &socket);
	return tell(status, error, out_errno);
}

/*
 * Whether a send failed because the connection was closed before. Not every modem driver reports that
 * when it happens, and ublox-sara-r4 turns ENOTCONN into 1, which is EPERM.
 */
static bool was_closed(const struct exchange *exchange)
{
	return !exchange->is_begun &&
	       (exchange->error == ENOTCONN || exchange->error == EPIPE || exchange->error == EPERM);
}

kpn_status kpn_zephyr_exchange_on(kpn_zephyr_connection *connection, kpn_span request, kpn_response *response,
				  int *out_errno)
{
	struct kpn_zephyr_socket socket;
	struct exchange exchange = {.socket = &socket, .response = response, .is_whole = true};
	kpn_status status;

	if (out_errno != NULL) {
		*out_errno = 0;
	}
	if (connection == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	status = check(request, response);
	if (status != KPN_OK) {
		return status;
	}
	if (kpn_zephyr_left(connection) == 0) {
		return KPN_ERR_STATE;
	}
	socket = kpn_zephyr_socket_of(connection);
	if (!kpn_zephyr_socket_is_idle(&socket)) {
		kpn_zephyr_socket_close(&socket);
		kpn_zephyr_socket_keep(connection, &socket);
		return KPN_ERR_STATE;
	}
	status = run(&exchange, request);
	if (status == KPN_ERR_IO && was_closed(&exchange)) {
		status = KPN_ERR_STATE;
	}
	(void)kpn_connection_record(&connection->private_requests, response);
	if (status != KPN_OK || !exchange.is_whole || kpn_connection_left(&connection->private_requests) == 0) {
		kpn_zephyr_socket_close(&socket);
	}
	kpn_zephyr_socket_keep(connection, &socket);
	return tell(status, exchange.error, out_errno);
}

kpn_status kpn_zephyr_close(kpn_zephyr_connection *connection)
{
	struct kpn_zephyr_socket socket;

	if (connection == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	if (!is_begun(connection)) {
		return KPN_ERR_STATE;
	}
	socket = kpn_zephyr_socket_of(connection);
	kpn_zephyr_socket_close(&socket);
	kpn_zephyr_socket_keep(connection, &socket);
	return KPN_OK;
}

kpn_status kpn_zephyr_exchange(const char *host, uint16_t port, kpn_span request, kpn_response *response,
			       int *out_errno)
{
	struct kpn_zephyr_socket socket = KPN_ZEPHYR_SOCKET_NONE;
	struct exchange exchange = {.socket = &socket, .response = response};
	kpn_status status;

	if (out_errno != NULL) {
		*out_errno = 0;
	}
	if (host == NULL || port == 0) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	status = check(request, response);
	if (status != KPN_OK) {
		return status;
	}
	status = kpn_zephyr_socket_open(&socket, host, port, KPN_ZEPHYR_NO_TLS, &exchange.error);
	if (status == KPN_OK) {
		status = run(&exchange, request);
	}
	kpn_zephyr_socket_close(&socket);
	return tell(status, exchange.error, out_errno);
}
