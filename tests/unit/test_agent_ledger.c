/* SPDX-License-Identifier: Apache-2.0 */

/* What is remembered, what is forgiven, and what comes back out of the file, also out of a file
 * that somebody damaged. */

#include "agent/state_store.h"
#include "spec/base64.h"
#include "support/assertions.h"
#include "support/log_lines.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define STATE_PATH STATE_FOLDER "/" STATE_FILE

struct fixture {
    char *dir;
    char *output;
    struct ledger *ledger;
    struct state_store store;
    struct form_set *set;
};

static int fixture_setup(void **state) {
    struct fixture *fixture = memory_new(1, sizeof(*fixture));

    fixture->dir = tempdir_new();
    fixture->output = path_join(fixture->dir, "prometheus.yml");
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    fixture->set = form_set_new("base.yml", BYTES("global: {}\n"), 8);
    log_lines_start();
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state) {
    struct fixture *fixture = *state;

    system_calls_reset();
    log_lines_stop();
    ledger_free(fixture->ledger);
    form_set_free(fixture->set);
    tempdir_remove(fixture->dir);
    free(fixture->output);
    free(fixture);
    return 0;
}

static struct form form(const char *name, const char *entry) {
    return (struct form){
        .namespace = "team-a", .name = name, .file = "rw.yaml", .entry = bytes_of(entry)};
}

/* Names in their order. */
static void set_add(struct fixture *fixture, const char *name) {
    struct form_set *set = fixture->set;
    const char *entry = arena_format(set->arena, "{name: %s, url: \"http://x\"}", name);

    set->forms[set->count++] = form(name, entry);
}

static const struct history *history(const struct fixture *fixture) {
    return ledger_history(fixture->ledger);
}

static void restarted(struct fixture *fixture) {
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);
}

/* Whether the history says that it is another one than when it was last asked. */
static bool has_changed(const struct fixture *fixture) {
    static uint64_t last;
    bool changed = history(fixture)->revision != last;

    last = history(fixture)->revision;
    return changed;
}

/* --- in memory -------------------------------------------------------------------------------- */

static void what_is_confirmed_is_good_and_a_copy(void **state) {
    struct fixture *fixture = *state;
    set_add(fixture, "a");

    ledger_confirm(fixture->ledger, fixture->set, true);
    fixture->set->count = 0;

    assert_int_equal(history(fixture)->good->count, 1);
    assert_string_equal(history(fixture)->good->forms[0].name, "a");
}

static void every_change_makes_another_revision_and_nothing_else_does(void **state) {
    struct fixture *fixture = *state;
    const struct form b = form("b", "1");
    struct desired_state nothing = {0};
    set_add(fixture, "a");

    (void)has_changed(fixture);
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_true(has_changed(fixture));
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_false(has_changed(fixture));
    ledger_refuse(fixture->ledger, &b, "first");
    assert_true(has_changed(fixture));
    ledger_refuse(fixture->ledger, &b, "other words");
    assert_true(has_changed(fixture));
    ledger_refuse_base(fixture->ledger, BYTES("x"), "words");
    assert_true(has_changed(fixture));
    ledger_forgive_base(fixture->ledger);
    assert_true(has_changed(fixture));
    ledger_forgive_base(fixture->ledger);
    assert_false(has_changed(fixture));
    ledger_note(fixture->ledger, &nothing, 0);
    assert_true(has_changed(fixture));
    ledger_note(fixture->ledger, &nothing, 0);
    assert_false(has_changed(fixture));
    ledger_refuse(fixture->ledger, &b, "first");
    ledger_refuse_base(fixture->ledger, BYTES("x"), "words");
    (void)has_changed(fixture);
    ledger_forgive(fixture->ledger);
    assert_true(has_changed(fixture));
    ledger_forgive(fixture->ledger);
    assert_false(has_changed(fixture));
}

static void a_refusal_stays_while_its_remote_write_may_still_be_there(void **state) {
    struct fixture *fixture = *state;
    const struct form b = form("b", "1");
    struct desired_state nothing = {.lost = &b, .lost_count = 1};

    ledger_refuse(fixture->ledger, &b, "words");
    ledger_note(fixture->ledger, &nothing, 0);
    assert_int_equal(history(fixture)->refusal_count, 1);

    nothing.lost_count = 0;
    ledger_note(fixture->ledger, &nothing, 0);
    assert_int_equal(history(fixture)->refusal_count, 0);
}

