/* SPDX-License-Identifier: Apache-2.0 */

/* A whole pass: settings judged, secrets found, files kept, and a state that stands on its own. */

#include "base/compiler.h"
#include "support/compile_fixture.h"

#include <errno.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const char coreos_a[] =
    "apiVersion: monitoring.coreos.com/v1alpha1\nkind: RemoteWrite\nmetadata: {name: a, namespace: team-a}\nspec: {url: 'https://a'}\n";

/* --- settings --------------------------------------------------------------------------------- */

static size_t errors_of(const struct compile_settings *settings) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    int result = compile_settings_check(settings, &diagnostics);

    assert_int_equal(result, diagnostics.count == 0 ? 0 : -EINVAL);
    for (size_t i = 0; i < diagnostics.count; i++) {
        assert_non_null(diagnostics.items[i].remedy);
        assert_int_equal(strncmp(diagnostics.items[i].field, "--", 2), 0);
    }
    return diagnostics.count;
}

static void settings_that_make_sense_pass(void **state) {
    static const char *const labels[] = {"env=prod", "example.com/team=a"};
    static const char *const urls[] = {"https://*.example/*"};
    struct compile_settings settings = {
        .cluster_labels = {labels, 2},
        .remote_write_selector = "a in (b),!c",
        .policy = {.allowed_urls = {urls, 1}, .enforced_namespace_label = "namespace"},
    };
    assert_int_equal(errors_of(&settings), 0);
    assert_int_equal(errors_of(&(struct compile_settings){0}), 0);
}

static void every_setting_that_makes_none_is_said(void **state) {
    static const char *const labels[] = {"env", "=x", "env=a b"};
    static const char *const urls[] = {"metrics.example", "https://u@h"};
    struct compile_settings settings = {
        .cluster_labels = {labels, 3},
        .remote_write_selector = "a b",
        .policy = {.allowed_urls = {urls, 2}, .enforced_namespace_label = "not-a-label"},
    };
    assert_int_equal(errors_of(&settings), 7);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void secrets_are_looked_for_in_the_order_of_the_contract(void **state) {
    static const char document[] =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: team-a}\nstringData: {token: document}\n";
    COMPILE folder = compile_given();
    COMPILE with_document = compile_given();
    COMPILE own = compile_given();

    compile_remote_write(folder, "a",
                         "    authorization: {credentials: {name: token, key: token}}\n");
    compile_file(folder, VOLUME_SECRET, NULL, "token/token", "folder\r\n");
    compile_runs(folder);
    assert_string_equal(compile_secret(folder, "team-a_a_authorization.credentials"), "folder");

    compile_remote_write(with_document, "a",
                         "    authorization: {credentials: {name: token, key: token}}\n");
    compile_file(with_document, VOLUME_SECRET, NULL, "token/token", "folder");
    compile_manifest(with_document, "secret.yaml", document);
    compile_runs(with_document);
    assert_string_equal(compile_secret(with_document, "team-a_a_authorization.credentials"),
                        "document");

    compile_remote_write(
        own, "a",
        "    authorization: {credentials: {name: token, key: token}}\n  secrets: [{name: token, stringData: {token: own}}]\n");
    compile_manifest(own, "secret.yaml", document);
    compile_runs(own);
    assert_string_equal(compile_secret(own, "team-a_a_authorization.credentials"), "own");
}

static void a_secret_of_its_own_comes_first_and_one_without_the_key_ends_no_search(void **state) {
    COMPILE pass = compile_given();
    compile_remote_write(pass, "a",
                         "    basicAuth: {username: {name: token, key: own}, password: {name: "
                         "token, key: other}}\n"
                         "  secrets: [{name: token, stringData: {own: mine}}]\n");
    compile_file(pass, VOLUME_SECRET, NULL, "token/other", "folder");
    compile_file(pass, VOLUME_SECRET, NULL, "token/own", "not mine");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "active");
    assert_non_null(strstr(compile_config(pass), "username: mine"));
    assert_string_equal(compile_secret(pass, "team-a_a_basicAuth.password"), "folder");
}

/* The key is there, but cannot be read: that it has none would be wrong. */
static void a_secret_that_was_not_read_is_not_said_to_be_absent(void **state) {
    static const char *const unread[] = {"s/password", "s", ""};
    static const char *const optional[] = {"", ", optional: true"};

    for (size_t i = 0; i < ARRAY_LENGTH(unread) * ARRAY_LENGTH(optional); i++) {
        COMPILE pass = compile_given();
        compile_remote_write(
            pass, "a",
            arena_format(pass->arena,
                         "    basicAuth: {username: {name: s, key: user}, password: {name: s, key: "
                         "password%s}}\n",
                         optional[i % ARRAY_LENGTH(optional)]));
        compile_file(pass, VOLUME_SECRET, NULL, "s/user", "me");
        struct snapshot_volume *volume = &pass->contents[pass->snapshot.volume_count - 1];
        volume->unread = &unread[i / ARRAY_LENGTH(optional)];
        volume->unread_count = 1;
        compile_runs(pass);

        assert_string_equal(compile_state_of(pass, "a"), "pending");
        assert_non_null(strstr(compile_outcome(pass, "a")->reason,
                               "Secret \"s\", key \"password\", was not read from"));
        assert_null(strstr(compile_messages(pass), "has no key"));
        assert_null(strstr(compile_messages(pass), "add it"));
        assert_non_null(strstr(compile_messages(pass),
                               "; do what the message about its file or folder says; the "
                               "RemoteWrite becomes active then"));
    }
}

