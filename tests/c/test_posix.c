/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The transport over POSIX sockets, against servers on loopback: in this process for single steps, in a child for whole exchanges. */
#ifdef KPN_TEST_POSIX
#define KPN_POSIX
#define _POSIX_C_SOURCE 200809L
#endif
#include "check.h"

#ifdef KPN_TEST_POSIX

#include "loopback.h"

#include <fcntl.h>
#include <sys/time.h>
#include <time.h>

static bool nobody_waits(int listener)
{
    int flags = fcntl(listener, F_GETFL);
    bool waits;

    CHECK(fcntl(listener, F_SETFL, flags | O_NONBLOCK) == 0);
    waits = accept(listener, NULL, NULL) >= 0;
    CHECK(fcntl(listener, F_SETFL, flags) == 0);
    return !waits;
}

static void refuses_bad_arguments(void)
{
    kpn_posix posix;
    kpn_response response;
    kpn_span request;
    char host[KPN_POSIX_HOST_MAX + 2];

    CHECK_STATUS(kpn_posix_begin(NULL, 1, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_begin((kpn_posix *)(void *)(other + 1), 1, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_begin(&posix, 0, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_begin(&posix, 1, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_close(NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_deadline(NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_posix_errno(NULL) == 0);

    CHECK_OK(kpn_posix_begin(&posix, 1, 1000));
    CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
    request.ptr = other;
    request.len = 4;
    memset(other, 'x', 4);
    CHECK_STATUS(kpn_posix_exchange(NULL, "127.0.0.1", 1, request, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_exchange(&posix, NULL, 1, request, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 0, request, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, NULL), KPN_ERR_INVALID_ARGUMENT);
    request.len = 0;
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_INVALID_ARGUMENT);
    request.ptr = NULL;
    request.len = 4;
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_INVALID_ARGUMENT);
    request.ptr = (const uint8_t *)&posix;
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_OVERLAP);
    request.ptr = other;
    memset(host, 'h', sizeof host);
    host[sizeof host - 1] = '\0';
    CHECK_STATUS(kpn_posix_exchange(&posix, host, 1, request, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_open(&posix, host, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK(kpn_response_status(&response) == 0);
    CHECK_OK(kpn_posix_close(&posix));
}

static void refuses_bad_arguments_of_single_steps(void)
{
    kpn_posix posix;
    kpn_response response;
    size_t len = 77;

    CHECK_OK(kpn_posix_begin(&posix, 1, 1000));
    CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
    CHECK_STATUS(kpn_posix_open(NULL, HOST, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_open(&posix, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_open(&posix, HOST, 0), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_open(&posix, (const char *)&posix, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_send(NULL, other, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_send(&posix, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_send(&posix, other, (size_t)-1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_send(&posix, (const uint8_t *)&posix, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_write(NULL, other, 1, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_write(&posix, NULL, 1, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_write(&posix, other, (size_t)-1, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_write(&posix, other, 1, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_write(&posix, (const uint8_t *)&posix, 1, &response), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_write(&posix, (const uint8_t *)&response, 1, &response), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_receive(NULL, other, 1, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_receive(&posix, NULL, 1, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_receive(&posix, other, 0, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_receive(&posix, other, (size_t)-1, &len), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_receive(&posix, other, 1, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_receive(&posix, (uint8_t *)&posix, 1, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_receive(&posix, (uint8_t *)&len, sizeof len, &len), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_read(NULL, &response), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_posix_read(&posix, NULL), KPN_ERR_INVALID_ARGUMENT);

    /* Nothing is open. */
    CHECK_STATUS(kpn_posix_send(&posix, other, 1), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_send(&posix, NULL, 0), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_write(&posix, other, 1, &response), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_write(&posix, NULL, 0, &response), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_receive(&posix, other, 1, &len), KPN_ERR_STATE);
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_STATE);
    CHECK_SIZE(len, 77);

    /* A response that would write its body over the connection. */
    CHECK_OK(kpn_response_begin(&response, (uint8_t *)&posix, sizeof posix));
    kpn_span request = {other, 4};
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_write(&posix, other, 1, &response), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_posix_exchange(&posix, HOST, 1, request, &response), KPN_ERR_OVERLAP);
    CHECK_OK(kpn_posix_close(&posix));
}

static void refuses_what_was_never_begun(void)
{
    kpn_posix posix;
    kpn_response response;
    kpn_span request;
    size_t len = 0;

    request.ptr = other;
    request.len = 4;
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
        spoil(&posix, sizeof posix, pattern);
        CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_open(&posix, HOST, 1), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_send(&posix, other, 4), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_write(&posix, other, 4, &response), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_deadline(&posix, 1), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_receive(&posix, other, 4, &len), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_STATE);
        CHECK_STATUS(kpn_posix_close(&posix), KPN_ERR_STATE);
        CHECK(kpn_posix_errno(&posix) == 0);
        CHECK_OK(kpn_posix_begin(&posix, 1, 1000));
        spoil(&response, sizeof response, pattern);
        CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_STATE);
        CHECK_OK(kpn_posix_close(&posix));
        CHECK_OK(kpn_posix_close(&posix));
    }
}

static void says_when_nobody_listens(void)
{
    kpn_posix posix;
    kpn_response response;
    kpn_span request;

    request.ptr = other;
    request.len = 4;
    CHECK_OK(kpn_posix_begin(&posix, KPN_REQUESTS_MAX, 1000));
    CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
    /* Port 1 of loopback; the last one is not an address. */
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_CONNECT);
    CHECK(kpn_posix_errno(&posix) > 0);
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1.", 1, request, &response), KPN_ERR_CONNECT);
    CHECK(kpn_posix_errno(&posix) != 0);
    CHECK_OK(kpn_posix_close(&posix));
}

static void goes_step_by_step(void)
{
    kpn_posix posix;
    uint16_t port;
    size_t len = 0;
    char got[8];
    int listener = listen_on_free_port(&port);

    CHECK_OK(kpn_posix_begin(&posix, 2, MILLISECONDS));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    int peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK(nobody_waits(listener));

    CHECK_OK(kpn_posix_send(&posix, (const uint8_t *)"abc", 3));
    CHECK_OK(kpn_posix_send(&posix, NULL, 0));
    CHECK_OK(kpn_posix_send(&posix, (const uint8_t *)"d", 1));
    CHECK(recv(peer, got, 4, MSG_WAITALL) == 4);
    CHECK_TEXT(got, 4, "abcd");

    CHECK(send(peer, "hello", 5, 0) == 5);
    memset(other, 0xA5, 8);
    CHECK_OK(kpn_posix_receive(&posix, other, 3, &len));
    CHECK_TEXT(other, len, "hel");
    CHECK(filled(other + 3, 5, 0xA5));
    CHECK_OK(kpn_posix_receive(&posix, other, 8, &len));
    CHECK_TEXT(other, len, "lo");

    /* A connection that the server has closed is not used for another request. */
    CHECK(close(peer) == 0);
    CHECK_OK(kpn_posix_receive(&posix, other, 8, &len));
    CHECK_SIZE(len, 0);
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);

    /* A closed connection takes nothing; another can be opened. */
    CHECK_OK(kpn_posix_close(&posix));
    CHECK_STATUS(kpn_posix_send(&posix, other, 1), KPN_ERR_STATE);
    CHECK(recv(peer, got, 1, 0) == 0);
    CHECK(close(peer) == 0);
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_OK(kpn_posix_close(&posix));
    CHECK(close(listener) == 0);
}

static void gives_up_when_nothing_comes(void)
{
    kpn_posix posix;
    kpn_response response;
    uint16_t port;
    size_t len = 77;
    int listener = listen_on_free_port(&port);

    CHECK_OK(kpn_posix_begin(&posix, 2, 50));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_STATUS(kpn_posix_receive(&posix, other, 8, &len), KPN_ERR_TIMEOUT);
    CHECK_SIZE(len, 77);
    CHECK(kpn_posix_errno(&posix) > 0);
    CHECK_STATUS(kpn_posix_receive(&posix, other, 8, &len), KPN_ERR_STATE);
    CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_TIMEOUT);
    CHECK_STATUS(kpn_posix_read(&posix, &response), KPN_ERR_STATE);
    CHECK_OK(kpn_posix_close(&posix));
    CHECK(close(listener) == 0);
}

static const char message[] = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]";

/* What a server does with one request. */
typedef struct {
    bool
        on_new_connection; /* where the request must arrive; the client must have closed the previous one, unless the server did */
    bool closes; /* after the answer */
    const char *answer;
} step;

static bool take_request(int fd)
{
    char got[sizeof message];
    return recv(fd, got, sizeof message - 1, MSG_WAITALL) == (ssize_t)(sizeof message - 1)
           && memcmp(got, message, sizeof message - 1) == 0;
}

/* The child: 0 if every request arrived where it must. */
static int serve(int listener, const step *steps, size_t count)
{
    const struct timespec moment = {0, 20000000};
    int fd = -1;
    char byte;

    (void)signal(SIGALRM, SIG_DFL);
    alarm(20);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].on_new_connection) {
            if (fd >= 0 && (recv(fd, &byte, 1, 0) > 0 || close(fd) != 0)) { /* an end, or a reset */
                return 1;
            }
            fd = accept(listener, NULL, NULL);
        }
        if (fd < 0 || !take_request(fd)) {
            return 2;
        }
        /* One byte first, and the rest later. */
        size_t len = strlen(steps[i].answer);
        size_t first = len > 0 ? 1 : 0;
        if (send(fd, steps[i].answer, first, MSG_NOSIGNAL) != (ssize_t)first || nanosleep(&moment, NULL) != 0
            || send(fd, steps[i].answer + first, len - first, MSG_NOSIGNAL) != (ssize_t)(len - first)) {
            return 3;
        }
        if (steps[i].closes) {
            (void)close(fd);
            fd = -1;
        }
    }
    return fd < 0 || recv(fd, &byte, 1, 0) <= 0 ? 0 : 4;
}

#define STEPS_MAX 6

static void exchanges(const step *steps, const kpn_status *expected, size_t count, uint16_t limit, uint32_t milliseconds)
{
    kpn_posix posix;
    kpn_response response;
    uint16_t port;
    int listener = listen_on_free_port(&port);
    const kpn_span request = {(const uint8_t *)message, sizeof message - 1};

    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(serve(listener, steps, count));
    }
    CHECK(child > 0);
    CHECK_OK(kpn_posix_begin(&posix, limit, milliseconds));
    for (size_t i = 0; i < count; i++) {
        CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
        CHECK_STATUS(kpn_posix_exchange(&posix, HOST, port, request, &response), expected[i]);
        CHECK(expected[i] != KPN_OK || kpn_response_outcome(&response) == KPN_OUTCOME_ACCEPTED);
    }
    CHECK_OK(kpn_posix_close(&posix));
    CHECK(ends_well(child));
    CHECK(close(listener) == 0);
}

#define ACCEPTED "HTTP/1.1 202 \r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
#define LAST "HTTP/1.1 202 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static void keeps_a_connection_for_as_many_requests_as_it_may(void)
{
    const step steps[STEPS_MAX] = {{true, false, ACCEPTED},  {false, false, ACCEPTED}, {true, false, ACCEPTED},
                                   {false, false, ACCEPTED}, {true, false, ACCEPTED},  {false, false, ACCEPTED}};
    const kpn_status expected[STEPS_MAX] = {KPN_OK, KPN_OK, KPN_OK, KPN_OK, KPN_OK, KPN_OK};
    exchanges(steps, expected, STEPS_MAX, 2, MILLISECONDS);
}

static void leaves_a_connection_that_the_server_gives_up(void)
{
    const step steps[] = {{true, false, ACCEPTED},
                          {false, false, LAST}, /* announces it and waits: the client closes */
                          {true, false, ACCEPTED "HTTP/1.1 202 \r\n"}, /* more than was requested */
                          {true, true, "HTTP/1.1 200 OK\r\n\r\n[]"}, /* a body until the end of the connection */
                          {true, false, ACCEPTED}};
    const kpn_status expected[] = {KPN_OK, KPN_OK, KPN_OK, KPN_OK, KPN_OK};
    exchanges(steps, expected, 5, KPN_REQUESTS_MAX, MILLISECONDS);
}

static void goes_on_after_failures(void)
{
    const step steps[] = {{true, true, "HTTP/1.1 202 \r\nContent-Length: 9\r\n\r\n[]"},
                          {true, false, "SSH-2.0-OpenSSH_9.2\r\n"},
                          {true, true, ""},
                          {true, false, ACCEPTED}};
    const kpn_status expected[] = {KPN_ERR_HTTP_TRUNCATED, KPN_ERR_HTTP_SYNTAX, KPN_ERR_HTTP_TRUNCATED, KPN_OK};
    exchanges(steps, expected, 4, KPN_REQUESTS_MAX, MILLISECONDS);
}

static void gives_up_a_server_that_is_silent(void)
{
    const step steps[] = {{true, false, "HTTP/1.1 202 \r\n"}};
    const kpn_status expected[] = {KPN_ERR_TIMEOUT};
    exchanges(steps, expected, 1, KPN_REQUESTS_MAX, 200);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void waits_signals_out(void)
{
    const step steps[] = {{true, false, ACCEPTED}, {false, false, ACCEPTED}, {true, false, LAST}};
    const kpn_status expected[] = {KPN_OK, KPN_OK, KPN_OK};
    const struct itimerval often = {{0, 2000}, {0, 2000}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    struct sigaction action;

    memset(&action, 0, sizeof action); /* without SA_RESTART: system calls end with EINTR */
    action.sa_handler = count_signal;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    exchanges(steps, expected, 3, 2, MILLISECONDS);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    /* Ignored instead of restored: valgrind delivers signals late, and a pending one would end the program. */
    action.sa_handler = SIG_IGN;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(signals >= 3);
}

/* A limit for several calls, each of which stays within its own limit. */
static void bounds_calls_together(void)
{
    kpn_posix posix;
    uint16_t port;
    size_t len = 0;
    kpn_status status = KPN_OK;
    int listener = listen_on_free_port(&port);

    CHECK_OK(kpn_posix_begin(&posix, 2, MILLISECONDS));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    int peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);
    CHECK_OK(kpn_posix_deadline(&posix, 60));
    for (int i = 0; i < 10000 && status == KPN_OK; i++) { /* always another byte */
        CHECK(send(peer, "x", 1, MSG_NOSIGNAL) == 1);
        status = kpn_posix_receive(&posix, other, 1, &len);
    }
    CHECK_STATUS(status, KPN_ERR_TIMEOUT);
    CHECK_STATUS(kpn_posix_open(&posix, HOST, port), KPN_ERR_TIMEOUT); /* until it is removed */
    CHECK_OK(kpn_posix_deadline(&posix, 0));
    CHECK_OK(kpn_posix_open(&posix, HOST, port));
    CHECK_OK(kpn_posix_close(&posix));
    CHECK(close(peer) == 0);
    CHECK(close(listener) == 0);
}

void test_posix(void)
{
    refuses_bad_arguments();
    refuses_bad_arguments_of_single_steps();
    refuses_what_was_never_begun();
    says_when_nobody_listens();
    goes_step_by_step();
    gives_up_when_nothing_comes();
    keeps_a_connection_for_as_many_requests_as_it_may();
    leaves_a_connection_that_the_server_gives_up();
    goes_on_after_failures();
    gives_up_a_server_that_is_silent();
    waits_signals_out();
    bounds_calls_together();
}

#else

void test_posix(void) {}

#endif
