/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_MARKER_H
#define SIDECAR_COMPILE_MARKER_H

/*
 * The marker lines that our block stands between, and how the block is taken out again. What takes
 * out has to know what was put in, so the shape of a block is told here, for both sides:
 *
 * A block that begins at the start of a line takes whole lines. One that begins elsewhere is
 * preceded by one space that is its own. It ends with END's line break, which is its own too; but a
 * block at the end of a text whose last line has no line break ends without one as well, and then
 * the line break before BEGIN is its own.
 *
 * Where bytes of the base had to make way (null, an alias), the first lines of the block hold them:
 * behind MARKER_BASE_LINE when all that was left of a line has gone (END's line break is then the
 * base's), behind MARKER_BASE_INLINE when more of the line follows.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>

#define MARKER_BASE_LINE   "# base:"
#define MARKER_BASE_INLINE "# base (inline):"

enum marker_kind {
    MARKER_BEGIN,
    MARKER_END,
    MARKER_DAMAGED, /* was one of them before somebody edited or moved it */
};

struct marker {
    enum marker_kind kind;
    size_t start; /* of its # */
    size_t end;   /* of its line, before the line break */
    bool quoted;  /* inside a scalar: text that looks like a marker */
};

struct markers {
    struct marker *items; /* as they stand in the text */
    size_t count;
};

/* The block as it has to be cut out of a text. */
struct block {
    size_t start;
    size_t end;
    struct bytes base; /* what the base has in its place; mostly nothing */
};

/* All that looks like a marker, in the arena. */
struct markers markers_scan(struct arena *arena, struct bytes text);

/* Marks those that are quoted, by the scalars of the parsed text. A document that failed to parse
 * has none. */
void markers_find_quoted(struct markers *markers, const struct document *documents, size_t count);

/* Exactly a BEGIN and, behind it, an END; quoted ones do not count. */
bool markers_are_pair(const struct markers *markers);

/* The block between the markers. 1: *ret is it; 0: there is none; -EINVAL, with an error
 * diagnostic: the markers are not as we wrote them. */
int markers_block(const struct markers *markers, struct arena *arena, struct bytes text,
                  const char *file, struct diagnostics *diagnostics, struct block *ret);

/* The text without the block, in the arena. */
struct bytes block_remove(struct arena *arena, struct bytes text, const struct block *block);

/* Whether the text without the block, given as parsed, shows that the block's markers stood inside
 * a scalar. */
bool block_was_quoted(const struct block *block, const struct document *documents, size_t count);

#endif
