/* SPDX-License-Identifier: Apache-2.0 */

/* Proof instead of trust: the merged text is parsed and compared with what it has to say, part by
 * part so that the message can name what is wrong, and the block is taken out of it again. A base
 * in a form that nobody thought of ends here, not in Prometheus. */

#include "compile/verify.h"

#include "base/compiler.h"
#include "compile/marker.h"

#include <errno.h>
#include <stdint.h>

/* Entries of ours are nested this much deeper than a base may be at most. */
enum {
    ENTRY_DEPTH = 32
};

struct proof {
    const struct base *base;
    const struct merge_item *items;
    size_t count;
    struct bytes merged;
    struct document *documents;
    size_t document_count;
    struct arena *arena;
    struct diagnostics *diagnostics;
};

/* What is most likely in the way. */
static const char *remedy_for(const struct proof *proof) {
    if (proof->base->anchor != NULL) {
        return "remove the anchor from it, and write the value out where its alias is used";
    }
    if (proof->base->place.lacks_final_break) {
        return "end the file with a line break";
    }
    return "write it as a plain list: the key, and each entry behind a `-` below it";
}

static int fail(const struct proof *proof, const char *remedy, const char *format, ...)
    PRINTF_LIKE(3, 4);

static int fail(const struct proof *proof, const char *remedy, const char *format, ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&problem, format, arguments);
    va_end(arguments);
    if (remedy == NULL) {
        remedy = remedy_for(proof);
    }
    diagnostics_add(proof->diagnostics, SEVERITY_ERROR,
                    base_location(proof->base, proof->base->blamed), NULL, REMOTE_WRITE, remedy,
                    "entries cannot be added to it: %s", buffer_string(&problem));
    return -EINVAL;
}

/* Our own output is not bounded as a stranger's file is: base and entries were, each for itself. */
static struct yaml_limits limits_of(const struct base *base) {
    struct yaml_limits limits = base->limits;
    limits.depth += ENTRY_DEPTH;
    limits.nodes = SIZE_MAX;
    limits.scalar = SIZE_MAX;
    return limits;
}

static int prove_parses(struct proof *proof) {
    struct yaml_limits limits = limits_of(proof->base);
    struct diagnostics found = diagnostics_in(proof->arena);
    int status = tree_parse(proof->arena, proof->merged, &limits, proof->base->file, &found,
                            &proof->documents, &proof->document_count);

    if (status < 0 || proof->document_count == 0 || proof->documents[0].failed) {
        const struct diagnostic *why = found.count > 0 ? &found.items[0] : NULL;
        bool own = proof->base->anchor != NULL || proof->base->place.rewrite;
        return fail(proof, why != NULL && !own ? why->remedy : NULL,
                    "the result would be no YAML (%s)", why != NULL ? why->problem : "it is empty");
    }
    if (proof->documents[0].root == NULL || proof->documents[0].root->type != NODE_MAPPING) {
        return fail(proof, NULL, "the result would be no mapping");
    }
    return 0;
}

static bool is_remote_write(const struct node_pair *pair) {
    return pair->key->type == NODE_SCALAR &&
           bytes_equal_string(pair->key->scalar.text, REMOTE_WRITE);
}

/* A mapping without its remote_write; the children are shared. */
static struct node *without_remote_write(struct arena *arena, const struct node *mapping) {
    struct node *rest = node_new_mapping(arena);

    if (mapping == NULL) {
        return rest;
    }
    rest->mapping.pairs = ARENA_NEW_ARRAY(arena, struct node_pair, mapping->mapping.count);
    for (size_t i = 0; i < mapping->mapping.count; i++) {
        if (!is_remote_write(&mapping->mapping.pairs[i])) {
            rest->mapping.pairs[rest->mapping.count++] = mapping->mapping.pairs[i];
        }
    }
    return rest;
}

static int prove_rest(const struct proof *proof) {
    const struct base *base = proof->base;
    const struct node *before = without_remote_write(proof->arena, base->root);
    const struct node *after = without_remote_write(proof->arena, proof->documents[0].root);

    if (node_equal(before, after)) {
        return 0;
    }
    if (base->anchor != NULL) {
        return fail(proof, NULL, "what uses its anchor &%s by an alias would change too",
                    base->anchor);
    }
    return fail(proof, NULL, "other keys would change");
}

static int prove_entries(const struct proof *proof) {
    const struct node *list = node_get(proof->documents[0].root, REMOTE_WRITE);
    const struct node *entries = proof->base->entries;
    size_t own = entries != NULL ? entries->sequence.count : 0;

    if (list == NULL || list->type != NODE_SEQUENCE || list->sequence.count != own + proof->count) {
        return fail(proof, NULL, "the list would not have the entries of both");
    }
    for (size_t i = 0; i < own; i++) {
        if (!node_equal(entries->sequence.items[i], list->sequence.items[proof->count + i])) {
            return fail(proof, NULL, "the base's entry number %zu would change", i + 1);
        }
    }
    for (size_t i = 0; i < proof->count; i++) {
        if (!node_equal(proof->items[i].entry, list->sequence.items[i])) {
            return fail(proof, "report this as a bug of remotewrite-sidecar, with the RemoteWrite",
                        "%s would not read back as it was written", proof->items[i].comment);
        }
    }
    return 0;
}

/* In the other direction: in-place mode has to find the base again. */
static int prove_removal(const struct proof *proof) {
    struct diagnostics unheard = diagnostics_in(proof->arena);
    struct markers markers = markers_scan(proof->arena, proof->merged);
    struct block block;

    markers_find_quoted(&markers, proof->documents, proof->document_count);
    if (markers_block(&markers, proof->arena, proof->merged, proof->base->file, &unheard, &block) >
        0) {
        struct bytes base = block_remove(proof->arena, proof->merged, &block);
        if (bytes_equal(base, proof->base->text)) {
            return 0;
        }
    }
    return fail(proof, NULL, "they could not be told from the base again");
}

int merge_verify(const struct base *base, const struct merge_item *items, size_t count,
                 struct bytes merged, struct diagnostics *diagnostics) {
    static int (*const prove_all[])(const struct proof *) = {
        prove_rest,
        prove_entries,
        prove_removal,
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct proof proof = {
        .base = base,
        .items = items,
        .count = count,
        .merged = merged,
        .arena = arena,
        .diagnostics = diagnostics,
    };
    int status = prove_parses(&proof);

    for (size_t i = 0; status == 0 && i < ARRAY_LENGTH(prove_all); i++) {
        status = prove_all[i](&proof);
    }
    return status;
}
