/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Plays histories against the controller until the time is over.
 *
 *     simulate [--seconds N] [--seed S] [--histories N] [--limit N] [--transitions] [--effects]
 *     simulate --replay FILE ...
 *
 * Prints each violation as a shrunk history that --replay plays again; the last line is
 * "N violations", and the exit status 1 where there is one. --limit: gives up after so many
 * kinds of them.
 */

#include "simulation/shrink.h"
#include "simulation/trace.h"
#include "simulation/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS_USUAL   10
#define LIMIT_USUAL     3
#define LIMIT_MAX       64
#define LINES           400
#define KEPT            12 /* violations of one kind */
#define HISTORIES_ALOUD 64 /* between two looks at the clock */

/* A kind of violation: those of the same words. */
struct violation {
    char words[VIOLATION_SIZE];
    unsigned count;
    uint64_t seeds[KEPT];
};

struct run {
    double seconds;
    uint64_t seed;
    uint64_t histories_max; /* 0: no bound */
    unsigned limit;
    bool prints_transitions;
    bool has_effects;
    char **replays;
    int replay_count;
    uint64_t histories;
    uint64_t steps;
    unsigned violations;
    struct violation kinds[LIMIT_MAX];
    unsigned kind_count;
};

static struct world world;
static struct scenario scenario;

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Plays it aloud. */
static void print_history(const struct run *run) {
    struct trace trace = {.out = stdout, .has_effects = run->has_effects, .lines = LINES};

    scenario_print_settings(&scenario, stdout);
    (void)world_play(&world, &scenario, &trace);
    if (world.action < scenario.count) { /* it was waiting for the next action */
        const struct action wait = {.kind = ACTION_WAIT};
        trace_action(&world, &wait);
    }
    world_end(&world);
    printf("# %s\n\n", world.is_violated ? world.violation : "no violation");
}

/* Of each kind of violation some are kept, for the smallest story to be told. */
static void note_violation(struct run *run) {
    struct violation *kind = NULL;

    run->violations++;
    for (unsigned i = 0; i < run->kind_count && kind == NULL; i++) {
        kind = violation_same(run->kinds[i].words, world.violation) ? &run->kinds[i] : NULL;
    }
    if (kind == NULL) {
        kind = &run->kinds[run->kind_count++];
        memcpy(kind->words, world.violation, sizeof(world.violation));
    }
    if (kind->count < KEPT) {
        kind->seeds[kind->count] = scenario.seed;
    }
    kind->count++;
}

/* How much there is to read of it. */
static uint64_t length_of(const struct scenario *history) {
    const uint64_t action = 5;

    (void)world_play(&world, history, NULL);
    world_end(&world);
    return world.steps + action * history->count;
}

/* The smallest of those that were kept is left in scenario. */
static void shrink_all(const struct violation *kind) {
    static struct scenario smallest;
    uint64_t length = UINT64_MAX;

    for (unsigned i = 0; i < kind->count && i < KEPT; i++) {
        scenario_make(&scenario, kind->seeds[i]);
        scenario_shrink(&scenario, kind->words);
        if (length_of(&scenario) < length) {
            length = length_of(&scenario);
            smallest = scenario;
        }
    }
    scenario = smallest;
}

static void report_violations(const struct run *run) {
    for (unsigned i = 0; i < run->kind_count; i++) {
        shrink_all(&run->kinds[i]);
        printf("# seed %" PRIu64 ": %s\n", scenario.seed, run->kinds[i].words);
        print_history(run);
    }
    for (unsigned i = 0; i < run->kind_count; i++) {
        printf("%6u times: %s\n", run->kinds[i].count, run->kinds[i].words);
    }
}

static void play(struct run *run) {
    bool holds = world_play(&world, &scenario, NULL);

    run->steps += world.steps;
    run->histories++;
    world_end(&world);
    if (!holds) {
        note_violation(run);
    }
}

static void play_many(struct run *run, double start) {
    for (uint64_t seed = run->seed; run->kind_count < run->limit; seed++) {
        if (run->histories_max > 0 && run->histories == run->histories_max) {
            return;
        }
        if (run->histories % HISTORIES_ALOUD == 0 && run->histories_max == 0 &&
            now() - start >= run->seconds) {
            return;
        }
        scenario_make(&scenario, seed);
        play(run);
    }
}

static bool replay_all(struct run *run) {
    for (int i = 0; i < run->replay_count; i++) {
        if (!scenario_read(&scenario, run->replays[i])) {
            return false;
        }
        bool holds = world_play(&world, &scenario, NULL);
        run->steps += world.steps;
        run->histories++;
        world_end(&world);
        if (!holds || run->has_effects) {
            printf("# %s\n", run->replays[i]);
            print_history(run);
        }
        run->violations += holds ? 0 : 1;
    }
    return true;
}

static int usage(void) {
    fputs("usage: simulate [--seconds N] [--seed S] [--histories N] [--limit N] [--transitions] "
          "[--effects]\n       simulate --replay FILE ...\n",
          stderr);
    return 2;
}

/* The number of a flag; false: it is none. */
static bool number_of(const char *text, uint64_t *ret) {
    char *end = NULL;

    *ret = text != NULL ? strtoull(text, &end, 10) : 0;
    return text != NULL && end != text && *end == '\0';
}

static bool take_flag(struct run *run, char **arguments, int *at) {
    const char *flag = arguments[*at];
    uint64_t number = 0;

    if (strcmp(flag, "--transitions") == 0) {
        run->prints_transitions = true;
        return true;
    }
    if (strcmp(flag, "--effects") == 0) {
        run->has_effects = true;
        return true;
    }
    if (!number_of(arguments[++*at], &number)) {
        return false;
    }
    if (strcmp(flag, "--seconds") == 0) {
        run->seconds = (double)number;
    } else if (strcmp(flag, "--seed") == 0) {
        run->seed = number;
    } else if (strcmp(flag, "--histories") == 0) {
        run->histories_max = number;
    } else if (strcmp(flag, "--limit") == 0) {
        run->limit = number < LIMIT_MAX ? (unsigned)number : LIMIT_MAX;
    } else {
        return false;
    }
    return true;
}

static bool take_flags(struct run *run, int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--replay") == 0) {
            run->replays = arguments + i + 1;
            run->replay_count = count - i - 1;
            return run->replay_count > 0;
        }
        if (!take_flag(run, arguments, &i)) {
            return false;
        }
    }
    return true;
}

int main(int count, char **arguments) {
    struct run run = {.seconds = SECONDS_USUAL, .seed = 1, .limit = LIMIT_USUAL};
    const double start = now();

    if (!take_flags(&run, count, arguments)) {
        return usage();
    }
    if (run.replays != NULL) {
        if (!replay_all(&run)) {
            return 2;
        }
    } else {
        play_many(&run, start);
    }
    const double seconds = now() - start;
    report_violations(&run);
    if (run.prints_transitions) {
        transitions_print(stdout);
    }
    printf("%" PRIu64 " histories, %" PRIu64 " steps in %.1f s (%.2f million a minute)\n",
           run.histories, run.steps, seconds,
           seconds > 0 ? (double)run.steps * 60 / seconds / 1e6 : 0);
    printf("%u violations\n", run.violations);
    return run.violations > 0 ? 1 : 0;
}
