/* SPDX-License-Identifier: Apache-2.0 */

/* What changes on disk, and what the agent makes of it: a pass, a config, a reload, or nothing. */

#include "support/agent_fixture.h"
#include "support/kubelet.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void at_start_the_base_is_published_and_loaded_once(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);

    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, "# the base\nglobal:\n  scrape_interval: 15s\n");
    assert_int_equal(reloads_asked(fixture), 1);
    assert_true(agent_now(fixture).published);
}

static void a_config_that_is_in_place_is_loaded_once_at_start_and_not_written(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->out, "prometheus.yml", "# the base\nglobal:\n  scrape_interval: 15s\n");
    assert_int_equal(chmod(fixture->output, 0640), 0);
    agent_runs(fixture);

    assert_int_equal(reloads_asked(fixture), 1);
    assert_int_equal(agent_now(fixture).writes, 0);
    assert_int_equal(log_lines_count("config written", NULL), 0);
}

static void a_dropped_manifest_is_written_and_loaded_once(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_int_equal(reloads_asked(fixture), 2);
    assert_int_equal(log_lines_count("config written", "added=1 changed=0 removed=0"), 1);
    assert_int_equal(log_lines_count("base_changed=false", "added_names=team-a/a"), 1);
}

static void a_pass_that_changes_nothing_says_nothing(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    agent_is_left_alone(fixture);
    size_t lines = log_lines_count("ts=", NULL) - log_lines_count("level=debug", NULL);
    uint64_t passes = agent_now(fixture).passes;
    file_replace(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));

    assert_true(agent_has_passed(fixture, passes + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("ts=", NULL) - log_lines_count("level=debug", NULL), lines);
}

static void a_pass_over_the_same_compiles_nothing(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    agent_is_left_alone(fixture);
    for (int i = 0; i < 3; i++) {
        uint64_t passes = agent_now(fixture).passes;
        file_replace(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
        assert_true(agent_has_passed(fixture, passes + 1));
        assert_true(agent_becomes(fixture, AGENT_IDLE));
    }

    /* The first of them is the first that knows that Prometheus took it. */
    assert_int_equal(log_lines_count("msg=pass", "compiled=true"), 2);
    assert_int_equal(log_lines_count("msg=pass", "compiled=false"), 2);
    file_replace(fixture->volume, "a.yaml", remote_write("a", "http://b.example/push"));
    assert_true(output_has(fixture, "http://b.example/push"));
}

static void what_somebody_did_to_the_output_is_undone_without_compiling(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    agent_is_left_alone(fixture);
    for (int i = 0; i < 2; i++) {
        file_write(fixture->out, "prometheus.yml", "global: {}\n");
        file_replace(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
        assert_true(output_has(fixture, "http://a.example/push"));
        assert_true(agent_becomes(fixture, AGENT_IDLE));
    }

    assert_true(log_lines_count("msg=pass", "compiled=false") > 0);
}

static void a_changed_manifest_changes_its_entry(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    file_replace(fixture->volume, "a.yaml", remote_write("a", "http://b.example/push"));

    assert_true(output_has(fixture, "http://b.example/push"));
    assert_true(output_loses(fixture, "http://a.example/push"));
    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(log_lines_count("config written", "added=0 changed=1 removed=0"), 1);
}

static void a_removed_manifest_leaves_the_config(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    assert_true(output_has(fixture, "http://a.example/push"));
    file_remove(fixture->volume, "a.yaml");

    assert_true(output_loses(fixture, "http://a.example/push"));
    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(log_lines_count("config written", "added=0 changed=0 removed=1"), 1);
}

static void ten_changes_within_the_delay_are_one_reload(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.delay_milliseconds = 150;
    agent_runs(fixture);
    uint64_t passes = agent_now(fixture).passes;
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof(name), "rw-%d", i);
        file_write(fixture->volume, name, "");
        char file[32];
        snprintf(file, sizeof(file), "%s.yaml", name);
        file_write(fixture->volume, file, remote_write(name, "http://a.example/push"));
        loop_for(&fixture->loop, 5);
    }

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    loop_for(&fixture->loop, 400);
    assert_int_equal(reloads_asked(fixture), 2);
    assert_int_equal(agent_now(fixture).passes, passes + 1);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_ACTIVE], 10);
}

static void events_without_end_do_not_put_a_pass_off_forever(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.delay_milliseconds = 80;
    agent_runs(fixture);
    uint64_t passes = agent_now(fixture).passes;
    /* Never as long as 80 ms of quiet; a second and a half in all. */
    for (int i = 0; i < 100 && agent_now(fixture).passes == passes; i++) {
        file_write(fixture->volume, "busy.txt", "x");
        loop_for(&fixture->loop, 15);
    }

    assert_true(agent_now(fixture).passes > passes);
}

