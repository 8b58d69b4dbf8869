/* SPDX-License-Identifier: Apache-2.0 */

/* Prints docs/fields.md from the schema table, so that the documentation cannot drift from the
 * code. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "spec/schema.h"

#include <stdio.h>

static const char *const type_names[] = {
    [FIELD_STRING] = "string",
    [FIELD_BOOL] = "boolean",
    [FIELD_INTEGER] = "integer",
    [FIELD_DURATION] = "duration",
    [FIELD_URL] = "http(s) URL",
    [FIELD_PROXY_URL] = "http, https or socks5 URL",
    [FIELD_STRING_LIST] = "list of strings",
    [FIELD_STRING_MAP] = "map of strings",
    [FIELD_BYTES_MAP] = "map of base64",
    [FIELD_OBJECT] = "object",
    [FIELD_OBJECT_LIST] = "list of objects",
    [FIELD_SECRET] = "secret reference",
    [FIELD_SECRET_OR_CONFIGMAP] = "secret or configMap reference",
    [FIELD_SECRET_LIST_MAP] = "map of lists of secret references",
};

static void print_type(const struct field *field) {
    if (field->type != FIELD_ENUM) {
        printf("%s", type_names[field->type]);
    } else {
        for (size_t i = 0; i < field->word_count; i++)
            printf("%s`%s`", i > 0 ? ", " : "", field->words[i].word);
    }
    if ((field->flags & FIELD_REQUIRED) != 0)
        printf(", required");
    if ((field->flags & FIELD_BOUNDED_BELOW) != 0)
        printf(", at least %lld", (long long)field->minimum);
    if (field->min_length > 0)
        printf(", not empty");
    if (field->pattern != NULL)
        printf(", `%s`", field->pattern);
    if ((field->flags & FIELD_FILE_REFERENCE) != 0)
        printf(", needs --allow-file-references");
    if ((field->flags & FIELD_DEPRECATED) != 0)
        printf(", deprecated");
}

static void print_versions(const struct field *field) {
    if (version_is_set(field->since))
        printf("%u.%u", field->since.major, field->since.minor);
    if (version_is_set(field->before))
        printf("before %u.%u", field->before.major, field->before.minor);
    for (size_t i = 0; i < field->word_count; i++) {
        if (version_is_set(field->words[i].since))
            printf("%s`%s`: %u.%u", i > 0 ? " " : "", field->words[i].word,
                   field->words[i].since.major, field->words[i].since.minor);
    }
}

static const char *secret_text(const struct field *field) {
    switch (field->secret) {
    case SECRET_FILE:
        return "file";
    case SECRET_INLINE:
        return "inline";
    case SECRET_NONE:
        break;
    }
    return "";
}

/* What becomes of the RemoteWrite where the field is not known, and why. */
static void print_loss(const struct field *field) {
    if (field->loss == NULL || !version_is_set(field->since))
        return;
    printf(" Where it is not known it is %s: %s.",
           (field->flags & FIELD_NEVER_LEFT_OUT) == 0   ? "left out"
           : (field->flags & FIELD_TRUE_IS_ABSENT) != 0 ? "rejected unless true"
                                                        : "rejected",
           field->loss);
}

static void print_schema(struct arena *arena, const struct schema *schema, const char *path,
                         const char *key_path) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const char *list = field->type == FIELD_OBJECT_LIST ? "[]" : "";
        const char *name = arena_format(arena, "%s%s%s", path, field->name, list);
        const char *key = arena_format(arena, "%s%s%s", key_path, field->key, list);

        printf("| `%s` | ", name);
        print_type(field);
        printf(" | `%s%s` | ", key, field->secret == SECRET_FILE ? "_file" : "");
        print_versions(field);
        printf(" | %s | %s", secret_text(field), field->help);
        print_loss(field);
        printf(" |\n");
        if (field->object != NULL)
            print_schema(arena, field->object, arena_format(arena, "%s.", name),
                         arena_format(arena, "%s.", key));
    }
}

/* Keys of remote_write that no field of the API stands for, up to the newest known Prometheus. */
static const struct {
    const char *key;
    struct version since;
} absent_keys[] = {
    {"http_headers", {2, 53, 0}},
    {"google_iam", {2, 55, 0}},
    {"oauth2: client_certificate_key, grant_type, signature_algorithm, iss, audience, claims",
     {3, 8, 0}},
    {"sigv4: service_name", {3, 8, 0}},
    {"azuread: certificate", {3, 13, 0}},
    {"sigv4: session_name, tags", {3, 15, 0}},
    {"failed_request_logging", {3, 15, 0}},
    {"convert_nhcb_to_classic", {3, 16, 0}},
};

static void print_absent(void) {
    printf(
        "\n"
        "## Not in the API\n"
        "\n"
        "These keys of Prometheus's `remote_write` have no field in the API of RemoteWrites, so that\n"
        "no RemoteWrite can set them; an entry of the base config can. Known are all keys up to\n"
        "Prometheus %u.%u.\n"
        "\n"
        "| prometheus.yml | since |\n"
        "| --- | --- |\n",
        VERSION_NEWEST_KNOWN.major, VERSION_NEWEST_KNOWN.minor);
    for (size_t i = 0; i < ARRAY_LENGTH(absent_keys); i++)
        printf("| `%s` | %u.%u |\n", absent_keys[i].key, absent_keys[i].since.major,
               absent_keys[i].since.minor);
}

int main(void) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    printf(
        "# The fields of a RemoteWrite\n"
        "\n"
        "Printed by `make docs` from the schema table (sidecar/spec/schema.c); do not edit.\n"
        "\n"
        "A field stands under `spec` in `monitoring.coreos.com/v1alpha1` and under\n"
        "`spec.remoteWrite` in `monitoring.giantswarm.io/v1alpha1`. *Since* is the first\n"
        "Prometheus that knows the key: for an older one the field is left out, with a warning,\n"
        "or the RemoteWrite is rejected, where without it a credential would be missing or a check\n"
        "weaker: the last column says so, and why. A word of an enum that an older one would\n"
        "refuse rejects the RemoteWrite too. *Secret*:\n"
        "`file` means that the value goes into a file beside the config, so that a change of it\n"
        "needs no reload; `inline` that it goes into the config. A secret reference is\n"
        "`{name, key, optional}`; a secret or configMap reference is `{secret: {...}}` or\n"
        "`{configMap: {...}}`. A field that is `null`, or has nothing behind its colon, counts as\n"
        "left out; a plain `~` in the place of a text is refused, as it may be meant as one.\n"
        "\n"
        "| field | type | prometheus.yml | since | secret | |\n"
        "| --- | --- | --- | --- | --- | --- |\n");
    print_schema(arena, &remote_write_schema, "", "");
    print_absent();
    return 0;
}
