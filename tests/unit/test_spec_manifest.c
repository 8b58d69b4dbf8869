/* SPDX-License-Identifier: Apache-2.0 */

/* Files of manifests: which documents they hold, whose they are, and what is wrong with them. */

#include "base/compiler.h"
#include "spec/manifest.h"
#include "spec/selector.h"
#include "support/assertions.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

struct reading {
    struct manifest *manifest;
    struct arena *arena;
};

static void reading_free(struct reading *reading) {
    manifest_free(reading->manifest);
    arena_free(reading->arena);
}

#define READING CLEANUP(reading_free) struct reading

static struct reading read_bound(const char *text, const char *namespace) {
    return (struct reading){
        .manifest = manifest_read(bytes_of(text), "rw.yaml", namespace, &yaml_default_limits, NULL),
        .arena = arena_new(),
    };
}

static struct reading read_text(const char *text) {
    return read_bound(text, NULL);
}

/* What is said about the file and about each RemoteWrite, a line each. */
static const char *said(const struct reading *reading) {
    CLEANUP(buffer_free) struct buffer out = {0};

    for (size_t i = 0; i < reading->manifest->diagnostics.count; i++) {
        diagnostic_format(&reading->manifest->diagnostics.items[i], &out);
        buffer_append_char(&out, '\n');
    }
    for (size_t i = 0; i < reading->manifest->remote_write_count; i++) {
        const struct diagnostics *own = &reading->manifest->remote_writes[i]->diagnostics;
        for (size_t j = 0; j < own->count; j++) {
            diagnostic_format(&own->items[j], &out);
            buffer_append_char(&out, '\n');
        }
    }
    return arena_string(reading->arena, buffer_bytes(&out));
}

#define GIANTSWARM "apiVersion: monitoring.giantswarm.io/v1alpha1\nkind: RemoteWrite\n"
#define COREOS     "apiVersion: monitoring.coreos.com/v1alpha1\nkind: RemoteWrite\n"
#define SPEC       "spec: {clusterSelector: {}, remoteWrite: {url: 'http://a'}}\n"

static void nothing_in_a_file_is_nothing_to_say(void **state) {
    static const char *const texts[] = {"",       "\n", "# comment\n", "---\n---\n# x\n...\n",
                                        "null\n", "~\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        READING reading = read_text(texts[i]);
        assert_int_equal(reading.manifest->remote_write_count, 0);
        assert_string_equal(said(&reading), "");
    }
}

static void both_api_groups_are_read(void **state) {
    READING reading = read_text(
        GIANTSWARM "metadata: {name: a, namespace: ns, labels: {b: c}}\n" SPEC "---\n" COREOS
                   "metadata: {name: b}\nspec: {url: 'http://b'}\nstatus: {any: thing}\n");
    const struct remote_write *const *items = reading.manifest->remote_writes;

    assert_string_equal(said(&reading), "");
    assert_int_equal(reading.manifest->remote_write_count, 2);
    assert_int_equal(items[0]->group, API_GROUP_GIANTSWARM);
    assert_string_equal(items[0]->subject, "ns/a");
    assert_string_equal(labels_get(&items[0]->labels, "b"), "c");
    assert_int_equal(items[1]->group, API_GROUP_COREOS);
    assert_string_equal(items[1]->subject, "b");
    assert_string_equal(items[1]->namespace, "");
    assert_int_equal(items[1]->cluster_selector->count, 0);
    assert_int_equal(items[1]->location.line, 6);
    assert_true(bytes_equal_string(object_text(items[1]->spec, "url"), "http://b"));
}

static void a_selector_that_is_null_or_absent_selects_nothing(void **state) {
    READING absent =
        read_text(GIANTSWARM "metadata: {name: a}\nspec: {remoteWrite: {url: 'http://a'}}\n");
    READING null = read_text(
        GIANTSWARM
        "metadata: {name: a}\nspec: {clusterSelector: null, remoteWrite: {url: 'http://a'}}\n");
    READING empty = read_text(GIANTSWARM "metadata: {name: a}\n" SPEC);

    assert_null(absent.manifest->remote_writes[0]->cluster_selector);
    assert_null(null.manifest->remote_writes[0]->cluster_selector);
    assert_non_null(empty.manifest->remote_writes[0]->cluster_selector);
    assert_null(null.manifest->remote_writes[0]->fault);
}

