/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CERTIFICATES_H
#define TESTS_SUPPORT_CERTIFICATES_H

/* Certificates, made by the openssl program; and bcrypt hashes. */

#include "base/compiler.h"

#include <stdbool.h>

struct certificate {
    const char *name;   /* FOLDER/NAME.pem and FOLDER/NAME.key are written */
    const char *issuer; /* of the same folder; NULL: it is its own */
    const char *san;    /* "IP:127.0.0.1"; NULL: none */
    const char *usage;  /* "serverAuth", "clientAuth"; NULL: any */
    bool authority;     /* it may issue others */
    bool rsa;           /* its key; otherwise P-256 */
    bool expired;       /* yesterday; it has to have an issuer */
};

/* False: there is no openssl program. */
bool certificates_can_be_made(void);

/* Replaces one of the same name, by rename. Fails the test where it cannot be made. */
void certificate_make(const char *folder, const struct certificate *certificate);

/* Of a password, as `htpasswd -nBC COST` makes it; free(). */
char *bcrypt_hash(const char *password, unsigned cost) MUST_USE;

#endif
