/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_BASE_H
#define SIDECAR_COMPILE_BASE_H

/* What is behind the struct base of merge.h; for the merge itself. */

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "compile/merge.h"
#include "compile/place.h"
#include "yaml/tree.h"

#include <stddef.h>

#define REMOTE_WRITE "remote_write"

/* The lines that a removed block took: diagnostics cite the file as it is on disk. */
struct removed_lines {
    unsigned behind; /* lines of the text behind this one stand further down in the file */
    unsigned count;
};

struct base {
    struct bytes text;
    const char *file;
    struct yaml_limits limits;
    const struct document *documents;
    size_t document_count;
    const struct node *root;    /* NULL: the document that Prometheus reads is empty */
    const struct node *entries; /* the base's own list; NULL when it has none */
    const struct node
        *blamed;        /* remote_write's key, to cite in errors; NULL when it is not written */
    const char *anchor; /* that its value has; NULL when it has none */
    struct place place;
    const char *line_break;
    struct removed_lines removed;
    const struct base_name *names;
    size_t name_count;
    const struct node *unnamed; /* the first entry without a name, or NULL */
};

/* Where a node of the base stands in the file on disk; NULL: the file as a whole. */
struct location base_location(const struct base *base, const struct node *node);

#endif
