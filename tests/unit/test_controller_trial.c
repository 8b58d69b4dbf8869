/* SPDX-License-Identifier: Apache-2.0 */

/* The search for what Prometheus refuses, against a stand-in that knows who is guilty. */

#include "controller/trial.h"

#include "base/arena.h"
#include "base/memory.h"
#include "support/assertions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GUILTY_MARK "nope"
#define GOOD_BASE   "global: {}\n"
#define OTHER_BASE  "global: {x: y}\n"
#define GUILTY_BASE "global: {" GUILTY_MARK ": 1}\n"

enum {
    FORMS_MAX = 2000,
    QUESTIONS_MAX = 5000
};

/* --- sets ---------------------------------------------------------------------------------------
 */

static struct form_set *set_given(const char *base) {
    return form_set_new("base.yml", bytes_of(base), FORMS_MAX);
}

static const char *name_of(struct form_set *set, size_t number) {
    return arena_format(set->arena, "rw-%05zu", number);
}

static struct form *add(struct form_set *set, const char *name, const char *entry) {
    struct form *form = &set->forms[set->count++];

    *form = (struct form){
        .namespace = "team",
        .name = name,
        .file = "rw.yaml",
        .entry = arena_bytes(set->arena, bytes_of(entry)),
    };
    return form;
}

static void with_secret(struct form_set *set, struct form *form, const char *content) {
    struct secret_file *secret = ARENA_NEW(set->arena, struct secret_file);

    *secret = (struct secret_file){"team_rw_CA", arena_bytes(set->arena, bytes_of(content))};
    form->secrets = secret;
    form->secret_count = 1;
}

/* --- a Prometheus that knows --------------------------------------------------------------------
 */

struct judge {
    bool refuses_everything; /* the cause lies outside */
    bool cites;
    uint64_t lies; /* xorshift; not 0: cites at random */
    char words[128];
    bool cited[FORMS_MAX];
    size_t asked;
    size_t refused;
    struct form_set *last_accepted;
    bool last_was_accepted;
};

static bool has(struct bytes text, const char *part) {
    return bytes_find(text, bytes_of(part), 0) != SIZE_MAX;
}

static bool is_guilty(const struct form *form) {
    if (has(form->entry, GUILTY_MARK)) {
        return true;
    }
    return form->secret_count > 0 && has(form->secrets[0].content, GUILTY_MARK);
}

