/* SPDX-License-Identifier: Apache-2.0 */

/* The CustomResourceDefinitions of both API groups, printed from the schema table: structural
 * OpenAPI v3. */

#include "base/compiler.h"
#include "command/command.h"
#include "command/report.h"
#include "spec/schema.h"
#include "yaml/emit.h"
#include "yaml/tree.h"

#include <string.h>

#define DURATION_PATTERN \
    "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"
#define URL_PATTERN       "^(http|https)://.+$"
#define PROXY_URL_PATTERN "^(http|https|socks5)://.+$"

struct definition {
    const char *group;
    const struct schema *document;
    const char *url_path; /* of the printer column */
};

static const struct definition definitions[] = {
    {"monitoring.giantswarm.io", &giantswarm_document_schema, ".spec.remoteWrite.url"},
    {"monitoring.coreos.com", &coreos_document_schema, ".spec.url"},
};

static struct node *object_schema(struct arena *arena, const struct schema *schema);

static void put_text(struct arena *arena, struct node *map, const char *key, const char *text) {
    node_put(arena, map, key, node_new_string(arena, bytes_of(text)));
}

static struct node *typed(struct arena *arena, const char *type) {
    struct node *map = node_new_mapping(arena);

    put_text(arena, map, "type", type);
    return map;
}

static struct node *array_of(struct arena *arena, struct node *items) {
    struct node *array = typed(arena, "array");

    node_put(arena, array, "items", items);
    return array;
}

static struct node *map_of(struct arena *arena, struct node *values) {
    struct node *map = typed(arena, "object");

    node_put(arena, map, "additionalProperties", values);
    return map;
}

static struct node *reference_node(struct arena *arena, const struct schema *schema) {
    struct node *node = object_schema(arena, schema);

    put_text(arena, node, "x-kubernetes-map-type", "atomic");
    return node;
}

static struct node *string_schema(struct arena *arena, const struct field *field) {
    struct node *node = typed(arena, "string");
    const char *pattern = field->pattern;

    if (field->type == FIELD_DURATION)
        pattern = DURATION_PATTERN;
    else if (field->type == FIELD_URL)
        pattern = URL_PATTERN;
    else if (field->type == FIELD_PROXY_URL)
        pattern = PROXY_URL_PATTERN;
    if (field->min_length > 0)
        node_put(arena, node, "minLength", node_new_integer(arena, (int64_t)field->min_length));
    if (pattern != NULL)
        put_text(arena, node, "pattern", pattern);
    if (field->word_count > 0) {
        struct node *words = node_new_sequence(arena);

        for (size_t i = 0; i < field->word_count; i++)
            node_append(arena, words, node_new_string(arena, bytes_of(field->words[i].word)));
        node_put(arena, node, "enum", words);
    }
    return node;
}

static struct node *integer_schema(struct arena *arena, const struct field *field) {
    struct node *node = typed(arena, "integer");

    if (field->format != NULL)
        put_text(arena, node, "format", field->format);
    if ((field->flags & FIELD_BOUNDED_BELOW) != 0)
        node_put(arena, node, "minimum", node_new_integer(arena, field->minimum));
    return node;
}

static struct node *bytes_map_schema(struct arena *arena) {
    struct node *value = typed(arena, "string");

    put_text(arena, value, "format", "byte");
    return map_of(arena, value);
}

static struct node *field_schema(struct arena *arena, const struct field *field) {
    switch (field->type) {
    case FIELD_STRING:
    case FIELD_DURATION:
    case FIELD_URL:
    case FIELD_PROXY_URL:
    case FIELD_ENUM:
        return string_schema(arena, field);
    case FIELD_BOOL:
        return typed(arena, "boolean");
    case FIELD_INTEGER:
        return integer_schema(arena, field);
    case FIELD_STRING_LIST:
        return array_of(arena, typed(arena, "string"));
    case FIELD_STRING_MAP:
        return map_of(arena, typed(arena, "string"));
    case FIELD_BYTES_MAP:
        return bytes_map_schema(arena);
    case FIELD_OBJECT:
        return object_schema(arena, field->object);
    case FIELD_OBJECT_LIST:
        return array_of(arena, object_schema(arena, field->object));
    case FIELD_SECRET:
        return reference_node(arena, &reference_schema);
    case FIELD_SECRET_OR_CONFIGMAP:
        return object_schema(arena, &reference_choice_schema);
    case FIELD_SECRET_LIST_MAP:
        return map_of(arena, array_of(arena, reference_node(arena, &reference_schema)));
    case FIELD_ANYTHING:
        return typed(arena, "object");
    }
    return typed(arena, "object");
}

static struct node *object_schema(struct arena *arena, const struct schema *schema) {
    struct node *node = typed(arena, "object");
    struct node *properties = node_new_mapping(arena);
    struct node *required = node_new_sequence(arena);

    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        struct node *property = field_schema(arena, field);

