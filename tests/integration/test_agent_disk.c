/* SPDX-License-Identifier: Apache-2.0 */

/* What the disk does to the agent, and what others do to it meanwhile: a memory that cannot be read
 * for a moment, a person who edits while a pass runs, a full disk. */

#include "support/agent_fixture.h"
#include "support/assertions.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include "agent/state_store.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#define URL(name) "http://" name ".example/push"

static void drop(struct agent_fixture *fixture, const char *name, const char *text) {
    char file[64];

    snprintf(file, sizeof(file), "%s.yaml", name);
    file_replace(fixture->volume, file, text);
}

static void agent_stops(struct agent_fixture *fixture) {
    agent_stop(fixture->agent);
    assert_int_equal(uv_run(&fixture->loop, UV_RUN_DEFAULT), 0);
    agent_free(fixture->agent);
}

static int setup(void **state) {
    system_calls_reset();
    return agent_fixture_setup(state);
}

static int teardown(void **state) {
    struct agent_fixture *fixture = *state;

    system_calls_reset();
    umount2(fixture->secret_directory, MNT_DETACH);
    umount2(fixture->out, MNT_DETACH);
    return agent_fixture_teardown(state);
}

/* --- the memory ------------------------------------------------------------------------------- */

static void a_memory_that_cannot_be_read_at_the_start_is_known_to_the_first_pass(void **state) {
    struct agent_fixture *fixture = *state;
    drop(fixture, "a", remote_write("a", URL("a")));
    agent_runs(fixture);
    agent_stops(fixture);
    drop(fixture, "a", remote_write_with_secret("a", "late"));

    system_calls_of_program_only();
    system_calls_fail_from("read", 1, EMFILE);
    agent_starts(fixture);
    system_calls_reset();
    assert_int_equal(log_lines_count("level=warn", "cannot be read now"), 1);
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_true(output_has(fixture, URL("a")));
    assert_int_equal(log_lines_count("config written", "removed=1"), 0);
    assert_true(agent_now(fixture).state->outcomes[0].earlier);
}

/* --- in place --------------------------------------------------------------------------------- */

static void given_in_place(struct agent_fixture *fixture) {
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_write(fixture->out, "prometheus.yml", "# a person's\nglobal: {}\n");
}

/* As an editor that saves what it opened a moment ago. */
static void edit(void *context) {
    struct agent_fixture *fixture = context;
    CLEANUP(memory_freep) char *text = file_read(fixture->out, "prometheus.yml");
    CLEANUP(buffer_free) struct buffer edited = {0};

    buffer_append_string(&edited, "# an edit\n");
    buffer_append_string(&edited, text);
    file_replace(fixture->out, "prometheus.yml", buffer_string(&edited));
}

static void in_place_an_edit_during_a_pass_is_not_lost(void **state) {
    struct agent_fixture *fixture = *state;
    static const char *const calls[] = {"fchmod", "fsync", "renameat2"};
    CLEANUP(buffer_free) struct buffer begin = {0};
    given_in_place(fixture);
    agent_runs(fixture);
    buffer_append_string(&begin, "# a person's\n");

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        char name[16];
        char url[64];
        snprintf(name, sizeof(name), "rw-%zu", i);
        snprintf(url, sizeof(url), "http://%s.example/push", name);
        system_calls_before(calls[i], 1, edit, fixture);
        drop(fixture, name, remote_write(name, url));
        assert_true(output_has(fixture, url));
        assert_true(system_calls_seen(calls[i]) > 0);
        system_calls_reset();

        CLEANUP(buffer_free) struct buffer expected = {0};
        buffer_append_string(&expected, "# an edit\n");
        buffer_append(&expected, buffer_bytes(&begin));
        buffer_clear(&begin);
        buffer_append(&begin, buffer_bytes(&expected));
        CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
        assert_memory_equal(output, begin.data, begin.length);
    }
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(agent_now(fixture).publish_errors, 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
    /* The editor's file is everybody's to read. */
    assert_int_equal(log_lines_count("level=warn", NULL),
                     log_lines_count("every user may read the output", NULL));
}

