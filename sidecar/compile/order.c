/* SPDX-License-Identifier: Apache-2.0 */

/* Which form stands where, and whether two configs differ in that alone. */

#include "compile/order.h"

#include "base/compiler.h"

#include <stdlib.h>
#include <string.h>

/* --- what an entry reads from outside ----------------------------------------------------------
 */

/* An identity that the entry does not hold by itself, if any of these is absent, is the pod's. */
static const struct {
    const char *identity;
    const char *held[3];
} identities[] = {
    {"sigv4", {"access_key", "secret_key", "region"}},
    {"azuread", {"oauth"}},
};

static bool is_secret_file(struct bytes path, const struct secret_file *secrets, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct bytes name = bytes_of(secrets[i].name);

        if (bytes_ends_with(path, name) &&
            (path.length == name.length || path.data[path.length - name.length - 1] == '/'))
            return true;
    }
    return false;
}

/* Of the files that an entry names, Prometheus reads these to make the client; those of passwords
 * and tokens only when it sends. */
static bool reads_tls_files(const struct node *entry, const struct secret_file *secrets,
                            size_t count) {
    const struct node *tls = node_get(entry, "tls_config");

    for (size_t i = 0; tls != NULL && tls->type == NODE_MAPPING && i < tls->mapping.count; i++) {
        const struct node_pair *pair = &tls->mapping.pairs[i];

        if (bytes_ends_with(pair->key->scalar.text, BYTES("_file")) &&
            pair->value->type == NODE_SCALAR &&
            !is_secret_file(pair->value->scalar.text, secrets, count))
            return true;
    }
    return false;
}

static bool has_ambient_identity(const struct node *entry) {
    for (size_t i = 0; i < ARRAY_LENGTH(identities); i++) {
        const struct node *identity = node_get(entry, identities[i].identity);

        for (size_t j = 0; identity != NULL && j < ARRAY_LENGTH(identities[i].held); j++) {
            const char *held = identities[i].held[j];
            if (held != NULL && node_get(identity, held) == NULL)
                return true;
        }
    }
    return node_find(entry, "sigv4.profile") != NULL;
}

bool entry_reads_outside(const struct node *entry, const struct secret_file *secrets,
                         size_t count) {
    return has_ambient_identity(entry) || reads_tls_files(entry, secrets, count);
}

/* --- the order -------------------------------------------------------------------------------- */

enum rank {
    RANK_NEW,
    RANK_ROTATED,
    RANK_OUTSIDE,
    RANK_CONFIRMED,
};

struct standing {
    enum rank rank;
    uint64_t confirmed; /* 0 unless rank is RANK_OUTSIDE or RANK_CONFIRMED */
    size_t index;       /* in the set, which is sorted by namespace and name */
};

static struct standing standing_of(const struct form_set *set, size_t index,
                                   const struct form_set *good) {
    const struct form *form = &set->forms[index];
    const struct form *before = form_set_find(good, form->namespace, form->name);
    struct standing standing = {.rank = RANK_NEW, .index = index};

    if (before == NULL || !form_same_entry(before, form))
        return standing;
    if (!form_same(before, form)) {
        standing.rank = RANK_ROTATED;
        return standing;
    }
    standing.rank = form->reads_outside ? RANK_OUTSIDE : RANK_CONFIRMED;
    standing.confirmed = before->confirmed;
    return standing;
}

static int compare_standing(const void *left, const void *right) {
    const struct standing *one = left;
    const struct standing *other = right;

    if (one->rank != other->rank)
        return one->rank < other->rank ? -1 : 1;
    if (one->confirmed != other->confirmed)
        return one->confirmed > other->confirmed ? -1 : 1;
    return (one->index > other->index) - (one->index < other->index);
}

const size_t *form_set_order(struct arena *arena, const struct form_set *set,
                             const struct form_set *good) {
    struct standing *standings = ARENA_NEW_ARRAY(arena, struct standing, set->count);
    size_t *order = ARENA_NEW_ARRAY(arena, size_t, set->count);

    for (size_t i = 0; i < set->count; i++)
        standings[i] = standing_of(set, i, good);
    if (set->count > 0)
        qsort(standings, set->count, sizeof(*standings), compare_standing);
    for (size_t i = 0; i < set->count; i++)
        order[i] = standings[i].index;
    return order;
}

