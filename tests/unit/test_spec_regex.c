/* SPDX-License-Identifier: Apache-2.0 */

/* Regular expressions as Go's regexp takes them; what stands in the tables was asked of it. */

#include "base/compiler.h"
#include "spec/regex.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const char *judge(struct arena *arena, struct bytes pattern) {
    size_t size = 0;

    return regex_check_re2(arena, pattern, &size);
}

static void repetitions_count_as_if_written_out(void **state) {
    static const struct {
        const char *pattern;
        size_t size;
    } sizes[] = {{"", 0},
                 {"abc", 3},
                 {"[a-z]+x", 2},
                 {"a{5}", 5},
                 {"(ab){3}", 9},
                 {"(a{10}b){10}|c", 121},
                 {"(?:a(b|c){2}){3}", 24}};
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        size_t size = SIZE_MAX;

        assert_null(regex_check_re2(arena, bytes_of(sizes[i].pattern), &size));
        assert_int_equal(size, sizes[i].size);
    }
}

static const char *const taken[] = {
    "",
    "a",
    ".*",
    "a|b",
    "(a)(b)",
    "(?:a|)",
    "()",
    "(|a)",
    "a{2}",
    "a{2,}",
    "a{2,3}",
    "a{0}",
    "a{1000}",
    "(a{10}){100}",
    "a{,3}",
    "{",
    "a{b",
    "}",
    "]",
    "x]",
    "a*?",
    "a+?",
    "a??",
    "a{2}?",
    "[a-z]",
    "[^a]",
    "[]a]",
    "[^]]",
    "[-a]",
    "[a-]",
    "[[:alpha:]]",
    "[[:^digit:]]",
    "[\\d\\-x]",
    "[\\w-.]+",
    "[\\d-z]",
    "[\\pL-z]",
    "[\\PN-z]",
    "[\\p{Greek}-z]",
    "[\\P{Greek}-\\d]",
    "[[:alpha:]-z]",
    "[[:^alpha:]-]",
    "[\\W-]",
    "[\\s--a]",
    "[\\S--]",
    "[-\\w.]",
    "[^-\\w]",
    "[a-z-\\d]",
    "[é-ü-\\d]",
    "[--a]",
    "[+--]",
    "[---]",
    "[]-a]",
    "[\\[-\\]]",
    "[\\d-\\-a]",
    "x[\\w-.]y[\\w-.]z",
    "\\Q[\\w-.\\E",
    "[a-zA-Z0-9_.-]",
    "[[:a]",
    "[\\]]",
    "[\\x41-\\x5a]",
    "[a&&b]",
    "\\d\\D\\s\\S\\w\\W",
    "\\bx\\B",
    "\\Ax\\z",
    "^a$",
    "\\a\\f\\n\\r\\t\\v",
    "\\.\\*\\-\\_\\\"\\ ",
    "\\\n",
    "\\x41",
    "\\x{10FFFF}",
    "\\0",
    "\\012",
    "\\pL",
    "\\PN",
    "\\p{Greek}",
    "\\p{Lu}",
    "\\P{^Lu}",
    "\\p{Han}",
    "\\p{Any}",
    "(?i)a",
    "(?i:a)",
    "(?s-i)a",
    "(?imsU:a)",
    "(?P<n>a)",
    "(?P<n>a)(?P<m>b)",
    "(?P<n>a)(?P<n>b)",
    "\\Qa.b*\\E",
    "\\Q\\E",
    "\\Qa\\E*",
    "é",
    "größe|日本",
    "node_.*|up",
    "(.+)@(.+)",
    "^(?:a|b)$",
    "#",
    "&",
    "~",
    "a b",
    "(((((((((a)))))))))",
};

