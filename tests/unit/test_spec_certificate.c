/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus can load of certificates and keys; the blocks as Go finds them. */

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "spec/certificate.h"
#include "spec/pem.h"
#include "support/tempdir.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

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

/* --- PEM -------------------------------------------------------------------------------------- */

static size_t blocks_in(struct bytes text) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct pem_walk walk = {.text = text};
    struct pem_block block;
    size_t count = 0;

    while (pem_next(&walk, arena, &block))
        count++;
    return count;
}

static void blocks_are_found_in_the_text_around_them(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct pem_walk walk = {
        .text = BYTES("Issued by: somebody\n"
                      "-----BEGIN A-----\nQUJD\n-----END A-----\n"
                      "between\n"
                      "-----BEGIN B C-----\nKey: value\n\nREVG\n-----END B C-----")};
    struct pem_block block;

    assert_true(pem_next(&walk, arena, &block));
    assert_true(bytes_equal_string(block.name, "A"));
    assert_false(block.headers);
    assert_true(bytes_equal_string(block.data, "ABC"));
    assert_true(pem_next(&walk, arena, &block));
    assert_true(bytes_equal_string(block.name, "B C"));
    assert_true(block.headers);
    assert_true(bytes_equal_string(block.data, "DEF"));
    assert_false(pem_next(&walk, arena, &block));
}

static void a_damaged_block_does_not_hide_the_next_one(void **state) {
    const struct bytes good = BYTES("\n-----BEGIN B-----\nQUJD\n-----END B-----\n");
    static const char *const damaged[] = {
        "-----BEGIN A-----\n????\n-----END A-----",
        "-----BEGIN A-----\nQUJD\n-----END X-----",
        "-----BEGIN A-----\nQUJD\n-----END A----",
        "-----BEGIN A-----\nQUJD\n-----END A----- and more",
        "-----BEGIN A----\nQUJD\n-----END A-----",
        " -----BEGIN A-----\nQUJD\n-----END A-----",
        "-----BEGIN ",
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(damaged); i++) {
        print_message("%s\n", damaged[i]);
        assert_int_equal(blocks_in(bytes_of(damaged[i])), 0);
        assert_int_equal(blocks_in(joined(arena, bytes_of(damaged[i]), good)), 1);
    }
}

static void blanks_and_lines_of_any_length_are_no_damage(void **state) {
    assert_int_equal(blocks_in(BYTES("-----BEGIN A-----\n")), 0);
    assert_int_equal(blocks_in(BYTES("-----BEGIN A-----\n-----END A-----\n")), 1);
    assert_int_equal(
        blocks_in(BYTES("-----BEGIN A----- \t\r\nQ U\tJ\n\n\nD\r\n-----END A-----  \n")), 1);
    assert_int_equal(blocks_in(BYTES("")), 0);
    assert_int_equal(blocks_in(BYTES("QUJD\n")), 0);
}

/* A test of time only in so far as it would not end. */
static void a_text_of_beginnings_takes_linear_time(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};

    while (text.length < (size_t)4 << 20)
        buffer_append_string(&text, "-----BEGIN A-----\n");
    assert_int_equal(blocks_in(buffer_bytes(&text)), 0);
    buffer_append_string(&text, "\n-----END B-----\n");
    assert_int_equal(blocks_in(buffer_bytes(&text)), 0);
}

/* --- authorities ------------------------------------------------------------------------------ */

static void one_certificate_among_others_makes_authorities(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct bytes good = kept(arena, "rsa.crt");

    assert_null(authorities_fault(good));
    assert_null(authorities_fault(kept(arena, "ec.crt")));
    assert_null(authorities_fault(kept(arena, "ed25519.crt")));
    assert_null(authorities_fault(with_crlf(arena, good)));
    assert_null(authorities_fault(in_one_line(arena, good)));
    assert_null(authorities_fault(joined(arena, kept(arena, "ec.key"), good)));
    assert_null(authorities_fault(joined(
        arena, BYTES("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"), good)));
}

