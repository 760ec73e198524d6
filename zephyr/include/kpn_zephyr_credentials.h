/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief Device URN and secret in Zephyr's settings, with CONFIG_KPN_THINGS_CREDENTIALS.
 */

#ifndef KPN_ZEPHYR_CREDENTIALS_H_
#define KPN_ZEPHYR_CREDENTIALS_H_

#include <kpn_things.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The identity of the device, as two NUL-terminated texts, so that one firmware serves all
 *            devices.
 */
typedef struct kpn_zephyr_credentials {
	char urn[KPN_URN_MAX + 1];
	char secret[KPN_SECRET_MAX + 1];
} kpn_zephyr_credentials;

/**
 * @brief Reads what kpn_zephyr_credentials_save() has written.
 *
 * @param[out] credentials  Written only on success. Overwrite it once it is no longer needed.
 *
 * @retval KPN_OK                    URN and secret are in @p credentials.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p credentials is NULL.
 * @retval KPN_ERR_CONFIG_MISSING    Nothing is stored.
 * @retval KPN_ERR_CONFIG            What is stored is not a URN and a secret.
 * @retval KPN_ERR_IO                The settings could not be read.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_credentials_load(kpn_zephyr_credentials *credentials);

/**
 * @brief Writes URN and secret to the settings as one value, "kpn/device", replacing earlier ones.
 *
 * They must be as registered in KPN Things. With CONFIG_KPN_THINGS_SHELL, `kpn device URN SECRET`
 * in the shell does the same.
 *
 * @param[in] urn     NUL-terminated device URN.
 * @param[in] secret  NUL-terminated, KPN_SECRET_MIN to KPN_SECRET_MAX letters and digits.
 *
 * @retval KPN_OK                    Written.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p urn or @p secret is NULL.
 * @retval KPN_ERR_URN               @p urn is not a device URN.
 * @retval KPN_ERR_SENML_NAME        @p urn has a character that is not allowed in a message.
 * @retval KPN_ERR_SECRET            @p secret is not a secret.
 * @retval KPN_ERR_IO                The settings could not be written.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_credentials_save(const char *urn, const char *secret);

/**
 * @brief Erases URN and secret from the settings.
 *
 * The flash may keep the bytes until the page is erased, so renew the secret in KPN Things when the
 * device changes hands.
 *
 * @retval KPN_OK      Erased.
 * @retval KPN_ERR_IO  The settings could not be written.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_credentials_erase(void);

#ifdef __cplusplus
}
#endif

#endif /* KPN_ZEPHYR_CREDENTIALS_H_ */
