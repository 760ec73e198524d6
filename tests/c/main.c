/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs every topic; the exit status says whether all checks passed. */
#include "check.h"

static const struct {
    const char *name;
    void (*run)(void);
} topics[] = {
    {"status", test_status},         {"token", test_token},
    {"values", test_values},         {"base fields", test_base_fields},
    {"capacity", test_capacity},     {"limits", test_limits},
    {"adopt", test_adopt},           {"misuse of uplinks", test_misuse_uplink},
    {"response", test_response},     {"misuse of responses", test_misuse_response},
    {"downlink", test_downlink},     {"configuration", test_config},
    {"device URNs", test_urn},       {"SMS", test_sms},
    {"stream", test_stream},         {"firmware", test_firmware},
    {"queue", test_queue},           {"alignment", test_alignment},
    {"POSIX transport", test_posix}, {"early answers", test_posix_early},
};

int main(void)
{
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        const unsigned before = check_failures();
        topics[i].run();
        printf("%s: %s\n", topics[i].name, check_failures() == before ? "good" : "FAILED");
    }
    (void)check_exact(NULL, 0);
    printf("%u checks, %u failed\n", check_count(), check_failures());
    return check_failures() == 0 ? 0 : 1;
}
