/* SPDX-License-Identifier: Apache-2.0 */
/* The rules between fields, one function a rule, in one list. */

#include "spec/rules.h"

#include "base/compiler.h"
#include "spec/azure.h"
#include "spec/gates.h"
#include "spec/regex.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Label names may be any UTF-8 from this version on. */
static const struct version utf8_names = {3, 0, 0};
/* A $ in a label name stands for a part of it from this version on, whatever the rest is. */
static const struct version utf8_templates = {3, 2, 0};

static const char name_remedy[] = "use letters, digits and '_', not beginning with a digit";

/* config.DefaultQueueConfig, by the first version that has it. */
static const struct {
    struct version since;
    struct queue_defaults defaults;
} queue_eras[] = {
    {{0, 0, 0},
     {.capacity = 10000,
      .max_shards = 1000,
      .min_shards = 1,
      .max_samples_per_send = 100,
      .min_backoff_milliseconds = 30,
      .max_backoff_milliseconds = 100}},
    {{2, 12, 0},
     {.capacity = 500,
      .max_shards = 1000,
      .min_shards = 1,
      .max_samples_per_send = 100,
      .min_backoff_milliseconds = 30,
      .max_backoff_milliseconds = 100}},
    {{2, 23, 0},
     {.capacity = 2500,
      .max_shards = 200,
      .min_shards = 1,
      .max_samples_per_send = 500,
      .min_backoff_milliseconds = 30,
      .max_backoff_milliseconds = 100}},
    {{2, 31, 0},
     {.capacity = 2500,
      .max_shards = 200,
      .min_shards = 1,
      .max_samples_per_send = 500,
      .min_backoff_milliseconds = 30,
      .max_backoff_milliseconds = 5000}},
    {{2, 44, 0},
     {.capacity = 10000,
      .max_shards = 50,
      .min_shards = 1,
      .max_samples_per_send = 2000,
      .min_backoff_milliseconds = 30,
      .max_backoff_milliseconds = 5000}},
};

struct queue_defaults queue_defaults_of(struct version version) {
    size_t era = ARRAY_LENGTH(queue_eras) - 1;

    while (era > 0 && version_compare(version, queue_eras[era].since) < 0)
        era--;
    return queue_eras[era].defaults;
}

static void fail(struct scope *scope, const struct value *value, const char *remedy,
                 const char *problem) {
    scope_report(scope, SEVERITY_ERROR, value->node, value->path, remedy, "%s", problem);
}

/* Authentication. */

static void check_one_authentication(struct scope *scope, const struct object *spec,
                                     struct version version) {
    static const char *const ways[] = {"basicAuth", "authorization", "oauth2",         "sigv4",
                                       "azureAd",   "bearerToken",   "bearerTokenFile"};
    const struct value *first = NULL;

    (void)version;
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        const struct value *value = object_find(spec, ways[i]);

        if (value == NULL || (value->field->type == FIELD_STRING && value->as.text.length == 0))
            continue;
        if (first == NULL)
            first = value;
        else
            scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                         "keep one way to authenticate", "cannot be used together with %s",
                         first->path);
    }
}

static void check_authorization(struct scope *scope, const struct object *spec,
                                struct version version) {
    const struct value *authorization = object_find(spec, "authorization");
    const struct value *type = object_find(spec, "authorization.type");
    const struct value *file = object_find(spec, "authorization.credentialsFile");
    struct bytes word;

    (void)version;
    if (authorization == NULL)
        return;
    word = type != NULL ? bytes_trim(type->as.text) : bytes_of(NULL);
    if (type != NULL && word.length == 5 && strncasecmp(word.data, "basic", 5) == 0)
        fail(scope, type, "use basicAuth", "must not be Basic");
    for (size_t i = 0; type != NULL && i < word.length; i++) {
        if (!isgraph((unsigned char)word.data[i])) {
            fail(scope, type, "write one word, such as Bearer",
                 "holds a character that no scheme has");
            break;
        }
    }
    if (object_find(spec, "authorization.credentials") != NULL && file != NULL &&
        file->as.text.length > 0)
        fail(scope, file, "keep one of the two", "cannot be used together with credentials");
}

