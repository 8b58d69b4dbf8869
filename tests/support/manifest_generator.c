/* SPDX-License-Identifier: Apache-2.0 */

/* Random RemoteWriteSpecs, row by row of the schema table. */

#include "support/manifest_generator.h"

#include "base/compiler.h"

#include <string.h>

const struct generator_secret generator_secrets[] = {
    {"plain", "hunter2"},
    {"newline", "hunter2\n"},
    {"odd", "pa ss: \"#'{{ .x }} \xc3\xa4\xf0\x9f\x98\x80\\"},
    {"number", "012"},
    {"blanks", " hunter2\t"},
    {"lines", "\nhunter2\r\n\n"},
    {"empty", ""},
    {"newlines", "\n\n"},
    {"bytes", "\xff\xfe"},
    {"null", "null"},
    {"tilde", "~"},
};
const size_t generator_secret_count = ARRAY_LENGTH(generator_secrets);

static const char *const odd_strings[] = {
    "x",
    "a b",
    "12",
    "012",
    "1e3",
    "0x1F",
    "yes",
    "No",
    "null",
    "~",
    "Null",
    "NULL",
    "true",
    "2001-01-01",
    ".5",
    "-",
    "- a",
    "? b",
    ": c",
    "a: b",
    "a #b",
    "#c",
    "\"quoted\"",
    "it's",
    "back\\slash",
    "line\nbreak",
    "trailing\n",
    "\nleading",
    "tab\there",
    " leading",
    "trailing ",
    "{{ .Values.x }}",
    "{a: b}",
    "[a, b]",
    "*alias",
    "&anchor",
    "!tag",
    "%directive",
    "@at",
    "`tick",
    "|",
    ">",
    "---",
    "...",
    "# END remotewrite-sidecar",
    "$(HOME)",
    "$1",
    "${HOME}",
    "\xc3\xa4\xc3\xb6\xc3\xbc",
    "\xe2\x80\xa8separator",
    "\xc2\x85next line",
    "\x7f",
    "\xf0\x9f\x98\x80",
    ("\xef\xbb\xbf"
     "bom"),
    ",",
    "=",
    "<<",
    "",
};
static const char *const good_urls[] = {"https://a.example.com/push",
                                        "http://10.0.0.1:9090/api/v1/write?x=y&z=%20",
                                        "https://[::1]:443/", "http://user:pw@h/p#f", "https://h"};
static const char *const bad_urls[] = {
    "", "http://", "ftp://h/x", "//h/x", "h/x", "http://a b/", "http://[::1", "http://h:99999/",
    "http://h:x/", "http://h/%zz", "://", "http:// /", "https://h\n/",
    /* at the border: some are good */
    "http://h:/", "http://h\\x/", "http://h_x!/", "http://us er@h/", "http://u\"@h/",
    "http://\xc3\xa4/", "HTTP://h/", "http://h/\xc3\xbc", "http://h/%", "http://h?x=%zz",
    "http://h#%zz", "http://h:080/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/",
    "http://1.2.3.4.5/", "http://-/", "http://h/{{x}}|^", "http://u:p@:80/", "http://@h/",
    "http://h:0/", "http://u:p:q@h/", "http://u%40:p%2f@h/", "http://h;x/", "http://h?", "http:h/x",
    "http:///x", " http://h/", "http://h\xe2\x80\x8b/", "http://h.:80/", "null", "~",
    "http://[::ffff:1.2.3.4]:80", "http://h/\x7f"};
static const char *const good_proxies[] = {"http://proxy:3128", "https://proxy", "socks5://p:1080"};
static const char *const good_durations[] = {
    "30s", "5s", "100ms", "10s", "30ms", "5m", "1h30m", "500ms", "1d", "1y2w3d4h5m6s7ms", ""};
static const char *const bad_durations[] = {"0s", "0",    "5 minutes", "-1s", "1.5h", "1h1h",
                                            "s",  "300y", "1m1h",      "10",  "1us"};
