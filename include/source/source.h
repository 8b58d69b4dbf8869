/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_SOURCE_H
#define SIDECAR_SOURCE_SOURCE_H

/*
 * A consistent read of the mounted volumes and single files into one snapshot: bytes, no meaning.
 *
 * A volume may be laid out by kubelet (`..data` is a link to a timestamped folder, swapped by
 * rename) at its root or in any folder below it (a Secret mounted at DIR/NAME); a pass never mixes
 * two generations of one such folder. Plain folders, folders that come later, vanish and return,
 * and files edited in place work as well. Names that begin with '.' are passed over, but for keys
 * of Secrets and ConfigMaps, where a single dot is allowed (.dockerconfigjson).
 *
 * Links are followed where they stay inside their volume. What is not a regular file is never
 * opened; nothing here waits for anything but the disk.
 *
 * What has not changed is not read again: a file whose device, inode, size, mtime and ctime are as
 * they were keeps its bytes, and its struct source_file, from snapshot to snapshot. So does a file
 * that was written anew with the same bytes, as kubelet does with a whole volume when one key of it
 * changed.
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"
#include "source/writers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum volume_kind {
    VOLUME_REMOTE_WRITE, /* *.yaml *.yml *.json, walked to a depth of max_depth */
    VOLUME_SECRET,       /* DIR/NAME/KEY */
    VOLUME_CONFIGMAP,    /* DIR/NAME/KEY */
};

struct volume_config {
    enum volume_kind kind;
    const char *namespace; /* the namespace that the directory is bound to; NULL: not bound */
    const char *path;      /* as the user wrote it */
};

/* One file, read once. Immutable; the same struct as long as the file on disk is the same. */
struct source_file {
    const char *path;     /* volume path + "/" + relative: what a user would open */
    const char *relative; /* to the volume: "team-a/rw.yaml", "NAME/KEY"; of a single file: path */
    struct bytes content; /* NUL-terminated behind length; erased when the file is dropped */
    uint64_t id;          /* never 0, never used again for other bytes by the same source */
};

/*
 * What could not be read for a reason of the moment (too many open files, I/O, permissions), or is
 * too large now, is in files as it was in the snapshot before: a fault drops no RemoteWrite.
 */
struct snapshot_volume {
    const struct volume_config *config;
    bool present; /* the directory is there; of one that cannot be opened: as before */
    const struct source_file *const *files; /* sorted by relative path (bytes) */
    size_t file_count;
    /*
     * What was not read in this snapshot, as paths relative to the volume: files, folders (with all
     * that is in them), "" the whole volume. Sorted. Where files has a path all the same, it is as
     * it was in the snapshot before. A path that is neither in files nor at or below one of these
     * is not there.
     */
    const char *const *unread;
    size_t unread_count;
};

/* A single file that settings name: the base config, the labels file. */
struct snapshot_single {
    const char *path; /* NULL: not configured */
    /* 0; -ENOENT, -EINVAL (no regular file), -EFBIG, -EBADMSG (damaged gzip), errno; -ETXTBSY: it
     * is still being written, and was never read before. */
    int error;
    bool being_written; /* what stands there now is not what file has */
    /* NULL: never read so far. With an error: the bytes of before. */
    const struct source_file *file;
};

struct snapshot {
    struct snapshot_volume *volumes; /* in the order of the settings */
    size_t volume_count;
    struct snapshot_single base; /* decompressed where it was gzip */
    struct snapshot_single labels;
    /* What stands in the watched paths (names and contents) as one number: the same as long as it
     * is the same. */
    uint64_t watched;
    /*
     * Every directory whose change can change the snapshot, by its real path (absolute, without
     * links): volumes, watched directories and their plain sub-folders, the folders that hold
     * ..data, those that hold links on the way to any of them. For one that is absent: its nearest
     * existing ancestor. And files that may change without their directory's watchers hearing of it
     * (hard links, files mounted by themselves). Sorted, no duplicates. What changes between
     * source_read and the moment that a new directory is watched is seen by nobody: after adding
     * watches read once more.
     */
    const char *const *directories;
    size_t directory_count;
    /* Files that are still being written (source/writers.h): what counted before is in the
     * snapshot, and in volumes their paths are unread. There may be no event when their writers
     * end. */
    struct writers_report writers;
    struct diagnostics diagnostics; /* what was passed over and why */
    bool complete; /* false: something could not be read that may be readable later */
};

struct source_settings {
    const struct volume_config *volumes;
    size_t volume_count;
    const char *base_path;   /* or NULL */
    bool base_as_it_is;      /* not decompressed: it is the output, too */
    const char *labels_path; /* or NULL */
    /* Directories (or files) of which only is to be known whether they change: source/watched.h. */
    const char *const *watched_paths;
    size_t watched_path_count;
    size_t max_file_size; /* bytes of one file of a volume, or of the labels file */
    /* Files of one volume, and folders of one volume. What the snapshot before has goes before what
     * is new. */
    size_t max_files;
    size_t max_volume_size; /* bytes of all files of one volume, links counted each; 0: no bound */
    unsigned max_depth;     /* folders below a volume of manifests */
    size_t max_base_size;   /* bytes of the base config, before and after decompression */
    bool sandboxed;         /* Landlock is in force: a fault may have it as its cause */
    struct writer_patience patience; /* with files that are still being written; zeroed: none */
};

struct source;

/* settings, and what they point to, have to outlive the source and its snapshots. */
struct source *source_new(const struct source_settings *settings) MUST_USE;
void source_free(struct source *source);
void source_freep(struct source **source);

/*
 * Reads everything anew (stat of every file; the bytes only of what changed; with every_byte of
 * all: SIGHUP and the watch interval, for file systems whose times cannot be trusted). The snapshot
 * and its files stay valid until snapshot_release; a later source_read does not disturb an earlier
 * snapshot, nor does source_free. Never fails as a whole: what could not be read is in the
 * snapshot's diagnostics.
 */
struct snapshot *source_read(struct source *source, bool every_byte) MUST_USE;

/* The same files with the same bytes at the same places, the same faults, and the same said about
 * them: what can be made of the one can be made of the other. Both of one source. */
bool snapshot_same(const struct snapshot *left, const struct snapshot *right);

/* Whether the path, relative to the volume, is one that was not read, or lies below one. */
bool volume_is_unread(const struct snapshot_volume *volume, const char *relative);

/* One more to release it. */
struct snapshot *snapshot_hold(struct snapshot *snapshot);

/* NULL is fine. */
void snapshot_release(struct snapshot *snapshot);
void snapshot_releasep(struct snapshot **snapshot);

#endif
