/* SPDX-License-Identifier: Apache-2.0 */

/* Attempts of a tenant to get what is not its own, and of secrets to get out where they are seen.
 */

#include "base/compiler.h"
#include "support/assertions.h"
#include "support/compile_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define HEAD(group, name, namespace)              \
    "apiVersion: monitoring." group "/v1alpha1\n" \
    "kind: RemoteWrite\n"                         \
    "metadata: {name: " name ", namespace: " namespace "}\n"
#define TO_EVIL                     \
    "spec:\n"                       \
    "  url: https://evil.example\n" \
    "  authorization: {credentials: {name: token, key: token}}\n"

/* --- another team's credentials --------------------------------------------------------------- */

static void a_tenant_bound_to_its_namespace_cannot_name_another_one(void **state) {
    COMPILE pass = compile_given();
    compile_file(pass, VOLUME_REMOTE_WRITE, "team-b", "rw.yaml",
                 HEAD("coreos.com", "thief", "team-a") TO_EVIL);
    compile_file(pass, VOLUME_SECRET, "team-a", "token/token", "t0ken-of-a");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "thief"), "rejected");
    assert_int_equal(pass->state->secret_count, 0);
}

static void a_secret_directory_bound_to_another_namespace_is_not_seen(void **state) {
    COMPILE pass = compile_given();
    compile_file(
        pass, VOLUME_REMOTE_WRITE, "team-b", "rw.yaml",
        "apiVersion: monitoring.coreos.com/v1alpha1\nkind: RemoteWrite\nmetadata: {name: thief}\n" TO_EVIL);
    compile_file(pass, VOLUME_SECRET, "team-a", "token/token", "t0ken-of-a");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "thief"), "pending");
    assert_int_equal(pass->state->secret_count, 0);
}

static void a_secret_document_that_only_says_so_does_not_replace_a_bound_one(void **state) {
    COMPILE pass = compile_given();
    compile_file(pass, VOLUME_REMOTE_WRITE, "team-a", "rw.yaml",
                 HEAD("coreos.com", "victim", "team-a") TO_EVIL);
    compile_manifest(
        pass, "forged.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: team-a}\nstringData: {token: forged}\n");
    compile_file(pass, VOLUME_SECRET, "team-a", "token/token", "real");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "victim"), "active");
    assert_string_equal(compile_secret(pass, "team-a_victim_authorization.credentials"), "real");
}

static void a_bound_secret_document_goes_before_one_that_only_says_so(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(
        pass, "a-forged.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: team-a}\nstringData: {token: forged}\n");
    compile_file(
        pass, VOLUME_REMOTE_WRITE, "team-a", "rw.yaml",
        HEAD("coreos.com", "victim", "team-a") TO_EVIL
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: real}\n");
    compile_runs(pass);
    assert_string_equal(compile_secret(pass, "team-a_victim_authorization.credentials"), "real");
}

static void an_unbound_manifest_that_takes_a_bound_secret_is_warned_about(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "rw.yaml", HEAD("coreos.com", "claims", "team-a") TO_EVIL);
    compile_file(pass, VOLUME_SECRET, "team-a", "token/token", "t0ken-of-a");
    compile_runs(pass);
    assert_non_null(strstr(compile_messages(pass), "which only the manifest itself says it is of"));
}

static void expressions_that_would_fill_the_memory_of_prometheus_are_refused(void **state) {
    CLEANUP(buffer_free) struct buffer rules = {0};
    COMPILE pass = compile_given();

    buffer_append_string(
        &rules, HEAD("coreos.com", "bomb",
                     "team-a") "spec:\n  url: 'https://real.example'\n  writeRelabelConfigs:\n");
    for (size_t i = 0; i < 200; i++) {
        buffer_append_string(&rules, "  - {action: drop, regex: '(?:[a-f]x*y*z*w){166}'}\n");
    }
    compile_manifest(pass, "rw.yaml", buffer_string(&rules));
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "bomb"), "rejected");
}

