/* SPDX-License-Identifier: Apache-2.0 */

/* Walks an entry along the schema table. */

#include "compile/inline_secret.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "spec/schema.h"
#include "spec/url.h"

#include <string.h>

static const struct node *node_at(const struct node *mapping, const char *key) {
    char part[64];
    const char *dot = strchr(key, '.');

    if (mapping == NULL || mapping->type != NODE_MAPPING)
        return NULL;
    if (dot == NULL)
        return node_get(mapping, key);
    if ((size_t)(dot - key) >= sizeof(part))
        return NULL;
    memcpy(part, key, (size_t)(dot - key));
    part[dot - key] = '\0';
    return node_at(node_get(mapping, part), dot + 1);
}

static bool shows_userinfo(const struct field *field, const struct node *value) {
    const char *const *schemes =
        field->type == FIELD_PROXY_URL ? url_proxy_schemes : url_http_schemes;
    struct url url;

    return (field->type == FIELD_URL || field->type == FIELD_PROXY_URL) &&
           value->type == NODE_SCALAR && url_parse(value->scalar.text, schemes, &url) == NULL &&
           url.has_userinfo;
}

static bool shows_secret(const struct schema *schema, const struct node *mapping) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const struct node *value = field->key != NULL ? node_at(mapping, field->key) : NULL;

        if (value == NULL)
            continue;
        if (field->secret != SECRET_NONE || (field->flags & FIELD_SENSITIVE) != 0 ||
            shows_userinfo(field, value))
            return true;
        if (field->type == FIELD_OBJECT && shows_secret(field->object, value))
            return true;
    }
    return false;
}

bool form_has_inline_secret(const struct form *form) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;

    if (form->node != NULL)
        return shows_secret(&remote_write_schema, form->node);
    if (tree_parse(arena, form->entry, &yaml_default_limits, "entry", &diagnostics, &documents,
                   &count) < 0 ||
        count != 1 || documents[0].root == NULL || documents[0].root->type != NODE_MAPPING)
        return true;
    return shows_secret(&remote_write_schema, documents[0].root);
}
