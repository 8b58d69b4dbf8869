/* SPDX-License-Identifier: Apache-2.0 */

/* In place of prometheus-config-reloader: started by that name, with the command lines that
 * Prometheus Operator and the documentation give it, beside a real Prometheus that loads rules. */

#include "base/memory.h"
#include "support/assertions.h"
#include "support/http_request.h"
#include "support/kubelet.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    ARGUMENTS_MAX = 16
};

#define RULE(name) \
    "groups:\n  - name: " name "\n    rules: [{record: '" name "', expr: vector(1)}]\n"

#define BROKEN_RULE "groups:\n  - name: broken\n    rules: [{record: 'a b', expr: '(('}]\n"

struct reloader_pod {
    struct pod *pod;
    const char *rules; /* FOLDER/rules, a volume of kubelet's */
    struct kubelet_volume *volume;
    const char *config; /* FOLDER/assets/prometheus.yaml.gz */
};

/* --- the pod that Prometheus Operator makes --------------------------------------------------- */

static void config_is(struct reloader_pod *reloader, const char *scrape_interval) {
    struct pod *pod = reloader->pod;
    const char *text = arena_format(pod->arena,
                                    "global:\n  scrape_interval: %s\n"
                                    "  external_labels: {replica: '$(POD_NAME)', ordinal: "
                                    "'$(STATEFULSET_ORDINAL_NUMBER)'}\n"
                                    "rule_files: ['%s/*.yml']\n",
                                    scrape_interval, reloader->rules);
    const char *temporary = arena_format(pod->arena, "%s/new.gz", pod->folder);
    gzFile file = gzopen(temporary, "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
    assert_int_equal(rename(temporary, reloader->config), 0);
}

static int reloader_setup(void **state) {
    struct reloader_pod *reloader = memory_new(1, sizeof(*reloader));
    void *pod = NULL;

    if (pod_setup(&pod) != 0) {
        return -1;
    }
    reloader->pod = pod;
    struct arena *arena = reloader->pod->arena;
    reloader->rules = arena_format(arena, "%s/rules", reloader->pod->folder);
    reloader->config = arena_format(arena, "%s/assets/prometheus.yaml.gz", reloader->pod->folder);
    folder_make(reloader->pod->folder, "assets");
    folder_make(reloader->pod->folder, "rules");
    reloader->volume = kubelet_volume_new(reloader->rules);
    kubelet_volume_write(reloader->volume, "first.yml", RULE("first"), NULL);
    config_is(reloader, "15s");
    *state = reloader;
    return setenv("POD_NAME", "prometheus-main-2", 1);
}

static int reloader_teardown(void **state) {
    struct reloader_pod *reloader = *state;
    void *pod = reloader->pod;

    kubelet_volume_free(reloader->volume);
    free(reloader);
    unsetenv("POD_NAME");
    return pod_teardown(&pod);
}

/* argv: the link of that name, and no argument but these. */
static const char *const *command_line(struct pod *pod, va_list list) {
    const char **arguments = ARENA_NEW_ARRAY(pod->arena, const char *, ARGUMENTS_MAX + 1);
    const char *binary = getenv("SIDECAR");
    char real[PATH_MAX];
    size_t count = 0;

    assert_non_null(realpath(binary != NULL ? binary : "build/remotewrite-sidecar", real));
    if (!file_exists(pod->folder, "bin/prometheus-config-reloader")) {
        folder_make(pod->folder, "bin");
        link_make(pod->folder, "bin/prometheus-config-reloader", real);
    }
    arguments[count++] = arena_format(pod->arena, "%s/bin/prometheus-config-reloader", pod->folder);
    for (const char *flag = va_arg(list, const char *); flag != NULL;
         flag = va_arg(list, const char *)) {
        assert_between(count, 1, ARGUMENTS_MAX - 1);
        arguments[count++] = flag;
    }
    return arguments;
}

static const char *log_path(struct pod *pod) {
    return arena_format(pod->arena, "%s/sidecar.log", pod->folder);
}

__attribute__((sentinel)) static void reloader_starts(struct reloader_pod *reloader, ...) {
    struct pod *pod = reloader->pod;
    va_list list;

    va_start(list, reloader);
    const char *const *arguments = command_line(pod, list);
    va_end(list);
    pod->sidecar = process_start(arguments, NULL, log_path(pod));
}

/* To its end; its exit status. */
__attribute__((sentinel)) static int reloader_runs(struct pod *pod, ...) {
    va_list list;

    va_start(list, pod);
    const char *const *arguments = command_line(pod, list);
    va_end(list);
    return process_run(arguments, arena_format(pod->arena, "%s/stdout", pod->folder), log_path(pod),
                       DEADLINE_USUAL);
}

#define FLAG(reloader, format, ...) arena_format((reloader)->pod->arena, format, __VA_ARGS__)

/* As pkg/operator/config_reloader.go of Prometheus Operator puts them together. */
static void operators_init_container_runs(struct reloader_pod *reloader) {
    assert_int_equal(
        reloader_runs(reloader->pod, "--watch-interval=0", "--listen-address=:8081",
                      FLAG(reloader, "--config-file=%s", reloader->config),
                      FLAG(reloader, "--config-envsubst-file=%s", reloader->pod->output),
                      FLAG(reloader, "--watched-dir=%s", reloader->rules), NULL),
        0);
}

/* The port is any free one; all else is as the operator writes it. */
static void operators_sidecar_starts(struct reloader_pod *reloader) {
    reloader_starts(reloader, "--listen-address=:0",
                    FLAG(reloader, "--reload-url=%s",
                         prometheus_server_url(reloader->pod->prometheus, "/-/reload")),
                    FLAG(reloader, "--config-file=%s", reloader->config),
                    FLAG(reloader, "--config-envsubst-file=%s", reloader->pod->output),
                    FLAG(reloader, "--watched-dir=%s", reloader->rules), NULL);
}

/* --- what comes of it ------------------------------------------------------------------------- */

static bool url_says(const char *url, const char *text) {
    CLEANUP(http_reply_free) struct http_reply reply = http_get(url, NULL);

    return reply.status == 200 && strstr(buffer_string(&reply.body), text) != NULL;
}

/* Does Prometheus run this rule? */
static bool has_rule(struct reloader_pod *reloader, const char *name) {
    return url_says(prometheus_server_url(reloader->pod->prometheus, "/api/v1/rules"),
                    FLAG(reloader, "\"name\":\"%s\"", name));
}

/* Of its own server, whose port stands in its log; NULL: it does not listen yet. */
static const char *its_url(struct reloader_pod *reloader, const char *path) {
    CLEANUP(memory_freep) char *log = file_read(reloader->pod->folder, "sidecar.log");
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;

    at = at != NULL ? strstr(at, " port=") : NULL;
    return at != NULL ? FLAG(reloader, "http://127.0.0.1:%lu%s",
                             strtoul(at + strlen(" port="), NULL, 10), path)
                      : NULL;
}

static bool it_says(struct reloader_pod *reloader, const char *path, const char *text) {
    const char *url = its_url(reloader, path);

    return url != NULL && url_says(url, text);
}

/* Passes that it has made. Its log is a file beside what it watches, so that it makes one more for
 * each line. */
static unsigned long passes(struct reloader_pod *reloader) {
    static const char key[] = "\"passes\": ";
    const char *url = its_url(reloader, "/api/v1/status");

    if (url == NULL) {
        return 0;
    }
    CLEANUP(http_reply_free) struct http_reply reply = http_get(url, NULL);
    const char *at = strstr(buffer_string(&reply.body), key);
    return at != NULL ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static bool metrics_say(struct reloader_pod *reloader, const char *line) {
    return it_says(reloader, "/metrics", FLAG(reloader, "\n%s\n", line));
}

static unsigned reloads(const struct reloader_pod *reloader) {
    return prometheus_server_reloads(reloader->pod->prometheus);
}

/* A rule that was not there before comes in: whatever was to be done until then is done, and
 * counted. It costs one reload. */
static void catches_up(struct reloader_pod *reloader, const char *rule, const char *text) {
    kubelet_volume_write(reloader->volume, "first.yml", RULE("first"), "caught-up.yml", text, NULL);
    EVENTUALLY(reloader->pod, has_rule(reloader, rule));
    EVENTUALLY(reloader->pod, it_says(reloader, "/api/v1/status", "\"phase\": \"idle\""));
}

/* --- with the operator's command lines -------------------------------------------------------- */

static void the_operators_init_container_leaves_a_config_and_asks_nobody(void **state) {
    struct reloader_pod *reloader = *state;
    file_remove(FLAG(reloader, "%s/config", reloader->pod->folder), "prometheus.yml");

    operators_init_container_runs(reloader);

    const char *output = pod_output(reloader->pod);
    assert_non_null(strstr(output, "{replica: 'prometheus-main-2', ordinal: '2'}"));
    assert_null(strstr(output, "# BEGIN"));
    assert_int_equal(pod_logged(reloader->pod, "listening"), 0);
    pod_start_prometheus(reloader->pod);
    assert_true(has_rule(reloader, "first"));
}

static void the_operators_sidecar_brings_in_rules_and_configs(void **state) {
    struct reloader_pod *reloader = *state;
    operators_init_container_runs(reloader);
    pod_start_prometheus(reloader->pod);
    operators_sidecar_starts(reloader);
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));

    kubelet_volume_write(reloader->volume, "first.yml", RULE("first"), "second.yml", RULE("second"),
                         NULL);
    EVENTUALLY(reloader->pod, has_rule(reloader, "second"));
    config_is(reloader, "27s");
    EVENTUALLY(reloader->pod, prometheus_server_config_has(reloader->pod->prometheus, "27s"));
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_reloads_total 3"));

    /* At the start, for the rule, for the config. */
    assert_int_equal(reloads(reloader), 3);
    assert_true(metrics_say(reloader, "reloader_reloads_failed_total 0"));
    assert_true(metrics_say(reloader, "reloader_config_apply_operations_failed_total 0"));
    assert_true(metrics_say(reloader, "reloader_config_environment_variable_expansion_errors 0"));
    assert_true(metrics_say(reloader, "reloader_info{method=\"http\"} 1"));
}

