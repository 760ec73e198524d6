/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * tls CONFIG [ADDRESS PORT [CA [SESSION]]]: sends one message over the Internet, with OpenSSL between the library and the network. ADDRESS
 * and PORT override those of the configuration, for example to use the simulator; the certificate must still be for the host of the
 * configuration, and signed by one in the file CA or by one that the system trusts. SESSION is a file, one per host, for the ticket with
 * which the next run resumes, which saves the certificate. Keep it as secret as the device's own secret. Exits with 0 if the message was
 * accepted, 1 if it should be sent again later, 2 if it must not be sent again unchanged.
 */
#define _POSIX_C_SOURCE 200809L
#define KPN_POSIX
#include "kpn_things.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { ACCEPTED = 0, LATER = 1, NEVER = 2, MILLISECONDS = 10000 };

static uint8_t buffer[1024]; /* the configuration text, then the request, then the body of the response */
static kpn_config config;
static kpn_posix posix;
static const char *session_path;

static bool read_config(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buffer, 1, sizeof buffer, file);

    return file != NULL && fclose(file) == 0 && kpn_config_load(&config, (const char *)buffer, len, NULL) == KPN_OK;
}

static kpn_status write_message(kpn_span *request)
{
    kpn_uplink uplink;
    kpn_status status = kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, &config);

    if (status != KPN_OK) {
        return status;
    }
    kpn_uplink_set_base_time(&uplink, (int64_t)time(NULL));
    kpn_uplink_add_double(&uplink, KPN_TEMPERATURE, 20.5);
    kpn_uplink_add_double(&uplink, KPN_HUMIDITY, 48.25);
    kpn_uplink_add_bool(&uplink, "doorOpen", NULL, true);
    kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0");
    kpn_uplink_add_int64(&uplink, KPN_COUNTER, 42);
    return kpn_uplink_finish_config(&uplink, &config, request);
}

/* OpenSSL reports the session once there is a ticket for it; with TLS 1.3 that is after the handshake. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    FILE *file = fopen(session_path, "w");

    (void)ssl;
    bool written = file != NULL && PEM_write_SSL_SESSION(file, session) == 1;
    if (file == NULL || fclose(file) != 0 || !written) {
        perror(session_path); /* the next handshake is then a full one */
    }
    return 0;
}

static void resume_session(SSL *ssl)
{
    FILE *file = fopen(session_path, "r");
    SSL_SESSION *session = file == NULL ? NULL : PEM_read_SSL_SESSION(file, NULL, NULL, NULL);

    if (session != NULL) {
        (void)SSL_set_session(ssl, session);
        SSL_SESSION_free(session);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    ERR_clear_error(); /* no session, or a damaged one: a full handshake */
}

/* A connection that is refused unless a trusted certificate is for this host. It works in memory; this program moves the bytes. */
static SSL *begin_tls(SSL_CTX *context, const char *host, const char *ca)
{
    SSL *ssl = NULL;
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());

    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (in != NULL && out != NULL && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
        && (ca == NULL ? SSL_CTX_set_default_verify_paths(context) : SSL_CTX_load_verify_locations(context, ca, NULL))
               == 1) {
        ssl = SSL_new(context);
    }
    if (ssl == NULL) {
        BIO_free(in);
        BIO_free(out);
        return NULL;
    }
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    if (SSL_set1_host(ssl, host) != 1 || SSL_set_tlsext_host_name(ssl, host) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (session_path != NULL) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
        resume_session(ssl);
    }
    return ssl;
}

/* Sends what TLS has written, and receives if TLS waits for the server. KPN_NEED_MORE: repeat the call that gave `result`. */
static kpn_status carry(SSL *ssl, int result)
{
    uint8_t chunk[2048];
    size_t len = 0;
    int pending;
    int error = SSL_get_error(ssl, result);
    kpn_status status = KPN_OK;

    while (status == KPN_OK && (pending = BIO_read(SSL_get_wbio(ssl), chunk, sizeof chunk)) > 0) {
        status = kpn_posix_send(&posix, chunk, (size_t)pending);
    }
    if (status != KPN_OK || error == SSL_ERROR_NONE) {
        return status;
    }
    if (error != SSL_ERROR_WANT_READ) {
        return KPN_ERR_IO; /* the alert that tells the server why has just been sent */
    }
    status = kpn_posix_receive(&posix, chunk, sizeof chunk, &len);
    if (status == KPN_OK && len == 0) {
        status = KPN_ERR_HTTP_TRUNCATED; /* TLS has not announced the end: anyone could have cut the connection */
    }
    return status != KPN_OK                                            ? status
           : BIO_write(SSL_get_rbio(ssl), chunk, (int)len) == (int)len ? KPN_NEED_MORE
                                                                       : KPN_ERR_IO;
}

