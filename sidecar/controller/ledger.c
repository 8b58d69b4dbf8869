/* SPDX-License-Identifier: Apache-2.0 */

/* Each part has an arena of its own and is made anew when it changes, which is seldom. */

#include "controller/ledger.h"

#include "base/arena.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct ledger {
    struct agent_memory memory; /* what it points to lives in the arenas */
    struct form_set *good;
    struct form_set *forms; /* the last good ones; NULL: those of good */
    struct arena *refusals;
    struct arena *base;
    struct arena *version;
    struct arena *earlier;
    bool dirty;
};

/* What compile is handed is another history from now on, and the file has to be, too. */
static void changed(struct ledger *ledger) {
    ledger->memory.history.revision++;
    ledger->dirty = true;
}

static void renew(struct arena **arena, struct arena *other) {
    arena_free(*arena);
    *arena = other;
}

struct ledger *ledger_new(void) {
    struct ledger *ledger = memory_new(1, sizeof(*ledger));

    ledger->memory.prometheus_version = "";
    return ledger;
}

void ledger_free(struct ledger *ledger) {
    if (ledger == NULL) {
        return;
    }
    form_set_free(ledger->good);
    form_set_free(ledger->forms);
    renew(&ledger->refusals, NULL);
    renew(&ledger->base, NULL);
    renew(&ledger->version, NULL);
    renew(&ledger->earlier, NULL);
    free(ledger);
}

void ledger_freep(struct ledger **ledger) {
    ledger_free(*ledger);
}

const struct history *ledger_history(const struct ledger *ledger) {
    return &ledger->memory.history;
}

const struct agent_memory *ledger_memory(const struct ledger *ledger) {
    return &ledger->memory;
}

bool ledger_is_dirty(const struct ledger *ledger) {
    return ledger->dirty;
}

void ledger_set_dirty(struct ledger *ledger, bool dirty) {
    ledger->dirty = dirty;
}

const struct earlier_form *ledger_earlier(const struct ledger *ledger, size_t *ret_count) {
    *ret_count = ledger->memory.earlier_count;
    return ledger->memory.earlier;
}

/* --- the last good forms ---------------------------------------------------------------------- */

/* NULL: those of good. */
static void set_forms(struct ledger *ledger, struct form_set *forms) {
    form_set_free(ledger->forms);
    ledger->forms = forms;
    ledger->memory.history.forms = forms != NULL ? forms : ledger->good;
    changed(ledger);
}

typedef bool (*form_filter)(const struct form *form, const void *context);

static void keep_forms(struct ledger *ledger, form_filter keeps, const void *context) {
    const struct form_set *before = ledger->memory.history.forms;
    struct form_set *kept = NULL;

    if (before == NULL) {
        return;
    }
    kept = form_set_new(before->base_path, before->base, before->count);
    for (size_t i = 0; i < before->count; i++) {
        if (keeps(&before->forms[i], context)) {
            kept->forms[kept->count++] = form_copy(kept->arena, &before->forms[i]);
        }
    }
    if (kept->count < before->count) {
        set_forms(ledger, kept);
    } else {
        form_set_free(kept);
    }
}

static bool is_other_form(const struct form *form, const void *context) {
    const struct form *refused = context;

    return form_compare(form, refused) != 0 || !form_same(form, refused);
}

/* The form that is published now, where only its secret files are others; else NULL. */
static const struct form *rotated(const struct form *form, const struct form_set *published) {
    const struct form *now = form_set_find(published, form->namespace, form->name);

    return now != NULL && form_same_entry(now, form) && !form_same(now, form) ? now : NULL;
}

void ledger_set_published(struct ledger *ledger, const struct form_set *on_disk) {
    ledger->memory.history.published = on_disk;
}

