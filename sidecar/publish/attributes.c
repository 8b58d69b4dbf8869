/* SPDX-License-Identifier: Apache-2.0 */

/* The order matters: a change of owner clears mode bits, and an access control list sets the mode's
 * group bits, which are its mask. */

#include "publish/attributes.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const mode_t mode_bits = 07777;
static const char access_list[] = "system.posix_acl_access";

/* Those that belong to the file's user. Not the kernel's about the bytes (security.ima), nor
 * capabilities. */
struct kept_attribute {
    const char *name; /* one that ends in '.' is a prefix */
    const char *words;
};

static const struct kept_attribute kept_attributes[] = {
    {access_list, "access control list"},
    {"security.selinux", "SELinux label"},
    {"user.", "extended attributes"},
};

static const char *words_for(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(kept_attributes); i++) {
        const char *kept = kept_attributes[i].name;
        size_t length = strlen(kept);
        bool prefix = kept[length - 1] == '.';
        if (prefix ? strncmp(name, kept, length) == 0 : strcmp(name, kept) == 0) {
            return kept_attributes[i].words;
        }
    }
    return NULL;
}

static void note(const char **ret_unkept, const char *words) {
    *ret_unkept = *ret_unkept != NULL ? *ret_unkept : words;
}

/* An unprivileged process may give a file of its own to a group that it is in, and to no user. */
static void copy_owner(int to, const struct stat *wanted, const struct stat *present,
                       const char **ret_unkept) {
    const uid_t no_user = (uid_t)-1;

    if ((wanted->st_uid == present->st_uid && wanted->st_gid == present->st_gid) ||
        fchown(to, wanted->st_uid, wanted->st_gid) == 0) {
        return;
    }
    if (wanted->st_uid != present->st_uid) {
        note(ret_unkept, "owner");
    }
    if (wanted->st_gid != present->st_gid && fchown(to, no_user, wanted->st_gid) < 0) {
        note(ret_unkept, "group");
    }
}

/* The value of an attribute, or of the list of names (name NULL). False: there is none. */
static bool value_read(int descriptor, const char *name, struct buffer *out) {
    for (;;) {
        ssize_t size =
            name != NULL ? fgetxattr(descriptor, name, NULL, 0) : flistxattr(descriptor, NULL, 0);
        if (size < 0) {
            return false;
        }
        buffer_clear(out);
        char *room = buffer_reserve(out, (size_t)size + 1);
        ssize_t got = name != NULL ? fgetxattr(descriptor, name, room, (size_t)size)
                                   : flistxattr(descriptor, room, (size_t)size);
        if (got >= 0) {
            out->length = (size_t)got;
            return true;
        }
        if (errno != ERANGE) {
            return false;
        }
    }
}

static void copy_attribute(int from, int to, const char *name, const char *words,
                           const char **ret_unkept) {
    CLEANUP(buffer_free) struct buffer wanted = {0};
    CLEANUP(buffer_free) struct buffer present = {0};

    if (!value_read(from, name, &wanted)) {
        return; /* gone this very moment */
    }
    if (value_read(to, name, &present) &&
        bytes_equal(buffer_bytes(&wanted), buffer_bytes(&present))) {
        return;
    }
    if (fsetxattr(to, name, wanted.data, wanted.length, 0) < 0) {
        note(ret_unkept, words);
    }
}

/* A file that was kept since may have some that a person has removed from the present one. */
static void drop_user_attributes(int from, int to) {
    static const char user[] = "user.";
    CLEANUP(buffer_free) struct buffer names = {0};
    CLEANUP(buffer_free) struct buffer value = {0};

    if (!value_read(to, NULL, &names)) {
        return;
    }
    for (size_t at = 0; at < names.length; at += strlen(names.data + at) + 1) {
        const char *name = names.data + at;
        if (strncmp(name, user, sizeof(user) - 1) == 0 && !value_read(from, name, &value) &&
            errno == ENODATA) {
            (void)fremovexattr(to, name);
        }
    }
}

/* A new file may have got a list of its folder's that the old one did not have. */
static void drop_access_list(int from, int to) {
    CLEANUP(buffer_free) struct buffer value = {0};

    if (!value_read(from, access_list, &value) && errno == ENODATA &&
        value_read(to, access_list, &value)) {
        (void)fremovexattr(to, access_list);
    }
}

static void copy_attributes(int from, int to, const char **ret_unkept) {
    CLEANUP(buffer_free) struct buffer names = {0};

    if (!value_read(from, NULL, &names)) {
        return; /* the file system has none */
    }
    for (size_t at = 0; at < names.length; at += strlen(names.data + at) + 1) {
        const char *words = words_for(names.data + at);
        if (words != NULL) {
            copy_attribute(from, to, names.data + at, words, ret_unkept);
        }
    }
}

int attributes_copy(int from, int to, const char **ret_unkept) {
    struct stat wanted;
    struct stat present;

    *ret_unkept = NULL;
    if (fstat(from, &wanted) < 0 || fstat(to, &present) < 0) {
        return -errno;
    }
    copy_owner(to, &wanted, &present, ret_unkept);
    drop_access_list(from, to);
    drop_user_attributes(from, to);
    /* Whatever the owner was, a change of it may have cleared bits. */
    if (fchmod(to, wanted.st_mode & mode_bits) < 0) {
        return -errno;
    }
    copy_attributes(from, to, ret_unkept);
    return 0;
}
