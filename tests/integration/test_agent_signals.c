/* SPDX-License-Identifier: Apache-2.0 */

/* Signals, settings read anew, and the end. */

#include "support/agent_fixture.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include "base/memory.h"
#include "publish/temporary.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void send_signal(int number) {
    assert_int_equal(kill(getpid(), number), 0);
}

static void sighup_reloads_though_nothing_changed(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    uint64_t writes = agent_now(fixture).writes;
    send_signal(SIGHUP);

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(agent_now(fixture).writes, writes);
    assert_int_equal(log_lines_count("msg=pass every_byte=true", NULL), 1);
}

static void sighup_while_prometheus_reloads_is_one_further_reload(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.status = 200});
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 1));
    send_signal(SIGHUP);
    send_signal(SIGHUP);
    agent_is_left_alone(fixture);
    assert_int_equal(reloads_asked(fixture), 1);
    http_stub_release(fixture->prometheus);

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);
    assert_int_equal(reloads_asked(fixture), 2);
    assert_int_equal(http_stub_most_at_once(fixture->prometheus, RELOAD_PATH), 1);
}

static void sighup_while_waiting_asks_at_once(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.retry_milliseconds = 60000;
    RELOAD_ANSWERS(fixture, {.status = 500, .body = "no"}, {.status = 200});
    agent_starts(fixture);
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    send_signal(SIGHUP);

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
}

static void sighup_that_cannot_publish_is_made_up_for_later(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->secrets, "s/token", "value");
    agent_runs(fixture);
    tree_remove(fixture->secret_directory);
    file_write(fixture->out, "remote-write-secrets", "a file in the way");
    send_signal(SIGHUP);
    assert_true(log_has(fixture, "cannot publish", NULL));
    assert_int_equal(reloads_asked(fixture), 1);
    file_remove(fixture->out, "remote-write-secrets");

    assert_true(agent_is_asked(fixture, 2));
}

/* --- settings ------------------------------------------------------------------------------- */

struct other_settings {
    struct agent_settings settings;
    const struct agent_settings *given; /* what reread gives */
    size_t calls;
};

static const struct agent_settings *give_other_settings(void *context) {
    struct other_settings *other = context;

    other->calls++;
    return other->given;
}

static void given_other_settings(struct agent_fixture *fixture, struct other_settings *other) {
    fixture->settings.reread = give_other_settings;
    fixture->settings.reread_context = other;
    other->settings = fixture->settings;
}

static void sighup_takes_other_settings_over(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings other = {0};
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, "elsewhere");
    CLEANUP(memory_freep) char *output = path_join(fixture->dir, "elsewhere/merged.yml");
    struct volume_config volume = {.kind = VOLUME_REMOTE_WRITE, .path = folder};

    given_other_settings(fixture, &other);
    other.given = &other.settings;
    other.settings.source.volumes = &volume;
    other.settings.source.volume_count = 1;
    other.settings.output_path = output;
    other.settings.prometheus.reload_url = http_stub_url(fixture->prometheus, "/prefix/-/reload");
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    file_write(folder, "b.yaml", remote_write("b", "http://b.example/push"));
    agent_runs(fixture);
    send_signal(SIGHUP);

    assert_true(log_has(fixture, "settings taken over", NULL));
    /* What is no longer in use may go. */
    memset(&fixture->settings, 0xff, sizeof(fixture->settings));
    assert_true(agent_has_passed(fixture, 2));
    CLEANUP(memory_freep) char *merged = file_read(folder, "merged.yml");
    assert_non_null(merged);
    assert_non_null(strstr(merged, "http://b.example/push"));
    assert_null(strstr(merged, "http://a.example/push"));
    assert_int_equal(other.calls, 1);

    file_replace(folder, "b.yaml", remote_write("b", "http://c.example/push"));
    assert_true(log_has(fixture, "config written", "changed=1"));
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
}

static void settings_that_are_wrong_leave_those_in_use(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings other = {0};

    given_other_settings(fixture, &other);
    agent_runs(fixture);
    send_signal(SIGHUP);

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(other.calls, 1);
    assert_int_equal(log_lines_count("settings taken over", NULL), 0);
}

static void settings_are_not_read_while_prometheus_reloads(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings other = {0};

    given_other_settings(fixture, &other);
    other.given = &other.settings;
    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.status = 200});
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 1));
    send_signal(SIGHUP);
    agent_is_left_alone(fixture);
    assert_int_equal(other.calls, 0);
    http_stub_release(fixture->prometheus);

    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(other.calls, 1);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
}

/* --- the end -------------------------------------------------------------------------------- */

static void sigterm_ends_the_loop(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    send_signal(SIGTERM);

    assert_true(agent_ends(fixture));
    assert_int_equal(agent_now(fixture).phase, AGENT_STOPPED);
}

static void sigint_ends_the_loop_while_prometheus_reloads(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG});
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 1));
    send_signal(SIGINT);

    assert_true(agent_ends(fixture));
}

static void sigterm_ends_the_loop_while_waiting(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.retry_milliseconds = 60000;
    http_stub_refuse(fixture->prometheus);
    agent_starts(fixture);
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    send_signal(SIGTERM);

    assert_true(agent_ends(fixture));
}

static void an_agent_that_was_never_started_can_be_stopped(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->agent = agent_new(&fixture->loop, &fixture->settings);
    agent_stop(fixture->agent);
    agent_stop(fixture->agent);

    assert_true(agent_ends(fixture));
}