static void check_sigv4(struct scope *scope, const struct object *spec, struct version version) {
    const struct value *access_key = object_find(spec, "sigv4.accessKey");
    const struct value *secret_key = object_find(spec, "sigv4.secretKey");
    const struct value *external_id = object_find(spec, "sigv4.externalId");

    (void)version;
    if (access_key != NULL && secret_key == NULL)
        fail(scope, access_key, "add secretKey, or remove accessKey", "needs secretKey beside it");
    if (secret_key != NULL && access_key == NULL)
        fail(scope, secret_key, "add accessKey, or remove secretKey", "needs accessKey beside it");
    if (external_id != NULL && object_text(spec, "sigv4.roleArn").length == 0)
        fail(scope, external_id, "add roleArn, or remove externalId", "needs roleArn beside it");
}

/* TLS. */

/* The value of a field that the schema may be without, as oauth2.tlsConfig is of files. */
static const struct value *find_any(const struct object *object, const char *name) {
    return schema_index(object->schema, name) != SCHEMA_NO_FIELD ? object_find(object, name) : NULL;
}

static bool given(const struct object *object, const char *name) {
    const struct value *value = find_any(object, name);

    return value != NULL && (value->field->type != FIELD_STRING || value->as.text.length > 0);
}

static void check_tls_pair(struct scope *scope, const struct value *tls, const char *inline_name,
                           const char *file_name) {
    const struct value *file = find_any(tls->as.object, file_name);

    if (given(tls->as.object, inline_name) && given(tls->as.object, file_name))
        scope_report(scope, SEVERITY_ERROR, file->node, file->path, "keep one of the two",
                     "cannot be used together with %s", inline_name);
}

static void check_tls(struct scope *scope, const struct value *tls) {
    const struct object *object;
    const struct value *minimum;
    const struct value *maximum;
    bool cert;
    bool key;

    if (tls == NULL)
        return;
    object = tls->as.object;
    check_tls_pair(scope, tls, "ca", "caFile");
    check_tls_pair(scope, tls, "cert", "certFile");
    check_tls_pair(scope, tls, "keySecret", "keyFile");
    cert = given(object, "cert") || given(object, "certFile");
    key = given(object, "keySecret") || given(object, "keyFile");
    if (cert && !key)
        fail(scope, tls, "add keySecret, or remove the certificate",
             "has a client certificate without its key");
    if (key && !cert)
        fail(scope, tls, "add cert, or remove the key", "has a key without its client certificate");

    minimum = object_find(object, "minVersion");
    maximum = object_find(object, "maxVersion");
    /* TLS10 < TLS11 < TLS12 < TLS13 */
    if (minimum != NULL && maximum != NULL &&
        strcmp(minimum->as.word->word, maximum->as.word->word) > 0)
        fail(scope, minimum, "lower minVersion or raise maxVersion", "is above maxVersion");
}

static void check_both_tls(struct scope *scope, const struct object *spec, struct version version) {
    (void)version;
    check_tls(scope, object_find(spec, "tlsConfig"));
    if (object_find(spec, "oauth2") != NULL)
        check_tls(scope, object_find(spec, "oauth2.tlsConfig"));
}

/* Proxies. */

static bool is_header_name(struct bytes name) {
    if (name.length == 0)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        unsigned char character = (unsigned char)name.data[i];

        if (!isalnum(character) &&
            (character == '\0' || strchr("!#$%&'*+-.^_`|~", character) == NULL))
            return false;
    }
    return true;
}

static bool is_header_value(struct bytes value) {
    for (size_t i = 0; i < value.length; i++) {
        unsigned char character = (unsigned char)value.data[i];

        if ((character < ' ' && character != '\t') || character == 0x7F)
            return false;
    }
    return true;
}

