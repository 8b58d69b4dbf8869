/* SPDX-License-Identifier: Apache-2.0 */

/* What is said about one state after another, and what is not. */

#include "agent/report.h"
#include "base/incident.h"
#include "support/log_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct report report;
};

static struct fixture fixture;

static int given_a_log(void **state) {
    fixture.arena = arena_new();
    log_lines_start();
    return 0;
}

static int forget(void **state) {
    log_lines_stop();
    report_free(&fixture.report);
    arena_free(fixture.arena);
    fixture.arena = NULL;
    return 0;
}

/* --- diagnostics ---------------------------------------------------------------------------- */

static void add(struct diagnostics *list, enum severity severity, const char *problem,
                unsigned line) {
    struct location location = {"/mnt/a.yaml", line, 3};

    diagnostics_add(list, severity, location, "team-a/a", "spec.remoteWrite.url", "mend it", "%s",
                    problem);
}

static void a_diagnostic_is_logged_with_all_that_it_knows(void **state) {
    struct diagnostics list = diagnostics_in(fixture.arena);

    add(&list, SEVERITY_ERROR, "is wrong", 7);
    report_diagnostics(&fixture.report, &list);

    assert_int_equal(
        log_lines_count("level=error msg=\"is wrong\" file=/mnt/a.yaml line=7 column=3 "
                        "remote_write=team-a/a field=spec.remoteWrite.url remedy=\"mend it\"",
                        NULL),
        1);
}

static void severities_have_their_levels(void **state) {
    struct diagnostics list = diagnostics_in(fixture.arena);

    add(&list, SEVERITY_INFO, "one", 1);
    add(&list, SEVERITY_WARNING, "two", 1);
    report_diagnostics(&fixture.report, &list);

    assert_int_equal(log_lines_count("level=info msg=one", NULL), 1);
    assert_int_equal(log_lines_count("level=warn msg=two", NULL), 1);
}

static void what_was_said_is_not_said_again(void **state) {
    struct diagnostics first = diagnostics_in(fixture.arena);
    struct diagnostics second = diagnostics_in(fixture.arena);
    struct diagnostics none = diagnostics_in(fixture.arena);

    add(&first, SEVERITY_ERROR, "old", 1);
    add(&second, SEVERITY_ERROR, "new", 1);
    add(&second, SEVERITY_ERROR, "old", 1);
    report_diagnostics(&fixture.report, &first);
    report_diagnostics(&fixture.report, &second);
    assert_int_equal(log_lines_count("msg=old", NULL), 1);
    assert_int_equal(log_lines_count("msg=new", NULL), 1);

    report_diagnostics(&fixture.report, &none);
    report_diagnostics(&fixture.report, &first);
    assert_int_equal(log_lines_count("msg=old", NULL), 2);
}

static void a_flood_of_diagnostics_is_cut_and_counted(void **state) {
    struct diagnostics list = diagnostics_in(fixture.arena);

    for (unsigned i = 0; i < REPORT_LINES_MAX + 50; i++) {
        add(&list, SEVERITY_ERROR, "flood", i + 1);
    }
    report_diagnostics(&fixture.report, &list);
    assert_int_equal(log_lines_count("msg=flood", NULL), REPORT_LINES_MAX);
    assert_int_equal(log_lines_count("left_out=50", NULL), 1);

    report_diagnostics(&fixture.report, &list);
    assert_int_equal(log_lines_count("msg=flood", NULL), REPORT_LINES_MAX);
}

/* --- outcomes ------------------------------------------------------------------------------- */

static struct outcome outcome(const char *name, enum remote_write_state state, const char *entry) {
    return (struct outcome){
        .namespace = "team-a",
        .name = name,
        .location = {"/mnt/a.yaml", 1, 1},
        .state = state,
        .reason = state == STATE_ACTIVE ? NULL : "because",
        .entry = bytes_of(entry),
    };
}

#define STATE_OF(...)                                                                            \
    (struct desired_state) {                                                                     \
        .outcomes = (const struct outcome[]){__VA_ARGS__},                                       \
        .outcome_count = sizeof((const struct outcome[]){__VA_ARGS__}) / sizeof(struct outcome), \
    }

static void another_state_is_said_once(void **state) {
    struct desired_state before =
        STATE_OF(outcome("a", STATE_ACTIVE, "x"), outcome("b", STATE_PENDING, ""),
                 outcome("gone", STATE_ACTIVE, "x"));
    struct desired_state after =
        STATE_OF(outcome("a", STATE_REJECTED, ""), outcome("b", STATE_ACTIVE, "x"),
                 outcome("new", STATE_REJECTED, ""));

    report_transitions(NULL, &before);
    assert_int_equal(log_lines_count("RemoteWrite", NULL), 0);
    report_transitions(&before, &after);
    report_transitions(&after, &after);

    assert_int_equal(log_lines_count("RemoteWrite has another state", NULL), 2);
    assert_int_equal(log_lines_count("level=error msg=\"RemoteWrite has another state\" "
                                     "namespace=team-a name=a state=rejected before=active "
                                     "reason=because",
                                     NULL),
                     1);
    assert_int_equal(log_lines_count("level=info", "name=b state=active before=pending"), 1);
}