static void one_line_break_at_the_end_of_a_credential_is_dropped_and_of_a_certificate_none(
    void **state) {
    COMPILE pass = compile_given();
    compile_remote_write(
        pass, "a",
        "    basicAuth: {username: {name: s, key: two}, password: {name: s, key: one}}\n"
        "    tlsConfig: {ca: {secret: {name: s, key: two}}}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/one", "value\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/two", "value\n\n");
    compile_runs(pass);
    assert_string_equal(compile_secret(pass, "team-a_a_basicAuth.password"), "value");
    assert_string_equal(compile_secret(pass, "team-a_a_tlsConfig.ca"), "value\n\n");
    assert_non_null(strstr(compile_config(pass), "username: \"value\\n\"\n"));
}

static void a_credential_that_prometheus_would_trim_is_never_put_into_a_file(void **state) {
    static const char *const contents[] = {
        "value\n\n", " value", "value\t", "\xc2\xa0value", "value\xe3\x80\x80", "\xc2\x85", " "};

    for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
        for (int allowed = 0; allowed < 2; allowed++) {
            COMPILE pass = compile_given();
            pass->settings.policy.inline_untrimmed_secrets = allowed != 0;
            compile_remote_write(
                pass, "a",
                "    basicAuth: {username: {name: s, key: b}, password: {name: s, key: a}}\n");
            compile_file(pass, VOLUME_SECRET, NULL, "s/a", contents[i]);
            compile_file(pass, VOLUME_SECRET, NULL, "s/b", "alice");
            compile_runs(pass);
            assert_null(compile_secret(pass, "team-a_a_basicAuth.password"));
            assert_string_equal(compile_state_of(pass, "a"), allowed ? "active" : "rejected");
            assert_int_equal(strstr(compile_config(pass), "password: \"") != NULL, allowed);
            assert_non_null(strstr(compile_messages(pass), "begins or ends with white space"));
        }
    }
}

static void an_optional_certificate_without_its_key_waits(void **state) {
    COMPILE pass = compile_given();
    compile_remote_write(
        pass, "a",
        "    tlsConfig: {cert: {secret: {name: s, key: crt}}, keySecret: {name: s, key: none, optional: true}}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/crt", "pem");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "pending");
}

static void a_required_reference_waits_even_where_it_says_optional(void **state) {
    COMPILE pass = compile_given();
    compile_remote_write(
        pass, "a",
        "    oauth2: {clientId: {secret: {name: s, key: id}}, clientSecret: {name: s, key: none, optional: true}, tokenUrl: 'https://t'}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/id", "id");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "pending");
}

static void a_file_that_a_secret_becomes_is_named_below_the_secret_path(void **state) {
    COMPILE pass = compile_given();
    pass->settings.secret_path = "/run/secrets";
    compile_remote_write(pass, "a", "    bearerToken: t\n");
    compile_runs(pass);
    assert_non_null(
        strstr(compile_config(pass), "credentials_file: /run/secrets/team-a_a_bearerToken\n"));
}

/* --- the pass --------------------------------------------------------------------------------- */

static void a_base_that_cannot_be_read_is_no_base(void **state) {
    COMPILE pass = compile_given();
    pass->snapshot.base = (struct snapshot_single){.path = "prometheus.yml", .error = -ENOENT};
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_runs(pass);
    assert_false(pass->state->mergeable);
    assert_int_equal(pass->state->config.length, 0);
    /* who read it said why */
    assert_string_equal(compile_messages(pass), "");
}

static void a_broken_base_is_no_base(void **state) {
    struct source_file file = {.path = "prometheus.yml",
                               .relative = "prometheus.yml",
                               .content = BYTES("a: [\n"),
                               .id = 99};
    COMPILE pass = compile_given();
    pass->snapshot.base = (struct snapshot_single){.path = "prometheus.yml", .file = &file};
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_runs(pass);
    assert_false(pass->state->mergeable);
    assert_non_null(strstr(compile_messages(pass), "prometheus.yml:"));
}

static void labels_that_cannot_be_read_are_none_and_not_said_again(void **state) {
    COMPILE pass = compile_given();
    pass->snapshot.labels = (struct snapshot_single){.path = "podinfo/labels", .error = -EACCES};
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_runs(pass);
    assert_string_equal(compile_messages(pass), "");
    assert_string_equal(compile_state_of(pass, "a"), "active");
}

