/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_BUILD_H
#define SIDECAR_YAML_BUILD_H

/* libyaml's events of one document -> a tree of nodes. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "yaml/position.h"
#include "yaml/tree.h"

#include <yaml.h>

#include <stdbool.h>
#include <stddef.h>

struct build_frame;

/* What all documents of a text share: the nodes that may still be made. An alias is one node here,
 * so that documents that are refused for what their aliases stand for leave room for the others. */
struct build_budget {
    size_t nodes;
    bool exceeded; /* said, in a diagnostic */
};

struct build {
    /* Set by the caller. */
    struct arena *arena;
    struct bytes text; /* the whole text */
    const struct position_index *positions;
    size_t first_character; /* of the whole text: libyaml's mark 0 */
    const struct yaml_limits *limits;
    struct build_budget *budget;
    const char *file;
    struct diagnostics *diagnostics;

    /* The result: NULL when there were errors, or no content. */
    struct node *root;
    size_t errors;

    /* Of the room. */
    struct build_frame *frames;
    size_t depth;
    size_t frame_capacity;
    struct node_pair *children; /* of all open collections, those of the innermost last; without a
                                   key: items of a list */
    size_t child_count;
    size_t child_capacity;
    size_t total; /* nodes so far, aliases expanded */
    void *anchors;
};

/* Takes the next event of the document. False: there is no sense in going on (a limit, or too many
 * errors), a diagnostic says why. */
bool build_event(struct build *build, const yaml_event_t *event);

/* Takes so many nodes out of the budget, to be made for what stands at this offset. False: there
 * are not so many left; an error is added. */
bool build_spend(struct build *build, size_t offset, size_t nodes);

/* Frees what is not in the arena. */
void build_finish(struct build *build);

/* Appends an error and counts it. */
void build_complain(struct build *build, struct position at, const char *remedy, const char *format,
                    ...) PRINTF_LIKE(4, 5);

/* What to do where a limit is passed: "nest less deeply", and to raise the option where the limits
 * are the user's. In the arena. */
const char *limit_remedy(struct arena *arena, const struct yaml_limits *limits, const char *remedy,
                         const char *option);

struct position build_position(const struct build *build, yaml_mark_t mark);

#endif
