/* SPDX-License-Identifier: Apache-2.0 */
/* Reads YAML nodes by the schema table: types, limits, unknown and missing fields, each said with
 * place and remedy. */

#include "spec/object.h"

#include "base/compiler.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "spec/base64.h"
#include "spec/expansion.h"
#include "spec/regex.h"
#include "spec/url.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much of a key as a path shows: every diagnostic and every item below would repeat the rest. */
#define KEY_SHOWN_MAX 80

static void mark_last(const struct scope *scope) {
    struct diagnostics *said = scope->diagnostics;

    said->items[said->count - 1].about_remote_write = scope->about_remote_write;
}

/* So much is said about one file or one RemoteWrite. The first error is always said: it decides. */
static bool is_heard(struct scope *scope, enum severity severity, struct location location) {
    struct diagnostics *said = scope->diagnostics;

    if (said->count < SCOPE_DIAGNOSTICS_MAX ||
        (severity == SEVERITY_ERROR && diagnostics_count(said, SEVERITY_ERROR) == 0))
        return true;
    if (said->count == SCOPE_DIAGNOSTICS_MAX) {
        diagnostics_add(said, severity, location, scope->subject, NULL,
                        "correct these first, the others are said then",
                        "there is more to say than these %d things", SCOPE_DIAGNOSTICS_MAX);
        mark_last(scope);
    }
    return false;
}

/* Of a plain value that begins with what looks like a blank and is none, or has it behind a colon:
 * that is what is to be corrected, whatever is said of the value. NULL: it is not so. */
static const char *odd_blank_remedy(struct scope *scope, const struct node *node) {
    struct bytes text = BYTES("");
    uint32_t character = 0;

    if (node != NULL && node->type == NODE_SCALAR && node->scalar.style == SCALAR_PLAIN)
        text = node->scalar.text;
    if (text.length > 0 && utf8_decode(text, 0, &character) > 0 && utf8_is_invisible(character))
        return arena_format(scope->arena,
                            "remove the character U+%04X before it, which looks like a blank",
                            (unsigned)character);
    for (size_t i = 0; i + 1 < text.length; i++) {
        if (text.data[i] == ':' && (unsigned char)text.data[i + 1] >= 0x80 &&
            utf8_decode(text, i + 1, &character) > 0 && utf8_is_invisible(character))
            return arena_format(scope->arena,
                                "write an ordinary blank behind its colon: U+%04X stands there, "
                                "which only looks like one",
                                (unsigned)character);
    }
    return NULL;
}

void scope_report(struct scope *scope, enum severity severity, const struct node *node,
                  const char *path, const char *remedy, const char *format, ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    struct location location = {.file = scope->file};
    char small[256];
    va_list arguments;
    va_list again;
    int length;

    if (node != NULL)
        location = node_location(node, scope->file);
    if (!is_heard(scope, severity, location)) {
        scope->errors += severity == SEVERITY_ERROR;
        return;
    }
    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (length >= 0) {
        char *text = buffer_reserve(&problem, (size_t)length + 1);

        vsnprintf(text, (size_t)length + 1, format, again);
        problem.length = (size_t)length;
    }
    va_end(again);

    if (severity == SEVERITY_ERROR) {
        const char *odd = odd_blank_remedy(scope, node);

        scope->errors++;
        remedy = odd != NULL ? odd : remedy;
    }
    diagnostics_add(scope->diagnostics, severity, location, scope->subject, path, remedy, "%s",
                    buffer_string(&problem));
    mark_last(scope);
}

/* Whether a wrong value of the field may be shown: one that stands where a secret, or something
 * with a secret in it, belongs may be a secret. */
static bool may_be_shown(const struct field *field, const struct node *node) {
    if ((field->flags & (FIELD_SENSITIVE | FIELD_CREDENTIAL)) != 0 || field->secret != SECRET_NONE)
        return false;
    return field->type <= FIELD_STRING_LIST && node->type == NODE_SCALAR &&
           node->scalar.style == SCALAR_PLAIN && node->scalar.text.length <= 40;
}

