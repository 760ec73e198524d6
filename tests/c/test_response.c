/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static const char live[] =
    "HTTP/1.1 202 \r\nDate: Wed, 29 May 2024 12:29:28 GMT\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";
#define LIVE_LEN (sizeof live - 1)

static const uint8_t *bytes(const char *text)
{
    return (const uint8_t *)text;
}

/* Feeds everything, up to `step` bytes at a time, each piece from memory that ends where the piece ends. */
static kpn_status feed(kpn_response *response, const char *text, size_t len, size_t step, size_t *used)
{
    kpn_status status = KPN_NEED_MORE;
    *used = 0;
    while (status == KPN_NEED_MORE && *used < len) {
        const size_t piece = len - *used < step ? len - *used : step;
        size_t taken = SIZE_MAX;
        status = kpn_response_feed(response, check_exact(text + *used, piece), piece, &taken);
        CHECK(status < 0 ? taken == SIZE_MAX : taken <= piece);
        CHECK(status != KPN_NEED_MORE || taken == piece);
        *used += taken <= piece ? taken : 0;
    }
    return status;
}

static void check_live(const kpn_response *response)
{
    kpn_span body = {memory, 77};
    CHECK(kpn_response_status(response) == 202);
    CHECK(kpn_response_outcome(response) == KPN_OUTCOME_ACCEPTED);
    CHECK_OK(kpn_response_body(response, &body));
    CHECK_SIZE(body.len, 0);
    CHECK_SIZE(kpn_response_missing(response), 0);
    CHECK(kpn_response_keep_alive(response));
    CHECK(kpn_response_retry_after(response) == 0);
}

static void reads_the_live_response_in_any_split(void)
{
    kpn_response response;
    size_t used;
    CHECK_SIZE(LIVE_LEN, 97);
    for (size_t split = 0; split <= LIVE_LEN; split++) {
        spoil(&response, sizeof response, (int)(split % PATTERNS));
        CHECK_OK(kpn_response_begin(&response, memory, 64));
        if (split < LIVE_LEN) {
            CHECK_STATUS(feed(&response, live, split, SIZE_MAX, &used), KPN_NEED_MORE);
            CHECK(kpn_response_outcome(&response) == KPN_OUTCOME_NONE);
            CHECK(!kpn_response_keep_alive(&response));
        } else {
            used = 0;
            CHECK_OK(feed(&response, live, split, SIZE_MAX, &used));
        }
        CHECK_SIZE(used, split);
        if (split < LIVE_LEN) {
            CHECK_OK(feed(&response, live + split, LIVE_LEN - split, SIZE_MAX, &used));
        }
        check_live(&response);
    }
    for (size_t step = 1; step < 20; step++) {
        CHECK_OK(kpn_response_begin(&response, NULL, 0));
        CHECK_OK(feed(&response, live, LIVE_LEN, step, &used));
        CHECK_SIZE(used, LIVE_LEN);
        check_live(&response);
    }
}

static void truncation_is_never_success(void)
{
    kpn_response response;
    kpn_span body = {NULL, 77};
    size_t used;
    for (size_t len = 0; len < LIVE_LEN; len++) {
        CHECK_OK(kpn_response_begin(&response, memory, 64));
        CHECK_STATUS(feed(&response, live, len, SIZE_MAX, &used), KPN_NEED_MORE);
        CHECK_STATUS(kpn_response_body(&response, &body), KPN_ERR_STATE);
        CHECK_STATUS(kpn_response_end(&response), KPN_ERR_HTTP_TRUNCATED);
        CHECK_STATUS(kpn_response_end(&response), KPN_ERR_HTTP_TRUNCATED);
        CHECK_STATUS(kpn_response_feed(&response, bytes(live) + len, LIVE_LEN - len, NULL), KPN_ERR_HTTP_TRUNCATED);
        CHECK(kpn_response_outcome(&response) == KPN_OUTCOME_NONE);
        CHECK(!kpn_response_keep_alive(&response));
        CHECK_STATUS(kpn_response_body(&response, &body), KPN_ERR_HTTP_TRUNCATED);
        CHECK(body.ptr == NULL && body.len == 77);
    }
}

