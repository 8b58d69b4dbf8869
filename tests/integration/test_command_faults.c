/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever is wrong shows over HTTP: in a metric, on the page and in the JSON. A stand-in for
 * Prometheus takes every config. */

#include "base/compiler.h"
#include "base/memory.h"
#include "command/diagnosis.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/http_request.h"
#include "support/http_stub.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PAGE    "/"
#define METRICS "/metrics"
#define STATUS  "/api/v1/status"
#define READY   "/readyz"

#define SOUND                                      \
    "apiVersion: monitoring.coreos.com/v1alpha1\n" \
    "kind: RemoteWrite\n"                          \
    "metadata: {name: sound, namespace: a}\n"      \
    "spec: {url: https://sound.example.com/push}\n"

#define WRONG_KIND                                 \
    "apiVersion: monitoring.coreos.com/v1alpha1\n" \
    "kind: RemoteWrit\n"                           \
    "metadata: {name: wrong, namespace: a}\n"

struct world {
    struct program *program;
    struct http_stub *prometheus;
    pid_t process; /* 0: it does not run */
};

static int given_a_stand_in(void **state) {
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->program = program_new();
    world->prometheus = http_stub_new();
    http_stub_script(world->prometheus, "/-/reload", &(struct stub_answer){.status = 200}, 1);
    http_stub_script(
        world->prometheus, METRICS,
        &(struct stub_answer){.status = 200,
                              .body = "prometheus_remote_storage_highest_timestamp_in_seconds 1\n"},
        1);
    http_stub_listen(world->prometheus);
    program_file(world->program, "base/base.yml", "global: {scrape_interval: 15s}\n");
    program_file(world->program, "labels/labels", "region=\"eu\"\n");
    program_file(world->program, "rw/sound.yaml", SOUND);
    program_file(world->program, "secrets/s/key", "t0ken\n");
    folder_make(world->program->folder, "out");
    *state = world;
    return 0;
}

static int end_all(void **state) {
    struct world *world = *state;
    int status = 0;

    if (world->process != 0) {
        kill(world->process, SIGTERM);
        status = program_wait(world->process);
    }
    http_stub_free(world->prometheus);
    program_free(world->program);
    free(world);
    return status;
}

/* The output is of the settings file, so that SIGHUP can bring another one. */
static void settings_are(struct world *world, const char *output, const char *more) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, "output = { config_file = \"%s\"; };\n%s\n", output, more);
    program_file(world->program, "sidecar.cfg", buffer_string(&text));
}

static void when_it_starts(struct world *world, const char *flag) {
    char reload[256];

    if (program_read(world->program, "sidecar.cfg") == NULL) {
        settings_are(world, program_path(world->program, "out/prometheus.yml"), "");
    }
    snprintf(reload, sizeof(reload), "--reload-url=%s",
             http_stub_url(world->prometheus, "/-/reload"));
    world->process = program_start(
        world->program, "run", "--sidecar-config=sidecar.cfg", "--config-file=base/base.yml",
        "--cluster-labels-file=labels/labels", "--remote-write-dir=rw", "--secret-dir=secrets",
        "--prometheus-version=2.42", "--retry-interval=100ms", "--log-level=debug",
        "--max-file-size=4KiB", reload, flag != NULL ? flag : "--listen-address=127.0.0.1:0", NULL);
}

static struct http_reply get(const struct world *world, const char *path) {
    const char *log = program_read(world->program, "stderr");
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;
    char url[128];

    at = at != NULL ? strstr(at, " port=") : NULL;
    if (at == NULL) {
        return (struct http_reply){0};
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%lu%s", strtoul(at + strlen(" port="), NULL, 10),
             path);
    return http_get(url, NULL);
}

static bool says(const struct world *world, const char *path, const char *text) {
    CLEANUP(http_reply_free) struct http_reply reply = get(world, path);

    return reply.status != 0 && strstr(buffer_string(&reply.body), text) != NULL;
}

static long status_of(const struct world *world, const char *path) {
    CLEANUP(http_reply_free) struct http_reply reply = get(world, path);

    return reply.status;
}

