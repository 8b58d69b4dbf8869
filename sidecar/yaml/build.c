/* SPDX-License-Identifier: Apache-2.0 */

/* A stack of open collections instead of recursion. Sizes and depths are counted as the events
 * come, aliases with the size and depth of what they stand for, so that a text that would grow
 * beyond the limits is refused while it is still small. */

#include "yaml/build.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "yaml/mapping.h"
#include "yaml/resolve.h"

#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

/* A document with more errors than this is not meant to be one. */
static const size_t most_errors = 20;

/* So many bytes of a text are counted as one value more. */
#define BYTES_OF_A_VALUE 64

struct anchor {
    const char *name;
    struct node *node;
    size_t size;   /* of the node with all below it, aliases expanded */
    size_t height; /* levels of collections, 0 for a scalar */
    bool open;     /* its end has not come yet */
};

/* An open collection. */
struct build_frame {
    struct node *node;
    struct anchor *anchor;
    size_t total_before;
    size_t height;      /* of the highest child */
    struct node *key;   /* of a mapping: waits for its value */
    size_t first_child; /* in build->children, where its own are the last ones */
    size_t end;         /* of the last child */
    bool broken;        /* a key or an alias in it was complained about */
};

void build_complain(struct build *build, struct position at, const char *remedy, const char *format,
                    ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    struct location location = {.file = build->file, .line = at.line, .column = at.column};
    va_list arguments;

    build->errors++;
    if (build->errors > most_errors) {
        return;
    }
    va_start(arguments, format);
    buffer_vprintf(&problem, format, arguments);
    va_end(arguments);
    diagnostics_add(build->diagnostics, SEVERITY_ERROR, location, NULL, NULL, remedy, "%s",
                    buffer_string(&problem));
}

const char *limit_remedy(struct arena *arena, const struct yaml_limits *limits, const char *remedy,
                         const char *option) {
    return limits->adjustable ? arena_format(arena, "%s, or raise %s", remedy, option) : remedy;
}

struct position build_position(const struct build *build, yaml_mark_t mark) {
    return position_of_character(build->positions, build->first_character + mark.index);
}

static bool is_anchor_character(char character) {
    return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
           (character >= 'a' && character <= 'z') || character == '_' || character == '-';
}

/* The length of the line break at offset, 0 for none: YAML 1.1 knows three more than everybody
 * else. */
static size_t break_length(struct bytes text, size_t offset) {
    struct bytes rest = bytes_slice(text, offset, text.length);

    if (bytes_starts_with(rest, BYTES("\n")) || bytes_starts_with(rest, BYTES("\r"))) {
        return 1;
    }
    if (bytes_starts_with(rest, BYTES("\xc2\x85"))) {
        return 2;
    }
    return bytes_starts_with(rest, BYTES("\xe2\x80\xa8")) ||
                   bytes_starts_with(rest, BYTES("\xe2\x80\xa9"))
               ? 3
               : 0;
}

static size_t blank_length(struct bytes text, size_t offset) {
    bool blank = offset < text.length && (text.data[offset] == ' ' || text.data[offset] == '\t');
    return blank ? 1 : break_length(text, offset);
}

/* Behind blanks, line breaks and comments. */
static size_t skip_blanks(struct bytes text, size_t offset) {
    while (offset < text.length) {
        size_t blank = blank_length(text, offset);
        if (blank == 0 && text.data[offset] != '#') {
            break;
        }
        if (blank == 0) {
            while (offset < text.length && break_length(text, offset) == 0) {
                offset++;
            }
        }
        offset += blank;
    }
    return offset;
}

static size_t skip_tag(struct bytes text, size_t offset) {
    bool verbatim = offset + 1 < text.length && text.data[offset + 1] == '<';

    while (offset < text.length && blank_length(text, offset) == 0) {
        if (verbatim ? text.data[offset] == '>' : text.data[offset] == ',') {
            return verbatim ? offset + 1 : offset;
        }
        offset++;
    }
    return offset;
}

/* Behind the &anchor and the !tag that the event counts to its node: at most as many as wanted, for
 * the ones further on may belong to the first node within it. */
