/* SPDX-License-Identifier: Apache-2.0 */

/* What has to hold after each step. Each invariant is a function that returns what is wrong, or
 * NULL. */

#include "simulation/world.h"

#include <string.h>

/* A rotated secret is on disk after this many milliseconds: a pass may be put off by its delays
 * and, at the start, by files that are being written. */
#define ROTATION_BOUND INT64_C(20000)
#define ROTATION_FAULT_BOUND                                            \
    INT64_C(90000) /* where writing failed: the longest wait of a retry \
                    */

/* --- what is remembered ----------------------------------------------------------------------- */

static bool is_known_culprit(const struct witness *witness, const struct piece *piece) {
    for (unsigned i = 0; i < witness->culprit_count; i++) {
        if (piece_same(&witness->culprits[i], piece)) {
            return true;
        }
    }
    return false;
}

static void add_culprit(struct witness *witness, struct piece piece) {
    if (is_known_culprit(witness, &piece)) {
        return;
    }
    if (witness->culprit_count == CULPRITS_MAX) {
        memmove(witness->culprits, witness->culprits + 1,
                (CULPRITS_MAX - 1) * sizeof(witness->culprits[0]));
        witness->culprit_count--;
    }
    witness->culprits[witness->culprit_count++] = piece;
}

void invariants_note_judged(struct world *world, const struct config *config) {
    for (unsigned i = 0; i < config->count; i++) {
        struct item item = item_unpack(config->items[i]);
        struct piece piece = {
            .item = config->items[i],
            .secret = item.has_secret ? world->disk.secrets[item_path(item)] : ABSENT,
        };
        if (item_is_bad(world, piece.item, piece.secret)) {
            add_culprit(&world->witness, piece);
        }
    }
}

void invariants_note_answer(struct world *world, const struct reload_outcome *outcome,
                            const struct config *config) {
    struct witness *witness = &world->witness;

    if (outcome->verdict == RELOAD_REFUSED) {
        witness->refused = *config;
        witness->is_refused = true;
    } else if (outcome->verdict == RELOAD_CONFIRMED) {
        witness->is_refused = false;
        witness->is_record_confused = false;
        witness->is_loaded_since = true;
        witness->version = world->prometheus.version;
    }
}

void invariants_note_start(struct world *world) {
    const struct prometheus *prometheus = &world->prometheus;

    world->witness.keeps_refusal |= world->sidecar.saved.refused_base != ABSENT;
    world->witness.is_start_blind =
        prometheus->is_job_running || prometheus->job_count > 0 ||
        !memory_is_good_set(&world->sidecar.saved, &world->disk.config) ||
        (prometheus->state == PROMETHEUS_UP &&
         !memory_is_good_set(&world->sidecar.saved, &prometheus->running));
}

static void note_seen(struct world *world, const struct controller_status *status) {
    const struct prometheus *prometheus = &world->prometheus;

    if (status->is_confirmed && prometheus->state == PROMETHEUS_UP && !prometheus->is_job_running &&
        prometheus->job_count == 0 && config_same_set(&prometheus->running, &world->disk.config)) {
        world->witness.is_start_blind = false;
    }
}

void invariants_note_outside(struct world *world) {
    world->witness.has_outside_changed = true;
    world->witness.is_loaded_since = false;
}

void invariants_forget(struct world *world) {
    struct witness *witness = &world->witness;

    for (unsigned name = 0; name < NAMES; name++) {
        witness->rotation_due[name] = NEVER;
    }
    witness->is_refused = false;
    witness->plan_since = NEVER;
    witness->memory = world->sidecar.saved;
}

static int64_t rotation_bound(const struct world *world) {
    const struct controller_settings *settings = &world->sidecar.settings;

    return ROTATION_BOUND + 10 * settings->delay +
           (world->scenario->has_file_events ? 0 : settings->watch_interval);
}

void invariants_delay_rotations(struct world *world) {
    for (unsigned name = 0; name < NAMES; name++) {
        if (world->witness.rotation_due[name] != NEVER) {
            invariants_expect_rotation(world, name);
        }
    }
}

