/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_TLS_H
#define SIDECAR_WEB_TLS_H

/* One version of the server's TLS: certificate, key, whom it believes, what it speaks. Immutable;
 * it has to outlive the sessions that began with it. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"
#include "web/config.h"

#include <gnutls/gnutls.h>

struct tls;

/* PEM of each, by enum web_material_use; that of clients' authority is not looked at where none is
 * given. 0 and *ret; -EINVAL with an error in diagnostics. config has to outlive it. */
int tls_new(const struct web_tls_config *config, const struct bytes material[WEB_MATERIALS],
            struct diagnostics *diagnostics, struct tls **ret) MUST_USE;
/* NULL is fine. */
void tls_free(struct tls *tls);

/* For a session of a server that has not begun its handshake: from here on it is as this version
 * says. The session's pointer is used. 0; a negative error of GnuTLS. */
int tls_begin(const struct tls *tls, gnutls_session_t session);

#endif
