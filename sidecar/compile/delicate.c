/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever makes a client depend on files and identities of the Prometheus container. Certificates
 * and keys out of Secrets were looked into before (material.h); other files, such as those of
 * passwords, are read only when something is sent. */

#include "compile/delicate.h"

#include "base/compiler.h"

/* Delicate is an entry that has the key, made from that field. */
static const struct {
    const char *key;
    const char *field;
    const char *unless; /* ... without this one in it; NULL: whatever is in it */
} delicate[] = {
    /* Without keys the default chain has to have some; without a region, too. */
    {"sigv4", "sigv4", "access_key"},
    {"sigv4", "sigv4", "region"},
    {"sigv4.profile", "sigv4.profile", NULL},
    {"azuread", "azureAd", NULL},
    {"tls_config.ca_file", "tlsConfig.caFile", NULL},
    {"tls_config.cert_file", "tlsConfig.certFile", NULL},
    {"tls_config.key_file", "tlsConfig.keyFile", NULL},
};

bool entry_is_delicate(const struct node *entry, const struct object *spec) {
    for (size_t i = 0; i < ARRAY_LENGTH(delicate); i++) {
        const struct node *node = node_find(entry, delicate[i].key);

        if (node == NULL || object_find(spec, delicate[i].field) == NULL)
            continue;
        if (delicate[i].unless == NULL || node_get(node, delicate[i].unless) == NULL)
            return true;
    }
    return false;
}
