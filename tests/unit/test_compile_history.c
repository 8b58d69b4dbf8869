/* SPDX-License-Identifier: Apache-2.0 */

/* What a pass makes of earlier ones: what Prometheus refused is not asked about again, and what it
 * took stands in for what cannot be served. */

#include "support/assertions.h"
#include "support/compile_fixture.h"

#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BASE_PATH "base/prometheus.yml"

static const char first_base[] = "global: {scrape_interval: 15s}\n";
static const char other_base[] = "global: {scrape_interval: 30s}\n";

static struct source_file *file_of(struct compile_fixture *fixture, const char *path,
                                   const char *content) {
    struct source_file *file = ARENA_NEW(fixture->arena, struct source_file);

    *file = (struct source_file){
        .path = path,
        .relative = path,
        .content = bytes_of(content),
        .id = ++fixture->last_id,
    };
    return file;
}

static void base_becomes(struct compile_fixture *fixture, const char *content) {
    fixture->snapshot.base = (struct snapshot_single){
        .path = BASE_PATH,
        .file = file_of(fixture, BASE_PATH, content),
    };
}

/* The content of volume `index` from now on; NULL: the file is gone. */
static void file_becomes(struct compile_fixture *fixture, size_t index, const char *content) {
    struct snapshot_volume *volume = &fixture->contents[index];
    const struct source_file **files =
        ARENA_NEW_ARRAY(fixture->arena, const struct source_file *, 1);

    if (content == NULL) {
        volume->file_count = 0;
        return;
    }
    struct source_file *file = file_of(fixture, volume->files[0]->path, content);
    file->relative = volume->files[0]->relative;
    files[0] = file;
    volume->files = files;
}

static const char *remote_write_text(struct compile_fixture *fixture, const char *namespace,
                                     const char *name, const char *fields) {
    return arena_format(fixture->arena,
                        "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                        "kind: RemoteWrite\n"
                        "metadata: {name: %s, namespace: %s}\n"
                        "spec:\n"
                        "  clusterSelector: {}\n"
                        "  remoteWrite:\n"
                        "    url: https://metrics.example/write\n"
                        "%s",
                        name, namespace, fields);
}

/* What the last pass served, as what Prometheus confirmed; the settings see it from now on. */
struct past {
    struct form_set *good;
    struct refusal refusal;
    struct history history;
};

static void past_freep(struct past *past) {
    form_set_free(past->good);
}

#define PAST CLEANUP(past_freep) struct past

static void confirmed(struct compile_fixture *fixture, struct past *past) {
    form_set_free(past->good);
    past->good = form_set_copy(fixture->state->served);
    past->history.good = past->good;
    past->history.forms = past->good;
    fixture->settings.history = &past->history;
}

/* The form in which the RemoteWrite was served in the last pass. */
static void refused(struct compile_fixture *fixture, struct past *past, const char *name,
                    const char *words) {
    const struct form *form = form_set_find(fixture->state->served, "team-a", name);

    assert_non_null(form);
    past->refusal.form = form_copy(fixture->arena, form);
    past->refusal.words = words;
    past->history.refusals = &past->refusal;
    past->history.refusal_count = 1;
    fixture->settings.history = &past->history;
}

static bool says(const struct compile_fixture *fixture, const char *text) {
    return strstr(compile_messages(fixture), text) != NULL;
}

static bool serves(const struct compile_fixture *fixture, const char *text) {
    return strstr(compile_config(fixture), text) != NULL;
}

/* A RemoteWrite `a` that is served with a capacity of 1000, and confirmed so. */
static void given_a_good_one(struct compile_fixture *fixture, struct past *past) {
    base_becomes(fixture, first_base);
    compile_remote_write(fixture, "a", "    queueConfig: {capacity: 1000}\n");
    compile_runs(fixture);
    assert_string_equal(compile_state_of(fixture, "a"), "active");
    confirmed(fixture, past);
}

static void a_becomes(struct compile_fixture *fixture, const char *fields) {
    file_becomes(fixture, 0, remote_write_text(fixture, "team-a", "a", fields));
}

/* --- the last good form stands in ----------------------------------------------------------- */