/* Another folder for ..data, with the same bytes in it. */
static void generation_is_written_anew(struct reloader_pod *reloader) {
    const char *data = FLAG(reloader, "%s/..data", reloader->rules);

    file_write(reloader->rules, "..2026_11_25_anew/first.yml", RULE("first"));
    link_make(reloader->rules, "..data_tmp", "..2026_11_25_anew");
    assert_int_equal(rename(FLAG(reloader, "%s/..data_tmp", reloader->rules), data), 0);
}

static void rules_with_the_same_bytes_are_no_reload(void **state) {
    struct reloader_pod *reloader = *state;
    operators_init_container_runs(reloader);
    pod_start_prometheus(reloader->pod);
    operators_sidecar_starts(reloader);
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));
    const unsigned before = reloads(reloader);

    file_age(reloader->rules, "first.yml", 60);
    generation_is_written_anew(reloader);

    catches_up(reloader, "later", RULE("later"));
    assert_int_equal(reloads(reloader), before + 1);
}

static void rules_and_config_together_are_one_reload(void **state) {
    struct reloader_pod *reloader = *state;
    operators_init_container_runs(reloader);
    pod_start_prometheus(reloader->pod);
    reloader_starts(reloader, "--listen-address=:0", "--delay-interval=500ms",
                    FLAG(reloader, "--reload-url=%s",
                         prometheus_server_url(reloader->pod->prometheus, "/-/reload")),
                    FLAG(reloader, "--config-file=%s", reloader->config),
                    FLAG(reloader, "--config-envsubst-file=%s", reloader->pod->output),
                    FLAG(reloader, "--watched-dir=%s", reloader->rules), NULL);
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));

    config_is(reloader, "27s");
    kubelet_volume_write(reloader->volume, "first.yml", RULE("first"), "second.yml", RULE("second"),
                         NULL);
    EVENTUALLY(reloader->pod, has_rule(reloader, "second"));
    assert_true(prometheus_server_config_has(reloader->pod->prometheus, "27s"));

    catches_up(reloader, "later", RULE("later"));
    assert_int_equal(reloads(reloader), 3);
}

