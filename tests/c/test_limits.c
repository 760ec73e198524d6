/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names, units, URNs, hosts, paths and secrets at their limits and one beyond. */
#include "check.h"

static char text[300];

static const char *repeated(char c, size_t len)
{
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

static void names(void)
{
    static const char *const wrong[] = {"",    " ",        "a b",   "a\"b", "a\\b", "a,b",
                                        "a+b", "\xc3\xa9", "a\x7f", "a\tb", "a@b",  "a%b"};
    kpn_uplink uplink;
    CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_STATUS(kpn_uplink_add_bool(&uplink, wrong[i], NULL, true), KPN_ERR_SENML_NAME);
    }
    for (int c = 1; c < 256; c++) {
        const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == ':'
                          || c == '.' || c == '/' || c == '_';
        text[0] = 'a';
        text[1] = (char)c;
        text[2] = '\0';
        CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN));
        CHECK_STATUS(kpn_uplink_add_bool(&uplink, text, NULL, true), good ? KPN_OK : KPN_ERR_SENML_NAME);
    }
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, repeated('n', KPN_NAME_MAX + 1), NULL, true), KPN_ERR_SENML_NAME);
    CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, "urn:dev:x:"));
    CHECK_OK(kpn_uplink_add_bool(&uplink, repeated('n', KPN_NAME_MAX), NULL, true));
    /* A text without an end is read no further than one byte past its limit. */
    memset(other, 'n', OTHER_CAP);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, (const char *)check_exact(other, KPN_NAME_MAX + 1), NULL, true),
                 KPN_ERR_SENML_NAME);
}

static void units(void)
{
    kpn_uplink uplink;
    CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "x", repeated('u', KPN_UNIT_MAX), true));
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", repeated('u', KPN_UNIT_MAX + 1), true), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", "", true), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x",
                                     "\xc2\xb0"
                                     "C",
                                     true),
                 KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", "a\nb", true), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_set_base_unit(&uplink, ""), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_clear_failure(&uplink), KPN_ERR_SENML_UNIT);
    CHECK_STATUS(kpn_uplink_set_base_unit(&uplink, repeated('u', KPN_UNIT_MAX + 1)), KPN_ERR_SENML_UNIT);
}

static kpn_status begin_with(const char *urn)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    const kpn_status status = kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, urn);
    if (status != KPN_OK) {
        /* A failed begin leaves an object that can only report that failure. */
        CHECK_STATUS(kpn_uplink_add_bool(&uplink, "x", NULL, true), status);
        CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), status);
        CHECK(request.len == 77);
    }
    return status;
}

static void urns(void)
{
    static const char *const wrong[] = {
        "urn:dev:IMEI:490154203237518",   "urn:dev:IMEI:", "urn:dev:IMEI::", "urn:dev:DVNUUID:", "urn:dev:DEVEUI:",
        "urn:dev:DEVEUI:0123456789ABCDEF"};
    static const char *const unsafe[] = {
        "", ":", " ", "urn:dev:IMEI:1\r\n:", "urn:dev:IMEI:\"1\":", "urn dev:", "\xc3\xa9:"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_STATUS(begin_with(wrong[i]), KPN_ERR_URN);
    }
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        CHECK_STATUS(begin_with(unsafe[i]), KPN_ERR_SENML_NAME);
    }
    (void)repeated('a', KPN_URN_MAX);
    text[KPN_URN_MAX - 1] = ':';
    CHECK_OK(begin_with(text));
    (void)repeated('a', KPN_URN_MAX + 1);
    text[KPN_URN_MAX] = ':';
    CHECK_STATUS(begin_with(text), KPN_ERR_URN);
    memset(other, 'a', OTHER_CAP);
    CHECK_STATUS(begin_with((const char *)check_exact(other, KPN_URN_MAX + 1)), KPN_ERR_URN);
}

static kpn_status begin_to(const char *host, const char *path)
{
    kpn_uplink uplink;
    kpn_span request;
    const kpn_status status = kpn_uplink_begin_custom(&uplink, memory, MEMORY_CAP, host, path, "urn:dev:IMEI:1:");
    if (status == KPN_OK) {
        CHECK_OK(kpn_uplink_add_bool(&uplink, "x", NULL, true));
        CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
    }
    return status;
}