/* --- the same in another order -----------------------------------------------------------------
 */

/* A form that the config has, and its text. */
struct placed {
    struct bytes text;
    size_t index;
    bool found;
};

static int compare_placed(const void *left, const void *right) {
    return bytes_compare(((const struct placed *)left)->text, ((const struct placed *)right)->text);
}

/* Where a text begins with that of the form: 0. No form's text is the beginning of another one's:
 * each has a comment line of its own. */
static int compare_beginning(const void *text, const void *placed) {
    const struct bytes *at = text;
    const struct bytes wanted = ((const struct placed *)placed)->text;

    return bytes_compare(bytes_slice(*at, 0, wanted.length), wanted);
}

static bool has_text(const struct composition *composition, size_t index) {
    return composition->spans[index].end > composition->spans[index].start;
}

/* The forms that the config has, in its order. */
static size_t *placed_forms(struct arena *arena, const struct composition *composition,
                            size_t *ret_count) {
    size_t *placed = ARENA_NEW_ARRAY(arena, size_t, composition->count);
    size_t count = 0;

    for (size_t i = 0; i < composition->count; i++) {
        if (has_text(composition, composition->order[i]))
            placed[count++] = composition->order[i];
    }
    *ret_count = count;
    return placed;
}

static struct placed *sorted_texts(struct arena *arena, const struct composition *composition,
                                   const size_t *forms, size_t count) {
    struct placed *texts = ARENA_NEW_ARRAY(arena, struct placed, count);

    for (size_t i = 0; i < count; i++) {
        const struct form_span span = composition->spans[forms[i]];
        texts[i] = (struct placed){bytes_slice(composition->config, span.start, span.end), forms[i],
                                   false};
    }
    qsort(texts, count, sizeof(*texts), compare_placed);
    return texts;
}

/* What is around the forms, and the length of all, are the same. */
static bool has_same_frame(const struct composition *composition, struct bytes config, size_t start,
                           size_t end) {
    const struct bytes own = composition->config;

    return own.length == config.length &&
           bytes_equal(bytes_slice(own, 0, start), bytes_slice(config, 0, start)) &&
           bytes_equal(bytes_slice(own, end, own.length), bytes_slice(config, end, config.length));
}

/* Walks the forms of config, which stand between start and the frame's end, with the separator
 * between two of them. */
static bool walk(struct placed *texts, size_t count, struct bytes separator, struct bytes config,
                 size_t start, struct form_span *spans, size_t *order) {
    size_t at = start;

    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !bytes_equal(bytes_slice(config, at, at + separator.length), separator))
            return false;
        at += i > 0 ? separator.length : 0;
        const struct bytes rest = bytes_slice(config, at, config.length);
        struct placed *text = bsearch(&rest, texts, count, sizeof(*texts), compare_beginning);
        if (text == NULL || text->found)
            return false;
        text->found = true;
        order[i] = text->index;
        spans[text->index] = (struct form_span){at, at + text->text.length};
        at += text->text.length;
    }
    return true;
}

bool composition_follow(struct arena *arena, struct composition *composition, struct bytes config) {
    struct form_span *spans = ARENA_NEW_ARRAY(arena, struct form_span, composition->count);
    size_t *order = ARENA_NEW_ARRAY(arena, size_t, composition->count);
    size_t count = 0;
    const size_t *forms = placed_forms(arena, composition, &count);

    if (count < 2)
        return false;
    const struct form_span first = composition->spans[forms[0]];
    const struct form_span second = composition->spans[forms[1]];
    const struct form_span last = composition->spans[forms[count - 1]];
    const struct bytes separator = bytes_slice(composition->config, first.end, second.start);
    if (!has_same_frame(composition, config, first.start, last.end) ||
        !walk(sorted_texts(arena, composition, forms, count), count, separator, config, first.start,
              spans, order))
        return false;
    for (size_t i = 0; i < composition->count; i++) {
        if (!has_text(composition, composition->order[i]))
            order[count++] = composition->order[i];
    }
    const size_t section = (size_t)(composition->section.data - composition->config.data);
    composition->section = bytes_slice(config, section, section + composition->section.length);
    composition->config = config;
    composition->spans = spans;
    composition->order = order;
    return true;
}
