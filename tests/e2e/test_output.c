/* SPDX-License-Identifier: Apache-2.0 */

/* What stands in the file that Prometheus reads: the base to the byte, our block, never a half. */

#include "base/memory.h"
#include "support/assertions.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <zlib.h>

static bool output_has(struct pod *pod, const char *text) {
    CLEANUP(memory_freep) char *output = file_read(pod->folder, "config/prometheus.yml");

    return output != NULL && strstr(output, text) != NULL;
}

/* --- the base
 * -------------------------------------------------------------------------------------- */

static void an_edited_base_stays_byte_for_byte_outside_our_block(void **state) {
    struct pod *pod = *state;
    const char *first = pod_output(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    assert_string_equal(pod_output_without_block(pod), first);

    const char *edited = arena_format(pod->arena,
                                      "# A new first line: \"# BEGIN\" is not ours.\n%s\n\n"
                                      "# Odd,   but allowed\t\n"
                                      "remote_write:   # a list of our own\n"
                                      "- url:    'http://127.0.0.1:%u/api/v1/write' # quoted\n"
                                      "  name: own\n"
                                      "\n"
                                      "# The new end, with blanks.   \n",
                                      first, prometheus_server_port(pod->receiver));
    pod_base(pod, edited);

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);
    assert_true(prometheus_server_runs(pod->prometheus, "own"));
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_string_equal(pod_output_without_block(pod), edited);
}

static void a_base_edited_in_place_is_taken_over(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    const char *edited = arena_format(pod->arena, "%s# edited\n", base);
    file_write(pod->folder, "base/prometheus.yml", edited);

    EVENTUALLY(pod, output_has(pod, "# edited\n"));
    assert_string_equal(pod_output_without_block(pod), edited);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
}

/* Writes FOLDER/base/prometheus.yml.gz. */
static const char *given_a_gzip_base(struct pod *pod, const char *text) {
    const char *path = arena_format(pod->arena, "%s/base/prometheus.yml.gz", pod->folder);
    gzFile file = gzopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

static void a_gzip_base_is_unpacked_and_its_variables_are_replaced(void **state) {
    struct pod *pod = *state;
    const char *path = given_a_gzip_base(
        pod, "global: {external_labels: {cluster: $(E2E_CLUSTER), unset: $(E2E_UNSET)}}\n");
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_start_prometheus(pod);

    setenv("E2E_CLUSTER", "gazelle", 1);
    unsetenv("E2E_UNSET");
    pod_start_sidecar(pod, arena_format(pod->arena, "--config-file=%s", path), NULL);
    unsetenv("E2E_CLUSTER");

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    assert_true(prometheus_server_config_has(pod->prometheus, "cluster: gazelle"));
    assert_string_equal(pod_output_without_block(pod),
                        "global: {external_labels: {cluster: gazelle, unset: $(E2E_UNSET)}}\n");
    assert_int_not_equal(pod_logged(pod, "E2E_UNSET"), 0);
}

static void in_place_the_output_is_its_own_base(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    const char *in_place = arena_format(pod->arena, "--config-file=%s", pod->output);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, in_place);
    pod_catch_up(pod);
    const char *merged = pod_output(pod);
    assert_string_equal(pod_output_without_block(pod), base);

    /* Once more, by a process that knows of nothing. */
    assert_int_equal(pod_stop_sidecar(pod), 0);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);
    pod_start_sidecar(pod, in_place, NULL);
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > reloads);
    assert_string_equal(pod_output(pod), merged);

    pod_remove(pod, "team-a");
    pod_remove(pod, "catch-up-1");
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 0);
    assert_string_equal(pod_output(pod), base);
}

