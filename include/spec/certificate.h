/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_CERTIFICATE_H
#define SIDECAR_SPEC_CERTIFICATE_H

/*
 * What libcrypto says of the certificates and keys that tls_config points to: early feedback for
 * their author. Prometheus reads them with Go's crypto/tls, which takes less in some forms and more
 * in others; what only Prometheus can judge is left to it (compile/order.h, agent/trial.h). Pure.
 */

#include "base/bytes.h"

#include <stdbool.h>

struct certificate_verdict {
    const char *fault; /* the end of a sentence about the text ("holds no ..."), static, nothing of
                          the bytes; NULL: there is none */
    bool certain;      /* Go refuses it too; else it may read what libcrypto cannot */
};

/* Authorities: at least one block CERTIFICATE that is one; the others are passed over. */
struct certificate_verdict authorities_verdict(struct bytes pem);

/* A client certificate and what it is signed by: the first block CERTIFICATE counts. */
struct certificate_verdict certificate_verdict(struct bytes pem);

/* Its key: the first block whose name ends in PRIVATE KEY, not encrypted. */
struct certificate_verdict private_key_verdict(struct bytes pem);

/* Whether the two belong together; each is without a fault by itself. */
struct certificate_verdict key_pair_verdict(struct bytes certificate, struct bytes key);

#endif
