/* SPDX-License-Identifier: Apache-2.0 */

/* What sidecar/compile makes of manifests and history, for manifests of one entry each. */

#include "simulation/world.h"

#include "base/arena.h"

#include <errno.h>

static unsigned names_of(const struct piece *piece) {
    const struct item item = item_unpack(piece->item);

    return item.has_secret ? item.secret_names : SECRET_NAMES_FIRST;
}

/* The present form, with secret files of these names. */
static struct piece present_piece(const struct manifest *manifest, unsigned names) {
    struct item item = manifest->item;

    item.secret_names = item.has_secret ? names : SECRET_NAMES_FIRST;
    return (struct piece){
        .item = item_pack(item),
        .secret = item.has_secret ? secret_pack(manifest->secret) : ABSENT,
    };
}

/* As form_overwrites. other may be NULL. */
static bool overwrites(const struct piece *piece, const struct piece *other) {
    return other != NULL && piece->item != other->item && piece->secret != ABSENT &&
           other->secret != ABSENT && names_of(piece) == names_of(other) &&
           piece->secret != other->secret;
}

static struct piece choose_names(const struct manifest *manifest, const struct piece *good,
                                 const struct piece *published, const struct piece *refusal) {
    const struct piece *before = published != NULL ? published : good != NULL ? good : refusal;
    const unsigned first = before != NULL ? names_of(before) : SECRET_NAMES_FIRST;
    struct piece piece = present_piece(manifest, first);

    for (unsigned names = 0; names < SECRET_NAMES; names++) {
        if (!overwrites(&piece, good) && !overwrites(&piece, published)) {
            break;
        }
        if (names != first) {
            piece = present_piece(manifest, names);
        }
    }
    return piece;
}

/* What this process published of it; false: nothing. */
static bool find_published(const struct world *world, unsigned name, struct piece *ret) {
    const struct history *history = ledger_history(controller_ledger(world->sidecar.controller));
    const struct form *form = form_set_find(history->published, "n", name_text(name));

    if (form != NULL) {
        *ret = form_piece(form);
    }
    return form != NULL;
}

static enum remote_write_state state_of(const struct world *world,
                                        const struct manifest *manifest) {
    switch (manifest->state) {
    case MANIFEST_REJECTED:
    case MANIFEST_LOST:
        return STATE_REJECTED;
    case MANIFEST_PENDING:
        return STATE_PENDING;
    case MANIFEST_UNSELECTED:
        return STATE_UNSELECTED;
    case MANIFEST_GOOD:
        break;
    }
    bool is_gated = manifest->item.kind == KIND_GATED && world->sidecar.pass_version == 1;
    return is_gated ? STATE_REJECTED : STATE_ACTIVE;
}

static void add_outcome(struct compiled *compiled, unsigned name, enum remote_write_state state,
                        bool is_earlier) {
    compiled->outcomes[compiled->outcome_count].name = name;
    compiled->outcomes[compiled->outcome_count].state = state;
    compiled->outcomes[compiled->outcome_count++].is_earlier = is_earlier;
}

static void compile_one(const struct world *world, const struct memory *memory, unsigned name,
                        struct compiled *compiled) {
    const struct manifest *manifest = &world->user.manifests[name];
    const struct piece *good = piece_find(memory->forms, memory->form_count, name);
    const struct piece *refusal = piece_find(memory->refusals, memory->refusal_count, name);

    if (!manifest->exists) {
        return;
    }
    if (manifest->state == MANIFEST_LOST && good == NULL) {
        if (refusal != NULL) {
            compiled->lost[compiled->lost_count++] = name;
        }
        return;
    }
    enum remote_write_state state = state_of(world, manifest);
    struct piece published;
    const bool is_published = find_published(world, name, &published);
    struct piece piece = choose_names(manifest, good, is_published ? &published : NULL, refusal);
    if (state == STATE_ACTIVE && refusal != NULL && piece_same(refusal, &piece)) {
        state = STATE_QUARANTINED;
    }
    bool is_earlier = state != STATE_ACTIVE && state != STATE_UNSELECTED && good != NULL;
    add_outcome(compiled, name, state, is_earlier);
    if (state == STATE_ACTIVE) {
        compiled->served[compiled->served_count++] = piece;
    } else if (is_earlier) {
        compiled->served[compiled->served_count++] = *good;
    }
}

static uint32_t present_base(const struct world *world) {
    if (world->sidecar.settings.in_place) {
        return world->user.writer == WRITER_BASE ? world->sidecar.base_read
                                                 : world->disk.config.base;
    }
    return world->user.writer == WRITER_BASE && world->sidecar.base_read != ABSENT
               ? world->sidecar.base_read
               : world->user.base;
}