static void a_rejected_edit_goes_on_being_served_in_its_last_good_form(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    const char *config = compile_config(pass);

    a_becomes(pass, "    queueConfig: {capacity: many}\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "rejected");
    assert_true(compile_outcome(pass, "a")->earlier);
    assert_string_equal(compile_config(pass), config);
    assert_true(compile_outcome(pass, "a")->entry.length > 0);
    assert_true(says(pass, "goes on being served in its last good form"));
}

static void an_edit_that_waits_for_its_secret_is_served_in_its_last_good_form(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);

    a_becomes(pass, "    authorization: {credentials: {name: late, key: token}}\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "pending");
    assert_true(compile_outcome(pass, "a")->earlier);
    assert_true(serves(pass, "capacity: 1000"));
    assert_false(serves(pass, "authorization"));
}

static void a_secret_that_goes_leaves_the_last_good_one_in_use(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    compile_remote_write(pass, "a", "    authorization: {credentials: {name: s, key: token}}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/token", "value");
    compile_runs(pass);
    confirmed(pass, &past);

    file_becomes(pass, 1, NULL);
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "pending");
    assert_int_equal(pass->state->secret_count, 1);
    assert_string_equal(compile_secret(pass, pass->state->secrets[0].name), "value");
}

static void an_edit_that_can_be_served_takes_the_place_of_the_last_good_form(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);

    a_becomes(pass, "    queueConfig: {capacity: 2000}\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "active");
    assert_false(compile_outcome(pass, "a")->earlier);
    assert_true(serves(pass, "capacity: 2000"));
    assert_false(serves(pass, "capacity: 1000"));
}

static void one_that_is_no_longer_selected_is_dropped(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);

    file_becomes(pass, 0,
                 "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                 "kind: RemoteWrite\n"
                 "metadata: {name: a, namespace: team-a}\n"
                 "spec:\n"
                 "  clusterSelector: {matchLabels: {region: elsewhere}}\n"
                 "  remoteWrite: {url: 'https://metrics.example/write'}\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "unselected");
    assert_false(serves(pass, "name: a"));
}

/* --- lost manifests -----------------------------------------------------------------------------
 */

static void a_manifest_that_no_longer_parses_keeps_its_last_good_form(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    const char *config = compile_config(pass);

    file_becomes(pass, 0, "kind: [RemoteWrite\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "rejected");
    assert_true(compile_outcome(pass, "a")->earlier);
    assert_string_equal(compile_config(pass), config);
}

/* Another one wants the name of one whose line is not known any more. */
static void no_message_names_line_0(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);

    file_becomes(pass, 0, "kind: [RemoteWrite\n");
    compile_manifest(pass, "other.yaml", remote_write_text(pass, "team-b", "a", ""));
    compile_runs(pass);

    const char *messages = compile_messages(pass);
    assert_non_null(strstr(messages, "would both be the remote_write entry \"a\""));
    assert_null(strstr(messages, ":0"));
}

static void a_manifest_that_is_removed_drops_its_entry(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);

    file_becomes(pass, 0, NULL);
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "(none)");
    assert_string_equal(compile_config(pass), first_base);
}

static void a_file_that_holds_another_remote_write_now_drops_the_old_one(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);

    file_becomes(pass, 0, remote_write_text(pass, "team-a", "b", ""));
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "(none)");
    assert_string_equal(compile_state_of(pass, "b"), "active");
    assert_false(serves(pass, "name: a"));
}

static void a_volume_that_is_away_drops_nothing(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    const char *config = compile_config(pass);

    pass->contents[0].present = false;
    file_becomes(pass, 0, NULL);
    compile_runs(pass);

    assert_string_equal(compile_config(pass), config);
    assert_true(compile_outcome(pass, "a")->earlier);
}

static void a_file_that_cannot_be_read_drops_nothing(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    static const char *const unread[] = {"a.yaml"};

    file_becomes(pass, 0, NULL);
    pass->contents[0].unread = unread;
    pass->contents[0].unread_count = 1;
    compile_runs(pass);

    assert_true(serves(pass, "name: a"));
    assert_true(compile_outcome(pass, "a")->earlier);
}

