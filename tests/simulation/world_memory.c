/* SPDX-License-Identifier: Apache-2.0 */

/* The ledger as integers: to save it, to compare it, and to fill another one with it. */

#include "simulation/world.h"

#include "base/arena.h"

#include <stdio.h>
#include <string.h>

struct piece form_piece(const struct form *form) {
    return (struct piece){
        .item = packed_read(form->entry),
        .secret = form->secret_count > 0 ? packed_read(form->secrets[0].content) : ABSENT,
    };
}

struct form piece_form(struct arena *arena, struct piece piece) {
    struct item item = item_unpack(piece.item);
    struct form form = {
        .namespace = "n",
        .name = name_text(item.name),
        .file = "manifests.yaml",
        .entry = packed_text(arena, piece.item),
        .reads_outside = item.kind == KIND_DELICATE,
        .confirmed = piece.confirmed,
    };

    if (piece.secret != ABSENT) {
        struct secret_file *secrets = ARENA_NEW(arena, struct secret_file);
        *secrets = (struct secret_file){
            .name = path_text(item_path(item)),
            .content = packed_text(arena, piece.secret),
        };
        form.secrets = secrets;
        form.secret_count = 1;
    }
    return form;
}

static unsigned read_set(const struct form_set *set, struct piece *pieces) {
    if (set == NULL) {
        return 0;
    }
    for (size_t i = 0; i < set->count; i++) {
        pieces[i] = form_piece(&set->forms[i]);
    }
    return (unsigned)set->count;
}

struct config config_of(const struct form_set *set) {
    struct config config = {0};

    if (set == NULL) {
        return config;
    }
    config.exists = true;
    config.base = packed_read(set->base);
    for (size_t i = 0; i < set->count; i++) {
        config.items[config.count++] = packed_read(set->forms[i].entry);
    }
    return config;
}

struct memory memory_read(const struct ledger *ledger) {
    const struct history *history = ledger_history(ledger);
    struct memory memory = {.has_good = history->good != NULL};

    memory.base = memory.has_good ? packed_read(history->good->base) : ABSENT;
    memory.good_count = read_set(history->good, memory.good);
    for (unsigned i = 0; i < memory.good_count; i++) {
        memory.good[i].confirmed = (uint32_t)history->good->forms[i].confirmed;
    }
    memory.form_count = read_set(history->forms, memory.forms);
    for (size_t i = 0; i < history->refusal_count; i++) {
        memory.refusals[memory.refusal_count++] = form_piece(&history->refusals[i].form);
    }
    memory.refused_base =
        history->refused_base.data != NULL ? packed_read(history->refused_base) : ABSENT;
    (void)snprintf(memory.versions, sizeof(memory.versions), "%s",
                   ledger_memory(ledger)->prometheus_version);
    return memory;
}

static struct form_set *set_of(const struct piece *pieces, unsigned count, uint32_t base) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct form_set *set = form_set_new("base.yml", packed_text(arena, base), count);

    for (unsigned i = 0; i < count; i++) {
        set->forms[set->count++] = piece_form(set->arena, pieces[i]);
    }
    return set;
}

static struct refusal *refusals_of(struct arena *arena, const struct memory *memory) {
    struct refusal *refusals = ARENA_NEW_ARRAY(arena, struct refusal, memory->refusal_count);

    for (unsigned i = 0; i < memory->refusal_count; i++) {
        refusals[i] = (struct refusal){piece_form(arena, memory->refusals[i]), "refused"};
    }
    return refusals;
}

/* As state_decode gives it: forms are those that good does not have as they are. */
void memory_load(struct ledger *ledger, const struct memory *memory) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct memory others = {0};

    for (unsigned i = 0; i < memory->form_count; i++) {
        unsigned name = item_unpack(memory->forms[i].item).name;
        const struct piece *good = piece_find(memory->good, memory->good_count, name);
        if (good == NULL || !piece_same(good, &memory->forms[i])) {
            others.forms[others.form_count++] = memory->forms[i];
        }
    }
    CLEANUP(form_set_freep)
    struct form_set *good = set_of(memory->good, memory->good_count, memory->base);
    CLEANUP(form_set_freep)
    struct form_set *forms = set_of(others.forms, others.form_count, memory->base);
    const struct agent_memory all = {
        .history =
            {
                .good = memory->has_good ? good : NULL,
                .forms = forms,
                .refusals = refusals_of(arena, memory),
                .refusal_count = memory->refusal_count,
                .refused_base = memory->refused_base != ABSENT
                                    ? packed_text(arena, memory->refused_base)
                                    : (struct bytes){0},
                .base_words = "refused",
            },
        .prometheus_version = memory->versions,
    };

    ledger_take(ledger, &all);
}

bool piece_same(const struct piece *left, const struct piece *right) {
    return left->item == right->item && left->secret == right->secret;
}

static bool pieces_same(const struct piece *left, unsigned left_count, const struct piece *right,
                        unsigned right_count) {
    return left_count == right_count &&
           (left_count == 0 || memcmp(left, right, left_count * sizeof(*left)) == 0);
}

bool memory_same(const struct memory *left, const struct memory *right) {
    return left->has_good == right->has_good && left->base == right->base &&
           left->refused_base == right->refused_base &&
           strcmp(left->versions, right->versions) == 0 &&
           pieces_same(left->good, left->good_count, right->good, right->good_count) &&
           pieces_same(left->forms, left->form_count, right->forms, right->form_count) &&
           pieces_same(left->refusals, left->refusal_count, right->refusals, right->refusal_count);
}

const struct piece *piece_find(const struct piece *pieces, unsigned count, unsigned name) {
    for (unsigned i = 0; i < count; i++) {
        if (item_unpack(pieces[i].item).name == name) {
            return &pieces[i];
        }
    }
    return NULL;
}
