/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIMULATION_SHRINK_H
#define TESTS_SIMULATION_SHRINK_H

#include "simulation/scenario.h"

/* Makes a history that violates an invariant smaller as long as it goes on violating the same one.
 */
void scenario_shrink(struct scenario *scenario, const char *violation);

/* The first words of a violation, by which it is the same one. */
bool violation_same(const char *left, const char *right);

#endif
