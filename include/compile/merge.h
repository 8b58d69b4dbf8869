/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_MERGE_H
#define SIDECAR_COMPILE_MERGE_H

/*
 * The splice: entries put into a person's prometheus.yml without touching a byte of theirs. The
 * entries stand as one block between two marker lines, before the base's own; taking the block out
 * again gives the base back, byte for byte. After the splice the result is parsed and compared with
 * entries + base; a mismatch is an error, never a file.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "compile/place.h"
#include "yaml/tree.h"

#include <stddef.h>

#define MERGE_BEGIN "# BEGIN remotewrite-sidecar: generated, edits are overwritten"
#define MERGE_END   "# END remotewrite-sidecar"

struct base_name {
    const char *name;
    struct location location;
};

/* A base config, understood: lives in the arena that it was read into, and points into the text
 * given to base_read. */
struct base;

/*
 * Takes an earlier block of ours out of the text (in-place mode, or a base that was copied from an
 * output), parses what is left and finds the place for the entries. NULL, with an error diagnostic,
 * for what cannot be merged: not YAML, a root that is no mapping, a remote_write that is no list, a
 * broken pair of markers. text has to outlive the base.
 */
struct base *base_read(struct arena *arena, struct bytes text, const char *file,
                       const struct yaml_limits *limits, struct diagnostics *diagnostics);

/* The base without a block of ours: what is spliced into. */
struct bytes base_text(const struct base *base);

/* The names that the base's own remote_write entries have, in their order (an entry without a name
 * is left out). */
const struct base_name *base_names(const struct base *base, size_t *ret_count);

/* Whether Prometheus may call an entry of the base so that has no name (at *ret_entry): it takes
 * the first six hex digits of a hash of the entry. Two queues of one name and url end Prometheus
 * while it applies the config, as it does not tell such names from given ones before. */
bool base_may_generate(const struct base *base, const char *name, struct location *ret_entry);

/* compile/proven.h */
struct proven;

struct merge_item {
    const char
        *comment; /* one line without '#': which RemoteWrite, which file; odd bytes are escaped */
    const struct node *entry; /* a mapping */
    size_t start, end; /* out: where its text (comment included) stands in the merged config */
};

/*
 * Items in their order, then the base's own, into out (appended to an empty buffer). No items: out
 * is base_text. proven: what need not be proven again, and out: this merge, where it succeeds;
 * NULL: everything is proven. *ret_start, *ret_end: our block, markers included. 0; -EINVAL with an
 * error diagnostic when the result is not items + base.
 */
int base_merge(const struct base *base, struct merge_item *items, size_t count,
               struct proven *proven, struct buffer *out, size_t *ret_start, size_t *ret_end,
               struct diagnostics *diagnostics);

#endif
