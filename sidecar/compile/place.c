/* SPDX-License-Identifier: Apache-2.0 */

/* The place for the entries. A base has a root in block or in flow style, and its remote_write has
 * one of a few forms: for each of the pairs there is one function in one table. Whatever a function
 * finds, the merge parses its result and compares; so a rare layout may be refused here, or there,
 * but it is never written wrong. */

#include "compile/place.h"

#include "base/compiler.h"
#include "compile/layout.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define KEY "remote_write"

/* New lists stand two deeper than their key, as in Prometheus's own documentation. */
enum {
    LIST_INDENT = 2
};

static bool is_at(struct bytes text, size_t offset, char byte) {
    return offset < text.length && text.data[offset] == byte;
}

static bool is_written(const struct node *value) {
    return value->start < value->end;
}

/* --- what is where ---------------------------------------------------------------------------- */

/* The column of the root's keys. Only blanks can stand before the first of them. */
static size_t root_indent(const struct site *site) {
    if (site->root == NULL) {
        return 0;
    }
    size_t line = layout_line_start(site->text, site->root->start);
    return layout_skip_blanks(site->text, line) - line;
}

/* The colon behind a key, or SIZE_MAX: `? key` and `{key}` need none. */
static size_t colon_find(const struct site *site) {
    size_t offset = layout_skip_gap(site->text, site->pair->key->end);
    return is_at(site->text, offset, ':') ? offset : SIZE_MAX;
}

/* The last thing that was written of a node, in the order of the text. */
static const struct node *last_leaf(const struct node *node) {
    for (;;) {
        const struct node *last = NULL;
        if (node->alias || node->flow) {
            return node;
        }
        if (node->type == NODE_SEQUENCE && node->sequence.count > 0) {
            last = node->sequence.items[node->sequence.count - 1];
        }
        if (node->type == NODE_MAPPING) {
            for (size_t i = 0; i < node->mapping.count; i++) {
                const struct node *value = node->mapping.pairs[i].value;
                last = value->merged ? last : value;
            }
        }
        if (last == NULL) {
            return node;
        }
        node = last;
    }
}

static bool is_block_scalar(const struct node *node) {
    return node->type == NODE_SCALAR && !node->alias &&
           (node->scalar.style == SCALAR_LITERAL || node->scalar.style == SCALAR_FOLDED);
}

/* The end of what is written behind the colon: tag, anchor, value. */
static size_t value_end(const struct site *site, size_t colon) {
    size_t properties = layout_properties_end(site->text, colon + 1);
    const struct node *value = site->pair->value;
    return is_written(value) && value->end > properties ? value->end : properties;
}

/* Whether a comma has to come before what is added in front of the closing bracket: from is behind
 * the last child, or behind the opening bracket when there is none. */
static bool comma_needed(struct bytes text, size_t from, size_t close, bool has_children) {
    size_t next = layout_skip_gap(text, from);
    if (next >= close) {
        return has_children;
    }
    return !(is_at(text, next, ',') && layout_skip_gap(text, next + 1) == close);
}

/* A block that comes right before a token begins where the blanks before the token do: at the start
 * of the line when the token is the first one there, else behind the one before it. */
static size_t before_token(const struct site *site, size_t token) {
    return layout_skip_blanks_back(site->text, token);
}

static void insert_at(const struct site *site, struct place *place, size_t offset) {
    place->start = offset;
    place->end = offset;
    place->lacks_final_break =
        offset == site->text.length && !layout_at_line_start(site->text, offset);
}

/* --- the forms -------------------------------------------------------------------------------- */

/* A document that is no more than a null: the block takes its place. */
static int absent_in_null(const struct site *site, struct place *place) {
    const struct node *null = site->document->root;

    place->start = before_token(site, null->start);
    place->end = layout_line_end(site->text, null->end);
    place->stash = STASH_LINE;
    place->head = KEY ":";
    place->indent = LIST_INDENT;
    return 0;
}

