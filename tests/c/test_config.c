/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

/* On the stack it would take a large part of a small chip's stack. */
static kpn_config config;
static kpn_config twin;

#define FULL \
    "{\"imei\": \"490154203237518\",\n \"secret\": \"" SECRET "\",\n \"endpoint\": \"m2m\", " \
    "\"address\": \"10.151.236.136\", \"port\": 8080, \"apn\": \"kpnthings.iot\",\n" \
    " \"keepAliveLimit\": 7, \"statusTable\": {\"401\": \"retryLater\", \"399\": \"accepted\"}}"
#define FULL_WRITTEN \
    "{\"urn\":\"urn:dev:IMEI:490154203237518:\",\"secret\":\"" SECRET "\",\"endpoint\":\"m2m\"," \
    "\"address\":\"10.151.236.136\",\"port\":8080,\"apn\":\"kpnthings.iot\"," \
    "\"keepAliveLimit\":7,\"statusTable\":{\"401\":\"retryLater\",\"399\":\"accepted\"}}"
#define SHORT "{\"urn\":\"urn:dev:IMEI:1:\",\"secret\":null}"

static kpn_status read_text(const char *text)
{
    const size_t len = strlen(text);
    return kpn_config_load(&config, (const char *)check_exact(text, len), len, NULL);
}

#define CHECK_STRING(text, expected) \
    do { \
        const char *string = (text); \
        CHECK(string != NULL); \
        if (string != NULL) { \
            CHECK_TEXT(string, strlen(string), expected); \
        } \
    } while (0)

static bool contains(const void *bytes, size_t len, const char *text, size_t text_len)
{
    const uint8_t *at = (const uint8_t *)bytes;
    for (size_t i = 0; i + text_len <= len; i++) {
        if (memcmp(at + i, text, text_len) == 0) {
            return true;
        }
    }
    return false;
}

/* What every function returns for memory without a configuration. */
static void check_nothing(const kpn_config *none, kpn_status expected, int line)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    size_t len = 77;
    check_true(kpn_config_urn(none) == NULL && kpn_config_secret(none) == NULL && kpn_config_host(none) == NULL
                   && kpn_config_path(none) == NULL && kpn_config_address(none) == NULL && kpn_config_apn(none) == NULL,
               __FILE__, line, "no text");
    check_true(kpn_config_port(none) == 0 && !kpn_config_tls(none) && kpn_config_keep_alive_limit(none) == 0, __FILE__, line,
               "no number");
    check_true(kpn_config_outcome(none, NULL) == KPN_OUTCOME_NONE, __FILE__, line, "no outcome");
    check_status(kpn_config_save(none, (char *)other, OTHER_CAP, &len), expected, __FILE__, line, "write");
    check_size(len, 77, __FILE__, line, "length");
    check_status(kpn_uplink_begin_config(&uplink, memory, MEMORY_CAP, none), expected, __FILE__, line, "begin");
    check_true(kpn_uplink_add_bool(&uplink, "x", NULL, true) < 0, __FILE__, line, "add");
    check_true(kpn_uplink_finish(&uplink, SECRET, &request) < 0, __FILE__, line, "finish after a failed begin");
    check_status(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN), KPN_OK, __FILE__, line, "begin");
    check_status(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_OK, __FILE__, line, "add");
    check_status(kpn_uplink_finish_config(&uplink, none, &request), expected, __FILE__, line, "finish");
    check_size(request.len, 77, __FILE__, line, "request");
    check_status(kpn_uplink_finish(&uplink, SECRET, &request), KPN_OK, __FILE__, line, "finish otherwise");
}

