/* SPDX-License-Identifier: Apache-2.0 */

/* The lines of a YAML text as YAML 1.1 counts them, which is what libyaml and Prometheus's reader
 * do: a comment ends at NEL, LS and PS too, so whoever moves text into a comment has to know them.
 */

#include "compile/layout.h"

#include "base/compiler.h"

static const struct bytes byte_order_mark = {"\xef\xbb\xbf", 3};

/* The longer one first where one begins as another does. */
static const struct bytes breaks[] = {
    {"\r\n", 2}, {"\n", 1}, {"\r", 1}, {"\xc2\x85", 2}, {"\xe2\x80\xa8", 3}, {"\xe2\x80\xa9", 3},
};

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

static bool stands_at(struct bytes text, size_t offset, struct bytes needle) {
    return text.length >= offset && text.length - offset >= needle.length &&
           memcmp(text.data + offset, needle.data, needle.length) == 0;
}

size_t layout_break(struct bytes text, size_t offset) {
    for (size_t i = 0; i < ARRAY_LENGTH(breaks); i++) {
        if (stands_at(text, offset, breaks[i])) {
            return breaks[i].length;
        }
    }
    return 0;
}

bool layout_at_line_start(struct bytes text, size_t offset) {
    if (offset == 0 || (offset == byte_order_mark.length && stands_at(text, 0, byte_order_mark))) {
        return true;
    }
    if (text.data[offset - 1] == '\r') {
        /* Between the two bytes of a CR LF is no line. */
        return !stands_at(text, offset, BYTES("\n"));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(breaks); i++) {
        size_t length = breaks[i].length;
        if (offset >= length && stands_at(text, offset - length, breaks[i])) {
            return true;
        }
    }
    return false;
}

size_t layout_line_start(struct bytes text, size_t offset) {
    while (!layout_at_line_start(text, offset)) {
        offset--;
    }
    return offset;
}

size_t layout_line_end(struct bytes text, size_t offset) {
    while (offset < text.length && layout_break(text, offset) == 0) {
        offset++;
    }
    return offset;
}

size_t layout_next_line(struct bytes text, size_t offset) {
    size_t end = layout_line_end(text, offset);
    return end + layout_break(text, end);
}

size_t layout_skip_blanks(struct bytes text, size_t offset) {
    while (offset < text.length && is_blank(text.data[offset])) {
        offset++;
    }
    return offset;
}

size_t layout_skip_blanks_back(struct bytes text, size_t offset) {
    while (offset > 0 && is_blank(text.data[offset - 1])) {
        offset--;
    }
    return offset;
}

size_t layout_skip_gap(struct bytes text, size_t offset) {
    for (;;) {
        size_t next = layout_skip_blanks(text, offset);
        if (stands_at(text, next, BYTES("#"))) {
            next = layout_line_end(text, next);
        }
        next += layout_break(text, next);
        if (next == offset) {
            return offset;
        }
        offset = next;
    }
}

/* The end of the anchor or tag that begins at offset. Only a verbatim tag, !<...>, may hold a comma
 * or a bracket. */
static size_t property_end(struct bytes text, size_t offset) {
    bool verbatim = stands_at(text, offset, BYTES("!<"));

    while (offset < text.length && !is_blank(text.data[offset]) &&
           layout_break(text, offset) == 0 &&
           (verbatim || strchr(",[]{}", text.data[offset]) == NULL)) {
        offset++;
    }
    return offset;
}

size_t layout_properties_end(struct bytes text, size_t offset) {
    size_t next = layout_skip_gap(text, offset);

    while (stands_at(text, next, BYTES("&")) || stands_at(text, next, BYTES("!"))) {
        offset = property_end(text, next);
        next = layout_skip_gap(text, offset);
    }
    return offset;
}

const char *layout_line_break(struct bytes text) {
    size_t end = layout_line_end(text, 0);
    return layout_break(text, end) == 2 && text.data[end] == '\r' ? "\r\n" : "\n";
}