static void in_place_an_edit_with_the_same_time_and_size_is_not_lost(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture);
    agent_runs(fixture);
    system_calls_freeze_times(1000000000);
    agent_reload(fixture->agent);
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    file_write(fixture->out, "prometheus.yml", "# a penguin's\nglobal: {}");
    drop(fixture, "b", remote_write("b", URL("b")));

    assert_true(output_has(fixture, URL("b")));
    assert_true(output_has(fixture, "# a penguin's\n"));
    assert_int_equal(log_lines_count("level=error", NULL), 0);
}

/* --- a full disk ------------------------------------------------------------------------------ */

/* Prometheus refuses the config with this, and there is no room left in a folder from then on. */
#define REFUSED_URL "http://b.example/push"
#define SPARE       ".prometheus.yml.remotewrite-sidecar.last-good"

struct full_disk {
    struct agent_fixture *fixture;
    const char *folder; /* a small file system */
    const char *spoilt; /* a file in it that somebody writes over before; NULL: none */
    bool full;
};

static void fill(const char *folder) {
    static const char piece[4096] = "filler";
    CLEANUP(memory_freep) char *path = path_join(folder, "filler");
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    while (write(descriptor, piece, sizeof(piece)) > 0) {
    }
    close(descriptor);
}

/* On the stub's thread. */
static struct stub_answer judge(void *context) {
    struct full_disk *disk = context;
    CLEANUP(memory_freep) char *config = file_read(disk->fixture->out, "prometheus.yml");

    if (config == NULL || strstr(config, REFUSED_URL) == NULL) {
        return (struct stub_answer){.status = 200};
    }
    if (!disk->full) {
        if (disk->spoilt != NULL) {
            file_write(disk->folder, disk->spoilt, "spoilt");
        }
        fill(disk->folder);
        disk->full = true;
    }
    return (struct stub_answer){.status = 500, .body = "no"};
}

static void given_small(struct full_disk *disk) {
    folder_make(disk->folder, "");
    if (geteuid() != 0 || mount("tmpfs", disk->folder, "tmpfs", 0, "size=256k") < 0) {
        skip_because("mounting a file system needs root");
    }
    http_stub_judge(disk->fixture->prometheus, RELOAD_PATH, judge, disk);
}

static void given_room(const struct full_disk *disk) {
    file_remove(disk->folder, "filler");
}

static void on_a_full_disk_the_last_good_config_goes_back(void **state) {
    struct agent_fixture *fixture = *state;
    struct full_disk disk = {.fixture = fixture, .folder = fixture->out};
    given_small(&disk);
    drop(fixture, "a", remote_write("a", URL("a")));
    agent_runs(fixture);
    CLEANUP(memory_freep) char *good = file_read(fixture->out, "prometheus.yml");

    drop(fixture, "b", remote_write("b", REFUSED_URL));

    assert_true(log_has(fixture, "state=quarantined", "name=b"));
    assert_true(disk.full);
    CLEANUP(memory_freep) char *now = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(now, good);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_false(file_exists(fixture->out, SPARE));

    given_room(&disk);
    drop(fixture, "c", remote_write("c", URL("c")));
    assert_true(output_has(fixture, URL("c")));
    assert_true(output_has(fixture, URL("a")));
}

static void what_a_killed_process_kept_goes_back(void **state) {
    struct agent_fixture *fixture = *state;
    struct full_disk disk = {.fixture = fixture, .folder = fixture->out};
    CLEANUP(memory_freep) char *spare = path_join(fixture->out, SPARE);
    given_small(&disk);
    drop(fixture, "a", remote_write("a", URL("a")));
    agent_runs(fixture);
    agent_stops(fixture);
    CLEANUP(memory_freep) char *good = file_read(fixture->out, "prometheus.yml");

    /* As if it had been killed while Prometheus was asked about another one. */
    assert_int_equal(link(fixture->output, spare), 0);
    file_replace(fixture->out, "prometheus.yml", "global: {}\n");
    drop(fixture, "b", remote_write("b", REFUSED_URL));
    agent_starts(fixture);

    assert_true(log_has(fixture, "state=quarantined", "name=b"));
    assert_true(disk.full);
    CLEANUP(memory_freep) char *now = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(now, good);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_false(file_exists(fixture->out, SPARE));
}