static void report_type(struct scope *scope, const struct field *field, const struct node *node,
                        const char *path, const char *wanted, const char *remedy) {
    if (may_be_shown(field, node))
        scope_report(scope, SEVERITY_ERROR, node, path, remedy, "must be %s, but %.*s is %s",
                     wanted, BYTES_ARG(node->scalar.text), node_type_name(node));
    else
        scope_report(scope, SEVERITY_ERROR, node, path, remedy, "must be %s, but this is %s",
                     wanted, node_type_name(node));
}

/* The text of a string node; false, reported, for anything else. */
static bool read_text(struct scope *scope, const struct field *field, const struct node *node,
                      const char *path, struct bytes *ret) {
    if (!node_is_string(node)) {
        report_type(scope, field, node, path, "a string",
                    node->type == NODE_SCALAR ? "put it in quotes" : "write a single value here");
        return false;
    }
    *ret = node->scalar.text;
    return expansion_apply(scope, field, node, path, ret);
}

static bool read_string(struct scope *scope, struct value *value) {
    const struct field *field = value->field;

    if (!read_text(scope, field, value->node, value->path, &value->as.text))
        return false;
    if (value->as.text.length == 0 && (field->flags & FIELD_EMPTY_IS_ABSENT) != 0)
        return true;
    if (value->as.text.length < field->min_length) {
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "give a value or leave the field out", "must not be empty");
        return false;
    }
    if (field->pattern != NULL && !regex_matches(field->pattern, value->as.text)) {
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "correct the value: it may have only what this pattern allows",
                     "does not match %s", field->pattern);
        return false;
    }
    if ((field->flags & FIELD_REGEX) != 0)
        value->no_regex = regex_check_re2(scope->arena, value->as.text, &value->regex_size);
    return true;
}

static bool read_duration(struct scope *scope, struct value *value) {
    static const char remedy[] = "write it as Prometheus does: 30s, 5m, 1h30m, 500ms";
    int result;

    if (!node_is_string(value->node)) {
        report_type(scope, value->field, value->node, value->path, "a duration", remedy);
        return false;
    }
    if (!read_text(scope, value->field, value->node, value->path, &value->as.text))
        return false;
    if (value->as.text.length == 0)
        return true;
    result = duration_parse(value->as.text, &value->milliseconds);
    if (result == -ERANGE)
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "write a shorter one (at most 292y)", "is too long a duration");
    else if (result < 0)
        scope_report(scope, SEVERITY_ERROR, value->node, value->path, remedy,
                     "\"%.*s\" is not a duration", BYTES_ARG(bytes_slice(value->as.text, 0, 40)));
    else if (value->milliseconds == 0 && (value->field->flags & FIELD_POSITIVE) != 0)
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "write 1ms or more, or leave the field out for Prometheus's default",
                     "must not be 0");
    return result == 0 && (value->milliseconds > 0 || (value->field->flags & FIELD_POSITIVE) == 0);
}

static bool read_url(struct scope *scope, struct value *value, const char *const *schemes,
                     const char *remedy) {
    struct url url;
    const char *wrong;

    if (!read_text(scope, value->field, value->node, value->path, &value->as.text))
        return false;
    if (value->as.text.length == 0 && (value->field->flags & FIELD_EMPTY_IS_ABSENT) != 0)
        return true;
    wrong = url_parse(value->as.text, schemes, &url);
    if (wrong != NULL)
        scope_report(scope, SEVERITY_ERROR, value->node, value->path, remedy,
                     "is not a usable URL: it %s", wrong);
    return wrong == NULL;
}

static bool read_enum(struct scope *scope, struct value *value) {
    const struct field *field = value->field;
    struct nearest nearest;
    struct bytes text;

    if (!read_text(scope, field, value->node, value->path, &text))
        return false;
    nearest = nearest_to(text);
    for (size_t i = 0; i < field->word_count; i++) {
        if (bytes_equal_string(text, field->words[i].word)) {
            value->as.word = &field->words[i];
            return true;
        }
        nearest_offer(&nearest, field->words[i].word);
    }
    if (nearest.best == NULL) {
        CLEANUP(buffer_free) struct buffer words = {0};

        for (size_t i = 0; i < field->word_count; i++)
            buffer_printf(&words, "%s%s", i > 0 ? ", " : "", field->words[i].word);
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     arena_format(scope->arena, "use one of: %s", buffer_string(&words)),
                     "\"%.*s\" is not known here", BYTES_ARG(bytes_slice(text, 0, 40)));
    } else {
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     arena_format(scope->arena, "did you mean %s?", nearest.best),
                     "\"%.*s\" is not known here", BYTES_ARG(bytes_slice(text, 0, 40)));
    }
    return false;
}

