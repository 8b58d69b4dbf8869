/* SPDX-License-Identifier: Apache-2.0 */

/* Every key once, merge keys resolved. */

#include "yaml/mapping.h"

#include "base/compiler.h"
#include "support/yaml_text.h"
#include "yaml/emit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The value of the key "m", as flow style. */
static void expect(const char *source, const char *flow) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    CLEANUP(buffer_free) struct buffer out = {0};

    emit_flow(&out, node_get(yaml_text_root(&text), "m"));
    assert_string_equal(buffer_string(&out), flow);
}

static void a_key_given_twice_is_an_error_that_names_both_lines(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("a: 1\nb: 2\n\"a\": 3\n");

    assert_true(text.documents[0].failed);
    assert_string_equal(
        yaml_text_message(&text, 0),
        "t.yaml:3:1: error: the key \"a\" is given twice: in line 1 and in line 3; keep one of the two");
    assert_int_equal(text.diagnostics.count, 1);
}

static void every_further_use_of_a_key_is_reported(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("x:\n  b: 1\n  a: 1\n  b: 2\n  b: 3\nw: {c: 1, c: 2}\n");

    assert_int_equal(text.diagnostics.count, 3);
    assert_non_null(
        strstr(yaml_text_message(&text, 1),
               "t.yaml:5:3: error: the key \"b\" is given twice: in line 2 and in line 5"));
    assert_non_null(strstr(yaml_text_message(&text, 2), "\"c\" is given twice"));
}

static void of_very_many_duplicates_the_first_are_reported(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    for (int i = 0; i < 100; i++) {
        buffer_append_string(&source, "a: 1\n");
    }
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_true(text.documents[0].failed);
    assert_int_equal(text.diagnostics.count, 20);
}

static void a_long_key_is_cut_in_the_message(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    for (int i = 0; i < 2; i++) {
        buffer_append_repeated(&source, 'k', 500);
        buffer_append_string(&source, ": 1\n");
    }
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_true(strlen(yaml_text_message(&text, 0)) < 250);
    assert_non_null(strstr(yaml_text_message(&text, 0), "kkk...\" is given twice"));
}

static void a_hundred_thousand_keys_are_compared_quickly(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    for (int i = 0; i < 100000; i++) {
        buffer_printf(&source, "key%d: 1\n", i);
    }
    buffer_append_string(&source, "key50000: 2\n");
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:100001:1: error: the key \"key50000\" is given twice: in "
                        "line 50001 and in line 100001; keep one of the two");
}

static void a_merge_key_brings_the_pairs_of_another_mapping(void **state) {
    expect("a: &a {x: 1, w: 2}\nm:\n  <<: *a\n  z: 3\n", "{\"z\": 3, \"x\": 1, \"w\": 2}");
    expect("m: {<<: {x: 1}, z: 3}\n", "{\"z\": 3, \"x\": 1}");
    expect("m: {!!merge anything: 1}\n", "{\"anything\": 1}");
    expect("m: {!!merge <<: {x: 1}}\n", "{\"x\": 1}");
}

static void own_keys_win_over_merged_ones(void **state) {
    expect("a: &a {x: 1, w: 2}\nm: {<<: *a, x: 9}\n", "{\"x\": 9, \"w\": 2}");
    expect("a: &a {x: 1, w: 2}\nm: {x: 9, <<: *a}\n", "{\"x\": 9, \"w\": 2}");
}

static void an_earlier_merged_mapping_wins_over_a_later_one(void **state) {
    expect("a: &a {x: 1}\nb: &b {x: 2, w: 2}\nm: {<<: [*a, *b, {w: 3, z: 3}]}\n",
           "{\"x\": 1, \"w\": 2, \"z\": 3}");
    expect("a: &a {x: 1}\nb: &b {x: 2, w: 2}\nm: {<<: *a, <<: *b}\n", "{\"x\": 1, \"w\": 2}");
    expect("a: &a {x: 1}\nm: {<<: []}\n", "{}");
}

static void merges_of_merges_are_resolved(void **state) {
    expect("a: &a {x: 1}\nb: &b {<<: *a, w: 2}\nm: {<<: *b, z: 3}\n",
           "{\"z\": 3, \"w\": 2, \"x\": 1}");
}

static void merged_pairs_are_marked(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("a: &a {x: 1}\nm: {<<: *a, w: 2}\n");
    const struct node *root = yaml_text_root(&text);

    assert_true(node_find(root, "m.x")->merged);
    assert_false(node_find(root, "m.w")->merged);
    assert_false(node_find(root, "a.x")->merged);
    assert_int_equal(node_find(root, "m.x")->line, 1);
    assert_null(node_find(root, "m.<<"));
}

static void a_quoted_merge_key_is_an_ordinary_key(void **state) {
    expect("m: {\"<<\": 1}\n", "{\"<<\": 1}");
    expect("m: {!!str <<: 1}\n", "{\"<<\": 1}");
    expect("k: &k <<\nm: {*k : 1}\n", "{\"<<\": 1}");
    expect("m: [<<]\n", "[\"<<\"]");
}

static void only_mappings_can_be_merged(void **state) {
    static const struct {
        const char *source;
        const char *message;
    } cases[] = {
        {"{<<: 1}",
         "t.yaml:1:6: error: << can only merge a mapping, and this is a number; give << an alias of a "
         "mapping, or a list of such aliases"},
        {"{<<: }",
         "t.yaml:1:5: error: << can only merge a mapping, and this is null; give << an alias of a mapping, or "
         "a list of such aliases"},
        {"{<<: [{a: b}, x]}",
         "t.yaml:1:15: error: << can only merge a mapping, and this is a string; give << an alias "
         "of a mapping, or a list of such aliases"},
        {"{a: &a [{b: c}], d: {<<: *a}}",
         "t.yaml:1:26: error: << can only merge a mapping, and this is a list; give << "
         "an alias of a mapping, or a list of such aliases"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(cases[i].source);
        assert_true(text.documents[0].failed);
        assert_string_equal(yaml_text_message(&text, 0), cases[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_given_twice_is_an_error_that_names_both_lines),
        cmocka_unit_test(every_further_use_of_a_key_is_reported),
        cmocka_unit_test(of_very_many_duplicates_the_first_are_reported),
        cmocka_unit_test(a_long_key_is_cut_in_the_message),
        cmocka_unit_test(a_hundred_thousand_keys_are_compared_quickly),
        cmocka_unit_test(a_merge_key_brings_the_pairs_of_another_mapping),
        cmocka_unit_test(own_keys_win_over_merged_ones),
        cmocka_unit_test(an_earlier_merged_mapping_wins_over_a_later_one),
        cmocka_unit_test(merges_of_merges_are_resolved),
        cmocka_unit_test(merged_pairs_are_marked),
        cmocka_unit_test(a_quoted_merge_key_is_an_ordinary_key),
        cmocka_unit_test(only_mappings_can_be_merged),
    };
    return cmocka_run_group_tests_name("yaml/mapping", tests, NULL, NULL);
}
