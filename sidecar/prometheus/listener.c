/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/PID/net/tcp may be read of any process; the links in /proc/PID/fd only by who may trace it.
 * All of it is written by others, and bounded. */

#include "prometheus/listener.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/descriptor.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    TABLE_MAX = 1 << 20, /* bytes of /proc/net/tcp: listening sockets come first in it */
    PATH_TEXT_MAX = 64,
    LINK_MAX_BYTES = 64,
    DESCRIPTORS_MAX = 65536,
    DEFAULT_PORT = 9090
};

/* --- sockets that listen ------------------------------------------------------------------------
 */

/* "   0: 0100007F:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 4711 1
 * ...": local address, state (0A: listening), inode. */
enum {
    COLUMN_LOCAL = 1,
    COLUMN_STATE = 3,
    COLUMN_INODE = 9
};

/* Empty where there are not so many. */
static struct bytes column(struct bytes line, unsigned n) {
    struct bytes rest = bytes_trim(line);

    for (; n > 0; n--) {
        rest = bytes_trim(bytes_slice(rest, bytes_find(rest, BYTES(" "), 0), SIZE_MAX));
    }
    return bytes_slice(rest, 0, bytes_find(rest, BYTES(" "), 0));
}

static void take_line(struct bytes line, uint16_t port, struct listeners *listeners) {
    char local[sizeof(":FFFF")];
    int64_t inode = 0;

    snprintf(local, sizeof(local), ":%04X", port);
    if (bytes_ends_with(column(line, COLUMN_LOCAL), bytes_of(local)) &&
        bytes_equal_string(column(line, COLUMN_STATE), "0A") &&
        number_parse(column(line, COLUMN_INODE), &inode) == 0 && inode > 0 &&
        listeners->count < LISTENERS_MAX) {
        listeners->inodes[listeners->count++] = (uint64_t)inode;
    }
}

static void closefilep(FILE **file) {
    if (*file != NULL) {
        fclose(*file);
    }
}

static void read_table(int proc, const char *process, const char *table, uint16_t port,
                       struct listeners *listeners) {
    char path[PATH_TEXT_MAX];
    char line[256];

    snprintf(path, sizeof(path), "%s/net/%s", process, table);
    int descriptor = openat(proc, path, O_RDONLY | O_CLOEXEC);
    CLEANUP(closefilep) FILE *file = descriptor >= 0 ? fdopen(descriptor, "r") : NULL;
    if (file == NULL) {
        if (descriptor >= 0) {
            close(descriptor);
        }
        return;
    }
    for (size_t read = 0; read < TABLE_MAX && fgets(line, sizeof(line), file) != NULL;
         read += strlen(line)) {
        take_line(bytes_of(line), port, listeners);
    }
}

struct listeners listeners_read(int proc, const char *process, uint16_t port) {
    struct listeners listeners = {.count = 0};

    read_table(proc, process, "tcp", port, &listeners);
    read_table(proc, process, "tcp6", port, &listeners);
    return listeners;
}

static bool has(const struct listeners *listeners, uint64_t inode) {
    for (size_t i = 0; i < listeners->count; i++) {
        if (listeners->inodes[i] == inode) {
            return true;
        }
    }
    return false;
}

bool listeners_meet(const struct listeners *left, const struct listeners *right) {
    for (size_t i = 0; i < left->count; i++) {
        if (has(right, left->inodes[i])) {
            return true;
        }
    }
    return false;
}

/* --- who holds them -----------------------------------------------------------------------------
 */

static void closedirp(DIR **stream) {
    if (*stream != NULL) {
        closedir(*stream);
    }
}

/* "socket:[4711]" */
static bool socket_inode(struct bytes link, uint64_t *ret) {
    static const struct bytes prefix = BYTES("socket:[");
    int64_t inode = 0;

    if (!bytes_starts_with(link, prefix) || !bytes_ends_with(link, BYTES("]")) ||
        number_parse(bytes_slice(link, prefix.length, link.length - 1), &inode) != 0 || inode < 1) {
        return false;
    }
    *ret = (uint64_t)inode;
    return true;
}

bool listeners_held(int proc, pid_t pid, const struct listeners *listeners) {
    char path[PATH_TEXT_MAX];
    char target[LINK_MAX_BYTES];
    const struct dirent *entry = NULL;
    bool held = false;

    snprintf(path, sizeof(path), "%d/fd", (int)pid);
    int descriptor = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CLEANUP(closedirp) DIR *stream = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    if (stream == NULL) {
        if (descriptor >= 0) {
            close(descriptor);
        }
        return false;
    }
    for (size_t i = 0; !held && i < DESCRIPTORS_MAX && (entry = readdir(stream)) != NULL; i++) {
        uint64_t inode = 0;
        ssize_t length = readlinkat(dirfd(stream), entry->d_name, target, sizeof(target));
        held = length > 0 && socket_inode((struct bytes){target, (size_t)length}, &inode) &&
               has(listeners, inode);
    }
    return held;
}

/* --- the command line ---------------------------------------------------------------------------
 */

static bool address_names(struct bytes address, uint16_t port) {
    size_t from = address.length;
    int64_t number = 0;

    while (from > 0 && address.data[from - 1] != ':') {
        from--;
    }
    return from > 0 && number_parse(bytes_slice(address, from, SIZE_MAX), &number) == 0 &&
           number == port;
}

bool listener_named(const char *arguments, size_t length, uint16_t port) {
    static const struct bytes flag = BYTES("--web.listen-address");
    bool given = false;
    bool value_follows = false;

    for (size_t at = 0; at < length;) {
        const struct bytes argument = {arguments + at, strnlen(arguments + at, length - at)};
        struct bytes value = bytes_slice(argument, flag.length + 1, SIZE_MAX);
        if (value_follows) {
            value = argument;
        }
        const bool is_flag = !value_follows && bytes_starts_with(argument, flag);
        const bool has_value = value_follows || (is_flag && argument.length > flag.length &&
                                                 argument.data[flag.length] == '=');
        value_follows = is_flag && argument.length == flag.length;
        given |= has_value;
        if (has_value && address_names(value, port)) {
            return true;
        }
        at += argument.length + 1;
    }
    return !given && port == DEFAULT_PORT;
}