/* The state of one with so many rules of a short expression. */
static const char *state_with_rules(struct compile_fixture *pass, size_t count) {
    CLEANUP(buffer_free) struct buffer rules = {0};

    buffer_append_string(
        &rules, HEAD("coreos.com", "many",
                     "team-a") "spec:\n  url: 'https://real.example'\n  writeRelabelConfigs:\n");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&rules, "  - {action: drop, regex: 'a|'}\n");
    }
    compile_manifest(pass, "rw.yaml", buffer_string(&rules));
    compile_runs(pass);
    return compile_state_of(pass, "many");
}

static void a_rule_costs_memory_however_short_its_expression_is(void **state) {
    COMPILE pass = compile_given();
    COMPILE other = compile_given();

    assert_string_equal(state_with_rules(pass, 1900), "active");
    assert_string_equal(state_with_rules(other, 2000), "rejected");
}

/* A secret of 100 kB, named so many times. */
static const char *state_with_references(struct compile_fixture *pass, size_t count) {
    CLEANUP(buffer_free) struct buffer secret = {0};
    CLEANUP(buffer_free) struct buffer manifest = {0};
    const size_t large = 100000;

    buffer_append_repeated(&secret, 'x', large);
    buffer_append_string(
        &manifest, HEAD("coreos.com", "inlines", "team-a") "spec:\n"
                                                           "  url: https://real.example\n"
                                                           "  proxyUrl: http://proxy.example\n"
                                                           "  proxyConnectHeader:\n"
                                                           "    A:\n");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&manifest, "    - {name: large, key: k}\n");
    }
    pass->settings.version = (struct version){.major = 3};
    compile_manifest(pass, "rw.yaml", buffer_string(&manifest));
    compile_file(pass, VOLUME_SECRET, "team-a", "large/k", buffer_string(&secret));
    compile_runs(pass);
    return compile_state_of(pass, "inlines");
}

static void a_secret_that_is_named_again_and_again_does_not_fill_the_config(void **state) {
    COMPILE pass = compile_given();
    COMPILE other = compile_given();

    assert_string_equal(state_with_references(pass, 10), "active");
    assert_string_equal(state_with_references(other, 50000), "rejected");
    assert_non_null(strstr(compile_messages(other), "proxyConnectHeader.A[10]: takes more than 1 "
                                                    "MiB of secrets into the config"));
    assert_true(other->state->config.length < 1000);
}

/* Each mention is looked at once, not with all that follows: the time of it would be hours. */
static void a_line_may_mention_a_marker_a_hundred_thousand_times(void **state) {
    CLEANUP(buffer_free) struct buffer manifest = {0};
    COMPILE pass = compile_given();

    buffer_append_string(
        &manifest, HEAD("coreos.com", "mentions",
                        "team-a") "spec:\n  url: https://real.example\n  headers:\n    X-A: \"");
    for (size_t i = 0; i < 100000; i++) {
        buffer_append_string(&manifest, "# BEGIN remotewrite-sidecar ");
    }
    buffer_append_string(&manifest, "\"\n");
    compile_manifest(pass, "rw.yaml", buffer_string(&manifest));
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "mentions"), "active");
}

/* In a merged config they stand together: no bound on what one document may begin with is theirs.
 */
static void what_values_say_of_directives_spoils_no_config(void **state) {
    CLEANUP(buffer_free) struct buffer manifests = {0};
    COMPILE pass = compile_given();
    const size_t many = 100;

    for (size_t i = 0; i < many; i++) {
        buffer_printf(&manifests,
                      "---\napiVersion: monitoring.coreos.com/v1alpha1\nkind: RemoteWrite\n"
                      "metadata: {name: rw-%zu, namespace: team-a}\n"
                      "spec: {url: 'https://real.example', headers: {X-A: '%%TAG %%TAG'}}\n",
                      i);
    }
    compile_manifest(pass, "rw.yaml", buffer_string(&manifests));
    compile_runs(pass);
    assert_true(pass->state->mergeable);
    assert_string_equal(compile_state_of(pass, "rw-0"), "active");
    assert_non_null(strstr(compile_config(pass), "rw-99"));
}