/* The sidecar may be root, and Prometheus another user: inside the sandbox. */
static void in_place_the_file_stays_readable_to_whom_it_was(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    struct stat status;
    assert_true(geteuid() != 0 || chown(pod->output, 1234, 5678) == 0);
    assert_int_equal(chmod(pod->output, 0644), 0);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, arena_format(pod->arena, "--config-file=%s", pod->output));
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);

    pod_remove(pod, "team-a");
    pod_remove(pod, "catch-up-1");
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 0);
    EVENTUALLY(pod, pod_is_at_rest(pod));
    assert_int_equal(pod_stop_sidecar(pod), 0);

    assert_string_equal(pod_output(pod), base);
    assert_int_equal(stat(pod->output, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_true(geteuid() != 0 || (status.st_uid == 1234 && status.st_gid == 5678));
    assert_int_equal(pod_logged(pod, "cannot keep all that it had"), 0);
}

/* Prometheus of a confined container reads what has its label, and nothing else. */
static void in_place_the_file_keeps_its_selinux_label(void **state) {
    static const char label[] = "system_u:object_r:container_file_t:s0:c1,c2";
    struct pod *pod = *state;
    char present[sizeof(label)] = "";
    if (setxattr(pod->output, "security.selinux", label, sizeof(label), 0) != 0) {
        skip_because("no SELinux label can be set here: %s", strerror(errno));
    }

    pod_runs(pod, arena_format(pod->arena, "--config-file=%s", pod->output));
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    assert_int_equal(getxattr(pod->output, "security.selinux", present, sizeof(present)),
                     sizeof(label));
    assert_memory_equal(present, label, sizeof(label));
    assert_int_equal(pod_logged(pod, "cannot keep all that it had"), 0);
}

static void in_place_an_edit_around_our_block_is_kept(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, arena_format(pod->arena, "--config-file=%s", pod->output));
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    file_replace(arena_format(pod->arena, "%s/config", pod->folder), "prometheus.yml",
                 arena_format(pod->arena, "# edited\n%s", pod_output(pod)));
    pod_drop(pod, (struct manifest){.name = "team-b"});

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);
    assert_string_equal(pod_output_without_block(pod),
                        arena_format(pod->arena, "# edited\n%s", base));
}

/* --- one pass
 * -------------------------------------------------------------------------------------- */

