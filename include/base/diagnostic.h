/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_DIAGNOSTIC_H
#define SIDECAR_BASE_DIAGNOSTIC_H

/* What a stage has to say. A stage never prints and never exits: it appends diagnostics and goes on
 * with whatever is still good. The log, check, and the status page are views of the same list. */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum severity {
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
};

/* line and column count from 1, in characters; line 0: the file as a whole; column 0: the line as a
 * whole. file NULL: no file is to blame. */
struct location {
    const char *file;
    unsigned line;
    unsigned column;
};

struct diagnostic {
    enum severity severity;
    struct location location;
    const char *subject; /* "namespace/name" of the RemoteWrite, or NULL */
    const char *field;   /* "spec.remoteWrite.url", or NULL */
    const char *problem; /* what is wrong */
    const char *remedy;  /* what to do, or NULL for an info */
    /* It is about a RemoteWrite that has a state of its own; false: about a file, a folder, another
     * document. */
    bool about_remote_write;
};

/* Items and their strings live in the arena, which the list does not own. */
struct diagnostics {
    struct arena *arena;
    struct diagnostic *items;
    size_t count;
    size_t capacity;
};

struct diagnostics diagnostics_in(struct arena *arena);

/* Appends one; strings are copied into the arena. problem comes from the format. Never put a
 * secret's value in. */
void diagnostics_add(struct diagnostics *list, enum severity severity, struct location location,
                     const char *subject, const char *field, const char *remedy, const char *format,
                     ...) PRINTF_LIKE(7, 8);

/* Appends one of another list, with its strings. */
void diagnostics_add_copy(struct diagnostics *list, const struct diagnostic *other);

/* Appends the items of another list without copying their strings: other's arena has to outlive
 * list. */
void diagnostics_append(struct diagnostics *list, const struct diagnostics *other);

size_t diagnostics_count(const struct diagnostics *list, enum severity at_least);

/* By file, line, column, then order of arrival. */
void diagnostics_sort(struct diagnostics *list);

/* The same items, string for string, in the same order. */
bool diagnostics_equal(const struct diagnostics *left, const struct diagnostics *right);

const char *severity_name(enum severity severity);

/* PATH:LINE:COLUMN: error|warning|info: [namespace/name] field.path: what is wrong; what to do
 * Without a newline; parts that are absent are left out with their punctuation; control characters
 * in any part are written as escapes (\n, \x1b), so that one diagnostic is always one line. */
void diagnostic_format(const struct diagnostic *diagnostic, struct buffer *out);

#endif
