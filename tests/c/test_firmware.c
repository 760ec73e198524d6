/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"
#include "file_server.h"

#define FW_URL "http://10.0.0.1:81/f/v1/1"
#define FW_TOKEN "eyJh.eyJz.Sf-l_x"
#define FW_PACK(urn, url, token) \
    "[{\"bn\":\"" urn "\"},{\"n\":\"url\",\"vs\":\"" url "\"},{\"n\":\"token\",\"vs\":\"" token "\"}]"
#define TEXTS_CAP 128u
#define PART 100u

/* `other` holds URL and token, then request and response; `memory` is the flash. */
static uint8_t *const exchange = other + TEXTS_CAP;
#define EXCHANGE_CAP (OTHER_CAP - TEXTS_CAP)

static kpn_firmware firmware;

static void begin(size_t memory_cap, uint32_t part_size)
{
    CHECK_OK(kpn_firmware_begin(&firmware, other, memory_cap, part_size));
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_IDLE);
}

static kpn_status offer(const char *json, const char *urn)
{
    kpn_downlink downlink;
    const size_t len = strlen(json);
    uint8_t text[256];
    CHECK(len <= sizeof text);
    memcpy(text, json, len);
    CHECK_OK(kpn_downlink_begin_bytes(&downlink, text, len));
    return kpn_firmware_offer(&firmware, &downlink, urn);
}

static void connect_and_begin(uint32_t part_size)
{
    begin(TEXTS_CAP, part_size);
    CHECK_OK(kpn_firmware_start(&firmware, FW_URL, FW_TOKEN));
    CHECK(kpn_firmware_must_connect(&firmware));
    CHECK_OK(kpn_firmware_connected(&firmware));
    CHECK(!kpn_firmware_must_connect(&firmware));
}

/* Feeds `len` bytes of `exchange` in pieces of `step`, and writes the result to flash. */
static kpn_status feed(size_t len, size_t step)
{
    kpn_status status = KPN_NEED_MORE;
    size_t at = 0;
    while (status == KPN_NEED_MORE && at < len) {
        kpn_firmware_piece piece = {77, NULL, 77, SIZE_MAX};
        const size_t size = len - at < step ? len - at : step;
        const uint8_t *const from = check_exact(exchange + at, size);
        status = kpn_firmware_feed(&firmware, from, size, &piece);
        if (status < 0) {
            CHECK(piece.offset == 77 && piece.ptr == NULL && piece.len == 77 && piece.used == SIZE_MAX);
            break;
        }
        CHECK(piece.used <= size && (piece.used > 0 || status != KPN_NEED_MORE));
        CHECK(piece.len == 0 || (piece.ptr >= from && piece.ptr + piece.len <= from + size));
        CHECK(piece.len == 0 || piece.offset + piece.len <= MEMORY_CAP);
        if (piece.len > 0 && piece.offset + piece.len <= MEMORY_CAP) {
            memcpy(memory + piece.offset, piece.ptr, piece.len);
        }
        at += piece.used;
    }
    return status;
}

/* Requests the next part and feeds its answer, except for the last `missing` bytes. */
static kpn_status fetch(uint32_t total, size_t step, size_t missing, uint32_t crc_fault)
{
    uint32_t first;
    uint32_t last;
    size_t len = 0;
    if (kpn_firmware_must_connect(&firmware)) {
        CHECK_OK(kpn_firmware_connected(&firmware));
    }
    CHECK_OK(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &len));
    requested_range(exchange, len, &first, &last);
    CHECK_SIZE(first, kpn_firmware_confirmed(&firmware));
    len = answer_range(exchange, EXCHANGE_CAP, first, last, total, crc_fault);
    return feed(len > missing ? len - missing : 0, step);
}

static void check_flash(uint32_t total)
{
    uint32_t wrong = 0;
    for (uint32_t at = 0; at < total; at++) {
        wrong += memory[at] != firmware_byte(at);
    }
    CHECK_SIZE(wrong, 0);
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE);
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), total);
    CHECK_SIZE(kpn_firmware_total(&firmware), total);
    CHECK(kpn_firmware_error(&firmware) == KPN_OK);
}

