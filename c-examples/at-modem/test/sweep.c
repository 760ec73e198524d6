/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every byte of a conversation lost, doubled or changed, every line split everywhere. */
#include "run.h"

#include <stdio.h>
#include <string.h>

static uint8_t request_memory[REQUEST_CAP];

/* `cut` is last: the device recovers from the others. The first three are enough for further conversations. */
static const char *const harms[] = {"lose", "double", "flip=04", "flip=01", "flip=10", "flip=20", "flip=80", "cut"};
enum { ALL = 8, FEW = 3, LOST_OR_DOUBLED = 2 };

#define VALVE "[{\"n\":\"valve\",\"vb\":true}]"

/* What the sweep varies. */
typedef struct conversation {
    const char *words;
    const char *downlink; /* the body of the answer */
    bool accepts;         /* whether the platform does */
    size_t harms;
} conversation;

static const conversation conversations[] = {
    {"--secret " SECRET, "", true, ALL},
    {"--secret " SECRET " --no-echo --downlink " VALVE " --read-max 30 --chatter 50", VALVE, true, FEW},
    {"--secret " SECRET " --no-echo --downlink " VALVE " --until-close", VALVE, true, FEW},
    {"--secret another" SECRET " --no-echo", "", false, FEW}, /* 401: must never be read as accepted */
    {"--secret " SECRET " --no-echo --status 503", "", false, FEW},
    {"--no-echo", "", true, LOST_OR_DOUBLED}, /* no token: any JSON is accepted, but it must still be the message */
};

/* `lose` at 7 is the word lose@7, `flip=20` is flip@7=20. */
static void fault_words(char *words, size_t cap, const char *base, bool to_modem, const char *harm, uint64_t at)
{
    char name[8] = "";
    const char *bits = strchr(harm, '=');
    size_t len = bits != NULL ? (size_t)(bits - harm) : strlen(harm);

    memcpy(name, harm, len);
    snprintf(words, cap, "%s --%s %s@%lu%s", base, to_modem ? "to-modem" : "to-host", name, (unsigned long)at,
             bits != NULL ? bits : "");
}

/* A body that lost or gained bytes is not JSON; a changed byte cannot be noticed. */
static void require_body(const desk *desk, const attempt *it, const char *downlink, const char *what)
{
    kpn_span body = {NULL, 0};

    REQUIRE(!it->accepted || kpn_response_body(&desk->response, &body) == KPN_OK, "%s", what);
    REQUIRE(!it->accepted || (body.len == strlen(downlink) && memcmp(body.ptr, downlink, body.len) == 0), "%s: body %.*s",
            what, (int)body.len, (const char *)body.ptr);
}

/* One attempt with a fault; then, unless the line is cut, another with the same modem, which must succeed. */
static void with_fault(const kind_under_test *kind, const conversation *it, const char *words, kpn_span request,
                       const char *harm)
{
    desk desk;
    char what[600];

    snprintf(what, sizeof what, "%s: %s", kind->name, words);
    desk_begin(&desk, kind, words);
    attempt first = desk_exchange(&desk, request);
    require_honest(&desk, &first, request, what);
    if (strchr(harm, '=') == NULL) {
        require_body(&desk, &first, it->downlink, what);
    }
    if (strcmp(harm, "cut") != 0) {
        attempt second = desk_exchange(&desk, request);
        REQUIRE(attempt_result(&second) == AT_OK, "%s: does not recover: %d %d %d", what, (int)second.open, (int)second.send,
                (int)second.receive);
        REQUIRE(second.accepted == it->accepts, "%s: status %d", what, (int)second.status);
        require_honest(&desk, &second, request, what);
        require_body(&desk, &second, it->downlink, what);
    }
    desk_end(&desk);
}

