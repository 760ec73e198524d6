/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

typedef kpn_status (*make_urn)(const char *identifier, char *out_urn, size_t urn_cap);

static const struct {
    make_urn make;
    const char *identifier;
    const char *urn;
} urns[] = {
    {kpn_urn_from_imei, "490154203237518", "urn:dev:IMEI:490154203237518:"},
    {kpn_urn_from_uuid, "89B053C5-7380-4fc3-8fe6-8792e746580f", "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:"},
    {kpn_urn_from_dev_eui, "0123456789abcdef", "urn:dev:DEVEUI:0123456789ABCDEF:"},
};
#define URNS (sizeof urns / sizeof urns[0])

static void makes_urns_with_every_capacity(void)
{
    char *const out = (char *)other + 4;
    for (size_t i = 0; i < URNS; i++) {
        const size_t need = strlen(urns[i].urn) + 1;
        CHECK(need <= KPN_URN_CAP);
        for (size_t cap = 0; cap <= KPN_URN_CAP; cap++) {
            memset(other, 0xc9, OTHER_CAP);
            CHECK_STATUS(urns[i].make(urns[i].identifier, out, cap), cap < need ? KPN_ERR_BUFFER_FULL : KPN_OK);
            if (cap < need) {
                CHECK(filled(other, OTHER_CAP, 0xc9));
            } else {
                CHECK_BYTES(out, need, urns[i].urn, need);
                CHECK(filled(other, 4, 0xc9) && filled(out + need, OTHER_CAP - 4 - need, 0xc9));
            }
        }
        kpn_uplink uplink;
        CHECK_OK(kpn_uplink_begin(&uplink, memory, MEMORY_CAP, KPN_ENDPOINT_M2M, out));
    }
}

static void check_refused(make_urn make, const char *identifier, kpn_status expected, int line)
{
    char urn[KPN_URN_CAP];
    memset(urn, 0x5a, sizeof urn);
    check_status(make((const char *)check_exact(identifier, strlen(identifier) + 1), urn, sizeof urn), expected, __FILE__,
                 line, identifier);
    check_true(filled(urn, sizeof urn, 0x5a), __FILE__, line, "nothing is written");
}

static void refuses_what_is_no_identifier(void)
{
    static const char *const wrong[] = {"",
                                        "1",
                                        "49015420323751",
                                        "49015420323751800",
                                        "49015420323751x",
                                        "89b053c5-7380-1fc3-8fe6-8792e746580f",
                                        "89b053c5-7380-4fc3-7fe6-8792e746580f",
                                        "89b053c5-7380-4fc3-8fe6-8792e746580f0",
                                        "0123456789abcdeg",
                                        "0123456789abcdef0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        check_refused(kpn_urn_from_imei, wrong[i], KPN_ERR_URN, __LINE__);
        check_refused(kpn_urn_from_uuid, wrong[i], KPN_ERR_URN, __LINE__);
        check_refused(kpn_urn_from_dev_eui, wrong[i], KPN_ERR_URN, __LINE__);
    }
    check_refused(kpn_urn_from_imei, "490154203237519", KPN_ERR_IMEI_CHECK_DIGIT, __LINE__);
}

static void refuses_wrong_arguments(void)
{
    char urn[KPN_URN_CAP];
    for (size_t i = 0; i < URNS; i++) {
        CHECK_STATUS(urns[i].make(NULL, urn, sizeof urn), KPN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(urns[i].make(urns[i].identifier, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(urns[i].make(urns[i].identifier, NULL, 0), KPN_ERR_BUFFER_FULL);
        CHECK_STATUS(urns[i].make(urns[i].identifier, (char *)other, SIZE_MAX), KPN_ERR_INVALID_ARGUMENT);
        memcpy(other, urns[i].identifier, strlen(urns[i].identifier) + 1);
        CHECK_STATUS(urns[i].make((char *)other, (char *)other, OTHER_CAP), KPN_ERR_OVERLAP);
    }
}

void test_urn(void)
{
    makes_urns_with_every_capacity();
    refuses_what_is_no_identifier();
    refuses_wrong_arguments();
    CHECK_TEXT(kpn_version(), strlen(kpn_version()), KPN_THINGS_VERSION);
}