static void fetch_all(uint32_t total)
{
    for (uint32_t part = 0; part < total && kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST; part++) {
        CHECK_OK(fetch(total, SIZE_MAX, 0, 0));
    }
    check_flash(total);
}

static void asks_as_documented(void)
{
    char host[KPN_FIRMWARE_HOST_MAX + 1];
    size_t len = 0;
    connect_and_begin(256);
    CHECK_OK(kpn_firmware_host(&firmware, host, sizeof host));
    CHECK_TEXT(host, strlen(host), "10.0.0.1");
    CHECK_STATUS(kpn_firmware_host(&firmware, host, 8), KPN_ERR_BUFFER_FULL);
    CHECK_OK(kpn_firmware_host(&firmware, host, 9));
    CHECK_SIZE(kpn_firmware_port(&firmware), 81);
    CHECK(!kpn_firmware_needs_tls(&firmware) && !kpn_firmware_needs_dns(&firmware));
    CHECK_STATUS(kpn_firmware_request(&firmware, NULL, 0, &len), KPN_ERR_BUFFER_FULL);
    memset(exchange, 0xc3, EXCHANGE_CAP);
    CHECK_STATUS(kpn_firmware_request(&firmware, exchange, len - 1, &len), KPN_ERR_BUFFER_FULL);
    CHECK(filled(exchange + len - 1, 16, 0xc3));
    CHECK_OK(kpn_firmware_request(&firmware, exchange, len, &len));
    CHECK_TEXT(exchange, len,
               "GET /f/v1/1 HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer " FW_TOKEN
               "\r\nAccept-Encoding: identity\r\nRange: bytes=0-255\r\n\r\n");
    CHECK(filled(exchange + len, 16, 0xc3));
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_RESPONSE);
    CHECK_STATUS(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &len), KPN_ERR_STATE);

    begin(TEXTS_CAP, 1);
    CHECK_OK(kpn_firmware_start_n(&firmware, "https://a.b/cd", 13, "tx", 1));
    CHECK_OK(kpn_firmware_connected(&firmware));
    CHECK_OK(kpn_firmware_set_real_host(&firmware, true));
    CHECK(kpn_firmware_needs_tls(&firmware) && kpn_firmware_needs_dns(&firmware));
    CHECK_SIZE(kpn_firmware_port(&firmware), 443);
    CHECK_OK(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &len));
    CHECK_TEXT(exchange, len,
               "GET /c HTTP/1.1\r\nHost: a.b\r\nAuthorization: Bearer t\r\nAccept-Encoding: identity\r\n"
               "Range: bytes=0-0\r\n\r\n");
}

/* The response of KPN's documentation: the first 256 bytes of a text of 3,483. */
static void reads_the_documented_part(void)
{
    static const char response[] =
        "HTTP/1.1 200\r\nDate: Fri, 29 Jan 2021 12:56:15 GMT\r\nContent-Length: 256\r\nConnection: keep-alive\r\n"
        "Digest: crc32=710bbd48\r\nContent-Range: bytes 0-255/3483\r\n\r\n"
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit. Praesent et pharetra velit. Donec sed magna dui. "
        "Etiam augue dui, accumsan ac lacus vel, sollicitudin finibus augue. Phasellus fermentum sem mauris, ut "
        "feugiat lorem mollis eu. In hac habitasse plate";
    const size_t len = sizeof response - 1;
#ifdef KPN_TEST_SMALL
    const size_t stride = 29;
#else
    const size_t stride = 1;
#endif
    for (size_t step = 1; step <= len; step += stride) {
        size_t request = 0;
        spoil(&firmware, sizeof firmware, (int)(step % PATTERNS));
        connect_and_begin(256);
        CHECK_OK(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &request));
        memcpy(exchange, response, len);
        CHECK_OK(feed(len, step));
        CHECK_BYTES(memory, 256, response + len - 256, 256);
        CHECK_SIZE(kpn_firmware_confirmed(&firmware), 256);
        CHECK_SIZE(kpn_firmware_total(&firmware), 3483);
        CHECK(kpn_firmware_http_status(&firmware) == 200);
    }
}