        put_text(arena, property, "description", field->help);
        node_put(arena, properties, field->name, property);
        if ((field->flags & FIELD_REQUIRED) != 0)
            node_append(arena, required, node_new_string(arena, bytes_of(field->name)));
    }
    node_put(arena, node, "properties", properties);
    if (required->sequence.count > 0)
        node_put(arena, node, "required", required);
    return node;
}

/* status: objects that were configured, as references (core/v1 ObjectReference). */
static struct node *status_schema(struct arena *arena) {
    static const char *const reference[] = {"apiVersion", "fieldPath",       "kind", "name",
                                            "namespace",  "resourceVersion", "uid"};
    static const struct {
        const char *name;
        const char *help;
    } lists[] = {
        {"configuredPrometheuses", "Prometheuses that were given this RemoteWrite."},
        {"syncedSecrets", "Secrets that were made for this RemoteWrite."},
    };
    struct node *properties = node_new_mapping(arena);
    struct node *status = typed(arena, "object");

    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        struct node *item = typed(arena, "object");
        struct node *fields = node_new_mapping(arena);
        struct node *list;

        for (size_t j = 0; j < ARRAY_LENGTH(reference); j++)
            node_put(arena, fields, reference[j], typed(arena, "string"));
        node_put(arena, item, "properties", fields);
        list = array_of(arena, item);
        put_text(arena, list, "description", lists[i].help);
        node_put(arena, properties, lists[i].name, list);
    }
    node_put(arena, status, "properties", properties);
    put_text(arena, status, "description", "What became of it.");
    return status;
}

static struct node *column(struct arena *arena, const char *name, const char *type,
                           const char *path) {
    struct node *node = node_new_mapping(arena);

    put_text(arena, node, "name", name);
    put_text(arena, node, "type", type);
    put_text(arena, node, "jsonPath", path);
    return node;
}

static struct node *version_node(struct arena *arena, const struct definition *definition) {
    struct node *version = node_new_mapping(arena);
    struct node *schema = object_schema(arena, definition->document);
    struct node *columns = node_new_sequence(arena);
    struct node *properties = node_new_mapping(arena);

    put_text(arena, schema, "description",
             "Where the metrics of a team go, in Prometheus's remote_write.");
    /* metadata belongs to the API server, which allows no properties or description here */
    node_put_path(arena, schema, "properties.metadata", typed(arena, "object"));
    node_put_path(arena, schema, "properties.status", status_schema(arena));
    node_put(arena, properties, "openAPIV3Schema", schema);
    node_append(arena, columns, column(arena, "URL", "string", definition->url_path));
    node_append(arena, columns, column(arena, "Age", "date", ".metadata.creationTimestamp"));

    put_text(arena, version, "name", "v1alpha1");
    node_put(arena, version, "served", node_new_bool(arena, true));
    node_put(arena, version, "storage", node_new_bool(arena, true));
    node_put(arena, version, "additionalPrinterColumns", columns);
    node_put(arena, version, "schema", properties);
    node_put_path(arena, version, "subresources.status", node_new_mapping(arena));
    return version;
}

static struct node *definition_node(struct arena *arena, const struct definition *definition) {
    struct node *root = node_new_mapping(arena);
    struct node *versions = node_new_sequence(arena);

    put_text(arena, root, "apiVersion", "apiextensions.k8s.io/v1");
    put_text(arena, root, "kind", "CustomResourceDefinition");
    node_put_path(arena, root, "metadata.name",
                  node_new_string(
                      arena, bytes_of(arena_format(arena, "remotewrites.%s", definition->group))));
    node_put_path(arena, root, "spec.group", node_new_string(arena, bytes_of(definition->group)));
    node_put_path(arena, root, "spec.names.kind", node_new_string(arena, BYTES("RemoteWrite")));
    node_put_path(arena, root, "spec.names.listKind",
                  node_new_string(arena, BYTES("RemoteWriteList")));
    node_put_path(arena, root, "spec.names.plural", node_new_string(arena, BYTES("remotewrites")));
    node_put_path(arena, root, "spec.names.singular", node_new_string(arena, BYTES("remotewrite")));
    node_put_path(arena, root, "spec.scope", node_new_string(arena, BYTES("Namespaced")));
    node_append(arena, versions, version_node(arena, definition));
    node_put_path(arena, root, "spec.versions", versions);
    return root;
}

enum exit_status crd_execute(const struct invocation *invocation) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer text = {0};

    (void)invocation;
    for (size_t i = 0; i < ARRAY_LENGTH(definitions); i++) {
        buffer_append_string(&text, "---\n");
        emit_block(&text, definition_node(arena, &definitions[i]), 0, "\n");
    }
    return output_write(buffer_bytes(&text));
}
