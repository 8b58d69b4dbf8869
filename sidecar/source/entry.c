/* SPDX-License-Identifier: Apache-2.0 */

/* The entries of one folder, made ready to be walked: odd names dropped, links followed inside the
 * volume, the rest sorted. */

#include "source/fault.h"
#include "source/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *entry_path(const struct walk *walk, const struct folder *folder,
                       const struct folder_entry *entry) {
    const char *real = entry->in_generation ? folder->generation_real : folder->real;

    return arena_format(walk->request->scratch, "%s/%s", real, entry->name);
}

static void say_odd_name(const struct walk *walk, const struct place *place,
                         const struct folder_entry *entry) {
    CLEANUP(buffer_free) struct buffer name = {0};

    name_escape(entry->name, &name);
    diagnostics_add(
        walk->request->diagnostics, SEVERITY_WARNING, walk_location(walk, place->relative), NULL,
        NULL, "rename it: UTF-8 without control characters",
        "\"%s\" is passed over: its name cannot be shown as it is", buffer_string(&name));
}

void entry_say_bad_link(const struct walk *walk, const struct place *place,
                        const struct folder_entry *entry, const char *problem, const char *remedy) {
    bool wanted = !walk_is_manifests(walk) || name_is_manifest(entry->name);

    walk_say(walk, wanted ? SEVERITY_WARNING : SEVERITY_INFO,
             walk_relative(walk, place, entry->name), problem, remedy);
}

/* What no other reading would make good. False: it is something else. */
static bool say_unfollowed(const struct walk *walk, const struct place *place,
                           const struct folder_entry *entry, int error) {
    struct arena *scratch = walk->request->scratch;
    const char *problem = NULL;
    const char *remedy = "correct the link";

    if (error == -EXDEV) {
        problem = "is passed over: this link leaves the volume";
        remedy = "put the file itself into the volume";
    } else if (error == -ELOOP) {
        problem = arena_format(scratch,
                               "is passed over: this link leads back to itself, or through more "
                               "than %d links",
                               VOLUME_LINKS_MAX);
        remedy = "correct the link, or have it lead there directly";
    } else if (error == -EMSGSIZE) {
        problem =
            arena_format(scratch, "is passed over: it leads through a link of more than %d bytes",
                         VOLUME_TARGET_MAX);
        remedy = "shorten the link";
    }
    if (problem != NULL) {
        entry_say_bad_link(walk, place, entry, problem, remedy);
    }
    return problem != NULL;
}

/* Follows a link inside the volume. False: it leads to nothing that is read. */
static bool resolve_entry(struct walk *walk, const struct place *place, const struct folder *folder,
                          struct folder_entry *entry) {
    struct resolution resolution;
    int error = path_resolve(&walk->resolver, entry_path(walk, folder, entry), &resolution);

    if (say_unfollowed(walk, place, entry, error)) {
        return false;
    }
    if (error < 0) {
        /* It stands where it stood, for what it held to be kept. */
        const char *relative = walk_relative(walk, place, entry->name);
        entry->mode = walk_previous(walk, relative) != NULL ? S_IFREG : S_IFDIR;
        entry->error = error;
        return true;
    }
    if (!resolution.exists) {
        entry->dangling = true;
        return true;
    }
    entry->mode = resolution.mode;
    entry->target = resolution.real;
    if (!S_ISDIR(entry->mode)) {
        directories_add(walk->request->directories, walk->resolver.root_path,
                        path_parent(walk->request->scratch, resolution.real));
    }
    return S_ISDIR(entry->mode) || !walk_is_manifests(walk) || name_is_manifest(entry->name);
}

/* A folder sorts as its files will: "a.yaml" stands before "a/x.yaml". */
static int compare_entries(const void *left, const void *right) {
    const struct folder_entry *entries[] = {left, right};
    size_t at = 0;
    char at_end[2];

    while (entries[0]->name[at] != '\0' && entries[0]->name[at] == entries[1]->name[at]) {
        at++;
    }
    for (size_t i = 0; i < 2; i++) {
        char here = entries[i]->name[at];
        at_end[i] = here == '\0' && S_ISDIR(entries[i]->mode) ? '/' : here;
    }
    return (unsigned char)at_end[0] - (unsigned char)at_end[1];
}

void entries_prepare(struct walk *walk, const struct place *place, struct folder *folder) {
    size_t kept = 0;

    for (size_t i = 0; i < folder->count; i++) {
        struct folder_entry entry = folder->entries[i];
        if (!name_is_printable(entry.name)) {
            say_odd_name(walk, place, &entry);
        } else if (!S_ISLNK(entry.mode) || resolve_entry(walk, place, folder, &entry)) {
            folder->entries[kept++] = entry;
        }
    }
    folder->count = kept;
    if (kept > 0) {
        qsort(folder->entries, kept, sizeof(*folder->entries), compare_entries);
    }
}

/* Does the link lead where it led when it was resolved? */
static bool link_stands(const struct resolver *resolver, const char *path,
                        const struct folder_entry *entry) {
    struct resolution now;

    if (path_resolve(resolver, path, &now) < 0) {
        return false;
    }
    return entry->dangling ? !now.exists : now.exists && strcmp(now.real, entry->target) == 0;
}

bool entries_links_stand(struct walk *walk, const struct folder *folder) {
    struct arena_mark mark = arena_mark(walk->request->scratch);
    struct resolver resolver = walk->resolver;
    bool stand = true;

    resolver.directories = NULL;
    resolver.lookups_left = &walk->left.checks;
    for (size_t i = 0; i < folder->count && stand; i++) {
        const struct folder_entry *entry = &folder->entries[i];
        if (entry->target != NULL || entry->dangling) {
            stand = link_stands(&resolver, entry_path(walk, folder, entry), entry);
            arena_go_back(walk->request->scratch, &mark);
        }
    }
    return stand;
}