static void refusals_are_sorted_and_one_for_each_name(void **state) {
    struct fixture *fixture = *state;
    const struct form b = form("b", "1");
    const struct form a = form("a", "1");
    const struct form again = form("b", "2");

    ledger_refuse(fixture->ledger, &b, "first");
    ledger_refuse(fixture->ledger, &a, "second");
    ledger_refuse(fixture->ledger, &again, "third");

    assert_int_equal(history(fixture)->refusal_count, 2);
    assert_string_equal(history(fixture)->refusals[0].form.name, "a");
    assert_string_equal(history(fixture)->refusals[1].words, "third");
}

static void what_is_confirmed_after_all_is_forgiven(void **state) {
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    const struct form other = form("b", "1");

    ledger_refuse(fixture->ledger, &fixture->set->forms[0], "no");
    ledger_refuse(fixture->ledger, &other, "no");
    ledger_refuse_base(fixture->ledger, fixture->set->base, "no");
    ledger_confirm(fixture->ledger, fixture->set, true);

    assert_int_equal(history(fixture)->refusal_count, 1);
    assert_string_equal(history(fixture)->refusals[0].form.name, "b");
    assert_null(history(fixture)->refused_base.data);
}

static void an_empty_base_can_be_refused(void **state) {
    struct fixture *fixture = *state;

    ledger_refuse_base(fixture->ledger, BYTES(""), "no");

    assert_non_null(history(fixture)->refused_base.data);
    assert_int_equal(history(fixture)->refused_base.length, 0);
    ledger_forgive_base(fixture->ledger);
    assert_null(history(fixture)->refused_base.data);
}

static void another_prometheus_forgives_everything(void **state) {
    struct fixture *fixture = *state;
    const struct form a = form("a", "1");
    ledger_refuse(fixture->ledger, &a, "no");

    assert_false(ledger_meet(fixture->ledger, "2.42.0")); /* it was not known before */
    assert_int_equal(history(fixture)->refusal_count, 1);
    assert_false(ledger_meet(fixture->ledger, "2.42.0"));
    assert_true(ledger_meet(fixture->ledger, "2.43.0"));
    assert_int_equal(history(fixture)->refusal_count, 0);
}

static void the_version_that_is_given_is_met_apart_from_the_one_that_is_there(void **state) {
    struct fixture *fixture = *state;
    const struct form a = form("a", "{name: a}");
    assert_false(ledger_meet_given(fixture->ledger, "2.42.0"));
    ledger_refuse(fixture->ledger, &a, "no");

    assert_false(ledger_meet(fixture->ledger, "3.5.0")); /* it was not known before */
    assert_false(ledger_meet_given(fixture->ledger, "2.42.0"));
    restarted(fixture);
    assert_false(ledger_meet_given(fixture->ledger, "2.42.0"));
    assert_false(ledger_meet(fixture->ledger, "3.5.0"));
    assert_int_equal(history(fixture)->refusal_count, 1);

    assert_true(ledger_meet_given(fixture->ledger, "2.43.0"));
    assert_int_equal(history(fixture)->refusal_count, 0);
    ledger_refuse(fixture->ledger, &a, "no");
    assert_true(ledger_meet(fixture->ledger, "3.6.0"));
    ledger_refuse(fixture->ledger, &a, "no");
    assert_true(ledger_meet_given(fixture->ledger, ""));
    assert_false(ledger_meet(fixture->ledger, "3.6.0"));
}

static struct outcome outcome(const char *name, bool earlier) {
    return (struct outcome){.namespace = "team-a", .name = name, .earlier = earlier};
}

static void refusals_of_remote_writes_that_are_gone_are_forgotten(void **state) {
    struct fixture *fixture = *state;
    const struct form a = form("a", "1");
    const struct form b = form("b", "1");
    ledger_refuse(fixture->ledger, &a, "no");
    ledger_refuse(fixture->ledger, &b, "no");
    const struct outcome outcomes[] = {outcome("b", false)};

    ledger_note(fixture->ledger, &(struct desired_state){.outcomes = outcomes, .outcome_count = 1},
                1);

    assert_int_equal(history(fixture)->refusal_count, 1);
    assert_string_equal(history(fixture)->refusals[0].form.name, "b");
}

static int64_t since(const struct fixture *fixture, const char *name) {
    size_t count = 0;
    const struct earlier_form *forms = ledger_earlier(fixture->ledger, &count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(forms[i].name, name) == 0) {
            return forms[i].since;
        }
    }
    return -1;
}

