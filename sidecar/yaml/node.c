/* SPDX-License-Identifier: Apache-2.0 */

/* Nodes once they stand: reading, comparing, and building new ones (declared in yaml/tree.h). */

#include "base/memory.h"
#include "yaml/resolve.h"
#include "yaml/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct location node_location(const struct node *node, const char *file) {
    struct location location = {.file = file};

    if (node != NULL) {
        location.line = node->line;
        location.column = node->column;
    }
    return location;
}

static struct bytes key_of(const struct node_pair *pair) {
    return pair->key->scalar.text;
}

/* Among the first keys, which are in ascending order. */
static struct node_pair *find_ascending(const struct node *mapping, struct bytes key) {
    size_t low = 0;
    size_t high = mapping->mapping.ascending;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(key_of(&mapping->mapping.pairs[middle]), key);
        if (order == 0) {
            return &mapping->mapping.pairs[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static struct node_pair *find_pair(const struct node *mapping, struct bytes key) {
    struct node_pair *found = find_ascending(mapping, key);

    for (size_t i = mapping->mapping.ascending; i < mapping->mapping.count && found == NULL; i++) {
        if (bytes_equal(key_of(&mapping->mapping.pairs[i]), key)) {
            found = &mapping->mapping.pairs[i];
        }
    }
    return found;
}

static struct node *get(const struct node *mapping, struct bytes key) {
    if (mapping == NULL || mapping->type != NODE_MAPPING) {
        return NULL;
    }
    const struct node_pair *pair = find_pair(mapping, key);
    return pair != NULL ? pair->value : NULL;
}

const struct node *node_get(const struct node *mapping, const char *key) {
    return get(mapping, bytes_of(key));
}

/* The part of a dotted path at *offset, which moves behind its dot. */
static struct bytes path_part(struct bytes path, size_t *offset) {
    size_t dot = bytes_find(path, BYTES("."), *offset);
    struct bytes part = bytes_slice(path, *offset, dot);

    *offset = dot == SIZE_MAX ? SIZE_MAX : dot + 1;
    return part;
}

const struct node *node_find(const struct node *root, const char *path) {
    const struct node *node = root;

    for (size_t offset = 0; offset != SIZE_MAX && node != NULL;) {
        node = get(node, path_part(bytes_of(path), &offset));
    }
    return node;
}

bool node_is_null(const struct node *node) {
    return node == NULL || (node->type == NODE_SCALAR && node->scalar.kind == SCALAR_NULL);
}

bool node_is_string(const struct node *node) {
    return node != NULL && node->type == NODE_SCALAR && node->scalar.kind == SCALAR_STRING;
}

bool node_is_tilde(const struct node *node) {
    return node != NULL && node->type == NODE_SCALAR && node->scalar.kind == SCALAR_NULL &&
           node->tag == NULL && bytes_equal_string(node->scalar.text, "~");
}

const char *node_type_name(const struct node *node) {
    if (node_is_null(node)) {
        return "null";
    }
    switch (node->type) {
    case NODE_SEQUENCE:
        return "a list";
    case NODE_MAPPING:
        return "a mapping";
    case NODE_SCALAR:
        break;
    }
    switch (node->scalar.kind) {
    case SCALAR_BOOL:
        return "a boolean";
    case SCALAR_INTEGER:
    case SCALAR_FLOAT:
        return "a number";
    case SCALAR_NULL:
    case SCALAR_STRING:
        break;
    }
    return "a string";
}

/* --- equality -------------------------------------------------------------------------------- */

static bool floats_equal(struct bytes left, struct bytes right) {
    double a = resolve_plain(left).number;
    double b = resolve_plain(right).number;
    return (isnan(a) && isnan(b)) || (a <= b && a >= b);
}

static bool scalars_equal(const struct node *left, const struct node *right) {
    if (left->scalar.kind != right->scalar.kind) {
        return false;
    }
    switch (left->scalar.kind) {
    case SCALAR_NULL:
        return true;
    case SCALAR_BOOL:
        return left->scalar.boolean == right->scalar.boolean;
    case SCALAR_INTEGER:
        return left->scalar.integer == right->scalar.integer;
    case SCALAR_FLOAT:
        return floats_equal(left->scalar.text, right->scalar.text);
    case SCALAR_STRING:
        break;
    }
    return bytes_equal(left->scalar.text, right->scalar.text);
}

static int by_key(const void *left, const void *right) {
    const struct node_pair *a = left;
    const struct node_pair *b = right;
    return bytes_compare(a->key->scalar.text, b->key->scalar.text);
}

static struct node_pair *sorted_pairs(const struct node *mapping) {
    size_t count = mapping->mapping.count;
    struct node_pair *pairs = memory_new(count, sizeof(*pairs));

    if (count > 0) {
        memcpy(pairs, mapping->mapping.pairs, count * sizeof(*pairs));
        qsort(pairs, count, sizeof(*pairs), by_key);
    }
    return pairs;
}

static bool pairs_equal(const struct node_pair *left, const struct node_pair *right) {
    return bytes_equal(left->key->scalar.text, right->key->scalar.text) &&
           left->key->scalar.kind == right->key->scalar.kind &&
           node_equal(left->value, right->value);
}

static bool mappings_equal(const struct node *left, const struct node *right) {
    size_t count = left->mapping.count;

    if (count != right->mapping.count) {
        return false;
    }
    CLEANUP(memory_freep) struct node_pair *left_pairs = sorted_pairs(left);
    CLEANUP(memory_freep) struct node_pair *right_pairs = sorted_pairs(right);
    for (size_t i = 0; i < count; i++) {
        if (!pairs_equal(&left_pairs[i], &right_pairs[i])) {
            return false;
        }
    }
    return true;
}

static bool sequences_equal(const struct node *left, const struct node *right) {
    if (left->sequence.count != right->sequence.count) {
        return false;
    }
    for (size_t i = 0; i < left->sequence.count; i++) {
        if (!node_equal(left->sequence.items[i], right->sequence.items[i])) {
            return false;
        }
    }
    return true;
}

bool node_equal(const struct node *left, const struct node *right) {
    if (left == right || (node_is_null(left) && node_is_null(right))) {
        return true;
    }
    if (left == NULL || right == NULL || left->type != right->type) {
        return false;
    }
    switch (left->type) {
    case NODE_SEQUENCE:
        return sequences_equal(left, right);
    case NODE_MAPPING:
        return mappings_equal(left, right);
    case NODE_SCALAR:
        break;
    }
    return scalars_equal(left, right);
}

/* --- building -------------------------------------------------------------------------------- */

static struct node *new_scalar(struct arena *arena, struct bytes text, enum scalar_kind kind) {
    struct node *node = ARENA_NEW(arena, struct node);

    node->type = NODE_SCALAR;
    node->scalar.text = arena_bytes(arena, text);
    node->scalar.kind = kind;
    return node;
}

struct node *node_new_string(struct arena *arena, struct bytes text) {
    return new_scalar(arena, text, SCALAR_STRING);
}

struct node *node_new_integer(struct arena *arena, int64_t value) {
    struct node *node =
        new_scalar(arena, bytes_of(arena_format(arena, "%" PRId64, value)), SCALAR_INTEGER);

    node->scalar.integer = value;
    return node;
}

struct node *node_new_bool(struct arena *arena, bool value) {
    struct node *node = new_scalar(arena, value ? BYTES("true") : BYTES("false"), SCALAR_BOOL);

    node->scalar.boolean = value;
    return node;
}

struct node *node_new_mapping(struct arena *arena) {
    struct node *node = ARENA_NEW(arena, struct node);

    node->type = NODE_MAPPING;
    return node;
}

struct node *node_new_sequence(struct arena *arena) {
    struct node *node = ARENA_NEW(arena, struct node);

    node->type = NODE_SEQUENCE;
    return node;
}

/* Lists are built by arena_grow alone, whose capacities are 8, 16, 32 and so on: the count tells
 * them. A parsed node has no room to spare, and others may share its children: it is copied. */
static size_t capacity_of(const struct node *node, size_t count) {
    size_t capacity = 8;

    if (count == 0 || node->line > 0) {
        return count;
    }
    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

/* Keys that come in ascending order, as sorted maps bring them, cost no search. */
static bool continues_order(const struct node *mapping, struct bytes key) {
    size_t count = mapping->mapping.count;

    return mapping->mapping.ascending == count &&
           (count == 0 || bytes_compare(key_of(&mapping->mapping.pairs[count - 1]), key) < 0);
}

static void put(struct arena *arena, struct node *mapping, struct bytes key, struct node *value) {
    size_t count = mapping->mapping.count;
    size_t capacity = capacity_of(mapping, count);
    bool ordered = continues_order(mapping, key);
    struct node_pair *known = ordered ? NULL : find_pair(mapping, key);

    if (known != NULL) {
        known->value = value;
        return;
    }
    mapping->mapping.pairs = arena_grow(arena, mapping->mapping.pairs, count, &capacity,
                                        sizeof(*mapping->mapping.pairs));
    mapping->mapping.pairs[count] =
        (struct node_pair){.key = node_new_string(arena, key), .value = value};
    mapping->mapping.count++;
    mapping->mapping.ascending += ordered ? 1 : 0;
}

void node_put(struct arena *arena, struct node *mapping, const char *key, struct node *value) {
    put(arena, mapping, bytes_of(key), value);
}

void node_append(struct arena *arena, struct node *sequence, struct node *item) {
    size_t count = sequence->sequence.count;
    size_t capacity = capacity_of(sequence, count);

    sequence->sequence.items =
        arena_grow(arena, sequence->sequence.items, count, &capacity, sizeof(struct node *));
    sequence->sequence.items[count] = item;
    sequence->sequence.count++;
}

void node_put_path(struct arena *arena, struct node *mapping, const char *path,
                   struct node *value) {
    struct node *node = mapping;

    for (size_t offset = 0;;) {
        struct bytes key = path_part(bytes_of(path), &offset);
        if (offset == SIZE_MAX) {
            put(arena, node, key, value);
            return;
        }
        struct node *child = get(node, key);
        if (child == NULL || child->type != NODE_MAPPING) {
            child = node_new_mapping(arena);
            put(arena, node, key, child);
        }
        node = child;
    }
}
