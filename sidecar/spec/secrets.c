/* SPDX-License-Identifier: Apache-2.0 */
/* Looks secret references up, in the order of the contract. */

#include "spec/secrets.h"

#include "base/compiler.h"

#include <stdlib.h>
#include <string.h>

struct ranked_document {
    const struct keyed_document *document;
    size_t rank;
};

struct secret_store {
    const struct snapshot *snapshot;
    /* sorted: kind, namespace, name, bound ones first, then as they came; each identity once */
    struct ranked_document *documents;
    size_t count;
    /* A directory of manifests is bound: namespaces are vouched for here, and what is bound to one
     * is for those only whose namespace is vouched for, too. */
    bool vouching;
};

static int compare_identity(const struct keyed_document *left, const struct keyed_document *right) {
    int order = left->configmap - right->configmap;

    if (order == 0)
        order = strcmp(left->namespace, right->namespace);
    return order != 0 ? order : strcmp(left->name, right->name);
}

static int compare_ranked(const void *left, const void *right) {
    const struct ranked_document *one = left;
    const struct ranked_document *other = right;
    int order = compare_identity(one->document, other->document);

    if (order == 0)
        order = other->document->bound - one->document->bound;
    return order != 0 ? order : (one->rank > other->rank) - (one->rank < other->rank);
}

struct secret_store *secret_store_new(struct arena *arena, const struct snapshot *snapshot,
                                      const struct keyed_document *const *documents, size_t count) {
    struct secret_store *store = ARENA_NEW(arena, struct secret_store);
    struct ranked_document *ranked = ARENA_NEW_ARRAY(arena, struct ranked_document, count);

    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked_document){.document = documents[i], .rank = i};
    qsort(ranked, count, sizeof(*ranked), compare_ranked);

    store->snapshot = snapshot;
    store->documents = ranked;
    for (size_t i = 0; i < snapshot->volume_count; i++) {
        const struct volume_config *config = snapshot->volumes[i].config;

        store->vouching =
            store->vouching || (config->kind == VOLUME_REMOTE_WRITE && config->namespace != NULL);
    }
    for (size_t i = 0; i < count; i++) {
        /* of several with one identity the first counts: a bound one, or the one read first */
        if (store->count == 0 ||
            compare_identity(ranked[store->count - 1].document, ranked[i].document) != 0)
            ranked[store->count++] = ranked[i];
    }
    return store;
}

static int compare_item_key(const void *key, const void *item) {
    return strcmp(key, ((const struct key_bytes *)item)->key);
}

static enum secret_result find_in_document(const struct keyed_document *document, const char *key,
                                           struct bytes *ret) {
    const struct key_bytes *item = NULL;

    if (document->count > 0)
        item = bsearch(key, document->items, document->count, sizeof(*item), compare_item_key);
    if (item == NULL)
        return SECRET_NO_KEY;
    *ret = item->value;
    return SECRET_FOUND;
}

static int compare_name(const void *name, const void *document) {
    return strcmp(name, ((const struct keyed_document *)document)->name);
}

static const struct keyed_document *find_own(const struct remote_write *remote_write,
                                             const char *name) {
    if (remote_write->secret_count == 0)
        return NULL;
    return bsearch(name, remote_write->secrets, remote_write->secret_count,
                   sizeof(*remote_write->secrets), compare_name);
}

static int compare_wanted(const void *wanted, const void *item) {
    return compare_identity(wanted, ((const struct ranked_document *)item)->document);
}

static const struct keyed_document *find_document(const struct secret_store *store,
                                                  const char *namespace,
                                                  const struct reference *reference) {
    struct keyed_document wanted = {
        .configmap = reference->configmap,
        .namespace = namespace,
        .name = reference->name,
    };
    const struct ranked_document *found = NULL;

    if (store->count > 0)
        found = bsearch(&wanted, store->documents, store->count, sizeof(*store->documents),
                        compare_wanted);
    return found != NULL ? found->document : NULL;
}

