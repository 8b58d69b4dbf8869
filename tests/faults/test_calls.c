/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every file system call that the sidecar makes for a change of everything it reads fails once,
 * one after the other, in every way; and every kind of call fails for a while. Whatever fails: at
 * each moment the output is whole, the agent goes on, and when the fault is gone it converges by
 * itself.
 *
 * The agent runs on a loop in this process. FAULT_STEP=7 tries each seventh call only (1).
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/number.h"
#include "support/agent_fixture.h"
#include "support/generations.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name;
    int number;
} faults[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EACCES", EACCES}, {"EROFS", EROFS},
    {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM}, {"EINTR", EINTR},
};

struct stage {
    struct agent_fixture *agent;
    struct generations *generations;
    char *folders[3];
    struct buffer why;
    const char *last; /* call */
    size_t looks;     /* at the output, one behind each call that may change it */
    size_t broken;    /* of them */
};

static int stage_setup(void **state) {
    static const char *const names[] = {"plain", "kubelet", "secrets"};
    struct stage *stage = memory_new(1, sizeof(*stage));
    void *fixture = NULL;

    if (agent_fixture_setup(&fixture) != 0) {
        return -1;
    }
    stage->agent = fixture;
    stage->generations = generations_new(stage->agent->dir);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        stage->folders[i] = path_join(stage->agent->dir, names[i]);
        stage->agent->volumes[i] = (struct volume_config){
            .kind = i == 2 ? VOLUME_SECRET : VOLUME_REMOTE_WRITE, .path = stage->folders[i]};
    }
    stage->agent->settings.source.volume_count = ARRAY_LENGTH(names);
    stage->agent->settings.delay_milliseconds = 1;
    stage->agent->settings.retry_milliseconds = 1;
    system_calls_reset();
    *state = stage;
    return 0;
}

static int stage_teardown(void **state) {
    struct stage *stage = *state;
    void *fixture = stage->agent;

    system_calls_reset();
    int result = agent_fixture_teardown(&fixture);
    generations_free(stage->generations);
    for (size_t i = 0; i < ARRAY_LENGTH(stage->folders); i++) {
        free(stage->folders[i]);
    }
    buffer_free(&stage->why);
    free(stage);
    return result;
}

static bool is_current(void *context) {
    struct stage *stage = context;
    struct agent_status status = agent_now(stage->agent);

    system_calls_pause();
    bool current = status.phase == AGENT_IDLE && status.confirmed &&
                   generations_are_current(stage->generations, stage->agent->out, &stage->why);
    system_calls_resume();
    return current;
}

static bool converges(struct stage *stage) {
    bool current = loop_until(&stage->agent->loop, is_current, stage, LOOP_DEADLINE);

    if (!current) {
        fprintf(stderr, "%s\n", buffer_string(&stage->why));
        log_lines_show();
    }
    return current;
}

static void runs(struct stage *stage) {
    agent_runs(stage->agent);
    CLEANUP(memory_freep) char *config = file_read(stage->agent->out, "prometheus.yml");
    assert_true(generations_learn(stage->generations, config));
    assert_true(converges(stage));
}

