/* SPDX-License-Identifier: Apache-2.0 */

/* Each question has a client of its own, with a copy of the settings: between two of them nothing
 * is left on the loop, and SIGHUP may bring other settings meanwhile. */

#include "command/health.h"

#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/memory.h"
#include "prometheus/flow.h"
#include "prometheus/queues.h"

#include <stdlib.h>
#include <sys/queue.h>

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)
#define MILLISECONDS_PER_SECOND     1000.0

#define STATUS_OK       200
#define STATUS_STARTING 503

/* A Prometheus that comes up within this time is no warning. */
#define STARTING_NANOSECONDS INT64_C(60000000000)

enum {
    ASK_MILLISECONDS = 10000,         /* at most, for an answer: as Prometheus scrapes by default */
    PATIENCE_MILLISECONDS = 1000,     /* of those who want to see it */
    REST_MILLISECONDS = 1000,         /* from one question to the next, at least */
    REST_FACTOR = 20,                 /* ... and so many times as long as the last one took */
    REST_FAILED_MILLISECONDS = 60000, /* at most, after a question without an answer */
    OLD_MILLISECONDS = 120000         /* what is older is not shown any more */
};

/* A RemoteWrite with an entry in the merged config. */
struct subject {
    char *name; /* of the entry, and so of the queue */
    struct flow_history history;
};

/* A question that is being answered. */
struct question {
    struct arena *arena; /* of the settings */
    struct prometheus_settings settings;
    struct prometheus_client *client; /* NULL: nothing is asked */
    struct queues *queues;            /* of all subjects */
    int64_t started;                  /* monotonic nanoseconds */
};

struct waiter {
    struct web_hold *hold;
    SLIST_ENTRY(waiter) entries;
};

struct health {
    uv_loop_t *loop;
    const struct agent *agent;
    uv_timer_t patience;
    SLIST_HEAD(waiter_list, waiter) waiters;
    struct question question;
    int64_t rest_until;       /* monotonic nanoseconds */
    struct subject *subjects; /* as of the last question, sorted by name */
    size_t subject_count;
    int64_t told; /* wall milliseconds; 0: not yet, or not the last time */
    struct incident incident;
    bool warned; /* of it */
    char *fault; /* why it was not told; NULL: it was */
};

/* --- those who wait ------------------------------------------------------------------------- */

static void end_waiting(struct health *health) {
    uv_timer_stop(&health->patience);
    while (!SLIST_EMPTY(&health->waiters)) {
        struct waiter *waiter = SLIST_FIRST(&health->waiters);
        SLIST_REMOVE_HEAD(&health->waiters, entries);
        web_hold_end(waiter->hold);
        free(waiter);
    }
}

static void on_patience(uv_timer_t *timer) {
    end_waiting(timer->data);
}

/* --- subjects ------------------------------------------------------------------------------- */

static void subjects_free(struct subject *subjects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(subjects[i].name);
    }
    free(subjects);
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names of all entries, sorted, each once. Of the state they come from. */
static const char **entry_names(const struct desired_state *state, size_t *ret_count) {
    const char **names = memory_new(state->outcome_count, sizeof(*names));
    size_t count = 0;
    size_t kept = 0;

    for (size_t i = 0; i < state->outcome_count; i++) {
        if (state->outcomes[i].entry.length > 0) {
            names[count++] = state->outcomes[i].name;
        }
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(names[i], names[kept - 1]) != 0) {
            names[kept++] = names[i];
        }
    }
    *ret_count = kept;
    return names;
}

/* Those who stay keep their history. */
static void subjects_renew(struct health *health, const char *const *names, size_t count) {
    struct subject *subjects = memory_new(count, sizeof(*subjects));
    size_t old = 0;

    for (size_t i = 0; i < count; i++) {
        subjects[i].name = memory_string(names[i]);
        while (old < health->subject_count && strcmp(health->subjects[old].name, names[i]) < 0) {
            old++;
        }
        if (old < health->subject_count && strcmp(health->subjects[old].name, names[i]) == 0) {
            subjects[i].history = health->subjects[old].history;
        }
    }
    subjects_free(health->subjects, health->subject_count);
    health->subjects = subjects;
    health->subject_count = count;
}

static int compare_subject(const void *name, const void *subject) {
    return strcmp(name, ((const struct subject *)subject)->name);
}

static const struct subject *subject_find(const struct health *health, const char *name) {
    return health->subject_count == 0 ? NULL
                                      : bsearch(name, health->subjects, health->subject_count,
                                                sizeof(*health->subjects), compare_subject);
}

/* --- what Prometheus says ------------------------------------------------------------------- */

