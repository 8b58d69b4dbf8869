/* SPDX-License-Identifier: Apache-2.0 */

/* The init container: Prometheus is not up yet, and has to start with whatever is good. */

#include "agent/agent.h"
#include "agent/pass.h"

#include <errno.h>

int agent_once(const struct agent_settings *settings) {
    CLEANUP(pass_freep) struct pass *pass = pass_new(settings);

    pass_clean(pass);
    struct pass_result result = pass_run(pass, NULL, true);
    return result.mergeable && result.error == 0 ? 0 : -EIO;
}