void ledger_rotate(struct ledger *ledger, const struct form_set *published) {
    const struct form_set *before = ledger->memory.history.forms;
    bool any = false;

    for (size_t i = 0; before != NULL && i < before->count && !any; i++) {
        any = rotated(&before->forms[i], published) != NULL;
    }
    if (!any) {
        return;
    }
    struct form_set *forms = form_set_new(before->base_path, before->base, before->count);
    for (size_t i = 0; i < before->count; i++) {
        const struct form *now = rotated(&before->forms[i], published);
        forms->forms[i] = form_copy(forms->arena, now != NULL ? now : &before->forms[i]);
    }
    forms->count = before->count;
    set_forms(ledger, forms);
}

/* --- refusals --------------------------------------------------------------------------------- */

static int compare_refusals(const void *left, const void *right) {
    return form_compare(&((const struct refusal *)left)->form,
                        &((const struct refusal *)right)->form);
}

typedef bool (*refusal_filter)(const struct refusal *refusal, const void *context);

/* Keeps those that the filter takes, and adds one (NULL: none). */
static void remake_refusals(struct ledger *ledger, refusal_filter keeps, const void *context,
                            const struct refusal *added) {
    struct history *history = &ledger->memory.history;
    struct arena *arena = arena_new();
    struct refusal *refusals = ARENA_NEW_ARRAY(arena, struct refusal, history->refusal_count + 1);
    size_t count = 0;

    for (size_t i = 0; i < history->refusal_count; i++) {
        const struct refusal *old = &history->refusals[i];
        if (keeps(old, context)) {
            refusals[count].words = arena_string(arena, bytes_of(old->words));
            refusals[count++].form = form_copy(arena, &old->form);
        }
    }
    if (added != NULL) {
        refusals[count].words = arena_string(arena, bytes_of(added->words));
        refusals[count++].form = form_copy(arena, &added->form);
        qsort(refusals, count, sizeof(*refusals), compare_refusals);
    }
    history->refusals = refusals;
    history->refusal_count = count;
    renew(&ledger->refusals, arena);
    changed(ledger);
}

static bool any_goes(const struct ledger *ledger, refusal_filter keeps, const void *context) {
    const struct history *history = &ledger->memory.history;

    for (size_t i = 0; i < history->refusal_count; i++) {
        if (!keeps(&history->refusals[i], context)) {
            return true;
        }
    }
    return false;
}

static bool is_of_another(const struct refusal *refusal, const void *context) {
    return form_compare(&refusal->form, context) != 0;
}

void ledger_refuse(struct ledger *ledger, const struct form *form, const char *words) {
    const struct refusal added = {.form = *form, .words = words};

    keep_forms(ledger, is_other_form, form);
    remake_refusals(ledger, is_of_another, form, &added);
}

static bool is_none_of(const struct refusal *refusal, const void *context) {
    const struct form *form = form_set_find(context, refusal->form.namespace, refusal->form.name);

    return form == NULL || !form_same(form, &refusal->form);
}

/* --- the base --------------------------------------------------------------------------------- */

void ledger_refuse_base(struct ledger *ledger, struct bytes base, const char *words) {
    struct arena *arena = arena_new();

    /* Its address says that there is one: an empty base is one, too. */
    ledger->memory.history.refused_base = bytes_of(arena_string(arena, base));
    ledger->memory.history.refused_base.length = base.length;
    ledger->memory.history.base_words = arena_string(arena, bytes_of(words));
    renew(&ledger->base, arena);
    changed(ledger);
}

void ledger_forgive_base(struct ledger *ledger) {
    struct history *history = &ledger->memory.history;

    if (history->refused_base.data == NULL) {
        return;
    }
    history->refused_base = (struct bytes){0};
    history->base_words = NULL;
    renew(&ledger->base, NULL);
    changed(ledger);
}

void ledger_forgive(struct ledger *ledger) {
    struct history *history = &ledger->memory.history;

    ledger_forgive_base(ledger);
    if (history->refusal_count > 0) {
        history->refusals = NULL;
        history->refusal_count = 0;
        renew(&ledger->refusals, NULL);
        changed(ledger);
    }
}

