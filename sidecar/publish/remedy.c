/* SPDX-License-Identifier: Apache-2.0 */

/* What each error of publishing means in a pod, and what to do about it. */

#include "publish/remedy.h"

#include "base/compiler.h"

#include <errno.h>

struct remedy {
    int error;
    const char *text;
};

static const struct remedy remedies[] = {
    {EBUSY, "a mount cannot be replaced: mount the folder that holds the file, not the file itself "
            "(no subPath)"},
    {EXDEV, "put the output into a folder that is no part of two file systems; mount the folder, "
            "not the file"},
    {EPERM, "let the output and its folder belong to the sidecar's user: in a sticky folder (as "
            "/tmp) nobody replaces another user's file, and an immutable file (chattr +i) stays"},
    {EACCES,
     "let the sidecar's user write to the folder (fsGroup, runAsUser); where the output was "
     "changed by SIGHUP, restart the sidecar: its sandbox has the folders of the start"},
    {EROFS, "mount the output's volume writable (readOnly: false), or name another --output-file"},
    {ENOSPC, "free space on the output's volume, or raise its size (sizeLimit of an emptyDir)"},
    {EDQUOT, "raise the quota of the sidecar's user on the output's volume, or free space"},
    {EFBIG, "raise the limit of file sizes (ulimit -f) of the sidecar"},
    {ENAMETOOLONG, "shorten the name of the output, or of the folders above it"},
    {EISDIR, "remove the folder that stands there, or name a file (a hostPath or subPath that is "
             "absent is made as a folder)"},
    {EINVAL, "remove what stands there: it is no regular file"},
    {ENOENT, "create the folder, or correct --output-file; a link has to lead to a file"},
    {ENOTDIR, "correct --output-file: a part of its path is no folder"},
    {ELOOP, "correct the link: it leads back to itself"},
    {EMFILE, "raise the sidecar's limit of open files (ulimit -n)"},
    {ENFILE, "close files on the node: it has too many open"},
    {ENOMEM, "give the node, or the sidecar, more memory"},
    {EIO, "look at the storage of the output's volume"},
};

const char *publish_remedy(int error, const struct publish_error *failure) {
    if (failure->wrong != NULL) {
        return failure->wrong;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(remedies); i++) {
        if (remedies[i].error == -error) {
            return remedies[i].text;
        }
    }
    return "look at the error: it is tried again";
}
