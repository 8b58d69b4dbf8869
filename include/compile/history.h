/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_HISTORY_H
#define SIDECAR_COMPILE_HISTORY_H

/* What earlier passes taught: the forms that Prometheus took, and what it refused. Data that a pass
 * is handed; who keeps it is the agent. */

#include "base/bytes.h"
#include "compile/form.h"

#include <stddef.h>
#include <stdint.h>

/* A form that Prometheus refused, and its words. It is refused again without asking, until it is
 * another one. */
struct refusal {
    struct form form;
    const char *words;
};

struct history {
    uint64_t revision;           /* another number after every change of what follows */
    const struct form_set *good; /* the last config that Prometheus confirmed; NULL: none yet */
    /* What is on disk, whether Prometheus confirmed it or not; NULL: not known. Only the names of
     * secret files depend on it, and not for a form that is on disk already: no revision. */
    const struct form_set *published;
    /* The last good form of each RemoteWrite, with the secret files as they were published last
     * (base and base_path say nothing). More than good has: where a safe config was confirmed, or a
     * part of what is searched. NULL: none yet. */
    const struct form_set *forms;
    const struct refusal *refusals; /* sorted by namespace, then name; each pair once */
    size_t refusal_count;
    struct bytes
        refused_base; /* a base (without our block) that Prometheus refused; data NULL: none */
    const char *base_words;
};

#endif
