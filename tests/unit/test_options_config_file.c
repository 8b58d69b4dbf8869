/* SPDX-License-Identifier: Apache-2.0 */

/* sidecar.cfg: every key, every kind of mistake, and how it gives way to flags. */

#include "options/config_file.h"
#include "options/options.h"
#include "support/settings_fixture.h"
#include "support/tempdir.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static const char full_file[] =
    "# a comment\n"
    "base: { config_file = \"/base.yml\"; statefulset_ordinal_from = \"NAME\"; };\n"
    "output: {\n"
    "  config_file = \"/out.yml\";\n"
    "  secret_dir = \"/secrets\";\n"
    "  mode = \"0600\";\n"
    "};\n"
    "sources: {\n"
    "  remote_write_dirs = [\"/rw\", \"team-a=/rw-a\"];\n"
    "  secret_dirs = (\"/s\");\n"
    "  configmap_dirs = [];\n"
    "};\n"
    "cluster: { labels = [\"a=b\"]; labels_file = \"/labels\"; };\n"
    "select: { labels = \"team=a\"; namespaces = [\"x\"]; };\n"
    "prometheus: { version = \"2.42\"; };\n"
    "policy: {\n"
    "  enforced_namespace_label = \"ns\"; allow_file_references = true;\n"
    "  allowed_urls = [\"https://*\"]; allow_ambient_credentials = false;\n"
    "  max_shards = 5; max_capacity = 6; max_samples_per_send = 7L;\n"
    "  proxy_from_environment = true; send_metadata = false;\n"
    "  inline_untrimmed_secrets = true; expand_environment = true;\n"
    "};\n"
    "reload: {\n"
    "  url = \"http://p/-/reload\"; runtimeinfo_url = \"http://p/r\"; timeout = \"5s\";\n"
    "  startup_grace = \"2m\"; method = \"signal\"; process_executable_name = \"p\";\n"
    "  username = \"u\"; password_file = \"/p\"; bearer_token_file = \"/b\";\n"
    "  ca_file = \"/ca\"; cert_file = \"/c\"; key_file = \"/k\"; server_name = \"n\"; insecure_skip_verify = true;\n"
    "};\n"
    "web: { listen_address = \"127.0.0.1:8080\"; config_file = \"/w.yml\"; };\n"
    "watch: { interval = \"1m\"; delay = \"10ms\"; retry = \"2s\"; dirs = [\"/rules\"]; };\n"
    "limits: { max_file_size = \"1MiB\"; max_volume_size = 99; max_files = 11; max_documents = 12; max_depth = 13; "
    "max_values = 14; max_scalar_size = \"2MiB\"; };\n"
    "sandbox = \"require\";\n"
    "log: { level = \"warn\"; format = \"json\"; };\n";

static void every_key_sets_its_option(void **state) {
    SETTINGS fixture = settings_given(full_file, NULL);
    const struct settings *settings = fixture->settings;

    assert_string_equal(settings_messages(fixture), "");
    for (size_t i = 0; i < option_count; i++) {
        /* An empty list sets nothing. */
        if (strcmp(options[i].flag, "configmap-dir") != 0 && options[i].key != NULL) {
            assert_int_equal(settings->origins[i].kind, ORIGIN_FILE);
        }
    }
    assert_string_equal(settings->config_file, "/base.yml");
    assert_string_equal(settings->output_file, "/out.yml");
    assert_int_equal(settings->config_mode, 0600);
    assert_int_equal(settings->remote_write_dirs.count, 2);
    assert_string_equal(settings->remote_write_dirs.items[1].namespace, "team-a");
    assert_int_equal(settings->secret_dirs.count, 1);
    assert_int_equal(settings->configmap_dirs.count, 0);
    assert_true(settings->allow_file_references);
    assert_false(settings->allow_ambient_credentials);
    assert_int_equal(settings->max_samples_per_send, 7);
    assert_int_equal(settings->reload_timeout, 5000);
    assert_int_equal(settings->startup_grace, 120000);
    assert_int_equal(settings->max_file_size, 1 << 20);
    assert_int_equal(settings->max_volume_size, 99);
    assert_int_equal(settings->max_depth, 13);
    assert_int_equal(settings->max_values, 14);
    assert_int_equal(settings->max_scalar_size, 2 << 20);
    assert_int_equal(settings->log_level, 2);
}