static const char *const refused[] = {
    "*",
    "+a",
    "?",
    "a**",
    "a*+",
    "a++",
    "a{2}{3}",
    "(*)",
    "|*",
    "a|*",
    "(?i)*",
    "(",
    ")",
    "a)",
    "(a",
    "[a",
    "[",
    "[]",
    "[^]",
    "\\",
    "a\\",
    "[z-a]",
    "[a-\\d]",
    "[a-\\pL]",
    "[\\d-z-a]",
    "[\\d--+]",
    "[\\w-b-a]",
    "[\\w-",
    "[\\w-.",
    "[a-",
    "[a-[:digit:]]",
    "[[:abc]:]",
    "[é-a]",
    "[[:foo:]]",
    "a{1001}",
    "a{2,1001}",
    "a{1001,}",
    "a{99999999999}",
    "(a{100}){100}",
    "a{3,1}",
    "((a{10}){10}){11}",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?>a)",
    "(?#a)",
    "(?|a)",
    "(?R)",
    "(?1)",
    "(?P=n)",
    "(?P>n)",
    "(?P<>a)",
    "(?P<n",
    "(?-)",
    "(?i-)",
    "(?i--s)",
    "(?x)a",
    "(?",
    "(?i",
    "\\1",
    "(a)\\1",
    "\\8",
    "\\c",
    "\\e",
    "\\h",
    "\\R",
    "\\X",
    "\\K",
    "\\G",
    "\\N",
    "\\Z",
    "\\C",
    "\\g1",
    "\\k<n>",
    "\\o{12}",
    "\\u0041",
    "\\x",
    "\\x4",
    "\\xg0",
    "\\x{110000}",
    "\\x{}",
    "\\x{41",
    "\\p",
    "\\pX",
    "\\p{",
    "\\p{Foo}",
    "\\p{greek}",
    "\\p{Xan}",
    "\\p{L&}",
    "\\p{}",
    "\\Q",
    "a\\Qb",
    "[\\b]",
    "[\\A]",
    "[\\Q]",
    "(*ACCEPT)",
    "[[.a.]]",
    "[[=a=]]",
    "\\pé",
};

static void what_re2_takes_is_taken(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(taken); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        const char *wrong = judge(arena, bytes_of(taken[i]));
        if (wrong != NULL) {
            fail_msg("%s: %s", taken[i], wrong);
        }
    }
}

static void what_re2_does_not_take_is_refused(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        if (judge(arena, bytes_of(refused[i])) == NULL) {
            fail_msg("%s is taken", refused[i]);
        }
    }
}

/* Releases of PCRE2 do not agree on the offset of a fault. */
static void a_fault_is_told_in_the_same_words_by_every_release_of_pcre2(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_string_equal(judge(arena, BYTES("[b-a]")), "range out of order in character class");
    assert_string_equal(judge(arena, BYTES("[-][\\w-.][b-a]")),
                        "range out of order in character class");
}

static void groups_that_nest_too_deeply_are_refused_and_not_walked(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer pattern = {0};

    buffer_append_repeated(&pattern, '(', 100000);
    buffer_append_repeated(&pattern, ')', 100000);
    assert_non_null(judge(arena, buffer_bytes(&pattern)));
    buffer_clear(&pattern);
    buffer_append_repeated(&pattern, '(', 200);
    buffer_append_repeated(&pattern, ')', 200);
    assert_null(judge(arena, buffer_bytes(&pattern)));
}

/* Go lets several groups have one name, and any number of them have one. */
static void any_group_may_have_any_name(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer pattern = {0};

    for (size_t i = 0; i < 1000; i++) {
        buffer_printf(&pattern, "(?P<n%zu>a)", i % 500);
    }
    assert_null(judge(arena, buffer_bytes(&pattern)));
}

static void a_nul_is_a_character_like_any_other(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_null(judge(arena, BYTES("a\0b")));
    assert_non_null(judge(arena, BYTES("(?\0)")));
    assert_non_null(judge(arena, BYTES("\\p\0")));
}

static void a_quoted_text_matches_itself_alone(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_string_equal(regex_quote(arena, BYTES("team-a")), "team-a");
    assert_string_equal(regex_quote(arena, BYTES("a.b*c|(d)[e]{f}^$\\+?")),
                        "a\\.b\\*c\\|\\(d\\)\\[e\\]\\{f\\}\\^\\$\\\\\\+\\?");
    assert_null(judge(arena, bytes_of(regex_quote(arena, BYTES("((([*")))));
}

static void the_table_s_patterns_match_whole_texts(void **state) {
    assert_true(regex_matches("^[0-9a-zA-Z-.]+$", BYTES("tenant.example-1")));
    assert_false(regex_matches("^[0-9a-zA-Z-.]+$", BYTES("a/b")));
    assert_false(regex_matches("^[0-9a-zA-Z-.]+$", BYTES("a\n")));
    assert_false(regex_matches("^[0-9a-zA-Z-.]+$", BYTES("")));
    assert_false(regex_matches("(", BYTES("a")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repetitions_count_as_if_written_out),
        cmocka_unit_test(what_re2_takes_is_taken),
        cmocka_unit_test(what_re2_does_not_take_is_refused),
        cmocka_unit_test(a_fault_is_told_in_the_same_words_by_every_release_of_pcre2),
        cmocka_unit_test(groups_that_nest_too_deeply_are_refused_and_not_walked),
        cmocka_unit_test(any_group_may_have_any_name),
        cmocka_unit_test(a_nul_is_a_character_like_any_other),
        cmocka_unit_test(a_quoted_text_matches_itself_alone),
        cmocka_unit_test(the_table_s_patterns_match_whole_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
