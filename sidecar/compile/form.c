/* SPDX-License-Identifier: Apache-2.0 */

/* Forms of RemoteWrites, sets of them, and the merged config that a set makes. */

#include "compile/form.h"

#include "compile/merge.h"
#include "compile/order.h"
#include "yaml/emit.h"

#include <stdlib.h>
#include <string.h>

struct form form_of(struct arena *arena, const char *namespace, const char *name, const char *file,
                    const struct node *entry, const struct secret_file *secrets,
                    size_t secret_count) {
    CLEANUP(buffer_free) struct buffer text = {0};

    emit_flow(&text, entry);
    return (struct form){
        .namespace = namespace,
        .name = name,
        .file = file,
        .entry = arena_bytes(arena, buffer_bytes(&text)),
        .node = entry,
        .secrets = secrets,
        .secret_count = secret_count,
        .reads_outside = entry_reads_outside(entry, secrets, secret_count),
    };
}

int form_compare(const struct form *left, const struct form *right) {
    int order = strcmp(left->namespace, right->namespace);

    return order != 0 ? order : strcmp(left->name, right->name);
}

bool form_same_entry(const struct form *left, const struct form *right) {
    return bytes_equal(left->entry, right->entry);
}

bool form_same(const struct form *left, const struct form *right) {
    if (!form_same_entry(left, right) || left->secret_count != right->secret_count)
        return false;
    for (size_t i = 0; i < left->secret_count; i++) {
        if (strcmp(left->secrets[i].name, right->secrets[i].name) != 0 ||
            !bytes_equal(left->secrets[i].content, right->secrets[i].content))
            return false;
    }
    return true;
}

enum secret_names form_secret_names(const struct form *form) {
    for (size_t i = 0; i < form->secret_count; i++) {
        if (bytes_ends_with(bytes_of(form->secrets[i].name), BYTES(SECRET_NAMES_MARK)))
            return SECRET_NAMES_SECOND;
        if (bytes_ends_with(bytes_of(form->secrets[i].name), BYTES(SECRET_NAMES_THIRD_MARK)))
            return SECRET_NAMES_THIRD;
    }
    return SECRET_NAMES_FIRST;
}

static const struct secret_file *find_secret(const struct form *form, const char *name) {
    for (size_t i = 0; i < form->secret_count; i++) {
        if (strcmp(form->secrets[i].name, name) == 0)
            return &form->secrets[i];
    }
    return NULL;
}

bool form_overwrites(const struct form *form, const struct form *other) {
    if (form_same_entry(form, other))
        return false;
    for (size_t i = 0; i < form->secret_count; i++) {
        const struct secret_file *there = find_secret(other, form->secrets[i].name);

        if (there != NULL && !bytes_equal(there->content, form->secrets[i].content))
            return true;
    }
    return false;
}

struct form form_copy(struct arena *arena, const struct form *form) {
    struct secret_file *secrets = ARENA_NEW_ARRAY(arena, struct secret_file, form->secret_count);

    for (size_t i = 0; i < form->secret_count; i++) {
        secrets[i].name = arena_string(arena, bytes_of(form->secrets[i].name));
        secrets[i].content = arena_bytes(arena, form->secrets[i].content);
    }
    return (struct form){
        .namespace = arena_string(arena, bytes_of(form->namespace)),
        .name = arena_string(arena, bytes_of(form->name)),
        .file = arena_string(arena, bytes_of(form->file)),
        .entry = arena_bytes(arena, form->entry),
        .secrets = secrets,
        .secret_count = form->secret_count,
        .reads_outside = form->reads_outside,
        .confirmed = form->confirmed,
    };
}

struct form_set *form_set_new(const char *base_path, struct bytes base, size_t count) {
    struct arena *arena = arena_new();
    struct form_set *set = ARENA_NEW(arena, struct form_set);

