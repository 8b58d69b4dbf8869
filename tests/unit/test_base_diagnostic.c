/* SPDX-License-Identifier: Apache-2.0 */

/* What the stages have to say. */

#include "base/diagnostic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *format(struct arena *arena, const struct diagnostic *diagnostic) {
    CLEANUP(buffer_free) struct buffer out = {0};
    diagnostic_format(diagnostic, &out);
    return arena_string(arena, buffer_bytes(&out));
}

static void a_full_diagnostic_names_place_subject_field_problem_and_remedy(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics list = diagnostics_in(arena);
    struct location location = {"rw.yaml", 3, 7};

    diagnostics_add(&list, SEVERITY_ERROR, location, "team-a/web", "spec.remoteWrite.url",
                    "give one", "no %s", "url");
    assert_string_equal(format(arena, &list.items[0]),
                        "rw.yaml:3:7: error: [team-a/web] spec.remoteWrite.url: no url; give one");
}

static void absent_parts_are_left_out_with_their_punctuation(void **state) {
    static const struct {
        struct diagnostic diagnostic;
        const char *expected;
    } cases[] = {
        {{.severity = SEVERITY_INFO, .problem = "p"}, "info: p"},
        {{.severity = SEVERITY_WARNING, .location = {.line = 3, .column = 4}, .problem = "p"},
         "warning: p"},
        {{.severity = SEVERITY_ERROR, .location = {.file = "f"}, .problem = "p"}, "f: error: p"},
        {{.severity = SEVERITY_ERROR, .location = {.file = "f", .column = 2}, .problem = "p"},
         "f: error: p"},
        {{.severity = SEVERITY_ERROR, .location = {.file = "f", .line = 2}, .problem = "p"},
         "f:2: error: p"},
        {{.severity = SEVERITY_ERROR, .subject = "s", .problem = "p"}, "error: [s] p"},
        {{.severity = SEVERITY_ERROR, .field = "a.b", .problem = "p", .remedy = "r"},
         "error: a.b: p; r"},
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(format(arena, &cases[i].diagnostic), cases[i].expected);
    }
}

static void no_part_can_begin_a_new_line_or_drive_a_terminal(void **state) {
    const struct diagnostic diagnostic = {
        .severity = SEVERITY_ERROR,
        .location = {.file = "a\nb"},
        .subject = "s\r",
        .field = "f\t\x1b[2J",
        .problem = "p\xc2\x85 \xe2\x80\xae \xff caf\xc3\xa9",
        .remedy = "r\x7f",
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    assert_string_equal(
        format(arena, &diagnostic),
        "a\\nb: error: [s\\r] f\\t\\x1b[2J: p\\u0085 \\u202E \\xff caf\xc3\xa9; r\\x7f");
}

static void strings_are_copied(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics list = diagnostics_in(arena);
    char text[] = "abc";
    struct location location = {text, 1, 1};

    diagnostics_add(&list, SEVERITY_ERROR, location, text, text, text, "%s", text);
    memset(text, 'x', 3);
    assert_string_equal(format(arena, &list.items[0]), "abc:1:1: error: [abc] abc: abc; abc");
}

static void diagnostics_are_counted_by_severity(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics list = diagnostics_in(arena);
    struct location nowhere = {0};

    diagnostics_add(&list, SEVERITY_INFO, nowhere, NULL, NULL, NULL, "a");
    diagnostics_add(&list, SEVERITY_WARNING, nowhere, NULL, NULL, NULL, "b");
    diagnostics_add(&list, SEVERITY_ERROR, nowhere, NULL, NULL, NULL, "c");
    assert_int_equal(diagnostics_count(&list, SEVERITY_INFO), 3);
    assert_int_equal(diagnostics_count(&list, SEVERITY_WARNING), 2);
    assert_int_equal(diagnostics_count(&list, SEVERITY_ERROR), 1);
}

static void sorting_goes_by_file_line_column_and_arrival(void **state) {
    static const struct location locations[] = {
        {"b", 1, 1}, {"a", 2, 1}, {NULL, 9, 9}, {"a", 1, 5}, {"a", 1, 2}, {"a", 1, 2}, {"a", 1, 2},
    };
    static const char *const expected[] = {"2", "4", "5", "6", "3", "1", "0"};
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics list = diagnostics_in(arena);

    for (size_t i = 0; i < ARRAY_LENGTH(locations); i++) {
        diagnostics_add(&list, SEVERITY_ERROR, locations[i], NULL, NULL, NULL, "%zu", i);
    }
    diagnostics_sort(&list);
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        assert_string_equal(list.items[i].problem, expected[i]);
    }
}

