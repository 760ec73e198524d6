/* The transport over POSIX sockets: what it refuses. Exchanges are tested with a real server, see c-examples/exchange. */
#ifdef KPN_TEST_POSIX
#define KPN_POSIX
#endif
#include "check.h"

#ifdef KPN_TEST_POSIX

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
    CHECK(kpn_response_status(&response) == 0);
    CHECK_OK(kpn_posix_close(&posix));
}

static void refuses_what_was_never_begun(void)
{
    kpn_posix posix;
    kpn_response response;
    kpn_span request;

    request.ptr = other;
    request.len = 4;
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        CHECK_OK(kpn_response_begin(&response, memory, MEMORY_CAP));
        spoil(&posix, sizeof posix, pattern);
        CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_STATE);
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
    /* Port 1 of loopback; the last is no address at all. */
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1", 1, request, &response), KPN_ERR_CONNECT);
    CHECK(kpn_posix_errno(&posix) > 0);
    CHECK_STATUS(kpn_posix_exchange(&posix, "127.0.0.1.", 1, request, &response), KPN_ERR_CONNECT);
    CHECK(kpn_posix_errno(&posix) != 0);
    CHECK_OK(kpn_posix_close(&posix));
}

void test_posix(void)
{
    refuses_bad_arguments();
    refuses_what_was_never_begun();
    says_when_nobody_listens();
}

#else

void test_posix(void)
{
}

#endif