static void lists_are_opened_and_lists_in_lists_too(void **state) {
    READING reading = read_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{apiVersion: monitoring.coreos.com/v1alpha1, kind: RemoteWriteList, items: [{apiVersion: monitoring.coreos.com/v1alpha1, kind: RemoteWrite, metadata: {name: deep}, spec: {url: 'http://a'}}]}]}\n"
        "- {apiVersion: v1, kind: SecretList, items: [{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: b}}]}\n"
        "- {apiVersion: v1, kind: ConfigMapList, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}, null]}\n"
        "- {apiVersion: v1, kind: List}\n");

    assert_string_equal(said(&reading), "");
    assert_int_equal(reading.manifest->remote_write_count, 1);
    assert_int_equal(reading.manifest->document_count, 2);
    assert_false(reading.manifest->documents[0]->configmap);
    assert_true(reading.manifest->documents[1]->configmap);
}

/* As kubectl and Kubernetes' own client write them: what the list says is not repeated. */
static void items_of_a_typed_list_are_what_it_lists(void **state) {
    READING reading = read_text(
        "apiVersion: monitoring.giantswarm.io/v1alpha1\nkind: RemoteWriteList\nitems:\n"
        "- {metadata: {name: a}, spec: {clusterSelector: {}, remoteWrite: {url: 'http://a'}}}\n"
        "- {kind: RemoteWrite, metadata: {name: b}, spec: {remoteWrite: {url: 'http://b'}}}\n"
        "---\n"
        "apiVersion: monitoring.coreos.com/v1alpha1\nkind: RemoteWriteList\nitems:\n"
        "- {apiVersion: null, metadata: {name: c}, spec: {url: 'http://c'}}\n"
        "- {apiVersion: monitoring.coreos.com/v1alpha1, metadata: {name: d}, spec: {url: 'http://d'}}\n"
        "---\n"
        "{apiVersion: v1, kind: SecretList, items: [{metadata: {name: s}, stringData: {a: b}}]}\n"
        "---\n"
        "{apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: c}, data: {a: b}}]}\n");
    const struct remote_write *const *items = reading.manifest->remote_writes;

    assert_string_equal(said(&reading), "");
    assert_int_equal(reading.manifest->unidentified, 0);
    assert_int_equal(reading.manifest->remote_write_count, 4);
    assert_string_equal(items[1]->name, "b");
    assert_int_equal(items[1]->group, API_GROUP_GIANTSWARM);
    assert_string_equal(items[3]->name, "d");
    assert_int_equal(items[3]->group, API_GROUP_COREOS);
    assert_int_equal(reading.manifest->document_count, 2);
    assert_false(reading.manifest->documents[0]->configmap);
    assert_true(reading.manifest->documents[1]->configmap);
}

static void an_item_that_says_what_it_is_is_that_in_any_list(void **state) {
    READING reading =
        read_text("apiVersion: v1\nkind: SecretList\nitems:\n"
                  "- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}\n"
                  "- {kind: RemoteWrite, metadata: {name: a}, spec: {url: 'http://a'}}\n"
                  "- {kind: 7, metadata: {name: s}}\n");

    assert_int_equal(reading.manifest->document_count, 1);
    assert_true(reading.manifest->documents[0]->configmap);
    assert_int_equal(reading.manifest->unidentified, 2);
    assert_non_null(strstr(said(&reading), "rw.yaml:5:3: error: [a] apiVersion: \"v1\" is not "
                                           "known for kind RemoteWrite; use "));
    assert_non_null(strstr(said(&reading), "rw.yaml:6:3: error: kind: is missing or no string"));
}

static void an_item_of_a_list_of_anything_has_to_say_what_it_is(void **state) {
    READING reading = read_text(
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {metadata: {name: a}, spec: {url: 'http://a'}}\n"
        "- {apiVersion: v1, metadata: {name: s}}\n"
        "- {apiVersion: v1, kind: SecretList, items: [{metadata: {name: s}, data: {}}]}\n");

    assert_int_equal(reading.manifest->remote_write_count, 0);
    assert_int_equal(reading.manifest->document_count, 1);
    assert_int_equal(reading.manifest->unidentified, 2);
    assert_non_null(strstr(said(&reading), "rw.yaml:4:3: error: apiVersion: is missing"));
    assert_non_null(strstr(said(&reading), "rw.yaml:5:3: error: kind: is missing"));
}