static void noted(struct fixture *fixture, bool a, bool b, int64_t now) {
    const struct outcome outcomes[] = {outcome("a", a), outcome("b", b)};

    ledger_note(fixture->ledger, &(struct desired_state){.outcomes = outcomes, .outcome_count = 2},
                now);
}

static void since_when_an_earlier_form_is_served_is_known(void **state) {
    struct fixture *fixture = *state;

    noted(fixture, true, false, 100);
    noted(fixture, true, true, 200);
    assert_int_equal(since(fixture, "a"), 100);
    assert_int_equal(since(fixture, "b"), 200);
    noted(fixture, false, true, 300);
    assert_int_equal(since(fixture, "a"), -1);
    noted(fixture, true, true, 400);
    assert_int_equal(since(fixture, "a"), 400);
    restarted(fixture);
    assert_int_equal(since(fixture, "b"), 200);
}

/* --- the last good forms ---------------------------------------------------------------------- */

static struct secret_file secret_of(const char *content) {
    return (struct secret_file){"team-a_a_PASSWORD", bytes_of(content)};
}

static const struct form *last_good(const struct fixture *fixture, const char *name) {
    return form_set_find(history(fixture)->forms, "team-a", name);
}

static bool is_secret(const struct form *form, const char *content) {
    return form->secret_count == 1 && bytes_equal_string(form->secrets[0].content, content);
}

static void a_rotated_secret_goes_with_the_last_good_form(void **state) {
    struct fixture *fixture = *state;
    const struct secret_file old = secret_of("old");
    const struct secret_file new = secret_of("new");
    set_add(fixture, "a");
    fixture->set->forms[0].secrets = &old;
    fixture->set->forms[0].secret_count = 1;
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_ptr_equal(history(fixture)->forms, history(fixture)->good);
    uint64_t revision = history(fixture)->revision;
    ledger_rotate(fixture->ledger, fixture->set);
    assert_int_equal(history(fixture)->revision, revision);

    fixture->set->forms[0].secrets = &new;
    ledger_rotate(fixture->ledger, fixture->set);

    assert_int_not_equal(history(fixture)->revision, revision);
    assert_true(is_secret(last_good(fixture, "a"), "new"));
    assert_true(is_secret(&history(fixture)->good->forms[0], "old"));
    restarted(fixture);
    assert_true(is_secret(last_good(fixture, "a"), "new"));
    assert_true(is_secret(&history(fixture)->good->forms[0], "old"));

    /* Another entry with another secret was never good. */
    const struct secret_file third = secret_of("third");
    fixture->set->forms[0].secrets = &third;
    fixture->set->forms[0].entry = BYTES("{name: a, url: \"http://y\"}");
    ledger_rotate(fixture->ledger, fixture->set);
    assert_true(is_secret(last_good(fixture, "a"), "new"));
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_true(is_secret(last_good(fixture, "a"), "third"));
    assert_ptr_equal(history(fixture)->forms, history(fixture)->good);
}

static void a_part_that_is_confirmed_takes_nobodys_last_good_form(void **state) {
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    set_add(fixture, "b");
    set_add(fixture, "c");
    ledger_confirm(fixture->ledger, fixture->set, true);

    CLEANUP(form_set_freep) struct form_set *part = form_set_new("base.yml", BYTES("x: 1\n"), 1);
    part->forms[part->count++] = form("b", "{name: b, url: \"http://z\"}");
    ledger_confirm(fixture->ledger, part, false);

    assert_int_equal(history(fixture)->good->count, 1);
    assert_int_equal(history(fixture)->forms->count, 3);
    assert_true(bytes_equal(last_good(fixture, "b")->entry, part->forms[0].entry));
    restarted(fixture);
    assert_int_equal(history(fixture)->good->count, 1);
    assert_int_equal(history(fixture)->forms->count, 3);
    assert_true(bytes_equal(last_good(fixture, "b")->entry, part->forms[0].entry));

    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_ptr_equal(history(fixture)->forms, history(fixture)->good);
}

static void what_is_refused_is_no_last_good_form(void **state) {
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    set_add(fixture, "b");
    ledger_confirm(fixture->ledger, fixture->set, true);
    const struct form other = form("a", "{name: a, url: \"http://never\"}");
    ledger_refuse(fixture->ledger, &other, "words");
    assert_non_null(last_good(fixture, "a"));

    ledger_refuse(fixture->ledger, &fixture->set->forms[0], "words");

    assert_null(last_good(fixture, "a"));
    assert_non_null(last_good(fixture, "b"));
}

