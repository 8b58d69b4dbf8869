/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The model of Prometheus. Where it refuses an entry while it applies a config, the queues before
 * it were taken over already; the next good reload that has one of them starts it a second time,
 * which ends Prometheus. It reads the config when a reload begins; a slow one takes its time after
 * that.
 */

#include "simulation/world.h"

#include <string.h>

#define LATENCY           5
#define RESTART_DELAY_MAX INT64_C(300000)
#define WORDS             "one or more errors occurred while applying the new configuration"

/* --- judging ---------------------------------------------------------------------------------- */

static bool is_bad_while_parsing(const struct world *world, struct item item) {
    unsigned version = world->prometheus.version;

    return item.kind == KIND_BAD_PARSE || (item.kind == KIND_OLDER && version < 2) ||
           (item.kind == KIND_NEWER && version > 2);
}

static bool is_bad_while_applying(const struct world *world, struct item item, uint32_t secret) {
    return item.kind == KIND_BAD_APPLY ||
           (item.kind == KIND_DELICATE && world->user.manifests[item.name].is_expired) ||
           (item.has_secret && secret != ABSENT && secret_unpack(secret).is_bad);
}

bool item_is_bad(const struct world *world, uint32_t packed, uint32_t secret) {
    struct item item = item_unpack(packed);

    return is_bad_while_parsing(world, item) || is_bad_while_applying(world, item, secret);
}

static bool is_refused_as_a_whole(const struct world *world, const struct config *config) {
    return !config->exists || world->user.has_bad_rules ||
           base_unpack(config->base).kind != BASE_GOOD;
}

static unsigned cite(const struct world *world, const struct config *config, unsigned culprits) {
    switch (world->prometheus.cites) {
    case CITES_NOTHING:
        return 0;
    case CITES_CULPRITS:
        return culprits;
    case CITES_WRONGLY:
        break;
    }
    return config->count > 0 ? 1U << item_unpack(config->items[config->count - 1]).name : 0;
}

static struct judged judge(struct world *world, const struct config *config) {
    unsigned culprits = 0;

    invariants_note_judged(world, config);
    if (is_refused_as_a_whole(world, config)) {
        return (struct judged){.judgement = JUDGED_BAD_PARSE};
    }
    for (unsigned i = 0; i < config->count; i++) {
        struct item item = item_unpack(config->items[i]);
        culprits |= is_bad_while_parsing(world, item) ? 1U << item.name : 0;
    }
    if (culprits != 0) {
        return (struct judged){.judgement = JUDGED_BAD_PARSE,
                               .cited = cite(world, config, culprits)};
    }
    for (unsigned i = 0; i < config->count; i++) {
        struct item item = item_unpack(config->items[i]);
        if (is_bad_while_applying(world, item, world->disk.secrets[item_path(item)])) {
            return (struct judged){.judgement = JUDGED_BAD_APPLY, .at = i};
        }
    }
    return (struct judged){.judgement = JUDGED_GOOD};
}

static bool is_parsed(struct world *world, const struct config *config) {
    return judge(world, config).judgement != JUDGED_BAD_PARSE;
}

/* --- up and down ------------------------------------------------------------------------------ */

static int64_t wall_second(const struct world *world) {
    return world->now.wall / 1000 * INT64_C(1000000000);
}

static void lose_jobs(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    bool has_requester = false;

    for (unsigned i = 0; i < prometheus->job_count; i++) {
        has_requester |= prometheus->jobs[i].has_requester;
    }
    prometheus->job_count = 0;
    prometheus->is_job_running = false;
    prometheus->job_due = NEVER;
    if (has_requester) {
        sidecar_answer_reload(world,
                              (struct reload_outcome){.verdict = RELOAD_UNKNOWN, .is_lost = true});
    }
}

static void go_down(struct world *world, int64_t down, int64_t replay) {
    struct prometheus *prometheus = &world->prometheus;

    if (down + replay >= world->sidecar.settings.startup_timeout) {
        invariants_note_outside(world);
    }
    prometheus->state = PROMETHEUS_DOWN;
    prometheus->due = world->now.monotonic + down;
    prometheus->replay = replay;
    prometheus->running = (struct config){0};
    prometheus->doomed_count = 0;
    prometheus->was_doomed_needlessly = false;
    lose_jobs(world);
}