static uint64_t chance(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static struct trial_answer judged(struct judge *judge, const struct form_set *set) {
    const char *first = has(set->base, GUILTY_MARK) ? "the base" : NULL;
    size_t guilty = first != NULL ? 1 : 0;

    judge->asked++;
    for (size_t i = 0; i < set->count; i++) {
        bool is = is_guilty(&set->forms[i]);
        judge->cited[i] = is;
        if (judge->lies != 0) {
            judge->cited[i] = chance(&judge->lies) % 16 == 0;
        }
        guilty += is ? 1 : 0;
        first = is && first == NULL ? set->forms[i].name : first;
    }
    if (judge->refuses_everything) {
        first = "a rule file";
        guilty++;
    }
    if (first != NULL) {
        judge->refused++;
        snprintf(judge->words, sizeof(judge->words), "%s and %zu more", first, guilty - 1);
    }
    return (struct trial_answer){
        .accepted = first == NULL,
        .words = judge->words,
        .cited = judge->cites ? judge->cited : NULL,
    };
}

static void remember(struct judge *judge, const struct form_set *set) {
    for (size_t i = 0; judge->last_accepted != NULL && i < judge->last_accepted->count; i++) {
        const struct form *old = &judge->last_accepted->forms[i];
        assert_non_null(form_set_find(set, old->namespace, old->name));
    }
    form_set_free(judge->last_accepted);
    judge->last_accepted = form_set_copy(set);
}

/* Asks until it is over. */
static struct trial_result runs(struct trial *trial, struct judge *judge) {
    const struct form_set *set = NULL;

    while ((set = trial_next(trial)) != NULL) {
        struct trial_answer answer = judged(judge, set);
        judge->last_was_accepted = answer.accepted;
        if (answer.accepted) {
            remember(judge, set);
        }
        trial_answer(trial, &answer);
        assert_between(judge->asked, 0, QUESTIONS_MAX);
    }
    return trial_result(trial);
}

struct court {
    struct form_set *good;
    struct form_set *wanted;
    struct trial *trial;
    struct judge judge;
};

static int court_setup(void **state) {
    struct court *court = memory_new(1, sizeof(*court));

    court->good = set_given(GOOD_BASE);
    court->wanted = set_given(GOOD_BASE);
    *state = court;
    return 0;
}

static void court_clear(struct court *court) {
    trial_free(court->trial);
    form_set_free(court->good);
    form_set_free(court->wanted);
    form_set_free(court->judge.last_accepted);
    *court = (struct court){0};
}

static int court_teardown(void **state) {
    court_clear(*state);
    free(*state);
    return 0;
}

/* As the agent does: wanted was just refused. */
static struct trial_result tried(struct court *court, bool cold, bool in_place) {
    struct trial_answer refusal = judged(&court->judge, court->wanted);

    assert_false(refusal.accepted);
    court->trial = trial_new(cold ? NULL : court->good, court->wanted, in_place, &refusal);
    return runs(court->trial, &court->judge);
}

static void base_is(struct form_set *set, const char *text) {
    set->base = arena_bytes(set->arena, bytes_of(text));
}

static bool last_has(const struct court *court, const char *name, const char *part) {
    const struct form *form = form_set_find(court->judge.last_accepted, "team", name);

    return form != NULL && has(form->entry, part);
}

/* --- single cases -------------------------------------------------------------------------------
 */

static void one_new_form_is_guilty_once_the_rest_is_known_to_be_good(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a1");
    add(court->wanted, "b", GUILTY_MARK);

    struct trial_result result = tried(court, false, false);

    assert_int_equal(result.guilty_count, 1);
    assert_string_equal(result.guilty[0].form->name, "b");
    assert_string_equal(result.guilty[0].words, "b and 0 more");
    assert_int_equal(court->judge.asked, 2);
    assert_true(court->judge.last_was_accepted);
    assert_int_equal(court->judge.last_accepted->count, 1);
}

static void a_guilty_edit_is_asked_about_with_its_earlier_form_in_its_place(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->good, "b", "b1");
    add(court->wanted, "a", "a2 " GUILTY_MARK);
    add(court->wanted, "b", "b2");

    struct trial_result result = tried(court, false, false);

    assert_int_equal(result.guilty_count, 1);
    assert_string_equal(result.guilty[0].form->name, "a");
    assert_true(last_has(court, "a", "a1"));
    assert_true(last_has(court, "b", "b2"));
}

static void what_is_no_longer_wanted_is_in_no_question(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->good, "b", "b1");
    add(court->wanted, "b", "b1");
    add(court->wanted, "c", GUILTY_MARK);
    struct trial_answer refusal = judged(&court->judge, court->wanted);
    court->trial = trial_new(court->good, court->wanted, false, &refusal);

    const struct form_set *first = trial_next(court->trial);

    assert_null(form_set_find(first, "team", "a"));
    assert_non_null(form_set_find(first, "team", "b"));
    assert_int_equal(first->count, 1);
}

static void words_are_those_about_the_form_alone(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", "1 " GUILTY_MARK);
    add(court->wanted, "b", "2 " GUILTY_MARK);
    add(court->wanted, "c", "3 " GUILTY_MARK);

    struct trial_result result = tried(court, false, false);

    assert_int_equal(result.guilty_count, 3);
    assert_string_equal(result.guilty[0].words, "a and 0 more");
    assert_string_equal(result.guilty[1].words, "b and 0 more");
    assert_string_equal(result.guilty[2].words, "c and 0 more");
}

static void nothing_else_to_blame_means_that_the_cause_lies_outside(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a1");
    court->judge.refuses_everything = true;

    struct trial_result result = tried(court, false, false);

    assert_true(result.hopeless);
    assert_string_equal(result.words, "a rule file and 0 more");
    assert_int_equal(court->judge.asked, 1);
}

static void when_what_was_good_is_refused_too_nobody_is_blamed(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a2");
    add(court->wanted, "b", "b1");
    court->judge.refuses_everything = true;

    struct trial_result result = tried(court, false, false);

    assert_true(result.hopeless);
    assert_int_equal(result.guilty_count, 0);
    assert_int_equal(court->judge.asked, 2);
}

