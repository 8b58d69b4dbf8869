/* SPDX-License-Identifier: Apache-2.0 */

/* Reading, comparing and building nodes. */

#include "yaml/tree.h"

#include "base/compiler.h"
#include "support/yaml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_path_leads_through_mappings(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("metadata:\n  name: x\n  labels: {a.b: c}\nlist: [a]\n");
    const struct node *root = yaml_text_root(&text);

    assert_string_equal(yaml_text_value(node_find(root, "metadata.name")), "x");
    assert_string_equal(yaml_text_value(node_find(root, "metadata")), "(mapping)");
    assert_null(node_find(root, "metadata.name.first"));
    assert_null(node_find(root, "metadata.labels.a.b"));
    assert_null(node_find(root, "list.a"));
    assert_null(node_find(root, ""));
    assert_null(node_find(root, "metadata."));
    assert_null(node_find(NULL, "a"));
    assert_string_equal(yaml_text_value(node_get(node_find(root, "metadata.labels"), "a.b")), "c");
    assert_null(node_get(NULL, "a"));
    assert_null(node_get(node_get(root, "list"), "a"));
}

static void a_node_has_a_location(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("a:\n  b: c\n");
    struct location location = node_location(node_find(yaml_text_root(&text), "a.b"), "f.yaml");

    assert_string_equal(location.file, "f.yaml");
    assert_int_equal(location.line, 2);
    assert_int_equal(location.column, 6);
    location = node_location(NULL, "f.yaml");
    assert_string_equal(location.file, "f.yaml");
    assert_int_equal(location.line, 0);
}

static void each_type_has_a_name_for_messages(void **state) {
    static const struct {
        const char *source;
        const char *name;
        bool null;
        bool string;
    } cases[] = {
        {"x", "a string", false, true},     {"'1'", "a string", false, true},
        {"1", "a number", false, false},    {"1.5", "a number", false, false},
        {"yes", "a boolean", false, false}, {"~", "null", true, false},
        {"[]", "a list", false, false},     {"{}", "a mapping", false, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(cases[i].source);
        const struct node *root = yaml_text_root(&text);
        assert_string_equal(node_type_name(root), cases[i].name);
        assert_int_equal(node_is_null(root), cases[i].null);
        assert_int_equal(node_is_string(root), cases[i].string);
    }
    assert_string_equal(node_type_name(NULL), "null");
    assert_true(node_is_null(NULL));
    assert_false(node_is_string(NULL));
}

static void only_a_plain_tilde_is_a_null_that_may_be_meant_as_text(void **state) {
    static const char *const others[] = {"null", "NULL", "'~'", "!!null ~", "~x", "[~]"};
    CLEANUP(yaml_text_free) struct yaml_text tilde = yaml_text_read("~");

    assert_true(node_is_tilde(yaml_text_root(&tilde)));
    assert_false(node_is_tilde(NULL));
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(others[i]);
        assert_false(node_is_tilde(yaml_text_root(&text)));
    }
}

static bool equal(const char *left, const char *right) {
    CLEANUP(yaml_text_free) struct yaml_text left_text = yaml_text_read(left);
    CLEANUP(yaml_text_free) struct yaml_text right_text = yaml_text_read(right);
    const struct node *a = yaml_text_root(&left_text);
    const struct node *b = yaml_text_root(&right_text);
    bool result = node_equal(a, b);

    assert_int_equal(node_equal(b, a), result);
    assert_true(node_equal(a, a));
    return result;
}

