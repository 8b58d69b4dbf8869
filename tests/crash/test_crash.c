/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sidecar is killed (SIGKILL) again and again, at random instants of its start and of its
 * passes, while manifests, secrets and the base change. After each kill the output is whole and
 * one of the states that were possible, and a restart makes it that of now, with nothing left
 * behind.
 *
 * CRASH_COUNT: kills (1000). SEED: of the changes and of the instants (1).
 */

#include "base/bytes.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/number.h"
#include "compile/secret_file.h"
#include "support/generations.h"
#include "support/lone_sidecar.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum {
    DEFAULT_COUNT = 1000,
    PAUSE_MOST = 3000, /* microseconds between two changes */
    CHANGES_MOST = 6,
    /* Of three runs one is killed before it has converged. */
    EARLY = 3,
    COMPARED = 50 /* each so many convergences with what `render` says */
};

/* What a kill found. */
enum found {
    FOUND_OLD,       /* the config of before the changes, and nothing beside it */
    FOUND_TEMPORARY, /* a file that was being written */
    FOUND_BETWEEN,   /* another config, not that of now, or secret files of another time */
    FOUND_NOW,       /* all is done */
    FOUND_KINDS
};

struct crash {
    struct lone_sidecar *sidecar;
    uint64_t random;
    /* figures */
    size_t starts;
    size_t early; /* kills before it had converged */
    size_t late;
    size_t found[FOUND_KINDS];
    size_t convergences;
    int64_t converging; /* nanoseconds, all in all */
    size_t compared;
};

static int64_t number_given(const char *variable, int64_t otherwise) {
    const char *text = getenv(variable);
    int64_t number = 0;

    return text != NULL && number_parse(bytes_of(text), &number) == 0 && number > 0 ? number
                                                                                    : otherwise;
}

/* xorshift64*; below a bound that is small. */
static unsigned chance(struct crash *crash, unsigned below) {
    crash->random ^= crash->random >> 12U;
    crash->random ^= crash->random << 25U;
    crash->random ^= crash->random >> 27U;
    return (unsigned)((crash->random * UINT64_C(0x2545F4914F6CDD1D)) >> 33U) % below;
}

/* Lets an instant come: that is what is drawn here, nothing is waited for. */
static void let_pass(unsigned microseconds) {
    ppoll(NULL, 0, &(struct timespec){.tv_nsec = (long)microseconds * 1000}, NULL);
}

/* --- the sidecar
 * ----------------------------------------------------------------------------------- */

static void start(struct crash *crash) {
    lone_sidecar_start(crash->sidecar);
    crash->starts++;
}

/* Waits until the output is that of now. */
static void converge(struct crash *crash) {
    int64_t began = clock_monotonic_nanoseconds();

    assert_true(lone_sidecar_converges(crash->sidecar));
    crash->convergences++;
    crash->converging += clock_monotonic_nanoseconds() - began;
}

static char *config_of(const struct crash *crash) {
    return file_read(crash->sidecar->out, "prometheus.yml");
}

/* Secret files have names by what was good and on disk before: a config from nothing has the first
 * ones. */
static void take_first_names(char *config, const char *marked) {
    const size_t mark = sizeof(SECRET_NAMES_MARK) - 1; /* all marks are as long */

    for (char *at = config; (at = strstr(at, marked)) != NULL;) {
        char *end = at + strlen(marked) - 1;
        at = end - mark;
        memmove(at, end, strlen(end) + 1);
    }
}

/* What another process makes of the same files, from nothing. */
static void compare_with_render(struct crash *crash) {
    CLEANUP(memory_freep) char *expected = lone_sidecar_render(crash->sidecar);
    CLEANUP(memory_freep) char *config = config_of(crash);

    assert_non_null(expected);
    assert_non_null(config);
    take_first_names(config, "_basicAuth.password" SECRET_NAMES_MARK "\n");
    take_first_names(config, "_basicAuth.password" SECRET_NAMES_THIRD_MARK "\n");
    CLEANUP(buffer_free) struct buffer sorted = {0};
    generations_sort(crash->sidecar->generations, bytes_of(config), &sorted);
    assert_string_equal(buffer_string(&sorted), expected);
    crash->compared++;
}

/* --- kills
 * ----------------------------------------------------------------------------------------- */

static enum found look(const struct crash *crash, const char *before) {
    const struct lone_sidecar *sidecar = crash->sidecar;
    CLEANUP(memory_freep) char *config = config_of(crash);
    CLEANUP(buffer_free) struct buffer why = {0};