static bool may_change_the_output(const char *call) {
    static const char *const those[] = {"write", "renameat", "unlinkat"};

    for (size_t i = 0; i < ARRAY_LENGTH(those); i++) {
        if (call != NULL && strcmp(call, those[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void look(const char *call, void *context) {
    struct stage *stage = context;
    CLEANUP(buffer_free) struct buffer why = {0};
    bool due = may_change_the_output(stage->last);

    stage->last = call;
    if (!due) {
        return;
    }
    stage->looks++;
    if (!generations_are_whole(stage->generations, stage->agent->out, false, &why)) {
        fprintf(stderr, "not whole: %s\n", buffer_string(&why));
        stage->broken++;
    }
}

/* What has changed is all there is to come: nothing of the last round is left. */
static void change(struct stage *stage) {
    generations_settle(stage->generations);
    generations_change_all(stage->generations);
    stage->last = NULL;
    system_calls_observe(look, stage);
}

static void forget_log(void) {
    log_lines_stop();
    log_lines_start();
}

static unsigned step(void) {
    const char *text = getenv("FAULT_STEP");
    int64_t number = 1;

    return text != NULL && number_parse(bytes_of(text), &number) == 0 && number > 0 && number < 1000
               ? (unsigned)number
               : 1;
}

/* --- one call fails once
 * --------------------------------------------------------------------------- */

/* How many calls the program makes from a change to the end of its last file. */
static unsigned calls_of_a_change(struct stage *stage) {
    change(stage);
    system_calls_of_program_only();
    system_calls_watch();
    assert_true(converges(stage));
    unsigned calls = system_calls_seen(NULL);
    system_calls_reset();
    return calls;
}

/* True when there was such a call. */
static bool fails_once(struct stage *stage, unsigned nth, size_t fault) {
    change(stage);
    forget_log();
    system_calls_of_program_only();
    system_calls_fail(NULL, nth, faults[fault].number);
    bool current = converges(stage);
    bool hit = system_calls_seen(NULL) >= nth;
    system_calls_reset();
    if (!current || stage->broken > 0) {
        fail_msg("call %u failed with %s", nth, faults[fault].name);
    }
    /* A fault is said once, and so is its end. */
    size_t began = log_lines_count("level=error", "cannot publish");
    if (began > 1 || log_lines_count("publishing works again", NULL) != began) {
        log_lines_show();
        fail_msg("call %u failed with %s: not said as it should be", nth, faults[fault].name);
    }
    return hit;
}

static void any_call_may_fail_once(void **state) {
    struct stage *stage = *state;
    size_t tried = 0;
    size_t missed = 0;

    runs(stage);
    unsigned calls = calls_of_a_change(stage);
    assert_true(calls > 100);
    for (size_t fault = 0; fault < ARRAY_LENGTH(faults); fault++) {
        for (unsigned nth = 1; nth <= calls; nth += step()) {
            bool hit = fails_once(stage, nth, fault);
            tried += hit ? 1 : 0;
            missed += hit ? 0 : 1;
        }
    }
    printf("faults: a change makes %u calls; failed with %zu errors each (step %u): %zu tried, all "
           "converged; looked at the output %zu times: %zu not whole\n",
           calls, ARRAY_LENGTH(faults), step(), tried, stage->looks, stage->broken);
    /* Another change may need a few calls less. */
    assert_true(missed <= tried / 10);
}

/* --- a kind of call fails for a while
 * -------------------------------------------------------------- */

static const char *const calls[] = {
    "open",     "openat",    "read",    "write", "close",  "fstat",    "fstatat", "readlinkat",
    "realpath", "fdopendir", "readdir", "fsync", "fchmod", "renameat", "linkat",  "unlinkat",
};

/* Lines that a person has to look at. */
static size_t loud_lines(void) {
    return log_lines_count("level=error", NULL) + log_lines_count("level=warn", NULL);
}

struct passes {
    const struct stage *stage;
    uint64_t wanted;
};

static bool has_passed(void *context) {
    const struct passes *passes = context;

    return agent_now(passes->stage->agent).passes >= passes->wanted;
}

/* It tries again and again. False where it sees nothing to try: it has been idle for a while,
 * however slow the disk is. */
static bool passes(struct stage *stage, unsigned times) {
    const unsigned patience = 300;
    const unsigned waits_max = 50;
    struct passes wanted = {stage, agent_now(stage->agent).passes + times};
    bool passed = false;

    for (unsigned waits = 0; waits < waits_max && !passed; waits++) {
        passed = loop_until(&stage->agent->loop, has_passed, &wanted, patience);
        if (!passed && agent_now(stage->agent).phase == AGENT_IDLE) {
            break;
        }
    }
    return passed;
}

/* True when there was such a call. */
static bool fails_for_a_while(struct stage *stage, const char *call, size_t fault) {
    change(stage);
    forget_log();
    system_calls_of_program_only();
    system_calls_fail_from(call, 1, faults[fault].number);
    passes(stage, 3);
    size_t loud = loud_lines();
    passes(stage, 3);
    size_t louder = loud_lines();
    bool hit = system_calls_seen(call) > 0;
    system_calls_reset();
    bool current = converges(stage);
    if (!current || stage->broken > 0 || louder != loud) {
        log_lines_show();
        fail_msg("every %s failed with %s: %zu lines, then %zu", call, faults[fault].name, loud,
                 louder);
    }
    return hit;
}

static void any_kind_of_call_may_fail_for_a_while(void **state) {
    struct stage *stage = *state;
    size_t tried = 0;

    runs(stage);
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        for (size_t fault = 0; fault < ARRAY_LENGTH(faults); fault++) {
            /* An interrupted call is made again, without end where it is always interrupted. */
            if (faults[fault].number != EINTR) {
                tried += fails_for_a_while(stage, calls[i], fault) ? 1 : 0;
            }
        }
    }
    printf("faults: %zu pairs of a kind of call and an error lasted for several passes: all "
           "converged, none was said twice\n",
           tried);
}

/* --- the kernel's limits, the clock
 * ---------------------------------------------------------------- */

static void without_a_free_watch_changes_are_found_at_the_watch_interval(void **state) {
    struct stage *stage = *state;

    stage->agent->settings.watch_milliseconds = 50;
    system_calls_fail_from("inotify_add_watch", 1, ENOSPC);
    runs(stage);
    assert_int_equal(log_lines_count("level=error", "cannot watch every directory"), 1);
    assert_int_equal(agent_now(stage->agent).watches, 0);

    generations_settle(stage->generations);
    generations_change_all(stage->generations);
    assert_true(converges(stage));
    assert_int_equal(log_lines_count("level=error", "cannot watch every directory"), 1);

    system_calls_reset();
    assert_true(log_has(stage->agent, "every directory is watched again", NULL));
    assert_true(agent_now(stage->agent).watches > 0);
}

static void a_clock_that_jumps_changes_nothing(void **state) {
    static const int64_t jumps[] = {86400, -86400, INT64_C(400) * 86400, -INT64_C(400) * 86400, 0};
    struct stage *stage = *state;

    runs(stage);
    for (size_t i = 0; i < ARRAY_LENGTH(jumps); i++) {
        size_t asked = reloads_asked(stage->agent);
        change(stage);
        system_calls_shift_clock(jumps[i]);
        assert_true(converges(stage));
        assert_int_equal(reloads_asked(stage->agent), asked + 1);
        agent_is_left_alone(stage->agent);
        assert_int_equal(reloads_asked(stage->agent), asked + 1);
    }
    assert_int_equal(stage->broken, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_call_may_fail_once, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(any_kind_of_call_may_fail_for_a_while, stage_setup,
                                        stage_teardown),
        cmocka_unit_test_setup_teardown(
            without_a_free_watch_changes_are_found_at_the_watch_interval, stage_setup,
            stage_teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_jumps_changes_nothing, stage_setup,
                                        stage_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
