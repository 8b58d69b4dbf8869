/* SPDX-License-Identifier: Apache-2.0 */

/* A text is checked, cut at its document markers, and each document parsed by a parser of its own:
 * what is wrong with one of them cannot reach another. */

#include "yaml/tree.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "yaml/build.h"
#include "yaml/complaint.h"
#include "yaml/cut.h"
#include "yaml/position.h"

#include <yaml.h>

#include <errno.h>
#include <stdlib.h>

const struct yaml_limits yaml_default_limits = {
    .depth = 64,
    .nodes = 1000000,
    .documents = 100000,
    .scalar = (size_t)4 << 20,
};

enum {
    TAGS_MOST = 64
};

struct parse {
    struct arena *arena;
    struct bytes text;
    const struct yaml_limits *limits;
    const char *file;
    struct diagnostics *diagnostics;
    struct position_index positions;
    struct build_budget budget;
};

static const char convert_it[] = "save the file as UTF-8";

/* The longest front of the text that is text; its length, or SIZE_MAX when all of it is. */
static size_t find_no_text(struct bytes text) {
    for (size_t offset = 0; offset < text.length;) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, offset, &character);
        if (length == 0 || character == 0) {
            return offset;
        }
        offset += length;
    }
    return SIZE_MAX;
}

static int check_text(struct bytes text, const char *file, struct diagnostics *diagnostics) {
    struct location location = {.file = file, .line = 1, .column = 1};
    size_t offset = find_no_text(text);

    if (offset == SIZE_MAX) {
        return 0;
    }
    if (bytes_starts_with(text, BYTES("\xff\xfe")) || bytes_starts_with(text, BYTES("\xfe\xff"))) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, NULL, convert_it,
                        "the text is UTF-16");
        return -EINVAL;
    }
    struct position_index positions = {0};
    position_index_build(&positions, bytes_slice(text, 0, offset));
    struct position at = position_of_offset(&positions, offset);
    position_index_free(&positions);
    location.line = at.line;
    location.column = at.column;
    if (text.data[offset] == '\0') {
        diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, NULL,
                        "remove it; if every second byte is NUL, save the file as UTF-8",
                        "found a NUL byte");
    } else {
        diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, NULL, convert_it,
                        "the byte 0x%02x is not UTF-8", (unsigned)(unsigned char)text.data[offset]);
    }
    return -EINVAL;
}

/*
 * libyaml's buffers, tokens and strings that grow hold the text, and text holds secrets: they are
 * erased before they are freed. libyaml takes no functions for memory, but the shared library
 * calls its own by these names, and the program's come first. (Linked statically it would not
 * link; a libyaml that is bound to itself would go on without erasing, which a test tells.)
 */
void yaml_free(void *memory);
void *yaml_realloc(void *memory, size_t size);

void yaml_free(void *memory) {
    memory_erase_free(memory);
}

void *yaml_realloc(void *memory, size_t size) {
    return memory_erase_resize(memory, size);
}

/* A further document in the same piece: only behind line breaks that are none to anyone but
 * YAML 1.1. */
static bool check_alone(struct build *build, const yaml_event_t *event, size_t *documents) {
    if (event->type != YAML_DOCUMENT_START_EVENT) {
        return true;
    }
    ++*documents;
    if (*documents > 1) {
        build_complain(build, build_position(build, event->start_mark),
                       "begin it with --- at the start of a line",
                       "another document begins behind an unusual line break");
        return false;
    }
    return true;
}

static void parse_events(struct build *build, yaml_parser_t *parser, size_t first_byte) {
    size_t documents = 0;

    for (bool more = true; more;) {
        yaml_event_t event = {0};
        if (yaml_parser_parse(parser, &event) == 0) {
            complaint_add(build, parser, first_byte);
            return;
        }
        more = event.type != YAML_STREAM_END_EVENT && check_alone(build, &event, &documents) &&
               build_event(build, &event);
        yaml_event_delete(&event);
    }
}

/* Nothing behind the ---. */
static bool is_empty(const struct node *root) {
    return root->type == NODE_SCALAR && !root->alias && root->start == root->end &&
           root->tag == NULL && root->anchor == NULL;
}

/* As libyaml sees lines: it knows breaks that others do not. */
static bool begins_line(struct bytes text, size_t at) {
    const struct bytes before = bytes_slice(text, 0, at);

    return at == 0 || text.data[at - 1] == '\n' || text.data[at - 1] == '\r' ||
           bytes_ends_with(before, BYTES("\xc2\x85")) ||
           bytes_ends_with(before, BYTES("\xe2\x80\xa8")) ||
           bytes_ends_with(before, BYTES("\xe2\x80\xa9"));
}

