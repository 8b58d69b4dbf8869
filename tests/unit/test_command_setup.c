/* SPDX-License-Identifier: Apache-2.0 */

/* From settings to what the rooms are handed. */

#include "command/setup.h"
#include "support/settings_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define SETUP CLEANUP(setup_freep) struct setup *

/* Of settings that are right. */
static struct setup *setup_made(struct settings_fixture *fixture) {
    struct setup *setup = NULL;
    int error = setup_new(&fixture->flags, NEED_NOTHING, &fixture->diagnostics, &setup);

    assert_string_equal(settings_messages(fixture), "");
    assert_int_equal(error, 0);
    return setup;
}

static void volumes_come_in_the_order_of_kinds_and_flags(void **state) {
    SETTINGS fixture = settings_given(NULL, "--configmap-dir=/c", "--secret-dir=team-a=/s",
                                      "--remote-write-dir=/2", "--remote-write-dir=/1", NULL);
    SETUP setup = setup_made(fixture);
    const struct source_settings *source = &setup->agent.source;

    assert_int_equal(source->volume_count, 4);
    assert_string_equal(source->volumes[0].path, "/2");
    assert_int_equal(source->volumes[0].kind, VOLUME_REMOTE_WRITE);
    assert_string_equal(source->volumes[1].path, "/1");
    assert_string_equal(source->volumes[2].path, "/s");
    assert_string_equal(source->volumes[2].namespace, "team-a");
    assert_int_equal(source->volumes[2].kind, VOLUME_SECRET);
    assert_int_equal(source->volumes[3].kind, VOLUME_CONFIGMAP);
    assert_int_equal(source->max_file_size, 4 << 20);
    assert_int_equal(source->max_depth, 8);
}

