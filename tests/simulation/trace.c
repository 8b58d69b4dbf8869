/* SPDX-License-Identifier: Apache-2.0 */

#include "simulation/trace.h"

#include <inttypes.h>
#include <string.h>

#define TRIPLES     (TRIGGER_STATES * REQUEST_STATES * PLAN_STATES)
#define CELL_SIZE   96
#define EVENT_WIDTH 38

/* --- transitions ------------------------------------------------------------------------------ */

static bool seen[EVENT_KINDS][TRIPLES][TRIPLES];
static unsigned before_event;

static unsigned triple_of(const struct controller_status *status) {
    return ((unsigned)status->trigger * REQUEST_STATES + (unsigned)status->request) * PLAN_STATES +
           (unsigned)status->plan;
}

static void triple_print(unsigned triple, char *out, size_t size) {
    (void)snprintf(out, size, "%s/%s/%s",
                   trigger_state_name((enum trigger_state)(triple / PLAN_STATES / REQUEST_STATES)),
                   request_state_name((enum request_state)(triple / PLAN_STATES % REQUEST_STATES)),
                   plan_state_name((enum plan_state)(triple % PLAN_STATES)));
}

void transitions_print(FILE *out) {
    char before[CELL_SIZE];
    char after[CELL_SIZE];

    for (unsigned event = 0; event < EVENT_KINDS; event++) {
        for (unsigned i = 0; i < TRIPLES * TRIPLES; i++) {
            if (seen[event][i / TRIPLES][i % TRIPLES]) {
                triple_print(i / TRIPLES, before, sizeof(before));
                triple_print(i % TRIPLES, after, sizeof(after));
                fprintf(out, "%-14s  %-36s  %s\n", event_kind_name((enum event_kind)event), before,
                        after);
            }
        }
    }
}

/* --- cells ------------------------------------------------------------------------------------ */

static const char *sign_of(enum item_kind kind) {
    static const char *const signs[KIND_COUNT] = {
        [KIND_GOOD] = "",   [KIND_BAD_PARSE] = "!", [KIND_BAD_APPLY] = "#", [KIND_OLDER] = "<",
        [KIND_NEWER] = "+", [KIND_GATED] = "^",     [KIND_DELICATE] = "~",
    };
    return signs[kind];
}

static void disk_print(const struct config *config, char *out, size_t size) {
    if (!config->exists) {
        (void)snprintf(out, size, "-");
        return;
    }
    static const char *const marks[SECRET_NAMES] = {"", "'", "\""};
    const struct base_text base = base_unpack(config->base);
    size_t used = (size_t)snprintf(out, size, "%u%s", base.revision,
                                   base.kind == BASE_GOOD  ? ":"
                                   : base.kind == BASE_BAD ? "!:"
                                                           : "?:");
    for (unsigned i = 0; i < config->count; i++) {
        struct item item = item_unpack(config->items[i]);
        used += (size_t)snprintf(out + used, size - used, "%s%s%u%s%s", i > 0 ? "," : "",
                                 name_text(item.name), item.revision, sign_of(item.kind),
                                 marks[item.secret_names]);
    }
}

static const char *prometheus_text(const struct prometheus *prometheus) {
    if (prometheus->state == PROMETHEUS_DOWN) {
        return "down";
    }
    if (prometheus->state == PROMETHEUS_STARTING) {
        return "starting";
    }
    return prometheus->job_count > 0 ? "loading" : "up";
}

static const char *fallback_text(const struct controller_status *status) {
    static const char *const names[] = {
        [FALLBACK_NONE] = "-",
        [FALLBACK_LKG] = "lkg",
        [FALLBACK_BASE] = "base",
    };
    return names[status->fallback];
}

static const char *flight_text(const struct sidecar *sidecar) {
    if (sidecar->reload.is_in_flight) {
        return "reload";
    }
    if (sidecar->record.is_in_flight) {
        return "record";
    }
    return sidecar->version.is_in_flight ? "version" : "-";
}

static bool is_on(const struct world *world) {
    return world->trace != NULL && world->trace->out != NULL;
}

static void line(const struct world *world, char mark, const char *words) {
    FILE *out = world->trace->out;

    if (mark != '>' && (world->trace->lines == 0 || --world->trace->lines == 0)) {
        return;
    }
    char disk[CELL_SIZE];
    char running[CELL_SIZE];
    char triple[CELL_SIZE] = "-";
    const char *fallback = "-";
    const char *confirmed = "-";

    if (world->sidecar.controller != NULL) {
        const struct controller_status status = controller_status(world->sidecar.controller);
        triple_print(triple_of(&status), triple, sizeof(triple));
        fallback = fallback_text(&status);
        confirmed = status.is_confirmed ? "yes" : "no";
    }
    disk_print(&world->disk.config, disk, sizeof(disk));
    disk_print(&world->prometheus.running, running, sizeof(running));
    fprintf(out, "%8" PRId64 ".%03d %c %-*s | %-28s | %-4s | %-16s | %-7s | %-3s | %-8s %s\n",
            world->now.monotonic / 1000, (int)(world->now.monotonic % 1000), mark, EVENT_WIDTH,
            words, triple, fallback, disk, flight_text(&world->sidecar), confirmed,
            prometheus_text(&world->prometheus), running);
}

/* --- lines ------------------------------------------------------------------------------------ */

void trace_action(const struct world *world, const struct action *action) {
    char words[CELL_SIZE] = "";
    FILE *text = is_on(world) ? fmemopen(words, sizeof(words) - 1, "w") : NULL;

    if (text != NULL) {
        action_print(action, text);
        (void)fclose(text);
        line(world, '>', words);
    }
}

