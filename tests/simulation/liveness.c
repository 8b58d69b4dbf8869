/* SPDX-License-Identifier: Apache-2.0 */

/* The faults stop, what is broken outside is mended, and everything has to come to rest where it
 * belongs, within a bounded time and a bounded number of reloads. */

#include "simulation/world.h"

#include "simulation/trace.h"

#include <string.h>

#define RELOADS_MAX       150
#define CONFIRM           INT64_C(600000)
#define RESTART_DELAY_MAX INT64_C(300000)
#define LKG_TIMEOUTS      5
#define QUIET             INT64_C(15000)
#define RESTART_WITHIN    INT64_C(1000)

/* --- mending ---------------------------------------------------------------------------------- */

static int64_t at_most(int64_t value, int64_t bound) {
    return value < bound ? value : bound;
}

static void mend_prometheus(struct world *world) {
    struct prometheus *prometheus = &world->prometheus;
    const int64_t soon = world->now.monotonic + RESTART_WITHIN;

    prometheus->mode = MODE_PROMPT;
    prometheus->record_mode = RECORD_MODE_GOOD;
    prometheus->hides_version = false;
    if (prometheus->state != PROMETHEUS_UP) {
        prometheus->due = at_most(prometheus->due, soon);
        prometheus->replay = at_most(prometheus->replay, RESTART_WITHIN);
    }
    if (prometheus->is_job_running) {
        prometheus->job_due = at_most(prometheus->job_due, soon);
    }
    for (unsigned i = 0; i < prometheus->job_count; i++) {
        prometheus->jobs[i].mode = MODE_PROMPT;
    }
}

static void mend_base(struct world *world) {
    uint32_t good = base_pack((struct base_text){BASE_GOOD, ++world->user.revisions});

    if (world->sidecar.settings.in_place || world->sidecar.settings.watch_only) {
        if (base_unpack(world->disk.config.base).kind != BASE_GOOD) {
            world->disk.config.base = good;
        }
    }
    if (base_unpack(world->user.base).kind != BASE_GOOD &&
        (world->scenario->mends_base || !world->witness.memory.has_good)) {
        world->user.base = good;
    }
}

static void mend_user(struct world *world) {
    struct user *user = &world->user;

    if (user->has_bad_rules) {
        user->has_bad_rules = false;
        user->rules = ++user->revisions;
    }
    user->writer = WRITER_NONE;
    user->is_racing = false;
    user->is_unreadable = false;
    for (unsigned name = 0; name < NAMES; name++) {
        struct manifest *manifest = &user->manifests[name];
        manifest->is_expired = false;
        if (manifest->state == MANIFEST_LOST) {
            manifest->state = MANIFEST_GOOD;
        }
    }
}

void liveness_mend(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;

    world->is_mended = true;
    world->mended_at = world->now.monotonic;
    invariants_note_outside(world);
    memset(world->disk.faults, 0, sizeof(world->disk.faults));
    sidecar->kill_after = NEVER;
    mend_prometheus(world);
    mend_user(world);
    mend_base(world);
    invariants_delay_rotations(world);
    world->witness.reloads = 0;
    trace_note(world, "--- faults stop ---");
    /* Nothing tells a sidecar that is started later that the cause outside of the base has gone. It
     * would ask again at its watch interval. */
    world->witness.keeps_refusal |=
        sidecar->controller == NULL && sidecar->saved.refused_base != ABSENT;
    if (sidecar->controller == NULL) {
        sidecar->start_at = at_most(sidecar->start_at, world->now.monotonic + RESTART_WITHIN);
        world_run_until(world, sidecar->start_at);
    }
    if (world->scenario->has_file_events) {
        sidecar_tell(world, EVENT_FILES_CHANGED);
    }

    if (world->scenario->hangs_up || world->witness.keeps_refusal) {
        world->witness.culprit_count = 0;
        sidecar_tell(world, EVENT_SIGHUP);
    }
}

int64_t liveness_bound(const struct world *world) {
    const struct controller_settings *settings = &world->sidecar.settings;

    return 2 * CONFIRM + 2 * settings->confirm_timeout +
           (2 + LKG_TIMEOUTS) * settings->startup_timeout + 3 * settings->watch_interval +
           2 * RESTART_DELAY_MAX + 4 * CONFIRM;
}

