/* SPDX-License-Identifier: Apache-2.0 */

/* Anchors, aliases and limits: what a text may cost is bounded before it costs it. */

#include "yaml/build.h"

#include "base/compiler.h"
#include "support/yaml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct yaml_text read_within(const char *source, size_t depth, size_t nodes, size_t scalar) {
    const struct yaml_limits limits = {
        .depth = depth, .nodes = nodes, .documents = 10, .scalar = scalar};
    return yaml_text_read_bytes(bytes_of(source), &limits);
}

/* --- anchors and aliases --- */

static void a_later_anchor_of_the_same_name_counts_from_there_on(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("[&a 1, *a, &a 2, *a, &b [&b 3, *b], *b]");

    const struct node *root = yaml_text_root(&text);
    assert_string_equal(yaml_text_value(root->sequence.items[1]), "1");
    assert_string_equal(yaml_text_value(root->sequence.items[3]), "2");
    assert_string_equal(yaml_text_value(root->sequence.items[5]), "3");
}

static void an_alias_without_an_anchor_is_an_error(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("a: &x 1\nb:\n  c: *y\n");
    CLEANUP(yaml_text_free) struct yaml_text root = yaml_text_read("*x");

    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:3:6: error: an alias has no anchor; put a value that begins "
                        "with * in quotes, or name an anchor (&name) that stands above, in the "
                        "same document");
    assert_true(text.documents[0].failed);
    assert_true(root.documents[0].failed);
}

static void a_long_name_is_cut_in_the_message(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    buffer_append_char(&source, '*');
    buffer_append_repeated(&source, 'x', 1000);
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_true(strlen(yaml_text_message(&text, 0)) < 250);
}

static void an_anchor_of_another_document_is_none(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("a: &x 1\n---\nb: *x\n");

    assert_false(text.documents[0].failed);
    assert_true(text.documents[1].failed);
}

static void an_anchor_that_contains_itself_is_an_error(void **state) {
    static const char *const cases[] = {"&a [*a]", "&a {k: *a}", "&a [1, {b: [*a]}]", "&a {<<: *a}",
                                        "&a {*a : 1}"};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(cases[i]);
        assert_true(text.documents[0].failed);
        assert_int_equal(text.diagnostics.count, 1);
        assert_non_null(strstr(yaml_text_message(&text, 0),
                               "the alias *a stands within the value that it names"));
    }
}

/* --- keys and values --- */

static void a_key_must_be_a_string_or_so(void **state) {
    static const struct {
        const char *source;
        const char *message;
    } cases[] = {
        {"[a]: b",
         "t.yaml:1:1: error: a key must be a string, and this is a list; use a string as the key; put a value "
         "that begins with { or [ in quotes"},
        {"a: {{ x }}",
         "t.yaml:1:5: error: a key must be a string, and this is a mapping; use a string as the key; put a "
         "value that begins with { or [ in quotes"},
        {"? - a\n: b",
         "t.yaml:1:3: error: a key must be a string, and this is a list; use a string as the key; put a "
         "value that begins with { or [ in quotes"},
        {"?\n: b",
         "t.yaml:1:2: error: a key is missing here, or it is null; write a name before the colon, or put "
         "the key in quotes"},
        {"~: b",
         "t.yaml:1:1: error: a key is missing here, or it is null; write a name before the colon, or put the key "
         "in quotes"},
        {"- &x [a]\n- *x : b",
         "t.yaml:2:3: error: a key must be a string, and this is a list; use a string as the key; "
         "put a value that begins with { or [ in quotes"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(cases[i].source);
        assert_true(text.documents[0].failed);
        assert_int_equal(text.diagnostics.count, 1);
        assert_string_equal(yaml_text_message(&text, 0), cases[i].message);
    }
}

static void keys_may_be_numbers_and_booleans(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("1: a\nyes: b\n2.5: c\n\"\": d\n&x y: e\nz: {*x : f}\n");
    const struct node *root = yaml_text_root(&text);

    assert_string_equal(yaml_text_value(node_get(root, "1")), "a");
    assert_string_equal(yaml_text_value(node_get(root, "yes")), "b");
    assert_string_equal(yaml_text_value(node_get(root, "")), "d");
    assert_string_equal(yaml_text_value(node_find(root, "z.y")), "f");
}

static void a_value_that_is_not_what_its_tag_says_is_an_error(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("a: !!int hunter2\nb: !!binary aGk=\n");

    assert_int_equal(text.diagnostics.count, 2);
    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:1:10: error: the value is not what its tag !!int says; "
                        "correct the value, or remove the tag");
    assert_string_equal(yaml_text_message(&text, 1),
                        "t.yaml:2:13: error: values tagged !!binary are not supported; "
                        "write the text itself, or use a field that takes base64");
}

