/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes: what is parsed knows where it stands, and comes back the same from both ways of
 * writing it. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "yaml/emit.h"
#include "yaml/tree.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const struct yaml_limits limits = {
    .depth = 32, .nodes = 20000, .documents = 200, .scalar = 100000};

static void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

static void check_place(const struct node *node, const struct document *document) {
    require(node->start <= node->end, "a node starts before it ends");
    require(node->start >= document->start && node->end <= document->content_end,
            "a node stands within its document");
    require(node->line >= document->line && node->column >= 1, "lines and columns count from 1");
}

/* Children of an alias and merged values stand elsewhere. */
static void check_places(const struct node *node, const struct document *document) {
    check_place(node, document);
    if (node->alias || node->merged) {
        return;
    }
    if (node->type == NODE_SEQUENCE) {
        for (size_t i = 0; i < node->sequence.count; i++) {
            const struct node *item = node->sequence.items[i];
            require(item->start >= node->start && item->end <= node->end,
                    "an item stands within its list");
            check_places(item, document);
        }
    }
    if (node->type == NODE_MAPPING) {
        for (size_t i = 0; i < node->mapping.count; i++) {
            const struct node_pair *pair = &node->mapping.pairs[i];
            if (!pair->value->merged) {
                require(pair->key->start >= node->start && pair->value->end <= node->end,
                        "a pair stands within its mapping");
                require(pair->key->end <= pair->value->start, "a value stands behind its key");
            }
            check_places(pair->key, document);
            check_places(pair->value, document);
        }
    }
}

static void check_round_trip(const struct node *root, struct bytes written) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;

    int r = tree_parse(arena, written, &limits, "written", &diagnostics, &documents, &count);
    require(r == 0 && count == 1 && !documents[0].failed, "what was written can be read");
    require(node_equal(root, documents[0].root), "what was written is what was read");
    require(node_equal(documents[0].root, root), "equality works both ways");
}

static void check_document(const struct document *document) {
    CLEANUP(buffer_free) struct buffer flow = {0};
    CLEANUP(buffer_free) struct buffer block = {0};

    check_places(document->root, document);
    emit_flow(&flow, document->root);
    require(bytes_find(buffer_bytes(&flow), BYTES("\n"), 0) == SIZE_MAX, "flow style is one line");
    check_round_trip(document->root, buffer_bytes(&flow));
    emit_block(&block, document->root, 3, "\r\n");
    check_round_trip(document->root, buffer_bytes(&block));
    buffer_clear(&block);
    emit_sequence_item(&block, document->root, 1, "\n");
    require(bytes_starts_with(buffer_bytes(&block), BYTES(" - ")), "an item begins with a dash");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct bytes text = {(const char *)data, size};
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;
    size_t end = 0;
    size_t failed = 0;

    int r = tree_parse(arena, text, &limits, "text", &diagnostics, &documents, &count);
    require((r < 0) == (r < 0 && diagnostics.count == 1),
            "a text that is refused has one diagnostic");
    for (size_t i = 0; r == 0 && i < count; i++) {
        const struct document *document = &documents[i];
        require(document->start >= end && document->content_end <= document->end &&
                    document->end <= size,
                "documents follow one another");
        end = document->end;
        failed += document->failed ? 1 : 0;
        require(!document->failed || document->root == NULL, "a failed document has no root");
        if (document->root != NULL) {
            check_document(document);
        }
    }
    require(r < 0 || (failed == 0) == (diagnostics.count == 0), "a failed document says why");
    return 0;
}
