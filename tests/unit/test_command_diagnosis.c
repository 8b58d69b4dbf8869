/* SPDX-License-Identifier: Apache-2.0 */

/* Diagnostics by source and severity, and how many of them are shown. */

#include "command/diagnosis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct diagnostics diagnostics;
};

static const struct volume_config volumes[] = {
    {VOLUME_REMOTE_WRITE, NULL, "/etc/rw"}, {VOLUME_REMOTE_WRITE, "team-a", "/etc/rw/team-a"},
    {VOLUME_SECRET, NULL, "/etc/secrets/"}, {VOLUME_CONFIGMAP, NULL, "/etc/secrets/"},
    {VOLUME_REMOTE_WRITE, NULL, "rw"},
};
static const char *const watched[] = {"/etc/rules"};
static const struct source_settings settings = {
    .volumes = volumes,
    .volume_count = ARRAY_LENGTH(volumes),
    .watched_paths = watched,
    .watched_path_count = ARRAY_LENGTH(watched),
    .base_path = "/etc/prometheus.yml",
    .labels_path = "/etc/labels",
};

static int setup(void **state) {
    static struct fixture fixture;

    fixture.arena = arena_new();
    fixture.diagnostics = diagnostics_in(fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    return 0;
}

static void say(struct fixture *fixture, enum severity severity, const char *file) {
    diagnostics_add(&fixture->diagnostics, severity, (struct location){.file = file}, NULL, NULL,
                    "mend it", "is broken");
}

static void say_of_remote_write(struct fixture *fixture, enum severity severity, const char *file) {
    say(fixture, severity, file);
    fixture->diagnostics.items[fixture->diagnostics.count - 1].about_remote_write = true;
}

static struct diagnosis judged(struct fixture *fixture) {
    return diagnosis_of(fixture->arena, &settings, &fixture->diagnostics);
}

static const struct web_source *source_of(const struct diagnosis *diagnosis, const char *path) {
    for (size_t i = 0; i < diagnosis->source_count; i++) {
        if (strcmp(diagnosis->sources[i].path, path) == 0) {
            return &diagnosis->sources[i];
        }
    }
    fail_msg("no source %s", path);
    return NULL;
}

static void every_source_is_there_once_without_an_error(void **state) {
    const struct diagnosis diagnosis =
        diagnosis_of(((struct fixture *)*state)->arena, &settings, NULL);

    assert_int_equal(diagnosis.source_count, 7);
    for (size_t i = 0; i < diagnosis.source_count; i++) {
        assert_int_equal(diagnosis.sources[i].errors, 0);
        assert_true(i == 0 || strcmp(diagnosis.sources[i - 1].path, diagnosis.sources[i].path) < 0);
    }
    assert_int_equal(diagnosis.severity_count, 3);
    assert_int_equal(diagnosis.count, 0);
}

static void an_error_counts_for_the_nearest_source(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *file;
        const char *source;
    } files[] = {
        {"/etc/rw", "/etc/rw"},
        {"/etc/rw/a.yaml", "/etc/rw"},
        {"/etc/rw/team-ab/a.yaml", "/etc/rw"},
        {"/etc/rw/team-a/deep/a.yaml", "/etc/rw/team-a"},
        {"/etc/secrets/", "/etc/secrets/"},
        {"/etc/secrets//s/key", "/etc/secrets/"},
        {"/etc/rules/r.yml", "/etc/rules"},
        {"/etc/prometheus.yml", "/etc/prometheus.yml"},
        {"/etc/prometheus.yml.other", DIAGNOSIS_ELSEWHERE},
        {"/etc/labels", "/etc/labels"},
        {"rw/a.yaml", "rw"},
        {"elsewhere", DIAGNOSIS_ELSEWHERE},
        {"/", DIAGNOSIS_ELSEWHERE},
        {"", DIAGNOSIS_ELSEWHERE},
        {NULL, DIAGNOSIS_ELSEWHERE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        fixture->diagnostics = diagnostics_in(fixture->arena);
        say(fixture, SEVERITY_ERROR, files[i].file);
        say(fixture, SEVERITY_WARNING, files[i].file);
        say(fixture, SEVERITY_INFO, files[i].file);
        const struct diagnosis diagnosis = judged(fixture);
        assert_int_equal(source_of(&diagnosis, files[i].source)->errors, 1);
        assert_int_equal(source_of(&diagnosis, files[i].source)->warnings, 1);
    }
}

static void what_is_about_a_remote_write_counts_by_severity_alone(void **state) {
    struct fixture *fixture = *state;
    say_of_remote_write(fixture, SEVERITY_ERROR, "/etc/rw/a.yaml");
    say_of_remote_write(fixture, SEVERITY_WARNING, "/etc/rw/a.yaml");
    say(fixture, SEVERITY_INFO, "/etc/rw/a.yaml");

    const struct diagnosis diagnosis = judged(fixture);

    assert_int_equal(source_of(&diagnosis, "/etc/rw")->errors, 0);
    assert_int_equal(source_of(&diagnosis, "/etc/rw")->warnings, 0);
    for (size_t i = 0; i < diagnosis.severity_count; i++) {
        assert_int_equal(diagnosis.severities[i].count, 1);
    }
    assert_int_equal(diagnosis.count, 2);
    assert_int_equal(diagnosis.left_out, 0);
}

static void a_hundred_thousand_errors_hide_no_error_of_a_file(void **state) {
    struct fixture *fixture = *state;
    const size_t many = 100000;
    for (size_t i = 0; i < many; i++) {
        say_of_remote_write(fixture, SEVERITY_ERROR, "/etc/rw/a.yaml");
        say(fixture, SEVERITY_WARNING, "/etc/rw/b.yaml");
    }
    say(fixture, SEVERITY_ERROR, "/etc/rw/z.yaml");

    const struct diagnosis diagnosis = judged(fixture);

    assert_int_equal(diagnosis.count, DIAGNOSIS_SHOWN_MAX);
    assert_int_equal(diagnosis.left_out, 2 * many + 1 - DIAGNOSIS_SHOWN_MAX);
    assert_string_equal(diagnosis.items[0].file, "/etc/rw/z.yaml");
    assert_string_equal(diagnosis.items[1].file, "/etc/rw/a.yaml");
}

static void a_long_text_is_cut_between_characters(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    while (text.length < DIAGNOSIS_TEXT_MAX + 500) {
        buffer_append_string(&text, "\xE2\x82\xAC");
    }
    diagnostics_add(&fixture->diagnostics, SEVERITY_ERROR, (struct location){.file = "rw"}, NULL,
                    NULL, NULL, "%s", buffer_string(&text));

    const struct diagnosis diagnosis = judged(fixture);

    const size_t kept = (size_t)DIAGNOSIS_TEXT_MAX / 3 * 3;
    const char *problem = diagnosis.items[0].problem;
    assert_memory_equal(problem, buffer_string(&text), kept);
    assert_string_equal(problem + kept, " ...");
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_source_is_there_once_without_an_error),
        TEST(an_error_counts_for_the_nearest_source),
        TEST(what_is_about_a_remote_write_counts_by_severity_alone),
        TEST(a_hundred_thousand_errors_hide_no_error_of_a_file),
        TEST(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