static void reads_every_field(void)
{
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        spoil(&config, sizeof config, pattern);
        CHECK_OK(read_text(FULL));
        CHECK_STRING(kpn_config_urn(&config), "urn:dev:IMEI:490154203237518:");
        CHECK_STRING(kpn_config_secret(&config), SECRET);
        CHECK_STRING(kpn_config_host(&config), "m.m");
        CHECK_STRING(kpn_config_path(&config), "/ingestion/m2m/senml/v1");
        CHECK_STRING(kpn_config_address(&config), "10.151.236.136");
        CHECK_STRING(kpn_config_apn(&config), "kpnthings.iot");
        CHECK(kpn_config_port(&config) == 8080);
        CHECK(kpn_config_keep_alive_limit(&config) == 7);
        CHECK(!kpn_config_tls(&config));
    }
    CHECK_OK(read_text(SHORT));
    CHECK_STRING(kpn_config_urn(&config), "urn:dev:IMEI:1:");
    CHECK(kpn_config_secret(&config) == NULL);
    CHECK(kpn_config_apn(&config) == NULL);
    CHECK_STRING(kpn_config_address(&config), "10.151.236.157");
    CHECK(kpn_config_port(&config) == 80);
    CHECK(kpn_config_keep_alive_limit(&config) == KPN_REQUESTS_MAX);
    CHECK_OK(read_text("{\"urn\":\"a\",\"secret\":null,\"endpoint\":\"internet\",\"address\":\"10.0.0.1\"}"));
    CHECK_STRING(kpn_config_host(&config), "prod.dm.kpnthings.com");
    CHECK_STRING(kpn_config_path(&config), "/ingestion/ip/senml/v1");
    CHECK_STRING(kpn_config_address(&config), "10.0.0.1");
    CHECK(kpn_config_port(&config) == 443);
    CHECK(kpn_config_tls(&config));
    CHECK_OK(
        read_text("{\"urn\":\"a\",\"secret\":null,\"endpoint\":{\"host\":\"h:1\",\"path\":\"/p\"},\"address\":\"::1\"}"));
    CHECK_STRING(kpn_config_host(&config), "h:1");
    CHECK_STRING(kpn_config_path(&config), "/p");
    CHECK_STRING(kpn_config_address(&config), "::1");
    CHECK(kpn_config_port(&config) == 80);
    CHECK(!kpn_config_tls(&config));
}

/* Every text at its maximum length, so that each has its NUL in the last place. */
static void reads_and_writes_the_longest_texts(void)
{
    static char text[KPN_CONFIG_TEXT_MAX];
    static char written[KPN_CONFIG_TEXT_MAX];
    static const struct {
        const char *before;
        size_t len;
    } parts[] = {{"{\"urn\":\"", 96},     {"\",\"secret\":\"", 100},  {"\",\"endpoint\":{\"host\":\"", 64},
                 {"\",\"path\":\"/", 63}, {"\"},\"address\":\"", 64}, {"\",\"port\":65535,\"apn\":\"", 63}};
    static const char end[] = "\",\"keepAliveLimit\":65535}";
    size_t len = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        memcpy(text + len, parts[i].before, strlen(parts[i].before));
        len += strlen(parts[i].before);
        memset(text + len, 'a', parts[i].len);
        len += parts[i].len;
    }
    memcpy(text + len, end, sizeof end - 1);
    len += sizeof end - 1;
    CHECK_OK(kpn_config_load(&config, text, len, NULL));
    CHECK_SIZE(strlen(kpn_config_urn(&config)), KPN_URN_MAX);
    CHECK_SIZE(strlen(kpn_config_secret(&config)), KPN_SECRET_MAX);
    CHECK_SIZE(strlen(kpn_config_host(&config)), 64);
    CHECK_SIZE(strlen(kpn_config_path(&config)), 64);
    CHECK_SIZE(strlen(kpn_config_address(&config)), 64);
    CHECK_SIZE(strlen(kpn_config_apn(&config)), 63);
    size_t written_len = 0;
    CHECK_OK(kpn_config_save(&config, written, sizeof written, &written_len));
    CHECK_BYTES(written, written_len, text, len);
}