static void an_escaped_nul_is_an_error(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("a: \"x\\0y\"");

    assert_string_equal(yaml_text_message(&text, 0),
                        "t.yaml:1:4: error: a value holds the NUL character; remove the \\0");
}

static void a_document_full_of_errors_is_not_read_to_its_end(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    for (int i = 0; i < 100; i++) {
        buffer_printf(&source, "- *x%d\n", i);
    }
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_true(text.documents[0].failed);
    assert_int_equal(text.diagnostics.count, 20);
}

/* --- limits --- */

static void nesting_has_a_limit(void **state) {
    static const char *const fit[] = {"[[[1]]]", "a: {b: {c: 1}}", "- - - 1", "a: [&x [1], *x]"};
    static const char *const too_deep[] = {"[[[[1]]]]", "a: {b: {c: {}}}", "- - - - 1",
                                           "[&x [[]], {b: *x, c: [*x]}]"};

    for (size_t i = 0; i < ARRAY_LENGTH(fit); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = read_within(fit[i], 3, 100, 100);
        assert_false(text.documents[0].failed);
        CLEANUP(yaml_text_free) struct yaml_text deep = read_within(too_deep[i], 3, 100, 100);
        assert_true(deep.documents[0].failed);
        assert_int_equal(deep.diagnostics.count, 1);
        assert_non_null(
            strstr(yaml_text_message(&deep, 0), "nested deeper than 3 levels; nest less deeply"));
    }
}

static void a_hundred_thousand_brackets_are_refused_at_the_limit(void **state) {
    static const char openers[] = {'[', '{'};

    for (size_t i = 0; i < ARRAY_LENGTH(openers); i++) {
        CLEANUP(buffer_free) struct buffer source = {0};
        buffer_append_repeated(&source, openers[i], 100000);
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
        assert_string_equal(yaml_text_message(&text, 0),
                            "t.yaml:1:65: error: lists and mappings are nested deeper than "
                            "64 levels; nest less deeply");
        assert_true(arena_size(text.arena) < 100000);
    }
}

static void values_are_counted_with_aliases_written_out(void **state) {
    /* 1 root, 3 + 1 for the first list, 4 for each alias: 13 */
    const char *source = "[&a [1, 2, 3], *a, *a]";
    CLEANUP(yaml_text_free) struct yaml_text fits = read_within(source, 10, 13, 100);
    CLEANUP(yaml_text_free) struct yaml_text over = read_within(source, 10, 12, 100);
    CLEANUP(yaml_text_free) struct yaml_text scalar = read_within("[1, 2]", 10, 2, 100);
    CLEANUP(yaml_text_free) struct yaml_text list = read_within("[1, []]", 10, 2, 100);

    assert_false(fits.documents[0].failed);
    assert_string_equal(
        yaml_text_message(&over, 0),
        "t.yaml:1:20: error: the document has more than 12 values, aliases counted as if written out; "
        "split the document, or use fewer aliases");
    assert_true(scalar.documents[0].failed);
    assert_true(list.documents[0].failed);
}

static void the_documents_of_a_text_share_a_budget(void **state) {
    /* 3 values each */
    CLEANUP(yaml_text_free)
    struct yaml_text fits = read_within("--- [1, 2]\n--- [3, 4]\n", 10, 6, 100);
    CLEANUP(yaml_text_free)
    struct yaml_text over = read_within("--- [1, 2]\n--- [3, 4]\n--- [5, 6]\n--- 7\n", 10, 8, 100);

    assert_false(fits.documents[0].failed || fits.documents[1].failed);
    assert_int_equal(over.count, 4);
    assert_false(over.documents[0].failed || over.documents[1].failed);
    assert_true(over.documents[2].failed && over.documents[3].failed);
    assert_int_equal(over.documents[3].line, 4);
    assert_int_equal(over.diagnostics.count, 1);
    assert_string_equal(yaml_text_message(&over, 0),
                        "t.yaml:3:9: error: the file has more than 8 values in its documents; what "
                        "follows is not read; split the file");
}

/* A document that is refused for what its aliases stand for is no burden to the next. */
static void a_bomb_leaves_room_for_other_documents(void **state) {
    const char *source = "--- [&a [1, 2, 3, 4, 5, 6, 7, 8], *a, *a, *a, *a]\n--- [1]\n"
                         "--- [&a [1, 2, 3, 4, 5, 6, 7, 8], *a, *a, *a, *a]\n--- [2]\n";
    /* 46 with the aliases written out; 13 are made before that is known */
    CLEANUP(yaml_text_free) struct yaml_text text = read_within(source, 10, 40, 100);

    assert_int_equal(text.count, 4);
    assert_true(text.documents[0].failed && text.documents[2].failed);
    assert_false(text.documents[1].failed || text.documents[3].failed);
}

