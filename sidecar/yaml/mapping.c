/* SPDX-License-Identifier: Apache-2.0 */

/* Own pairs and merged ones are candidates in the order of their right: own ones, then those of the
 * first merged mapping, then of the next. Sorted by key, the first of each run is the one that
 * counts, and a second own one is a duplicate: no mapping is large enough to make this slow. */

#include "yaml/mapping.h"

#include "base/memory.h"

#include <stdlib.h>

struct candidate {
    struct node_pair pair;
    size_t order;
    bool own;
    bool counts;
};

struct candidates {
    struct candidate *items;
    size_t count;
    size_t capacity;
};

static void candidates_add(struct candidates *list, struct node_pair pair, bool own) {
    if (list->count == list->capacity) {
        /* Nothing secret in here: pointers. */
        list->capacity = list->capacity > 0 ? list->capacity * 2 : 16;
        list->items = memory_resize(list->items, list->capacity, sizeof(*list->items));
    }
    list->items[list->count] = (struct candidate){.pair = pair, .order = list->count, .own = own};
    list->count++;
}

static bool is_merge_key(const struct node *key) {
    bool plain = key->tag == NULL && key->scalar.style == SCALAR_PLAIN;
    bool tagged =
        key->tag != NULL && bytes_equal_string(bytes_of(key->tag), "tag:yaml.org,2002:merge");

    return !key->alias && (plain || tagged) && bytes_equal_string(key->scalar.text, "<<");
}

static void merge_one(struct build *build, struct candidates *list, const struct node *source) {
    if (source->type != NODE_MAPPING) {
        build_complain(build, position_of_offset(build->positions, source->start),
                       "give << an alias of a mapping, or a list of such aliases",
                       "<< can only merge a mapping, and this is %s", node_type_name(source));
        return;
    }
    if (!build_spend(build, source->start, source->mapping.count)) {
        return;
    }
    for (size_t i = 0; i < source->mapping.count; i++) {
        struct node_pair pair = source->mapping.pairs[i];
        struct node *value = ARENA_NEW(build->arena, struct node);
        *value = *pair.value;
        value->merged = true;
        pair.value = value;
        candidates_add(list, pair, false);
    }
}

static void merge(struct build *build, struct candidates *list, const struct node *source) {
    /* yaml.v2 does not take an alias of a list here. */
    if (source->type != NODE_SEQUENCE || source->alias) {
        merge_one(build, list, source);
        return;
    }
    for (size_t i = 0; i < source->sequence.count; i++) {
        merge_one(build, list, source->sequence.items[i]);
    }
}

static int by_key(const void *left_, const void *right_) {
    const struct candidate *left = left_;
    const struct candidate *right = right_;
    int order = bytes_compare(left->pair.key->scalar.text, right->pair.key->scalar.text);

    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

static int by_order(const void *left_, const void *right_) {
    const struct candidate *left = left_;
    const struct candidate *right = right_;
    return (left->order > right->order) - (left->order < right->order);
}

static void complain_twice(struct build *build, const struct node *first,
                           const struct node *second) {
    const size_t longest_shown = 80;
    struct bytes name = bytes_slice(second->scalar.text, 0, longest_shown);

    build_complain(
        build, position_of_offset(build->positions, second->start), "keep one of the two",
        "the key \"%.*s%s\" is given twice: in line %u and in line %u", BYTES_ARG(name),
        name.length < second->scalar.text.length ? "..." : "", first->line, second->line);
}

/* Of equal keys the first one counts. */
static void choose(struct build *build, struct candidates *list) {
    qsort(list->items, list->count, sizeof(*list->items), by_key);
    const struct candidate *first = NULL;
    for (size_t i = 0; i < list->count; i++) {
        struct candidate *candidate = &list->items[i];
        bool again = first != NULL &&
                     bytes_equal(first->pair.key->scalar.text, candidate->pair.key->scalar.text);
        if (!again) {
            first = candidate;
            candidate->counts = true;
        } else if (candidate->own) {
            complain_twice(build, first->pair.key, candidate->pair.key);
        }
    }
    qsort(list->items, list->count, sizeof(*list->items), by_order);
}

void mapping_finish(struct build *build, struct node *mapping, const struct node_pair *written,
                    size_t count) {
    struct candidates list = {0};

    for (size_t i = 0; i < count; i++) {
        if (!is_merge_key(written[i].key)) {
            candidates_add(&list, written[i], true);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_merge_key(written[i].key)) {
            merge(build, &list, written[i].value);
        }
    }
    if (list.count > 0) {
        choose(build, &list);
    }
    mapping->mapping.pairs = ARENA_NEW_ARRAY(build->arena, struct node_pair, list.count);
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].counts) {
            mapping->mapping.pairs[mapping->mapping.count] = list.items[i].pair;
            mapping->mapping.count++;
        }
    }
    free(list.items);
}
