/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus can load of certificates and keys; the blocks as Go finds them. */

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "spec/certificate.h"
#include "spec/pem.h"
#include "support/tempdir.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

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

/* --- what Go refuses and libcrypto takes (each of these was shown to Go) ---------------------- */

#define AUTHORITIES_REFUSED                                                                      \
    "holds no certificate that Go takes (its version, serial number, names, kind of key, curve " \
    "or extensions)"
#define CERTIFICATE_REFUSED                                                                        \
    "begins with a certificate that Go does not take (its version, serial number, names, kind of " \
    "key, curve or extensions)"
#define KEY_REFUSED "holds a key that Go does not take (its curve, its numbers, or its encoding)"

static void key_freep(EVP_PKEY **key) {
    EVP_PKEY_free(*key);
}

static void x509_freep(X509 **certificate) {
    X509_free(*certificate);
}

/* A block of PEM; in the arena. */
static struct bytes block_of(struct arena *arena, const char *name, const unsigned char *der,
                             long length) {
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    struct bytes pem;

    assert_true(PEM_write_bio(out, name, "", der, length) > 0);
    pem.length = (size_t)BIO_get_mem_data(out, &text);
    pem.data = text;
    pem = bytes_of(arena_string(arena, pem));
    BIO_free(out);
    return pem;
}

static struct bytes key_block(struct arena *arena, const EVP_PKEY *key, bool more) {
    unsigned char *der = NULL;
    unsigned char *grown = NULL;
    int length = i2d_PrivateKey(key, &der);
    struct bytes pem;

    assert_true(length > 0);
    grown = arena_alloc(arena, (size_t)length + 1);
    memcpy(grown, der, (size_t)length);
    OPENSSL_free(der);
    pem = block_of(arena, "PRIVATE KEY", grown, length + (more ? 1 : 0));
    return pem;
}

/* A certificate of its own, signed last of all. */
static X509 *given_certificate(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    assert_true(X509_set_version(certificate, X509_VERSION_3));
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7));
    assert_true(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                           (const unsigned char *)"Größe", -1, -1, 0));
    assert_true(X509_set_issuer_name(certificate, name));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_true(X509_set_pubkey(certificate, key));
    return certificate;
}

static struct bytes signed_by(struct arena *arena, X509 *certificate, EVP_PKEY *key) {
    const EVP_MD *digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    unsigned char *der = NULL;
    struct bytes pem;
    int length;

    assert_true(X509_sign(certificate, key, digest) > 0);
    length = i2d_X509(certificate, &der);
    assert_true(length > 0);
    pem = block_of(arena, "CERTIFICATE", der, length);
    OPENSSL_free(der);
    return pem;
}

