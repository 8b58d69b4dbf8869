/* SPDX-License-Identifier: Apache-2.0 */

/* Without an output there is nothing to bring back and nobody to set aside: Prometheus is told that
 * its files changed, until it takes them. */

#include "agent/machine.h"

void only_watch_answered(struct agent *agent, const struct http_answer *answer) {
    enum reload_verdict verdict = reload_judge(answer);

    agent->status.confirmed = verdict == RELOAD_CONFIRMED;
    if (verdict == RELOAD_CONFIRMED || verdict == RELOAD_REFUSED) {
        agent->reload_owed = false;
        agent->refused_last = verdict == RELOAD_REFUSED;
    }
    if (verdict != RELOAD_CONFIRMED) {
        peer_reload_answered(&agent->peer, answer, agent_try_later(agent), false);
        agent_rest(agent, true);
        return;
    }
    agent->ever_confirmed = true;
    backoff_reset(&agent->backoff);
    peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, false);
    agent_rest(agent, !agent->complete);
}
