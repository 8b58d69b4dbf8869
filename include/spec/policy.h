/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_POLICY_H
#define SIDECAR_SPEC_POLICY_H

/* The guard rails that whoever runs Prometheus sets for those who write RemoteWrites. */

#include "spec/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct string_list {
    const char *const *items;
    size_t count;
};

struct policy {
    const char *enforced_namespace_label; /* NULL: none */
    bool allow_file_references;
    bool allow_ambient_credentials;
    bool send_metadata;
    bool expand_environment;         /* $(NAME) in manifests (spec/expansion.h) */
    bool inline_untrimmed_secrets;   /* a secret that Prometheus would trim in a file goes into the
                                        config */
    struct string_list allowed_urls; /* empty: all */
    int64_t max_shards;              /* 0: no bound, here and below */
    int64_t max_capacity;
    int64_t max_samples_per_send;
    bool proxy_from_environment;
    const char *http_proxy; /* the sidecar's environment, handed in; NULL or "": not set */
    const char *https_proxy;
    const char *no_proxy;
};

/* Reports (error) what of a RemoteWriteSpec the policy denies: file references, ambient
 * credentials, URLs. */
void policy_check(struct scope *scope, const struct object *spec, const struct policy *policy);

#endif
