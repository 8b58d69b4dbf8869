/* SPDX-License-Identifier: Apache-2.0 */

/* A URL is compared in a form to which both its spellings lead, the written one and Go's: what is
 * lost on the way (passwords, fragments) is not compared. */

#include "prometheus/config_outline.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>

enum {
    ENTRIES_MAX = 200000,
    NAME_SHOWN_MAX = 200 /* bytes of a name in a difference */
};

#define NUMBER_UNKNOWN INT64_MIN

/* --- outlines --------------------------------------------------------------------------------- */

/* Of queue_config; Prometheus prints them as they were written. */
static const char *const numbers[OUTLINE_NUMBERS] = {
    "queue_config.capacity", "queue_config.max_shards", "queue_config.min_shards",
    "queue_config.max_samples_per_send"};
struct config_outline *config_outline_new(void) {
    struct config_outline *outline = memory_new(1, sizeof(*outline));

    outline->arena = arena_new();
    return outline;
}

void config_outline_free(struct config_outline *outline) {
    if (outline != NULL) {
        arena_free(outline->arena);
        free(outline);
    }
}

void config_outline_freep(struct config_outline **outline) {
    config_outline_free(*outline);
    *outline = NULL;
}

bool config_outline_add(struct config_outline *outline, struct outline_list *list,
                        struct outline_item item) {
    if (list->count == ENTRIES_MAX) {
        return false;
    }
    list->items =
        arena_grow(outline->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    item.name = arena_bytes(outline->arena, item.name);
    list->items[list->count++] = item;
    return true;
}

/* --- URLs ------------------------------------------------------------------------------------- */

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const int lower = tolower((unsigned char)c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Go may write a byte of a host or path as %XX or plainly: here always plainly. */
static void append_decoded(struct buffer *out, struct bytes text, bool lower) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '%' && i + 2 < text.length && hex_value(text.data[i + 1]) >= 0 &&
            hex_value(text.data[i + 2]) >= 0) {
            c = (char)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
            i += 2;
        }
        buffer_append_char(out, lower ? (char)tolower((unsigned char)c) : c);
    }
}

static size_t find_any(struct bytes text, const char *any) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '\0' && strchr(any, text.data[i]) != NULL) {
            return i;
        }
    }
    return text.length;
}

static struct bytes without_userinfo(struct bytes authority) {
    size_t from = authority.length;

    while (from > 0 && authority.data[from - 1] != '@') {
        from--;
    }
    return bytes_slice(authority, from, SIZE_MAX);
}

/* The same for a URL as it was written and as Go prints it, with its password masked: so without
 * user information and fragment. 0: it cannot be told. */
static uint64_t url_hash(struct bytes url) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const size_t scheme = bytes_find(url, BYTES("://"), 0);

    if (scheme == SIZE_MAX) {
        return 0;
    }
    struct bytes rest = bytes_slice(url, scheme + strlen("://"), SIZE_MAX);
    rest = bytes_slice(rest, 0, find_any(rest, "#"));
    const size_t authority = find_any(rest, "/?");
    const size_t path = find_any(rest, "?");
    append_decoded(&text, bytes_slice(url, 0, scheme), true);
    buffer_append_string(&text, "://");
    append_decoded(&text, without_userinfo(bytes_slice(rest, 0, authority)), true);
    append_decoded(&text, bytes_slice(rest, authority, path), false);
    buffer_append(&text, bytes_slice(rest, path, SIZE_MAX));
    const uint64_t hash = bytes_hash(buffer_bytes(&text));
    return hash != 0 ? hash : 1;
}

/* --- items ------------------------------------------------------------------------------------ */

static size_t sequence_count(const struct node *node) {
    return node != NULL && node->type == NODE_SEQUENCE ? node->sequence.count : 0;
}

/* Text is what stands there, as Go reads a string from any plain scalar. */
static void take_name(const struct node *name, struct outline_item *item) {
    if (node_is_null(name)) {
        item->name = BYTES("");
    } else if (name->type == NODE_SCALAR) {
        item->name = name->scalar.text;
    } else {
        item->any_name = true;
    }
}

struct outline_item outline_entry(const struct node *node) {
    struct outline_item item = {0};
    const struct node *url = node_get(node, "url");

    take_name(node_get(node, "name"), &item);
    if (url != NULL && url->type == NODE_SCALAR) {
        item.url = url_hash(url->scalar.text);
    }
    item.relabelings = sequence_count(node_get(node, "write_relabel_configs"));
    for (size_t i = 0; i < OUTLINE_NUMBERS; i++) {
        const struct node *number = node_find(node, numbers[i]);
        item.numbers[i] =
            number != NULL && number->type == NODE_SCALAR && number->scalar.kind == SCALAR_INTEGER
                ? number->scalar.integer
                : NUMBER_UNKNOWN;
    }
    return item;
}

struct outline_item outline_job(const struct node *node) {
    struct outline_item item = {0};

    take_name(node_get(node, "job_name"), &item);
    return item;
}