static void goes_on_after_every_fault(void)
{
    uint8_t image[KPN_FIRMWARE_IMAGE_EXTRA + TEXTS_CAP];
    size_t image_len = 0;
    const uint32_t total = 950;
    connect_and_begin(PART);
    memset(memory, 0, MEMORY_CAP);
    CHECK_OK(fetch(total, 33, 0, 0));
    CHECK_STATUS(fetch(total, 33, 0, 1), KPN_AGAIN); /* a wrong CRC */
    CHECK(kpn_firmware_error(&firmware) == KPN_ERR_FIRMWARE_CRC && kpn_firmware_failures(&firmware) == 1);
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), PART);
    CHECK_STATUS(fetch(total, 33, 17, 0), KPN_NEED_MORE); /* a lost connection */
    CHECK_STATUS(kpn_firmware_close(&firmware), KPN_AGAIN);
    CHECK(kpn_firmware_error(&firmware) == KPN_ERR_HTTP_TRUNCATED && kpn_firmware_failures(&firmware) == 2);
    CHECK(kpn_firmware_must_connect(&firmware));
    CHECK_OK(fetch(total, 33, 0, 0));
    CHECK(kpn_firmware_failures(&firmware) == 0);
    CHECK_STATUS(fetch(total, 33, 50, 0), KPN_NEED_MORE);
    memset(image, 0xc3, sizeof image);
    CHECK_STATUS(kpn_firmware_save(&firmware, image, KPN_FIRMWARE_IMAGE_EXTRA, &image_len), KPN_ERR_BUFFER_FULL);
    CHECK(image_len == 0 && filled(image, sizeof image, 0xc3));
    CHECK_OK(kpn_firmware_save(&firmware, image, sizeof image, &image_len));
    CHECK_SIZE(image_len, KPN_FIRMWARE_IMAGE_EXTRA + strlen(FW_URL) + strlen(FW_TOKEN));
    CHECK(filled(image + image_len, sizeof image - image_len, 0xc3));

    begin(TEXTS_CAP, 64); /* a reset in the middle of a part */
    for (size_t len = 0; len < image_len; len++) {
        CHECK_STATUS(kpn_firmware_load(&firmware, check_exact(image, len), len), KPN_ERR_IMAGE);
        image[len] ^= 4;
        CHECK_STATUS(kpn_firmware_load(&firmware, check_exact(image, image_len), image_len), KPN_ERR_IMAGE);
        image[len] ^= 4;
    }
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_IDLE && kpn_firmware_confirmed(&firmware) == 0);
    CHECK_OK(kpn_firmware_load(&firmware, check_exact(image, image_len), image_len));
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST);
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), 2 * PART);
    CHECK_OK(fetch(total, 33, 0, 0)); /* with URL and token of the image */
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), 2 * PART + 64);
    CHECK_OK(offer(FW_PACK(URN, FW_URL, "another"), URN));
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), 2 * PART + 64);
    CHECK_STATUS(kpn_firmware_load(&firmware, image, image_len), KPN_ERR_STATE);
    fetch_all(total);

    CHECK_OK(kpn_firmware_rewind(&firmware, 512)); /* a page of flash failed */
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST);
    memset(memory + 512, 0, 256);
    fetch_all(total);
    CHECK_STATUS(kpn_firmware_rewind(&firmware, total + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_firmware_abort(&firmware));
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_IDLE);
    CHECK_STATUS(kpn_firmware_save(&firmware, image, sizeof image, &image_len), KPN_ERR_STATE);
}

static kpn_status feed_text(const char *text)
{
    size_t len = 0;
    if (kpn_firmware_must_connect(&firmware)) {
        CHECK_OK(kpn_firmware_connected(&firmware));
    }
    CHECK_OK(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &len));
    len = strlen(text);
    memcpy(exchange, text, len);
    return feed(len, SIZE_MAX);
}