static void a_folder_that_cannot_be_read_drops_nothing_below_it(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    static const char *const unread[] = {"team", "team-b"};
    base_becomes(pass, first_base);
    compile_manifest(pass, "team-b/a.yaml", remote_write_text(pass, "team-a", "a", ""));
    compile_runs(pass);
    confirmed(pass, &past);

    file_becomes(pass, 0, NULL);
    pass->contents[0].unread = unread;
    pass->contents[0].unread_count = 2;
    compile_runs(pass);
    assert_true(serves(pass, "name: a"));
    assert_true(compile_outcome(pass, "a")->earlier);

    pass->contents[0].unread_count = 1;
    compile_runs(pass);
    assert_false(serves(pass, "name: a"));
}

static const char selecting[] = "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                                "kind: RemoteWrite\n"
                                "metadata: {name: a, namespace: team-a}\n"
                                "spec:\n"
                                "  clusterSelector: {matchLabels: {env: prod}}\n"
                                "  remoteWrite: {url: https://metrics.example/write}\n";

static void labels_that_were_never_read_take_nobody_out(void **state) {
    static const struct source_file prod = {
        .path = "labels", .relative = "labels", .content = {"env=\"prod\"\n", 11}, .id = 1000};
    static const struct source_file other = {
        .path = "labels", .relative = "labels", .content = {"env=\"other\"\n", 12}, .id = 1001};
    COMPILE pass = compile_given();
    PAST past = {0};
    base_becomes(pass, first_base);
    compile_manifest(pass, "a.yaml", selecting);
    compile_remote_write(pass, "b", "");
    pass->snapshot.labels = (struct snapshot_single){.path = "labels", .file = &prod};
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "active");
    confirmed(pass, &past);

    pass->snapshot.labels = (struct snapshot_single){.path = "labels", .error = -EACCES};
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "pending");
    assert_true(compile_outcome(pass, "a")->earlier);
    assert_true(serves(pass, "name: a"));
    assert_string_equal(compile_state_of(pass, "b"), "active");

    pass->snapshot.labels = (struct snapshot_single){.path = "labels", .file = &other};
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "unselected");
    assert_false(serves(pass, "name: a"));
}

/* --- what Prometheus refused --------------------------------------------------------------------
 */

static void a_refused_form_is_quarantined_in_prometheus_words(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    compile_remote_write(pass, "a", "    queueConfig: {capacity: 1000}\n");
    compile_remote_write(pass, "b", "");
    compile_runs(pass);
    refused(pass, &past, "a", "line 7: field nope not found");

    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "quarantined");
    assert_string_equal(compile_state_of(pass, "b"), "active");
    assert_false(serves(pass, "name: a"));
    assert_non_null(strstr(compile_outcome(pass, "a")->reason, "line 7: field nope not found"));
    assert_true(says(pass, "Prometheus refused it: line 7: field nope not found"));
}

static void a_refused_one_that_was_not_read_may_still_be_there(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    static const char *const all[] = {""};
    base_becomes(pass, first_base);
    compile_remote_write(pass, "a", "");
    compile_runs(pass);
    refused(pass, &past, "a", "no");

    compile_runs(pass);
    assert_int_equal(pass->state->lost_count, 0);

    const char *text = pass->contents[0].files[0]->content.data;
    file_becomes(pass, 0, "a: [");
    compile_runs(pass);
    assert_int_equal(pass->state->lost_count, 1);
    assert_string_equal(pass->state->lost[0].name, "a");

    file_becomes(pass, 0, text);
    file_becomes(pass, 0, NULL);
    pass->contents[0].unread = all;
    pass->contents[0].unread_count = 1;
    compile_runs(pass);
    assert_int_equal(pass->state->lost_count, 1);

    pass->contents[0].unread_count = 0;
    compile_runs(pass);
    assert_int_equal(pass->state->lost_count, 0);
}

static void a_refused_edit_is_served_in_the_form_before(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    a_becomes(pass, "    queueConfig: {capacity: 2000}\n");
    compile_runs(pass);
    refused(pass, &past, "a", "no");

    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "quarantined");
    assert_true(compile_outcome(pass, "a")->earlier);
    assert_true(serves(pass, "capacity: 1000"));
}

static void quarantine_ends_when_the_manifest_changes(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    compile_remote_write(pass, "a", "    queueConfig: {capacity: 1000}\n");
    compile_runs(pass);
    refused(pass, &past, "a", "no");

    a_becomes(pass, "    queueConfig: {capacity: 2000}\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "active");
}

static void quarantine_ends_when_a_secret_changes(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    compile_remote_write(pass, "a", "    authorization: {credentials: {name: s, key: token}}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/token", "one");
    compile_runs(pass);
    refused(pass, &past, "a", "no");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "quarantined");

    file_becomes(pass, 1, "two");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "active");
}

