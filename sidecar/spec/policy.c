/* SPDX-License-Identifier: Apache-2.0 */
/* What a RemoteWrite may not do here, though Prometheus would: judged over the whole spec by the
 * rows' own marks. */

#include "spec/policy.h"

#include "base/compiler.h"
#include "spec/url.h"

#include <string.h>

static bool url_is_allowed(struct bytes text, const struct policy *policy) {
    struct url url;

    if (url_parse(text, url_proxy_schemes, &url) != NULL)
        return false;
    for (size_t i = 0; i < policy->allowed_urls.count; i++) {
        if (url_matches(&url, policy->allowed_urls.items[i]))
            return true;
    }
    return false;
}

static void check_value(struct scope *scope, const struct value *value,
                        const struct policy *policy) {
    bool is_url = value->field->type == FIELD_URL || value->field->type == FIELD_PROXY_URL;

    if ((value->field->flags & FIELD_FILE_REFERENCE) != 0 && value->as.text.length > 0 &&
        !policy->allow_file_references)
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "take the value from a Secret, or run with --allow-file-references",
                     "names a file of the Prometheus container, which is not allowed here");
    if (is_url && value->as.text.length > 0 && policy->allowed_urls.count > 0 &&
        !url_is_allowed(value->as.text, policy))
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "use a URL that --allowed-url takes, or ask for this one to be added",
                     "%s is not among the allowed URLs", url_masked(scope->arena, value->as.text));
}

static void check_object(struct scope *scope, const struct object *object,
                         const struct policy *policy) {
    for (size_t i = 0; i < object->schema->count; i++) {
        const struct value *value = object->values[i];

        if (value == NULL)
            continue;
        if (value->field->type == FIELD_OBJECT)
            check_object(scope, value->as.object, policy);
        else
            check_value(scope, value, policy);
    }
}

static void check_ambient(struct scope *scope, const struct object *spec) {
    static const char *const identities[] = {"azureAd.managedIdentity", "azureAd.sdk",
                                             "azureAd.workloadIdentity"};
    static const char problem[] = "authenticates as the pod itself, which is not allowed here";
    const struct value *sigv4 = object_find(spec, "sigv4");

    if (sigv4 != NULL && object_find(spec, "sigv4.accessKey") == NULL)
        scope_report(scope, SEVERITY_ERROR, sigv4->node, sigv4->path,
                     "add accessKey and secretKey, or run with --allow-ambient-credentials", "%s",
                     problem);
    for (size_t i = 0; object_find(spec, "azureAd") != NULL && i < ARRAY_LENGTH(identities); i++) {
        const struct value *identity = object_find(spec, identities[i]);

        if (identity != NULL)
            scope_report(scope, SEVERITY_ERROR, identity->node, identity->path,
                         "use azureAd.oauth, or run with --allow-ambient-credentials", "%s",
                         problem);
    }
}

void policy_check(struct scope *scope, const struct object *spec, const struct policy *policy) {
    check_object(scope, spec, policy);
    if (!policy->allow_ambient_credentials)
        check_ambient(scope, spec);
}