static bool read_bool(struct scope *scope, struct value *value) {
    const struct node *node = value->node;

    if (node->type != NODE_SCALAR || node->scalar.kind != SCALAR_BOOL) {
        report_type(scope, value->field, node, value->path, "a boolean",
                    "write true or false, without quotes");
        return false;
    }
    value->as.boolean = node->scalar.boolean;
    return true;
}

static bool read_integer(struct scope *scope, struct value *value) {
    const struct node *node = value->node;

    if (node->type != NODE_SCALAR || node->scalar.kind != SCALAR_INTEGER) {
        report_type(scope, value->field, node, value->path, "an integer",
                    "write a whole number, without quotes");
        return false;
    }
    value->as.integer = node->scalar.integer;
    if (value->as.integer == 0 && (value->field->flags & FIELD_ZERO_IS_ABSENT) != 0)
        scope_report(scope, SEVERITY_INFO, node, value->path, NULL,
                     "0 counts as absent, as in the API: Prometheus's default holds");
    if ((value->field->flags & FIELD_BOUNDED_BELOW) != 0 &&
        value->as.integer < value->field->minimum) {
        scope_report(
            scope, SEVERITY_ERROR, node, value->path,
            arena_format(scope->arena, "write %lld or more", (long long)value->field->minimum),
            "%lld is too small", (long long)value->as.integer);
        return false;
    }
    if (value->as.integer > INT32_MAX &&
        (value->field->format == NULL || strcmp(value->field->format, "int64") != 0)) {
        scope_report(scope, SEVERITY_ERROR, node, value->path, "write 2147483647 or less",
                     "%lld is too large", (long long)value->as.integer);
        return false;
    }
    return true;
}

static bool expect(struct scope *scope, const struct value *value, enum node_type type) {
    if (value->node->type == type)
        return true;
    if (type == NODE_MAPPING)
        report_type(scope, value->field, value->node, value->path, "a mapping",
                    "write it as `name: value` lines");
    else
        report_type(scope, value->field, value->node, value->path, "a list",
                    "write it as `- item` lines");
    return false;
}

static bool read_string_list(struct scope *scope, struct value *value) {
    size_t before = scope->errors;
    struct bytes *items;

    if (!expect(scope, value, NODE_SEQUENCE))
        return false;
    items = ARENA_NEW_ARRAY(scope->arena, struct bytes, value->node->sequence.count);
    for (size_t i = 0; i < value->node->sequence.count; i++)
        read_text(scope, value->field, value->node->sequence.items[i],
                  arena_format(scope->arena, "%s[%zu]", value->path, i), &items[i]);
    value->as.list.items = items;
    value->as.list.count = value->node->sequence.count;
    return scope->errors == before;
}

static int compare_key_bytes(const void *left, const void *right) {
    return strcmp(((const struct key_bytes *)left)->key, ((const struct key_bytes *)right)->key);
}

/* The path of a value under a key that the manifest chose. */
static const char *path_of_key(struct arena *arena, const char *path, struct bytes key) {
    return arena_format(arena, "%s.%.*s%s", path, BYTES_ARG(bytes_slice(key, 0, KEY_SHOWN_MAX)),
                        key.length > KEY_SHOWN_MAX ? "..." : "");
}

static void report_key(struct scope *scope, const struct node *key, const char *path) {
    scope_report(scope, SEVERITY_ERROR, key, path, "put the key in quotes", "has a key that is %s",
                 node_type_name(key));
}