/* --- a config as it was written --------------------------------------------------------------- */

static bool add_all(struct config_outline *outline, struct outline_list *list,
                    const struct node *sequence,
                    struct outline_item (*item_of)(const struct node *node)) {
    for (size_t i = 0; i < sequence_count(sequence); i++) {
        if (sequence->sequence.items[i]->type != NODE_MAPPING ||
            !config_outline_add(outline, list, item_of(sequence->sequence.items[i]))) {
            return false;
        }
    }
    return true;
}

/* Where Prometheus took a config, what is not in the form that it takes was not understood here. */
static bool is_list_or_nothing(const struct node *node) {
    return node_is_null(node) || node->type == NODE_SEQUENCE;
}

static bool outline_fill(struct config_outline *outline, const struct node *root) {
    const struct node *entries = node_get(root, "remote_write");
    const struct node *jobs = node_get(root, "scrape_configs");
    const struct node *rules = node_get(root, "rule_files");

    outline->rule_files = sequence_count(rules);
    return (root == NULL || node_is_null(root) || root->type == NODE_MAPPING) &&
           is_list_or_nothing(entries) && is_list_or_nothing(jobs) && is_list_or_nothing(rules) &&
           add_all(outline, &outline->entries, entries, outline_entry) &&
           add_all(outline, &outline->jobs, jobs, outline_job);
}

struct config_outline *config_outline_of(struct bytes config) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct config_outline *outline = config_outline_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct yaml_limits limits = yaml_default_limits;
    struct document *documents = NULL;
    size_t count = 0;

    /* It was made by the program itself: what it may be was bounded before. */
    limits.nodes = SIZE_MAX;
    limits.scalar = SIZE_MAX;
    int error = tree_parse(arena, config, &limits, "", &diagnostics, &documents, &count);
    /* Prometheus reads the first document only. */
    if (error < 0 || (count > 0 && documents[0].failed) ||
        !outline_fill(outline, count > 0 ? documents[0].root : NULL)) {
        config_outline_freep(&outline);
    }
    return outline;
}

/* --- comparing -------------------------------------------------------------------------------- */

static void append_name(struct buffer *out, struct bytes name) {
    size_t length = name.length;

    if (length > NAME_SHOWN_MAX) {
        length = NAME_SHOWN_MAX;
        while (length > 0 && ((unsigned char)name.data[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    buffer_append_string(out, "\"");
    buffer_append(out, bytes_slice(name, 0, length));
    buffer_append_string(out, length < name.length ? "...\"" : "\"");
}

static bool same_count(size_t written, size_t running, const char *what, struct buffer *out) {
    if (written != running) {
        buffer_printf(out, "runs %zu %s, %zu are written", running, what, written);
    }
    return written == running;
}

static bool same_name(const struct outline_item *written, const struct outline_item *running,
                      size_t index, const char *what, struct buffer *out) {
    if (written->any_name || running->any_name || bytes_equal(written->name, running->name)) {
        return true;
    }
    buffer_printf(out, "runs ");
    append_name(out, running->name);
    buffer_printf(out, " as %s %zu, ", what, index + 1);
    append_name(out, written->name);
    buffer_append_string(out, " is written");
    return false;
}

static bool say_part(const struct outline_item *written, size_t index, const char *what,
                     struct buffer *out) {
    buffer_printf(out, "runs entry %zu of remote_write, ", index + 1);
    append_name(out, written->name);
    buffer_printf(out, ", with another %s than is written", what);
    return false;
}

static bool same_entry(const struct outline_item *written, const struct outline_item *running,
                       size_t index, struct buffer *out) {
    if (!same_name(written, running, index, "entry", out)) {
        return false;
    }
    if (written->url != 0 && running->url != 0 && written->url != running->url) {
        return say_part(written, index, "url", out);
    }
    if (written->relabelings != running->relabelings) {
        return say_part(written, index, "number of write_relabel_configs", out);
    }
    for (size_t i = 0; i < OUTLINE_NUMBERS; i++) {
        if (written->numbers[i] != NUMBER_UNKNOWN && running->numbers[i] != NUMBER_UNKNOWN &&
            written->numbers[i] != running->numbers[i]) {
            return say_part(written, index, numbers[i], out);
        }
    }
    return true;
}

bool config_outlines_match(const struct config_outline *written,
                           const struct config_outline *running, struct buffer *out) {
    if (!same_count(written->entries.count, running->entries.count, "entries of remote_write",
                    out) ||
        !same_count(written->jobs.count, running->jobs.count, "scrape jobs", out) ||
        !same_count(written->rule_files, running->rule_files, "rule_files", out)) {
        return false;
    }
    for (size_t i = 0; i < written->entries.count; i++) {
        if (!same_entry(&written->entries.items[i], &running->entries.items[i], i, out)) {
            return false;
        }
    }
    for (size_t i = 0; i < written->jobs.count; i++) {
        if (!same_name(&written->jobs.items[i], &running->jobs.items[i], i, "scrape job", out)) {
            return false;
        }
    }
    return true;
}
