/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief Firmware over the air into the second slot of MCUboot, with CONFIG_KPN_THINGS_FIRMWARE.
 */

#ifndef KPN_ZEPHYR_FIRMWARE_H_
#define KPN_ZEPHYR_FIRMWARE_H_

#include <stdbool.h>
#include <stdint.h>

#include <zephyr/dfu/flash_img.h>

#include <kpn_zephyr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The value that marks a begun update. Not for the application. */
#define KPN_ZEPHYR_FIRMWARE_PRIVATE_TAG 0x6b706e66U

/** Nothing to do. */
#define KPN_ZEPHYR_FIRMWARE_NONE       0
/** Firmware was announced; kpn_zephyr_firmware_step() fetches it. */
#define KPN_ZEPHYR_FIRMWARE_FETCHING   1
/** The new firmware is complete; MCUboot tries it at the next reset. */
#define KPN_ZEPHYR_FIRMWARE_REBOOT     2
/**
 * The new firmware runs on trial until its first accepted message: kpn_zephyr_firmware_accepted().
 */
#define KPN_ZEPHYR_FIRMWARE_ON_TRIAL   3
/** MCUboot refused or reverted the new firmware every time it was tried. The old one runs. */
#define KPN_ZEPHYR_FIRMWARE_TAKEN_BACK 4

/**
 * @brief An update of this device's firmware.
 *
 * One per device, in static memory: some 4 KB with its buffers. Call kpn_zephyr_firmware_begin()
 * after each reset, when the settings are loaded; kpn_zephyr_firmware_offer() with every downlink;
 * kpn_zephyr_firmware_step() as long as the state is KPN_ZEPHYR_FIRMWARE_FETCHING; and
 * kpn_zephyr_firmware_accepted() after every accepted message. Power may be lost at any time:
 * afterwards either the previous firmware runs, or the complete new one. To be used by one thread
 * at a time.
 *
 * The progress is stored in the settings as "kpn/firmware", once when firmware is announced and then
 * at most once per CONFIG_KPN_THINGS_FIRMWARE_SAVE_BYTES of firmware; after a reset the download
 * continues at the flash page that was being written. Each time the download goes back to the start
 * of a page, its position is stored as "kpn/flash", in a few bytes.
 */
typedef struct kpn_zephyr_firmware {
	uint32_t private_tag;
	int32_t private_state;
	uint32_t private_saved; /* bytes of firmware recorded in the settings */
	uint32_t private_announced; /* checksum of the announcement that was written last */
	uint32_t private_position; /* of the next byte of the flash image */
	uint8_t private_attempts;
	bool private_is_stored; /* the settings have a record */
	bool private_is_open;   /* the flash image was opened since the device started */
	bool private_is_seated; /* it is at the same offset as the download */
	kpn_zephyr_connection private_connection;
	struct flash_img_context private_flash;
	kpn_firmware private_firmware;
	uint8_t private_memory[KPN_FIRMWARE_MEMORY];
	uint8_t private_buffer[CONFIG_KPN_THINGS_FIRMWARE_BUFFER];
} kpn_zephyr_firmware;

/**
 * @brief Finds out the state of the update: continues after a reset, or starts with none.
 *
 * @param[out] update   Need not be initialised.
 * @param[in]  tls_tag  As for kpn_zephyr_begin(), for an https URL; KPN_ZEPHYR_NO_TLS refuses one.
 *
 * @retval KPN_OK                    Begun; see kpn_zephyr_firmware_state().
 * @retval KPN_ERR_INVALID_ARGUMENT  @p update is NULL, or @p tls_tag is negative and not
 *                                   KPN_ZEPHYR_NO_TLS.
 * @retval KPN_ERR_IO                The settings or MCUboot's flags could not be read or written.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_firmware_begin(kpn_zephyr_firmware *update, int tls_tag);

/**
 * @brief The state of the update.
 *
 * @param[in] update  From kpn_zephyr_firmware_begin().
 *
 * @return KPN_ZEPHYR_FIRMWARE_NONE and following; KPN_ZEPHYR_FIRMWARE_NONE also if @p update is NULL or
 * was not begun.
 */
int32_t kpn_zephyr_firmware_state(const kpn_zephyr_firmware *update);

/**
 * @brief How many bytes of the firmware are there, and its size.
 *
 * @param[in]  update     From kpn_zephyr_firmware_begin().
 * @param[out] out_total  Receives the size of the whole firmware in bytes; 0 until it is known. May
 *                        be NULL.
 *
 * @return Bytes; 0 if @p update is NULL or was not begun.
 */