void prometheus_stop(struct world *world, int64_t down, int64_t replay) {
    go_down(world, down, replay);
}

/* It ended by itself. */
static void crash(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    const int64_t delay = prometheus->restart_delay;

    prometheus->restart_delay = delay * 2 < RESTART_DELAY_MAX ? delay * 2 : RESTART_DELAY_MAX;
    go_down(world, delay, world->is_mended ? 0 : world->scenario->replay);
}

static void come_up(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;

    if (judge(world, &world->disk.config).judgement != JUDGED_GOOD) {
        crash(world);
        return;
    }
    prometheus->state = PROMETHEUS_UP;
    prometheus->due = NEVER;
    prometheus->restart_delay = world->scenario->restart_delay;
    prometheus->running = world->disk.config;
    prometheus->running_since = world->now.monotonic;
    prometheus->record = (struct reload_record){true, true, wall_second(world)};
    invariants_check_loaded(world, &prometheus->running, false);
}

static void start(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;

    if (prometheus->version != prometheus->next_version) {
        invariants_note_outside(world);
    }
    prometheus->version = prometheus->next_version;
    if (!is_parsed(world, &world->disk.config)) {
        crash(world);
        return;
    }
    prometheus->state = PROMETHEUS_STARTING;
    prometheus->due = world->now.monotonic + prometheus->replay;
}

void prometheus_begin(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;

    *prometheus = (struct prometheus){
        .version = (unsigned)world->scenario->prometheus_version,
        .next_version = (unsigned)world->scenario->prometheus_version,
        .job_due = NEVER,
        .restart_delay = world->scenario->restart_delay,
        .cites = CITES_CULPRITS,
    };
    come_up(world);
}

/* --- reloads ---------------------------------------------------------------------------------- */

static void begin_job(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    const struct reload_job *job = &prometheus->jobs[0];

    prometheus->is_job_running = true;
    prometheus->job_config = world->disk.config;
    prometheus->job_written_at = world->disk.written_at;
    prometheus->is_job_of_person = disk_is_of_person(world);
    prometheus->job_judged = judge(world, &prometheus->job_config);
    prometheus->job_due = world->now.monotonic + LATENCY;
    if (job->mode == MODE_NEVER) {
        prometheus->job_due = NEVER;
    } else if (job->mode == MODE_SLOW && prometheus->job_judged.judgement == JUDGED_GOOD) {
        prometheus->job_due = world->now.monotonic + job->slow;
    }
}

static void add_job(struct world *world, bool has_requester, enum reload_mode mode) {
    struct prometheus *prometheus = &world->prometheus;

    if (prometheus->job_count == JOBS_MAX) {
        return;
    }
    prometheus->jobs[prometheus->job_count++] =
        (struct reload_job){has_requester, mode, prometheus->slow};
    if (prometheus->job_count == 1) {
        begin_job(world);
    }
}

void prometheus_reload_by_other(struct world *world) {
    if (world->prometheus.state == PROMETHEUS_UP) {
        world->witness.is_record_confused = true;
        add_job(world, false, world->prometheus.mode);
    }
}

void prometheus_receive(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    const bool by_signal = world->sidecar.settings.by_signal;
    struct reload_outcome outcome = {.verdict = RELOAD_UNKNOWN, .is_signal = by_signal};

    if (prometheus->mode == MODE_IMPOSSIBLE) {
        outcome.verdict = RELOAD_IMPOSSIBLE;
    } else if (prometheus->state == PROMETHEUS_DOWN) {
        outcome.verdict = RELOAD_UNREACHABLE;
    } else if (by_signal) {
        if (prometheus->state == PROMETHEUS_UP && prometheus->mode != MODE_LOST_UNREAD) {
            add_job(world, false, prometheus->mode);
        }
    } else if (prometheus->mode == MODE_DENIED) {
        outcome.verdict = RELOAD_DENIED;
    } else if (prometheus->state == PROMETHEUS_STARTING) {
        outcome.verdict = RELOAD_DENIED;
        outcome.is_starting = true;
    } else if (prometheus->mode == MODE_LOST_UNREAD) {
        outcome.is_lost = true;
    } else {
        add_job(world, true, prometheus->mode);
        return;
    }
    sidecar_answer_reload(world, outcome);
}