static void assert_certificate(struct bytes pem, bool taken) {
    if (taken) {
        assert_null(authorities_fault(pem));
        assert_null(certificate_fault(pem));
    } else {
        assert_string_equal(authorities_fault(pem), AUTHORITIES_REFUSED);
        assert_string_equal(certificate_fault(pem), CERTIFICATE_REFUSED);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static EVP_PKEY *given_curve(const char *curve, const char *encoding) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve, strlen(curve)),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, (char *)(uintptr_t)encoding,
                               strlen(encoding)),
        OSSL_PARAM_END};
    EVP_PKEY *key = NULL;

    assert_true(EVP_PKEY_keygen_init(context) == 1);
    assert_true(EVP_PKEY_CTX_set_params(context, parameters) == 1);
    assert_true(EVP_PKEY_generate(context, &key) == 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void only_curves_of_go_named_by_their_names_are_taken(void **state) {
    static const struct {
        const char *curve;
        const char *encoding;
        bool taken;
    } cases[] = {
        {"secp224r1", "named_curve", true},        {"prime256v1", "named_curve", true},
        {"secp384r1", "named_curve", true},        {"secp521r1", "named_curve", true},
        {"secp256k1", "named_curve", false},       {"prime192v1", "named_curve", false},
        {"brainpoolP256r1", "named_curve", false}, {"prime256v1", "explicit", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        CLEANUP(key_freep) EVP_PKEY *key = given_curve(cases[i].curve, cases[i].encoding);
        CLEANUP(x509_freep) X509 *certificate = given_certificate(key);
        struct bytes pem = signed_by(arena, certificate, key);

        print_message("%s %s\n", cases[i].curve, cases[i].encoding);
        assert_certificate(pem, cases[i].taken);
        if (cases[i].taken)
            assert_null(private_key_fault(key_block(arena, key, false)));
        else
            assert_string_equal(private_key_fault(key_block(arena, key, false)), KEY_REFUSED);
    }
}

static void rsa_and_ed25519_are_taken_whatever_their_size(void **state) {
    static const unsigned sizes[] = {1024, 2048, 3072, 0};

    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        CLEANUP(key_freep)
        EVP_PKEY *key =
            sizes[i] > 0 ? EVP_RSA_gen(sizes[i]) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        CLEANUP(x509_freep) X509 *certificate = given_certificate(key);
        struct bytes pem = signed_by(arena, certificate, key);
        struct bytes key_pem = key_block(arena, key, false);

        assert_certificate(pem, true);
        assert_null(private_key_fault(key_pem));
        assert_null(key_pair_fault(pem, key_pem));
    }
}

static void the_version_is_one_to_three(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");
    CLEANUP(x509_freep) X509 *certificate = given_certificate(key);

    for (long version = 0; version < 5; version++) {
        assert_true(X509_set_version(certificate, version));
        assert_certificate(signed_by(arena, certificate, key), version < 3);
    }
}

static void a_serial_number_is_not_negative(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");
    CLEANUP(x509_freep) X509 *certificate = given_certificate(key);

    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0));
    assert_certificate(signed_by(arena, certificate, key), true);
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), -7));
    assert_certificate(signed_by(arena, certificate, key), false);
}

static void names_are_of_strings_that_go_reads(void **state) {
    static const struct {
        int type;
        struct bytes value;
        bool taken;
    } cases[] = {
        {V_ASN1_PRINTABLESTRING, BYTES("*.a & b"), true},
        {V_ASN1_PRINTABLESTRING, BYTES("a@b"), false},
        {V_ASN1_T61STRING, BYTES("a@\xf6"), true},
        {V_ASN1_IA5STRING, BYTES("a@b"), true},
        {V_ASN1_IA5STRING, BYTES("\xf6"), false},
        {V_ASN1_NUMERICSTRING, BYTES("1 2"), true},
        {V_ASN1_NUMERICSTRING, BYTES("1a"), false},
        {V_ASN1_BMPSTRING, BYTES("\0a\0b"), true},
        {V_ASN1_BMPSTRING, BYTES("\xff\xff"), false},
        {V_ASN1_UNIVERSALSTRING, BYTES("\0\0\0a"), false},
    };
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        CLEANUP(x509_freep) X509 *certificate = given_certificate(key);

        print_message("%zu\n", i);
        assert_true(X509_NAME_add_entry_by_NID(
            X509_get_subject_name(certificate), NID_givenName, cases[i].type,
            (const unsigned char *)cases[i].value.data, (int)cases[i].value.length, -1, 0));
        assert_certificate(signed_by(arena, certificate, key), cases[i].taken);
    }
}

