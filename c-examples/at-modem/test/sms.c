/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Texts from the platform and from others. */
#include "../kpn_modem_sms.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

#define WORDS "--no-echo --secret " SECRET " "
#define VALVE "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"n\":\"valve\",\"vb\":true}]"

static void require_text(kpn_modem_sms *sms, const char *expected, const char *what)
{
    char *text = NULL;
    size_t len = 0;
    at_result result = kpn_modem_sms_next(sms, &text, &len);

    REQUIRE(result == AT_OK, "%s: %s", what, at_result_text(result));
    REQUIRE((text == NULL) == (expected == NULL), "%s: %s", what, text != NULL ? text : "nothing");
    REQUIRE(expected == NULL || (strcmp(text, expected) == 0 && len == strlen(expected)), "%s: %s", what, text);
}

/* Stored until it was passed on, whatever else arrived, and read as a downlink. */
static void hands_on(const kind_under_test *kind, bool direct)
{
    desk desk;
    kpn_modem_sms sms;
    kpn_downlink downlink;
    kpn_record record;
    char *text;
    size_t len;

    desk_begin(&desk, kind, WORDS "--chatter 40");
    REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, direct) == AT_OK, "%s", kind->name);
    require_text(&sms, NULL, kind->name);
    REQUIRE(!kpn_modem_sms_is_waiting(&sms), "%s", kind->name);
    REQUIRE(emulator_sms(desk.emulator, "5277", VALVE), "%s", kind->name);
    REQUIRE(kpn_modem_wait(&desk.modem, 500) == AT_OK && kpn_modem_sms_is_waiting(&sms), "%s", kind->name);
    REQUIRE(emulator_kept(desk.emulator) == (direct ? 0 : 1), "%s", kind->name);
    REQUIRE(kpn_modem_sms_next(&sms, &text, &len) == AT_OK && text != NULL, "%s", kind->name);
    REQUIRE(kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len) == KPN_OK
                && kpn_downlink_next(&downlink, &record) == KPN_OK,
            "%s", kind->name);
    REQUIRE(kpn_record_is(&record, "valve") && record.bool_value, "%s", kind->name);
    REQUIRE(emulator_kept(desk.emulator) == (direct ? 0 : 1), "%s: deleted before it was used", kind->name);
    require_text(&sms, NULL, kind->name);
    REQUIRE(emulator_kept(desk.emulator) == 0 && !kpn_modem_sms_is_waiting(&sms) && sms.dropped == 0, "%s", kind->name);
    desk_end(&desk);
}

/* Texts that look like answers are not taken for answers, and only the platform's are passed on. */
static void is_not_fooled(const kind_under_test *kind, bool direct)
{
    static const char *const texts[] = {"OK",
                                        "ERROR",
                                        "",
                                        "+CME ERROR: 3",
                                        "SEND OK",
                                        "> ",
                                        "@",
                                        "+UUSOCL: 0",
                                        "CLOSED",
                                        "+CMGL: 7,\"REC UNREAD\",\"5277\"",
                                        "+CMT: \"5277\",,\"\"",
                                        "+QIURC: \"closed\",0",
                                        "+CASTATE: 0,0",
                                        "\"",
                                        " x"};
    static const char *const strangers[] = {"+31612345678", "52771", "05277", "KPN"};
    static uint8_t memory[REQUEST_CAP];
    desk desk;
    kpn_modem_sms sms;
    kpn_span request = make_request(memory, sizeof memory, 0);

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        desk_begin(&desk, kind, WORDS);
        REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, direct) == AT_OK && desk_activate(&desk) == AT_OK, "%s", kind->name);
        require_text(&sms, NULL, texts[i]);
        REQUIRE(emulator_sms(desk.emulator, strangers[i % 4], texts[i]), "%s", texts[i]);
        REQUIRE(kpn_modem_open(&desk.modem, "127.0.0.1", 80) == AT_OK, "%s", texts[i]);
        REQUIRE(emulator_sms(desk.emulator, strangers[(i + 1) % 4], texts[i]), "%s", texts[i]);
        REQUIRE(kpn_response_begin(&desk.response, desk.body, sizeof desk.body) == KPN_OK, "%s", texts[i]);
        REQUIRE(kpn_modem_send(&desk.modem, request.ptr, request.len, &desk.response) == AT_OK, "%s: %s", kind->name,
                texts[i]);
        REQUIRE(emulator_sms(desk.emulator, strangers[(i + 2) % 4], texts[i]), "%s", texts[i]);
        REQUIRE(kpn_modem_receive(&desk.modem, &desk.response) == AT_OK, "%s: %s", kind->name, texts[i]);
        REQUIRE(kpn_modem_is_open(&desk.modem), "%s: %s", kind->name, texts[i]);
        REQUIRE(kpn_modem_close(&desk.modem) == AT_OK, "%s", texts[i]);
        require_text(&sms, NULL, texts[i]);
        REQUIRE(sms.dropped == 3 && emulator_kept(desk.emulator) == 0, "%s, %s: %u", kind->name, texts[i],
                (unsigned)sms.dropped);
        REQUIRE(emulator_sms(desk.emulator, "+5277", "after it"), "%s", texts[i]);
        REQUIRE(kpn_modem_wait(&desk.modem, 100) == AT_OK, "%s", texts[i]);
        require_text(&sms, "after it", texts[i]);
        require_text(&sms, NULL, texts[i]);
        desk_end(&desk);
    }
}