void prometheus_forget_requester(struct world *world) {
    for (unsigned i = 0; i < world->prometheus.job_count; i++) {
        world->prometheus.jobs[i].has_requester = false;
    }
}

static bool would_die(const struct prometheus *prometheus) {
    for (unsigned i = 0; i < prometheus->doomed_count; i++) {
        if (config_has(&prometheus->job_config, prometheus->doomed[i])) {
            return true;
        }
    }
    return false;
}

/* The queues before the refused entry are taken over. It is needless where the entry was not
 * confirmed and one that was stands before it. */
static void take_over_halfway(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    const struct config *config = &prometheus->job_config;
    const struct memory *memory = &world->witness.memory;
    const uint32_t refused = config->items[prometheus->job_judged.at];
    const struct piece *good =
        piece_find(memory->good, memory->good_count, item_unpack(refused).name);

    for (unsigned i = 0; i < prometheus->job_judged.at; i++) {
        uint32_t item = config->items[i];
        const struct piece *known =
            piece_find(memory->good, memory->good_count, item_unpack(item).name);
        if (!config_has(&prometheus->running, item) || prometheus->doomed_count == NAMES) {
            continue;
        }
        prometheus->doomed[prometheus->doomed_count++] = item;
        prometheus->was_doomed_needlessly |=
            known != NULL && known->item == item && (good == NULL || good->item != refused);
    }
}

/* Its queues do not stop with the reload that refuses it. */
static void refuse(struct world *world) {
    world->prometheus.record.success = false;
    if (world->prometheus.job_judged.judgement == JUDGED_BAD_APPLY) {
        take_over_halfway(world);
    }
}

static void load(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;

    invariants_check_loaded(world, &prometheus->job_config, true);
    prometheus->running = prometheus->job_config;
    prometheus->running_since = world->now.monotonic;
    prometheus->doomed_count = 0;
    prometheus->record.success = true;
    prometheus->record.time = wall_second(world);
}

static void answer(struct world *world, enum reload_mode mode, const struct judged *judged) {
    struct reload_outcome outcome = {.verdict = RELOAD_CONFIRMED, .words = WORDS};
    bool cited[NAMES] = {false};
    const struct form_set *on_disk = world->sidecar.on_disk;

    if (mode == MODE_LOST) {
        outcome = (struct reload_outcome){.verdict = RELOAD_UNKNOWN, .is_lost = true};
    } else if (judged->judgement != JUDGED_GOOD) {
        outcome.verdict = RELOAD_REFUSED;
    }
    for (size_t i = 0; judged->cited != 0 && on_disk != NULL && i < on_disk->count; i++) {
        unsigned name = item_unpack(packed_read(on_disk->forms[i].entry)).name;
        cited[i] = (judged->cited >> name & 1) != 0;
        outcome.cited = cited;
    }
    sidecar_answer_reload(world, outcome);
}

static void end_job(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    const struct reload_job job = prometheus->jobs[0];
    const struct judged judged = prometheus->job_judged;

    if (judged.judgement == JUDGED_GOOD && would_die(prometheus)) {
        if (prometheus->was_doomed_needlessly) {
            world_violate(world, "invariant 6: Prometheus ends because a confirmed entry stood "
                                 "before a new one that it refused");
        }
        crash(world);
        return;
    }
    prometheus->job_count--;
    memmove(prometheus->jobs, prometheus->jobs + 1, prometheus->job_count * sizeof(job));
    prometheus->is_job_running = false;
    prometheus->job_due = NEVER;
    if (judged.judgement == JUDGED_GOOD) {
        load(world);
    } else {
        refuse(world);
    }
    if (prometheus->job_count > 0) {
        begin_job(world);
    }
    if (job.has_requester) {
        answer(world, job.mode, &judged);
    }
}

int64_t prometheus_due(const struct world *world) {
    const struct prometheus *prometheus = &world->prometheus;

    return prometheus->due < prometheus->job_due ? prometheus->due : prometheus->job_due;
}

void prometheus_act(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;

    if (prometheus->job_due <= world->now.monotonic) {
        end_job(world);
    } else if (prometheus->state == PROMETHEUS_DOWN) {
        start(world);
    } else if (prometheus->state == PROMETHEUS_STARTING) {
        come_up(world);
    }
}