static const char *const good_regexes[] = {
    "a.*",         "(a|b)+",         "[^a-z]{2,5}",  "\\d+\\.\\w*", "(?i)x",
    "(?P<n>a)\\b", "\\pL\\p{Greek}", "a{1000}",      "\\Qa.b\\E",   "",
    ".+?",         "[[:alpha:]]",    "[[:^word:]x]", "(?P<_1>a)",   "^$|^\\b",
    "x{0,1000}",   "\\x{10FFFF}",    "(?s-i:.)",     "[^\\n]",      "null",
    "~",           "Null",           "NULL"};
static const char *const bad_regexes[] = {"(?=a)",
                                          "(?<!b)c",
                                          "(a)\\1",
                                          "[z-a]",
                                          "(a",
                                          "a)",
                                          "[a",
                                          "a**",
                                          "*a",
                                          "a{1001}",
                                          "(?>a)",
                                          "\\K",
                                          "a++",
                                          "x{2}{3}",
                                          "\\h",
                                          "(?#c)",
                                          "[[:foo:]]",
                                          "\\",
                                          "^*",
                                          "|+",
                                          "a|?",
                                          "(*)",
                                          "$**",
                                          "\\b{2,1}",
                                          "[[.a.]]",
                                          "[[=a=]]",
                                          "(?P<\xc3\xa9>x)",
                                          "(?P<1a>x)",
                                          "(?P<a b>x)",
                                          "(?P<>x)",
                                          "(?P<n>a)(?P<n>b)",
                                          "(?P\xe2\x80\xb9\xc3\xa9\xe2\x80\xbax)",
                                          "(?P<a\xe2\x80\xbax)",
                                          "(?<n>a)",
                                          "\\pX",
                                          "\\p{Foo}",
                                          "\\8",
                                          "\\x{110000}",
                                          "(?z)"};
/* What relabel rules may write to: templates are label names of their own rules. */
static const char *const label_templates[] = {
    "a_${1}_$2", "${1}.x", "$1",    "${1}", "x_$1", "${1}\xc3\xa9", "a.$1",   "a-${1}", "$1.x",
    "${a}",      "${a-b}", "${1",   "$",    "$$1",  "$(1)",         "${n}_x", "1$1",    "${1}:x",
    "$1$2",      "${12}x", "a b$1", " $1",  "${}",  "null",         "~"};
static const char *const labels[] = {"__name__", "job", "cluster", "a_b", "_x1", "null"};
static const char *const odd_labels[] = {"a-b", "1a", "\xc3\xa4", "", "a b", "a.b", "~"};
static const char *const header_names[] = {"X-Scope-OrgID", "X-A", "x-b_c", "Traceparent", "null"};
static const char *const bad_header_names[] = {"Authorization",
                                               "HOST",
                                               "content-type",
                                               "X A",
                                               "X:A",
                                               "",
                                               "User-Agent",
                                               "X\"A",
                                               "X(A)",
                                               "X/",
                                               "\xc3\xa4",
                                               "X\tA",
                                               "x-prometheus-remote-write-version",
                                               "Content-Encoding",
                                               "Connection",
                                               "Transfer-Encoding",
                                               "X_A",
                                               "X.A",
                                               "~",
                                               ".",
                                               "Content-Length",
                                               "X-Amz-Date",
                                               "accept"};
static const char *const schemes[] = {"Basic",   "basic",   "BASIC ", "Token",    "bearer",
                                      "Bea rer", "Bearer ", "x:y",    "\xc3\xa4", "a\nb",
                                      "",        " ",       "{{x}}",  "null",     "~"};
static const char *const uuids[] = {"00000000-0000-0000-0000-000000000000",
                                    "a0b1c2d3-0000-1111-2222-abcdefABCDEF"};
