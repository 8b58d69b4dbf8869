/* SPDX-License-Identifier: Apache-2.0 */

/* argv, taken apart, and each option's value from its flag. */

#include "base/log.h"
#include "support/settings_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void strings_and_paths_arrive_as_written(void **state) {
    SETTINGS fixture = settings_given(
        NULL, "--config-file=/base/prometheus.yml", "--config-envsubst-file=/out/prometheus.yml",
        "--secret-output-dir=/secrets", "--cluster-labels-file=/etc/podinfo/labels",
        "--remote-write-selector=team in (a,b)", "--prometheus-version=2.42",
        "--enforced-namespace-label=namespace", "--reload-username=me", "--reload-password-file=/p",
        "--reload-bearer-token-file=/t", "--reload-ca-file=/ca", "--reload-cert-file=/c",
        "--reload-key-file=/k", "--reload-server-name=prometheus.test",
        "--process-executable-name=prom", NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    assert_string_equal(settings->config_file, "/base/prometheus.yml");
    assert_string_equal(settings->output_file, "/out/prometheus.yml");
    assert_string_equal(settings->secret_output_dir, "/secrets");
    assert_string_equal(settings->cluster_labels_file, "/etc/podinfo/labels");
    assert_string_equal(settings->remote_write_selector, "team in (a,b)");
    assert_string_equal(settings->prometheus_version, "2.42");
    assert_string_equal(settings->enforced_namespace_label, "namespace");
    assert_string_equal(settings->reload_username, "me");
    assert_string_equal(settings->reload_password_file, "/p");
    assert_string_equal(settings->reload_bearer_token_file, "/t");
    assert_string_equal(settings->reload_ca_file, "/ca");
    assert_string_equal(settings->reload_cert_file, "/c");
    assert_string_equal(settings->reload_key_file, "/k");
    assert_string_equal(settings->reload_server_name, "prometheus.test");
    assert_string_equal(settings->process_executable_name, "prom");
}

static void without_flags_the_defaults_hold(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);
    const struct settings *settings = fixture->settings;

    assert_null(settings->config_file);
    assert_null(settings->output_file);
    assert_null(settings->secret_output_dir);
    assert_int_equal(settings->config_mode, 0640);
    assert_int_equal(settings->remote_write_dirs.count, 0);
    assert_false(settings->allow_file_references);
    assert_true(settings->allow_ambient_credentials);
    assert_true(settings->send_metadata);
    assert_int_equal(settings->max_shards, 0);
    assert_int_equal(settings->reload_method, 0);
    assert_string_equal(settings->process_executable_name, "prometheus");
    assert_string_equal(settings->reload_url, "http://127.0.0.1:9090/-/reload");
    assert_string_equal(settings->runtimeinfo_url,
                        "http://127.0.0.1:9090/api/v1/status/runtimeinfo");
    assert_int_equal(settings->reload_timeout, 30000);
    assert_int_equal(settings->startup_grace, 60000);
    assert_int_equal(settings->watch_interval, 180000);
    assert_int_equal(settings->delay_interval, 50);
    assert_int_equal(settings->retry_interval, 5000);
    assert_int_equal(settings->max_file_size, 4 << 20);
    assert_int_equal(settings->max_volume_size, 32 << 20);
    assert_int_equal(settings->max_files, 10000);
    assert_int_equal(settings->max_documents, 100000);
    assert_int_equal(settings->max_depth, 64);
    assert_int_equal(settings->max_values, 250000);
    assert_int_equal(settings->max_scalar_size, 2 << 20);
    assert_int_equal(settings->log_level, 1);
    assert_int_equal(settings->log_format, 0);
    assert_int_equal(settings_origin(settings, "log-level")->kind, ORIGIN_DEFAULT);
}

