/* SPDX-License-Identifier: Apache-2.0 */

/* A text is a run of lines; only how a line begins matters here. */

#include "yaml/cut.h"

enum line_type {
    LINE_EMPTY,
    LINE_DIRECTIVE,
    LINE_DOCUMENT_START,
    LINE_DOCUMENT_END,
    LINE_CONTENT
};

static bool is_marker(struct bytes line, struct bytes marker) {
    if (!bytes_starts_with(line, marker)) {
        return false;
    }
    if (line.length == marker.length) {
        return true;
    }
    char next = line.data[marker.length];
    return next == ' ' || next == '\t' || next == '\r' || next == '\n';
}

static enum line_type line_type(struct bytes line) {
    struct bytes content = bytes_trim(line);

    if (is_marker(line, BYTES("---"))) {
        return LINE_DOCUMENT_START;
    }
    if (is_marker(line, BYTES("..."))) {
        return LINE_DOCUMENT_END;
    }
    if (content.length == 0 || content.data[0] == '#') {
        return LINE_EMPTY;
    }
    return line.data[0] == '%' ? LINE_DIRECTIVE : LINE_CONTENT;
}

/* The line at offset, its break included. */
static struct bytes line_at(struct bytes text, size_t offset) {
    size_t end = offset;

    while (end < text.length && text.data[end] != '\n' && text.data[end] != '\r') {
        end++;
    }
    if (end < text.length) {
        end += bytes_starts_with(bytes_slice(text, end, text.length), BYTES("\r\n")) ? 2 : 1;
    }
    return bytes_slice(text, offset, end);
}

/* Finds where a document begins: sets start and explicit, and moves *cursor behind the line that
 * showed it. */
static bool find_start(struct bytes text, size_t *cursor, struct cut *cut) {
    bool directive = false;

    cut->start = *cursor;
    for (size_t offset = *cursor; offset < text.length;) {
        struct bytes line = line_at(text, offset);
        enum line_type type = line_type(line);
        if (type == LINE_DIRECTIVE && !directive) {
            directive = true;
            cut->start = offset;
        }
        if (type == LINE_DOCUMENT_END) {
            /* It ends nothing; what stood above it belongs to no document. */
            directive = false;
            cut->start = offset + line.length;
        }
        if (type == LINE_DOCUMENT_START && !directive) {
            cut->start = offset;
        }
        offset += line.length;
        if (type == LINE_DOCUMENT_START || type == LINE_CONTENT) {
            cut->explicit = directive || type == LINE_DOCUMENT_START;
            *cursor = offset;
            return true;
        }
    }
    return false;
}

bool cut_next(struct bytes text, size_t *cursor, struct cut *ret) {
    struct cut cut = {0};
    size_t offset = *cursor;

    if (!find_start(text, &offset, &cut)) {
        return false;
    }
    cut.content_end = text.length;
    cut.end = text.length;
    while (offset < text.length) {
        struct bytes line = line_at(text, offset);
        enum line_type type = line_type(line);
        if (type == LINE_DOCUMENT_START || type == LINE_DOCUMENT_END) {
            cut.content_end = offset;
            cut.end = type == LINE_DOCUMENT_END ? offset + line.length : offset;
            break;
        }
        offset += line.length;
    }
    *cursor = cut.end;
    *ret = cut;
    return true;
}
