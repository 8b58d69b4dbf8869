/* SPDX-License-Identifier: Apache-2.0 */

/* The splice: every form of a base in testdata/base/, and what it promises beside the bytes. */

#include "compile/merge.h"
#include "compile/proven.h"

#include "base/compiler.h"
#include "compile/verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>

#include <cmocka.h>

#define BEGIN_LINE MERGE_BEGIN "\n"
#define END_LINE   MERGE_END "\n"

static const char golden_root[] = "testdata/base";

/* --- a base, merged --------------------------------------------------------------------------- */

/* What every golden file was made with. */
static const char entries_text[] = "- name: metrics\n"
                                   "  url: https://metrics.example/api/v1/write\n"
                                   "  headers:\n"
                                   "    X-Scope-OrgID: 'a # b: \"c\"'\n"
                                   "  queue_config: {max_shards: 5}\n"
                                   "  write_relabel_configs:\n"
                                   "    - source_labels: [__name__, job]\n"
                                   "      regex: 'up|down: .*'\n"
                                   "      action: keep\n"
                                   "- name: 'yes'\n"
                                   "  url: http://logs.example\n"
                                   "  send_exemplars: true\n";

static const char *const comments[] = {"team-a/metrics in a.yaml", "team-b/yes in b.yaml"};

struct fixture {
    struct arena *arena;
    struct diagnostics diagnostics;
    struct merge_item *items;
    size_t count;
    struct base *base;
    struct proven *proven; /* NULL: everything is proven */
    struct buffer merged;
    int status;
    size_t start;
    size_t end;
};

static void fixture_free(struct fixture *fixture) {
    buffer_free(&fixture->merged);
    proven_free(fixture->proven);
    arena_free(fixture->arena);
}

#define FIXTURE CLEANUP(fixture_free) struct fixture

static const struct node *parse(struct fixture *fixture, struct bytes text) {
    struct document *documents = NULL;
    size_t count = 0;
    assert_int_equal(tree_parse(fixture->arena, text, &yaml_default_limits, "entries",
                                &fixture->diagnostics, &documents, &count),
                     0);
    return count > 0 ? documents[0].root : NULL;
}

static void give_entries(struct fixture *fixture, const char *text) {
    const struct node *list = parse(fixture, bytes_of(text));
    fixture->count = list->sequence.count;
    fixture->items = ARENA_NEW_ARRAY(fixture->arena, struct merge_item, fixture->count);
    for (size_t i = 0; i < fixture->count; i++) {
        fixture->items[i].comment = comments[i % ARRAY_LENGTH(comments)];
        fixture->items[i].entry = list->sequence.items[i];
    }
}

static void give_base(struct fixture *fixture, struct bytes text) {
    fixture->base =
        base_read(fixture->arena, text, "base.yml", &yaml_default_limits, &fixture->diagnostics);
}

static void merge(struct fixture *fixture) {
    fixture->status =
        base_merge(fixture->base, fixture->items, fixture->count, fixture->proven, &fixture->merged,
                   &fixture->start, &fixture->end, &fixture->diagnostics);
}

static struct fixture fixture_new(void) {
    struct fixture fixture = {.arena = arena_new()};
    fixture.diagnostics = diagnostics_in(fixture.arena);
    return fixture;
}

static struct fixture read_base(const char *text) {
    struct fixture fixture = fixture_new();
    give_base(&fixture, bytes_of(text));
    return fixture;
}

static struct fixture merge_entries(struct bytes text, const char *entries) {
    struct fixture fixture = fixture_new();
    give_entries(&fixture, entries);
    give_base(&fixture, text);
    if (fixture.base != NULL) {
        merge(&fixture);
    }
    return fixture;
}

/* One diagnostic a line. */
static const char *messages(struct fixture *fixture) {
    CLEANUP(buffer_free) struct buffer out = {0};
    for (size_t i = 0; i < fixture->diagnostics.count; i++) {
        buffer_append_string(&out, i > 0 ? "\n" : "");
        diagnostic_format(&fixture->diagnostics.items[i], &out);
    }
    return arena_string(fixture->arena, buffer_bytes(&out));
}

static void assert_bytes_equal(struct bytes actual, struct bytes expected) {
    if (!bytes_equal(actual, expected)) {
        print_error("--- expected\n%.*s\n--- actual\n%.*s\n---\n", BYTES_ARG(expected),
                    BYTES_ARG(actual));
    }
    assert_true(bytes_equal(actual, expected));
}

#define assert_merged(fixture, expected)                                          \
    do {                                                                          \
        assert_string_equal(messages(fixture), "");                               \
        assert_bytes_equal(buffer_bytes(&(fixture)->merged), bytes_of(expected)); \
    } while (0)

/* --- the golden forms ------------------------------------------------------------------------- */

struct form {
    char *name;
    struct buffer base;
    struct buffer merged;
};

static bool read_file(const char *path, struct buffer *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    for (size_t got = 1; got > 0;) {
        got = fread(buffer_reserve(out, 4096), 1, 4096, file);
        out->length += got;
    }
    (void)fclose(file);
    return true;
}