static void a_touch_writes_nothing_and_reloads_nothing(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    struct agent_status before = agent_now(fixture);
    file_age(fixture->volume, "a.yaml", 5);

    assert_true(agent_has_passed(fixture, before.passes + 1));
    agent_is_left_alone(fixture);
    assert_int_equal(agent_now(fixture).writes, before.writes);
    assert_int_equal(reloads_asked(fixture), 1);
    assert_int_equal(agent_now(fixture).phase, AGENT_IDLE);
}

static void a_secret_that_only_files_carry_is_rewritten_without_a_reload(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->secrets, "s/token", "first");
    agent_runs(fixture);
    uint64_t writes = agent_now(fixture).writes;
    assert_int_equal(agent_now(fixture).state->secret_count, 1);
    char name[256];
    snprintf(name, sizeof(name), "%s", agent_now(fixture).state->secrets[0].name);
    file_replace(fixture->secrets, "s/token", "second");

    assert_true(log_has(fixture, "secret files written", "secret_files=1"));
    agent_is_left_alone(fixture);
    CLEANUP(memory_freep) char *secret = file_read(fixture->secret_directory, name);
    assert_string_equal(secret, "second");
    assert_int_equal(agent_now(fixture).writes, writes + 1);
    assert_int_equal(reloads_asked(fixture), 1);
    assert_int_equal(log_lines_count("first", NULL), 0);
}

static void a_secret_that_comes_late_makes_its_remote_write_active(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    agent_runs(fixture);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_PENDING], 1);
    file_write(fixture->secrets, "s/token", "there");

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_int_equal(
        log_lines_count("RemoteWrite has another state", "state=active before=pending"), 1);
}

static void secret_files_of_a_removed_remote_write_go_after_the_reload(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->secrets, "s/token", "value");
    agent_runs(fixture);
    assert_int_equal(folder_count(fixture->secret_directory), 1);
    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.status = 200});
    file_remove(fixture->volume, "a.yaml");

    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
    http_stub_release(fixture->prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(folder_count(fixture->secret_directory), 0);
}

static void a_swap_by_kubelet_is_one_pass_over_the_new_generation(void **state) {
    struct agent_fixture *fixture = *state;
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume = kubelet_volume_new(fixture->volume);

    kubelet_volume_write(volume, "a.yaml", remote_write("a", "http://a.example/push"), NULL);
    agent_runs(fixture);
    kubelet_volume_write(volume, "a.yaml", remote_write("a", "http://b.example/push"), "b.yaml",
                         remote_write("b", "http://b.example/push"), NULL);

    assert_true(output_has(fixture, "team-a/b"));
    assert_true(output_loses(fixture, "http://a.example/push"));
    agent_is_left_alone(fixture);
    assert_int_equal(reloads_asked(fixture), 2);

    kubelet_volume_write(volume, "a.yaml", remote_write("a", "http://c.example/push"), NULL);
    assert_true(output_has(fixture, "http://c.example/push"));
    assert_true(output_loses(fixture, "team-a/b"));
}

static void a_secret_volume_that_kubelet_swaps_is_seen(void **state) {
    struct agent_fixture *fixture = *state;
    CLEANUP(memory_freep) char *folder = path_join(fixture->secrets, "s");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(folder);

    kubelet_volume_write(volume, "token", "first", NULL);
    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    agent_runs(fixture);
    kubelet_volume_write(volume, "token", "second", NULL);

    assert_true(log_has(fixture, "secret files written", "secret_files=1"));
    assert_int_equal(reloads_asked(fixture), 1);
}

