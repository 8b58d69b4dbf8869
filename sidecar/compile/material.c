/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A certificate that is none passes every check of a config's text, and makes Prometheus refuse the
 * config while it applies it. Its author is told before that, at the field.
 */

#include "compile/material.h"

#include "base/compiler.h"
#include "spec/certificate.h"

#include <string.h>

struct judge {
    struct scope *scope;
    const struct remote_write *remote_write;
    const struct secret_store *store;
    enum severity severity;
};

/* What a reference leads to; false where it is absent, or leads nowhere (which is said elsewhere).
 */
static bool find(const struct judge *judge, const struct value *value, struct bytes *ret) {
    struct secret_value found = {0};

    if (value == NULL || secret_find(judge->store, judge->remote_write, &value->as.reference,
                                     &found) != SECRET_FOUND)
        return false;
    *ret = found.bytes;
    return true;
}

/* What Prometheus may be able to read is not held back. True: nothing is wrong with it. */
static bool report(const struct judge *judge, const struct value *value,
                   struct certificate_verdict verdict) {
    const struct reference *reference = &value->as.reference;

    if (verdict.fault == NULL)
        return true;
    scope_report(
        judge->scope, verdict.certain ? judge->severity : SEVERITY_WARNING, reference->node,
        value->path,
        "store it as PEM under the key; Prometheus refuses a config with one that it cannot load",
        "takes what cannot be loaded: key \"%s\" of %s \"%s\" %s", reference->key,
        reference->configmap ? "ConfigMap" : "Secret", reference->name, verdict.fault);
    return false;
}

static void judge_tls(const struct judge *judge, const struct value *tls) {
    if (tls == NULL)
        return;
    const struct value *ca = object_find(tls->as.object, "ca");
    const struct value *cert = object_find(tls->as.object, "cert");
    const struct value *key = object_find(tls->as.object, "keySecret");
    struct bytes authorities = {0};
    struct bytes certificate = {0};
    struct bytes private_key = {0};

    if (find(judge, ca, &authorities))
        (void)report(judge, ca, authorities_verdict(authorities));
    bool certified =
        find(judge, cert, &certificate) && report(judge, cert, certificate_verdict(certificate));
    bool keyed =
        find(judge, key, &private_key) && report(judge, key, private_key_verdict(private_key));
    if (certified && keyed)
        (void)report(judge, key, key_pair_verdict(certificate, private_key));
}

void material_check(struct scope *scope, const struct remote_write *remote_write,
                    const struct secret_store *store, enum severity severity) {
    const struct judge judge = {
        .scope = scope,
        .remote_write = remote_write,
        .store = store,
        .severity = severity,
    };

    judge_tls(&judge, object_find(remote_write->spec, "tlsConfig"));
    if (object_find(remote_write->spec, "oauth2") != NULL)
        judge_tls(&judge, object_find(remote_write->spec, "oauth2.tlsConfig"));
}