    set->arena = arena;
    set->base_path = arena_string(arena, bytes_of(base_path));
    set->base = arena_bytes(arena, base);
    set->forms = ARENA_NEW_ARRAY(arena, struct form, count);
    return set;
}

struct form_set *form_set_copy(const struct form_set *set) {
    struct form_set *copy = form_set_new(set->base_path, set->base, set->count);

    for (size_t i = 0; i < set->count; i++)
        copy->forms[i] = form_copy(copy->arena, &set->forms[i]);
    copy->count = set->count;
    return copy;
}

struct form_set *form_set_overlay(const struct form_set *under, const struct form_set *over) {
    struct form_set *both = form_set_new(over->base_path, over->base, under->count + over->count);
    size_t below = 0;
    size_t above = 0;

    while (below < under->count || above < over->count) {
        int order = below == under->count ? 1
                    : above == over->count
                        ? -1
                        : form_compare(&under->forms[below], &over->forms[above]);
        const struct form *form = order < 0 ? &under->forms[below] : &over->forms[above];

        both->forms[both->count++] = form_copy(both->arena, form);
        below += order <= 0 ? 1 : 0;
        above += order >= 0 ? 1 : 0;
    }
    return both;
}

void form_set_free(struct form_set *set) {
    if (set != NULL)
        arena_free(set->arena);
}

void form_set_freep(struct form_set **set) {
    form_set_free(*set);
    *set = NULL;
}

bool form_set_same(const struct form_set *left, const struct form_set *right) {
    if (left->count != right->count || !bytes_equal(left->base, right->base))
        return false;
    for (size_t i = 0; i < left->count; i++) {
        if (form_compare(&left->forms[i], &right->forms[i]) != 0 ||
            !form_same(&left->forms[i], &right->forms[i]))
            return false;
    }
    return true;
}

static int compare_forms(const void *left, const void *right) {
    return form_compare(left, right);
}

const struct form *form_set_find(const struct form_set *set, const char *namespace,
                                 const char *name) {
    struct form wanted = {.namespace = namespace, .name = name};

    if (set == NULL || set->count == 0)
        return NULL;
    return bsearch(&wanted, set->forms, set->count, sizeof(wanted), compare_forms);
}

/* The merged config. */

static int compare_strings(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names of the base's own entries, sorted. */
static const char **own_names(struct arena *arena, const struct base *base, size_t *ret_count) {
    const struct base_name *names = base_names(base, ret_count);
    const char **sorted = ARENA_NEW_ARRAY(arena, const char *, *ret_count);

    for (size_t i = 0; i < *ret_count; i++)
        sorted[i] = names[i].name;
    if (*ret_count > 0)
        qsort(sorted, *ret_count, sizeof(*sorted), compare_strings);
    return sorted;
}

/* A form's entry as a tree; NULL, reported by tree_parse, for a text that is none. It is our own
 * text: what went into it was bounded, in the manifest or as a file. */
static const struct node *entry_tree(struct arena *arena, const struct form *form,
                                     const struct yaml_limits *limits,
                                     struct diagnostics *diagnostics) {
    struct yaml_limits own = *limits;
    struct document *documents = NULL;
    size_t count = 0;

    if (form->node != NULL)
        return form->node;
    own.nodes = SIZE_MAX;
    own.scalar = SIZE_MAX;
    if (tree_parse(arena, form->entry, &own, form->file, diagnostics, &documents, &count) < 0 ||
        count != 1)
        return NULL;
    return documents[0].root;
}

void form_look_outside(struct form *form, const struct yaml_limits *limits) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics unheard = diagnostics_in(arena);
    const struct node *entry = entry_tree(arena, form, limits, &unheard);

    form->reads_outside =
        entry != NULL && entry_reads_outside(entry, form->secrets, form->secret_count);
}

/* Only what the entry itself depends on: a manifest file that is renamed is no reason to write the
 * config. */
static const char *comment_of(struct arena *arena, const struct form *form) {
    return arena_format(arena, "RemoteWrite %s%s%s", form->namespace,
                        form->namespace[0] != '\0' ? "/" : "", form->name);
}