static unsigned sweep(const kind_under_test *kind, const conversation *it, unsigned stride)
{
    desk desk;
    char words[512];
    unsigned runs = 0;
    kpn_span request = make_request(request_memory, sizeof request_memory, 0);

    desk_begin(&desk, kind, it->words);
    attempt clean = desk_exchange(&desk, request);
    uint64_t bytes[2] = {emulator_count(desk.emulator, false), emulator_count(desk.emulator, true)};
    REQUIRE(attempt_result(&clean) == AT_OK && clean.close == AT_OK && clean.accepted == it->accepts,
            "%s %s: %d %d %d %d, status %d", kind->name, it->words, (int)clean.open, (int)clean.send, (int)clean.receive,
            (int)clean.close, (int)clean.status);
    desk_end(&desk);
    for (int to_modem = 0; to_modem < 2; to_modem++) {
        for (uint64_t at = 0; at < bytes[to_modem]; at += stride) {
            for (size_t i = 0; i < it->harms; i++, runs++) {
                fault_words(words, sizeof words, it->words, to_modem != 0, harms[i], at);
                with_fault(kind, it, words, request, harms[i]);
            }
        }
    }
    return runs;
}

/* Nothing is lost: every run must succeed, whatever pieces the bytes come in and whatever comes in between. */
static unsigned splits(const kind_under_test *kind, unsigned stride)
{
    static const char *const bases[] = {
        "", "--no-echo", "--chatter 60", "--chatter 100 --no-echo", "--no-announcement", "--dribble 3 --chatter 30"};
    char words[512];
    desk desk;
    unsigned runs = 0;

    for (size_t base = 0; base < sizeof bases / sizeof bases[0]; base++) {
        for (unsigned split = 1; split < 24; split += stride) {
            for (unsigned read_max = 1; read_max < 200; read_max += 1 + read_max / 3, runs++) {
                kpn_span request = make_request(request_memory, sizeof request_memory, 60 * (runs % 30));
                snprintf(words, sizeof words,
                         "--secret %s --downlink [{\"n\":\"valve\",\"vb\":true}] %s --split %u --read-max %u --seed %u",
                         SECRET, bases[base], split, read_max, runs);
                desk_begin(&desk, kind, words);
                desk.modem.read_max = 1 + runs % 300;
                attempt it = desk_exchange(&desk, request);
                REQUIRE(it.accepted && it.close == AT_OK && it.taken == 1, "%s %s: %d %d %d %d, status %d", kind->name,
                        words, (int)it.open, (int)it.send, (int)it.receive, (int)it.close, (int)it.status);
                desk_end(&desk);
            }
        }
    }
    return runs;
}

/* Many faults at once: the only promise is an honest result. */
static unsigned noise(const kind_under_test *kind, unsigned stride)
{
    static const unsigned rates[] = {30, 200, 1000, 3000};
    char words[512];
    unsigned runs = 0;
    unsigned accepted = 0;
    desk desk;

    for (unsigned seed = 1; seed <= 1500; seed += stride, runs++) {
        kpn_span request = make_request(request_memory, sizeof request_memory, 300 + seed);
        snprintf(words, sizeof words, "--secret %s --noise %u --seed %u --chatter 20 --split 40", SECRET, rates[seed % 4],
                 seed);
        desk_begin(&desk, kind, words);
        attempt it = desk_exchange(&desk, request);
        accepted += it.accepted ? 1 : 0;
        require_honest(&desk, &it, request, words);
        desk_end(&desk);
    }
    REQUIRE(accepted > runs / 20 && accepted < runs, "%s: %u of %u accepted", kind->name, accepted, runs);
    return runs;
}

void run_sweeps(unsigned all)
{
    unsigned stride;

    for (size_t i = 0; i < KINDS; i++) {
        unsigned runs = 0;
        bool is_known =
            i > 0 && kinds[i].kind == &kpn_sara_r4; /* the same code as the first, except for a few words of the modem */
        stride = is_known ? 7 * all : all;
        for (size_t j = 0; j < sizeof conversations / sizeof conversations[0]; j++) {
            runs += sweep(&kinds[i], &conversations[j], stride);
        }
        printf("%s: %u runs with one fault\n", kinds[i].name, runs);
        printf("%s: %u runs in pieces\n", kinds[i].name, splits(&kinds[i], stride));
        printf("%s: %u runs with noise\n", kinds[i].name, noise(&kinds[i], stride));
    }
}