static void write_file(const char *path, struct bytes bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.length, file), bytes.length);
    assert_int_equal(fclose(file), 0);
}

static void form_path(char *path, size_t size, const char *form, const char *file) {
    (void)snprintf(path, size, "%s/%s/%s", golden_root, form, file);
}

static void form_free(struct form *form) {
    buffer_free(&form->base);
    buffer_free(&form->merged);
}

static void form_read(struct form *form, const char *name) {
    char path[512];
    form_path(path, sizeof(path), name, "base.yml");
    assert_true(read_file(path, &form->base));
    form_path(path, sizeof(path), name, "merged.yml");
    if (!read_file(path, &form->merged) && getenv("UPDATE_GOLDEN") == NULL) {
        fail_msg("%s is missing; UPDATE_GOLDEN=1 writes it", path);
    }
}

static int is_form(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Each form in turn; a form that fails is named. */
static void each_form(void (*check)(const char *name, const struct form *form)) {
    struct dirent **names = NULL;
    int count = scandir(golden_root, &names, is_form, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        CLEANUP(form_free) struct form form = {0};
        form_read(&form, names[i]->d_name);
        check(names[i]->d_name, &form);
        free(names[i]);
    }
    free(names);
}

static void check_golden(const char *name, const struct form *form) {
    FIXTURE fixture = merge_entries(buffer_bytes(&form->base), entries_text);
    if (fixture.base == NULL || fixture.status != 0) {
        fail_msg("%s: %s", name, messages(&fixture));
    }
    struct bytes merged = buffer_bytes(&fixture.merged);
    if (getenv("UPDATE_GOLDEN") != NULL) {
        char path[512];
        form_path(path, sizeof(path), name, "merged.yml");
        write_file(path, merged);
    } else if (!bytes_equal(merged, buffer_bytes(&form->merged))) {
        print_error("%s is not as its golden file\n", name);
        assert_bytes_equal(merged, buffer_bytes(&form->merged));
    }
}

static void every_form_is_merged_as_its_golden_file_says(void **state) {
    each_form(check_golden);
}

static void check_removal(const char *name, const struct form *form) {
    FIXTURE first = merge_entries(buffer_bytes(&form->base), entries_text);
    struct bytes base = base_text(first.base);
    FIXTURE again = fixture_new();
    give_base(&again, buffer_bytes(&first.merged));
    if (again.base == NULL) {
        fail_msg("%s: %s", name, messages(&again));
    }
    assert_bytes_equal(base_text(again.base), base);
}

static void every_form_comes_back_when_the_block_is_taken_out(void **state) {
    each_form(check_removal);
}

static void check_in_place(const char *name, const struct form *form) {
    FIXTURE first = merge_entries(buffer_bytes(&form->base), entries_text);
    struct bytes text = buffer_bytes(&first.merged);
    for (int pass = 0; pass < 10; pass++) {
        FIXTURE again = merge_entries(text, entries_text);
        if (again.base == NULL || again.status != 0) {
            fail_msg("%s: %s", name, messages(&again));
        }
        assert_bytes_equal(buffer_bytes(&again.merged), text);
    }
    FIXTURE emptied = fixture_new();
    give_base(&emptied, text);
    merge(&emptied);
    assert_bytes_equal(buffer_bytes(&emptied.merged), base_text(first.base));
}

static void ten_passes_in_place_leave_the_same_bytes_and_none_gives_the_base_back(void **state) {
    each_form(check_in_place);
}

/* Everything in front of the block and behind it, cut apart at the block's own ends, is the base
 * but for what the block holds as comment. */
static void check_untouched(const char *name, const struct form *form) {
    FIXTURE fixture = merge_entries(buffer_bytes(&form->base), entries_text);
    struct bytes base = base_text(fixture.base);
    struct bytes merged = buffer_bytes(&fixture.merged);
    struct bytes before = bytes_slice(merged, 0, fixture.start);
    struct bytes block = bytes_slice(merged, fixture.start, fixture.end);
    struct bytes behind = bytes_slice(merged, fixture.end, merged.length);

    assert_true(bytes_starts_with(block, BYTES(MERGE_BEGIN)));
    assert_true(bytes_ends_with(block, BYTES(MERGE_END)));
    while (before.length > 0 && !bytes_starts_with(base, before)) {
        before.length--;
    }
    assert_true(fixture.start - before.length <= 2);
    while (behind.length > 0 && !bytes_ends_with(base, behind)) {
        behind = bytes_slice(behind, 1, behind.length);
    }
    assert_true(merged.length - fixture.end - behind.length <= 2);
    if (bytes_find(block, BYTES("# base"), 0) == SIZE_MAX &&
        before.length + behind.length < base.length) {
        fail_msg("%s: bytes of the base are missing", name);
    }
}

static void every_byte_of_the_base_stays_outside_the_block(void **state) {
    each_form(check_untouched);
}

static void check_line_breaks(const char *name, const struct form *form) {
    FIXTURE fixture = merge_entries(buffer_bytes(&form->base), entries_text);
    struct bytes base = base_text(fixture.base);
    struct bytes merged = buffer_bytes(&fixture.merged);
    bool crlf = bytes_find(base, BYTES("\r\n"), 0) != SIZE_MAX;

    for (size_t at = fixture.start; at < fixture.end; at++) {
        if (merged.data[at] == '\n' && (merged.data[at - 1] == '\r') != crlf) {
            fail_msg("%s: line breaks are mixed", name);
        }
    }
    bool ended = base.length == 0 || bytes_ends_with(base, BYTES("\n")) ||
                 bytes_ends_with(base, BYTES("\r"));
    bool in_front = fixture.end == merged.length;
    if (in_front && ended) {
        fail_msg("%s: the final line break is gone", name);
    }
}

static void line_breaks_are_those_of_the_base(void **state) {
    each_form(check_line_breaks);
}

static void check_positions(const char *name, const struct form *form) {
    FIXTURE fixture = merge_entries(buffer_bytes(&form->base), entries_text);
    struct bytes merged = buffer_bytes(&fixture.merged);

    for (size_t i = 0; i < fixture.count; i++) {
        const struct merge_item *item = &fixture.items[i];
        struct bytes text = bytes_slice(merged, item->start, item->end);
        const struct node *read = parse(&fixture, text);
        if (read == NULL) {
            fail_msg("%s: entry %zu is no YAML by itself", name, i);
            return;
        }
        if (read->type == NODE_SEQUENCE) {
            assert_int_equal(read->sequence.count, 1);
            read = read->sequence.items[0];
        }
        assert_true(node_equal(read, item->entry));
        assert_true(bytes_starts_with(bytes_trim(text), BYTES("# team-")));
        assert_true(fixture.start < item->start && item->end < fixture.end);
    }
}

static void every_entry_says_where_it_stands(void **state) {
    each_form(check_positions);
}

/* --- before the base's own -------------------------------------------------------------------- */

static void check_first(const char *name, const struct form *form) {
    FIXTURE fixture = merge_entries(buffer_bytes(&form->base), entries_text);
    const struct node *list =
        node_get(parse(&fixture, buffer_bytes(&fixture.merged)), "remote_write");

    for (size_t i = 0; i < fixture.count; i++) {
        if (!node_equal(list->sequence.items[i], fixture.items[i].entry)) {
            fail_msg("%s: entry %zu does not stand before the base's own", name, i);
        }
    }
}

static void in_every_form_entries_come_before_the_base_s_own(void **state) {
    each_form(check_first);
}

/* As versions before this one wrote it, in place. */
static void a_block_behind_the_base_s_own_moves_before_them(void **state) {
    FIXTURE fixture = merge_entries(BYTES("remote_write:\n- url: b\n" BEGIN_LINE
                                          "# team-a/metrics in a.yaml\n- name: a\n" END_LINE),
                                    "- {name: a}\n");

    assert_merged(&fixture, "remote_write:\n" BEGIN_LINE "# team-a/metrics in a.yaml\n"
                            "- name: a\n" END_LINE "- url: b\n");
}

static void before_a_block_list_stand_lines_before_its_first_dash(void **state) {
    FIXTURE fixture =
        merge_entries(BYTES("remote_write:\n   # own\n   - url: b\nx: 1"), "- {name: a}\n");

    assert_merged(&fixture, "remote_write:\n   # own\n" BEGIN_LINE "   # team-a/metrics in a.yaml\n"
                            "   - name: a\n" END_LINE "   - url: b\nx: 1");
}

static void before_a_dash_behind_a_colon_the_list_is_written_out(void **state) {
    FIXTURE fixture = merge_entries(
        BYTES("? remote_write\n: - url: b # why\n  - url: |\n      c\n\nx: 1\n"), "- {name: a}\n");

    assert_merged(&fixture, "? remote_write\n: " BEGIN_LINE "# base: - url: b # why\n"
                            "# base:  - url: |\n"
                            "# base:      c\n"
                            "  # team-a/metrics in a.yaml\n"
                            "  - name: a\n"
                            "  # the base's own, written out\n"
                            "  - url: b\n"
                            "  - url: \"c\\n\"\n" END_LINE "\nx: 1\n");
}

/* --- what a merge promises -------------------------------------------------------------------- */

static void no_entries_leave_the_base_as_it_is(void **state) {
    static const char *const bases[] = {
        "",
        "global: {}",
        "remote_write: null # none\n",
        "remote_write: []",
        "{}",
        "a: &x []\nremote_write: *x\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        FIXTURE fixture = read_base(bases[i]);
        merge(&fixture);
        assert_int_equal(fixture.status, 0);
        assert_merged(&fixture, bases[i]);
        assert_int_equal(fixture.start, fixture.end);
    }
}

static void a_first_entry_gets_a_key_of_its_own(void **state) {
    FIXTURE fixture = merge_entries(BYTES("global: {}\n"), "- {name: a}");

    assert_merged(&fixture, "global: {}\n" BEGIN_LINE "remote_write:\n"
                            "  # team-a/metrics in a.yaml\n"
                            "  - name: a\n" END_LINE);
}

static void entries_precede_the_base_s_own(void **state) {
    FIXTURE fixture =
        merge_entries(BYTES("remote_write:\n   - url: b\nx: 1\n"), "- {name: a}\n- {name: c}\n");

    assert_merged(&fixture, "remote_write:\n" BEGIN_LINE "   # team-a/metrics in a.yaml\n"
                            "   - name: a\n"
                            "   # team-b/yes in b.yaml\n"
                            "   - name: c\n" END_LINE "   - url: b\nx: 1\n");
}

static void what_had_to_make_way_stands_in_the_block(void **state) {
    FIXTURE fixture = merge_entries(BYTES("remote_write: ~ # none\nx: 1\n"), "- {name: a}\n");

    assert_merged(&fixture, "remote_write: " BEGIN_LINE "# base: ~ # none\n"
                            "  # team-a/metrics in a.yaml\n"
                            "  - name: a\n" END_LINE "x: 1\n");
}

static void a_json_base_gets_json_entries(void **state) {
    FIXTURE fixture = merge_entries(BYTES("{\"remote_write\":[{\"url\":\"b\"}]}\n"),
                                    "- {name: a}\n- {name: c}\n");

    assert_merged(&fixture, "{\"remote_write\":[ " BEGIN_LINE "# team-a/metrics in a.yaml\n"
                            "{\"name\": \"a\"},\n"
                            "# team-b/yes in b.yaml\n"
                            "{\"name\": \"c\"},\n" END_LINE "{\"url\":\"b\"}]}\n");
}

static void a_comment_cannot_leave_its_line(void **state) {
    static const struct {
        const char *comment;
        const char *line;
    } cases[] = {
        {"plain", "# plain"},
        {"", "# "},
        {"a\nb: c\r\n", "# a\\x0ab: c\\x0d\\x0a"},
        {"tab\tbell\a del\x7f", "# tab\\x09bell\\x07 del\\x7f"},
        {"next line \xc2\x85 separator \xe2\x80\xa8\xe2\x80\xa9",
         "# next line \\x85 separator \\u2028\\u2029"},
        {"mark \xef\xbb\xbf none \xef\xbf\xbe", "# mark \\ufeff none \\ufffe"},
        {"bad \xff\xc3", "# bad \\xff\\xc3"},
        {"umlaut \xc3\xa4", "# umlaut \xc3\xa4"},
        {"back\\slash", "# back\\x5cslash"},
        {"x # BEGIN remotewrite-sidecar: generated, edits are overwritten",
         "# x \\x23 BEGIN remotewrite-sidecar: generated, edits are overwritten"},
        {"END remotewrite-sidecar", "#  END remotewrite-sidecar"},
        {"BEGIN remotewrite-sidecar: generated, edits are overwritten",
         "#  BEGIN remotewrite-sidecar: generated, edits are overwritten"},
        {"base: null", "#  base: null"},
        {"base (inline): null", "#  base (inline): null"},
    };
    static const char *const bases[] = {"", "remote_write:\n- a\n", "{}", "remote_write: null\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(cases) * ARRAY_LENGTH(bases); i++) {
        const char *base = bases[i % ARRAY_LENGTH(bases)];
        size_t item = i / ARRAY_LENGTH(bases);
        FIXTURE fixture = fixture_new();
        give_entries(&fixture, "- {name: a}");
        fixture.items[0].comment = cases[item].comment;
        give_base(&fixture, bytes_of(base));
        merge(&fixture);
        assert_string_equal(messages(&fixture), "");
        struct bytes merged = buffer_bytes(&fixture.merged);
        struct bytes line = bytes_of(cases[item].line);
        size_t at = bytes_find(merged, line, fixture.items[0].start);
        assert_int_not_equal(at, SIZE_MAX);
        assert_int_equal(merged.data[at + line.length], '\n');
    }
}

static void values_that_look_like_markers_are_values(void **state) {
    FIXTURE fixture = merge_entries(
        BYTES("remote_write:\n"
              "- url: |\n"
              "    x # BEGIN remotewrite-sidecar: generated, edits are overwritten\n"
              "    # END remotewrite-sidecar\n"
              "    # BEGIN remotewrite-sidecar\n"),
        "- {name: \"x # BEGIN remotewrite-sidecar: generated, edits are overwritten\\n\"}\n"
        "- {name: \"# END remotewrite-sidecar\", url: \"# base: x\"}\n");

    assert_string_equal(messages(&fixture), "");
    FIXTURE again = fixture_new();
    give_base(&again, buffer_bytes(&fixture.merged));
    assert_non_null(again.base);
    assert_bytes_equal(base_text(again.base), base_text(fixture.base));
}

static void names_of_the_base_are_known_with_their_places(void **state) {
    FIXTURE fixture = read_base("global: {}\n"
                                "remote_write:\n"
                                "  - url: a\n"
                                "    name: first\n"
                                "  - url: without\n"
                                "  - name: 5\n"
                                "  - name:\n"
                                "  - name: [no]\n"
                                "  - just text\n");
    size_t count = 0;
    const struct base_name *names = base_names(fixture.base, &count);

    assert_int_equal(count, 2);
    assert_string_equal(names[0].name, "first");
    assert_string_equal(names[0].location.file, "base.yml");
    assert_int_equal(names[0].location.line, 4);
    assert_int_equal(names[0].location.column, 11);
    assert_string_equal(names[1].name, "5");
}

static void names_behind_an_alias_and_a_merge_key_are_known_too(void **state) {
    static const char *const bases[] = {
        "remote_read: &x\n- name: first\nremote_write: *x\n",
        "<<: {remote_write: [{name: first}]}\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        FIXTURE fixture = read_base(bases[i]);
        size_t count = 0;
        const struct base_name *names = base_names(fixture.base, &count);
        assert_int_equal(count, 1);
        assert_string_equal(names[0].name, "first");
    }
}

static void our_own_entries_are_no_names_of_the_base(void **state) {
    FIXTURE first = merge_entries(BYTES("remote_write:\n- name: own\n"), entries_text);
    FIXTURE again = fixture_new();
    size_t count = 0;

    give_base(&again, buffer_bytes(&first.merged));
    const struct base_name *names = base_names(again.base, &count);
    assert_int_equal(count, 1);
    assert_string_equal(names[0].name, "own");
}

static void lines_are_those_of_the_file_on_disk(void **state) {
    FIXTURE fixture = read_base("x: 1\n" BEGIN_LINE "remote_write:\n- url: old\n" END_LINE "---\n"
                                "y: ]\n");
    assert_non_null(fixture.base);
    assert_int_equal(fixture.diagnostics.items[0].location.line, 7);

    FIXTURE broken = read_base("x: 1\n" BEGIN_LINE "remote_write:\n- url: old\n" END_LINE "y: ]\n");
    assert_null(broken.base);
    assert_int_equal(broken.diagnostics.items[0].location.line, 6);

    FIXTURE stashed = read_base("remote_write: " BEGIN_LINE
                                "# base: # empty\n# base:  null\n  - url: old\n" END_LINE "y: ]\n");
    assert_null(stashed.base);
    assert_int_equal(stashed.diagnostics.items[0].location.line, 6);
}

static void only_the_first_document_counts(void **state) {
    FIXTURE fixture = merge_entries(BYTES("x: 1\n---\nremote_write: nonsense\n"), "- {name: a}\n");

    assert_string_equal(messages(&fixture),
                        "base.yml:2: warning: Prometheus reads only the first document of its "
                        "config, and here begins another one; move what it says into the first "
                        "one, or remove it");
    assert_bytes_equal(buffer_bytes(&fixture.merged),
                       bytes_of("x: 1\n" BEGIN_LINE "remote_write:\n"
                                "  # team-a/metrics in a.yaml\n"
                                "  - name: a\n" END_LINE "---\nremote_write: nonsense\n"));
}

static void a_broken_second_document_is_only_warned_about(void **state) {
    FIXTURE fixture = merge_entries(BYTES("x: 1\n---\ny: [\n"), "- {name: a}\n");

    assert_int_equal(fixture.status, 0);
    assert_int_equal(diagnostics_count(&fixture.diagnostics, SEVERITY_WARNING), 2);
    assert_int_equal(diagnostics_count(&fixture.diagnostics, SEVERITY_ERROR), 0);
}

/* --- what was proven before ------------------------------------------------------------------- */

/* The first and the last are proven each time: two are between them. */
static const char four_entries[] = "- {name: metrics, url: http://a.example}\n"
                                   "- name: 'yes'\n"
                                   "  headers:\n"
                                   "    X-Scope-OrgID: 'a # b: \"c\"'\n"
                                   "  write_relabel_configs:\n"
                                   "    - source_labels: [__name__, job]\n"
                                   "      regex: 'up|down: .*'\n"
                                   "- name: logs\n"
                                   "  queue_config: {max_shards: 5}\n"
                                   "- {name: traces, send_exemplars: true}\n";

static void merge_anew(struct fixture *fixture) {
    buffer_clear(&fixture->merged);
    merge(fixture);
}

/* One merge without the item, one with it again. */
static void merge_without_and_with(struct fixture *fixture, size_t index) {
    struct merge_item *all = fixture->items;
    size_t count = fixture->count;

    fixture->items = ARENA_NEW_ARRAY(fixture->arena, struct merge_item, count);
    for (size_t i = 0, kept = 0; i < count; i++) {
        if (i != index) {
            fixture->items[kept++] = all[i];
        }
    }
    fixture->count = count - 1;
    merge_anew(fixture);
    assert_int_equal(fixture->status, 0);
    fixture->items = all;
    fixture->count = count;
    merge_anew(fixture);
}

static void check_after_others(const char *name, const struct form *form) {
    const struct bytes base = buffer_bytes(&form->base);
    FIXTURE whole = merge_entries(base, four_entries);
    FIXTURE fixture = fixture_new();
    fixture.proven = proven_new();
    give_entries(&fixture, four_entries);
    give_base(&fixture, base);
    for (size_t i = 0; i < fixture.count; i++) {
        merge_without_and_with(&fixture, i);
        if (fixture.status != 0) {
            fail_msg("%s: refused, although all of it was proven: %s", name, messages(&fixture));
        }
        assert_bytes_equal(buffer_bytes(&fixture.merged), buffer_bytes(&whole.merged));
    }
}

static void a_merge_after_others_is_the_same_as_one_that_proves_everything(void **state) {
    each_form(check_after_others);
}

static struct proven *of_the_form_before;

static void check_another_base(const char *name, const struct form *form) {
    FIXTURE whole = merge_entries(buffer_bytes(&form->base), four_entries);
    FIXTURE fixture = fixture_new();
    give_entries(&fixture, four_entries);
    give_base(&fixture, buffer_bytes(&form->base));

    fixture.proven = of_the_form_before;
    merge(&fixture);
    fixture.proven = NULL;

    assert_int_equal(fixture.status, whole.status);
    assert_bytes_equal(buffer_bytes(&fixture.merged), buffer_bytes(&whole.merged));
    assert_true(fixture.status != 0 || proven_in(of_the_form_before, fixture.base));
}

static void what_was_proven_in_one_base_is_proven_again_in_another(void **state) {
    of_the_form_before = proven_new();
    each_form(check_another_base);
    proven_free(of_the_form_before);
}

/* Two keys of one name: no merge reads that back. */
static void spoil(const struct node *entry) {
    entry->mapping.pairs[1].key = entry->mapping.pairs[0].key;
}

static void what_is_new_among_proven_ones_is_proven(void **state) {
    for (size_t spoilt = 0; spoilt < 4; spoilt++) {
        FIXTURE fixture = fixture_new();
        fixture.proven = proven_new();
        give_entries(&fixture, "[{a: b, c: d}, {e: f, g: h}, {i: j, k: l}, {m: n, o: p}]");
        give_base(&fixture, BYTES("remote_write:\n- url: x\n"));
        merge(&fixture);
        assert_int_equal(fixture.status, 0);

        spoil(fixture.items[spoilt].entry);
        merge_anew(&fixture);

        assert_int_equal(fixture.status, -EINVAL);
        assert_int_equal(fixture.merged.length, 0);
        assert_non_null(strstr(messages(&fixture), "the result would be no YAML"));
        /* What is refused was not proven. */
        merge_anew(&fixture);
        assert_int_equal(fixture.status, -EINVAL);
    }
}

static void only_the_items_of_the_last_merge_are_proven(void **state) {
    FIXTURE fixture = fixture_new();
    fixture.proven = proven_new();
    give_entries(&fixture, "[{a: b}, {c: d}, {e: f}]");
    give_base(&fixture, BYTES("remote_write:\n- url: x\n"));
    assert_false(proven_in(fixture.proven, fixture.base));
    merge(&fixture);

    assert_true(proven_in(fixture.proven, fixture.base));
    for (size_t i = 0; i < fixture.count; i++) {
        struct bytes text = bytes_slice(buffer_bytes(&fixture.merged), fixture.items[i].start,
                                        fixture.items[i].end);
        assert_true(proven_has(fixture.proven, text));
        assert_false(proven_has(fixture.proven, bytes_slice(text, 0, text.length - 1)));
    }
    CLEANUP(buffer_free) struct buffer last = {0};
    buffer_append(&last, bytes_slice(buffer_bytes(&fixture.merged), fixture.items[2].start,
                                     fixture.items[2].end));
    fixture.count = 2;
    merge_anew(&fixture);
    assert_false(proven_has(fixture.proven, buffer_bytes(&last)));
}

static void ten_thousand_entries_are_merged_in_the_blink_of_an_eye(void **state) {
    CLEANUP(buffer_free) struct buffer entries = {0};
    for (int i = 0; i < 10000; i++) {
        buffer_printf(&entries, "- {name: n%d, url: 'http://x/%d', headers: {a: b, c: d}}\n", i, i);
    }
    FIXTURE fixture = fixture_new();
    give_entries(&fixture, buffer_string(&entries));
    give_base(&fixture, BYTES("remote_write:\n- url: x\n"));
    clock_t start = clock();
    merge(&fixture);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;

    assert_int_equal(fixture.status, 0);
    /* Far from it without sanitizers; a quadratic merge would take minutes. */
    assert_true(seconds < 10.0);
}

/* --- what it refuses -------------------------------------------------------------------------- */

static void a_base_that_cannot_be_merged_is_told_why(void **state) {
#define MARKER_REMEDY \
    "; remove what is left of the generated block, marker lines included: it is written anew"
#define MERGE_KEY_FOLLOWS                                                                          \
    "base.yml:1:1: error: remote_write: a merge key (<<) follows it, and Prometheus lets what is " \
    "merged later replace it; move the merge key above it"
    static const struct {
        const char *base;
        const char *message;
    } cases[] = {
        {"- a\n",
         "base.yml:1:1: error: a Prometheus config is a mapping, and this is a list; write "
         "keys such as `global:` here, or leave the file empty"},
        {"\nsome text\n", "base.yml:2:1: error: a Prometheus config is a mapping, and this is a "
                          "string; write keys such as `global:` here, or leave the file empty"},
        {"x: 1\nremote_write: nonsense\n",
         "base.yml:2:15: error: remote_write: is a string, and Prometheus takes a list here; write "
         "its entries as a list, each behind a `-`"},
        {"remote_write:\n  url: a\n",
         "base.yml:2:3: error: remote_write: is a mapping, and Prometheus takes a list here; write "
         "its entries as a list, each behind a `-`"},
        {"x: &x {}\nremote_write: *x\n",
         "base.yml:2:15: error: remote_write: is a mapping, and Prometheus takes a list here; write "
         "its entries as a list, each behind a `-`"},
        {"x: 1\n" BEGIN_LINE,
         "base.yml:2: error: remote_write: the generated block begins here, but its END line is "
         "missing" MARKER_REMEDY},
        {"x: 1\n" END_LINE, "base.yml:2: error: remote_write: the generated block ends here, but "
                            "its BEGIN line is missing" MARKER_REMEDY},
        {END_LINE "x: 1\n" BEGIN_LINE,
         "base.yml:1: error: remote_write: the generated block ends here, but its BEGIN line is "
         "missing" MARKER_REMEDY},
        {BEGIN_LINE END_LINE "x: 1\n" BEGIN_LINE END_LINE,
         "base.yml:4: error: remote_write: there is a second marker of this kind: a base config "
         "has one generated block" MARKER_REMEDY},
        {BEGIN_LINE "x: 1\n" BEGIN_LINE END_LINE,
         "base.yml:3: error: remote_write: there is a second marker of this kind: a base config "
         "has one generated block" MARKER_REMEDY},
        {BEGIN_LINE "x: 1\n  " END_LINE,
         "base.yml:3: error: remote_write: a marker line of the generated block was edited or "
         "moved" MARKER_REMEDY},
        {"# BEGIN remotewrite-sidecar: hands off\nx: 1\n" END_LINE,
         "base.yml:1: error: remote_write: a marker line of the generated block was edited or "
         "moved" MARKER_REMEDY},
        {"remote_write: []\nx: 1 # one\n# two\n<<: {remote_write: []}\n", MERGE_KEY_FOLLOWS},
        {"remote_write: []\n<<: {y: 1}\nx: 1\n", MERGE_KEY_FOLLOWS},
        {"remote_write:\n? <<\n: {y: 1}\n", MERGE_KEY_FOLLOWS},
        {"{remote_write: [], <<: {y: 1}}", NULL},
        {"x: &list\n- *list\n", NULL},
        {"x: [\n", NULL},
        {"x: 1\nx: 2\n", NULL},
        {"\xff", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        FIXTURE fixture = read_base(cases[i].base);
        assert_null(fixture.base);
        if (cases[i].message != NULL) {
            assert_string_equal(messages(&fixture), cases[i].message);
        }
        assert_int_equal(diagnostics_count(&fixture.diagnostics, SEVERITY_ERROR), 1);
    }
}

static void a_merge_key_above_or_within_is_no_obstacle(void **state) {
    static const char *const bases[] = {
        "<<: {x: 1}\nremote_write: []\n",
        "remote_write: []\nx:\n  <<: {y: 1}\n",
        "remote_write: []\n# <<: {y: 1}\nx: <<\n",
        "{<<: {x: 1}, remote_write: [{<<: {y: 1}}], z: {<<: {y: 1}}}\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        FIXTURE fixture = merge_entries(bytes_of(bases[i]), "- {name: a}");
        assert_string_equal(messages(&fixture), "");
        assert_int_equal(fixture.status, 0);
    }
}

static void a_comment_that_mentions_the_markers_is_a_comment(void **state) {
    static const char *const bases[] = {
        "# see # BEGIN remotewrite-sidecar below\nx: 1\n",
        "# BEGIN remotewrite-sidecars\n# END remotewrite-sidecar2\nx: 1\n",
        "x: 1 # not # END remotewrite-sidecar of it\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        FIXTURE fixture = merge_entries(bytes_of(bases[i]), "- {name: a}");
        assert_string_equal(messages(&fixture), "");
        assert_string_equal(bases[i], arena_string(fixture.arena, base_text(fixture.base)));
    }
}

static void a_merge_that_would_say_something_else_is_refused(void **state) {
    static const struct {
        const char *base;
        const char *message;
    } cases[] = {
        {"remote_write: &x\n  - url: a\nremote_read: *x\n",
         "what uses its anchor &x by an alias would change too; remove the anchor from it, and "
         "write the value out where its alias is used"},
        {"remote_write: &x null\nremote_read: *x\n",
         "the result would be no YAML (an alias has no anchor); remove the anchor from it, and "
         "write the value out where its alias is used"},
        {"? remote_write\n: - &x {url: a}\n? remote_read\n: [*x]\n",
         "the result would be no YAML (an alias has no anchor); write it as a plain list: the key, "
         "and each entry behind a `-` below it"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        FIXTURE fixture = merge_entries(bytes_of(cases[i].base), "- {name: a}");
        assert_non_null(fixture.base);
        assert_int_equal(fixture.status, -EINVAL);
        assert_int_equal(fixture.merged.length, 0);
        assert_string_equal(messages(&fixture),
                            arena_format(fixture.arena,
                                         "base.yml:1:%d: error: remote_write: entries cannot be "
                                         "added to it: %s",
                                         cases[i].base[0] == '?' ? 3 : 1, cases[i].message));
    }
}

/* The proof itself, given texts that a faulty splice could have made. */
static void a_result_that_is_not_base_plus_entries_fails_the_proof(void **state) {
#define BLOCK          \
    BEGIN_LINE "# c\n" \
               "- {name: a}\n" END_LINE
    static const struct {
        const char *merged;
        const char *problem;
    } cases[] = {
        {"remote_write:\n" BLOCK "- name: own\nx: 1\n", NULL},
        {"", "the result would be no YAML (it is empty)"},
        {"- list\n" BLOCK, "the result would be no mapping"},
        {"remote_write:\n" BLOCK "- name: own\nx: 2\n", "other keys would change"},
        {"remote_write:\n" BLOCK "- name: own\n", "other keys would change"},
        {"remote_write:\n" BLOCK "- name: own\nx: 1\ny: 1\n", "other keys would change"},
        {"x: 1\n", "the list would not have the entries of both"},
        {"remote_write: {}\nx: 1\n", "the list would not have the entries of both"},
        {"remote_write:\n" BLOCK "x: 1\n", "the list would not have the entries of both"},
        {"remote_write:\n- name: own\n" BLOCK "x: 1\n", "the base's entry number 1 would change"},
        {"remote_write:\n- {name: b}\n- name: own\nx: 1\n",
         "team-a/metrics in a.yaml would not read back as it was written"},
        {"remote_write:\n- {name: a}\n- name: own\nx: 1\n",
         "they could not be told from the base again"},
        {"remote_write: # a comment that is new\n" BLOCK "- name: own\nx: 1\n",
         "they could not be told from the base again"},
        {"remote_write:\n" BEGIN_LINE "- {name: a}\n- name: own\nx: 1\n",
         "they could not be told from the base again"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        FIXTURE fixture = fixture_new();
        give_entries(&fixture, "- {name: a}");
        give_base(&fixture, BYTES("remote_write:\n- name: own\nx: 1\n"));
        int status = merge_verify(fixture.base, fixture.items, 1, bytes_of(cases[i].merged),
                                  &fixture.diagnostics);
        if (cases[i].problem == NULL) {
            assert_string_equal(messages(&fixture), "");
            assert_int_equal(status, 0);
            continue;
        }
        assert_int_equal(status, -EINVAL);
        assert_non_null(strstr(messages(&fixture), cases[i].problem));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_merged_as_its_golden_file_says),
        cmocka_unit_test(every_form_comes_back_when_the_block_is_taken_out),
        cmocka_unit_test(ten_passes_in_place_leave_the_same_bytes_and_none_gives_the_base_back),
        cmocka_unit_test(every_byte_of_the_base_stays_outside_the_block),
        cmocka_unit_test(line_breaks_are_those_of_the_base),
        cmocka_unit_test(every_entry_says_where_it_stands),
        cmocka_unit_test(in_every_form_entries_come_before_the_base_s_own),
        cmocka_unit_test(a_block_behind_the_base_s_own_moves_before_them),
        cmocka_unit_test(before_a_block_list_stand_lines_before_its_first_dash),
        cmocka_unit_test(before_a_dash_behind_a_colon_the_list_is_written_out),
        cmocka_unit_test(no_entries_leave_the_base_as_it_is),
        cmocka_unit_test(a_first_entry_gets_a_key_of_its_own),
        cmocka_unit_test(entries_precede_the_base_s_own),
        cmocka_unit_test(what_had_to_make_way_stands_in_the_block),
        cmocka_unit_test(a_json_base_gets_json_entries),
        cmocka_unit_test(a_comment_cannot_leave_its_line),
        cmocka_unit_test(values_that_look_like_markers_are_values),
        cmocka_unit_test(names_of_the_base_are_known_with_their_places),
        cmocka_unit_test(names_behind_an_alias_and_a_merge_key_are_known_too),
        cmocka_unit_test(our_own_entries_are_no_names_of_the_base),
        cmocka_unit_test(lines_are_those_of_the_file_on_disk),
        cmocka_unit_test(only_the_first_document_counts),
        cmocka_unit_test(a_broken_second_document_is_only_warned_about),
        cmocka_unit_test(ten_thousand_entries_are_merged_in_the_blink_of_an_eye),
        cmocka_unit_test(a_base_that_cannot_be_merged_is_told_why),
        cmocka_unit_test(a_merge_key_above_or_within_is_no_obstacle),
        cmocka_unit_test(a_merge_after_others_is_the_same_as_one_that_proves_everything),
        cmocka_unit_test(what_was_proven_in_one_base_is_proven_again_in_another),
        cmocka_unit_test(what_is_new_among_proven_ones_is_proven),
        cmocka_unit_test(only_the_items_of_the_last_merge_are_proven),
        cmocka_unit_test(a_comment_that_mentions_the_markers_is_a_comment),
        cmocka_unit_test(a_merge_that_would_say_something_else_is_refused),
        cmocka_unit_test(a_result_that_is_not_base_plus_entries_fails_the_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
