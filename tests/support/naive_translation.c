/* SPDX-License-Identifier: Apache-2.0 */

/* A translation without judgement. */

#include "support/naive_translation.h"

#include "spec/schema.h"
#include "support/manifest_generator.h"

#include <string.h>

struct naive {
    struct arena *arena;
    const char *name;
    struct version version;
    const struct field *known_anyway;
};

static bool knows(const struct naive *naive, const struct field *field) {
    return field == naive->known_anyway || field_known_by(field, naive->version);
}

static struct node *raw(struct arena *arena, const json_t *value) {
    struct node *node;
    const char *key;
    json_t *item;
    size_t index;

    switch (json_typeof(value)) {
    case JSON_TRUE:
    case JSON_FALSE:
        return node_new_bool(arena, json_is_true(value));
    case JSON_INTEGER:
        return node_new_integer(arena, json_integer_value(value));
    case JSON_ARRAY:
        node = node_new_sequence(arena);
        json_array_foreach(value, index, item) {
            node_append(arena, node, raw(arena, item));
        }
        return node;
    case JSON_OBJECT:
        node = node_new_mapping(arena);
        /* jansson wants the object writable, and leaves it as it is */
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
            node_put(arena, node, key, raw(arena, item));
        }
        return node;
    case JSON_REAL:
        return node_new_string(arena, bytes_of(arena_format(arena, "%g", json_real_value(value))));
    case JSON_STRING:
    case JSON_NULL:
        break;
    }
    return node_new_string(arena,
                           (struct bytes){json_string_value(value), json_string_length(value)});
}

static const char *secret_value(const json_t *reference) {
    const char *key = json_string_value(json_object_get(reference, "key"));

    for (size_t i = 0; key != NULL && i < generator_secret_count; i++) {
        if (strcmp(generator_secrets[i].key, key) == 0)
            return generator_secrets[i].value;
    }
    return NULL;
}

/* The secret's text, without the line break at its end where it is a credential. */
static struct node *inline_secret(struct arena *arena, const struct field *field,
                                  const char *text) {
    struct bytes bytes = bytes_of(text);

    if ((field->flags & FIELD_CREDENTIAL) != 0 && bytes_ends_with(bytes, BYTES("\n")))
        bytes.length--;
    return node_new_string(arena, bytes);
}

static void put_secret(struct naive *naive, const struct field *field, const json_t *value,
                       const char *path, struct node *out) {
    static const char *const places[] = {"secret", "configMap"};
    const json_t *reference = value;
    const char *text;

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const json_t *place = json_object_get(value, places[i]);

        /* one without a key is none */
        if (json_string_length(json_object_get(place, "key")) > 0) {
            reference = place;
            break;
        }
    }
    text = field->type == FIELD_STRING ? json_string_value(value) : secret_value(reference);
    if (text == NULL)
        return;
    if (field->secret == SECRET_INLINE)
        node_put_path(naive->arena, out, field->key, inline_secret(naive->arena, field, text));
    else
        node_put_path(
            naive->arena, out, arena_format(naive->arena, "%s_file", field->key),
            node_new_string(naive->arena, bytes_of(arena_format(naive->arena, "secrets/d_%s_%s",
                                                                naive->name, path))));
}

static void put_secret_lists(struct naive *naive, const struct field *field, const json_t *value,
                             struct node *out) {
    struct node *map = node_new_mapping(naive->arena);
    const char *key;
    json_t *list;

    json_object_foreach((json_t *)(uintptr_t)value, key, list) {
        struct node *items = node_new_sequence(naive->arena);
        json_t *item;
        size_t index;

        json_array_foreach(list, index, item) {
            if (secret_value(item) != NULL)
                node_append(naive->arena, items,
                            inline_secret(naive->arena, field, secret_value(item)));
        }
        if (items->sequence.count > 0)
            node_put(naive->arena, map, key, items);
    }
    if (map->mapping.count > 0)
        node_put_path(naive->arena, out, field->key, map);
}

static bool is_left_out(const struct field *field, const json_t *value) {
    bool empty = json_is_string(value) && json_string_length(value) == 0;

    if (json_is_null(value) || (field->flags & FIELD_OVERRIDDEN) != 0)
        return true;
    if (empty && (field->flags & FIELD_EMPTY_IS_VALUE) == 0)
        return true;
    if ((json_is_array(value) && json_array_size(value) == 0) ||
        (json_is_object(value) && json_object_size(value) == 0 && field->type != FIELD_OBJECT))
        return true;
    return json_is_integer(value) && json_integer_value(value) == 0 &&
           (field->flags & FIELD_ZERO_IS_ABSENT) != 0;
}

