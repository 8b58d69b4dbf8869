/* SPDX-License-Identifier: Apache-2.0 */

/* A text as a tree in which every node knows where it stands. */

#include "yaml/tree.h"

#include "base/compiler.h"
#include "support/yaml_text.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The node stands at line:column and its bytes are these. */
static void stands_at(const char *text, const struct node *node, unsigned line, unsigned column,
                      const char *bytes) {
    struct bytes own = bytes_slice(bytes_of(text), node->start, node->end);

    assert_string_equal(bytes_equal_string(own, bytes) ? bytes : "(other bytes)", bytes);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
}

static const struct node *item(const struct node *sequence, size_t index) {
    assert_int_equal(sequence->type, NODE_SEQUENCE);
    assert_true(index < sequence->sequence.count);
    return sequence->sequence.items[index];
}

static const struct node_pair *pair(const struct node *mapping, size_t index) {
    assert_int_equal(mapping->type, NODE_MAPPING);
    assert_true(index < mapping->mapping.count);
    return &mapping->mapping.pairs[index];
}

/* --- documents --- */

static void each_document_has_a_root_and_its_bytes(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("# c\n--- \na: 1\n---\nb: 2\n...\n# d\n---\nc: 3\n");

    assert_int_equal(text.result, 0);
    assert_int_equal(text.count, 3);
    assert_int_equal(text.documents[0].start, 4);
    assert_int_equal(text.documents[0].line, 2);
    assert_int_equal(text.documents[0].end, 14);
    assert_int_equal(text.documents[0].content_end, 14);
    assert_int_equal(text.documents[1].start, 14);
    assert_int_equal(text.documents[1].line, 4);
    assert_int_equal(text.documents[1].content_end, 23);
    assert_int_equal(text.documents[1].end, 31);
    assert_int_equal(text.documents[2].line, 8);
    assert_int_equal(text.documents[2].end, 40);
    assert_int_equal(text.documents[2].content_end, 40);
    assert_string_equal(yaml_text_value(node_get(text.documents[2].root, "c")), "3");
    assert_int_equal(node_get(text.documents[2].root, "c")->start, 38);
    assert_int_equal(node_get(text.documents[2].root, "c")->line, 9);
}

static void a_text_of_comments_has_no_document(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("# c\n\n");
    CLEANUP(yaml_text_free) struct yaml_text empty = yaml_text_read("");

    assert_int_equal(text.result, 0);
    assert_int_equal(text.count, 0);
    assert_int_equal(empty.result, 0);
    assert_int_equal(empty.count, 0);
}

static void a_marker_with_nothing_behind_it_is_a_document_without_a_root(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("---\n# c\n---\n--- ~\n--- &a\n---");

    assert_int_equal(text.count, 5);
    assert_null(text.documents[0].root);
    assert_false(text.documents[0].failed);
    assert_null(text.documents[1].root);
    assert_non_null(text.documents[2].root);
    assert_true(node_is_null(text.documents[2].root));
    assert_non_null(text.documents[3].root);
    assert_null(text.documents[4].root);
}

static void a_mistake_spoils_only_its_own_document(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("a: 1\n---\nb: \"x\n---\nc: 3\n...\n]\n...\nd: 4\n");

    assert_int_equal(text.result, 0);
    assert_int_equal(text.count, 5);
    assert_int_equal(text.diagnostics.count, 2);
    assert_string_equal(yaml_text_value(node_get(text.documents[0].root, "a")), "1");
    assert_true(text.documents[1].failed);
    assert_null(text.documents[1].root);
    assert_string_equal(yaml_text_value(node_get(text.documents[2].root, "c")), "3");
    assert_true(text.documents[3].failed);
    assert_string_equal(yaml_text_value(node_get(text.documents[4].root, "d")), "4");
}

static void directives_reach_their_document(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read(
        "%YAML 1.1\n%TAG !x! tag:yaml.org,2002:\n---\na: !x!str 1\n---\nb: !x!str 1\n");

    assert_int_equal(text.count, 2);
    assert_true(node_is_string(node_get(text.documents[0].root, "a")));
    assert_string_equal(node_get(text.documents[0].root, "a")->tag, "tag:yaml.org,2002:str");
    assert_true(text.documents[1].failed);
    assert_int_equal(text.documents[0].start, 0);
}

