/* SPDX-License-Identifier: Apache-2.0 */

/* How the walk names what it meets: as a user would open it. */

#include "source/walk.h"

bool walk_is_manifests(const struct walk *walk) {
    return walk->request->config->kind == VOLUME_REMOTE_WRITE;
}

const char *walk_path(const struct walk *walk, const char *relative) {
    const char *slash = relative[0] != '\0' ? "/" : "";

    return arena_format(walk->request->scratch, "%s%s%s", walk->path, slash, relative);
}

struct location walk_location(const struct walk *walk, const char *relative) {
    return (struct location){.file = walk_path(walk, relative)};
}

const char *walk_relative(const struct walk *walk, const struct place *place, const char *name) {
    const char *slash = place->relative[0] != '\0' ? "/" : "";

    return arena_format(walk->request->scratch, "%s%s%s", place->relative, slash, name);
}

void walk_say(const struct walk *walk, enum severity severity, const char *relative,
              const char *problem, const char *remedy) {
    if (severity != SEVERITY_INFO) {
        walk_unread(walk, relative);
    }
    diagnostics_add(walk->request->diagnostics, severity, walk_location(walk, relative), NULL, NULL,
                    remedy, "%s", problem);
}
