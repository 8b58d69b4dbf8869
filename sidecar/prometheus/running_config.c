/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON string to bytes, bytes to lines, lines to items of lists. Prometheus's marshaller (yaml.v2,
 * in all versions) writes block style: a top-level key at column 0, the items of its list behind
 * dashes in one column, all else deeper. So lines are enough to cut the items out, and only an item
 * is parsed as YAML. An answer of any other form is no answer.
 */

#include "prometheus/running_config.h"

#include "base/memory.h"

#include <stdlib.h>

/* Of one line, and of one item. */
#define ITEM_MAX ((size_t)4 * 1024 * 1024)

static const char not_such[] = "it is not the answer of /api/v1/status/config";

/* What stands before the text, blanks apart. */
static const char prologue[] = "{\"status\":\"success\",\"data\":{\"yaml\":\"";

enum section {
    SECTION_OTHER,
    SECTION_ENTRIES,
    SECTION_JOBS,
    SECTION_RULE_FILES
};

enum position {
    POSITION_PROLOGUE,
    POSITION_TEXT,
    POSITION_ESCAPE,  /* behind a backslash */
    POSITION_UNICODE, /* behind \u */
    POSITION_BEHIND   /* the text has ended */
};

struct running_config {
    const struct config_outline *last;
    struct config_outline *outline;
    const char *fault; /* why it is no such answer; static */
    size_t length;     /* of what was fed */
    enum position position;
    size_t matched;     /* of the prologue */
    uint32_t unit;      /* of \uXXXX */
    unsigned digits;    /* of it */
    uint32_t surrogate; /* the first of a pair; 0: none */
    struct buffer line;
    struct buffer item; /* its lines; empty: none has begun */
    enum section section;
    size_t dash; /* column of the items' dashes; SIZE_MAX: there was none yet */
};

struct running_config *running_config_new(const struct config_outline *last) {
    struct running_config *reader = memory_new(1, sizeof(*reader));

    reader->last = last;
    reader->outline = config_outline_new();
    return reader;
}

void running_config_free(struct running_config *reader) {
    if (reader != NULL) {
        config_outline_free(reader->outline);
        buffer_free(&reader->line);
        buffer_free(&reader->item);
        free(reader);
    }
}

/* --- items ------------------------------------------------------------------------------------ */

/* "- name: x\n  url: ..." */
static bool parse_item(struct arena *arena, struct bytes text, const struct node **ret) {
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;

    if (tree_parse(arena, text, &yaml_default_limits, "", &diagnostics, &documents, &count) < 0 ||
        count != 1 || documents[0].root == NULL || documents[0].root->type != NODE_SEQUENCE ||
        documents[0].root->sequence.count != 1 ||
        documents[0].root->sequence.items[0]->type != NODE_MAPPING) {
        return false;
    }
    *ret = documents[0].root->sequence.items[0];
    return true;
}

static bool add_item(struct running_config *reader, struct outline_list *list,
                     const struct outline_list *last,
                     struct outline_item (*item_of)(const struct node *node)) {
    CLEANUP(arena_freep) struct arena *arena = NULL;
    const uint64_t hash = bytes_hash(buffer_bytes(&reader->item));
    const struct node *node = NULL;
    struct outline_item item;

    if (last != NULL && list->count < last->count && last->items[list->count].text == hash) {
        item = last->items[list->count];
    } else {
        arena = arena_new();
        if (!parse_item(arena, buffer_bytes(&reader->item), &node)) {
            return false;
        }
        item = item_of(node);
        item.text = hash;
    }
    return config_outline_add(reader->outline, list, item);
}

static bool end_item(struct running_config *reader) {
    struct config_outline *outline = reader->outline;
    const struct config_outline *last = reader->last;
    bool well = true;

    if (reader->item.length == 0) {
        return true;
    }
    switch (reader->section) {
    case SECTION_ENTRIES:
        well = add_item(reader, &outline->entries, last != NULL ? &last->entries : NULL,
                        outline_entry);
        break;
    case SECTION_JOBS:
        well = add_item(reader, &outline->jobs, last != NULL ? &last->jobs : NULL, outline_job);
        break;
    case SECTION_RULE_FILES:
        outline->rule_files++;
        break;
    case SECTION_OTHER:
        break;
    }
    buffer_clear(&reader->item);
    return well;
}

/* --- lines ------------------------------------------------------------------------------------ */

static const struct {
    struct bytes key;
    enum section section;
} sections[] = {
    {BYTES("remote_write:"), SECTION_ENTRIES},
    {BYTES("scrape_configs:"), SECTION_JOBS},
    {BYTES("rule_files:"), SECTION_RULE_FILES},
};

static bool begin_section(struct running_config *reader, struct bytes line) {
    bool well = end_item(reader);

    reader->section = SECTION_OTHER;
    reader->dash = SIZE_MAX;
    for (size_t i = 0; i < ARRAY_LENGTH(sections); i++) {
        if (bytes_starts_with(line, sections[i].key)) {
            struct bytes rest = bytes_trim(bytes_slice(line, sections[i].key.length, SIZE_MAX));
            reader->section = sections[i].section;
            /* A list in one line is either empty or not in the marshaller's style. */
            well &= rest.length == 0 || bytes_equal(rest, BYTES("[]")) ||
                    bytes_equal(rest, BYTES("null"));
        }
    }
    return well;
}

static bool is_dash(struct bytes line, size_t column) {
    return column < line.length && line.data[column] == '-' &&
           (column + 1 == line.length || line.data[column + 1] == ' ' ||
            line.data[column + 1] == '\n');
}