static void leaves_bytes_of_the_next_response(void)
{
    kpn_response response;
    size_t used = 0;
    memcpy(memory, live, LIVE_LEN);
    memcpy(memory + LIVE_LEN, live, LIVE_LEN);
    CHECK_OK(kpn_response_begin(&response, other, OTHER_CAP));
    CHECK_OK(kpn_response_feed(&response, memory, 2 * LIVE_LEN, &used));
    CHECK_SIZE(used, LIVE_LEN);
    used = 77;
    CHECK_OK(kpn_response_feed(&response, memory + LIVE_LEN, LIVE_LEN, &used));
    CHECK_SIZE(used, 0);
    CHECK_OK(kpn_response_end(&response));
    check_live(&response);
}

static void gathers_a_body_of_any_framing(void)
{
    static const struct {
        const char *text;
        bool closed;
    } forms[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", false},
        {"HTTP/1.1 200 OK\nContent-Length: 11\n\nhello world", false},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 11\r\n\r\nhello world", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\n\r\nhello world", true},
    };
    kpn_response response;
    kpn_span body;
    size_t used;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const size_t len = strlen(forms[i].text);
        for (size_t step = 1; step <= len; step++) {
            memset(memory, 0xc3, 64);
            CHECK_OK(kpn_response_begin(&response, memory + 8, 11));
            CHECK_STATUS(feed(&response, forms[i].text, len, step, &used), forms[i].closed ? KPN_NEED_MORE : KPN_OK);
            CHECK_SIZE(used, len);
            CHECK_OK(kpn_response_end(&response));
            CHECK_OK(kpn_response_body(&response, &body));
            CHECK_TEXT(body.ptr, body.len, "hello world");
            CHECK(body.ptr == memory + 8);
            CHECK(filled(memory, 8, 0xc3) && filled(memory + 19, 45, 0xc3));
            CHECK(kpn_response_keep_alive(&response) == !forms[i].closed);
        }
        /* Too small by 1 to 11 bytes: the outcome is still known. */
        for (size_t cap = 0; cap < 11; cap++) {
            memset(memory, 0xc3, 64);
            body.ptr = NULL;
            body.len = 77;
            CHECK_OK(kpn_response_begin(&response, cap == 0 ? NULL : memory + 8, cap));
            (void)feed(&response, forms[i].text, len, 3, &used);
            CHECK_OK(kpn_response_end(&response));
            CHECK(kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED);
            CHECK_STATUS(kpn_response_body(&response, &body), KPN_ERR_BODY_TOO_LARGE);
            CHECK(body.ptr == NULL && body.len == 77);
            CHECK_SIZE(kpn_response_missing(&response), 11 - cap);
            CHECK(filled(memory, 8, 0xc3) && filled(memory + 8 + cap, 56 - cap, 0xc3));
        }
    }
}