static void lists_that_nest_too_deeply_are_refused(void **state) {
    READING reading = read_text(
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: []}]}]}]}]}");

    assert_non_null(strstr(said(&reading), "nests lists too deeply"));
}

static void other_kinds_are_passed_over_with_an_info(void **state) {
    READING reading =
        read_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\n" COREOS
                  "metadata: {name: b}\nspec: {url: 'http://b'}\n");

    assert_int_equal(reading.manifest->remote_write_count, 1);
    assert_int_equal(diagnostics_count(&reading.manifest->diagnostics, SEVERITY_WARNING), 0);
    assert_non_null(strstr(said(&reading), "apps/v1 Deployment is passed over"));
}

static void a_bound_directory_gives_its_namespace(void **state) {
    READING filled = read_bound(COREOS "metadata: {name: a}\nspec: {url: 'http://a'}\n", "team-a");
    READING same = read_bound(
        COREOS "metadata: {name: a, namespace: team-a}\nspec: {url: 'http://a'}\n", "team-a");
    READING other = read_bound(
        COREOS "metadata: {name: a, namespace: team-b}\nspec: {url: 'http://a'}\n", "team-a");
    READING number =
        read_bound(COREOS "metadata: {name: a, namespace: 1}\nspec: {url: 'http://a'}\n", "team-a");
    READING secret = read_bound(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n", "team-a");
    READING forged = read_bound(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: team-b}\nstringData: {a: b}\n",
        "team-a");

    assert_string_equal(filled.manifest->remote_writes[0]->namespace, "team-a");
    assert_true(filled.manifest->remote_writes[0]->bound);
    assert_null(same.manifest->remote_writes[0]->fault);
    assert_string_equal(other.manifest->remote_writes[0]->namespace, "team-a");
    assert_non_null(other.manifest->remote_writes[0]->fault);
    assert_string_equal(number.manifest->remote_writes[0]->namespace, "team-a");
    assert_non_null(number.manifest->remote_writes[0]->fault);
    assert_string_equal(secret.manifest->documents[0]->namespace, "team-a");
    assert_int_equal(forged.manifest->document_count, 0);
}

static void wrong_metadata_is_said_at_its_place(void **state) {
    static const char *const cases[][2] = {
        {"metadata: {name: a, labels: x}\n",
         "rw.yaml:3:29: error: [a] metadata.labels: must be a mapping"},
        {"metadata: {name: a, labels: {b: 1}}\n",
         "rw.yaml:3:33: error: [a] metadata.labels.b: must be a string"},
        {"metadata: {name: [a]}\n", "rw.yaml:3:18: error: metadata.name: must be a string"},
        {"metadata: {name: a, namespace: [b]}\n",
         "rw.yaml:3:32: error: [a] metadata.namespace: must be a string"},
        {"metadata: {name: a/b}\n",
         "rw.yaml:3:18: error: [a/b] metadata.name: \"a/b\" may have only"},
        {"metadata: x\n", "metadata.name: is missing"},
        {"metadata: {name: null}\n", "metadata.name: is missing"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        READING reading = read_text(arena_format(arena, "%s%s%s", GIANTSWARM, cases[i][0], SPEC));
        if (strstr(said(&reading), cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], said(&reading));
        }
        assert_non_null(reading.manifest->remote_writes[0]->fault);
    }
}

static void a_secret_document_is_data_with_string_data_over_it(void **state) {
    READING reading = read_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns}\ntype: Opaque\nimmutable: true\ndata: {b: Yg==, a: b2xk}\nstringData: {a: new, c: '3'}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: text}\nbinaryData: {b: /w==}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: empty}\n");
    const struct keyed_document *secret = reading.manifest->documents[0];

    assert_string_equal(said(&reading), "");
    assert_int_equal(reading.manifest->document_count, 3);
    assert_int_equal(secret->count, 3);
    assert_string_equal(secret->items[0].key, "a");
    assert_true(bytes_equal_string(secret->items[0].value, "new"));
    assert_true(bytes_equal_string(secret->items[1].value, "b"));
    assert_true(bytes_equal_string(secret->items[2].value, "3"));
    assert_int_equal(reading.manifest->documents[1]->count, 2);
    assert_int_equal(reading.manifest->documents[2]->count, 0);
}

