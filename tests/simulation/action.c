/* SPDX-License-Identifier: Apache-2.0 */

/* Actions as words, and words as actions. */

#include "simulation/item.h"
#include "simulation/scenario.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8

static const char *const item_words[WORDS_MAX] = {"good",  "bad-parse", "bad-apply", "older",
                                                  "newer", "gated",     "delicate"};
static const char *const base_words[WORDS_MAX] = {"good", "bad", "unmergeable"};
static const char *const state_words[WORDS_MAX] = {"good", "bad"};
static const char *const switch_words[WORDS_MAX] = {"off", "on"};
static const char *const writer_words[WORDS_MAX] = {"none", "files", "base"};
static const char *const fault_words[WORDS_MAX] = {"secrets", "second-secret", "config",   "sync",
                                                   "prune",   "state",         "read-only"};
static const char *const reload_words[WORDS_MAX] = {"prompt",      "slow",   "never",     "lost",
                                                    "lost-unread", "denied", "impossible"};
static const char *const record_words[WORDS_MAX] = {"good", "fails", "hangs", "none"};
static const char *const cites_words[WORDS_MAX] = {"nothing", "culprits", "wrongly"};

struct shape {
    const char *name;
    bool has_who;
    const char *const *words; /* of a; NULL: a is a number, if has_a */
    bool has_a;
    bool has_b;
};

static const struct shape shapes[ACTION_KINDS] = {
    [ACTION_ADD] = {"add", true, item_words, true, true},
    [ACTION_EDIT] = {"edit", true, item_words, true, false},
    [ACTION_MOVE] = {"move", true, NULL, false, false},
    [ACTION_ROTATE] = {"rotate", true, state_words, true, false},
    [ACTION_REVERT] = {"revert", true, NULL, false, false},
    [ACTION_REMOVE] = {"remove", true, NULL, false, false},
    [ACTION_REJECT] = {"break", true, NULL, false, false},
    [ACTION_PENDING] = {"take-secret", true, NULL, false, false},
    [ACTION_UNSELECT] = {"unselect", true, NULL, false, false},
    [ACTION_LOSE] = {"lose", true, NULL, false, false},
    [ACTION_MEND] = {"mend", true, NULL, false, false},
    [ACTION_EXPIRE] = {"expire", true, NULL, false, false},
    [ACTION_RENEW] = {"renew", true, NULL, false, false},
    [ACTION_BASE] = {"base", false, base_words, true, false},
    [ACTION_PERSON] = {"person", false, base_words, true, false},
    [ACTION_RACE] = {"race", false, base_words, true, false},
    [ACTION_RULES] = {"rules", false, state_words, true, false},
    [ACTION_TOUCH] = {"touch", false, NULL, false, false},
    [ACTION_WRITER] = {"writer", false, writer_words, true, false},
    [ACTION_UNREADABLE] = {"unreadable", false, switch_words, true, false},
    [ACTION_SIGHUP] = {"SIGHUP", false, NULL, false, false},
    [ACTION_RELOAD_WANTED] = {"reload-wanted", false, NULL, false, false},
    [ACTION_SETTINGS] = {"settings", false, NULL, true, false},
    [ACTION_SIGTERM] = {"SIGTERM", false, NULL, true, false},
    [ACTION_SIGKILL] = {"SIGKILL", false, NULL, true, true},
    [ACTION_DISK_FAULT] = {"disk-fault", false, fault_words, true, true},
    [ACTION_DISK_MEND] = {"disk-mend", false, NULL, false, false},
    [ACTION_STOP] = {"stop", false, NULL, true, true},
    [ACTION_VERSION] = {"version", false, NULL, true, false},
    [ACTION_RELOADS] = {"reloads", false, reload_words, true, true},
    [ACTION_RECORD] = {"record", false, record_words, true, false},
    [ACTION_BUILDINFO] = {"buildinfo", false, switch_words, true, false},
    [ACTION_OTHER_RELOAD] = {"other-reload", false, NULL, false, false},
    [ACTION_CITES] = {"cites", false, cites_words, true, false},
    [ACTION_CLOCK] = {"clock", false, NULL, true, false},
    [ACTION_WAIT] = {"wait", false, NULL, false, false},
};

const char *action_name(enum action_kind kind) {
    return shapes[kind].name;
}

void action_print(const struct action *action, FILE *out) {
    const struct shape *shape = &shapes[action->kind];

    fputs(shape->name, out);
    if (shape->has_who) {
        fprintf(out, " %s", name_text(action->who));
    }
    if (shape->has_a && shape->words != NULL) {
        fprintf(out, " %s", shape->words[action->a]);
    } else if (shape->has_a) {
        fprintf(out, " %d", (int)action->a);
    }
    if (shape->has_b) {
        fprintf(out, " %d", (int)action->b);
    }
}

static bool number_parse(const char *word, int32_t *ret) {
    char *end = NULL;

    if (word == NULL) {
        return false;
    }
    *ret = (int32_t)strtol(word, &end, 10);
    return end != word && *end == '\0';
}

static bool word_parse(const char *word, const char *const *words, int32_t *ret) {
    for (int32_t i = 0; word != NULL && i < WORDS_MAX && words[i] != NULL; i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool who_parse(const char *word, uint8_t *ret) {
    if (word == NULL || word[0] < 'a' || word[0] >= 'a' + NAMES || word[1] != '\0') {
        return false;
    }
    *ret = (uint8_t)(word[0] - 'a');
    return true;
}

static bool arguments_parse(const struct shape *shape, char **rest, struct action *ret) {
    if (shape->has_who && !who_parse(strtok_r(NULL, " \n", rest), &ret->who)) {
        return false;
    }
    if (shape->has_a && shape->words != NULL &&
        !word_parse(strtok_r(NULL, " \n", rest), shape->words, &ret->a)) {
        return false;
    }
    if (shape->has_a && shape->words == NULL &&
        !number_parse(strtok_r(NULL, " \n", rest), &ret->a)) {
        return false;
    }
    return !shape->has_b || number_parse(strtok_r(NULL, " \n", rest), &ret->b);
}

bool action_parse(char *text, struct action *ret) {
    char *rest = NULL;
    const char *name = strtok_r(text, " \n", &rest);

    for (uint8_t kind = 0; name != NULL && kind < ACTION_KINDS; kind++) {
        if (strcmp(name, shapes[kind].name) == 0) {
            ret->kind = kind;
            return arguments_parse(&shapes[kind], &rest, ret);
        }
    }
    return false;
}
