/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_OBJECT_H
#define SIDECAR_SPEC_OBJECT_H

/* A YAML mapping read by the schema table: every value checked for its type and limits, with its
 * place. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "spec/schema.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct expansion;

/* Where diagnostics of one document go, and whom they are about. errors counts what was added at
 * SEVERITY_ERROR. */
struct scope {
    struct arena *arena;
    struct diagnostics *diagnostics;
    const char *file;
    const char *subject;     /* "namespace/name", or NULL */
    bool about_remote_write; /* of each diagnostic: base/diagnostic.h */
    size_t errors;
    const struct expansion *expansion; /* of $(NAME) (spec/expansion.h); NULL: there is none */
    bool expands;                      /* a RemoteWriteSpec with expansion is being read */
};

/* What is said into one list of diagnostics at most, and that there is more. */
#define SCOPE_DIAGNOSTICS_MAX 100

/* A diagnostic at a node, about the field of this path. remedy NULL only for an info. Behind the
 * first SCOPE_DIAGNOSTICS_MAX of a list it is counted, not kept, unless it is the first error. */
void scope_report(struct scope *scope, enum severity severity, const struct node *node,
                  const char *path, const char *remedy, const char *format, ...) PRINTF_LIKE(6, 7);

/* {name, key, optional}, to be looked up. */
struct reference {
    const char *name;
    const char *key;
    bool optional;
    bool configmap;          /* else a Secret */
    const struct node *node; /* where it stands */
};

struct key_bytes {
    const char *key;
    struct bytes value;
    const struct node *node;
};

struct reference_list {
    const char *key;  /* the header's name */
    const char *path; /* for messages: a long key is cut */
    struct reference *items;
    size_t count;
};

struct object;

struct value {
    const struct field *field;
    const struct node *node; /* the value's */
    const char *path;        /* "spec.remoteWrite.basicAuth.password" */
    union {
        struct bytes text; /* STRING, DURATION, URL, PROXY_URL; NUL-terminated behind length */
        bool boolean;
        int64_t integer;
        const struct enum_word *word;
        const struct object *object;
        struct {
            const struct object *const *items;
            size_t count;
        } objects;
        struct {
            const struct bytes *items;
            size_t count;
        } list; /* STRING_LIST */
        struct {
            const struct key_bytes *items; /* sorted by key */
            size_t count;
        } map;                      /* STRING_MAP, BYTES_MAP (decoded) */
        struct reference reference; /* SECRET, SECRET_OR_CONFIGMAP */
        struct {
            const struct reference_list *items; /* sorted by key */
            size_t count;
        } references; /* SECRET_LIST_MAP */
    } as;
    int64_t milliseconds; /* DURATION */
    const char *no_regex; /* FIELD_REGEX: why it is none for RE2; NULL: it is one, or empty */
    size_t regex_size;    /* FIELD_REGEX: what it comes to (spec/regex.h) */
};

struct object {
    const struct schema *schema;
    const struct node *node;
    const char *path; /* "spec.remoteWrite"; "" for a document */
    const struct value *const
        *values; /* one for each row of the schema; NULL where absent or null */
};

/*
 * Reads a node by a schema. Goes on after an error, so that one look shows all of them; what was
 * wrong is reported and absent from the object. Never NULL: a node that is no mapping gives an
 * error and an empty object.
 */
const struct object *object_read(struct scope *scope, const struct schema *schema,
                                 const struct node *node, const char *path);

/* The value of a field, by a dotted path of manifest names through nested objects
 * ("queueConfig.maxShards"); NULL where it, or an object on the way, is absent. The names have to
 * be in the schema (checked by assertion). */
const struct value *object_find(const struct object *object, const char *path);

/* Whether no field of it has a value. */
bool object_is_empty(const struct object *object);

/* The text of a string field; an empty view where absent. */
struct bytes object_text(const struct object *object, const char *path);

#endif