static size_t skip_properties(struct bytes text, size_t offset, size_t wanted) {
    for (; wanted > 0 && offset < text.length; wanted--) {
        if (text.data[offset] == '&') {
            offset++;
            while (offset < text.length && is_anchor_character(text.data[offset])) {
                offset++;
            }
        } else if (text.data[offset] == '!') {
            offset = skip_tag(text, offset);
        } else {
            break;
        }
        offset = skip_blanks(text, offset);
    }
    return offset;
}

static void place(struct build *build, struct node *node, size_t start) {
    struct position at = position_of_offset(build->positions, start);
    node->line = at.line;
    node->column = at.column;
    node->start = start;
}

static const char *copy_string(struct build *build, const yaml_char_t *string) {
    return string != NULL ? arena_string(build->arena, bytes_of((const char *)string)) : NULL;
}

/* --- anchors --------------------------------------------------------------------------------- */

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct anchor *)left)->name, ((const struct anchor *)right)->name);
}

static struct anchor *anchor_find(struct build *build, const char *name) {
    struct anchor wanted = {.name = name};
    struct anchor **found = tfind(&wanted, &build->anchors, by_name);
    return found != NULL ? *found : NULL;
}

/* A name may be given anew: from there on it means the later node. */
static struct anchor *anchor_set(struct build *build, struct node *node) {
    if (node->anchor == NULL) {
        return NULL;
    }
    struct anchor *anchor = anchor_find(build, node->anchor);
    if (anchor == NULL) {
        anchor = ARENA_NEW(build->arena, struct anchor);
        anchor->name = node->anchor;
        if (tsearch(anchor, &build->anchors, by_name) == NULL) {
            memory_exhausted();
        }
    }
    anchor->node = node;
    anchor->size = 1;
    anchor->height = 0;
    anchor->open = false;
    return anchor;
}

static void anchor_forget(void *anchor) {
    /* It lives in the arena. */
    (void)anchor;
}

void build_finish(struct build *build) {
    tdestroy(build->anchors, anchor_forget);
    build->anchors = NULL;
    free(build->frames);
    build->frames = NULL;
    free(build->children);
    build->children = NULL;
}

/* --- adding ---------------------------------------------------------------------------------- */

static struct build_frame *top(struct build *build) {
    return build->depth > 0 ? &build->frames[build->depth - 1] : NULL;
}

/* A long text counts as several values: an alias of it stands for all of it again. */
static size_t scalar_size(const struct node *node) {
    return 1 + node->scalar.text.length / BYTES_OF_A_VALUE;
}

bool build_spend(struct build *build, size_t offset, size_t nodes) {
    struct build_budget *budget = build->budget;

    if (nodes <= budget->nodes) {
        budget->nodes -= nodes;
        return true;
    }
    if (!budget->exceeded) {
        build_complain(
            build, position_of_offset(build->positions, offset),
            limit_remedy(build->arena, build->limits, "split the file", "--max-values"),
            "the file has more than %zu values in its documents; what follows is not read",
            build->limits->nodes);
    }
    *budget = (struct build_budget){.nodes = 0, .exceeded = true};
    return false;
}

/* A node that is made, and stands for so many. */
static bool count_nodes(struct build *build, const struct node *node, size_t size) {
    if (size > build->limits->nodes - build->total) {
        build_complain(build, position_of_offset(build->positions, node->start),
                       limit_remedy(build->arena, build->limits,
                                    "split the document, or use fewer aliases", "--max-values"),
                       "the document has more than %zu values, aliases counted as if written out",
                       build->limits->nodes);
        return false;
    }
    build->total += size;
    return build_spend(build, node->start, 1);
}

static bool fits_depth(struct build *build, const struct node *node, size_t height) {
    if (height > build->limits->depth - build->depth) {
        build_complain(build, position_of_offset(build->positions, node->start),
                       limit_remedy(build->arena, build->limits, "nest less deeply", "--max-depth"),
                       "lists and mappings are nested deeper than %zu levels",
                       build->limits->depth);
        return false;
    }
    return true;
}