static void check_proxy(struct scope *scope, const struct object *object) {
    const struct value *environment = object_find(object, "proxyFromEnvironment");
    const struct value *url = object_find(object, "proxyUrl");
    const struct value *no_proxy = object_find(object, "noProxy");
    const struct value *headers = object_find(object, "proxyConnectHeader");
    bool from_environment = environment != NULL && environment->as.boolean;
    bool has_url = url != NULL && url->as.text.length > 0;
    bool has_no_proxy = no_proxy != NULL && no_proxy->as.text.length > 0;

    if (from_environment && has_url)
        fail(scope, url, "keep one of the two",
             "cannot be used together with proxyFromEnvironment");
    if (from_environment && has_no_proxy)
        fail(scope, no_proxy, "set NO_PROXY in the environment of Prometheus",
             "cannot be used together with proxyFromEnvironment");
    if (!from_environment && !has_url && has_no_proxy)
        fail(scope, no_proxy, "add proxyUrl, or remove it", "needs proxyUrl beside it");
    if (headers == NULL)
        return;
    if (!from_environment && !has_url && headers->as.references.count > 0)
        fail(scope, headers, "add proxyUrl or proxyFromEnvironment, or remove it",
             "needs proxyUrl or proxyFromEnvironment beside it");
    for (size_t i = 0; i < headers->as.references.count; i++) {
        if (!is_header_name(bytes_of(headers->as.references.items[i].key)))
            scope_report(scope, SEVERITY_ERROR, headers->node, headers->path,
                         "use letters, digits and '-'", "\"%s\" is no header name",
                         headers->as.references.items[i].key);
    }
}

static void check_proxies(struct scope *scope, const struct object *spec, struct version version) {
    const struct value *oauth2 = object_find(spec, "oauth2");

    (void)version;
    check_proxy(scope, spec);
    if (oauth2 != NULL)
        check_proxy(scope, oauth2->as.object);
}

/* Headers. */

/* What Prometheus sets itself (config.reservedHeaders). */
static const char *const reserved_headers[] = {
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
};

static bool is_reserved(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(reserved_headers); i++) {
        if (strcasecmp(reserved_headers[i], name) == 0)
            return true;
    }
    return false;
}

static void check_headers(struct scope *scope, const struct object *spec, struct version version) {
    const struct value *headers = object_find(spec, "headers");

    (void)version;
    for (size_t i = 0; headers != NULL && i < headers->as.map.count; i++) {
        const struct key_bytes *header = &headers->as.map.items[i];
        const char *path = arena_format(scope->arena, "%s.%s", headers->path, header->key);

        if (!is_header_name(bytes_of(header->key)))
            scope_report(scope, SEVERITY_ERROR, header->node, path, "use letters, digits and '-'",
                         "is no header name");
        else if (strcasecmp(header->key, "authorization") == 0)
            scope_report(scope, SEVERITY_ERROR, header->node, path,
                         "use basicAuth, authorization, oauth2, sigv4 or azureAd",
                         "cannot be set as a header");
        else if (is_reserved(header->key))
            scope_report(scope, SEVERITY_ERROR, header->node, path, "remove it",
                         "is a reserved header that Prometheus sets itself");
        if (!is_header_value(header->value))
            scope_report(scope, SEVERITY_ERROR, header->node, path, "write it on one line",
                         "has a line break or another control character in its value");
    }
}

/* The queue. */

struct queue_number {
    const struct value *value; /* NULL: the default holds */
    int64_t number;
};

/* An integer where it is given and not 0, else the default; less than 1 is reported. */
static struct queue_number queue_integer(struct scope *scope, const struct object *queue,
                                         const char *name, int64_t fallback) {
    const struct value *value = object_find(queue, name);

    if (value == NULL || value->as.integer == 0)
        return (struct queue_number){.number = fallback};
    if (value->as.integer < 0)
        fail(scope, value, "write 1 or more, or leave it out", "must be positive");
    return (struct queue_number){.value = value, .number = value->as.integer};
}

static struct queue_number queue_duration(const struct object *queue, const char *name,
                                          int64_t fallback) {
    const struct value *value = object_find(queue, name);

    if (value == NULL || value->as.text.length == 0)
        return (struct queue_number){.number = fallback};
    return (struct queue_number){.value = value, .number = value->milliseconds};
}

/* "maxShards (50, the default of Prometheus 3.16)" */
static const char *queue_number_text(struct arena *arena, struct queue_number number,
                                     const char *name, const char *unit, struct version version) {
    if (number.value != NULL)
        return arena_format(arena, "%s (%lld%s)", name, (long long)number.number, unit);
    return arena_format(arena, "%s (%lld%s, the default of Prometheus %u.%u)", name,
                        (long long)number.number, unit, version.major, version.minor);
}