uint32_t kpn_zephyr_firmware_progress(const kpn_zephyr_firmware *update, uint32_t *out_total);

/**
 * @brief Looks in a downlink for firmware.
 *
 * The same URL as before continues the download; firmware that was reverted is fetched again only
 * under a different URL. While new firmware runs on trial, announcements are ignored.
 *
 * @param[in,out] update    From kpn_zephyr_firmware_begin().
 * @param[in]     downlink  From kpn_downlink_begin(). Not changed.
 * @param[in]     urn       As for kpn_firmware_offer().
 *
 * @retval KPN_OK                    Firmware was announced; see kpn_zephyr_firmware_state().
 * @retval KPN_END                   The downlink is about something else.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p update or @p downlink is NULL.
 * @retval KPN_ERR_STATE             @p update was not begun, or its firmware runs on trial, or
 *                                   @p downlink was not begun or was refused.
 * @retval KPN_ERR_IO                The settings could not be written.
 * @return Otherwise as kpn_firmware_offer().
 */
KPN_NODISCARD
kpn_status kpn_zephyr_firmware_offer(kpn_zephyr_firmware *update, const kpn_downlink *downlink, const char *urn);

/**
 * @brief Fetches one part of the firmware and writes it to the second slot.
 *
 * After the last part, MCUboot is asked to try the new firmware at the next reset. Blocks as
 * kpn_zephyr_exchange() does, and for writing flash.
 *
 * @param[in,out] update     From kpn_zephyr_firmware_begin().
 * @param[out]    out_errno  As for kpn_zephyr_exchange(), or from the flash or the settings.
 *
 * @retval KPN_NEED_MORE                    One more part is there. Call it again, at once or later.
 * @retval KPN_OK                           Complete: the state is KPN_ZEPHYR_FIRMWARE_REBOOT. Reset
 *                                          at any time.
 * @retval KPN_AGAIN                        Not this time. Wait, see kpn_zephyr_firmware_wait(), and call
 *                                          it again.
 * @retval KPN_ERR_INVALID_ARGUMENT         @p update is NULL.
 * @retval KPN_ERR_STATE                    @p update was not begun, or nothing is to be fetched.
 * @retval KPN_ERR_FIRMWARE_URL             The URL is https, but there is no security tag.
 * @retval KPN_ERR_FIRMWARE_UNEXPECTED      Not an MCUboot image, or it does not fit into the slot.
 * @retval KPN_ERR_BUFFER_FULL              CONFIG_KPN_THINGS_FIRMWARE_BUFFER is too small for the request.
 * @retval KPN_ERR_IO                       The flash or the settings failed. The progress is as
 *                                          before; the next call tries again.
 * @return Otherwise as kpn_firmware_feed(); the download has then ended until it is announced
 *                   again.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_firmware_step(kpn_zephyr_firmware *update, int *out_errno);

/**
 * @brief How long to wait after KPN_AGAIN.
 *
 * @param[in] update  From kpn_zephyr_firmware_begin().
 * @param[in] random  As for kpn_retry_delay_ms(), such as from sys_rand32_get().
 *
 * @return Milliseconds, between 1 second and 1 hour; 0 if @p update is NULL or was not begun.
 */
uint32_t kpn_zephyr_firmware_wait(const kpn_zephyr_firmware *update, uint32_t random);

/**
 * @brief Reports that the platform has accepted a message from this firmware.
 *
 * The first such call on trial confirms the new firmware for good. Without it, MCUboot reverts it
 * at the next reset.
 *
 * @param[in,out] update  From kpn_zephyr_firmware_begin().
 *
 * @retval KPN_OK                    Confirmed, or nothing was on trial.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p update is NULL.
 * @retval KPN_ERR_STATE             @p update was not begun.
 * @retval KPN_ERR_IO                MCUboot's flag or the settings could not be written. Call it again.
 */
kpn_status kpn_zephyr_firmware_accepted(kpn_zephyr_firmware *update);

/**
 * @brief Forgets the download, and closes its connection. The running firmware is not affected.
 *
 * @param[in,out] update  From kpn_zephyr_firmware_begin().
 *
 * @retval KPN_OK                    The state is KPN_ZEPHYR_FIRMWARE_NONE.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p update is NULL.
 * @retval KPN_ERR_STATE             @p update was not begun, or its firmware waits for a reset or runs on
 *                                   trial.
 * @retval KPN_ERR_IO                The settings could not be written.
 */
kpn_status kpn_zephyr_firmware_forget(kpn_zephyr_firmware *update);

#ifdef __cplusplus
}
#endif

#endif /* KPN_ZEPHYR_FIRMWARE_H_ */