static void maps_statuses_to_outcomes(void)
{
    static const struct {
        int32_t status;
        int32_t outcome;
    } table[] = {
        {200, KPN_OUTCOME_ACCEPTED},       {201, KPN_OUTCOME_ACCEPTED},       {202, KPN_OUTCOME_ACCEPTED},
        {204, KPN_OUTCOME_ACCEPTED},       {207, KPN_OUTCOME_ACCEPTED},       {299, KPN_OUTCOME_ACCEPTED},
        {300, KPN_OUTCOME_REFUSED},        {301, KPN_OUTCOME_REFUSED},        {304, KPN_OUTCOME_REFUSED},
        {308, KPN_OUTCOME_REFUSED},        {399, KPN_OUTCOME_REFUSED},        {400, KPN_OUTCOME_MALFORMED},
        {401, KPN_OUTCOME_TOKEN_REJECTED}, {403, KPN_OUTCOME_TOKEN_REJECTED}, {404, KPN_OUTCOME_DEVICE_UNKNOWN},
        {405, KPN_OUTCOME_REFUSED},        {413, KPN_OUTCOME_REFUSED},        {418, KPN_OUTCOME_MALFORMED},
        {431, KPN_OUTCOME_REFUSED},        {450, KPN_OUTCOME_MALFORMED},      {451, KPN_OUTCOME_REFUSED},
        {499, KPN_OUTCOME_MALFORMED},      {408, KPN_OUTCOME_RETRY_LATER},    {429, KPN_OUTCOME_RETRY_LATER},
        {500, KPN_OUTCOME_RETRY_LATER},    {503, KPN_OUTCOME_RETRY_LATER},    {599, KPN_OUTCOME_RETRY_LATER},
        {600, KPN_OUTCOME_RETRY_LATER},    {999, KPN_OUTCOME_RETRY_LATER},
    };
    char text[] = "HTTP/1.1 000 x\r\nContent-Length: 0\r\nRetry-After: 120\r\nConnection: close\r\n\r\n";
    kpn_response response;
    size_t used;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const int32_t status = table[i].status;
        text[9] = (char)('0' + status / 100);
        text[10] = (char)('0' + status / 10 % 10);
        text[11] = (char)('0' + status % 10);
        CHECK_OK(kpn_response_begin(&response, memory, 64));
        CHECK_OK(feed(&response, text, sizeof text - 1, SIZE_MAX, &used));
        CHECK(kpn_response_status(&response) == status);
        CHECK(kpn_response_outcome(&response) == table[i].outcome);
        CHECK(kpn_response_retry_after(&response) == 120);
        CHECK(!kpn_response_keep_alive(&response));
    }
}

static void counts_requests_of_a_connection(void)
{
    kpn_connection connection;
    kpn_response response;
    size_t used;
    CHECK_OK(kpn_connection_begin(&connection, KPN_REQUESTS_MAX));
    CHECK_OK(kpn_response_begin(&response, memory, 64));
    CHECK_OK(feed(&response, live, LIVE_LEN, SIZE_MAX, &used));
    for (uint16_t left = KPN_REQUESTS_MAX; left > 0; left--) {
        CHECK_SIZE(kpn_connection_left(&connection), left);
        CHECK_OK(kpn_connection_record(&connection, &response));
    }
    CHECK_SIZE(kpn_connection_left(&connection), 0);
    CHECK_OK(kpn_connection_record(&connection, &response));
    CHECK_SIZE(kpn_connection_left(&connection), 0);
    /* A response that failed ends the connection. */
    CHECK_OK(kpn_connection_begin(&connection, 5));
    CHECK_OK(kpn_response_begin(&response, memory, 64));
    CHECK_STATUS(kpn_response_end(&response), KPN_ERR_HTTP_TRUNCATED);
    CHECK_OK(kpn_connection_record(&connection, &response));
    CHECK_SIZE(kpn_connection_left(&connection), 0);
}

static void noise_is_survived(void)
{
    kpn_response response;
    kpn_span body;
    size_t used;
    for (uint32_t round = 0; round < RANDOM_ROUNDS; round++) {
        char text[LIVE_LEN];
        memcpy(text, live, LIVE_LEN);
        for (uint32_t i = random_below(4); i > 0; i--) {
            text[random_below(LIVE_LEN)] = (char)random32();
        }
        memset(memory, 0xc3, 64);
        CHECK_OK(kpn_response_begin(&response, memory + 8, 16));
        const kpn_status whole = feed(&response, text, LIVE_LEN, SIZE_MAX, &used);
        const kpn_status end = kpn_response_end(&response);
        const int32_t outcome = kpn_response_outcome(&response);
        CHECK((end == KPN_OK) == (outcome != KPN_OUTCOME_NONE));
        CHECK(whole == KPN_NEED_MORE || end == whole);
        CHECK(end == KPN_OK || kpn_response_body(&response, &body) == end);
        CHECK(filled(memory, 8, 0xc3) && filled(memory + 24, 40, 0xc3));
        CHECK_OK(kpn_response_begin(&response, memory + 8, 16));
        CHECK_STATUS(feed(&response, text, LIVE_LEN, 1, &used), whole);
        CHECK_STATUS(kpn_response_end(&response), end);
        CHECK(kpn_response_outcome(&response) == outcome);
    }
}

