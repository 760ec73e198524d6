/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include <kpn_zephyr_credentials.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "kpn_zephyr_store.h"

#define DEVICE_KEY "kpn/device"

/* The URN with its NUL, then the secret with its NUL. */
struct stored {
	char bytes[KPN_URN_MAX + 1 + KPN_SECRET_MAX + 1];
	size_t len;
};

static kpn_status check(const char *urn, const char *secret)
{
	char token[KPN_TOKEN_LEN + 1]; /* this text of a token is not used */
	kpn_uplink uplink;
	kpn_token state;
	kpn_status status = kpn_uplink_begin(&uplink, NULL, 0, KPN_ENDPOINT_M2M, urn);

	if (status == KPN_OK) {
		status = kpn_token_begin(&state);
	}
	return status == KPN_OK ? kpn_token_finish(&state, secret, token) : status;
}

kpn_status kpn_zephyr_credentials_save(const char *urn, const char *secret)
{
	struct stored stored = {.len = 0};
	size_t urn_len;
	size_t secret_len;
	bool is_written;
	kpn_status status;

	if (urn == NULL || secret == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	status = check(urn, secret);
	if (status != KPN_OK) {
		return status;
	}
	urn_len = strlen(urn) + 1;
	secret_len = strlen(secret) + 1;
	if (urn_len + secret_len > sizeof(stored.bytes)) {
		return KPN_ERR_URN;
	}
	memcpy(stored.bytes, urn, urn_len);
	memcpy(stored.bytes + urn_len, secret, secret_len);
	is_written = settings_subsys_init() == 0 &&
		     settings_save_one(DEVICE_KEY, stored.bytes, urn_len + secret_len) == 0;
	memset(&stored, 0, sizeof(stored));
	return is_written ? KPN_OK : KPN_ERR_IO;
}

kpn_status kpn_zephyr_credentials_load(kpn_zephyr_credentials *credentials)
{
	char bytes[sizeof(((struct stored *)0)->bytes)];
	const char *secret;
	const char *end;
	ssize_t len;
	kpn_status status = KPN_ERR_CONFIG;

	if (credentials == NULL) {
		return KPN_ERR_INVALID_ARGUMENT;
	}
	len = kpn_zephyr_store_read(DEVICE_KEY, bytes, sizeof(bytes));
	if (len == -ENOENT) {
		return KPN_ERR_CONFIG_MISSING;
	}
	if (len == -ENOMEM) {
		return KPN_ERR_CONFIG;
	}
	if (len < 0) {
		return KPN_ERR_IO;
	}
	secret = memchr(bytes, '\0', (size_t)len);
	if (secret != NULL) {
		secret++;
		end = memchr(secret, '\0', (size_t)(bytes + len - secret));
		if (end != NULL && secret - bytes <= KPN_URN_MAX + 1 && end - secret <= KPN_SECRET_MAX &&
		    check(bytes, secret) == KPN_OK) {
			memcpy(credentials->urn, bytes, (size_t)(secret - bytes));
			memcpy(credentials->secret, secret, (size_t)(end - secret) + 1);
			status = KPN_OK;
		}
	}
	memset(bytes, 0, sizeof(bytes));
	return status;
}

kpn_status kpn_zephyr_credentials_erase(void)
{
	return settings_subsys_init() == 0 && settings_delete(DEVICE_KEY) == 0 ? KPN_OK : KPN_ERR_IO;
}