static void who_is_gone_or_no_longer_selected_has_no_last_good_form(void **state) {
    static const struct outcome outcomes[] = {
        {.namespace = "team-a", .name = "a", .state = STATE_UNSELECTED},
        {.namespace = "team-a", .name = "b", .state = STATE_REJECTED},
    };
    static const struct desired_state now = {.outcomes = outcomes, .outcome_count = 2};
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    set_add(fixture, "b");
    set_add(fixture, "c");
    ledger_confirm(fixture->ledger, fixture->set, true);
    fixture->set->count = 0;
    ledger_confirm(fixture->ledger, fixture->set, false);
    assert_int_equal(history(fixture)->forms->count, 3);

    ledger_note(fixture->ledger, &now, 0);

    assert_null(last_good(fixture, "a"));
    assert_non_null(last_good(fixture, "b"));
    assert_null(last_good(fixture, "c"));
}

/* --- since when each form is as it is --------------------------------------------------------- */

static uint64_t number_of(const struct fixture *fixture, const char *name) {
    return form_set_find(history(fixture)->good, "team-a", name)->confirmed;
}

static void a_form_has_the_number_of_the_confirmation_in_which_it_became_as_it_is(void **state) {
    static const struct secret_file first = {"team-a_c_password", {"first", 5}};
    static const struct secret_file second = {"team-a_c_password", {"second", 6}};
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    set_add(fixture, "b");
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_int_equal(number_of(fixture, "a"), 1);
    assert_int_equal(number_of(fixture, "b"), 1);

    set_add(fixture, "c");
    fixture->set->forms[2].secrets = &first;
    fixture->set->forms[2].secret_count = 1;
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_int_equal(number_of(fixture, "a"), 1);
    assert_int_equal(number_of(fixture, "c"), 2);

    fixture->set->forms[0].entry = BYTES("{name: a, url: \"http://other\"}");
    ledger_confirm(fixture->ledger, fixture->set, false);
    fixture->set->forms[2].secrets = &second;
    ledger_confirm(fixture->ledger, fixture->set, true);
    ledger_confirm(fixture->ledger, fixture->set, true);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(number_of(fixture, "a"), 3);
        assert_int_equal(number_of(fixture, "b"), 1);
        assert_int_equal(number_of(fixture, "c"), 4);
        restarted(fixture);
    }
}

/* No form of an earlier version has a number: they are older than all that has one. */
static void a_file_without_numbers_is_read(void **state) {
    static const char key[] = ", \"confirmed\": 1";
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    set_add(fixture, "b");
    ledger_confirm(fixture->ledger, fixture->set, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *text = file_read(fixture->dir, STATE_PATH);
    for (char *at = text; (at = strstr(at, key)) != NULL;) {
        memmove(at, at + strlen(key), strlen(at + strlen(key)) + 1);
    }
    file_write(fixture->dir, STATE_PATH, text);

    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);

    assert_true(form_set_same(history(fixture)->good, fixture->set));
    assert_int_equal(number_of(fixture, "a"), 0);
    fixture->set->forms[1].entry = BYTES("{name: b, url: \"http://other\"}");
    ledger_confirm(fixture->ledger, fixture->set, true);
    assert_int_equal(number_of(fixture, "a"), 0);
    assert_int_equal(number_of(fixture, "b"), 1);
}

static void a_number_that_is_none_is_not_believed(void **state) {
    static const char *const numbers[] = {"-1", "1.5", "\"1\"", "null", "9223372036854775807"};
    static const char key[] = "\"confirmed\": ";
    struct fixture *fixture = *state;
    set_add(fixture, "a");
    ledger_confirm(fixture->ledger, fixture->set, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *text = file_read(fixture->dir, STATE_PATH);
    char *at = strstr(text, key) + strlen(key);

    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        CLEANUP(buffer_free) struct buffer other = {0};
        buffer_append(&other, (struct bytes){text, (size_t)(at - text)});
        buffer_printf(&other, "%s%s", numbers[i], at + 1);
        file_write(fixture->dir, STATE_PATH, buffer_string(&other));
        ledger_free(fixture->ledger);
        fixture->ledger = ledger_new();
        state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);
        assert_null(history(fixture)->good);
    }
}

/* --- the file --------------------------------------------------------------------------------- */

