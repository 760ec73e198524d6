/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

void test_status(void)
{
    /* The numbers are part of the ABI: firmware compares them with those it was compiled with. */
    CHECK(KPN_OK == 0 && KPN_NEED_MORE == 1 && KPN_END == 2 && KPN_ERR_BUFFER_FULL == -13);
    CHECK(KPN_ERR_INVALID_ARGUMENT == -1 && KPN_ERR_STATE == -2 && KPN_ERR_OVERLAP == -3 && KPN_ERR_SECRET == -4);
    CHECK(KPN_ERR_SENML_NAME == -20 && KPN_ERR_JSON_SYNTAX == -30 && KPN_ERR_HTTP_SYNTAX == -40);
    CHECK(KPN_ERR_TOKEN_MISMATCH == -50);

    int known = 0;
    for (kpn_status status = -300; status < 300; status++) {
        const char *text = kpn_status_text(status);
        CHECK(text != NULL && text[0] != '\0' && strlen(text) < 120);
        known += strcmp(text, "unknown status") != 0;
    }
    CHECK(known >= 40);
    CHECK(strcmp(kpn_status_text(INT32_MAX), "unknown status") == 0);
    CHECK(strcmp(kpn_status_text(INT32_MIN), "unknown status") == 0);
    for (int32_t outcome = -10; outcome < 300; outcome++) {
        CHECK(kpn_outcome_text(outcome) != NULL && kpn_outcome_text(outcome)[0] != '\0');
    }
    CHECK(kpn_outcome_text(INT32_MIN) != NULL && kpn_outcome_text(INT32_MAX) != NULL);
}