static void a_cause_from_outside_that_comes_during_the_search_blames_nobody(void **state) {
    struct court *court = *state;
    for (size_t i = 0; i < 8; i++) {
        add(court->wanted, name_of(court->wanted, i), i == 3 ? GUILTY_MARK : "x");
    }
    struct trial_answer refusal = judged(&court->judge, court->wanted);
    court->trial = trial_new(court->good, court->wanted, false, &refusal);
    struct trial_answer answer = judged(&court->judge, trial_next(court->trial));
    assert_true(answer.accepted);
    trial_answer(court->trial, &answer);

    court->judge.refuses_everything = true;
    struct trial_result result = runs(court->trial, &court->judge);

    assert_true(result.hopeless);
    assert_int_equal(result.guilty_count, 0);
}

static void a_cause_that_passes_leaves_everybody_free(void **state) {
    struct court *court = *state;
    for (size_t i = 0; i < 8; i++) {
        add(court->wanted, name_of(court->wanted, i), "x");
    }
    const struct trial_answer refusal = {.words = "for the moment"};
    court->trial = trial_new(court->good, court->wanted, false, &refusal);

    struct trial_result result = runs(court->trial, &court->judge);

    assert_false(result.hopeless);
    assert_int_equal(result.guilty_count, 0);
    assert_int_equal(court->judge.last_accepted->count, 8);
}

static void what_was_not_asked_yet_is_asked_as_a_whole_first(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", "a1");
    add(court->wanted, "b", "b1");
    court->trial = trial_new(court->good, court->wanted, false, NULL);

    struct trial_result result = runs(court->trial, &court->judge);

    assert_int_equal(court->judge.asked, 1);
    assert_int_equal(result.guilty_count, 0);
    assert_int_equal(court->judge.last_accepted->count, 2);
}

static void there_is_nothing_to_ask_where_nothing_differs(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a1");

    court->trial = trial_new(court->good, court->wanted, false, NULL);

    assert_null(trial_next(court->trial));
    assert_false(trial_result(court->trial).hopeless);
}

/* --- the base -----------------------------------------------------------------------------------
 */

static void a_base_that_alone_is_new_is_guilty_without_a_further_question(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a1");
    base_is(court->wanted, GUILTY_BASE);

    struct trial_result result = tried(court, false, false);

    assert_true(result.base_guilty);
    assert_string_equal(result.base_words, "the base and 0 more");
    assert_int_equal(court->judge.asked, 1);
}

static void a_guilty_base_does_not_hold_good_forms_back(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a2");
    add(court->wanted, "b", "b1");
    base_is(court->wanted, GUILTY_BASE);

    struct trial_result result = tried(court, false, false);

    assert_true(result.base_guilty);
    assert_int_equal(result.guilty_count, 0);
    assert_true(last_has(court, "a", "a2"));
    assert_true(last_has(court, "b", "b1"));
    assert_true(bytes_equal_string(court->judge.last_accepted->base, GOOD_BASE));
}

static void a_good_base_is_taken_while_forms_are_guilty(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", GUILTY_MARK);
    base_is(court->wanted, OTHER_BASE);

    struct trial_result result = tried(court, false, false);

    assert_false(result.base_guilty);
    assert_int_equal(result.guilty_count, 1);
    assert_true(bytes_equal_string(court->judge.last_accepted->base, OTHER_BASE));
}

static void base_and_forms_may_both_be_guilty(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", "a1");
    add(court->wanted, "b", GUILTY_MARK);
    base_is(court->wanted, GUILTY_BASE);

    struct trial_result result = tried(court, false, false);

    assert_true(result.base_guilty);
    assert_int_equal(result.guilty_count, 1);
    assert_string_equal(result.guilty[0].words, "b and 0 more");
    assert_true(last_has(court, "a", "a1"));
}

static void in_place_the_base_is_never_changed_nor_blamed(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", "a1");
    add(court->wanted, "b", "b1");
    base_is(court->wanted, GUILTY_BASE);

    struct trial_result result = tried(court, false, true);

    assert_true(result.hopeless);
    assert_false(result.base_guilty);
    assert_int_equal(result.guilty_count, 0);
}