static void an_empty_list_can_be_sorted(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics list = diagnostics_in(arena);

    diagnostics_sort(&list);
    assert_int_equal(list.count, 0);
}

static void a_list_is_appended_to_another_and_to_itself(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics list = diagnostics_in(arena);
    struct diagnostics other = diagnostics_in(arena);
    struct location nowhere = {0};

    for (size_t i = 0; i < 20; i++) {
        diagnostics_add(&other, SEVERITY_ERROR, nowhere, NULL, NULL, NULL, "%zu", i);
    }
    diagnostics_append(&list, &other);
    diagnostics_append(&list, &list);
    assert_int_equal(list.count, 40);
    assert_ptr_equal(list.items[39].problem, other.items[19].problem);
}

static void lists_are_equal_when_every_part_of_every_item_is(void **state) {
    static const struct diagnostic one = {SEVERITY_ERROR, {"f", 1, 2}, "s", "a.b", "p", "r", false};
    static const struct diagnostic others[] = {
        {SEVERITY_WARNING, {"f", 1, 2}, "s", "a.b", "p", "r", false},
        {SEVERITY_ERROR, {"g", 1, 2}, "s", "a.b", "p", "r", false},
        {SEVERITY_ERROR, {NULL, 1, 2}, "s", "a.b", "p", "r", false},
        {SEVERITY_ERROR, {"f", 2, 2}, "s", "a.b", "p", "r", false},
        {SEVERITY_ERROR, {"f", 1, 3}, "s", "a.b", "p", "r", false},
        {SEVERITY_ERROR, {"f", 1, 2}, NULL, "a.b", "p", "r", false},
        {SEVERITY_ERROR, {"f", 1, 2}, "s", "a.c", "p", "r", false},
        {SEVERITY_ERROR, {"f", 1, 2}, "s", "a.b", "q", "r", false},
        {SEVERITY_ERROR, {"f", 1, 2}, "s", "a.b", "p", NULL, false},
        {SEVERITY_ERROR, {"f", 1, 2}, "s", "a.b", "p", "r", true},
    };
    char file[] = "f"; /* equal, elsewhere */
    struct diagnostic same = one;
    same.location.file = file;
    struct diagnostic items[] = {one, same};
    const struct diagnostics left = {.items = items, .count = 1};
    const struct diagnostics right = {.items = items + 1, .count = 1};
    const struct diagnostics both = {.items = items, .count = 2};

    assert_true(diagnostics_equal(&left, &right));
    assert_false(diagnostics_equal(&left, &both));
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        items[1] = others[i];
        assert_false(diagnostics_equal(&left, &right));
        assert_false(diagnostics_equal(&right, &left));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_diagnostic_names_place_subject_field_problem_and_remedy),
        cmocka_unit_test(absent_parts_are_left_out_with_their_punctuation),
        cmocka_unit_test(no_part_can_begin_a_new_line_or_drive_a_terminal),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(diagnostics_are_counted_by_severity),
        cmocka_unit_test(sorting_goes_by_file_line_column_and_arrival),
        cmocka_unit_test(an_empty_list_can_be_sorted),
        cmocka_unit_test(a_list_is_appended_to_another_and_to_itself),
        cmocka_unit_test(lists_are_equal_when_every_part_of_every_item_is),
    };
    return cmocka_run_group_tests_name("base/diagnostic", tests, NULL, NULL);
}
