/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Servers that answer before they have the whole request, that do not want it, or that go away (RFC 9112 section 9.5).
 */
#ifdef KPN_TEST_POSIX
#define KPN_POSIX
#define _POSIX_C_SOURCE 200809L
#endif
#include "check.h"

#ifdef KPN_TEST_POSIX

#include "loopback.h"

#include <stdlib.h>

/* More than the buffers of two sockets. */
#define LARGE ((size_t)16 * 1024 * 1024)
#define SHORT_MS 300u

static const uint8_t *large;

/* What a server does with a connection. */
typedef struct {
    const char *answer;
    size_t reads_first; /* bytes of the request, before it answers */
    size_t reads_then;  /* and after the answer */
    bool ends;          /* its side of the connection, after the answer */
    bool holds;         /* neither reads nor closes any more */
} server;

static bool drain(int fd, size_t len)
{
    static char got[65536];

    while (len > 0) {
        ssize_t some = recv(fd, got, len < sizeof got ? len : sizeof got, 0);
        if (some <= 0) {
            return false;
        }
        len -= (size_t)some;
    }
    return true;
}

/* Closes without reading the rest: a reset. */
static int serve(int listener, const server *it)
{
    size_t len = strlen(it->answer);

    (void)signal(SIGALRM, SIG_DFL);
    alarm(30);
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 || !drain(fd, it->reads_first) || send(fd, it->answer, len, MSG_NOSIGNAL) != (ssize_t)len
        || (it->ends && shutdown(fd, SHUT_WR) != 0) || !drain(fd, it->reads_then)) {
        return 1;
    }
    while (it->holds) {
        (void)pause();
    }
    return close(fd) == 0 ? 0 : 2;
}

static pid_t start(int listener, const server *it)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(serve(listener, it));
    }
    CHECK(child > 0);
    return child;
}

static void stop(pid_t child, const server *it)
{
    if (it->holds) {
        CHECK(kill(child, SIGKILL) == 0);
        CHECK(!ends_well(child));
    } else {
        CHECK(ends_well(child));
    }
}

/* What happens to a request of `len` bytes at `request`; afterwards nothing is left of the connection. */
static void meets(const server *it, const uint8_t *request, size_t len, uint32_t milliseconds, kpn_status expected,
                  int32_t http)
{
    kpn_posix posix;
    kpn_response response;
    uint16_t port;
    const kpn_span all = {request, len};
    int listener = listen_on_free_port(&port);
    pid_t child = start(listener, it);

    CHECK_OK(kpn_posix_begin(&posix, KPN_REQUESTS_MAX, milliseconds));
    CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
    CHECK_STATUS(kpn_posix_exchange(&posix, HOST, port, all, &response), expected);
    CHECK(kpn_response_status(&response) == http);
    CHECK_STATUS(kpn_posix_send(&posix, request, 1), KPN_ERR_STATE); /* closed, whatever the response says about it */
    CHECK_OK(kpn_posix_close(&posix));
    stop(child, it);
    CHECK(close(listener) == 0);
}

#define REJECTED "HTTP/1.1 401 \r\nContent-Length: 2\r\n\r\nno"

static void hears_an_answer_before_the_end_of_the_request(void)
{
    const server at_once = {REJECTED, 0, 0, false, false};
    const server later = {REJECTED, 100000, 0, false, false};
    const server half = {"HTTP/1.1 403 \r\n\r\nnot this one", 1, 0, true, true}; /* a body until its side ends */
    const server silent_then = {REJECTED, 1, 0, false, true};
    const server interim = {"HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nLink: a\r\n\r\n" REJECTED, 1, 0, false, true};
    const server short_of_it = {"HTTP/1.1 401 \r\nContent-Length: 3\r\n\r\nno", 1, 0, true, true};

    meets(&at_once, large, LARGE, MILLISECONDS, KPN_OK, 401);
    meets(&later, large, LARGE, MILLISECONDS, KPN_OK, 401);
    meets(&half, large, LARGE, MILLISECONDS, KPN_OK, 403);
    meets(&silent_then, large, LARGE, MILLISECONDS, KPN_OK, 401);
    meets(&interim, large, LARGE, MILLISECONDS, KPN_OK, 401);
    meets(&short_of_it, large, LARGE, MILLISECONDS, KPN_ERR_HTTP_TRUNCATED, 401);
}

/* An interim response does not end the request: the server gets all of it. */
static void goes_on_behind_an_interim_response(void)
{
    const server it = {"HTTP/1.1 100 Continue\r\n\r\n", 1, LARGE - 1, false, false};

    meets(&it, large, LARGE, MILLISECONDS, KPN_ERR_HTTP_TRUNCATED, 0);
}

