/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_TRIAL_H
#define SIDECAR_CONTROLLER_TRIAL_H

/*
 * Finds out which part of a wanted config Prometheus refuses, by asking it about one set of forms
 * after another. Pure: says what to ask next and is told the answer; who asks is the caller.
 *
 * What may be guilty: the base, where its text is another one than the good one's, and each form
 * that is new or other than the good one. Forms that are no longer wanted are in no question. What
 * was accepted stays in, so that the accepted sets grow and no running queue is dropped.
 */

#include "base/compiler.h"
#include "compile/form.h"

#include <stdbool.h>
#include <stddef.h>

struct trial;

struct trial_answer {
    bool accepted;
    const char *words; /* Prometheus's, where it refused */
    /* One for each form of the set: the words name a line of it. A hint, no more: who is cited is
     * asked about alone. NULL: none is. */
    const bool *cited;
};

/*
 * good: the last set that Prometheus took; NULL: none is known, so that the base alone is what has
 * to be good. in_place: the base is always the wanted one and is not judged. refusal: Prometheus
 * has just refused wanted as a whole; NULL: it was not asked yet. Everything is copied.
 */
struct trial *trial_new(const struct form_set *good, const struct form_set *wanted, bool in_place,
                        const struct trial_answer *refusal) MUST_USE;
void trial_free(struct trial *trial);

/* How many may be guilty, the base among them. */
size_t trial_suspects(const struct trial *trial);

/* What it is about; valid as long as the trial. */
const struct form_set *trial_wanted(const struct trial *trial);

/* The set to ask about now; the same one until it is answered. NULL: it is over. Valid until the
 * next trial_answer. */
const struct form_set *trial_next(struct trial *trial);

void trial_answer(struct trial *trial, const struct trial_answer *answer);

struct trial_guilty {
    const struct form *form;
    const char *words; /* about this form alone */
};

/* Valid as long as the trial. Guilty is who was refused before something without it was accepted:
 * where nothing is accepted any more, the cause lies outside, and nobody is blamed. */
struct trial_result {
    bool hopeless; /* Prometheus refuses even what it took before (without a good set: the base) */
    const char *words;           /* ... in these words; NULL unless hopeless */
    struct trial_guilty *guilty; /* in the order in which they were found */
    size_t guilty_count;
    bool base_guilty;
    const char *base_words;
    size_t accepted; /* questions */
    size_t refused;
};
struct trial_result trial_result(const struct trial *trial);

#endif
