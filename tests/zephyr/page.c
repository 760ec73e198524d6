/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The C of zephyr/README.md, which comes in as the file PAGE with host, port and buffer size as below, run over the module's own files.
 *
 * page image FILE: writes a signed image, for the server.
 * page message|kept|update HOST PORT: runs that example, and prints how it ended.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCD"

static const char *page_host;
static uint16_t page_port;

#include PAGE

enum { OLD_LEN = 3000, NEW_LEN = 5000 };

static uint8_t image[NEW_LEN];

static int run_message(void)
{
	printf("%s\n", report(SECRET) == 0 ? "accepted" : "failed");
	return 0;
}

/* Two messages, one after another, without the TLS of the page, which has no stand-in. */
static int run_kept(void)
{
	static uint8_t memory[512];
	kpn_uplink uplink;
	kpn_span request;
	kpn_response response;

	if (kpn_zephyr_begin(&connection, KPN_REQUESTS_MAX, KPN_ZEPHYR_NO_TLS) != KPN_OK) {
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		if (kpn_uplink_begin(&uplink, memory, sizeof memory, KPN_ENDPOINT_M2M,
				     "urn:dev:IMEI:490154203237518:") != KPN_OK ||
		    kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1) != KPN_OK ||
		    kpn_uplink_finish(&uplink, SECRET, &request) != KPN_OK ||
		    kpn_response_begin(&response, memory, sizeof memory) != KPN_OK) {
			return 1;
		}
		kpn_status status = send_request(request, &response);

		printf("%d %d %u\n", (int)status, (int)kpn_response_outcome(&response),
		       (unsigned)kpn_zephyr_left(&connection));
	}
	return kpn_zephyr_close(&connection) == KPN_OK ? 0 : 1;
}

/* A downlink announces firmware; what the example leaves is a state, and the bytes in the second slot. */
static int run_update(void)
{
	static char text[300];
	kpn_downlink downlink;
	uint32_t total = 0;

	device_make(image, OLD_LEN);
	snprintf(text, sizeof text,
		 "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"n\":\"url\",\"vs\":\"http://%s:%u/new.bin\"},"
		 "{\"n\":\"token\",\"vs\":\"abc\"}]",
		 page_host, (unsigned)page_port);
	if (kpn_zephyr_firmware_begin(&update, KPN_ZEPHYR_NO_TLS) != KPN_OK ||
	    kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, strlen(text)) != KPN_OK) {
		return 1;
	}
	act_on_accepted(&downlink);
	uint32_t fetched = kpn_zephyr_firmware_progress(&update, &total);

	printf("state %d, %u of %u bytes\n", (int)kpn_zephyr_firmware_state(&update), (unsigned)fetched, (unsigned)total);
	if (kpn_zephyr_firmware_state(&update) == KPN_ZEPHYR_FIRMWARE_REBOOT) {
		return device->is_pending && memcmp(device->slots[1], image, NEW_LEN) == 0 ? 0 : 1;
	}
	return device->is_pending ? 1 : 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < NEW_LEN; i++) {
		image[i] = (uint8_t)(i * 7);
	}
	device_sign(image, NEW_LEN);
	if (argc == 3 && strcmp(argv[1], "image") == 0) {
		FILE *file = fopen(argv[2], "wb");

		return file != NULL && fwrite(image, NEW_LEN, 1, file) == 1 && fclose(file) == 0 ? 0 : 2;
	}
	if (argc != 4) {
		return 2;
	}
	page_host = argv[2];
	page_port = (uint16_t)strtoul(argv[3], NULL, 10);
	if (strcmp(argv[1], "message") == 0) {
		return run_message();
	}
	return strcmp(argv[1], "kept") == 0 ? run_kept() : run_update();
}
