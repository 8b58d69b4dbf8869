/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_STATE_FILE_H
#define SIDECAR_CONTROLLER_STATE_FILE_H

/*
 * What the agent remembers over a restart, as the text of a file: JSON, in which every string that
 * comes from outside is base64. It holds secrets. Pure.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "compile/history.h"
#include "yaml/tree.h"

#include <stddef.h>
#include <stdint.h>

/* A RemoteWrite that is served in an earlier form. */
struct earlier_form {
    const char *namespace;
    const char *name;
    int64_t since; /* wall milliseconds */
};

struct agent_memory {
    struct history history;
    const char *prometheus_version; /* of the Prometheus that taught it; "" where it is not known.
                                       Behind a "/" the one that fields were written for, where that
                                       was given */
    const struct earlier_form *earlier; /* sorted by namespace, then name */
    size_t earlier_count;
};

/* output: the file name of the merged config that it is about. */
void state_encode(const struct agent_memory *memory, const char *output, struct buffer *out);

/* Of a file that is not what was written. */
#define STATE_DAMAGED_REMEDY \
    "see that nothing else writes to it, and that its volume is sound; the file is written anew"

/* Why a text is no use, and what to do about it. */
struct state_fault {
    const char *wrong;
    const char *remedy;
};

/*
 * Everything in *ret lives in the arena (the sets of forms too: they are not to be freed alone;
 * forms has those only that good does not have as they are, and may be empty). The text is trusted
 * in nothing: 0; -EINVAL, with the reason in *ret_fault, for what is damaged, of another format,
 * about another output, or cannot be merged into a config.
 */
int state_decode(struct arena *arena, struct bytes text, const char *output,
                 const struct yaml_limits *limits, struct agent_memory *ret,
                 struct state_fault *ret_fault);

#endif
