/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of azureAd: one identity, and its ids. */

#include "spec/azure.h"

#include "base/compiler.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* managed_identity may do without a client_id. */
static const struct version system_identity = {3, 5, 0};

#define UUID_LENGTH     36
#define UUID_DIGITS     32
#define UUID_URN_PREFIX "urn:uuid:"

static bool is_uuid_digits(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (!isxdigit((unsigned char)text.data[i]))
            return false;
    }
    return text.length == UUID_DIGITS;
}

static bool is_uuid_dashed(struct bytes text) {
    if (text.length != UUID_LENGTH)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i]))
            return false;
    }
    return true;
}

/* What uuid.Parse of github.com/google/uuid takes, but for its taking any two characters for the
 * braces. */
static bool is_uuid(struct bytes text) {
    const size_t prefix = strlen(UUID_URN_PREFIX);

    if (text.length == UUID_LENGTH + prefix && strncasecmp(text.data, UUID_URN_PREFIX, prefix) == 0)
        return is_uuid_dashed(bytes_slice(text, prefix, text.length));
    if (text.length == UUID_LENGTH + 2 && text.data[0] == '{' && text.data[text.length - 1] == '}')
        return is_uuid_dashed(bytes_slice(text, 1, text.length - 1));
    return is_uuid_dashed(text) || is_uuid_digits(text);
}

/* The only identity; NULL where there is none. More than one is reported. */
static const struct value *find_identity(struct scope *scope, const struct object *azure) {
    static const char *const ways[] = {"managedIdentity", "oauth", "sdk", "workloadIdentity"};
    const struct value *first = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        const struct value *value = object_find(azure, ways[i]);

        if (value == NULL)
            continue;
        if (first != NULL)
            scope_report(scope, SEVERITY_ERROR, value->node, value->path, "keep one of them",
                         "cannot be used together with %s", first->path);
        else
            first = value;
    }
    return first;
}

/* oauth.tenantId and sdk.tenantId may be names: of them Prometheus asks no UUID. */
static void check_ids(struct scope *scope, const struct object *azure) {
    static const char *const ids[] = {"managedIdentity.clientId", "oauth.clientId",
                                      "workloadIdentity.clientId", "workloadIdentity.tenantId"};

    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        const struct value *id = object_find(azure, ids[i]);

        if (id != NULL && !is_uuid(id->as.text))
            scope_report(scope, SEVERITY_ERROR, id->node, id->path,
                         "write it as 00000000-0000-0000-0000-000000000000", "is no UUID");
    }
}

void azure_check(struct scope *scope, const struct object *spec, struct version version) {
    const struct value *azure = object_find(spec, "azureAd");
    const struct value *identity;

    if (azure == NULL)
        return;
    identity = find_identity(scope, azure->as.object);
    check_ids(scope, azure->as.object);
    if (identity == NULL)
        scope_report(scope, SEVERITY_ERROR, azure->node, azure->path,
                     "add one of managedIdentity, oauth, sdk, workloadIdentity",
                     "says not how to authenticate");
    else if (strcmp(identity->field->name, "managedIdentity") == 0 &&
             object_find(identity->as.object, "clientId") == NULL &&
             field_known_by(azure->field, version) && version_compare(version, system_identity) < 0)
        scope_report(scope, SEVERITY_ERROR, identity->node, identity->path,
                     "add clientId, or upgrade to Prometheus 3.5",
                     "needs clientId before Prometheus 3.5");
}
