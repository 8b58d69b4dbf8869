/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of a manifest file: which kind each is, its metadata, and its spec by the schema table.
 */

#include "spec/manifest.h"

#include "base/compiler.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

/* Lists of lists: nobody writes more. */
#define LIST_DEPTH_MAX 4

/* The longest that a name and a namespace may be, and so the most that is shown of one. */
#define NAME_SHOWN_MAX      253
#define NAMESPACE_SHOWN_MAX 63

struct pointer_list {
    const void **items;
    size_t count;
    size_t capacity;
};

struct reader {
    struct manifest *manifest;
    const char *path;
    const char *bound_namespace; /* NULL: not bound */
    struct expansion expansion;
    bool expands;
    struct pointer_list remote_writes;
    struct pointer_list documents;
};

static void list_append(struct arena *arena, struct pointer_list *list, const void *item) {
    list->items =
        arena_grow(arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = item;
}

typedef void read_document(struct reader *reader, const struct node *root,
                           const struct schema *schema, enum api_group group);

static read_document read_remote_write;
static read_document read_keyed_document;

struct kind {
    const char *api_version;
    const char *kind;
    read_document *read; /* NULL: a list of documents */
    const struct schema *schema;
    enum api_group group;
    const char *item_kind; /* of a list of one kind: of its items, in the list's API version */
};

#define GIANTSWARM_API "monitoring.giantswarm.io/v1alpha1"
#define COREOS_API     "monitoring.coreos.com/v1alpha1"

static const struct kind kinds[] = {
    {GIANTSWARM_API, "RemoteWrite", read_remote_write, &giantswarm_document_schema,
     API_GROUP_GIANTSWARM, NULL},
    {GIANTSWARM_API, "RemoteWriteList", NULL, NULL, API_GROUP_GIANTSWARM, "RemoteWrite"},
    {COREOS_API, "RemoteWrite", read_remote_write, &coreos_document_schema, API_GROUP_COREOS, NULL},
    {COREOS_API, "RemoteWriteList", NULL, NULL, API_GROUP_COREOS, "RemoteWrite"},
    {"v1", "Secret", read_keyed_document, &secret_document_schema, 0, NULL},
    {"v1", "SecretList", NULL, NULL, 0, "Secret"},
    {"v1", "ConfigMap", read_keyed_document, &configmap_document_schema, 0, NULL},
    {"v1", "ConfigMapList", NULL, NULL, 0, "ConfigMap"},
    {"v1", "List", NULL, NULL, 0, NULL},
};

static struct scope scope_in(struct reader *reader, struct diagnostics *diagnostics) {
    return (struct scope){
        .arena = reader->manifest->arena,
        .diagnostics = diagnostics,
        .file = reader->path,
    };
}

/* A document that may be a RemoteWrite, nobody knows which. */
static void count_unidentified(struct reader *reader) {
    reader->manifest->unidentified++;
}

static struct scope file_scope(struct reader *reader) {
    return scope_in(reader, &reader->manifest->diagnostics);
}

/* The text of a string under a path; "" where it is absent or no string. */
static const char *text_at(const struct node *root, const char *path) {
    const struct node *node = node_find(root, path);

    return node_is_string(node) ? node->scalar.text.data : "";
}

/* metadata. */

/* The name, checked; "" with an error where it is none. */
static const char *read_name(struct scope *scope, const struct node *root) {
    const struct node *node = node_find(root, "metadata.name");
    const char *wrong;

    if (node_is_null(node)) {
        scope_report(scope, SEVERITY_ERROR, root, "metadata.name", "give it a name", "is missing");
        return "";
    }
    if (!node_is_string(node)) {
        scope_report(scope, SEVERITY_ERROR, node, "metadata.name", "put it in quotes",
                     "must be a string, but this is %s", node_type_name(node));
        return "";
    }
    wrong = dns_subdomain_check(node->scalar.text);
    if (wrong != NULL) {
        scope_report(scope, SEVERITY_ERROR, node, "metadata.name", "choose another name",
                     "\"%.*s\" %s", BYTES_ARG(bytes_slice(node->scalar.text, 0, 80)), wrong);
        return "";
    }
    return node->scalar.text.data;
}

/* The namespace: the directory's where it is bound, else the manifest's own; "" where there is
 * none. */
static const char *read_namespace(struct scope *scope, const struct node *root, const char *bound) {
    const struct node *node = node_find(root, "metadata.namespace");
    const char *wrong;

    if (node_is_null(node) && !node_is_tilde(node))
        return bound != NULL ? bound : "";
    if (!node_is_string(node)) {
        scope_report(scope, SEVERITY_ERROR, node, "metadata.namespace",
                     node_is_tilde(node) ? "name a namespace, or leave the field out"
                                         : "put it in quotes",
                     "must be a string, but this is %s", node_type_name(node));
        return bound != NULL ? bound : "";
    }
    if (bound != NULL && !bytes_equal_string(node->scalar.text, bound)) {
        scope_report(scope, SEVERITY_ERROR, node, "metadata.namespace",
                     "remove it, or put the manifest into the directory of its namespace",
                     "is \"%.*s\", but the directory is bound to namespace \"%s\"",
                     BYTES_ARG(bytes_slice(node->scalar.text, 0, 80)), bound);
        return bound;
    }
    wrong = node->scalar.text.length > 0 ? dns_label_check(node->scalar.text) : NULL;
    if (wrong != NULL) {
        scope_report(scope, SEVERITY_ERROR, node, "metadata.namespace", "choose another namespace",
                     "\"%.*s\" %s", BYTES_ARG(bytes_slice(node->scalar.text, 0, 80)), wrong);
        return "";
    }
    return node->scalar.text.data;
}

static struct labels read_labels(struct scope *scope, const struct node *root) {
    const struct node *node = node_find(root, "metadata.labels");
    struct label *items;
    size_t count = 0;

    if (node_is_null(node))
        return (struct labels){0};
    if (node->type != NODE_MAPPING) {
        scope_report(scope, SEVERITY_ERROR, node, "metadata.labels",
                     "write it as `name: value` lines", "must be a mapping, but this is %s",
                     node_type_name(node));
        return (struct labels){0};
    }
    items = ARENA_NEW_ARRAY(scope->arena, struct label, node->mapping.count);
    for (size_t i = 0; i < node->mapping.count; i++) {
        const struct node_pair *pair = &node->mapping.pairs[i];
        const char *path =
            arena_format(scope->arena, "metadata.labels.%s", pair->key->scalar.text.data);

        if (!node_is_string(pair->value)) {
            scope_report(scope, SEVERITY_ERROR, pair->value, path, "put it in quotes",
                         "must be a string, but this is %s", node_type_name(pair->value));
            continue;
        }
        items[count].key = pair->key->scalar.text.data;
        items[count++].value = pair->value->scalar.text.data;
    }
    return labels_new(scope->arena, items, count);
}

/* Every diagnostic repeats it: what is longer than a name can be is cut. */
static const char *subject_of(struct arena *arena, const char *namespace, const char *name) {
    if (name[0] == '\0')
        return NULL;
    return arena_format(arena, "%.*s%s%.*s", NAMESPACE_SHOWN_MAX, namespace,
                        namespace[0] != '\0' ? "/" : "", NAME_SHOWN_MAX, name);
}

/* Secrets and ConfigMaps. */

static int compare_items(const void *left, const void *right) {
    return strcmp(((const struct key_bytes *)left)->key, ((const struct key_bytes *)right)->key);
}

/* Base and overlay in one list, sorted; where both have a key, overlay wins. */
static void merge_items(struct arena *arena, const struct value *base, const struct value *overlay,
                        struct keyed_document *document) {
    size_t base_count = base != NULL ? base->as.map.count : 0;
    size_t overlay_count = overlay != NULL ? overlay->as.map.count : 0;
    struct key_bytes *items = ARENA_NEW_ARRAY(arena, struct key_bytes, base_count + overlay_count);
    size_t count = 0;

    for (size_t i = 0; i < overlay_count; i++)
        items[count++] = overlay->as.map.items[i];
    for (size_t i = 0; i < base_count; i++) {
        const struct key_bytes *item = &base->as.map.items[i];

        if (overlay_count == 0 || bsearch(item, overlay->as.map.items, overlay_count, sizeof(*item),
                                          compare_items) == NULL)
            items[count++] = *item;
    }
    qsort(items, count, sizeof(*items), compare_items);
    document->items = items;
    document->count = count;
}

static void read_keyed_document(struct reader *reader, const struct node *root,
                                const struct schema *schema, enum api_group group) {
    struct scope scope = file_scope(reader);
    struct keyed_document *document = ARENA_NEW(scope.arena, struct keyed_document);
    const struct object *object = object_read(&scope, schema, root, "");
    bool configmap = schema == &configmap_document_schema;

    (void)group;
    document->configmap = configmap;
    document->bound = reader->bound_namespace != NULL;
    document->name = read_name(&scope, root);
    document->namespace = read_namespace(&scope, root, reader->bound_namespace);
    document->location = node_location(root, reader->path);
    if (scope.errors > 0)
        return;
    merge_items(scope.arena, object_find(object, "data"),
                object_find(object, configmap ? "binaryData" : "stringData"), document);
    list_append(scope.arena, &reader->documents, document);
}

/* spec.secrets. */

struct own_secret {
    struct keyed_document document;
    const struct value *name; /* NULL: it has none */
};

/* By name; of one name in the order of the manifest. */
static int compare_own_secrets(const void *left, const void *right) {
    const struct keyed_document *one = &((const struct own_secret *)left)->document;
    const struct keyed_document *other = &((const struct own_secret *)right)->document;
    int order = strcmp(one->name, other->name);

    if (order == 0)
        order = (one->location.line > other->location.line) -
                (one->location.line < other->location.line);
    if (order == 0)
        order = (one->location.column > other->location.column) -
                (one->location.column < other->location.column);
    return order;
}

static struct own_secret read_own_secret(struct scope *scope, const struct object *object,
                                         const char *namespace) {
    const struct value *name = object_find(object, "name");
    struct own_secret secret = {
        .document = {.namespace = namespace,
                     .name = name != NULL ? name->as.text.data : "",
                     .location = node_location(object->node, scope->file)},
        .name = name,
    };

    merge_items(scope->arena, object_find(object, "data"), object_find(object, "stringData"),
                &secret.document);
    return secret;
}

static void read_own_secrets(struct scope *scope, const struct value *secrets,
                             struct remote_write *remote_write) {
    size_t count = secrets != NULL ? secrets->as.objects.count : 0;
    struct own_secret *sorted = ARENA_NEW_ARRAY(scope->arena, struct own_secret, count);
    struct keyed_document *items = ARENA_NEW_ARRAY(scope->arena, struct keyed_document, count);

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i] = read_own_secret(scope, secrets->as.objects.items[i], remote_write->namespace);
    qsort(sorted, count, sizeof(*sorted), compare_own_secrets);
    for (size_t i = 0; i < count; i++) {
        const struct value *name = sorted[i].name;

        if (i > 0 && name != NULL && strcmp(items[i - 1].name, sorted[i].document.name) == 0)
            scope_report(scope, SEVERITY_ERROR, name->node, name->path, "keep one of them",
                         "\"%.*s\" stands twice in spec.secrets",
                         BYTES_ARG(bytes_slice(name->as.text, 0, NAME_SHOWN_MAX)));
        items[i] = sorted[i].document;
    }
    remote_write->secrets = items;
    remote_write->secret_count = count;
}

