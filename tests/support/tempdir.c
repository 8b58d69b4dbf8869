/* SPDX-License-Identifier: Apache-2.0 */

/* Plain file work for tests; everything is checked and nothing is returned that could be ignored.
 */

#include "support/tempdir.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Also called in threads, where cmocka's own failing does not work. */
static NORETURN void give_up(const char *what, const char *path) {
    fprintf(stderr, "tests: %s %s: %s\n", what, path, strerror(errno));
    abort();
}

char *path_join(const char *folder, const char *name) {
    char *path = NULL;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        memory_exhausted();
    }
    return path;
}

char *tempdir_new(void) {
    const char *parent = getenv("TMPDIR");
    CLEANUP(memory_freep)
    char *template = path_join(parent != NULL ? parent : "/tmp", "remotewrite-sidecar-test-XXXXXX");
    if (mkdtemp(template) == NULL) {
        give_up("mkdtemp", template);
    }
    char *path = realpath(template, NULL);
    if (path == NULL) {
        give_up("realpath", template);
    }
    return path;
}

static void remove_at(int folder, const char *name);

static void remove_inside(int folder, const char *name) {
    int descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0 && errno == EACCES && fchmodat(folder, name, 0700, 0) == 0) {
        descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (descriptor < 0) {
        give_up("open", name);
    }
    if (fchmod(descriptor, 0700) < 0) {
        give_up("fchmod", name);
    }
    DIR *stream = fdopendir(descriptor);
    if (stream == NULL) {
        give_up("fdopendir", name);
    }
    const struct dirent *entry = NULL;
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            remove_at(descriptor, entry->d_name);
        }
    }
    closedir(stream);
}

static void remove_at(int folder, const char *name) {
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
        return;
    }
    if (errno != EISDIR && errno != EPERM) {
        give_up("unlink", name);
    }
    remove_inside(folder, name);
    if (unlinkat(folder, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
        give_up("rmdir", name);
    }
}

void tree_remove(const char *path) {
    remove_at(AT_FDCWD, path);
}

void tempdir_remove(char *path) {
    if (path != NULL) {
        tree_remove(path);
        free(path);
    }
}

void tempdir_removep(char **path) {
    tempdir_remove(*path);
    *path = NULL;
}

static void make_folders(char *path, size_t from) {
    for (size_t at = from; path[at] != '\0'; at++) {
        if (path[at] != '/' || at == 0) {
            continue;
        }
        path[at] = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
            give_up("mkdir", path);
        }
        path[at] = '/';
    }
}

void folder_make(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);

    make_folders(path, 0);
    if (mkdir(path, 0755) < 0 && errno != EEXIST) {
        give_up("mkdir", path);
    }
}

void file_write_bytes(const char *folder, const char *name, struct bytes content) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);

    make_folders(path, 0);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        give_up("open", path);
    }
    while (content.length > 0) {
        ssize_t written = write(descriptor, content.data, content.length);
        if (written < 0) {
            give_up("write", path);
        }
        content = bytes_slice(content, (size_t)written, content.length);
    }
    if (close(descriptor) < 0) {
        give_up("close", path);
    }
}

void file_write(const char *folder, const char *name, const char *content) {
    file_write_bytes(folder, name, bytes_of(content));
}

void file_replace(const char *folder, const char *name, const char *content) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    CLEANUP(memory_freep) char *temporary = path_join(folder, ".test-replaces");

    file_write(folder, ".test-replaces", content);
    if (rename(temporary, path) < 0) {
        give_up("rename", path);
    }
}

char *file_read(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    CLEANUP(buffer_free) struct buffer content = {0};
    const size_t piece = 4096;
    ssize_t got = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0 && errno == ENOENT) {
        return NULL;
    }
    if (descriptor < 0) {
        give_up("open", path);
    }
    while ((got = read(descriptor, buffer_reserve(&content, piece), piece)) > 0) {
        content.length += (size_t)got;
    }
    if (got < 0) {
        give_up("read", path);
    }
    close(descriptor);
    return memory_string(buffer_string(&content));
}

bool file_exists(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    struct stat status;

    return lstat(path, &status) == 0;
}

void file_remove(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);

    if (unlink(path) < 0) {
        give_up("unlink", path);
    }
}

void link_make(const char *folder, const char *name, const char *target) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);

    make_folders(path, 0);
    if (symlink(target, path) < 0) {
        give_up("symlink", path);
    }
}

size_t folder_count(const char *folder) {
    size_t count = 0;
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;

    if (stream == NULL) {
        give_up("opendir", folder);
    }
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count++;
        }
    }
    closedir(stream);
    return count;
}

void file_age(const char *folder, const char *name, unsigned seconds) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    struct timespec times[2];

    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= (time_t)seconds;
    times[1] = times[0];
    if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0) {
        give_up("utimensat", path);
    }
}