static void given_much(struct fixture *fixture) {
    static const struct secret_file secret = {"team-a_b_CA", {"\0\xff binary \"\n", 12}};
    static const struct form refused = {
        .namespace = "", .name = "r", .file = "odd \"\xc3\xa9\\.yaml", .entry = {"{name: r}", 9}};

    set_add(fixture, "a");
    set_add(fixture, "b");
    fixture->set->forms[1].secrets = &secret;
    fixture->set->forms[1].secret_count = 1;
    ledger_confirm(fixture->ledger, fixture->set, true);
    ledger_refuse(fixture->ledger, &refused, "words: \"x\"\nline 2");
    ledger_refuse_base(fixture->ledger, BYTES("\xff no text"), "base words");
    (void)ledger_meet(fixture->ledger, "2.42.0");
}

static void everything_comes_back_after_a_restart(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);

    restarted(fixture);

    assert_true(form_set_same(history(fixture)->good, fixture->set));
    assert_string_equal(history(fixture)->good->base_path, "base.yml");
    assert_string_equal(history(fixture)->good->forms[0].file, "rw.yaml");
    assert_int_equal(history(fixture)->refusal_count, 1);
    assert_string_equal(history(fixture)->refusals[0].words, "words: \"x\"\nline 2");
    assert_string_equal(history(fixture)->refusals[0].form.file, "odd \"\xc3\xa9\\.yaml");
    assert_true(bytes_equal(history(fixture)->refused_base, BYTES("\xff no text")));
    assert_string_equal(history(fixture)->base_words, "base words");
    assert_true(ledger_meet(fixture->ledger, "3.0.0"));
}

static void nobody_else_may_read_the_file(void **state) {
    struct fixture *fixture = *state;
    struct stat status = {0};
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    CLEANUP(memory_freep) char *file = path_join(fixture->dir, STATE_PATH);

    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static ino_t file_inode(const struct fixture *fixture) {
    CLEANUP(memory_freep) char *file = path_join(fixture->dir, STATE_PATH);
    struct stat status = {0};

    assert_int_equal(stat(file, &status), 0);
    return status.st_ino;
}

static void what_has_not_changed_is_not_written(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    ino_t inode = file_inode(fixture);

    ledger_confirm(fixture->ledger, fixture->set, true);
    ledger_forgive_base(fixture->ledger);
    ledger_refuse_base(fixture->ledger, BYTES("\xff no text"), "base words");
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    assert_int_equal(file_inode(fixture), inode);
    restarted(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    assert_int_equal(file_inode(fixture), inode);

    fixture->set->count = 1;
    ledger_confirm(fixture->ledger, fixture->set, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    assert_int_not_equal(file_inode(fixture), inode);
}

static void a_file_that_cannot_be_written_is_said_once_and_tried_again(void **state) {
    struct fixture *fixture = *state;
    file_write(fixture->dir, STATE_FOLDER, "in the way");
    given_much(fixture);

    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    assert_int_equal(log_lines_count("level=warn", "cannot keep what was learned"), 1);
    file_remove(fixture->dir, STATE_FOLDER);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    assert_true(file_exists(fixture->dir, STATE_PATH));
    assert_int_equal(log_lines_count("level=info", "is kept again"), 1);
}

static void an_absent_file_is_nothing_to_speak_of(void **state) {
    struct fixture *fixture = *state;

    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);

    assert_null(history(fixture)->good);
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

static void a_remembered_entry_may_be_longer_than_a_text_of_a_manifest(void **state) {
    struct fixture *fixture = *state;
    struct yaml_limits limits = yaml_default_limits;
    set_add(fixture, "a-name-that-is-longer-than-the-limit");
    ledger_confirm(fixture->ledger, fixture->set, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};

    limits.scalar = strlen("global");
    limits.nodes = 4;
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &limits);

    assert_non_null(history(fixture)->good);
    assert_int_equal(history(fixture)->good->count, 1);
}

static void temporary_files_of_a_killed_process_are_removed(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    file_write(folder, "." STATE_FILE ".remotewrite-sidecar.tmp-12345678", "half");

    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);

    assert_int_equal(folder_count(folder), 1);
}

/* --- damaged files ---------------------------------------------------------------------------- */

static void loaded(struct fixture *fixture, const char *text) {
    file_write(fixture->dir, STATE_PATH, text);
    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);
}

static void assert_forgotten(const struct fixture *fixture, const char *why) {
    assert_null(history(fixture)->good);
    assert_int_equal(history(fixture)->refusal_count, 0);
    assert_null(history(fixture)->refused_base.data);
    assert_int_equal(
        log_lines_count("level=warn msg=\"what was learned before cannot be used", why), 1);
    assert_int_equal(log_lines_count("what was learned before cannot be used", "remedy="), 1);
}