void test_response(void)
{
    reads_the_live_response_in_any_split();
    truncation_is_never_success();
    leaves_bytes_of_the_next_response();
    gathers_a_body_of_any_framing();
    maps_statuses_to_outcomes();
    counts_requests_of_a_connection();
    noise_is_survived();
}

void test_misuse_response(void)
{
    kpn_response response;
    kpn_connection connection;
    kpn_span body = {NULL, 77};
    size_t used = 77;
    kpn_response *const wrong = (kpn_response *)misaligned();
    kpn_connection *const wrong_connection = (kpn_connection *)misaligned();
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        spoil(&response, sizeof response, pattern);
        spoil(&connection, sizeof connection, pattern);
        CHECK_STATUS(kpn_response_feed(&response, bytes("x"), 1, &used), KPN_ERR_STATE);
        CHECK_STATUS(kpn_response_end(&response), KPN_ERR_STATE);
        CHECK_STATUS(kpn_response_body(&response, &body), KPN_ERR_STATE);
        CHECK(kpn_response_status(&response) == 0);
        CHECK(kpn_response_outcome(&response) == KPN_OUTCOME_NONE);
        CHECK_SIZE(kpn_response_missing(&response), 0);
        CHECK(!kpn_response_keep_alive(&response));
        CHECK(kpn_response_retry_after(&response) == 0);
        CHECK_SIZE(kpn_connection_left(&connection), 0);
        CHECK_STATUS(kpn_connection_record(&connection, &response), KPN_ERR_STATE);
    }
    CHECK_STATUS(kpn_response_begin(NULL, memory, 64), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_begin(wrong, memory, 64), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_begin(&response, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_begin(&response, memory, (size_t)PTRDIFF_MAX + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_begin(&response, memory, SIZE_MAX), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_begin(&response, (uint8_t *)&response, 8), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_response_feed(NULL, bytes("x"), 1, &used), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_feed(wrong, bytes("x"), 1, &used), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_end(NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_end(wrong), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_body(NULL, &body), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_body(wrong, &body), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_response_status(NULL) == 0 && kpn_response_status(wrong) == 0);
    CHECK(kpn_response_outcome(NULL) == KPN_OUTCOME_NONE && kpn_response_outcome(wrong) == KPN_OUTCOME_NONE);
    CHECK(kpn_response_missing(NULL) == 0 && kpn_response_missing(wrong) == 0);
    CHECK(!kpn_response_keep_alive(NULL) && !kpn_response_keep_alive(wrong));
    CHECK(kpn_response_retry_after(NULL) == 0 && kpn_response_retry_after(wrong) == 0);

    CHECK_OK(kpn_response_begin(&response, memory, 64));
    CHECK_STATUS(kpn_response_feed(&response, NULL, 0, &used), KPN_NEED_MORE);
    CHECK_SIZE(used, 0);
    used = 77;
    CHECK_STATUS(kpn_response_feed(&response, NULL, 1, &used), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_feed(&response, bytes("x"), SIZE_MAX, &used), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_feed(&response, bytes("x"), 1, (size_t *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_feed(&response, memory + 63, 1, &used), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_response_feed(&response, (const uint8_t *)&response, 1, &used), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_response_body(&response, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_response_body(&response, (kpn_span *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK(used == 77 && body.len == 77);
    /* What was refused was not read, so the response continues. */
    CHECK_OK(kpn_response_feed(&response, bytes(live), LIVE_LEN, NULL));

    CHECK_STATUS(kpn_connection_begin(NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_connection_begin(wrong_connection, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_connection_begin(&connection, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_SIZE(kpn_connection_left(NULL), 0);
    CHECK_SIZE(kpn_connection_left(wrong_connection), 0);
    CHECK_OK(kpn_connection_begin(&connection, 3));
    CHECK_STATUS(kpn_connection_record(NULL, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_connection_record(&connection, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_connection_record(wrong_connection, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_connection_record(&connection, wrong), KPN_ERR_INVALID_ARGUMENT);
    CHECK_SIZE(kpn_connection_left(&connection), 3);
}
