/* SPDX-License-Identifier: Apache-2.0 */

/* What is in the blocks, by libcrypto and by what Go asks beyond it; which blocks count, as Go has
 * it. */

#include "spec/certificate.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "spec/pem.h"
#include "spec/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <limits.h>
#include <string.h>

static void x509_freep(X509 **certificate) {
    X509_free(*certificate);
}

static void key_freep(EVP_PKEY **key) {
    EVP_PKEY_free(*key);
}

static bool is_certificate(const struct pem_block *block) {
    return bytes_equal_string(block->name, "CERTIFICATE");
}

static bool is_key(const struct pem_block *block) {
    return bytes_equal_string(block->name, "PRIVATE KEY") ||
           bytes_ends_with(block->name, BYTES(" PRIVATE KEY"));
}

/* The first block of a kind. */
static bool block_find(struct arena *arena, struct bytes pem,
                       bool (*wanted)(const struct pem_block *), struct pem_block *ret) {
    struct pem_walk walk = {.text = pem};

    while (pem_next(&walk, arena, ret)) {
        if (wanted(ret))
            return true;
    }
    return false;
}

static long der_length(const struct pem_block *block) {
    return block->data.length <= LONG_MAX ? (long)block->data.length : LONG_MAX;
}

/* NULL where the block holds none, or something behind it. */
static X509 *certificate_parse(const struct pem_block *block) {
    const unsigned char *start = (const unsigned char *)block->data.data;
    const unsigned char *end = start;
    X509 *certificate = d2i_X509(NULL, &end, der_length(block));

    if (certificate != NULL && end != start + block->data.length) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static EVP_PKEY *key_parse(const struct pem_block *block) {
    const unsigned char *end = (const unsigned char *)block->data.data;

    return d2i_AutoPrivateKey(NULL, &end, der_length(block));
}

/* libcrypto keeps what went wrong for the thread, and whoever asks next would take it for his own.
 */
static const char *judged(const char *fault) {
    ERR_clear_error();
    return fault;
}

#define CERTIFICATE_PARTS "its version, serial number, names, kind of key, curve or extensions"

const char *authorities_fault(struct bytes pem) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct pem_walk walk = {.text = pem};
    struct pem_block block;
    bool named = false;
    bool parsed = false;

    while (pem_next(&walk, arena, &block)) {
        if (!is_certificate(&block) || block.headers)
            continue;
        CLEANUP(x509_freep) X509 *certificate = certificate_parse(&block);
        named = true;
        parsed = parsed || certificate != NULL;
        if (certificate != NULL && x509_suits_go(certificate, block.data))
            return judged(NULL);
    }
    if (parsed)
        return judged("holds no certificate that Go takes (" CERTIFICATE_PARTS ")");
    return judged(named ? "holds no block CERTIFICATE that is a certificate"
                        : "holds no PEM block CERTIFICATE");
}

const char *certificate_fault(struct bytes pem) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(x509_freep) X509 *certificate = NULL;
    struct pem_block block;

    if (!block_find(arena, pem, is_certificate, &block))
        return "holds no PEM block CERTIFICATE";
    certificate = certificate_parse(&block);
    if (certificate == NULL)
        return judged("begins with a block CERTIFICATE that is none");
    if (!x509_suits_go(certificate, block.data))
        return judged("begins with a certificate that Go does not take (" CERTIFICATE_PARTS ")");
    return judged(NULL);
}

static const char *key_fault(EVP_PKEY *key, struct bytes der) {
    switch (key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_NONE:
        return "holds a block PRIVATE KEY that is none";
    case EVP_PKEY_RSA:
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
        return key_suits_go(key, der)
                   ? NULL
                   : "holds a key that Go does not take (its curve, its numbers, or its encoding)";
    default:
        return "holds a key that is neither RSA nor ECDSA nor Ed25519";
    }
}

const char *private_key_fault(struct bytes pem) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(key_freep) EVP_PKEY *key = NULL;
    struct pem_block block;

    if (!block_find(arena, pem, is_key, &block))
        return "holds no PEM block PRIVATE KEY";
    if (bytes_equal_string(block.name, "ENCRYPTED PRIVATE KEY") || block.headers)
        return "holds a key that is encrypted, which Prometheus cannot read";
    key = key_parse(&block);
    return judged(key_fault(key, block.data));
}

const char *key_pair_fault(struct bytes certificate, struct bytes key) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(x509_freep) X509 *leaf = NULL;
    CLEANUP(key_freep) EVP_PKEY *private_key = NULL;
    struct pem_block block;

    if (block_find(arena, certificate, is_certificate, &block))
        leaf = certificate_parse(&block);
    if (block_find(arena, key, is_key, &block))
        private_key = key_parse(&block);
    if (leaf == NULL || private_key == NULL || X509_check_private_key(leaf, private_key) != 1)
        return judged("is not the key of the certificate");
    return judged(NULL);
}
