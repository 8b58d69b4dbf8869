/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The schema table against the API that it stands for: testdata/schema/leaves.txt lists every field
 * (path, type, whether it is required, its words), and where the reference schemas are at hand
 * ($REFERENCE_DIR) every field of theirs has to be in the table just so.
 */

#include "base/compiler.h"
#include "base/memory.h"
#include "spec/regex.h"
#include "spec/schema.h"
#include "support/assertions.h"
#include "support/golden.h"
#include "yaml/tree.h"

#include <ctype.h>
#include <stdio.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

/* A field as both sides have it. */
struct leaf {
    const char *path;
    const char *type;
    bool required;
    const char *words; /* "a b c", sorted; "" where any text may stand */
};

struct leaves {
    struct arena *arena;
    struct leaf *items;
    size_t count;
    size_t capacity;
};

static void leaf_add(struct leaves *leaves, struct leaf leaf) {
    leaves->items =
        arena_grow(leaves->arena, leaves->items, leaves->count, &leaves->capacity, sizeof(leaf));
    leaves->items[leaves->count] = leaf;
    leaves->count++;
}

static int compare_texts(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static const char *joined(struct arena *arena, const char **words, size_t count) {
    CLEANUP(buffer_free) struct buffer out = {0};

    if (count > 0) {
        qsort(words, count, sizeof(*words), compare_texts);
    }
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&out, "%s%s", i > 0 ? " " : "", words[i]);
    }
    return arena_string(arena, buffer_bytes(&out));
}

static const char *below(struct arena *arena, const char *path, const char *name) {
    return path[0] != '\0' ? arena_format(arena, "%s.%s", path, name) : name;
}

/* --- the table's ------------------------------------------------------------------------------ */

static const struct {
    enum field_type type;
    const char *name;
} type_names[] = {
    {FIELD_STRING, "string"},
    {FIELD_BOOL, "boolean"},
    {FIELD_INTEGER, "integer"},
    {FIELD_DURATION, "string"},
    {FIELD_URL, "string"},
    {FIELD_PROXY_URL, "string"},
    {FIELD_ENUM, "string"},
    {FIELD_STRING_LIST, "list of string"},
    {FIELD_STRING_MAP, "map of string"},
    {FIELD_BYTES_MAP, "map of byte"},
    {FIELD_OBJECT, "object"},
    {FIELD_OBJECT_LIST, "list"},
    {FIELD_SECRET, "object"},
    {FIELD_SECRET_OR_CONFIGMAP, "object"},
    {FIELD_SECRET_LIST_MAP, "map of list"},
    {FIELD_ANYTHING, "object"},
};

static const char *words_of(struct arena *arena, const struct field *field) {
    const char **words = ARENA_NEW_ARRAY(arena, const char *, field->word_count);

    for (size_t i = 0; i < field->word_count; i++) {
        words[i] = field->words[i].word;
    }
    return joined(arena, words, field->word_count);
}

static const struct schema *inner_schema(const struct field *field) {
    switch (field->type) {
    case FIELD_SECRET:
    case FIELD_SECRET_LIST_MAP:
        return &reference_schema;
    case FIELD_SECRET_OR_CONFIGMAP:
        return &reference_choice_schema;
    default:
        return field->object;
    }
}

static void table_leaves(struct leaves *leaves, const struct schema *schema, const char *path) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const char *own = below(leaves->arena, path, field->name);
        const char *inner = own;

        leaf_add(leaves, (struct leaf){.path = own,
                                       .type = type_names[field->type].name,
                                       .required = (field->flags & FIELD_REQUIRED) != 0,
                                       .words = words_of(leaves->arena, field)});
        if (field->type == FIELD_OBJECT_LIST) {
            inner = arena_format(leaves->arena, "%s[]", own);
        } else if (field->type == FIELD_SECRET_LIST_MAP) {
            inner = arena_format(leaves->arena, "%s{}[]", own);
        }
        if (inner_schema(field) != NULL) {
            table_leaves(leaves, inner_schema(field), inner);
        }
    }
}

/* --- the references' -------------------------------------------------------------------------- */

static const char *text_at(const struct node *node, const char *key) {
    const struct node *value = node_get(node, key);

    return value != NULL && value->type == NODE_SCALAR ? value->scalar.text.data : "";
}

