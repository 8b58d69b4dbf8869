/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_SECRETS_H
#define SIDECAR_SPEC_SECRETS_H

/* Where a secret reference finds its value: the RemoteWrite's own spec.secrets, then Secret or
 * ConfigMap documents of its namespace, then the secret or ConfigMap directories. What comes from a
 * place bound to the namespace goes before what only says so itself. */

#include "base/arena.h"
#include "base/bytes.h"
#include "source/source.h"
#include "spec/manifest.h"
#include "spec/object.h"

#include <stdbool.h>
#include <stddef.h>

struct secret_store;

/* documents (of all manifests) and snapshot have to outlive the store, which lives in the arena. */
struct secret_store *secret_store_new(struct arena *arena, const struct snapshot *snapshot,
                                      const struct keyed_document *const *documents, size_t count);

/* What is known of a value, in this order: of several places the most counts. */
enum secret_result {
    SECRET_NO_OBJECT, /* no Secret (ConfigMap) of that name */
    SECRET_NO_KEY,    /* it is there, the key is not */
    SECRET_UNREAD,    /* it may be there: its file, or a folder above it, was not read */
    SECRET_FOUND,
};

struct secret_value {
    struct bytes bytes;     /* a view of what the snapshot or the manifest holds */
    bool namespace_vouched; /* false: a bound directory served a RemoteWrite whose namespace is only
                               its own word */
    const char *unread_in;  /* the directory in which it was not read; with SECRET_UNREAD */
};

enum secret_result secret_find(const struct secret_store *store,
                               const struct remote_write *remote_write,
                               const struct reference *reference, struct secret_value *ret);

#endif