static void a_size_may_be_a_plain_integer(void **state) {
    SETTINGS fixture = settings_given("limits: { max_file_size = 4096; };", NULL);
    assert_int_equal(fixture->settings->max_file_size, 4096);
}

static void a_flag_wins_over_the_file(void **state) {
    SETTINGS fixture =
        settings_given(full_file, "--config-file=/flag.yml", "--send-metadata", NULL);

    assert_string_equal(fixture->settings->config_file, "/flag.yml");
    assert_true(fixture->settings->send_metadata);
    assert_string_equal(fixture->settings->output_file, "/out.yml");
}

static void a_list_of_flags_replaces_the_list_of_the_file(void **state) {
    SETTINGS fixture = settings_given(full_file, "--remote-write-dir=/only", "--cluster-label=x=1",
                                      "--cluster-label=y=2", NULL);

    assert_int_equal(fixture->settings->remote_write_dirs.count, 1);
    assert_string_equal(fixture->settings->remote_write_dirs.items[0].path, "/only");
    assert_int_equal(fixture->settings->cluster_labels.count, 2);
    assert_string_equal(fixture->settings->cluster_labels.items[0], "x=1");
}

static void the_same_flags_read_a_changed_file_anew(void **state) {
    SETTINGS fixture = settings_given("watch: { interval = \"1m\"; };", NULL);
    struct settings *again = NULL;

    assert_int_equal(truncate(fixture->path, 0), 0);
    assert_int_equal(settings_read(&fixture->flags, &fixture->diagnostics, &again), 0);
    assert_int_equal(fixture->settings->watch_interval, 60000);
    assert_int_equal(again->watch_interval, 180000);
    settings_free(again);
}

struct wrong {
    const char *file;
    const char *message;
};

static const struct wrong wrong_files[] = {
    {"watch: {\n  intervall = \"3m\";\n};\n",
     "sidecar.cfg:2: error: watch.intervall: unknown setting; did you mean watch.interval?\n"},
    {"wach: {\n  interval = \"3m\";\n};\n",
     "sidecar.cfg:1: error: wach: unknown setting; did you mean watch?\n"},
    {"# x\ncolour = \"blue\";\n",
     "sidecar.cfg:2: error: colour: unknown setting; remotewrite-sidecar --help lists all "
     "settings\n"},
    {"log = \"debug\";\n",
     "sidecar.cfg:1: error: log: is a group of settings; write it as log: { ... }\n"},
    {"log: { level = { deep = 1; }; };\n",
     "sidecar.cfg:1: error: log.level: is a group; write a string, in double quotes\n"},
    {"policy:\n{\n  send_metadata = \"false\";\n};\n",
     "sidecar.cfg:3: error: policy.send_metadata: is a string; write true or false, without "
     "quotes\n"},
    {"policy: { send_metadata = 0; };\n",
     "sidecar.cfg:1: error: policy.send_metadata: is an integer; write true or false, without "
     "quotes\n"},
    {"watch: { interval = 180; };\n",
     "sidecar.cfg:1: error: watch.interval: is an integer; write a string as in \"30s\"\n"},
    {"output: { mode = 0640; };\n",
     "sidecar.cfg:1: error: output.mode: is an integer; write a string as in \"0640\"\n"},
    {"prometheus: { version = 2.42; };\n",
     "sidecar.cfg:1: error: prometheus.version: is a floating-point number; write a string, in "
     "double quotes\n"},
    {"limits: { max_files = \"10\"; };\n",
     "sidecar.cfg:1: error: limits.max_files: is a string; write an integer, without quotes\n"},
    {"limits: { max_file_size = true; };\n",
     "sidecar.cfg:1: error: limits.max_file_size: is a boolean; write an integer, or a string as "
     "in \"4MiB\"\n"},
    {"cluster: { labels = \"a=b\"; };\n",
     "sidecar.cfg:1: error: cluster.labels: is a string; write an array of strings: [\"...\", "
     "\"...\"]\n"},
    {"cluster: { labels = [1, 2]; };\n",
     "sidecar.cfg:1: error: cluster.labels: is an integer; write an array of strings: [\"...\", "
     "\"...\"]\n"
     "sidecar.cfg:1: error: cluster.labels: is an integer; write an array of strings: [\"...\", "
     "\"...\"]\n"},
    {"base: { config_file = [\"a\"]; };\n",
     "sidecar.cfg:1: error: base.config_file: is an array; write a string, in double quotes\n"},
    {"\n\nreload: { timeout = \"fast\"; };\n",
     "sidecar.cfg:3: error: reload.timeout: \"fast\" is no duration; write it as in 500ms, 30s, 3m "
     "or 1h30m\n"},
    {"log: {\n  level = \"info\"\n  format: \n};\n",
     "sidecar.cfg:4: error: syntax error; see libconfig's syntax: name = value;\n"},
    {"log: { level = \"info\"; };\nlog: { format = \"json\"; };\n",
     "sidecar.cfg:2: error: duplicate setting name; see libconfig's syntax: name = value;\n"},
    {"log: { level = \"info\"; };\n@include \"more.cfg\"\n",
     "sidecar.cfg:2: error: @include is not supported; write all settings into one file\n"},
    {"log: { level = \"\xff\"; };\n",
     "sidecar.cfg: error: is no text; write the file in UTF-8, without NUL\n"},
};

