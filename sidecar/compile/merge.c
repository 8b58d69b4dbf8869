/* SPDX-License-Identifier: Apache-2.0 */

/* The splice itself: the base's bytes, the block between its markers, the rest of the base's bytes.
 * What the block looks like is decided by the place (place.h); how it comes out again is told in
 * marker.h. */

#include "compile/merge.h"

#include "base/utf8.h"
#include "compile/base.h"
#include "compile/layout.h"
#include "compile/marker.h"
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

static void write_line(struct buffer *out, const char *line, size_t indent,
                       const char *line_break) {
    if (line != NULL) {
        buffer_append_repeated(out, ' ', indent);
        buffer_append_string(out, line);
        buffer_append_string(out, line_break);
    }
}

/* The bytes that make way, as comments: every line of them behind the prefix, with its own break.
 */
static void write_stash(struct buffer *out, const struct base *base) {
    const struct place *place = &base->place;
    const char *prefix = place->stash == STASH_LINE ? MARKER_BASE_LINE : MARKER_BASE_INLINE;
    struct bytes bytes = bytes_slice(base->text, place->start, place->end);

    if (place->stash == STASH_NOTHING) {
        return;
    }
    for (size_t at = 0; at < bytes.length;) {
        size_t next = layout_next_line(bytes, at);
        buffer_append_string(out, prefix);
        buffer_append(out, bytes_slice(bytes, at, next));
        at = next;
    }
    buffer_append_string(out, base->line_break);
}

static void write_entry(struct buffer *out, const struct base *base, const struct node *entry) {
    if (base->place.flow) {
        emit_flow(out, entry);
    } else {
        emit_sequence_item(out, entry, base->place.indent, base->line_break);
    }
}

/* Flow entries stand one a line, and all but the last one have a comma behind them. */
static void end_entry(struct buffer *out, const struct base *base, bool last) {
    if (base->place.flow) {
        buffer_append_string(out, last ? "" : ",");
        buffer_append_string(out, base->line_break);
    }
}

/* The base's own entries, where they are not written in the list that ours go to. */
static void write_own_entries(struct buffer *out, const struct base *base, size_t more) {
    const struct place *place = &base->place;
    size_t count = place->rewrite && base->entries != NULL ? base->entries->sequence.count : 0;

    if (count > 0) {
        write_comment(out, own_entries_comment, place->flow ? 0 : place->indent, base->line_break);
    }
    for (size_t i = 0; i < count; i++) {
        write_entry(out, base, base->entries->sequence.items[i]);
        end_entry(out, base, i + 1 == count && more == 0);
    }
}

static void write_items(struct buffer *out, const struct base *base, struct merge_item *items,
                        size_t count) {
    const struct place *place = &base->place;

    write_own_entries(out, base, count);
    for (size_t i = 0; i < count; i++) {
        items[i].start = out->length;
        write_comment(out, items[i].comment, place->flow ? 0 : place->indent, base->line_break);
        write_entry(out, base, items[i].entry);
        items[i].end = out->length;
        end_entry(out, base, i + 1 == count);
    }
}

static void write_block(struct buffer *out, const struct base *base, struct merge_item *items,
                        size_t count) {
    const struct place *place = &base->place;

    write_line(out, MERGE_BEGIN, 0, base->line_break);
    write_stash(out, base);
    write_line(out, place->comma ? "," : NULL, 0, base->line_break);
    write_line(out, place->head, place->head_indent, base->line_break);
    write_items(out, base, items, count);
    write_line(out, place->tail, 0, base->line_break);
    buffer_append_string(out, MERGE_END);
}

int base_merge(struct arena *arena UNUSED, const struct base *base, struct merge_item *items,
               size_t count, struct buffer *out, size_t *ret_start, size_t *ret_end,
               struct diagnostics *diagnostics) {
    const struct place *place = &base->place;

    if (count == 0) {
        buffer_append(out, base->text);
        *ret_start = *ret_end = out->length;
        return 0;
    }
    buffer_append(out, bytes_slice(base->text, 0, place->start));
    if (place->lacks_final_break) {
        buffer_append_string(out, base->line_break);
    } else if (!layout_at_line_start(base->text, place->start)) {
        buffer_append_char(out, ' ');
    }
    size_t start = out->length;
    write_block(out, base, items, count);
    size_t end = out->length;
    if (!place->lacks_final_break && place->stash != STASH_LINE) {
        buffer_append_string(out, base->line_break);
    }
    buffer_append(out, bytes_slice(base->text, place->end, base->text.length));
    int status = merge_verify(base, items, count, buffer_bytes(out), diagnostics);
    if (status < 0) {
        buffer_clear(out);
        return status;
    }
    *ret_start = start;
    *ret_end = end;
    return 0;
}