static void its_own_secrets_are_read_and_may_have_null_parts(void **state) {
    READING reading = read_text(
        GIANTSWARM
        "metadata: {name: a}\nspec:\n  clusterSelector: {}\n  remoteWrite: {url: 'http://a'}\n  secrets:\n  - {name: one, data: null, stringData: {k: v}}\n  - {name: two, data: {k: dg==}}\n");
    const struct remote_write *item = reading.manifest->remote_writes[0];

    assert_string_equal(said(&reading), "");
    assert_int_equal(item->secret_count, 2);
    assert_string_equal(item->secrets[1].name, "two");
    assert_true(bytes_equal_string(item->secrets[1].items[0].value, "v"));
}

static void types_of_every_kind_are_told_apart(void **state) {
    static const char *const cases[][2] = {
        {"headers: {1: a}", "has a key that is a number"},
        {"headers: {yes: a}", "has a key that is a boolean"},
        {"proxyConnectHeader: {1: []}", "has a key that is a number"},
        {"headers: [a]", "must be a mapping, but this is a list"},
        {"writeRelabelConfigs: [null]", "must be a mapping, but this is null"},
        {"writeRelabelConfigs: [{sourceLabels: a}]", "must be a list, but a is a string"},
        {"writeRelabelConfigs: [{sourceLabels: [1]}]",
         "sourceLabels[0]: must be a string, but 1 is a number"},
        {"oauth2: {clientId: {secret: x}}", "must be a reference to a Secret, but"},
        {"oauth2: {clientId: x}", "must be a reference to a Secret or ConfigMap, but"},
        {"tlsConfig: {ca: {configMap: []}}", "must be a reference to a ConfigMap, but"},
        {"tlsConfig: {ca: {configMap: {key: a}}}", "name the ConfigMap"},
        {"tlsConfig: {ca: {secret: {name: a, key: ''}}}", "must not be empty"},
        {"tlsConfig: {ca: {secret: {name: a, key: b, optional: 1}}}",
         "must be a boolean, but 1 is a number"},
        {"sigv4: {externalId: ''}", "must not be empty"},
        {"azureAd: {scope: 'a?b', sdk: {}}", "does not match"},
        {"metadataConfig: {maxSamplesPerSend: 9223372036854775808}", "must be an integer"},
        {"queueConfig: {remoteTimeout: 1s}", "it belongs beside url"},
        {"maxShards: 1", "it belongs below: queueConfig.maxShards"},
        {"serverName: a", "it belongs below: "},
        {"remoteWrite: {}", "is not a known field"},
        {"remoteTimeout: [1s]", "must be a duration, but this is a list"},
        {"12: a", "is not a known field"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        READING reading = read_text(arena_format(
            arena, "%smetadata: {name: a}\nspec:\n  url: http://a\n  %s\n", COREOS, cases[i][0]));
        if (strstr(said(&reading), cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], said(&reading));
        }
    }
}

static void every_fault_of_a_remote_write_is_said_at_once(void **state) {
    READING reading = read_text(
        COREOS
        "metadata: {name: a}\nspec: {url: '', remoteTimeout: 1x, sendExemplars: 1, foo: 2}\n");

    assert_int_equal(reading.manifest->remote_writes[0]->diagnostics.count, 4);
    assert_non_null(
        strstr(reading.manifest->remote_writes[0]->fault, "spec.url: is not a usable URL"));
}

static void a_syntax_error_spoils_its_own_document_alone(void **state) {
    READING reading = read_text(COREOS "metadata: {name: a}\nspec: {url: 'http://a'\n---\n" COREOS
                                       "metadata: {name: b}\nspec: {url: 'http://b'}\n");

    assert_int_equal(reading.manifest->remote_write_count, 1);
    assert_string_equal(reading.manifest->remote_writes[0]->name, "b");
    assert_int_equal(reading.manifest->diagnostics.count, 1);
}

static void what_is_no_text_is_said_and_nothing_more(void **state) {
    READING reading = read_text("kind: \xff\n");

    assert_int_equal(reading.manifest->remote_write_count, 0);
    assert_int_equal(reading.manifest->diagnostics.count, 1);
    manifest_free(NULL);
}

/* --- as much as a file may hold ------------------------------------------------------------- */

