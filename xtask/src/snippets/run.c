/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs an example with each answer of the platform, and checks how it ends. CASE says which example it is. */
#include "desk.h"
#include "kpn_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UPLINK, SPLIT, STREAM, RESPONSE, DOWNLINK, FIRMWARE, CONFIG, RETRY, README, OTHER, FITS = BUFFER >= 512, COUNT = 20 };

#define CHECK(condition) check((condition), #condition, __LINE__)

uint8_t buffer[BUFFER], chunk[64];
const char *secret = SECRET, *urn = URN;
const char *json = "{\"imei\": \"490154203237518\", \"secret\": \"" SECRET "\", \"apn\": \"kpnthings.iot\"}";
size_t json_len;
size_t measurements = COUNT;
int64_t tenths[COUNT];
kpn_uplink uplink;
kpn_span request;
kpn_response response;
kpn_firmware firmware;

void example(void);

static uint8_t own[512], memory[KPN_FIRMWARE_MEMORY];
static enum answer answer;

static void check(bool holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "run.c:%d, answer %d: %s\n", line, (int)answer, what);
        exit(1);
    }
}

/* Sends a message and reads its response, for examples that continue from there. */
static void exchange(void)
{
    static const char pack[] = "[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":true}]";

    desk_downlink(pack);
    CHECK(kpn_uplink_begin(&uplink, own, sizeof own, KPN_ENDPOINT_M2M, URN) == KPN_OK);
    CHECK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1) == KPN_OK);
    if (CASE == DOWNLINK || CASE == RESPONSE || CASE == RETRY || CASE == OTHER) {
        CHECK(kpn_uplink_finish(&uplink, SECRET, &request) == KPN_OK);
        modem_send(request.ptr, request.len);
    }
    CHECK(kpn_response_begin(&response, own, sizeof own) == KPN_OK);
    if (CASE == DOWNLINK || CASE == RETRY || CASE == OTHER) {
        size_t len = modem_receive(chunk, sizeof chunk);
        while (len > 0 && kpn_response_feed(&response, chunk, len, NULL) == KPN_NEED_MORE) {
            len = modem_receive(chunk, sizeof chunk);
        }
    }
    if (CASE == OTHER) { /* a queue adds its records to it */
        CHECK(kpn_uplink_begin(&uplink, own, sizeof own, KPN_ENDPOINT_M2M, URN) == KPN_OK);
    }
}

static void run(enum answer how)
{
    static const char pack[] = "https://fw.example/image.bin";

    answer = how;
    json_len = strlen(json);
    desk_begin(&answer, 1);
    CHECK(kpn_firmware_begin(&firmware, memory, sizeof memory, 1024) == KPN_OK);
    CHECK(kpn_firmware_start(&firmware, pack, "t0k") == KPN_OK);
    if (CASE != FIRMWARE && CASE != CONFIG && how != REFUSE) {
        CHECK(modem_connect(APN, HOST, PORT));
    }
    exchange();
    unsigned before = desk_accepted;
    example();
    unsigned accepted = desk_accepted - before;
    switch (CASE) {
    case UPLINK:
    case STREAM: CHECK(accepted == (how == ACCEPT && (FITS || CASE == STREAM) ? 1U : 0U)); break;
    case CONFIG:
        CHECK(desk_connections == (how == REFUSE ? 0U : 1U));
        CHECK(accepted == (how == ACCEPT && FITS ? 1U : 0U));
        break;
    case SPLIT:
        CHECK(accepted == (how == ACCEPT && FITS ? 3U : 0U));
        CHECK(desk_records == (how == ACCEPT && FITS ? (unsigned)COUNT : 0U));
        break;
    case README:
        CHECK(accepted == (how == ACCEPT && FITS ? 1U : 0U));
        CHECK(desk_valve == (accepted == 1U));
        break;
    case DOWNLINK: CHECK(desk_valve == (how == ACCEPT)); break;
    case RETRY: CHECK((desk_slept_ms >= 7000U) == (how == BUSY)); break;
    case FIRMWARE:
        if (!FITS) {
            CHECK(how == REFUSE || kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST);
        } else if (how == ACCEPT) {
            CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE && desk_slept_ms == 0);
        } else {
            CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_FAILED);
            CHECK(how == MALFORMED || desk_slept_ms > 0);
        }
        break;
    default: break;
    }
    modem_close();
    desk_end();
}

int main(void)
{
    static const enum answer answers[] = {ACCEPT, REFUSE, CUT, BUSY, MALFORMED};

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        run(answers[i]);
    }
    return 0;
}
