/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps settings, source and last snapshot together, and puts what tests ask into strings. */

#include "support/source_fixture.h"

#include "base/memory.h"
#include "support/tempdir.h"

#include <stdlib.h>
#include <string.h>

struct source_fixture *source_given(enum volume_kind kind) {
    struct source_fixture *fixture = memory_new(1, sizeof(*fixture));

    fixture->dir = tempdir_new();
    fixture->volume = path_join(fixture->dir, "volume");
    fixture->base = path_join(fixture->dir, "etc/prometheus.yml");
    fixture->labels = path_join(fixture->dir, "podinfo/labels");
    fixture->arena = arena_new();
    fixture->settings = (struct source_settings){
        .volumes = fixture->volumes,
        .max_file_size = (size_t)4 << 20,
        .max_files = 10000,
        .max_depth = 8,
        .max_base_size = (size_t)16 << 20,
    };
    source_add_volume(fixture, kind, fixture->volume);
    return fixture;
}

void source_add_volume(struct source_fixture *fixture, enum volume_kind kind, const char *path) {
    fixture->volumes[fixture->settings.volume_count++] =
        (struct volume_config){.kind = kind, .path = path};
}

void source_with_base(struct source_fixture *fixture) {
    fixture->settings.base_path = fixture->base;
}

void source_with_labels(struct source_fixture *fixture) {
    fixture->settings.labels_path = fixture->labels;
}

void source_fixture_freep(struct source_fixture **fixture) {
    struct source_fixture *own = *fixture;

    snapshot_release(own->snapshot);
    source_free(own->source);
    arena_free(own->arena);
    tempdir_remove(own->dir);
    free(own->volume);
    free(own->base);
    free(own->labels);
    free(own);
    *fixture = NULL;
}

static void read_anew(struct source_fixture *fixture, bool every_byte) {
    if (fixture->source == NULL) {
        fixture->source = source_new(&fixture->settings);
    }
    snapshot_release(fixture->snapshot);
    fixture->snapshot = source_read(fixture->source, every_byte);
}

void source_reads(struct source_fixture *fixture) {
    read_anew(fixture, false);
}

void source_reads_every_byte(struct source_fixture *fixture) {
    read_anew(fixture, true);
}

const char *names_of_volume(const struct source_fixture *fixture, size_t index) {
    const struct snapshot_volume *volume = &fixture->snapshot->volumes[index];
    CLEANUP(buffer_free) struct buffer names = {0};

    for (size_t i = 0; i < volume->file_count; i++) {
        buffer_printf(&names, "%s%s", i > 0 ? " " : "", volume->files[i]->relative);
    }
    return arena_string(fixture->arena, buffer_bytes(&names));
}

const char *names_of(const struct source_fixture *fixture) {
    return names_of_volume(fixture, 0);
}

const struct source_file *file_of(const struct source_fixture *fixture, const char *relative) {
    const struct snapshot_volume *volume = &fixture->snapshot->volumes[0];

    for (size_t i = 0; i < volume->file_count; i++) {
        if (strcmp(volume->files[i]->relative, relative) == 0) {
            return volume->files[i];
        }
    }
    return NULL;
}

const char *content_of(const struct source_fixture *fixture, const char *relative) {
    const struct source_file *file = file_of(fixture, relative);

    return file != NULL ? arena_string(fixture->arena, file->content) : "(none)";
}

static void append_line(const struct source_fixture *fixture, const struct diagnostic *diagnostic,
                        struct buffer *out) {
    CLEANUP(buffer_free) struct buffer line = {0};
    struct bytes dir = bytes_of(fixture->dir);
    size_t from = 0;

    diagnostic_format(diagnostic, &line);
    for (;;) {
        size_t at = bytes_find(buffer_bytes(&line), dir, from);
        buffer_append(out, bytes_slice(buffer_bytes(&line), from, at));
        if (at == SIZE_MAX) {
            break;
        }
        buffer_append_string(out, "DIR");
        from = at + dir.length;
    }
    buffer_append_char(out, '\n');
}

const char *messages_of(const struct source_fixture *fixture) {
    const struct diagnostics *diagnostics = &fixture->snapshot->diagnostics;
    CLEANUP(buffer_free) struct buffer text = {0};

    for (size_t i = 0; i < diagnostics->count; i++) {
        append_line(fixture, &diagnostics->items[i], &text);
    }
    return arena_string(fixture->arena, buffer_bytes(&text));
}

bool has_message(const struct source_fixture *fixture, enum severity severity, const char *part) {
    const struct diagnostics *diagnostics = &fixture->snapshot->diagnostics;

    for (size_t i = 0; i < diagnostics->count; i++) {
        CLEANUP(buffer_free) struct buffer line = {0};
        append_line(fixture, &diagnostics->items[i], &line);
        if (diagnostics->items[i].severity == severity &&
            strstr(buffer_string(&line), part) != NULL) {
            return true;
        }
    }
    return false;
}

bool is_watched(const struct source_fixture *fixture, const char *below) {
    CLEANUP(memory_freep) char *path = path_join(fixture->dir, below);
    size_t length = strlen(path);

    if (path[length - 1] == '/') {
        path[length - 1] = '\0';
    }
    for (size_t i = 0; i < fixture->snapshot->directory_count; i++) {
        if (strcmp(fixture->snapshot->directories[i], path) == 0) {
            return true;
        }
    }
    return false;
}
