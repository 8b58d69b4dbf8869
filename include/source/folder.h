/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_FOLDER_H
#define SIDECAR_SOURCE_FOLDER_H

/* What one folder of a volume holds at one instant, whether kubelet lays it out or somebody else.
 */

#include "base/arena.h"
#include "source/resolve.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Which names are of interest. Those that begin with ".." are kubelet's own and never are. */
enum folder_names {
    FOLDER_MANIFESTS, /* *.yaml *.yml *.json of any type; folders and links of any name; none that
                         begins with '.' */
    FOLDER_VISIBLE,   /* none that begins with '.' */
    FOLDER_KEYS,      /* all: ".dockerconfigjson" is a key */
};

struct folder_entry {
    const char *name;
    mode_t mode;        /* its type (S_IFMT); a link until it is resolved, then what it leads to */
    bool in_generation; /* lies in the generation, not in the folder itself */
    const char *target; /* of a resolved link: where it leads, below the volume's root */
    bool dangling;      /* a link that leads to nothing */
    int error;          /* a link that could not be resolved for a reason of the moment */
};

struct folder {
    int descriptor;   /* not owned */
    const char *real; /* below the volume's root */
    int generation;   /* the folder that ..data leads to; -1: the folder is a plain one */
    const char *generation_real; /* below the volume's root */
    struct folder_entry *entries;
    size_t count;
};

/*
 * Takes hold of the folder behind the descriptor (which has to stay open) and of its present
 * generation. The resolver's root is the volume's. 0; -ESTALE: ..data is about to change, try
 * again; -EXDEV: ..data leaves the volume; errno.
 */
int folder_open(struct folder *ret, const struct resolver *resolver, int descriptor,
                const char *real);

/* Reads the names, in no order, into the resolver's arena. 0; -ESTALE: another generation came
 * meanwhile, open it again; -E2BIG: more than limit names of interest; errno. */
int folder_list(struct folder *folder, struct arena *arena, enum folder_names names, size_t limit);

/* 0 while ..data is what it was at folder_open; else -ESTALE, or errno: what has been listed in the
 * generation since the last 0 may be cut short. */
int folder_check(const struct folder *folder);

/* The descriptor that the entry's name is relative to. */
int folder_of_entry(const struct folder *folder, const struct folder_entry *entry);

/* Lets the generation go. */
void folder_close(struct folder *folder);

/* True for *.yaml, *.yml, *.json. */
bool name_is_manifest(const char *name);

#endif