static void say_told(struct health *health) {
    struct incident ended = {0};

    free(health->fault);
    health->fault = NULL;
    health->warned = false;
    if (incident_end(&health->incident, &ended)) {
        log_info("Prometheus tells again whether samples flow", LOG_INT("failures", ended.count),
                 LOG_SECONDS("after", clock_monotonic_nanoseconds() - ended.since));
    }
}

/* That Prometheus comes up is usual, and a warning only once it lasts. */
static enum log_level level_of(struct health *health, bool coming_up, bool news) {
    const int64_t age = clock_monotonic_nanoseconds() - health->incident.since;

    if (coming_up && age < STARTING_NANOSECONDS) {
        return news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    }
    if (health->warned && !news) {
        return LOG_LEVEL_DEBUG;
    }
    health->warned = true;
    return LOG_LEVEL_WARN;
}

static void say_not_told(struct health *health, bool coming_up, const char *words) {
    free(health->fault);
    health->fault = memory_string(words);
    health->told = 0;
    bool news = incident_report(&health->incident, bytes_of(words), clock_monotonic_nanoseconds());
    log_write(level_of(health, coming_up, news), "Prometheus does not tell whether samples flow",
              (const struct log_field[]){
                  LOG_STRING("err", words), LOG_INT("failures", health->incident.count), {0}});
}

const struct incident *health_incident(const struct health *health) {
    return &health->incident;
}

static void take_figures(struct health *health, const struct queue_figures *figures) {
    int64_t now = clock_monotonic_nanoseconds() / NANOSECONDS_PER_MILLISECOND;

    for (size_t i = 0; i < health->subject_count; i++) {
        flow_see(&health->subjects[i].history, &figures[i], now);
    }
    health->told = clock_wall_milliseconds();
    say_told(health);
}

static void take_answer(struct health *health, const struct http_answer *answer) {
    CLEANUP(buffer_free) struct buffer words = {0};
    const struct queue_figures *figures = NULL;

    if (answer->status == 0) {
        buffer_append_string(&words, answer->error);
    } else if (answer->status != STATUS_OK) {
        buffer_printf(&words, "it answers GET of its /metrics with status %d", answer->status);
    } else if (queues_end(health->question.queues, &figures) < 0) {
        buffer_append_string(&words, "what it answers to GET of its /metrics are no metrics");
    }
    if (words.length == 0) {
        take_figures(health, figures);
    } else {
        say_not_told(health,
                     answer->status == STATUS_STARTING ||
                         (answer->status == 0 && answer->unreachable),
                     buffer_string(&words));
    }
}

/* --- the question --------------------------------------------------------------------------- */

static void question_end(struct question *question) {
    if (question->client != NULL) {
        prometheus_client_close(question->client);
    }
    queues_free(question->queues);
    arena_free(question->arena);
    *question = (struct question){0};
}

/* When it may be asked next. One that does not answer is no worse off for being asked. */
static void rest(struct health *health, bool answered) {
    const int64_t now = clock_monotonic_nanoseconds();
    const int64_t least = REST_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    const int64_t most = REST_FAILED_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    int64_t pause = (now - health->question.started) * REST_FACTOR;

    pause = pause < least ? least : pause;
    pause = !answered && pause > most ? most : pause;
    health->rest_until = health->question.started + pause;
}

/* http_part */
static const char *on_part(struct bytes part, void *context) {
    const struct health *health = context;

    return queues_feed(health->question.queues, part) == 0 ? NULL : "the answer is not of metrics";
}

/* http_done */
static void on_answer(const struct http_answer *answer, void *context) {
    struct health *health = context;

    take_answer(health, answer);
    rest(health, answer->status == STATUS_OK);
    question_end(&health->question);
    end_waiting(health);
}

static const char *copied(struct arena *arena, const char *text) {
    return text != NULL ? arena_string(arena, bytes_of(text)) : NULL;
}

static struct prometheus_settings settings_copy(struct arena *arena,
                                                const struct prometheus_settings *settings) {
    int64_t timeout = settings->timeout_milliseconds;

    return (struct prometheus_settings){
        .method = settings->method,
        .process_name = copied(arena, settings->process_name),
        .proc_path = copied(arena, settings->proc_path),
        .reload_url = copied(arena, settings->reload_url),
        .runtimeinfo_url = copied(arena, settings->runtimeinfo_url),
        .user_agent = copied(arena, settings->user_agent),
        .timeout_milliseconds = timeout < ASK_MILLISECONDS ? timeout : ASK_MILLISECONDS,
        .username = copied(arena, settings->username),
        .password_file = copied(arena, settings->password_file),
        .bearer_token_file = copied(arena, settings->bearer_token_file),
        .ca_file = copied(arena, settings->ca_file),
        .cert_file = copied(arena, settings->cert_file),
        .key_file = copied(arena, settings->key_file),
        .server_name = copied(arena, settings->server_name),
        .insecure_skip_verify = settings->insecure_skip_verify,
        .background = true,
    };
}