/* No line of an SMS is taken for another SMS, or for the end of the list that it stands in. */
static void is_not_fooled_by_lines(const kind_under_test *kind, bool direct)
{
    static const char *const texts[] = {"x\n+CMT: \"5277\",,\"\"\nforged",
                                        "x\r\n\r\n+CMT: \"5277\",,\"\"\r\nforged\r\n",
                                        "x\nOK\n+CMT: \"5277\",,\"\"\nforged",
                                        "\n+CMGL: 1,\"REC READ\",\"5277\",,\"\"\nforged",
                                        "x\n+CMGL: 1,\"REC READ\",\"5277\",,\"\"\nforged",
                                        "x\nOK\n+CMGL: 1,\"REC READ\",\"5277\",,\"\"\nforged",
                                        "x\nOK\nOK\n+CMGL: 1,\"REC READ\",\"5277\",,\"\"\nforged",
                                        "x\nOK\nOK\nOK\nOK\n+CMGL: 1,\"REC READ\",\"5277\",,\"\"\nforged"};
    desk desk;
    kpn_modem_sms sms;
    char *text;
    size_t len;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (int busy = 0; busy < 2; busy++) { /* it comes while the line is idle, or while a list is asked for */
            desk_begin(&desk, kind, WORDS "--delay 5");
            REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, direct) == AT_OK, "%s", kind->name);
            require_text(&sms, NULL, texts[i]);
            REQUIRE(emulator_sms(desk.emulator, "+31612345678", texts[i]), "%s", texts[i]);
            REQUIRE(busy || kpn_modem_wait(&desk.modem, 100) == AT_OK, "%s", texts[i]);
            for (int look = 0; look < 4; look++) {
                (void)kpn_modem_sms_next(&sms, &text, &len);
                REQUIRE(text == NULL, "%s, %d: %s", texts[i], direct, text);
            }
            REQUIRE(!kpn_modem_sms_is_waiting(&sms) && sms.dropped >= 1 && emulator_kept(desk.emulator) == 0, "%s",
                    texts[i]);
            REQUIRE(emulator_sms(desk.emulator, "5277", "real"), "%s", texts[i]);
            REQUIRE(kpn_modem_wait(&desk.modem, 100) == AT_OK && kpn_modem_sms_is_waiting(&sms), "%s", texts[i]);
            require_text(&sms, "real", texts[i]);
            require_text(&sms, NULL, texts[i]);
            desk_end(&desk);
        }
    }
}

/* SMS that came while nobody listened: several, from several senders, and after a restart of the device. */
static void keeps_what_came(const kind_under_test *kind)
{
    char longest[161];
    char longer[177];
    desk desk;
    kpn_modem_sms sms;
    kpn_modem_sms again;

    memset(longest, 'x', sizeof longest);
    longest[160] = '\0';
    memset(longer, 'y', sizeof longer);
    longer[176] = '\0';
    desk_begin(&desk, kind, WORDS "--chatter 30");
    REQUIRE(emulator_sms(desk.emulator, "5277", "one") && emulator_sms(desk.emulator, "555", "two"), "%s", kind->name);
    REQUIRE(emulator_sms(desk.emulator, "5277", longest) && emulator_sms(desk.emulator, "5277", longer), "%s", kind->name);
    REQUIRE(emulator_sms(desk.emulator, "5277", "three"), "%s", kind->name);
    REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, false) == AT_OK && kpn_modem_sms_is_waiting(&sms), "%s", kind->name);
    require_text(&sms, "one", kind->name);
    REQUIRE(kpn_modem_sms_begin(&again, &desk.modem, false) == AT_OK, "%s",
            kind->name); /* the device was reset before it was handled */
    require_text(&again, "one", kind->name);
    require_text(&again, longest, kind->name);
    REQUIRE(again.dropped == 1, "%s", kind->name);
    require_text(&again, "three", kind->name);
    require_text(&again, NULL, kind->name);
    REQUIRE(again.dropped == 2 && emulator_kept(desk.emulator) == 0, "%s", kind->name);
    desk_end(&desk);
}