static void where_namespaces_are_bound_a_claim_reaches_no_bound_secret(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "rw.yaml", HEAD("coreos.com", "claims", "team-a") TO_EVIL);
    compile_file(pass, VOLUME_REMOTE_WRITE, "team-a", "rw.yaml",
                 HEAD("coreos.com", "owner", "team-a") "spec: {url: 'https://real.example'}\n");
    compile_file(pass, VOLUME_SECRET, "team-a", "token/token", "t0ken-of-a");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "claims"), "pending");
    assert_string_equal(compile_state_of(pass, "owner"), "active");
    assert_int_equal(pass->state->secret_count, 0);
}

static void a_place_without_the_key_does_not_end_the_search(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(
        pass, "rw.yaml",
        HEAD("coreos.com", "asks",
             "team-a") "spec:\n  url: 'https://real.example'\n"
                       "  authorization: {credentials: {name: s, key: token}}\n"
                       "---\napiVersion: v1\nkind: Secret\n"
                       "metadata: {name: s, namespace: team-a}\nstringData: {other: x}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/token", "t0ken");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "asks"), "active");
}

static void a_remote_write_that_only_says_its_namespace_does_not_displace_a_bound_one(
    void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "a-forged.yaml", HEAD("coreos.com", "victim", "team-a") TO_EVIL);
    compile_file(pass, VOLUME_REMOTE_WRITE, "team-a", "rw.yaml",
                 HEAD("coreos.com", "victim", "team-a") "spec: {url: 'https://real.example'}\n");
    compile_file(pass, VOLUME_SECRET, "team-a", "token/token", "t0ken-of-a");
    compile_runs(pass);
    assert_non_null(strstr(compile_config(pass), "https://real.example"));
    assert_null(strstr(compile_config(pass), "https://evil.example"));
}

static void names_with_slashes_and_dots_reach_no_other_file(void **state) {
    static const char *const references[] = {
        "{name: ../team-a/token, key: token}",
        "{name: token, key: ../../team-a/token/token}",
        "{name: token/token, key: x}",
        "{name: ., key: token}",
        "{name: .., key: token}",
        "{name: \"token\\0x\", key: token2}",
        "{name: /etc, key: passwd}",
        "{name: \"\", key: token}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(references); i++) {
        COMPILE pass = compile_given();
        compile_remote_write(
            pass, "thief",
            arena_format(pass->arena, "    authorization: {credentials: %s}\n", references[i]));
        compile_file(pass, VOLUME_SECRET, NULL, "token/token", "s3cr3t");
        compile_runs(pass);
        assert_string_not_equal(compile_state_of(pass, "thief"), "active");
        assert_int_equal(pass->state->secret_count, 0);
    }
}

static void a_secret_is_no_configmap_and_a_configmap_no_secret(void **state) {
    COMPILE pass = compile_given();
    compile_remote_write(pass, "a",
                         "    tlsConfig: {ca: {configMap: {name: token, key: token}}}\n");
    compile_remote_write(pass, "b", "    authorization: {credentials: {name: settings, key: x}}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "token/token", "s3cr3t");
    compile_file(pass, VOLUME_CONFIGMAP, NULL, "settings/x", "y");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "pending");
    assert_string_equal(compile_state_of(pass, "b"), "pending");
}

static void two_remote_writes_never_share_a_secret_file(void **state) {
    char name[254];
    COMPILE pass = compile_given();

    memset(name, 'n', sizeof(name));
    name[253] = '\0';
    compile_remote_write(pass, arena_string(pass->arena, bytes_of(name)),
                         "    bearerToken: first\n");
    name[252] = 'm';
    compile_remote_write(pass, arena_string(pass->arena, bytes_of(name)),
                         "    bearerToken: second\n");
    compile_runs(pass);
    assert_int_equal(pass->state->secret_count, 2);
    assert_string_not_equal(pass->state->secrets[0].name, pass->state->secrets[1].name);
    for (size_t i = 0; i < 2; i++) {
        assert_between(strlen(pass->state->secrets[i].name), 1, 255);
        assert_null(strchr(pass->state->secrets[i].name, '/'));
    }
}

