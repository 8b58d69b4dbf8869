/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_PLACE_H
#define SIDECAR_COMPILE_PLACE_H

/* Where and how the entries go into a base config: one answer for each form that a base can have.
 * They always come first in its remote_write: Prometheus makes the clients in this order, and a
 * refusal in front of every queue that it runs does no harm. */

#include "base/bytes.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>

enum stash {
    STASH_NOTHING,
    STASH_LINE,   /* what the block replaces reaches to the end of a line */
    STASH_INLINE, /* more of the line follows */
};

struct place {
    size_t start; /* these bytes of the base are replaced; mostly none */
    size_t end;
    enum stash stash;       /* how they are kept */
    bool lacks_final_break; /* at the end of a text whose last line has no line break */
    bool flow;              /* entries are written in flow style */
    bool comma;             /* a comma has to come first */
    bool comma_behind;      /* ... and behind the last one */
    bool rewrite; /* the base's own entries are not written where ours go: they are written out */
    size_t head_indent; /* of head */
    size_t indent;      /* of the dashes, in block style */
    const char *head;   /* a line before the entries, or NULL */
    const char *tail;   /* a line behind them, or NULL */
};

/* What there is to know about the base's remote_write. */
struct site {
    struct bytes text;
    const struct document *document; /* the one that Prometheus reads */
    const struct node *root;         /* its mapping; NULL when it is empty */
    const struct node_pair *pair; /* remote_write as it is written in root; NULL when it is not */
    bool inherited;               /* remote_write comes by a merge key */
};

/* The place for the entries, before the base's own. 0, or -EINVAL when the text does not match the
 * tree, so that no place is known to be right. */
int place_find(const struct site *site, struct place *ret);

/* True when a merge key (<<) of the root follows remote_write. Prometheus reads the two in the
 * order of the text: what is merged later replaces the list, whatever YAML says. */
bool place_is_overridden(const struct site *site);

#endif