/* The forms that Go's uuid package takes beside the usual one, and what it does not. */
static const char *const odd_uuids[] = {"invalid-uuid",
                                        "a0b1c2d3000011112222abcdefABCDEF",
                                        "{a0b1c2d3-0000-1111-2222-abcdefABCDEF}",
                                        "urn:uuid:a0b1c2d3-0000-1111-2222-abcdefABCDEF",
                                        "URN:UUID:a0b1c2d3-0000-1111-2222-abcdefABCDEF",
                                        "urn-uuid-a0b1c2d3-0000-1111-2222-abcdefABCDEF",
                                        "xa0b1c2d3-0000-1111-2222-abcdefABCDEFx",
                                        "a0b1c2d3-0000-1111-2222-abcdefABCDEG",
                                        "a0b1c2d30000-1111-2222-abcdefABCDEF0",
                                        "a0b1c2d3-0000-1111-2222-abcdefABCDEF ",
                                        "a0b1c2d3_0000_1111_2222_abcdefABCDEF",
                                        "00000000-0000-0000-0000-00000000000",
                                        "tenant-1.x",
                                        "contoso.onmicrosoft.com",
                                        "-",
                                        "no/pe?",
                                        "null",
                                        "~",
                                        ""};
static const char *const scopes[] = {"https://monitor.azure.com//.default",
                                     "api://a-b.c/.default",
                                     "a b",
                                     "a\tb",
                                     "api:\\x",
                                     "\\",
                                     "a\\\\b",
                                     "api:\\s",
                                     "a+b",
                                     "a?b",
                                     "\xc3\xa4",
                                     "a\nb",
                                     "a\vb",
                                     "a\xc2\xa0z",
                                     "[a]",
                                     "null",
                                     "~",
                                     ""};

struct generator generator_new(uint64_t seed) {
    return (struct generator){.state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1};
}

static uint64_t next(struct generator *generator) {
    generator->state ^= generator->state >> 12;
    generator->state ^= generator->state << 25;
    generator->state ^= generator->state >> 27;
    return generator->state * UINT64_C(0x2545F4914F6CDD1D) >> 11;
}

static size_t below(struct generator *generator, size_t bound) {
    return (size_t)(next(generator) % bound);
}

static bool percent(struct generator *generator, unsigned chance) {
    return below(generator, 100) < chance;
}

#define PICK(generator, table) ((table)[below((generator), ARRAY_LENGTH(table))])

/* One in a hundred strings is longer than any line. */
static json_t *odd_string(struct generator *generator) {
    char text[6000];

    if (!percent(generator, 1))
        return json_string(PICK(generator, odd_strings));
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "long: #", 7);
    return json_string(text);
}

/* A value of another type than the field's. */
static json_t *wrong_type(struct generator *generator) {
    switch (below(generator, 5)) {
    case 0:
        return json_integer(7);
    case 1:
        return json_true();
    case 2:
        return json_pack("[s]", "x");
    case 3:
        return json_pack("{s:s}", "x", "y");
    default:
        return json_string("x");
    }
}

/* Most of the time the value is one that nobody has to think about. */
static json_t *reference(struct generator *generator) {
    const char *key = percent(generator, 2) ? "absent"
                      : percent(generator, 75)
                          ? generator_secrets[below(generator, 3)].key
                          : generator_secrets[below(generator, generator_secret_count)].key;
    json_t *object = json_pack("{s:s, s:s}", "name", "s", "key", key);

    /* as a typed program writes a reference that it leaves open */
    if (percent(generator, 3)) {
        json_object_clear(object);
        if (percent(generator, 50))
            json_object_set_new(object, "key", json_string(""));
        if (percent(generator, 20))
            json_object_set_new(object, "name", json_string(""));
        return object;
    }
    if (percent(generator, 15))
        json_object_set_new(object, "optional", json_boolean(percent(generator, 50)));
    if (percent(generator, 1))
        json_object_set_new(object, "kee", json_string("x"));
    return object;
}