static void ask(struct health *health, const struct agent_status *status) {
    struct question *question = &health->question;
    CLEANUP(memory_freep) const char **names = NULL;
    size_t count = 0;

    names = entry_names(status->state, &count);
    subjects_renew(health, names, count);
    if (count == 0) {
        /* Nobody is left of whom it would not be told. */
        free(health->fault);
        health->fault = NULL;
        health->warned = false;
        incident_end(&health->incident, NULL);
        return;
    }
    question->started = clock_monotonic_nanoseconds();
    question->arena = arena_new();
    question->settings = settings_copy(question->arena, status->prometheus);
    question->queues = queues_new(names, count);
    question->client = prometheus_client_new(health->loop, &question->settings);
    if (prometheus_metrics(question->client, on_part, on_answer, health) < 0) {
        say_not_told(health, false,
                     "its /metrics cannot be told from --runtimeinfo-url, which does not "
                     "end in /api/v1/status/runtimeinfo");
        rest(health, false);
        question_end(question);
        return;
    }
    uv_timer_start(&health->patience, on_patience, PATIENCE_MILLISECONDS, 0);
}

bool health_prepare(struct health *health, struct web_hold *hold) {
    struct agent_status status;

    agent_status_read(health->agent, &status);
    if (health->question.client == NULL && status.state != NULL &&
        clock_monotonic_nanoseconds() >= health->rest_until) {
        ask(health, &status);
    }
    if (health->question.client == NULL || !uv_is_active((uv_handle_t *)&health->patience)) {
        return false;
    }
    struct waiter *waiter = memory_new(1, sizeof(*waiter));
    waiter->hold = hold;
    SLIST_INSERT_HEAD(&health->waiters, waiter, entries);
    return true;
}

/* --- the view ------------------------------------------------------------------------------- */

/* Prometheus's numbers are floats, and may be any. */
static uint64_t whole(double number) {
    const double most = 9007199254740992.0; /* 2^53: beyond it they are not exact */

    return number <= 0 ? 0 : number < most ? (uint64_t)number : (uint64_t)most;
}

static struct web_health *health_of(const struct subject *subject, struct arena *arena) {
    const struct flow_history *history = &subject->history;
    const struct queue_figures *figures = &history->figures;
    struct web_health *out = ARENA_NEW(arena, struct web_health);

    *out = (struct web_health){
        .verdict = flow_name(history->verdict),
        .known = history->verdict != FLOW_UNKNOWN,
        .good = flow_is_good(history->verdict),
        .sent = whole(history->sent),
        .failed = whole(figures->failed),
        .dropped = whole(figures->dropped),
        .retried = whole(figures->retried),
        .pending = whole(figures->pending),
        .shards = whole(figures->shards),
        .newest_sent = (int64_t)whole(figures->newest_sent * MILLISECONDS_PER_SECOND),
    };
    return out;
}

void health_view(const struct health *health, struct arena *arena, struct web_remote_write *items,
                 size_t count, struct web_view *view) {
    /* Only what was told within a while: one who asks seldom may come before the answer. */
    bool fresh = health->told > 0 && view->now - health->told <= OLD_MILLISECONDS;

    view->health_time = fresh ? health->told : 0;
    view->health_fault =
        health->fault != NULL ? arena_string(arena, bytes_of(health->fault)) : NULL;
    for (size_t i = 0; i < count && fresh; i++) {
        const struct subject *subject =
            items[i].served ? subject_find(health, items[i].name) : NULL;
        if (subject != NULL && subject->history.figures.known) {
            items[i].health = health_of(subject, arena);
        }
    }
}

/* --- beginning and end ---------------------------------------------------------------------- */

struct health *health_new(uv_loop_t *loop, const struct agent *agent) {
    struct health *health = memory_new(1, sizeof(*health));

    health->loop = loop;
    health->agent = agent;
    SLIST_INIT(&health->waiters);
    uv_timer_init(loop, &health->patience);
    health->patience.data = health;
    uv_unref((uv_handle_t *)&health->patience);
    return health;
}

static void on_closed(uv_handle_t *handle) {
    struct health *health = handle->data;

    subjects_free(health->subjects, health->subject_count);
    free(health->fault);
    free(health);
}

void health_close(struct health *health) {
    if (health != NULL) {
        question_end(&health->question);
        end_waiting(health);
        uv_close((uv_handle_t *)&health->patience, on_closed);
    }
}