bool liveness_is_settled(const struct world *world) {
    const struct sidecar *sidecar = &world->sidecar;
    const struct controller_settings *settings = &sidecar->settings;
    int64_t quiet = QUIET + 10 * settings->delay +
                    (world->scenario->has_file_events ? 0 : settings->watch_interval);

    if (sidecar->controller == NULL || world->now.monotonic < world->mended_at + quiet) {
        return false;
    }
    const struct controller_status status = controller_status(sidecar->controller);
    return status.trigger == TRIGGER_IDLE && status.request == REQUEST_NONE &&
           !status.is_retry_pending && status.plan == PLAN_DESIRED &&
           world->prometheus.state == PROMETHEUS_UP && world->prometheus.job_count == 0 &&
           !sidecar->version.is_in_flight;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Prometheus does not come up with a config that it ran before, as another version or for a cause
 * outside. A confirmed config is never taken back: a limit that docs/architecture.md states. */
static bool is_left_alone(const struct world *world, const struct controller_status *status) {
    const struct memory *memory = &world->witness.memory;

    return world->prometheus.state != PROMETHEUS_UP &&
           (status->is_confirmed || memory_is_good_set(memory, &world->disk.config));
}

/* The last known good config has the newest secret files, one of which Prometheus refuses while it
 * applies the config: nothing else is tried until its owner mends it. A limit that
 * docs/architecture.md states. */
static bool has_bad_rotation(const struct world *world) {
    for (unsigned name = 0; name < NAMES; name++) {
        const struct manifest *manifest = &world->user.manifests[name];
        if (manifest->exists && manifest->item.has_secret && manifest->secret.is_bad) {
            return true;
        }
    }
    return false;
}

static const char *check_rest(const struct world *world) {
    const struct controller_status status = controller_status(world->sidecar.controller);

    if (is_left_alone(world, &status)) {
        return NULL;
    }
    if (!liveness_is_settled(world)) {
        return status.plan == PLAN_FALLBACK && has_bad_rotation(world) ? NULL
                                                                       : "it does not come to rest";
    }
    if (!status.is_confirmed) {
        return "it comes to rest with a config that is not confirmed";
    }
    return world->witness.reloads > RELOADS_MAX ? "too many reloads until it comes to rest" : NULL;
}

static const char *check_prometheus(const struct world *world) {
    return config_same_set(&world->prometheus.running, &world->disk.config)
               ? NULL
               : "Prometheus does not run what is on disk";
}

static const char *check_saved(const struct world *world) {
    const struct memory memory = memory_read(controller_ledger(world->sidecar.controller));

    return memory_same(&memory, &world->sidecar.saved) ? NULL
                                                       : "the state file differs from the state";
}

static const char *check_orphans(const struct world *world) {
    for (unsigned path = 0; path < PATHS; path++) {
        struct item item = {0};
        uint32_t packed = config_find(&world->disk.config, path / SECRET_NAMES);
        if (packed != ABSENT) {
            item = item_unpack(packed);
        }
        bool is_named = packed != ABSENT && item.has_secret && item_path(item) == path;
        if (!is_named && world->disk.secrets[path] != ABSENT) {
            return "a secret file stays that nothing names";
        }
    }
    return NULL;
}

/* Whether its entry, as the user wants it, would be refused. A bad secret of a good entry is not
 * known before the next reload. */
static bool is_culprit(const struct world *world, const struct manifest *manifest) {
    return item_is_bad(world, item_pack(manifest->item), ABSENT);
}

static bool is_quarantined(const struct world *world, const struct manifest *manifest,
                           const struct piece *refusal) {
    struct item item = manifest->item;

    if (refusal == NULL) {
        return false;
    }
    item.secret_names = item_unpack(refusal->item).secret_names;
    (void)world;
    return refusal->item == item_pack(item) &&
           refusal->secret == (item.has_secret ? secret_pack(manifest->secret) : ABSENT);
}

/* Where it may be: it was bad when it was judged last, or the cause seemed to be it. */
static bool may_be_quarantined(const struct world *world, const struct piece *refusal) {
    const struct witness *witness = &world->witness;

    for (unsigned i = 0; i < witness->culprit_count; i++) {
        if (piece_same(&witness->culprits[i], refusal)) {
            return true;
        }
    }
    return piece_same(&witness->excused[item_unpack(refusal->item).name], refusal);
}

static bool is_served(const struct world *world, const struct manifest *manifest) {
    uint32_t packed = config_find(&world->disk.config, manifest->item.name);
    struct item item = manifest->item;

    if (packed == ABSENT) {
        return false;
    }
    item.secret_names = item_unpack(packed).secret_names;
    return packed == item_pack(item) && (!item.has_secret || world->disk.secrets[item_path(item)] ==
                                                                 secret_pack(manifest->secret));
}

static bool is_rejected(const struct world *world, const struct manifest *manifest) {
    return manifest->state != MANIFEST_GOOD ||
           (manifest->item.kind == KIND_GATED && world->sidecar.pass_version == 1);
}

static const char *check_one(const struct world *world, unsigned name) {
    const struct manifest *manifest = &world->user.manifests[name];
    const struct memory *memory = &world->witness.memory;
    const struct piece *refusal = piece_find(memory->refusals, memory->refusal_count, name);

    if (!manifest->exists || manifest->state == MANIFEST_UNSELECTED) {
        return config_find(&world->disk.config, name) == ABSENT ? NULL
                                                                : "what is gone is still served";
    }
    if (is_rejected(world, manifest)) {
        return NULL;
    }
    if (is_quarantined(world, manifest, refusal)) {
        return may_be_quarantined(world, refusal) ? NULL : "an innocent is quarantined";
    }
    if (is_culprit(world, manifest)) {
        return "a culprit is not quarantined";
    }
    if (manifest->item.has_secret && manifest->secret.is_bad) {
        return NULL;
    }
    return is_served(world, manifest) ? NULL : "an innocent is not active";
}

static const char *check_base(const struct world *world) {
    const struct base_text wanted = base_unpack(world->user.base);

    if (world->sidecar.settings.in_place || wanted.kind != BASE_GOOD ||
        world->disk.config.base == world->user.base) {
        return NULL;
    }
    return "the base on disk is not the present one";
}

typedef const char *(*check)(const struct world *world);

void liveness_check(struct world *world) {
    static const check checks[] = {check_prometheus, check_saved, check_orphans, check_base};
    const struct controller_status status = controller_status(world->sidecar.controller);
    const char *wrong = check_rest(world);

    if (wrong != NULL || world->sidecar.settings.watch_only || is_left_alone(world, &status) ||
        !liveness_is_settled(world)) {
        if (wrong != NULL) {
            world_violate(world, "liveness: %s", wrong);
        }
        return;
    }
    for (unsigned name = 0; name < NAMES && wrong == NULL; name++) {
        wrong = check_one(world, name);
        if (wrong != NULL) {
            world_violate(world, "liveness: %s (%s)", wrong, name_text(name));
        }
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && wrong == NULL; i++) {
        wrong = checks[i](world);
        if (wrong != NULL) {
            world_violate(world, "liveness: %s", wrong);
        }
    }
}