static void a_comment_does_not_end_quarantine(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    compile_remote_write(pass, "a", "    queueConfig: {capacity: 1000}\n");
    compile_runs(pass);
    refused(pass, &past, "a", "no");

    a_becomes(pass, "    queueConfig: {capacity: 1000} # as before\n");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "quarantined");
}

/* --- names of secret files ----------------------------------------------------------------------
 */

#define FIRST_NAME  "team-a_a_basicAuth.password"
#define SECOND_NAME FIRST_NAME ".2"
#define THIRD_NAME  FIRST_NAME ".3"

/* RemoteWrite `a` sends to a port, with the password that is in the Secret. */
static void a_sends_to(struct compile_fixture *fixture, unsigned port) {
    file_becomes(fixture, 0,
                 arena_format(fixture->arena,
                              "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                              "kind: RemoteWrite\n"
                              "metadata: {name: a, namespace: team-a}\n"
                              "spec:\n"
                              "  clusterSelector: {}\n"
                              "  remoteWrite:\n"
                              "    url: http://metrics.example:%u/write\n"
                              "    basicAuth:\n"
                              "      username: {name: s, key: user}\n"
                              "      password: {name: s, key: password}\n",
                              port));
}

static void password_becomes(struct compile_fixture *fixture, const char *password) {
    file_becomes(fixture, 2, password);
}

/* ... and is served, and confirmed so. */
static void given_one_with_a_password(struct compile_fixture *fixture, struct past *past,
                                      const char *password) {
    compile_manifest(fixture, "a.yaml", "");
    compile_file(fixture, VOLUME_SECRET, NULL, "s/user", "user");
    compile_file(fixture, VOLUME_SECRET, NULL, "s/password", password);
    a_sends_to(fixture, 1);
    compile_runs(fixture);
    assert_string_equal(compile_secret(fixture, FIRST_NAME), password);
    confirmed(fixture, past);
}

/* The one secret file of all, and the config names it. */
static bool only_secret_is(struct compile_fixture *fixture, const char *name, const char *content) {
    const char *there = compile_secret(fixture, name);
    const char *line =
        arena_format(fixture->arena, "password_file: remote-write-secrets/%s\n", name);

    return fixture->state->secret_count == 1 && there != NULL && strcmp(there, content) == 0 &&
           serves(fixture, line);
}

static void another_entry_with_another_password_leaves_the_old_file_alone(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");

    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "active");
    assert_true(only_secret_is(pass, SECOND_NAME, "new"));
}

/* Prometheus may have come up with what is on disk before it was asked about it. */
static void names_of_an_unconfirmed_entry_on_disk_are_left_alone_too(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);
    struct form_set *published = form_set_copy(pass->state->served);
    past.history.published = published;

    a_sends_to(pass, 3);
    password_becomes(pass, "newest");
    compile_runs(pass);
    assert_true(only_secret_is(pass, THIRD_NAME, "newest"));

    form_set_free(published);
    published = form_set_copy(pass->state->served);
    past.history.published = published;
    compile_runs(pass);
    assert_true(only_secret_is(pass, THIRD_NAME, "newest"));
    confirmed(pass, &past);
    compile_runs(pass);
    assert_true(only_secret_is(pass, THIRD_NAME, "newest"));
    form_set_free(published);
}

static void a_rotated_password_is_written_in_place(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    const char *config = compile_config(pass);

    password_becomes(pass, "new");
    compile_runs(pass);

    assert_true(only_secret_is(pass, FIRST_NAME, "new"));
    assert_string_equal(compile_config(pass), config);
}

static void another_entry_with_the_same_password_keeps_its_file(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");

    a_sends_to(pass, 2);
    compile_runs(pass);

    assert_true(only_secret_is(pass, FIRST_NAME, "old"));
}

