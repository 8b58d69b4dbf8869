/* SPDX-License-Identifier: Apache-2.0 */

/* Faults in words. A table says for each error what is wrong and what to do; an error that the
 * table does not know is one of the system, and may pass. */

#include "source/fault.h"

#include "base/compiler.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct explanation {
    int error;
    bool passing;
    const char *problem; /* NULL: the system's own words */
    const char *remedy;
};

static const struct explanation explanations[] = {
    {EACCES, true, NULL, "let the sidecar's user read it (fsGroup, defaultMode)"},
    {EPERM, true, NULL, "let the sidecar's user read it (fsGroup, defaultMode, security policy)"},
    {EMFILE, true, NULL, "raise the sidecar's limit of open files; it is tried again"},
    {ENFILE, true, NULL, "the node has too many files open; it is tried again"},
    {ENOMEM, true, NULL, "the node is short of memory; it is tried again"},
    {EIO, true, NULL, "look at the volume's storage; it is tried again"},
    {EBUSY, true, "changed each time it was read",
     "write a new file and rename it over this one; it is tried again"},
    {ENOENT, false, "does not exist", "create it, or correct the setting that names it"},
    {ENOTDIR, false, "is not a folder", "correct the path"},
    {ELOOP, false, "is a symbolic link that leads back to itself, or through too many others",
     "correct the link"},
    {EMSGSIZE, false, "leads through a symbolic link of more than 1024 bytes", "shorten the link"},
    {ETOOMANYREFS, false,
     "is a symbolic link, and those of its volume have more to look up than is done",
     "remove links, or raise --max-files"},
    {EXDEV, false, "is a symbolic link that leaves its volume",
     "put the file itself into the volume"},
    {EINVAL, false, "is not a regular file", "put a regular file there"},
    {EBADMSG, false, "begins as gzip does, but is damaged or cut off",
     "write it anew, plain or as gzip"},
    {ENAMETOOLONG, false, NULL, "shorten the path, or the links on the way"},
};

/* In place of the other one: a rule of Landlock is about a folder, not about its name. */
static const struct explanation denied_in_sandbox = {
    EACCES, true, NULL,
    "let the sidecar's user read it (fsGroup, defaultMode); where a folder above it was made anew, "
    "or a link leads elsewhere, restart the sidecar: its sandbox covers what was there"};

static const struct explanation unknown = {0, true, NULL, "it is tried again"};

static const struct explanation *explanation_of(int error) {
    for (size_t i = 0; i < ARRAY_LENGTH(explanations); i++) {
        if (explanations[i].error == -error) {
            return &explanations[i];
        }
    }
    return &unknown;
}

bool fault_is_passing(int error) {
    return error != -EFBIG && explanation_of(error)->passing;
}

static void report_too_large(struct diagnostics *diagnostics, const struct fault *fault,
                             const char *kept) {
    const char *raise = fault->limit_option != NULL ? " or raise " : "";
    const char *option = fault->limit_option != NULL ? fault->limit_option : "";
    const char *remedy = arena_format(diagnostics->arena, "make it smaller%s%s", raise, option);

    diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = fault->path}, NULL, NULL,
                    remedy, "is larger than %zu bytes%s", fault->limit, kept);
}

void fault_report(struct diagnostics *diagnostics, const struct fault *fault) {
    const char *kept = fault->kept ? " (what it held before is kept)" : "";

    if (fault->error == -EFBIG) {
        report_too_large(diagnostics, fault, kept);
        return;
    }
    const struct explanation *explanation = fault->error == -EACCES && fault->sandboxed
                                                ? &denied_in_sandbox
                                                : explanation_of(fault->error);
    struct location location = {.file = fault->path};
    if (fault->error == -ENOENT && fault->option != NULL) {
        const char *remedy =
            arena_format(diagnostics->arena, "create it, or correct %s", fault->option);
        diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, NULL, remedy, "%s%s",
                        explanation->problem, kept);
        return;
    }
    if (explanation->problem != NULL) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, NULL, explanation->remedy,
                        "%s%s", explanation->problem, kept);
    } else {
        diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, NULL, explanation->remedy,
                        "cannot be read: %s%s", strerror(-fault->error), kept);
    }
}

const char *file_type_name(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "a regular file";
    case S_IFDIR:
        return "a folder";
    case S_IFLNK:
        return "a symbolic link";
    case S_IFIFO:
        return "a named pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    default:
        return "of an unknown type";
    }
}

/* The length of the printable character at offset, 0 when none stands there. */
static size_t printable_at(struct bytes name, size_t offset) {
    uint32_t character = 0;
    size_t length = utf8_decode(name, offset, &character);

    return length > 0 && !utf8_is_unprintable(character) ? length : 0;
}

bool name_is_printable(const char *name) {
    struct bytes bytes = bytes_of(name);
    size_t offset = 0;

    while (offset < bytes.length) {
        size_t length = printable_at(bytes, offset);
        if (length == 0) {
            return false;
        }
        offset += length;
    }
    return true;
}

void name_escape(const char *name, struct buffer *out) {
    struct bytes bytes = bytes_of(name);
    size_t offset = 0;

    while (offset < bytes.length) {
        size_t length = printable_at(bytes, offset);
        if (length == 0) {
            buffer_printf(out, "\\x%02x", (unsigned)(unsigned char)bytes.data[offset]);
            offset++;
        } else {
            buffer_append(out, bytes_slice(bytes, offset, offset + length));
            offset += length;
        }
    }
}