static void under_the_reloader_s_name_certificates_are_checked_as_the_reloader_does(void **state) {
    static const struct {
        const char *argument;
        bool reloader;
        bool skips;
    } cases[] = {
        {"--reload-timeout=30s", false, false},
        {"--reload-timeout=30s", true, true},
        {"--reload-ca-file=/ca", true, false},
        {"--no-reload-insecure-skip-verify", true, false},
        {"--reload-insecure-skip-verify", false, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        SETTINGS fixture = settings_given(NULL, cases[i].argument, NULL);
        fixture->flags.reloader = cases[i].reloader;
        SETUP setup = setup_made(fixture);
        assert_int_equal(setup->agent.prometheus.insecure_skip_verify, cases[i].skips);
    }
}

static void the_secret_directory_is_beside_the_output(void **state) {
    SETTINGS fixture = settings_given(NULL, "--output-file=/out/prometheus.yml", NULL);
    SETUP setup = setup_made(fixture);

    assert_string_equal(setup->agent.output_path, "/out/prometheus.yml");
    assert_string_equal(setup->agent.secret_directory, "/out/remote-write-secrets");
    assert_string_equal(setup->agent.compile.secret_path, "remote-write-secrets");
}

static void the_secret_directory_is_named_from_the_outputs_folder(void **state) {
    SETTINGS fixture = settings_given(NULL, "--output-file=/out/prometheus.yml",
                                      "--secret-output-dir=/var/secrets/", NULL);
    SETUP setup = setup_made(fixture);

    assert_string_equal(setup->agent.secret_directory, "/var/secrets/");
    assert_string_equal(setup->agent.compile.secret_path, "../var/secrets");
}

static void secret_files_have_no_execute_and_no_world_bits(void **state) {
    SETTINGS fixture = settings_given(NULL, "--config-file-mode=0755", NULL);
    SETUP setup = setup_made(fixture);

    assert_int_equal(setup->agent.config_mode, 0755);
    assert_int_equal(setup->agent.secret_mode, 0640);
}

static void the_output_may_be_the_base(void **state) {
    SETTINGS same = settings_given(NULL, "--config-file=/nowhere/./x.yml",
                                   "--output-file=/nowhere/x.yml", NULL);
    SETTINGS different =
        settings_given(NULL, "--config-file=/nowhere/x.yml", "--output-file=/nowhere/y.yml", NULL);
    SETUP in_place = setup_made(same);
    SETUP beside = setup_made(different);

    assert_true(in_place->agent.compile.in_place);
    assert_false(beside->agent.compile.in_place);
}

static void the_version_is_asked_for_unless_it_is_given(void **state) {
    SETTINGS open = settings_given(NULL, NULL);
    SETTINGS given = settings_given(NULL, "--prometheus-version=v2.42.1", NULL);
    SETUP asking = setup_made(open);
    SETUP knowing = setup_made(given);

    assert_true(asking->agent.ask_version);
    assert_false(version_is_set(asking->agent.compile.version));
    assert_false(knowing->agent.ask_version);
    assert_int_equal(knowing->agent.compile.version.major, 2);
    assert_int_equal(knowing->agent.compile.version.minor, 42);
}

static void the_runtimeinfo_url_follows_the_reload_url(void **state) {
    SETTINGS one = settings_given(NULL, "--reload-url=https://p:1/prefix/-/reload", NULL);
    SETTINGS both = settings_given(NULL, "--reload-url=http://p/reload",
                                   "--runtimeinfo-url=http://q/runtimeinfo", NULL);
    SETTINGS none = settings_given(NULL, NULL);
    SETUP derived = setup_made(one);
    SETUP given = setup_made(both);
    SETUP usual = setup_made(none);

    assert_string_equal(derived->agent.prometheus.runtimeinfo_url,
                        "https://p:1/prefix/api/v1/status/runtimeinfo");
    assert_string_equal(given->agent.prometheus.runtimeinfo_url, "http://q/runtimeinfo");
    assert_string_equal(usual->agent.prometheus.runtimeinfo_url,
                        "http://127.0.0.1:9090/api/v1/status/runtimeinfo");
}

static void by_signal_the_process_is_named_and_the_reload_url_may_be_any(void **state) {
    SETTINGS usual = settings_given(NULL, "--reload-method=signal", NULL);
    SETTINGS other = settings_given(NULL, "--reload-method=signal", "--reload-url=http://p/reload",
                                    "--process-executable-name=prom", NULL);
    SETTINGS prefix = settings_given(NULL, "--reload-method=signal",
                                     "--reload-url=http://p:1/prefix/-/reload", NULL);
    SETUP one = setup_made(usual);
    SETUP two = setup_made(other);
    SETUP three = setup_made(prefix);

    assert_int_equal(one->agent.prometheus.method, RELOAD_BY_SIGNAL);
    assert_string_equal(one->agent.prometheus.process_name, "prometheus");
    assert_string_equal(one->agent.prometheus.runtimeinfo_url,
                        "http://127.0.0.1:9090/api/v1/status/runtimeinfo");
    assert_string_equal(two->agent.prometheus.process_name, "prom");
    assert_string_equal(two->agent.prometheus.runtimeinfo_url,
                        "http://127.0.0.1:9090/api/v1/status/runtimeinfo");
    assert_string_equal(three->agent.prometheus.runtimeinfo_url,
                        "http://p:1/prefix/api/v1/status/runtimeinfo");
}

static void policy_limits_and_times_are_handed_on(void **state) {
    SETTINGS fixture = settings_given(
        NULL, "--enforced-namespace-label=ns", "--allow-file-references", "--no-send-metadata",
        "--no-allow-ambient-credentials", "--allowed-url=https://*.example.com/*", "--max-shards=5",
        "--max-capacity=6", "--max-samples-per-send=7", "--max-depth=9", "--max-documents=10",
        "--max-values=11", "--max-scalar-size=12", "--watch-interval=0", "--delay-interval=1ms",
        "--retry-interval=2s", "--reload-timeout=3s", NULL);
    SETUP setup = setup_made(fixture);
    const struct policy *policy = &setup->agent.compile.policy;

    assert_string_equal(policy->enforced_namespace_label, "ns");
    assert_true(policy->allow_file_references);
    assert_false(policy->send_metadata);
    assert_false(policy->allow_ambient_credentials);
    assert_int_equal(policy->allowed_urls.count, 1);
    assert_int_equal(policy->max_shards, 5);
    assert_int_equal(policy->max_capacity, 6);
    assert_int_equal(policy->max_samples_per_send, 7);
    assert_int_equal(setup->agent.compile.limits.depth, 9);
    assert_int_equal(setup->agent.compile.limits.documents, 10);
    assert_int_equal(setup->agent.compile.limits.nodes, 11);
    assert_int_equal(setup->agent.compile.limits.scalar, 12);
    assert_int_equal(setup->agent.watch_milliseconds, 0);
    assert_int_equal(setup->agent.delay_milliseconds, 1);
    assert_int_equal(setup->agent.retry_milliseconds, 2000);
    assert_int_equal(setup->agent.prometheus.timeout_milliseconds, 3000);
}

static void the_environment_is_sorted_and_a_copy(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);

    setenv("SIDECAR_TEST_B", "two=2", 1);
    setenv("SIDECAR_TEST_A", "", 1);
    SETUP setup = setup_made(fixture);
    unsetenv("SIDECAR_TEST_B");
    unsetenv("SIDECAR_TEST_A");
    const struct environment_variable *variables = setup->agent.compile.environment;
    size_t found = 0;
    for (size_t i = 0; i < setup->agent.compile.environment_count; i++) {
        assert_true(i == 0 || strcmp(variables[i - 1].name, variables[i].name) <= 0);
        if (strcmp(variables[i].name, "SIDECAR_TEST_A") == 0)
            found += strcmp(variables[i].value, "") == 0;
        if (strcmp(variables[i].name, "SIDECAR_TEST_B") == 0)
            found += strcmp(variables[i].value, "two=2") == 0;
    }
    assert_int_equal(found, 2);
}