static void a_file_cut_anywhere_is_forgotten(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *text = file_read(fixture->dir, STATE_PATH);

    for (size_t length = strlen(text) - 2; length > 0; length -= length > 40 ? 37 : 1) {
        text[length] = '\0';
        loaded(fixture, text);
        assert_null(history(fixture)->good);
        assert_int_equal(history(fixture)->refusal_count, 0);
    }
}

static void one_of_another_format_is_forgotten(void **state) {
    struct fixture *fixture = *state;

    loaded(fixture, "{\"format\": \"remotewrite-sidecar state\", \"version\": 999}");
    assert_forgotten(fixture, "it is of another format");
}

static void one_that_is_no_object_is_forgotten(void **state) {
    struct fixture *fixture = *state;

    loaded(fixture, "[]");
    assert_forgotten(fixture, "it is of another format");
}

static void one_about_another_output_is_forgotten(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *other = path_join(fixture->dir, "other.yml");

    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    state_store_load(&fixture->store, fixture->ledger, other, &yaml_default_limits);

    assert_forgotten(fixture, "it is about another output file");
    assert_int_equal(log_lines_count("it is about another output file",
                                     "remedy=\"give each sidecar a folder of its own"),
                     1);
}

static void a_link_in_its_place_is_not_followed(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    CLEANUP(memory_freep) char *text = file_read(fixture->dir, STATE_PATH);
    file_write(folder, "elsewhere", text);
    file_remove(folder, STATE_FILE);
    link_make(folder, STATE_FILE, "elsewhere");

    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);

    assert_forgotten(fixture, NULL);
}

/* --- what somebody put there ------------------------------------------------------------------ */

static struct stat status_of(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    struct stat status = {0};

    assert_int_equal(lstat(path, &status), 0);
    return status;
}

static void a_link_in_its_place_is_replaced_and_what_it_leads_to_stays(void **state) {
    struct fixture *fixture = *state;
    file_write(fixture->dir, "prometheus.yml", "global: {}\n");
    folder_make(fixture->dir, STATE_FOLDER);
    link_make(fixture->dir, STATE_PATH, "../prometheus.yml");
    given_much(fixture);

    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    CLEANUP(memory_freep) char *config = file_read(fixture->dir, "prometheus.yml");
    assert_string_equal(config, "global: {}\n");
    assert_true(S_ISREG(status_of(fixture->dir, STATE_PATH).st_mode));
    restarted(fixture);
    assert_non_null(history(fixture)->good);
}

/* Nothing is read out of it, nothing is written into it, and it is said once. */
static void assert_unused(struct fixture *fixture, const char *folder, const char *why) {
    size_t before = folder_count(folder);

    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);
    assert_null(history(fixture)->good);
    ledger_confirm(fixture->ledger, fixture->set, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    ledger_set_dirty(fixture->ledger, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    assert_int_equal(folder_count(folder), before);
    assert_int_equal(log_lines_count("level=warn", NULL), 1);
    assert_int_equal(log_lines_count("level=warn msg=\"cannot keep what was learned", why), 1);
}

static void a_link_in_the_folders_place_is_not_followed(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    CLEANUP(memory_freep) char *elsewhere = path_join(fixture->dir, "elsewhere");
    assert_int_equal(rename(folder, elsewhere), 0);
    link_make(fixture->dir, STATE_FOLDER, "elsewhere");
    ino_t inode = status_of(elsewhere, STATE_FILE).st_ino;
    fixture->set->count = 1;

    assert_unused(fixture, elsewhere, "a link or a file stands in its place; remove it");
    assert_int_equal(status_of(elsewhere, STATE_FILE).st_ino, inode);
}

static void another_users_folder_is_not_used(void **state) {
    struct fixture *fixture = *state;
    skip_unless_root("giving a file to another user");
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    assert_int_equal(chown(folder, 65534, 65534), 0);
    fixture->set->count = 1;

    assert_unused(fixture, folder, "it is another user's");
}

static void a_folder_that_everybody_may_write_to_is_not_used(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    assert_int_equal(chmod(folder, 0777), 0);
    fixture->set->count = 1;

    assert_unused(fixture, folder, "everybody may write to it");
}

static void what_a_volumes_group_may_write_is_taken_back_and_used(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    CLEANUP(memory_freep) char *file = path_join(fixture->dir, STATE_PATH);
    assert_int_equal(chmod(folder, 02770), 0);
    assert_int_equal(chmod(file, 0660), 0);

    restarted(fixture);

    assert_non_null(history(fixture)->good);
    assert_int_equal(status_of(fixture->dir, STATE_FOLDER).st_mode & 07777, 0700);
}

static void a_file_of_another_user_is_not_believed(void **state) {
    struct fixture *fixture = *state;
    skip_unless_root("giving a file to another user");
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *file = path_join(fixture->dir, STATE_PATH);
    assert_int_equal(chown(file, 65534, 65534), 0);

    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);
    assert_forgotten(fixture, "it is another user's");
    ledger_confirm(fixture->ledger, fixture->set, true);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    assert_int_equal(status_of(fixture->dir, STATE_PATH).st_uid, 0);
}

