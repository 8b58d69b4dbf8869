/* SPDX-License-Identifier: Apache-2.0 */

/* What libcrypto says of certificates and keys, and where Go may say otherwise. */

#include "spec/certificate.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "support/tempdir.h"

#include <openssl/err.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NO_CERTIFICATE "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"

/* A file of testdata/certificates; in the arena. */
static struct bytes kept(struct arena *arena, const char *name) {
    CLEANUP(memory_freep) char *content = file_read("testdata/certificates", name);

    assert_non_null(content);
    return bytes_of(arena_string(arena, bytes_of(content)));
}

static struct bytes joined(struct arena *arena, struct bytes first, struct bytes second) {
    return bytes_of(arena_format(arena, "%.*s%.*s", BYTES_ARG(first), BYTES_ARG(second)));
}

/* The text with every line break but those beside the marks taken out: what a shell makes of a file
 * that was not quoted. */
static struct bytes in_one_line(struct arena *arena, struct bytes pem) {
    char *out = arena_string(arena, pem);
    size_t length = 0;
    size_t line_start = 0;

    for (size_t i = 0; i < pem.length; i++) {
        bool beside = bytes_starts_with(bytes_slice(pem, i + 1, SIZE_MAX), BYTES("-----END")) ||
                      bytes_ends_with(bytes_slice(pem, line_start, i), BYTES("-----"));
        if (pem.data[i] == '\n')
            line_start = i + 1;
        if (pem.data[i] != '\n' || beside)
            out[length++] = pem.data[i];
    }
    return (struct bytes){out, length};
}

static struct bytes with_crlf(struct arena *arena, struct bytes pem) {
    char *out = arena_alloc(arena, 2 * pem.length);
    size_t length = 0;

    for (size_t i = 0; i < pem.length; i++) {
        if (pem.data[i] == '\n')
            out[length++] = '\r';
        out[length++] = pem.data[i];
    }
    return (struct bytes){out, length};
}

static void assert_good(struct certificate_verdict verdict) {
    if (verdict.fault != NULL)
        fail_msg("%s", verdict.fault);
    assert_int_equal(ERR_peek_error(), 0);
}

static void assert_bad(struct certificate_verdict verdict, const char *fault) {
    assert_non_null(verdict.fault);
    assert_string_equal(verdict.fault, fault);
    assert_true(verdict.certain);
    assert_int_equal(ERR_peek_error(), 0);
}

/* libcrypto cannot read it as PEM, which says nothing of Go. */
static void assert_open(struct certificate_verdict verdict) {
    assert_true(verdict.fault == NULL || !verdict.certain);
    assert_int_equal(ERR_peek_error(), 0);
}

/* --- authorities ------------------------------------------------------------------------------ */

static void one_certificate_among_others_makes_authorities(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct bytes good = kept(arena, "rsa.crt");

    assert_good(authorities_verdict(good));
    assert_good(authorities_verdict(kept(arena, "ec.crt")));
    assert_good(authorities_verdict(kept(arena, "ed25519.crt")));
    assert_good(authorities_verdict(with_crlf(arena, good)));
    assert_good(authorities_verdict(joined(arena, kept(arena, "ec.key"), good)));
    assert_good(authorities_verdict(joined(arena, BYTES("Issued by: somebody\n"), good)));
    assert_good(authorities_verdict(joined(arena, BYTES(NO_CERTIFICATE), good)));
}

static void what_holds_no_certificate_is_no_authority(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_bad(authorities_verdict(BYTES("")), "holds no PEM block CERTIFICATE");
    assert_bad(authorities_verdict(BYTES("no certificate\n")), "holds no PEM block CERTIFICATE");
    assert_bad(authorities_verdict(kept(arena, "ec.key")), "holds no PEM block CERTIFICATE");
    assert_bad(authorities_verdict(kept(arena, "trusted.crt")), "holds no PEM block CERTIFICATE");
    assert_bad(authorities_verdict(BYTES(NO_CERTIFICATE)),
               "holds no block CERTIFICATE that is a certificate");
}

/* --- a client certificate and its key --------------------------------------------------------- */

