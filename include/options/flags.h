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

/* What is asked for in place of a command. */
enum asking {
    ASKING_NOTHING,
    ASKING_HELP,       /* --help, --help-long, -h */
    ASKING_MANUAL,     /* --help-man: a man page */
    ASKING_CANDIDATES, /* --completion-bash: the flags that a shell may complete to */
    ASKING_BASH,       /* --completion-script-bash */
    ASKING_ZSH,        /* --completion-script-zsh */
    ASKING_VERSION,
    ASKING_SHORT_VERSION,
};

struct flags {
    struct flag_use *uses; /* in the order of the command line */
    size_t count;
    const char **operands; /* the command, files */
    size_t operand_count;
    enum asking asking; /* the first one on the command line */
    bool reloader;      /* the program was started under the name prometheus-config-reloader */
};

/* arguments: argv without the program's name. Values and operands are those of arguments, the rest
 * lives in the arena. 0; -EINVAL with an error for each flag that is unknown or lacks its value. */
int flags_parse(struct arena *arena, size_t count, char *const *arguments,
                struct diagnostics *diagnostics, struct flags *ret);

#endif