static void what_holds_no_certificate_is_no_authority(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct bytes good = kept(arena, "rsa.crt");

    assert_string_equal(authorities_fault(BYTES("")), "holds no PEM block CERTIFICATE");
    assert_string_equal(authorities_fault(BYTES("no certificate\n")),
                        "holds no PEM block CERTIFICATE");
    assert_string_equal(authorities_fault(kept(arena, "ec.key")), "holds no PEM block CERTIFICATE");
    assert_string_equal(authorities_fault(kept(arena, "trusted.crt")),
                        "holds no PEM block CERTIFICATE");
    assert_string_equal(authorities_fault(bytes_slice(good, 0, good.length / 2)),
                        "holds no PEM block CERTIFICATE");
    assert_string_equal(
        authorities_fault(BYTES("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n")),
        "holds no block CERTIFICATE that is a certificate");
}

/* --- a client certificate and its key --------------------------------------------------------- */

static void the_first_certificate_is_the_one_that_counts(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct bytes broken =
        BYTES("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n");

    assert_null(certificate_fault(kept(arena, "ec.crt")));
    assert_null(certificate_fault(joined(arena, kept(arena, "ec.crt"), broken)));
    assert_string_equal(certificate_fault(joined(arena, broken, kept(arena, "ec.crt"))),
                        "begins with a block CERTIFICATE that is none");
    assert_string_equal(certificate_fault(kept(arena, "ec.key")), "holds no PEM block CERTIFICATE");
}

static void keys_are_taken_in_the_forms_that_go_reads(void **state) {
    static const char *const good[] = {"ec.key",  "ec-sec1.key",   "ec-with-parameters.key",
                                       "rsa.key", "rsa-pkcs1.key", "ed25519.key"};
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        print_message("%s\n", good[i]);
        assert_null(private_key_fault(kept(arena, good[i])));
        assert_null(private_key_fault(in_one_line(arena, kept(arena, good[i]))));
    }
}

static void keys_that_go_cannot_read_are_told(void **state) {
    static const struct {
        const char *file;
        const char *fault;
    } bad[] = {
        {"encrypted.key", "holds a key that is encrypted, which Prometheus cannot read"},
        {"encrypted-sec1.key", "holds a key that is encrypted, which Prometheus cannot read"},
        {"encrypted-disguised.key", "holds a block PRIVATE KEY that is none"},
        {"x25519.key", "holds a key that is neither RSA nor ECDSA nor Ed25519"},
        {"ec.crt", "holds no PEM block PRIVATE KEY"},
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        print_message("%s\n", bad[i].file);
        assert_string_equal(private_key_fault(kept(arena, bad[i].file)), bad[i].fault);
    }
}

static void a_key_belongs_to_one_certificate(void **state) {
    static const char *const names[] = {"ec", "rsa", "ed25519"};
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(names); j++) {
            const char *fault =
                key_pair_fault(kept(arena, arena_format(arena, "%s.crt", names[i])),
                               kept(arena, arena_format(arena, "%s.key", names[j])));
            if (i == j)
                assert_null(fault);
            else
                assert_string_equal(fault, "is not the key of the certificate");
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_found_in_the_text_around_them),
        cmocka_unit_test(a_damaged_block_does_not_hide_the_next_one),
        cmocka_unit_test(blanks_and_lines_of_any_length_are_no_damage),
        cmocka_unit_test(a_text_of_beginnings_takes_linear_time),
        cmocka_unit_test(one_certificate_among_others_makes_authorities),
        cmocka_unit_test(what_holds_no_certificate_is_no_authority),
        cmocka_unit_test(the_first_certificate_is_the_one_that_counts),
        cmocka_unit_test(keys_are_taken_in_the_forms_that_go_reads),
        cmocka_unit_test(keys_that_go_cannot_read_are_told),
        cmocka_unit_test(a_key_belongs_to_one_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