static void labels_of_the_command_line_that_are_none_are_passed_over(void **state) {
    static const char *const labels[] = {"none", "env=prod"};
    COMPILE pass = compile_given();
    pass->settings.cluster_labels = (struct string_list){labels, 2};
    pass->settings.remote_write_selector = "a b";
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "active");
}

static void a_second_pass_over_the_same_files_says_the_same(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_remote_write(pass, "b", "    sendExemplars: 1\n");
    compile_runs(pass);
    const char *config = compile_config(pass);
    const char *messages = compile_messages(pass);
    compile_runs(pass);
    assert_string_equal(compile_config(pass), config);
    assert_string_equal(compile_messages(pass), messages);
}

static void a_state_outlives_snapshot_and_compiler(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_remote_write(pass, "b", "    sendExemplars: 1\n");
    compile_runs(pass);
    compiler_freep(&pass->compiler);
    pass->compiler = compiler_new();
    memset(pass->contents, 0xff, sizeof(pass->contents));
    assert_string_equal(compile_state_of(pass, "a"), "active");
    assert_string_equal(compile_state_of(pass, "b"), "rejected");
    assert_non_null(strstr(compile_messages(pass), "sendExemplars: must be a boolean"));
}

static void a_file_that_is_gone_takes_its_remote_write_along(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "a.yaml", coreos_a);
    compile_remote_write(pass, "b", "");
    compile_runs(pass);
    assert_int_equal(pass->state->state_counts[STATE_ACTIVE], 2);
    pass->snapshot.volume_count = 1;
    compile_runs(pass);
    assert_int_equal(pass->state->state_counts[STATE_ACTIVE], 1);
    assert_string_equal(compile_state_of(pass, "b"), "(none)");
}

static void the_same_remote_write_in_two_files_is_the_first_file_s(void **state) {
    COMPILE pass = compile_given();
    compile_manifest(pass, "1.yaml", coreos_a);
    compile_manifest(pass, "2.yaml", coreos_a);
    compile_manifest(
        pass, "3.yaml",
        "{apiVersion: v1, kind: List, items: [{apiVersion: monitoring.coreos.com/v1alpha1, kind: RemoteWrite, metadata: {name: c}, spec: {url: 'http://1'}}, {apiVersion: monitoring.coreos.com/v1alpha1, kind: RemoteWrite, metadata: {name: c}, spec: {url: 'http://2'}}]}\n---\napiVersion: monitoring.coreos.com/v1alpha1\nkind: RemoteWrite\nmetadata: {name: c}\nspec: {url: 'http://3'}\n");
    compile_runs(pass);
    assert_int_equal(pass->state->state_counts[STATE_ACTIVE], 2);
    assert_int_equal(pass->state->state_counts[STATE_REJECTED], 3);
    assert_non_null(strstr(compile_config(pass), "http://1"));
    assert_null(strstr(compile_config(pass), "http://2"));
    assert_null(strstr(compile_config(pass), "http://3"));
}

static void nothing_at_all_is_an_empty_config(void **state) {
    COMPILE pass = compile_given();
    compile_runs(pass);
    assert_true(pass->state->mergeable);
    assert_int_equal(pass->state->config.length, 0);
    assert_int_equal(pass->state->outcome_count, 0);
    compiler_free(NULL);
    desired_state_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_make_sense_pass),
        cmocka_unit_test(every_setting_that_makes_none_is_said),
        cmocka_unit_test(secrets_are_looked_for_in_the_order_of_the_contract),
        cmocka_unit_test(a_secret_of_its_own_comes_first_and_one_without_the_key_ends_no_search),
        cmocka_unit_test(
            one_line_break_at_the_end_of_a_credential_is_dropped_and_of_a_certificate_none),
        cmocka_unit_test(a_secret_that_was_not_read_is_not_said_to_be_absent),
        cmocka_unit_test(a_credential_that_prometheus_would_trim_is_never_put_into_a_file),
        cmocka_unit_test(an_optional_certificate_without_its_key_waits),
        cmocka_unit_test(a_required_reference_waits_even_where_it_says_optional),
        cmocka_unit_test(a_file_that_a_secret_becomes_is_named_below_the_secret_path),
        cmocka_unit_test(a_base_that_cannot_be_read_is_no_base),
        cmocka_unit_test(a_broken_base_is_no_base),
        cmocka_unit_test(labels_that_cannot_be_read_are_none_and_not_said_again),
        cmocka_unit_test(labels_of_the_command_line_that_are_none_are_passed_over),
        cmocka_unit_test(a_second_pass_over_the_same_files_says_the_same),
        cmocka_unit_test(a_state_outlives_snapshot_and_compiler),
        cmocka_unit_test(a_file_that_is_gone_takes_its_remote_write_along),
        cmocka_unit_test(the_same_remote_write_in_two_files_is_the_first_file_s),
        cmocka_unit_test(nothing_at_all_is_an_empty_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