/* STRING_MAP, and BYTES_MAP where the values are base64. */
static bool read_map(struct scope *scope, struct value *value) {
    size_t before = scope->errors;
    struct key_bytes *items;
    size_t count;

    if (!expect(scope, value, NODE_MAPPING))
        return false;
    count = value->node->mapping.count;
    items = ARENA_NEW_ARRAY(scope->arena, struct key_bytes, count);
    for (size_t i = 0; i < count; i++) {
        const struct node_pair *pair = &value->node->mapping.pairs[i];
        const char *path;

        items[i].key = pair->key->scalar.text.data;
        items[i].node = pair->value;
        path = path_of_key(scope->arena, value->path, pair->key->scalar.text);
        if (!node_is_string(pair->key)) {
            report_key(scope, pair->key, path);
            continue;
        }
        if (!read_text(scope, value->field, pair->value, path, &items[i].value))
            continue;
        if (value->field->type == FIELD_BYTES_MAP &&
            base64_decode(scope->arena, items[i].value, &items[i].value) < 0)
            scope_report(scope, SEVERITY_ERROR, pair->value, path,
                         "encode the value (base64), or put it as it is under stringData",
                         "is not base64");
    }
    qsort(items, count, sizeof(*items), compare_key_bytes);
    value->as.map.items = items;
    value->as.map.count = count;
    return scope->errors == before;
}

/* What of a reference is the name of a folder or a file: one name, and none that a mounted volume
 * has for itself (..data). What is named so in spec.secrets is in no folder, but neither can it be
 * referred to. */
static void check_file_name(struct scope *scope, const struct value *value, bool configmap,
                            const char *wanted) {
    struct bytes name = value->as.text;

    if (bytes_equal_string(name, ".") || bytes_starts_with(name, BYTES("..")) ||
        bytes_find(name, BYTES("/"), 0) != SIZE_MAX)
        scope_report(
            scope, SEVERITY_ERROR, value->node, value->path,
            arena_format(scope->arena, "give %s %s: no '/', not '.', and no '..' at its beginning",
                         wanted, configmap ? "ConfigMap" : "Secret"),
            "\"%.*s\" would lead out of the %s's folder",
            BYTES_ARG(bytes_slice(name, 0, KEY_SHOWN_MAX)), configmap ? "ConfigMap" : "Secret");
}

static bool read_reference(struct scope *scope, const struct node *node, const char *path,
                           bool configmap, struct reference *ret) {
    size_t before = scope->errors;
    const struct object *object;
    const struct value *optional;
    struct bytes name;
    struct bytes key;

    if (node->type != NODE_MAPPING) {
        scope_report(scope, SEVERITY_ERROR, node, path,
                     "name where the value is kept: {name: ..., key: ...}",
                     "must be a reference to a %s, but this is %s",
                     configmap ? "ConfigMap" : "Secret", node_type_name(node));
        return false;
    }
    object = object_read(scope, &reference_schema, node, path);
    optional = object_find(object, "optional");
    name = object_text(object, "name");
    key = object_text(object, "key");
    if (scope->errors != before)
        return false;
    if (name.length == 0) {
        scope_report(scope, SEVERITY_ERROR, node, arena_format(scope->arena, "%s.name", path),
                     configmap ? "name the ConfigMap" : "name the Secret", "is missing");
        return false;
    }
    if (key.length == 0) {
        scope_report(scope, SEVERITY_ERROR, node, arena_format(scope->arena, "%s.key", path),
                     "name the key whose value is meant", "must not be empty");
        return false;
    }
    check_file_name(scope, object_find(object, "name"), configmap, "the name of a");
    check_file_name(scope, object_find(object, "key"), configmap, "a key of the");
    if (scope->errors != before)
        return false;
    *ret = (struct reference){
        .name = name.data,
        .key = key.data,
        .optional = optional != NULL && optional->as.boolean,
        .configmap = configmap,
        .node = node,
    };
    return true;
}

static bool read_choice(struct scope *scope, struct value *value) {
    size_t before = scope->errors;
    const struct object *object;
    const struct value *secret;
    const struct value *configmap;

    if (value->node->type != NODE_MAPPING) {
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "name where the value is kept: {secret: {name: ..., key: ...}}, or configMap",
                     "must be a reference to a Secret or ConfigMap, but this is %s",
                     node_type_name(value->node));
        return false;
    }
    object = object_read(scope, &reference_choice_schema, value->node, value->path);
    secret = object_find(object, "secret");
    configmap = object_find(object, "configMap");
    if (scope->errors != before)
        return false;
    if ((secret == NULL) == (configmap == NULL)) {
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "give either secret or configMap",
                     secret == NULL ? "names neither a secret nor a configMap"
                                    : "names both a secret and a configMap");
        return false;
    }
    value->as.reference = secret != NULL ? secret->as.reference : configmap->as.reference;
    value->as.reference.configmap = configmap != NULL;
    return true;
}

