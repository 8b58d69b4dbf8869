/* SPDX-License-Identifier: Apache-2.0 */

/* The search. First the base with nothing new but it, so that all that follows stands on something
 * that is accepted; then all suspects at once; then, where they are refused, those whose lines
 * Prometheus cites are set aside, and without such a hint the set is halved until one stands alone.
 * An accepted half is kept; of a refused half the other one goes back to the pool, since nothing is
 * known of it: with few guilty ones that costs the fewest questions. */

#include "controller/trial.h"

#include "base/arena.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Citations are believed this many times: a Prometheus whose lines mislead costs a few questions
 * more, not one for each RemoteWrite. */
#define CITATIONS_MAX 8

/* Where a suspect stands. */
enum stand {
    IN_POOL,  /* nothing is known of it */
    IN_GROUP, /* one of these, at least, is guilty */
    ASIDE,    /* cited; to be asked about alone */
    LATE, /* only its secret files are others: taken along with the base, for a password that was
             rotated is not to be taken back without need */
    TAKEN,
    GUILTY,
};

struct suspect {
    const struct form *wanted;
    const struct form *good; /* NULL: it is new */
    enum stand stand;
    bool asked;   /* it is in the question in its wanted form, and was not taken before */
    bool cited;   /* by the refusal of all */
    bool settled; /* guilty, and something without it was accepted after that */
    const char *words;
};

enum step {
    STEP_WHOLE,   /* all that is wanted */
    STEP_CONTROL, /* the base, and nothing else that is new */
    STEP_BARE,    /* nothing new at all */
    STEP_BASE,    /* the base alone, where the control had more */
    STEP_POOL,
    STEP_HALF,   /* of the group */
    STEP_SINGLE, /* one */
    STEP_LAST,   /* what is good now, so that the last answer is no refusal */
    STEP_OVER,
};

struct trial {
    struct arena *arena;
    struct form_set *good; /* NULL: none */
    struct form_set *wanted;
    bool in_place;
    struct suspect *suspects; /* in the order of their names */
    size_t count;
    size_t *suspect_of;  /* for each wanted form; SIZE_MAX: it is none */
    struct suspect base; /* forms NULL; TAKEN where it is not in question */
    bool base_judged;    /* it may be guilty */
    enum step step;
    struct form_set *question; /* NULL: to be made */
    size_t *question_suspects; /* for each form of it; SIZE_MAX: none */
    unsigned citations;
    bool refused_last;
    struct trial_result result;
};

/* --- what is in question ------------------------------------------------------------------------
 */

static bool same_base(const struct form_set *good, const struct form_set *wanted) {
    return bytes_equal(good->base, wanted->base);
}

static void add_suspect(struct trial *trial, const struct form *wanted, const struct form *good) {
    struct suspect *suspect = &trial->suspects[trial->count++];

    *suspect = (struct suspect){
        .wanted = wanted,
        .good = good,
        .stand = good != NULL && form_same_entry(good, wanted) ? LATE : IN_POOL,
    };
}

static void find_suspects(struct trial *trial) {
    const struct form_set *wanted = trial->wanted;

    trial->suspects = ARENA_NEW_ARRAY(trial->arena, struct suspect, wanted->count);
    trial->suspect_of = ARENA_NEW_ARRAY(trial->arena, size_t, wanted->count);
    trial->question_suspects = ARENA_NEW_ARRAY(trial->arena, size_t, wanted->count);
    for (size_t i = 0; i < wanted->count; i++) {
        const struct form *form = &wanted->forms[i];
        const struct form *good = form_set_find(trial->good, form->namespace, form->name);
        bool same = good != NULL && form_same(good, form);
        trial->suspect_of[i] = same ? SIZE_MAX : trial->count;
        if (!same) {
            add_suspect(trial, form, good);
        }
    }
    trial->base_judged =
        trial->good != NULL && !trial->in_place && !same_base(trial->good, trial->wanted);
    trial->base.stand = trial->base_judged ? IN_POOL : TAKEN;
}

static size_t count_at(const struct trial *trial, enum stand stand) {
    size_t count = 0;

    for (size_t i = 0; i < trial->count; i++) {
        count += trial->suspects[i].stand == stand ? 1 : 0;
    }
    return count;
}

static void move_all(struct trial *trial, enum stand from, enum stand to) {
    for (size_t i = 0; i < trial->count; i++) {
        if (trial->suspects[i].stand == from) {
            trial->suspects[i].stand = to;
        }
    }
}

size_t trial_suspects(const struct trial *trial) {
    return trial->count + (trial->base_judged ? 1 : 0);
}

const struct form_set *trial_wanted(const struct trial *trial) {
    return trial->wanted;
}

/* --- the next question --------------------------------------------------------------------------
 */

/* The first count suspects that stand there, or all of them. */
static void ask_about(struct trial *trial, enum stand stand, size_t count) {
    for (size_t i = 0; i < trial->count && count > 0; i++) {
        if (trial->suspects[i].stand == stand) {
            trial->suspects[i].asked = true;
            count--;
        }
    }
}