static void numbers_sizes_durations_modes_and_words_are_read(void **state) {
    SETTINGS fixture = settings_given(
        NULL, "--max-shards=50", "--max-capacity=10000", "--max-samples-per-send=2000",
        "--max-file-size=64KiB", "--max-files=7", "--max-documents=8", "--max-depth=9",
        "--max-volume-size=1MiB", "--max-values=10", "--max-scalar-size=11KiB",
        "--reload-timeout=1m30s", "--watch-interval=0", "--delay-interval=250ms",
        "--retry-interval=1s", "--config-file-mode=0604", "--log-level=error", "--log-format=json",
        "--reload-url=https://prometheus/x/-/reload",
        "--runtimeinfo-url=https://prometheus/x/api/v1/status/runtimeinfo", NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    assert_int_equal(settings->max_shards, 50);
    assert_int_equal(settings->max_capacity, 10000);
    assert_int_equal(settings->max_samples_per_send, 2000);
    assert_int_equal(settings->max_file_size, 65536);
    assert_int_equal(settings->max_volume_size, 1 << 20);
    assert_int_equal(settings->max_files, 7);
    assert_int_equal(settings->max_documents, 8);
    assert_int_equal(settings->max_depth, 9);
    assert_int_equal(settings->max_values, 10);
    assert_int_equal(settings->max_scalar_size, 11 << 10);
    assert_int_equal(settings->reload_timeout, 90000);
    assert_int_equal(settings->watch_interval, 0);
    assert_int_equal(settings->delay_interval, 250);
    assert_int_equal(settings->retry_interval, 1000);
    assert_int_equal(settings->config_mode, 0604);
    assert_int_equal(settings->log_level, 3);
    assert_int_equal(settings->log_format, 1);
    assert_string_equal(settings->reload_url, "https://prometheus/x/-/reload");
}

static void what_go_programs_take_is_taken(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--watch-interval=3m0s", "--delay-interval", "1.5s",
                       "--retry-interval=5000ms", "--log-level=INFO", "--log-format=Json",
                       "--listen-address=", "--auto-gomemlimit-ratio=1.0", NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    assert_int_equal(settings->watch_interval, 180000);
    assert_int_equal(settings->delay_interval, 1500);
    assert_int_equal(settings->retry_interval, 5000);
    assert_int_equal(settings->log_level, LOG_LEVEL_INFO);
    assert_int_equal(settings->log_format, LOG_FORMAT_JSON);
    assert_string_equal(settings->listen_address, "");
}

/* What a template makes of a value that is not set. */
static void an_empty_value_of_the_reloader_s_flags_is_none(void **state) {
    SETTINGS fixture = settings_given(
        "base: { config_file = \"/base.yml\"; };\n", "--config-file=", "--config-envsubst-file=",
        "--watched-dir=", "--web-config-file=", "--runtimeinfo-url=", "--reload-url=",
        "--process-executable-name=", "--auto-gomemlimit-ratio=0.0", "--listen-address=", NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    assert_null(settings->config_file);
    assert_null(settings->output_file);
    assert_int_equal(settings->watched_dirs.count, 0);
    assert_null(settings->web_config_file);
    assert_string_equal(settings->reload_url, "http://127.0.0.1:9090/-/reload");
    assert_int_equal(settings_origin(settings, "runtimeinfo-url")->kind, ORIGIN_DEFAULT);
    assert_string_equal(settings->process_executable_name, "prometheus");
}

static void a_url_may_carry_user_and_password(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--reload-url=http://me:hunter2@prometheus/-/reload", NULL);

    assert_string_equal(settings_messages(fixture), "");
    assert_string_equal(fixture->settings->reload_url, "http://me:hunter2@prometheus/-/reload");
}

static void a_value_may_follow_as_the_next_argument(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "run", "--config-file", "/base.yml", "--log-level", "debug", NULL);

    assert_string_equal(settings_messages(fixture), "");
    assert_string_equal(fixture->settings->config_file, "/base.yml");
    assert_int_equal(fixture->settings->log_level, 0);
    assert_int_equal(fixture->flags.operand_count, 1);
    assert_string_equal(fixture->flags.operands[0], "run");
}

static void a_boolean_takes_no_next_argument(void **state) {
    SETTINGS fixture = settings_given(NULL, "--allow-file-references", "check", NULL);

    assert_true(fixture->settings->allow_file_references);
    assert_int_equal(fixture->flags.operand_count, 1);
    assert_string_equal(fixture->flags.operands[0], "check");
}

static void a_boolean_can_be_given_in_four_ways(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--proxy-from-environment=true", "--allow-file-references",
                       "--no-send-metadata", "--allow-ambient-credentials=false", NULL);

    assert_true(fixture->settings->proxy_from_environment);
    assert_true(fixture->settings->allow_file_references);
    assert_false(fixture->settings->send_metadata);
    assert_false(fixture->settings->allow_ambient_credentials);
}

static void of_a_repeated_scalar_the_last_wins(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--config-file=a", "--config-file=b", "--max-files=1", "--max-files=2",
                       "--output-file=c", "--config-envsubst-file=d", NULL);

    assert_string_equal(fixture->settings->config_file, "b");
    assert_int_equal(fixture->settings->max_files, 2);
    assert_string_equal(fixture->settings->output_file, "d");
}