static void add_extension(X509 *certificate, const char *name, int critical, struct bytes der) {
    ASN1_OBJECT *object = OBJ_txt2obj(name, 0);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    assert_true(ASN1_OCTET_STRING_set(value, (const unsigned char *)der.data, (int)der.length));
    extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
    assert_true(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static void extensions_are_what_their_names_say(void **state) {
    static const struct {
        const char *name;
        struct bytes der;
        bool taken;
    } cases[] = {
        {"1.2.3.4", BYTES("anything"), true},
        {"subjectKeyIdentifier", BYTES("\x04\x02\x01\x02"), true},
        {"subjectKeyIdentifier", BYTES("\x01\x02"), false},
        {"subjectKeyIdentifier", BYTES("\x04\x01\x01\x00"), false},
        {"basicConstraints", BYTES("\x30\x00"), true},
        {"basicConstraints", BYTES("\x30\x03\x01\x01\xff"), true},
        {"basicConstraints", BYTES("\x30\x03\x01\x01\x00"), true},
        {"basicConstraints", BYTES("\x30\x06\x01\x01\xff\x02\x01\x00"), true},
        {"basicConstraints", BYTES("\x30\x06\x01\x01\xff\x02\x01\xff"), false},
        {"basicConstraints", BYTES("\x30\x03\x01\x01\x01"), false},
        {"basicConstraints", BYTES("\x30\x81\x00"), false},
        {"basicConstraints", BYTES("\x04\x00"), false},
        {"basicConstraints", BYTES(""), false},
        {"keyUsage", BYTES("\x03\x02\x07\x80"), true},
        {"keyUsage", BYTES("\x03\x02\x07\x81"), false},
        {"keyUsage", BYTES("\x04\x02\x07\x80"), false},
        {"extendedKeyUsage", BYTES("\x30\x04\x06\x02\x2a\x03"), true},
        {"extendedKeyUsage", BYTES("\x30\x03\x02\x01\x01"), false},
        {"extendedKeyUsage", BYTES("\x30\x04\x06\x02\x2a\x83"), false},
        {"authorityKeyIdentifier", BYTES("\x30\x03\x80\x01\x01"), true},
        {"authorityKeyIdentifier", BYTES("\x04\x01\x01"), false},
        {"certificatePolicies", BYTES("\x30\x06\x30\x04\x06\x02\x2a\x03"), true},
        {"certificatePolicies", BYTES("\x30\x0c\x30\x04\x06\x02\x2a\x03\x30\x04\x06\x02\x2a\x03"),
         false},
        {"nameConstraints", BYTES("\x30\x08\xa0\x06\x30\x04\x82\x02.a"), true},
        {"nameConstraints", BYTES("\x30\x08\xa0\x06\x30\x04\x82\x02\x61."), false},
        {"nameConstraints", BYTES("\x30\x0e\xa0\x0c\x30\x0a\x87\x08\x0a\0\0\0\xff\0\0\0"), true},
        {"nameConstraints", BYTES("\x30\x0e\xa0\x0c\x30\x0a\x87\x08\x0a\0\0\0\xff\0\xff\0"), false},
        {"nameConstraints", BYTES("\x30\x00"), false},
        {"inhibitAnyPolicy", BYTES("\x02\x01\x01"), true},
        {"inhibitAnyPolicy", BYTES("\x04\x01\x01"), false},
    };
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        CLEANUP(x509_freep) X509 *certificate = given_certificate(key);

        print_message("%zu: %s\n", i, cases[i].name);
        add_extension(certificate, cases[i].name, 0, cases[i].der);
        assert_certificate(signed_by(arena, certificate, key), cases[i].taken);
    }
}

static void identifiers_of_keys_are_not_critical(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");
    CLEANUP(x509_freep) X509 *certificate = given_certificate(key);

    add_extension(certificate, "1.2.3.4", 1, BYTES("anything"));
    assert_certificate(signed_by(arena, certificate, key), true);
    add_extension(certificate, "subjectKeyIdentifier", 1, BYTES("\x04\x02\x01\x02"));
    assert_certificate(signed_by(arena, certificate, key), false);
}

static void an_extension_stands_once(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");
    CLEANUP(x509_freep) X509 *certificate = given_certificate(key);

    add_extension(certificate, "1.2.3.4", 0, BYTES("one"));
    add_extension(certificate, "1.2.3.5", 0, BYTES("one"));
    assert_certificate(signed_by(arena, certificate, key), true);
    add_extension(certificate, "1.2.3.4", 0, BYTES("two"));
    assert_certificate(signed_by(arena, certificate, key), false);
}

/* One name of a SubjectAltName, short enough for lengths of one byte. */
static bool alternative_name_is_taken(EVP_PKEY *key, int tag, struct bytes name) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(x509_freep) X509 *certificate = given_certificate(key);
    const char *head =
        arena_format(arena, "\x30%c%c%c", (int)name.length + 2, 0x80 | tag, (int)name.length);
    CLEANUP(buffer_free) struct buffer der = {0};
    bool taken;

    buffer_append(&der, (struct bytes){head, 4});
    buffer_append(&der, name);
    add_extension(certificate, "subjectAltName", 0, buffer_bytes(&der));
    taken = certificate_fault(signed_by(arena, certificate, key)) == NULL;
    return taken;
}