static void writes_with_every_capacity(void)
{
    static const size_t need = sizeof FULL_WRITTEN - 1;
    uint8_t *const start = other + 4;
    size_t len;
    CHECK(need <= KPN_CONFIG_TEXT_MAX);
    CHECK_OK(read_text(FULL));
    for (size_t cap = 0; cap <= need + 3; cap++) {
        memset(other, 0xc9, OTHER_CAP);
        len = 0;
        CHECK_STATUS(kpn_config_save(&config, (char *)start, cap, &len), cap < need ? KPN_ERR_BUFFER_FULL : KPN_OK);
        CHECK_SIZE(len, need);
        CHECK(filled(other, 4, 0xc9) && filled(start + cap, OTHER_CAP - 4 - cap, 0xc9));
        if (cap < need) {
            CHECK(filled(start, cap, 0));
        } else {
            CHECK_TEXT(start, len, FULL_WRITTEN);
            CHECK(filled(start + need, cap - need, 0xc9));
        }
    }
    len = 0;
    CHECK_OK(kpn_config_save(&config, NULL, 0, &len));
    CHECK_SIZE(len, need);
    /* What was written reads back unchanged. */
    CHECK_OK(read_text(FULL_WRITTEN));
    CHECK_OK(kpn_config_save(&config, (char *)other, OTHER_CAP, &len));
    CHECK_TEXT(other, len, FULL_WRITTEN);
}

static void says_which_field_is_wrong_and_why(void)
{
    static const struct {
        const char *text;
        int32_t field;
        kpn_status reason;
    } refused[] = {
        {"", KPN_CONFIG_FIELD_DOCUMENT, KPN_ERR_JSON_TRUNCATED},
        {"[]", KPN_CONFIG_FIELD_DOCUMENT, KPN_ERR_CONFIG_TYPE},
        {"{}", KPN_CONFIG_FIELD_SECRET, KPN_ERR_CONFIG_MISSING},
        {"{\"secret\":null}", KPN_CONFIG_FIELD_URN, KPN_ERR_CONFIG_MISSING},
        {"{\"password\":1}", KPN_CONFIG_FIELD_DOCUMENT, KPN_ERR_CONFIG_UNKNOWN},
        {"{\"urn\":\"urn:dev:IMEI:1\",\"secret\":null}", KPN_CONFIG_FIELD_URN, KPN_ERR_URN},
        {"{\"urn\":\"a b\",\"secret\":null}", KPN_CONFIG_FIELD_URN, KPN_ERR_SENML_NAME},
        {"{\"urn\":\"a\",\"urn\":\"a\"}", KPN_CONFIG_FIELD_URN, KPN_ERR_CONFIG_REPEATED},
        {"{\"imei\":\"490154203237519\"}", KPN_CONFIG_FIELD_IMEI, KPN_ERR_IMEI_CHECK_DIGIT},
        {"{\"imei\":490154203237518}", KPN_CONFIG_FIELD_IMEI, KPN_ERR_CONFIG_TYPE},
        {"{\"imei\":\"4901542032375\"}", KPN_CONFIG_FIELD_IMEI, KPN_ERR_URN},
        {"{\"secret\":\"0123456789\"}", KPN_CONFIG_FIELD_SECRET, KPN_ERR_SECRET},
        {"{\"secret\":\"0123456789012345678901234567\\u0000\\u0000\"}", KPN_CONFIG_FIELD_SECRET, KPN_ERR_SECRET},
        {"{\"endpoint\":\"lora\"}", KPN_CONFIG_FIELD_ENDPOINT, KPN_ERR_CONFIG},
        {"{\"endpoint\":{\"host\":\"a\\r\\nb\"}}", KPN_CONFIG_FIELD_HOST, KPN_ERR_HEAD_TEXT},
        {"{\"endpoint\":{\"path\":\"x\"}}", KPN_CONFIG_FIELD_PATH, KPN_ERR_HEAD_TEXT},
        {"{\"endpoint\":{\"path\":\"/\"}}", KPN_CONFIG_FIELD_HOST, KPN_ERR_CONFIG_MISSING},
        {"{\"address\":\"10.1.2\"}", KPN_CONFIG_FIELD_ADDRESS, KPN_ERR_CONFIG},
        {"{\"port\":65536}", KPN_CONFIG_FIELD_PORT, KPN_ERR_NUMBER_RANGE},
        {"{\"port\":\"80\"}", KPN_CONFIG_FIELD_PORT, KPN_ERR_CONFIG_TYPE},
        {"{\"apn\":\"a\\u0022\"}", KPN_CONFIG_FIELD_APN, KPN_ERR_CONFIG},
        {"{\"apn\":\"0123456789012345678901234567890123456789012345678901234567890123\"}", KPN_CONFIG_FIELD_APN,
         KPN_ERR_CONFIG_TOO_LONG},
        {"{\"apn\":\"\\ud800\"}", KPN_CONFIG_FIELD_APN, KPN_ERR_JSON_ESCAPE},
        {"{\"apn\":\"\xff\"}", KPN_CONFIG_FIELD_APN, KPN_ERR_UTF8},
        {"{\"keepAliveLimit\":0}", KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT, KPN_ERR_NUMBER_RANGE},
        {"{\"keepAliveLimit\":+1}", KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT, KPN_ERR_JSON_SYNTAX},
        {"{\"statusTable\":{\"199\":\"accepted\"}}", KPN_CONFIG_FIELD_STATUS_TABLE, KPN_ERR_NUMBER_RANGE},
        {"{\"statusTable\":{\"404\":\"gone\"}}", KPN_CONFIG_FIELD_STATUS_TABLE, KPN_ERR_CONFIG},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const size_t len = strlen(refused[i].text);
        kpn_config_problem problem = {77, 77, 77};
        spoil(&config, sizeof config, 2);
        CHECK_STATUS(kpn_config_load(&config, refused[i].text, len, &problem), refused[i].reason);
        CHECK_STATUS(problem.reason, refused[i].reason);
        CHECK_SIZE((size_t)problem.field, (size_t)refused[i].field);
        CHECK(problem.position <= len);
        CHECK(filled(&config, sizeof config, 0));
        CHECK_STATUS(kpn_config_load(&config, refused[i].text, len, NULL), refused[i].reason);
    }
    kpn_config_problem problem = {77, 77, 77};
    CHECK_OK(kpn_config_load(&config, SHORT, sizeof SHORT - 1, &problem));
    CHECK(problem.field == 77 && problem.reason == 77 && problem.position == 77);
    /* Truncated anywhere, the text is refused. */
    for (size_t len = 0; len < sizeof FULL - 1; len++) {
        const uint8_t *cut = check_exact(FULL, len);
        CHECK(kpn_config_load(&config, (const char *)cut, len, NULL) < 0);
    }
}