/* RemoteWrites. */

static const struct selector *select_every_cluster(struct arena *arena) {
    return ARENA_NEW(arena, struct selector);
}

static void read_giantswarm_spec(struct scope *scope, const struct object *document,
                                 struct remote_write *remote_write) {
    const struct value *spec = object_find(document, "spec.remoteWrite");
    const struct value *selector = object_find(document, "spec.clusterSelector");

    if (spec != NULL)
        remote_write->spec = spec->as.object;
    if (selector != NULL)
        remote_write->cluster_selector = selector_from_object(scope, selector->as.object);
    if (object_find(document, "spec") != NULL)
        read_own_secrets(scope, object_find(document, "spec.secrets"), remote_write);
}

static void read_coreos_spec(struct scope *scope, const struct object *document,
                             struct remote_write *remote_write) {
    const struct value *spec = object_find(document, "spec");

    if (spec != NULL)
        remote_write->spec = spec->as.object;
    remote_write->cluster_selector = select_every_cluster(scope->arena);
}

/* "spec.remoteWrite.url: is missing; add it" of the first error. */
static const char *first_fault(struct arena *arena, const struct diagnostics *diagnostics) {
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *diagnostic = &diagnostics->items[i];

        if (diagnostic->severity != SEVERITY_ERROR)
            continue;
        return arena_format(arena, "%s%s%s%s%s", diagnostic->field != NULL ? diagnostic->field : "",
                            diagnostic->field != NULL ? ": " : "", diagnostic->problem,
                            diagnostic->remedy != NULL ? "; " : "",
                            diagnostic->remedy != NULL ? diagnostic->remedy : "");
    }
    return NULL;
}