struct queue_order {
    const char *low;
    const char *high;
    const char *unit;
};

static void check_order(struct scope *scope, struct queue_number low, struct queue_number high,
                        const struct queue_order *order, struct version version) {
    const struct value *blamed = low.value != NULL ? low.value : high.value;

    if (blamed == NULL || low.number <= high.number)
        return;
    scope_report(scope, SEVERITY_ERROR, blamed->node, blamed->path,
                 arena_format(scope->arena, "lower %s or raise %s", order->low, order->high),
                 "%s is above %s",
                 queue_number_text(scope->arena, low, order->low, order->unit, version),
                 queue_number_text(scope->arena, high, order->high, order->unit, version));
}

static void check_queue(struct scope *scope, const struct object *spec, struct version version) {
    static const struct queue_order shards = {"minShards", "maxShards", ""};
    static const struct queue_order backoff = {"minBackoff", "maxBackoff", "ms"};
    const struct value *value = object_find(spec, "queueConfig");
    struct queue_defaults defaults = queue_defaults_of(version);
    const struct object *queue;
    struct queue_number min_shards;
    struct queue_number max_shards;

    if (value == NULL)
        return;
    queue = value->as.object;
    queue_integer(scope, queue, "capacity", defaults.capacity);
    queue_integer(scope, queue, "maxSamplesPerSend", defaults.max_samples_per_send);
    min_shards = queue_integer(scope, queue, "minShards", defaults.min_shards);
    max_shards = queue_integer(scope, queue, "maxShards", defaults.max_shards);
    if (min_shards.number > 0 && max_shards.number > 0)
        check_order(scope, min_shards, max_shards, &shards, version);
    check_order(scope, queue_duration(queue, "minBackoff", defaults.min_backoff_milliseconds),
                queue_duration(queue, "maxBackoff", defaults.max_backoff_milliseconds), &backoff,
                version);
}

/* Relabeling. */

enum relabel_need {
    NEEDS_TARGET = 1 << 0,    /* target_label, a label name */
    TARGET_TEMPLATE = 1 << 1, /* ... that may have $1 in it */
    NEEDS_MODULUS = 1 << 2,
    NEEDS_REGEX = 1 << 3,
    ONLY_REGEX = 1 << 4,  /* no field besides regex */
    ONLY_TARGET = 1 << 5, /* no field besides source_labels and target_label */
    NO_REPLACEMENT = 1 << 6,
    REPLACEMENT_LABEL = 1 << 7, /* the replacement is a label name with $1 in it */
};

static const struct {
    const char *action;
    unsigned needs;
} relabel_needs[] = {
    {"replace", NEEDS_TARGET | TARGET_TEMPLATE},
    {"keep", 0},
    {"drop", 0},
    {"hashmod", NEEDS_TARGET | NEEDS_MODULUS},
    {"labelmap", NEEDS_REGEX | REPLACEMENT_LABEL},
    {"labeldrop", NEEDS_REGEX | ONLY_REGEX},
    {"labelkeep", NEEDS_REGEX | ONLY_REGEX},
    {"lowercase", NEEDS_TARGET | NO_REPLACEMENT},
    {"uppercase", NEEDS_TARGET | NO_REPLACEMENT},
    {"keepequal", NEEDS_TARGET | ONLY_TARGET},
    {"dropequal", NEEDS_TARGET | ONLY_TARGET},
};

/* What Prometheus assumes, and so does not count as set. */
#define DEFAULT_SEPARATOR   ";"
#define DEFAULT_REPLACEMENT "$1"

const char *relabel_action(const struct object *relabel) {
    const struct value *action = object_find(relabel, "action");

    return action != NULL ? action->as.word->value : "replace";
}

static unsigned needs_of(const char *action) {
    for (size_t i = 0; i < ARRAY_LENGTH(relabel_needs); i++) {
        if (strcmp(relabel_needs[i].action, action) == 0)
            return relabel_needs[i].needs;
    }
    return 0;
}

static bool is_name_start(char character) {
    return isalpha((unsigned char)character) != 0 || character == '_';
}

static bool is_name_part(char character) {
    return is_name_start(character) || isdigit((unsigned char)character) != 0;
}

