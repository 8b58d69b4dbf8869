/* SPDX-License-Identifier: Apache-2.0 */

#include "support/certificates.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "support/deadline.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <crypt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ARGUMENTS_MAX = 40
};

static const char openssl[] = "/usr/bin/openssl";

bool certificates_can_be_made(void) {
    return access(openssl, X_OK) == 0;
}

static char *file_of(const char *folder, const char *name, const char *suffix) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, "%s%s", name, suffix);
    return path_join(folder, buffer_string(&text));
}

struct arguments {
    const char *items[ARGUMENTS_MAX];
    size_t count;
};

static void add(struct arguments *arguments, const char *first, const char *second) {
    assert_true(arguments->count + 3 < ARGUMENTS_MAX);
    arguments->items[arguments->count++] = first;
    if (second != NULL) {
        arguments->items[arguments->count++] = second;
    }
}

static void add_extension(struct arguments *arguments, struct buffer *text, const char *name,
                          const char *value) {
    if (value != NULL) {
        buffer_printf(text, "%s=%s", name, value);
        add(arguments, "-addext", buffer_string(text));
    }
}

/* Signs a self-signed one by its issuer, with an end that lies in the past. */
static void expire(const char *pem, const char *issuer_pem, const char *issuer_key,
                   const char *log) {
    const char *const arguments[] = {openssl,    "x509",   "-in",      pem,     "-out", pem, "-CA",
                                     issuer_pem, "-CAkey", issuer_key, "-days", "-1",   NULL};

    assert_int_equal(process_run(arguments, log, log, DEADLINE_USUAL), 0);
}

void certificate_make(const char *folder, const struct certificate *certificate) {
    CLEANUP(memory_freep) char *log = path_join(folder, "openssl.log");
    CLEANUP(memory_freep) char *pem = file_of(folder, certificate->name, ".pem");
    CLEANUP(memory_freep) char *key = file_of(folder, certificate->name, ".key");
    CLEANUP(memory_freep) char *new_pem = file_of(folder, certificate->name, ".pem.new");
    CLEANUP(memory_freep) char *new_key = file_of(folder, certificate->name, ".key.new");
    const char *issuer = certificate->issuer != NULL ? certificate->issuer : "";
    CLEANUP(memory_freep) char *issuer_pem = file_of(folder, issuer, ".pem");
    CLEANUP(memory_freep) char *issuer_key = file_of(folder, issuer, ".key");
    CLEANUP(buffer_free) struct buffer subject = {0};
    CLEANUP(buffer_free) struct buffer san = {0};
    CLEANUP(buffer_free) struct buffer usage = {0};
    CLEANUP(buffer_free) struct buffer constraints = {0};
    struct arguments arguments = {{openssl, "req", "-x509", "-nodes", "-days", "2"}, 6};

    buffer_printf(&subject, "/CN=%s", certificate->name);
    add(&arguments, "-subj", buffer_string(&subject));
    add(&arguments, "-newkey", certificate->rsa ? "rsa:2048" : "ec");
    if (!certificate->rsa) {
        add(&arguments, "-pkeyopt", "ec_paramgen_curve:P-256");
    }
    add(&arguments, "-keyout", new_key);
    add(&arguments, "-out", new_pem);
    if (certificate->issuer != NULL && !certificate->expired) {
        add(&arguments, "-CA", issuer_pem);
        add(&arguments, "-CAkey", issuer_key);
    }
    add_extension(&arguments, &san, "subjectAltName", certificate->san);
    add_extension(&arguments, &usage, "extendedKeyUsage", certificate->usage);
    if (!certificate->authority) {
        add_extension(&arguments, &constraints, "basicConstraints", "critical,CA:FALSE");
    }
    assert_int_equal(process_run(arguments.items, log, log, DEADLINE_USUAL), 0);
    if (certificate->expired) {
        expire(new_pem, issuer_pem, issuer_key, log);
    }
    assert_int_equal(rename(new_key, key), 0);
    assert_int_equal(rename(new_pem, pem), 0);
}

char *bcrypt_hash(const char *password, unsigned cost) {
    struct crypt_data *data = memory_new(1, sizeof(*data));
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    assert_non_null(crypt_gensalt_rn("$2y$", cost, NULL, 0, setting, sizeof(setting)));
    const char *made = crypt_rn(password, setting, data, sizeof(*data));
    assert_non_null(made);
    char *hash = memory_string(made);
    free(data);
    return hash;
}
