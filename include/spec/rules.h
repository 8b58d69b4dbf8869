/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_RULES_H
#define SIDECAR_SPEC_RULES_H

/*
 * What the fields of one RemoteWriteSpec may not do together, or with this version of Prometheus:
 * all that Prometheus would refuse, said before it gets there. One field's own limits are in the
 * schema table.
 *
 * Sources: Prometheus config.RemoteWriteConfig, relabel.Config, azuread.AzureADConfig;
 * prometheus/common config.HTTPClientConfig; prometheus/sigv4.
 */

#include "spec/object.h"
#include "spec/version.h"

/* Reports every breach as an error. spec is a RemoteWriteSpec without errors of its own. */
void rules_check(struct scope *scope, const struct object *spec, struct version version);

/* What Prometheus of this version assumes where queue_config is silent. */
struct queue_defaults {
    int64_t capacity;
    int64_t max_shards;
    int64_t min_shards;
    int64_t max_samples_per_send;
    int64_t min_backoff_milliseconds;
    int64_t max_backoff_milliseconds;
};
struct queue_defaults queue_defaults_of(struct version version);

/* The word that prometheus.yml has for the action of a relabeling ("replace" where it is absent).
 */
const char *relabel_action(const struct object *relabel);

#endif