static void refuses_what_is_not_the_part(void)
{
    static const char busy[] = "HTTP/1.1 429 \r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n";
    static const struct {
        const char *text;
        kpn_status status;
    } answers[] = {
        {"HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n", KPN_ERR_FIRMWARE_REFUSED},
        {"HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n", KPN_ERR_FIRMWARE_REFUSED},
        {"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", KPN_ERR_FIRMWARE_REFUSED},
        {"HTTP/1.1 302 \r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", KPN_ERR_FIRMWARE_REFUSED},
        {"HTTP/1.1 416 \r\nContent-Length: 0\r\n\r\n", KPN_ERR_FIRMWARE_RANGE},
        {"HTTP/1.1 206 \r\nContent-Length: 1\r\nContent-Range: bytes 1-1/9\r\n\r\nx", KPN_ERR_FIRMWARE_RANGE},
        {"HTTP/1.1 206 \r\nContent-Length: 1\r\nContent-Range: bytes 0-1/9\r\n\r\nx", KPN_ERR_FIRMWARE_RANGE},
        {"HTTP/1.1 206 \r\nContent-Length: 2\r\nContent-Range: bytes 0-1/*\r\n\r\nxx", KPN_ERR_FIRMWARE_RANGE},
        {"HTTP/1.1 206 \r\nContent-Length: 9\r\n\r\nxxxxxxxxx", KPN_ERR_FIRMWARE_RANGE},
        {"HTTP/1.1 412 \r\nContent-Length: 0\r\n\r\n", KPN_ERR_FIRMWARE_REPLACED},
        {"HTTP/1.1 206 \r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-2/9\r\n\r\nxxx", KPN_ERR_FIRMWARE_CODING},
        {"HTTP/1.1 200 \r\nContent-Encoding: br\r\nContent-Length: 9\r\n\r\nxxxxxxxxx", KPN_ERR_FIRMWARE_CODING},
        {"HTTP/1.1 206 \r\nContent-Length: 2\r\nContent-Range: bytes 0-1/9\r\n\r\nxx", KPN_OK},
        {"HTTP/1.1 206 \r\nContent-Length: 4\r\nContent-Range: bytes 0-3/9\r\n\r\nxxxx", KPN_OK},
        {"HTTP/1.1 200 \r\nContent-Encoding: identity\r\nContent-Length: 9\r\n\r\nxxxxxxxxx", KPN_OK},
        {"HTTP/1.1 408 \r\nContent-Length: 0\r\n\r\n", KPN_AGAIN},
        {busy, KPN_AGAIN},
        {"HTTP/1.1 503 \r\nContent-Length: 2\r\n\r\nno", KPN_AGAIN},
        {"garbage", KPN_AGAIN},
        {"HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\nxxxxxxxxx", KPN_OK},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        size_t len;
        connect_and_begin(3);
        CHECK_STATUS(feed_text(answers[i].text), answers[i].status);
        if (answers[i].status < 0) {
            CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_FAILED);
            CHECK(kpn_firmware_error(&firmware) == answers[i].status);
            CHECK_STATUS(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &len), answers[i].status);
            CHECK_STATUS(kpn_firmware_close(&firmware), answers[i].status);
        }
    }
    connect_and_begin(3);
    CHECK_OK(kpn_firmware_set_retries(&firmware, 1));
    CHECK_STATUS(feed_text(busy), KPN_AGAIN);
    CHECK_SIZE(kpn_firmware_retry_after(&firmware), 9);
    CHECK_STATUS(feed_text(busy), KPN_ERR_FIRMWARE_BUSY);

    connect_and_begin(PART);
    CHECK_OK(fetch(300, SIZE_MAX, 0, 0));
    CHECK_STATUS(fetch(301, SIZE_MAX, 0, 0), KPN_ERR_FIRMWARE_SIZE);
    CHECK_OK(kpn_firmware_rewind(&firmware, 0));
    fetch_all(301);
}