/* --- the pod's own token and identity --------------------------------------------------------- */

static void no_field_takes_a_file_of_the_pod(void **state) {
    static const char *const fields[] = {
        "    bearerTokenFile: /token\n",
        "    authorization: {credentialsFile: /token}\n",
        "    tlsConfig: {caFile: /token}\n",
        "    tlsConfig: {certFile: /token, keyFile: /token}\n",
        "    oauth2: {clientId: {secret: {name: t, key: t}}, clientSecret: {name: t, key: t}, tokenUrl: 'https://e', tlsConfig: {caFile: /token}}\n",
        "    headers: {X: a}\n    tlsConfig: {caFile: ' /token'}\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        COMPILE pass = compile_given();
        compile_remote_write(pass, "thief", fields[i]);
        compile_file(pass, VOLUME_SECRET, NULL, "t/t", "x");
        compile_runs(pass);
        assert_string_equal(compile_state_of(pass, "thief"), "rejected");
        assert_null(strstr(compile_config(pass), "/token"));
    }
}

static void keys_that_are_optional_and_absent_do_not_open_the_pod_s_identity(void **state) {
    COMPILE pass = compile_given();
    pass->settings.policy.allow_ambient_credentials = false;
    compile_remote_write(pass, "thief",
                         "    sigv4:\n"
                         "      accessKey: {name: none, key: a, optional: true}\n"
                         "      secretKey: {name: none, key: b, optional: true}\n");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "thief"), "pending");
    assert_null(strstr(compile_config(pass), "sigv4"));
}

static void an_empty_key_does_not_open_the_pod_s_identity(void **state) {
    COMPILE pass = compile_given();
    pass->settings.policy.allow_ambient_credentials = false;
    compile_remote_write(
        pass, "thief", "    sigv4: {accessKey: {name: k, key: a}, secretKey: {name: k, key: a}}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "k/a", "\n");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "thief"), "rejected");
}

static void the_host_header_cannot_be_forged(void **state) {
    static const char *const names[] = {"Host",
                                        "hOST",
                                        "Authorization",
                                        "AUTHORIZATION",
                                        "Proxy-Authorization",
                                        "X-Amz-Security-Token"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        COMPILE pass = compile_given();
        compile_remote_write(pass, "thief",
                             arena_format(pass->arena, "    headers: {%s: x}\n", names[i]));
        compile_runs(pass);
        assert_string_equal(compile_state_of(pass, "thief"), "rejected");
    }
}

/* --- the shared Prometheus -------------------------------------------------------------------- */

static void nothing_is_written_outside_its_own_entry(void **state) {
    static const char evil[] =
        "x\\n  - name: evil\\n    url: http://evil\\n# END remotewrite-sidecar\\nscrape_configs: []";
    COMPILE pass = compile_given();
    compile_remote_write(
        pass, "thief",
        arena_format(
            pass->arena,
            "    noProxy: \"%s\"\n    proxyUrl: http://p\n    authorization: {type: T}\n    writeRelabelConfigs: [{sourceLabels: [\"%s\"], replacement: \"%s\", targetLabel: a}]\n",
            evil, evil, evil));
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "thief"), "active");
    assert_null(strstr(compile_config(pass), "\n  - name: evil"));
    assert_null(strstr(compile_config(pass), "\nscrape_configs"));
}

static void a_thousand_shards_become_what_is_allowed(void **state) {
    COMPILE pass = compile_given();
    pass->settings.policy.max_shards = 7;
    pass->settings.policy.max_capacity = 70;
    pass->settings.policy.max_samples_per_send = 700;
    compile_remote_write(
        pass, "greedy",
        "    queueConfig: {minShards: 1000, maxShards: 1000, capacity: 2147483647, maxSamplesPerSend: 2147483647}\n");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "greedy"), "active");
    assert_non_null(strstr(compile_config(pass), "min_shards: 7\n"));
    assert_non_null(strstr(compile_config(pass), "max_shards: 7\n"));
    assert_non_null(strstr(compile_config(pass), "capacity: 70\n"));
    assert_non_null(strstr(compile_config(pass), "max_samples_per_send: 700\n"));
}