/* A merge makes a node of each pair. */
static void what_is_merged_is_made(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};
    const size_t pairs = 1000;
    const size_t merges = 100;
    const size_t documents = 50;

    for (size_t i = 0; i < documents; i++) {
        buffer_append_string(&source, "---\n- &a {");
        for (size_t j = 0; j < pairs; j++) {
            buffer_printf(&source, "%s%zu: 1", j > 0 ? ", " : "", j);
        }
        buffer_append_string(&source, "}\n");
        for (size_t j = 0; j < merges; j++) {
            buffer_append_string(&source, "- <<: *a\n");
        }
    }
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
    assert_int_equal(text.count, documents);
    assert_false(text.documents[0].failed);
    assert_true(text.documents[documents - 1].failed);
    assert_int_equal(text.diagnostics.count, 1);
    assert_true(arena_size(text.arena) < (size_t)250 << 20);
}

static void an_alias_of_a_long_text_counts_as_much_as_the_text(void **state) {
    CLEANUP(buffer_free) struct buffer source = {0};

    buffer_append_string(&source, "[&a ");
    buffer_append_repeated(&source, 'x', 640);
    buffer_append_string(&source, ", *a, *a]");
    /* 1 root, 11 for the text, 11 for each alias: 34 */
    CLEANUP(yaml_text_free)
    struct yaml_text fits = read_within(buffer_string(&source), 10, 34, 1000);
    CLEANUP(yaml_text_free)
    struct yaml_text over = read_within(buffer_string(&source), 10, 33, 1000);

    assert_false(fits.documents[0].failed);
    assert_true(over.documents[0].failed);
}

/* Each line holds ten of the line before. */
static void append_laughs(struct buffer *source, const char *open, const char *between,
                          const char *close) {
    buffer_append_string(source, "a0: &a0 {k: lol}\n");
    for (int i = 1; i < 20; i++) {
        buffer_printf(source, "a%d: &a%d %s", i, i, open);
        for (int j = 0; j < 10; j++) {
            buffer_printf(source, "%s*a%d", j > 0 ? between : "", i - 1);
        }
        buffer_printf(source, "%s\n", close);
    }
}

static void a_billion_laughs_are_refused_while_they_are_small(void **state) {
    CLEANUP(buffer_free) struct buffer lists = {0};
    CLEANUP(buffer_free) struct buffer merges = {0};

    append_laughs(&lists, "[", ", ", "]");
    append_laughs(&merges, "{<<: [", ", ", "]}");
    CLEANUP(yaml_text_free) struct yaml_text list_text = yaml_text_read(buffer_string(&lists));
    CLEANUP(yaml_text_free) struct yaml_text merge_text = yaml_text_read(buffer_string(&merges));
    assert_non_null(strstr(yaml_text_message(&list_text, 0), "more than 1000000 values"));
    assert_non_null(strstr(yaml_text_message(&merge_text, 0), "more than 1000000 values"));
    assert_true(arena_size(list_text.arena) < 1000000);
    assert_true(arena_size(merge_text.arena) < 1000000);
}

static void a_scalar_has_a_limit(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text fits = read_within("a: 1234567890", 10, 10, 10);
    CLEANUP(yaml_text_free)
    struct yaml_text over = read_within("a: \"1234567890\\n\"\nb: 1\n", 10, 10, 10);

    assert_false(fits.documents[0].failed);
    assert_string_equal(
        yaml_text_message(&over, 0),
        "t.yaml:1:4: error: a value of 11 bytes is longer than the limit of 10; shorten it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_anchor_of_the_same_name_counts_from_there_on),
        cmocka_unit_test(an_alias_without_an_anchor_is_an_error),
        cmocka_unit_test(a_long_name_is_cut_in_the_message),
        cmocka_unit_test(an_anchor_of_another_document_is_none),
        cmocka_unit_test(an_anchor_that_contains_itself_is_an_error),
        cmocka_unit_test(a_key_must_be_a_string_or_so),
        cmocka_unit_test(keys_may_be_numbers_and_booleans),
        cmocka_unit_test(a_value_that_is_not_what_its_tag_says_is_an_error),
        cmocka_unit_test(an_escaped_nul_is_an_error),
        cmocka_unit_test(a_document_full_of_errors_is_not_read_to_its_end),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_hundred_thousand_brackets_are_refused_at_the_limit),
        cmocka_unit_test(values_are_counted_with_aliases_written_out),
        cmocka_unit_test(the_documents_of_a_text_share_a_budget),
        cmocka_unit_test(a_bomb_leaves_room_for_other_documents),
        cmocka_unit_test(what_is_merged_is_made),
        cmocka_unit_test(an_alias_of_a_long_text_counts_as_much_as_the_text),
        cmocka_unit_test(a_billion_laughs_are_refused_while_they_are_small),
        cmocka_unit_test(a_scalar_has_a_limit),
    };
    return cmocka_run_group_tests_name("yaml/build", tests, NULL, NULL);
}