/* What a manifest of these parts costs, in bytes of its arena. */
static size_t cost_of(const char *begin, const char *item, size_t count, const char *end,
                      size_t *ret_said) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_append_string(&text, begin);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&text, item);
    }
    buffer_append_string(&text, end);
    READING reading = read_text(buffer_string(&text));
    *ret_said = reading.manifest->diagnostics.count;
    for (size_t i = 0; i < reading.manifest->remote_write_count; i++) {
        *ret_said += reading.manifest->remote_writes[i]->diagnostics.count;
    }
    return arena_size(reading.manifest->arena);
}

static void what_is_said_about_one_file_has_an_end(void **state) {
    size_t said_of_items = 0;
    size_t said_of_fields = 0;

    cost_of("apiVersion: v1\nkind: List\nitems: [", "1,", 1000, "]\n", &said_of_items);
    assert_int_equal(said_of_items, SCOPE_DIAGNOSTICS_MAX + 1);
    cost_of(COREOS "metadata: {name: a}\nspec: {url: 'http://a', queueConfig: {}, "
                   "writeRelabelConfigs: [",
            "{a: b},", 1000, "]}\n", &said_of_fields);
    assert_int_equal(said_of_fields, SCOPE_DIAGNOSTICS_MAX + 1);
}

static void a_first_error_is_said_however_much_was_said_before(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};

    for (size_t i = 0; i < (size_t)2 * SCOPE_DIAGNOSTICS_MAX; i++) {
        buffer_append_string(&text, "apiVersion: v1\nkind: Pod\n---\n");
    }
    buffer_append_string(&text, "apiVersion: v1\n");
    READING reading = read_text(buffer_string(&text));
    assert_int_equal(diagnostics_count(&reading.manifest->diagnostics, SEVERITY_ERROR), 1);
}

static void a_long_key_or_name_is_not_repeated_in_full(void **state) {
    CLEANUP(buffer_free) struct buffer begin = {0};
    size_t said_count = 0;

    buffer_append_string(&begin, COREOS "metadata: {name: '");
    buffer_append_repeated(&begin, 'n', 100000);
    buffer_append_string(
        &begin, "'}\nspec:\n  url: http://a\n  proxyUrl: http://p\n  proxyConnectHeader:\n    ? '");
    buffer_append_repeated(&begin, 'k', 100000);
    buffer_append_string(&begin, "'\n    : [");
    assert_between(cost_of(buffer_string(&begin), "{},", 1000, "]\n", &said_count), 0,
                   4 * 1024 * 1024);
}

static void own_secrets_are_found_by_name_in_any_order(void **state) {
    READING reading = read_text(
        GIANTSWARM
        "metadata: {name: a}\nspec: {clusterSelector: {}, remoteWrite: {url: 'http://a'}, "
        "secrets: [{name: c}, {name: a}, {name: c}, {name: b}]}\n");
    const struct remote_write *remote_write = reading.manifest->remote_writes[0];

    assert_int_equal(remote_write->secret_count, 4);
    for (size_t i = 1; i < remote_write->secret_count; i++) {
        assert_true(strcmp(remote_write->secrets[i - 1].name, remote_write->secrets[i].name) <= 0);
    }
    assert_non_null(strstr(said(&reading), "spec.secrets[2].name: \"c\" stands twice"));
}

static void a_plain_tilde_in_a_string_field_has_to_be_quoted(void **state) {
    static const char *const cases[][2] = {
        {"proxyUrl: ~", "spec.proxyUrl: must be a string, but ~ is null"},
        {"remoteTimeout: ~", "spec.remoteTimeout: must be a string, but ~ is null"},
        {"messageVersion: ~", "spec.messageVersion: must be a string, but ~ is null"},
        {"sigv4: {region: ~}", "spec.sigv4.region: must be a string, but ~ is null"},
        {"tlsConfig: {serverName: ~}", "spec.tlsConfig.serverName: must be a string, but ~ is"},
        {"writeRelabelConfigs: [{targetLabel: a, replacement: ~}]",
         "spec.writeRelabelConfigs[0].replacement: must be a string, but ~ is null"},
        {"basicAuth: {username: {name: ~, key: k}}", "spec.basicAuth.username.name: must be"},
        {"authorization: {type: &none ~, credentials: {name: *none, key: k}}",
         "spec.authorization.credentials.name: must be"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, COREOS "metadata: {name: a}\nspec: {url: 'http://a', %s}\n",
                      cases[i][0]);
        READING reading = read_text(buffer_string(&text));
        if (strstr(said(&reading), cases[i][1]) == NULL ||
            strstr(said(&reading), "; put it in quotes, or leave the field out\n") == NULL) {
            fail_msg("%s: says %s", cases[i][0], said(&reading));
        }
        assert_non_null(reading.manifest->remote_writes[0]->fault);
    }
}

