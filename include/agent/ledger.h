/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_LEDGER_H
#define SIDECAR_AGENT_LEDGER_H

/*
 * What Prometheus taught: the last config that it took, and what it refused. Kept in memory and, so
 * that a restart forgets nothing, in a file beside the output: .remotewrite-sidecar/state.json,
 * readable by nobody else, since secrets are in it.
 */

#include "agent/state_file.h"
#include "base/compiler.h"
#include "base/incident.h"
#include "compile/compile.h"
#include "compile/history.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_FOLDER ".remotewrite-sidecar"
#define LEDGER_FILE   "state.json"
#define LEDGER_ASIDE  "state.json.unreadable"

struct ledger;

/* Empty. */
struct ledger *ledger_new(void) MUST_USE;
void ledger_free(struct ledger *ledger);
void ledger_freep(struct ledger **ledger);

/* What the file beside this output holds, instead of what is known. One that is absent is nothing;
 * one that cannot be used is nothing with a warning. So is one that cannot be read now, as for want
 * of descriptors; but that one is not written over (ledger_save), and may be read later
 * (ledger_recall). Nothing is read from a folder that others may have filled. */
void ledger_load(struct ledger *ledger, const char *output_path, const struct yaml_limits *limits);

/* Tries to read once more what could not be read, as long as nothing was learned since; nothing
 * else. Another history is known then. */
void ledger_recall(struct ledger *ledger, const char *output_path,
                   const struct yaml_limits *limits);

/* Writes the file beside this output where it would be another one than it is. One that could not
 * be read is kept, as LEDGER_ASIDE, once there is something to write. A failure is said in the log,
 * once, and the next call tries again. */
void ledger_save(struct ledger *ledger, const char *output_path);

/* The output may be another one from now on. */
void ledger_moved(struct ledger *ledger);

/* For compile; the same pointer as long as the ledger, its content until the next change. */
const struct history *ledger_history(const struct ledger *ledger);

/* Prometheus runs this set. What was refused and is in it is forgiven. everything: it is all that
 * is wanted, so that who is not in it has no last good form any more. */
void ledger_confirm(struct ledger *ledger, const struct form_set *set, bool everything);

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

/* Why the state file cannot be written, or read; quiet where it can. */
const struct incident *ledger_fault(const struct ledger *ledger);

/* Those that are served in an earlier form; valid until the next change. */
const struct earlier_form *ledger_earlier(const struct ledger *ledger, size_t *ret_count);

#endif