static void the_same_data_is_equal_however_it_is_written(void **state) {
    static const char *const cases[][2] = {
        {"a: 1\nb: [x, w]", "{b: [\"x\", 'w'], \"a\": 1}"},
        {"a", "\"a\""},
        {"31", "0x1F"},
        {"yes", "true"},
        {"~", "null"},
        {"1.5", "15e-1"},
        {".nan", ".NaN"},
        {".inf", "+.INF"},
        {"!!float 12", "12.0"},
        {"--- ", "~"},
        {"x: &a {k: v}\nw: *a", "{x: {k: v}, w: {k: v}}"},
        {"x: &a {k: v}\nz:\n  <<: *a", "{x: {k: v}, z: {k: v}}"},
        {"[]", "!!seq []"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(equal(cases[i][0], cases[i][1]));
    }
}

static void different_data_is_not_equal(void **state) {
    static const char *const cases[][2] = {
        {"a", "b"},
        {"1", "'1'"},
        {"1", "2"},
        {"1", "1.0"},
        {"yes", "no"},
        {"yes", "'yes'"},
        {"1.5", "1.6"},
        {".inf", "-.inf"},
        {".nan", "1.5"},
        {"~", "''"},
        {"[a]", "[b]"},
        {"[a]", "[a, a]"},
        {"[a, b]", "[b, a]"},
        {"{a: 1}", "{a: 2}"},
        {"{a: 1}", "{b: 1}"},
        {"{a: 1}", "{a: 1, b: 1}"},
        {"{a: ~}", "{}"},
        {"[]", "{}"},
        {"{1: a}", "{'1': a}"},
        {"[a]", "a"},
        {"[]", "~"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_false(equal(cases[i][0], cases[i][1]));
    }
}

static void nothing_equals_null_only(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text null = yaml_text_read("~");
    CLEANUP(yaml_text_free) struct yaml_text other = yaml_text_read("x");

    assert_true(node_equal(NULL, NULL));
    assert_true(node_equal(NULL, yaml_text_root(&null)));
    assert_true(node_equal(yaml_text_root(&null), NULL));
    assert_false(node_equal(NULL, yaml_text_root(&other)));
    assert_false(node_equal(yaml_text_root(&other), NULL));
}

static void a_built_tree_equals_the_parsed_one(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read(
        "{url: x, num: -5, t: true, f: false, list: [a, 1], tls: {ca: {file: w}, key: z}}");
    struct node *root = node_new_mapping(arena);
    struct node *list = node_new_sequence(arena);

    node_append(arena, list, node_new_string(arena, BYTES("a")));
    node_append(arena, list, node_new_integer(arena, 1));
    node_put(arena, root, "url", node_new_string(arena, BYTES("x")));
    node_put(arena, root, "num", node_new_integer(arena, -5));
    node_put(arena, root, "t", node_new_bool(arena, true));
    node_put(arena, root, "f", node_new_bool(arena, false));
    node_put(arena, root, "list", list);
    node_put_path(arena, root, "tls.ca.file", node_new_string(arena, BYTES("w")));
    node_put_path(arena, root, "tls.key", node_new_string(arena, BYTES("z")));
    assert_true(node_equal(root, yaml_text_root(&text)));
}

static void putting_a_key_again_replaces_its_value(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct node *root = node_new_mapping(arena);

    node_put(arena, root, "a", node_new_integer(arena, 1));
    node_put(arena, root, "b", node_new_integer(arena, 2));
    node_put(arena, root, "a", node_new_integer(arena, 3));
    assert_int_equal(root->mapping.count, 2);
    assert_int_equal(node_get(root, "a")->scalar.integer, 3);
    node_put_path(arena, root, "a.b", node_new_integer(arena, 4));
    assert_int_equal(node_find(root, "a.b")->scalar.integer, 4);
    node_put_path(arena, root, "a.b", NULL);
    assert_null(node_find(root, "a.b"));
}

static void built_lists_and_mappings_grow(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct node *mapping = node_new_mapping(arena);
    struct node *list = node_new_sequence(arena);

    for (int i = 0; i < 300; i++) {
        node_put(arena, mapping, arena_format(arena, "k%d", i), node_new_integer(arena, i));
        node_append(arena, list, node_new_integer(arena, i));
    }
    for (int i = 0; i < 300; i++) {
        assert_int_equal(node_get(mapping, arena_format(arena, "k%d", i))->scalar.integer, i);
        assert_int_equal(list->sequence.items[i]->scalar.integer, i);
    }
    assert_int_equal(mapping->mapping.count, 300);
    assert_int_equal(list->sequence.count, 300);
}

static void keys_put_in_any_order_are_found(void **state) {
    static const char *const orders[] = {"abcdefgh", "hgfedcba", "abfecdhg", "badcfehg"};

    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        struct node *root = node_new_mapping(arena);
        for (size_t round = 0; round < 2; round++) {
            for (const char *name = orders[i]; *name != '\0'; name++) {
                const char key[] = {*name, '\0'};
                node_put(arena, root, key, node_new_integer(arena, *name));
            }
        }
        assert_int_equal(root->mapping.count, 8);
        for (const char *name = orders[i]; *name != '\0'; name++) {
            const char key[] = {*name, '\0'};
            assert_int_equal(node_get(root, key)->scalar.integer, *name);
        }
        assert_int_equal(yaml_text_value(root->mapping.pairs[0].key)[0], orders[i][0]);
        assert_null(node_get(root, "aa"));
        assert_null(node_get(root, "z"));
    }
}

static void a_hundred_thousand_keys_in_order_are_put_quickly(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct node *root = node_new_mapping(arena);

    for (int i = 0; i < 100000; i++) {
        node_put(arena, root, arena_format(arena, "k%06d", i), NULL);
    }
    assert_int_equal(root->mapping.count, 100000);
}

static void what_is_put_into_a_parsed_node_harms_no_other(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("{a: &a {k: v}, b: *a, c: &c [x], d: *c}");
    const struct node *root = yaml_text_root(&text);
    struct node *mapping = root->mapping.pairs[1].value;
    struct node *list = root->mapping.pairs[3].value;

    for (int i = 0; i < 20; i++) {
        node_put(arena, mapping, arena_format(arena, "k%d", i), NULL);
        node_append(arena, list, NULL);
    }
    assert_int_equal(node_get(root, "a")->mapping.count, 1);
    assert_int_equal(node_get(root, "b")->mapping.count, 21);
    assert_int_equal(node_get(root, "c")->sequence.count, 1);
    assert_int_equal(node_get(root, "d")->sequence.count, 21);
}

static void built_scalars_are_copies(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    char value[] = "abc";
    const struct node *node = node_new_string(arena, bytes_of(value));
    const struct node *smallest = node_new_integer(arena, INT64_MIN);

    value[0] = 'x';
    assert_string_equal(yaml_text_value(node), "abc");
    assert_true(node_is_string(node));
    assert_string_equal(yaml_text_value(smallest), "-9223372036854775808");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_leads_through_mappings),
        cmocka_unit_test(a_node_has_a_location),
        cmocka_unit_test(each_type_has_a_name_for_messages),
        cmocka_unit_test(only_a_plain_tilde_is_a_null_that_may_be_meant_as_text),
        cmocka_unit_test(the_same_data_is_equal_however_it_is_written),
        cmocka_unit_test(different_data_is_not_equal),
        cmocka_unit_test(nothing_equals_null_only),
        cmocka_unit_test(a_built_tree_equals_the_parsed_one),
        cmocka_unit_test(putting_a_key_again_replaces_its_value),
        cmocka_unit_test(built_lists_and_mappings_grow),
        cmocka_unit_test(keys_put_in_any_order_are_found),
        cmocka_unit_test(a_hundred_thousand_keys_in_order_are_put_quickly),
        cmocka_unit_test(what_is_put_into_a_parsed_node_harms_no_other),
        cmocka_unit_test(built_scalars_are_copies),
    };
    return cmocka_run_group_tests_name("yaml/tree (nodes)", tests, NULL, NULL);
}
