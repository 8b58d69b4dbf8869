/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_OPTIONS_H
#define SIDECAR_OPTIONS_OPTIONS_H

/* The one table of options. Flags, the keys of sidecar.cfg and --help are read from it: adding an
 * option is adding a row and a field of struct settings. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the option's text is, and the type of its field in struct settings. */
enum option_type {
    OPTION_STRING,         /* const char * */
    OPTION_PATH,           /* const char *, not empty */
    OPTION_URL,            /* const char *, http or https */
    OPTION_BOOL,           /* bool */
    OPTION_INTEGER,        /* int64_t */
    OPTION_SIZE,           /* int64_t bytes: 512, 64KiB, 4MiB */
    OPTION_DURATION,       /* int64_t milliseconds: 500ms, 1h30m */
    OPTION_MODE,           /* unsigned: octal file mode */
    OPTION_ENUM,           /* unsigned: position in words */
    OPTION_STRING_LIST,    /* struct text_list */
    OPTION_PAIR_LIST,      /* struct text_list of key=value */
    OPTION_DIRECTORY_LIST, /* struct directory_list: [NAMESPACE=]DIR */
};

/* The subject that --help lists an option under. */
enum option_group {
    GROUP_FILES,
    GROUP_SOURCES,
    GROUP_SELECTION,
    GROUP_POLICY,
    GROUP_RELOAD,
    GROUP_WATCH,
    GROUP_WEB,
    GROUP_LIMITS,
    GROUP_LOG,
    GROUP_HEALTHCHECK,
    GROUP_GENERAL,
};
#define OPTION_GROUPS 11

struct option {
    const char *flag;  /* without the dashes */
    const char *alias; /* a second name of the flag, or NULL */
    const char *key;   /* in sidecar.cfg, "group.name"; NULL: a flag only */
    enum option_type type;
    enum option_group group;
    const char *metavar;          /* what stands for the value in --help */
    const char *default_value;    /* as a flag's text; NULL: not set, and the field is zero */
    const char *reloader_default; /* in its place under the name prometheus-config-reloader, where
                                     that does something else; NULL: the same */
    const char *default_help; /* what --help says instead, where the default is not a plain value */
    const char *help;         /* one sentence */
    bool empty_is_absent; /* an empty value is as if the option was not given; for an option of text
                             or a list of it */
    bool no_effect;       /* accepted for prometheus-config-reloader's sake, and of no use here */
    const char *const *words; /* OPTION_ENUM: NULL-terminated; upper and lower case are the same */
    int64_t minimum;          /* of a number, a size in bytes, a duration in milliseconds */
    int64_t maximum;
    /* What is wrong with a string (or one of a list), in words that follow the quoted value ("is no
     * ..."); NULL: nothing. */
    const char *(*fault)(struct bytes text);
    const char *remedy; /* goes with fault */
    size_t offset;      /* of its field in struct settings */
};

extern const struct option options[];
extern const size_t option_count;

/* By flag or alias, without dashes. NULL: there is none. */
const struct option *option_by_flag(struct bytes name);

/* By key of sidecar.cfg. */
const struct option *option_by_key(struct bytes key);

/* True for a type that takes several values. */
bool option_is_list(const struct option *option);

/* "Config files", ... */
const char *option_group_title(enum option_group group);

#endif