static void a_full_disk_is_said_once_until_something_can_be_written_again(void **state) {
    struct agent_fixture *fixture = *state;
    struct full_disk disk = {.fixture = fixture, .folder = fixture->out};
    system_calls_fail_from("linkat", 1, EPERM); /* as where files have one name only */
    given_small(&disk);
    drop(fixture, "a", remote_write("a", URL("a")));
    agent_runs(fixture);

    drop(fixture, "b", remote_write("b", REFUSED_URL));
    assert_true(log_has(fixture, "cannot publish", "No space left"));
    size_t asked = reloads_asked(fixture);
    assert_true(agent_is_asked(fixture, asked + 3)); /* about what stands there */
    assert_true(output_has(fixture, REFUSED_URL));
    assert_int_equal(log_lines_count("publishing works again", NULL), 0);
    assert_int_equal(log_lines_count("not wanted any more", NULL), 0);
    assert_int_equal(log_lines_count("level=error msg=\"cannot publish", NULL), 1);

    given_room(&disk);
    assert_true(output_loses(fixture, REFUSED_URL));
    assert_true(output_has(fixture, URL("a")));
    assert_int_equal(log_lines_count("publishing works again", NULL), 1);
}

/* In a folder that is watched for the base: the tries themselves are no reason to try again. */
static void a_try_that_fails_beside_the_base_calls_for_no_other(void **state) {
    struct agent_fixture *fixture = *state;
    const int late = 60000;
    fixture->settings.retry_milliseconds = late;
    given_in_place(fixture);
    agent_runs(fixture);

    drop(fixture, "a", remote_write("a", URL("a")));
    system_calls_fail_from("write", 1, ENOSPC);
    assert_true(log_has(fixture, "cannot publish", "No space left"));
    agent_is_left_alone(fixture);
    uint64_t tried = agent_now(fixture).publish_errors;
    agent_is_left_alone(fixture);
    system_calls_reset();

    assert_int_equal(agent_now(fixture).publish_errors, tried);
    assert_between(tried, 1, 3);
}

static void what_is_not_wanted_any_more_is_no_fault(void **state) {
    struct agent_fixture *fixture = *state;
    struct full_disk disk = {.fixture = fixture, .folder = fixture->out};
    given_small(&disk);
    agent_runs(fixture);
    fill(fixture->out);

    drop(fixture, "a", remote_write("a", URL("a")));
    assert_true(log_has(fixture, "cannot publish", "No space left"));
    file_remove(fixture->volume, "a.yaml");

    assert_true(log_has(fixture, "what could not be published is not wanted any more", NULL));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("publishing works again", NULL), 0);
}