static void reports_a_request_that_nobody_answers(void)
{
    const server gone = {"", 1, 0, false, false};
    const server closed = {"", 1, 0, true, true};
    const server deaf = {"", 1, 0, false, true};
    const server garbage = {"SSH-2.0-OpenSSH_9.2\r\n", 0, 0, false, true};

    meets(&gone, large, LARGE, MILLISECONDS, KPN_ERR_IO, 0);
    meets(&closed, large, LARGE, MILLISECONDS, KPN_ERR_HTTP_TRUNCATED, 0);
    meets(&deaf, large, LARGE, SHORT_MS, KPN_ERR_TIMEOUT, 0);
    meets(&garbage, large, LARGE, MILLISECONDS, KPN_ERR_HTTP_SYNTAX, 0);
}

/* The request is in the buffer of the response, and stays intact while it is being sent. */
static void writes_nothing_over_a_request_that_is_sent(void)
{
    const server it = {"HTTP/1.1 100 \r\n\r\n", 1, LARGE - 1, false, false};
    kpn_posix posix;
    kpn_response response;
    uint16_t port;
    uint8_t *both = (uint8_t *)calloc(LARGE, 1);
    int listener = listen_on_free_port(&port);
    pid_t child = start(listener, &it);

    CHECK(both != NULL);
    CHECK_OK(kpn_posix_begin(&posix, KPN_REQUESTS_MAX, MILLISECONDS));
    CHECK_OK(kpn_response_begin(&response, both, LARGE));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    for (size_t at = 0; at < LARGE; at += LARGE / 4) {
        CHECK_OK(kpn_posix_write(&posix, both + at, LARGE / 4, &response));
    }
    CHECK(memcmp(both, large, LARGE) == 0);
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_HTTP_TRUNCATED);
    CHECK_OK(kpn_posix_close(&posix));
    stop(child, &it);
    CHECK(close(listener) == 0);
    free(both);
}

/* In pieces: the rest is not sent, and the response is read to its end. */
static void ends_a_request_in_pieces(void)
{
    const server it = {REJECTED, 1, 0, false, true};
    kpn_posix posix;
    kpn_response response;
    kpn_span body;
    const kpn_span all = {large, 1};
    uint16_t port;
    kpn_status status = KPN_OK;
    int listener = listen_on_free_port(&port);
    pid_t child = start(listener, &it);

    CHECK_OK(kpn_posix_begin(&posix, KPN_REQUESTS_MAX, MILLISECONDS));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
    for (size_t at = 0; at < LARGE && status == KPN_OK; at += 1024) {
        status = kpn_posix_write(&posix, large + at, 1024, &response);
    }
    CHECK_STATUS(status, KPN_END);
    CHECK_OK(kpn_posix_read(&posix, &response));
    CHECK(kpn_response_outcome(&response) == KPN_OUTCOME_TOKEN_REJECTED);
    CHECK_OK(kpn_response_body(&response, &body));
    CHECK_TEXT(body.ptr, body.len, "no");
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_STATE);
    /* It is not the answer to anything sent on another connection. */
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_STATUS(kpn_posix_write(&posix, large, 1, &response), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_exchange(&posix, HOST, port, all, &response), KPN_ERR_STATE);
    CHECK_OK(kpn_posix_close(&posix));
    stop(child, &it);
    CHECK(close(listener) == 0);
}

/* Other bytes: what arrived before a write failed can be received, and the connection is used for nothing else. */
static void keeps_what_has_arrived(const server *it, kpn_status expected)
{
    kpn_posix posix;
    uint16_t port;
    size_t len = 0;
    size_t got = 0;
    int listener = listen_on_free_port(&port);
    pid_t child = start(listener, it);

    CHECK_OK(kpn_posix_begin(&posix, KPN_REQUESTS_MAX, SHORT_MS));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_STATUS(kpn_posix_send(&posix, large, LARGE), expected);
    CHECK(kpn_posix_errno(&posix) > 0);
    while (got < strlen(it->answer) && kpn_posix_receive(&posix, other + got, 16, &len) == KPN_OK && len > 0) {
        got += len;
    }
    CHECK_BYTES(other, got, it->answer, strlen(it->answer));
    stop(child, it);
    child = start(listener, it);
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_OK(kpn_posix_send(&posix, large, 1));
    CHECK_OK(kpn_posix_close(&posix));
    CHECK(kill(child, SIGKILL) == 0);
    (void)ends_well(child);
    CHECK(close(listener) == 0);
}

void test_posix_early(void)
{
    const server resets = {REJECTED, 1, 0, false, false};
    const server holds = {REJECTED, 1, 0, false, true};
    uint8_t *zeros = (uint8_t *)calloc(LARGE, 1);

    CHECK(zeros != NULL);
    large = zeros;
    hears_an_answer_before_the_end_of_the_request();
    goes_on_behind_an_interim_response();
    reports_a_request_that_nobody_answers();
    writes_nothing_over_a_request_that_is_sent();
    ends_a_request_in_pieces();
    keeps_what_has_arrived(&resets, KPN_ERR_IO);
    keeps_what_has_arrived(&holds, KPN_ERR_TIMEOUT);
    free(zeros);
}

#else

void test_posix_early(void) {}

#endif
