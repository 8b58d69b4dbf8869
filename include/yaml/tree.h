/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_TREE_H
#define SIDECAR_YAML_TREE_H

/*
 * A YAML text as a tree in which every node knows where it stands. Built on libyaml's events; what
 * a plain scalar means is decided as gopkg.in/yaml.v2 does it, because that is what Kubernetes
 * (sigs.k8s.io/yaml) and Prometheus read with: YAML 1.1 booleans (y, yes, on ... in their three
 * spellings), 012 as octal, ~ as null, dates as strings.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_type {
    NODE_SCALAR,
    NODE_SEQUENCE,
    NODE_MAPPING
};

enum scalar_style {
    SCALAR_PLAIN,
    SCALAR_SINGLE_QUOTED,
    SCALAR_DOUBLE_QUOTED,
    SCALAR_LITERAL,
    SCALAR_FOLDED
};

/* The type that a scalar has after resolution; an explicit tag (!!str, !!int, ...) decides where
 * there is one. */
enum scalar_kind {
    SCALAR_STRING,
    SCALAR_NULL,
    SCALAR_BOOL,
    SCALAR_INTEGER,
    SCALAR_FLOAT
};

struct node_pair {
    struct node *key;
    struct node *value;
};

/*
 * Lives in the arena that it was parsed into; read-only once parsed.
 *
 * start and end are byte offsets into the text given to tree_parse (BOM included). For a scalar or
 * a flow collection they enclose exactly its own characters (quotes, brackets; tag and anchor
 * excluded). For a block scalar end is behind its last line. For a block collection end is the end
 * of its last descendant (not of the comments and blanks behind it). An empty (implicit null)
 * scalar has start == end, where its value would stand.
 *
 * An alias appears as a copy of the anchored node (its anchor's name included), children shared,
 * with alias set and line, column, start and end those of the `*name` itself. Merge keys (<<) are
 * resolved: merged pairs follow the mapping's own and are marked; own keys win over merged ones,
 * wherever the << stands, and earlier merged mappings over later ones.
 *
 * A lone pair in a flow list ([a: b]) is a mapping with flow set and without braces.
 */
struct node {
    enum node_type type;
    unsigned line;   /* from 1 */
    unsigned column; /* from 1, in characters */
    size_t start;
    size_t end;
    bool flow;          /* a collection in [] or {} */
    bool alias;         /* written as *name here */
    bool merged;        /* the pair came by a merge key (set on the pair's value) */
    const char *tag;    /* explicit tag in full, or NULL */
    const char *anchor; /* its &name, or NULL */
    union {
        struct {
            struct bytes
                text; /* value after unescaping and folding; NUL-terminated behind length */
            enum scalar_style style;
            enum scalar_kind kind;
            bool boolean;    /* SCALAR_BOOL */
            int64_t integer; /* SCALAR_INTEGER; one beyond int64 is a SCALAR_FLOAT */
        } scalar;
        struct {
            struct node **items;
            size_t count;
        } sequence;
        struct {
            struct node_pair *pairs;
            size_t count;
            size_t ascending; /* the room's own: so many first keys are in ascending order */
        } mapping;
    };
};

struct document {
    struct node *root; /* NULL: no content (only comments, or nothing) */
    size_t start; /* the document's bytes, its --- (and %directives) included, a byte order mark
                     not; root positions are offsets into the whole text */
    size_t end;   /* just before the next document's ---, or the end of the text */
    size_t content_end; /* where a further top-level line may be put: before `...`, else == end */
    unsigned line;      /* of start */
    bool failed; /* a diagnostic was added; root is NULL. Where the text has too many nodes one
                    is added for all documents that follow */
};

struct yaml_limits {
    size_t depth;     /* nesting of collections */
    size_t nodes;     /* in one document, every use of an alias counted as if written out, and long
                         texts as one value more for every 64 bytes; and in all documents of one
                         text, an alias counted as one */
    size_t documents; /* in one text */
    size_t scalar;    /* bytes of one scalar */
    bool adjustable;  /* they are the user's options, and an error names the one to raise */
};

/* depth 64, a million nodes, 100,000 documents, 4 MiB a scalar. */
extern const struct yaml_limits yaml_default_limits;

/*
 * Parses every document of the text. The text is cut at its `---` lines first, so that a syntax
 * error spoils only the document that it stands in: that one is marked failed, with an error in
 * diagnostics (file, line, column, libyaml's reason in plain words and what to do), and the others
 * are kept. Errors too: duplicate keys (by their text), tabs in indentation, NUL (an escaped one as
 * well) or ill-formed UTF-8, UTF-16, anchors that contain themselves, unknown aliases, keys that
 * are not scalars or are null, values that their tag does not fit, !!binary, more than limits
 * allow. A text of comments alone has no document.
 *
 * 0: *ret_documents (arena) holds what the text has, failed ones included; -EINVAL: the text could
 * not be cut into documents at all (not UTF-8, too many documents), one diagnostic added.
 */
int tree_parse(struct arena *arena, struct bytes text, const struct yaml_limits *limits,
               const char *file, struct diagnostics *diagnostics, struct document **ret_documents,
               size_t *ret_count);

struct location node_location(const struct node *node, const char *file);

/* The value under a key of a mapping; NULL when node is NULL, no mapping, or has no such key. */
const struct node *node_get(const struct node *mapping, const char *key);
/* A path of keys: node_find(root, "metadata.name"). Keys that hold dots cannot be reached by it. */
const struct node *node_find(const struct node *root, const char *path);

bool node_is_null(const struct node *node);   /* NULL, or a scalar that resolves to null */
bool node_is_string(const struct node *node); /* a scalar that resolves to a string */
bool node_is_tilde(const struct node *node);  /* the null that may be meant as text: a plain ~ */

/* What it is, for messages: "a string", "a number", "a boolean", "null", "a list", "a mapping". */
const char *node_type_name(const struct node *node);

/* Same data: types, kinds and values; the order of mapping keys, styles, positions and comments do
 * not count. A NULL and a null are the same. Floats are compared by value, integers by value. */
bool node_equal(const struct node *left, const struct node *right);

/* Building a tree to be written; nodes have no position. Values are copied into the arena. */
struct node *node_new_string(struct arena *arena, struct bytes text);
struct node *node_new_integer(struct arena *arena, int64_t value);
struct node *node_new_bool(struct arena *arena, bool value);
struct node *node_new_mapping(struct arena *arena);
struct node *node_new_sequence(struct arena *arena);
/* Appends; key is copied, value is not. An existing key's value is replaced. Quick for keys that
 * come in ascending order; in any other order each looks at all before it. */
void node_put(struct arena *arena, struct node *mapping, const char *key, struct node *value);
void node_append(struct arena *arena, struct node *sequence, struct node *item);
/* node_put through a dotted path, making mappings on the way: ("tls_config.ca_file"). */
void node_put_path(struct arena *arena, struct node *mapping, const char *path, struct node *value);

#endif
