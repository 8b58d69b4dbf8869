/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_MANIFEST_H
#define SIDECAR_SPEC_MANIFEST_H

/* One file of manifests, given meaning: its RemoteWrites, Secrets and ConfigMaps, each with its
 * place and with what is wrong about it. Of the settings nothing here depends on more than the
 * expansion, so that the parsed form of a file is kept as long as its bytes. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"
#include "spec/expansion.h"
#include "spec/label.h"
#include "spec/object.h"
#include "spec/selector.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>

enum api_group {
    API_GROUP_GIANTSWARM,
    API_GROUP_COREOS
};

/* A Secret or a ConfigMap that stands in a manifest. */
struct keyed_document {
    bool configmap;
    bool bound;            /* its namespace comes from the directory, not from its own word */
    const char *namespace; /* "" where it has none */
    const char *name;
    const struct key_bytes *items; /* sorted by key, keys unique */
    size_t count;
    struct location location;
};

struct remote_write {
    enum api_group group;
    bool bound;
    const char *namespace; /* "" where it has none, or an unusable one */
    const char *name;      /* the same */
    const char *subject;   /* for messages: "namespace/name", "name", or NULL */
    struct location location;
    const struct node *node; /* the document */
    struct labels labels;
    const struct selector *cluster_selector; /* NULL: selects no cluster */
    const struct object *spec;            /* the RemoteWriteSpec; NULL where it could not be read */
    const struct keyed_document *secrets; /* its own spec.secrets, sorted by name */
    size_t secret_count;
    const char *fault; /* NULL: sound; else why it is rejected (the first error) */
    struct diagnostics diagnostics;
};

struct manifest {
    struct arena *arena;
    const struct remote_write *const *remote_writes; /* in the order of the file */
    size_t remote_write_count;
    const struct keyed_document *const *documents;
    size_t document_count;
    /* Documents that may be RemoteWrites, but of which it cannot be told which ones: they do not
     * parse, or have no kind, or no name. */
    size_t unidentified;
    struct diagnostics diagnostics; /* what belongs to no RemoteWrite */
};

/*
 * Reads the bytes of one file. namespace: what the directory is bound to, or NULL. path is copied.
 * expansion: what becomes of $(NAME), which is never replaced with a namespace; NULL: it is text.
 * Never NULL; owned by the caller (manifest_free). A syntax error or a wrong document leaves the
 * other documents of the file as they are.
 */
struct manifest *manifest_read(struct bytes content, const char *path, const char *namespace,
                               const struct yaml_limits *limits,
                               const struct expansion *expansion) MUST_USE;

void manifest_free(struct manifest *manifest);

#endif