/* No remote_write in a block root: a key of its own, behind everything that the document has. */
static int absent_in_block(const struct site *site, struct place *place) {
    size_t offset = site->document->content_end;
    size_t indent = root_indent(site);

    if (site->root == NULL && site->document->root != NULL && is_written(site->document->root)) {
        return absent_in_null(site, place);
    }
    if (site->root != NULL && !layout_at_line_start(site->text, offset)) {
        /* A line break would become part of a block scalar that the text ends in: go before the
         * key that it belongs to. */
        const struct node *last = last_leaf(site->root);
        for (size_t i = 0; is_block_scalar(last) && i < site->root->mapping.count; i++) {
            const struct node_pair *pair = &site->root->mapping.pairs[i];
            if (!pair->value->merged) {
                offset = layout_line_start(site->text, pair->key->start);
            }
        }
    }
    insert_at(site, place, offset);
    place->head = KEY ":";
    place->head_indent = indent;
    place->indent = indent + LIST_INDENT;
    place->rewrite = site->inherited;
    return 0;
}

static int absent_in_flow(const struct site *site, struct place *place) {
    const struct node *root = site->root;
    size_t close = root->end - 1;
    size_t last = root->start + 1;

    for (size_t i = 0; i < root->mapping.count; i++) {
        const struct node_pair *pair = &root->mapping.pairs[i];
        size_t end = pair->value->end > pair->key->end ? pair->value->end : pair->key->end;
        if (!pair->value->merged && end > last) {
            last = end;
        }
    }
    if (!is_at(site->text, close, '}')) {
        return -EINVAL;
    }
    insert_at(site, place, before_token(site, close));
    place->flow = true;
    place->comma = comma_needed(site->text, last, close, root->mapping.count > 0);
    place->head = "\"" KEY "\": [";
    place->tail = "]";
    place->rewrite = site->inherited;
    return 0;
}

/* `remote_write:` and nothing behind it: the list follows on the next line. `? remote_write` lacks
 * even the colon. */
static int empty_in_block(const struct site *site, struct place *place) {
    size_t indent = root_indent(site);
    size_t colon = colon_find(site);

    if (colon == SIZE_MAX) {
        colon = site->pair->key->end;
        place->head = ":";
        place->head_indent = indent;
    }
    insert_at(site, place, layout_next_line(site->text, colon));
    place->indent = indent + LIST_INDENT;
    return 0;
}

static int empty_in_flow(const struct site *site, struct place *place) {
    size_t colon = colon_find(site);

    place->flow = true;
    place->tail = "]";
    if (colon != SIZE_MAX) {
        insert_at(site, place, colon + 1);
        place->head = "[";
        return 0;
    }
    /* {remote_write}: a colon of ours could not stand on another line than its key. */
    place->start = before_token(site, site->pair->key->start);
    place->end = site->pair->key->end;
    place->stash = STASH_INLINE;
    place->head = "\"" KEY "\": [";
    return 0;
}

/* null, ~ or an alias: the block takes its place and keeps it. */
static int replaced_in_block(const struct site *site, struct place *place) {
    size_t colon = colon_find(site);

    if (colon == SIZE_MAX) {
        return -EINVAL;
    }
    place->start = colon + 1;
    place->end = layout_line_end(site->text, value_end(site, colon));
    place->stash = STASH_LINE;
    place->indent = root_indent(site) + LIST_INDENT;
    place->rewrite = true;
    return 0;
}

static int replaced_in_flow(const struct site *site, struct place *place) {
    size_t colon = colon_find(site);

    if (colon == SIZE_MAX) {
        return -EINVAL;
    }
    place->start = colon + 1;
    place->end = value_end(site, colon);
    place->stash = STASH_INLINE;
    place->flow = true;
    place->head = "[";
    place->tail = "]";
    place->rewrite = true;
    return 0;
}

/* []: before the closing bracket. */
static int in_empty_brackets(const struct site *site, struct place *place) {
    size_t close = site->pair->value->end - 1;

    if (!is_at(site->text, close, ']')) {
        return -EINVAL;
    }
    insert_at(site, place, before_token(site, close));
    place->flow = true;
    return 0;
}