static void what_was_confirmed_keeps_its_names(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);
    confirmed(pass, &past);
    const char *config = compile_config(pass);

    compile_runs(pass);
    assert_true(only_secret_is(pass, SECOND_NAME, "new"));
    assert_string_equal(compile_config(pass), config);

    password_becomes(pass, "rotated");
    compile_runs(pass);
    assert_true(only_secret_is(pass, SECOND_NAME, "rotated"));
    assert_string_equal(compile_config(pass), config);
}

static void the_names_take_turns(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);
    confirmed(pass, &past);

    a_sends_to(pass, 3);
    password_becomes(pass, "newer");
    compile_runs(pass);

    assert_true(only_secret_is(pass, FIRST_NAME, "newer"));
}

static void a_second_edit_before_the_first_is_confirmed_leaves_the_good_file_alone(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);

    a_sends_to(pass, 3);
    password_becomes(pass, "newer");
    compile_runs(pass);
    assert_true(only_secret_is(pass, SECOND_NAME, "newer"));

    a_sends_to(pass, 1);
    password_becomes(pass, "old");
    compile_runs(pass);
    assert_true(only_secret_is(pass, FIRST_NAME, "old"));
}

static void a_refused_form_under_the_second_names_is_quarantined(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);
    refused(pass, &past, "a", "no");

    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "quarantined");
    assert_true(compile_outcome(pass, "a")->earlier);
    assert_true(only_secret_is(pass, FIRST_NAME, "old"));

    a_sends_to(pass, 3);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "a"), "active");
    assert_true(only_secret_is(pass, SECOND_NAME, "new"));
}

static void a_refused_form_is_known_by_its_names_where_none_is_good(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);
    refused(pass, &past, "a", "no");
    past.history.good = NULL;
    past.history.forms = NULL;

    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "quarantined");
}

static void a_good_form_under_the_second_names_stands_in_under_these(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);
    confirmed(pass, &past);

    file_becomes(pass, 2, NULL);
    compile_runs(pass);

    assert_string_equal(compile_state_of(pass, "a"), "pending");
    assert_true(only_secret_is(pass, SECOND_NAME, "new"));
}

static void a_first_secret_file_has_the_first_name(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    compile_file(pass, VOLUME_SECRET, NULL, "s/token", "value");

    a_becomes(pass, "    authorization: {credentials: {name: s, key: token}}\n");
    compile_runs(pass);

    assert_int_equal(pass->state->secret_count, 1);
    assert_string_equal(compile_secret(pass, "team-a_a_authorization.credentials"), "value");
}

static void each_remote_write_has_names_of_its_own(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_one_with_a_password(pass, &past, "old");
    compile_remote_write(pass, "b", "    bearerToken: token\n");
    compile_runs(pass);
    confirmed(pass, &past);

    a_sends_to(pass, 2);
    password_becomes(pass, "new");
    compile_runs(pass);

    assert_int_equal(pass->state->secret_count, 2);
    assert_string_equal(compile_secret(pass, SECOND_NAME), "new");
    assert_string_equal(compile_secret(pass, "team-a_b_bearerToken"), "token");
}

static void what_there_is_to_say_is_said_once_under_whatever_names(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    pass->settings.policy.max_capacity = 500;
    compile_remote_write(pass, "a",
                         "    queueConfig: {capacity: 1000}\n"
                         "    bearerToken: old\n");
    compile_runs(pass);
    confirmed(pass, &past);

    a_becomes(pass, "    queueConfig: {capacity: 1000, maxShards: 3}\n"
                    "    bearerToken: new\n");
    compile_runs(pass);

    assert_string_equal(compile_secret(pass, "team-a_a_bearerToken.2"), "new");
    const char *said = strstr(compile_messages(pass), "is lowered from 1000 to 500");
    assert_non_null(said);
    assert_null(strstr(said + 1, "is lowered from 1000 to 500"));
}