static void alternative_names_are_addresses_and_uris_that_go_parses(void **state) {
    static const struct {
        int tag;
        struct bytes name;
        bool taken;
    } cases[] = {
        {GEN_DNS, BYTES("*.example.com"), true},
        {GEN_DNS, BYTES("\xf6"), false},
        {GEN_EMAIL, BYTES("a@example.com"), true},
        {GEN_EMAIL, BYTES("\xf6@example.com"), false},
        {GEN_RID, BYTES("\x2a\x03"), true},
        {GEN_IPADD, BYTES("\x0a\0\0\1"), true},
        {GEN_IPADD, BYTES("0123456789abcdef"), true},
        {GEN_IPADD, BYTES("\x0a\0\0"), false},
        {GEN_IPADD, BYTES("\x0a\0\0\1\xff"), false},
        {GEN_IPADD, BYTES("\x0a\0\0\1\xff\xff\xff\xff"), false},
        {GEN_URI, BYTES("spiffe://cluster.local/ns/monitoring/sa/a"), true},
        {GEN_URI, BYTES("urn:uuid:00000000-0000-0000-0000-000000000001"), true},
        {GEN_URI, BYTES("https://user:pw@example.com:8443/a%20b?c=d#e"), true},
        {GEN_URI, BYTES("https://[2001:db8::1]:443/"), true},
        {GEN_URI, BYTES("ldap:///CN=a"), true},
        {GEN_URI, BYTES("::%z"), false},
        {GEN_URI, BYTES("https://example.com/%z"), false},
        {GEN_URI, BYTES("https://a..b/"), false},
        {GEN_URI, BYTES("https://a./"), false},
        {GEN_URI, BYTES("https://a:b/"), false},
        {GEN_URI, BYTES("https://[::1/"), false},
        {GEN_URI, BYTES("https://[::g]/"), false},
        {GEN_URI, BYTES("https://a b/"), false},
        {GEN_URI, BYTES("https://a/\n"), false},
        {GEN_URI, BYTES("1://a/"), false},
    };
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        print_message("%zu: %.*s\n", i, BYTES_ARG(cases[i].name));
        assert_int_equal(alternative_name_is_taken(key, cases[i].tag, cases[i].name),
                         cases[i].taken);
    }
}

static void a_certificate_that_go_refuses_does_not_hide_another(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("secp256k1", "named_curve");
    CLEANUP(x509_freep) X509 *certificate = given_certificate(key);
    struct bytes both = joined(arena, signed_by(arena, certificate, key), kept(arena, "rsa.crt"));

    assert_null(authorities_fault(both));
    assert_string_equal(certificate_fault(both), CERTIFICATE_REFUSED);
}

static void nothing_stands_behind_a_key(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *rsa = EVP_RSA_gen(2048);
    CLEANUP(key_freep) EVP_PKEY *ec = given_curve("prime256v1", "named_curve");

    assert_null(private_key_fault(key_block(arena, rsa, false)));
    assert_null(private_key_fault(key_block(arena, ec, false)));
    assert_string_equal(private_key_fault(key_block(arena, rsa, true)), KEY_REFUSED);
    assert_string_equal(private_key_fault(key_block(arena, ec, true)), KEY_REFUSED);
}