/* [...]: behind the opening bracket. */
static int in_brackets(const struct site *site, struct place *place) {
    const struct node *list = site->pair->value;
    size_t open = layout_skip_gap(site->text, layout_properties_end(site->text, list->start));

    if (list->sequence.count == 0) {
        return in_empty_brackets(site, place);
    }
    if (!is_at(site->text, open, '[')) {
        return -EINVAL;
    }
    insert_at(site, place, open + 1);
    place->flow = true;
    place->comma_behind = true;
    return 0;
}

/* `? remote_write` and `: - ...`: before the dash is no room for lines. The block takes the place
 * of the list, and writes it out. */
static int replaced_items(const struct site *site, struct place *place) {
    size_t colon = colon_find(site);
    size_t end = site->pair->value->end;

    if (colon == SIZE_MAX) {
        return -EINVAL;
    }
    while (end > colon + 1 && strchr(" \t\r\n", site->text.data[end - 1]) != NULL) {
        end--;
    }
    place->start = colon + 1;
    place->end = layout_line_end(site->text, end);
    place->stash = STASH_LINE;
    place->indent = root_indent(site) + LIST_INDENT;
    place->rewrite = true;
    return 0;
}

/* A block list: on lines of their own before the first item, with the same dash. */
static int before_items(const struct site *site, struct place *place) {
    const struct node *list = site->pair->value;
    size_t dash = layout_skip_gap(site->text, layout_properties_end(site->text, list->start));
    size_t line = layout_line_start(site->text, dash);

    if (!is_at(site->text, dash, '-')) {
        return -EINVAL;
    }
    if (layout_skip_blanks_back(site->text, dash) != line) {
        return replaced_items(site, place);
    }
    insert_at(site, place, line);
    place->indent = dash - line;
    return 0;
}

/* --- the table -------------------------------------------------------------------------------- */

enum form {
    FORM_ABSENT,   /* not written: nowhere, or only behind a merge key */
    FORM_EMPTY,    /* the key alone */
    FORM_REPLACED, /* null, ~, an alias */
    FORM_FLOW,     /* [...] */
    FORM_BLOCK,    /* - ... */
};

static const struct {
    int (*in_block)(const struct site *, struct place *);
    int (*in_flow)(const struct site *, struct place *);
} forms[] = {
    [FORM_ABSENT] = {absent_in_block, absent_in_flow},
    [FORM_EMPTY] = {empty_in_block, empty_in_flow},
    [FORM_REPLACED] = {replaced_in_block, replaced_in_flow},
    [FORM_FLOW] = {in_brackets, in_brackets},
    [FORM_BLOCK] = {before_items, NULL},
};

static enum form form_of(const struct site *site) {
    if (site->pair == NULL) {
        return FORM_ABSENT;
    }
    const struct node *value = site->pair->value;
    if (value->alias) {
        return FORM_REPLACED;
    }
    if (value->type == NODE_SEQUENCE) {
        return value->flow ? FORM_FLOW : FORM_BLOCK;
    }
    bool bare = !is_written(value) && value->tag == NULL && value->anchor == NULL;
    return bare ? FORM_EMPTY : FORM_REPLACED;
}

int place_find(const struct site *site, struct place *ret) {
    enum form form = form_of(site);
    bool flow = site->root != NULL && site->root->flow;
    int (*find)(const struct site *, struct place *) =
        flow ? forms[form].in_flow : forms[form].in_block;
    struct place place = {0};

    if (find == NULL) {
        return -EINVAL;
    }
    int status = find(site, &place);
    if (status == 0) {
        *ret = place;
    }
    return status;
}

bool place_is_overridden(const struct site *site) {
    for (size_t i = 0; site->pair != NULL && i < site->root->mapping.count; i++) {
        const struct node_pair *pair = &site->root->mapping.pairs[i];
        if (pair->value->merged || pair->key->start < site->pair->key->start) {
            continue;
        }
        size_t end = pair->value->end > pair->key->end ? pair->value->end : pair->key->end;
        size_t next = layout_skip_gap(site->text, end);
        if (is_at(site->text, next, ',') || is_at(site->text, next, '?')) {
            next = layout_skip_gap(site->text, next + 1);
        }
        if (bytes_starts_with(bytes_slice(site->text, next, site->text.length), BYTES("<<"))) {
            return true;
        }
    }
    return false;
}