/* Of one that fits under the first name only, of one that fits under neither. */
static void a_long_name_has_a_second_one_that_a_file_system_takes(void **state) {
    static const size_t lengths[] = {234, 235, 236, 237, 253};

    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        COMPILE pass = compile_given();
        PAST past = {0};
        char name[254] = "";
        memset(name, 'n', lengths[i]);
        compile_remote_write(pass, name, "    bearerToken: old\n");
        compile_runs(pass);
        confirmed(pass, &past);
        const char *first = arena_string(pass->arena, bytes_of(pass->state->secrets[0].name));

        file_becomes(pass, 0,
                     remote_write_text(pass, "team-a", name,
                                       "    remoteTimeout: 1s\n    bearerToken: new\n"));
        compile_runs(pass);
        const char *second = arena_string(pass->arena, bytes_of(pass->state->secrets[0].name));
        assert_int_equal(pass->state->secret_count, 1);
        assert_string_not_equal(second, first);
        assert_between(strlen(second), 1, 255);
        confirmed(pass, &past);

        compile_runs(pass);
        assert_string_equal(pass->state->secrets[0].name, second);

        file_becomes(pass, 0, remote_write_text(pass, "team-a", name, "    bearerToken: third\n"));
        compile_runs(pass);
        assert_string_equal(pass->state->secrets[0].name, first);
    }
}

/* --- names --------------------------------------------------------------------------------------
 */

static void one_that_is_served_keeps_its_name(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    base_becomes(pass, first_base);
    compile_manifest(pass, "b.yaml", remote_write_text(pass, "team-b", "shared", ""));
    compile_runs(pass);
    confirmed(pass, &past);

    compile_manifest(pass, "a.yaml", remote_write_text(pass, "team-a", "shared", ""));
    compile_runs(pass);

    assert_true(serves(pass, "team-b/shared"));
    assert_false(serves(pass, "team-a/shared"));
    assert_string_equal(pass->state->outcomes[0].namespace, "team-a");
    assert_int_equal(pass->state->outcomes[0].state, STATE_REJECTED);
}

/* --- the base -----------------------------------------------------------------------------------
 */

static void given_a_good_base(struct compile_fixture *pass, struct past *past) {
    given_a_good_one(pass, past);
    past->history.refused_base = bytes_of(other_base);
    past->history.base_words = "no such section";
}

static void a_refused_base_is_replaced_by_the_last_good_one(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_base(pass, &past);
    const char *config = compile_config(pass);

    base_becomes(pass, other_base);
    compile_runs(pass);

    assert_true(pass->state->base_faulty);
    assert_true(pass->state->mergeable);
    assert_string_equal(compile_config(pass), config);
    assert_true(says(pass, "Prometheus refused the base config: no such section"));
}

static void changes_go_on_while_the_base_is_refused(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_base(pass, &past);

    base_becomes(pass, other_base);
    a_becomes(pass, "    queueConfig: {capacity: 2000}\n");
    compile_runs(pass);

    assert_true(serves(pass, "capacity: 2000"));
    assert_true(serves(pass, "scrape_interval: 15s"));
}

static void another_base_is_taken_again(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_base(pass, &past);

    base_becomes(pass, "global: {scrape_interval: 45s}\n");
    compile_runs(pass);

    assert_false(pass->state->base_faulty);
    assert_true(serves(pass, "scrape_interval: 45s"));
}

static void in_place_the_present_base_stays(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_base(pass, &past);
    pass->settings.in_place = true;

    base_becomes(pass, other_base);
    compile_runs(pass);

    assert_true(serves(pass, "scrape_interval: 30s"));
}

static void a_base_that_is_no_yaml_is_replaced_by_the_last_good_one(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    const char *config = compile_config(pass);

    base_becomes(pass, "global: [\n");
    compile_runs(pass);

    assert_true(pass->state->base_faulty);
    assert_string_equal(compile_config(pass), config);
}

static void a_base_that_is_gone_is_replaced_by_the_last_good_one(void **state) {
    COMPILE pass = compile_given();
    PAST past = {0};
    given_a_good_one(pass, &past);
    const char *config = compile_config(pass);

    pass->snapshot.base = (struct snapshot_single){.path = BASE_PATH};
    compile_runs(pass);

    assert_true(pass->state->mergeable);
    assert_string_equal(compile_config(pass), config);
}

/* --- sets of forms ------------------------------------------------------------------------------
 */

