/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces $(NAME) in one pass over a text: a value that holds $(OTHER) stays as it is. Names of
 * variables are shown in diagnostics, their values never. */

#include "spec/expansion.h"

#include "base/compiler.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN_MAX 80

static bool is_name_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

bool environment_reference_next(struct bytes text, size_t from, struct bytes *ret_name) {
    size_t at = bytes_find(text, BYTES("$("), from);

    while (at != SIZE_MAX) {
        size_t start = at + 2;
        size_t end = start;

        while (end < text.length && is_name_byte(text.data[end]))
            end++;
        if (end > start && end < text.length && text.data[end] == ')') {
            *ret_name = bytes_slice(text, start, end);
            return true;
        }
        at = bytes_find(text, BYTES("$("), start);
    }
    return false;
}

static int variable_compare(const void *name, const void *variable) {
    return bytes_compare(*(const struct bytes *)name,
                         bytes_of(((const struct environment_variable *)variable)->name));
}

const struct environment_variable *environment_find(const struct environment_variable *variables,
                                                    size_t count, struct bytes name) {
    return count == 0 ? NULL
                      : bsearch(&name, variables, count, sizeof(*variables), variable_compare);
}

/* Where a reference is reported. */
struct place {
    struct scope *scope;
    const struct field *field;
    const struct node *node;
    const char *path;
};

/* "$(NAME)"; what may be a part of a secret is not shown. */
static const char *shown(const struct place *place, struct bytes name) {
    if ((place->field->flags & (FIELD_SENSITIVE | FIELD_CREDENTIAL)) != 0)
        return "a $(...)";
    return arena_format(place->scope->arena, "$(%.*s)",
                        BYTES_ARG(bytes_slice(name, 0, NAME_SHOWN_MAX)));
}

static void report_left(const struct place *place, struct bytes name) {
    const struct expansion *expansion = place->scope->expansion;
    const char *why = "--expand-environment is off";
    const char *remedy = "write the value out, or run with --expand-environment";

    if (expansion->bound) {
        why = "nothing is replaced in a directory that is bound to a namespace "
              "(--expand-environment is for others)";
        remedy = "write the value out";
    } else if (expansion->enabled) {
        why = "the environment has no variable of that name";
        remedy = "set it for the sidecar's container, or write the value out";
    }
    scope_report(place->scope, SEVERITY_WARNING, place->node, place->path, remedy,
                 "%s is left as it is: %s", shown(place, name), why);
}

/* Appends a variable's value; false, reported, where the text cannot take it. */
static bool append_value(const struct place *place, struct bytes name, struct bytes value,
                         struct buffer *out) {
    if (!bytes_is_text(value))
        scope_report(place->scope, SEVERITY_ERROR, place->node, place->path,
                     "give the variable a value in UTF-8", "%s has a value that is no UTF-8 text",
                     shown(place, name));
    else if (value.length > EXPANDED_SIZE_MAX - out->length)
        scope_report(place->scope, SEVERITY_ERROR, place->node, place->path,
                     "name shorter variables, or fewer", "is longer than 1 MiB with %s",
                     shown(place, name));
    else {
        buffer_append(out, value);
        return true;
    }
    return false;
}

bool expansion_apply(struct scope *scope, const struct field *field, const struct node *node,
                     const char *path, struct bytes *text) {
    const struct expansion *expansion = scope->expansion;
    const struct place place = {scope, field, node, path};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct bytes name;
    size_t from = 0;

    if (!scope->expands || !environment_reference_next(*text, 0, &name))
        return true;
    if (!expansion->enabled || expansion->bound) {
        report_left(&place, name);
        return true;
    }
    while (environment_reference_next(*text, from, &name)) {
        size_t start = (size_t)(name.data - text->data) - strlen("$(");
        size_t end = start + strlen("$()") + name.length;
        const struct environment_variable *variable =
            environment_find(expansion->variables, expansion->count, name);

        if (variable == NULL)
            report_left(&place, name);
        if (!append_value(&place, name, bytes_slice(*text, from, start), &out) ||
            !append_value(&place, name,
                          variable != NULL ? bytes_of(variable->value)
                                           : bytes_slice(*text, start, end),
                          &out))
            return false;
        from = end;
    }
    if (!append_value(&place, BYTES(""), bytes_slice(*text, from, text->length), &out))
        return false;
    *text = arena_bytes(scope->arena, buffer_bytes(&out));
    return true;
}