static void starts_over_when_the_image_was_replaced(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 206 \r\nETag: \"1\"\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/9\r\n\r\nold",
        "HTTP/1.1 206 \r\nETag: \"2\"\r\nContent-Length: 3\r\nContent-Range: bytes 3-5/9\r\n\r\nnew",
        "HTTP/1.1 200 \r\nETag: \"2\"\r\nContent-Length: 9\r\n\r\nnewnewnew",
    };
    static const char field[] = "\r\nIf-Range: \"1\"\r\n\r\n";
    size_t len = 0;
    connect_and_begin(3);
    CHECK_OK(feed_text(answers[0]));
    CHECK_OK(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, &len));
    CHECK_BYTES(exchange + len - (sizeof field - 1), sizeof field - 1, field, sizeof field - 1);
    len = strlen(answers[1]);
    memcpy(exchange, answers[1], len);
    CHECK_STATUS(feed(len, SIZE_MAX), KPN_ERR_FIRMWARE_REPLACED);
    CHECK(kpn_firmware_error(&firmware) == KPN_ERR_FIRMWARE_REPLACED && kpn_firmware_confirmed(&firmware) == 0);
    CHECK_OK(kpn_firmware_rewind(&firmware, 0));
    CHECK_OK(feed_text(answers[2]));
    CHECK(kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE);
    CHECK_BYTES(memory, 9, "newnewnew", 9);
}

static void takes_no_page_for_firmware(void)
{
    static const char page[] = "HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n<!DOCTYPE";
    static const uint8_t magic[4] = {0x3d, 0xb8, 0xf3, 0x96};
    connect_and_begin(3);
    CHECK_OK(kpn_firmware_expect(&firmware, 0, magic, sizeof magic));
    CHECK_STATUS(feed_text(page), KPN_AGAIN);
    CHECK(kpn_firmware_error(&firmware) == KPN_ERR_FIRMWARE_UNEXPECTED && kpn_firmware_confirmed(&firmware) == 0);
    CHECK_OK(kpn_firmware_expect(&firmware, 10, NULL, 0));
    CHECK_STATUS(feed_text(page), KPN_AGAIN);
    CHECK(kpn_firmware_failures(&firmware) == 2);
    CHECK_OK(kpn_firmware_expect(&firmware, 9, (const uint8_t *)"<!DOCTYP", KPN_FIRMWARE_FIRST_MAX));
    CHECK_OK(feed_text(page));
    CHECK_STATUS(kpn_firmware_expect(&firmware, 0, memory, KPN_FIRMWARE_FIRST_MAX + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_expect(&firmware, 0, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_expect(&firmware, 0, other, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_firmware_expect(&firmware, 0, (const uint8_t *)&firmware, 1), KPN_ERR_OVERLAP);
}

static void reconnects_when_a_connection_has_taken_its_requests(void)
{
    connect_and_begin(PART);
    CHECK_OK(kpn_firmware_set_request_limit(&firmware, 2));
    CHECK_OK(kpn_firmware_connected(&firmware));
    CHECK_OK(fetch(350, SIZE_MAX, 0, 0));
    CHECK(!kpn_firmware_must_connect(&firmware));
    CHECK_STATUS(kpn_firmware_close(&firmware), KPN_AGAIN); /* idle: not a failure */
    CHECK(kpn_firmware_failures(&firmware) == 0 && kpn_firmware_must_connect(&firmware));
    CHECK_OK(fetch(350, SIZE_MAX, 0, 0));
    CHECK_OK(fetch(350, SIZE_MAX, 0, 0));
    CHECK(kpn_firmware_must_connect(&firmware));
    CHECK_STATUS(kpn_firmware_close(&firmware), KPN_AGAIN); /* it could not be opened */
    CHECK(kpn_firmware_failures(&firmware) == 1);
    CHECK_OK(kpn_firmware_connected(&firmware));
    CHECK_STATUS(kpn_firmware_close(&firmware), KPN_AGAIN); /* it was opened but brought nothing */
    CHECK(kpn_firmware_failures(&firmware) == 2);
    fetch_all(350);
}

static void takes_announcements(void)
{
    char url[KPN_FIRMWARE_URL_MAX + 2];
    begin(TEXTS_CAP, PART);
    CHECK_STATUS(offer("[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":true}]", URN), KPN_END);
    CHECK_STATUS(offer(FW_PACK("urn:dev:IMEI:1:", FW_URL, FW_TOKEN), URN), KPN_END);
    CHECK_OK(offer(FW_PACK("urn:dev:IMEI:1:", FW_URL, FW_TOKEN), NULL));
    CHECK_OK(fetch(950, SIZE_MAX, 0, 0));
    CHECK_STATUS(offer("[{\"bn\":\"" URN "\",\"n\":\"valve\",\"vb\":true}]", URN), KPN_END);
    CHECK_STATUS(offer(FW_PACK(URN, "ftp://a/", FW_TOKEN), URN), KPN_ERR_FIRMWARE_URL);
    CHECK_STATUS(offer(FW_PACK(URN, FW_URL, "a b"), URN), KPN_ERR_HEAD_TEXT);
    memset(url, 'x', sizeof url);
    memcpy(url, "http://a/", 9);
    url[KPN_FIRMWARE_URL_MAX + 1] = '\0';
    CHECK_STATUS(kpn_firmware_start(&firmware, url, "t"), KPN_ERR_FIRMWARE_TOO_LONG);
    url[KPN_FIRMWARE_URL_MAX] = '\0';
    CHECK_STATUS(kpn_firmware_start(&firmware, url, "t"), KPN_ERR_FIRMWARE_TOO_LONG); /* for this memory */
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), PART);
    CHECK_OK(offer(FW_PACK(URN, "http:\\/\\/10.0.0.1:81\\/f\\/v1\\/1", "t2"), URN));
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), PART);
    CHECK_OK(offer(FW_PACK(URN, FW_URL "2", "t2"), URN));
    CHECK_SIZE(kpn_firmware_confirmed(&firmware), 0);
    CHECK(kpn_firmware_must_connect(&firmware));
    CHECK_OK(kpn_firmware_begin(&firmware, memory, KPN_FIRMWARE_MEMORY, PART));
    CHECK_OK(kpn_firmware_start(&firmware, url, "t"));
}

