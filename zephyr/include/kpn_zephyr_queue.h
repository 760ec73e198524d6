/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

/**
 * @file
 * @brief A queue that survives a reset in Zephyr's settings, with CONFIG_KPN_THINGS_QUEUE.
 */

#ifndef KPN_ZEPHYR_QUEUE_H_
#define KPN_ZEPHYR_QUEUE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kpn_things.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief When the queue was last written, to limit flash wear.
 *
 * One per device: the image is in the settings as "kpn/queue". The uptime is that of the kernel in
 * seconds, and must be for the records too. To be used by one thread at a time.
 */
typedef struct kpn_zephyr_queue {
	int64_t private_written_at;
	bool private_is_stored;
} kpn_zephyr_queue;

/**
 * @brief Restores the queue after a reset. Call it once, before the first kpn_zephyr_queue_save().
 *
 * @param[out]    store    Need not be initialised.
 * @param[in,out] queue    From kpn_queue_begin().
 * @param[out]    scratch  Receives the image.
 * @param[in]     cap      Bytes: the size of the queue's memory plus KPN_QUEUE_IMAGE_EXTRA.
 * @param[in]     elapsed  As for kpn_queue_load(): seconds that the device was without power, or 0.
 *
 * @retval KPN_OK                    The records are in the queue.
 * @retval KPN_END                   Nothing is stored.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p store, @p queue or @p scratch is NULL.
 * @retval KPN_ERR_IO                The settings could not be read, or the image is larger than @p cap.
 * @return Otherwise as kpn_queue_load(). The queue is unchanged, and the next
 * kpn_zephyr_queue_save() overwrites what is stored.
 */
KPN_NODISCARD
kpn_status kpn_zephyr_queue_load(kpn_zephyr_queue *store, kpn_queue *queue, uint8_t *scratch, size_t cap,
				 uint32_t elapsed);

/**
 * @brief Writes the queue to the settings, or erases what is stored if the queue is empty.
 *
 * Writes at most once per CONFIG_KPN_THINGS_QUEUE_SAVE_SECONDS, counted from the start of the
 * device or from the last write; a power loss costs the records of that many seconds. An empty
 * queue is erased at once, so that accepted records are not sent again.
 *
 * @param[in,out] store    From kpn_zephyr_queue_load().
 * @param[in]     queue    From kpn_queue_begin().
 * @param[out]    scratch  Receives the image.
 * @param[in]     cap      As for kpn_zephyr_queue_load().
 * @param[in]     is_last  true: writes regardless of the last write, before a deliberate reset.
 *
 * @retval KPN_OK                    What is stored equals the queue.
 * @retval KPN_AGAIN                 It is too early; nothing was written.
 * @retval KPN_ERR_INVALID_ARGUMENT  @p store, @p queue or @p scratch is NULL.
 * @retval KPN_ERR_IO                The settings could not be written.
 * @return Otherwise as kpn_queue_save().
 */
KPN_NODISCARD
kpn_status kpn_zephyr_queue_save(kpn_zephyr_queue *store, const kpn_queue *queue, uint8_t *scratch, size_t cap,
				 bool is_last);

#ifdef __cplusplus
}
#endif

#endif /* KPN_ZEPHYR_QUEUE_H_ */
