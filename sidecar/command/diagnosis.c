/* SPDX-License-Identifier: Apache-2.0 */

/* Errors of a file are the operator's to find: they have no RemoteWrite whose state would tell. So
 * they go first, and are counted by the directory or file of the settings that they are in. */

#include "command/diagnosis.h"

#include <stdlib.h>
#include <string.h>

/* --- counting by source ----------------------------------------------------------------------- */

struct source_table {
    struct web_source *items; /* sorted by path, each once */
    size_t count;
    struct web_source elsewhere; /* what is said of none of them */
};

static int compare_sources(const void *left, const void *right) {
    return strcmp(((const struct web_source *)left)->path,
                  ((const struct web_source *)right)->path);
}

static void add_source(struct source_table *table, struct arena *arena, const char *path) {
    if (path != NULL && path[0] != '\0') {
        table->items[table->count++].path = arena_string(arena, bytes_of(path));
    }
}

static struct source_table table_of(struct arena *arena, const struct source_settings *settings) {
    const size_t singles = 3; /* base, labels, elsewhere */
    struct source_table table = {0};
    size_t kept = 0;

    table.items = ARENA_NEW_ARRAY(arena, struct web_source,
                                  settings->volume_count + settings->watched_path_count + singles);
    for (size_t i = 0; i < settings->volume_count; i++) {
        add_source(&table, arena, settings->volumes[i].path);
    }
    for (size_t i = 0; i < settings->watched_path_count; i++) {
        add_source(&table, arena, settings->watched_paths[i]);
    }
    add_source(&table, arena, settings->base_path);
    add_source(&table, arena, settings->labels_path);
    if (table.count == 0) {
        return table;
    }
    qsort(table.items, table.count, sizeof(*table.items), compare_sources);
    for (size_t i = 0; i < table.count; i++) {
        if (kept == 0 || strcmp(table.items[kept - 1].path, table.items[i].path) != 0) {
            table.items[kept++] = table.items[i];
        }
    }
    table.count = kept;
    return table;
}

struct path_prefix {
    const char *path;
    size_t length;
};

static int compare_prefix(const void *key, const void *item) {
    const struct path_prefix *prefix = key;
    const char *path = ((const struct web_source *)item)->path;
    int order = strncmp(prefix->path, path, prefix->length);

    return order != 0 ? order : -(path[prefix->length] != '\0');
}

/* The nearest one that the file is, or is in; NULL: none. */
static struct web_source *find_source(const struct source_table *table, const char *file) {
    size_t length = file != NULL ? strlen(file) : 0;

    while (length > 0 && table->count > 0) {
        const struct path_prefix prefix = {file, length};
        struct web_source *found =
            bsearch(&prefix, table->items, table->count, sizeof(*table->items), compare_prefix);
        if (found != NULL) {
            return found;
        }
        length--; /* "a/b/c", "a/b/", "a/b", "a/", "a": settings may end in a slash */
        while (length > 0 && file[length] != '/' && file[length - 1] != '/') {
            length--;
        }
    }
    return NULL;
}

static void count_diagnostic(struct source_table *table, const struct diagnostic *diagnostic) {
    struct web_source *source = find_source(table, diagnostic->location.file);

    source = source != NULL ? source : &table->elsewhere;
    source->errors += diagnostic->severity == SEVERITY_ERROR ? 1 : 0;
    source->warnings += diagnostic->severity == SEVERITY_WARNING ? 1 : 0;
}

/* --- what is shown ---------------------------------------------------------------------------- */

/* What is worst first: errors of files, then of RemoteWrites, whose state tells already. */
enum {
    RANKS = 4,
    RANK_NONE = RANKS
};

static unsigned rank_of(const struct diagnostic *diagnostic) {
    if (diagnostic->severity == SEVERITY_INFO) {
        return RANK_NONE;
    }
    return (diagnostic->severity == SEVERITY_WARNING ? 2U : 0U) +
           (diagnostic->about_remote_write ? 1U : 0U);
}

static const char *shown(struct arena *arena, const char *text) {
    size_t length = DIAGNOSIS_TEXT_MAX;

    if (text == NULL || strlen(text) <= length) {
        return text != NULL ? arena_string(arena, bytes_of(text)) : NULL;
    }
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--; /* not within a character */
    }
    return arena_format(arena, "%.*s ...", (int)length, text);
}

static struct web_diagnostic item_of(struct arena *arena, const struct diagnostic *diagnostic) {
    return (struct web_diagnostic){
        .severity = severity_name(diagnostic->severity),
        .file = shown(arena, diagnostic->location.file),
        .line = diagnostic->location.line,
        .column = diagnostic->location.column,
        .subject = shown(arena, diagnostic->subject),
        .field = shown(arena, diagnostic->field),
        .problem = shown(arena, diagnostic->problem),
        .remedy = shown(arena, diagnostic->remedy),
    };
}

static void select_items(struct arena *arena, const struct diagnostics *diagnostics, size_t total,
                         struct diagnosis *ret) {
    const size_t most = total < DIAGNOSIS_SHOWN_MAX ? total : DIAGNOSIS_SHOWN_MAX;
    struct web_diagnostic *items = ARENA_NEW_ARRAY(arena, struct web_diagnostic, most);

    for (unsigned rank = 0; rank < RANKS; rank++) {
        for (size_t i = 0; i < diagnostics->count && ret->count < most; i++) {
            if (rank_of(&diagnostics->items[i]) == rank) {
                items[ret->count++] = item_of(arena, &diagnostics->items[i]);
            }
        }
    }
    ret->items = items;
    ret->left_out = total - ret->count;
}

struct diagnosis diagnosis_of(struct arena *arena, const struct source_settings *settings,
                              const struct diagnostics *diagnostics) {
    static const enum severity severities[] = {SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO};
    const struct diagnostics none = {0};
    struct source_table table = table_of(arena, settings);
    struct web_severity_count *counts =
        ARENA_NEW_ARRAY(arena, struct web_severity_count, ARRAY_LENGTH(severities));
    struct diagnosis diagnosis = {.severities = counts, .severity_count = ARRAY_LENGTH(severities)};
    size_t total = 0;

    diagnostics = diagnostics != NULL ? diagnostics : &none;
    for (size_t i = 0; i < ARRAY_LENGTH(severities); i++) {
        counts[i].severity = severity_name(severities[i]);
    }
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        counts[SEVERITY_ERROR - item->severity].count++;
        total += item->severity != SEVERITY_INFO ? 1 : 0;
        if (!item->about_remote_write) {
            count_diagnostic(&table, item);
        }
    }
    select_items(arena, diagnostics, total, &diagnosis);
    if (table.elsewhere.errors > 0 || table.elsewhere.warnings > 0) {
        table.elsewhere.path = DIAGNOSIS_ELSEWHERE;
        table.items[table.count++] = table.elsewhere;
    }
    diagnosis.sources = table.items;
    diagnosis.source_count = table.count;
    return diagnosis;
}