static void compile_base(const struct world *world, const struct memory *memory,
                         struct compiled *compiled) {
    const bool in_place = world->sidecar.settings.in_place;
    uint32_t base = present_base(world);
    bool is_usable = base != ABSENT && base_unpack(base).kind != BASE_UNMERGEABLE;

    compiled->is_base_refused = is_usable && !in_place && base == memory->refused_base;
    compiled->is_base_faulty = !is_usable || compiled->is_base_refused;
    compiled->is_mergeable = true;
    compiled->base = base;
    if (compiled->is_base_faulty && !in_place && memory->has_good) {
        compiled->base = memory->base;
    } else if (compiled->is_base_faulty && !compiled->is_base_refused) {
        compiled->is_mergeable = false;
    } else if (compiled->is_base_faulty) {
        compiled->base = base; /* refused, and there is no other one */
    }
}

struct compiled compile_model(const struct world *world, const struct memory *memory) {
    struct compiled compiled = {0};

    compile_base(world, memory, &compiled);
    for (unsigned name = 0; name < NAMES; name++) {
        compile_one(world, memory, name, &compiled);
    }
    return compiled;
}

/* --- the pass --------------------------------------------------------------------------------- */

static struct form_set *served_set(struct arena *arena, const struct compiled *compiled) {
    struct form_set *set = ARENA_NEW(arena, struct form_set);

    set->arena = arena;
    set->base_path = "base.yml";
    set->base = packed_text(arena, compiled->base);
    set->forms = ARENA_NEW_ARRAY(arena, struct form, compiled->served_count);
    for (unsigned i = 0; i < compiled->served_count; i++) {
        set->forms[i] = piece_form(arena, compiled->served[i]);
    }
    set->count = compiled->served_count;
    return set;
}

static const struct outcome *outcomes_of(struct arena *arena, const struct compiled *compiled) {
    struct outcome *outcomes = ARENA_NEW_ARRAY(arena, struct outcome, compiled->outcome_count);

    for (unsigned i = 0; i < compiled->outcome_count; i++) {
        outcomes[i] = (struct outcome){
            .namespace = "n",
            .name = name_text(compiled->outcomes[i].name),
            .state = compiled->outcomes[i].state,
            .earlier = compiled->outcomes[i].is_earlier,
        };
    }
    return outcomes;
}

static const struct form *lost_of(struct arena *arena, const struct compiled *compiled) {
    struct form *lost = ARENA_NEW_ARRAY(arena, struct form, compiled->lost_count);

    for (unsigned i = 0; i < compiled->lost_count; i++) {
        lost[i] = (struct form){
            .namespace = "n",
            .name = name_text(compiled->lost[i]),
            .file = "manifests.yaml",
        };
    }
    return lost;
}

static struct desired_state *desired_of(const struct compiled *compiled) {
    struct arena *arena = arena_new();
    struct desired_state *state = ARENA_NEW(arena, struct desired_state);

    *state = (struct desired_state){
        .arena = arena,
        .mergeable = compiled->is_mergeable,
        .base_faulty = compiled->is_base_faulty,
        .base_refused = compiled->is_base_refused,
        .base_fault = compiled->is_base_faulty ? "the base cannot be used" : NULL,
        .served = compiled->is_mergeable ? served_set(arena, compiled) : NULL,
        .outcomes = outcomes_of(arena, compiled),
        .outcome_count = compiled->outcome_count,
        .lost = lost_of(arena, compiled),
        .lost_count = compiled->lost_count,
    };
    for (unsigned i = 0; i < compiled->outcome_count; i++) {
        state->state_counts[compiled->outcomes[i].state]++;
    }
    return state;
}

static bool is_changed(const struct desired_state *before, const struct desired_state *after) {
    if (before == NULL || before->served == NULL || after->served == NULL) {
        return before == NULL || before->served != after->served;
    }
    return !form_set_same(before->served, after->served);
}

struct pass_outcome pass_model(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;
    struct memory memory = memory_read(controller_ledger(sidecar->controller));
    struct compiled compiled = compile_model(world, &memory);
    struct desired_state *state = desired_of(&compiled);
    struct pass_outcome pass = {
        .state = state,
        .mergeable = compiled.is_mergeable && !sidecar->settings.watch_only,
        .changed = is_changed(sidecar->state, state),
        .watched_changed = sidecar->has_passed && sidecar->rules != world->user.rules,
        .complete = !world->user.is_unreadable,
        .base_being_written = world->user.writer == WRITER_BASE,
        .files_being_written = world->user.writer != WRITER_NONE,
    };

    desired_state_free(sidecar->state);
    sidecar->state = state;
    sidecar->has_passed = true;
    sidecar->rules = world->user.rules;
    sidecar->base_read = present_base(world);
    return pass;
}