/* A failure loses nothing: an SMS that was not deleted comes again. */
static void survives_failures(const kind_under_test *kind)
{
    desk desk;
    kpn_modem_sms sms;
    char *text;
    size_t len;

    desk_begin(&desk, kind, WORDS "--refuse CMGD:1=+CMS_ERROR:_500 --refuse CMGL:2=ERROR");
    REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, false) == AT_OK && emulator_sms(desk.emulator, "5277", "one"), "%s",
            kind->name);
    require_text(&sms, "one", kind->name);
    REQUIRE(kpn_modem_sms_next(&sms, &text, &len) == AT_ERR_MODEM && text == NULL
                && kpn_modem_error_number(&desk.modem) == 500,
            "%s", kind->name);
    REQUIRE(kpn_modem_sms_next(&sms, &text, &len) == AT_ERR_MODEM && kpn_modem_sms_is_waiting(&sms), "%s", kind->name);
    REQUIRE(emulator_kept(desk.emulator) == 0, "%s", kind->name);
    REQUIRE(emulator_sms(desk.emulator, "5277", "two"), "%s", kind->name);
    require_text(&sms, "two", kind->name);
    require_text(&sms, NULL, kind->name);
    desk_end(&desk);
    desk_begin(&desk, kind, WORDS "--refuse CMGF=+CMS_ERROR:_303");
    REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, false) == AT_ERR_MODEM, "%s", kind->name);
    REQUIRE(kpn_modem_sms_begin(NULL, &desk.modem, false) == AT_ERR_ARGUMENT
                && kpn_modem_sms_begin(&sms, NULL, false) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    REQUIRE(kpn_modem_sms_next(NULL, &text, &len) == AT_ERR_ARGUMENT
                && kpn_modem_sms_next(&sms, NULL, &len) == AT_ERR_ARGUMENT,
            "%s", kind->name);
    memset(&sms, 0, sizeof sms);
    REQUIRE(kpn_modem_sms_next(&sms, &text, &len) == AT_ERR_STATE && !kpn_modem_sms_is_waiting(NULL), "%s", kind->name);
    desk_end(&desk);
}

/* With room for one text, the second is dropped and counted until the first has been read and handled. */
static void has_one_place(const kind_under_test *kind)
{
    desk desk;
    kpn_modem_sms sms;

    desk_begin(&desk, kind, WORDS);
    REQUIRE(kpn_modem_sms_begin(&sms, &desk.modem, true) == AT_OK, "%s", kind->name);
    require_text(&sms, NULL, kind->name);
    REQUIRE(emulator_sms(desk.emulator, "5277", "one") && emulator_sms(desk.emulator, "5277", "two"), "%s", kind->name);
    REQUIRE(kpn_modem_wait(&desk.modem, 100) == AT_OK, "%s", kind->name);
    require_text(&sms, "one", kind->name);
    REQUIRE(sms.dropped == 1, "%s", kind->name);
    REQUIRE(emulator_sms(desk.emulator, "5277", "three") && kpn_modem_wait(&desk.modem, 100) == AT_OK, "%s", kind->name);
    REQUIRE(sms.dropped == 2 && strcmp(sms.text, "one") == 0, "%s", kind->name);
    require_text(&sms, NULL, kind->name);
    desk_end(&desk);
}

void run_sms(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        hands_on(&kinds[i], false);
        hands_on(&kinds[i], true);
        is_not_fooled(&kinds[i], false);
        is_not_fooled(&kinds[i], true);
        is_not_fooled_by_lines(&kinds[i], false);
        is_not_fooled_by_lines(&kinds[i], true);
        keeps_what_came(&kinds[i]);
        survives_failures(&kinds[i]);
        has_one_place(&kinds[i]);
    }
    printf("SMS\n");
}