static const char *reference_type(const struct node *node) {
    const struct node *values = node_get(node, "additionalProperties");
    const struct node *items = node_get(node, "items");
    const char *type = text_at(node, "type");

    if (values != NULL) {
        if (strcmp(text_at(values, "type"), "array") == 0) {
            return "map of list";
        }
        return strcmp(text_at(values, "format"), "byte") == 0 ? "map of byte" : "map of string";
    }
    if (strcmp(type, "array") == 0) {
        return node_get(items, "properties") != NULL ? "list" : "list of string";
    }
    return type;
}

static const char *reference_words(struct arena *arena, const struct node *node) {
    const struct node *list = node_get(node, "enum");
    size_t count = list != NULL ? list->sequence.count : 0;
    const char **words = ARENA_NEW_ARRAY(arena, const char *, count);
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        /* "" in an enum is as good as absent */
        if (list->sequence.items[i]->scalar.text.length > 0) {
            words[kept] = list->sequence.items[i]->scalar.text.data;
            kept++;
        }
    }
    return joined(arena, words, kept);
}

static bool is_listed(const struct node *list, const char *name) {
    for (size_t i = 0; list != NULL && i < list->sequence.count; i++) {
        if (bytes_equal_string(list->sequence.items[i]->scalar.text, name)) {
            return true;
        }
    }
    return false;
}

static void reference_leaves(struct leaves *leaves, const struct node *schema, const char *path) {
    const struct node *properties = node_get(schema, "properties");
    const struct node *items = node_get(schema, "items");
    const struct node *values = node_get(schema, "additionalProperties");

    if (items != NULL) {
        reference_leaves(leaves, items, arena_format(leaves->arena, "%s[]", path));
    }
    if (values != NULL) {
        reference_leaves(leaves, values, arena_format(leaves->arena, "%s{}", path));
    }
    for (size_t i = 0; properties != NULL && i < properties->mapping.count; i++) {
        const struct node_pair *pair = &properties->mapping.pairs[i];
        const char *name = pair->key->scalar.text.data;
        const char *own = below(leaves->arena, path, name);

        leaf_add(leaves, (struct leaf){.path = own,
                                       .type = reference_type(pair->value),
                                       .required = is_listed(node_get(schema, "required"), name),
                                       .words = reference_words(leaves->arena, pair->value)});
        reference_leaves(leaves, pair->value, own);
    }
}

/* The document of a reference file; NULL where there is none. */
static const struct node *reference(struct arena *arena, const char *name) {
    const char *folder = getenv("REFERENCE_DIR");
    const char *path =
        arena_format(arena, "%s/%s", folder != NULL ? folder : "../shared/reference", name);
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;

    if (!golden_exists(path)) {
        return NULL;
    }
    assert_int_equal(tree_parse(arena, bytes_of(golden_read(arena, path)), &yaml_default_limits,
                                path, &diagnostics, &documents, &count),
                     0);
    assert_int_equal(diagnostics.count, 0);
    return documents[0].root;
}

static const struct leaf *find(const struct leaves *leaves, const char *path) {
    for (size_t i = 0; i < leaves->count; i++) {
        if (strcmp(leaves->items[i].path, path) == 0) {
            return &leaves->items[i];
        }
    }
    return NULL;
}

/* Absent, clusterSelector selects no cluster: the contract has it so. */
static bool may_be_absent_here(const char *path) {
    return strcmp(path, "spec.clusterSelector") == 0;
}

static size_t differences(const struct leaves *wanted, const struct leaves *table) {
    size_t count = 0;

    for (size_t i = 0; i < wanted->count; i++) {
        const struct leaf *leaf = &wanted->items[i];
        const struct leaf *own = find(table, leaf->path);

        if (own == NULL) {
            print_error("%s is not in the table\n", leaf->path);
            count++;
        } else if (strcmp(own->type, leaf->type) != 0 ||
                   (leaf->words[0] != '\0' && strcmp(own->words, leaf->words) != 0) ||
                   (own->required != leaf->required && !may_be_absent_here(leaf->path))) {
            print_error("%s: %s%s (%s), in the table %s%s (%s)\n", leaf->path, leaf->type,
                        leaf->required ? ", required" : "", leaf->words, own->type,
                        own->required ? ", required" : "", own->words);
            count++;
        }
    }
    return count;
}

