/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_RELOADER_H
#define SIDECAR_OPTIONS_RELOADER_H

/*
 * The command line of prometheus-config-reloader (0.93), which the program takes under that name:
 * its flags by the rules of its parser (kingpin) and with its own values, rewritten to this
 * program's flags. What the reloader runs with, this program runs with; what it refuses is refused.
 * Flags of this program that the reloader does not have pass unchanged.
 */

#include "base/arena.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether this is the name (argv[0], with or without folders) that prometheus-config-reloader is
 * started under; NULL is none. */
bool reloader_is_named(const char *program);

struct reloader_arguments {
    char **items; /* for flags_parse; in the arena */
    size_t count;
};

/*
 * arguments: argv without the program's name. Files of arguments (@FILE) are read. 0 and *ret;
 * -EINVAL with an error for each fault of the command line (the reloader ends with 2); -EDOM with
 * an error for each value that the reloader refuses only once its command line is read: it ends
 * with 1 then.
 */
int reloader_rewrite(struct arena *arena, size_t count, char *const *arguments,
                     struct diagnostics *diagnostics, struct reloader_arguments *ret);

#endif
