/* SPDX-License-Identifier: Apache-2.0 */

/* The disk: secret files are written before the config, and each writing can fail. */

#include "simulation/world.h"

#include "base/arena.h"
#include "compile/order.h"

#include <errno.h>
#include <stdlib.h>

bool config_has(const struct config *config, uint32_t item) {
    for (unsigned i = 0; i < config->count; i++) {
        if (config->items[i] == item) {
            return true;
        }
    }
    return false;
}

uint32_t config_find(const struct config *config, unsigned name) {
    for (unsigned i = 0; i < config->count; i++) {
        if (item_unpack(config->items[i]).name == name) {
            return config->items[i];
        }
    }
    return ABSENT;
}

bool config_same_set(const struct config *left, const struct config *right) {
    if (left->exists != right->exists || left->base != right->base || left->count != right->count) {
        return false;
    }
    for (unsigned i = 0; i < left->count; i++) {
        if (!config_has(right, left->items[i])) {
            return false;
        }
    }
    return true;
}

/* A fault that happens now; it is used up. */
static bool fails(struct world *world, enum disk_fault fault) {
    uint32_t *faults = world->disk.faults;

    if (faults[FAULT_READ_ONLY] > 0) {
        faults[FAULT_READ_ONLY]--;
        return true;
    }
    if (faults[fault] == 0) {
        return false;
    }
    faults[fault]--;
    return true;
}

/* --- publishing ------------------------------------------------------------------------------- */

/* What a crash cuts off; INT_MAX: nothing. */
static int secrets_before_crash(const struct world *world) {
    return world->sidecar.is_killed ? world->sidecar.torn : INT32_MAX;
}

static int write_secrets(struct world *world, const struct form_set *set, bool *ret_written) {
    int left = secrets_before_crash(world);

    for (size_t i = 0; i < set->count; i++) {
        struct piece piece = form_piece(&set->forms[i]);
        unsigned path = item_path(item_unpack(piece.item));
        if (piece.secret == ABSENT || world->disk.secrets[path] == piece.secret) {
            continue;
        }
        if (left-- == 0) {
            return -EINTR;
        }
        if (fails(world, FAULT_SECRETS) || (*ret_written && fails(world, FAULT_SECOND_SECRET))) {
            return -ENOSPC;
        }
        world->disk.secrets[path] = piece.secret;
        world->witness.is_refused = false;
        *ret_written = true;
        invariants_check_files(world);
    }
    return 0;
}

static bool secrets_exist(const struct world *world, const struct form_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        struct piece piece = form_piece(&set->forms[i]);
        if (piece.secret != ABSENT &&
            world->disk.secrets[item_path(item_unpack(piece.item))] == ABSENT) {
            return false;
        }
    }
    return true;
}

static void put_in_order(const struct form_set *set, const struct form_set *good,
                         struct config *config) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const size_t *order = form_set_order(arena, set, good);

    for (unsigned i = 0; i < config->count; i++) {
        config->items[i] = packed_read(set->forms[order[i]].entry);
    }
}

static int write_config(struct world *world, const struct form_set *set, bool *ret_written) {
    const struct history *history = ledger_history(controller_ledger(world->sidecar.controller));
    struct config config = config_of(set);

    if (world->disk.config.exists && config_same_set(&config, &world->disk.config)) {
        return 0;
    }
    if (fails(world, FAULT_CONFIG)) {
        return -ENOSPC;
    }
    put_in_order(set, history->good, &config);
    world->disk.config = config;
    world->disk.written_at = world->now.monotonic;
    world->witness.is_refused = false;
    if (fails(world, FAULT_SYNC)) {
        return -EIO;
    }
    *ret_written = true;
    return 0;
}

bool disk_is_of_person(const struct world *world) {
    const struct config config = config_of(world->sidecar.on_disk);

    return world->sidecar.settings.in_place && world->sidecar.on_disk != NULL &&
           !config_same_set(&config, &world->disk.config);
}

/* In place a person writes to the output, too. */
static int check_present(const struct world *world, const struct form_set *set) {
    if (!world->sidecar.settings.in_place) {
        return 0;
    }
    if (world->user.writer == WRITER_BASE) {
        return -ETXTBSY;
    }
    return world->disk.config.base == packed_read(set->base) ? 0 : -ESTALE;
}

static int write_files(struct world *world, const struct form_set *set, bool rolls_back,
                       bool *ret_config, bool *ret_secrets) {
    int error = check_present(world, set);

    if (error != 0) {
        return error;
    }
    error = write_secrets(world, set, ret_secrets);
    if (world->sidecar.is_killed) {
        return error;
    }
    if (error == 0) {
        return write_config(world, set, ret_config);
    }
    if (rolls_back && secrets_exist(world, set)) {
        (void)write_config(world, set, ret_config);
    }
    return error;
}

struct publish_outcome disk_publish_model(struct world *world, const struct effect *effect) {
    struct sidecar *sidecar = &world->sidecar;
    const struct form_set *set = effect->set != NULL ? effect->set : sidecar->state->served;
    bool config = false;
    bool secrets = false;
    const struct config before = config_of(sidecar->on_disk);

    user_race(world);
    int error = write_files(world, set, effect->rolls_back, &config, &secrets);
    struct publish_outcome outcome = {.error = error};
    sidecar->is_published_in_full = error == 0;
    world->witness.is_refused &= error == 0; /* what has to go may not be able to */
    if (error == 0 || config) {
        const struct config after = config_of(set);
        outcome.written = config || secrets;
        outcome.changed = config || !config_same_set(&before, &after);
        form_set_free(sidecar->on_disk_before);
        sidecar->on_disk_before = sidecar->on_disk;
        sidecar->on_disk = form_set_copy(set);
    }
    outcome.on_disk = sidecar->on_disk;
    return outcome;
}

/* --- the rest --------------------------------------------------------------------------------- */

static bool is_named(const struct form_set *set, unsigned path) {
    for (size_t i = 0; set != NULL && i < set->count; i++) {
        struct piece piece = form_piece(&set->forms[i]);
        if (piece.secret != ABSENT && item_path(item_unpack(piece.item)) == path) {
            return true;
        }
    }
    return false;
}

bool disk_prune_model(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;

    if (sidecar->on_disk == NULL) {
        return true;
    }
    for (unsigned path = 0; path < PATHS; path++) {
        if (world->disk.secrets[path] == ABSENT || is_named(sidecar->on_disk, path)) {
            continue;
        }
        if (fails(world, FAULT_PRUNE)) {
            return false;
        }
        world->disk.secrets[path] = ABSENT;
    }
    return true;
}

void disk_save_model(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;
    struct memory memory = memory_read(controller_ledger(sidecar->controller));

    if (!memory_same(&memory, &sidecar->saved)) {
        if (fails(world, FAULT_STATE)) {
            return;
        }
        sidecar->saved = memory;
    }
}