static void broken_rules_are_told_and_heal_with_one_reload(void **state) {
    struct reloader_pod *reloader = *state;
    operators_init_container_runs(reloader);
    pod_start_prometheus(reloader->pod);
    reloader_starts(reloader, "--listen-address=:0", "--retry-interval=10m",
                    FLAG(reloader, "--reload-url=%s",
                         prometheus_server_url(reloader->pod->prometheus, "/-/reload")),
                    FLAG(reloader, "--config-file=%s", reloader->config),
                    FLAG(reloader, "--config-envsubst-file=%s", reloader->pod->output),
                    FLAG(reloader, "--watched-dir=%s", reloader->rules),
                    FLAG(reloader, "--remote-write-dir=%s", reloader->pod->manifests),
                    FLAG(reloader, "--secret-dir=%s", reloader->pod->secrets), NULL);
    pod_drop(reloader->pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(reloader->pod, prometheus_server_runs(reloader->pod->prometheus, "team-a"));
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));
    const unsigned before = reloads(reloader);

    kubelet_volume_write(reloader->volume, "first.yml", BROKEN_RULE, NULL);
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 0"));
    assert_true(metrics_say(reloader, "remotewrite_sidecar_remote_writes{state=\"active\"} 1"));
    assert_true(prometheus_server_runs(reloader->pod->prometheus, "team-a"));
    assert_non_null(strstr(pod_output(reloader->pod), "name: team-a"));

    kubelet_volume_write(reloader->volume, "first.yml", RULE("mended"), NULL);
    EVENTUALLY(reloader->pod, has_rule(reloader, "mended"));
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));
    assert_int_equal(reloads(reloader), before + 2);
}