/* The index of the first file whose relative path is not before text. */
static size_t lower_bound(const struct snapshot_volume *volume, struct bytes text) {
    size_t low = 0;
    size_t high = volume->file_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (bytes_compare(bytes_of(volume->files[middle]->relative), text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum secret_result find_in_volume(const struct snapshot_volume *volume,
                                         const struct reference *reference,
                                         struct secret_value *ret) {
    CLEANUP(buffer_free) struct buffer path = {0};
    size_t at;

    buffer_printf(&path, "%s/%s", reference->name, reference->key);
    at = lower_bound(volume, buffer_bytes(&path));
    if (at < volume->file_count && strcmp(volume->files[at]->relative, buffer_string(&path)) == 0) {
        ret->bytes = volume->files[at]->content;
        return SECRET_FOUND;
    }
    if (volume_is_unread(volume, buffer_string(&path))) {
        ret->unread_in = volume->config->path;
        return SECRET_UNREAD;
    }

    buffer_clear(&path);
    buffer_printf(&path, "%s/", reference->name);
    at = lower_bound(volume, buffer_bytes(&path));
    if (at < volume->file_count &&
        bytes_starts_with(bytes_of(volume->files[at]->relative), buffer_bytes(&path)))
        return SECRET_NO_KEY;
    return SECRET_NO_OBJECT;
}

/* The directories of the kind that are bound to the namespace, or those that are bound to none. */
static enum secret_result find_in_directories(const struct secret_store *store,
                                              const struct remote_write *remote_write,
                                              const struct reference *reference, bool bound,
                                              struct secret_value *ret) {
    enum volume_kind kind = reference->configmap ? VOLUME_CONFIGMAP : VOLUME_SECRET;
    enum secret_result best = SECRET_NO_OBJECT;

    for (size_t i = 0; i < store->snapshot->volume_count; i++) {
        const struct snapshot_volume *volume = &store->snapshot->volumes[i];
        enum secret_result result;

        if (volume->config->kind != kind || (volume->config->namespace != NULL) != bound)
            continue;
        if (bound && strcmp(volume->config->namespace, remote_write->namespace) != 0)
            continue;
        result = find_in_volume(volume, reference, ret);
        if (result == SECRET_FOUND)
            return result;
        if (result > best)
            best = result;
    }
    return best;
}

/* The places in which a reference is looked up, in their order. A place that has the object but not
 * the key does not end the search: a later one may have it. */

typedef enum secret_result find_place(const struct secret_store *store,
                                      const struct remote_write *remote_write,
                                      const struct reference *reference, struct secret_value *ret);

static enum secret_result find_in_own(const struct secret_store *store,
                                      const struct remote_write *remote_write,
                                      const struct reference *reference, struct secret_value *ret) {
    const struct keyed_document *document =
        reference->configmap ? NULL : find_own(remote_write, reference->name);

    (void)store;
    return document != NULL ? find_in_document(document, reference->key, &ret->bytes)
                            : SECRET_NO_OBJECT;
}

/* May what is bound to the namespace be used by one that says it is of it? */
static bool reaches_bound(const struct secret_store *store,
                          const struct remote_write *remote_write) {
    return remote_write->namespace[0] != '\0' && (remote_write->bound || !store->vouching);
}

static enum secret_result find_in_bound_document(const struct secret_store *store,
                                                 const struct remote_write *remote_write,
                                                 const struct reference *reference,
                                                 struct secret_value *ret) {
    const struct keyed_document *document =
        find_document(store, remote_write->namespace, reference);

    if (document == NULL || !document->bound || !reaches_bound(store, remote_write))
        return SECRET_NO_OBJECT;
    ret->namespace_vouched = remote_write->bound;
    return find_in_document(document, reference->key, &ret->bytes);
}

/* Of two RemoteWrites that say they are of a namespace, neither has more right to a document that
 * only says so; one that is bound asks what is bound first. */
static enum secret_result find_in_other_document(const struct secret_store *store,
                                                 const struct remote_write *remote_write,
                                                 const struct reference *reference,
                                                 struct secret_value *ret) {
    const struct keyed_document *document =
        find_document(store, remote_write->namespace, reference);

    if (document == NULL || document->bound)
        return SECRET_NO_OBJECT;
    return find_in_document(document, reference->key, &ret->bytes);
}

static enum secret_result find_in_unbound_document(const struct secret_store *store,
                                                   const struct remote_write *remote_write,
                                                   const struct reference *reference,
                                                   struct secret_value *ret) {
    return remote_write->bound ? SECRET_NO_OBJECT
                               : find_in_other_document(store, remote_write, reference, ret);
}

static enum secret_result find_in_bound_directory(const struct secret_store *store,
                                                  const struct remote_write *remote_write,
                                                  const struct reference *reference,
                                                  struct secret_value *ret) {
    enum secret_result result;

    if (!reaches_bound(store, remote_write))
        return SECRET_NO_OBJECT;
    result = find_in_directories(store, remote_write, reference, true, ret);
    if (result == SECRET_FOUND)
        ret->namespace_vouched = remote_write->bound;
    return result;
}

static enum secret_result find_in_unbound_directory(const struct secret_store *store,
                                                    const struct remote_write *remote_write,
                                                    const struct reference *reference,
                                                    struct secret_value *ret) {
    return find_in_directories(store, remote_write, reference, false, ret);
}

enum secret_result secret_find(const struct secret_store *store,
                               const struct remote_write *remote_write,
                               const struct reference *reference, struct secret_value *ret) {
    static find_place *const places[] = {
        find_in_own,
        find_in_bound_document,
        find_in_unbound_document,
        find_in_bound_directory,
        find_in_other_document,
        find_in_unbound_directory,
    };
    enum secret_result best = SECRET_NO_OBJECT;
    const char *unread_in = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        enum secret_result result;

        *ret = (struct secret_value){.namespace_vouched = true};
        result = places[i](store, remote_write, reference, ret);
        if (result == SECRET_FOUND)
            return SECRET_FOUND;
        if (result > best)
            best = result;
        if (unread_in == NULL)
            unread_in = ret->unread_in;
    }
    ret->unread_in = unread_in;
    return best;
}
