/* SPDX-License-Identifier: Apache-2.0 */
/* One thing for each range of versions that a newer or older one takes. */

#include "support/refusal.h"

#include "support/assertions.h"
#include "support/peer_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Of 3.9. Prometheus cites the line of a field that it does not know. */
#define SCOPE                                                                   \
    "    azureAd:\n"                                                            \
    "      managedIdentity: {clientId: 00000000-0000-0000-0000-000000000001}\n" \
    "      scope: some-scope\n"
/* 3.0 and later take it. */
#define LABEL "      - {targetLabel: host.name, replacement: x}\n"
/* More than maxShards where that is absent, from 2.44 on; judged from 3.12 on. */
#define SHARDS "    queueConfig: {minShards: 100}\n"

static const struct refusal of_2 = {"--prometheus-version=3.16", SCOPE, LABEL, "some-scope"};
static const struct refusal of_3_0 = {"--prometheus-version=3.16", SCOPE, SCOPE, "some-scope"};
static const struct refusal of_3_12 = {"--prometheus-version=2.43", SHARDS, SHARDS,
                                       "min_shards: 100"};

static const struct refusal *find(struct version version) {
    if (version.major < 3)
        return &of_2;
    if (version_compare(version, (struct version){3, 9, 0}) < 0)
        return &of_3_0;
    return version_compare(version, (struct version){3, 12, 0}) < 0 ? NULL : &of_3_12;
}

const struct refusal *refusal(void) {
    static const struct refusal *found;
    const char *program = getenv("PROMETHEUS");

    if (found != NULL)
        return found;
    found = find(peer_version(program != NULL ? program : "build/peers/debian/usr/bin/prometheus"));
    if (found == NULL) {
        skip_because("nothing is known that Prometheus 3.9 to 3.11 refuse and others take");
    }
    return found;
}
