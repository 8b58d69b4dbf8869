/* SPDX-License-Identifier: Apache-2.0 */

/* The merged config names the secret files by a path relative to itself. Prometheus joins that path
 * to the config's own folder as text, so it is made as text too. */

#include "command/path.h"

#include "base/bytes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The next part of a path, without slashes; an empty view at the end. */
static struct bytes next_part(struct bytes *rest) {
    while (rest->length > 0 && rest->data[0] == '/') {
        *rest = bytes_slice(*rest, 1, SIZE_MAX);
    }
    size_t slash = bytes_find(*rest, BYTES("/"), 0);
    struct bytes part = bytes_slice(*rest, 0, slash);
    *rest = bytes_slice(*rest, part.length, SIZE_MAX);
    return part;
}

static void append_parts(struct buffer *out, const char *path) {
    struct bytes rest = bytes_of(path);

    for (struct bytes part = next_part(&rest); part.length > 0; part = next_part(&rest)) {
        if (bytes_equal_string(part, ".")) {
            continue;
        }
        if (!bytes_equal_string(part, "..")) {
            buffer_append_char(out, '/');
            buffer_append(out, part);
            continue;
        }
        while (out->length > 0 && out->data[out->length - 1] != '/') {
            out->length--;
        }
        out->length -= out->length > 0;
    }
}

const char *path_absolute(struct arena *arena, const char *folder, const char *path) {
    CLEANUP(buffer_free) struct buffer out = {0};

    if (path[0] != '/') {
        append_parts(&out, folder);
    }
    append_parts(&out, path);
    return arena_string(arena, out.length > 0 ? buffer_bytes(&out) : BYTES("/"));
}

const char *path_folder(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path) {
        return "/";
    }
    return arena_string(arena, (struct bytes){path, (size_t)(slash - path)});
}

const char *path_relative(struct arena *arena, const char *from, const char *to) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct bytes from_rest = bytes_of(from);
    struct bytes to_rest = bytes_of(to);
    struct bytes from_part = next_part(&from_rest);
    struct bytes to_part = next_part(&to_rest);

    while (from_part.length > 0 && bytes_equal(from_part, to_part)) {
        from_part = next_part(&from_rest);
        to_part = next_part(&to_rest);
    }
    for (; from_part.length > 0; from_part = next_part(&from_rest)) {
        buffer_append_string(&out, out.length > 0 ? "/.." : "..");
    }
    for (; to_part.length > 0; to_part = next_part(&to_rest)) {
        buffer_append_string(&out, out.length > 0 ? "/" : "");
        buffer_append(&out, to_part);
    }
    return arena_string(arena, out.length > 0 ? buffer_bytes(&out) : BYTES("."));
}

static void free_string(char **string) {
    free(*string);
}

/* The real path of a file whose folder exists: the file itself need not. */
static const char *real_path(struct arena *arena, const char *path) {
    CLEANUP(free_string) char *whole = realpath(path, NULL);

    if (whole != NULL) {
        return arena_string(arena, bytes_of(whole));
    }
    CLEANUP(free_string) char *folder = realpath(path_folder(arena, path), NULL);
    const char *slash = strrchr(path, '/');
    if (folder == NULL || slash == NULL) {
        return path;
    }
    return arena_format(arena, "%s%s", strcmp(folder, "/") == 0 ? "" : folder, slash);
}

bool path_same_file(const char *left, const char *right) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct stat left_status;
    struct stat right_status;

    if (strcmp(left, right) == 0 || strcmp(real_path(arena, left), real_path(arena, right)) == 0) {
        return true;
    }
    /* One file mounted at two places. */
    return stat(left, &left_status) == 0 && stat(right, &right_status) == 0 &&
           left_status.st_dev == right_status.st_dev && left_status.st_ino == right_status.st_ino;
}