static int compare_secrets(const void *left, const void *right) {
    return strcmp(((const struct secret_file *)left)->name,
                  ((const struct secret_file *)right)->name);
}

static void collect_secrets(struct arena *arena, const struct form *const *taken, size_t count,
                            struct composition *composition) {
    struct secret_file *secrets;
    size_t total = 0;
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        total += taken[i]->secret_count;
    secrets = ARENA_NEW_ARRAY(arena, struct secret_file, total);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < taken[i]->secret_count; j++)
            secrets[at++] = taken[i]->secrets[j];
    }
    if (total > 0)
        qsort(secrets, total, sizeof(*secrets), compare_secrets);
    composition->secrets = secrets;
    composition->secret_count = total;
}

/* What goes into the config, in its order. */
struct lineup {
    const struct form **forms;
    size_t count;
};

static bool base_has_name(const struct base *base, const char *const *names, size_t count,
                          const char *name) {
    struct location unheard;

    return base_may_generate(base, name, &unheard) ||
           (count > 0 && bsearch(&name, names, count, sizeof(*names), compare_strings) != NULL);
}

/* Those whose name the base does not have. */
static struct lineup line_up(struct arena *arena, const struct base *base, const struct form *forms,
                             size_t count, const size_t *order) {
    struct lineup lineup = {.forms = ARENA_NEW_ARRAY(arena, const struct form *, count)};
    size_t name_count;
    const char **names = own_names(arena, base, &name_count);

    for (size_t i = 0; i < count; i++) {
        const struct form *form = &forms[order[i]];
        if (!base_has_name(base, names, name_count, form->name))
            lineup.forms[lineup.count++] = form;
    }
    return lineup;
}

static const size_t *as_they_are(struct arena *arena, size_t count) {
    size_t *order = ARENA_NEW_ARRAY(arena, size_t, count);

    for (size_t i = 0; i < count; i++)
        order[i] = i;
    return order;
}

struct composition compose(struct arena *arena, const struct base *base, const struct form *forms,
                           size_t count, const size_t *order, struct proven *proven,
                           const struct yaml_limits *limits, struct diagnostics *diagnostics) {
    struct form_span *spans = ARENA_NEW_ARRAY(arena, struct form_span, count);
    struct composition composition = {.spans = spans, .order = order, .count = count};
    CLEANUP(buffer_free) struct buffer out = {0};
    size_t start = 0;
    size_t end = 0;

    if (order == NULL)
        composition.order = as_they_are(arena, count);
    if (base == NULL)
        return composition;
    const struct lineup lineup = line_up(arena, base, forms, count, composition.order);
    struct merge_item *items = ARENA_NEW_ARRAY(arena, struct merge_item, lineup.count);
    for (size_t i = 0; i < lineup.count; i++) {
        items[i].comment = comment_of(arena, lineup.forms[i]);
        items[i].entry = entry_tree(arena, lineup.forms[i], limits, diagnostics);
        if (items[i].entry == NULL)
            return composition;
    }
    if (base_merge(base, items, lineup.count, proven, &out, &start, &end, diagnostics) < 0)
        return composition;

    composition.mergeable = true;
    composition.config = arena_bytes(arena, buffer_bytes(&out));
    composition.section = bytes_slice(composition.config, start, end);
    for (size_t i = 0; i < lineup.count; i++)
        spans[lineup.forms[i] - forms] = (struct form_span){items[i].start, items[i].end};
    collect_secrets(arena, lineup.forms, lineup.count, &composition);
    return composition;
}

struct composition form_set_compose(struct arena *arena, const struct form_set *set,
                                    const size_t *order, const struct yaml_limits *limits,
                                    struct diagnostics *diagnostics) {
    const struct base *base = base_read(arena, set->base, set->base_path, limits, diagnostics);

    return compose(arena, base, set->forms, set->count, order, NULL, limits, diagnostics);
}
