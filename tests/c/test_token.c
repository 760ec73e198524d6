/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static const struct {
    const char *body;
    const char *secret;
    const char *token;
} vectors[] = {
#define TOKEN_VECTOR(body, secret, token) {body, secret, token},
#include "token.inc"
#undef TOKEN_VECTOR
};

static const uint8_t *bytes(const char *text)
{
    return (const uint8_t *)text;
}

static void matches_the_vectors_in_any_split(void)
{
    kpn_token token;
    char text[KPN_TOKEN_LEN + 2];
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const char *body = vectors[i].body;
        const size_t len = strlen(body);
        for (size_t split = 0; split <= len; split++) {
            spoil(&token, sizeof token, (int)(split % PATTERNS));
            memset(text, 0x7e, sizeof text);
            CHECK_OK(kpn_token_begin(&token));
            CHECK_OK(kpn_token_update(&token, check_exact(body, split), split));
            CHECK_OK(kpn_token_update(&token, check_exact(body + split, len - split), len - split));
            CHECK_OK(kpn_token_finish(&token, vectors[i].secret, text));
            CHECK_BYTES(text, strlen(text), vectors[i].token, (size_t)KPN_TOKEN_LEN);
            CHECK(text[KPN_TOKEN_LEN + 1] == 0x7e);
        }
        CHECK_OK(kpn_token_compare(text, vectors[i].token));
    }
    CHECK_STATUS(kpn_token_compare(vectors[0].token, vectors[1].token), KPN_ERR_TOKEN_MISMATCH);
    for (size_t i = 0; i < KPN_TOKEN_LEN; i++) {
        memcpy(text, vectors[0].token, KPN_TOKEN_LEN);
        text[i] = (char)(text[i] ^ 1);
        CHECK_STATUS(kpn_token_compare(text, vectors[0].token), KPN_ERR_TOKEN_MISMATCH);
    }
}

static void hashes_nothing_and_one_byte_at_a_time(void)
{
    kpn_token whole;
    kpn_token pieces;
    char left[KPN_TOKEN_LEN + 1];
    char right[KPN_TOKEN_LEN + 1];
    for (size_t i = 0; i < 200; i++) {
        memory[i] = (uint8_t)random32();
    }
    /* Around SHA-256's block of 64 bytes and its padding. */
    for (size_t len = 0; len < 200; len++) {
        CHECK_OK(kpn_token_begin(&whole));
        CHECK_OK(kpn_token_update(&whole, memory, len));
        CHECK_OK(kpn_token_finish(&whole, SECRET, left));
        CHECK_OK(kpn_token_begin(&pieces));
        CHECK_OK(kpn_token_update(&pieces, NULL, 0));
        for (size_t i = 0; i < len; i++) {
            CHECK_OK(kpn_token_update(&pieces, memory + i, 1));
        }
        CHECK_OK(kpn_token_finish(&pieces, SECRET, right));
        CHECK_OK(kpn_token_compare(left, right));
    }
}

static void can_be_copied_while_it_is_made(void)
{
    kpn_token token;
    kpn_token copy;
    char left[KPN_TOKEN_LEN + 1];
    char right[KPN_TOKEN_LEN + 1];
    CHECK_OK(kpn_token_begin(&token));
    CHECK_OK(kpn_token_update(&token, bytes("abc"), 3));
    copy = token;
    CHECK_OK(kpn_token_update(&token, bytes("def"), 3));
    CHECK_OK(kpn_token_update(&copy, bytes("def"), 3));
    CHECK_OK(kpn_token_finish(&token, SECRET, left));
    CHECK_OK(kpn_token_finish(&copy, SECRET, right));
    CHECK_OK(kpn_token_compare(left, right));
}