static int compare_reference_lists(const void *left, const void *right) {
    return strcmp(((const struct reference_list *)left)->key,
                  ((const struct reference_list *)right)->key);
}

static bool read_reference_lists(struct scope *scope, struct value *value) {
    size_t before = scope->errors;
    struct reference_list *items;
    size_t count;

    if (!expect(scope, value, NODE_MAPPING))
        return false;
    count = value->node->mapping.count;
    items = ARENA_NEW_ARRAY(scope->arena, struct reference_list, count);
    for (size_t i = 0; i < count; i++) {
        const struct node_pair *pair = &value->node->mapping.pairs[i];
        struct value list = {.field = value->field, .node = pair->value};

        items[i].key = pair->key->scalar.text.data;
        list.path = path_of_key(scope->arena, value->path, pair->key->scalar.text);
        items[i].path = list.path;
        if (!node_is_string(pair->key)) {
            report_key(scope, pair->key, list.path);
            continue;
        }
        if (!expect(scope, &list, NODE_SEQUENCE))
            continue;
        items[i].count = pair->value->sequence.count;
        items[i].items = ARENA_NEW_ARRAY(scope->arena, struct reference, items[i].count);
        for (size_t j = 0; j < items[i].count; j++)
            read_reference(scope, pair->value->sequence.items[j],
                           arena_format(scope->arena, "%s[%zu]", list.path, j), false,
                           &items[i].items[j]);
    }
    qsort(items, count, sizeof(*items), compare_reference_lists);
    value->as.references.items = items;
    value->as.references.count = count;
    return scope->errors == before;
}

/* An object with faults is kept: what is sound in it can still be shown and judged. */
static bool read_object_list(struct scope *scope, struct value *value) {
    const struct object **items;

    if (!expect(scope, value, NODE_SEQUENCE))
        return false;
    items = ARENA_NEW_ARRAY(scope->arena, const struct object *, value->node->sequence.count);
    for (size_t i = 0; i < value->node->sequence.count; i++)
        items[i] = object_read(scope, value->field->object, value->node->sequence.items[i],
                               arena_format(scope->arena, "%s[%zu]", value->path, i));
    value->as.objects.items = items;
    value->as.objects.count = value->node->sequence.count;
    return true;
}

static bool read_value(struct scope *scope, struct value *value) {
    switch (value->field->type) {
    case FIELD_STRING:
        return read_string(scope, value);
    case FIELD_BOOL:
        return read_bool(scope, value);
    case FIELD_INTEGER:
        return read_integer(scope, value);
    case FIELD_DURATION:
        return read_duration(scope, value);
    case FIELD_URL:
        return read_url(scope, value, url_http_schemes, "write it as https://host[:port]/path");
    case FIELD_PROXY_URL:
        return read_url(scope, value, url_proxy_schemes,
                        "write it as http://, https:// or socks5://host[:port]");
    case FIELD_ENUM:
        return read_enum(scope, value);
    case FIELD_STRING_LIST:
        return read_string_list(scope, value);
    case FIELD_STRING_MAP:
    case FIELD_BYTES_MAP:
        return read_map(scope, value);
    case FIELD_OBJECT:
        value->as.object = object_read(scope, value->field->object, value->node, value->path);
        return true;
    case FIELD_OBJECT_LIST:
        return read_object_list(scope, value);
    case FIELD_SECRET:
        return read_reference(scope, value->node, value->path,
                              strcmp(value->field->name, "configMap") == 0, &value->as.reference);
    case FIELD_SECRET_OR_CONFIGMAP:
        return read_choice(scope, value);
    case FIELD_SECRET_LIST_MAP:
        return read_reference_lists(scope, value);
    case FIELD_ANYTHING:
        return true;
    }
    return false;
}

static const char *path_join(struct arena *arena, const char *path, const char *name) {
    return path[0] == '\0' ? name : arena_format(arena, "%s.%s", path, name);
}

