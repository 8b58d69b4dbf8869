/* SPDX-License-Identifier: Apache-2.0 */

/* What testdata/render/ says has to come out is a config that Prometheus takes: $PROMTOOL, of
 * whatever version, looks at every golden file that was rendered for its version or an older one,
 * and at every case rendered for exactly its version. */

#include "base/compiler.h"
#include "base/memory.h"
#include "spec/version.h"
#include "support/assertions.h"
#include "support/golden.h"
#include "support/tempdir.h"

#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define ROOT "testdata/render"

enum {
    MOST_FILES = 2000
};

static const char *const no_environment[] = {NULL};

/* "promtool, version 2.42.0+ds (branch: ..." */
static struct version promtool_version(const char *promtool) {
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer errors = {0};
    const char *arguments[] = {promtool, "--version", NULL};
    struct version version = {0};

    assert_int_equal(golden_run(".", arguments, no_environment, &output, &errors), 0);
    if (output.length == 0) {
        buffer_append(&output, buffer_bytes(&errors));
    }
    const struct bytes mark = BYTES("version ");
    struct bytes text = buffer_bytes(&output);
    size_t start = bytes_find(text, mark, 0);
    assert_true(start != SIZE_MAX);
    start += mark.length;
    text = bytes_slice(text, start, bytes_find(text, BYTES(" "), start));
    assert_int_equal(version_parse(text, &version), 0);
    return version;
}

static void promtool_takes(const char *promtool, const char *const *files, size_t count) {
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer errors = {0};
    const char *arguments[MOST_FILES + 4] = {promtool, "check", "config"};

    assert_between(count, 1, MOST_FILES);
    for (size_t i = 0; i < count; i++) {
        arguments[i + 3] = files[i];
    }
    if (golden_run(".", arguments, no_environment, &output, &errors) != 0) {
        print_error("%s", buffer_string(&errors));
        fail_msg("promtool refuses what was rendered");
    }
}

static bool is_for(const char *file, struct version newest) {
    struct version version;
    struct bytes name = bytes_of(file);
    const struct bytes prefix = BYTES("merged-");
    const struct bytes suffix = BYTES(".yml");

    return bytes_starts_with(name, prefix) &&
           version_parse(bytes_slice(name, prefix.length, name.length - suffix.length), &version) ==
               0 &&
           version_compare(version, newest) <= 0;
}

/* Debian builds its Prometheus 3 without Azure: such a promtool cannot judge those entries. */
static bool knows_azure(const char *promtool) {
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer errors = {0};
    const char *arguments[] = {promtool, "check", "config",
                               ROOT "/azure-managed-identity/merged-3.1.yml", NULL};

    return golden_run(".", arguments, no_environment, &output, &errors) == 0;
}

static bool is_azure(struct arena *arena, const char *file) {
    const char *text = golden_read(arena, file);

    return bytes_find(bytes_of(text), BYTES("\n    azuread:"), 0) != SIZE_MAX;
}

/* max_retries and the like: an old golden file may hold what a new Prometheus no longer knows. */
static bool is_history(struct arena *arena, const char *file) {
    const char *text = golden_read(arena, file);

    return bytes_find(bytes_of(text), BYTES("max_retries"), 0) != SIZE_MAX;
}

static void promtool_takes_the_golden_files_of_its_version_and_older_ones(void **state) {
    const char *promtool = promtool_or_skip();
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *files[MOST_FILES];
    size_t count = 0;

    struct version version = promtool_version(promtool);
    bool azure = knows_azure(promtool);
    struct golden_names cases = golden_names(arena, ROOT, "");
    for (size_t i = 0; i < cases.count; i++) {
        const char *folder = arena_format(arena, ROOT "/%s", cases.items[i]);
        struct golden_names names = golden_names(arena, folder, ".yml");
        for (size_t j = 0; j < names.count; j++) {
            const char *file = arena_format(arena, "%s/%s", folder, names.items[j]);
            if (is_for(names.items[j], version) && !is_history(arena, file) &&
                (azure || !is_azure(arena, file))) {
                assert_true(count < MOST_FILES);
                files[count] = file;
                count++;
            }
        }
    }
    promtool_takes(promtool, files, count);
}

/* The case for one version, as a file of the folder. */
static const char *rendered(struct arena *arena, const char *name, struct version version,
                            const char *into) {
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer errors = {0};
    const char *folder = arena_format(arena, ROOT "/%s", name);
    struct golden_names flags =
        golden_lines(arena, golden_read(arena, arena_format(arena, "%s/flags", folder)));
    bool own_base = golden_exists(arena_format(arena, "%s/base.yml", folder));
    const char **arguments = ARENA_NEW_ARRAY(arena, const char *, flags.count + 6);
    size_t count = 0;

    arguments[count++] = golden_sidecar();
    arguments[count++] = "render";
    arguments[count++] = own_base ? "--config-file=base.yml" : "--config-file=../base.yml";
    arguments[count++] =
        arena_format(arena, "--prometheus-version=%u.%u", version.major, version.minor);
    arguments[count++] = "--remote-write-dir=manifests";
    for (size_t i = 0; i < flags.count; i++) {
        arguments[count++] = flags.items[i];
    }
    (void)golden_run(folder, arguments, no_environment, &output, &errors);
    assert_true(output.length > 0);
    file_write_bytes(into, arena_format(arena, "%s.yml", name), buffer_bytes(&output));
    return arena_format(arena, "%s/%s.yml", into, name);
}

static void promtool_takes_every_case_rendered_for_its_version(void **state) {
    const char *promtool = promtool_or_skip();
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(tempdir_removep) char *into = tempdir_new();
    const char *files[MOST_FILES];
    size_t count = 0;

    struct version version = promtool_version(promtool);
    bool azure = knows_azure(promtool);
    struct golden_names cases = golden_names(arena, ROOT, "");
    for (size_t i = 0; i < cases.count; i++) {
        if (golden_exists(arena_format(arena, ROOT "/%s/manifests", cases.items[i]))) {
            assert_true(count < MOST_FILES);
            files[count] = rendered(arena, cases.items[i], version, into);
            count += azure || !is_azure(arena, files[count]) ? 1 : 0;
        }
    }
    promtool_takes(promtool, files, count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promtool_takes_the_golden_files_of_its_version_and_older_ones),
        cmocka_unit_test(promtool_takes_every_case_rendered_for_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
