/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_FLAGS_H
#define SIDECAR_OPTIONS_FLAGS_H

/* The command line, taken apart: --flag=value, --flag value; for booleans --flag, --flag=false and
 * --no-flag; `--` ends the flags. Flags and operands may be mixed. What the values mean is not
 * looked at here. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>

struct option;

struct flag_use {
    const struct option *option;
    const char *flag;   /* as it was written, with dashes, without the value */
    struct bytes value; /* "true" or "false" for a boolean that was written without one */
};

struct flags {
    struct flag_use *uses; /* in the order of the command line */
    size_t count;
    const char **operands; /* the command, files */
    size_t operand_count;
    bool help;          /* --help or -h */
    bool version;       /* --version */
    bool short_version; /* --short-version */
    bool reloader;      /* the program was started under the name prometheus-config-reloader */
};

/* Whether this is the name (argv[0], with or without folders) that prometheus-config-reloader is
 * started under; NULL is none. */
bool flags_of_reloader(const char *program);

/* arguments: argv without the program's name. Values and operands are those of arguments, the rest
 * lives in the arena. 0; -EINVAL with an error for each flag that is unknown or lacks its value. */
int flags_parse(struct arena *arena, size_t count, char *const *arguments,
                struct diagnostics *diagnostics, struct flags *ret);

#endif