static void proxies_are_read_from_the_environment(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);

    setenv("HTTPS_PROXY", "http://upper", 1);
    setenv("https_proxy", "http://lower", 1);
    unsetenv("HTTP_PROXY");
    setenv("http_proxy", "http://plain", 1);
    unsetenv("NO_PROXY");
    unsetenv("no_proxy");
    SETUP setup = setup_made(fixture);
    unsetenv("HTTPS_PROXY");
    unsetenv("https_proxy");
    unsetenv("http_proxy");
    assert_string_equal(setup->agent.compile.policy.https_proxy, "http://upper");
    assert_string_equal(setup->agent.compile.policy.http_proxy, "http://plain");
    assert_null(setup->agent.compile.policy.no_proxy);
}

struct wrong {
    const char *argument;
    const char *beginning;
};

static void what_the_rooms_object_to_is_an_error_of_the_flag(void **state) {
    static const struct wrong cases[] = {
        {"--prometheus-version=latest", "error: --prometheus-version: \"latest\" is no version; "},
        {"--allowed-url=example.com", "error: --allowed-url: \"example.com\" "},
        {"--cluster-label=a b=c", "error: --cluster-label: \"a b=c\" "},
        {"--remote-write-selector=a in b", "error: --remote-write-selector: \"a in b\""},
        {"--reload-url=http://p/reload", "error: --reload-url: does not end in /-/reload"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        SETTINGS fixture = settings_given(NULL, cases[i].argument, NULL);
        struct setup *setup = NULL;
        int error = setup_new(&fixture->flags, NEED_NOTHING, &fixture->diagnostics, &setup);
        assert_int_not_equal(error, 0);
        assert_null(setup);
        const char *messages = settings_messages(fixture);
        assert_int_equal(strncmp(messages, cases[i].beginning, strlen(cases[i].beginning)), 0);
        assert_ptr_equal(strchr(messages, '\n'), messages + strlen(messages) - 1);
    }
}

static void what_the_rooms_object_to_is_placed_in_sidecar_cfg(void **state) {
    static const struct wrong cases[] = {
        {"prometheus: {\nversion = \"x\"; };", "sidecar.cfg:2: error: prometheus.version: \"x\" "},
        {"policy: {\nallowed_urls = [\"x\"]; };", "sidecar.cfg:2: error: policy.allowed_urls: "},
        {"cluster: {\nlabels = [\"a b=c\"]; };", "sidecar.cfg:2: error: cluster.labels: "},
        {"select: {\nlabels = \"a in b\"; };", "sidecar.cfg:2: error: select.labels: "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        SETTINGS fixture = settings_given(cases[i].argument, NULL);
        struct setup *setup = NULL;
        int error = setup_new(&fixture->flags, NEED_NOTHING, &fixture->diagnostics, &setup);
        assert_int_not_equal(error, 0);
        assert_null(setup);
        assert_int_equal(
            strncmp(settings_messages(fixture), cases[i].beginning, strlen(cases[i].beginning)), 0);
    }
}

/* --- what is only watched --------------------------------------------------------------------- */

static struct setup *setup_of_run(struct settings_fixture *fixture) {
    struct setup *setup = NULL;
    int error = setup_new(&fixture->flags, NEED_WORK, &fixture->diagnostics, &setup);

    assert_string_equal(settings_messages(fixture), "");
    assert_int_equal(error, 0);
    return setup;
}

static void watched_directories_are_handed_over_in_their_order(void **state) {
    SETTINGS fixture = settings_given(NULL, "--watched-dir=/b", "--watched-dir", "/a",
                                      "--config-file=/base", "--output-file=/out", NULL);
    SETUP setup = setup_of_run(fixture);
    const struct source_settings *source = &setup->agent.source;

    assert_int_equal(source->watched_path_count, 2);
    assert_string_equal(source->watched_paths[0], "/b");
    assert_string_equal(source->watched_paths[1], "/a");
    assert_string_equal(source->base_path, "/base");
}

static void without_an_output_the_config_file_is_only_watched(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--watched-dir=/rules", "--config-file=/etc/any.yml", NULL);
    SETUP setup = setup_of_run(fixture);
    const struct source_settings *source = &setup->agent.source;

    assert_int_equal(source->watched_path_count, 2);
    assert_string_equal(source->watched_paths[1], "/etc/any.yml");
    assert_null(source->base_path);
    assert_null(setup->agent.output_path);
    assert_false(setup->agent.ask_version);
}

static void only_run_watches(void **state) {
    SETTINGS fixture = settings_given(NULL, "--watched-dir=/rules", "--config-file=/base", NULL);
    SETUP setup = setup_made(fixture);

    assert_int_equal(setup->agent.source.watched_path_count, 0);
    assert_string_equal(setup->agent.source.base_path, "/base");
}

static const char *variable(const struct setup *setup, const char *name) {
    const struct compile_settings *compile = &setup->agent.compile;

    for (size_t i = 0; i < compile->environment_count; i++) {
        if (strcmp(compile->environment[i].name, name) == 0) {
            return compile->environment[i].value;
        }
    }
    return NULL;
}

static void the_ordinal_is_the_number_that_a_name_ends_in(void **state) {
    static const char *const cases[][2] = {
        {"prometheus-0", "0"},
        {"prometheus-10", "10"},
        {"prometheus-10a", ""},
        {"prometheus1", "1"},
        {"pro-10-metheus", ""},
        {"42", "42"},
        {"", ""},
        {"prometheus-007", "007"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(setenv("POD_NAME", cases[i][0], 1), 0);
        SETTINGS fixture = settings_given(NULL, NULL);
        SETUP setup = setup_made(fixture);
        assert_string_equal(variable(setup, "STATEFULSET_ORDINAL_NUMBER"), cases[i][1]);
    }
    unsetenv("POD_NAME");
}

static void the_ordinal_may_come_from_another_variable(void **state) {
    SETTINGS fixture = settings_given(NULL, "--statefulset-ordinal-from-envvar=MY_NAME", NULL);
    assert_int_equal(setenv("MY_NAME", "thanos-3", 1), 0);
    assert_int_equal(setenv("STATEFULSET_ORDINAL_NUMBER", "99", 1), 0);
    SETUP setup = setup_made(fixture);

    assert_string_equal(variable(setup, "STATEFULSET_ORDINAL_NUMBER"), "3");
    unsetenv("MY_NAME");
    unsetenv("STATEFULSET_ORDINAL_NUMBER");
}

static void without_a_name_the_ordinal_is_empty_or_as_it_was_set(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);
    unsetenv("POD_NAME");
    SETUP empty = setup_made(fixture);
    assert_string_equal(variable(empty, "STATEFULSET_ORDINAL_NUMBER"), "");

    assert_int_equal(setenv("STATEFULSET_ORDINAL_NUMBER", "99", 1), 0);
    SETUP set = setup_made(fixture);
    assert_string_equal(variable(set, "STATEFULSET_ORDINAL_NUMBER"), "99");
    unsetenv("STATEFULSET_ORDINAL_NUMBER");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes_come_in_the_order_of_kinds_and_flags),
        cmocka_unit_test(under_the_reloader_s_name_certificates_are_checked_as_the_reloader_does),
        cmocka_unit_test(the_secret_directory_is_beside_the_output),
        cmocka_unit_test(the_secret_directory_is_named_from_the_outputs_folder),
        cmocka_unit_test(secret_files_have_no_execute_and_no_world_bits),
        cmocka_unit_test(the_output_may_be_the_base),
        cmocka_unit_test(the_version_is_asked_for_unless_it_is_given),
        cmocka_unit_test(the_runtimeinfo_url_follows_the_reload_url),
        cmocka_unit_test(by_signal_the_process_is_named_and_the_reload_url_may_be_any),
        cmocka_unit_test(policy_limits_and_times_are_handed_on),
        cmocka_unit_test(the_environment_is_sorted_and_a_copy),
        cmocka_unit_test(proxies_are_read_from_the_environment),
        cmocka_unit_test(what_the_rooms_object_to_is_an_error_of_the_flag),
        cmocka_unit_test(what_the_rooms_object_to_is_placed_in_sidecar_cfg),
        cmocka_unit_test(watched_directories_are_handed_over_in_their_order),
        cmocka_unit_test(without_an_output_the_config_file_is_only_watched),
        cmocka_unit_test(only_run_watches),
        cmocka_unit_test(the_ordinal_is_the_number_that_a_name_ends_in),
        cmocka_unit_test(the_ordinal_may_come_from_another_variable),
        cmocka_unit_test(without_a_name_the_ordinal_is_empty_or_as_it_was_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