static void without_a_good_set_the_base_alone_comes_first(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", GUILTY_MARK);
    add(court->wanted, "b", "b1");
    struct trial_answer refusal = judged(&court->judge, court->wanted);

    court->trial = trial_new(NULL, court->wanted, false, &refusal);
    assert_int_equal(trial_next(court->trial)->count, 0);
    struct trial_result result = runs(court->trial, &court->judge);

    assert_int_equal(result.guilty_count, 1);
    assert_true(last_has(court, "b", "b1"));
}

static void without_a_good_set_a_base_that_is_refused_alone_is_hopeless(void **state) {
    struct court *court = *state;
    add(court->wanted, "a", "a1");
    base_is(court->wanted, GUILTY_BASE);

    struct trial_result result = tried(court, true, false);

    assert_true(result.hopeless);
    assert_int_equal(result.guilty_count, 0);
}

/* --- secrets ------------------------------------------------------------------------------------
 */

static void a_rotated_secret_is_not_taken_back_while_others_are_searched(void **state) {
    struct court *court = *state;
    with_secret(court->good, add(court->good, "a", "a1"), "old");
    with_secret(court->wanted, add(court->wanted, "a", "a1"), "new");
    add(court->wanted, "b", GUILTY_MARK);
    add(court->wanted, "c", "c1");
    struct trial_answer refusal = judged(&court->judge, court->wanted);
    court->trial = trial_new(court->good, court->wanted, false, &refusal);

    const struct form_set *set = NULL;
    while ((set = trial_next(court->trial)) != NULL) {
        assert_true(has(form_set_find(set, "team", "a")->secrets[0].content, "new"));
        struct trial_answer answer = judged(&court->judge, set);
        trial_answer(court->trial, &answer);
    }

    assert_int_equal(trial_result(court->trial).guilty_count, 1);
}

static void a_secret_that_came_without_a_reload_can_be_guilty(void **state) {
    struct court *court = *state;
    with_secret(court->good, add(court->good, "a", "a1"), "old");
    with_secret(court->wanted, add(court->wanted, "a", "a1"), GUILTY_MARK);
    add(court->wanted, "b", "b1");

    struct trial_result result = tried(court, false, false);

    assert_int_equal(result.guilty_count, 1);
    assert_string_equal(result.guilty[0].form->name, "a");
    assert_true(last_has(court, "b", "b1"));
    assert_true(has(court->judge.last_accepted->forms[0].secrets[0].content, "old"));
}

static void a_secret_and_the_base_are_told_apart(void **state) {
    struct court *court = *state;
    with_secret(court->good, add(court->good, "a", "a1"), "old");
    with_secret(court->wanted, add(court->wanted, "a", "a1"), "new");
    base_is(court->wanted, GUILTY_BASE);

    struct trial_result result = tried(court, false, false);

    assert_true(result.base_guilty);
    assert_int_equal(result.guilty_count, 0);
    assert_true(has(court->judge.last_accepted->forms[0].secrets[0].content, "new"));
}

/* --- how many questions -------------------------------------------------------------------------
 */

static void given_a_thousand(struct court *court, const size_t *guilty, size_t count) {
    for (size_t i = 0; i < 1000; i++) {
        bool is = false;
        for (size_t k = 0; k < count; k++) {
            is |= guilty[k] == i;
        }
        add(court->wanted, name_of(court->wanted, i), is ? GUILTY_MARK : "x");
    }
}

static void three_of_a_thousand_are_found_within_forty_reloads(void **state) {
    struct court *court = *state;
    uint64_t random = 7;
    size_t most = 0;

    for (unsigned i = 0; i < 300; i++) {
        court_clear(court);
        court->good = set_given(GOOD_BASE);
        court->wanted = set_given(GOOD_BASE);
        const size_t guilty[] = {chance(&random) % 1000, chance(&random) % 1000,
                                 chance(&random) % 1000};
        given_a_thousand(court, guilty, ARRAY_LENGTH(guilty));
        struct trial_result result = tried(court, i % 2 == 0, false);

        assert_between(result.guilty_count, 1, 3);
        assert_int_equal(court->judge.last_accepted->count, 1000 - result.guilty_count);
        most = court->judge.asked > most ? court->judge.asked : most;
    }
    print_message("three of a thousand, nothing cited: %zu reloads at most\n", most);
    assert_between(most, 1, 40);
}