static void choose_asked(struct trial *trial) {
    for (size_t i = 0; i < trial->count; i++) {
        trial->suspects[i].asked = false;
    }
    trial->base.asked = false;
    switch (trial->step) {
    case STEP_WHOLE:
        trial->base.asked = trial->base_judged;
        ask_about(trial, LATE, SIZE_MAX);
        ask_about(trial, IN_POOL, SIZE_MAX);
        break;
    case STEP_CONTROL:
        trial->base.asked = trial->base_judged;
        ask_about(trial, LATE, SIZE_MAX);
        break;
    case STEP_BASE:
        trial->base.asked = true;
        break;
    case STEP_POOL:
        ask_about(trial, IN_POOL, SIZE_MAX);
        break;
    case STEP_HALF:
        ask_about(trial, IN_GROUP, (count_at(trial, IN_GROUP) + 1) / 2);
        break;
    case STEP_SINGLE:
        ask_about(trial, count_at(trial, IN_GROUP) > 0 ? IN_GROUP : ASIDE, 1);
        break;
    case STEP_BARE:
    case STEP_LAST:
    case STEP_OVER:
        break;
    }
}

/* The form in which a suspect is in the question; NULL: in none. */
static const struct form *asked_form(const struct suspect *suspect) {
    return suspect->asked || suspect->stand == TAKEN ? suspect->wanted : suspect->good;
}

static void make_question(struct trial *trial) {
    bool wanted_base = trial->base.asked || trial->base.stand == TAKEN;
    const struct form_set *base = wanted_base ? trial->wanted : trial->good;
    struct form_set *question = form_set_new(base->base_path, base->base, trial->wanted->count);

    for (size_t i = 0; i < trial->wanted->count; i++) {
        size_t index = trial->suspect_of[i];
        const struct form *form = &trial->wanted->forms[i];
        if (index != SIZE_MAX) {
            form = asked_form(&trial->suspects[index]);
        }
        if (form != NULL) {
            trial->question_suspects[question->count] = index;
            question->forms[question->count++] = *form;
        }
    }
    form_set_free(trial->question);
    trial->question = question;
}

const struct form_set *trial_next(struct trial *trial) {
    if (trial->step == STEP_OVER) {
        return NULL;
    }
    if (trial->question == NULL) {
        choose_asked(trial);
        make_question(trial);
    }
    return trial->question;
}

/* --- what an answer means -----------------------------------------------------------------------
 */

static const char *kept(struct trial *trial, const char *words) {
    return arena_string(trial->arena, bytes_of(words));
}

static void blame(struct trial *trial, struct suspect *suspect, const char *words) {
    suspect->stand = GUILTY;
    suspect->words = kept(trial, words);
    suspect->settled = !trial->refused_last;
}

/* Where to go on once something is known to be accepted. */
static enum step choose_step(const struct trial *trial) {
    size_t group = count_at(trial, IN_GROUP);

    if (group > 0) {
        return group == 1 ? STEP_SINGLE : STEP_HALF;
    }
    if (count_at(trial, IN_POOL) > 0) {
        return STEP_POOL;
    }
    if (count_at(trial, ASIDE) > 0) {
        return STEP_SINGLE;
    }
    return trial->refused_last ? STEP_LAST : STEP_OVER;
}

/* Those who were asked about were refused together: who is cited is set aside, and then nothing is
 * known of the others. */
static bool set_cited_aside(struct trial *trial) {
    bool any = false;

    for (size_t i = 0; i < trial->count; i++) {
        any |= trial->suspects[i].asked && trial->suspects[i].cited;
    }
    if (!any || trial->citations >= CITATIONS_MAX) {
        return false;
    }
    trial->citations++;
    for (size_t i = 0; i < trial->count; i++) {
        if (trial->suspects[i].asked) {
            trial->suspects[i].stand = trial->suspects[i].cited ? ASIDE : IN_POOL;
        }
    }
    return true;
}

/* One of those who were asked about is guilty. */
static void narrow(struct trial *trial, const char *words) {
    struct suspect *only = NULL;
    size_t asked = 0;

    move_all(trial, IN_GROUP, IN_POOL);
    for (size_t i = 0; i < trial->count; i++) {
        if (trial->suspects[i].asked) {
            only = &trial->suspects[i];
            asked++;
        }
    }
    if (asked == 1) {
        blame(trial, only, words);
    } else if (!set_cited_aside(trial)) {
        for (size_t i = 0; i < trial->count; i++) {
            if (trial->suspects[i].asked) {
                trial->suspects[i].stand = IN_GROUP;
            }
        }
    }
}

static void give_up(struct trial *trial, const char *words) {
    trial->result.hopeless = true;
    trial->result.words = kept(trial, words);
    trial->step = STEP_OVER;
}

/* All of it was refused. */
static void begin(struct trial *trial, const char *words) {
    if (trial_suspects(trial) == 0) {
        give_up(trial, words);
    } else if (trial->count == 0) {
        /* No control: Prometheus's own record has to go on saying that it refused the base. */
        trial->refused_last = false;
        blame(trial, &trial->base, words);
        trial->step = STEP_OVER;
    } else {
        trial->result.words = kept(trial, words);
        trial->step = count_at(trial, IN_POOL) > 0 ? STEP_CONTROL : STEP_BARE;
    }
}

