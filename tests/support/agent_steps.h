/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AGENT_STEPS_H
#define TESTS_SUPPORT_AGENT_STEPS_H

/* What tests of an agent_fixture do and ask again and again. */

#include "compile/compile.h"
#include "support/agent_fixture.h"

#include <stdbool.h>

#define URL(name) "http://" name ".example/push"

/* The manifest NAME.yaml, written anew by rename. */
void drop(struct agent_fixture *fixture, const char *name, const char *url);

/* As a container that is started anew: on the same files. */
void agent_restarts(struct agent_fixture *fixture);

/* Turns the loop until a search is over and the agent idle. */
bool search_is_over(struct agent_fixture *fixture);

/* text may be NULL. */
bool has(const char *text, const char *part);

/* Of the last pass, of namespace team-a or any other; NULL: there is none. */
const struct outcome *outcome_of(const struct agent_fixture *fixture, const char *name);
/* There has to be one. */
enum remote_write_state state_of(const struct agent_fixture *fixture, const char *name);

#endif
