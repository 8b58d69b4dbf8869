/* SPDX-License-Identifier: Apache-2.0 */

/* The splice itself: the base's bytes, the block between its markers, the rest of the base's bytes.
 * What the block looks like is decided by the place (place.h); how it comes out again is told in
 * marker.h. */

#include "compile/merge.h"

#include "base/utf8.h"
#include "compile/base.h"
#include "compile/layout.h"
#include "compile/marker.h"
#include "compile/proven.h"
#include "compile/verify.h"
#include "yaml/emit.h"

#include <errno.h>

static const char own_entries_comment[] = "the base's own, written out";

/* --- comments --------------------------------------------------------------------------------- */

/* A comment that has the spelling of one of our own lines would be taken for it. */
static bool looks_like_ours(struct bytes comment) {
    static const struct bytes reserved[] = {
        {"BEGIN remotewrite-sidecar", 25},
        {"END remotewrite-sidecar", 23},
        {"base", 4},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++) {
        if (bytes_starts_with(comment, reserved[i])) {
            return true;
        }
    }
    return false;
}

/* One line whatever the comment holds. A # is escaped because a marker could follow it. */
static void write_comment(struct buffer *out, const char *comment, size_t indent,
                          const char *line_break) {
    struct bytes text = bytes_of(comment);

    buffer_append_repeated(out, ' ', indent);
    buffer_append_string(out, looks_like_ours(text) ? "#  " : "# ");
    for (size_t at = 0; at < text.length;) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, at, &character);
        if (length == 0) {
            buffer_printf(out, "\\x%02x", (unsigned)(unsigned char)text.data[at]);
            length = 1;
        } else if (character == '#' || character == '\\' || utf8_is_unprintable(character)) {
            buffer_printf(out, character > 0xff ? "\\u%04x" : "\\x%02x", (unsigned)character);
        } else {
            buffer_append(out, bytes_slice(text, at, at + length));
        }
        at += length;
    }
    buffer_append_string(out, line_break);
}

/* --- the block -------------------------------------------------------------------------------- */

/* What is written, where. */
struct splice {
    const struct base *base;
    const struct place *place;
    struct buffer *out;
};

static void write_line(const struct splice *splice, const char *line, size_t indent) {
    if (line != NULL) {
        buffer_append_repeated(splice->out, ' ', indent);
        buffer_append_string(splice->out, line);
        buffer_append_string(splice->out, splice->base->line_break);
    }
}

/* The bytes that make way, as comments: every line of them behind the prefix, with its own break.
 */
static void write_stash(const struct splice *splice) {
    const struct place *place = splice->place;
    const char *prefix = place->stash == STASH_LINE ? MARKER_BASE_LINE : MARKER_BASE_INLINE;
    struct bytes bytes = bytes_slice(splice->base->text, place->start, place->end);

    if (place->stash == STASH_NOTHING) {
        return;
    }
    for (size_t at = 0; at < bytes.length;) {
        size_t next = layout_next_line(bytes, at);
        buffer_append_string(splice->out, prefix);
        buffer_append(splice->out, bytes_slice(bytes, at, next));
        at = next;
    }
    buffer_append_string(splice->out, splice->base->line_break);
}

static void write_entry_comment(const struct splice *splice, const char *comment) {
    const struct place *place = splice->place;

    write_comment(splice->out, comment, place->flow ? 0 : place->indent, splice->base->line_break);
}

static void write_entry(const struct splice *splice, const struct node *entry) {
    if (splice->place->flow) {
        emit_flow(splice->out, entry);
    } else {
        emit_sequence_item(splice->out, entry, splice->place->indent, splice->base->line_break);
    }
}

/* Flow entries stand one a line, and all but the last one of the list have a comma behind them. */
static void end_entry(const struct splice *splice, bool last) {
    if (splice->place->flow) {
        buffer_append_string(splice->out, last && !splice->place->comma_behind ? "" : ",");
        buffer_append_string(splice->out, splice->base->line_break);
    }
}

/* How many of the base's own entries are written out, as they are not written in the list that ours
 * go to. */
static size_t rewritten_count(const struct splice *splice) {
    const struct node *entries = splice->base->entries;

    return splice->place->rewrite && entries != NULL ? entries->sequence.count : 0;
}

