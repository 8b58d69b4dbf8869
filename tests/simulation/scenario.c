/* SPDX-License-Identifier: Apache-2.0 */

/* Histories by chance. Swarm testing: each history has kinds of actions that it does without, and
 * rates of its own, so that some are quiet and some are storms. Also reads and prints scripts. */

#include "simulation/scenario.h"

#include "simulation/item.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct random {
    uint64_t state;
};

/* splitmix64 */
static uint64_t random_next(struct random *random) {
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t below(struct random *random, uint32_t bound) {
    return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}

static bool chance(struct random *random, uint32_t percent) {
    return below(random, 100) < percent;
}

static int64_t pick(struct random *random, const int64_t *values, uint32_t count) {
    return values[below(random, count)];
}
#define PICK(random, ...)                          \
    pick((random), (const int64_t[]){__VA_ARGS__}, \
         (uint32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

/* --- settings --------------------------------------------------------------------------------- */

static void make_settings(struct random *random, struct scenario *scenario) {
    struct controller_settings *settings = &scenario->settings;

    settings->in_place = chance(random, 10);
    settings->watch_only = !settings->in_place && chance(random, 4);
    settings->by_signal = chance(random, 10);
    settings->ask_version = chance(random, 60);
    if (!settings->ask_version && chance(random, 50)) {
        settings->version = (struct version){.major = 1 + below(random, VERSIONS)};
    }
    settings->is_loaded_at_start = settings->watch_only;
    settings->watch_interval = PICK(random, 0, 60000, 180000, 600000);
    settings->delay = PICK(random, 0, 50, 200, 1000);
    settings->retry = PICK(random, 500, 5000, 5000, 30000);
    settings->startup_timeout = PICK(random, 5000, 60000, 60000, 300000);
    /* A shorter one than the default may give up a reload that is still running: the operator's
     * choice, about which nothing can be promised. */
    settings->confirm_timeout = PICK(random, 0, 0, 0, 1200000);
    settings->request_timeout = PICK(random, 1000, 10000, 30000);
    scenario->prometheus_version = 1 + (int)below(random, VERSIONS);
    scenario->restart_delay = PICK(random, 1000, 10000);
    scenario->replay = PICK(random, 0, 100, 5000, 120000);
    scenario->has_file_events = settings->watch_interval == 0 || chance(random, 85);
    scenario->has_config = chance(random, 40);
    scenario->hangs_up = chance(random, 30);
    scenario->mends_base = chance(random, 70);
    scenario->ends_in_liveness = true;
}

/* --- actions ---------------------------------------------------------------------------------- */

/* How often each kind is done, before it is made rarer, more frequent, or left out by chance. */
static const uint8_t usual_weights[ACTION_KINDS] = {
    [ACTION_ADD] = 12,          [ACTION_EDIT] = 12,      [ACTION_MOVE] = 5,
    [ACTION_ROTATE] = 5,        [ACTION_REVERT] = 4,     [ACTION_REMOVE] = 5,
    [ACTION_REJECT] = 2,        [ACTION_PENDING] = 2,    [ACTION_UNSELECT] = 2,
    [ACTION_LOSE] = 2,          [ACTION_MEND] = 6,       [ACTION_EXPIRE] = 2,
    [ACTION_RENEW] = 2,         [ACTION_BASE] = 5,       [ACTION_PERSON] = 2,
    [ACTION_RACE] = 2,          [ACTION_RULES] = 4,      [ACTION_TOUCH] = 2,
    [ACTION_WRITER] = 2,        [ACTION_UNREADABLE] = 2, [ACTION_SIGHUP] = 2,
    [ACTION_RELOAD_WANTED] = 1, [ACTION_SETTINGS] = 1,   [ACTION_SIGTERM] = 2,
    [ACTION_SIGKILL] = 3,       [ACTION_DISK_FAULT] = 5, [ACTION_DISK_MEND] = 3,
    [ACTION_STOP] = 5,          [ACTION_VERSION] = 2,    [ACTION_RELOADS] = 9,
    [ACTION_RECORD] = 3,        [ACTION_BUILDINFO] = 1,  [ACTION_OTHER_RELOAD] = 2,
    [ACTION_CITES] = 2,         [ACTION_CLOCK] = 2,      [ACTION_WAIT] = 6,
};

struct swarm {
    uint32_t weights[ACTION_KINDS];
    uint32_t total;
    uint32_t pace;  /* milliseconds between actions, about */
    uint32_t names; /* RemoteWrites that are used */
    uint32_t bad;   /* percent of entries that Prometheus refuses */
};

static void make_swarm(struct random *random, struct swarm *swarm) {
    static const uint32_t factors[] = {0, 0, 1, 1, 2, 5};

    *swarm = (struct swarm){
        .pace = (uint32_t)PICK(random, 20, 200, 1000, 5000, 20000, 100000),
        .names = 1 + below(random, NAMES),
        .bad = (uint32_t)PICK(random, 0, 10, 30, 60),
    };
    for (size_t i = 0; i < ACTION_KINDS; i++) {
        swarm->weights[i] =
            usual_weights[i] * factors[below(random, sizeof(factors) / sizeof(factors[0]))];
        swarm->total += swarm->weights[i];
    }
    swarm->weights[ACTION_ADD] += 5;
    swarm->weights[ACTION_WAIT] += 1;
    swarm->total += 6;
}

static uint8_t choose_kind(struct random *random, const struct swarm *swarm) {
    uint32_t at = below(random, swarm->total);
    uint8_t kind = 0;

    while (at >= swarm->weights[kind]) {
        at -= swarm->weights[kind++];
    }
    return kind;
}

static int32_t choose_item(struct random *random, const struct swarm *swarm) {
    if (chance(random, swarm->bad)) {
        return 1 + (int32_t)below(random, KIND_COUNT - 1);
    }
    return chance(random, 10) ? KIND_DELICATE : KIND_GOOD;
}

static int32_t choose_base(struct random *random) {
    return chance(random, 60) ? BASE_GOOD : chance(random, 70) ? BASE_BAD : BASE_UNMERGEABLE;
}

static void choose_prometheus(struct random *random, struct action *action) {
    switch ((enum action_kind)action->kind) {
    case ACTION_STOP:
        action->a = (int32_t)PICK(random, 10, 1000, 10000, 90000, 400000);
        action->b = (int32_t)PICK(random, 0, 10, 2000, 60000, 400000);
        break;
    case ACTION_VERSION:
        action->a = 1 + (int32_t)below(random, VERSIONS);
        break;
    case ACTION_RELOADS:
        action->a = chance(random, 30) ? MODE_PROMPT : (int32_t)below(random, RELOAD_MODES);
        action->b = (int32_t)PICK(random, 500, 5000, 60000, 200000, 700000);
        break;
    case ACTION_RECORD:
        action->a = chance(random, 50) ? RECORD_MODE_GOOD : (int32_t)below(random, 4);
        break;
    case ACTION_BUILDINFO:
        action->a = chance(random, 60) ? 1 : 0;
        break;
    case ACTION_CITES:
        action->a = (int32_t)below(random, 3);
        break;
    case ACTION_CLOCK:
        action->a = (int32_t)PICK(random, -3600000, -1000, -100, 100, 1000, 3600000);
        break;
    default:
        break;
    }
}

static void choose_sidecar(struct random *random, struct action *action) {
    switch ((enum action_kind)action->kind) {
    case ACTION_SETTINGS:
        action->a = (int32_t)below(random, 4);
        break;
    case ACTION_SIGTERM:
        action->a = (int32_t)PICK(random, 10, 1000, 60000);
        break;
    case ACTION_SIGKILL:
        action->a = (int32_t)below(random, 12);
        action->b = (int32_t)below(random, 3);
        break;
    case ACTION_DISK_FAULT:
        action->a = (int32_t)below(random, DISK_FAULTS);
        action->b = (int32_t)PICK(random, 1, 1, 2, 5, 1000000);
        break;
    default:
        choose_prometheus(random, action);
        break;
    }
}

static void choose_arguments(struct random *random, const struct swarm *swarm,
                             struct action *action) {
    action->who = (uint8_t)below(random, swarm->names);
    switch ((enum action_kind)action->kind) {
    case ACTION_ADD:
        action->a = choose_item(random, swarm);
        action->b = chance(random, 70) ? 1 : 0;
        break;
    case ACTION_EDIT:
        action->a = choose_item(random, swarm);
        break;
    case ACTION_ROTATE:
        action->a = chance(random, swarm->bad / 4) ? 1 : 0;
        break;
    case ACTION_BASE:
    case ACTION_PERSON:
    case ACTION_RACE:
        action->a = choose_base(random);
        break;
    case ACTION_RULES:
        action->a = chance(random, 35) ? 1 : 0;
        break;
    case ACTION_WRITER:
        action->a = chance(random, 50) ? WRITER_NONE : (int32_t)below(random, 3);
        break;
    case ACTION_UNREADABLE:
        action->a = chance(random, 40) ? 1 : 0;
        break;
    default:
        choose_sidecar(random, action);
        break;
    }
}

static uint32_t choose_wait(struct random *random, const struct swarm *swarm) {
    if (chance(random, 20)) {
        return 0;
    }
    if (chance(random, 10)) {
        return below(random, swarm->pace * 20);
    }
    return below(random, swarm->pace * 2);
}

void scenario_make(struct scenario *scenario, uint64_t seed) {
    struct random random = {.state = seed * UINT64_C(0x2545f4914f6cdd1d)};
    struct swarm swarm;

    scenario->seed = seed;
    scenario->settings = (struct controller_settings){0};
    make_settings(&random, scenario);
    make_swarm(&random, &swarm);
    scenario->count = 5 + below(&random, (uint32_t)PICK(&random, 20, 60, 200));
    for (unsigned i = 0; i < scenario->count; i++) {
        struct action *action = &scenario->actions[i];
        *action = (struct action){.wait = choose_wait(&random, &swarm)};
        action->kind = choose_kind(&random, &swarm);
        choose_arguments(&random, &swarm, action);
    }
}

/* --- scripts ---------------------------------------------------------------------------------- */

struct setting {
    const char *name;
    int64_t value;
};

enum {
    SETTING_SEED,
    SETTING_WATCH_ONLY,
    SETTING_IN_PLACE,
    SETTING_BY_SIGNAL,
    SETTING_ASK_VERSION,
    SETTING_GIVEN_VERSION,
    SETTING_LOADED_AT_START,
    SETTING_WATCH_INTERVAL,
    SETTING_DELAY,
    SETTING_RETRY,
    SETTING_STARTUP_TIMEOUT,
    SETTING_CONFIRM_TIMEOUT,
    SETTING_REQUEST_TIMEOUT,
    SETTING_PROMETHEUS_VERSION,
    SETTING_RESTART_DELAY,
    SETTING_REPLAY,
    SETTING_FILE_EVENTS,
    SETTING_HAS_CONFIG,
    SETTING_HANGS_UP,
    SETTING_MENDS_BASE,
    SETTING_LIVENESS,
    SETTINGS
};

static const char *const setting_names[SETTINGS] = {
    "seed",
    "watch-only",
    "in-place",
    "by-signal",
    "ask-version",
    "given-version",
    "loaded-at-start",
    "watch-interval",
    "delay",
    "retry",
    "startup-timeout",
    "confirm-timeout",
    "request-timeout",
    "prometheus-version",
    "restart-delay",
    "replay",
    "file-events",
    "has-config",
    "ends-with-SIGHUP",
    "mends-base",
    "liveness",
};

static void settings_to_values(const struct scenario *scenario, int64_t *values) {
    const struct controller_settings *settings = &scenario->settings;

    values[SETTING_SEED] = (int64_t)scenario->seed;
    values[SETTING_WATCH_ONLY] = settings->watch_only;
    values[SETTING_IN_PLACE] = settings->in_place;
    values[SETTING_BY_SIGNAL] = settings->by_signal;
    values[SETTING_ASK_VERSION] = settings->ask_version;
    values[SETTING_GIVEN_VERSION] = settings->version.major;
    values[SETTING_LOADED_AT_START] = settings->is_loaded_at_start;
    values[SETTING_WATCH_INTERVAL] = settings->watch_interval;
    values[SETTING_DELAY] = settings->delay;
    values[SETTING_RETRY] = settings->retry;
    values[SETTING_STARTUP_TIMEOUT] = settings->startup_timeout;
    values[SETTING_CONFIRM_TIMEOUT] = settings->confirm_timeout;
    values[SETTING_REQUEST_TIMEOUT] = settings->request_timeout;
    values[SETTING_PROMETHEUS_VERSION] = scenario->prometheus_version;
    values[SETTING_RESTART_DELAY] = scenario->restart_delay;
    values[SETTING_REPLAY] = scenario->replay;
    values[SETTING_FILE_EVENTS] = scenario->has_file_events;
    values[SETTING_HAS_CONFIG] = scenario->has_config;
    values[SETTING_HANGS_UP] = scenario->hangs_up;
    values[SETTING_MENDS_BASE] = scenario->mends_base;
    values[SETTING_LIVENESS] = scenario->ends_in_liveness;
}

static void settings_from_values(struct scenario *scenario, const int64_t *values) {
    scenario->seed = (uint64_t)values[SETTING_SEED];
    scenario->settings = (struct controller_settings){
        .watch_only = values[SETTING_WATCH_ONLY] != 0,
        .in_place = values[SETTING_IN_PLACE] != 0,
        .by_signal = values[SETTING_BY_SIGNAL] != 0,
        .ask_version = values[SETTING_ASK_VERSION] != 0,
        .version = {.major = (unsigned)values[SETTING_GIVEN_VERSION]},
        .is_loaded_at_start = values[SETTING_LOADED_AT_START] != 0,
        .watch_interval = values[SETTING_WATCH_INTERVAL],
        .delay = values[SETTING_DELAY],
        .retry = values[SETTING_RETRY],
        .startup_timeout = values[SETTING_STARTUP_TIMEOUT],
        .confirm_timeout = values[SETTING_CONFIRM_TIMEOUT],
        .request_timeout = values[SETTING_REQUEST_TIMEOUT],
    };
    scenario->prometheus_version = (int)values[SETTING_PROMETHEUS_VERSION];
    scenario->restart_delay = values[SETTING_RESTART_DELAY];
    scenario->replay = values[SETTING_REPLAY];
    scenario->has_file_events = values[SETTING_FILE_EVENTS] != 0;
    scenario->has_config = values[SETTING_HAS_CONFIG] != 0;
    scenario->hangs_up = values[SETTING_HANGS_UP] != 0;
    scenario->mends_base = values[SETTING_MENDS_BASE] != 0;
    scenario->ends_in_liveness = values[SETTING_LIVENESS] != 0;
}

void scenario_print_settings(const struct scenario *scenario, FILE *out) {
    int64_t values[SETTINGS];

    settings_to_values(scenario, values);
    for (size_t i = 0; i < SETTINGS; i++) {
        fprintf(out, "set %s %" PRId64 "\n", setting_names[i], values[i]);
    }
}

static bool read_setting(const char *line, int64_t *values) {
    const char *const name = line + strlen("set ");

    for (size_t i = 0; i < SETTINGS; i++) {
        const size_t length = strlen(setting_names[i]);
        char *end = NULL;
        if (strncmp(name, setting_names[i], length) == 0 && name[length] == ' ') {
            values[i] = strtoll(name + length, &end, 10);
            return end != name + length;
        }
    }
    return false;
}

/* "   12.345", in milliseconds; false: it is none. */
static bool read_time(const char *line, int64_t *ret) {
    char *end = NULL;
    const int64_t seconds = strtoll(line, &end, 10);

    if (end == line || *end != '.') {
        return false;
    }
    *ret = seconds * 1000 + strtoll(end + 1, &end, 10);
    return true;
}

/* "   12.345 > edit a good   | ...": seconds since the start. */
static bool read_action(char *line, int64_t *last, struct action *ret) {
    char *text = strchr(line, '>');
    char *bar = strchr(line, '|');
    int64_t at = 0;

    if (text == NULL || !read_time(line, &at)) {
        return false;
    }
    if (bar != NULL) {
        *bar = '\0';
    }
    ret->wait = at > *last ? (uint32_t)(at - *last) : 0;
    *last = at > *last ? at : *last;
    return action_parse(text + 1, ret);
}

/* Whether the line is an action, and not a step that the simulator printed. */
static bool is_action(const char *line) {
    const char *mark = strchr(line, '>');
    const char *bar = strchr(line, '|');

    return line[0] != '#' && mark != NULL && (bar == NULL || mark < bar);
}

static bool read_lines(struct scenario *scenario, const char *path, FILE *file) {
    char line[512];
    int64_t values[SETTINGS];
    int64_t last = SCENARIO_START;
    unsigned number = 0;

    settings_to_values(scenario, values);
    while (fgets(line, sizeof(line), file) != NULL) {
        number++;
        bool is_setting = strncmp(line, "set ", 4) == 0;
        if (!is_setting && !is_action(line)) {
            continue;
        }
        if (is_setting ? !read_setting(line, values)
                       : scenario->count == ACTIONS_MAX ||
                             !read_action(line, &last, &scenario->actions[scenario->count++])) {
            fprintf(stderr, "%s:%u: not a setting or an action: %s", path, number, line);
            return false;
        }
    }
    settings_from_values(scenario, values);
    return true;
}

bool scenario_read(struct scenario *scenario, const char *path) {
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    scenario_make(scenario, 1);
    scenario->count = 0;
    bool is_read = read_lines(scenario, path, file);
    fclose(file);
    return is_read;
}