/* "THERE", or "THERE/GIVEN" where one is given; THERE may be empty. */
static void split_versions(const char *text, struct bytes *ret_there, struct bytes *ret_given) {
    struct bytes all = bytes_of(text);
    size_t slash = bytes_find(all, BYTES("/"), 0);
    size_t end = slash == SIZE_MAX ? all.length : slash;

    *ret_there = bytes_slice(all, 0, end);
    *ret_given = bytes_slice(all, slash == SIZE_MAX ? end : end + 1, all.length);
}

static void keep_versions(struct ledger *ledger, struct bytes there, struct bytes given) {
    CLEANUP(buffer_free) struct buffer text = {0};
    struct arena *arena = arena_new();

    buffer_append(&text, there);
    if (given.length > 0) {
        buffer_append_string(&text, "/");
        buffer_append(&text, given);
    }
    ledger->memory.prometheus_version = arena_string(arena, buffer_bytes(&text));
    renew(&ledger->version, arena);
    ledger->dirty = true;
}

static bool forgive_for_another(struct ledger *ledger) {
    const struct history *history = &ledger->memory.history;
    bool forgives = history->refusal_count > 0 || history->refused_base.data != NULL;

    if (forgives) {
        ledger_forgive(ledger);
    }
    return forgives;
}

struct bytes ledger_version(const struct ledger *ledger) {
    struct bytes there = {0};
    struct bytes given = {0};

    split_versions(ledger->memory.prometheus_version, &there, &given);
    return there;
}

bool ledger_meet(struct ledger *ledger, const char *version) {
    struct bytes there = {0};
    struct bytes given = {0};

    split_versions(ledger->memory.prometheus_version, &there, &given);
    if (bytes_equal_string(there, version)) {
        return false;
    }
    bool known = there.length > 0;
    keep_versions(ledger, bytes_of(version), given);
    return known && forgive_for_another(ledger);
}

bool ledger_meet_given(struct ledger *ledger, const char *version) {
    struct bytes there = {0};
    struct bytes given = {0};

    split_versions(ledger->memory.prometheus_version, &there, &given);
    if (bytes_equal_string(given, version)) {
        return false;
    }
    keep_versions(ledger, there, bytes_of(version));
    return forgive_for_another(ledger);
}

/* --- what is good ----------------------------------------------------------------------------- */

/* To the last byte, and from the same files. */
static bool is_known(const struct form_set *good, const struct form_set *set) {
    if (good == NULL || !form_set_same(good, set) || strcmp(good->base_path, set->base_path) != 0) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(good->forms[i].file, set->forms[i].file) != 0) {
            return false;
        }
    }
    return true;
}

/* What has another form than before got it in this confirmation, which is later than all that are
 * known. */
static void number_forms(struct form_set *set, const struct form_set *before) {
    uint64_t latest = 0;

    for (size_t i = 0; before != NULL && i < before->count; i++) {
        const uint64_t confirmed = before->forms[i].confirmed;
        latest = confirmed > latest ? confirmed : latest;
    }
    for (size_t i = 0; i < set->count; i++) {
        struct form *form = &set->forms[i];
        const struct form *old = form_set_find(before, form->namespace, form->name);
        form->confirmed = old != NULL && form_same(old, form) ? old->confirmed : latest + 1;
    }
}

static void set_good(struct ledger *ledger, struct form_set *good) {
    form_set_free(ledger->good);
    ledger->good = good;
    ledger->memory.history.good = good;
}

/* A set that is not all that is wanted takes nobody's last good form. */
static struct form_set *forms_after(const struct ledger *ledger, const struct form_set *set,
                                    bool everything) {
    const struct form_set *before = ledger->memory.history.forms;

    if (everything || before == NULL) {
        return NULL;
    }
    struct form_set *forms = form_set_overlay(before, set);
    if (forms->count == set->count) {
        form_set_free(forms);
        return NULL;
    }
    return forms;
}