static void what_is_served_makes_the_same_config_again(void **state) {
    COMPILE pass = compile_given();
    base_becomes(pass, "# a person's\nglobal: {}\nremote_write:\n  - url: http://own.example\n");
    compile_remote_write(pass, "a", "    authorization: {credentials: {name: s, key: token}}\n");
    compile_remote_write(pass, "b",
                         "    writeRelabelConfigs:\n"
                         "      - {sourceLabels: [a, b], regex: 'x: \"y\" #', action: drop}\n"
                         "    headers: {X-Odd: \"'quoted' \\\\ \\t end\"}\n");
    compile_file(pass, VOLUME_SECRET, NULL, "s/token", "value");
    compile_runs(pass);
    CLEANUP(form_set_freep) struct form_set *copy = form_set_copy(pass->state->served);
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);

    struct composition again =
        form_set_compose(arena, copy, NULL, &pass->settings.limits, &diagnostics);

    assert_int_equal(diagnostics.count, 0);
    assert_true(again.mergeable);
    assert_true(bytes_equal(again.config, pass->state->config));
    assert_int_equal(again.secret_count, pass->state->secret_count);
    assert_string_equal(again.secrets[0].name, pass->state->secrets[0].name);
    assert_true(bytes_equal(again.secrets[0].content, pass->state->secrets[0].content));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rejected_edit_goes_on_being_served_in_its_last_good_form),
        cmocka_unit_test(an_edit_that_waits_for_its_secret_is_served_in_its_last_good_form),
        cmocka_unit_test(a_secret_that_goes_leaves_the_last_good_one_in_use),
        cmocka_unit_test(an_edit_that_can_be_served_takes_the_place_of_the_last_good_form),
        cmocka_unit_test(one_that_is_no_longer_selected_is_dropped),
        cmocka_unit_test(a_manifest_that_no_longer_parses_keeps_its_last_good_form),
        cmocka_unit_test(no_message_names_line_0),
        cmocka_unit_test(a_manifest_that_is_removed_drops_its_entry),
        cmocka_unit_test(a_file_that_holds_another_remote_write_now_drops_the_old_one),
        cmocka_unit_test(a_volume_that_is_away_drops_nothing),
        cmocka_unit_test(a_file_that_cannot_be_read_drops_nothing),
        cmocka_unit_test(labels_that_were_never_read_take_nobody_out),
        cmocka_unit_test(a_refused_form_is_quarantined_in_prometheus_words),
        cmocka_unit_test(a_folder_that_cannot_be_read_drops_nothing_below_it),
        cmocka_unit_test(a_refused_one_that_was_not_read_may_still_be_there),
        cmocka_unit_test(a_refused_edit_is_served_in_the_form_before),
        cmocka_unit_test(quarantine_ends_when_the_manifest_changes),
        cmocka_unit_test(quarantine_ends_when_a_secret_changes),
        cmocka_unit_test(a_comment_does_not_end_quarantine),
        cmocka_unit_test(another_entry_with_another_password_leaves_the_old_file_alone),
        cmocka_unit_test(names_of_an_unconfirmed_entry_on_disk_are_left_alone_too),
        cmocka_unit_test(a_rotated_password_is_written_in_place),
        cmocka_unit_test(another_entry_with_the_same_password_keeps_its_file),
        cmocka_unit_test(what_was_confirmed_keeps_its_names),
        cmocka_unit_test(the_names_take_turns),
        cmocka_unit_test(a_second_edit_before_the_first_is_confirmed_leaves_the_good_file_alone),
        cmocka_unit_test(a_refused_form_under_the_second_names_is_quarantined),
        cmocka_unit_test(a_refused_form_is_known_by_its_names_where_none_is_good),
        cmocka_unit_test(a_good_form_under_the_second_names_stands_in_under_these),
        cmocka_unit_test(a_first_secret_file_has_the_first_name),
        cmocka_unit_test(each_remote_write_has_names_of_its_own),
        cmocka_unit_test(what_there_is_to_say_is_said_once_under_whatever_names),
        cmocka_unit_test(a_long_name_has_a_second_one_that_a_file_system_takes),
        cmocka_unit_test(one_that_is_served_keeps_its_name),
        cmocka_unit_test(a_refused_base_is_replaced_by_the_last_good_one),
        cmocka_unit_test(changes_go_on_while_the_base_is_refused),
        cmocka_unit_test(another_base_is_taken_again),
        cmocka_unit_test(in_place_the_present_base_stays),
        cmocka_unit_test(a_base_that_is_no_yaml_is_replaced_by_the_last_good_one),
        cmocka_unit_test(a_base_that_is_gone_is_replaced_by_the_last_good_one),
        cmocka_unit_test(what_is_served_makes_the_same_config_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