static void read_remote_write(struct reader *reader, const struct node *root,
                              const struct schema *schema, enum api_group group) {
    struct arena *arena = reader->manifest->arena;
    struct remote_write *remote_write = ARENA_NEW(arena, struct remote_write);
    struct scope scope = scope_in(reader, &remote_write->diagnostics);
    const struct object *document;

    scope.expansion = reader->expands ? &reader->expansion : NULL;
    scope.about_remote_write = true;
    remote_write->diagnostics = diagnostics_in(arena);
    remote_write->group = group;
    remote_write->bound = reader->bound_namespace != NULL;
    remote_write->location = node_location(root, reader->path);
    remote_write->node = root;
    /* known before the first diagnostic, so that every one names its RemoteWrite */
    scope.subject =
        subject_of(arena,
                   reader->bound_namespace != NULL ? reader->bound_namespace
                                                   : text_at(root, "metadata.namespace"),
                   text_at(root, "metadata.name"));
    remote_write->name = read_name(&scope, root);
    remote_write->namespace = read_namespace(&scope, root, reader->bound_namespace);
    remote_write->subject = scope.subject;
    remote_write->labels = read_labels(&scope, root);

    document = object_read(&scope, schema, root, "");
    if (group == API_GROUP_GIANTSWARM)
        read_giantswarm_spec(&scope, document, remote_write);
    else
        read_coreos_spec(&scope, document, remote_write);
    remote_write->fault = first_fault(arena, &remote_write->diagnostics);
    if (remote_write->name[0] == '\0')
        count_unidentified(reader);
    list_append(arena, &reader->remote_writes, remote_write);
}

