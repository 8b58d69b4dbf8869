/* SPDX-License-Identifier: Apache-2.0 */

/* The init container: Prometheus is not up yet, and has to start with whatever is good. What an
 * earlier process learned is used where the volume still has it; nothing is learned here. */

#include "agent/agent.h"
#include "agent/disk.h"
#include "agent/ledger.h"
#include "agent/pass.h"
#include "base/log.h"

#include <errno.h>

/* Passes, where somebody edits the base while it is merged in place. */
#define TRIES_MAX 5

int agent_once(const struct agent_settings *settings) {
    if (settings->output_path == NULL) {
        log_info("one pass without an output: there is nothing to do");
        return 0;
    }
    CLEANUP(ledger_freep) struct ledger *ledger = ledger_new();
    CLEANUP(disk_freep) struct disk *disk = disk_new(settings);

    ledger_load(ledger, settings->output_path, &settings->compile.limits);
    CLEANUP(pass_freep) struct pass *pass = pass_new(settings, ledger_history(ledger));
    pass_expect_version(pass, ledger_version(ledger));
    disk_clean(disk);
    struct disk_result published = {.error = -ESTALE};
    for (int tries = 0; tries < TRIES_MAX && published.error == -ESTALE; tries++) {
        if (!pass_run(pass, NULL, true).mergeable) {
            return -EIO;
        }
        published = disk_publish_state(disk, pass_state(pass), pass_started(pass));
    }
    return published.error == 0 ? 0 : -EIO;
}
