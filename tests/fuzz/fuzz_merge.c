/* SPDX-License-Identifier: Apache-2.0 */

/* Any base, a few entries. What must hold whenever a merge succeeds: the result parses and is base
 * plus entries by a comparison of its own; every byte of the base is still there; taking the block
 * out gives the base back; merging once more in place changes nothing, and proving only what is new
 * makes no other result. A refusal has to say why.
 *
 * The first byte is the number of entries, the rest of the first line goes into their values, and
 * what follows is the base. */

#include "compile/merge.h"
#include "compile/proven.h"

#include "base/compiler.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                         \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                             \
        }                                                                                        \
    } while (0)

enum {
    MOST_ENTRIES = 3
};

struct run {
    struct arena *arena;
    struct diagnostics diagnostics;
    struct base *base;
    struct merge_item items[MOST_ENTRIES];
    size_t count;
    struct buffer merged;
    size_t start;
    size_t end;
};

struct parsed {
    struct document *documents;
    size_t count;
};

/* --- entries ---------------------------------------------------------------------------------- */

static const struct node *entry_new(struct arena *arena, struct bytes text, size_t number) {
    struct bytes odd = bytes_is_text(text) ? text : BYTES("x");
    struct node *entry = node_new_mapping(arena);
    struct node *list = node_new_sequence(arena);

    node_put(arena, entry, "name", node_new_string(arena, odd));
    node_put(arena, entry, "url", node_new_string(arena, BYTES("http://a.example/b?c=d#e")));
    node_put(arena, entry, "number", node_new_integer(arena, (int64_t)number));
    node_append(arena, list, node_new_string(arena, bytes_slice(odd, 0, odd.length / 2)));
    node_append(arena, list, node_new_bool(arena, true));
    node_put(arena, entry, "list", list);
    node_put(arena, entry, "empty", node_new_mapping(arena));
    node_put_path(arena, entry, "deeper.still", node_new_string(arena, BYTES("")));
    return entry;
}

static void run_prepare(struct run *run, size_t count, struct bytes text) {
    run->arena = arena_new();
    run->diagnostics = diagnostics_in(run->arena);
    run->count = count;
    for (size_t i = 0; i < count; i++) {
        run->items[i].comment = arena_string(run->arena, text);
        run->items[i].entry = entry_new(run->arena, text, i);
    }
}

static void run_free(struct run *run) {
    buffer_free(&run->merged);
    arena_free(run->arena);
}

/* --- an independent comparison ---------------------------------------------------------------- */

static bool is_nothing(const struct node *node) {
    return node == NULL || (node->type == NODE_SCALAR && node->scalar.kind == SCALAR_NULL);
}

static const struct node *value_of(const struct node *mapping, struct bytes key) {
    for (size_t i = 0; mapping != NULL && i < mapping->mapping.count; i++) {
        if (bytes_equal(mapping->mapping.pairs[i].key->scalar.text, key)) {
            return mapping->mapping.pairs[i].value;
        }
    }
    return NULL;
}

static bool same_scalar(const struct node *left, const struct node *right) {
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
    default:
        return bytes_equal(left->scalar.text, right->scalar.text);
    }
}

static bool same(const struct node *left, const struct node *right) {
    if (is_nothing(left) || is_nothing(right)) {
        return is_nothing(left) && is_nothing(right);
    }
    if (left->type != right->type) {
        return false;
    }
    if (left->type == NODE_SCALAR) {
        return same_scalar(left, right);
    }
    if (left->type == NODE_SEQUENCE) {
        bool equal = left->sequence.count == right->sequence.count;
        for (size_t i = 0; equal && i < left->sequence.count; i++) {
            equal = same(left->sequence.items[i], right->sequence.items[i]);
        }
        return equal;
    }
    bool equal = left->mapping.count == right->mapping.count;
    for (size_t i = 0; equal && i < left->mapping.count; i++) {
        const struct node_pair *pair = &left->mapping.pairs[i];
        equal = same(pair->value, value_of(right, pair->key->scalar.text));
    }
    return equal;
}

/* --- what must hold --------------------------------------------------------------------------- */

static struct parsed parse(struct arena *arena, struct bytes text) {
    struct yaml_limits limits = yaml_default_limits;
    struct diagnostics unheard = diagnostics_in(arena);
    struct parsed parsed = {0};

    limits.nodes *= 2;
    limits.depth += 64;
    CHECK(tree_parse(arena, text, &limits, "x", &unheard, &parsed.documents, &parsed.count) == 0);
    return parsed;
}

static const struct node *root_of(const struct parsed *parsed) {
    const struct node *root = parsed->count > 0 ? parsed->documents[0].root : NULL;
    return is_nothing(root) ? NULL : root;
}

static void check_first_document(const struct run *run, const struct node *before,
                                 const struct node *after) {
    struct bytes key = BYTES("remote_write");
    const struct node *old_list = value_of(before, key);
    const struct node *new_list = value_of(after, key);
    size_t own = is_nothing(old_list) ? 0 : old_list->sequence.count;
    size_t others = before != NULL ? before->mapping.count - (old_list != NULL ? 1 : 0) : 0;

    CHECK(after->mapping.count == others + 1);
    for (size_t i = 0; before != NULL && i < before->mapping.count; i++) {
        const struct node_pair *pair = &before->mapping.pairs[i];
        CHECK(bytes_equal(pair->key->scalar.text, key) ||
              same(pair->value, value_of(after, pair->key->scalar.text)));
    }
    CHECK(new_list != NULL && new_list->type == NODE_SEQUENCE);
    CHECK(new_list->sequence.count == own + run->count);
    for (size_t i = 0; i < own; i++) {
        CHECK(same(old_list->sequence.items[i], new_list->sequence.items[run->count + i]));
    }
    for (size_t i = 0; i < run->count; i++) {
        CHECK(same(run->items[i].entry, new_list->sequence.items[i]));
    }
}

