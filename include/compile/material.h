/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_MATERIAL_H
#define SIDECAR_COMPILE_MATERIAL_H

/* The certificates and keys that a RemoteWrite's Secrets hold: could Prometheus load them? */

#include "base/diagnostic.h"
#include "spec/manifest.h"
#include "spec/object.h"
#include "spec/secrets.h"

/* Judges those of tlsConfig and oauth2.tlsConfig that are there; what is wrong is reported with
 * this severity, at the reference. Files of the Prometheus container (caFile, ...) cannot be looked
 * into. */
void material_check(struct scope *scope, const struct remote_write *remote_write,
                    const struct secret_store *store, enum severity severity);

#endif
