/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_KUBELET_H
#define TESTS_SUPPORT_KUBELET_H

/*
 * Plays kubelet's AtomicWriter: what a mounted ConfigMap, Secret, downward API or projected volume
 * goes through when its content changes.
 *
 *     CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(path);
 *     kubelet_volume_write(volume, "rw.yaml", "kind: ...", "team-b/other.yaml", "kind: ...", NULL);
 */

#include "base/compiler.h"

#include <stddef.h>

/* In the order in which they happen; each name says what has just been done. */
enum kubelet_step {
    KUBELET_FOLDER_MADE,   /* ..2026_11_23_10_00_00.123456789/, empty */
    KUBELET_FILES_WRITTEN, /* ... with all files */
    KUBELET_LINK_MADE,     /* ..data_tmp -> ..2026_... */
    KUBELET_SWAPPED,       /* ..data_tmp renamed to ..data */
    KUBELET_NAMES_LINKED,  /* NAME -> ..data/NAME for the first component of every path */
    KUBELET_NAMES_REMOVED, /* the links of names that are gone */
    KUBELET_OLD_EMPTIED,   /* the files of the old generation are gone, its folder is not */
    KUBELET_OLD_REMOVED,   /* the old generation is gone */
};

struct kubelet_file {
    const char *path; /* "KEY", or "NAME/KEY" in a projected volume */
    const char *content;
};

struct kubelet_volume;

/* On this directory, which is made when absent; an existing volume in it is taken over. */
struct kubelet_volume *kubelet_volume_new(const char *directory) MUST_USE;
/* Leaves the directory as it is. */
void kubelet_volume_free(struct kubelet_volume *volume);
void kubelet_volume_freep(struct kubelet_volume **volume);

/* Called behind every step, for a reader that comes in between. */
void kubelet_volume_on_step(struct kubelet_volume *volume,
                            void (*on_step)(enum kubelet_step step, void *context), void *context);

/* The volume's new content, all of it: (path, content) pairs, then NULL. As kubelet, does nothing
 * when the content is what it is already. */
void kubelet_volume_write(struct kubelet_volume *volume, ...) __attribute__((sentinel));
void kubelet_volume_write_files(struct kubelet_volume *volume, const struct kubelet_file *files,
                                size_t count);

#endif
