/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_WALK_H
#define SIDECAR_SOURCE_WALK_H

/* Inside one volume: what the walk knows, how it names things, what it keeps from before, and the
 * walk itself. */

#include "source/folder.h"
#include "source/resolve.h"
#include "source/volume.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* kubelet swaps generations a minute apart; a folder that changes more often than this in one
 * reading is somebody's fault. */
#define FOLDER_TRIES 8

/* Of all folders of a volume together: each of them walks all that is below a folder once more, and
 * in folders that lie in one another tries would multiply. */
#define VOLUME_RETRIES 16

/* Names in one folder for each file that a volume may hold: links, pipes and the like included. */
#define NAMES_PER_FILE 16

/* What following links may take for each of these names (resolver.lookups_left): what a volume
 * needs that is all links, a few folders deep. */
#define LOOKUPS_PER_NAME 4

/* Files of a volume that are watched by themselves (file_stands_alone): each takes one of the
 * node's watches. What changes in the others is seen at the watch interval. */
#define ALONE_WATCHES_MAX 256

/* For the whole walk: what a folder spent it does not get back when it goes back, or whoever keeps
 * changing it could have it spent again and again. */
struct walk_budget {
    size_t lookups;   /* to follow links by; the resolver's */
    size_t checks;    /* to follow them by once more, for where they lead by then */
    unsigned retries; /* of folders */
};

struct walk {
    const struct volume_request *request;
    struct volume_result *result;
    struct resolver resolver; /* confined to the volume */
    const char *path;         /* the volume's, without slashes at the end */
    size_t names;             /* of all folders that were listed */
    struct walk_budget left;
    size_t bytes;     /* of the files that were taken */
    size_t new_files; /* met, taken or not, that the snapshot before does not have */
    size_t alone;     /* of ALONE_WATCHES_MAX */
    size_t folders;
    size_t passed_folders;     /* beyond the bound */
    const char *passed_folder; /* the first of them */
    size_t passed_files;
    const char *passed_file;
    size_t passed_links;
    const char *passed_link;
};

/* A folder on the way down. */
struct place {
    const struct place *above;
    const char *relative; /* "" for the root, then "a", "a/b": as files are named */
    const char
        *real; /* "" for the root, then "/a", ...: where it lies, ..data and links resolved */
    unsigned depth;
    const struct folder *generation; /* whose generation it is part of; NULL: it stands by itself */
    dev_t device;
    ino_t inode;
};

/* --- naming (name.c); strings live in the scratch arena */

bool walk_is_manifests(const struct walk *walk);

/* What a user would open: the volume's path and a relative one; "" is the volume. */
const char *walk_path(const struct walk *walk, const char *relative);

/* The relative path of a name in a place. */
const char *walk_relative(const struct walk *walk, const struct place *place, const char *name);

struct location walk_location(const struct walk *walk, const char *relative);

/* Anything but a note also means that the path was not read. */
void walk_say(const struct walk *walk, enum severity severity, const char *relative,
              const char *problem, const char *remedy);

/* --- keeping (keep.c) */

/* NULL: it was not there. */
struct file *walk_previous(const struct walk *walk, const char *relative);

/* The snapshot before has a file in this folder. */
bool walk_knows_folder(const struct walk *walk, const char *relative);

/* Every file that the folder held in the snapshot before; true where there was one. */
bool walk_keep_folder(struct walk *walk, const char *relative);

/* This path was not read: what is there is not known. */
void walk_unread(const struct walk *walk, const char *relative);

/* To the list that comes out; takes over the caller's reference. */
void walk_add(struct walk *walk, struct file *file);

/* The file or folder cannot be read: says so, and keeps what it held. previous may be NULL. */
void walk_file_failed(struct walk *walk, const char *relative, struct file *previous, int error);

/* It is still being written: keeps what it held, and leaves it to the writers to say so. */
void walk_file_waits(struct walk *walk, const char *relative, struct file *previous);

/* With it the volume would be too large: says so, and keeps what it held. */
void walk_file_too_much(struct walk *walk, const char *relative, struct file *previous);
void walk_folder_failed(struct walk *walk, const char *relative, int error);

/* A link that there were no lookups left for: the same; walk_trim says so, once for all. */
void walk_link_failed(struct walk *walk, const char *relative);

/* The folder changed with every try, be they as many as it may have or all that its volume had
 * left: the same. */
void walk_folder_unsteady(struct walk *walk, const char *relative, unsigned tries);

/* --- entries (entry.c) */

/* Where the entry lies, below the root; the last component may be a link. */
const char *entry_path(const struct walk *walk, const struct folder *folder,
                       const struct folder_entry *entry);

/* Follows links, drops what is not read (with a word where a user would wonder) and sorts the rest
 * as its files will be. */
void entries_prepare(struct walk *walk, const struct place *place, struct folder *folder);

/* A link that is passed over. One that does not look like a manifest may be anything: it is worth a
 * note at most. */
void entry_say_bad_link(const struct walk *walk, const struct place *place,
                        const struct folder_entry *entry, const char *problem, const char *remedy);

/* Do the links still lead where they led? Else two of them may have led into different generations.
 */
bool entries_links_stand(struct walk *walk, const struct folder *folder);

/* --- walking (walk.c) */

/* How many names the folders of the volume may hold together, and what following links may take. */
size_t walk_names_max(const struct walk *walk);
size_t walk_lookups_max(const struct walk *walk);

/* Takes back the new files that are too many, and says what the bounds passed over. After the walk.
 */
void walk_trim(struct walk *walk);

/* Reads a folder and all below it into the walk's result. 0; -ESTALE: it is part of a generation
 * that is on its way out (never for a place that stands by itself). */
int walk_folder(struct walk *walk, int descriptor, const struct place *place);

#endif