static void checks_its_arguments(void)
{
    kpn_firmware none;
    kpn_firmware *const odd = (kpn_firmware *)misaligned();
    kpn_firmware_piece piece;
    size_t len;
    char host[4];
    memset(&none, 0, sizeof none);
    CHECK_STATUS(kpn_firmware_begin(NULL, other, 1, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_begin(odd, other, 1, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_begin(&none, NULL, 1, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_begin(&none, other, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_begin(&none, (uint8_t *)&none, 1, 1), KPN_ERR_OVERLAP);
    for (int i = 0; i < 3; i++) {
        kpn_firmware *const bad = i == 0 ? NULL : i == 1 ? odd : &none;
        const kpn_status expected = i == 2 ? KPN_ERR_STATE : KPN_ERR_INVALID_ARGUMENT;
        CHECK_STATUS(kpn_firmware_start(bad, FW_URL, FW_TOKEN), expected);
        CHECK_STATUS(kpn_firmware_set_retries(bad, 1), expected);
        CHECK_STATUS(kpn_firmware_set_request_limit(bad, 1), expected);
        CHECK_STATUS(kpn_firmware_set_real_host(bad, true), expected);
        CHECK_STATUS(kpn_firmware_expect(bad, 1, NULL, 0), expected);
        CHECK_STATUS(kpn_firmware_load(bad, other, 1), expected);
        CHECK_STATUS(kpn_firmware_save(bad, exchange, EXCHANGE_CAP, &len), expected);
        CHECK_STATUS(kpn_firmware_host(bad, host, sizeof host), expected);
        CHECK_STATUS(kpn_firmware_connected(bad), expected);
        CHECK_STATUS(kpn_firmware_request(bad, exchange, EXCHANGE_CAP, &len), expected);
        CHECK_STATUS(kpn_firmware_feed(bad, exchange, 1, &piece), expected);
        CHECK_STATUS(kpn_firmware_close(bad), expected);
        CHECK_STATUS(kpn_firmware_rewind(bad, 0), expected);
        CHECK_STATUS(kpn_firmware_abort(bad), expected);
        CHECK(kpn_firmware_state(bad) == KPN_FIRMWARE_IDLE && !kpn_firmware_must_connect(bad));
        CHECK(kpn_firmware_error(bad) == KPN_OK && kpn_firmware_failures(bad) == 0);
        CHECK(kpn_firmware_port(bad) == 0 && !kpn_firmware_needs_tls(bad) && !kpn_firmware_needs_dns(bad));
        CHECK(kpn_firmware_confirmed(bad) == 0 && kpn_firmware_total(bad) == 0);
        CHECK(kpn_firmware_http_status(bad) == 0 && kpn_firmware_retry_after(bad) == 0);
    }
    begin(TEXTS_CAP, 1);
    CHECK_STATUS(kpn_firmware_connected(&firmware), KPN_ERR_STATE);
    CHECK_STATUS(kpn_firmware_close(&firmware), KPN_ERR_STATE);
    CHECK_STATUS(kpn_firmware_save(&firmware, exchange, EXCHANGE_CAP, &len), KPN_ERR_STATE);
    CHECK_STATUS(kpn_firmware_save(&firmware, NULL, 1, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_save(&firmware, exchange, EXCHANGE_CAP, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_save(&firmware, other, OTHER_CAP, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_firmware_load(&firmware, other, 9), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_firmware_load(&firmware, NULL, 9), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_load(&firmware, NULL, 0), KPN_ERR_IMAGE);
    CHECK_STATUS(kpn_firmware_offer(&firmware, NULL, URN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_start(&firmware, NULL, FW_TOKEN), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_start(&firmware, FW_URL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_start_n(&firmware, FW_URL, SIZE_MAX, FW_TOKEN, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_set_request_limit(&firmware, 0), KPN_ERR_INVALID_ARGUMENT);
    memcpy(other, "http://a/", 10);
    CHECK_STATUS(kpn_firmware_start(&firmware, (const char *)other, FW_TOKEN), KPN_ERR_OVERLAP);
    connect_and_begin(1);
    CHECK_STATUS(kpn_firmware_request(&firmware, other, OTHER_CAP, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_firmware_request(&firmware, NULL, 9, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_request(&firmware, exchange, EXCHANGE_CAP, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_feed(&firmware, exchange, 1, &piece), KPN_ERR_STATE);
    CHECK_STATUS(kpn_firmware_feed(&firmware, exchange, 1, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_feed(&firmware, NULL, 1, &piece), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_firmware_feed(&firmware, (const uint8_t *)&piece, 1, &piece), KPN_ERR_OVERLAP);
}

static void waits_longer_each_time(void)
{
    uint32_t failures;
    for (failures = 1; failures < 20; failures++) {
        const uint32_t window = failures < 7 ? UINT32_C(500) << failures : 60000;
        CHECK_SIZE(kpn_retry_delay_ms(failures, 0, 1000, 60000, 0), 0);
        CHECK_SIZE(kpn_retry_delay_ms(failures, UINT32_MAX, 1000, 60000, 0), window);
        CHECK_SIZE(kpn_retry_delay_ms(failures, UINT32_MAX, 1000, 60000, 30), window + 30000);
    }
    CHECK_SIZE(kpn_retry_delay_ms(1, 1, 1, 1, UINT32_MAX), UINT32_MAX);
    for (int32_t outcome = -1; outcome < 10; outcome++) {
        CHECK(kpn_outcome_may_retry(outcome) == (outcome == KPN_OUTCOME_RETRY_LATER));
    }
}

void test_firmware(void)
{
    asks_as_documented();
    reads_the_documented_part();
    goes_on_after_every_fault();
    refuses_what_is_not_the_part();
    starts_over_when_the_image_was_replaced();
    takes_no_page_for_firmware();
    reconnects_when_a_connection_has_taken_its_requests();
    takes_announcements();
    checks_its_arguments();
    waits_longer_each_time();
}