static void sigpipe_does_no_harm(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    send_signal(SIGPIPE);
    agent_is_left_alone(fixture);

    assert_int_equal(agent_now(fixture).phase, AGENT_IDLE);
}

static void leftovers_of_a_killed_process_are_removed_at_start(void **state) {
    struct agent_fixture *fixture = *state;
    struct publish_error error = {0};
    struct output_folder folder = {0};
    struct temporary temporary = {0};

    assert_int_equal(output_folder_open(fixture->out, &folder, &error), 0);
    assert_int_equal(temporary_write(&folder, "prometheus.yml", BYTES("half"),
                                     &(struct output_mode){.mode = 0640}, &temporary, &error),
                     0);
    output_folder_close(&folder);
    assert_int_equal(folder_count(fixture->out), 1);
    agent_runs(fixture);

    assert_int_equal(folder_count(fixture->out), 2); /* and what was learned */
    assert_true(file_exists(fixture->out, "prometheus.yml"));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

/* --- another folder of secret files ----------------------------------------------------------- */

/* Gives the agent, from the next SIGHUP on, a folder of that name in DIR. */
static void given_other_folder(struct agent_fixture *fixture, struct other_settings *other,
                               const char *directory, const char *path) {
    fixture->settings.reread = give_other_settings;
    fixture->settings.reread_context = other;
    other->settings = fixture->settings;
    other->settings.secret_directory = directory;
    other->settings.compile.secret_path = path;
    other->given = &other->settings;
}

static void given_a_secret(struct agent_fixture *fixture) {
    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->secrets, "s/token", "value");
}

static void secret_files_of_the_folder_before_go_after_the_reload(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings other = {0};
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, "elsewhere");

    given_a_secret(fixture);
    given_other_folder(fixture, &other, folder, "../elsewhere");
    file_write(fixture->secret_directory, "of-somebody-else", "x");
    agent_runs(fixture);
    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.status = 200});
    send_signal(SIGHUP);

    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(folder_count(folder), 1);
    assert_int_equal(folder_count(fixture->secret_directory), 2);
    http_stub_release(fixture->prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(folder_count(folder), 1);
    assert_int_equal(folder_count(fixture->secret_directory), 1);
    assert_true(file_exists(fixture->secret_directory, "of-somebody-else"));
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
}

static void no_folder_before_is_forgotten_where_none_is_confirmed_in_between(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings second = {0};
    struct other_settings third = {0};
    CLEANUP(memory_freep) char *second_folder = path_join(fixture->dir, "second");
    CLEANUP(memory_freep) char *third_folder = path_join(fixture->dir, "third");

    given_a_secret(fixture);
    fixture->settings.retry_milliseconds = 60000;
    given_other_folder(fixture, &third, third_folder, "../third");
    given_other_folder(fixture, &second, second_folder, "../second");
    second.settings.reread_context = &third;
    agent_runs(fixture);
    RELOAD_ANSWERS(fixture, {.status = 403}, {.status = 200});
    send_signal(SIGHUP);
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
    assert_int_equal(folder_count(second_folder), 1);
    send_signal(SIGHUP);

    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(folder_count(third_folder), 1);
    assert_int_equal(folder_count(second_folder), 0);
    assert_int_equal(folder_count(fixture->secret_directory), 0);
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
}

/* Its entry still names the file where it was. */
static void the_file_of_an_earlier_form_stays_in_the_folder_before(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings other = {0};
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, "elsewhere");

    given_a_secret(fixture);
    given_other_folder(fixture, &other, folder, "../elsewhere");
    agent_runs(fixture);
    file_remove(fixture->secrets, "s/token");
    assert_true(log_has(fixture, "RemoteWrite has another state", "state=pending"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    send_signal(SIGHUP);

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(output_has(fixture, "remote-write-secrets/team-a_a"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);

    file_write(fixture->secrets, "s/token", "value");
    assert_true(output_has(fixture, "../elsewhere/team-a_a"));
    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(folder_count(fixture->secret_directory), 0);
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
}

static void another_name_of_the_same_folder_costs_no_file(void **state) {
    struct agent_fixture *fixture = *state;
    struct other_settings other = {0};
    CLEANUP(memory_freep) char *link = path_join(fixture->dir, "link");

    given_a_secret(fixture);
    given_other_folder(fixture, &other, link, "../link");
    agent_runs(fixture);
    link_make(fixture->dir, "link", "out/remote-write-secrets");
    send_signal(SIGHUP);

    assert_true(output_has(fixture, "../link/team-a_a"));
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sighup_reloads_though_nothing_changed),
        TEST(sighup_while_prometheus_reloads_is_one_further_reload),
        TEST(sighup_while_waiting_asks_at_once),
        TEST(sighup_that_cannot_publish_is_made_up_for_later),
        TEST(sighup_takes_other_settings_over),
        TEST(settings_that_are_wrong_leave_those_in_use),
        TEST(settings_are_not_read_while_prometheus_reloads),
        TEST(secret_files_of_the_folder_before_go_after_the_reload),
        TEST(no_folder_before_is_forgotten_where_none_is_confirmed_in_between),
        TEST(the_file_of_an_earlier_form_stays_in_the_folder_before),
        TEST(another_name_of_the_same_folder_costs_no_file),
        TEST(sigterm_ends_the_loop),
        TEST(sigint_ends_the_loop_while_prometheus_reloads),
        TEST(sigterm_ends_the_loop_while_waiting),
        TEST(an_agent_that_was_never_started_can_be_stopped),
        TEST(sigpipe_does_no_harm),
        TEST(leftovers_of_a_killed_process_are_removed_at_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