static void a_repeated_list_grows(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--cluster-label=a=1", "--cluster-label=b=", "--cluster-label",
                       "c=x=y", "--remote-write-namespace=team-a",
                       "--remote-write-namespace=team-b", "--allowed-url=https://*", NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    assert_int_equal(settings->cluster_labels.count, 3);
    assert_string_equal(settings->cluster_labels.items[0], "a=1");
    assert_string_equal(settings->cluster_labels.items[1], "b=");
    assert_string_equal(settings->cluster_labels.items[2], "c=x=y");
    assert_int_equal(settings->remote_write_namespaces.count, 2);
    assert_string_equal(settings->remote_write_namespaces.items[1], "team-b");
    assert_int_equal(settings->allowed_urls.count, 1);
}

static void a_long_list_keeps_its_order(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--secret-dir=/0", "--secret-dir=/1", "--secret-dir=/2",
                       "--secret-dir=/3", "--secret-dir=/4", "--secret-dir=/5", "--secret-dir=/6",
                       "--secret-dir=/7", "--secret-dir=/8", NULL);
    const struct directory_list *list = &fixture->settings->secret_dirs;

    assert_int_equal(list->count, 9);
    for (size_t i = 0; i < list->count; i++) {
        assert_int_equal(list->items[i].path[1], '0' + (char)i);
    }
}