static void a_bound_on_shards_holds_for_one_who_says_nothing(void **state) {
    COMPILE pass = compile_given();
    pass->settings.policy.max_shards = 7;
    compile_remote_write(pass, "silent", "    queueConfig: {maxShards: 0}\n");
    compile_runs(pass);
    assert_non_null(strstr(compile_config(pass), "max_shards: 7\n"));
}

static void a_duration_that_would_end_prometheus_is_refused(void **state) {
    static const char *const fields[] = {"    metadataConfig: {send: true, sendInterval: 0s}\n",
                                         "    metadataConfig: {sendInterval: \"0\"}\n",
                                         "    queueConfig: {batchSendDeadline: 0ms}\n",
                                         "    queueConfig: {minBackoff: 0s}\n",
                                         "    remoteTimeout: 0h0m\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        COMPILE pass = compile_given();
        compile_remote_write(pass, "evil", fields[i]);
        compile_runs(pass);
        assert_string_equal(compile_state_of(pass, "evil"), "rejected");
    }
}

static void a_name_that_is_taken_cannot_be_taken_over(void **state) {
    COMPILE pass = compile_given();
    compile_file(pass, VOLUME_REMOTE_WRITE, "team-a", "rw.yaml",
                 HEAD("coreos.com", "metrics", "team-a") "spec: {url: 'https://a'}\n");
    compile_file(pass, VOLUME_REMOTE_WRITE, "team-b", "rw.yaml",
                 HEAD("coreos.com", "metrics", "team-b") "spec: {url: 'https://evil'}\n");
    compile_runs(pass);
    assert_non_null(strstr(compile_config(pass), "https://a"));
    assert_null(strstr(compile_config(pass), "https://evil"));
}

static void the_enforced_namespace_comes_before_every_own_rule(void **state) {
    COMPILE pass = compile_given();
    pass->settings.policy.enforced_namespace_label = "namespace";
    compile_remote_write(
        pass, "sly",
        "    writeRelabelConfigs: [{targetLabel: namespace, replacement: team-a}, {regex: namespace, action: labeldrop}]\n");
    compile_runs(pass);
    const char *rules = strstr(compile_config(pass), "write_relabel_configs:\n");
    assert_non_null(rules);
    assert_int_equal(
        strncmp(
            rules,
            "write_relabel_configs:\n      - source_labels:\n          - namespace\n        regex: team-a\n        action: keep\n",
            108),
        0);
}

/* --- what is secret is shown nowhere ---------------------------------------------------------- */

#define CANARY "c4n4ryV4lu3"