static kpn_status exchange(SSL *ssl, kpn_span request, kpn_response *response)
{
    uint8_t chunk[512];
    int result;
    kpn_status status;
    kpn_status sent;

    do { /* the handshake comes first; no part of the request is sent unless the certificate is right */
        result = SSL_write(ssl, request.ptr, (int)request.len);
        status = carry(ssl, result);
    } while (status == KPN_NEED_MORE);
    sent = status; /* what the platform sent before a write failed is still read */
    status = kpn_response_begin(response, buffer, sizeof buffer);
    if (status == KPN_OK) {
        status = KPN_NEED_MORE;
    }
    while (status == KPN_NEED_MORE) {
        result = SSL_read(ssl, chunk, sizeof chunk);
        if (result > 0) {
            status = kpn_response_feed(response, chunk, (size_t)result, NULL);
        } else if (SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN) {
            status = kpn_response_end(response);
        } else {
            status = carry(ssl, result);
        }
    }
    return status != KPN_OK && sent != KPN_OK ? sent : status;
}

static int report(SSL *ssl, kpn_status status, const kpn_response *response)
{
    long verified = SSL_get_verify_result(ssl);

    if (status != KPN_OK && verified != X509_V_OK) {
        fprintf(stderr, "certificate of %s: %s\n", kpn_config_host(&config), X509_verify_cert_error_string(verified));
        return NEVER;
    }
    if (status != KPN_OK) { /* it is unknown whether the message arrived, unless TLS has failed before it */
        fprintf(stderr, "exchange: %s (errno %d)\n", kpn_status_text(status), (int)kpn_posix_errno(&posix));
        ERR_print_errors_fp(stderr);
        return LATER;
    }
    int32_t outcome = kpn_config_outcome(&config, response);
    printf("%s, %s\n", SSL_get_version(ssl), SSL_session_reused(ssl) ? "resumed" : "new");
    printf("response: status %d. %s\n", (int)kpn_response_status(response), kpn_outcome_text(outcome));
    return outcome == KPN_OUTCOME_ACCEPTED ? ACCEPTED : outcome == KPN_OUTCOME_RETRY_LATER ? LATER : NEVER;
}

int main(int argc, char **argv)
{
    kpn_span request;
    kpn_response response;

    if ((argc != 2 && (argc < 4 || argc > 6)) || !read_config(argv[1]) || !kpn_config_tls(&config)) {
        fprintf(stderr, "usage: tls CONFIG [ADDRESS PORT [CA [SESSION]]], with a CONFIG whose endpoint is \"internet\"\n");
        return NEVER;
    }
    session_path = argc == 6 ? argv[5] : NULL;
    (void)umask(S_IRWXG | S_IRWXO);
    kpn_status status = write_message(&request);
    if (status != KPN_OK) {
        fprintf(stderr, "message: %s\n", kpn_status_text(status));
        return NEVER;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context == NULL ? NULL : begin_tls(context, kpn_config_host(&config), argc >= 5 ? argv[4] : NULL);
    if (ssl == NULL) {
        ERR_print_errors_fp(stderr);
        return NEVER;
    }
    const char *address = argc >= 4 ? argv[2] : kpn_config_address(&config);
    uint16_t port = argc >= 4 ? (uint16_t)strtoul(argv[3], NULL, 10) : kpn_config_port(&config);
    status = kpn_posix_begin(&posix, kpn_config_keep_alive_limit(&config), MILLISECONDS);
    if (status == KPN_OK
        && (status = kpn_posix_deadline(&posix, MILLISECONDS)) == KPN_OK) { /* for everything that follows together */
        status = kpn_posix_open(&posix, address, port);
    }
    if (status == KPN_OK) {
        status = exchange(ssl, request, &response);
    }
    int ended = report(ssl, status, &response);
    if (status == KPN_OK) {
        (void)carry(ssl, SSL_shutdown(ssl) >= 0 ? 1 : -1); /* announces the end */
    }
    kpn_posix_close(&posix);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return ended;
}
