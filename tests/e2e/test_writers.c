/* SPDX-License-Identifier: Apache-2.0 */

/* Files that are written slowly, in place, by the programs that people use for it: what stood there
 * before counts until they are done, and what they write is not lost. */

#include "base/memory.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SHELL_MILLISECONDS = 60000
};

/* Runs a shell command to its end; $1, $2 are the arguments. */
static void shell(struct pod *pod, const char *command, const char *one, const char *other) {
    const char *const arguments[] = {"/bin/sh", "-c", command, "sh", one, other, NULL};
    const char *log = arena_format(pod->arena, "%s/shell.log", pod->folder);

    assert_int_equal(process_run(arguments, NULL, log, SHELL_MILLISECONDS), 0);
}

/* What is to take the place of a file lies beside the volumes. */
static const char *prepared(struct pod *pod, const char *text) {
    file_write(pod->folder, "new", text);
    return arena_format(pod->arena, "%s/new", pod->folder);
}

/* Each truncates $2, pauses, and fills it out of $1. */
static const char *const slow_writers[] = {
    "(sleep 0.4; cat \"$1\") > \"$2\"",
    "(sleep 0.4; cat \"$1\") | tee \"$2\" > /dev/null",
    "(head -c 20 \"$1\"; sleep 0.4; tail -c +21 \"$1\") > \"$2\"",
    "(sleep 0.4; cat \"$1\") | dd of=\"$2\" status=none",
    "(head -c 20 \"$1\"; sleep 0.4; tail -c +21 \"$1\") | dd of=\"$2\" bs=1 status=none",
    "if command -v python3 > /dev/null; then python3 -c 'import sys, time; "
    "t = open(sys.argv[1]).read(); f = open(sys.argv[2], \"w\"); time.sleep(0.4); f.write(t)' "
    "\"$1\" \"$2\"; else (sleep 0.4; cat \"$1\") > \"$2\"; fi",
};

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* --- the base --------------------------------------------------------------------------------- */

static void in_place_what_a_slow_writer_writes_is_not_lost(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    assert_int_equal(chmod(pod->output, 0640), 0);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, arena_format(pod->arena, "--config-file=%s", pod->output));
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    for (size_t i = 0; i < ARRAY_LENGTH(slow_writers); i++) {
        const char *edited = arena_format(pod->arena, "%s# edit %zu\n", base, i);
        shell(pod, slow_writers[i], prepared(pod, edited), pod->output);

        EVENTUALLY(pod, pod_output(pod) != NULL && strstr(pod_output(pod), "team-a") != NULL);
        assert_string_equal(pod_output_without_block(pod), edited);
    }
    pod_catch_up(pod);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_int_equal(pod_logged(pod, "level=error"), 0);
    assert_int_equal(pod_logged(pod, "level=warn"), 0);
}

/* Prometheus reloads a config without scrapes and without entries otherwise. */
static void a_separate_base_is_not_taken_while_it_is_written(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);

    for (size_t i = 0; i < ARRAY_LENGTH(slow_writers); i++) {
        const unsigned reloads = prometheus_server_reloads(pod->prometheus);
        const char *edited = arena_format(pod->arena, "%s# edit %zu\n", base, i);
        shell(pod, slow_writers[i], prepared(pod, edited), pod->base);

        EVENTUALLY(pod, strcmp(pod_output_without_block(pod), edited) == 0);
        EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > reloads);
        assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 1);
    }
    assert_int_equal(pod_logged(pod, "level=error"), 0);
}

/* --- the others ------------------------------------------------------------------------------- */

static void a_manifest_that_is_written_slowly_does_not_leave_and_come_back(void **state) {
    struct pod *pod = *state;
    const char *file = arena_format(pod->arena, "%s/team-a.yaml", pod->manifests);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    for (unsigned i = 0; i < ARRAY_LENGTH(slow_writers); i++) {
        const struct manifest manifest = {.name = "team-a", .capacity = 3000 + i};
        const char *capacity = arena_format(pod->arena, "capacity: %u", 3000 + i);
        shell(pod, slow_writers[i], prepared(pod, manifest_text(pod, manifest)), file);
        EVENTUALLY(pod, prometheus_server_config_has(pod->prometheus, capacity));
    }
    pod_catch_up(pod);
    assert_int_equal(pod_logged(pod, "removed=1"), 0);
    assert_int_equal(pod_logged(pod, "level=error"), 0);
    assert_int_equal(pod_logged(pod, "level=warn"), 0);
}

