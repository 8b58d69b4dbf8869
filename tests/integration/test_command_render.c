/* SPDX-License-Identifier: Apache-2.0 */

/* render: the config that run writes, without writing it. */

#include "support/program.h"
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

static const char base[] = "# mine\nglobal:\n  scrape_interval: 15s # often\nscrape_configs: []\n";

#define MANIFEST(name, more)                           \
    "apiVersion: monitoring.giantswarm.io/v1alpha1\n"  \
    "kind: RemoteWrite\n"                              \
    "metadata: {name: " name ", namespace: team-a}\n"  \
    "spec:\n"                                          \
    "  clusterSelector: {matchLabels: {region: eu}}\n" \
    "  remoteWrite:\n"                                 \
    "    url: https://example.com/push\n" more

#define WITH_PASSWORD                        \
    "    basicAuth:\n"                       \
    "      username: {name: s, key: user}\n" \
    "      password: {name: s, key: password}\n"

/* A base, two RemoteWrites and a Secret. */
static void house_built(struct program *program) {
    program_file(program, "base.yml", base);
    program_file(program, "rw/a.yaml", MANIFEST("a", WITH_PASSWORD));
    program_file(program, "rw/b.yaml", MANIFEST("b", ""));
    program_file(program, "secrets/s/user", "me\n");
    program_file(program, "secrets/s/password", "hunter2\n");
}

#define HOUSE                                                                  \
    "--config-file=base.yml", "--remote-write-dir=rw", "--secret-dir=secrets", \
        "--cluster-label=region=eu"

static void the_merged_config_goes_to_stdout(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    assert_int_equal(program_run(program, "render", HOUSE, NULL), 0);
    const char *output = program_output(program);
    assert_int_equal(strncmp(output, base, strlen(base)), 0);
    assert_non_null(strstr(output, "# BEGIN remotewrite-sidecar: generated, edits are "
                                   "overwritten\n"));
    assert_non_null(strstr(output, "name: a\n"));
    assert_non_null(strstr(output, "name: b\n"));
    assert_non_null(strstr(output, "password_file: remote-write-secrets/"));
    assert_null(strstr(output, "hunter2"));
    assert_string_equal(program_errors(program), "");
}

static void nothing_is_written(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    assert_int_equal(
        program_run(program, "render", HOUSE, "--output-file=out/prometheus.yml", NULL), 0);
    assert_false(file_exists(program->folder, "out"));
    assert_false(file_exists(program->folder, "remote-write-secrets"));
}

static void render_says_byte_for_byte_what_run_writes(void **state) {
    PROGRAM rendered = program_new();
    PROGRAM ran = program_new();

    house_built(rendered);
    house_built(ran);
    folder_make(ran->folder, "out");
    assert_int_equal(
        program_run(rendered, "render", HOUSE, "--output-file=out/prometheus.yml", NULL), 0);
    assert_int_equal(program_run(ran, "run", HOUSE, "--output-file=out/prometheus.yml",
                                 "--watch-interval=0", NULL),
                     0);
    assert_string_equal(program_read(ran, "out/prometheus.yml"), program_output(rendered));
}

static void the_secrets_path_is_relative_to_the_output(void **state) {
    PROGRAM below = program_new();
    PROGRAM beside = program_new();
    PROGRAM unknown = program_new();

    house_built(below);
    house_built(beside);
    house_built(unknown);
    program_run(below, "render", HOUSE, "--output-file=out/prometheus.yml",
                "--secret-output-dir=@/out/keys", NULL);
    assert_non_null(strstr(program_output(below), "password_file: keys/team-a_a_"));
    program_run(beside, "render", HOUSE, "--output-file=@/out/prometheus.yml",
                "--secret-output-dir=keys", NULL);
    assert_non_null(strstr(program_output(beside), "../keys/team-a_a_"));
    program_run(unknown, "render", HOUSE, "--secret-output-dir=keys", NULL);
    assert_non_null(strstr(program_output(unknown),
                           arena_format(unknown->arena, "%s/keys/team-a_a_", unknown->folder)));
}

static void a_rejected_remote_write_is_told_and_left_out(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    program_file(program, "rw/b.yaml", MANIFEST("b", "    remoteTimeout: soon\n"));
    assert_int_equal(program_run(program, "render", HOUSE, NULL), 1);
    assert_non_null(strstr(program_output(program), "name: a\n"));
    assert_null(strstr(program_output(program), "name: b\n"));
    assert_non_null(strstr(program_errors(program), "rw/b.yaml:8:20: error: [team-a/b] "));
}

static void a_pending_remote_write_is_left_out_but_no_fault(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    file_remove(program->folder, "secrets/s/password");
    assert_int_equal(program_run(program, "render", HOUSE, NULL), 0);
    assert_null(strstr(program_output(program), "name: a\n"));
    assert_non_null(strstr(program_output(program), "name: b\n"));
    assert_non_null(strstr(program_errors(program), ": warning: [team-a/a] "));
}