/* The suspects of the refusal of all, now that all but them is known to be good. */
static void narrow_whole(struct trial *trial) {
    for (size_t i = 0; i < trial->count; i++) {
        trial->suspects[i].asked = trial->suspects[i].stand == IN_POOL;
    }
    narrow(trial, trial->result.words);
}

static void settle(struct trial *trial) {
    for (size_t i = 0; i < trial->count; i++) {
        trial->suspects[i].settled |= trial->suspects[i].stand == GUILTY;
    }
    trial->base.settled |= trial->base.stand == GUILTY;
}

static void accepted(struct trial *trial) {
    enum step step = trial->step;

    trial->refused_last = false;
    settle(trial);
    for (size_t i = 0; i < trial->count; i++) {
        if (trial->suspects[i].asked) {
            trial->suspects[i].stand = TAKEN;
        }
    }
    if (trial->base.asked) {
        trial->base.stand = TAKEN;
    }
    if (step == STEP_CONTROL) {
        narrow_whole(trial);
    } else if (step == STEP_BARE && trial->base.stand == IN_POOL) {
        if (count_at(trial, LATE) > 0) {
            trial->step = STEP_BASE;
            return;
        }
        blame(trial, &trial->base, trial->base.words);
    }
    move_all(trial, LATE, IN_POOL);
    trial->step = choose_step(trial);
}

static void refused(struct trial *trial, const char *words) {
    trial->refused_last = true;
    switch (trial->step) {
    case STEP_WHOLE:
        begin(trial, words);
        return;
    case STEP_CONTROL:
        if (!trial->base_judged && count_at(trial, LATE) == 0) {
            give_up(trial, words);
            return;
        }
        trial->base.words = kept(trial, words);
        trial->step = STEP_BARE;
        return;
    case STEP_BARE:
    case STEP_LAST:
        give_up(trial, words);
        return;
    case STEP_BASE:
        blame(trial, &trial->base, words);
        move_all(trial, LATE, IN_POOL);
        break;
    case STEP_POOL:
    case STEP_HALF:
    case STEP_SINGLE:
        narrow(trial, words);
        break;
    case STEP_OVER:
        return;
    }
    trial->step = choose_step(trial);
}

/* suspect_of: of each form that the words may cite; SIZE_MAX: none. */
static void note_citations(struct trial *trial, const bool *cited, const size_t *suspect_of,
                           size_t count) {
    for (size_t i = 0; i < trial->count; i++) {
        trial->suspects[i].cited = false;
    }
    for (size_t i = 0; cited != NULL && i < count; i++) {
        if (cited[i] && suspect_of[i] != SIZE_MAX) {
            trial->suspects[suspect_of[i]].cited = true;
        }
    }
}

void trial_answer(struct trial *trial, const struct trial_answer *answer) {
    if (trial->step == STEP_OVER || trial->question == NULL) {
        return;
    }
    if (answer->accepted) {
        trial->result.accepted++;
        accepted(trial);
    } else {
        trial->result.refused++;
        note_citations(trial, answer->cited, trial->question_suspects, trial->question->count);
        refused(trial, answer->words);
    }
    form_set_free(trial->question);
    trial->question = NULL;
}

/* --- beginning and end --------------------------------------------------------------------------
 */

struct trial *trial_new(const struct form_set *good, const struct form_set *wanted, bool in_place,
                        const struct trial_answer *refusal) {
    struct trial *trial = memory_new(1, sizeof(*trial));

    trial->arena = arena_new();
    trial->good = good != NULL ? form_set_copy(good) : NULL;
    trial->wanted = form_set_copy(wanted);
    trial->in_place = in_place;
    find_suspects(trial);
    if (refusal != NULL) {
        trial->refused_last = true;
        note_citations(trial, refusal->cited, trial->suspect_of, wanted->count);
        begin(trial, refusal->words);
    } else if (trial_suspects(trial) == 0 && trial->good != NULL &&
               trial->good->count == trial->wanted->count) {
        trial->step = STEP_OVER;
    }
    return trial;
}

void trial_free(struct trial *trial) {
    if (trial == NULL) {
        return;
    }
    form_set_free(trial->question);
    form_set_free(trial->good);
    form_set_free(trial->wanted);
    arena_free(trial->arena);
    free(trial);
}

struct trial_result trial_result(const struct trial *trial) {
    struct trial_result result = trial->result;

    result.guilty = ARENA_NEW_ARRAY(trial->arena, struct trial_guilty, trial->count);
    for (size_t i = 0; i < trial->count; i++) {
        const struct suspect *suspect = &trial->suspects[i];
        if (suspect->stand == GUILTY && suspect->settled) {
            result.guilty[result.guilty_count++] =
                (struct trial_guilty){suspect->wanted, suspect->words};
        }
    }
    result.base_guilty = trial->base.stand == GUILTY && trial->base.settled;
    result.base_words = trial->base.words;
    if (!result.hopeless) {
        result.words = NULL;
    }
    return result;
}