/* It runs, and then it is given a config that Prometheus refuses. */
static void a_config_is_refused(struct reloader_pod *reloader) {
    reloader->pod->refused_on_purpose = true;
    operators_init_container_runs(reloader);
    pod_start_prometheus(reloader->pod);
    operators_sidecar_starts(reloader);
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));

    config_is(reloader, "never");
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 0"));
    EVENTUALLY(reloader->pod, strstr(pod_output(reloader->pod), "15s") != NULL);
}

static void a_refused_config_gives_way_to_the_last_good_one(void **state) {
    struct reloader_pod *reloader = *state;
    a_config_is_refused(reloader);

    config_is(reloader, "27s");

    EVENTUALLY(reloader->pod, prometheus_server_config_has(reloader->pod->prometheus, "27s"));
    EVENTUALLY(reloader->pod, metrics_say(reloader, "reloader_last_reload_successful 1"));
}

static void rules_go_on_while_a_config_is_refused(void **state) {
    struct reloader_pod *reloader = *state;
    a_config_is_refused(reloader);

    kubelet_volume_write(reloader->volume, "first.yml", RULE("meanwhile"), NULL);

    EVENTUALLY(reloader->pod, has_rule(reloader, "meanwhile"));
    EVENTUALLY(reloader->pod, strstr(pod_output(reloader->pod), "15s") != NULL);
    assert_true(metrics_say(reloader, "reloader_last_reload_successful 0"));
}

/* --- the other ways to use it ----------------------------------------------------------------- */

