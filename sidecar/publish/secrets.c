/* SPDX-License-Identifier: Apache-2.0 */

/* The secret files. Ten thousand of them may be there and one may have changed, so that what is
 * equal costs a look and a read, and a batch of changes costs one sync of the folder. */

#include "publish/publish.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "publish/clean.h"
#include "publish/temporary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From so many files on, the whole file system is synced once instead of each file. */
#define SYNC_ALL_FROM 64

/* A file that is written and waits for its name. */
struct pending {
    const char *name;
    struct temporary *temporary; /* NULL: it failed, and is removed */
};

struct batch {
    struct output_folder folder;
    struct arena *arena;
    struct pending *items;
    size_t count;
    size_t capacity;
    struct publish_debt *debt;
    struct publish_error *error; /* NULL once it is filled in */
    int first;                   /* the first failure */
};

static void batch_failed(struct batch *batch, int result) {
    if (result < 0 && batch->first == 0) {
        batch->first = result;
        batch->error = NULL;
    }
}

static bool name_is_plain(const char *name) {
    size_t length = strlen(name);

    return length > 0 && length <= NAME_MAX && name[0] != '.' && strchr(name, '/') == NULL;
}

/* Writes the file beside its place unless it is there already. 0 or negative errno. */
static int prepare(struct batch *batch, const struct secret_file *file, mode_t mode) {
    const struct output_folder *folder = &batch->folder;
    struct temporary temporary;
    struct stat old;

    if (!name_is_plain(file->name)) {
        return publish_failed(batch->error, "naming a secret file in", folder->path, "", EINVAL);
    }
    int result = output_status(folder, file->name, &old, batch->error);
    if (result < 0 && result != -ENOENT) {
        return result;
    }
    bool is_file = result == 0 && S_ISREG(old.st_mode);
    if (is_file && output_is_same(folder, file->name, &old, file->content, mode)) {
        return 0;
    }
    const struct output_mode how = {
        .mode = mode, .owner = is_file ? &old : NULL, .sync_later = true};
    result = temporary_write(folder, file->name, file->content, &how, &temporary, batch->error);
    if (result < 0) {
        return result;
    }
    batch->items = arena_grow(batch->arena, batch->items, batch->count, &batch->capacity,
                              sizeof(*batch->items));
    struct temporary *kept = ARENA_NEW(batch->arena, struct temporary);
    *kept = temporary;
    batch->items[batch->count++] = (struct pending){.name = file->name, .temporary = kept};
    return 0;
}

/* Before a name leads to them the bytes have to be on disk. */
static void sync_all(struct batch *batch) {
    if (batch->count >= SYNC_ALL_FROM && output_folder_sync_all(&batch->folder) == 0) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct pending *pending = &batch->items[i];
        int result =
            temporary_sync(&batch->folder, pending->temporary, pending->name, batch->error);
        batch_failed(batch, result);
        if (result < 0) {
            pending->temporary = NULL;
        }
    }
}

/* How many took their place. */
static size_t rename_all(struct batch *batch) {
    size_t renamed = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct pending *pending = &batch->items[i];
        if (pending->temporary == NULL) {
            continue;
        }
        int result =
            temporary_rename(&batch->folder, pending->temporary, pending->name, batch->error);
        batch_failed(batch, result);
        renamed += result == 0 ? 1 : 0;
    }
    return renamed;
}

/* Also for what took its place in an earlier call. */
static void sync_folder(struct batch *batch) {
    int result = batch->debt->sync ? output_folder_sync(&batch->folder, batch->error) : 0;

    batch_failed(batch, result);
    batch->debt->sync = result < 0;
}

int secrets_publish(const char *directory, const struct secret_file *files, size_t count,
                    mode_t mode, struct publish_debt *debt, struct publish_error *error,
                    size_t *ret_written) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct publish_debt unkept = {0};
    struct batch batch = {.arena = arena,
                          .debt = debt != NULL ? debt : &unkept,
                          .error = error,
                          .folder.descriptor = -1};
    bool due = count > 0 || batch.debt->sync;
    size_t written = 0;

    if (due) {
        batch_failed(&batch, directory_ensure(directory, mode, error));
    }
    if (due && batch.first == 0) {
        batch_failed(&batch, output_folder_open(directory, &batch.folder, error));
    }
    if (batch.folder.descriptor >= 0) {
        for (size_t i = 0; i < count; i++) {
            batch_failed(&batch, prepare(&batch, &files[i], mode));
        }
        sync_all(&batch);
        written = rename_all(&batch);
        batch.debt->sync |= written > 0;
        sync_folder(&batch);
        output_folder_close(&batch.folder);
    }
    if (ret_written != NULL) {
        *ret_written = written;
    }
    return batch.first;
}

bool secrets_exist(const char *directory, const struct secret_file *files, size_t count) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    struct stat status;

    if (count > 0 && output_folder_open(directory, &folder, NULL) < 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!name_is_plain(files[i].name) ||
            output_status(&folder, files[i].name, &status, NULL) < 0 || !S_ISREG(status.st_mode)) {
            return false;
        }
    }
    return true;
}

/* --- removing */

struct wanted_names {
    const char **items; /* sorted */
    size_t count;
};

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* NAMESPACE_NAME_FIELD: the first two hold no '_', which Kubernetes names never do; the namespace
 * may be absent. */
static bool name_is_ours(const char *name) {
    static const char kubernetes_name[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    const char *rest = name + strspn(name, kubernetes_name);

    if (name[0] == '.' || *rest++ != '_') {
        return false;
    }
    size_t length = strspn(rest, kubernetes_name);
    if (length == 0 || rest[length] != '_') {
        return false;
    }
    return rest[length + 1] != '\0';
}

static bool is_unwanted_secret(const char *name, const void *context) {
    const struct wanted_names *wanted = context;

    return name_is_ours(name) &&
           (wanted->count == 0 || bsearch(&name, wanted->items, wanted->count,
                                          sizeof(*wanted->items), compare_names) == NULL);
}

static bool is_any_temporary(const char *name, const void *context) {
    (void)context;
    return temporary_is_one(name, NULL);
}

int secrets_prune(const char *directory, const struct secret_file *files, size_t count,
                  struct publish_error *error, size_t *ret_removed) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    struct wanted_names wanted = {ARENA_NEW_ARRAY(arena, const char *, count), count};

    if (ret_removed != NULL) {
        *ret_removed = 0;
    }
    int opened = output_folder_open(directory, &folder, error);
    if (opened < 0) {
        return opened == -ENOENT ? 0 : opened;
    }
    for (size_t i = 0; i < count; i++) {
        wanted.items[i] = files[i].name;
    }
    if (count > 0) {
        qsort(wanted.items, count, sizeof(*wanted.items), compare_names);
    }
    int first = output_remove(&folder, is_unwanted_secret, &wanted, error, ret_removed);
    int second = output_remove(&folder, is_any_temporary, NULL, first == 0 ? error : NULL, NULL);
    return first == 0 ? second : first;
}
