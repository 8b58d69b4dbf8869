/* SPDX-License-Identifier: Apache-2.0 */

/* A base config read and understood: a block of ours taken out of it, the document that Prometheus
 * reads, its remote_write, and the names in there. Done once for as long as the base stays the
 * same; every merge after that works on the result. */

#include "compile/base.h"

#include "base/compiler.h"
#include "compile/layout.h"
#include "compile/marker.h"

#include <errno.h>

/* A base may be one that an operator made for thousands of targets; it is the owner's own, and not
 * a stranger's as a manifest is. */
#define BASE_NODES ((size_t)5000000)

/* --- the text --------------------------------------------------------------------------------- */

static unsigned breaks_in(struct bytes text) {
    unsigned count = 0;
    for (size_t end = layout_line_end(text, 0); end < text.length;
         end = layout_line_end(text, end + layout_break(text, end))) {
        count++;
    }
    return count;
}

static struct removed_lines removed_by(struct bytes text, const struct block *block) {
    unsigned before = breaks_in(bytes_slice(text, 0, block->start));
    unsigned taken = breaks_in(bytes_slice(text, block->start, block->end));
    unsigned kept = breaks_in(block->base);
    bool own_lines = layout_at_line_start(text, block->start);
    return (struct removed_lines){.behind = own_lines ? before : before + 1, .count = taken - kept};
}

static struct location file_location(const struct base *base, struct location location) {
    if (location.line > base->removed.behind) {
        location.line += base->removed.count;
    }
    return location;
}

struct location base_location(const struct base *base, const struct node *node) {
    if (node == NULL) {
        return (struct location){.file = base->file};
    }
    return file_location(base, node_location(node, base->file));
}

/* Diagnostics of the parser, with the lines of the file on disk. When the first document is sound
 * they are of the others, and harm nobody: Prometheus does not read those. */
static void pass_on(const struct base *base, const struct diagnostics *found, bool sound,
                    struct diagnostics *diagnostics) {
    for (size_t i = 0; i < found->count; i++) {
        const struct diagnostic *item = &found->items[i];
        diagnostics_add(diagnostics, sound ? SEVERITY_WARNING : item->severity,
                        file_location(base, item->location), item->subject, item->field,
                        item->remedy, "%s", item->problem);
    }
}

static int parse(struct arena *arena, struct base *base, struct diagnostics *diagnostics) {
    struct document *documents = NULL;
    struct diagnostics found = diagnostics_in(arena);
    int status = tree_parse(arena, base->text, &base->limits, base->file, &found, &documents,
                            &base->document_count);
    base->documents = documents;
    bool sound = status == 0 && (base->document_count == 0 || !documents[0].failed);
    pass_on(base, &found, sound, diagnostics);
    return sound ? 0 : -EINVAL;
}

/* The text as it is, to see which of its markers are only quoted. */
static void find_quoted(struct base *base, struct markers *markers) {
    CLEANUP(arena_freep) struct arena *scratch = arena_new();
    struct diagnostics unheard = diagnostics_in(scratch);
    struct document *documents = NULL;
    size_t count = 0;

    if (tree_parse(scratch, base->text, &base->limits, base->file, &unheard, &documents, &count) ==
        0) {
        markers_find_quoted(markers, documents, count);
    }
}

/* Takes the block out and parses. One parse is enough where the markers are a pair and what is left
 * shows that they were comments. */
static int read_text(struct arena *arena, struct base *base, struct diagnostics *diagnostics) {
    struct bytes file = base->text;
    struct markers markers = markers_scan(arena, file);
    struct block block;

    if (markers_are_pair(&markers) &&
        markers_block(&markers, arena, file, base->file, diagnostics, &block) > 0) {
        struct diagnostics found = diagnostics_in(arena);
        base->removed = removed_by(file, &block);
        base->text = block_remove(arena, file, &block);
        if (parse(arena, base, &found) == 0 &&
            !block_was_quoted(&block, base->documents, base->document_count)) {
            diagnostics_append(diagnostics, &found);
            return 0;
        }
        base->removed = (struct removed_lines){0};
        base->text = file;
    }
    if (markers.count > 0) {
        find_quoted(base, &markers);
    }
    int status = markers_block(&markers, arena, file, base->file, diagnostics, &block);
    if (status < 0) {
        return status;
    }
    if (status > 0) {
        base->removed = removed_by(file, &block);
        base->text = block_remove(arena, file, &block);
    }
    return parse(arena, base, diagnostics);
}

/* --- the tree --------------------------------------------------------------------------------- */

static const struct node_pair *pair_find(const struct node *mapping, struct bytes key) {
    for (size_t i = 0; mapping != NULL && i < mapping->mapping.count; i++) {
        const struct node_pair *pair = &mapping->mapping.pairs[i];
        if (pair->key->type == NODE_SCALAR && bytes_equal(pair->key->scalar.text, key)) {
            return pair;
        }
    }
    return NULL;
}