void invariants_expect_rotation(struct world *world, unsigned name) {
    world->witness.rotation_due[name] = world->now.monotonic + rotation_bound(world);
}

/* --- 1: what is on disk ----------------------------------------------------------------------- */

/* Nothing rests on disk unconfirmed without a retry. */
static const char *check_rest(const struct world *world, const struct controller_status *status) {
    bool rests = status->trigger == TRIGGER_IDLE && status->request == REQUEST_NONE &&
                 !status->is_retry_pending;

    return rests && status->is_published && !status->is_confirmed &&
                   world->user.writer == WRITER_NONE
               ? "invariant 1: the config on disk is not confirmed, and nothing is done about it"
               : NULL;
}

static const char *check_confirmed(const struct world *world,
                                   const struct controller_status *status) {
    const struct prometheus *prometheus = &world->prometheus;

    if (!status->is_confirmed || prometheus->state != PROMETHEUS_UP ||
        !world->sidecar.is_published_in_full || disk_is_of_person(world) ||
        world->witness.is_record_confused || world->witness.is_start_blind) {
        return NULL;
    }
    return config_same_set(&prometheus->running, &world->disk.config)
               ? NULL
               : "invariant 1: the controller takes the config for confirmed, but Prometheus runs "
                 "another one";
}

bool memory_is_good_set(const struct memory *memory, const struct config *config) {
    if (!memory->has_good || memory->base != config->base || memory->good_count != config->count) {
        return false;
    }
    for (unsigned i = 0; i < memory->good_count; i++) {
        if (!config_has(config, memory->good[i].item)) {
            return false;
        }
    }
    return true;
}

static const char *check_refused(const struct world *world,
                                 const struct controller_status *status) {
    const struct witness *witness = &world->witness;
    const struct controller_settings *settings = &world->sidecar.settings;

    if (!witness->is_refused || status->request != REQUEST_NONE || settings->in_place ||
        settings->watch_only || !world->sidecar.is_published_in_full ||
        !config_same_set(&witness->refused, &world->disk.config)) {
        return NULL;
    }
    if (status->plan == PLAN_FALLBACK || witness->refused.count == 0 ||
        memory_is_good_set(&witness->memory, &witness->refused)) {
        return NULL;
    }
    return "invariant 1: a config that Prometheus refused stays on disk";
}

/* --- 3: no queue ends by somebody else's mistake ---------------------------------------------- */

static bool may_be_gone(const struct world *world, uint32_t running) {
    struct item item = item_unpack(running);
    const struct manifest *manifest = &world->user.manifests[item.name];
    const struct memory *memory = &world->witness.memory;

    return !manifest->exists || manifest->state == MANIFEST_UNSELECTED ||
           world->witness.is_start_blind || manifest->secret.is_bad ||
           world->prometheus.version != world->witness.version ||
           (item.kind == KIND_DELICATE && world->witness.has_outside_changed) ||
           manifest->since > world->prometheus.job_written_at ||
           manifest->since > world->witness.plan_since ||
           manifest->since > world->prometheus.running_since ||
           piece_find(memory->forms, memory->form_count, item.name) == NULL ||
           item_is_bad(world, running, world->disk.secrets[item_path(item)]);
}

static void check_queues(struct world *world, const struct config *loaded) {
    const struct config *running = &world->prometheus.running;

    for (unsigned i = 0; i < running->count; i++) {
        unsigned name = item_unpack(running->items[i]).name;
        if (config_find(loaded, name) == ABSENT && !may_be_gone(world, running->items[i])) {
            world_violate(world,
                          "invariant 3: the queue of %s ends, though it exists and is no "
                          "culprit",
                          name_text(name));
        }
    }
}

/* --- 4, 5: secret files ----------------------------------------------------------------------- */

