/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_LEDGER_H
#define SIDECAR_CONTROLLER_LEDGER_H

/* What Prometheus taught: the last config that it confirmed, what it refused, and its version.
 * agent/state_store.h keeps it over a restart. Pure. */

#include "base/compiler.h"
#include "compile/compile.h"
#include "compile/history.h"
#include "controller/state_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

/* Empty. */
struct ledger *ledger_new(void) MUST_USE;
void ledger_free(struct ledger *ledger);
void ledger_freep(struct ledger **ledger);

/* What the state file holds, instead of what is known (state_file.h). */
void ledger_take(struct ledger *ledger, const struct agent_memory *memory);

/* What the state file has to hold; valid until the next change. */
const struct agent_memory *ledger_memory(const struct ledger *ledger);

/* Whether it changed since ledger_set_dirty(false). */
bool ledger_is_dirty(const struct ledger *ledger);
void ledger_set_dirty(struct ledger *ledger, bool dirty);

/* Is there a last known good set or a refusal? */
bool ledger_has_learned(const struct ledger *ledger);

/* For compile; the same pointer as long as the ledger, its content until the next change. */
const struct history *ledger_history(const struct ledger *ledger);

/* Prometheus runs this set. What was refused and is in it is forgiven. everything: it is all that
 * is wanted, so that who is not in it has no last good form any more. */
void ledger_confirm(struct ledger *ledger, const struct form_set *set, bool everything);

/* What is on disk now (NULL: nothing), for passes; it has to stay until the next call. */
void ledger_set_published(struct ledger *ledger, const struct form_set *on_disk);

/* What is published now: where only the secret files of a good form are others, it is these that
 * Prometheus reads from now on, and that go with its last good form. */
void ledger_rotate(struct ledger *ledger, const struct form_set *published);

void ledger_refuse(struct ledger *ledger, const struct form *form, const char *words);
void ledger_refuse_base(struct ledger *ledger, struct bytes base, const char *words);

/* Nothing is refused any more: it is asked about again. */
void ledger_forgive(struct ledger *ledger);
void ledger_forgive_base(struct ledger *ledger);

/* The version of the Prometheus that is there, and the one that fields are written for where that
 * is given (--prometheus-version; "": it is not). Another one than the last forgives everything:
 * true when there was something. The first that is known of the one that is there is no other. */
bool ledger_meet(struct ledger *ledger, const char *version);
bool ledger_meet_given(struct ledger *ledger, const char *version);

/* The version that was there last, "" where none is known; valid until the ledger changes. */
struct bytes ledger_version(const struct ledger *ledger);

/* A pass: refusals of RemoteWrites that are gone are forgotten, and since when an earlier form is
 * served is noted. */
void ledger_note(struct ledger *ledger, const struct desired_state *state, int64_t now);

/* Those that are served in an earlier form; valid until the next change. */
const struct earlier_form *ledger_earlier(const struct ledger *ledger, size_t *ret_count);

#endif