static void takes_secrets_of_30_to_100_letters_and_digits(void)
{
    kpn_token token;
    char secret[KPN_SECRET_MAX + 2];
    char text[KPN_TOKEN_LEN + 1];
    for (size_t len = 0; len <= KPN_SECRET_MAX + 1; len++) {
        const bool fits = len >= KPN_SECRET_MIN && len <= KPN_SECRET_MAX;
        memset(secret, 'a', len);
        secret[len] = '\0';
        memset(text, 0x7e, sizeof text);
        CHECK_OK(kpn_token_begin(&token));
        CHECK_STATUS(kpn_token_finish(&token, secret, text), fits ? KPN_OK : KPN_ERR_SECRET);
        CHECK(fits || filled(text, sizeof text, 0x7e));
    }
    CHECK_OK(kpn_token_begin(&token));
    CHECK_OK(kpn_token_update(&token, bytes(vectors[0].body), strlen(vectors[0].body)));
    for (int c = 1; c < 256; c++) {
        const bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        memcpy(secret, SECRET, sizeof SECRET);
        secret[17] = (char)c;
        if (!fits) {
            CHECK_STATUS(kpn_token_finish(&token, secret, text), KPN_ERR_SECRET);
        }
    }
    /* The hashed bytes are kept after every failure. */
    CHECK_OK(kpn_token_finish(&token, SECRET, text));
    CHECK_OK(kpn_token_compare(text, vectors[0].token));
}

static void leaves_no_trace(void)
{
    static const char *const bodies[] = {"confidential", "quite another text, longer than a block of the hash, 64 bytes"};
    kpn_token tokens[2];
    char text[KPN_TOKEN_LEN + 1];
    for (int finish = 0; finish < 2; finish++) {
        for (int i = 0; i < 2; i++) {
            spoil(&tokens[i], sizeof tokens[i], 0);
            CHECK_OK(kpn_token_begin(&tokens[i]));
            CHECK_OK(kpn_token_update(&tokens[i], bytes(bodies[i]), strlen(bodies[i])));
            CHECK_OK(finish ? kpn_token_finish(&tokens[i], SECRET, text) : kpn_token_wipe(&tokens[i]));
            CHECK_STATUS(kpn_token_update(&tokens[i], bytes("x"), 1), KPN_ERR_STATE);
            CHECK_STATUS(kpn_token_finish(&tokens[i], SECRET, text), KPN_ERR_STATE);
            CHECK_STATUS(kpn_token_wipe(&tokens[i]), KPN_ERR_STATE);
        }
        /* What is left does not depend on what was hashed. */
        CHECK(memcmp(&tokens[0], &tokens[1], sizeof tokens[0]) == 0);
    }
}

static void refuses_misuse(void)
{
    kpn_token token;
    char text[KPN_TOKEN_LEN + 1];
    kpn_token *const wrong = (kpn_token *)misaligned();
    memset(text, 0x7e, sizeof text);
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        spoil(&token, sizeof token, pattern);
        CHECK_STATUS(kpn_token_update(&token, bytes("x"), 1), KPN_ERR_STATE);
        CHECK_STATUS(kpn_token_finish(&token, SECRET, text), KPN_ERR_STATE);
        CHECK_STATUS(kpn_token_wipe(&token), KPN_ERR_STATE);
    }
    CHECK_STATUS(kpn_token_begin(NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_begin(wrong), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_update(NULL, bytes("x"), 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_update(wrong, bytes("x"), 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_finish(NULL, SECRET, text), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_finish(wrong, SECRET, text), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_finish(NULL, NULL, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_wipe(NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_wipe(wrong), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_compare(NULL, vectors[0].token), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_compare(vectors[0].token, NULL), KPN_ERR_INVALID_ARGUMENT);

    CHECK_OK(kpn_token_begin(&token));
    CHECK_STATUS(kpn_token_update(&token, NULL, 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_update(&token, bytes("x"), (size_t)PTRDIFF_MAX + 1), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_update(&token, bytes("x"), SIZE_MAX), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_update(&token, (const uint8_t *)&token, 1), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_token_update(&token, (const uint8_t *)&token + sizeof token - 1, 2), KPN_ERR_OVERLAP);
    CHECK_STATUS(kpn_token_finish(&token, NULL, text), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_finish(&token, SECRET, NULL), KPN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(kpn_token_finish(&token, SECRET, (char *)&token), KPN_ERR_OVERLAP);
    CHECK(filled(text, sizeof text, 0x7e));

    memcpy(memory, SECRET, sizeof SECRET);
    CHECK_STATUS(kpn_token_finish(&token, (const char *)memory, (char *)memory + 8), KPN_ERR_OVERLAP);
    CHECK(memcmp(memory, SECRET, sizeof SECRET) == 0);
}

void test_token(void)
{
    matches_the_vectors_in_any_split();
    hashes_nothing_and_one_byte_at_a_time();
    can_be_copied_while_it_is_made();
    takes_secrets_of_30_to_100_letters_and_digits();
    leaves_no_trace();
    refuses_misuse();
}