static void a_required_field_that_is_a_plain_tilde_is_said_once(void **state) {
    READING reading = read_text(COREOS "metadata: {name: a}\nspec: {url: ~}\n");

    assert_string_equal(said(&reading), "rw.yaml:4:13: error: [a] spec.url: must be a string, but "
                                        "~ is null; put it in quotes, or leave the field out\n");
}

static void a_namespace_that_is_a_plain_tilde_is_no_namespace(void **state) {
    READING reading =
        read_text(COREOS "metadata: {name: a, namespace: ~}\nspec: {url: 'http://a'}\n");

    assert_string_equal(said(&reading),
                        "rw.yaml:3:32: error: [a] metadata.namespace: must be a string, but this "
                        "is null; name a namespace, or leave the field out\n");
}

static void null_and_nothing_are_absent_and_a_tilde_where_no_string_belongs(void **state) {
    static const char *const absent[] = {
        "proxyUrl: null",
        "proxyUrl: Null",
        "proxyUrl: NULL",
        "proxyUrl: ",
        "proxyUrl: !!null ~",
        "remoteTimeout: null",
        "tlsConfig: {serverName: null}",
        "basicAuth: ~",
        "sendExemplars: ~",
        "queueConfig: {maxShards: ~}",
        "writeRelabelConfigs: ~",
        "headers: ~",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(absent); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, COREOS "metadata: {name: a}\nspec: {url: 'http://a', %s}\n",
                      absent[i]);
        READING reading = read_text(buffer_string(&text));
        assert_string_equal(said(&reading), "");
    }
}

/* A manifest of which only the reference to the token is of interest. */
static struct reading read_referring(const char *name, const char *key) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text,
                  COREOS "metadata: {name: a}\nspec:\n  url: http://a\n"
                         "  authorization: {credentials: {name: \"%s\", key: \"%s\"}}\n",
                  name, key);
    return read_text(buffer_string(&text));
}

static void a_reference_that_leaves_the_folder_of_secrets_is_refused(void **state) {
    static const char *const leaving[] = {".",   "..", "../outside", "/etc",   "a/b",
                                          "a/.", "/",  "../../x",    "..data", "..2026_01_01"};

    for (size_t i = 0; i < ARRAY_LENGTH(leaving); i++) {
        READING by_name = read_referring(leaving[i], "key");
        READING by_key = read_referring("team", leaving[i]);

        assert_string_equal(said(&by_name),
                            arena_format(by_name.arena,
                                         "rw.yaml:6:39: error: [a] spec.authorization.credentials"
                                         ".name: \"%s\" would lead out of the Secret's folder; "
                                         "give the name of a Secret: no '/', not '.', and no '..' "
                                         "at its beginning\n",
                                         leaving[i]));
        assert_non_null(by_name.manifest->remote_writes[0]->fault);
        assert_non_null(strstr(said(&by_key), "error: [a] spec.authorization.credentials.key: \""));
        assert_non_null(strstr(said(&by_key), "\" would lead out of the Secret's folder; give a "
                                              "key of the Secret: no '/'"));
        assert_non_null(by_key.manifest->remote_writes[0]->fault);
    }
}

static void every_kind_of_reference_is_kept_within_its_folder(void **state) {
    static const char *const cases[][2] = {
        {"tlsConfig: {ca: {secret: {name: ../x, key: k}}}", "tlsConfig.ca.secret.name: \"../x\""},
        {"tlsConfig: {ca: {configMap: {name: c, key: a/b}}}",
         "tlsConfig.ca.configMap.key: \"a/b\" would lead out of the ConfigMap's folder"},
        {"proxyUrl: http://p, proxyConnectHeader: {H: [{name: s, key: k}, {name: s, key: ..}]}",
         "proxyConnectHeader.H[1].key: \"..\""},
        {"basicAuth: {username: {name: s, key: k}, password: {name: /s, key: k}}",
         "basicAuth.password.name: \"/s\""},
        {"authorization: {credentials: {name: s, key: ../k, optional: true}}",
         "authorization.credentials.key: \"../k\""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, COREOS "metadata: {name: a}\nspec: {url: 'http://a', %s}\n",
                      cases[i][0]);
        READING reading = read_text(buffer_string(&text));
        if (strstr(said(&reading), cases[i][1]) == NULL) {
            fail_msg("%s: says %s", cases[i][0], said(&reading));
        }
        assert_non_null(reading.manifest->remote_writes[0]->fault);
    }
}