static void check_file(struct world *world, uint32_t packed, bool is_running) {
    struct item item = item_unpack(packed);
    uint32_t secret = world->disk.secrets[item_path(item)];

    if (!item.has_secret ||
        (is_running && (world->witness.is_record_confused || world->witness.is_start_blind))) {
        return;
    }
    if (secret == ABSENT) {
        world_violate(world, "invariant 5: the secret file of %s, which %s, is missing",
                      name_text(item.name),
                      is_running ? "Prometheus runs" : "the config on disk has");
    } else if (is_running && secret_unpack(secret).url != item.url) {
        world_violate(world,
                      "invariant 4: the credential of %s for destination %u is in the file of a "
                      "running queue with destination %u",
                      name_text(item.name), secret_unpack(secret).url, item.url);
    }
}

void invariants_check_files(struct world *world) {
    const struct prometheus *prometheus = &world->prometheus;

    for (unsigned i = 0; i < world->disk.config.count; i++) {
        check_file(world, world->disk.config.items[i], false);
    }
    for (unsigned i = 0; prometheus->state == PROMETHEUS_UP && i < prometheus->running.count; i++) {
        check_file(world, prometheus->running.items[i], true);
    }
}

void invariants_check_loaded(struct world *world, const struct config *loaded, bool is_reload) {
    if (is_reload && world->sidecar.controller != NULL && !world->prometheus.is_job_of_person) {
        check_queues(world, loaded);
    }
    for (unsigned i = 0; i < loaded->count; i++) {
        check_file(world, loaded->items[i], true);
    }
}

/* --- 7: idle ---------------------------------------------------------------------------------- */

static const char *check_idle(const struct world *world, const struct controller_status *status) {
    bool idles = status->trigger == TRIGGER_IDLE && status->request == REQUEST_NONE &&
                 !status->is_retry_pending;
    int64_t due = controller_due(world->sidecar.controller);
    int64_t interval = world->sidecar.settings.watch_interval;

    if (!idles) {
        return NULL;
    }
    if (interval == 0 && due != NEVER) {
        return "invariant 7: idle, and something is due";
    }
    return interval > 0 && due - world->now.monotonic > interval
               ? "invariant 7: the watch interval is not due"
               : NULL;
}

static const char *check_request(const struct world *world,
                                 const struct controller_status *status) {
    const struct sidecar *sidecar = &world->sidecar;

    if (sidecar->reload.is_in_flight != (status->request == REQUEST_SENT)) {
        return "invariant 2: a request to reload is in flight that the controller does not wait "
               "for, or the other way round";
    }
    bool reads =
        status->request == REQUEST_READING_BEFORE || status->request == REQUEST_READING_AFTER;
    return sidecar->record.is_in_flight != reads
               ? "a request for the record is in flight that the controller does not wait for, or "
                 "the other way round"
               : NULL;
}

/* --- quarantine ------------------------------------------------------------------------------- */

static void check_refusal(struct world *world, const struct piece *refusal) {
    struct witness *witness = &world->witness;
    unsigned name = item_unpack(refusal->item).name;
    const struct piece *before =
        piece_find(witness->memory.refusals, witness->memory.refusal_count, name);

    if ((before != NULL && piece_same(before, refusal)) || is_known_culprit(witness, refusal)) {
        return;
    }
    if (!witness->has_outside_changed) {
        world_violate(world, "%s is quarantined, and was never bad", name_text(name));
    }
    witness->excused[name] = *refusal;
}

static void check_quarantine(struct world *world, const struct memory *memory) {
    for (unsigned i = 0; i < memory->refusal_count; i++) {
        check_refusal(world, &memory->refusals[i]);
    }
    if (memory->refused_base != ABSENT &&
        memory->refused_base != world->witness.memory.refused_base &&
        base_unpack(memory->refused_base).kind != BASE_BAD && !world->witness.has_outside_changed) {
        world_violate(world, "the base is refused, and was never bad");
    }
}

/* --- rotation --------------------------------------------------------------------------------- */

/* The secret of a confirmed entry whose text on disk is the present one; ABSENT: none has to be
 * there. */