/* The mapping that Prometheus reads: of the first document, and none when nothing stands there. */
static int find_root(struct base *base, struct diagnostics *diagnostics) {
    const struct node *root = base->document_count > 0 ? base->documents[0].root : NULL;

    if (root == NULL || (node_is_null(root) && root->tag == NULL)) {
        return 0;
    }
    if (root->type == NODE_MAPPING) {
        base->root = root;
        return 0;
    }
    diagnostics_add(diagnostics, SEVERITY_ERROR, base_location(base, root), NULL, NULL,
                    "write keys such as `global:` here, or leave the file empty",
                    "a Prometheus config is a mapping, and this is %s", node_type_name(root));
    return -EINVAL;
}

static int find_entries(struct base *base, const struct node_pair *pair,
                        struct diagnostics *diagnostics) {
    if (pair == NULL || node_is_null(pair->value)) {
        return 0;
    }
    if (pair->value->type != NODE_SEQUENCE) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, base_location(base, pair->value), NULL,
                        REMOTE_WRITE, "write its entries as a list, each behind a `-`",
                        "is %s, and Prometheus takes a list here", node_type_name(pair->value));
        return -EINVAL;
    }
    base->entries = pair->value;
    return 0;
}

static void find_names(struct arena *arena, struct base *base) {
    size_t count = base->entries != NULL ? base->entries->sequence.count : 0;
    struct base_name *names = ARENA_NEW_ARRAY(arena, struct base_name, count);

    for (size_t i = 0; i < count; i++) {
        const struct node *entry = base->entries->sequence.items[i];
        const struct node *name = node_get(entry, "name");
        if (node_is_null(name) || (name->type == NODE_SCALAR && name->scalar.text.length == 0)) {
            base->unnamed = base->unnamed != NULL ? base->unnamed : entry;
        } else if (name->type == NODE_SCALAR) {
            names[base->name_count++] = (struct base_name){
                arena_string(arena, name->scalar.text),
                base_location(base, name),
            };
        }
    }
    base->names = names;
}

static int find_place(struct base *base, const struct node_pair *pair,
                      struct diagnostics *diagnostics) {
    const struct document nothing = {.content_end = base->text.length};
    bool inherited = pair != NULL && pair->value->merged;
    const struct site site = {
        .text = base->text,
        .document = base->document_count > 0 ? &base->documents[0] : &nothing,
        .root = base->root,
        .pair = inherited ? NULL : pair,
        .inherited = inherited,
    };

    if (site.pair != NULL) {
        base->blamed = pair->key;
        base->anchor = pair->value->alias ? NULL : pair->value->anchor;
    }
    if (place_is_overridden(&site)) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, base_location(base, base->blamed), NULL,
                        REMOTE_WRITE, "move the merge key above it",
                        "a merge key (<<) follows it, and Prometheus lets what is merged later "
                        "replace it");
        return -EINVAL;
    }
    if (place_find(&site, &base->place) < 0) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, base_location(base, base->blamed), NULL,
                        REMOTE_WRITE,
                        "write it as a plain list: the key, and each entry behind a "
                        "`-` below it",
                        "is written in a way that entries cannot safely be added to");
        return -EINVAL;
    }
    return 0;
}

static void warn_of_more_documents(const struct base *base, struct diagnostics *diagnostics) {
    if (base->document_count < 2) {
        return;
    }
    struct location location = {.file = base->file, .line = base->documents[1].line};
    diagnostics_add(diagnostics, SEVERITY_WARNING, file_location(base, location), NULL, NULL,
                    "move what it says into the first one, or remove it",
                    "Prometheus reads only the first document of its config, and here begins "
                    "another one");
}

struct base *base_read(struct arena *arena, struct bytes text, const char *file,
                       const struct yaml_limits *limits, struct diagnostics *diagnostics) {
    struct base *base = ARENA_NEW(arena, struct base);

    *base = (struct base){.text = text, .file = file, .limits = *limits};
    if (base->limits.nodes < BASE_NODES) {
        base->limits.nodes = BASE_NODES;
    }
    if (read_text(arena, base, diagnostics) < 0 || find_root(base, diagnostics) < 0) {
        return NULL;
    }
    const struct node_pair *pair = pair_find(base->root, BYTES(REMOTE_WRITE));
    if (find_entries(base, pair, diagnostics) < 0 || find_place(base, pair, diagnostics) < 0) {
        return NULL;
    }
    find_names(arena, base);
    base->line_break = layout_line_break(base->text);
    warn_of_more_documents(base, diagnostics);
    return base;
}

struct bytes base_text(const struct base *base) {
    return base->text;
}

bool base_may_generate(const struct base *base, const char *name, struct location *ret_entry) {
    const size_t digits = 6;

    if (base->unnamed == NULL || strlen(name) != digits ||
        strspn(name, "0123456789abcdef") != digits) {
        return false;
    }
    *ret_entry = base_location(base, base->unnamed);
    return true;
}

const struct base_name *base_names(const struct base *base, size_t *ret_count) {
    *ret_count = base->name_count;
    return base->names;
}
