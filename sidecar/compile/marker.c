/* SPDX-License-Identifier: Apache-2.0 */

/* The marker lines: finding them, telling a marker from text that looks like one, and cutting the
 * block out so that the base comes back byte for byte. What is not exactly as we wrote it is never
 * guessed at: it is an error that says what to do. */

#include "compile/marker.h"

#include "compile/layout.h"
#include "compile/merge.h"

#include <errno.h>
#include <stdint.h>

/* What every marker begins with, edited or not. */
static const struct {
    enum marker_kind kind;
    struct bytes stem;
    struct bytes line;
} spellings[] = {
    {MARKER_BEGIN, {"# BEGIN remotewrite-sidecar", 27}, {MERGE_BEGIN, sizeof(MERGE_BEGIN) - 1}},
    {MARKER_END, {"# END remotewrite-sidecar", 25}, {MERGE_END, sizeof(MERGE_END) - 1}},
};

static const char remedy_rest[] =
    "remove what is left of the generated block, marker lines included: it is written anew";

/* --- finding ---------------------------------------------------------------------------------- */

/* Behind something of the base and our one space. */
static bool is_behind_base(struct bytes text, size_t start) {
    size_t blanks = layout_skip_blanks_back(text, start);
    return start - blanks == 1 && text.data[blanks] == ' ' && !layout_at_line_start(text, blanks);
}

static bool line_ends_at(struct bytes text, size_t offset) {
    return offset == text.length || (offset < text.length && layout_break(text, offset) > 0);
}

static bool is_exact(struct bytes text, size_t start, struct bytes line) {
    return bytes_starts_with(bytes_slice(text, start, text.length), line) &&
           line_ends_at(text, start + line.length);
}

/* What stands at start, which has the stem of a marker. False: no comment, or one that only
 * mentions it. A line may mention it a million times: the end of the line is looked for only where
 * it is kept, which is once a line. */
static bool marker_judge(struct bytes text, size_t start, size_t spelling,
                         struct marker *ret_marker) {
    size_t blanks = layout_skip_blanks_back(text, start);
    bool exact = is_exact(text, start, spellings[spelling].line);
    bool placed = layout_at_line_start(text, start) ||
                  (spellings[spelling].kind == MARKER_BEGIN && is_behind_base(text, start));
    size_t behind = start + spellings[spelling].stem.length;
    bool whole_word = line_ends_at(text, behind) || strchr(": \t", text.data[behind]) != NULL;

    if (!(exact && (placed || blanks < start)) &&
        !(whole_word && layout_at_line_start(text, blanks))) {
        return false;
    }
    *ret_marker = (struct marker){
        .kind = exact && placed ? spellings[spelling].kind : MARKER_DAMAGED,
        .start = start,
        .end = layout_line_end(text, start),
    };
    return true;
}

struct markers markers_scan(struct arena *arena, struct bytes text) {
    struct markers markers = {0};
    size_t capacity = 0;
    size_t next[ARRAY_LENGTH(spellings)];

    for (size_t i = 0; i < ARRAY_LENGTH(spellings); i++) {
        next[i] = bytes_find(text, spellings[i].stem, 0);
    }
    for (;;) {
        size_t first = next[0] <= next[1] ? 0 : 1;
        size_t start = next[first];
        struct marker marker;
        if (start == SIZE_MAX) {
            return markers;
        }
        if (marker_judge(text, start, first, &marker)) {
            markers.items =
                arena_grow(arena, markers.items, markers.count, &capacity, sizeof(*markers.items));
            markers.items[markers.count++] = marker;
        }
        next[first] = bytes_find(text, spellings[first].stem, start + 1);
    }
}

/* --- quoted ----------------------------------------------------------------------------------- */

