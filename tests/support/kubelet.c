/* SPDX-License-Identifier: Apache-2.0 */

/* The steps of Kubernetes' pkg/volume/util/atomic_writer.go, in its order. */

#include "support/kubelet.h"

#include "base/arena.h"
#include "base/memory.h"
#include "support/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DATA     "..data"
#define DATA_NEW "..data_tmp"

struct kubelet_volume {
    char *directory;
    unsigned counter;
    void (*on_step)(enum kubelet_step step, void *context);
    void *context;
};

static NORETURN void give_up(const char *what, const char *path) {
    fprintf(stderr, "kubelet: %s %s: %s\n", what, path, strerror(errno));
    abort();
}

struct kubelet_volume *kubelet_volume_new(const char *directory) {
    struct kubelet_volume *volume = memory_new(1, sizeof(*volume));

    volume->directory = memory_string(directory);
    folder_make(directory, ".");
    return volume;
}

void kubelet_volume_free(struct kubelet_volume *volume) {
    if (volume != NULL) {
        free(volume->directory);
        free(volume);
    }
}

void kubelet_volume_freep(struct kubelet_volume **volume) {
    kubelet_volume_free(*volume);
    *volume = NULL;
}

void kubelet_volume_on_step(struct kubelet_volume *volume,
                            void (*on_step)(enum kubelet_step step, void *context), void *context) {
    volume->on_step = on_step;
    volume->context = context;
}

static void done(const struct kubelet_volume *volume, enum kubelet_step step) {
    if (volume->on_step != NULL) {
        volume->on_step(step, volume->context);
    }
}

/* The folder that ..data leads to; false: there is none. */
static bool present_folder(const struct kubelet_volume *volume, char name[static NAME_MAX + 1]) {
    CLEANUP(memory_freep) char *data = path_join(volume->directory, DATA);
    ssize_t length = readlink(data, name, NAME_MAX);

    if (length < 0 && errno == ENOENT) {
        return false;
    }
    if (length < 0) {
        give_up("readlink", data);
    }
    name[length] = '\0';
    return true;
}

static size_t count_files(const char *folder) {
    size_t count = 0;
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;

    if (stream == NULL) {
        give_up("opendir", folder);
    }
    while ((entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.')) {
            continue;
        }
        CLEANUP(memory_freep) char *path = path_join(folder, entry->d_name);
        count += entry->d_type == DT_DIR ? count_files(path) : 1;
    }
    closedir(stream);
    return count;
}

static bool has_same_files(const char *folder, const struct kubelet_file *files, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(memory_freep) char *content = file_read(folder, files[i].path);
        if (content == NULL || strcmp(content, files[i].content) != 0) {
            return false;
        }
    }
    return count_files(folder) == count;
}

static void make_folder(struct kubelet_volume *volume, char name[static NAME_MAX + 1]) {
    time_t now = time(NULL);
    struct tm utc;
    char date[32];

    gmtime_r(&now, &utc);
    strftime(date, sizeof(date), "..%Y_%m_%d_%H_%M_%S", &utc);
    for (;;) {
        snprintf(name, NAME_MAX + 1, "%s.%09u", date, ++volume->counter);
        CLEANUP(memory_freep) char *path = path_join(volume->directory, name);
        if (mkdir(path, 0755) == 0) {
            return;
        }
        if (errno != EEXIST) {
            give_up("mkdir", path);
        }
    }
}

static void swap(const struct kubelet_volume *volume, const char *folder) {
    CLEANUP(memory_freep) char *data = path_join(volume->directory, DATA);
    CLEANUP(memory_freep) char *data_new = path_join(volume->directory, DATA_NEW);

    unlink(data_new);
    if (symlink(folder, data_new) < 0) {
        give_up("symlink", data_new);
    }
    done(volume, KUBELET_LINK_MADE);
    if (rename(data_new, data) < 0) {
        give_up("rename", data);
    }
    done(volume, KUBELET_SWAPPED);
}

static struct bytes first_component(const char *path) {
    return (struct bytes){path, strcspn(path, "/")};
}

static void link_names(const struct kubelet_volume *volume, const struct kubelet_file *files,
                       size_t count) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < count; i++) {
        const char *name = arena_string(arena, first_component(files[i].path));
        if (!file_exists(volume->directory, name)) {
            link_make(volume->directory, name, arena_format(arena, DATA "/%s", name));
        }
    }
}

static bool is_named(const char *name, const struct kubelet_file *files, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_string(first_component(files[i].path), name)) {
            return true;
        }
    }
    return false;
}

/* Of the names that the old generation had, those that the new one does not have. */
static void remove_names(const struct kubelet_volume *volume, const char *old,
                         const struct kubelet_file *files, size_t count) {
    CLEANUP(memory_freep) char *folder = path_join(volume->directory, old);
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;

    if (stream == NULL) {
        give_up("opendir", folder);
    }
    while ((entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        if (strncmp(name, "..", 2) != 0 && strcmp(name, ".") != 0 &&
            !is_named(name, files, count)) {
            file_remove(volume->directory, name);
        }
    }
    closedir(stream);
}

static void remove_old(const struct kubelet_volume *volume, const char *old) {
    CLEANUP(memory_freep) char *folder = path_join(volume->directory, old);
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;

    if (stream == NULL) {
        give_up("opendir", folder);
    }
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            CLEANUP(memory_freep) char *path = path_join(folder, entry->d_name);
            tree_remove(path);
        }
    }
    closedir(stream);
    done(volume, KUBELET_OLD_EMPTIED);
    tree_remove(folder);
    done(volume, KUBELET_OLD_REMOVED);
}

void kubelet_volume_write_files(struct kubelet_volume *volume, const struct kubelet_file *files,
                                size_t count) {
    char old[NAME_MAX + 1];
    char new[NAME_MAX + 1];
    bool exists = present_folder(volume, old);

    if (exists) {
        CLEANUP(memory_freep) char *present = path_join(volume->directory, old);
        if (has_same_files(present, files, count)) {
            return;
        }
    }
    make_folder(volume, new);
    done(volume, KUBELET_FOLDER_MADE);
    CLEANUP(memory_freep) char *folder = path_join(volume->directory, new);
    for (size_t i = 0; i < count; i++) {
        file_write(folder, files[i].path, files[i].content);
    }
    done(volume, KUBELET_FILES_WRITTEN);
    swap(volume, new);
    link_names(volume, files, count);
    done(volume, KUBELET_NAMES_LINKED);
    if (exists) {
        remove_names(volume, old, files, count);
        done(volume, KUBELET_NAMES_REMOVED);
        remove_old(volume, old);
    }
}

void kubelet_volume_write(struct kubelet_volume *volume, ...) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct kubelet_file *files = NULL;
    size_t count = 0;
    size_t capacity = 0;
    const char *path = NULL;
    va_list arguments;

    va_start(arguments, volume);
    while ((path = va_arg(arguments, const char *)) != NULL) {
        files = arena_grow(arena, files, count, &capacity, sizeof(*files));
        files[count++] = (struct kubelet_file){path, va_arg(arguments, const char *)};
    }
    va_end(arguments);
    kubelet_volume_write_files(volume, files, count);
}