/* line: with its line break. */
static bool take_line(struct running_config *reader, struct bytes line) {
    size_t indent = 0;
    bool well = true;

    while (indent < line.length && line.data[indent] == ' ') {
        indent++;
    }
    const bool blank = bytes_trim(line).length == 0;
    const bool dash = is_dash(line, indent);
    if (!blank && indent == 0 && !dash) {
        return begin_section(reader, line);
    }
    if (reader->section == SECTION_OTHER) {
        return true;
    }
    if (dash && (reader->dash == SIZE_MAX || indent == reader->dash)) {
        well = end_item(reader);
        reader->dash = indent;
    } else if (!blank && (reader->dash == SIZE_MAX || indent <= reader->dash)) {
        return false;
    }
    if (reader->item.length > 0 || dash) {
        buffer_append(&reader->item, line);
    }
    return well && reader->item.length <= ITEM_MAX;
}

static bool end_line(struct running_config *reader) {
    const bool well = take_line(reader, buffer_bytes(&reader->line));

    buffer_clear(&reader->line);
    return well;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static bool take_byte(struct running_config *reader, char c) {
    if (reader->line.length == ITEM_MAX) {
        return false;
    }
    buffer_append_char(&reader->line, c);
    return c != '\n' || end_line(reader);
}

/* As UTF-8. */
static bool take_character(struct running_config *reader, uint32_t c) {
    if (c < 0x80) {
        return take_byte(reader, (char)c);
    }
    if (c < 0x800) {
        return take_byte(reader, (char)(0xc0 | c >> 6)) &&
               take_byte(reader, (char)(0x80 | (c & 0x3f)));
    }
    if (c < 0x10000) {
        return take_byte(reader, (char)(0xe0 | c >> 12)) &&
               take_byte(reader, (char)(0x80 | (c >> 6 & 0x3f))) &&
               take_byte(reader, (char)(0x80 | (c & 0x3f)));
    }
    return take_byte(reader, (char)(0xf0 | c >> 18)) &&
           take_byte(reader, (char)(0x80 | (c >> 12 & 0x3f))) &&
           take_byte(reader, (char)(0x80 | (c >> 6 & 0x3f))) &&
           take_byte(reader, (char)(0x80 | (c & 0x3f)));
}

/* The unit behind \u is complete. Pairs of surrogates are one character. */
static bool take_unit(struct running_config *reader) {
    const uint32_t unit = reader->unit;
    const uint32_t first = reader->surrogate;
    const bool low = unit >= 0xdc00 && unit <= 0xdfff;

    reader->position = POSITION_TEXT;
    reader->surrogate = 0;
    if (first != 0) {
        return low && take_character(reader, 0x10000 + ((first - 0xd800) << 10) + unit - 0xdc00);
    }
    if (unit >= 0xd800 && unit < 0xdc00) {
        reader->surrogate = unit;
        return true;
    }
    return !low && unit != 0 && take_character(reader, unit);
}

static bool take_digit(struct running_config *reader, char c) {
    uint32_t value = 0;

    if (c >= '0' && c <= '9') {
        value = (uint32_t)(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        value = (uint32_t)((c | 0x20) - 'a') + 10;
    } else {
        return false;
    }
    reader->unit = reader->unit << 4 | value;
    reader->digits++;
    return reader->digits < 4 || take_unit(reader);
}

static bool take_escape(struct running_config *reader, char c) {
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

    if (c == 'u') {
        reader->position = POSITION_UNICODE;
        reader->unit = 0;
        reader->digits = 0;
        return true;
    }
    reader->position = POSITION_TEXT;
    for (size_t i = 0; reader->surrogate == 0 && i + 1 < sizeof(escapes); i += 2) {
        if (escapes[i] == c) {
            return take_byte(reader, escapes[i + 1]);
        }
    }
    return false;
}

static bool take_text(struct running_config *reader, char c) {
    if (c == '\\') {
        reader->position = POSITION_ESCAPE;
        return true;
    }
    if (reader->surrogate != 0 || (unsigned char)c < ' ') {
        return false;
    }
    if (c == '"') {
        reader->position = POSITION_BEHIND;
        return (reader->line.length == 0 || end_line(reader)) && end_item(reader);
    }
    return take_byte(reader, c);
}

static bool take_prologue(struct running_config *reader, char c) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        return true;
    }
    if (c != prologue[reader->matched]) {
        return false;
    }
    reader->matched++;
    if (prologue[reader->matched] == '\0') {
        reader->position = POSITION_TEXT;
    }
    return true;
}

static bool take(struct running_config *reader, char c) {
    switch (reader->position) {
    case POSITION_PROLOGUE:
        return take_prologue(reader, c);
    case POSITION_TEXT:
        return take_text(reader, c);
    case POSITION_ESCAPE:
        return take_escape(reader, c);
    case POSITION_UNICODE:
        return take_digit(reader, c);
    case POSITION_BEHIND:
        return true; /* warnings and the like */
    }
    return false;
}

const char *running_config_feed(struct running_config *reader, struct bytes part) {
    if (reader->fault == NULL && part.length > RUNNING_CONFIG_MAX - reader->length) {
        reader->fault = "the config that Prometheus tells is larger than 128 MiB";
    }
    for (size_t i = 0; i < part.length && reader->fault == NULL; i++) {
        if (!take(reader, part.data[i])) {
            reader->fault = not_such;
        }
    }
    reader->length += reader->fault == NULL ? part.length : 0;
    return reader->fault;
}

struct config_outline *running_config_end(struct running_config *reader) {
    if (reader->fault != NULL || reader->position != POSITION_BEHIND) {
        return NULL;
    }
    return TAKE_PTR(reader->outline);
}
