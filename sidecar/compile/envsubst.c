/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $(NAME) in the base config becomes the value that the environment has for NAME. One pass over the
 * text and nothing recursive: a value that holds $(OTHER) stays as it is, as in
 * prometheus-config-reloader.
 */
#include "compile/envsubst.h"

#include "spec/expansion.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static const char unset_remedy[] = "set it for the sidecar's container, or write the value out";

/* A $(NAME) that the environment does not have. */
struct unset {
    struct bytes name;
    struct location location;
};

struct unset_list {
    struct unset *items;
    size_t count;
    size_t capacity;
};

/* Where a reading of the text stands, counted as diagnostics count. */
struct cursor {
    size_t offset;
    unsigned line;
    unsigned column;
};

static void cursor_advance(struct cursor *cursor, struct bytes text, size_t to) {
    for (; cursor->offset < to; cursor->offset++) {
        unsigned char byte = (unsigned char)text.data[cursor->offset];
        if (byte == '\n') {
            cursor->line++;
            cursor->column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            /* A continuation byte of UTF-8 is no character of its own. */
            cursor->column++;
        }
    }
}

static int unset_compare(const void *left, const void *right) {
    const struct unset *a = left;
    const struct unset *b = right;
    int order = bytes_compare(a->name, b->name);
    if (order != 0) {
        return order;
    }
    /* Both names are slices of one text: the earlier one first. */
    return (a->name.data > b->name.data) - (a->name.data < b->name.data);
}

/* One warning a name, where it stands first. */
static void unset_report(struct unset_list *unset, struct diagnostics *diagnostics) {
    if (unset->count == 0) {
        return;
    }
    qsort(unset->items, unset->count, sizeof(*unset->items), unset_compare);
    for (size_t i = 0; i < unset->count; i++) {
        const struct unset *item = &unset->items[i];
        if (i > 0 && bytes_equal(item->name, unset->items[i - 1].name)) {
            continue;
        }
        diagnostics_add(diagnostics, SEVERITY_WARNING, item->location, NULL, NULL, unset_remedy,
                        "$(%.*s) is left as it is: the environment has no variable of that name",
                        BYTES_ARG(item->name));
    }
}

struct bytes environment_substitute(struct arena *arena, struct bytes text,
                                    const struct environment_variable *environment, size_t count,
                                    const char *file, struct diagnostics *diagnostics,
                                    size_t *ret_errors) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct unset_list unset = {0};
    struct cursor cursor = {.line = 1, .column = 1};
    struct bytes name;
    bool replaced = false;
    size_t copied = 0;
    size_t from = 0;

    while (environment_reference_next(text, from, &name)) {
        size_t start = (size_t)(name.data - text.data) - strlen("$(");
        size_t end = start + strlen("$(") + name.length + strlen(")");
        const struct environment_variable *variable = environment_find(environment, count, name);
        if (variable != NULL) {
            buffer_append(&out, bytes_slice(text, copied, start));
            buffer_append_string(&out, variable->value);
            copied = end;
            replaced = true;
        } else {
            cursor_advance(&cursor, text, start);
            unset.items =
                arena_grow(arena, unset.items, unset.count, &unset.capacity, sizeof(*unset.items));
            unset.items[unset.count++] =
                (struct unset){name, {.file = file, .line = cursor.line, .column = cursor.column}};
        }
        from = end;
    }
    unset_report(&unset, diagnostics);
    *ret_errors = unset.count;
    if (!replaced) {
        return text;
    }
    buffer_append(&out, bytes_slice(text, copied, text.length));
    return arena_bytes(arena, buffer_bytes(&out));
}
