/* SPDX-License-Identifier: Apache-2.0 */

/* Puts the snapshot together and remembers the last one, whose files the next one shares as far as
 * they have not changed. */

#include "source/source.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"
#include "source/directories.h"
#include "source/file.h"
#include "source/gzip.h"
#include "source/single.h"
#include "source/volume.h"
#include "source/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a snapshot is behind what is shown of it. */
struct own_snapshot {
    struct snapshot view; /* first: a snapshot handed out is the address of its own_snapshot */
    struct arena *arena;
    struct file_list *files; /* of each volume */
    struct file *base;
    struct file *labels;
    struct watched_list watched;
    unsigned references;
};

struct source {
    const struct source_settings *settings;
    struct own_snapshot *last; /* never NULL: empty before the first reading */
    struct writers *writers;   /* NULL: they are not looked for */
    uint64_t last_id;
    bool has_read;
};

/* What one reading needs beside the snapshot that it makes. */
struct reading {
    struct source *source;
    struct own_snapshot *snapshot;
    struct arena *scratch;
    struct directories directories;
    bool every_byte;
    int64_t started;
};

static struct own_snapshot *snapshot_new(const struct source_settings *settings) {
    struct own_snapshot *snapshot = memory_new(1, sizeof(*snapshot));
    struct arena *arena = arena_new();

    snapshot->arena = arena;
    snapshot->references = 1;
    snapshot->files = ARENA_NEW_ARRAY(arena, struct file_list, settings->volume_count);
    snapshot->view = (struct snapshot){
        .volumes = ARENA_NEW_ARRAY(arena, struct snapshot_volume, settings->volume_count),
        .volume_count = settings->volume_count,
        .base = {.path = settings->base_path},
        .labels = {.path = settings->labels_path},
        .diagnostics = diagnostics_in(arena),
        .complete = true,
    };
    for (size_t i = 0; i < settings->volume_count; i++) {
        snapshot->view.volumes[i].config = &settings->volumes[i];
    }
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot) {
    struct own_snapshot *own = (struct own_snapshot *)snapshot;

    if (own == NULL || --own->references > 0) {
        return;
    }
    for (size_t i = 0; i < own->view.volume_count; i++) {
        for (size_t j = 0; j < own->files[i].count; j++) {
            file_release(own->files[i].items[j]);
        }
    }
    file_release(own->base);
    file_release(own->labels);
    arena_free(own->arena);
    free(own);
}

void snapshot_releasep(struct snapshot **snapshot) {
    snapshot_release(*snapshot);
    *snapshot = NULL;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot) {
    ((struct own_snapshot *)snapshot)->references++;
    return snapshot;
}