static void names_the_fields(void)
{
    CHECK_STRING(kpn_config_field_name(KPN_CONFIG_FIELD_DOCUMENT), "");
    CHECK_STRING(kpn_config_field_name(KPN_CONFIG_FIELD_URN), "urn");
    CHECK_STRING(kpn_config_field_name(KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT), "keepAliveLimit");
    CHECK_STRING(kpn_config_field_name(KPN_CONFIG_FIELD_STATUS_TABLE), "statusTable");
    CHECK_STRING(kpn_config_field_name(KPN_CONFIG_FIELD_STATUS_TABLE + 1), "");
    CHECK_STRING(kpn_config_field_name(-1), "");
    CHECK_STRING(kpn_config_field_name(INT32_MIN), "");
}

static void leaves_nothing_of_the_secret(void)
{
    CHECK_OK(read_text(FULL));
    CHECK(contains(&config, sizeof config, SECRET, 8));
    CHECK_OK(kpn_config_wipe(&config));
    CHECK(filled(&config, sizeof config, 0));
    check_nothing(&config, KPN_ERR_STATE, __LINE__);
    CHECK_OK(kpn_config_wipe(&config));

    /* Nor does a shorter secret leave anything after its end, nor a text that is refused after the secret. */
    CHECK_OK(read_text(FULL));
    CHECK_OK(read_text("{\"urn\":\"a\",\"secret\":\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}"));
    CHECK(!contains(&config, sizeof config, "ABCD", 4));
    CHECK_OK(read_text(SHORT));
    CHECK(!contains(&config, sizeof config, "zz", 2));
    CHECK_STATUS(read_text("{\"secret\":\"" SECRET "\",\"port\":0}"), KPN_ERR_NUMBER_RANGE);
    CHECK(filled(&config, sizeof config, 0));
    check_nothing(&config, KPN_ERR_STATE, __LINE__);

    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        spoil(&config, sizeof config, pattern);
        check_nothing(&config, KPN_ERR_STATE, __LINE__);
        CHECK_OK(kpn_config_wipe(&config));
        CHECK(filled(&config, sizeof config, 0));
    }
}

