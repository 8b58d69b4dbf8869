/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIMULATION_TRACE_H
#define TESTS_SIMULATION_TRACE_H

/*
 * A history as a story, one line for each action, event and effect, in fixed columns:
 *
 *     time  event  trigger/request/plan  fallback  on disk  in flight  confirmed  Prometheus
 *
 * Lines with "> " before the event are actions; scenario_read reads the settings and these, so that
 * what is printed can be played again.
 *
 * On disk: the revision of the base, then the entries in their order, each with its revision and a
 * sign for its kind: ! refused while parsing, # while applying, < by older and + by newer versions,
 * ^ rejected by the compiler for older versions, ~ may fail by itself; ' its secret file has the
 * second name.
 */

#include "simulation/world.h"

#include <stdio.h>

struct trace {
    FILE *out; /* NULL: nothing is printed */
    bool has_effects;
    unsigned lines; /* that are left, besides those of actions */
};

void trace_action(const struct world *world, const struct action *action);
void trace_note(const struct world *world, const char *words);
void trace_before(const struct world *world, const struct event *event);
void trace_after(const struct world *world, const struct event *event);
void trace_effect(const struct world *world, const struct effect *effect);

/* All transitions of this process so far: event, before, after. */
void transitions_print(FILE *out);

#endif
