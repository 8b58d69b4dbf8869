/* SPDX-License-Identifier: Apache-2.0 */

/* The suites are those that Go gives out as secure (crypto/tls.CipherSuites): exporter-toolkit
 * takes no others. */

#include "web/tls_name.h"

#include "base/compiler.h"

const struct tls_version tls_versions[] = {
    {"TLS10", "VERS-TLS1.0"},
    {"TLS11", "VERS-TLS1.1"},
    {"TLS12", "VERS-TLS1.2"},
    {"TLS13", "VERS-TLS1.3"},
};
const size_t tls_version_count = ARRAY_LENGTH(tls_versions);

const struct tls_suite tls_suites[] = {
    {"TLS_AES_128_GCM_SHA256", TLS_SUITE_ANY_KEY, NULL, NULL},
    {"TLS_AES_256_GCM_SHA384", TLS_SUITE_ANY_KEY, NULL, NULL},
    {"TLS_CHACHA20_POLY1305_SHA256", TLS_SUITE_ANY_KEY, NULL, NULL},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", TLS_SUITE_ECDSA_KEY, "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", TLS_SUITE_ECDSA_KEY, "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", TLS_SUITE_RSA_KEY, "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", TLS_SUITE_RSA_KEY, "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", TLS_SUITE_ECDSA_KEY, "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", TLS_SUITE_ECDSA_KEY, "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", TLS_SUITE_RSA_KEY, "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", TLS_SUITE_RSA_KEY, "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", TLS_SUITE_ECDSA_KEY, "CHACHA20-POLY1305",
     "AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", TLS_SUITE_RSA_KEY, "CHACHA20-POLY1305", "AEAD"},
};
const size_t tls_suite_count = ARRAY_LENGTH(tls_suites);

const struct tls_curve tls_curves[] = {
    {"CurveP256", "GROUP-SECP256R1"},
    {"CurveP384", "GROUP-SECP384R1"},
    {"CurveP521", "GROUP-SECP521R1"},
    {"X25519", "GROUP-X25519"},
};
const size_t tls_curve_count = ARRAY_LENGTH(tls_curves);
