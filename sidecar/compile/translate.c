/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translates a RemoteWriteSpec by walking the schema table's rows: each row says its key, its gate
 * and how a secret in it travels. What a row cannot say (the entry's name, defaults that differ,
 * the policy's own additions) follows as adjustments, one function each.
 */

#include "compile/translate.h"

#include "base/compiler.h"
#include "base/utf8.h"
#include "compile/material.h"
#include "spec/proxy.h"
#include "spec/regex.h"
#include "spec/rules.h"
#include "spec/url.h"

#include <inttypes.h>
#include <string.h>

/* A file name on every file system that we know: ext4, xfs, tmpfs, overlayfs. */
#define FILE_NAME_MAX  255
#define FILE_NAME_KEPT 200

struct translator {
    struct scope *scope;
    const struct remote_write *remote_write;
    const struct secret_store *store;
    const struct compile_settings *settings;
    struct version version;
    enum secret_names names;
    struct translation *result;
    struct secret_file *secrets;
    size_t secret_capacity;
    size_t inline_size; /* bytes of secrets in the entry itself */
};

static void translate_object(struct translator *translator, const struct object *object,
                             struct node *out);

/* Secrets. */

/* NAMESPACE_NAME_FIELD: namespaces and names have no '_', so that no two RemoteWrites share one. A
 * name that no file system takes is cut and told apart by its hash; the part that is kept holds the
 * whole namespace. No field and no hash ends as a mark does. */
static const char *secret_file_name(struct translator *translator, const char *path) {
    struct arena *arena = translator->scope->arena;
    static const char *const marks[SECRET_NAMES] = {"", SECRET_NAMES_MARK, SECRET_NAMES_THIRD_MARK};
    const char *mark = marks[translator->names];
    const char *field = path;
    const char *name;

    if (translator->remote_write->spec->path[0] != '\0')
        field += strlen(translator->remote_write->spec->path) + 1;
    name = arena_format(arena, "%s_%s_%s", translator->remote_write->namespace,
                        translator->remote_write->name, field);
    if (strlen(name) + strlen(mark) <= FILE_NAME_MAX)
        return arena_format(arena, "%s%s", name, mark);
    return arena_format(arena, "%.*s_%016" PRIx64 "%s", FILE_NAME_KEPT, name,
                        bytes_hash(bytes_of(name)), mark);
}

static void add_secret_file(struct translator *translator, const char *name, struct bytes content) {
    struct translation *result = translator->result;

    translator->secrets =
        arena_grow(translator->scope->arena, translator->secrets, result->secret_count,
                   &translator->secret_capacity, sizeof(*translator->secrets));
    translator->secrets[result->secret_count++] = (struct secret_file){
        .name = name,
        .content = arena_bytes(translator->scope->arena, content),
    };
    result->secrets = translator->secrets;
}

/* One trailing line break, as editors and `echo` leave it, is no part of a credential. */
static struct bytes without_line_break(struct bytes text) {
    if (bytes_ends_with(text, BYTES("\r\n")))
        return bytes_slice(text, 0, text.length - 2);
    if (bytes_ends_with(text, BYTES("\n")))
        return bytes_slice(text, 0, text.length - 1);
    return text;
}

static const char *missing_words(struct arena *arena, const struct reference *reference,
                                 enum secret_result result, const struct secret_value *value) {
    const char *kind = reference->configmap ? "ConfigMap" : "Secret";

    switch (result) {
    case SECRET_UNREAD:
        return arena_format(arena, "%s \"%s\", key \"%s\", was not read from %s", kind,
                            reference->name, reference->key, value->unread_in);
    case SECRET_NO_KEY:
        return arena_format(arena, "%s \"%s\" has no key \"%s\"", kind, reference->name,
                            reference->key);
    case SECRET_NO_OBJECT:
    case SECRET_FOUND:
        break;
    }
    return arena_format(arena, "%s \"%s\" is not there", kind, reference->name);
}

static void report_missing(struct translator *translator, const struct reference *reference,
                           const char *path, enum secret_result result,
                           const struct secret_value *value) {
    const char *pending = missing_words(translator->scope->arena, reference, result, value);
    const char *remedy =
        result == SECRET_UNREAD
            ? "do what the message about its file or folder says; the RemoteWrite becomes active then"
            : "add it; the RemoteWrite becomes active by itself when it comes";

    scope_report(translator->scope, SEVERITY_WARNING, reference->node, path, remedy, "waits: %s",
                 pending);
    if (translator->result->pending == NULL)
        translator->result->pending =
            arena_format(translator->scope->arena, "%s: %s", path, pending);
}

/* The value of a reference; false where it is absent (said, and pending unless optional). */
static bool resolve(struct translator *translator, const struct field *field,
                    const struct reference *reference, const char *path, struct bytes *ret) {
    struct secret_value value = {0};
    enum secret_result result =
        secret_find(translator->store, translator->remote_write, reference, &value);

    if (result != SECRET_FOUND) {
        /* One that may be there is not absent: what it says may not be left out. */
        if (!reference->optional || result == SECRET_UNREAD || (field->flags & FIELD_REQUIRED) != 0)
            report_missing(translator, reference, path, result, &value);
        return false;
    }
    if (!value.namespace_vouched)
        scope_report(
            translator->scope, SEVERITY_WARNING, reference->node, path,
            "bind the manifest's directory to its namespace (--remote-write-dir=NAMESPACE=DIR)",
            "takes a secret of namespace \"%s\", which only the manifest itself says it is of",
            translator->remote_write->namespace);
    *ret = (field->flags & FIELD_CREDENTIAL) != 0 ? without_line_break(value.bytes) : value.bytes;
    return true;
}

/* All that one RemoteWrite may take into the config: one large secret can be named again and again.
 */
#define INLINE_SIZE_MAX ((size_t)1 << 20)

static bool fits_inline(struct translator *translator, size_t size) {
    bool fits = translator->inline_size <= INLINE_SIZE_MAX &&
                size <= INLINE_SIZE_MAX - translator->inline_size;

    translator->inline_size = fits ? translator->inline_size + size : INLINE_SIZE_MAX + 1;
    return fits;
}

static bool check_inline(struct translator *translator, const struct node *node, const char *path,
                         struct bytes text) {
    if (translator->inline_size > INLINE_SIZE_MAX)
        return false; /* said */
    if (!bytes_is_text(text))
        scope_report(translator->scope, SEVERITY_ERROR, node, path, "store text under the key",
                     "takes a secret that is no UTF-8 text");
    else if (text.length == 0)
        scope_report(translator->scope, SEVERITY_ERROR, node, path, "store a value under the key",
                     "takes a secret that is empty");
    else if (fits_inline(translator, text.length))
        return true;
    else
        scope_report(translator->scope, SEVERITY_ERROR, node, path,
                     "name fewer of them, or shorter ones",
                     "takes more than 1 MiB of secrets into the config, with those before it");
    return false;
}

static void put_inline(struct translator *translator, const struct value *value, struct bytes text,
                       struct node *out) {
    struct arena *arena = translator->scope->arena;

    if (check_inline(translator, value->node, value->path, text))
        node_put_path(arena, out, value->field->key, node_new_string(arena, text));
}

static bool is_space_at(struct bytes text, size_t offset) {
    uint32_t character = 0;

    return utf8_decode(text, offset, &character) > 0 && utf8_is_space(character);
}

static bool ends_in_space(struct bytes text) {
    size_t last = text.length - 1;

    while (last > 0 && ((unsigned char)text.data[last] & 0xc0) == 0x80)
        last--;
    return is_space_at(text, last);
}

/* Whether Go's strings.TrimSpace would make it another text. */
static bool is_untrimmed(struct bytes text) {
    return text.length > 0 && (is_space_at(text, 0) || ends_in_space(text));
}

/* A credential that would be another one if Prometheus read it from a file. */
static void put_untrimmed(struct translator *translator, const struct value *value,
                          struct bytes text, struct node *out) {
    static const char problem[] = "takes a secret that begins or ends with white space";
    struct version since = value->field->verbatim_since;
    struct arena *arena = translator->scope->arena;

    if ((value->field->flags & FIELD_IN_HEADER) != 0 && ends_in_space(text))
        scope_report(translator->scope, SEVERITY_ERROR, value->node, value->path,
                     "store it without",
                     "takes a secret that ends in white space, which no HTTP header can carry");
    else if (version_compare(translator->version, since) < 0)
        scope_report(translator->scope, SEVERITY_ERROR, value->node, value->path,
                     arena_format(arena,
                                  "store it without, or upgrade to Prometheus %u.%u and run with "
                                  "--inline-untrimmed-secrets",
                                  since.major, since.minor),
                     "%s, which Prometheus %u.%u drops", problem, translator->version.major,
                     translator->version.minor);
    else if (!translator->settings->policy.inline_untrimmed_secrets)
        scope_report(translator->scope, SEVERITY_ERROR, value->node, value->path,
                     "store it without, or run with --inline-untrimmed-secrets, which puts it into "
                     "the config",
                     "%s, which Prometheus drops when it reads a file", problem);
    else {
        scope_report(translator->scope, SEVERITY_WARNING, value->node, value->path,
                     "store it without, if it is not meant to have it",
                     "%s: it goes into the config, as Prometheus would drop it in a file", problem);
        put_inline(translator, value, text, out);
    }
}

static void put_secret(struct translator *translator, const struct value *value, struct bytes text,
                       struct node *out) {
    struct arena *arena = translator->scope->arena;
    const char *name;
    const char *key;
    const char *path;

    if (value->field->secret == SECRET_INLINE) {
        put_inline(translator, value, text, out);
        return;
    }
    if ((value->field->flags & FIELD_CREDENTIAL) != 0 && is_untrimmed(text)) {
        put_untrimmed(translator, value, text, out);
        return;
    }
    name = secret_file_name(translator, value->path);
    key = arena_format(arena, "%s_file", value->field->key);
    path = arena_format(arena, "%s/%s", translator->settings->secret_path, name);
    add_secret_file(translator, name, text);
    node_put_path(arena, out, key, node_new_string(arena, bytes_of(path)));
}

static void put_reference(struct translator *translator, const struct value *value,
                          struct node *out) {
    struct bytes text;

    if (resolve(translator, value->field, &value->as.reference, value->path, &text))
        put_secret(translator, value, text, out);
}

static void put_reference_lists(struct translator *translator, const struct value *value,
                                struct node *out) {
    struct arena *arena = translator->scope->arena;
    struct node *map = node_new_mapping(arena);

    for (size_t i = 0; i < value->as.references.count; i++) {
        const struct reference_list *list = &value->as.references.items[i];
        struct node *items = node_new_sequence(arena);

        for (size_t j = 0; j < list->count; j++) {
            const char *path = arena_format(arena, "%s[%zu]", list->path, j);
            struct bytes text;

            if (resolve(translator, value->field, &list->items[j], path, &text) &&
                check_inline(translator, list->items[j].node, path, text))
                node_append(arena, items, node_new_string(arena, text));
        }
        if (items->sequence.count > 0)
            node_put(arena, map, list->key, items);
    }
    if (map->mapping.count > 0)
        node_put_path(arena, out, value->field->key, map);
}

/* Plain values. */

/* What the version does not know and may be left out (gates_check rejected the rest). */
static void report_gate(struct translator *translator, const struct value *value) {
    const struct field *field = value->field;
    bool too_old =
        version_is_set(field->since) && version_compare(translator->version, field->since) < 0;
    struct version bound = too_old ? field->since : field->before;

    scope_report(translator->scope, SEVERITY_WARNING, value->node, value->path,
                 too_old ? "upgrade Prometheus, or remove the field" : "remove the field",
                 "is left out: Prometheus %u.%u does not know it (%s %u.%u)",
                 translator->version.major, translator->version.minor,
                 too_old ? "known from" : "gone since", bound.major, bound.minor);
}

static void put_text(struct translator *translator, const struct value *value, struct node *out) {
    struct arena *arena = translator->scope->arena;
    bool may_be_empty =
        value->field->type == FIELD_STRING && (value->field->flags & FIELD_EMPTY_IS_VALUE) != 0;

    if (value->as.text.length == 0 && !may_be_empty)
        return;
    if (value->field->secret != SECRET_NONE)
        put_secret(translator, value, without_line_break(value->as.text), out);
    else
        node_put_path(arena, out, value->field->key, node_new_string(arena, value->as.text));
}

static void put_list(struct translator *translator, const struct value *value, struct node *out) {
    struct arena *arena = translator->scope->arena;
    struct node *items = node_new_sequence(arena);

    for (size_t i = 0; i < value->as.list.count; i++)
        node_append(arena, items, node_new_string(arena, value->as.list.items[i]));
    if (items->sequence.count > 0)
        node_put_path(arena, out, value->field->key, items);
}

static void put_map(struct translator *translator, const struct value *value, struct node *out) {
    struct arena *arena = translator->scope->arena;
    struct node *map = node_new_mapping(arena);

    for (size_t i = 0; i < value->as.map.count; i++)
        node_put(arena, map, value->as.map.items[i].key,
                 node_new_string(arena, value->as.map.items[i].value));
    if (map->mapping.count > 0)
        node_put_path(arena, out, value->field->key, map);
}

static void put_object(struct translator *translator, const struct value *value, struct node *out) {
    struct node *map = node_new_mapping(translator->scope->arena);

    translate_object(translator, value->as.object, map);
    node_put_path(translator->scope->arena, out, value->field->key, map);
}

static void put_objects(struct translator *translator, const struct value *value,
                        struct node *out) {
    struct arena *arena = translator->scope->arena;
    struct node *items = node_new_sequence(arena);

    for (size_t i = 0; i < value->as.objects.count; i++) {
        struct node *map = node_new_mapping(arena);

        translate_object(translator, value->as.objects.items[i], map);
        node_append(arena, items, map);
    }
    if (items->sequence.count > 0)
        node_put_path(arena, out, value->field->key, items);
}

static void put_integer(struct translator *translator, const struct value *value,
                        struct node *out) {
    if (value->as.integer != 0 || (value->field->flags & FIELD_ZERO_IS_ABSENT) == 0)
        node_put_path(translator->scope->arena, out, value->field->key,
                      node_new_integer(translator->scope->arena, value->as.integer));
}

static void put_value(struct translator *translator, const struct value *value, struct node *out) {
    struct arena *arena = translator->scope->arena;

    switch (value->field->type) {
    case FIELD_STRING:
    case FIELD_DURATION:
    case FIELD_URL:
    case FIELD_PROXY_URL:
        put_text(translator, value, out);
        break;
    case FIELD_BOOL:
        node_put_path(arena, out, value->field->key, node_new_bool(arena, value->as.boolean));
        break;
    case FIELD_INTEGER:
        put_integer(translator, value, out);
        break;
    case FIELD_ENUM:
        node_put_path(arena, out, value->field->key,
                      node_new_string(arena, bytes_of(value->as.word->value)));
        break;
    case FIELD_STRING_LIST:
        put_list(translator, value, out);
        break;
    case FIELD_STRING_MAP:
    case FIELD_BYTES_MAP:
        put_map(translator, value, out);
        break;
    case FIELD_OBJECT:
        put_object(translator, value, out);
        break;
    case FIELD_OBJECT_LIST:
        put_objects(translator, value, out);
        break;
    case FIELD_SECRET:
    case FIELD_SECRET_OR_CONFIGMAP:
        put_reference(translator, value, out);
        break;
    case FIELD_SECRET_LIST_MAP:
        put_reference_lists(translator, value, out);
        break;
    case FIELD_ANYTHING:
        break;
    }
}

static void translate_object(struct translator *translator, const struct object *object,
                             struct node *out) {
    for (size_t i = 0; i < object->schema->count; i++) {
        const struct value *value = object->values[i];

        if (value == NULL || value->field->key == NULL ||
            (value->field->flags & FIELD_OVERRIDDEN) != 0)
            continue;
        if (field_known_by(value->field, translator->version))
            put_value(translator, value, out);
        else
            report_gate(translator, value);
    }
}

/* Adjustments. */

/* What an adjustment adds passes the gate of its row, too. */
static bool knows(const struct translator *translator, const struct schema *schema,
                  const char *name) {
    return field_known_by(&schema->fields[schema_index(schema, name)], translator->version);
}

/* The entry begins with url and name, whatever the manifest says its name is. */
static struct node *entry_begin(struct translator *translator) {
    struct arena *arena = translator->scope->arena;
    const struct value *own = object_find(translator->remote_write->spec, "name");
    struct node *entry = node_new_mapping(arena);

    node_put(arena, entry, "url",
             node_new_string(arena, object_text(translator->remote_write->spec, "url")));
    if (knows(translator, &remote_write_schema, "name"))
        node_put(arena, entry, "name",
                 node_new_string(arena, bytes_of(translator->remote_write->name)));
    if (own != NULL && !bytes_equal_string(own->as.text, translator->remote_write->name))
        scope_report(translator->scope, SEVERITY_INFO, own->node, own->path, NULL,
                     "is overridden by metadata.name, \"%s\"", translator->remote_write->name);
    return entry;
}

/* send is false where metadataConfig is silent, with messages of version 2, and where the policy
 * says so. */
static void adjust_metadata(struct translator *translator, struct node *entry) {
    struct arena *arena = translator->scope->arena;
    const struct object *spec = translator->remote_write->spec;
    const struct value *metadata = object_find(spec, "metadataConfig");
    const struct value *message = object_find(spec, "messageVersion");
    bool second = message != NULL && strcmp(message->as.word->word, "V2.0") == 0 &&
                  field_known_by(message->field, translator->version);

    if (!knows(translator, &remote_write_schema, "metadataConfig"))
        return;
    if (!translator->settings->policy.send_metadata) {
        const struct value *send =
            metadata != NULL ? object_find(metadata->as.object, "send") : NULL;
        struct node *off = node_new_mapping(arena);

        if (send != NULL && send->as.boolean)
            scope_report(translator->scope, SEVERITY_INFO, send->node, send->path, NULL,
                         "is overridden: metadata is sent nowhere from here (--send-metadata)");
        node_put(arena, off, "send", node_new_bool(arena, false));
        node_put(arena, entry, "metadata_config", off);
    } else if (metadata != NULL && node_get(entry, "metadata_config") != NULL &&
               (second || object_find(metadata->as.object, "send") == NULL)) {
        node_put_path(arena, entry, "metadata_config.send", node_new_bool(arena, false));
    }
}

/* Only series of the RemoteWrite's own namespace, before any rule of its own. */
static void adjust_namespace(struct translator *translator, struct node *entry) {
    const char *label = translator->settings->policy.enforced_namespace_label;
    struct arena *arena = translator->scope->arena;
    const struct node *own = node_get(entry, "write_relabel_configs");
    struct node *rules = node_new_sequence(arena);
    struct node *keep = node_new_mapping(arena);
    struct node *sources = node_new_sequence(arena);

    if (label == NULL || label[0] == '\0')
        return;
    node_append(arena, sources, node_new_string(arena, bytes_of(label)));
    node_put(arena, keep, "source_labels", sources);
    node_put(arena, keep, "regex",
             node_new_string(arena, bytes_of(regex_quote(
                                        arena, bytes_of(translator->remote_write->namespace)))));
    node_put(arena, keep, "action", node_new_string(arena, BYTES("keep")));
    node_append(arena, rules, keep);
    for (size_t i = 0; own != NULL && i < own->sequence.count; i++)
        node_append(arena, rules, own->sequence.items[i]);
    node_put(arena, entry, "write_relabel_configs", rules);
}

static void adjust_proxy(struct translator *translator, struct node *entry) {
    const struct policy *policy = &translator->settings->policy;
    const struct object *spec = translator->remote_write->spec;
    struct arena *arena = translator->scope->arena;
    const char *proxy = NULL;
    struct url url;

    if (!policy->proxy_from_environment || object_find(spec, "proxyUrl") != NULL ||
        object_find(spec, "proxyFromEnvironment") != NULL || object_find(spec, "noProxy") != NULL)
        return;
    if (url_parse(object_text(spec, "url"), url_http_schemes, &url) == NULL)
        proxy = proxy_for_url(arena, policy, &url);
    if (proxy != NULL)
        node_put(arena, entry, "proxy_url", node_new_string(arena, bytes_of(proxy)));
}

/* The queues of one entry, filled to the brim: what no endpoint needs, and what could end
 * Prometheus. It keeps so many bytes for each sample of a shard, sent or waiting, and for each
 * batch that may wait. */
#define QUEUES_SIZE_MAX (INT64_C(4) << 30)

enum {
    SHARDS_MOST = 2000,
    CAPACITY_MOST = 10000000,
    SAMPLES_PER_SEND_MOST = 100000,
    SAMPLE_SIZE = 88,
    BATCH_SIZE = 24
};

static int64_t bound_of(int64_t policy, int64_t most) {
    return policy > 0 && policy < most ? policy : most;
}

/* A number of queueConfig; NULL where it is absent. */
static const struct value *queue_value(const struct translator *translator, const char *field) {
    const struct value *queue = object_find(translator->remote_write->spec, "queueConfig");

    return queue != NULL ? object_find(queue->as.object, field) : NULL;
}

/* What it is before a bound is set; 0 stands for the default, as in Prometheus. */
static int64_t queue_number_of(const struct value *value, int64_t fallback) {
    return value != NULL && value->as.integer != 0 ? value->as.integer : fallback;
}

/* A number of queue_config with an upper bound. */
struct queue_bound {
    const char *field;
    const char *key;
    int64_t most;
    int64_t fallback;
};

static int64_t bounded(const struct translator *translator, const struct queue_bound *bound) {
    int64_t number = queue_number_of(queue_value(translator, bound->field), bound->fallback);

    return number < bound->most ? number : bound->most;
}

static void bound_queue(struct translator *translator, struct node *entry,
                        const struct queue_bound *bound) {
    struct arena *arena = translator->scope->arena;
    const struct value *value = queue_value(translator, bound->field);
    int64_t number = queue_number_of(value, bound->fallback);

    if (number <= bound->most ||
        (value != NULL && !field_known_by(value->field, translator->version)))
        return;
    if (value != NULL && value->as.integer != 0)
        scope_report(translator->scope, SEVERITY_WARNING, value->node, value->path,
                     "write a value within the bound",
                     "is lowered from %" PRId64 " to %" PRId64 ", the bound set here", number,
                     bound->most);
    node_put_path(arena, entry, arena_format(arena, "queue_config.%s", bound->key),
                  node_new_integer(arena, bound->most));
}

/* How many shards of such a size fit; of one that makes no sense, which is an error elsewhere, any.
 */
static int64_t shards_most(int64_t capacity, int64_t samples) {
    if (capacity <= 0 || samples <= 0)
        return SHARDS_MOST;
    int64_t shard = (capacity + samples) * SAMPLE_SIZE + capacity / samples * BATCH_SIZE;
    int64_t most = QUEUES_SIZE_MAX / shard;

    return most < 1 ? 1 : most < SHARDS_MOST ? most : SHARDS_MOST;
}

static void adjust_queue(struct translator *translator, struct node *entry) {
    const struct policy *policy = &translator->settings->policy;
    struct queue_defaults defaults = queue_defaults_of(translator->version);
    const struct queue_bound capacity = {
        "capacity", "capacity", bound_of(policy->max_capacity, CAPACITY_MOST), defaults.capacity};
    const struct queue_bound samples = {
        "maxSamplesPerSend", "max_samples_per_send",
        bound_of(policy->max_samples_per_send, SAMPLES_PER_SEND_MOST),
        defaults.max_samples_per_send};
    int64_t shards = bound_of(policy->max_shards, shards_most(bounded(translator, &capacity),
                                                              bounded(translator, &samples)));

    bound_queue(translator, entry, &capacity);
    /* no fewer shards than the most: Prometheus would refuse that */
    bound_queue(translator, entry,
                &(struct queue_bound){"minShards", "min_shards", shards, defaults.min_shards});
    bound_queue(translator, entry,
                &(struct queue_bound){"maxShards", "max_shards", shards, defaults.max_shards});
    bound_queue(translator, entry, &samples);
}

static void remove_key(struct node *mapping, const char *key) {
    size_t kept = 0;

    for (size_t i = 0; i < mapping->mapping.count; i++) {
        if (!bytes_equal_string(mapping->mapping.pairs[i].key->scalar.text, key))
            mapping->mapping.pairs[kept++] = mapping->mapping.pairs[i];
    }
    mapping->mapping.count = kept;
}

/* Headers for a proxy without a proxy are refused: where this Prometheus does not know
 * proxy_from_environment, which is left out then, they go with it. */
static void adjust_proxy_headers(struct translator *translator, const struct object *object,
                                 struct node *out) {
    const struct value *headers = object_find(object, "proxyConnectHeader");

    if (headers == NULL || node_get(out, headers->field->key) == NULL ||
        node_get(out, "proxy_url") != NULL || node_get(out, "proxy_from_environment") != NULL)
        return;
    remove_key(out, headers->field->key);
    scope_report(translator->scope, SEVERITY_WARNING, headers->node, headers->path,
                 "upgrade Prometheus, or give proxyUrl",
                 "is left out with proxyFromEnvironment, which Prometheus %u.%u does not know",
                 translator->version.major, translator->version.minor);
}

static void adjust_all_proxy_headers(struct translator *translator, struct node *entry) {
    const struct object *spec = translator->remote_write->spec;
    const struct value *oauth2 = object_find(spec, "oauth2");

    adjust_proxy_headers(translator, spec, entry);
    for (size_t i = 0; oauth2 != NULL && i < entry->mapping.count; i++) {
        if (bytes_equal_string(entry->mapping.pairs[i].key->scalar.text, oauth2->field->key))
            adjust_proxy_headers(translator, oauth2->as.object, entry->mapping.pairs[i].value);
    }
}

/* What Prometheus takes only together: where an optional reference left one half out, the other
 * half waits for it. */
static void check_halves(struct translator *translator, const struct node *entry) {
    static const struct {
        const char *object;
        const char *one;
        const char *other;
    } halves[] = {
        {"sigv4", "access_key", "secret_key"},
        {"tls_config", "cert_file", "key_file"},
        {"oauth2.tls_config", "cert_file", "key_file"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(halves); i++) {
        const struct node *object = node_find(entry, halves[i].object);
        bool one = node_get(object, halves[i].one) != NULL;
        bool other = node_get(object, halves[i].other) != NULL;

        if (one == other || translator->result->pending != NULL)
            continue;
        translator->result->pending = arena_format(
            translator->scope->arena, "%s: %s is there, %s is not", halves[i].object,
            one ? halves[i].one : halves[i].other, one ? halves[i].other : halves[i].one);
        scope_report(translator->scope, SEVERITY_WARNING, translator->remote_write->spec->node,
                     translator->remote_write->spec->path,
                     "add the missing Secret, or remove the other one", "waits: %s",
                     translator->result->pending);
    }
}

/* Keys that are optional and absent would leave sigv4 to the pod's own identity. */
static void check_ambient(struct translator *translator, const struct node *entry) {
    const struct node *sigv4 = node_get(entry, "sigv4");
    const struct value *value = object_find(translator->remote_write->spec, "sigv4");

    if (translator->settings->policy.allow_ambient_credentials || sigv4 == NULL ||
        node_get(sigv4, "access_key") != NULL || translator->result->pending != NULL)
        return;
    translator->result->pending = "sigv4: accessKey and secretKey are not there, and without them "
                                  "the pod's own identity would be used";
    scope_report(translator->scope, SEVERITY_WARNING, value->node, value->path,
                 "add the missing Secret; the RemoteWrite becomes active by itself when it comes",
                 "waits: accessKey and secretKey are not there, and the pod's own identity may not "
                 "be used in their place");
}

void translate(struct scope *scope, const struct remote_write *remote_write,
               const struct secret_store *store, const struct compile_settings *settings,
               struct version version, enum secret_names names, struct translation *ret) {
    struct translator translator = {
        .scope = scope,
        .remote_write = remote_write,
        .store = store,
        .settings = settings,
        .version = version,
        .names = names,
        .result = ret,
    };
    size_t before = scope->errors;
    struct node *entry;

    *ret = (struct translation){0};
    entry = entry_begin(&translator);
    translate_object(&translator, remote_write->spec, entry);
    adjust_metadata(&translator, entry);
    adjust_namespace(&translator, entry);
    adjust_proxy(&translator, entry);
    adjust_all_proxy_headers(&translator, entry);
    adjust_queue(&translator, entry);
    if (scope->errors == before) {
        check_halves(&translator, entry);
        check_ambient(&translator, entry);
        material_check(scope, remote_write, store,
                       settings->certificates_must_load ? SEVERITY_ERROR : SEVERITY_WARNING);
    }
    if (scope->errors == before && ret->pending == NULL)
        ret->entry = entry;
}