    if (generations_temporaries(sidecar->out) > 0) {
        return FOUND_TEMPORARY;
    }
    if (generations_are_current(sidecar->generations, sidecar->out, &why)) {
        return FOUND_NOW;
    }
    return strcmp(config, before) == 0 ? FOUND_OLD : FOUND_BETWEEN;
}

static void kill_and_judge(struct crash *crash, const char *before) {
    const struct lone_sidecar *sidecar = crash->sidecar;
    CLEANUP(buffer_free) struct buffer why = {0};

    assert_int_equal(lone_sidecar_end(crash->sidecar, SIGKILL), PROCESS_KILLED);
    if (!generations_are_whole(sidecar->generations, sidecar->out, true, &why)) {
        fail_msg("after kill %zu: %s", crash->early + crash->late, buffer_string(&why));
    }
    crash->found[look(crash, before)]++;
}

/* Some changes, one after the other, while it runs or before it is started. */
static void change(struct crash *crash) {
    unsigned changes = 1 + chance(crash, CHANGES_MOST);

    for (unsigned i = 0; i < changes; i++) {
        if (i > 0) {
            let_pass(chance(crash, PAUSE_MOST));
        }
        generations_change(crash->sidecar->generations, chance(crash, 1U << 16U));
    }
}

static void kill_once(struct crash *crash) {
    CLEANUP(memory_freep) char *before = config_of(crash);
    /* Microseconds from a start to the end of what it has to do, as it was so far. */
    unsigned usual = (unsigned)(crash->converging / (int64_t)crash->convergences / 1000) + 1;

    if (chance(crash, EARLY) == 0) {
        change(crash);
        start(crash);
        let_pass(chance(crash, usual * 2));
        crash->early++;
    } else {
        start(crash);
        converge(crash);
        if (crash->convergences % COMPARED == 0) {
            compare_with_render(crash);
        }
        memory_freep(&before);
        before = config_of(crash);
        change(crash);
        let_pass(chance(crash, usual));
        crash->late++;
    }
    kill_and_judge(crash, before);
}

static void print_figures(const struct crash *crash, int64_t nanoseconds) {
    printf("crash: %zu kills (%zu while it started, %zu after changes), %zu starts, %zu "
           "convergences (%" PRId64 " ms each on average, %zu compared with render), %" PRId64
           " s\n",
           crash->early + crash->late, crash->early, crash->late, crash->starts,
           crash->convergences, crash->converging / (int64_t)crash->convergences / 1000000,
           crash->compared, nanoseconds / 1000000000);
    printf("crash: found %zu times the state of before, %zu a temporary file, %zu something "
           "between, %zu the state of now; 0 not whole\n",
           crash->found[FOUND_OLD], crash->found[FOUND_TEMPORARY], crash->found[FOUND_BETWEEN],
           crash->found[FOUND_NOW]);
}

static void after_any_kill_the_output_is_whole_and_a_restart_converges(void **state) {
    struct crash *crash = *state;
    int64_t count = number_given("CRASH_COUNT", DEFAULT_COUNT);
    int64_t began = clock_monotonic_nanoseconds();

    assert_true(lone_sidecar_runs(crash->sidecar));
    crash->starts++;
    converge(crash);
    assert_int_equal(lone_sidecar_end(crash->sidecar, SIGTERM), 0);
    while ((int64_t)(crash->early + crash->late) < count) {
        kill_once(crash);
    }
    start(crash);
    converge(crash);
    compare_with_render(crash);
    assert_int_equal(lone_sidecar_end(crash->sidecar, SIGTERM), 0);
    assert_int_equal(generations_temporaries(crash->sidecar->out), 0);
    print_figures(crash, clock_monotonic_nanoseconds() - began);
}

static int crash_setup(void **state) {
    struct crash *crash = memory_new(1, sizeof(*crash));

    crash->sidecar = lone_sidecar_new();
    /* xorshift must not start at 0, and small seeds give small numbers first. */
    crash->random = (uint64_t)number_given("SEED", 1) * UINT64_C(0x9E3779B97F4A7C15) | 1U;
    *state = crash;
    return 0;
}

static int crash_teardown(void **state) {
    struct crash *crash = *state;

    lone_sidecar_free(crash->sidecar);
    free(crash);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(after_any_kill_the_output_is_whole_and_a_restart_converges,
                                        crash_setup, crash_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