static json_t *choice(struct generator *generator) {
    if (percent(generator, 3))
        return json_object();
    if (percent(generator, 2))
        return json_pack("{s:{}, s:{s:s}}", "secret", "configMap", "key", "");
    if (percent(generator, 1))
        return json_pack("{s:o, s:o}", "secret", reference(generator), "configMap",
                         reference(generator));
    return json_pack("{s:o}", percent(generator, 50) ? "secret" : "configMap",
                     reference(generator));
}

static json_t *string_value(struct generator *generator, const struct field *field) {
    static const char *const pattern_strings[] = {"tenant-1.x", "null"};
    static const char *const some_strings[] = {"x", "null", "~"};

    if (strcmp(field->name, "clientId") == 0 || strcmp(field->name, "tenantId") == 0)
        return json_string(percent(generator, 85) ? PICK(generator, uuids)
                                                  : PICK(generator, odd_uuids));
    if (strcmp(field->name, "scope") == 0)
        return json_string(PICK(generator, scopes));
    if (strcmp(field->name, "type") == 0)
        return json_string(percent(generator, 80) ? "Bearer" : PICK(generator, schemes));
    if (field->pattern != NULL)
        return json_string(percent(generator, 90) ? PICK(generator, pattern_strings) : "no/pe?");
    if (field->min_length > 0)
        return json_string(percent(generator, 90) ? PICK(generator, some_strings) : "");
    return odd_string(generator);
}

/* Sizes of queues are lowered long before what 32 bits hold. */
static bool is_a_size(const struct field *field) {
    static const char *const names[] = {"capacity", "minShards", "maxShards", "maxSamplesPerSend"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (strcmp(field->name, names[i]) == 0)
            return true;
    }
    return false;
}

static json_t *integer_value(struct generator *generator, const struct field *field) {
    const json_int_t borders[] = {
        0, -1, -2, is_a_size(field) ? 1000 : 2147483647, 2147483648, 1, 50, 51, 200, 201};

    if (percent(generator, 90))
        return json_integer(1 + (json_int_t)below(generator, 100));
    if (percent(generator, 10))
        return json_real(1.5);
    return json_integer(PICK(generator, borders));
}

static json_t *map_value(struct generator *generator) {
    json_t *map = json_object();

    for (size_t i = below(generator, 4); i > 0; i--)
        json_object_set_new(map,
                            percent(generator, 97) ? PICK(generator, header_names)
                                                   : PICK(generator, bad_header_names),
                            percent(generator, 95) ? json_string("plain value")
                                                   : odd_string(generator));
    return map;
}

static json_t *list_value(struct generator *generator) {
    json_t *list = json_array();

    for (size_t i = below(generator, 4); i > 0; i--)
        json_array_append_new(list, odd_string(generator));
    return list;
}

static json_t *reference_lists(struct generator *generator) {
    json_t *map = json_object();

    for (size_t i = 1 + below(generator, 2); i > 0; i--)
        json_object_set_new(map, PICK(generator, header_names),
                            json_pack("[o]", reference(generator)));
    return map;
}

static json_t *enum_value(struct generator *generator, const struct field *field) {
    if (percent(generator, 2))
        return json_string("Nothing");
    return json_string(field->words[below(generator, field->word_count)].word);
}

static json_t *source_labels(struct generator *generator) {
    json_t *list = json_array();

    for (size_t i = below(generator, 3); i > 0; i--)
        json_array_append_new(list,
                              json_string(percent(generator, 96) ? PICK(generator, labels)
                                                                 : PICK(generator, odd_labels)));
    return list;
}