static void the_first_certificate_is_the_one_that_counts(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct bytes broken = BYTES(NO_CERTIFICATE);

    assert_good(certificate_verdict(kept(arena, "ec.crt")));
    assert_good(certificate_verdict(joined(arena, kept(arena, "ec.crt"), broken)));
    assert_bad(certificate_verdict(joined(arena, broken, kept(arena, "ec.crt"))),
               "begins with a block CERTIFICATE that is none");
    assert_bad(certificate_verdict(kept(arena, "ec.key")), "holds no PEM block CERTIFICATE");
}

static void keys_are_taken_in_the_forms_that_go_reads(void **state) {
    static const char *const good[] = {"ec.key",  "ec-sec1.key",   "ec-with-parameters.key",
                                       "rsa.key", "rsa-pkcs1.key", "ed25519.key"};
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        print_message("%s\n", good[i]);
        assert_good(private_key_verdict(kept(arena, good[i])));
        assert_good(private_key_verdict(with_crlf(arena, kept(arena, good[i]))));
    }
}

static void keys_that_nobody_can_read_are_told(void **state) {
    static const struct {
        const char *file;
        const char *fault;
    } bad[] = {
        {"encrypted.key", "holds a key that is encrypted, which Prometheus cannot read"},
        {"encrypted-sec1.key", "holds a key that is encrypted, which Prometheus cannot read"},
        {"encrypted-disguised.key", "holds a block PRIVATE KEY that is none"},
        {"ec.crt", "holds no PEM block PRIVATE KEY"},
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        print_message("%s\n", bad[i].file);
        assert_bad(private_key_verdict(kept(arena, bad[i].file)), bad[i].fault);
    }
}

static void a_key_belongs_to_one_certificate(void **state) {
    static const char *const names[] = {"ec", "rsa", "ed25519"};
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(names); j++) {
            struct certificate_verdict verdict =
                key_pair_verdict(kept(arena, arena_format(arena, "%s.crt", names[i])),
                                 kept(arena, arena_format(arena, "%s.key", names[j])));
            if (i == j)
                assert_good(verdict);
            else
                assert_bad(verdict, "is not the key of the certificate");
        }
    }
}

/* --- where libcrypto and Go differ ------------------------------------------------------------ */

/* Prometheus may load it: no verdict holds it back. */
static void what_libcrypto_cannot_read_as_pem_is_left_to_prometheus(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct bytes certificate = in_one_line(arena, kept(arena, "ec.crt"));
    const struct bytes key = in_one_line(arena, kept(arena, "ec.key"));
    const struct bytes spaced = bytes_of(
        arena_format(arena, "-----BEGIN CERTIFICATE-----\n\n%s",
                     kept(arena, "ec.crt").data + strlen("-----BEGIN CERTIFICATE-----\n")));
    static const char *const damaged[] = {
        "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nQUJD\n-----END X-----\n",
        "-----BEGIN CERTIFICATE-----\nQUJD\n",
    };

    assert_open(authorities_verdict(certificate));
    assert_open(certificate_verdict(certificate));
    assert_open(private_key_verdict(key));
    assert_open(authorities_verdict(spaced));
    for (size_t i = 0; i < ARRAY_LENGTH(damaged); i++) {
        assert_open(authorities_verdict(bytes_of(damaged[i])));
        assert_open(certificate_verdict(bytes_of(damaged[i])));
        assert_non_null(certificate_verdict(bytes_of(damaged[i])).fault);
    }
    /* What comes behind it may not be the first that Go reads. */
    assert_open(certificate_verdict(joined(arena, bytes_of(damaged[0]), BYTES(NO_CERTIFICATE))));
}

/* A test of time only in so far as it would not end. */
static void a_text_of_beginnings_takes_linear_time(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};

    while (text.length < (size_t)4 << 20)
        buffer_append_string(&text, "-----BEGIN CERTIFICATE-----\n");
    assert_open(authorities_verdict(buffer_bytes(&text)));
    assert_open(private_key_verdict(buffer_bytes(&text)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_certificate_among_others_makes_authorities),
        cmocka_unit_test(what_holds_no_certificate_is_no_authority),
        cmocka_unit_test(the_first_certificate_is_the_one_that_counts),
        cmocka_unit_test(keys_are_taken_in_the_forms_that_go_reads),
        cmocka_unit_test(keys_that_nobody_can_read_are_told),
        cmocka_unit_test(a_key_belongs_to_one_certificate),
        cmocka_unit_test(what_libcrypto_cannot_read_as_pem_is_left_to_prometheus),
        cmocka_unit_test(a_text_of_beginnings_takes_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
