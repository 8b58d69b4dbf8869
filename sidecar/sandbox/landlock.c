/* SPDX-License-Identifier: Apache-2.0 */

/* Landlock: the kernel's own allow-list of paths and ports. Its interface grew with its versions;
 * this asks for what the running kernel has and defines what the headers may be too old to know. */

#include "base/compiler.h"
#include "sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h of a kernel that has them; source: the kernel's Landlock documentation. */
#define FS_REFER      (UINT64_C(1) << 13) /* version 2 */
#define FS_TRUNCATE   (UINT64_C(1) << 14) /* version 3 */
#define NET_BIND      (UINT64_C(1) << 0)  /* version 4 */
#define NET_CONNECT   (UINT64_C(1) << 1)
#define RULE_NET_PORT 2

enum {
    VERSION_REFER = 2,
    VERSION_TRUNCATE = 3,
    VERSION_NET = 4
};

struct ruleset_attributes {
    uint64_t handled_fs;
    uint64_t handled_net;
};

struct port_rule {
    uint64_t allowed;
    uint64_t port;
};

/* Everything that version 1 can restrict, EXECUTE included. */
#define FS_ALL_OF_VERSION_1 ((UINT64_C(1) << 13) - 1)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                                 \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                  \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     FS_REFER | FS_TRUNCATE)
/* What a rule about a file, not a folder, may speak of. */
#define FS_OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static int create_ruleset(const struct ruleset_attributes *attributes, size_t size,
                          uint32_t flags) {
    return (int)syscall(SYS_landlock_create_ruleset, attributes, size, flags);
}

static int add_rule(int ruleset, int type, const void *rule) {
    return syscall(SYS_landlock_add_rule, ruleset, type, rule, 0) < 0 ? -errno : 0;
}

static int open_there(const char *path) {
    int fd = open(path, O_PATH | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* Opens a path, or the nearest parent of it that there is: in the end the root, or the working
 * directory. */
static int open_nearest(const char *path) {
    const char *last = path[0] == '/' ? "/" : ".";
    char nearest[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(nearest))
        return -ENAMETOOLONG;
    memcpy(nearest, path, length + 1);
    for (;;) {
        int fd = open_there(nearest[0] != '\0' ? nearest : last);

        if ((fd != -ENOENT && fd != -ENOTDIR) || nearest[0] == '\0')
            return fd;
        char *slash = strrchr(nearest, '/');
        *(slash != NULL ? slash : nearest) = '\0';
    }
}

static bool is_root(const struct stat *status) {
    struct stat root;

    return stat("/", &root) == 0 && root.st_dev == status->st_dev && root.st_ino == status->st_ino;
}

static int allow_path(int ruleset, const struct sandbox_path *path, uint64_t access,
                      uint64_t handled) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access & handled};
    struct stat status;
    bool nearest = false;
    int error = 0;

    rule.parent_fd = open_there(path->path);
    if (path->may_come && (rule.parent_fd == -ENOENT || rule.parent_fd == -ENOTDIR)) {
        rule.parent_fd = open_nearest(path->path);
        nearest = true;
    }
    /* what may not even be looked up may not be read either: nothing to allow */
    if (rule.parent_fd == -EACCES || rule.parent_fd == -ENOENT || rule.parent_fd == -ENOTDIR)
        return 0;
    if (rule.parent_fd < 0)
        return rule.parent_fd;
    if (fstat(rule.parent_fd, &status) < 0)
        error = -errno;
    else if (!S_ISDIR(status.st_mode))
        rule.allowed_access &= FS_OF_FILES;
    /* what is absent below the root is not worth all that there is */
    if (error == 0 && !(nearest && is_root(&status)))
        error = add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule);
    close(rule.parent_fd);
    return error;
}

static int allow_paths(int ruleset, const struct sandbox_path *paths, size_t count, uint64_t access,
                       uint64_t handled) {
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++)
        error = allow_path(ruleset, &paths[i], access, handled);
    return error;
}

static int allow_ports(int ruleset, const uint16_t *ports, size_t count, uint64_t access) {
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++) {
        struct port_rule rule = {.allowed = access, .port = ports[i]};

        error = add_rule(ruleset, RULE_NET_PORT, &rule);
    }
    return error;
}

int landlock_enter(const struct sandbox_rules *rules, bool *ret_files, bool *ret_ports) {
    struct ruleset_attributes attributes = {.handled_fs = FS_ALL_OF_VERSION_1};
    int version = create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    size_t size = sizeof(attributes.handled_fs);

    if (version < 0)
        return -errno;
    if (version >= VERSION_REFER)
        attributes.handled_fs |= FS_REFER;
    if (version >= VERSION_TRUNCATE)
        attributes.handled_fs |= FS_TRUNCATE;
    if (version >= VERSION_NET) {
        attributes.handled_net = NET_BIND | NET_CONNECT;
        size = sizeof(attributes);
    }

    int ruleset = create_ruleset(&attributes, size, 0);
    if (ruleset < 0)
        return -errno;
    int error = allow_paths(ruleset, rules->readable, rules->readable_count, FS_READ,
                            attributes.handled_fs);
    if (error == 0)
        error = allow_paths(ruleset, rules->writable, rules->writable_count, FS_WRITE,
                            attributes.handled_fs);
    if (error == 0 && version >= VERSION_NET)
        error = allow_ports(ruleset, rules->connect_ports, rules->connect_port_count, NET_CONNECT);
    if (error == 0 && version >= VERSION_NET)
        error = allow_ports(ruleset, rules->listen_ports, rules->listen_port_count, NET_BIND);
    if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        error = -errno;
    close(ruleset);
    if (error == 0) {
        *ret_files = true;
        *ret_ports = version >= VERSION_NET;
    }
    return error;
}