static void a_folder_that_appears_later_is_read_and_watched(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    file_write(fixture->volume, "team/deep/a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(output_has(fixture, "http://a.example/push"));

    file_replace(fixture->volume, "team/deep/a.yaml", remote_write("a", "http://b.example/push"));
    assert_true(output_has(fixture, "http://b.example/push"));
}

#define GROWING 100U

struct growth {
    struct agent_fixture *fixture;
    unsigned number;
    unsigned pause; /* microseconds, between one folder and the next */
};

static void *grow(void *context) {
    const struct growth *growth = context;
    char path[PATH_MAX];
    char name[16];

    for (int depth = 0; depth < 6; depth++) {
        snprintf(path, sizeof(path), "%s/team-%u%.*s", growth->fixture->volume, growth->number,
                 2 * depth, "/x/x/x/x/x");
        mkdir(path, 0755);
        usleep(growth->pause);
    }
    snprintf(name, sizeof(name), "rw-%u", growth->number);
    file_write(path, "rw.yaml", remote_write(name, "http://a.example/push"));
    return NULL;
}

static bool has_grown(void *context) {
    const struct growth *growth = context;

    return agent_now(growth->fixture).state->state_counts[STATE_ACTIVE] == growth->number + 1;
}

/* Between a reading and its watches nothing may get lost: there is no watch interval to find it. */
static void a_tree_that_grows_while_it_is_read_is_read_whole(void **state) {
    struct growth growth = {.fixture = *state};

    growth.fixture->settings.delay_milliseconds = 0;
    agent_runs(growth.fixture);
    for (growth.number = 0; growth.number < GROWING; growth.number++) {
        pthread_t thread;
        growth.pause = growth.number * 3;
        assert_int_equal(pthread_create(&thread, NULL, grow, &growth), 0);
        bool grown = loop_until(&growth.fixture->loop, has_grown, &growth, LOOP_DEADLINE);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(grown);
    }
}

static void a_volume_that_appears_later_is_read_and_watched(void **state) {
    struct agent_fixture *fixture = *state;

    tree_remove(fixture->volume);
    agent_runs(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(output_has(fixture, "http://a.example/push"));

    file_replace(fixture->volume, "a.yaml", remote_write("a", "http://b.example/push"));
    assert_true(output_has(fixture, "http://b.example/push"));
}

static void a_volume_that_vanishes_and_comes_back_is_watched_anew(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    for (int round = 0; round < 3; round++) {
        uint64_t passes = agent_now(fixture).passes;
        tree_remove(fixture->volume);
        assert_true(agent_has_passed(fixture, passes + 1));
        assert_true(output_has(fixture, "example/push"));
        file_write(fixture->volume, "a.yaml", remote_write("a", "http://b.example/push"));
        assert_true(output_has(fixture, "http://b.example/push"));
        file_replace(fixture->volume, "a.yaml", remote_write("a", "http://c.example/push"));
        assert_true(output_has(fixture, "http://c.example/push"));
    }
}

static void a_base_that_changes_is_merged_anew(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    file_replace(fixture->base, "prometheus.yml", "# another base\nglobal: {}\n");

    assert_true(output_has(fixture, "# another base\nglobal: {}\n"));
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(log_lines_count("config written", "added=0 changed=0 removed=0"), 1);
    assert_int_equal(log_lines_count("config written", "base_changed=true"), 2);
}

static void a_base_that_cannot_be_merged_leaves_the_last_good_one_in_use(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    file_replace(fixture->base, "prometheus.yml", "global: [\n");
    assert_true(agent_has_passed(fixture, 2));
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(output_has(fixture, "# the base\n"));
    assert_true(agent_is_asked(fixture, 2));

    file_replace(fixture->base, "prometheus.yml", "global: {}\n");
    assert_true(output_loses(fixture, "# the base\n"));
    assert_true(output_has(fixture, "http://a.example/push"));
}

static void without_a_good_base_one_that_cannot_be_merged_leaves_the_output(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->out, "prometheus.yml", "# of before\n");
    file_write(fixture->base, "prometheus.yml", "global: [\n");
    agent_starts(fixture);
    assert_true(log_has(fixture, "the base config cannot be merged", NULL));
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(agent_has_passed(fixture, 2));
    assert_true(output_has(fixture, "# of before\n"));
    assert_int_equal(
        log_lines_count("the base config cannot be merged", "remedy=\"correct the base config, "),
        1);
    assert_int_equal(reloads_asked(fixture), 0);

    file_replace(fixture->base, "prometheus.yml", "global: {}\n");
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_int_equal(log_lines_count("can be merged again", NULL), 1);
}

static void a_base_that_comes_late_is_published_then(void **state) {
    struct agent_fixture *fixture = *state;

    file_remove(fixture->base, "prometheus.yml");
    agent_starts(fixture);
    assert_true(
        log_has(fixture, "the base config cannot be merged", "remedy=\"see that --config-file "));
    agent_is_left_alone(fixture);
    assert_false(file_exists(fixture->out, "prometheus.yml"));
    assert_int_equal(reloads_asked(fixture), 0);

    file_write(fixture->base, "prometheus.yml", "global: {}\n");
    assert_true(output_has(fixture, "global: {}"));
    assert_true(agent_is_asked(fixture, 1));
}

static void a_changed_labels_file_selects_anew(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.source.labels_path = fixture->labels_file;
    file_write(fixture->labels, "labels", "tier=\"dev\"\n");
    file_write(fixture->volume, "a.yaml",
               "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
               "kind: RemoteWrite\n"
               "metadata: {name: a, namespace: team-a}\n"
               "spec:\n"
               "  clusterSelector: {matchLabels: {tier: prod}}\n"
               "  remoteWrite: {url: http://a.example/push}\n");
    agent_runs(fixture);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_UNSELECTED], 1);
    file_replace(fixture->labels, "labels", "tier=\"prod\"\n");

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_int_equal(log_lines_count("RemoteWrite has another state", "before=unselected"), 1);
}