static void a_directory_can_be_bound_to_a_namespace(void **state) {
    SETTINGS fixture =
        settings_given(NULL, "--remote-write-dir=/rw", "--remote-write-dir=team-a=/rw/a",
                       "--secret-dir=/s=odd", "--configmap-dir=team-b=/c=odd", NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    assert_int_equal(settings->remote_write_dirs.count, 2);
    assert_null(settings->remote_write_dirs.items[0].namespace);
    assert_string_equal(settings->remote_write_dirs.items[0].path, "/rw");
    assert_string_equal(settings->remote_write_dirs.items[1].namespace, "team-a");
    assert_string_equal(settings->remote_write_dirs.items[1].path, "/rw/a");
    assert_null(settings->secret_dirs.items[0].namespace);
    assert_string_equal(settings->secret_dirs.items[0].path, "/s=odd");
    assert_string_equal(settings->configmap_dirs.items[0].namespace, "team-b");
    assert_string_equal(settings->configmap_dirs.items[0].path, "/c=odd");
}

static void two_dashes_end_the_flags(void **state) {
    SETTINGS fixture = settings_given(NULL, "check", "-", "--", "--config-file=x", "-y", NULL);

    assert_null(fixture->settings->config_file);
    assert_int_equal(fixture->flags.operand_count, 4);
    assert_string_equal(fixture->flags.operands[1], "-");
    assert_string_equal(fixture->flags.operands[2], "--config-file=x");
    assert_string_equal(fixture->flags.operands[3], "-y");
}

static void help_and_version_are_seen(void **state) {
    SETTINGS help = settings_given(NULL, "render", "--help", NULL);
    SETTINGS brief = settings_given(NULL, "-h", NULL);
    SETTINGS version = settings_given(NULL, "--version", NULL);

    assert_int_equal(help->flags.asking, ASKING_HELP);
    assert_int_equal(brief->flags.asking, ASKING_HELP);
    assert_int_equal(version->flags.asking, ASKING_VERSION);
}

static void the_origin_names_the_flag_as_it_was_written(void **state) {
    SETTINGS fixture = settings_given(NULL, "--output-file=x", NULL);
    const struct origin *origin = settings_origin(fixture->settings, "config-envsubst-file");

    assert_int_equal(origin->kind, ORIGIN_FLAG);
    assert_string_equal(origin->flag, "--output-file");
}

struct wrong {
    const char *arguments[4];
    const char *message;
};

static const struct wrong wrong_lines[] = {
    {{"--confg-file=x"}, "error: --confg-file: unknown flag; did you mean --config-file?\n"},
    {{"--output-fil", "x"}, "error: --output-fil: unknown flag; did you mean --output-file?\n"},
    {{"--frobnicate"},
     "error: --frobnicate: unknown flag; remotewrite-sidecar --help lists all flags\n"},
    {{"--password=hunter2"},
     "error: --password: unknown flag; remotewrite-sidecar --help lists all flags\n"},
    {{"-config-file=x"},
     "error: -config-file: unknown flag; write --config-file, with two dashes\n"},
    {{"-x"}, "error: -x: unknown flag; flags begin with two dashes\n"},
    {{"--no-config-file"}, "error: --no-config-file: unknown flag; did you mean --config-file?\n"},
    {{"--no-send-metadata=true"},
     "error: --no-send-metadata: takes no value; leave the value out\n"},
    {{"--help=yes"}, "error: --help: takes no value; leave the value out\n"},
    {{"--config-file"}, "error: --config-file: needs a value; write --config-file=FILE\n"},
    {{"--config-file", "--log-level=info"},
     "error: --config-file: needs a value; write --config-file=FILE\n"},
    {{"--reload-method=sighup"},
     "error: --reload-method: \"sighup\" is unknown here; use one of http, signal\n"},
    {{"--process-executable-name=/bin/prometheus"},
     "error: --process-executable-name: \"/bin/prometheus\" is a path; write the name of the program "
     "without its folder, as in prometheus\n"},
    {{"--watch-interval=3 minutes"},
     "error: --watch-interval: \"3 minutes\" is no duration; write it as in 500ms, 30s, 3m or "
     "1h30m\n"},
    {{"--watch-interval=-1s"},
     "error: --watch-interval: \"-1s\" is no duration; write it as in 500ms, 30s, 3m or 1h30m\n"},
    {{"--retry-interval=0"},
     "error: --retry-interval: \"0\" is too small; use a value from 1ms to 1y\n"},
    {{"--reload-timeout=0s"},
     "error: --reload-timeout: \"0s\" is too small; use a value from 1ms to 1y\n"},
    {{"--watch-interval=100y"},
     "error: --watch-interval: \"100y\" is too large; use a value from 0s to 1y\n"},
    {{"--watch-interval=99999y"},
     "error: --watch-interval: \"99999y\" is too large; use a value from 0s to 1y\n"},
    {{"--max-shards=many"},
     "error: --max-shards: \"many\" is no whole number; write digits only, as in 1000\n"},
    {{"--max-shards=0"},
     "error: --max-shards: \"0\" is too small; use a value from 1 to 2147483647\n"},
    {{"--max-files=-99999999999999999999"},
     "error: --max-files: \"-99999999999999999999\" is too small; use a value from 1 to "
     "2147483647\n"},
    {{"--max-files=99999999999999999999"},
     "error: --max-files: \"99999999999999999999\" is too large; use a value from 1 to "
     "2147483647\n"},
    {{"--max-file-size=4 pounds"},
     "error: --max-file-size: \"4 pounds\" is no size; write it as in 65536, 64KiB or 4MiB\n"},
    {{"--max-file-size=2GiB"},
     "error: --max-file-size: \"2GiB\" is too large; use a value from 1 to 1024MiB\n"},
    {{"--max-file-size=0"},
     "error: --max-file-size: \"0\" is too small; use a value from 1 to 1024MiB\n"},
    {{"--config-file-mode=0888"},
     "error: --config-file-mode: \"0888\" is no file mode; write an octal number up to 0777, as in "
     "0640\n"},
    {{"--config-file-mode=rw-r-----"},
     "error: --config-file-mode: \"rw-r-----\" is no file mode; write an octal number up to 0777, "
     "as in 0640\n"},
    {{"--config-file-mode=4755"},
     "error: --config-file-mode: \"4755\" has bits that a config cannot use; write an octal number "
     "up to 0777, as in 0640\n"},
    {{"--log-level=loud"},
     "error: --log-level: \"loud\" is unknown here; use one of debug, info, warn, error, none, all\n"},
    {{"--auto-gomemlimit-ratio=half"},
     "error: --auto-gomemlimit-ratio: \"half\" is no number; write a number, as in 0.9\n"},
    {{"--auto-gomemlimit-ratio="},
     "error: --auto-gomemlimit-ratio: \"\" is no number; write a number, as in 0.9\n"},
    {{"--short-version=true"}, "error: --short-version: takes no value; leave the value out\n"},
    {{"--send-metadata=yes"},
     "error: --send-metadata: \"yes\" is neither true nor false; write true or false\n"},
    {{"--reload-url=127.0.0.1:9090"},
     "error: --reload-url: \"127.0.0.1:9090\" is no URL; write it as in "
     "http://127.0.0.1:9090/-/reload\n"},
    {{"--reload-url=ftp://x/"},
     "error: --reload-url: \"ftp://x/\" is no http or https URL; write it as in "
     "http://127.0.0.1:9090/-/reload\n"},
    {{"--reload-url=http://x/#y"},
     "error: --reload-url: \"http://x/#y\" has a fragment ('#'); write it as in "
     "http://127.0.0.1:9090/-/reload\n"},
    {{"--reload-url=http://x:99999/"},
     "error: --reload-url: \"http://x:99999/\" is no URL; write it as in "
     "http://127.0.0.1:9090/-/reload\n"},
    {{"--reload-url=ftp://me:hunter2@x/"},
     "error: --reload-url: the URL is no http or https URL; write it as in "
     "http://USER:PASSWORD@127.0.0.1:9090/-/reload, special characters percent-encoded\n"},
    {{"--reload-server-name="},
     "error: --reload-server-name: \"\" is empty; write a host name or an IP address, without a "
     "port\n"},
    {{"--reload-server-name=prometheus.test:9090"},
     "error: --reload-server-name: \"prometheus.test:9090\" has a port; write a host name or an IP "
     "address, without a port\n"},
    {{"--reload-server-name=https://prometheus.test"},
     "error: --reload-server-name: \"https://prometheus.test\" is neither a host name nor an IP "
     "address; write a host name or an IP address, without a port\n"},
    {{"--cluster-label=region"},
     "error: --cluster-label: \"region\" is no key=value; write it as in region=eu-west-1\n"},
    {{"--cluster-label==x"},
     "error: --cluster-label: \"=x\" is no key=value; write it as in region=eu-west-1\n"},
    {{"--remote-write-namespace=Team_A"},
     "error: --remote-write-namespace: \"Team_A\" is no name of a namespace; use lower-case "
     "letters, digits and '-', at most 63\n"},
    {{"--remote-write-namespace=-x"},
     "error: --remote-write-namespace: \"-x\" is no name of a namespace; use lower-case letters, "
     "digits and '-', at most 63\n"},
    {{"--enforced-namespace-label=9x"},
     "error: --enforced-namespace-label: \"9x\" is no name of a Prometheus label; use letters, "
     "digits and '_', and begin with no digit\n"},
    {{"--secret-dir=Team=/x"},
     "error: --secret-dir: \"Team=/x\" does not begin with the name of a namespace; write DIR or "
     "NAMESPACE=DIR (a directory with '=' in its first part is written ./DIR)\n"},
    {{"--secret-dir=team="},
     "error: --secret-dir: \"team=\" names no directory behind the namespace; write DIR or "
     "NAMESPACE=DIR (a directory with '=' in its first part is written ./DIR)\n"},
    {{"--secret-dir="},
     "error: --secret-dir: \"\" is no directory; write DIR or NAMESPACE=DIR (a directory with '=' "
     "in its first part is written ./DIR)\n"},
    {{"--enforced-namespace-label=my-label"},
     "error: --enforced-namespace-label: \"my-label\" is no name of a Prometheus label; use "
     "letters, digits and '_', and begin with no digit\n"},
    {{"--allowed-url="},
     "error: --allowed-url: \"\" is empty; write it as in https://*.example.com/*\n"},
    {{"--config-file=\xff"},
     "error: --config-file: \"\\xff\" is not UTF-8; write it in UTF-8, without NUL\n"},
    {{"--log-levle=x", "--max-fils=3"},
     "error: --log-levle: unknown flag; did you mean --log-level?\n"
     "error: --max-fils: unknown flag; did you mean --max-files?\n"},
};

static void a_wrong_command_line_is_told_flag_value_and_remedy(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(wrong_lines); i++) {
        const char *const *arguments = wrong_lines[i].arguments;
        SETTINGS fixture =
            settings_given(NULL, arguments[0], arguments[1], arguments[2], arguments[3], NULL);
        assert_string_equal(settings_messages(fixture), wrong_lines[i].message);
        assert_int_not_equal(fixture->error, 0);
        assert_null(fixture->settings);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_and_paths_arrive_as_written),
        cmocka_unit_test(without_flags_the_defaults_hold),
        cmocka_unit_test(numbers_sizes_durations_modes_and_words_are_read),
        cmocka_unit_test(what_go_programs_take_is_taken),
        cmocka_unit_test(an_empty_value_of_the_reloader_s_flags_is_none),
        cmocka_unit_test(a_url_may_carry_user_and_password),
        cmocka_unit_test(a_value_may_follow_as_the_next_argument),
        cmocka_unit_test(a_boolean_takes_no_next_argument),
        cmocka_unit_test(a_boolean_can_be_given_in_four_ways),
        cmocka_unit_test(of_a_repeated_scalar_the_last_wins),
        cmocka_unit_test(a_repeated_list_grows),
        cmocka_unit_test(a_long_list_keeps_its_order),
        cmocka_unit_test(a_directory_can_be_bound_to_a_namespace),
        cmocka_unit_test(two_dashes_end_the_flags),
        cmocka_unit_test(help_and_version_are_seen),
        cmocka_unit_test(the_origin_names_the_flag_as_it_was_written),
        cmocka_unit_test(a_wrong_command_line_is_told_flag_value_and_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
