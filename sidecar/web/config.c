/* SPDX-License-Identifier: Apache-2.0 */

/* Prometheus's web configuration, read as exporter-toolkit reads it, field by field of tables. It
 * is stricter where exporter-toolkit would pass over in silence what was meant to protect. */

#include "web/config.h"

#include "base/compiler.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "yaml/tree.h"

#include <errno.h>
#include <stdarg.h>

enum {
    SHOWN_LENGTH = 60,
    FEW = 8,
    BCRYPT_LENGTH = 60,
    BCRYPT_COST_AT = 4, /* in "$2y$10$..." */
    BCRYPT_SALT_AT = 7,
    BCRYPT_COST_MIN = 4,
    BCRYPT_COST_MAX = 18, /* some ten seconds */
    INTERVAL_MAX = 24 * 60 * 60 * 1000,
    BURST_MAX = 1000000,
    DECIMAL = 10
};

struct reading {
    struct arena *arena;
    const char *file;
    struct diagnostics *diagnostics;
    size_t errors;
    struct web_config *config;
};

/* A value, and where it stands. */
struct spot {
    const struct node *key;
    const struct node *value; /* not null */
    const char *path;         /* "tls_server_config.cert_file" */
};

/* What may stand under a key, and what reads it. */
struct field {
    const char *name;
    void (*read)(struct reading *reading, const struct field *field, const struct spot *spot);
    unsigned detail; /* for read */
};

static void PRINTF_LIKE(5, 6)
    complain(struct reading *reading, const struct node *node, const char *path, const char *remedy,
             const char *format, ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&problem, format, arguments);
    va_end(arguments);
    reading->errors++;
    diagnostics_add(reading->diagnostics, SEVERITY_ERROR, node_location(node, reading->file), NULL,
                    path, remedy, "%s", buffer_string(&problem));
}

static struct bytes shown(const struct node *scalar) {
    return bytes_slice(scalar->scalar.text, 0, SHOWN_LENGTH);
}

/* "did you mean ...?", or what else to do. */
static const char *suggestion(struct reading *reading, const struct nearest *nearest,
                              const char *otherwise) {
    return nearest->best != NULL ? arena_format(reading->arena, "did you mean %s?", nearest->best)
                                 : otherwise;
}

/* --- scalars and lists ---------------------------------------------------------------------- */

/* Any scalar is text here, as in Prometheus (X-XSS-Protection: 0). NULL, complained about,
 * otherwise. */
static const char *text_of(struct reading *reading, const struct node *node, const char *path) {
    if (node->type != NODE_SCALAR || node_is_null(node)) {
        complain(reading, node, path, "write a single value here",
                 "must be a string, but this is %s", node_type_name(node));
        return NULL;
    }
    return arena_string(reading->arena, node->scalar.text);
}

static bool read_bool(struct reading *reading, const struct spot *spot, bool *ret) {
    const struct node *value = spot->value;

    if (value->type != NODE_SCALAR || value->scalar.kind != SCALAR_BOOL) {
        complain(reading, value, spot->path, "write true or false",
                 "must be true or false, but this is %s", node_type_name(value));
        return false;
    }
    *ret = value->scalar.boolean;
    return true;
}

/* Names that may be chosen from. */
struct names {
    const char *(*at)(size_t index);
    size_t count;
    const char *what; /* "cipher suite" */
};

static void complain_of_name(struct reading *reading, const struct node *node, const char *path,
                             const struct names *names) {
    CLEANUP(buffer_free) struct buffer known = {0};
    struct nearest nearest = nearest_to(node->scalar.text);

    buffer_append_string(&known, "there are ");
    for (size_t i = 0; i < names->count; i++) {
        buffer_printf(&known, "%s%s", i == 0 ? "" : ", ", names->at(i));
        /* Of a few, all are shown. */
        if (names->count > FEW) {
            nearest_offer(&nearest, names->at(i));
        }
    }
    complain(reading, node, path, suggestion(reading, &nearest, buffer_string(&known)),
             "\"%.*s\" is no known %s", BYTES_ARG(shown(node)), names->what);
}