static void put_object(struct naive *naive, const struct schema *schema, const json_t *value,
                       const char *path, struct node *out);

static struct node *object_node(struct naive *naive, const struct schema *schema,
                                const json_t *value, const char *path) {
    struct node *map = node_new_mapping(naive->arena);

    put_object(naive, schema, value, path, map);
    return map;
}

static const char *word_value(const struct field *field, const char *word) {
    for (size_t i = 0; i < field->word_count; i++) {
        if (strcmp(field->words[i].word, word) == 0)
            return field->words[i].value;
    }
    return word;
}

static void put_field(struct naive *naive, const struct field *field, const json_t *value,
                      const char *path, struct node *out) {
    struct arena *arena = naive->arena;
    struct node *node = NULL;

    if (field->type == FIELD_SECRET_LIST_MAP && json_is_object(value)) {
        put_secret_lists(naive, field, value, out);
        return;
    }
    if (field->secret != SECRET_NONE && (json_is_object(value) || field->type == FIELD_STRING)) {
        put_secret(naive, field, value, path, out);
        return;
    }
    if (field->type == FIELD_OBJECT && json_is_object(value)) {
        node = object_node(naive, field->object, value, path);
    } else if (field->type == FIELD_OBJECT_LIST && json_is_array(value)) {
        json_t *item;
        size_t index;

        node = node_new_sequence(arena);
        json_array_foreach(value, index, item) {
            node_append(arena, node,
                        json_is_object(item) ? object_node(naive, field->object, item, path)
                                             : raw(arena, item));
        }
    } else if (field->type == FIELD_ENUM && json_is_string(value)) {
        node = node_new_string(arena, bytes_of(word_value(field, json_string_value(value))));
    } else {
        node = raw(arena, value);
    }
    node_put_path(arena, out, field->key, node);
}

/* Headers for a proxy that the version does not know how to find are left out with it. */
static bool is_without_proxy(const struct naive *naive, const struct field *field,
                             const json_t *object) {
    return field->type == FIELD_SECRET_LIST_MAP &&
           version_compare(naive->version, (struct version){2, 43, 0}) < 0 &&
           json_string_length(json_object_get(object, "proxyUrl")) == 0 &&
           json_is_true(json_object_get(object, "proxyFromEnvironment"));
}

static void put_object(struct naive *naive, const struct schema *schema, const json_t *value,
                       const char *path, struct node *out) {
    const char *key;
    json_t *item;

    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        item = json_object_get(value, field->name);
        if (item == NULL || is_left_out(field, item) || !knows(naive, field) ||
            is_without_proxy(naive, field, value))
            continue;
        put_field(naive, field, item,
                  path[0] == '\0' ? field->name
                                  : arena_format(naive->arena, "%s.%s", path, field->name),
                  out);
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        if (schema_index(schema, key) == SCHEMA_NO_FIELD)
            node_put(naive->arena, out, key, raw(naive->arena, item));
    }
}

struct node *naive_entry(struct arena *arena, const json_t *spec, const char *name,
                         struct version version) {
    return naive_entry_with(arena, spec, name, version, NULL);
}

struct node *naive_entry_with(struct arena *arena, const json_t *spec, const char *name,
                              struct version version, const struct field *known_anyway) {
    struct naive naive = {
        .arena = arena, .name = name, .version = version, .known_anyway = known_anyway};
    struct node *entry = node_new_mapping(arena);
    const json_t *metadata = json_object_get(spec, "metadataConfig");
    const char *message = json_string_value(json_object_get(spec, "messageVersion"));
    bool second = message != NULL && strcmp(message, "V2.0") == 0 &&
                  version_compare(version, (struct version){2, 54, 0}) >= 0;

    put_object(&naive, &remote_write_schema, spec, "", entry);
    node_put(arena, entry, "name", node_new_string(arena, bytes_of(name)));
    if (json_is_object(metadata) && (second || !json_is_boolean(json_object_get(metadata, "send"))))
        node_put_path(arena, entry, "metadata_config.send", node_new_bool(arena, false));
    return entry;
}