static void a_byte_order_mark_is_passed_over_and_counted_in_offsets(void **state) {
    const char *source = "\xef\xbb\xbf"
                         "a: 1\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);

    const struct node *root = yaml_text_root(&text);
    stands_at(source, pair(root, 0)->key, 1, 1, "a");
    assert_int_equal(pair(root, 0)->key->start, 3);
    assert_int_equal(text.documents[0].start, 3);
    assert_int_equal(text.documents[0].end, 8);
}

static void too_many_documents_are_refused_as_a_whole(void **state) {
    struct yaml_limits limits = yaml_default_limits;
    limits.documents = 2;
    CLEANUP(yaml_text_free)
    struct yaml_text fine = yaml_text_read_bytes(BYTES("a\n---\nb\n---"), &limits);
    limits.documents = 3;
    CLEANUP(yaml_text_free)
    struct yaml_text good = yaml_text_read_bytes(BYTES("a\n---\nb\n---"), &limits);

    assert_int_equal(fine.result, -EINVAL);
    assert_string_equal(yaml_text_message(&fine, 0),
                        "t.yaml:4:1: error: the file has more than 2 documents; split the file");
    assert_int_equal(good.count, 3);
}

static void what_is_no_text_is_refused_as_a_whole(void **state) {
    static const struct {
        struct bytes text;
        const char *message;
    } cases[] = {
        {{"a: \xff", 4}, "t.yaml:1:4: error: the byte 0xff is not UTF-8; save the file as UTF-8"},
        {{"a: 1\n\xc3\xa9\xc3", 8},
         "t.yaml:2:2: error: the byte 0xc3 is not UTF-8; save the file as UTF-8"},
        {{"a\0b", 3},
         "t.yaml:1:2: error: found a NUL byte; remove it; if every second byte is NUL, save the file as UTF-8"},
        {{"\xff\xfe"
          "a\0",
          4},
         "t.yaml:1:1: error: the text is UTF-16; save the file as UTF-8"},
        {{"\xfe\xff\0a", 4}, "t.yaml:1:1: error: the text is UTF-16; save the file as UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(yaml_text_free)
        struct yaml_text text = yaml_text_read_bytes(cases[i].text, &yaml_default_limits);
        assert_int_equal(text.result, -EINVAL);
        assert_int_equal(text.diagnostics.count, 1);
        assert_string_equal(yaml_text_message(&text, 0), cases[i].message);
        assert_null(text.documents);
    }
}

/* --- nodes --- */

static void scalars_have_text_style_and_kind(void **state) {
    static const struct {
        const char *source;
        const char *value;
        enum scalar_style style;
        enum scalar_kind kind;
    } cases[] = {
        {"x y", "x y", SCALAR_PLAIN, SCALAR_STRING},
        {"x\n  y", "x y", SCALAR_PLAIN, SCALAR_STRING},
        {"'x''y'", "x'y", SCALAR_SINGLE_QUOTED, SCALAR_STRING},
        {"\"x\\n\\u00e9\"", "x\n\xc3\xa9", SCALAR_DOUBLE_QUOTED, SCALAR_STRING},
        {"|\n  x\n  y\n", "x\ny\n", SCALAR_LITERAL, SCALAR_STRING},
        {">-\n  x\n  y\n", "x y", SCALAR_FOLDED, SCALAR_STRING},
        {"012", "012", SCALAR_PLAIN, SCALAR_INTEGER},
        {"'012'", "012", SCALAR_SINGLE_QUOTED, SCALAR_STRING},
        {"yes", "yes", SCALAR_PLAIN, SCALAR_BOOL},
        {"\"yes\"", "yes", SCALAR_DOUBLE_QUOTED, SCALAR_STRING},
        {"~", "~", SCALAR_PLAIN, SCALAR_NULL},
        {"", "", SCALAR_PLAIN, SCALAR_NULL},
        {"''", "", SCALAR_SINGLE_QUOTED, SCALAR_STRING},
        {"1e3", "1e3", SCALAR_PLAIN, SCALAR_FLOAT},
        {"2001-01-01", "2001-01-01", SCALAR_PLAIN, SCALAR_STRING},
        {"|\n  12\n", "12\n", SCALAR_LITERAL, SCALAR_STRING},
        {"!!str 12", "12", SCALAR_PLAIN, SCALAR_STRING},
        {"!!int \"12\"", "12", SCALAR_DOUBLE_QUOTED, SCALAR_INTEGER},
        {"! 12", "12", SCALAR_PLAIN, SCALAR_STRING},
        {"!local 12", "12", SCALAR_PLAIN, SCALAR_STRING},
        {"!<tag:yaml.org,2002:str> 12", "12", SCALAR_PLAIN, SCALAR_STRING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer source = {0};
        buffer_printf(&source, "k: %s", cases[i].source);
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
        const struct node *node = node_get(yaml_text_root(&text), "k");
        assert_string_equal(yaml_text_value(node), cases[i].value);
        assert_int_equal(node->scalar.text.length, strlen(cases[i].value));
        assert_int_equal(node->scalar.style, cases[i].style);
        assert_int_equal(node->scalar.kind, cases[i].kind);
    }
}

static void every_node_knows_where_it_stands(void **state) {
    const char *source = "a: 1 # c\n"
                         "b:\n"
                         "  - 'x'\n"
                         "  - \"\xc3\xa9\": y z\n"
                         "    q: [1, {k: v}]\n"
                         "\n"
                         "# end\n"
                         "c: |\n"
                         "  text\n"
                         "\n"
                         "d: last\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, node_get(root, "a"), 1, 4, "1");
    stands_at(source, pair(root, 1)->key, 2, 1, "b");
    const struct node *list = node_get(root, "b");
    stands_at(source, list, 3, 3, "- 'x'\n  - \"\xc3\xa9\": y z\n    q: [1, {k: v}]");
    assert_false(list->flow);
    stands_at(source, item(list, 0), 3, 5, "'x'");
    const struct node *second = item(list, 1);
    stands_at(source, second, 4, 5, "\"\xc3\xa9\": y z\n    q: [1, {k: v}]");
    stands_at(source, pair(second, 0)->key, 4, 5, "\"\xc3\xa9\"");
    stands_at(source, pair(second, 0)->value, 4, 10, "y z");
    const struct node *flow = node_get(second, "q");
    assert_true(flow->flow);
    stands_at(source, flow, 5, 8, "[1, {k: v}]");
    stands_at(source, item(flow, 1), 5, 12, "{k: v}");
    stands_at(source, node_find(item(flow, 1), "k"), 5, 16, "v");
    stands_at(source, node_get(root, "c"), 8, 4, "|\n  text\n");
    assert_int_equal(root->start, 0);
    assert_int_equal(root->end, strlen(source) - 1);
}

static void a_block_collection_ends_with_its_last_descendant(void **state) {
    const char *source = "a:\n- b:\n    - c\n\n  # x\n\n# y\nd: e\n# z\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, node_get(root, "a"), 2, 1, "- b:\n    - c");
    stands_at(source, item(node_get(root, "a"), 0), 2, 3, "b:\n    - c");
    stands_at(source, root, 1, 1, "a:\n- b:\n    - c\n\n  # x\n\n# y\nd: e");
}

static void a_scalar_s_place_leaves_out_anchor_and_tag(void **state) {
    const char *source =
        "a: &x !!str v\nb: !!int  &y # c\n  12\nc: &z [1]\nd: !!map &m\n  &k k: v\n"
        "e: !<tag:yaml.org,2002:str> w\nf: [!!str , &n , !!str &o , ! 'q']\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, node_get(root, "a"), 1, 13, "v");
    assert_string_equal(node_get(root, "a")->anchor, "x");
    stands_at(source, node_get(root, "b"), 3, 3, "12");
    stands_at(source, node_get(root, "c"), 4, 7, "[1]");
    stands_at(source, node_get(root, "d"), 6, 3, "&k k: v");
    assert_string_equal(node_get(root, "d")->tag, "tag:yaml.org,2002:map");
    stands_at(source, pair(node_get(root, "d"), 0)->key, 6, 6, "k");
    stands_at(source, node_get(root, "e"), 7, 29, "w");
    const struct node *list = node_get(root, "f");
    stands_at(source, item(list, 0), 8, 10, "");
    stands_at(source, item(list, 1), 8, 15, "");
    stands_at(source, item(list, 2), 8, 26, "");
    stands_at(source, item(list, 3), 8, 31, "'q'");
}

static void an_absent_value_stands_behind_its_colon(void **state) {
    const char *source =
        "a:\nb: # c\nc :\n\n# x\nd: {e, f: , 'g' :, h : }\n? i # y\n# z\n? j\n:\n# end\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);
    static const struct {
        const char *path;
        unsigned line;
        unsigned column;
    } cases[] = {
        {"a", 1, 3},    {"b", 2, 3},    {"c", 3, 4}, {"d.e", 6, 6}, {"d.f", 6, 10},
        {"d.g", 6, 18}, {"d.h", 6, 23}, {"i", 7, 4}, {"j", 10, 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct node *node = node_find(root, cases[i].path);
        assert_non_null(node);
        assert_true(node_is_null(node));
        stands_at(source, node, cases[i].line, cases[i].column, "");
    }
    stands_at(source, root, 1, 1,
              "a:\nb: # c\nc :\n\n# x\nd: {e, f: , 'g' :, h : }\n? i # y\n# z\n? j\n:");
}

static void an_absent_item_stands_behind_its_dash(void **state) {
    const char *source = "-\n- # c\n- x\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, item(root, 0), 1, 2, "");
    stands_at(source, item(root, 1), 2, 2, "");
}

static void a_block_scalar_ends_behind_its_last_line(void **state) {
    const char *source =
        "a: |\n  x\n\n\nb: |+\n  y\n\n\nc: >2-\n   z\n  \n \nd: |\n\ne: | # c\n  v  \n  w";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, node_get(root, "a"), 1, 4, "|\n  x\n");
    stands_at(source, node_get(root, "b"), 5, 4, "|+\n  y\n\n\n");
    stands_at(source, node_get(root, "c"), 9, 4, ">2-\n   z\n");
    stands_at(source, node_get(root, "d"), 13, 4, "|\n");
    stands_at(source, node_get(root, "e"), 15, 4, "| # c\n  v  \n  w");
    assert_string_equal(yaml_text_value(node_get(root, "b")), "y\n\n\n");
    assert_string_equal(yaml_text_value(node_get(root, "c")), " z");
    assert_string_equal(yaml_text_value(node_get(root, "d")), "");
}

static void crlf_texts_have_exact_places_too(void **state) {
    const char *source = "a: 1\r\nb: |\r\n  x\r\n\r\nc:\r\n  - d\r\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, node_get(root, "b"), 2, 4, "|\r\n  x\r\n");
    assert_string_equal(yaml_text_value(node_get(root, "b")), "x\n");
    stands_at(source, node_get(root, "c"), 6, 3, "- d");
    stands_at(source, item(node_get(root, "c"), 0), 6, 5, "d");
}

static void a_pair_in_a_flow_list_is_a_mapping_without_braces(void **state) {
    const char *source = "[a: b, ? c : d, e: , {f: g}]";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, item(root, 0), 1, 2, "a: b");
    stands_at(source, item(root, 1), 1, 8, "? c : d");
    stands_at(source, item(root, 2), 1, 17, "e:");
    stands_at(source, item(root, 3), 1, 22, "{f: g}");
    stands_at(source, root, 1, 1, source);
}

static void an_alias_knows_its_own_position(void **state) {
    const char *source = "a: &x {k: v}\nb: *x\n? &y key\n: 1\nc: [*x, *y ]\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    const struct node *alias = node_get(root, "b");
    stands_at(source, alias, 2, 4, "*x");
    assert_true(alias->alias);
    assert_false(node_get(root, "a")->alias);
    assert_ptr_equal(node_get(alias, "k"), node_get(node_get(root, "a"), "k"));
    stands_at(source, item(node_get(root, "c"), 1), 5, 9, "*y");
    assert_string_equal(yaml_text_value(item(node_get(root, "c"), 1)), "key");
}

static void a_tag_on_a_collection_changes_nothing(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("a: !!set {x}\nb: !local\n  - y\nc: !\n  k: v\n");
    const struct node *root = yaml_text_root(&text);

    assert_true(node_is_null(node_find(root, "a.x")));
    assert_int_equal(node_get(root, "a")->mapping.count, 1);
    assert_string_equal(yaml_text_value(item(node_get(root, "b"), 0)), "y");
    assert_int_equal(node_get(root, "c")->line, 5);
    assert_string_equal(yaml_text_value(node_find(root, "c.k")), "v");
}

static void json_is_read_as_yaml(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read(
        "{\"a\": [1, -2.5e3, true, null, \"\\u00e9\\/\\t\"],\n \"b\":{\"c\":\"d\"}}\n");
    const struct node *root = yaml_text_root(&text);

    assert_int_equal(item(node_get(root, "a"), 1)->scalar.kind, SCALAR_FLOAT);
    assert_true(item(node_get(root, "a"), 2)->scalar.boolean);
    assert_string_equal(yaml_text_value(item(node_get(root, "a"), 4)), "\xc3\xa9/\t");
    assert_string_equal(yaml_text_value(node_find(root, "b.c")), "d");
}

static void yaml_1_1_line_breaks_do_not_confuse_places(void **state) {
    const char *source = "a: !!str\xe2\x80\xa8  b\nc: &x\xc2\x85  d\ne: |\n  f\n";
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    const struct node *root = yaml_text_root(&text);

    stands_at(source, node_get(root, "a"), 1, 12, "b");
    stands_at(source, node_get(root, "c"), 2, 9, "d");
    stands_at(source, node_get(root, "e"), 3, 4, "|\n  f\n");
}

/* libyaml would take hours. */
static void a_document_has_a_limit_of_tag_directives(void **state) {
    static const char *const breaks[] = {"\n", "\r", "\xc2\x85"};

    for (size_t i = 0; i < ARRAY_LENGTH(breaks); i++) {
        CLEANUP(buffer_free) struct buffer source = {0};
        for (size_t j = 0; j < 200000; j++) {
            buffer_printf(&source, "%%TAG !%zx! !%s", j, breaks[i]);
        }
        buffer_append_string(&source, "---\na: b\n--- c\n");
        CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(buffer_string(&source));
        assert_int_equal(text.count, 2);
        assert_true(text.documents[0].failed);
        assert_false(text.documents[1].failed);
        assert_string_equal(yaml_text_message(&text, 0),
                            "t.yaml:1:1: error: the document has more than 64 %TAG directives; "
                            "write tags out, or do without");
    }
}

static void some_tag_directives_are_fine(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text =
        yaml_text_read("%TAG !a! !\n%TAG !b! tag:yaml.org,2002:\n---\na: !b!str 1\n");

    assert_int_equal(text.count, 1);
    assert_false(text.documents[0].failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_has_a_limit_of_tag_directives),
        cmocka_unit_test(some_tag_directives_are_fine),
        cmocka_unit_test(each_document_has_a_root_and_its_bytes),
        cmocka_unit_test(a_text_of_comments_has_no_document),
        cmocka_unit_test(a_marker_with_nothing_behind_it_is_a_document_without_a_root),
        cmocka_unit_test(a_mistake_spoils_only_its_own_document),
        cmocka_unit_test(directives_reach_their_document),
        cmocka_unit_test(a_byte_order_mark_is_passed_over_and_counted_in_offsets),
        cmocka_unit_test(too_many_documents_are_refused_as_a_whole),
        cmocka_unit_test(what_is_no_text_is_refused_as_a_whole),
        cmocka_unit_test(scalars_have_text_style_and_kind),
        cmocka_unit_test(every_node_knows_where_it_stands),
        cmocka_unit_test(a_block_collection_ends_with_its_last_descendant),
        cmocka_unit_test(a_scalar_s_place_leaves_out_anchor_and_tag),
        cmocka_unit_test(an_absent_value_stands_behind_its_colon),
        cmocka_unit_test(an_absent_item_stands_behind_its_dash),
        cmocka_unit_test(a_block_scalar_ends_behind_its_last_line),
        cmocka_unit_test(crlf_texts_have_exact_places_too),
        cmocka_unit_test(a_pair_in_a_flow_list_is_a_mapping_without_braces),
        cmocka_unit_test(an_alias_knows_its_own_position),
        cmocka_unit_test(a_tag_on_a_collection_changes_nothing),
        cmocka_unit_test(json_is_read_as_yaml),
        cmocka_unit_test(yaml_1_1_line_breaks_do_not_confuse_places),
    };
    return cmocka_run_group_tests_name("yaml/tree", tests, NULL, NULL);
}
