/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#include "kpn_zephyr_firmware_fetch.h"

#include <errno.h>
#include <stddef.h>

#include <zephyr/drivers/flash.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/storage/stream_flash.h>

#include "kpn_zephyr_socket.h"
#include "kpn_zephyr_store.h"

/* Where the flash image continues; Zephyr reads it. */
#define POSITION_KEY "kpn/flash"

static int positive(int error)
{
	return error < 0 ? -error : error;
}

int kpn_zephyr_firmware_page_of(const kpn_zephyr_firmware *update, uint32_t offset, uint32_t *out_start)
{
	const struct flash_area *area = update->private_flash.flash_area;
	struct flash_pages_info page;
	int error = positive(flash_get_page_info_by_offs(flash_area_get_device(area), area->fa_off + (off_t)offset, &page));

	*out_start = error == 0 && page.start_offset > area->fa_off ? (uint32_t)(page.start_offset - area->fa_off) : 0;
	return error;
}

int kpn_zephyr_firmware_seat(kpn_zephyr_firmware *update)
{
	struct flash_img_context *flash = &update->private_flash;
	uint32_t confirmed = kpn_firmware_confirmed(&update->private_firmware);
	size_t written = update->private_is_open ? flash_img_bytes_written(flash) : SIZE_MAX;
	uint32_t start = 0;
	size_t position;
	int error = positive(flash_img_init(flash));

	if (error != 0) {
		return error;
	}
	update->private_is_open = true;
	if (confirmed > written) {
		confirmed = (uint32_t)written; /* the rest was lost in a failed write */
	} else if (kpn_firmware_state(&update->private_firmware) == KPN_FIRMWARE_COMPLETE) {
		confirmed--; /* the settings could not be written: fetch the last page again */
	}
	if (confirmed > 0) {
		error = kpn_zephyr_firmware_page_of(update, confirmed, &start);
	}
	if (error == 0 && kpn_firmware_rewind(&update->private_firmware, start) != KPN_OK) {
		error = EINVAL;
	}
	if (error == 0 && start > 0) {
		position = start;
		error = positive(settings_save_one(POSITION_KEY, &position, sizeof(position)));
		if (error == 0) {
			error = positive(stream_flash_progress_load(&flash->stream, POSITION_KEY));
		}
	}
	if (error == 0 && flash_img_bytes_written(flash) != start) {
		error = EIO;
	}
	update->private_position = start;
	update->private_is_seated = error == 0;
	return error;
}

/* 0, or an errno. */
static int write_piece(kpn_zephyr_firmware *update, const kpn_firmware_piece *piece)
{
	int error;

	if (piece->len == 0) {
		return 0;
	}
	if (kpn_firmware_total(&update->private_firmware) > update->private_flash.flash_area->fa_size) {
		return EFBIG;
	}
	if (piece->offset != update->private_position) {
		return EIO;
	}
	error = positive(flash_img_buffered_write(&update->private_flash, piece->ptr, piece->len, false));
	update->private_position += (uint32_t)piece->len;
	return error;
}

/* KPN_OK with an open connection, KPN_AGAIN, or the failure that ends the download. */
static kpn_status connect_to_server(kpn_zephyr_firmware *update, int *out_error)
{
	kpn_firmware *firmware = &update->private_firmware;
	kpn_zephyr_connection *connection = &update->private_connection;
	char *host = (char *)update->private_buffer;
	int tls_tag = connection->private_tls_tag;
	kpn_status status;

	if (!kpn_firmware_must_connect(firmware)) {
		return KPN_OK;
	}
	if (kpn_firmware_needs_tls(firmware) && tls_tag == KPN_ZEPHYR_NO_TLS) {
		return KPN_ERR_FIRMWARE_URL;
	}
	(void)kpn_zephyr_close(connection);
	status = kpn_firmware_host(firmware, host, sizeof(update->private_buffer));
	if (status != KPN_OK) {
		return status;
	}
	if (!kpn_firmware_needs_tls(firmware)) {
		connection->private_tls_tag = KPN_ZEPHYR_NO_TLS;
	}
	status = kpn_zephyr_open(connection, host, kpn_firmware_port(firmware), out_error);
	connection->private_tls_tag = tls_tag;
	return status == KPN_OK ? kpn_firmware_connected(firmware) : kpn_firmware_close(firmware);
}

/* 0, or an errno. */
static int send_request(struct kpn_zephyr_socket *socket, const uint8_t *bytes, size_t len)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_SEND_TIMEOUT;
	int error = 0;

	while (len > 0 && error == 0) {
		bool has_input = false;
		size_t sent = 0;

		error = kpn_zephyr_socket_wait(socket, true, deadline, &has_input);
		if (error == 0 && has_input) {
			return 0; /* an answer or the end: reading will show */
		}
		if (error == 0) {
			error = kpn_zephyr_socket_send(socket, bytes, len, deadline, &sent);
		}
		bytes += sent;
		len -= sent;
	}
	return error;
}

/*
 * Receives one part and writes it. Results as kpn_firmware_feed(), and KPN_ERR_IO if the flash
 * failed.
 */
static kpn_status receive_part(kpn_zephyr_firmware *update, struct kpn_zephyr_socket *socket, int *out_error)
{
	int64_t deadline = k_uptime_get() + CONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT;
	kpn_firmware_piece piece = {0};
	kpn_status status = KPN_NEED_MORE;

	while (status == KPN_NEED_MORE) {
		bool has_input = false;
		size_t len = 0;
		size_t used = 0;

		*out_error = kpn_zephyr_socket_wait(socket, false, deadline, &has_input);
		if (*out_error == 0) {
			*out_error = kpn_zephyr_socket_receive(socket, update->private_buffer,
							       sizeof(update->private_buffer), &len);
		}
		if (*out_error == EAGAIN) {
			continue;
		}
		if (*out_error != 0 || len == 0) {
			return kpn_firmware_close(&update->private_firmware);
		}
		for (; used < len && status == KPN_NEED_MORE; used += piece.used) {
			status = kpn_firmware_feed(&update->private_firmware, update->private_buffer + used, len - used,
						   &piece);
			*out_error = status >= 0 ? write_piece(update, &piece) : 0;
			if (*out_error != 0) {
				return *out_error == EFBIG ? KPN_ERR_FIRMWARE_UNEXPECTED : KPN_ERR_IO;
			}
		}
	}
	return status;
}

kpn_status kpn_zephyr_firmware_fetch(kpn_zephyr_firmware *update, int *out_error)
{
	kpn_firmware *firmware = &update->private_firmware;
	struct kpn_zephyr_socket socket;
	size_t len = 0;
	kpn_status status = connect_to_server(update, out_error);

	if (status != KPN_OK) {
		return status;
	}
	status = kpn_firmware_request(firmware, update->private_buffer, sizeof(update->private_buffer), &len);
	if (status != KPN_OK) {
		return status;
	}
	socket = kpn_zephyr_socket_of(&update->private_connection);
	*out_error = send_request(&socket, update->private_buffer, len);
	status = *out_error == 0 ? receive_part(update, &socket, out_error) : kpn_firmware_close(firmware);
	kpn_zephyr_socket_keep(&update->private_connection, &socket);
	return status;
}
