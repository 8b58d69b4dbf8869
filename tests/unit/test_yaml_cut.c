/* SPDX-License-Identifier: Apache-2.0 */

/* A text is cut at its document markers. */

#include "yaml/cut.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The cuts as text: "[explicit|bare:content|...]". */
static const char *cuts_of(struct buffer *out, const char *string) {
    struct bytes text = bytes_of(string);
    struct cut cut = {0};
    size_t cursor = 0;

    while (cut_next(text, &cursor, &cut)) {
        buffer_printf(out, "%s<%.*s><%.*s>", cut.explicit ? "doc" : "bare",
                      BYTES_ARG(bytes_slice(text, cut.start, cut.content_end)),
                      BYTES_ARG(bytes_slice(text, cut.content_end, cut.end)));
        assert_int_equal(cursor, cut.end);
    }
    return buffer_string(out);
}

static void expect(const char *text, const char *expected) {
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_string_equal(cuts_of(&out, text), expected);
}

static void a_text_without_markers_is_one_bare_document(void **state) {
    expect("a: 1\n", "bare<a: 1\n><>");
    expect("# c\na", "bare<# c\na><>");
}

static void each_marker_begins_a_document(void **state) {
    expect("---\na\n---\nb\n", "doc<---\na\n><>doc<---\nb\n><>");
    expect("a\n--- b\n---\tc\n---", "bare<a\n><>doc<--- b\n><>doc<---\tc\n><>doc<---><>");
}

static void a_text_without_content_has_no_document(void **state) {
    expect("", "");
    expect("\n  \t\n# c\n  # d\r\n", "");
    expect("%YAML 1.1\n", "");
    expect("...\n...\n", "");
}

static void comments_above_the_first_marker_belong_to_no_document(void **state) {
    expect("# c\n\n---\na\n", "doc<---\na\n><>");
}

static void directives_belong_to_the_document_whose_marker_follows(void **state) {
    expect("# c\n%YAML 1.1\n# d\n---\na\n", "doc<%YAML 1.1\n# d\n---\na\n><>");
    expect("a\n...\n%TAG ! x\n---\nb\n", "bare<a\n><...\n>doc<%TAG ! x\n---\nb\n><>");
    expect("%YAML 1.1\na\n", "doc<%YAML 1.1\na\n><>");
}

static void a_percent_within_a_document_is_its_own_affair(void **state) {
    expect("a:\n%x\n---\nb\n", "bare<a:\n%x\n><>doc<---\nb\n><>");
}

static void an_end_marker_ends_a_document(void **state) {
    expect("a\n...\n# c\n---\nb\n", "bare<a\n><...\n>doc<---\nb\n><>");
    expect("a\n... # c\nb\n", "bare<a\n><... # c\n>bare<b\n><>");
    expect("a\n...", "bare<a\n><...>");
    expect("%YAML 1.1\n...\na\n", "bare<a\n><>");
}

static void a_marker_stands_at_the_start_of_its_line_and_alone(void **state) {
    expect(" ---\n", "bare< ---\n><>");
    expect("----\n", "bare<----\n><>");
    expect("---a\n", "bare<---a\n><>");
    expect("a\n....\n", "bare<a\n....\n><>");
    expect("a\n ...\n", "bare<a\n ...\n><>");
}

static void all_line_breaks_count(void **state) {
    expect("a\r\n---\r\nb\r\n", "bare<a\r\n><>doc<---\r\nb\r\n><>");
    expect("a\r---\rb\r", "bare<a\r><>doc<---\rb\r><>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_without_markers_is_one_bare_document),
        cmocka_unit_test(each_marker_begins_a_document),
        cmocka_unit_test(a_text_without_content_has_no_document),
        cmocka_unit_test(comments_above_the_first_marker_belong_to_no_document),
        cmocka_unit_test(directives_belong_to_the_document_whose_marker_follows),
        cmocka_unit_test(a_percent_within_a_document_is_its_own_affair),
        cmocka_unit_test(an_end_marker_ends_a_document),
        cmocka_unit_test(a_marker_stands_at_the_start_of_its_line_and_alone),
        cmocka_unit_test(all_line_breaks_count),
    };
    return cmocka_run_group_tests_name("yaml/cut", tests, NULL, NULL);
}