/* As many values as a file may have, and what is said about them. */
static void of_a_file_that_is_none_of_ours_only_what_is_wrong_stays(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer with_one = {0};
    const size_t values = 100000;

    buffer_append_string(&text, "---\n[");
    for (size_t i = 0; i < values; i++) {
        buffer_append_string(&text, "a,");
    }
    buffer_append_string(&text, "]\n");
    buffer_append_string(&with_one, GIANTSWARM "metadata: {name: a, namespace: b}\n");
    buffer_append(&with_one, buffer_bytes(&text));
    READING junk = read_text(buffer_string(&text));
    READING one = read_text(buffer_string(&with_one));

    assert_int_equal(junk.manifest->unidentified, 1);
    assert_string_equal(said(&junk),
                        "rw.yaml:2:1: error: must be a mapping, but this is a list; write "
                        "a Kubernetes object: apiVersion, kind, metadata, spec\n");
    assert_true(arena_size(junk.manifest->arena) < values);
    assert_int_equal(one.manifest->remote_write_count, 1);
    assert_true(arena_size(one.manifest->arena) > values);
}

static void names_and_keys_with_dots_and_underscores_are_good(void **state) {
    static const char *const good[] = {
        "a.b", ".dockerconfigjson", "a..b", "tls.crt", "my_token", "-", "a."};

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        READING reading = read_referring(good[i], good[i]);
        assert_string_equal(said(&reading), "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_a_file_is_nothing_to_say),
        cmocka_unit_test(both_api_groups_are_read),
        cmocka_unit_test(a_selector_that_is_null_or_absent_selects_nothing),
        cmocka_unit_test(lists_are_opened_and_lists_in_lists_too),
        cmocka_unit_test(items_of_a_typed_list_are_what_it_lists),
        cmocka_unit_test(an_item_that_says_what_it_is_is_that_in_any_list),
        cmocka_unit_test(an_item_of_a_list_of_anything_has_to_say_what_it_is),
        cmocka_unit_test(lists_that_nest_too_deeply_are_refused),
        cmocka_unit_test(other_kinds_are_passed_over_with_an_info),
        cmocka_unit_test(a_bound_directory_gives_its_namespace),
        cmocka_unit_test(wrong_metadata_is_said_at_its_place),
        cmocka_unit_test(a_secret_document_is_data_with_string_data_over_it),
        cmocka_unit_test(its_own_secrets_are_read_and_may_have_null_parts),
        cmocka_unit_test(types_of_every_kind_are_told_apart),
        cmocka_unit_test(every_fault_of_a_remote_write_is_said_at_once),
        cmocka_unit_test(a_syntax_error_spoils_its_own_document_alone),
        cmocka_unit_test(what_is_no_text_is_said_and_nothing_more),
        cmocka_unit_test(what_is_said_about_one_file_has_an_end),
        cmocka_unit_test(a_first_error_is_said_however_much_was_said_before),
        cmocka_unit_test(a_long_key_or_name_is_not_repeated_in_full),
        cmocka_unit_test(own_secrets_are_found_by_name_in_any_order),
        cmocka_unit_test(a_plain_tilde_in_a_string_field_has_to_be_quoted),
        cmocka_unit_test(a_required_field_that_is_a_plain_tilde_is_said_once),
        cmocka_unit_test(a_namespace_that_is_a_plain_tilde_is_no_namespace),
        cmocka_unit_test(null_and_nothing_are_absent_and_a_tilde_where_no_string_belongs),
        cmocka_unit_test(a_reference_that_leaves_the_folder_of_secrets_is_refused),
        cmocka_unit_test(every_kind_of_reference_is_kept_within_its_folder),
        cmocka_unit_test(of_a_file_that_is_none_of_ours_only_what_is_wrong_stays),
        cmocka_unit_test(names_and_keys_with_dots_and_underscores_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
