/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libcrypto finds the blocks, and reads what is in them. Where it finds none, or reads none in a
 * block, Go does not either. Where it cannot read a block as PEM, Go may: it takes lines of any
 * length and blanks among them.
 */

#include "spec/certificate.h"

#include "base/compiler.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits.h>
#include <string.h>

static void x509_freep(X509 **certificate) {
    X509_free(*certificate);
}

static void key_freep(EVP_PKEY **key) {
    EVP_PKEY_free(*key);
}

/* --- blocks ----------------------------------------------------------------------------------- */

struct block {
    char *name;
    char *header; /* "" where there are no header lines (RFC 1421), as an encrypted key has them */
    unsigned char *data;
    long length;
};

static void block_freep(struct block *block) {
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, block->length > 0 ? (size_t)block->length : 0);
    *block = (struct block){0};
}

struct walk {
    BIO *text;
    bool damaged; /* a block was passed over that is no PEM to libcrypto */
};

static void walk_freep(struct walk *walk) {
    BIO_free(walk->text);
    /* libcrypto keeps what went wrong for the thread, and whoever asks next would take it for his
     * own. */
    ERR_clear_error();
}

static struct walk walk_begin(struct bytes pem) {
    const int length = pem.length <= INT_MAX ? (int)pem.length : INT_MAX;

    return (struct walk){.text = BIO_new_mem_buf(length > 0 ? pem.data : "", length)};
}

/* The next block of a kind; false where there is none. */
static bool walk_next(struct walk *walk, bool (*wanted)(const struct block *), struct block *ret) {
    for (;;) {
        CLEANUP(block_freep) struct block block = {0};

        ERR_clear_error();
        if (walk->text == NULL)
            return false;
        if (PEM_read_bio(walk->text, &block.name, &block.header, &block.data, &block.length) != 1) {
            if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
                return false;
            walk->damaged = true;
            if (BIO_eof(walk->text))
                return false;
        } else if (wanted(&block)) {
            *ret = block;
            block = (struct block){0};
            return true;
        }
    }
}

static bool is_certificate(const struct block *block) {
    return strcmp(block->name, "CERTIFICATE") == 0;
}

static bool is_key(const struct block *block) {
    return bytes_ends_with(bytes_of(block->name), BYTES("PRIVATE KEY"));
}

/* NULL where the block holds none. */
static X509 *certificate_read(const struct block *block) {
    const unsigned char *end = block->data;

    return d2i_X509(NULL, &end, block->length);
}

static EVP_PKEY *key_read(const struct block *block) {
    const unsigned char *end = block->data;

    return d2i_AutoPrivateKey(NULL, &end, block->length);
}

/* --- verdicts --------------------------------------------------------------------------------- */

/* Behind a damaged block libcrypto may have found another one than Go will. */
static struct certificate_verdict verdict(const struct walk *walk, const char *fault) {
    if (walk->damaged)
        return (struct certificate_verdict){"holds a PEM block that cannot be read", false};
    return (struct certificate_verdict){fault, true};
}

struct certificate_verdict authorities_verdict(struct bytes pem) {
    CLEANUP(walk_freep) struct walk walk = walk_begin(pem);
    const char *fault = "holds no PEM block CERTIFICATE";

    for (;;) {
        CLEANUP(block_freep) struct block block = {0};
        CLEANUP(x509_freep) X509 *certificate = NULL;

        if (!walk_next(&walk, is_certificate, &block))
            return verdict(&walk, fault);
        if (block.header[0] != '\0') /* Go passes over it */
            continue;
        fault = "holds no block CERTIFICATE that is a certificate";
        certificate = certificate_read(&block);
        if (certificate != NULL)
            return (struct certificate_verdict){NULL, true};
    }
}

struct certificate_verdict certificate_verdict(struct bytes pem) {
    CLEANUP(walk_freep) struct walk walk = walk_begin(pem);
    CLEANUP(block_freep) struct block block = {0};
    CLEANUP(x509_freep) X509 *certificate = NULL;

    if (!walk_next(&walk, is_certificate, &block))
        return verdict(&walk, "holds no PEM block CERTIFICATE");
    certificate = certificate_read(&block);
    return verdict(&walk,
                   certificate == NULL ? "begins with a block CERTIFICATE that is none" : NULL);
}

struct certificate_verdict private_key_verdict(struct bytes pem) {
    CLEANUP(walk_freep) struct walk walk = walk_begin(pem);
    CLEANUP(block_freep) struct block block = {0};
    CLEANUP(key_freep) EVP_PKEY *key = NULL;

    if (!walk_next(&walk, is_key, &block))
        return verdict(&walk, "holds no PEM block PRIVATE KEY");
    if (strcmp(block.name, "ENCRYPTED PRIVATE KEY") == 0 || block.header[0] != '\0')
        return verdict(&walk, "holds a key that is encrypted, which Prometheus cannot read");
    key = key_read(&block);
    return verdict(&walk, key == NULL ? "holds a block PRIVATE KEY that is none" : NULL);
}

struct certificate_verdict key_pair_verdict(struct bytes certificate, struct bytes key) {
    CLEANUP(walk_freep) struct walk certificates = walk_begin(certificate);
    CLEANUP(walk_freep) struct walk keys = walk_begin(key);
    CLEANUP(block_freep) struct block leaf_block = {0};
    CLEANUP(block_freep) struct block key_block = {0};
    CLEANUP(x509_freep) X509 *leaf = NULL;
    CLEANUP(key_freep) EVP_PKEY *private_key = NULL;

    if (walk_next(&certificates, is_certificate, &leaf_block))
        leaf = certificate_read(&leaf_block);
    if (walk_next(&keys, is_key, &key_block))
        private_key = key_read(&key_block);
    if (leaf == NULL || private_key == NULL || X509_check_private_key(leaf, private_key) != 1)
        return (struct certificate_verdict){"is not the key of the certificate", true};
    return (struct certificate_verdict){NULL, true};
}