/* A relabeling that mostly has what its action needs, and now and then what it must not have. */
static json_t *relabeling(struct generator *generator) {
    static const char *const actions[] = {
        "replace",   "keep",      "drop",      "hashmod",   "labelmap", "labeldrop", "labelkeep",
        "lowercase", "uppercase", "keepequal", "dropequal", "HashMod",  "LabelMap",  "KeepEqual"};
    const char *action = PICK(generator, actions);
    bool only_regex = strcasecmp(action, "labeldrop") == 0 || strcasecmp(action, "labelkeep") == 0;
    bool equal = strcasecmp(action, "keepequal") == 0 || strcasecmp(action, "dropequal") == 0;
    json_t *rule = json_object();

    if (strcmp(action, "replace") != 0 || percent(generator, 70))
        json_object_set_new(rule, "action", json_string(action));
    if (!only_regex || percent(generator, 3))
        json_object_set_new(rule, "sourceLabels", source_labels(generator));
    if (!only_regex && strcasecmp(action, "keep") != 0 && strcasecmp(action, "drop") != 0 &&
        percent(generator, 97))
        json_object_set_new(rule, "targetLabel",
                            json_string(percent(generator, 85)   ? PICK(generator, labels)
                                        : percent(generator, 80) ? PICK(generator, label_templates)
                                                                 : PICK(generator, odd_labels)));
    if (!equal && (only_regex || percent(generator, 60)))
        json_object_set_new(rule, "regex",
                            json_string(percent(generator, 97) ? PICK(generator, good_regexes)
                                                               : PICK(generator, bad_regexes)));
    if (strcasecmp(action, "hashmod") == 0 && percent(generator, 97))
        json_object_set_new(rule, "modulus", json_integer((json_int_t)below(generator, 20)));
    if (strcasecmp(action, "labelmap") == 0 && percent(generator, 60))
        json_object_set_new(rule, "replacement",
                            json_string(percent(generator, 60)   ? "x_$1"
                                        : percent(generator, 90) ? PICK(generator, label_templates)
                                                                 : "a b"));
    if (strcasecmp(action, "replace") == 0 && percent(generator, 60))
        json_object_set_new(rule, "replacement", odd_string(generator));
    if (!only_regex && !equal && percent(generator, 20))
        json_object_set_new(rule, "separator", odd_string(generator));
    if (percent(generator, 2))
        json_object_set_new(rule, "replacement", json_string("$1"));
    if (percent(generator, 2))
        json_object_set_new(rule, "modulus", json_integer(7));
    if (percent(generator, 2))
        json_object_set_new(rule, "separator", json_string(";"));
    if (percent(generator, 2))
        json_object_set_new(rule, "regex", json_string("(.*)"));
    return rule;
}

static json_t *object_value(struct generator *generator, const struct schema *schema,
                            unsigned chance);

static json_t *relabelings(struct generator *generator) {
    json_t *list = json_array();

    for (size_t i = below(generator, 4); i > 0; i--)
        json_array_append_new(list, relabeling(generator));
    return list;
}

static json_t *value_of(struct generator *generator, const struct field *field) {
    if (percent(generator, 1))
        return wrong_type(generator);
    if (percent(generator, 1))
        return json_null();
    switch (field->type) {
    case FIELD_STRING:
        return string_value(generator, field);
    case FIELD_BOOL:
        return json_boolean(percent(generator, 50));
    case FIELD_INTEGER:
        return integer_value(generator, field);
    case FIELD_DURATION:
        return json_string(percent(generator, 97) ? PICK(generator, good_durations)
                                                  : PICK(generator, bad_durations));
    case FIELD_URL:
        return json_string(percent(generator, 97) ? PICK(generator, good_urls)
                                                  : PICK(generator, bad_urls));
    case FIELD_PROXY_URL:
        return json_string(percent(generator, 95) ? PICK(generator, good_proxies)
                                                  : PICK(generator, bad_urls));
    case FIELD_ENUM:
        return enum_value(generator, field);
    case FIELD_STRING_LIST:
        return list_value(generator);
    case FIELD_STRING_MAP:
        return map_value(generator);
    case FIELD_OBJECT:
        return object_value(generator, field->object, 50);
    case FIELD_OBJECT_LIST:
        return relabelings(generator);
    case FIELD_SECRET:
        return reference(generator);
    case FIELD_SECRET_OR_CONFIGMAP:
        return choice(generator);
    case FIELD_SECRET_LIST_MAP:
        return reference_lists(generator);
    case FIELD_BYTES_MAP:
    case FIELD_ANYTHING:
        break;
    }
    return json_null();
}

