/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_CERTIFICATE_H
#define SIDECAR_SPEC_CERTIFICATE_H

/*
 * Whether Prometheus can load what tls_config points to. It loads these files when it applies a
 * config, and one that it cannot load makes it refuse the whole config halfway through. Source:
 * Go's crypto/x509 (CertPool.AppendCertsFromPEM) and crypto/tls (X509KeyPair), which Prometheus
 * reads them with; what libcrypto reads and these refuse is in spec/x509.h. Pure.
 */

#include "base/bytes.h"

/* Each gives NULL where it can be loaded, else what is wrong with it, as the end of a sentence
 * about it ("holds no ..."); static. Never anything of the bytes. */

/* Authorities: at least one block CERTIFICATE that is one; the others are passed over. */
const char *authorities_fault(struct bytes pem);

/* A client certificate and what it is signed by: the first block CERTIFICATE counts. */
const char *certificate_fault(struct bytes pem);

/* Its key: the first block whose name ends in PRIVATE KEY, not encrypted: RSA, ECDSA or Ed25519. */
const char *private_key_fault(struct bytes pem);

/* Whether the two belong together; each is sound by itself. */
const char *key_pair_fault(struct bytes certificate, struct bytes key);

#endif