static const char *const misuses[] = {
    "    bearerToken: [" CANARY "]\n",
    "    bearerToken: {a: " CANARY "}\n",
    "    bearerToken: 98765432101\n",
    "    bearerToken: *" CANARY "\n",
    "    bearerToken: %" CANARY "\n",
    "    bearerToken: @" CANARY "\n",
    "    bearerToken: \"" CANARY "\n",
    "    bearerToken: a: " CANARY "\n",
    "    bearerToken: !" CANARY " x\n",
    "    bearerToken: " CANARY "\n    basicAuth: {}\n",
    "    bearerToken: \"" CANARY "\\q\"\n",
    "    bearerToken: {" CANARY "\n",
    "    bearerToken: [a, &" CANARY " b\n",
    "    headers: {X-Token: [" CANARY "]}\n",
    "    headers: {X-Token: 98765432101}\n",
    "    headers: {X-Token: \"" CANARY "\\r\\nx\"}\n",
    "    headers: {Authorization: " CANARY "}\n",
    "    headers: " CANARY "\n",
    "    headers: 98765432101\n",
    "    headers: [" CANARY "]\n",
    "    basicAuth: " CANARY "\n",
    "    basicAuth: {password: " CANARY "}\n",
    "    basicAuth: {password: 98765432101}\n",
    "    basicAuth: {password: [" CANARY "]}\n",
    "    basicAuth: {password: {value: " CANARY "}}\n",
    "    authorization: {credentials: " CANARY "}\n",
    "    authorization: {credentials: 98765432101}\n",
    "    oauth2: {clientId: " CANARY ", clientSecret: " CANARY "}\n",
    "    oauth2: {clientId: 98765432101, clientSecret: 98765432101, endpointParams: {a: 98765432101, b: [" CANARY
    "]}}\n",
    "    oauth2: {endpointParams: 98765432101}\n",
    "    sigv4: {accessKey: " CANARY ", secretKey: 98765432101}\n",
    "    proxyConnectHeader: {X: " CANARY "}\n",
    "    proxyConnectHeader: {X: [" CANARY "]}\n",
    "    proxyConnectHeader: {X: 98765432101}\n",
    "    tlsConfig: {ca: " CANARY ", keySecret: " CANARY "}\n",
    "    proxyUrl: \"http://u:" CANARY "@proxy example\"\n",
    "    proxyUrl: \"ftp://u:" CANARY "@proxy.example\"\n",
    "    proxyUrl: \"http://u:" CANARY "@proxy.example\"\n    proxyFromEnvironment: true\n",
    "    proxyUrl: \"http://u:" CANARY "@proxy.example\"\n",
    "  secrets: [{name: a, data: {k: '" CANARY "!'}}]\n",
    "  secrets: [{name: a, data: {k: 98765432101}}]\n",
    "  secrets: [{name: a, data: " CANARY "}]\n",
    "  secrets: [{name: a, data: 98765432101}]\n",
    "  secrets: [{name: a, stringData: {k: 98765432101}}]\n",
    "  secrets: [{name: a, stringData: {k: [" CANARY "]}}]\n",
    "  secrets: [{name: a, stringData: 98765432101}]\n",
    "  secrets: [{name: a, password: " CANARY "}]\n",
    "  secrets: 98765432101\n",
    "  secrets: {a: " CANARY "}\n",
    "  secrets: [" CANARY "]\n",
    "  secrets: [{name: a, stringData: {k: *" CANARY "}}]\n",
};

static void no_canary(const char *text) {
    if (text != NULL) {
        assert_null(strstr(text, CANARY));
        assert_null(strstr(text, "98765432101"));
    }
}

static void a_secret_in_the_wrong_place_is_not_shown(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(misuses); i++) {
        COMPILE pass = compile_given();
        pass->settings.policy.allowed_urls =
            (struct string_list){(const char *const[]){"https://metrics.example"}, 1};
        compile_remote_write(pass, "careless", misuses[i]);
        compile_runs(pass);
        if (strstr(compile_messages(pass), CANARY) != NULL ||
            strstr(compile_messages(pass), "98765432101") != NULL) {
            print_error("%s%s", misuses[i], compile_messages(pass));
        }
        no_canary(compile_messages(pass));
        assert_true(pass->state->diagnostics.count > 0);
        for (size_t j = 0; j < pass->state->outcome_count; j++) {
            no_canary(pass->state->outcomes[j].reason);
            no_canary(pass->state->outcomes[j].url);
        }
    }
}

static void secret_documents_in_the_wrong_shape_are_not_shown(void **state) {
    static const char *const documents[] = {
        "data: {k: '" CANARY "!'}",
        "data: {k: 98765432101}",
        "data: 98765432101",
        "data: [" CANARY "]",
        "stringData: {k: 98765432101}",
        "stringData: " CANARY,
        "password: " CANARY,
        "stringData: {k: {v: " CANARY "}}",
        "stringData: {k: *" CANARY "}",
        "immutable: " CANARY,
        "type: 98765432101",
    };
    for (size_t i = 0; i + 2 < ARRAY_LENGTH(documents); i++) {
        COMPILE pass = compile_given();
        compile_manifest(pass, "secret.yaml",
                         arena_format(pass->arena,
                                      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n%s\n",
                                      documents[i]));
        compile_runs(pass);
        if (strstr(compile_messages(pass), CANARY) != NULL) {
            print_error("%s: %s", documents[i], compile_messages(pass));
        }
        no_canary(compile_messages(pass));
        assert_true(pass->state->diagnostics.count > 0);
    }
}