static uint32_t rotated_secret(const struct world *world, unsigned name, uint32_t on_disk) {
    const struct manifest *manifest = &world->user.manifests[name];
    const struct memory *memory = &world->witness.memory;
    const struct piece *refusal = piece_find(memory->refusals, memory->refusal_count, name);
    const struct piece *good = piece_find(memory->good, memory->good_count, name);
    struct item present = manifest->item;
    uint32_t secret = secret_pack(manifest->secret);

    if (on_disk == ABSENT || !manifest->exists || manifest->state != MANIFEST_GOOD ||
        world->sidecar.state == NULL || world->sidecar.state->served == NULL ||
        (present.kind == KIND_GATED && world->sidecar.pass_version == 1)) {
        return ABSENT;
    }
    if (good == NULL || good->item != on_disk) {
        return ABSENT; /* another queue than this one may run: its secret has files of its own */
    }
    present.secret_names = item_unpack(on_disk).secret_names;
    if (!present.has_secret || item_pack(present) != on_disk) {
        return ABSENT;
    }
    bool is_quarantined = refusal != NULL && refusal->item == on_disk && refusal->secret == secret;
    return is_quarantined || manifest->secret.is_bad ? ABSENT : secret;
}

/* A suspect of the bisection keeps the secret that Prometheus is asked about; so is an entry with
 * another secret than the confirmed one. */
static bool is_suspect(const struct world *world, const struct controller_status *status,
                       uint32_t on_disk, uint32_t secret) {
    const struct memory *memory = &world->witness.memory;
    struct item item = item_unpack(on_disk);
    const struct piece *good = piece_find(memory->good, memory->good_count, item.name);

    return status->plan == PLAN_BISECT &&
           (good == NULL || good->item != on_disk || good->secret != secret);
}

static void check_rotation(struct world *world, const struct controller_status *status,
                           unsigned name) {
    int64_t *due = &world->witness.rotation_due[name];
    const uint32_t on_disk = config_find(&world->disk.config, name);
    const uint32_t secret = rotated_secret(world, name, on_disk);

    if (secret == ABSENT || world->disk.secrets[item_path(item_unpack(on_disk))] == secret) {
        *due = NEVER;
        return;
    }
    for (unsigned fault = 0; fault < DISK_FAULTS; fault++) {
        if (world->disk.faults[fault] > 0) {
            *due = world->now.monotonic + ROTATION_FAULT_BOUND;
            return;
        }
    }
    if (!world->sidecar.is_published_in_full || world->user.writer != WRITER_NONE) {
        *due = world->now.monotonic + ROTATION_FAULT_BOUND;
        return;
    }
    if (is_suspect(world, status, on_disk, secret)) {
        *due = world->now.monotonic + ROTATION_BOUND;
        return;
    }
    world_violate(world, "rotation: a new secret is not on disk in time (%s)", name_text(name));
}

static void check_rotations(struct world *world, const struct controller_status *status) {
    for (unsigned name = 0; name < NAMES; name++) {
        if (world->witness.rotation_due[name] <= world->now.monotonic) {
            check_rotation(world, status, name);
        }
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

typedef const char *(*invariant)(const struct world *world, const struct controller_status *status);

static const invariant invariants[] = {
    check_request, check_rest, check_confirmed, check_refused, check_idle,
};

static void note_settled(struct world *world, const struct controller_status *status) {
    if (status->plan == PLAN_DESIRED) {
        world->witness.plan_since = NEVER;
    } else if (world->witness.plan_since == NEVER) {
        world->witness.plan_since = world->now.monotonic;
    }
    if (status->trigger == TRIGGER_IDLE && status->request == REQUEST_NONE &&
        !status->is_retry_pending && status->is_confirmed && status->plan == PLAN_DESIRED &&
        world->witness.is_loaded_since) {
        world->witness.has_outside_changed = false;
    }
}

void invariants_check(struct world *world, const struct event *event) {
    const struct controller_status status = controller_status(world->sidecar.controller);

    if (event->kind == EVENT_STOP) {
        return;
    }
    struct memory memory = memory_read(controller_ledger(world->sidecar.controller));
    check_quarantine(world, &memory);
    world->witness.memory = memory;
    for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]); i++) {
        const char *wrong = invariants[i](world, &status);
        if (wrong != NULL) {
            world_violate(world, "%s", wrong);
        }
    }
    note_seen(world, &status);
    invariants_check_files(world);
    check_rotations(world, &status);
    note_settled(world, &status);
}
