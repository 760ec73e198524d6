/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static void knows_the_platform(void)
{
    static const char *const platform[] = {"5277", "+5277", " 5277", "+52 77 ", "          5 2 7 7          "};
    static const char *const others[] = {"", "+", "527", "52770", "++5277", "5277+", "+315277", "KPN", "5277\n"};
    for (size_t i = 0; i < sizeof platform / sizeof platform[0]; i++) {
        const size_t len = strlen(platform[i]);
        CHECK(kpn_sms_is_from_platform((const char *)check_exact(platform[i], len + 1)));
        CHECK(kpn_sms_is_from_platform_n((const char *)check_exact(platform[i], len), len));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK(!kpn_sms_is_from_platform(others[i]));
        CHECK(!kpn_sms_is_from_platform_n(others[i], strlen(others[i])));
    }
    CHECK(!kpn_sms_is_from_platform(NULL));
    CHECK(!kpn_sms_is_from_platform_n(NULL, 0));
    CHECK(!kpn_sms_is_from_platform_n(NULL, 4));
    CHECK(!kpn_sms_is_from_platform_n("5277", SIZE_MAX));
    CHECK(!kpn_sms_is_from_platform_n("5277", 5));
}

static void tells_when_the_platform_tries_again(void)
{
    const uint16_t *minutes = kpn_sms_attempt_minutes();
    CHECK(minutes[0] == 0);
    for (size_t i = 1; i < KPN_SMS_ATTEMPTS; i++) {
        const uint32_t at = minutes[i] * UINT32_C(60);
        CHECK(minutes[i] > minutes[i - 1] && at <= KPN_SMS_EXPIRES);
        CHECK_SIZE(kpn_sms_next_retry(minutes[i - 1] * UINT32_C(60)), at);
        CHECK_SIZE(kpn_sms_next_retry(at - 1), at);
    }
    CHECK_SIZE(kpn_sms_next_retry(minutes[KPN_SMS_ATTEMPTS - 1] * UINT32_C(60)), 0);
    CHECK_SIZE(kpn_sms_next_retry(UINT32_MAX), 0);
}

/*
 * The first attempt that finds the device on, given that on times begin at `phase`, modulo the period; the last one plus one if none does.
 */
static uint32_t delivery_at(uint32_t on, uint32_t period, uint32_t phase)
{
    const uint16_t *minutes = kpn_sms_attempt_minutes();
    for (size_t i = 0; i < KPN_SMS_ATTEMPTS; i++) {
        const uint32_t at = minutes[i] * UINT32_C(60);
        if ((at + period - phase) % period < on) {
            return at;
        }
    }
    return UINT32_MAX;
}

static void plans_as_every_phase_says(void)
{
    for (unsigned round = 0; round < RANDOM_ROUNDS / 50; round++) {
        const uint32_t period = 1 + random_below(2000);
        const uint32_t on = 1 + random_below(period);
        uint32_t missed = 0;
        uint32_t worst = 0;
        for (uint32_t phase = 0; phase < period; phase++) {
            const uint32_t at = delivery_at(on, period, phase);
            if (at == UINT32_MAX) {
                missed++;
            } else if (at > worst) {
                worst = at;
            }
        }
        kpn_sms_delivery delivery = {77, 77};
        CHECK_OK(kpn_sms_plan(on, period, &delivery));
        CHECK_SIZE(delivery.missed, missed);
        CHECK_SIZE(delivery.worst, worst);
        const uint32_t shortest = kpn_sms_shortest_on(period);
        CHECK_OK(kpn_sms_plan(shortest, period, &delivery));
        CHECK_SIZE(delivery.missed, 0);
        CHECK(shortest == 1 || (kpn_sms_plan(shortest - 1, period, &delivery) == KPN_OK && delivery.missed > 0));
    }
}

static void refuses_wrong_arguments(void)
{
    kpn_sms_delivery delivery = {77, 77};
    CHECK_STATUS(kpn_sms_plan(0, 60, &delivery), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_sms_plan(60, 0, &delivery), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_sms_plan(60, 60, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_sms_plan(60, 60, (kpn_sms_delivery *)misaligned()), KPN_ERR_INVALID_ARGUMENT);
    CHECK(delivery.missed == 77 && delivery.worst == 77);
    CHECK_SIZE(kpn_sms_shortest_on(0), 0);
    CHECK_OK(kpn_sms_plan(UINT32_MAX, UINT32_MAX, &delivery));
    CHECK(delivery.missed == 0 && delivery.worst == 0);
}

void test_sms(void)
{
    knows_the_platform();
    tells_when_the_platform_tries_again();
    plans_as_every_phase_says();
    refuses_wrong_arguments();
}
