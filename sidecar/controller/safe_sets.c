/* SPDX-License-Identifier: Apache-2.0 */

/* The sets to fall back to, and those that a bisection starts from. */

#include "controller/machine.h"

#include <string.h>

bool same_entries(const struct form_set *left, const struct form_set *right) {
    if (left == NULL || right == NULL || left->count != right->count ||
        !bytes_equal(left->base, right->base)) {
        return false;
    }
    for (size_t i = 0; i < left->count; i++) {
        if (form_compare(&left->forms[i], &right->forms[i]) != 0 ||
            !form_same_entry(&left->forms[i], &right->forms[i])) {
            return false;
        }
    }
    return true;
}

struct form_set *base_alone(const struct form_set *lkg, const struct form_set *desired,
                            bool in_place) {
    const struct form_set *base = in_place || lkg == NULL ? desired : lkg;

    return form_set_new(base->base_path, base->base, 0);
}

/* The entry with the newest secret files that it had with this text. */
static const struct form *newest(const struct history *history, const struct form *form,
                                 const struct form_set *desired) {
    const struct form_set *const sets[] = {desired, history->forms};

    for (size_t i = 0; i < ARRAY_LENGTH(sets); i++) {
        const struct form *now = form_set_find(sets[i], form->namespace, form->name);
        if (now != NULL && form_same_entry(form, now)) {
            return now;
        }
    }
    return form;
}

struct form_set *lkg_set(const struct history *history, const struct form_set *desired,
                         bool in_place, bool exactly) {
    const struct form_set *lkg = history->good;
    const struct form_set *base = in_place ? desired : lkg;
    struct form_set *set = form_set_new(base->base_path, base->base, lkg->count);

    for (size_t i = 0; i < lkg->count; i++) {
        const struct form *form = &lkg->forms[i];
        const struct form *now = exactly ? form : newest(history, form, desired);
        set->forms[i] = form_copy(set->arena, now);
        set->forms[i].file = arena_string(set->arena, bytes_of(form->file));
    }
    set->count = lkg->count;
    return set;
}

struct form_set *bisection_start(const struct history *history, const struct form_set *desired) {
    const struct form_set *lkg = history->good;

    if (lkg == NULL) {
        return NULL;
    }
    struct form_set *set = form_set_new(lkg->base_path, lkg->base, lkg->count);
    for (size_t i = 0; i < lkg->count; i++) {
        const struct form *form = &lkg->forms[i];
        const struct form *now = form_set_find(desired, form->namespace, form->name);
        const bool edited = now != NULL && !form_same_entry(form, now);
        set->forms[i] = form_copy(set->arena, edited ? newest(history, form, desired) : form);
    }
    set->count = lkg->count;
    return set;
}

static bool may_have_regressed(const struct form *form, const struct form_set *lkg,
                               bool also_rotated) {
    const struct form *confirmed = form_set_find(lkg, form->namespace, form->name);

    return form->reads_outside ||
           (also_rotated && (confirmed == NULL || !form_same(confirmed, form)));
}

struct form_set *lasting_set(const struct form_set *start, const struct form_set *lkg,
                             bool also_rotated) {
    struct form_set *set = form_set_new(start->base_path, start->base, start->count);

    for (size_t i = 0; i < start->count; i++) {
        if (!may_have_regressed(&start->forms[i], lkg, also_rotated)) {
            set->forms[set->count++] = form_copy(set->arena, &start->forms[i]);
        }
    }
    if (set->count == start->count) {
        form_set_freep(&set);
    }
    return set;
}

/* The desired entry, where it differs from this one in nothing but its secret files; else NULL. */
static const struct form *rotated(const struct form *form, const struct form_set *desired,
                                  const struct form_set *lkg, bool only_confirmed) {
    const struct form *now = form_set_find(desired, form->namespace, form->name);
    const struct form *confirmed = form_set_find(lkg, form->namespace, form->name);

    if (now == NULL || !form_same_entry(form, now) || form_same(form, now)) {
        return NULL;
    }
    return !only_confirmed || (confirmed != NULL && form_same(confirmed, form)) ? now : NULL;
}

struct form_set *with_new_secrets(const struct form_set *on_disk, const struct form_set *desired,
                                  const struct form_set *lkg, bool only_confirmed) {
    struct form_set *set = NULL;

    for (size_t i = 0; i < on_disk->count; i++) {
        const struct form *now = rotated(&on_disk->forms[i], desired, lkg, only_confirmed);

        if (now == NULL) {
            continue;
        }
        if (set == NULL) {
            set = form_set_copy(on_disk);
        }
        const char *const file = set->forms[i].file;
        set->forms[i] = form_copy(set->arena, now);
        set->forms[i].file = file;
    }
    return set;
}