static void remote_writes_of_one_name_are_told_apart_by_their_file(void **state) {
    struct desired_state before = STATE_OF(outcome("a", STATE_ACTIVE, "x"));
    struct desired_state after = STATE_OF(outcome("a", STATE_REJECTED, ""));
    struct outcome other = after.outcomes[0];

    other.location.file = "/mnt/b.yaml";
    after.outcomes = &other;
    report_transitions(&before, &after);

    assert_int_equal(log_lines_count("RemoteWrite has another state", NULL), 0);
}

static struct form form(const char *name, const char *entry) {
    return (struct form){.namespace = "team-a", .name = name, .entry = bytes_of(entry)};
}

#define SET_OF(...)                                                          \
    (struct form_set) {                                                      \
        .forms = (struct form[]){__VA_ARGS__},                               \
        .count = sizeof((struct form[]){__VA_ARGS__}) / sizeof(struct form), \
    }

static void entries_are_counted_by_what_became_of_them(void **state) {
    struct form_set before = SET_OF(form("a", "x"), form("b", "x"), form("c", "x"));
    struct form_set after = SET_OF(form("a", "x"), form("b", "y"), form("d", "x"), form("e", "x"));

    CLEANUP(entry_changes_free) struct entry_changes changes = entry_changes(&before, &after);
    assert_int_equal(changes.added.count, 2);
    assert_string_equal(buffer_string(&changes.added.names), "team-a/d, team-a/e");
    assert_int_equal(changes.changed.count, 1);
    assert_string_equal(buffer_string(&changes.changed.names), "team-a/b");
    assert_int_equal(changes.removed.count, 1);
    assert_string_equal(buffer_string(&changes.removed.names), "team-a/c");

    CLEANUP(entry_changes_free) struct entry_changes first = entry_changes(NULL, &before);
    assert_int_equal(first.added.count, 3);
    assert_int_equal(first.changed.count, 0);
    assert_int_equal(first.removed.count, 0);
}

static void only_the_first_names_of_many_are_said(void **state) {
    struct form forms[REPORT_NAMES_MAX + 7];
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        forms[i] = form((const char *const[]){"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
                                              "l", "m", "n", "o", "p", "q"}[i],
                        "x");
    }
    struct form_set after = {.forms = forms, .count = ARRAY_LENGTH(forms)};

    CLEANUP(entry_changes_free) struct entry_changes changes = entry_changes(NULL, &after);

    assert_int_equal(changes.added.count, ARRAY_LENGTH(forms));
    assert_non_null(strstr(buffer_string(&changes.added.names), ", team-a/j and 7 more"));
}

/* --- incidents ------------------------------------------------------------------------------ */

static void an_incident_is_news_when_it_begins_and_when_its_words_change(void **state) {
    struct incident incident = {0};
    struct incident ended = {0};

    assert_false(incident_end(&incident, NULL));
    assert_true(incident_report(&incident, BYTES("one"), 100));
    assert_false(incident_report(&incident, BYTES("one"), 200));
    assert_true(incident_report(&incident, BYTES("two"), 300));
    assert_true(incident_end(&incident, &ended));
    assert_int_equal(ended.count, 3);
    assert_int_equal(ended.since, 100);
    assert_false(incident_end(&incident, NULL));
    assert_true(incident_report(&incident, BYTES("two"), 400));
}

static void an_incident_without_words_is_one_too(void **state) {
    struct incident incident = {0};

    assert_true(incident_report(&incident, BYTES(""), 0));
    assert_false(incident_report(&incident, BYTES(""), 0));
    assert_true(incident_end(&incident, NULL));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, given_a_log, forget)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_diagnostic_is_logged_with_all_that_it_knows),
        TEST(severities_have_their_levels),
        TEST(what_was_said_is_not_said_again),
        TEST(a_flood_of_diagnostics_is_cut_and_counted),
        TEST(another_state_is_said_once),
        TEST(remote_writes_of_one_name_are_told_apart_by_their_file),
        TEST(entries_are_counted_by_what_became_of_them),
        TEST(only_the_first_names_of_many_are_said),
        TEST(an_incident_is_news_when_it_begins_and_when_its_words_change),
        TEST(an_incident_without_words_is_one_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