/* --- a file that cannot be read for a moment -------------------------------------------------- */

static const int passing_errors[] = {EACCES, EPERM, EIO, EMFILE, ENFILE, ENOMEM};

/* A new process, to which every such call fails. */
static void loaded_while(struct fixture *fixture, const char *call, int error) {
    ledger_free(fixture->ledger);
    fixture->ledger = ledger_new();
    fixture->store = (struct state_store){0};
    system_calls_fail_from(call, 1, error);
    state_store_load(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);
    system_calls_reset();
}

static void what_could_not_be_read_for_a_moment_is_known_afterwards(void **state) {
    struct fixture *fixture = *state;
    static const char *const calls[] = {"open", "openat", "fstat", "read"};
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    for (size_t i = 0; i < ARRAY_LENGTH(calls) * ARRAY_LENGTH(passing_errors); i++) {
        loaded_while(fixture, calls[i % ARRAY_LENGTH(calls)],
                     passing_errors[i / ARRAY_LENGTH(calls)]);
        assert_null(history(fixture)->good);
        assert_false(ledger_meet(fixture->ledger, "2.42.0"));
        state_store_save(&fixture->store, fixture->ledger,
                         fixture->output); /* nothing was learned yet */

        state_store_retry(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);

        assert_true(form_set_same(history(fixture)->good, fixture->set));
        assert_int_equal(history(fixture)->refusal_count, 1);
        assert_false(ledger_meet(fixture->ledger, "2.42.0"));
    }
    assert_int_equal(log_lines_count("level=warn", NULL),
                     ARRAY_LENGTH(calls) * ARRAY_LENGTH(passing_errors));
}

static void what_cannot_be_read_is_kept_when_something_is_learned(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    CLEANUP(memory_freep) char *folder = path_join(fixture->dir, STATE_FOLDER);
    CLEANUP(memory_freep) char *before = file_read(folder, STATE_FILE);
    loaded_while(fixture, "read", EIO);
    fixture->set->count = 1;

    ledger_confirm(fixture->ledger, fixture->set, true);
    system_calls_fail_from("renameat", 1, EIO);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    system_calls_reset();
    CLEANUP(memory_freep) char *untouched = file_read(folder, STATE_FILE);
    assert_string_equal(untouched, before);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    CLEANUP(memory_freep) char *kept = file_read(folder, STATE_FILE_UNREADABLE);
    assert_string_equal(kept, before);
    assert_int_equal(log_lines_count("level=warn", STATE_FILE_UNREADABLE), 1);
    state_store_retry(&fixture->store, fixture->ledger, fixture->output,
                      &yaml_default_limits); /* too late */
    restarted(fixture);
    assert_int_equal(history(fixture)->good->count, 1);
}

static void another_prometheus_forgives_what_could_be_read_later_only(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    loaded_while(fixture, "read", EIO);

    assert_false(ledger_meet(fixture->ledger, "3.0.0"));
    state_store_retry(&fixture->store, fixture->ledger, fixture->output, &yaml_default_limits);

    assert_int_equal(history(fixture)->refusal_count, 0);
    assert_non_null(history(fixture)->good);
}

static void a_sync_of_the_folder_that_failed_is_made_up_for(void **state) {
    struct fixture *fixture = *state;
    given_much(fixture);

    system_calls_fail("fsync", 2, EIO);
    state_store_save(&fixture->store, fixture->ledger, fixture->output);
    assert_int_equal(log_lines_count("level=warn", "syncing the folder"), 1);
    system_calls_reset();
    state_store_save(&fixture->store, fixture->ledger, fixture->output);

    assert_int_equal(system_calls_seen("fsync"), 1);
    assert_int_equal(log_lines_count("is kept again", NULL), 1);
}

/* "key": "base64 of value" */
static const char *pair(struct arena *arena, const char *key, const char *value) {
    CLEANUP(buffer_free) struct buffer text = {0};

    base64_encode(bytes_of(value), &text);
    return arena_format(arena, "\"%s\": \"%s\"", key, buffer_string(&text));
}

