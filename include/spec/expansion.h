/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_EXPANSION_H
#define SIDECAR_SPEC_EXPANSION_H

/*
 * $(NAME) in the strings of a RemoteWriteSpec. Off by default, and never on for a directory that is
 * bound to a namespace: who writes there is a tenant, and the sidecar's environment is the
 * operator's. A $(NAME) that stays is warned about, so that nobody takes it for replaced.
 */

#include "base/bytes.h"
#include "spec/object.h"

#include <stdbool.h>
#include <stddef.h>

struct environment_variable {
    const char *name;
    const char *value;
};

struct expansion {
    bool enabled; /* --expand-environment */
    bool bound;   /* the manifest's directory is bound to a namespace: nothing is replaced */
    const struct environment_variable *variables; /* sorted by name */
    size_t count;
};

/* The name of the next $(NAME) ([a-zA-Z0-9_]+) at or after from. False: there is none. */
bool environment_reference_next(struct bytes text, size_t from, struct bytes *ret_name);

/* NULL where there is none of this name. */
const struct environment_variable *environment_find(const struct environment_variable *variables,
                                                    size_t count, struct bytes name);

/* Replaces every $(NAME) of a field's text, as scope->expansion says; what stays is warned about.
 * The new text is in the scope's arena. False with an error where it would be no text, or longer
 * than EXPANDED_SIZE_MAX. */
#define EXPANDED_SIZE_MAX ((size_t)1 << 20)
bool expansion_apply(struct scope *scope, const struct field *field, const struct node *node,
                     const char *path, struct bytes *text);

#endif
