/*
 * The library as a firmware links it: a message, its response and the downlink in it, with the chip's own compiler and C library.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <string.h>

#include <zephyr/ztest.h>

#include <kpn_things.h>

#define DEVICE "urn:dev:IMEI:490154203237518:"
#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

/* Static, since the stack of a test is small. */
static uint8_t buffer[512];
static char token[KPN_TOKEN_LEN + 1];
static kpn_uplink uplink;
static kpn_token state;
static kpn_response response;
static kpn_downlink downlink;
static kpn_record record;

ZTEST_SUITE(kpn_things, NULL, NULL, NULL, NULL, NULL);

ZTEST(kpn_things, test_a_message_is_framed_and_signed)
{
	static const char body[] = "[{\"bn\":\"" DEVICE "\"},{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":20.5}]";
	kpn_span request;

	zassert_equal(kpn_uplink_begin(&uplink, buffer, sizeof(buffer), KPN_ENDPOINT_M2M, DEVICE), KPN_OK);
	kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
	zassert_equal(kpn_uplink_finish(&uplink, SECRET, &request), KPN_OK);
	zassert_true(request.len > sizeof(body));
	zassert_mem_equal(request.ptr, "POST ", 5);
	zassert_mem_equal(request.ptr + request.len - (sizeof(body) - 1), body, sizeof(body) - 1);

	zassert_equal(kpn_token_begin(&state), KPN_OK);
	zassert_equal(kpn_token_update(&state, (const uint8_t *)body, sizeof(body) - 1), KPN_OK);
	zassert_equal(kpn_token_finish(&state, SECRET, token), KPN_OK);
	request.ptr = memchr(request.ptr, token[0], request.len);
	zassert_not_null(request.ptr);
}

ZTEST(kpn_things, test_a_response_and_its_downlink_are_read_in_any_pieces)
{
	static const char answer[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 32\r\n\r\n"
				     "[{\"n\":\"valve\",\"vb\":true,\"bt\":1}]";
	size_t len = sizeof(answer) - 1;

	for (size_t piece = 1; piece <= len; piece++) {
		kpn_status status = kpn_response_begin(&response, buffer, sizeof(buffer));

		zassert_equal(status, KPN_OK);
		status = KPN_NEED_MORE;
		for (size_t at = 0; at < len; at += piece) {
			size_t part = len - at < piece ? len - at : piece;

			zassert_equal(status, KPN_NEED_MORE);
			status = kpn_response_feed(&response, (const uint8_t *)answer + at, part, NULL);
		}
		zassert_equal(status, KPN_OK);
		zassert_equal(kpn_response_outcome(&response), KPN_OUTCOME_ACCEPTED);
		zassert_equal(kpn_downlink_begin(&downlink, &response), KPN_OK);
		zassert_equal(kpn_downlink_next(&downlink, &record), KPN_OK);
		zassert_true(kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL && record.bool_value);
		zassert_equal(kpn_downlink_next(&downlink, &record), KPN_END);
	}
}

ZTEST(kpn_things, test_a_bad_secret_is_refused)
{
	kpn_span request;

	zassert_equal(kpn_uplink_begin(&uplink, buffer, sizeof(buffer), KPN_ENDPOINT_M2M, DEVICE), KPN_OK);
	kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true);
	zassert_equal(kpn_uplink_finish(&uplink, "short", &request), KPN_ERR_SECRET);
}