static json_t *object_value(struct generator *generator, const struct schema *schema,
                            unsigned chance) {
    json_t *object = json_object();

    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        bool required = (field->flags & FIELD_REQUIRED) != 0;

        if (required ? percent(generator, 99) : percent(generator, chance))
            json_object_set_new(object, field->name, value_of(generator, field));
    }
    return object;
}

/* Of what excludes each other one is kept, most of the time. */
static void keep_one(struct generator *generator, json_t *object, const char *const *names,
                     size_t count) {
    size_t kept = below(generator, count + 1);

    if (object == NULL || percent(generator, 3))
        return;
    for (size_t i = 0; i < count; i++) {
        if (i != kept)
            json_object_del(object, names[i]);
    }
}

static void drop_unless(struct generator *generator, json_t *object, const char *name,
                        const char *needed) {
    if (json_object_get(object, needed) == NULL && percent(generator, 95))
        json_object_del(object, name);
}

static void make_tls_plausible(struct generator *generator, json_t *tls) {
    static const char *const certificates[] = {"ca",     "cert",     "keySecret",
                                               "caFile", "certFile", "keyFile"};

    if (percent(generator, 5))
        return;
    for (size_t i = 3; i < ARRAY_LENGTH(certificates); i++)
        json_object_del(tls, certificates[i]);
    drop_unless(generator, tls, "cert", "keySecret");
    drop_unless(generator, tls, "keySecret", "cert");
    if (percent(generator, 90))
        json_object_del(tls, "maxVersion");
}

static void make_proxy_plausible(struct generator *generator, json_t *object) {
    static const char *const ways[] = {"proxyUrl", "proxyFromEnvironment"};

    keep_one(generator, object, ways, ARRAY_LENGTH(ways));
    drop_unless(generator, object, "noProxy", "proxyUrl");
    drop_unless(generator, object, "proxyConnectHeader", "proxyUrl");
}

json_t *generator_spec(struct generator *generator) {
    static const char *const ways[] = {"basicAuth", "authorization", "oauth2",         "sigv4",
                                       "azureAd",   "bearerToken",   "bearerTokenFile"};
    static const char *const azure[] = {"oauth", "sdk", "managedIdentity", "workloadIdentity"};
    static const char *const credentials[] = {"credentials", "credentialsFile"};
    json_t *spec = object_value(generator, &remote_write_schema, 30);
    json_t *oauth2;

    keep_one(generator, spec, ways, ARRAY_LENGTH(ways));
    keep_one(generator, json_object_get(spec, "azureAd"), azure, ARRAY_LENGTH(azure));
    keep_one(generator, json_object_get(spec, "authorization"), credentials,
             ARRAY_LENGTH(credentials));
    oauth2 = json_object_get(spec, "oauth2");
    make_tls_plausible(generator, json_object_get(spec, "tlsConfig"));
    make_proxy_plausible(generator, spec);
    make_tls_plausible(generator, json_object_get(oauth2, "tlsConfig"));
    make_proxy_plausible(generator, oauth2);
    drop_unless(generator, json_object_get(spec, "sigv4"), "accessKey", "secretKey");
    drop_unless(generator, json_object_get(spec, "sigv4"), "secretKey", "accessKey");
    drop_unless(generator, json_object_get(spec, "sigv4"), "externalId", "roleArn");
    if (percent(generator, 2))
        json_object_set_new(spec, "unknownField", json_integer(1));
    return spec;
}
