/* SPDX-License-Identifier: Apache-2.0 */

/* Whether Prometheus runs what was written, by its own word: real ones, with the right config file
 * and with another, and every config form of testdata/. */

#include "support/http_request.h"
#include "support/pod.h"
#include "support/pod_web.h"
#include "support/tempdir.h"

#include "base/memory.h"
#include "prometheus/running_config.h"
#include "spec/version.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#define DIFFERS "level=error msg=\"Prometheus runs another config than the one that was written\""
#define MATCHES "msg=\"Prometheus runs the config that was written\""
#define METRIC  "\nremotewrite_sidecar_prometheus_config_matches "

/* --- a pod ------------------------------------------------------------------------------------ */

static const char *other_config(struct pod *pod) {
    file_write(pod->folder, "other.yml", "global: {scrape_interval: 15s}\n");
    return arena_format(pod->arena, "%s/other.yml", pod->folder);
}

static void what_was_written_is_what_runs(void **state) {
    struct pod *pod = *state;

    pod_runs(pod, POD_ANY_PORT, "--watch-interval=500ms");
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "1\n"));
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);

    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "1\n"));
    EVENTUALLY(pod, pod_web_says(pod, "/readyz", ""));
    assert_true(pod_web_says(pod, "/api/v1/status", "\"verdict\": \"matches\""));
    assert_int_equal(pod_logged(pod, DIFFERS), 0);
}

static void assert_differs(struct pod *pod) {
    EVENTUALLY(pod, pod_logged(pod, DIFFERS) == 1);
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "0\n"));
    assert_true(pod_web_says(pod, "/api/v1/status", "\"verdict\": \"differs\""));
    assert_true(pod_web_says(pod, "/", "Prometheus runs another config"));
    struct http_reply reply = pod_web_get(pod, "/readyz");
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(buffer_string(&reply.body), "Prometheus runs another config"));
    http_reply_free(&reply);
    assert_true(pod_logged(pod, "see that its --config.file is") > 0);
}

static void another_config_file_is_told_until_it_is_the_right_one(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    prometheus_server_reads(pod->prometheus, other_config(pod));

    pod_runs(pod, POD_ANY_PORT, "--watch-interval=1s");
    assert_differs(pod);
    assert_int_equal(pod_logged(pod, "state=quarantined"), 0);

    prometheus_server_stop(pod->prometheus);
    prometheus_server_reads(pod->prometheus, pod->output);
    pod_start_prometheus(pod);
    EVENTUALLY(pod, pod_logged(pod, MATCHES) == 1);
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "1\n"));
    EVENTUALLY(pod, pod_web_says(pod, "/readyz", ""));
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_int_equal(pod_logged(pod, DIFFERS), 1);
}

/* A file that is mounted by itself is an inode, and stays it when the name gets another one; a hard
 * link is the same. */
static void an_inode_of_before_is_told(void **state) {
    struct pod *pod = *state;
    const char *mounted = arena_format(pod->arena, "%s/mounted.yml", pod->folder);
    assert_int_equal(link(pod->output, mounted), 0);
    prometheus_server_reads(pod->prometheus, mounted);
    pod_drop(pod, (struct manifest){.name = "team-a"});

    pod_runs(pod, POD_ANY_PORT);

    assert_differs(pod);
    assert_true(pod_logged(pod, "runs 0 entries of remote_write, 1 are written") > 0);
}

static void a_prometheus_that_comes_back_with_another_file_is_told(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, POD_ANY_PORT, "--watch-interval=1s");
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "1\n"));

    prometheus_server_stop(pod->prometheus);
    prometheus_server_reads(pod->prometheus, other_config(pod));
    pod_start_prometheus(pod);

    assert_differs(pod);
    /* One reload, which might have mended it. */
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) == 1);
}

/* The config with another name of its scrape job. */
static const char *with_job(struct pod *pod, const char *config, const char *job) {
    const char *name = strstr(config, "job_name: '");

    assert_non_null(name);
    name += strlen("job_name: '");
    return arena_format(pod->arena, "%.*s%s%s", (int)(name - config), config, job,
                        strchr(name, '\''));
}

