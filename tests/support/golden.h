/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

/* Files of testdata/ that say what has to come out. With UPDATE_GOLDEN=1 in the environment they
 * are written instead of compared: `git diff` shows what that changed. */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* True when the file holds these bytes (an absent one is as an empty one). Where it does not, what
 * is different is shown. */
bool golden_matches(const char *path, struct bytes actual);

/* Names in a folder that end in this ("" for all; those that begin with '.' never), sorted. */
struct golden_names {
    const char *const *items;
    size_t count;
};
struct golden_names golden_names(struct arena *arena, const char *folder, const char *suffix);

bool golden_exists(const char *path);

/* The content as a string; "" where there is no such file. */
const char *golden_read(struct arena *arena, const char *path);

/* The lines of a text that are neither blank nor begin with '#'. */
struct golden_names golden_lines(struct arena *arena, const char *text);

/* A program run to its end in a folder, with this environment and nothing else. arguments and
 * environment end in NULL; arguments[0] is the program, a path that holds here. The exit status; -1
 * where a signal ended it. */
int golden_run(const char *folder, const char *const *arguments, const char *const *environment,
               struct buffer *output, struct buffer *errors);

/* $SIDECAR, or where `make` leaves the program. */
const char *golden_sidecar(void);

#endif