static void the_config_goes_back_where_a_secret_file_cannot(void **state) {
    struct agent_fixture *fixture = *state;
    struct full_disk disk = {
        .fixture = fixture,
        .folder = fixture->secret_directory,
        .spoilt = "team-a_a_authorization.credentials",
    };
    CLEANUP(memory_freep) char *edited = memory_string(remote_write_with_secret("a", "s"));
    given_small(&disk);
    file_write(fixture->secrets, "s/token", "first");
    drop(fixture, "a", edited);
    agent_runs(fixture);

    char *host = strstr(edited, "a.example");
    assert_non_null(host);
    *host = 'b';
    drop(fixture, "a", edited);

    assert_true(log_has(fixture, "level=error", "the config goes back all the same"));
    assert_true(output_loses(fixture, REFUSED_URL));
    assert_true(output_has(fixture, URL("a")));
    assert_true(disk.full);
    given_room(&disk);
    assert_true(log_has(fixture, "publishing works again", NULL));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* --- what fails is seen ----------------------------------------------------------------------- */

static const char *failure_of(struct agent_fixture *fixture, enum agent_operation operation) {
    return agent_now(fixture).failures[operation].words;
}

static bool fails(struct agent_fixture *fixture, enum agent_operation operation) {
    return LOOP_UNTIL(&fixture->loop, failure_of(fixture, operation) != NULL);
}

static bool works(struct agent_fixture *fixture, enum agent_operation operation) {
    return LOOP_UNTIL(&fixture->loop, failure_of(fixture, operation) == NULL);
}

/* Of each of the kinds that a disk knows, at the step where it is usual. */
static void a_config_that_cannot_be_written_is_not_ready_until_it_can(void **state) {
    struct agent_fixture *fixture = *state;
    static const struct {
        const char *call;
        int error;
    } faults[] = {
        {"write", ENOSPC},   {"write", EDQUOT},   {"fchmod", EPERM},   {"fsync", EIO},
        {"renameat", EBUSY}, {"renameat", EPERM}, {"renameat", EROFS}, {"renameat", EACCES},
    };
    agent_runs(fixture);
    assert_true(agent_now(fixture).ready);

    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        char name[16];
        snprintf(name, sizeof(name), "rw-%zu", i);
        drop(fixture, name, remote_write(name, URL("a")));
        system_calls_fail_from(faults[i].call, 1, faults[i].error);

        assert_true(fails(fixture, OPERATION_PUBLISH));
        const struct agent_status status = agent_now(fixture);
        assert_false(status.ready);
        assert_non_null(strstr(status.not_ready, strerror(faults[i].error)));
        assert_non_null(strstr(status.not_ready, fixture->out));
        assert_true(status.failures[OPERATION_PUBLISH].since > 0);
        system_calls_reset();

        assert_true(works(fixture, OPERATION_PUBLISH));
        assert_true(agent_becomes(fixture, AGENT_IDLE));
        assert_true(agent_now(fixture).ready);
        assert_true(output_has(fixture, name));
    }
}

static void a_directory_that_cannot_be_watched_is_seen_until_it_can(void **state) {
    struct agent_fixture *fixture = *state;
    agent_runs(fixture);
    assert_null(failure_of(fixture, OPERATION_WATCH));

    folder_make(fixture->volume, "deep");
    system_calls_fail_from("inotify_add_watch", 1, ENOSPC);
    assert_true(fails(fixture, OPERATION_WATCH));
    assert_non_null(strstr(failure_of(fixture, OPERATION_WATCH), "fs.inotify.max_user_watches"));

    system_calls_reset();
    drop(fixture, "a", remote_write("a", URL("a")));
    assert_true(works(fixture, OPERATION_WATCH));
}

static void a_state_file_that_cannot_be_read_is_seen_until_it_is(void **state) {
    struct agent_fixture *fixture = *state;
    drop(fixture, "a", remote_write("a", URL("a")));
    agent_runs(fixture);
    agent_stops(fixture);

    system_calls_of_program_only();
    system_calls_fail_from("read", 1, EIO);
    agent_starts(fixture);
    system_calls_reset();
    assert_non_null(failure_of(fixture, OPERATION_STATE_FILE));
    assert_true(works(fixture, OPERATION_STATE_FILE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_memory_that_cannot_be_read_at_the_start_is_known_to_the_first_pass),
        TEST(in_place_an_edit_during_a_pass_is_not_lost),
        TEST(in_place_an_edit_with_the_same_time_and_size_is_not_lost),
        TEST(on_a_full_disk_the_last_good_config_goes_back),
        TEST(a_config_that_cannot_be_written_is_not_ready_until_it_can),
        TEST(a_directory_that_cannot_be_watched_is_seen_until_it_can),
        TEST(a_state_file_that_cannot_be_read_is_seen_until_it_is),
        TEST(what_a_killed_process_kept_goes_back),
        TEST(a_full_disk_is_said_once_until_something_can_be_written_again),
        TEST(a_try_that_fails_beside_the_base_calls_for_no_other),
        TEST(what_is_not_wanted_any_more_is_no_fault),
        TEST(the_config_goes_back_where_a_secret_file_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