static void an_unselected_remote_write_is_left_out(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    assert_int_equal(program_run(program, "render", HOUSE, "--cluster-label=region=us", NULL), 0);
    assert_string_equal(program_output(program), base);
}

static void a_base_that_cannot_be_merged_gives_nothing_on_stdout(void **state) {
    PROGRAM broken = program_new();
    PROGRAM absent = program_new();

    house_built(broken);
    program_file(broken, "base.yml", "remote_write: {a: b}\n");
    assert_int_equal(program_run(broken, "render", HOUSE, NULL), 1);
    assert_string_equal(program_output(broken), "");
    assert_non_null(strstr(program_errors(broken), "base.yml:1:15: error: "));

    assert_int_equal(program_run(absent, "render", HOUSE, NULL), 1);
    assert_string_equal(program_output(absent), "");
    assert_non_null(strstr(program_errors(absent), "base.yml: error: "));
}

static void a_file_that_is_absent_is_said_once(void **state) {
    PROGRAM base_absent = program_new();
    PROGRAM labels_absent = program_new();

    assert_int_equal(program_run(base_absent, "render", "--config-file=gone.yml", NULL), 1);
    assert_string_equal(program_errors(base_absent),
                        "gone.yml: error: does not exist; create it, or correct --config-file\n");

    house_built(labels_absent);
    assert_int_equal(
        program_run(labels_absent, "render", HOUSE, "--cluster-labels-file=gone", NULL), 1);
    static const char absent[] = "does not exist; create it, or correct --cluster-labels-file\n";
    const char *said = strstr(program_errors(labels_absent), absent);
    assert_non_null(said);
    assert_null(strstr(said + 1, absent));
    assert_non_null(strstr(program_errors(labels_absent), "the cluster's labels are not known"));
}

static void the_environment_fills_the_base(void **state) {
    PROGRAM program = program_new();

    program_file(program, "base.yml", "global: {external_labels: {c: $(CLUSTER), d: $(NONE)}}\n");
    setenv("CLUSTER", "eu1", 1);
    unsetenv("NONE");
    assert_int_equal(program_run(program, "render", "--config-file=base.yml", NULL), 0);
    unsetenv("CLUSTER");
    assert_string_equal(program_output(program),
                        "global: {external_labels: {c: eu1, d: $(NONE)}}\n");
    assert_non_null(strstr(program_errors(program), "NONE"));
}

static void in_place_the_environment_stays_out_of_the_base(void **state) {
    PROGRAM program = program_new();

    program_file(program, "base.yml", "global: {external_labels: {c: $(CLUSTER)}}\n");
    link_make(program->folder, "out.yml", "base.yml");
    setenv("CLUSTER", "eu1", 1);
    assert_int_equal(
        program_run(program, "render", "--config-file=base.yml", "--output-file=out.yml", NULL), 0);
    unsetenv("CLUSTER");
    assert_string_equal(program_output(program), "global: {external_labels: {c: $(CLUSTER)}}\n");
}

static void the_version_of_prometheus_decides_what_is_written(void **state) {
    PROGRAM old = program_new();

    house_built(old);
    program_file(old, "rw/b.yaml", MANIFEST("b", "    sendNativeHistograms: true\n"));
    program_run(old, "render", HOUSE, "--prometheus-version=2.30.0", NULL);
    assert_null(strstr(program_output(old), "send_native_histograms"));
}

static void a_wrong_selector_in_sidecar_cfg_is_told_with_its_line(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    program_file(program, "sidecar.cfg", "select:\n{\n  labels = \"a in b\";\n};\n");
    assert_int_equal(program_run(program, "render", HOUSE, "--sidecar-config=sidecar.cfg", NULL),
                     2);
    assert_int_equal(strncmp(program_errors(program), "sidecar.cfg:3: error: select.labels: ", 37),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_merged_config_goes_to_stdout),
        cmocka_unit_test(nothing_is_written),
        cmocka_unit_test(render_says_byte_for_byte_what_run_writes),
        cmocka_unit_test(the_secrets_path_is_relative_to_the_output),
        cmocka_unit_test(a_rejected_remote_write_is_told_and_left_out),
        cmocka_unit_test(a_pending_remote_write_is_left_out_but_no_fault),
        cmocka_unit_test(an_unselected_remote_write_is_left_out),
        cmocka_unit_test(a_base_that_cannot_be_merged_gives_nothing_on_stdout),
        cmocka_unit_test(a_file_that_is_absent_is_said_once),
        cmocka_unit_test(the_environment_fills_the_base),
        cmocka_unit_test(in_place_the_environment_stays_out_of_the_base),
        cmocka_unit_test(the_version_of_prometheus_decides_what_is_written),
        cmocka_unit_test(a_wrong_selector_in_sidecar_cfg_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