static void a_mistake_is_told_with_line_key_and_remedy(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(wrong_files); i++) {
        SETTINGS fixture = settings_given(wrong_files[i].file, NULL);
        assert_string_equal(settings_messages(fixture), wrong_files[i].message);
        assert_int_not_equal(fixture->error, 0);
        assert_null(fixture->settings);
    }
}

static void a_mistake_in_the_file_counts_though_a_flag_wins(void **state) {
    SETTINGS fixture =
        settings_given("watch: { interval = \"fast\"; };", "--watch-interval=1m", NULL);
    assert_int_not_equal(fixture->error, 0);
}

static void a_file_that_is_absent_is_an_error(void **state) {
    SETTINGS absent = settings_given(NULL, "--sidecar-config=/nowhere/sidecar.cfg", NULL);

    assert_string_equal(settings_messages(absent),
                        "/nowhere/sidecar.cfg: error: cannot be read: No such file or directory; "
                        "check the path that --sidecar-config gives\n");
}

/* A pipe that nobody writes to would look like an empty file. */
static void what_is_no_regular_file_is_an_error(void **state) {
    CLEANUP(tempdir_removep) char *folder = tempdir_new();
    CLEANUP(memory_freep) char *pipe = path_join(folder, "pipe");
    const char *const paths[] = {"/tmp", "/dev/null", pipe};
    assert_int_equal(mkfifo(pipe, 0600), 0);

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        CLEANUP(buffer_free) struct buffer flag = {0};
        CLEANUP(buffer_free) struct buffer message = {0};
        buffer_printf(&flag, "--sidecar-config=%s", paths[i]);
        buffer_printf(&message,
                      "%s: error: is no regular file; check the path that --sidecar-config gives\n",
                      paths[i]);
        SETTINGS fixture = settings_given(NULL, buffer_string(&flag), NULL);
        assert_int_not_equal(fixture->error, 0);
        assert_string_equal(settings_messages(fixture), buffer_string(&message));
    }
}

static void a_file_that_is_far_too_large_is_an_error(void **state) {
    SETTINGS fixture = settings_given("", NULL);
    struct settings *again = NULL;

    assert_int_equal(truncate(fixture->path, 1 << 24), 0);
    assert_int_not_equal(settings_read(&fixture->flags, &fixture->diagnostics, &again), 0);
    assert_string_equal(settings_messages(fixture),
                        "sidecar.cfg: error: cannot be read: File too large; check the path that "
                        "--sidecar-config gives\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_sets_its_option),
        cmocka_unit_test(a_size_may_be_a_plain_integer),
        cmocka_unit_test(a_flag_wins_over_the_file),
        cmocka_unit_test(a_list_of_flags_replaces_the_list_of_the_file),
        cmocka_unit_test(the_same_flags_read_a_changed_file_anew),
        cmocka_unit_test(a_mistake_is_told_with_line_key_and_remedy),
        cmocka_unit_test(a_mistake_in_the_file_counts_though_a_flag_wins),
        cmocka_unit_test(a_file_that_is_absent_is_an_error),
        cmocka_unit_test(what_is_no_regular_file_is_an_error),
        cmocka_unit_test(a_file_that_is_far_too_large_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
