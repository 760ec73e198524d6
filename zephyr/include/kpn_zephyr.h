/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief KPN Things over Zephyr's sockets, with CONFIG_KPN_THINGS_EXCHANGE.
 */

#ifndef KPN_ZEPHYR_H_
#define KPN_ZEPHYR_H_

#include <stdint.h>

#include <kpn_things.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Sends a request on a new connection, reads its response and closes the connection.
 *
 * Blocks the calling thread, at most for the three time limits of Kconfig together, and the
 * resolver's own when @p host is a name; a server that always has another byte does not lengthen
 * them. A server that answers before it has the whole request is heard: nothing more is sent then,
 * and its response counts. Nothing is sent twice: when the connection breaks, whether the message
 * arrived is not known, and sending it again is the caller's decision. No TLS. May be called by
 * several threads at a time, each with objects of its own.
 *
 * @param[in]     host       NUL-terminated IPv4 or IPv6 address. With CONFIG_DNS_RESOLVER or
 *                           offloaded sockets, a host name as well.
 * @param[in]     port       1 to 65535.
 * @param[in]     request    From kpn_uplink_finish(). May lie in the buffer of the response.
 * @param[in,out] response   From kpn_response_begin(), untouched. Complete when the result is KPN_OK.
 * @param[out]    out_errno  Receives the errno of the call that failed, 0 when it was none of the
 *                           sockets'. May be NULL.
 *
 * @retval KPN_OK                    The response is complete; see kpn_response_outcome().
 * @retval KPN_ERR_INVALID_ARGUMENT  @p host or @p response is NULL, or the request or the port is
 *                                   empty.
 * @retval KPN_ERR_STATE             @p response was not begun, or is complete already.
 * @retval KPN_ERR_CONNECT           No address of the host took the connection, or it has none.
 * @retval KPN_ERR_TIMEOUT           A time limit is over.
 * @retval KPN_ERR_IO                The connection broke.
 * @retval KPN_ERR_HTTP_TRUNCATED    The server closed the connection before the response was
 *                                   complete.
 * @return Otherwise as kpn_response_feed(): the answer is not HTTP, or not of a kind that is read.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_exchange(const char *host, uint16_t port, kpn_span request,
			       kpn_response *response, int *out_errno);

#ifdef __cplusplus
}
#endif

#endif /* KPN_ZEPHYR_H_ */