static void a_config_file_alone_is_only_watched(void **state) {
    struct reloader_pod *reloader = *state;
    struct pod *pod = reloader->pod;
    const char *folder = FLAG(reloader, "%s/config", pod->folder);
    pod_start_prometheus(pod);
    reloader_starts(
        reloader, FLAG(reloader, "--config-file=%s", pod->output),
        FLAG(reloader, "--reload-url=%s", prometheus_server_url(pod->prometheus, "/-/reload")),
        NULL);
    EVENTUALLY(pod, reloads(reloader) == 1);

    file_replace(folder, "prometheus.yml", "global: {scrape_interval: 27s}\n");

    EVENTUALLY(pod, prometheus_server_config_has(pod->prometheus, "27s"));
    EVENTUALLY(pod, reloads(reloader) == 2);
    assert_string_equal(pod_output(pod), "global: {scrape_interval: 27s}\n");
    assert_false(file_exists(folder, ".remotewrite-sidecar"));
    assert_false(file_exists(folder, "remote-write-secrets"));
}

/* As the operator does it for ThanosRuler. */
static void watched_directories_alone_are_enough(void **state) {
    struct reloader_pod *reloader = *state;
    struct pod *pod = reloader->pod;
    operators_init_container_runs(reloader);
    pod_start_prometheus(pod);
    reloader_starts(
        reloader, "--listen-address=:0",
        FLAG(reloader, "--reload-url=%s", prometheus_server_url(pod->prometheus, "/-/reload")),
        FLAG(reloader, "--watched-dir=%s/absent", pod->folder), "--watched-dir", reloader->rules,
        NULL);
    EVENTUALLY(pod, passes(reloader) >= 1);
    EVENTUALLY(pod, it_says(reloader, "/readyz", ""));

    kubelet_volume_write(reloader->volume, "second.yml", RULE("second"), NULL);
    EVENTUALLY(pod, has_rule(reloader, "second"));
    EVENTUALLY(pod, metrics_say(reloader, "reloader_reloads_total 1"));
    assert_int_equal(reloads(reloader), 1);

    file_write(FLAG(reloader, "%s/absent", pod->folder), "any", "");
    EVENTUALLY(pod, metrics_say(reloader, "reloader_reloads_total 2"));
    assert_int_equal(reloads(reloader), 2);
}

/* --- flag for flag ---------------------------------------------------------------------------- */

struct line {
    const char *arguments[5]; /* behind those of an init container */
    int status;
    const char *said; /* in the log or on standard output; NULL: nothing is asked for */
};

static const struct line lines[] = {
    {{"--watch-interval=0s"}, 0, NULL},
    {{"--watch-interval", "0"}, 0, NULL},
    {{"--watch-interval=0", "--delay-interval=1s", "--retry-interval=5s"}, 0, NULL},
    {{"--watch-interval=0", "--delay-interval=1.5s", "--retry-interval=1m0s"}, 0, NULL},
    {{"--watch-interval=0", "--reload-timeout=2m30s"}, 0, NULL},
    {{"--watch-interval=0", "--reload-timeout=soon"}, 2, "\"soon\" is no duration"},
    {{"--watch-interval=0", "--log-level=DEBUG"}, 0, "level=debug"},
    {{"--watch-interval=0", "--log-level=all"}, 0, "level=debug"},
    {{"--watch-interval=0", "--log-level=none"}, 0, NULL},
    {{"--watch-interval=0", "--log-level=loud"},
     1,
     "use one of all, debug, info, warn, error, none"},
    {{"--watch-interval=0", "--log-format=json"}, 0, "\"msg\":\"config written\""},
    {{"--watch-interval=0", "--log-format=logfmt"}, 0, "msg=\"config written\""},
    {{"--watch-interval=0", "--log-format=xml"}, 1, "use one of logfmt, json"},
    {{"--watch-interval=0", "--auto-gomemlimit-ratio=0.5"}, 0, "has no effect here"},
    {{"--watch-interval=0", "--auto-gomemlimit-ratio=half"}, 2, "is no number"},
    {{"--watch-interval=0", "--listen-address="}, 0, NULL},
    {{"--watch-interval=0", "--listen-address=[::]:8081"}, 0, NULL},
    {{"--watch-interval=0", "--statefulset-ordinal-from-envvar", "POD_NAME"}, 0, NULL},
    {{"--watch-interval=0", "--runtimeinfo-url=http://127.0.0.1:1/api/v1/status/runtimeinfo"},
     0,
     NULL},
    {{"--watch-interval=0", "--watched-dir=/", "--watched-dir=/a"},
     1,
     "read the watched directory"},
    {{"--watch-interval=0", "--watchd-dir=/a"}, 2, "did you mean --watched-dir?"},
    {{"--version"}, 0, "version"},
    {{"--short-version"}, 0, NULL},
    {{"--help"}, 0, "--config-envsubst-file=FILE"},
};