/* False, complained about, where it is none of them. */
static bool read_name(struct reading *reading, const struct node *node, const char *path,
                      const struct names *names, size_t *ret) {
    const char *text = text_of(reading, node, path);

    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at(i), text) == 0) {
            *ret = i;
            return true;
        }
    }
    complain_of_name(reading, node, path, names);
    return false;
}

/* What a list's item stands for; NULL, complained about, where it is wrong. */
typedef const void *(*item_take)(struct reading *reading, const struct node *node,
                                 const char *path);

/* Without those that are wrong. */
static void *read_list(struct reading *reading, const struct spot *spot, item_take take,
                       size_t *ret_count) {
    const struct node *list = spot->value;

    *ret_count = 0;
    if (list->type != NODE_SEQUENCE) {
        complain(reading, list, spot->path, "write each as an item: [one, two]",
                 "must be a list, but this is %s", node_type_name(list));
        return NULL;
    }
    const void **items = ARENA_NEW_ARRAY(reading->arena, const void *, list->sequence.count);
    for (size_t i = 0; i < list->sequence.count; i++) {
        const char *path = arena_format(reading->arena, "%s[%zu]", spot->path, i);
        const void *item = take(reading, list->sequence.items[i], path);
        if (item != NULL) {
            items[(*ret_count)++] = item;
        }
    }
    return items;
}

static const void *take_text(struct reading *reading, const struct node *node, const char *path) {
    return text_of(reading, node, path);
}

/* --- mappings ------------------------------------------------------------------------------- */

static bool is_mapping(struct reading *reading, const struct node *node, const char *path) {
    if (node->type == NODE_MAPPING) {
        return true;
    }
    complain(reading, node, path, "write it as KEY: VALUE", "must be a mapping, but this is %s",
             node_type_name(node));
    return false;
}

static const char *path_below(struct reading *reading, const char *path, const struct node *key) {
    struct bytes name = shown(key);

    return path == NULL ? arena_string(reading->arena, name)
                        : arena_format(reading->arena, "%s.%.*s", path, BYTES_ARG(name));
}

static void unknown_field(struct reading *reading, const struct node *key, const char *path,
                          const struct field *fields, size_t count) {
    struct nearest nearest = nearest_to(key->scalar.text);

    for (size_t i = 0; i < count; i++) {
        nearest_offer(&nearest, fields[i].name);
    }
    complain(
        reading, key, path,
        suggestion(reading, &nearest, "remove it, or look it up in the web configuration format"),
        "is no known field");
}

