/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_STATE_STORE_H
#define SIDECAR_AGENT_STATE_STORE_H

/*
 * The state file beside the output, .remotewrite-sidecar/state.json: what the ledger holds survives
 * a restart. Only its owner can read it, because it holds secrets. Nothing is read from a folder
 * that others may have filled.
 */

#include "base/incident.h"
#include "controller/ledger.h"
#include "publish/publish.h"

#include <stdbool.h>
#include <stdint.h>

#define STATE_FOLDER          ".remotewrite-sidecar"
#define STATE_FILE            "state.json"
#define STATE_FILE_UNREADABLE "state.json.unreadable"

/* A zeroed struct is one that has read and written nothing. */
struct state_store {
    uint64_t saved; /* fingerprint of what the file holds; 0: not known */
    bool unread;    /* there is a file that could not be read */
    struct publish_debt debt;
    struct incident reading; /* while it is unread */
    struct incident saving;
};

/* Reads the file beside this output into the ledger. An absent one changes nothing; one that cannot
 * be used changes nothing and is warned of. So is one that cannot be read now, as for want of
 * descriptors; that one is not overwritten (state_store_save) and may be read later
 * (state_store_retry). */
void state_store_load(struct state_store *store, struct ledger *ledger, const char *output_path,
                      const struct yaml_limits *limits);

/* Reads what could not be read before, as long as the ledger has learned nothing since. */
void state_store_retry(struct state_store *store, struct ledger *ledger, const char *output_path,
                       const struct yaml_limits *limits);

/* Writes the file beside this output where it would differ. One that could not be read is renamed
 * to STATE_FILE_UNREADABLE once there is something to write. A failure is logged once; the next
 * call tries again. */
void state_store_save(struct state_store *store, struct ledger *ledger, const char *output_path);

/* Why the file cannot be written, or read; quiet where it can. */
const struct incident *state_store_fault(const struct state_store *store);

#endif