void ledger_confirm(struct ledger *ledger, const struct form_set *set, bool everything) {
    const struct history *history = &ledger->memory.history;
    struct form_set *forms = NULL;

    if (history->refused_base.data != NULL && bytes_equal(history->refused_base, set->base)) {
        ledger_forgive_base(ledger);
    }
    if (any_goes(ledger, is_none_of, set)) {
        remake_refusals(ledger, is_none_of, set, NULL);
    }
    if (is_known(ledger->good, set) && (ledger->forms == NULL || !everything)) {
        return;
    }
    forms = forms_after(ledger, set, everything);
    struct form_set *copy = form_set_copy(set);
    number_forms(copy, ledger->good);
    set_good(ledger, copy);
    set_forms(ledger, forms);
}

/* --- what passes tell ------------------------------------------------------------------------- */

static int compare_with_outcome(const void *form, const void *outcome) {
    const struct form *wanted = form;
    const struct outcome *other = outcome;
    int order = strcmp(wanted->namespace, other->namespace);

    return order != 0 ? order : strcmp(wanted->name, other->name);
}

static int compare_forms(const void *left, const void *right) {
    return form_compare(left, right);
}

/* Or may be: only a manifest that was read without it says that it is gone. */
static bool is_there(const struct refusal *refusal, const void *context) {
    const struct desired_state *state = context;
    bool has_outcome =
        state->outcome_count > 0 && bsearch(&refusal->form, state->outcomes, state->outcome_count,
                                            sizeof(*state->outcomes), compare_with_outcome) != NULL;

    return has_outcome ||
           (state->lost_count > 0 && bsearch(&refusal->form, state->lost, state->lost_count,
                                             sizeof(*state->lost), compare_forms) != NULL);
}

struct noted {
    const struct desired_state *state;
    const struct form_set *good;
};

/* Of a RemoteWrite that is gone, or no longer selected, nothing is served any more. */
static bool may_be_served(const struct form *form, const void *context) {
    const struct noted *noted = context;
    const struct desired_state *state = noted->state;
    const struct outcome *outcome = state->outcome_count == 0
                                        ? NULL
                                        : bsearch(form, state->outcomes, state->outcome_count,
                                                  sizeof(*state->outcomes), compare_with_outcome);

    return form_set_find(noted->good, form->namespace, form->name) != NULL ||
           (outcome != NULL && outcome->state != STATE_UNSELECTED);
}

static int compare_earlier(const void *left, const void *right) {
    const struct earlier_form *one = left;
    const struct earlier_form *other = right;
    int order = strcmp(one->namespace, other->namespace);

    return order != 0 ? order : strcmp(one->name, other->name);
}

static const struct earlier_form *find_earlier(const struct agent_memory *memory,
                                               const struct outcome *outcome) {
    const struct earlier_form wanted = {.namespace = outcome->namespace, .name = outcome->name};

    return memory->earlier_count == 0 ? NULL
                                      : bsearch(&wanted, memory->earlier, memory->earlier_count,
                                                sizeof(wanted), compare_earlier);
}

static void note_earlier(struct ledger *ledger, const struct desired_state *state, int64_t now) {
    struct agent_memory *memory = &ledger->memory;
    struct arena *arena = arena_new();
    struct earlier_form *forms = ARENA_NEW_ARRAY(arena, struct earlier_form, state->outcome_count);
    size_t count = 0;
    size_t known = 0;

    for (size_t i = 0; i < state->outcome_count; i++) {
        const struct outcome *outcome = &state->outcomes[i];
        if (!outcome->earlier) {
            continue;
        }
        const struct earlier_form *before = find_earlier(memory, outcome);
        known += before != NULL ? 1 : 0;
        forms[count++] = (struct earlier_form){
            .namespace = arena_string(arena, bytes_of(outcome->namespace)),
            .name = arena_string(arena, bytes_of(outcome->name)),
            .since = before != NULL ? before->since : now,
        };
    }
    ledger->dirty |= count != memory->earlier_count || known != count;
    memory->earlier = forms;
    memory->earlier_count = count;
    renew(&ledger->earlier, arena);
}