static void render_prints_the_bytes_that_run_writes(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a", .capacity = 1234});
    pod_drop(pod, (struct manifest){.name = "team-b"});
    pod_drop(pod, (struct manifest){.name = "elsewhere", .selector = "null"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    assert_int_equal(pod_execute(pod, "render", NULL), 0);

    CLEANUP(memory_freep) char *rendered = file_read(pod->folder, "stdout");
    assert_string_equal(rendered, pod_output(pod));
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads);
}

static void render_says_by_its_exit_status_that_one_was_rejected(void **state) {
    struct pod *pod = *state;
    const char *before = pod_output(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    file_write(pod->manifests, "broken.yaml", "kind: [\n");

    assert_int_equal(pod_execute(pod, "render", NULL), 1);

    CLEANUP(memory_freep) char *rendered = file_read(pod->folder, "stdout");
    assert_non_null(strstr(rendered, "name: team-a"));
    assert_int_not_equal(pod_logged(pod, "broken.yaml:"), 0);
    assert_string_equal(pod_output(pod), before);
}

static void the_init_container_writes_and_exits_with_0_and_no_reload(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_start_prometheus(pod);
    file_remove(pod->folder, "config/prometheus.yml");

    assert_int_equal(pod_execute(pod, "run", "--watch-interval=0", NULL), 0);

    assert_true(output_has(pod, "name: team-a"));
    assert_true(file_exists(pod->folder,
                            "config/remote-write-secrets/monitoring_team-a_basicAuth.password"));
    assert_int_equal(prometheus_server_reloads(pod->prometheus), 0);
    assert_int_equal(prometheus_server_entries(pod->prometheus), 0);
}

static void a_prometheus_that_starts_behind_the_init_container_runs_its_config(void **state) {
    struct pod *pod = *state;
    file_remove(pod->folder, "config/prometheus.yml");
    pod_drop(pod, (struct manifest){.name = "team-a"});

    assert_int_equal(pod_execute(pod, "run", "--watch-interval=0", NULL), 0);
    const char *config = pod_output(pod);
    pod_start_prometheus(pod);

    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    pod_start_sidecar(pod, NULL);
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > 0);
    assert_string_equal(pod_output(pod), config);
}

/* --- never a half
 * ---------------------------------------------------------------------------------- */

enum {
    CHANGES = 500
};

/* Reads the output over and over, as fast as it goes. */
struct tight_loop {
    const char *folder;
    const char *base;
    atomic_bool stop;
    size_t reads;
    size_t versions;
    char *wrong; /* the first text that is no complete config */
};

/* From the base's first byte to END's line break, with all of one entry in between; or, as in the
 * beginning, the base alone. */
static bool is_complete(const struct tight_loop *loop, const char *text) {
    const size_t length = strlen(loop->base);
    static const char end[] = "# END remotewrite-sidecar\n";

    if (strncmp(text, loop->base, length) != 0) {
        return false;
    }
    if (text[length] == '\0') {
        return true;
    }
    struct bytes block = bytes_of(text + length);
    return bytes_starts_with(block, BYTES("# BEGIN remotewrite-sidecar")) &&
           bytes_ends_with(block, bytes_of(end)) && strstr(text, "  name: team-a\n") != NULL &&
           strstr(text, " capacity: ") != NULL && strstr(text, " password_file: ") != NULL;
}

static void *read_in_a_tight_loop(void *context) {
    struct tight_loop *loop = context;
    char *last = NULL;

    while (!atomic_load(&loop->stop) && loop->wrong == NULL) {
        char *text = file_read(loop->folder, "prometheus.yml");
        loop->reads++;
        if (text == NULL || !is_complete(loop, text)) {
            loop->wrong = text != NULL ? text : memory_string("(no file)");
        } else if (last == NULL || strcmp(text, last) != 0) {
            loop->versions++;
            free(last);
            last = text;
        } else {
            free(text);
        }
    }
    free(last);
    return NULL;
}

static void a_reader_in_a_tight_loop_never_sees_a_partial_file(void **state) {
    struct pod *pod = *state;
    struct tight_loop loop = {.folder = arena_format(pod->arena, "%s/config", pod->folder),
                              .base = pod_output(pod)};
    pthread_t reader;
    /* Without a Prometheus nothing but the disk sets the pace. */
    pod_start_sidecar(pod, "--delay-interval=0s", "--log-level=error", NULL);
    assert_int_equal(pthread_create(&reader, NULL, read_in_a_tight_loop, &loop), 0);

    bool arrived = true;
    for (unsigned i = 1; i <= CHANGES && arrived; i++) {
        const char *capacity = arena_format(pod->arena, " capacity: %u\n", i);
        pod_drop(pod, (struct manifest){.name = "team-a", .capacity = i});
        arrived = WAIT_UNTIL(output_has(pod, capacity) || !pod_is_well(pod), DEADLINE_USUAL);
    }
    atomic_store(&loop.stop, true);
    pthread_join(reader, NULL);

    CLEANUP(memory_freep) char *wrong = loop.wrong;
    if (wrong != NULL) {
        fail_msg("after %zu reads of %zu versions:\n%s", loop.reads, loop.versions, wrong);
    }
    assert_true(arrived);
    print_message("%u changes, %zu reads, %zu versions seen\n", CHANGES, loop.reads, loop.versions);
    assert_between(loop.versions, 2, CHANGES + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(an_edited_base_stays_byte_for_byte_outside_our_block),
        POD_TEST(a_base_edited_in_place_is_taken_over),
        POD_TEST(a_gzip_base_is_unpacked_and_its_variables_are_replaced),
        POD_TEST(in_place_the_output_is_its_own_base),
        POD_TEST(in_place_the_file_stays_readable_to_whom_it_was),
        POD_TEST(in_place_the_file_keeps_its_selinux_label),
        POD_TEST(in_place_an_edit_around_our_block_is_kept),
        POD_TEST(render_prints_the_bytes_that_run_writes),
        POD_TEST(render_says_by_its_exit_status_that_one_was_rejected),
        POD_TEST(the_init_container_writes_and_exits_with_0_and_no_reload),
        POD_TEST(a_prometheus_that_starts_behind_the_init_container_runs_its_config),
        POD_TEST(a_reader_in_a_tight_loop_never_sees_a_partial_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