static void the_watch_interval_finds_what_no_event_told(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.watch_milliseconds = 100;
    agent_runs(fixture);
    uint64_t passes = agent_now(fixture).passes;

    assert_true(agent_has_passed(fixture, passes + 2));
    assert_int_equal(log_lines_count("msg=pass every_byte=true", NULL) >= 2, true);
    assert_int_equal(reloads_asked(fixture), 1);
}

static void an_idle_agent_has_nothing_to_wake_it_but_the_watch_interval(void **state) {
    struct agent_fixture *fixture = *state;

    agent_runs(fixture);
    agent_is_left_alone(fixture);

    assert_int_equal(agent_now(fixture).phase, AGENT_IDLE);
    uv_update_time(&fixture->loop);
    assert_true(uv_backend_timeout(&fixture->loop) > 500000);
}

static void diagnostics_are_logged_once_and_again_when_they_change(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "not-a-url"));
    agent_runs(fixture);
    size_t before = log_lines_count("level=error", "remote_write=team-a/a");
    assert_true(before > 0);
    assert_true(log_lines_count("line=", "remote_write=team-a/a") > 0);

    uint64_t passes = agent_now(fixture).passes;
    file_write(fixture->volume, "other.txt", "nothing");
    assert_true(agent_has_passed(fixture, passes + 1));
    assert_int_equal(log_lines_count("level=error", "remote_write=team-a/a"), before);

    file_replace(fixture->volume, "a.yaml", remote_write("a", "http://"));
    assert_true(log_has(fixture, "host", "remote_write=team-a/a"));
}

static void an_output_that_somebody_else_changed_is_put_right(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.watch_milliseconds = 100;
    agent_runs(fixture);
    file_write(fixture->out, "prometheus.yml", "scribble\n");

    assert_true(output_has(fixture, "# the base\n"));
    assert_true(agent_is_asked(fixture, 2));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(at_start_the_base_is_published_and_loaded_once),
        TEST(a_config_that_is_in_place_is_loaded_once_at_start_and_not_written),
        TEST(a_dropped_manifest_is_written_and_loaded_once),
        TEST(a_pass_that_changes_nothing_says_nothing),
        TEST(a_pass_over_the_same_compiles_nothing),
        TEST(what_somebody_did_to_the_output_is_undone_without_compiling),
        TEST(a_changed_manifest_changes_its_entry),
        TEST(a_removed_manifest_leaves_the_config),
        TEST(ten_changes_within_the_delay_are_one_reload),
        TEST(events_without_end_do_not_put_a_pass_off_forever),
        TEST(a_touch_writes_nothing_and_reloads_nothing),
        TEST(a_secret_that_only_files_carry_is_rewritten_without_a_reload),
        TEST(a_secret_that_comes_late_makes_its_remote_write_active),
        TEST(secret_files_of_a_removed_remote_write_go_after_the_reload),
        TEST(a_swap_by_kubelet_is_one_pass_over_the_new_generation),
        TEST(a_secret_volume_that_kubelet_swaps_is_seen),
        TEST(a_folder_that_appears_later_is_read_and_watched),
        TEST(a_tree_that_grows_while_it_is_read_is_read_whole),
        TEST(a_volume_that_appears_later_is_read_and_watched),
        TEST(a_volume_that_vanishes_and_comes_back_is_watched_anew),
        TEST(a_base_that_changes_is_merged_anew),
        TEST(a_base_that_cannot_be_merged_leaves_the_last_good_one_in_use),
        TEST(without_a_good_base_one_that_cannot_be_merged_leaves_the_output),
        TEST(a_base_that_comes_late_is_published_then),
        TEST(a_changed_labels_file_selects_anew),
        TEST(the_watch_interval_finds_what_no_event_told),
        TEST(an_idle_agent_has_nothing_to_wake_it_but_the_watch_interval),
        TEST(diagnostics_are_logged_once_and_again_when_they_change),
        TEST(an_output_that_somebody_else_changed_is_put_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
