/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole cases, through the program: testdata/render/CASE/ holds manifests/ and what `render` has to
 * make of them, merged-VERSION.yml and diagnostics-VERSION.txt for each version of Prometheus.
 *
 *     manifests/       the volume (--remote-write-dir), unless flags say otherwise
 *     base.yml         the base; testdata/render/base.yml where there is none
 *     flags            further flags, one a line
 *     environment      NAME=value, one a line; the program sees nothing else
 *     versions         versions of Prometheus in place of the usual four
 *     exit             the exit status, where it is not 0
 *     secrets, configmaps, ...   what flags name
 */

#include "base/compiler.h"
#include "support/golden.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define ROOT "testdata/render"

/* Debian's, the last but one of 2, and two of 3. */
static const char usual_versions[] = "2.42\n2.55\n3.1\n3.16\n";

enum {
    MOST_ARGUMENTS = 32
};

struct render {
    struct arena *arena;
    const char *folder;
    const char *arguments[MOST_ARGUMENTS];
    size_t count;
};

static const char *file_of(const struct render *render, const char *name) {
    return arena_format(render->arena, "%s/%s", render->folder, name);
}

static void add(struct render *render, const char *argument) {
    assert_true(render->count + 1 < MOST_ARGUMENTS);
    render->arguments[render->count] = argument;
    render->count++;
}

static struct golden_names lines_of(const struct render *render, const char *name) {
    return golden_lines(render->arena, golden_read(render->arena, file_of(render, name)));
}

static struct golden_names versions_of(const struct render *render) {
    struct golden_names own = lines_of(render, "versions");

    return own.count > 0 ? own : golden_lines(render->arena, usual_versions);
}

static bool names_a_volume(struct golden_names flags) {
    for (size_t i = 0; i < flags.count; i++) {
        if (bytes_starts_with(bytes_of(flags.items[i]), BYTES("--remote-write-dir"))) {
            return true;
        }
    }
    return false;
}

static void give_arguments(struct render *render, const char *version) {
    struct golden_names flags = lines_of(render, "flags");

    render->count = 0;
    add(render, golden_sidecar());
    add(render, "render");
    add(render, golden_exists(file_of(render, "base.yml")) ? "--config-file=base.yml"
                                                           : "--config-file=../base.yml");
    add(render, arena_format(render->arena, "--prometheus-version=%s", version));
    if (!names_a_volume(flags)) {
        add(render, "--remote-write-dir=manifests");
    }
    for (size_t i = 0; i < flags.count; i++) {
        add(render, flags.items[i]);
    }
    render->arguments[render->count] = NULL;
}

static const char *const *environment_of(const struct render *render) {
    struct golden_names lines = lines_of(render, "environment");
    const char **environment = ARENA_NEW_ARRAY(render->arena, const char *, lines.count + 2);

    for (size_t i = 0; i < lines.count; i++) {
        environment[i] = lines.items[i];
    }
    /* What sanitizers are told, and nothing else. */
    environment[lines.count] = "ASAN_OPTIONS=detect_leaks=1";
    return environment;
}

static bool status_is_right(const struct render *render, const char *version, int status) {
    int wanted = (int)strtol(golden_read(render->arena, file_of(render, "exit")), NULL, 10);
    const char *own = golden_read(render->arena,
                                  file_of(render, arena_format(render->arena, "exit-%s", version)));

    if (own[0] != '\0') {
        wanted = (int)strtol(own, NULL, 10);
    }
    if (status != wanted) {
        print_error("%s for %s: exit status %d, not %d\n", render->folder, version, status, wanted);
    }
    return status == wanted;
}

static bool version_renders(struct render *render, const char *version) {
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer errors = {0};
    const char *merged = arena_format(render->arena, "merged-%s.yml", version);
    const char *diagnostics = arena_format(render->arena, "diagnostics-%s.txt", version);
    bool good = true;

    give_arguments(render, version);
    int status =
        golden_run(render->folder, render->arguments, environment_of(render), &output, &errors);
    good = status_is_right(render, version, status) && good;
    good = golden_matches(file_of(render, merged), buffer_bytes(&output)) && good;
    good = golden_matches(file_of(render, diagnostics), buffer_bytes(&errors)) && good;
    return good;
}

static void the_case_renders_as_its_golden_files_say(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct render render = {.arena = arena,
                            .folder = arena_format(arena, ROOT "/%s", (char *)*state)};
    struct golden_names versions = versions_of(&render);
    size_t wrong = 0;

    for (size_t i = 0; i < versions.count; i++) {
        wrong += version_renders(&render, versions.items[i]) ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct golden_names names = golden_names(arena, ROOT, "");
    struct CMUnitTest *tests = ARENA_NEW_ARRAY(arena, struct CMUnitTest, names.count);
    size_t count = 0;

    for (size_t i = 0; i < names.count; i++) {
        if (golden_exists(arena_format(arena, ROOT "/%s/manifests", names.items[i]))) {
            tests[count].name = names.items[i];
            tests[count].test_func = the_case_renders_as_its_golden_files_say;
            tests[count].initial_state = (void *)(uintptr_t)names.items[i];
            count++;
        }
    }
    return _cmocka_run_group_tests("render_golden", tests, count, NULL, NULL);
}
