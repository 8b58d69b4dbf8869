/* SPDX-License-Identifier: Apache-2.0 */

/* Which keys hold secrets is not said here but by the schema table, so that a new field is masked
 * from its first day. */

#include "web/mask.h"

#include "spec/schema.h"
#include "spec/url.h"
#include "web/escape.h"
#include "yaml/emit.h"
#include "yaml/tree.h"

static const char mask[] = "<secret>";

/* "credentials" of "authorization.credentials". */
static struct bytes last_part(const char *key) {
    const char *dot = strrchr(key, '.');

    return bytes_of(dot != NULL ? dot + 1 : key);
}

static bool schema_hides(const struct schema *schema, struct bytes key) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        bool secret = field->secret != SECRET_NONE || (field->flags & FIELD_SENSITIVE) != 0;

        if (secret && field->key != NULL && bytes_equal(last_part(field->key), key)) {
            return true;
        }
        if (field->object != NULL && schema_hides(field->object, key)) {
            return true;
        }
    }
    return false;
}

static struct node *masked(struct arena *arena, const struct node *node);

static struct node *masked_value(struct arena *arena, struct bytes key, const struct node *value) {
    if (schema_hides(&remote_write_schema, key)) {
        return node_new_string(arena, bytes_of(mask));
    }
    if (bytes_ends_with(key, BYTES("url")) && value->type == NODE_SCALAR) {
        return node_new_string(arena, bytes_of(url_masked(arena, value->scalar.text)));
    }
    return masked(arena, value);
}

/* Shares what it does not change. As deep as the entry, which the parser bounds. */
static struct node *masked(struct arena *arena, const struct node *node) {
    struct node *copy = ARENA_NEW(arena, struct node);

    *copy = *node;
    if (node->type == NODE_SEQUENCE) {
        size_t count = node->sequence.count;
        copy->sequence.items = ARENA_NEW_ARRAY(arena, struct node *, count);
        for (size_t i = 0; i < count; i++) {
            copy->sequence.items[i] = masked(arena, node->sequence.items[i]);
        }
    } else if (node->type == NODE_MAPPING) {
        size_t count = node->mapping.count;
        copy->mapping.pairs = ARENA_NEW_ARRAY(arena, struct node_pair, count);
        for (size_t i = 0; i < count; i++) {
            const struct node_pair *pair = &node->mapping.pairs[i];
            copy->mapping.pairs[i].key = pair->key;
            copy->mapping.pairs[i].value = masked_value(arena, pair->key->scalar.text, pair->value);
        }
    }
    return copy;
}

static const struct node *entry_parse(struct arena *arena, struct bytes text) {
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;

    if (tree_parse(arena, text, &yaml_default_limits, "entry", &diagnostics, &documents, &count) <
            0 ||
        count != 1 || documents[0].root == NULL || documents[0].root->type != NODE_MAPPING) {
        return NULL;
    }
    return documents[0].root;
}

/* A file name with a line break would end the comment. */
static void comment(struct buffer *out, const struct web_entry *entry) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, "%s/%s (%s)", entry->namespace, entry->name,
                  entry->file != NULL ? entry->file : "");
    buffer_append_string(out, "  # ");
    for (size_t i = 0; i < text.length; i++) {
        buffer_append_char(out, text.data[i] == '\n' || text.data[i] == '\r' ? ' ' : text.data[i]);
    }
    buffer_append_string(out, "\n");
}

void mask_section(const struct web_view *view, struct buffer *out) {
    const size_t indent = 2;

    for (size_t i = 0; i < view->entry_count; i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        const struct node *entry = entry_parse(arena, view->entries[i].text);

        comment(out, &view->entries[i]);
        if (entry != NULL) {
            emit_sequence_item(out, masked(arena, entry), indent, "\n");
        } else {
            buffer_append_string(out, "  # (cannot be shown)\n");
        }
    }
}
