/* SPDX-License-Identifier: Apache-2.0 */

/* See yaml_text.h. */

#include "support/yaml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct yaml_text yaml_text_read(const char *text) {
    return yaml_text_read_bytes(bytes_of(text), &yaml_default_limits);
}

struct yaml_text yaml_text_read_bytes(struct bytes text, const struct yaml_limits *limits) {
    struct yaml_text read = {.arena = arena_new()};

    read.diagnostics = diagnostics_in(read.arena);
    read.result = tree_parse(read.arena, text, limits, "t.yaml", &read.diagnostics, &read.documents,
                             &read.count);
    return read;
}

void yaml_text_free(struct yaml_text *text) {
    arena_freep(&text->arena);
}

const struct node *yaml_text_root(const struct yaml_text *text) {
    assert_string_equal(yaml_text_message(text, 0), "");
    assert_int_equal(text->result, 0);
    assert_int_equal(text->count, 1);
    assert_false(text->documents[0].failed);
    return text->documents[0].root;
}

const char *yaml_text_message(const struct yaml_text *text, size_t index) {
    CLEANUP(buffer_free) struct buffer message = {0};

    if (index < text->diagnostics.count) {
        diagnostic_format(&text->diagnostics.items[index], &message);
    }
    return arena_string(text->arena, buffer_bytes(&message));
}

const char *yaml_text_value(const struct node *node) {
    if (node == NULL) {
        return "(none)";
    }
    if (node->type != NODE_SCALAR) {
        return node->type == NODE_SEQUENCE ? "(list)" : "(mapping)";
    }
    return node->scalar.text.data;
}