static size_t count_logged(const struct world *world, const char *text) {
    size_t count = 0;

    for (const char *at = program_read(world->program, "stderr");
         at != NULL && (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

#define EVENTUALLY(world, condition)                                                    \
    do {                                                                                \
        if (!WAIT_UNTIL((condition), DEADLINE_USUAL)) {                                 \
            fprintf(stderr, "--- log\n%s\n", program_read((world)->program, "stderr")); \
            fail_msg("waited in vain for %s", #condition);                              \
        }                                                                               \
    } while (0)

static void when_it_runs(struct world *world) {
    when_it_starts(world, NULL);
    EVENTUALLY(world, status_of(world, READY) == 200);
}

static bool operation_fails(const struct world *world, const char *name) {
    char line[128];

    snprintf(line, sizeof(line), "\nremotewrite_sidecar_operation_failing{operation=\"%s\"} 1\n",
             name);
    return says(world, METRICS, line);
}

/* --- files ------------------------------------------------------------------------------------ */

struct broken {
    const char *file; /* in the folder, in place of what stands there */
    const char *text; /* NULL: a folder in its place */
    const char *source;
    const char *problem; /* as the page has it */
};

static const struct broken broken[] = {
    {"rw/b.yaml", "kind: [\n", "rw", "rw/b.yaml:"},
    {"rw/b.yaml", WRONG_KIND, "rw", "is not a known kind"},
    {"rw/b.yaml", "apiVersion: monitoring.coreos.com/v9\nkind: RemoteWrite\nmetadata: {name: x}\n",
     "rw", "is not known for kind RemoteWrite"},
    {"rw/b.yaml", "a: 1\na: 2\n", "rw", "rw/b.yaml:2"},
    {"rw/b.yaml", "apiVersion: v1\nkind: List\nitems: [5]\n", "rw", "rw/b.yaml:3"},
    {"rw/b.yaml", "a: \xff\n", "rw", "UTF-8"},
    {"labels/labels", "region=eu\n", "labels/labels", "labels/labels:1"},
    {"base/base.yml", "global: [\n", "base/base.yml", "base/base.yml:"},
    {"base/base.yml", NULL, "base/base.yml", "is not a regular file"},
};

static void put_broken(struct world *world, const struct broken *fault) {
    if (fault->text != NULL) {
        program_file(world->program, fault->file, fault->text);
        return;
    }
    file_remove(world->program->folder, fault->file);
    folder_make(world->program->folder, fault->file);
}

static bool source_counts(const struct world *world, const char *metric, const char *source,
                          unsigned count) {
    char line[256];

    snprintf(line, sizeof(line), "\nremotewrite_sidecar_source_%s{source=\"%s\"} %u\n", metric,
             source, count);
    return says(world, METRICS, line);
}

static bool source_has(const struct world *world, const char *source, unsigned errors) {
    return source_counts(world, "errors", source, errors);
}

static bool source_warns(const struct world *world, const char *source, unsigned warnings) {
    return source_counts(world, "warnings", source, warnings);
}

static void a_file_that_is_wrong_shows(struct world *world, const struct broken *fault) {
    const char *before = program_read(world->program, fault->file);

    put_broken(world, fault);
    EVENTUALLY(world, source_has(world, fault->source, 1));
    assert_true(says(world, METRICS, "\nremotewrite_sidecar_diagnostics{severity=\"error\"} 1\n"));
    assert_true(says(world, PAGE, "<h2>Errors and warnings</h2>"));
    if (!says(world, PAGE, fault->problem)) {
        fail_msg("the page does not say: %s", fault->problem);
    }
    assert_true(says(world, PAGE, "data-label=\"remedy\""));
    assert_true(says(world, STATUS, "\"severity\": \"error\""));
    assert_true(says(world, STATUS, "\"remedy\": \""));

    tree_remove(program_path(world->program, fault->file));
    if (before != NULL) {
        program_file(world->program, fault->file, before);
    }
    EVENTUALLY(world, source_has(world, fault->source, 0));
    assert_true(says(world, METRICS, "\nremotewrite_sidecar_diagnostics{severity=\"error\"} 0\n"));
    assert_false(says(world, PAGE, "<h2>Errors and warnings</h2>"));
}

static void what_is_wrong_with_a_file_shows_until_it_is_mended(void **state) {
    struct world *world = *state;
    when_it_runs(world);

    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++) {
        a_file_that_is_wrong_shows(world, &broken[i]);
    }
}

static void a_file_over_a_bound_shows(void **state) {
    struct world *world = *state;
    CLEANUP(buffer_free) struct buffer large = {0};
    while (large.length < 5000) {
        buffer_append_string(&large, "# long\n");
    }
    when_it_runs(world);

    program_file(world->program, "rw/large.yaml", buffer_string(&large));

    EVENTUALLY(world, source_has(world, "rw", 1));
    assert_true(says(world, PAGE, "is larger than 4096 bytes"));
    assert_true(says(world, PAGE, "--max-file-size"));
}

static void a_directory_that_is_away_shows(void **state) {
    struct world *world = *state;
    static const char *const directories[] = {"rw", "secrets"};
    when_it_runs(world);

    for (size_t i = 0; i < ARRAY_LENGTH(directories); i++) {
        tree_remove(program_path(world->program, directories[i]));
        EVENTUALLY(world, says(world, PAGE, "<h2>Errors and warnings</h2>"));
        EVENTUALLY(world, source_warns(world, directories[i], 1));
        assert_true(says(world, PAGE, "does not exist yet"));
        folder_make(world->program->folder, directories[i]);
        EVENTUALLY(world, source_warns(world, directories[i], 0));
    }
}

static void what_is_said_of_a_remote_write_is_no_error_of_its_source(void **state) {
    struct world *world = *state;
    when_it_runs(world);

    program_file(world->program, "rw/b.yaml",
                 "apiVersion: monitoring.coreos.com/v1alpha1\n"
                 "kind: RemoteWrite\n"
                 "metadata: {name: b, namespace: a}\n"
                 "spec: {url: https://b.example.com/push, remoteTimeout: soon}\n");

    EVENTUALLY(world, says(world, METRICS, "state=\"rejected\"} 1\n"));
    assert_true(source_has(world, "rw", 0));
    assert_true(says(world, METRICS, "\nremotewrite_sidecar_diagnostics{severity=\"error\"} 1\n"));
    assert_true(says(world, STATUS, "\"subject\": \"a/b\""));
}

/* Of a hundred things in each of so many files. */
static void errors_without_end_are_counted_and_the_first_are_shown(void **state) {
    struct world *world = *state;
    const size_t files = 20;
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < 40; i++) {
        buffer_append_string(&text, i > 0 ? "---\n" : "");
        buffer_append_string(&text, WRONG_KIND);
    }
    when_it_runs(world);
    CLEANUP(http_reply_free) struct http_reply before = get(world, PAGE);

    for (size_t i = 0; i < files; i++) {
        char name[32];
        snprintf(name, sizeof(name), "rw/wrong-%02zu.yaml", i);
        program_file(world->program, name, buffer_string(&text));
    }

    EVENTUALLY(world, source_has(world, "rw", 800));
    assert_true(says(world, PAGE, "and 700 more; <code>remotewrite-sidecar check</code>"));
    assert_true(says(world, STATUS, "\"leftOut\": 700"));
    CLEANUP(http_reply_free) struct http_reply after = get(world, PAGE);
    assert_between(after.body.length - before.body.length, 10000,
                   DIAGNOSIS_SHOWN_MAX * (5 * DIAGNOSIS_TEXT_MAX));
}

static void no_secret_is_shown_of_a_document_that_is_wrong(void **state) {
    struct world *world = *state;
    static const char *const documents[] = {
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2, "
         "password: hunter2}\n"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: [hunter2]\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: 'hunter2!'}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: \"hunter2\n",
    };
    static const char *const paths[] = {PAGE, STATUS, METRICS};
    when_it_runs(world);

    for (size_t i = 0; i < ARRAY_LENGTH(documents); i++) {
        program_file(world->program, "rw/secret.yaml", documents[i]);
        EVENTUALLY(world, says(world, PAGE, "rw/secret.yaml:"));
        for (size_t j = 0; j < ARRAY_LENGTH(paths); j++) {
            assert_false(says(world, paths[j], "hunter2"));
        }
        file_remove(world->program->folder, "rw/secret.yaml");
        EVENTUALLY(world, !says(world, PAGE, "rw/secret.yaml:"));
    }
}

/* --- what is done again and again ------------------------------------------------------------- */

static void hang_up(struct world *world) {
    kill(world->process, SIGHUP);
}

/* A folder stands where the other output is wanted. */
static void an_output_that_cannot_be_written_is_not_ready_until_it_can(void **state) {
    struct world *world = *state;
    when_it_runs(world);
    EVENTUALLY(world, says(world, METRICS, "\nreloader_last_reload_successful 1\n"));

    folder_make(world->program->folder, "out/other.yml");
    settings_are(world, program_path(world->program, "out/other.yml"), "");
    hang_up(world);

    EVENTUALLY(world, status_of(world, READY) == 503);
    assert_true(says(world, READY, "out/other.yml: Is a directory"));
    assert_true(says(world, METRICS, "\nreloader_last_reload_successful 0\n"));
    assert_true(operation_fails(world, "publish"));
    assert_false(says(world, METRICS, "\nreloader_config_apply_operations_failed_total 0\n"));
    assert_true(says(world, PAGE, "out/other.yml: Is a directory"));
    assert_true(says(world, STATUS, "\"operation\": \"publish\""));
    assert_int_equal(count_logged(world, "published before stays"), 0);

    tree_remove(program_path(world->program, "out/other.yml"));
    EVENTUALLY(world, status_of(world, READY) == 200);
    EVENTUALLY(world, says(world, METRICS, "\nreloader_last_reload_successful 1\n"));
    assert_false(operation_fails(world, "publish"));
    assert_true(says(world, STATUS, "\"failing\": []"));
}

static void a_state_file_that_cannot_be_written_shows(void **state) {
    struct world *world = *state;
    program_file(world->program, "out/.remotewrite-sidecar", "in the way\n");
    when_it_runs(world);

    EVENTUALLY(world, operation_fails(world, "state_file"));
    assert_true(says(world, PAGE, "a link or a file stands in its place; remove it"));
    assert_int_equal(status_of(world, READY), 200);

    file_remove(world->program->folder, "out/.remotewrite-sidecar");
    program_file(world->program, "rw/b.yaml", WRONG_KIND);
    program_file(world->program, "rw/sound.yaml", SOUND "# edited\n");
    hang_up(world);
    EVENTUALLY(world, !operation_fails(world, "state_file"));
}

static void settings_that_are_wrong_show_until_they_are_mended(void **state) {
    struct world *world = *state;
    const char *output = program_path(world->program, "out/prometheus.yml");
    when_it_runs(world);
    assert_false(operation_fails(world, "settings"));

    settings_are(world, output, "watch = { delay = \"soon\"; };");
    hang_up(world);
    EVENTUALLY(world, operation_fails(world, "settings"));
    assert_true(says(world, PAGE, "settings are wrong, the old ones stay: "));

    settings_are(world, output, "");
    hang_up(world);
    EVENTUALLY(world, !operation_fails(world, "settings"));
}

static void a_listen_address_that_goes_back_to_the_one_in_use_needs_no_restart(void **state) {
    struct world *world = *state;
    const char *output = program_path(world->program, "out/prometheus.yml");
    const char *const own = "web = { listen_address = \"127.0.0.1:0\"; };";
    settings_are(world, output, own);
    when_it_starts(world, "--watch-interval=1h");
    EVENTUALLY(world, status_of(world, READY) == 200);

    settings_are(world, output, "web = { listen_address = \"127.0.0.1:1\"; };");
    hang_up(world);
    EVENTUALLY(world, count_logged(world, "another listen address needs a restart") == 1);
    EVENTUALLY(world, operation_fails(world, "settings"));
    settings_are(world, output, own);
    hang_up(world);

    EVENTUALLY(world, count_logged(world, "the listen address is the one in use again") == 1);
    EVENTUALLY(world, !operation_fails(world, "settings"));
    assert_int_equal(count_logged(world, "another listen address needs a restart"), 1);
}

static void a_web_config_that_is_wrong_shows(void **state) {
    struct world *world = *state;
    program_file(world->program, "web.yml", "{}\n");
    settings_are(world, program_path(world->program, "out/prometheus.yml"),
                 "web = { config_file = \"web.yml\"; };");
    when_it_runs(world);

    program_file(world->program, "web.yml", "tls: {}\n");
    EVENTUALLY(world, operation_fails(world, "web_config"));
    assert_true(says(world, PAGE, "web.yml:1"));

    program_file(world->program, "web.yml", "{}\n# mended\n");
    EVENTUALLY(world, !operation_fails(world, "web_config"));
}

static void a_reload_that_fails_shows_in_the_words_of_prometheus(void **state) {
    struct world *world = *state;
    http_stub_script(world->prometheus, "/-/reload",
                     &(struct stub_answer){.status = 403, .body = "Lifecycle API is not enabled."},
                     1);
    when_it_starts(world, NULL);

    EVENTUALLY(world, operation_fails(world, "reload"));
    assert_true(says(world, PAGE, "Lifecycle API is not enabled."));
    assert_true(says(world, STATUS, "(status 403): Lifecycle API is not enabled."));
    http_stub_script(world->prometheus, "/-/reload", &(struct stub_answer){.status = 200}, 1);
    EVENTUALLY(world, !operation_fails(world, "reload"));
}

/* --- what stands in for what is wanted -------------------------------------------------------- */

static bool falls_back(const struct world *world, const char *name, bool active) {
    char line[128];

    snprintf(line, sizeof(line), "\nremotewrite_sidecar_fallback{fallback=\"%s\"} %d\n", name,
             active ? 1 : 0);
    return says(world, METRICS, line);
}

static void a_base_that_another_stands_in_for_shows(void **state) {
    struct world *world = *state;
    when_it_runs(world);
    assert_true(falls_back(world, "last_known_good_base", false));

    program_file(world->program, "base/base.yml", "global: [\n");
    EVENTUALLY(world, falls_back(world, "last_known_good_base", true));
    assert_true(falls_back(world, "last_known_good", false));
    assert_true(says(world, STATUS, "\"last_known_good_base\""));
    assert_true(says(world, PAGE, "last_known_good_base"));

    program_file(world->program, "base/base.yml", "global: {}\n");
    EVENTUALLY(world, falls_back(world, "last_known_good_base", false));
    assert_false(says(world, PAGE, "last_known_good_base"));
}

static void a_config_that_the_last_good_one_stands_in_for_shows(void **state) {
    struct world *world = *state;
    when_it_runs(world);
    http_stub_script(world->prometheus, "/-/reload",
                     &(struct stub_answer){.status = 500, .body = "out of order"}, 1);

    program_file(world->program, "rw/another.yaml",
                 "apiVersion: monitoring.coreos.com/v1alpha1\n"
                 "kind: RemoteWrite\n"
                 "metadata: {name: another, namespace: a}\n"
                 "spec: {url: https://another.example.com/push}\n");
    EVENTUALLY(world, falls_back(world, "last_known_good", true));
    assert_true(falls_back(world, "base_alone", false));
    assert_true(says(world, STATUS, "\"last_known_good\""));
    assert_true(says(world, PAGE, "last_known_good"));

    http_stub_script(world->prometheus, "/-/reload", &(struct stub_answer){.status = 200}, 1);
    EVENTUALLY(world, falls_back(world, "last_known_good", false));
    assert_true(says(world, STATUS, "\"fallbacks\": []"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, given_a_stand_in, end_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_wrong_with_a_file_shows_until_it_is_mended),
        TEST(a_file_over_a_bound_shows),
        TEST(a_directory_that_is_away_shows),
        TEST(what_is_said_of_a_remote_write_is_no_error_of_its_source),
        TEST(errors_without_end_are_counted_and_the_first_are_shown),
        TEST(no_secret_is_shown_of_a_document_that_is_wrong),
        TEST(an_output_that_cannot_be_written_is_not_ready_until_it_can),
        TEST(a_state_file_that_cannot_be_written_shows),
        TEST(settings_that_are_wrong_show_until_they_are_mended),
        TEST(a_listen_address_that_goes_back_to_the_one_in_use_needs_no_restart),
        TEST(a_web_config_that_is_wrong_shows),
        TEST(a_reload_that_fails_shows_in_the_words_of_prometheus),
        TEST(a_base_that_another_stands_in_for_shows),
        TEST(a_config_that_the_last_good_one_stands_in_for_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