/* A state whose only good form has this name, entry, and name of a secret file. */
static const char *hostile(struct arena *arena, const char *name, const char *entry,
                           const char *secret) {
    return arena_format(
        arena,
        "{\"format\": \"remotewrite-sidecar state\", \"version\": 1, %s, %s, \"refusals\": [], "
        "\"earlier\": [], \"good\": {%s, %s, \"forms\": [{%s, %s, %s, %s, \"secrets\": [{%s, %s}]}]}}",
        pair(arena, "output", "prometheus.yml"), pair(arena, "prometheus", ""),
        pair(arena, "base_path", "b"), pair(arena, "base", "global: {}\n"),
        pair(arena, "namespace", "n"), pair(arena, "name", name), pair(arena, "file", "f"),
        pair(arena, "entry", entry), pair(arena, "name", secret), pair(arena, "content", "c"));
}

static void what_could_not_be_served_is_not_believed(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *good = "{name: a, url: \"http://x\"}";
    const struct {
        const char *name, *entry, *secret;
    } cases[] = {
        {"", good, "s"},
        {"a", "", "s"},
        {"a", "{name: [", "s"},
        {"a", "- a\n- b\n", "s"},
        {"a", "plain", "s"},
        {"a", "{a: 1}\n---\n{b: 1}", "s"},
        {"a", good, "../../etc/passwd"},
        {"a", good, ".hidden"},
        {"a", good, ""},
        {"a", good, "a/b"},
    };

    loaded(fixture, hostile(arena, "a", good, "s"));
    assert_non_null(history(fixture)->good);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        loaded(fixture, hostile(arena, cases[i].name, cases[i].entry, cases[i].secret));
        if (history(fixture)->good != NULL) {
            fail_msg("case %zu was believed", i);
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_confirmed_is_good_and_a_copy),
        TEST(every_change_makes_another_revision_and_nothing_else_does),
        TEST(a_rotated_secret_goes_with_the_last_good_form),
        TEST(a_part_that_is_confirmed_takes_nobodys_last_good_form),
        TEST(what_is_refused_is_no_last_good_form),
        TEST(who_is_gone_or_no_longer_selected_has_no_last_good_form),
        TEST(a_refusal_stays_while_its_remote_write_may_still_be_there),
        TEST(refusals_are_sorted_and_one_for_each_name),
        TEST(what_is_confirmed_after_all_is_forgiven),
        TEST(an_empty_base_can_be_refused),
        TEST(another_prometheus_forgives_everything),
        TEST(the_version_that_is_given_is_met_apart_from_the_one_that_is_there),
        TEST(refusals_of_remote_writes_that_are_gone_are_forgotten),
        TEST(since_when_an_earlier_form_is_served_is_known),
        TEST(a_form_has_the_number_of_the_confirmation_in_which_it_became_as_it_is),
        TEST(a_file_without_numbers_is_read),
        TEST(a_number_that_is_none_is_not_believed),
        TEST(everything_comes_back_after_a_restart),
        TEST(nobody_else_may_read_the_file),
        TEST(what_has_not_changed_is_not_written),
        TEST(a_file_that_cannot_be_written_is_said_once_and_tried_again),
        TEST(an_absent_file_is_nothing_to_speak_of),
        TEST(a_remembered_entry_may_be_longer_than_a_text_of_a_manifest),
        TEST(temporary_files_of_a_killed_process_are_removed),
        TEST(a_file_cut_anywhere_is_forgotten),
        TEST(one_of_another_format_is_forgotten),
        TEST(one_that_is_no_object_is_forgotten),
        TEST(one_about_another_output_is_forgotten),
        TEST(a_link_in_its_place_is_not_followed),
        TEST(a_link_in_its_place_is_replaced_and_what_it_leads_to_stays),
        TEST(a_link_in_the_folders_place_is_not_followed),
        TEST(another_users_folder_is_not_used),
        TEST(a_folder_that_everybody_may_write_to_is_not_used),
        TEST(what_a_volumes_group_may_write_is_taken_back_and_used),
        TEST(a_file_of_another_user_is_not_believed),
        TEST(what_could_not_be_read_for_a_moment_is_known_afterwards),
        TEST(what_cannot_be_read_is_kept_when_something_is_learned),
        TEST(another_prometheus_forgives_what_could_be_read_later_only),
        TEST(a_sync_of_the_folder_that_failed_is_made_up_for),
        TEST(what_could_not_be_served_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