static void secrets_that_are_found_and_faulty_are_not_shown(void **state) {
    static const char *const contents[] = {CANARY "\xff", CANARY "\x01", CANARY "\n\n", CANARY};
    for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
        COMPILE pass = compile_given();
        compile_remote_write(
            pass, "a", "    sigv4: {accessKey: {name: k, key: a}, secretKey: {name: k, key: a}}\n");
        compile_remote_write(
            pass, "b",
            "    proxyUrl: http://p\n    proxyConnectHeader: {X: [{name: k, key: a}]}\n");
        compile_file(pass, VOLUME_SECRET, NULL, "k/a", contents[i]);
        compile_runs(pass);
        no_canary(compile_messages(pass));
        for (size_t j = 0; j < pass->state->outcome_count; j++) {
            no_canary(pass->state->outcomes[j].reason);
        }
    }
}

static void the_password_of_a_url_is_masked_in_the_outcome(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "rw.yaml",
                     HEAD("coreos.com", "masked", "team-a") "spec: {url: 'https://alice:" CANARY
                                                            "@metrics.example'}\n");
    compile_runs(pass);
    assert_string_equal(compile_outcome(pass, "masked")->url, "https://xxxxx@metrics.example");
    no_canary(compile_messages(pass));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_bound_to_its_namespace_cannot_name_another_one),
        cmocka_unit_test(a_secret_directory_bound_to_another_namespace_is_not_seen),
        cmocka_unit_test(a_secret_document_that_only_says_so_does_not_replace_a_bound_one),
        cmocka_unit_test(a_bound_secret_document_goes_before_one_that_only_says_so),
        cmocka_unit_test(an_unbound_manifest_that_takes_a_bound_secret_is_warned_about),
        cmocka_unit_test(expressions_that_would_fill_the_memory_of_prometheus_are_refused),
        cmocka_unit_test(a_rule_costs_memory_however_short_its_expression_is),
        cmocka_unit_test(a_secret_that_is_named_again_and_again_does_not_fill_the_config),
        cmocka_unit_test(a_line_may_mention_a_marker_a_hundred_thousand_times),
        cmocka_unit_test(what_values_say_of_directives_spoils_no_config),
        cmocka_unit_test(where_namespaces_are_bound_a_claim_reaches_no_bound_secret),
        cmocka_unit_test(a_place_without_the_key_does_not_end_the_search),
        cmocka_unit_test(a_remote_write_that_only_says_its_namespace_does_not_displace_a_bound_one),
        cmocka_unit_test(names_with_slashes_and_dots_reach_no_other_file),
        cmocka_unit_test(a_secret_is_no_configmap_and_a_configmap_no_secret),
        cmocka_unit_test(two_remote_writes_never_share_a_secret_file),
        cmocka_unit_test(no_field_takes_a_file_of_the_pod),
        cmocka_unit_test(keys_that_are_optional_and_absent_do_not_open_the_pod_s_identity),
        cmocka_unit_test(an_empty_key_does_not_open_the_pod_s_identity),
        cmocka_unit_test(the_host_header_cannot_be_forged),
        cmocka_unit_test(nothing_is_written_outside_its_own_entry),
        cmocka_unit_test(a_thousand_shards_become_what_is_allowed),
        cmocka_unit_test(a_bound_on_shards_holds_for_one_who_says_nothing),
        cmocka_unit_test(a_duration_that_would_end_prometheus_is_refused),
        cmocka_unit_test(a_name_that_is_taken_cannot_be_taken_over),
        cmocka_unit_test(the_enforced_namespace_comes_before_every_own_rule),
        cmocka_unit_test(a_secret_in_the_wrong_place_is_not_shown),
        cmocka_unit_test(secret_documents_in_the_wrong_shape_are_not_shown),
        cmocka_unit_test(secrets_that_are_found_and_faulty_are_not_shown),
        cmocka_unit_test(the_password_of_a_url_is_masked_in_the_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
