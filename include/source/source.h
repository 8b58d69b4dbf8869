/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_SOURCE_H
#define SIDECAR_SOURCE_SOURCE_H

/*
 * A consistent read of the mounted volumes and single files into one snapshot: bytes, no meaning.
 *
 * A volume may be laid out by kubelet (`..data` is a link to a timestamped folder, swapped by rename) at its root or
 * in any folder below it (a Secret mounted at DIR/NAME); a pass never mixes two generations of one such folder.
 * Plain folders, folders that come later, vanish and return, and files edited in place work as well. Names that begin
 * with '.' are passed over.
 *
 * What has not changed is not read again: a file whose device, inode, size, mtime and ctime are as they were keeps its
 * bytes, and its struct source_file, from snapshot to snapshot.
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum volume_kind {
    VOLUME_REMOTE_WRITE, /* *.yaml *.yml *.json, walked to a depth of 8 */
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
    const char *relative; /* to the volume: "team-a/rw.yaml", "NAME/KEY" */
    struct bytes content; /* erased when the file is dropped */
    uint64_t id;          /* never used again for other bytes: equal ids, equal bytes */
};

struct snapshot_volume {
    const struct volume_config *config;
    bool present; /* the directory was there and could be read */
    const struct source_file *const *files; /* sorted by relative path (bytes) */
    size_t file_count;
};

/* A single file that settings name: the base config, the labels file. */
struct snapshot_single {
    const char *path; /* NULL: not configured */
    int error;        /* 0; -ENOENT, ...: file is NULL, or the bytes of before where they are still good to use */
    const struct source_file *file;
};

struct snapshot {
    struct snapshot_volume *volumes; /* in the order of the settings */
    size_t volume_count;
    struct snapshot_single base;   /* decompressed where it was gzip */
    struct snapshot_single labels;
    const char *const *directories; /* every directory whose change can change the snapshot; sorted, no duplicates.
                                       For one that is absent: its nearest existing ancestor. */
    size_t directory_count;
    struct diagnostics diagnostics; /* what was passed over and why */
    bool complete;                  /* false: something could not be read that may be readable later */
};

struct source_settings {
    const struct volume_config *volumes;
    size_t volume_count;
    const char *base_path;
    const char *labels_path;
    size_t max_file_size; /* bytes of one file of a volume */
    size_t max_files;     /* files of one volume */
    unsigned max_depth;   /* folders below a volume of manifests */
    size_t max_base_size; /* bytes of the base config, after decompression */
};

struct source;

/* settings, and what they point to, have to outlive the source. */
struct source *source_new(const struct source_settings *settings) MUST_USE;
void source_free(struct source *source);
void source_freep(struct source **source);

/*
 * Reads everything anew (stat of every file; the bytes only of what changed; with every_byte of all: SIGHUP and the
 * watch interval, for file systems whose times cannot be trusted). The snapshot and its files stay valid until
 * snapshot_release; a later source_read does not disturb an earlier snapshot. Never fails as a whole: what could not be
 * read is in the snapshot's diagnostics.
 */
struct snapshot *source_read(struct source *source, bool every_byte) MUST_USE;

void snapshot_release(struct snapshot *snapshot);
void snapshot_releasep(struct snapshot **snapshot);

#endif