/* Where below a schema a field of this name has its place, as a dotted path; NULL: nowhere. */
static const char *find_below(struct arena *arena, const struct schema *schema, const char *name) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const char *path;

        if (field->type != FIELD_OBJECT)
            continue;
        if (schema_index(field->object, name) != SCHEMA_NO_FIELD)
            return arena_format(arena, "%s.%s", field->name, name);
        path = find_below(arena, field->object, name);
        if (path != NULL)
            return arena_format(arena, "%s.%s", field->name, path);
    }
    return NULL;
}

/* What to do about a field that is not known where it stands. */
static const char *unknown_remedy(struct arena *arena, const struct schema *schema,
                                  const struct node *key) {
    static const char *const of_giantswarm[] = {"clusterSelector", "remoteWrite", "secrets"};
    struct nearest nearest = nearest_to(key->scalar.text);
    const char *name = arena_string(arena, key->scalar.text);
    const char *below = find_below(arena, schema, name);

    for (size_t i = 0; schema == &remote_write_schema && i < ARRAY_LENGTH(of_giantswarm); i++) {
        if (strcmp(of_giantswarm[i], name) == 0)
            return "use apiVersion monitoring.giantswarm.io/v1alpha1, which has it, or write the "
                   "fields of remoteWrite directly under spec";
    }
    if (below != NULL)
        return arena_format(arena, "it belongs below: %s", below);
    for (size_t i = 0; i < schema->count; i++)
        nearest_offer(&nearest, schema->fields[i].name);
    if (nearest.best != NULL)
        return arena_format(arena, "did you mean %s?", nearest.best);
    if (schema_index(&remote_write_schema, name) != SCHEMA_NO_FIELD)
        return "it belongs beside url: check the indentation";
    return "remove it, or check where it belongs";
}

static void report_unknown(struct scope *scope, const struct schema *schema, const struct node *key,
                           const char *path) {
    const char *field =
        path[0] != '\0'
            ? path_of_key(scope->arena, path, key->scalar.text)
            : arena_string(scope->arena, bytes_slice(key->scalar.text, 0, KEY_SHOWN_MAX));
    bool said = scope->diagnostics->count < SCOPE_DIAGNOSTICS_MAX;

    scope_report(scope, SEVERITY_ERROR, key, field,
                 said ? unknown_remedy(scope->arena, schema, key) : "remove it",
                 "is not a known field");
}

/* A null leaves a field out, and so does nothing behind the colon. A ~ where text belongs may be
 * meant as text. */
static bool is_tilde_for_text(const struct field *field, const struct node *node) {
    switch (field->type) {
    case FIELD_STRING:
    case FIELD_DURATION:
    case FIELD_URL:
    case FIELD_PROXY_URL:
    case FIELD_ENUM:
        return node_is_tilde(node);
    default:
        return false;
    }
}

/* A Go program writes a reference that it leaves open as {} or {key: ""}: the types of the API hold
 * it by value. */
static bool is_empty_reference(const struct node *node) {
    if (node_is_null(node))
        return true;
    if (node->type != NODE_MAPPING)
        return false;
    for (size_t i = 0; i < node->mapping.count; i++) {
        const struct node_pair *pair = &node->mapping.pairs[i];
        const struct node *value = pair->value;
        bool names = bytes_equal_string(pair->key->scalar.text, "name") ||
                     bytes_equal_string(pair->key->scalar.text, "key");

        if (!names ||
            (!node_is_null(value) && (!node_is_string(value) || value->scalar.text.length > 0)))
            return false;
    }
    return true;
}

static bool is_empty_choice(const struct node *node) {
    if (node->type != NODE_MAPPING)
        return false;
    for (size_t i = 0; i < node->mapping.count; i++) {
        const struct node_pair *pair = &node->mapping.pairs[i];

        if (schema_index(&reference_choice_schema, pair->key->scalar.text.data) ==
                SCHEMA_NO_FIELD ||
            !is_empty_reference(pair->value))
            return false;
    }
    return true;
}

/* Whether a value that stands there is none. */
static bool is_absent(const struct field *field, const struct node *node) {
    switch (field->type) {
    case FIELD_SECRET:
        return is_empty_reference(node);
    case FIELD_SECRET_OR_CONFIGMAP:
        return node_is_null(node) || is_empty_choice(node);
    case FIELD_ENUM:
        if ((field->flags & FIELD_EMPTY_IS_ABSENT) != 0 && node_is_string(node) &&
            node->scalar.text.length == 0)
            return true;
        break;
    default:
        break;
    }
    return node_is_null(node) && !is_tilde_for_text(field, node);
}

