/* SPDX-License-Identifier: Apache-2.0 */

/* Lines that Prometheus names, and the RemoteWrites that stand there. */

#include "agent/citation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char config[] = "global: {}\n"
                             "remote_write:\n"
                             "# a\n"
                             "- {name: a}\n"
                             "# b\n"
                             "- {name: b}\n"
                             "# end\n";

static struct arena *arena;

static int arena_given(void **state) {
    arena = arena_new();
    return 0;
}

static int arena_forgotten(void **state) {
    arena_free(arena);
    return 0;
}

static struct form_span span_of(const char *first, const char *last) {
    const char *end = strstr(config, last);

    return (struct form_span){
        .start = (size_t)(strstr(config, first) - config),
        .end = (size_t)(end - config) + strlen(last),
    };
}

/* "ab" where both are cited, "-" where none is. */
static const char *cited_by(const char *words) {
    const struct form_span spans[] = {span_of("# a\n", "name: a}\n"),
                                      span_of("# b\n", "name: b}\n")};
    const bool *cited = citations_find(arena, words, bytes_of(config), spans, 2);

    return cited == NULL ? "-"
                         : arena_format(arena, "%s%s", cited[0] ? "a" : "", cited[1] ? "b" : "");
}

static void every_line_that_is_named_counts(void **state) {
    assert_string_equal(cited_by("parsing YAML file p.yml: yaml: unmarshal errors:\n"
                                 "  line 4: field nope not found in type config.plain\n"
                                 "  line 6: field nope not found in type config.plain"),
                        "ab");
    assert_string_equal(cited_by("yaml: line 6: did not find expected key"), "b");
}

static void lines_of_the_base_cite_nobody(void **state) {
    assert_string_equal(cited_by("yaml: unmarshal errors:\n  line 1: field nope not found"), "-");
    assert_string_equal(cited_by("yaml: unmarshal errors:\n  line 7: x"), "-");
}

static void lines_that_are_not_there_cite_nobody(void **state) {
    assert_string_equal(cited_by("yaml: line 0: x, line 9, line 99999999999999999999999"), "-");
    assert_string_equal(cited_by("yaml: line , line -4, line four, "), "-");
    assert_string_equal(cited_by(""), "-");
}

static void only_words_about_yaml_are_about_lines_of_this_file(void **state) {
    assert_string_equal(cited_by("rules.yml: line 4: group \"x\" is repeated"), "-");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_that_is_named_counts),
        cmocka_unit_test(lines_of_the_base_cite_nobody),
        cmocka_unit_test(lines_that_are_not_there_cite_nobody),
        cmocka_unit_test(only_words_about_yaml_are_about_lines_of_this_file),
    };

    return cmocka_run_group_tests(tests, arena_given, arena_forgotten);
}