/* In place: who edits the file makes Prometheus load it too, before the sidecar acts on it. */
static void an_edit_in_place_is_no_difference(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_start_prometheus(pod);
    pod_start_sidecar(pod, POD_ANY_PORT, "--watch-interval=300ms", "--delay-interval=1s",
                      arena_format(pod->arena, "--config-file=%s", pod->output), NULL);
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "1\n"));

    for (unsigned i = 0; i < 3; i++) {
        const char *job = arena_format(pod->arena, "edit-%u", i);
        file_replace(arena_format(pod->arena, "%s/config", pod->folder), "prometheus.yml",
                     with_job(pod, pod_output(pod), job));
        struct http_reply reply =
            http_post(prometheus_server_url(pod->prometheus, "/-/reload"), NULL);
        http_reply_free(&reply);
        EVENTUALLY(pod, prometheus_server_config_has(pod->prometheus, job));
    }
    pod_catch_up(pod);

    EVENTUALLY(pod, pod_web_says(pod, "/metrics", METRIC "1\n"));
    assert_int_equal(pod_logged(pod, DIFFERS), 0);
}

/* --- every form of testdata/ ------------------------------------------------------------------ */

static const char *write_config(struct pod *pod, const char *text) {
    file_write(pod->folder, "forms/prometheus.yml", text);
    return arena_format(pod->arena, "%s/forms/prometheus.yml", pod->folder);
}

static void begin_anew(struct pod *pod) {
    prometheus_server_stop(pod->prometheus);
    prometheus_server_reads(pod->prometheus, write_config(pod, "global: {}\n"));
    pod_start_prometheus(pod);
}

static struct config_outline *asked_outline(struct pod *pod, const struct config_outline *last) {
    struct http_reply reply =
        http_get(prometheus_server_url(pod->prometheus, "/api/v1/status/config"), NULL);
    struct running_config *reader = running_config_new(last);

    assert_int_equal(reply.status, 200);
    assert_null(running_config_feed(reader, buffer_bytes(&reply.body)));
    struct config_outline *outline = running_config_end(reader);
    running_config_free(reader);
    http_reply_free(&reply);
    return outline;
}

/* False: Prometheus refuses it (a file that is not there, a field that it does not know). */
static bool loads_and_matches(struct pod *pod, const char *path) {
    CLEANUP(memory_freep) char *text = file_read(".", path);
    CLEANUP(buffer_free) struct buffer difference = {0};

    write_config(pod, text);
    struct http_reply reply = http_post(prometheus_server_url(pod->prometheus, "/-/reload"), NULL);
    const bool loaded = reply.status == 200;
    http_reply_free(&reply);
    if (!loaded) {
        begin_anew(pod);
        return false;
    }
    CLEANUP(config_outline_freep)
    struct config_outline *written = config_outline_of(bytes_of(text));
    CLEANUP(config_outline_freep) struct config_outline *runs = asked_outline(pod, NULL);
    CLEANUP(config_outline_freep) struct config_outline *cached = asked_outline(pod, runs);
    if (written == NULL || runs == NULL || cached == NULL) {
        fail_msg("%s: it cannot be told", path);
    }
    if (!config_outlines_match(written, runs, &difference) ||
        !config_outlines_match(written, cached, &difference)) {
        fail_msg("%s: Prometheus %s", path, buffer_string(&difference));
    }
    return true;
}

static size_t all_match(struct pod *pod, const char *pattern) {
    glob_t files = {0};
    size_t loaded = 0;

    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        loaded += loads_and_matches(pod, files.gl_pathv[i]) ? 1 : 0;
    }
    globfree(&files);
    return loaded;
}

static void forms_run(struct pod *pod) {
    folder_make(pod->folder, "forms");
    prometheus_server_flag(pod->prometheus, "--storage.remote.flush-deadline=1s");
    begin_anew(pod);
}

static void every_base_form_matches_itself(void **state) {
    enum {
        LOADED_AT_LEAST = 70
    };
    struct pod *pod = *state;
    forms_run(pod);

    assert_true(all_match(pod, "testdata/base/*/base.yml") >= LOADED_AT_LEAST);
    assert_true(all_match(pod, "testdata/base/*/merged.yml") >= LOADED_AT_LEAST);
}

static void every_rendered_config_matches_itself(void **state) {
    enum {
        LOADED_AT_LEAST = 40
    };
    struct pod *pod = *state;
    forms_run(pod);

    assert_true(all_match(pod, "testdata/render/*/merged-2.4[0-9].yml") >= LOADED_AT_LEAST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(what_was_written_is_what_runs),
        POD_TEST(another_config_file_is_told_until_it_is_the_right_one),
        POD_TEST(an_inode_of_before_is_told),
        POD_TEST(a_prometheus_that_comes_back_with_another_file_is_told),
        POD_TEST(an_edit_in_place_is_no_difference),
        POD_TEST(every_base_form_matches_itself),
        POD_TEST(every_rendered_config_matches_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