void trace_note(const struct world *world, const char *words) {
    if (is_on(world)) {
        line(world, ' ', words);
    }
}

void trace_before(const struct world *world, const struct event *event) {
    (void)event;
    const struct controller_status status = controller_status(world->sidecar.controller);

    before_event = triple_of(&status);
}

static const char *verdict_text(const struct reload_outcome *outcome) {
    static const char *const names[] = {
        [RELOAD_CONFIRMED] = "reloaded: confirmed", [RELOAD_REFUSED] = "reloaded: refused",
        [RELOAD_DENIED] = "reloaded: denied",       [RELOAD_UNKNOWN] = "reloaded: no answer",
        [RELOAD_UNREACHABLE] = "reloaded: away",    [RELOAD_IMPOSSIBLE] = "reloaded: impossible",
    };
    return outcome->is_lost ? "reloaded: connection lost" : names[outcome->verdict];
}

static const char *record_text(const struct event *event) {
    static const char *const names[] = {
        [RECORD_ANSWER_STARTING] = "record: starting",
        [RECORD_ANSWER_UNREACHABLE] = "record: away",
        [RECORD_ANSWER_FAILED] = "record: failed",
        [RECORD_ANSWER_NONE] = "record: none",
    };

    if (event->record.answer != RECORD_ANSWER_KNOWN) {
        return names[event->record.answer];
    }
    return event->record.record.success ? "record: success" : "record: failure";
}

static const char *event_text(const struct event *event) {
    switch (event->kind) {
    case EVENT_PASS:
        return !event->pass.mergeable ? "pass: nothing to publish"
               : event->pass.changed  ? "pass: changed"
                                      : "pass";
    case EVENT_PUBLISHED:
        return event->published.error != 0 ? "published: error"
               : event->published.changed  ? "published: changed"
               : event->published.written  ? "published: secrets"
                                           : "published";
    case EVENT_PRUNED:
        return event->pruned ? "pruned" : "pruned: error";
    case EVENT_RELOADED:
        return verdict_text(&event->reloaded);
    case EVENT_RECORD:
        return record_text(event);
    default:
        return event_kind_name(event->kind);
    }
}

/* The record is read again and again: not each time is worth a line. */
static bool is_polling(const struct event *event, unsigned before, unsigned after) {
    const unsigned request_before = before / PLAN_STATES % REQUEST_STATES;
    const unsigned request_after = after / PLAN_STATES % REQUEST_STATES;

    return (event->kind == EVENT_TIME && request_before == REQUEST_WAITING_AFTER &&
            request_after == REQUEST_READING_AFTER) ||
           (event->kind == EVENT_RECORD && request_before == REQUEST_READING_AFTER &&
            request_after == REQUEST_WAITING_AFTER);
}

void trace_after(const struct world *world, const struct event *event) {
    const struct controller_status status = controller_status(world->sidecar.controller);
    const unsigned after = triple_of(&status);
    const bool is_dull = is_polling(event, before_event, after);

    seen[event->kind][before_event][after] = true;
    if (is_on(world) && !is_dull) {
        line(world, ' ', event_text(event));
    }
}

static const char *report_text(const struct effect *effect) {
    static const char *const names[] = {
        [REPORT_RELOAD] = "reload",
        [REPORT_NO_ANSWER] = "no answer",
        [REPORT_RECORD_UNDECIDED] = "record undecided",
        [REPORT_WATCHED_CHANGED] = "watched files changed",
        [REPORT_VERSION_CLEARED] = "version cleared",
        [REPORT_GIVEN_CLEARED] = "given version cleared",
        [REPORT_BISECTION_STARTED] = "bisection started",
        [REPORT_BISECTION_ENDED] = "bisection ended",
        [REPORT_CAUSE_OUTSIDE] = "cause outside",
        [REPORT_FALLBACK] = "fallback",
        [REPORT_FALLBACK_TAKEN] = "fallback confirmed",
        [REPORT_FALLBACK_BASE] = "fallback to the base",
        [REPORT_STOPPED_UNCONFIRMED] = "stopped unconfirmed",
        [REPORT_LKG_FIRST] = "last known good first",
        [REPORT_SETTLED] = "settled",
        [REPORT_PEER_UP] = "Prometheus is there",
        [REPORT_INVARIANT] = "INVARIANT",
    };
    return names[effect->report];
}

void trace_effect(const struct world *world, const struct effect *effect) {
    static const char *const names[] = {
        [EFFECT_READ_SETTINGS] = "read settings",
        [EFFECT_RUN_PASS] = "run a pass",
        [EFFECT_PUBLISH] = "publish",
        [EFFECT_PRUNE] = "prune",
        [EFFECT_ASK_VERSION] = "ask the version",
        [EFFECT_SET_VERSION] = "set the version",
        [EFFECT_READ_RECORD] = "read the record",
        [EFFECT_RELOAD] = "reload",
        [EFFECT_CHECK_RUNNING] = "check running",
        [EFFECT_SAVE] = "save",
        [EFFECT_REPORT] = "report",
    };
    char words[2 * CELL_SIZE];

    if (!is_on(world) || !world->trace->has_effects) {
        return;
    }
    char set[CELL_SIZE] = "";
    if (effect->kind == EFFECT_PUBLISH && effect->set != NULL) {
        const struct config config = config_of(effect->set);
        disk_print(&config, set, sizeof(set));
    }
    (void)snprintf(words, sizeof(words), "  * %s %s", names[effect->kind],
                   effect->kind == EFFECT_REPORT ? report_text(effect) : set);
    fprintf(world->trace->out, "             %s\n", words);
}