static void check_data(const struct run *run) {
    struct bytes old_text = base_text(run->base);
    struct bytes new_text = buffer_bytes(&run->merged);
    struct parsed before = parse(run->arena, old_text);
    struct parsed after = parse(run->arena, new_text);

    CHECK(after.count == (before.count > 0 ? before.count : 1));
    CHECK(!after.documents[0].failed && after.documents[0].root != NULL);
    check_first_document(run, root_of(&before), after.documents[0].root);
    if (before.count > 1) {
        struct bytes rest = bytes_slice(old_text, before.documents[1].start, old_text.length);
        CHECK(bytes_equal(rest, bytes_slice(new_text, after.documents[1].start, new_text.length)));
    }
}

/* Without the block, and what may belong to it at its edges, the base is left; unless the block
 * says that it holds some of it. */
static void check_bytes(const struct run *run) {
    struct bytes base = base_text(run->base);
    struct bytes merged = buffer_bytes(&run->merged);
    struct bytes block = bytes_slice(merged, run->start, run->end);

    CHECK(bytes_starts_with(block, BYTES(MERGE_BEGIN)) && bytes_ends_with(block, BYTES(MERGE_END)));
    if (bytes_find(block, BYTES("\n# base"), 0) != SIZE_MAX) {
        return;
    }
    for (size_t i = 0; i < 9; i++) {
        size_t start = run->start - (i / 3 < run->start ? i / 3 : run->start);
        struct bytes before = bytes_slice(merged, 0, start);
        struct bytes behind = bytes_slice(merged, run->end + i % 3, merged.length);
        if (before.length + behind.length == base.length && bytes_starts_with(base, before) &&
            bytes_ends_with(base, behind)) {
            return;
        }
    }
    CHECK(false);
}

static void check_positions(const struct run *run) {
    size_t at = run->start;
    for (size_t i = 0; i < run->count; i++) {
        CHECK(at <= run->items[i].start && run->items[i].start < run->items[i].end);
        at = run->items[i].end;
    }
    CHECK(at < run->end && run->end <= run->merged.length);
}

static bool run_merge(struct run *run, struct bytes text) {
    run->base = base_read(run->arena, text, "base.yml", &yaml_default_limits, &run->diagnostics);
    return run->base != NULL && base_merge(run->base, run->items, run->count, NULL, &run->merged,
                                           &run->start, &run->end, &run->diagnostics) == 0;
}

/* A merge of all but one, then of all: what was proven before makes no other result. */
static void check_proven(const struct run *first, struct bytes text, struct bytes words) {
    CLEANUP(run_free) struct run again = {0};
    CLEANUP(proven_freep) struct proven *proven = proven_new();
    struct merge_item fewer[MOST_ENTRIES];
    struct diagnostics *diagnostics = &again.diagnostics;
    size_t count = first->count;
    size_t kept = 0;

    run_prepare(&again, count, words);
    for (size_t i = 0; i < count; i++) {
        if (i != count / 2) {
            fewer[kept++] = again.items[i];
        }
    }
    again.base = base_read(again.arena, text, "base.yml", &yaml_default_limits, diagnostics);
    CHECK(base_merge(again.base, fewer, kept, proven, &again.merged, &again.start, &again.end,
                     diagnostics) == 0);
    buffer_clear(&again.merged);
    CHECK(base_merge(again.base, again.items, count, proven, &again.merged, &again.start,
                     &again.end, diagnostics) == 0);
    CHECK(bytes_equal(buffer_bytes(&again.merged), buffer_bytes(&first->merged)));
    CHECK(again.start == first->start && again.end == first->end);
}

static void check_in_place(const struct run *first, struct bytes words) {
    CLEANUP(run_free) struct run again = {0};

    run_prepare(&again, first->count, words);
    CHECK(run_merge(&again, buffer_bytes(&first->merged)));
    CHECK(bytes_equal(base_text(again.base), base_text(first->base)));
    CHECK(bytes_equal(buffer_bytes(&again.merged), buffer_bytes(&first->merged)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes input = {(const char *)data, size};
    size_t line = bytes_find(input, BYTES("\n"), 0);
    CLEANUP(run_free) struct run run = {0};

    if (size == 0 || line == SIZE_MAX || line == 0) {
        line = 0;
    }
    struct bytes words = bytes_slice(input, 1, line);
    struct bytes text = line > 0 ? bytes_slice(input, line + 1, size) : input;
    size_t most = MOST_ENTRIES + 1;
    size_t count = size > 0 ? data[0] % most : 0;
    run_prepare(&run, count, words);
    if (!run_merge(&run, text)) {
        CHECK(diagnostics_count(&run.diagnostics, SEVERITY_ERROR) > 0);
        CHECK(run.merged.length == 0);
        return 0;
    }
    CHECK(diagnostics_count(&run.diagnostics, SEVERITY_ERROR) == 0);
    if (bytes_find(text, BYTES("remotewrite-sidecar"), 0) == SIZE_MAX) {
        CHECK(bytes_equal(base_text(run.base), text));
    }
    if (run.count == 0) {
        CHECK(bytes_equal(buffer_bytes(&run.merged), base_text(run.base)));
        return 0;
    }
    check_data(&run);
    check_bytes(&run);
    check_positions(&run);
    check_in_place(&run, words);
    check_proven(&run, text, words);
    return 0;
}