static void write_own_entries(const struct splice *splice) {
    size_t count = rewritten_count(splice);

    if (count > 0) {
        write_entry_comment(splice, own_entries_comment);
    }
    for (size_t i = 0; i < count; i++) {
        write_entry(splice, splice->base->entries->sequence.items[i]);
        end_entry(splice, i + 1 == count);
    }
}

/* more: others of the list follow, in the block. */
static void write_items(const struct splice *splice, struct merge_item *items, size_t count,
                        bool more) {
    for (size_t i = 0; i < count; i++) {
        items[i].start = splice->out->length;
        write_entry_comment(splice, items[i].comment);
        write_entry(splice, items[i].entry);
        items[i].end = splice->out->length;
        end_entry(splice, i + 1 == count && !more);
    }
}

static void write_block(const struct splice *splice, struct merge_item *items, size_t count) {
    const struct place *place = splice->place;

    write_line(splice, MERGE_BEGIN, 0);
    write_stash(splice);
    write_line(splice, place->comma ? "," : NULL, 0);
    write_line(splice, place->head, place->head_indent);
    write_items(splice, items, count, rewritten_count(splice) > 0);
    write_own_entries(splice);
    write_line(splice, place->tail, 0);
    buffer_append_string(splice->out, MERGE_END);
}

/* The whole config; *ret_start, *ret_end: where the block is in it. */
static void write_config(const struct base *base, struct merge_item *items, size_t count,
                         struct buffer *out, size_t *ret_start, size_t *ret_end) {
    const struct place *place = &base->place;
    const struct splice splice = {base, place, out};

    buffer_append(out, bytes_slice(base->text, 0, place->start));
    if (place->lacks_final_break) {
        buffer_append_string(out, base->line_break);
    } else if (!layout_at_line_start(base->text, place->start)) {
        buffer_append_char(out, ' ');
    }
    *ret_start = out->length;
    write_block(&splice, items, count);
    *ret_end = out->length;
    if (!place->lacks_final_break && place->stash != STASH_LINE) {
        buffer_append_string(out, base->line_break);
    }
    buffer_append(out, bytes_slice(base->text, place->end, base->text.length));
}

/* --- the proof -------------------------------------------------------------------------------- */

/* The items that have to be proven: those that were not, and the first and the last, which stand
 * beside what is not theirs. In the arena. */
static struct merge_item *unproven(struct arena *arena, const struct base *base,
                                   const struct merge_item *items, size_t count,
                                   const struct proven *proven, struct bytes merged,
                                   size_t *ret_count) {
    struct merge_item *few = ARENA_NEW_ARRAY(arena, struct merge_item, count);
    bool same_place = proven_in(proven, base);
    size_t few_count = 0;

    for (size_t i = 0; i < count; i++) {
        struct bytes text = bytes_slice(merged, items[i].start, items[i].end);
        if (i == 0 || i + 1 == count || !same_place || !proven_has(proven, text)) {
            few[few_count++] = items[i];
        }
    }
    *ret_count = few_count;
    return few;
}

/* As merge_verify, of a smaller config where that is enough. */
static int prove(const struct base *base, const struct merge_item *items, size_t count,
                 struct proven *proven, struct bytes merged, struct diagnostics *diagnostics) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer smaller = {0};
    size_t few_count = 0;
    size_t start = 0;
    size_t end = 0;
    struct merge_item *few = unproven(arena, base, items, count, proven, merged, &few_count);

    if (few_count < count) {
        write_config(base, few, few_count, &smaller, &start, &end);
    }
    int status = merge_verify(base, few, few_count,
                              few_count < count ? buffer_bytes(&smaller) : merged, diagnostics);
    if (status == 0) {
        proven_set(proven, base, items, count, merged);
    }
    return status;
}

int base_merge(const struct base *base, struct merge_item *items, size_t count,
               struct proven *proven, struct buffer *out, size_t *ret_start, size_t *ret_end,
               struct diagnostics *diagnostics) {
    if (count == 0) {
        buffer_append(out, base->text);
        *ret_start = *ret_end = out->length;
        return 0;
    }
    write_config(base, items, count, out, ret_start, ret_end);
    int status = proven != NULL ? prove(base, items, count, proven, buffer_bytes(out), diagnostics)
                                : merge_verify(base, items, count, buffer_bytes(out), diagnostics);
    if (status < 0) {
        buffer_clear(out);
    }
    return status;
}
