/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_TLS_NAME_H
#define SIDECAR_WEB_TLS_NAME_H

/* What the web configuration calls TLS's versions, cipher suites and curves, after Go's crypto/tls,
 * and what GnuTLS calls them in a priority string. */

#include <stdbool.h>
#include <stddef.h>

struct tls_version {
    const char *name; /* "TLS12" */
    const char *priority;
};

/* In ascending order. */
extern const struct tls_version tls_versions[];
extern const size_t tls_version_count;

#define TLS_VERSION_USUAL_MIN 2U /* TLS 1.2 */
#define TLS_VERSION_USUAL_MAX 3U /* TLS 1.3 */

enum tls_suite_key {
    TLS_SUITE_ANY_KEY, /* of TLS 1.3, whose suites cannot be chosen */
    TLS_SUITE_RSA_KEY,
    TLS_SUITE_ECDSA_KEY,
};

struct tls_suite {
    const char *name;
    enum tls_suite_key key; /* the kind of the certificate's key that it needs */
    const char *cipher;     /* NULL with TLS_SUITE_ANY_KEY */
    const char *mac;
};

extern const struct tls_suite tls_suites[];
extern const size_t tls_suite_count;

struct tls_curve {
    const char *name;
    const char *priority;
};

extern const struct tls_curve tls_curves[];
extern const size_t tls_curve_count;

#endif