static bool was_said(struct pod *pod, const char *text) {
    CLEANUP(memory_freep) char *output = file_read(pod->folder, "stdout");

    return pod_logged(pod, text) > 0 || (output != NULL && strstr(output, text) != NULL);
}

static void its_flags_are_taken_as_it_takes_them(void **state) {
    struct reloader_pod *reloader = *state;
    struct pod *pod = reloader->pod;

    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        const struct line *line = &lines[i];
        file_write(pod->folder, "sidecar.log", "");
        file_write(pod->folder, "stdout", "");
        file_write(FLAG(reloader, "%s/config", pod->folder), "prometheus.yml", "{}\n");
        int status =
            reloader_runs(pod, FLAG(reloader, "--config-file=%s", reloader->config),
                          FLAG(reloader, "--config-envsubst-file=%s", pod->output),
                          line->arguments[0], line->arguments[1], line->arguments[2], NULL);
        if (status != line->status || (line->said != NULL && !was_said(pod, line->said))) {
            pod_show_logs(pod);
            fail_msg("line %zu (%s): status %d", i, line->arguments[0], status);
        }
    }
}

static void the_ordinal_comes_from_the_variable_that_is_named(void **state) {
    struct reloader_pod *reloader = *state;
    assert_int_equal(setenv("OTHER_NAME", "thanos-ruler-17", 1), 0);

    int status = reloader_runs(
        reloader->pod, "--watch-interval=0", "--statefulset-ordinal-from-envvar=OTHER_NAME",
        FLAG(reloader, "--config-file=%s", reloader->config),
        FLAG(reloader, "--config-envsubst-file=%s", reloader->pod->output), NULL);
    unsetenv("OTHER_NAME");

    assert_int_equal(status, 0);
    assert_non_null(strstr(pod_output(reloader->pod), "ordinal: '17'"));
}

static void what_cannot_be_meant_is_an_error(void **state) {
    struct reloader_pod *reloader = *state;
    struct pod *pod = reloader->pod;

    assert_int_equal(reloader_runs(pod, FLAG(reloader, "--config-file=%s", reloader->config),
                                   FLAG(reloader, "--remote-write-dir=%s", pod->manifests), NULL),
                     2);
    assert_int_equal(pod_logged(pod, "--output-file: is required with --remote-write-dir"), 1);
}

#define RELOADER_TEST(test) cmocka_unit_test_setup_teardown(test, reloader_setup, reloader_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        RELOADER_TEST(the_operators_init_container_leaves_a_config_and_asks_nobody),
        RELOADER_TEST(the_operators_sidecar_brings_in_rules_and_configs),
        RELOADER_TEST(rules_with_the_same_bytes_are_no_reload),
        RELOADER_TEST(rules_and_config_together_are_one_reload),
        RELOADER_TEST(broken_rules_are_told_and_heal_with_one_reload),
        RELOADER_TEST(a_refused_config_gives_way_to_the_last_good_one),
        RELOADER_TEST(rules_go_on_while_a_config_is_refused),
        RELOADER_TEST(a_config_file_alone_is_only_watched),
        RELOADER_TEST(watched_directories_alone_are_enough),
        RELOADER_TEST(its_flags_are_taken_as_it_takes_them),
        RELOADER_TEST(the_ordinal_comes_from_the_variable_that_is_named),
        RELOADER_TEST(what_cannot_be_meant_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