static bool check_key(struct build *build, const struct node *key) {
    struct position at = position_of_offset(build->positions, key->start);

    if (key->type != NODE_SCALAR) {
        build_complain(build, at,
                       "use a string as the key; put a value that begins with { or [ in quotes",
                       "a key must be a string, and this is %s", node_type_name(key));
        return false;
    }
    if (node_is_null(key)) {
        build_complain(build, at, "write a name before the colon, or put the key in quotes",
                       "a key is missing here, or it is null");
        return false;
    }
    return true;
}

/* Where a value that was left out would stand: behind the colon, or behind the key where there is
 * no colon. */
static size_t absent_value_offset(const struct build *build, const struct node *key,
                                  size_t reported) {
    size_t colon = skip_blanks(build->text, key->end);
    return colon < reported && build->text.data[colon] == ':' ? colon + 1 : key->end;
}

static void push_child(struct build *build, struct node *key, struct node *value) {
    if (build->child_count == build->child_capacity) {
        build->child_capacity = build->child_capacity > 0 ? build->child_capacity * 2 : 64;
        build->children =
            memory_resize(build->children, build->child_capacity, sizeof(*build->children));
    }
    build->children[build->child_count++] = (struct node_pair){.key = key, .value = value};
}

/* Puts a finished or just opened node where it belongs. */
static void attach(struct build *build, struct node *node) {
    struct build_frame *frame = top(build);

    if (frame == NULL) {
        build->root = node;
        return;
    }
    if (frame->node->type == NODE_SEQUENCE) {
        push_child(build, NULL, node);
    } else if (frame->key == NULL) {
        frame->key = node;
    } else {
        push_child(build, frame->key, node);
        frame->key = NULL;
    }
}

/* What is known of a child only when it is complete. */
static bool child_done(struct build *build, const struct node *node, size_t height) {
    struct build_frame *frame = top(build);

    if (frame == NULL) {
        return build->errors < most_errors;
    }
    frame->end = node->end;
    if (height > frame->height) {
        frame->height = height;
    }
    if (frame->node->type == NODE_MAPPING && frame->key == node && !check_key(build, node)) {
        frame->broken = true;
    }
    return build->errors < most_errors;
}

/* --- events ---------------------------------------------------------------------------------- */