static void a_key_on_a_curve_is_of_version_one(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = given_curve("prime256v1", "named_curve");
    unsigned char *der = NULL;
    int length = i2d_PrivateKey(key, &der);

    /* 30 77 02 01 01 ... */
    assert_true(length > 5 && der[2] == V_ASN1_INTEGER && der[4] == 1);
    assert_null(private_key_fault(block_of(arena, "EC PRIVATE KEY", der, length)));
    der[4] = 2;
    assert_string_equal(private_key_fault(block_of(arena, "EC PRIVATE KEY", der, length)),
                        KEY_REFUSED);
    OPENSSL_free(der);
}

/* libcrypto passes over the sign. */
static void the_modulus_is_not_negative(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = EVP_RSA_gen(2048);
    unsigned char *der = NULL;
    int length = i2d_PrivateKey(key, &der);

    /* 30 82 .. .. 02 01 00 02 82 01 01 00 ... */
    assert_true(length > 13 && der[7] == V_ASN1_INTEGER && der[11] == 0);
    assert_null(private_key_fault(block_of(arena, "RSA PRIVATE KEY", der, length)));
    der[11] = 0x80;
    assert_string_equal(private_key_fault(block_of(arena, "RSA PRIVATE KEY", der, length)),
                        KEY_REFUSED);
    OPENSSL_free(der);
}

/* A key of PKCS #1 of which one number has another bit. */
static struct bytes key_with_another(struct arena *arena, const EVP_PKEY *key,
                                     const char *changed) {
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *numbers[ARRAY_LENGTH(names)] = {NULL};
    CLEANUP(key_freep) EVP_PKEY *made = NULL;
    OSSL_PARAM *parameters = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_true(EVP_PKEY_get_bn_param(key, names[i], &numbers[i]) == 1);
        if (strcmp(names[i], changed) == 0)
            assert_true(BN_is_bit_set(numbers[i], 5) ? BN_clear_bit(numbers[i], 5)
                                                     : BN_set_bit(numbers[i], 5));
        assert_true(OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]));
    }
    parameters = OSSL_PARAM_BLD_to_param(build);
    assert_true(EVP_PKEY_fromdata_init(context) == 1);
    assert_true(EVP_PKEY_fromdata(context, &made, EVP_PKEY_KEYPAIR, parameters) == 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        BN_free(numbers[i]);
    return key_block(arena, made, false);
}

static void the_numbers_of_a_key_fit_together(void **state) {
    static const char *const changed[] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = EVP_RSA_gen(2048);

    assert_null(private_key_fault(key_with_another(arena, key, "none")));
    for (size_t i = 0; i < ARRAY_LENGTH(changed); i++) {
        print_message("%s\n", changed[i]);
        assert_string_equal(private_key_fault(key_with_another(arena, key, changed[i])),
                            KEY_REFUSED);
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
        cmocka_unit_test(only_curves_of_go_named_by_their_names_are_taken),
        cmocka_unit_test(rsa_and_ed25519_are_taken_whatever_their_size),
        cmocka_unit_test(the_version_is_one_to_three),
        cmocka_unit_test(a_serial_number_is_not_negative),
        cmocka_unit_test(names_are_of_strings_that_go_reads),
        cmocka_unit_test(extensions_are_what_their_names_say),
        cmocka_unit_test(identifiers_of_keys_are_not_critical),
        cmocka_unit_test(an_extension_stands_once),
        cmocka_unit_test(alternative_names_are_addresses_and_uris_that_go_parses),
        cmocka_unit_test(a_certificate_that_go_refuses_does_not_hide_another),
        cmocka_unit_test(nothing_stands_behind_a_key),
        cmocka_unit_test(a_key_on_a_curve_is_of_version_one),
        cmocka_unit_test(the_modulus_is_not_negative),
        cmocka_unit_test(the_numbers_of_a_key_fit_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
