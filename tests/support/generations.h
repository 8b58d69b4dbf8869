/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_GENERATIONS_H
#define TESTS_SUPPORT_GENERATIONS_H

/*
 * A world in which everything that the sidecar reads carries the number of its generation, so that
 * whatever it writes can be judged: is it whole, and is it made of generations that there were?
 *
 *     FOLDER/base/prometheus.yml     the base config
 *     FOLDER/plain/NAME.yaml         manifests, each replaced by itself
 *     FOLDER/kubelet/                manifests that kubelet swaps, always all of one generation
 *     FOLDER/secrets/NAME/{username,password}   the first is inlined, the second goes to a file
 *
 * Not to be used by two threads at once.
 */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct generations;

/* Writes generation 1 of everything. */
struct generations *generations_new(const char *folder) MUST_USE;
void generations_free(struct generations *generations);
void generations_freep(struct generations **generations);

/* A config that was made of generation 1 of everything: what others have to look like is learned
 * from it. False where it does not have it all. */
bool generations_learn(struct generations *generations, const char *config) MUST_USE;

/* Changes one thing (another generation, a manifest removed or put back); random decides which. */
void generations_change(struct generations *generations, unsigned random);

/* Changes everything: one more generation of all, and one manifest is removed or put back. */
void generations_change_all(struct generations *generations);

/* What is now is from here on the only state that there was. */
void generations_settle(struct generations *generations);

/*
 * Are the config (OUT/prometheus.yml), the secret files beside it and the kept state complete, and
 * made of states that there were since the last generations_settle? Temporary files may lie
 * around. atomic: the manifests that kubelet swaps have to be of one generation. Where it is false
 * the buffer says why.
 */
bool generations_are_whole(const struct generations *generations, const char *out, bool atomic,
                           struct buffer *why);

/* Is OUT exactly what comes of the present state: the config, these secret files and no other, no
 * temporary file anywhere? */
bool generations_are_current(const struct generations *generations, const char *out,
                             struct buffer *why);

/* Appends the config with its entries in the order of their names: in which order they stand there
 * depends on which is newest. */
void generations_sort(const struct generations *generations, struct bytes config,
                      struct buffer *out);

/* Temporary files in OUT and the folders in it. */
size_t generations_temporaries(const char *out);

#endif