/* Documents. */

static void read_root(struct reader *reader, const struct node *root, const struct kind *list,
                      size_t depth);

static void read_list(struct reader *reader, const struct node *root, const struct kind *list,
                      size_t depth) {
    struct scope scope = file_scope(reader);
    const struct node *items = node_get(root, "items");

    if (node_is_null(items))
        return;
    if (items->type != NODE_SEQUENCE) {
        scope_report(&scope, SEVERITY_ERROR, items, "items", "write it as `- item` lines",
                     "must be a list, but this is %s", node_type_name(items));
        count_unidentified(reader);
        return;
    }
    if (depth >= LIST_DEPTH_MAX) {
        count_unidentified(reader);
        scope_report(&scope, SEVERITY_ERROR, items, "items", "put the items into one list",
                     "nests lists too deeply");
        return;
    }
    for (size_t i = 0; i < items->sequence.count; i++)
        read_root(reader, items->sequence.items[i], list, depth + 1);
}

static const struct kind *find_kind(const char *api_version, const char *kind) {
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (strcmp(kinds[i].api_version, api_version) == 0 && strcmp(kinds[i].kind, kind) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* Where a field stands; where it is absent, what it is absent from. */
static const struct node *written_at(const struct node *root, const char *field) {
    const struct node *node = node_get(root, field);

    return node != NULL ? node : root;
}

/* A kind of ours in an API version that is none, a kind that is nearly ours, or one of others. */
static void report_kind(struct reader *reader, const struct node *root, const char *api_version,
                        const char *kind) {
    struct scope scope = file_scope(reader);
    struct nearest nearest = nearest_to(bytes_of(kind));

    nearest_offer(&nearest, "RemoteWrite");
    nearest_offer(&nearest, "RemoteWriteList");
    scope.subject = subject_of(scope.arena, text_at(root, "metadata.namespace"),
                               text_at(root, "metadata.name"));
    if (nearest.best == NULL) {
        scope_report(&scope, SEVERITY_INFO, written_at(root, "kind"), "kind", NULL,
                     "%s %s is passed over: it is no RemoteWrite, Secret or ConfigMap", api_version,
                     kind);
        return;
    }
    count_unidentified(reader);
    if (strcmp(nearest.best, kind) == 0)
        scope_report(&scope, SEVERITY_ERROR, written_at(root, "apiVersion"), "apiVersion",
                     "use " GIANTSWARM_API " or " COREOS_API, "\"%s\" is not known for kind %s",
                     api_version, kind);
    else
        scope_report(&scope, SEVERITY_ERROR, written_at(root, "kind"), "kind",
                     arena_format(scope.arena, "did you mean %s?", nearest.best),
                     "\"%s\" is not a known kind", kind);
}

/* What a document says in a field, or in its place the list that it is an item of. */
static const char *text_or(const struct node *root, const char *field, const char *of_list) {
    return of_list != NULL && node_is_null(node_get(root, field)) ? of_list : text_at(root, field);
}

/* list: whose item it is; NULL: of none. Kubernetes leaves out of an item what its list says. */
static void read_root(struct reader *reader, const struct node *root, const struct kind *list,
                      size_t depth) {
    struct scope scope = file_scope(reader);
    bool typed = list != NULL && list->item_kind != NULL;
    const char *api_version = text_or(root, "apiVersion", typed ? list->api_version : NULL);
    const char *name = text_or(root, "kind", typed ? list->item_kind : NULL);
    const struct kind *kind = find_kind(api_version, name);

    if (node_is_null(root))
        return;
    if (root->type != NODE_MAPPING) {
        scope_report(&scope, SEVERITY_ERROR, root, NULL,
                     "write a Kubernetes object: apiVersion, kind, metadata, spec",
                     "must be a mapping, but this is %s", node_type_name(root));
        count_unidentified(reader);
        return;
    }
    if (api_version[0] == '\0' || name[0] == '\0') {
        scope_report(&scope, SEVERITY_ERROR, root, api_version[0] == '\0' ? "apiVersion" : "kind",
                     "write apiVersion: " GIANTSWARM_API " and kind: RemoteWrite",
                     "is missing or no string");
        count_unidentified(reader);
        return;
    }

    if (kind == NULL)
        report_kind(reader, root, api_version, name);
    else if (kind->read == NULL)
        read_list(reader, root, kind, depth);
    else
        kind->read(reader, root, kind->schema, kind->group);
}

static struct manifest *manifest_new(void) {
    struct arena *arena = arena_new();
    struct manifest *manifest = ARENA_NEW(arena, struct manifest);

    manifest->arena = arena;
    manifest->diagnostics = diagnostics_in(arena);
    return manifest;
}

void manifest_free(struct manifest *manifest) {
    if (manifest != NULL)
        arena_free(manifest->arena);
}

/* A file that holds nothing for us may be large: of it stays what is wrong with it, without its
 * trees. */
static struct manifest *shed_trees(struct manifest *manifest) {
    struct manifest *light = NULL;

    if (manifest->remote_write_count > 0 || manifest->document_count > 0) {
        return manifest;
    }
    light = manifest_new();
    light->unidentified = manifest->unidentified;
    for (size_t i = 0; i < manifest->diagnostics.count; i++) {
        diagnostics_add_copy(&light->diagnostics, &manifest->diagnostics.items[i]);
    }
    manifest_free(manifest);
    return light;
}

struct manifest *manifest_read(struct bytes content, const char *path, const char *namespace,
                               const struct yaml_limits *limits,
                               const struct expansion *expansion) {
    struct manifest *manifest = manifest_new();
    struct arena *arena = manifest->arena;
    struct reader reader = {.manifest = manifest, .bound_namespace = NULL};
    struct document *documents = NULL;
    size_t count = 0;

    reader.path = arena_string(arena, bytes_of(path));
    if (namespace != NULL)
        reader.bound_namespace = arena_string(arena, bytes_of(namespace));
    if (expansion != NULL) {
        reader.expansion = *expansion;
        reader.expansion.bound = namespace != NULL;
        reader.expands = true;
    }

    if (tree_parse(arena, content, limits, reader.path, &manifest->diagnostics, &documents,
                   &count) < 0) {
        count_unidentified(&reader);
        return shed_trees(manifest);
    }
    for (size_t i = 0; i < count; i++) {
        if (documents[i].failed)
            count_unidentified(&reader);
        else if (documents[i].root != NULL)
            read_root(&reader, documents[i].root, NULL, 0);
    }
    manifest->remote_writes = (const struct remote_write *const *)reader.remote_writes.items;
    manifest->remote_write_count = reader.remote_writes.count;
    manifest->documents = (const struct keyed_document *const *)reader.documents.items;
    manifest->document_count = reader.documents.count;
    return shed_trees(manifest);
}