static void who_is_cited_is_found_within_a_few_reloads(void **state) {
    struct court *court = *state;
    const size_t guilty[] = {17, 500, 999};
    court->judge.cites = true;
    given_a_thousand(court, guilty, ARRAY_LENGTH(guilty));

    struct trial_result result = tried(court, true, false);

    assert_int_equal(result.guilty_count, 3);
    print_message("three of a thousand, cited: %zu reloads\n", court->judge.asked);
    assert_between(court->judge.asked, 1, 7);
}

static void all_of_a_hundred_may_be_guilty(void **state) {
    struct court *court = *state;
    for (size_t i = 0; i < 100; i++) {
        add(court->wanted, name_of(court->wanted, i), GUILTY_MARK);
    }

    struct trial_result result = tried(court, false, false);

    assert_int_equal(result.guilty_count, 100);
    assert_int_equal(court->judge.last_accepted->count, 0);
    assert_true(court->judge.last_was_accepted);
}

/* --- made-up cases ------------------------------------------------------------------------------
 */

/* Some are as before, some new, some edited, some with another secret; some of the changed ones are
 * guilty. How many suspects there are. */
static size_t make_case(struct court *court, uint64_t *random, size_t *ret_guilty) {
    size_t count = chance(random) % 40;
    unsigned rarity = 1 + (unsigned)(chance(random) % 20);
    size_t suspects = 0;

    *ret_guilty = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned kind = (unsigned)(chance(random) % 5);
        bool guilty = chance(random) % rarity == 0;
        const char *name = name_of(court->wanted, i);
        if (kind != 0) {
            with_secret(court->good, add(court->good, name, "old"), "old");
        }
        if (kind == 1) {
            continue; /* removed */
        }
        bool changed = kind == 0 || kind == 2;
        struct form *form = add(court->wanted, name,
                                !changed ? "old"
                                : guilty ? GUILTY_MARK
                                         : "new");
        with_secret(court->wanted, form, kind != 3 ? "old" : guilty ? GUILTY_MARK : "new");
        bool suspect = changed || kind == 3;
        suspects += suspect ? 1 : 0;
        *ret_guilty += suspect && guilty ? 1 : 0;
    }
    return suspects;
}

static void assert_only_guilty(const struct trial_result *result) {
    for (size_t i = 0; i < result->guilty_count; i++) {
        char words[64];
        assert_true(is_guilty(result->guilty[i].form));
        snprintf(words, sizeof(words), "%s and 0 more", result->guilty[i].form->name);
        assert_string_equal(result->guilty[i].words, words);
    }
}

/* The forms that are served in the end: wanted where innocent, else as before. */
static void assert_served_is_right(const struct court *court, bool cold) {
    const struct form_set *last = court->judge.last_accepted;

    for (size_t i = 0; i < court->wanted->count; i++) {
        const struct form *wanted = &court->wanted->forms[i];
        const struct form *served = form_set_find(last, "team", wanted->name);
        const struct form *before = cold ? NULL : form_set_find(court->good, "team", wanted->name);
        const struct form *right = is_guilty(wanted) ? before : wanted;
        assert_true((served == NULL) == (right == NULL));
        assert_true(served == NULL || form_same(served, right));
    }
}

static size_t logarithm(size_t number) {
    size_t result = 0;

    while (number > (size_t)1 << result) {
        result++;
    }
    return result;
}

