/* SPDX-License-Identifier: Apache-2.0 */

/* The list of what the stages have to say, and the one spelling of a line of it. Parts of a
 * diagnostic are often what a stranger wrote into a manifest: they can neither start a new line nor
 * drive a terminal. */

#include "base/diagnostic.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct diagnostics diagnostics_in(struct arena *arena) {
    return (struct diagnostics){.arena = arena};
}

static const char *copy_or_null(struct arena *arena, const char *string) {
    return string != NULL ? arena_string(arena, bytes_of(string)) : NULL;
}

static void diagnostics_push(struct diagnostics *list, struct diagnostic diagnostic) {
    list->items =
        arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count] = diagnostic;
    list->count++;
}

void diagnostics_add(struct diagnostics *list, enum severity severity, struct location location,
                     const char *subject, const char *field, const char *remedy, const char *format,
                     ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&problem, format, arguments);
    va_end(arguments);
    location.file = copy_or_null(list->arena, location.file);
    diagnostics_push(list, (struct diagnostic){
                               .severity = severity,
                               .location = location,
                               .subject = copy_or_null(list->arena, subject),
                               .field = copy_or_null(list->arena, field),
                               .problem = arena_string(list->arena, buffer_bytes(&problem)),
                               .remedy = copy_or_null(list->arena, remedy),
                           });
}

void diagnostics_add_copy(struct diagnostics *list, const struct diagnostic *other) {
    diagnostics_add(list, other->severity, other->location, other->subject, other->field,
                    other->remedy, "%s", other->problem);
    list->items[list->count - 1].about_remote_write = other->about_remote_write;
}

void diagnostics_append(struct diagnostics *list, const struct diagnostics *other) {
    /* The count is read first: a list may be appended to itself. */
    size_t count = other->count;
    for (size_t i = 0; i < count; i++) {
        diagnostics_push(list, other->items[i]);
    }
}

size_t diagnostics_count(const struct diagnostics *list, enum severity at_least) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        count += list->items[i].severity >= at_least;
    }
    return count;
}

/* qsort need not be stable; the order of arrival makes it so. */
struct arrival {
    struct diagnostic diagnostic;
    size_t order;
};

static int arrival_compare(const void *left_, const void *right_) {
    const struct arrival *left = left_;
    const struct arrival *right = right_;
    const struct location *a = &left->diagnostic.location;
    const struct location *b = &right->diagnostic.location;

    int order = bytes_compare(bytes_of(a->file), bytes_of(b->file));
    if (order == 0) {
        order = (a->line > b->line) - (a->line < b->line);
    }
    if (order == 0) {
        order = (a->column > b->column) - (a->column < b->column);
    }
    if (order == 0) {
        order = (left->order > right->order) - (left->order < right->order);
    }
    return order;
}

void diagnostics_sort(struct diagnostics *list) {
    CLEANUP(memory_freep) struct arrival *arrivals = memory_new(list->count, sizeof(*arrivals));

    for (size_t i = 0; i < list->count; i++) {
        arrivals[i] = (struct arrival){.diagnostic = list->items[i], .order = i};
    }
    qsort(arrivals, list->count, sizeof(*arrivals), arrival_compare);
    for (size_t i = 0; i < list->count; i++) {
        list->items[i] = arrivals[i].diagnostic;
    }
}

static bool strings_equal(const char *left, const char *right) {
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

static bool diagnostic_equal(const struct diagnostic *left, const struct diagnostic *right) {
    return left->severity == right->severity &&
           left->about_remote_write == right->about_remote_write &&
           left->location.line == right->location.line &&
           left->location.column == right->location.column &&
           strings_equal(left->location.file, right->location.file) &&
           strings_equal(left->subject, right->subject) &&
           strings_equal(left->field, right->field) &&
           strings_equal(left->problem, right->problem) &&
           strings_equal(left->remedy, right->remedy);
}

bool diagnostics_equal(const struct diagnostics *left, const struct diagnostics *right) {
    if (left->count != right->count) {
        return false;
    }
    for (size_t i = 0; i < left->count; i++) {
        if (!diagnostic_equal(&left->items[i], &right->items[i])) {
            return false;
        }
    }
    return true;
}

const char *severity_name(enum severity severity) {
    static const char *const names[] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_ERROR] = "error",
    };
    return names[severity];
}

static void append_escape(struct buffer *out, uint32_t character) {
    switch (character) {
    case '\n':
        buffer_append_string(out, "\\n");
        break;
    case '\r':
        buffer_append_string(out, "\\r");
        break;
    case '\t':
        buffer_append_string(out, "\\t");
        break;
    default:
        buffer_printf(out, character < 0x80 ? "\\x%02x" : "\\u%04X", (unsigned)character);
        break;
    }
}

static void append_escaped(struct buffer *out, const char *string) {
    struct bytes text = bytes_of(string);
    size_t offset = 0;

    while (offset < text.length) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, offset, &character);
        if (length == 0) {
            buffer_printf(out, "\\x%02x", (unsigned)(unsigned char)text.data[offset]);
            length = 1;
        } else if (utf8_is_invisible(character)) {
            append_escape(out, character);
        } else {
            buffer_append(out, bytes_slice(text, offset, offset + length));
        }
        offset += length;
    }
}

void diagnostic_format(const struct diagnostic *diagnostic, struct buffer *out) {
    const struct location *location = &diagnostic->location;

    if (location->file != NULL) {
        append_escaped(out, location->file);
        if (location->line > 0) {
            buffer_printf(out, ":%u", location->line);
        }
        if (location->line > 0 && location->column > 0) {
            buffer_printf(out, ":%u", location->column);
        }
        buffer_append_string(out, ": ");
    }
    buffer_append_string(out, severity_name(diagnostic->severity));
    buffer_append_string(out, ": ");
    if (diagnostic->subject != NULL) {
        buffer_append_char(out, '[');
        append_escaped(out, diagnostic->subject);
        buffer_append_string(out, "] ");
    }
    if (diagnostic->field != NULL) {
        append_escaped(out, diagnostic->field);
        buffer_append_string(out, ": ");
    }
    append_escaped(out, diagnostic->problem);
    if (diagnostic->remedy != NULL) {
        buffer_append_string(out, "; ");
        append_escaped(out, diagnostic->remedy);
    }
}