/* libyaml compares each %TAG directive with all before it: so many that a file could keep everyone
 * waiting. What a value says is none. */
static bool has_few_tags(struct build *build, struct bytes text, size_t start) {
    const struct bytes tag = BYTES("%TAG");
    size_t count = 0;

    for (size_t at = bytes_find(text, tag, 0); at != SIZE_MAX;
         at = bytes_find(text, tag, at + tag.length)) {
        count += begins_line(text, at) ? 1 : 0;
        if (count > TAGS_MOST) {
            build_complain(build, position_of_offset(build->positions, start),
                           "write tags out, or do without",
                           "the document has more than %d %%TAG directives", TAGS_MOST);
            return false;
        }
    }
    return true;
}

static void parse_document(struct parse *parse, const struct cut *cut, struct document *document) {
    struct position start = position_of_offset(&parse->positions, cut->start);
    struct bytes text = bytes_slice(parse->text, cut->start, cut->end);
    struct build build = {
        .arena = parse->arena,
        .text = parse->text,
        .positions = &parse->positions,
        .first_character = start.index,
        .limits = parse->limits,
        .budget = &parse->budget,
        .file = parse->file,
        .diagnostics = parse->diagnostics,
    };
    yaml_parser_t parser;

    document->line = start.line;
    document->failed = parse->budget.exceeded;
    if (document->failed || !has_few_tags(&build, text, cut->start)) {
        document->failed = true;
        return;
    }
    if (yaml_parser_initialize(&parser) == 0) {
        memory_exhausted();
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.length);
    parse_events(&build, &parser, cut->start);
    yaml_parser_delete(&parser);
    build_finish(&build);
    document->failed = build.errors > 0;
    if (!document->failed && build.root != NULL && !is_empty(build.root)) {
        document->root = build.root;
    }
}

static int cut_text(const struct parse *parse, struct cut **ret_cuts, size_t *ret_count) {
    size_t cursor = position_after_mark(parse->text);
    struct cut *cuts = NULL;
    size_t capacity = 0;
    struct cut cut = {0};

    *ret_count = 0;
    while (cut_next(parse->text, &cursor, &cut)) {
        if (*ret_count == parse->limits->documents) {
            struct position at = position_of_offset(&parse->positions, cut.start);
            struct location location = {.file = parse->file, .line = at.line, .column = at.column};
            diagnostics_add(
                parse->diagnostics, SEVERITY_ERROR, location, NULL, NULL,
                limit_remedy(parse->arena, parse->limits, "split the file", "--max-documents"),
                "the file has more than %zu documents", parse->limits->documents);
            return -EINVAL;
        }
        cuts = arena_grow(parse->arena, cuts, *ret_count, &capacity, sizeof(*cuts));
        cuts[*ret_count] = cut;
        ++*ret_count;
    }
    *ret_cuts = cuts;
    return 0;
}

static int parse_all(struct parse *parse, struct document **ret_documents, size_t *ret_count) {
    struct cut *cuts = NULL;
    size_t count = 0;

    int r = cut_text(parse, &cuts, &count);
    if (r < 0) {
        return r;
    }
    struct document *documents = ARENA_NEW_ARRAY(parse->arena, struct document, count);
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;
        documents[i].start = cuts[i].start;
        documents[i].end = last ? parse->text.length : cuts[i + 1].start;
        documents[i].content_end =
            cuts[i].end > cuts[i].content_end ? cuts[i].content_end : documents[i].end;
        parse_document(parse, &cuts[i], &documents[i]);
    }
    *ret_documents = documents;
    *ret_count = count;
    return 0;
}

int tree_parse(struct arena *arena, struct bytes text, const struct yaml_limits *limits,
               const char *file, struct diagnostics *diagnostics, struct document **ret_documents,
               size_t *ret_count) {
    struct parse parse = {
        .arena = arena,
        .text = text,
        .limits = limits,
        .file = file,
        .diagnostics = diagnostics,
        .budget.nodes = limits->nodes,
    };

    int r = check_text(text, file, diagnostics);
    if (r < 0) {
        return r;
    }
    position_index_build(&parse.positions, text);
    r = parse_all(&parse, ret_documents, ret_count);
    position_index_free(&parse.positions);
    return r;
}