static void run_case(struct court *court, uint64_t *random) {
    static const char *const bases[] = {GOOD_BASE, GOOD_BASE, OTHER_BASE, GUILTY_BASE};
    size_t guilty = 0;
    size_t suspects = make_case(court, random, &guilty);
    const char *base = bases[chance(random) % ARRAY_LENGTH(bases)];
    bool cold = chance(random) % 4 == 0;
    bool base_guilty = strcmp(base, GUILTY_BASE) == 0;

    court->judge.cites = chance(random) % 3 == 0;
    court->judge.lies = chance(random) % 3 == 0 ? chance(random) | 1 : 0;
    base_is(court->wanted, base);
    if (guilty == 0 && !base_guilty) {
        return;
    }
    struct trial_result result = tried(court, cold, false);

    if (cold && base_guilty) {
        assert_true(result.hopeless);
        assert_int_equal(result.guilty_count, 0);
        return;
    }
    assert_false(result.hopeless);
    assert_int_equal(result.base_guilty, base_guilty);
    if (suspects == 0 && base_guilty) {
        assert_int_equal(court->judge.asked, 1);
        return;
    }
    assert_int_equal(result.guilty_count, guilty);
    assert_only_guilty(&result);
    assert_true(court->judge.last_was_accepted);
    assert_served_is_right(court, cold);
    if (!court->judge.cites) {
        assert_between(court->judge.asked, 1, 6 + guilty * (logarithm(suspects + 1) + 2));
    }
}

static void whoever_is_guilty_is_found_and_nobody_else(void **state) {
    struct court *court = *state;
    uint64_t random = UINT64_C(88172645463325252);

    for (unsigned i = 0; i < 5000; i++) {
        court_clear(court);
        court->good = set_given(GOOD_BASE);
        court->wanted = set_given(GOOD_BASE);
        run_case(court, &random);
    }
}

static void the_order_of_files_and_sets_does_not_matter(void **state) {
    struct court *court = *state;

    /* A form's file is for the comment only. */
    add(court->good, "a", "a1")->file = "old.yaml";
    add(court->wanted, "a", "a1")->file = "new.yaml";
    court->trial = trial_new(court->good, court->wanted, false, NULL);

    assert_int_equal(trial_suspects(court->trial), 0);
    assert_true(form_set_same(trial_wanted(court->trial), court->good));
}

static void a_trial_knows_what_it_is_about(void **state) {
    struct court *court = *state;
    add(court->good, "a", "a1");
    add(court->wanted, "a", "a2");
    court->trial = trial_new(court->good, court->wanted, false, NULL);

    assert_true(form_set_same(trial_wanted(court->trial), court->wanted));
    assert_false(form_set_same(trial_wanted(court->trial), court->good));
    base_is(court->wanted, OTHER_BASE);
    assert_false(form_set_same(trial_wanted(court->trial), court->wanted));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, court_setup, court_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_new_form_is_guilty_once_the_rest_is_known_to_be_good),
        TEST(a_guilty_edit_is_asked_about_with_its_earlier_form_in_its_place),
        TEST(what_is_no_longer_wanted_is_in_no_question),
        TEST(words_are_those_about_the_form_alone),
        TEST(nothing_else_to_blame_means_that_the_cause_lies_outside),
        TEST(when_what_was_good_is_refused_too_nobody_is_blamed),
        TEST(a_cause_from_outside_that_comes_during_the_search_blames_nobody),
        TEST(a_cause_that_passes_leaves_everybody_free),
        TEST(what_was_not_asked_yet_is_asked_as_a_whole_first),
        TEST(there_is_nothing_to_ask_where_nothing_differs),
        TEST(a_base_that_alone_is_new_is_guilty_without_a_further_question),
        TEST(a_guilty_base_does_not_hold_good_forms_back),
        TEST(a_good_base_is_taken_while_forms_are_guilty),
        TEST(base_and_forms_may_both_be_guilty),
        TEST(in_place_the_base_is_never_changed_nor_blamed),
        TEST(without_a_good_set_the_base_alone_comes_first),
        TEST(without_a_good_set_a_base_that_is_refused_alone_is_hopeless),
        TEST(a_rotated_secret_is_not_taken_back_while_others_are_searched),
        TEST(a_secret_that_came_without_a_reload_can_be_guilty),
        TEST(a_secret_and_the_base_are_told_apart),
        TEST(three_of_a_thousand_are_found_within_forty_reloads),
        TEST(who_is_cited_is_found_within_a_few_reloads),
        TEST(all_of_a_hundred_may_be_guilty),
        TEST(whoever_is_guilty_is_found_and_nobody_else),
        TEST(the_order_of_files_and_sets_does_not_matter),
        TEST(a_trial_knows_what_it_is_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
