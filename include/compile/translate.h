/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_TRANSLATE_H
#define SIDECAR_COMPILE_TRANSLATE_H

/* One RemoteWrite as an entry of prometheus.yml: by the schema table, its secrets looked up, under
 * the policy and for the Prometheus version. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "compile/compile.h"
#include "spec/manifest.h"
#include "spec/secrets.h"
#include "yaml/tree.h"

#include <stddef.h>

struct translation {
    const struct node *entry; /* a mapping; NULL unless sound and nothing is pending */
    const struct secret_file
        *secrets; /* what entry points to; names are unique among all RemoteWrites */
    size_t secret_count;
    const char *pending; /* NULL, or which secret is missing */
};

/* Diagnostics go to the scope (whose errors tell that the RemoteWrite is to be rejected). The
 * RemoteWrite has no fault of its own, and rules_check and policy_check passed. names: of its
 * secret files; nothing else depends on them. Everything lives in the scope's arena. */
void translate(struct scope *scope, const struct remote_write *remote_write,
               const struct secret_store *store, const struct compile_settings *settings,
               struct version version, enum secret_names names, struct translation *ret);

#endif