/* One TLSConfig serves both places; the operator's oauth2 has one without files. */
static bool is_of_our_own(const char *path) {
    static const char *const own[] = {"oauth2.tlsConfig.caFile", "oauth2.tlsConfig.certFile",
                                      "oauth2.tlsConfig.keyFile"};

    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        if (strcmp(own[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static void every_field_of_the_newest_spec_is_in_the_table(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct leaves wanted = {.arena = arena};
    struct leaves table = {.arena = arena};
    const struct node *root = reference(arena, "remotewrite-spec.openapi.yaml");

    if (root == NULL) {
        arena_freep(&arena); /* skip_because() jumps out of here */
        skip_because("the OpenAPI documents of the reference are not there (REFERENCE_DIR)");
    }
    reference_leaves(&wanted, root, "");
    table_leaves(&table, &remote_write_schema, "");
    assert_between(wanted.count, 150, 1000);
    assert_int_equal(differences(&wanted, &table), 0);
    for (size_t i = 0; i < table.count; i++) {
        if (find(&wanted, table.items[i].path) == NULL && !is_of_our_own(table.items[i].path)) {
            fail_msg("%s is in the table, and in no API", table.items[i].path);
        }
    }
}

static void every_field_of_the_seed_s_crd_is_in_the_table(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct leaves wanted = {.arena = arena};
    struct leaves table = {.arena = arena};
    const struct node *root = reference(arena, "remotewrites.monitoring.giantswarm.io.yaml");

    if (root == NULL) {
        arena_freep(&arena); /* skip_because() jumps out of here */
        skip_because("the OpenAPI documents of the reference are not there (REFERENCE_DIR)");
    }
    const struct node *version = node_find(root, "spec.versions")->sequence.items[0];
    reference_leaves(&wanted, node_find(version, "schema.openAPIV3Schema.properties.spec"), "spec");
    table_leaves(&table, &giantswarm_document_schema, "");
    assert_between(wanted.count, 90, 1000);
    assert_int_equal(differences(&wanted, &table), 0);
}

static void the_list_of_fields_is_as_it_was(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer out = {0};
    struct leaves table = {.arena = arena};

    table_leaves(&table, &giantswarm_document_schema, "");
    for (size_t i = 0; i < table.count; i++) {
        const struct leaf *leaf = &table.items[i];
        buffer_printf(&out, "%s: %s%s%s%s\n", leaf->path, leaf->type,
                      leaf->required ? ", required" : "", leaf->words[0] != '\0' ? ": " : "",
                      leaf->words);
    }
    assert_true(golden_matches("testdata/schema/leaves.txt", buffer_bytes(&out)));
}

/* --- every row makes sense -------------------------------------------------------------------- */

typedef void judge_row(const struct schema *schema, const struct field *field);

static void each_row(const struct schema *schema, judge_row *judge) {
    for (size_t i = 0; i < schema->count; i++) {
        judge(schema, &schema->fields[i]);
        if (schema->fields[i].object != NULL) {
            each_row(schema->fields[i].object, judge);
        }
    }
}

static void each_row_of_all(judge_row *judge) {
    const struct schema *const all[] = {&giantswarm_document_schema, &coreos_document_schema,
                                        &secret_document_schema,     &configmap_document_schema,
                                        &reference_schema,           &reference_choice_schema};

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        each_row(all[i], judge);
    }
}

static void has_a_line_of_help(const struct schema *schema, const struct field *field) {
    assert_non_null(field->help);
    assert_true(isupper((unsigned char)field->help[0]));
    assert_true(field->help[strlen(field->help) - 1] == '.');
    assert_null(strchr(field->help, '\n'));
}

static void every_row_has_a_line_of_help(void **state) {
    each_row_of_all(has_a_line_of_help);
}

static void has_a_name_of_its_own(const struct schema *schema, const struct field *field) {
    assert_ptr_equal(&schema->fields[schema_index(schema, field->name)], field);
}

static void no_two_rows_of_a_schema_share_a_name(void **state) {
    each_row_of_all(has_a_name_of_its_own);
}

static void has_what_its_type_needs(const struct schema *schema, const struct field *field) {
    bool object = field->type == FIELD_OBJECT || field->type == FIELD_OBJECT_LIST;
    bool text = field->type == FIELD_STRING;

    assert_int_equal(field->object != NULL, object);
    assert_int_equal(field->words != NULL && field->word_count > 0, field->type == FIELD_ENUM);
    assert_true(field->type == FIELD_INTEGER ||
                (field->flags & (FIELD_ZERO_IS_ABSENT | FIELD_BOUNDED_BELOW)) == 0);
    assert_true(text || (field->flags &
                         (FIELD_EMPTY_IS_VALUE | FIELD_FILE_REFERENCE | FIELD_OVERRIDDEN)) == 0);
    assert_true(text || (field->min_length == 0 && field->pattern == NULL));
    assert_true(field->type == FIELD_DURATION || (field->flags & FIELD_POSITIVE) == 0);
    /* a credential in a file has a place in the config, too */
    assert_int_equal(field->secret == SECRET_FILE && (field->flags & FIELD_CREDENTIAL) != 0,
                     version_is_set(field->verbatim_since));
    assert_true(field->type == FIELD_BOOL || (field->flags & FIELD_TRUE_IS_ABSENT) == 0);
    /* what rejects says why, and the words are about a gate */
    assert_true(
        (field->flags & FIELD_NEVER_LEFT_OUT) == 0 ||
        (field->loss != NULL && version_is_set(field->since) && !version_is_set(field->before)));
    assert_true((field->flags & FIELD_EMPTY_IS_ABSENT) == 0 ||
                (field->flags & FIELD_EMPTY_IS_VALUE) == 0);
    if (field->pattern != NULL) {
        assert_true(field->pattern[0] == '^' && field->pattern[strlen(field->pattern) - 1] == '$');
        assert_true(regex_matches(field->pattern, BYTES("a")));
    }
}

static void every_row_has_what_its_type_needs(void **state) {
    each_row_of_all(has_what_its_type_needs);
}

static bool is_reference(const struct field *field) {
    return field->type == FIELD_SECRET || field->type == FIELD_SECRET_OR_CONFIGMAP ||
           field->type == FIELD_SECRET_LIST_MAP;
}

static void says_how_its_secret_travels(const struct schema *schema, const struct field *field) {
    if (schema == &reference_choice_schema) {
        return;
    }
    assert_true(!is_reference(field) || field->secret != SECRET_NONE);
    assert_true(is_reference(field) || field->secret == SECRET_NONE ||
                (field->flags & FIELD_SENSITIVE) != 0);
}

static void every_secret_has_a_way_to_travel(void **state) {
    each_row_of_all(says_how_its_secret_travels);
}

static void has_a_key(const struct schema *schema, const struct field *field) {
    assert_non_null(field->key);
    for (const char *c = field->key; *c != '\0'; c++) {
        assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_' ||
                    *c == '.');
    }
    for (size_t i = 0; i < field->word_count; i++) {
        assert_non_null(field->words[i].value);
    }
}

static void every_field_of_the_spec_has_a_key_in_prometheus_yml(void **state) {
    each_row(&remote_write_schema, has_a_key);
}

static void has_a_gate_that_can_be_passed(const struct schema *schema, const struct field *field) {
    assert_true(!version_is_set(field->since) || !version_is_set(field->before) ||
                version_compare(field->since, field->before) < 0);
    assert_int_equal(field_known_by(field, VERSION_NEWEST_KNOWN), !version_is_set(field->before));
    if (version_is_set(field->since)) {
        assert_true(field_known_by(field, field->since));
        assert_false(field_known_by(field, (struct version){1, 0, 0}));
    }
    if (version_is_set(field->before)) {
        assert_false(field_known_by(field, field->before));
        assert_true(field_known_by(field, (struct version){1, 8, 0}));
    }
}

static void every_gate_opens_for_some_version(void **state) {
    each_row_of_all(has_a_gate_that_can_be_passed);
}

static void a_name_that_is_not_there_has_no_row(void **state) {
    assert_int_equal(schema_index(&remote_write_schema, "nothing"), SCHEMA_NO_FIELD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_the_newest_spec_is_in_the_table),
        cmocka_unit_test(every_field_of_the_seed_s_crd_is_in_the_table),
        cmocka_unit_test(the_list_of_fields_is_as_it_was),
        cmocka_unit_test(every_row_has_a_line_of_help),
        cmocka_unit_test(no_two_rows_of_a_schema_share_a_name),
        cmocka_unit_test(every_row_has_what_its_type_needs),
        cmocka_unit_test(every_secret_has_a_way_to_travel),
        cmocka_unit_test(every_field_of_the_spec_has_a_key_in_prometheus_yml),
        cmocka_unit_test(every_gate_opens_for_some_version),
        cmocka_unit_test(a_name_that_is_not_there_has_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
