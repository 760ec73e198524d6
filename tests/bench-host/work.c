/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The same work by this library, and by what C programs use instead: snprintf with OpenSSL, and cJSON. */
#include <cjson/cJSON.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

static const char DOWNLINK[] =
    "[{\"bn\":\"urn:dev:IMEI:0123456789abcdef:\"},{\"n\":\"url\",\"vs\":\"http://123.123.123.123/f/v1/"
    "12345678-1234-5678-1234-567812345678\"},{\"n\":\"token\",\"vs\":\"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\"}]";

static uint8_t ours[MESSAGE_CAP];
static kpn_span request;
static char theirs[MESSAGE_CAP];
static volatile double temperature = 20.5;
static volatile double humidity = 48.25;

bool kpn_message(void)
{
    kpn_uplink uplink;
    if (message_begin(&uplink, ours, sizeof ours) != KPN_OK)
        return false;
    (void)kpn_uplink_add_double(&uplink, KPN_TEMPERATURE, temperature);
    (void)kpn_uplink_add_double(&uplink, KPN_HUMIDITY, humidity);
    message_add_plain(&uplink);
    return kpn_uplink_finish(&uplink, MESSAGE_SECRET, &request) == KPN_OK;
}

bool openssl_message(void)
{
    char body[MESSAGE_CAP];
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char token[2 * SHA256_DIGEST_LENGTH + 1];
    size_t at;
    int len = snprintf(body, sizeof body,
                       "[{\"bn\":\"" MESSAGE_URN "\",\"bt\":%d},{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":%.17g},"
                       "{\"n\":\"humidity\",\"u\":\"%%RH\",\"v\":%.17g},{\"n\":\"doorOpen\",\"vb\":%s},"
                       "{\"n\":\"firmware\",\"vs\":\"%s\"},{\"n\":\"counter\",\"v\":%d}]",
                       1585650750, temperature, humidity, "true", "1.0.0", 42);
    if (len < 0 || (size_t)len + sizeof MESSAGE_SECRET > sizeof body)
        return false;
    memcpy(body + len, MESSAGE_SECRET, sizeof MESSAGE_SECRET);
    SHA256((const unsigned char *)body, (size_t)len + sizeof MESSAGE_SECRET - 1, digest);
    body[len] = '\0';
    for (at = 0; at < sizeof digest; at++) {
        token[2 * at] = "0123456789abcdef"[digest[at] >> 4];
        token[2 * at + 1] = "0123456789abcdef"[digest[at] & 15];
    }
    token[2 * sizeof digest] = '\0';
    return snprintf(theirs, sizeof theirs,
                    "POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost: m.m\r\nThings-Message-Token: %s\r\n"
                    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                    token, len, body)
           < (int)sizeof theirs;
}

bool messages_are_equal(void)
{
    return kpn_message() && openssl_message() && request.len == strlen(theirs)
           && memcmp(request.ptr, theirs, request.len) == 0;
}

bool kpn_body(void)
{
    static uint8_t memory[sizeof DOWNLINK];
    kpn_downlink downlink;
    kpn_record record;
    unsigned found = 0;
    memcpy(memory, DOWNLINK, sizeof DOWNLINK);
    if (kpn_downlink_begin_bytes(&downlink, memory, sizeof DOWNLINK - 1) != KPN_OK)
        return false;
    while (kpn_downlink_next(&downlink, &record) == KPN_OK)
        found += (kpn_record_is(&record, KPN_NAME_URL) || kpn_record_is(&record, KPN_NAME_TOKEN)) && record.text_len > 0;
    return found == 2;
}

bool cjson_body(void)
{
    static char memory[sizeof DOWNLINK];
    unsigned found = 0;
    cJSON *pack;
    cJSON *record;
    memcpy(memory, DOWNLINK, sizeof DOWNLINK);
    pack = cJSON_ParseWithLength(memory, sizeof DOWNLINK - 1);
    cJSON_ArrayForEach(record, pack)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(record, "n");
        const cJSON *text = cJSON_GetObjectItemCaseSensitive(record, "vs");
        if (cJSON_IsString(name) && cJSON_IsString(text))
            found += strcmp(name->valuestring, "url") == 0 || strcmp(name->valuestring, "token") == 0;
    }
    cJSON_Delete(pack);
    return found == 2;
}