static const struct field *field_named(const struct field *fields, size_t count,
                                       struct bytes name) {
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_string(name, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

/* A field that is null counts as absent, as in Go. */
static void read_fields(struct reading *reading, const struct node *mapping, const char *path,
                        const struct field *fields, size_t count) {
    if (!is_mapping(reading, mapping, path)) {
        return;
    }
    for (size_t i = 0; i < mapping->mapping.count; i++) {
        const struct node_pair *pair = &mapping->mapping.pairs[i];
        const struct field *field = field_named(fields, count, pair->key->scalar.text);
        const struct spot spot = {
            .key = pair->key, .value = pair->value, .path = path_below(reading, path, pair->key)};
        if (field == NULL) {
            unknown_field(reading, pair->key, spot.path, fields, count);
        } else if (!node_is_null(pair->value)) {
            field->read(reading, field, &spot);
        }
    }
}

/* --- tls_server_config ---------------------------------------------------------------------- */

static struct web_tls_config *tls_of(struct reading *reading) {
    return &reading->config->tls_server;
}

static const char *in_folder_of(struct reading *reading, const char *path) {
    const char *slash = strrchr(reading->file, '/');

    if (path[0] == '/' || slash == NULL) {
        return path;
    }
    return arena_format(reading->arena, "%.*s/%s", (int)(slash - reading->file), reading->file,
                        path);
}

static void set_material(struct reading *reading, const struct field *field,
                         const struct spot *spot, bool is_file) {
    struct web_material *material = &tls_of(reading)->materials[field->detail];
    const char *text = text_of(reading, spot->value, spot->path);

    if (text == NULL) {
        return;
    }
    if (text[0] == '\0') {
        complain(reading, spot->value, spot->path, "give a value, or leave the field out",
                 "must not be empty");
        return;
    }
    if (material->field != NULL) {
        complain(reading, spot->key, spot->path, "keep one of the two",
                 "is given beside %s, in line %u", material->field, material->location.line);
        return;
    }
    *material = (struct web_material){
        .field = spot->path,
        .location = node_location(spot->value, reading->file),
        .path = is_file ? in_folder_of(reading, text) : NULL,
        .text = bytes_of(is_file ? NULL : text),
    };
}

static void read_material_file(struct reading *reading, const struct field *field,
                               const struct spot *spot) {
    set_material(reading, field, spot, true);
}

static void read_material(struct reading *reading, const struct field *field,
                          const struct spot *spot) {
    set_material(reading, field, spot, false);
}

struct client_auth_word {
    const char *name;
    enum web_client_auth value;
};

static const struct client_auth_word client_auth_words[] = {
    {"NoClientCert", WEB_NO_CLIENT_CERT},
    {"RequestClientCert", WEB_REQUEST_CLIENT_CERT},
    {"RequireAnyClientCert", WEB_REQUIRE_ANY_CLIENT_CERT},
    {"RequireClientCert", WEB_REQUIRE_ANY_CLIENT_CERT}, /* of earlier versions */
    {"VerifyClientCertIfGiven", WEB_VERIFY_CLIENT_CERT_IF_GIVEN},
    {"RequireAndVerifyClientCert", WEB_REQUIRE_AND_VERIFY_CLIENT_CERT},
};

static const char *client_auth_name(size_t index) {
    return client_auth_words[index].name;
}

static void read_client_auth(struct reading *reading, const struct field *field UNUSED,
                             const struct spot *spot) {
    const struct names names = {client_auth_name, ARRAY_LENGTH(client_auth_words),
                                "client_auth_type"};
    size_t index = 0;

    if (read_name(reading, spot->value, spot->path, &names, &index)) {
        tls_of(reading)->client_auth = client_auth_words[index].value;
    }
}

static const char *version_name(size_t index) {
    return tls_versions[index].name;
}

static void read_version(struct reading *reading, const struct field *field,
                         const struct spot *spot) {
    const struct names names = {version_name, tls_version_count, "version of TLS"};
    unsigned *target =
        field->detail == 0 ? &tls_of(reading)->min_version : &tls_of(reading)->max_version;
    size_t index = 0;

    if (read_name(reading, spot->value, spot->path, &names, &index)) {
        *target = (unsigned)index;
    }
}

static const char *suite_name(size_t index) {
    return tls_suites[index].name;
}

static const void *take_suite(struct reading *reading, const struct node *node, const char *path) {
    const struct names names = {suite_name, tls_suite_count, "cipher suite"};
    size_t index = 0;

    return read_name(reading, node, path, &names, &index) ? &tls_suites[index] : NULL;
}

static void read_suites(struct reading *reading, const struct field *field UNUSED,
                        const struct spot *spot) {
    struct web_tls_config *tls = tls_of(reading);

    tls->suites = read_list(reading, spot, take_suite, &tls->suite_count);
    tls->suites_location = node_location(spot->value, reading->file);
}

static const char *curve_name(size_t index) {
    return tls_curves[index].name;
}

static const void *take_curve(struct reading *reading, const struct node *node, const char *path) {
    const struct names names = {curve_name, tls_curve_count, "curve"};
    size_t index = 0;

    return read_name(reading, node, path, &names, &index) ? &tls_curves[index] : NULL;
}

static void read_curves(struct reading *reading, const struct field *field UNUSED,
                        const struct spot *spot) {
    struct web_tls_config *tls = tls_of(reading);

    tls->curves = read_list(reading, spot, take_curve, &tls->curve_count);
}

static void read_sans(struct reading *reading, const struct field *field UNUSED,
                      const struct spot *spot) {
    struct web_tls_config *tls = tls_of(reading);

    tls->allowed_sans = read_list(reading, spot, take_text, &tls->allowed_san_count);
}

static void read_preference(struct reading *reading, const struct field *field UNUSED,
                            const struct spot *spot) {
    (void)read_bool(reading, spot, &tls_of(reading)->prefer_server_suites);
}

static const struct field tls_fields[] = {
    {"cert", read_material, WEB_CERTIFICATE},
    {"cert_file", read_material_file, WEB_CERTIFICATE},
    {"key", read_material, WEB_KEY},
    {"key_file", read_material_file, WEB_KEY},
    {"client_ca", read_material, WEB_CLIENT_CA},
    {"client_ca_file", read_material_file, WEB_CLIENT_CA},
    {"client_auth_type", read_client_auth, 0},
    {"client_allowed_sans", read_sans, 0},
    {"min_version", read_version, 0},
    {"max_version", read_version, 1},
    {"cipher_suites", read_suites, 0},
    {"prefer_server_cipher_suites", read_preference, 0},
    {"curve_preferences", read_curves, 0},
};

/* What the fields may not be together. */
static void judge_tls(struct reading *reading, const struct spot *spot) {
    const struct web_tls_config *tls = tls_of(reading);
    const bool asks = tls->client_auth != WEB_NO_CLIENT_CERT;
    const bool verifies = tls->client_auth == WEB_VERIFY_CLIENT_CERT_IF_GIVEN ||
                          tls->client_auth == WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
    const bool requires = tls->client_auth == WEB_REQUIRE_ANY_CLIENT_CERT ||
                          tls->client_auth == WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
    const bool has_authority = tls->materials[WEB_CLIENT_CA].field != NULL;
    const struct {
        bool wrong;
        const char *problem;
        const char *remedy;
    } rules[] = {
        {tls->materials[WEB_CERTIFICATE].field == NULL, "has no certificate",
         "give cert_file, or cert"},
        {tls->materials[WEB_KEY].field == NULL, "has no key", "give key_file, or key"},
        {has_authority && !asks, "has an authority for clients, but asks for no certificate",
         "set client_auth_type to RequireAndVerifyClientCert, or leave client_ca_file out"},
        {verifies && !has_authority, "has no authority to verify clients' certificates with",
         "give client_ca_file, or client_ca"},
        {tls->allowed_san_count > 0 && !requires,
         "has client_allowed_sans, but lets clients in without a certificate",
         "set client_auth_type to RequireAndVerifyClientCert"},
        {tls->min_version > tls->max_version, "has a min_version above its max_version",
         "exchange the two"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        if (rules[i].wrong) {
            complain(reading, spot->key, spot->path, rules[i].remedy, "%s", rules[i].problem);
        }
    }
}

static void read_tls(struct reading *reading, const struct field *field UNUSED,
                     const struct spot *spot) {
    size_t errors = reading->errors;

    read_fields(reading, spot->value, spot->path, tls_fields, ARRAY_LENGTH(tls_fields));
    reading->config->tls = spot->value->type == NODE_MAPPING && spot->value->mapping.count > 0;
    if (reading->config->tls && reading->errors == errors) {
        judge_tls(reading, spot);
    }
}

/* --- http_server_config --------------------------------------------------------------------- */

/* HTTP/1.1 is spoken whatever it says: a client that would like HTTP/2 takes that. */
static void read_http2(struct reading *reading, const struct field *field UNUSED,
                       const struct spot *spot) {
    bool ignored = false;

    (void)read_bool(reading, spot, &ignored);
}

struct header_rule {
    const char *name;
    const char *words[2]; /* the only values, beside ""; NULL: any */
};

/* exporter-toolkit takes these and no others. */
static const struct header_rule header_rules[] = {
    {"Content-Security-Policy", {NULL}},
    {"Strict-Transport-Security", {NULL}},
    {"X-Content-Type-Options", {"nosniff", NULL}},
    {"X-Frame-Options", {"deny", "sameorigin"}},
    {"X-XSS-Protection", {NULL}},
};

static bool is_printable(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool header_may_be(const struct header_rule *rule, const char *value) {
    if (rule->words[0] == NULL || value[0] == '\0') {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(rule->words) && rule->words[i] != NULL; i++) {
        if (strcmp(rule->words[i], value) == 0) {
            return true;
        }
    }
    return false;
}

static const char *header_name(size_t index) {
    return header_rules[index].name;
}

static void read_header(struct reading *reading, const struct node_pair *pair, const char *path) {
    const struct names names = {header_name, ARRAY_LENGTH(header_rules), "header that can be set"};
    struct web_config *config = reading->config;
    size_t index = 0;
    bool known = read_name(reading, pair->key, path, &names, &index);
    const struct header_rule *rule = &header_rules[index];
    const char *value = node_is_null(pair->value) ? "" : text_of(reading, pair->value, path);

    if (!known || value == NULL) {
        return;
    }
    if (!is_printable(bytes_of(value))) {
        complain(reading, pair->value, path, "write one line of printable ASCII characters",
                 "holds characters that no header may have");
    } else if (!header_may_be(rule, value)) {
        complain(reading, pair->value, path,
                 rule->words[1] != NULL ? arena_format(reading->arena, "write %s or %s",
                                                       rule->words[0], rule->words[1])
                                        : arena_format(reading->arena, "write %s", rule->words[0]),
                 "may not be \"%.*s\"", BYTES_ARG(shown(pair->value)));
    } else {
        config->headers[config->header_count++] = (struct web_header){rule->name, value};
    }
}

static void read_headers(struct reading *reading, const struct field *field UNUSED,
                         const struct spot *spot) {
    const struct node *mapping = spot->value;

    if (!is_mapping(reading, mapping, spot->path)) {
        return;
    }
    reading->config->headers =
        ARENA_NEW_ARRAY(reading->arena, struct web_header, mapping->mapping.count);
    for (size_t i = 0; i < mapping->mapping.count; i++) {
        const struct node_pair *pair = &mapping->mapping.pairs[i];
        read_header(reading, pair, path_below(reading, spot->path, pair->key));
    }
}

static const struct field http_fields[] = {
    {"http2", read_http2, 0},
    {"headers", read_headers, 0},
};

static void read_http(struct reading *reading, const struct field *field UNUSED,
                      const struct spot *spot) {
    read_fields(reading, spot->value, spot->path, http_fields, ARRAY_LENGTH(http_fields));
}

/* --- basic_auth_users ----------------------------------------------------------------------- */

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* Of a bcrypt hash; 0 where it is none. */
static unsigned bcrypt_cost(const char *hash) {
    static const char alphabet[] =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *cost = hash + BCRYPT_COST_AT;

    if (strlen(hash) != BCRYPT_LENGTH || strncmp(hash, "$2", 2) != 0 ||
        strchr("aby", hash[2]) == NULL || hash[3] != '$' || !is_digit(cost[0]) ||
        !is_digit(cost[1]) || cost[2] != '$' ||
        strspn(hash + BCRYPT_SALT_AT, alphabet) != BCRYPT_LENGTH - BCRYPT_SALT_AT) {
        return 0;
    }
    return (unsigned)(cost[0] - '0') * DECIMAL + (unsigned)(cost[1] - '0');
}

/* The hash is a secret: it is not shown, whatever is wrong with it. */
static const char *hash_of(struct reading *reading, const struct node *node, const char *path,
                           unsigned *ret_cost) {
    const char *hash =
        node->type == NODE_SCALAR ? arena_string(reading->arena, node->scalar.text) : "";
    unsigned cost = bcrypt_cost(hash);

    if (cost == 0) {
        complain(reading, node, path, "write what `htpasswd -nBC 10 USER` prints behind the colon",
                 "is no bcrypt hash");
        return NULL;
    }
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX) {
        complain(reading, node, path, "make the hash anew; 10 is usual",
                 "has a cost of %u, and may have from %d to %d", cost, BCRYPT_COST_MIN,
                 BCRYPT_COST_MAX);
        return NULL;
    }
    *ret_cost = cost;
    return hash;
}

/* A hash that is well-formed, and that no password is known to have. */
static const char *decoy_of(struct reading *reading, unsigned cost) {
    return arena_format(reading->arena, "$2y$%02u$%s", cost,
                        ".....................................................");
}

static void read_users(struct reading *reading, const struct field *field UNUSED,
                       const struct spot *spot) {
    const struct node *mapping = spot->value;
    struct web_config *config = reading->config;
    unsigned dearest = 0;

    if (!is_mapping(reading, mapping, spot->path)) {
        return;
    }
    config->users = ARENA_NEW_ARRAY(reading->arena, struct web_user, mapping->mapping.count);
    for (size_t i = 0; i < mapping->mapping.count; i++) {
        const struct node_pair *pair = &mapping->mapping.pairs[i];
        const char *path = path_below(reading, spot->path, pair->key);
        unsigned cost = 0;
        if (bytes_find(pair->key->scalar.text, BYTES(":"), 0) != SIZE_MAX) {
            complain(reading, pair->key, path, "choose another name",
                     "has a colon, which no user name of basic authentication can have");
        }
        const char *hash = hash_of(reading, pair->value, path, &cost);
        if (hash != NULL) {
            config->users[config->user_count++] = (struct web_user){
                .name = arena_string(reading->arena, pair->key->scalar.text), .hash = hash};
            dearest = cost > dearest ? cost : dearest;
        }
    }
    config->decoy_hash = decoy_of(reading, dearest);
}

/* --- rate_limit ----------------------------------------------------------------------------- */

static void read_interval(struct reading *reading, const struct field *field UNUSED,
                          const struct spot *spot) {
    const char *text = text_of(reading, spot->value, spot->path);
    int64_t interval = 0;

    if (text == NULL) {
        return;
    }
    if (duration_parse(bytes_of(text), &interval) < 0 || interval > INTERVAL_MAX) {
        complain(reading, spot->value, spot->path, "write it as in 500ms, 1s, 1m30s; 0 is no limit",
                 "\"%.*s\" is not a duration of at most a day", BYTES_ARG(shown(spot->value)));
        return;
    }
    reading->config->rate_limit.interval = interval;
}

static void read_burst(struct reading *reading, const struct field *field UNUSED,
                       const struct spot *spot) {
    const struct node *value = spot->value;

    if (value->type != NODE_SCALAR || value->scalar.kind != SCALAR_INTEGER ||
        value->scalar.integer < 0 || value->scalar.integer > BURST_MAX) {
        complain(reading, value, spot->path, "write how many requests may come at once",
                 "must be a whole number from 0 to %d", BURST_MAX);
        return;
    }
    reading->config->rate_limit.burst = value->scalar.integer;
}

static const struct field rate_fields[] = {
    {"interval", read_interval, 0},
    {"burst", read_burst, 0},
};

static void read_rate_limit(struct reading *reading, const struct field *field UNUSED,
                            const struct spot *spot) {
    const struct web_rate_limit *limit = &reading->config->rate_limit;
    size_t errors = reading->errors;

    read_fields(reading, spot->value, spot->path, rate_fields, ARRAY_LENGTH(rate_fields));
    if (reading->errors == errors && limit->interval > 0 && limit->burst == 0) {
        complain(reading, spot->key, spot->path, "set burst to 1 or more",
                 "lets no request through: it has an interval, and a burst of 0");
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static const struct field top_fields[] = {
    {"tls_server_config", read_tls, 0},
    {"http_server_config", read_http, 0},
    {"basic_auth_users", read_users, 0},
    {"rate_limit", read_rate_limit, 0},
};

static void read_documents(struct reading *reading, const struct document *documents,
                           size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct node *root = documents[i].root;
        reading->errors += documents[i].failed;
        if (root == NULL || node_is_null(root)) {
            continue;
        }
        if (i > 0) {
            complain(reading, root, NULL, "put everything into one", "is a second document");
            return;
        }
        read_fields(reading, root, NULL, top_fields, ARRAY_LENGTH(top_fields));
    }
}

int web_config_parse(struct arena *arena, struct bytes text, const char *file,
                     struct diagnostics *diagnostics, struct web_config **ret) {
    struct web_config *config = ARENA_NEW(arena, struct web_config);
    struct reading reading = {
        .arena = arena, .file = file, .diagnostics = diagnostics, .config = config};
    struct document *documents = NULL;
    size_t count = 0;

    config->tls_server.min_version = TLS_VERSION_USUAL_MIN;
    config->tls_server.max_version = TLS_VERSION_USUAL_MAX;
    config->tls_server.prefer_server_suites = true;
    if (tree_parse(arena, text, &yaml_default_limits, file, diagnostics, &documents, &count) < 0) {
        return -EINVAL;
    }
    read_documents(&reading, documents, count);
    if (reading.errors > 0) {
        return -EINVAL;
    }
    *ret = config;
    return 0;
}