static bool is_label_name(struct bytes name, struct version version) {
    if (name.length == 0)
        return false;
    if (version_compare(version, utf8_names) >= 0)
        return true; /* the tree holds UTF-8 only */
    if (!is_name_start(name.data[0]))
        return false;
    for (size_t i = 1; i < name.length; i++) {
        if (!is_name_part(name.data[i]))
            return false;
    }
    return true;
}

/* The length of a $1, $name or ${name} at an offset; 0 where there is none. */
static size_t variable_length(struct bytes text, size_t at) {
    bool braces = at + 1 < text.length && text.data[at + 1] == '{';
    size_t start = at + (braces ? 2 : 1);
    size_t end = start;

    while (end < text.length && is_name_part(text.data[end]))
        end++;
    if (end == start || (braces && (end >= text.length || text.data[end] != '}')))
        return 0;
    return end - at + (braces ? 1 : 0);
}

/* What relabel's relabelTarget (relabelTargetLegacy from 3.2 on) matches: a name of Prometheus 2 in
 * which $1 and ${name} stand for parts of it. */
static bool is_legacy_template(struct bytes text) {
    size_t at = 0;

    while (at < text.length) {
        size_t length = text.data[at] == '$' ? variable_length(text, at) : 0;

        if (length > 0)
            at += length;
        else if (is_name_start(text.data[at]) || (at > 0 && is_name_part(text.data[at])))
            at++;
        else
            return false;
    }
    return text.length > 0;
}

/* The targetLabel of replace: a name, or with a $ in it a template of one. */
static bool is_label_template(struct bytes text, struct version version) {
    if (bytes_find(text, BYTES("$"), 0) == SIZE_MAX)
        return is_label_name(text, version);
    return version_compare(version, utf8_templates) >= 0 || is_legacy_template(text);
}

/* The replacement of labelmap: a template in any case. */
static bool is_name_template(struct bytes text, struct version version) {
    return version_compare(version, utf8_templates) >= 0 ? is_label_name(text, version)
                                                         : is_legacy_template(text);
}

/* Reports a text that is no label name for this version; a later one may take it. */
static void report_label(struct scope *scope, const struct node *node, const char *path,
                         struct bytes text, struct version version,
                         bool (*is_valid)(struct bytes, struct version), const char *remedy) {
    const struct version steps[] = {utf8_names, utf8_templates};

    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        if (version_compare(version, steps[i]) < 0 && is_valid(text, steps[i])) {
            remedy = arena_format(scope->arena, "%s, or upgrade to Prometheus %u.%u", remedy,
                                  steps[i].major, steps[i].minor);
            break;
        }
    }
    scope_report(scope, SEVERITY_ERROR, node, path, remedy, "is no label name");
}

/* The value of a string field that is set to something other than its default; else NULL. */
static const struct value *set_beside(const struct object *relabel, const char *name,
                                      const char *fallback) {
    const struct value *value = object_find(relabel, name);

    if (value == NULL || bytes_equal_string(value->as.text, fallback))
        return NULL;
    return value;
}

static void forbid(struct scope *scope, const struct value *value, const char *action) {
    if (value != NULL)
        scope_report(scope, SEVERITY_ERROR, value->node, value->path,
                     "remove it, or choose another action", "cannot be used with action %s",
                     action);
}

static void check_relabel_extra(struct scope *scope, const struct object *relabel,
                                const char *action, unsigned needs) {
    const struct value *modulus = object_find(relabel, "modulus");
    const struct value *sources = object_find(relabel, "sourceLabels");
    const struct value *regex = set_beside(relabel, "regex", "");

    if ((needs & (ONLY_REGEX | ONLY_TARGET)) != 0) {
        forbid(scope, modulus != NULL && modulus->as.integer != 0 ? modulus : NULL, action);
        forbid(scope, set_beside(relabel, "separator", DEFAULT_SEPARATOR), action);
    }
    if ((needs & (ONLY_REGEX | ONLY_TARGET | NO_REPLACEMENT)) != 0)
        forbid(scope, set_beside(relabel, "replacement", DEFAULT_REPLACEMENT), action);
    if ((needs & ONLY_REGEX) != 0) {
        forbid(scope, sources != NULL && sources->as.list.count > 0 ? sources : NULL, action);
        forbid(scope, set_beside(relabel, "targetLabel", ""), action);
    }
    if ((needs & ONLY_TARGET) != 0)
        forbid(scope, regex, action);
}

