/* SPDX-License-Identifier: Apache-2.0 */

/* Manifests with one fault each, beside a good RemoteWrite of the same file:
 * testdata/wrong/NN-NAME.yaml is shown to `check`, and what that has to say stands in
 * NN-NAME.diagnostics. A first line `# --flag` gives it that flag. */

#include "base/compiler.h"
#include "support/assertions.h"
#include "support/golden.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define ROOT "testdata/wrong"

static const char *const environment[] = {"ASAN_OPTIONS=detect_leaks=1", NULL};

/* The flag of the first line, or NULL. */
static const char *flag_of(struct arena *arena, const char *text) {
    struct bytes line = bytes_of(text);

    line = bytes_slice(line, 0, bytes_find(line, BYTES("\n"), 0));
    if (!bytes_starts_with(line, BYTES("# --"))) {
        return NULL;
    }
    return arena_string(arena, bytes_slice(line, 2, line.length));
}

static size_t lines_in(struct bytes text) {
    size_t count = 0;

    for (size_t i = 0; i < text.length; i++) {
        count += text.data[i] == '\n' ? 1 : 0;
    }
    return count;
}

/* PATH:LINE:COLUMN: error: ...; what to do */
static bool every_line_has_a_place_and_a_remedy(struct arena *arena, const char *name,
                                                struct bytes text) {
    const char *place = arena_format(arena, "%s:", name);
    bool good = text.length > 0;

    for (size_t start = 0; start < text.length;) {
        size_t end = bytes_find(text, BYTES("\n"), start);
        struct bytes line = bytes_slice(text, start, end);
        good = good && bytes_starts_with(line, bytes_of(place)) &&
               (bytes_find(line, BYTES("; "), 0) != SIZE_MAX ||
                bytes_find(line, BYTES(": info: "), 0) != SIZE_MAX);
        start = end == SIZE_MAX ? text.length : end + 1;
    }
    return good;
}

static void the_fault_is_said_and_the_other_one_stays_active(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer errors = {0};
    const char *name = *state;
    const char *file = arena_format(arena, ROOT "/%s", name);
    const char *arguments[] = {golden_sidecar(), "check", name, NULL, NULL};

    arguments[3] = flag_of(arena, golden_read(arena, file));
    int status = golden_run(ROOT, arguments, environment, &output, &errors);

    assert_int_equal(status, 1);
    assert_non_null(strstr(buffer_string(&errors), "1 active"));
    assert_true(every_line_has_a_place_and_a_remedy(arena, name, buffer_bytes(&output)));
    assert_between(lines_in(buffer_bytes(&output)), 1, 3);
    const char *golden =
        arena_format(arena, "%.*s.diagnostics", (int)(strlen(file) - strlen(".yaml")), file);
    assert_true(golden_matches(golden, buffer_bytes(&output)));
}

int main(void) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct golden_names names = golden_names(arena, ROOT, ".yaml");
    struct CMUnitTest *tests = ARENA_NEW_ARRAY(arena, struct CMUnitTest, names.count);

    for (size_t i = 0; i < names.count; i++) {
        tests[i].name = names.items[i];
        tests[i].test_func = the_fault_is_said_and_the_other_one_stays_active;
        tests[i].initial_state = (void *)(uintptr_t)names.items[i];
    }
    return _cmocka_run_group_tests("render_wrong", tests, names.count, NULL, NULL);
}