static const enum scalar_style styles[] = {
    [YAML_ANY_SCALAR_STYLE] = SCALAR_PLAIN,
    [YAML_PLAIN_SCALAR_STYLE] = SCALAR_PLAIN,
    [YAML_SINGLE_QUOTED_SCALAR_STYLE] = SCALAR_SINGLE_QUOTED,
    [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = SCALAR_DOUBLE_QUOTED,
    [YAML_LITERAL_SCALAR_STYLE] = SCALAR_LITERAL,
    [YAML_FOLDED_SCALAR_STYLE] = SCALAR_FOLDED,
};

/* libyaml ends a block scalar behind the blank lines that follow it; they are a part of it only
 * with `+`. */
static size_t block_scalar_end(struct bytes text, size_t start, size_t end) {
    size_t offset = start;
    size_t line_end = end;

    for (; offset < end && blank_length(text, offset) == 0; offset++) {
        if (text.data[offset] == '+') {
            return end;
        }
    }
    bool content = true;
    while (offset < end) {
        size_t line_break = break_length(text, offset);
        if (line_break == 0) {
            content = content || blank_length(text, offset) == 0;
            offset++;
            continue;
        }
        line_break =
            bytes_starts_with(bytes_slice(text, offset, end), BYTES("\r\n")) ? 2 : line_break;
        offset += line_break;
        line_end = content ? offset : line_end;
        content = false;
    }
    return content ? end : line_end;
}

static void place_scalar(struct build *build, struct node *node, const yaml_event_t *event) {
    size_t start = build_position(build, event->start_mark).offset;
    size_t end = build_position(build, event->end_mark).offset;
    bool properties =
        start < end && (build->text.data[start] == '&' || build->text.data[start] == '!');
    size_t value = properties ? skip_properties(build->text, start, 2) : start;

    if (node->scalar.style == SCALAR_PLAIN && node->scalar.text.length == 0) {
        /* Nothing was written; only anchor and tag can stand before the mark. */
        const struct build_frame *frame = top(build);
        bool is_value = frame != NULL && frame->node->type == NODE_MAPPING && frame->key != NULL;
        end = is_value && !properties ? absent_value_offset(build, frame->key, start) : end;
        value = end;
    } else if (node->scalar.style == SCALAR_LITERAL || node->scalar.style == SCALAR_FOLDED) {
        end = block_scalar_end(build->text, value, end);
    }
    place(build, node, value);
    node->end = end;
}

static const char *short_tag(const char *tag) {
    struct bytes name = bytes_of(tag);
    struct bytes prefix = BYTES("tag:yaml.org,2002:");
    return bytes_starts_with(name, prefix) ? tag + prefix.length : tag;
}

static void resolve(struct build *build, struct node *node, bool implicit) {
    struct resolution resolution = {.kind = SCALAR_STRING};
    struct position at = position_of_offset(build->positions, node->start);

    if (node->tag != NULL) {
        int r = resolve_tagged(node->tag, node->scalar.text, &resolution);
        if (r == -ENOTSUP) {
            build_complain(build, at, "write the text itself, or use a field that takes base64",
                           "values tagged !!binary are not supported");
        } else if (r < 0) {
            build_complain(build, at, "correct the value, or remove the tag",
                           "the value is not what its tag !!%s says", short_tag(node->tag));
        }
    } else if (implicit) {
        resolution = resolve_plain(node->scalar.text);
    }
    node->scalar.kind = resolution.kind;
    node->scalar.boolean = resolution.boolean;
    node->scalar.integer = resolution.integer;
}

static void check_scalar(struct build *build, const struct node *node) {
    struct position at = position_of_offset(build->positions, node->start);

    if (node->scalar.text.length > build->limits->scalar) {
        build_complain(build, at,
                       limit_remedy(build->arena, build->limits, "shorten it", "--max-scalar-size"),
                       "a value of %zu bytes is longer than the limit of %zu",
                       node->scalar.text.length, build->limits->scalar);
    }
    if (node->scalar.text.length > 0 &&
        memchr(node->scalar.text.data, '\0', node->scalar.text.length) != NULL) {
        build_complain(build, at, "remove the \\0", "a value holds the NUL character");
    }
}

static bool build_scalar(struct build *build, const yaml_event_t *event) {
    struct node *node = ARENA_NEW(build->arena, struct node);
    struct bytes text = {(const char *)event->data.scalar.value, event->data.scalar.length};

    node->type = NODE_SCALAR;
    node->tag = copy_string(build, event->data.scalar.tag);
    node->anchor = copy_string(build, event->data.scalar.anchor);
    node->scalar.text = arena_bytes(build->arena, text);
    node->scalar.style = styles[event->data.scalar.style];
    place_scalar(build, node, event);
    check_scalar(build, node);
    resolve(build, node, event->data.scalar.plain_implicit != 0);
    if (!count_nodes(build, node, scalar_size(node))) {
        return false;
    }
    struct anchor *anchor = anchor_set(build, node);
    if (anchor != NULL) {
        anchor->size = scalar_size(node);
    }
    attach(build, node);
    return child_done(build, node, 0);
}

static void complain_alias(struct build *build, struct position at, const char *name,
                           const struct anchor *anchor) {
    struct build_frame *frame = top(build);

    if (anchor == NULL) {
        /* not its name: it may be a password that begins with '*' */
        build_complain(build, at,
                       "put a value that begins with * in quotes, or name an anchor (&name) that "
                       "stands above, in the same document",
                       "an alias has no anchor");
    } else {
        build_complain(build, at, "write the value out",
                       "the alias *%.80s stands within the value that it names", name);
    }
    if (frame != NULL) {
        frame->broken = true;
    }
}

static bool build_alias(struct build *build, const yaml_event_t *event) {
    const char *name = (const char *)event->data.alias.anchor;
    struct position at = build_position(build, event->start_mark);
    const struct anchor *anchor = anchor_find(build, name);
    struct node *node = ARENA_NEW(build->arena, struct node);

    if (anchor == NULL || anchor->open) {
        complain_alias(build, at, name, anchor);
    } else {
        *node = *anchor->node;
    }
    node->alias = true;
    place(build, node, at.offset);
    node->end = build_position(build, event->end_mark).offset;
    size_t height = anchor != NULL ? anchor->height : 0;
    if (!count_nodes(build, node, anchor != NULL ? anchor->size : 1) ||
        !fits_depth(build, node, height)) {
        return false;
    }
    attach(build, node);
    return child_done(build, node, height);
}

static bool build_open(struct build *build, const yaml_event_t *event, struct node *node) {
    size_t start = build_position(build, event->start_mark).offset;
    size_t properties = (size_t)(node->anchor != NULL) + (size_t)(node->tag != NULL);

    place(build, node, skip_properties(build->text, start, properties));
    if (!count_nodes(build, node, 1) || !fits_depth(build, node, 1)) {
        return false;
    }
    struct anchor *anchor = anchor_set(build, node);
    if (anchor != NULL) {
        anchor->open = true;
    }
    attach(build, node);
    if (build->depth == build->frame_capacity) {
        build->frame_capacity = build->frame_capacity > 0 ? build->frame_capacity * 2 : 16;
        build->frames = memory_resize(build->frames, build->frame_capacity, sizeof(*build->frames));
    }
    build->frames[build->depth] = (struct build_frame){
        .node = node,
        .anchor = anchor,
        .total_before = build->total - 1,
        .first_child = build->child_count,
        .end = node->start,
    };
    build->depth++;
    return true;
}

static bool build_sequence(struct build *build, const yaml_event_t *event) {
    struct node *node = ARENA_NEW(build->arena, struct node);

    node->type = NODE_SEQUENCE;
    node->tag = copy_string(build, event->data.sequence_start.tag);
    node->anchor = copy_string(build, event->data.sequence_start.anchor);
    node->flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    return build_open(build, event, node);
}

static bool build_mapping(struct build *build, const yaml_event_t *event) {
    struct node *node = ARENA_NEW(build->arena, struct node);

    node->type = NODE_MAPPING;
    node->tag = copy_string(build, event->data.mapping_start.tag);
    node->anchor = copy_string(build, event->data.mapping_start.anchor);
    node->flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    return build_open(build, event, node);
}

static void take_items(const struct build *build, struct node *sequence,
                       const struct node_pair *children, size_t count) {
    sequence->sequence.items = ARENA_NEW_ARRAY(build->arena, struct node *, count);
    sequence->sequence.count = count;
    for (size_t i = 0; i < count; i++) {
        sequence->sequence.items[i] = children[i].value;
    }
}

static bool build_close(struct build *build, const yaml_event_t *event) {
    struct build_frame frame = *top(build);
    struct node *node = frame.node;
    size_t count = build->child_count - frame.first_child;
    const struct node_pair *children = count > 0 ? &build->children[frame.first_child] : NULL;
    char first = node->start < build->text.length ? build->text.data[node->start] : '\0';

    build->depth--;
    /* In a flow sequence a lone pair is a mapping that has no braces. */
    bool brackets = node->flow && first == (node->type == NODE_MAPPING ? '{' : '[');
    node->end = brackets ? build_position(build, event->end_mark).offset : frame.end;
    if (node->type == NODE_SEQUENCE) {
        take_items(build, node, children, count);
    } else if (!frame.broken) {
        mapping_finish(build, node, children, count);
    }
    build->child_count = frame.first_child;
    if (frame.anchor != NULL && frame.anchor->node == node) {
        frame.anchor->open = false;
        frame.anchor->size = build->total - frame.total_before;
        frame.anchor->height = frame.height + 1;
    }
    return child_done(build, node, frame.height + 1);
}

bool build_event(struct build *build, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return build_scalar(build, event);
    case YAML_ALIAS_EVENT:
        return build_alias(build, event);
    case YAML_SEQUENCE_START_EVENT:
        return build_sequence(build, event);
    case YAML_MAPPING_START_EVENT:
        return build_mapping(build, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return build_close(build, event);
    default:
        return true;
    }
}