static void refuses_wrong_arguments(void)
{
    kpn_config *const crooked = (kpn_config *)misaligned();
    kpn_config_problem problem = {77, 77, 77};
    size_t len = 77;
    check_nothing(NULL, KPN_ERR_INVALID_ARGUMENT, __LINE__);
    check_nothing(crooked, KPN_ERR_INVALID_ARGUMENT, __LINE__);
    CHECK_STATUS(kpn_config_wipe(NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_wipe(crooked), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_load(NULL, SHORT, sizeof SHORT - 1, &problem), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_load(crooked, SHORT, sizeof SHORT - 1, &problem), KPN_ERR_INVALID_ARGUMENT);

    /* Wrong arguments leave a configuration unchanged. */
    CHECK_OK(read_text(FULL));
    memcpy(&twin, &config, sizeof config);
    CHECK_STATUS(kpn_config_load(&config, NULL, 1, &problem), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_load(&config, SHORT, SIZE_MAX, &problem), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_load(&config, SHORT, sizeof SHORT - 1, (kpn_config_problem *)misaligned()),
                 KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_load(&config, (const char *)&config, 8, &problem), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_config_load(&config, SHORT, sizeof SHORT - 1, (kpn_config_problem *)(void *)&config), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_config_load(&config, (const char *)&problem, 2, &problem), KPN_ERR_OVERLAP);
    CHECK(problem.field == 77 && problem.reason == 77 && problem.position == 77);
    CHECK_BYTES(&config, sizeof config, &twin, sizeof twin);
    CHECK_STATUS(kpn_config_load(&twin, NULL, 0, NULL), KPN_ERR_JSON_TRUNCATED);

    CHECK_STATUS(kpn_config_save(&config, (char *)other, OTHER_CAP, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_save(&config, (char *)other, OTHER_CAP, (size_t *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_save(&config, NULL, 1, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_save(&config, (char *)other, SIZE_MAX, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_config_save(&config, (char *)&config, 8, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_config_save(&config, (char *)other, OTHER_CAP, (size_t *)(void *)&config), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_config_save(&config, (char *)&len, sizeof len, &len), KPN_ERR_OVERLAP);
    CHECK_SIZE(len, 77);
}

/* A message from a configuration equals one made from its parts. */
static void check_same_message(const char *text, const char *host, const char *path, int line)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 0};
    kpn_span expected = {NULL, 0};
    check_status(read_text(text), KPN_OK, __FILE__, line, text);
    check_status(kpn_uplink_begin_config(&uplink, memory, MEMORY_CAP, &config), KPN_OK, __FILE__, line, "begin");
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    check_status(kpn_uplink_finish_config(&uplink, &config, &request), KPN_OK, __FILE__, line, "finish");
    CHECK_OK(kpn_uplink_begin_custom(&uplink, other, OTHER_CAP, host, path, "urn:dev:IMEI:1:"));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    if (kpn_config_secret(&config) != NULL) {
        CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &expected));
    } else {
        CHECK_OK(kpn_uplink_finish_unsigned(&uplink, &expected));
    }
    check_bytes(request.ptr, request.len, expected.ptr, expected.len, __FILE__, line, "request");

    kpn_span measured = {memory, 0};
    CHECK_OK(kpn_uplink_begin_config(&uplink, NULL, 0, &config));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    CHECK_OK(kpn_uplink_finish_config(&uplink, &config, &measured));
    CHECK(measured.ptr == NULL);
    check_size(measured.len, request.len, __FILE__, line, "measured");
}

static void makes_messages(void)
{
    kpn_uplink uplink;
    kpn_span request;
    check_same_message("{\"urn\":\"urn:dev:IMEI:1:\",\"secret\":\"" SECRET "\"}", "m.m", "/ingestion/m2m/senml/v1",
                       __LINE__);
    check_same_message(SHORT, "m.m", "/ingestion/m2m/senml/v1", __LINE__);
    check_same_message("{\"urn\":\"urn:dev:IMEI:1:\",\"secret\":\"" SECRET "\",\"endpoint\":\"internet\"}",
                       "prod.dm.kpnthings.com", "/ingestion/ip/senml/v1", __LINE__);
    check_same_message("{\"urn\":\"urn:dev:IMEI:1:\",\"secret\":\"" SECRET
                       "\",\"endpoint\":{\"host\":\"h\",\"path\":\"/p?q\"},\"address\":\"localhost\"}",
                       "h", "/p?q", __LINE__);

    CHECK_STATUS(kpn_uplink_begin_config(&uplink, (uint8_t *)&config, sizeof config, &config), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_begin_config((kpn_uplink *)(void *)&config, memory, MEMORY_CAP, &config), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_begin_config(NULL, memory, MEMORY_CAP, &config), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_config((kpn_uplink *)misaligned(), memory, MEMORY_CAP, &config), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_config(&uplink, NULL, 1, &config), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_begin_config(&uplink, memory, 20, &config), KPN_ERR_BUFFER_FULL);
    CHECK(kpn_uplink_missing(&uplink) > 20);
    CHECK_STATUS(kpn_uplink_finish_config(&uplink, &config, &request), KPN_ERR_BUFFER_FULL);
    CHECK_OK(kpn_uplink_begin_config(&uplink, memory, MEMORY_CAP, &config));
    CHECK_STATUS(kpn_uplink_finish_config(&uplink, &config, &request), KPN_ERR_SENML_EMPTY);
    CHECK_OK(kpn_uplink_begin_config(&uplink, memory, MEMORY_CAP, &config));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "x", NULL, true));
    CHECK_STATUS(kpn_uplink_finish_config(&uplink, &config, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_uplink_finish_config(&uplink, &config, (kpn_span *)(void *)&config), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_uplink_finish_config(NULL, &config, &request), KPN_ERR_INVALID_ARGUMENT);
    CHECK_OK(kpn_uplink_finish_config(&uplink, &config, &request));
    CHECK_STATUS(kpn_uplink_finish_config(&uplink, &config, &request), KPN_ERR_STATE);
}

static void judges_responses(void)
{
    static const struct {
        const char *head;
        int32_t outcome;
    } responses[] = {
        {"HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n", KPN_OUTCOME_ACCEPTED},
        {"HTTP/1.1 399 \r\nContent-Length: 0\r\n\r\n", KPN_OUTCOME_ACCEPTED},
        {"HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n", KPN_OUTCOME_RETRY_LATER},
        {"HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n", KPN_OUTCOME_TOKEN_REJECTED},
        {"HTTP/1.1 398 \r\nContent-Length: 0\r\n\r\n", KPN_OUTCOME_REFUSED},
    };
    kpn_response response;
    CHECK_OK(read_text(FULL));
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        const size_t len = strlen(responses[i].head);
        const uint8_t *head = (const uint8_t *)responses[i].head;
        CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
        CHECK(kpn_config_outcome(&config, &response) == KPN_OUTCOME_NONE);
        CHECK_STATUS(kpn_response_feed(&response, head, len - 1, NULL), KPN_NEED_MORE);
        CHECK(kpn_config_outcome(&config, &response) == KPN_OUTCOME_NONE);
        CHECK_OK(kpn_response_feed(&response, head + len - 1, 1, NULL));
        CHECK(kpn_config_outcome(&config, &response) == responses[i].outcome);
        CHECK(kpn_config_outcome(&config, NULL) == KPN_OUTCOME_NONE);
        CHECK(kpn_config_outcome(NULL, &response) == KPN_OUTCOME_NONE);
    }
    spoil(&response, sizeof response, 2);
    CHECK(kpn_config_outcome(&config, &response) == KPN_OUTCOME_NONE);
}

void test_config(void)
{
    reads_every_field();
    reads_and_writes_the_longest_texts();
    writes_with_every_capacity();
    says_which_field_is_wrong_and_why();
    names_the_fields();
    leaves_nothing_of_the_secret();
    refuses_wrong_arguments();
    makes_messages();
    judges_responses();
}