static bool same_volume(const struct snapshot_volume *left, const struct snapshot_volume *right) {
    if (left->config != right->config || left->present != right->present ||
        left->file_count != right->file_count || left->unread_count != right->unread_count) {
        return false;
    }
    for (size_t i = 0; i < left->file_count; i++) {
        if (left->files[i] != right->files[i]) {
            return false;
        }
    }
    for (size_t i = 0; i < left->unread_count; i++) {
        if (strcmp(left->unread[i], right->unread[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_single(const struct snapshot_single *left, const struct snapshot_single *right) {
    return left->path == right->path && left->error == right->error && left->file == right->file &&
           left->being_written == right->being_written;
}

/* A file's struct is the same as long as its bytes are, and both snapshots hold theirs: so files
 * are compared by their addresses. */
bool snapshot_same(const struct snapshot *left, const struct snapshot *right) {
    if (left == right) {
        return true;
    }
    if (left->volume_count != right->volume_count || !same_single(&left->base, &right->base) ||
        !same_single(&left->labels, &right->labels)) {
        return false;
    }
    for (size_t i = 0; i < left->volume_count; i++) {
        if (!same_volume(&left->volumes[i], &right->volumes[i])) {
            return false;
        }
    }
    return diagnostics_equal(&left->diagnostics, &right->diagnostics);
}

struct source *source_new(const struct source_settings *settings) {
    struct source *source = memory_new(1, sizeof(*source));

    source->settings = settings;
    source->last = snapshot_new(settings);
    source->writers = writers_new(&settings->patience);
    return source;
}

void source_free(struct source *source) {
    if (source != NULL) {
        snapshot_release(&source->last->view);
        writers_free(source->writers);
        free(source);
    }
}

void source_freep(struct source **source) {
    source_free(*source);
    *source = NULL;
}

static void read_volume(struct reading *reading, size_t index) {
    struct source *source = reading->source;
    struct own_snapshot *snapshot = reading->snapshot;
    struct snapshot_volume *volume = &snapshot->view.volumes[index];
    struct volume_result result;
    struct volume_request request = {
        .settings = source->settings,
        .config = volume->config,
        .previous = &source->last->files[index],
        .previously_present = source->last->view.volumes[index].present,
        .every_byte = reading->every_byte,
        .started = reading->started,
        .last_id = &source->last_id,
        .writers = source->writers,
        .arena = snapshot->arena,
        .scratch = reading->scratch,
        .diagnostics = &snapshot->view.diagnostics,
        .directories = &reading->directories,
    };

    volume_read(&request, &result);
    const struct source_file **shown =
        ARENA_NEW_ARRAY(snapshot->arena, const struct source_file *, result.files.count);
    for (size_t i = 0; i < result.files.count; i++) {
        shown[i] = &result.files.items[i]->view;
    }
    snapshot->files[index] = result.files;
    volume->present = result.present;
    volume->files = shown;
    volume->file_count = result.files.count;
    volume->unread = result.unread.items;
    volume->unread_count = result.unread.count;
    if (!result.complete) {
        snapshot->view.complete = false;
    }
}

/* The request has what is the file's own: the option, the limit, how it is decoded. */
static struct file *read_single(struct reading *reading, struct snapshot_single *single,
                                struct file *previous, struct single_request request) {
    struct snapshot *snapshot = &reading->snapshot->view;
    struct file *file = NULL;

    request.path = single->path;
    request.previous = previous;
    request.every_byte = reading->every_byte;
    request.started = reading->started;
    request.last_id = &reading->source->last_id;
    request.writers = reading->source->writers;
    request.scratch = reading->scratch;
    request.diagnostics = &snapshot->diagnostics;
    request.directories = &reading->directories;

    if (single->path == NULL) {
        return NULL;
    }
    single->error = single_read(&request, &file, &snapshot->complete);
    single->file = file != NULL ? &file->view : NULL;
    if (single->error == -ETXTBSY) {
        single->being_written = true;
        single->error = file != NULL ? 0 : -ETXTBSY;
    }
    return file;
}

static void read_watched(struct reading *reading) {
    const struct source_settings *settings = reading->source->settings;
    struct own_snapshot *snapshot = reading->snapshot;
    struct watched_request request = {
        .sandboxed = settings->sandboxed,
        .previous = &reading->source->last->watched,
        .every_byte = reading->every_byte,
        .first = !reading->source->has_read,
        .started = reading->started,
        .writers = reading->source->writers,
        .arena = snapshot->arena,
        .scratch = reading->scratch,
        .diagnostics = &snapshot->view.diagnostics,
        .directories = &reading->directories,
    };

    for (size_t i = 0; i < settings->watched_path_count; i++) {
        request.path = settings->watched_paths[i];
        watched_read(&request, &snapshot->watched, &snapshot->view.complete);
    }
    snapshot->view.watched = watched_digest(&snapshot->watched);
}

/* What could not be read is watched as before: what is in it is not known now. */
static void keep_directories(struct reading *reading) {
    const struct snapshot *last = &reading->source->last->view;

    for (size_t i = 0; i < last->directory_count; i++) {
        struct stat status;
        bool gone = fstatat(AT_FDCWD, last->directories[i], &status, 0) < 0 && errno == ENOENT;
        if (!gone) {
            directories_add(&reading->directories, "", last->directories[i]);
        }
    }
}

struct snapshot *source_read(struct source *source, bool every_byte) {
    const struct source_settings *settings = source->settings;
    CLEANUP(arena_freep) struct arena *scratch = arena_new();
    struct own_snapshot *snapshot = snapshot_new(settings);
    struct reading reading = {
        .source = source,
        .snapshot = snapshot,
        .scratch = scratch,
        .directories = {.arena = snapshot->arena},
        .every_byte = every_byte,
        .started = clock_wall_milliseconds(),
    };

    for (size_t i = 0; i < settings->volume_count; i++) {
        read_volume(&reading, i);
    }
    const struct single_request base = {
        .option = "--config-file",
        .limit = settings->max_base_size,
        .decode = settings->base_as_it_is ? NULL : gzip_decode,
        .sandboxed = settings->sandboxed,
    };
    const struct single_request labels = {
        .option = "--cluster-labels-file",
        .limit = settings->max_file_size,
        .limit_option = "--max-file-size",
        .sandboxed = settings->sandboxed,
    };
    snapshot->base = read_single(&reading, &snapshot->view.base, source->last->base, base);
    snapshot->labels = read_single(&reading, &snapshot->view.labels, source->last->labels, labels);
    read_watched(&reading);
    writers_end(source->writers, snapshot->arena, &snapshot->view.diagnostics,
                &snapshot->view.writers);
    if (!snapshot->view.complete) {
        keep_directories(&reading);
    }
    directories_sort(&reading.directories);
    snapshot->view.directories = reading.directories.items;
    snapshot->view.directory_count = reading.directories.count;

    snapshot_release(&source->last->view);
    source->last = snapshot;
    source->has_read = true;
    snapshot->references++;
    return &snapshot->view;
}
