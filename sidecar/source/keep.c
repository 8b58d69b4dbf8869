/* SPDX-License-Identifier: Apache-2.0 */

/* What goes on from the snapshot before: a file or folder that cannot be read for now, or never
 * stands still, keeps what it held, so that a fault drops nobody's RemoteWrite. */

#include "source/fault.h"
#include "source/walk.h"

#include <errno.h>
#include <string.h>

static const char file_limit_option[] = "--max-file-size";

/* Index of the first previous file that does not sort before the path. */
static size_t previous_from(const struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    size_t low = 0;
    size_t high = previous->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(previous->items[middle]->view.relative, relative) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct file *walk_previous(const struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    size_t at = previous_from(walk, relative);

    if (at < previous->count && strcmp(previous->items[at]->view.relative, relative) == 0) {
        return previous->items[at];
    }
    return NULL;
}

void walk_add(struct walk *walk, struct file *file) {
    struct file_list *list = &walk->result->files;

    list->items = arena_grow(walk->request->arena, list->items, list->count, &list->capacity,
                             sizeof(struct file *));
    list->items[list->count++] = file;
    walk->bytes += file->view.content.length;
}

static struct bytes prefix_of(const struct walk *walk, const char *relative) {
    return relative[0] == '\0' ? (struct bytes){"", 0}
                               : bytes_of(arena_format(walk->request->scratch, "%s/", relative));
}

bool walk_knows_folder(const struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    struct bytes prefix = prefix_of(walk, relative);
    size_t at = previous_from(walk, prefix.data);

    return at < previous->count &&
           bytes_starts_with(bytes_of(previous->items[at]->view.relative), prefix);
}

void walk_unread(const struct walk *walk, const char *relative) {
    struct unread_list *list = &walk->result->unread;

    list->items = arena_grow(walk->request->arena, list->items, list->count, &list->capacity,
                             sizeof(*list->items));
    list->items[list->count++] = arena_string(walk->request->arena, bytes_of(relative));
}

bool walk_keep_folder(struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    struct bytes prefix = prefix_of(walk, relative);
    bool any = false;

    for (size_t i = previous_from(walk, prefix.data); i < previous->count; i++) {
        if (!bytes_starts_with(bytes_of(previous->items[i]->view.relative), prefix)) {
            break;
        }
        walk_add(walk, file_reference(previous->items[i]));
        any = true;
    }
    return any;
}

void walk_link_failed(struct walk *walk, const char *relative) {
    struct file *previous = walk_previous(walk, relative);

    walk_unread(walk, relative);
    walk->passed_link = walk->passed_links++ == 0 ? relative : walk->passed_link;
    if (previous != NULL) {
        walk_add(walk, file_reference(previous));
    } else {
        (void)walk_keep_folder(walk, relative);
    }
}

static void say_crowded(struct walk *walk, const char *relative, bool kept) {
    diagnostics_add(
        walk->request->diagnostics, SEVERITY_ERROR, walk_location(walk, relative), NULL, NULL,
        "keep other files out of it, or raise --max-files",
        "holds more than %zu names, with those of the folders before it, and is passed over%s",
        walk->request->settings->max_files * NAMES_PER_FILE,
        kept ? " (what it held before is kept)" : "");
}

void walk_folder_failed(struct walk *walk, const char *relative, int error) {
    bool link = error == -EXDEV || error == -ELOOP || error == -EMSGSIZE || error == -ETOOMANYREFS;
    const struct place place = {.relative = relative};
    const char *blamed = link ? walk_relative(walk, &place, "..data") : relative;
    bool kept = walk_keep_folder(walk, relative);

    walk_unread(walk, relative);
    if (error == -E2BIG) {
        say_crowded(walk, relative, kept);
        return;
    }
    struct fault fault = {
        .path = walk_path(walk, blamed),
        .error = error,
        .kept = kept,
        .sandboxed = walk->request->settings->sandboxed,
    };
    fault_report(walk->request->diagnostics, &fault);
    if (fault_is_passing(error)) {
        walk->result->complete = false;
    }
}

static const char *say_tries(const struct walk *walk, unsigned tries) {
    return tries < FOLDER_TRIES
               ? "changed while it was read, and its volume has no tries left in this reading"
               : arena_format(walk->request->scratch, "changed %u times while it was read", tries);
}

void walk_folder_unsteady(struct walk *walk, const char *relative, unsigned tries) {
    bool kept = walk_keep_folder(walk, relative);

    walk_unread(walk, relative);
    diagnostics_add(walk->request->diagnostics, SEVERITY_WARNING, walk_location(walk, relative),
                    NULL, NULL, "it is read again; if this stays, find out what keeps replacing it",
                    "%s%s", say_tries(walk, tries), kept ? " (what it held before is kept)" : "");
    walk->result->complete = false;
}

void walk_file_waits(struct walk *walk, const char *relative, struct file *previous) {
    walk_unread(walk, relative);
    if (previous != NULL) {
        walk_add(walk, file_reference(previous));
    }
}

void walk_file_too_much(struct walk *walk, const char *relative, struct file *previous) {
    walk_unread(walk, relative);
    diagnostics_add(walk->request->diagnostics, SEVERITY_ERROR, walk_location(walk, relative), NULL,
                    NULL, "make the volume's files smaller, or raise --max-volume-size",
                    "is passed over: with it the volume would hold more than %zu bytes%s",
                    walk->request->settings->max_volume_size,
                    previous != NULL ? " (what it held before is kept)" : "");
    if (previous != NULL) {
        walk_add(walk, file_reference(previous));
    }
}

void walk_file_failed(struct walk *walk, const char *relative, struct file *previous, int error) {
    struct fault fault = {
        .path = walk_path(walk, relative),
        .error = error,
        .kept = previous != NULL && error != -EINVAL,
        .limit = walk->request->settings->max_file_size,
        .limit_option = file_limit_option,
        .sandboxed = walk->request->settings->sandboxed,
    };

    walk_unread(walk, relative);
    fault_report(walk->request->diagnostics, &fault);
    if (fault.kept) {
        walk_add(walk, file_reference(previous));
    }
    if (fault_is_passing(error)) {
        walk->result->complete = false;
    }
}