static void a_secret_that_is_written_slowly_is_never_empty(void **state) {
    struct pod *pod = *state;
    const char *file = arena_format(pod->arena, "%s/" RECEIVER_SECRET "/password", pod->secrets);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);

    for (size_t i = 0; i < ARRAY_LENGTH(slow_writers); i++) {
        const char *password = arena_format(pod->arena, "password-with-number-%zu", i);
        const size_t written = pod_logged(pod, "msg=\"secret files written\"");
        shell(pod, slow_writers[i], prepared(pod, password), file);
        EVENTUALLY(pod, pod_logged(pod, "msg=\"secret files written\"") > written);
        assert_int_equal(pod_logged(pod, "msg=\"secret files written\""), written + 1);
    }
    assert_int_equal(pod_logged(pod, "removed=1"), 0);
    assert_int_equal(pod_logged(pod, "level=error"), 0);
}

static void a_rule_file_that_is_written_slowly_is_one_reload(void **state) {
    struct pod *pod = *state;
    const char *rules = arena_format(pod->arena, "%s/rules", pod->folder);
    const char *file = arena_format(pod->arena, "%s/a.rules", rules);
    file_write(rules, "a.rules", "groups: []\n");
    pod_runs(pod, arena_format(pod->arena, "--watched-dir=%s", rules));
    pod_catch_up(pod);

    for (size_t i = 0; i < ARRAY_LENGTH(slow_writers); i++) {
        const unsigned reloads = prometheus_server_reloads(pod->prometheus);
        const char *text =
            arena_format(pod->arena, "groups: []\n# a long comment, number %zu\n", i);
        shell(pod, slow_writers[i], prepared(pod, text), file);
        EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > reloads);
        assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 1);
    }
}

/* --- for ever ----------------------------------------------------------------------------------
 */

static void a_file_that_stays_open_is_warned_of_once_and_holds_nobody_else_up(void **state) {
    struct pod *pod = *state;
    const char *file = arena_format(pod->arena, "%s/team-a.yaml", pod->manifests);
    const char *log = arena_format(pod->arena, "%s/shell.log", pod->folder);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    const char *const arguments[] = {
        "/bin/sh", "-c", "exec > \"$1\"; while sleep 0.1; do echo '# one more'; done",
        "sh",      file, NULL};
    struct process *writer = process_start(arguments, NULL, log);
    EVENTUALLY(pod, pod_logged(pod, "is still being written") == 1);
    pod_drop(pod, (struct manifest){.name = "team-b"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-b"));
    pod_catch_up(pod);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_int_equal(pod_logged(pod, "is still being written"), 1);

    process_free(writer);
    EVENTUALLY(pod, !prometheus_server_runs(pod->prometheus, "team-a"));
    assert_int_equal(pod_logged(pod, "is not being written any more"), 1);
}

/* --- the init container ------------------------------------------------------------------------
 */

static void one_pass_waits_for_a_writer(void **state) {
    struct pod *pod = *state;
    const char *log = arena_format(pod->arena, "%s/shell.log", pod->folder);
    const char *edited = arena_format(pod->arena, "%s# edited\n", pod_output(pod));
    const char *const arguments[] = {"/bin/sh",
                                     "-c",
                                     "exec > \"$2\"; echo > \"$1.open\"; sleep 0.5; cat \"$1\"",
                                     "sh",
                                     prepared(pod, edited),
                                     pod->base,
                                     NULL};
    pod_drop(pod, (struct manifest){.name = "team-a"});

    struct process *writer = process_start(arguments, NULL, log);
    assert_true(WAIT_UNTIL(file_exists(pod->folder, "new.open"), DEADLINE_USUAL));
    assert_int_equal(pod_execute(pod, "run", "--watch-interval=0", NULL), 0);

    assert_string_equal(pod_output_without_block(pod), edited);
    assert_int_equal(count_of(pod_output(pod), "name: team-a"), 1);
    process_free(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(in_place_what_a_slow_writer_writes_is_not_lost),
        POD_TEST(a_separate_base_is_not_taken_while_it_is_written),
        POD_TEST(a_manifest_that_is_written_slowly_does_not_leave_and_come_back),
        POD_TEST(a_secret_that_is_written_slowly_is_never_empty),
        POD_TEST(a_rule_file_that_is_written_slowly_is_one_reload),
        POD_TEST(a_file_that_stays_open_is_warned_of_once_and_holds_nobody_else_up),
        POD_TEST(one_pass_waits_for_a_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