static void hosts_and_paths(void)
{
    CHECK_OK(begin_to("h", "/"));
    CHECK_OK(begin_to("10.151.236.157:80", "/ingestion/m2m/senml/v1?a=b"));
    CHECK_STATUS(begin_to("", "/"), KPN_ERR_HEAD_TEXT);
    CHECK_STATUS(begin_to("h", ""), KPN_ERR_HEAD_TEXT);
    CHECK_STATUS(begin_to("h", "x"), KPN_ERR_HEAD_TEXT);
    for (int c = 1; c < 256; c++) {
        const bool good = c > 0x20 && c < 0x7f;
        text[0] = '/';
        text[1] = (char)c;
        text[2] = '\0';
        CHECK_STATUS(begin_to("h", text), good ? KPN_OK : KPN_ERR_HEAD_TEXT);
        CHECK_STATUS(begin_to(text + 1, "/"), good ? KPN_OK : KPN_ERR_HEAD_TEXT);
    }
    CHECK_OK(begin_to(repeated('h', KPN_HEAD_TEXT_MAX), "/"));
    CHECK_STATUS(begin_to(repeated('h', KPN_HEAD_TEXT_MAX + 1), "/"), KPN_ERR_HEAD_TEXT);
    (void)repeated('p', KPN_HEAD_TEXT_MAX);
    text[0] = '/';
    CHECK_OK(begin_to("h", text));
    (void)repeated('p', KPN_HEAD_TEXT_MAX + 1);
    text[0] = '/';
    CHECK_STATUS(begin_to("h", text), KPN_ERR_HEAD_TEXT);
}

static void a_target_that_changes_after_begin(void)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    char host[] = "example.org";
    char path[] = "/in";
    CHECK_OK(kpn_uplink_begin_custom(&uplink, memory, MEMORY_CAP, host, path, URN));
    CHECK_OK(kpn_uplink_add_bool(&uplink, "x", NULL, true));
    host[3] = '\r';
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_HEAD_TEXT);
    host[3] = 'm';
    path[1] = '\n';
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_HEAD_TEXT);
    CHECK_SIZE(request.len, 77);
    path[1] = 'i';
    CHECK_OK(kpn_uplink_finish(&uplink, SECRET, &request));
}

static void secrets(void)
{
    kpn_uplink uplink;
    kpn_span request = {NULL, 77};
    CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, URN));
    CHECK_OK(kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1));
    CHECK_STATUS(kpn_uplink_finish(&uplink, "", &request), KPN_ERR_SECRET);
    CHECK_STATUS(kpn_uplink_finish(&uplink, repeated('s', KPN_SECRET_MIN - 1), &request), KPN_ERR_SECRET);
    CHECK_STATUS(kpn_uplink_finish(&uplink, repeated('s', KPN_SECRET_MAX + 1), &request), KPN_ERR_SECRET);
    (void)repeated('s', KPN_SECRET_MIN);
    text[3] = '-';
    CHECK_STATUS(kpn_uplink_finish(&uplink, text, &request), KPN_ERR_SECRET);
    CHECK(request.ptr == NULL && request.len == 77);
    CHECK_OK(kpn_uplink_finish(&uplink, repeated('s', KPN_SECRET_MIN), &request));
    CHECK_STATUS(kpn_uplink_finish(&uplink, SECRET, &request), KPN_ERR_STATE);
}

static void endpoints(void)
{
    kpn_uplink uplink;
    for (int32_t endpoint = -3; endpoint < 10; endpoint++) {
        const bool known = endpoint == KPN_ENDPOINT_M2M || endpoint == KPN_ENDPOINT_INTERNET;
        CHECK_STATUS(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, endpoint, URN),
                     known ? KPN_OK : KPN_ERR_INVALID_ARGUMENT);
    }
}

void test_limits(void)
{
    names();
    units();
    urns();
    hosts_and_paths();
    a_target_that_changes_after_begin();
    secrets();
    endpoints();
}