/* The first marker at or behind offset. */
static size_t markers_from(const struct markers *markers, size_t offset) {
    size_t low = 0;
    size_t high = markers->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (markers->items[middle].start < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Every node as it is written: behind an alias are no nodes of its own. The tree is as deep as the
 * limits of its reader let it be. */
static void quoted_in(struct markers *markers, const struct node *node) {
    if (node == NULL || node->alias) {
        return;
    }
    switch (node->type) {
    case NODE_SCALAR:
        for (size_t i = markers_from(markers, node->start);
             i < markers->count && markers->items[i].start < node->end; i++) {
            markers->items[i].quoted = true;
        }
        break;
    case NODE_SEQUENCE:
        for (size_t i = 0; i < node->sequence.count; i++) {
            quoted_in(markers, node->sequence.items[i]);
        }
        break;
    case NODE_MAPPING:
        for (size_t i = 0; i < node->mapping.count; i++) {
            quoted_in(markers, node->mapping.pairs[i].key);
            quoted_in(markers, node->mapping.pairs[i].value);
        }
        break;
    }
}

void markers_find_quoted(struct markers *markers, const struct document *documents, size_t count) {
    for (size_t i = 0; i < count; i++) {
        quoted_in(markers, documents[i].root);
    }
}

static bool is_inside(const struct node *scalar, size_t offset) {
    bool block = scalar->scalar.style == SCALAR_LITERAL || scalar->scalar.style == SCALAR_FOLDED;
    /* The end of a block scalar is no proof: no bracket or quote stands there. */
    return scalar->start < offset && (offset < scalar->end || (block && offset == scalar->end));
}

static bool has_scalar_around(const struct node *node, size_t offset) {
    bool found = false;

    if (node == NULL || node->alias) {
        return false;
    }
    if (node->type == NODE_SCALAR) {
        return is_inside(node, offset);
    }
    if (node->type == NODE_SEQUENCE) {
        for (size_t i = 0; i < node->sequence.count && !found; i++) {
            found = has_scalar_around(node->sequence.items[i], offset);
        }
        return found;
    }
    for (size_t i = 0; i < node->mapping.count && !found; i++) {
        found = has_scalar_around(node->mapping.pairs[i].key, offset) ||
                has_scalar_around(node->mapping.pairs[i].value, offset);
    }
    return found;
}

bool block_was_quoted(const struct block *block, const struct document *documents, size_t count) {
    if (count == 0 || documents[0].failed || block->start > documents[0].end) {
        return true;
    }
    return has_scalar_around(documents[0].root, block->start);
}

/* --- the block -------------------------------------------------------------------------------- */

enum fault {
    FAULT_NONE,
    FAULT_DAMAGED,
    FAULT_NO_BEGIN,
    FAULT_NO_END,
    FAULT_SECOND,
};

static const char *const faults[] = {
    [FAULT_DAMAGED] = "a marker line of the generated block was edited or moved",
    [FAULT_NO_BEGIN] = "the generated block ends here, but its BEGIN line is missing",
    [FAULT_NO_END] = "the generated block begins here, but its END line is missing",
    [FAULT_SECOND] = "there is a second marker of this kind: a base config has one generated block",
};

static struct location location_of(struct bytes text, size_t offset, const char *file) {
    size_t start = layout_line_start(text, offset);
    unsigned line = 1;

    for (size_t at = 0; at < start; at = layout_next_line(text, at)) {
        line++;
    }
    /* A marker's line is cited, not its column: what stands before it may be anything. */
    return (struct location){.file = file, .line = line};
}

/* Reads the markers that count in order; *ret_at is the one to blame, or the pair. */
static enum fault markers_judge(const struct markers *markers, const struct marker *ret_at[2]) {
    const struct marker *begin = NULL;
    const struct marker *end = NULL;

    for (size_t i = 0; i < markers->count; i++) {
        const struct marker *marker = &markers->items[i];
        const struct marker **slot = marker->kind == MARKER_BEGIN ? &begin : &end;
        if (marker->quoted) {
            continue;
        }
        ret_at[0] = marker;
        if (marker->kind == MARKER_DAMAGED) {
            return FAULT_DAMAGED;
        }
        if (*slot != NULL) {
            return FAULT_SECOND;
        }
        if (marker->kind == MARKER_END && begin == NULL) {
            return FAULT_NO_BEGIN;
        }
        *slot = marker;
    }
    ret_at[0] = begin;
    ret_at[1] = end;
    return begin != NULL && end == NULL ? FAULT_NO_END : FAULT_NONE;
}

bool markers_are_pair(const struct markers *markers) {
    const struct marker *pair[2] = {NULL, NULL};
    return markers_judge(markers, pair) == FAULT_NONE && pair[0] != NULL;
}

/* The bytes of the base that the block's first lines hold. Every line break between them is the
 * base's own, the last one is ours. */
static struct bytes stash_read(struct arena *arena, struct bytes text, size_t from, size_t to,
                               struct bytes prefix) {
    CLEANUP(buffer_free) struct buffer base = {0};
    size_t line_break = 0;

    while (from < to && bytes_starts_with(bytes_slice(text, from, to), prefix)) {
        size_t end = layout_line_end(text, from);
        size_t next = layout_next_line(text, from);
        buffer_append(&base, bytes_slice(text, from + prefix.length, next));
        line_break = next - end;
        from = next;
    }
    return arena_bytes(arena, bytes_slice(buffer_bytes(&base), 0, base.length - line_break));
}

static bool is_stashed(struct bytes text, size_t at, struct bytes prefix) {
    return bytes_starts_with(bytes_slice(text, at, text.length), prefix);
}

/* Bytes of the line break in front of offset, when it is one that we write. */
static size_t break_before(struct bytes text, size_t offset) {
    struct bytes before = bytes_slice(text, 0, offset);
    if (bytes_ends_with(before, BYTES("\r\n"))) {
        return 2;
    }
    return bytes_ends_with(before, BYTES("\n")) ? 1 : 0;
}

static struct block block_between(struct arena *arena, struct bytes text,
                                  const struct marker *begin, const struct marker *end) {
    struct block block = {.start = begin->start, .end = end->end};
    size_t content = layout_next_line(text, begin->start);
    size_t line_break = layout_break(text, end->end);

    if (!layout_at_line_start(text, begin->start)) {
        block.start--;
    }
    if (is_stashed(text, content, BYTES(MARKER_BASE_LINE))) {
        block.base = stash_read(arena, text, content, end->start, BYTES(MARKER_BASE_LINE));
        return block;
    }
    block.base = stash_read(arena, text, content, end->start, BYTES(MARKER_BASE_INLINE));
    block.end += line_break;
    if (line_break == 0) {
        block.start -= break_before(text, block.start);
    }
    return block;
}

int markers_block(const struct markers *markers, struct arena *arena, struct bytes text,
                  const char *file, struct diagnostics *diagnostics, struct block *ret) {
    const struct marker *at[2] = {NULL, NULL};
    enum fault fault = markers_judge(markers, at);

    if (fault != FAULT_NONE) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, location_of(text, at[0]->start, file), NULL,
                        "remote_write", remedy_rest, "%s", faults[fault]);
        return -EINVAL;
    }
    if (at[0] == NULL) {
        return 0;
    }
    *ret = block_between(arena, text, at[0], at[1]);
    return 1;
}

struct bytes block_remove(struct arena *arena, struct bytes text, const struct block *block) {
    size_t length = block->start + block->base.length + (text.length - block->end);
    char *data = arena_alloc(arena, length);
    char *at = data;
    const struct bytes parts[] = {
        bytes_slice(text, 0, block->start),
        block->base,
        bytes_slice(text, block->end, text.length),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (parts[i].length > 0) {
            memcpy(at, parts[i].data, parts[i].length);
            at += parts[i].length;
        }
    }
    return (struct bytes){data, length};
}