static void read_pair(struct scope *scope, const struct object *object,
                      const struct node_pair *pair, const struct value **values) {
    size_t index = schema_index(object->schema, pair->key->scalar.text.data);
    struct value *value;

    if (index == SCHEMA_NO_FIELD) {
        report_unknown(scope, object->schema, pair->key, object->path);
        return;
    }
    if (is_absent(&object->schema->fields[index], pair->value))
        return;

    value = ARENA_NEW(scope->arena, struct value);
    value->field = &object->schema->fields[index];
    value->node = pair->value;
    value->path = path_join(scope->arena, object->path, value->field->name);
    if (node_is_null(pair->value)) {
        report_type(scope, value->field, pair->value, value->path, "a string",
                    "put it in quotes, or leave the field out");
        return;
    }
    if (!read_value(scope, value))
        return;
    values[index] = value;
    if ((value->field->flags & FIELD_DEPRECATED) != 0)
        scope_report(scope, SEVERITY_WARNING, pair->key, value->path,
                     "use authorization.credentials", "is deprecated");
}

/* A required field that stands there but is wrong was reported already. */
static bool was_given(const struct node *node, const struct field *field) {
    const struct node *value = node_get(node, field->name);

    return value != NULL && !is_absent(field, value);
}

static void report_missing(struct scope *scope, const struct object *object) {
    for (size_t i = 0; i < object->schema->count; i++) {
        const struct field *field = &object->schema->fields[i];
        struct bytes help = bytes_of(field->help);

        /* what is in metadata is missed by name by whoever reads it */
        if ((field->flags & FIELD_REQUIRED) == 0 || field->type == FIELD_ANYTHING ||
            object->values[i] != NULL || was_given(object->node, field))
            continue;
        if (bytes_ends_with(help, BYTES(".")))
            help.length--;
        scope_report(scope, SEVERITY_ERROR, object->node,
                     path_join(scope->arena, object->path, field->name),
                     arena_format(scope->arena, "add it (%.*s)", BYTES_ARG(help)), "is missing");
    }
}

const struct object *object_read(struct scope *scope, const struct schema *schema,
                                 const struct node *node, const char *path) {
    struct object *object = ARENA_NEW(scope->arena, struct object);
    const struct value **values =
        ARENA_NEW_ARRAY(scope->arena, const struct value *, schema->count);

    object->schema = schema;
    object->node = node;
    object->path = path;
    object->values = values;
    if (node->type != NODE_MAPPING) {
        scope_report(scope, SEVERITY_ERROR, node, path[0] != '\0' ? path : NULL,
                     "write it as `name: value` lines", "must be a mapping, but this is %s",
                     node_type_name(node));
        return object;
    }

    if (schema == &remote_write_schema)
        scope->expands = scope->expansion != NULL;
    for (size_t i = 0; i < node->mapping.count; i++)
        read_pair(scope, object, &node->mapping.pairs[i], values);
    report_missing(scope, object);
    if (schema == &remote_write_schema)
        scope->expands = false;
    return object;
}

const struct value *object_find(const struct object *object, const char *path) {
    for (;;) {
        const char *dot = strchr(path, '.');
        size_t length = dot != NULL ? (size_t)(dot - path) : strlen(path);
        const struct value *value = NULL;
        bool known = false;

        for (size_t i = 0; i < object->schema->count; i++) {
            const char *name = object->schema->fields[i].name;

            /* Their first letters tell most names apart. */
            if (name[0] == path[0] && strncmp(name, path, length) == 0 && name[length] == '\0') {
                value = object->values[i];
                known = true;
                break;
            }
        }
        assert(known);
        (void)known;
        if (dot == NULL || value == NULL)
            return value;
        assert(value->field->type == FIELD_OBJECT);
        object = value->as.object;
        path = dot + 1;
    }
}

bool object_is_empty(const struct object *object) {
    for (size_t i = 0; i < object->schema->count; i++) {
        if (object->values[i] != NULL)
            return false;
    }
    return true;
}

struct bytes object_text(const struct object *object, const char *path) {
    const struct value *value = object_find(object, path);

    return value != NULL ? value->as.text : bytes_of(NULL);
}