/* The form of the set that the served one has from another file; NULL: there is none. */
static const struct form *moved_from(const struct form_set *set, const struct form *served) {
    const struct form *form = form_set_find(set, served->namespace, served->name);

    return form != NULL && strcmp(form->file, served->file) != 0 ? form : NULL;
}

/* A copy of a set whose forms say where their manifests are now; NULL: none has moved. */
static struct form_set *moved_set(const struct form_set *set, const struct form_set *served) {
    struct form_set *copy = NULL;

    for (size_t i = 0; set != NULL && i < served->count; i++) {
        const struct form *form = moved_from(set, &served->forms[i]);

        if (form == NULL) {
            continue;
        }
        if (copy == NULL) {
            copy = form_set_copy(set);
        }
        copy->forms[form - set->forms].file =
            arena_string(copy->arena, bytes_of(served->forms[i].file));
    }
    return copy;
}

/* A manifest file that is renamed is no reason to ask Prometheus. That a form is still there is
 * told by its file, so the new one is remembered all the same. */
static void follow_files(struct ledger *ledger, const struct form_set *served) {
    struct form_set *good = moved_set(ledger->good, served);
    struct form_set *forms = moved_set(ledger->forms, served);

    if (good != NULL) {
        set_good(ledger, good);
    }
    if (forms != NULL) {
        set_forms(ledger, forms);
    } else if (good != NULL && ledger->forms == NULL) {
        set_forms(ledger, NULL);
    } else if (good != NULL) {
        changed(ledger);
    }
}

void ledger_note(struct ledger *ledger, const struct desired_state *state, int64_t now) {
    if (state->served != NULL) {
        follow_files(ledger, state->served);
    }
    if (any_goes(ledger, is_there, state)) {
        remake_refusals(ledger, is_there, state, NULL);
    }
    if (ledger->forms != NULL) {
        keep_forms(ledger, may_be_served, &(struct noted){state, ledger->good});
    }
    note_earlier(ledger, state, now);
}

/* --- the state file ----------------------------------------------------------------------------
 */

void ledger_take(struct ledger *ledger, const struct agent_memory *memory) {
    const struct history *history = &memory->history;
    struct arena *earlier = arena_new();
    struct earlier_form *forms =
        ARENA_NEW_ARRAY(earlier, struct earlier_form, memory->earlier_count);

    struct bytes there = {0};
    struct bytes given = {0};

    split_versions(memory->prometheus_version, &there, &given);
    keep_versions(ledger, there, given);
    if (history->good != NULL) {
        set_good(ledger, form_set_copy(history->good));
        set_forms(ledger, history->forms->count > 0
                              ? form_set_overlay(history->good, history->forms)
                              : NULL);
    }
    for (size_t i = 0; i < history->refusal_count; i++) {
        ledger_refuse(ledger, &history->refusals[i].form, history->refusals[i].words);
    }
    if (history->refused_base.data != NULL) {
        ledger_refuse_base(ledger, history->refused_base, history->base_words);
    }
    for (size_t i = 0; i < memory->earlier_count; i++) {
        forms[i] = (struct earlier_form){
            .namespace = arena_string(earlier, bytes_of(memory->earlier[i].namespace)),
            .name = arena_string(earlier, bytes_of(memory->earlier[i].name)),
            .since = memory->earlier[i].since,
        };
    }
    ledger->memory.earlier = forms;
    ledger->memory.earlier_count = memory->earlier_count;
    renew(&ledger->earlier, earlier);
}

bool ledger_has_learned(const struct ledger *ledger) {
    const struct history *history = &ledger->memory.history;

    return history->good != NULL || history->refusal_count > 0 ||
           history->refused_base.data != NULL;
}
