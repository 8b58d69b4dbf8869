/* SPDX-License-Identifier: Apache-2.0 */

/* What the user does to manifests, base and watched files. Each change is a file event, where the
 * file system sends any. */

#include "simulation/world.h"

#include <string.h>

#define URLS 32

static void tell_change(struct world *world) {
    if (world->scenario->has_file_events) {
        sidecar_tell(world, EVENT_FILES_CHANGED);
    }
}

static void remember_before(struct manifest *manifest) {
    manifest->item_before = manifest->item;
    manifest->secret_before = manifest->secret;
}

static unsigned next_revision(struct world *world) {
    return ++world->user.revisions;
}

static void add(struct world *world, unsigned name, enum item_kind kind, bool has_secret) {
    struct manifest *manifest = &world->user.manifests[name];
    unsigned revision = next_revision(world);
    unsigned url = revision % URLS;

    if (manifest->exists) {
        return;
    }
    *manifest = (struct manifest){
        .exists = true,
        .item = {name, kind, url, revision, has_secret, false},
        .secret = {name, url, revision, false},
        .since = world->now.monotonic,
    };
    remember_before(manifest);
}

static void edit(struct world *world, struct manifest *manifest, enum item_kind kind) {
    remember_before(manifest);
    manifest->item.kind = kind;
    manifest->item.revision = next_revision(world);
}

static void move(struct world *world, struct manifest *manifest) {
    unsigned revision = next_revision(world);

    remember_before(manifest);
    manifest->item.url = (manifest->item.url + 1) % URLS;
    manifest->item.revision = revision;
    manifest->secret = (struct secret){manifest->item.name, manifest->item.url, revision, false};
}

static void rotate(struct world *world, struct manifest *manifest, bool is_bad) {
    remember_before(manifest);
    manifest->secret.rotation = next_revision(world);
    manifest->secret.is_bad = is_bad;
    if (manifest->item.has_secret) {
        invariants_expect_rotation(world, manifest->item.name);
    }
}

static void revert(struct manifest *manifest) {
    struct item item = manifest->item;
    struct secret secret = manifest->secret;

    manifest->item = manifest->item_before;
    manifest->secret = manifest->secret_before;
    manifest->item_before = item;
    manifest->secret_before = secret;
}

/* In place the base is a part of the output. */
static void write_base(struct world *world, enum base_kind kind, bool keeps_entries) {
    uint32_t base = base_pack((struct base_text){kind, next_revision(world)});

    if (!world->sidecar.settings.in_place) {
        world->user.base = base;
        return;
    }
    world->disk.config.base = base;
    world->disk.config.exists = true;
    if (!keeps_entries) {
        world->disk.config.count = 0;
    }
    invariants_note_outside(world);
}

void user_race(struct world *world) {
    if (world->user.is_racing) {
        world->user.is_racing = false;
        write_base(world, world->user.race, true);
    }
}

static void set_rules(struct world *world, bool is_bad) {
    world->user.has_bad_rules = is_bad;
    world->user.rules = next_revision(world);
    invariants_note_outside(world);
}

static void set_expired(struct world *world, struct manifest *manifest, bool is_expired) {
    manifest->is_expired = is_expired;
    invariants_note_outside(world);
}

static void select_anew(const struct world *world, struct manifest *manifest) {
    if (manifest->state == MANIFEST_UNSELECTED) {
        manifest->since = world->now.monotonic;
    }
}

static bool act_on_manifest(struct world *world, const struct action *action) {
    struct manifest *manifest = &world->user.manifests[action->who];
    static const enum manifest_state states[ACTION_KINDS] = {
        [ACTION_REJECT] = MANIFEST_REJECTED,     [ACTION_PENDING] = MANIFEST_PENDING,
        [ACTION_UNSELECT] = MANIFEST_UNSELECTED, [ACTION_LOSE] = MANIFEST_LOST,
        [ACTION_MEND] = MANIFEST_GOOD,
    };

    switch ((enum action_kind)action->kind) {
    case ACTION_EDIT:
        edit(world, manifest, (enum item_kind)action->a);
        break;
    case ACTION_MOVE:
        move(world, manifest);
        break;
    case ACTION_ROTATE:
        rotate(world, manifest, action->a != 0);
        break;
    case ACTION_REVERT:
        revert(manifest);
        break;
    case ACTION_REMOVE:
        manifest->exists = false;
        break;
    case ACTION_REJECT:
    case ACTION_PENDING:
    case ACTION_UNSELECT:
    case ACTION_LOSE:
    case ACTION_MEND:
        select_anew(world, manifest);
        manifest->state = states[action->kind];
        break;
    case ACTION_EXPIRE:
    case ACTION_RENEW:
        set_expired(world, manifest, action->kind == ACTION_EXPIRE);
        return false; /* outside of what is watched */
    default:
        return false;
    }
    if (world->witness.rotation_due[action->who] != NEVER) {
        invariants_expect_rotation(world, action->who);
    }
    return true;
}

void user_act(struct world *world, const struct action *action) {
    bool has_changed = true;

    switch ((enum action_kind)action->kind) {
    case ACTION_ADD:
        add(world, action->who, (enum item_kind)action->a, action->b != 0);
        break;
    case ACTION_BASE:
        write_base(world, (enum base_kind)action->a, true);
        break;
    case ACTION_PERSON:
        write_base(world, (enum base_kind)action->a, !world->sidecar.settings.in_place);
        break;
    case ACTION_RACE:
        world->user.is_racing = world->sidecar.settings.in_place;
        world->user.race = (enum base_kind)action->a;
        has_changed = false;
        break;
    case ACTION_RULES:
        set_rules(world, action->a != 0);
        break;
    case ACTION_TOUCH:
        break;
    case ACTION_WRITER:
        world->user.writer = (enum writer_kind)action->a;
        break;
    case ACTION_UNREADABLE:
        world->user.is_unreadable = action->a != 0;
        break;
    default:
        has_changed = world->user.manifests[action->who].exists && act_on_manifest(world, action);
        break;
    }
    if (has_changed) {
        if (action->kind == ACTION_WRITER || action->kind == ACTION_BASE ||
            action->kind == ACTION_PERSON) {
            invariants_delay_rotations(world);
        }
        tell_change(world);
    }
}