static void missing(struct scope *scope, const struct object *relabel, const char *field,
                    const char *action) {
    scope_report(scope, SEVERITY_ERROR, relabel->node,
                 arena_format(scope->arena, "%s.%s", relabel->path, field), "add it",
                 "is needed by action %s", action);
}

static void check_relabel_target(struct scope *scope, const struct object *relabel,
                                 const char *action, unsigned needs, struct version version) {
    const struct value *target = object_find(relabel, "targetLabel");
    const struct value *replacement = object_find(relabel, "replacement");
    bool (*is_valid)(struct bytes, struct version) =
        (needs & TARGET_TEMPLATE) != 0 ? is_label_template : is_label_name;

    if ((needs & NEEDS_TARGET) != 0) {
        if (target == NULL || target->as.text.length == 0)
            missing(scope, relabel, "targetLabel", action);
        else if (!is_valid(target->as.text, version))
            report_label(scope, target->node, target->path, target->as.text, version, is_valid,
                         name_remedy);
    }
    if ((needs & REPLACEMENT_LABEL) != 0 && replacement != NULL &&
        !is_name_template(replacement->as.text, version))
        report_label(scope, replacement->node, replacement->path, replacement->as.text, version,
                     is_name_template, "use letters, digits, '_' and $1");
}

static void check_relabel(struct scope *scope, const struct object *relabel,
                          struct version version) {
    const char *action = relabel_action(relabel);
    unsigned needs = needs_of(action);
    const struct value *modulus = object_find(relabel, "modulus");
    const struct value *regex = object_find(relabel, "regex");
    const struct value *sources = object_find(relabel, "sourceLabels");

    if ((needs & NEEDS_MODULUS) != 0 && (modulus == NULL || modulus->as.integer == 0))
        missing(scope, relabel, "modulus", action);
    if ((needs & NEEDS_REGEX) != 0 && (regex == NULL || regex->as.text.length == 0))
        missing(scope, relabel, "regex", action);
    check_relabel_target(scope, relabel, action, needs, version);
    check_relabel_extra(scope, relabel, action, needs);

    for (size_t i = 0; sources != NULL && i < sources->as.list.count; i++) {
        if (!is_label_name(sources->as.list.items[i], version))
            report_label(scope, sources->node->sequence.items[i],
                         arena_format(scope->arena, "%s[%zu]", sources->path, i),
                         sources->as.list.items[i], version, is_label_name, name_remedy);
    }
    if (regex != NULL && regex->no_regex != NULL)
        scope_report(scope, SEVERITY_ERROR, regex->node, regex->path,
                     "write it in RE2's syntax (.* stands for anything)",
                     "is no regular expression for Prometheus: %s", regex->no_regex);
}

/* What a rule costs whatever its expression is, in the measure of REGEX_SIZE_MAX: Prometheus 2.42
 * took 6 KB for each of many rules with `a|`, so that two thousand are 12 MB. */
#define RULE_SIZE 50

static void check_relabelings(struct scope *scope, const struct object *spec,
                              struct version version) {
    const struct value *relabelings = object_find(spec, "writeRelabelConfigs");
    size_t size = 0;

    for (size_t i = 0; relabelings != NULL && i < relabelings->as.objects.count; i++) {
        const struct value *regex = object_find(relabelings->as.objects.items[i], "regex");

        check_relabel(scope, relabelings->as.objects.items[i], version);
        size += RULE_SIZE + (regex != NULL ? regex->regex_size : 0);
    }
    if (size > REGEX_SIZE_MAX)
        fail(scope, relabelings, "use fewer rules, or fewer counted repetitions ({n})",
             "has rules and expressions that would take too much of Prometheus's memory");
}

static void (*const rules[])(struct scope *scope, const struct object *spec,
                             struct version version) = {
    gates_check,   check_one_authentication, check_authorization, check_sigv4, azure_check,
    check_headers, check_both_tls,           check_proxies,       check_queue, check_relabelings,
};

void rules_check(struct scope *scope, const struct object *spec, struct version version) {
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++)
        rules[i](scope, spec, version);
}
