/* SPDX-License-Identifier: Apache-2.0 */

/* Everything is touched on the stub's thread as well, hence the lock. */

#include "support/strict_prometheus.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "support/tempdir.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS_IN_2020 1577836800 /* since 1970 */

enum {
    GUILTY_MAX = 8,
    QUESTIONS_MAX = 500
};

struct strict_prometheus {
    struct agent_fixture *fixture;
    pthread_mutex_t lock;
    const char *guilty[GUILTY_MAX];
    size_t guilty_count;
    bool refuses_all;
    bool cites;
    bool silent;          /* no record */
    size_t failing_looks; /* to come */
    bool tells_the_time;
    enum strict_mode mode;
    char *questions[QUESTIONS_MAX];
    const char *ran[QUESTIONS_MAX]; /* at each question; of questions */
    char *sent[QUESTIONS_MAX];
    size_t question_count;
    const char *runs;
    bool broken;
    bool success;   /* the record */
    int64_t second; /* of the last success, since 2020 or, where it tells the time, 1970 */
    struct buffer body;
    char record[256];
};

/* --- judging: under the lock ------------------------------------------------------------------ */

static bool secrets_hold(const struct strict_prometheus *prometheus, const char *text) {
    DIR *stream = opendir(prometheus->fixture->secret_directory);
    const struct dirent *entry = NULL;
    bool holds = false;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.') {
            CLEANUP(memory_freep)
            char *content = file_read(prometheus->fixture->secret_directory, entry->d_name);
            holds |= content != NULL && strstr(content, text) != NULL;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return holds;
}

/* "  line 7: ..." for every line that holds it. */
static void cite(struct strict_prometheus *prometheus, const char *config, const char *text) {
    unsigned line = 1;

    for (const char *at = config; *at != '\0'; line++) {
        size_t length = strcspn(at, "\n");
        if (bytes_find((struct bytes){at, length}, bytes_of(text), 0) != SIZE_MAX) {
            buffer_printf(&prometheus->body, "\n  line %u: field %s not found", line, text);
        }
        at += length + (at[length] == '\n' ? 1 : 0);
    }
}

/* Where the entry begins that the text at a place of the config is in; of one of the base's own
 * that is not known: the place itself. */
static const char *entry_at(const char *config, const char *place) {
    const char *entry = place;

    for (const char *at = config; (at = strstr(at, "# RemoteWrite ")) != NULL && at < place; at++) {
        entry = at;
    }
    const char *end = strstr(config, "# END ");
    return end != NULL && end < place ? place : entry;
}

/* Is there an entry, by its url, before the end that it runs? */
static bool has_taken_over(const struct strict_prometheus *prometheus, const char *config,
                           const char *end) {
    for (const char *at = config; (at = strstr(at, "url: ")) != NULL && at < end; at++) {
        CLEANUP(buffer_free) struct buffer line = {0};
        buffer_append(&line, (struct bytes){at, strcspn(at, "\n") + 1});
        if (prometheus->runs != NULL && strstr(prometheus->runs, buffer_string(&line)) != NULL) {
            return true;
        }
    }
    return false;
}

/* Is this config refused? The words are in body then. */
static bool refuses(struct strict_prometheus *prometheus, const char *config) {
    bool refused = prometheus->refuses_all;

    buffer_clear(&prometheus->body);
    buffer_append_string(&prometheus->body, refused ? "a rule file is broken" : "refused:");
    if (prometheus->cites) {
        buffer_append_string(&prometheus->body, " yaml: unmarshal errors:");
    }
    for (size_t i = 0; i < prometheus->guilty_count; i++) {
        const char *text = prometheus->guilty[i];
        if (strstr(config, text) == NULL && !secrets_hold(prometheus, text)) {
            continue;
        }
        refused = true;
        const char *at = strstr(config, text);
        prometheus->broken |=
            at != NULL && has_taken_over(prometheus, config, entry_at(config, at));
        if (prometheus->cites) {
            cite(prometheus, config, text);
        } else {
            buffer_printf(&prometheus->body, " %s", text);
        }
    }
    return refused;
}

static bool judge(struct strict_prometheus *prometheus, const char *config) {
    bool refused = refuses(prometheus, config);

    prometheus->success = !refused;
    if (!refused) {
        prometheus->runs = config;
        prometheus->second =
            prometheus->tells_the_time ? clock_wall_milliseconds() / 1000 : prometheus->second + 1;
    }
    return !refused;
}

/* A queue reads the file at each request. */
static char *credentials(const struct strict_prometheus *prometheus, const char *config) {
    static const char key[] = "credentials_file: ";
    const char *at = config != NULL ? strstr(config, key) : NULL;
    CLEANUP(buffer_free) struct buffer name = {0};

    if (at == NULL) {
        return NULL;
    }
    at += strlen(key);
    buffer_append(&name, (struct bytes){at, strcspn(at, "\n")});
    return file_read(prometheus->fixture->out, buffer_string(&name));
}

static struct stub_answer on_reload(void *context) {
    struct strict_prometheus *prometheus = context;
    struct stub_answer answer = {.status = 200};

    pthread_mutex_lock(&prometheus->lock);
    if (prometheus->question_count == QUESTIONS_MAX) {
        abort();
    }
    char *config = file_read(prometheus->fixture->out, "prometheus.yml");
    config = config != NULL ? config : memory_string("");
    prometheus->ran[prometheus->question_count] = prometheus->runs;
    prometheus->sent[prometheus->question_count] = credentials(prometheus, prometheus->runs);
    prometheus->questions[prometheus->question_count++] = config;
    switch (prometheus->mode) {
    case STRICT_ANSWERS:
        if (!judge(prometheus, config)) {
            answer = (struct stub_answer){.status = 500, .body = buffer_string(&prometheus->body)};
        }
        break;
    case STRICT_HANGS:
        answer.mode = STUB_HANG;
        break;
    case STRICT_RESETS:
        (void)judge(prometheus, config);
        answer.mode = STUB_RESET;
        break;
    case STRICT_STARTS:
        answer.status = 503;
        break;
    }
    pthread_mutex_unlock(&prometheus->lock);
    return answer;
}

static struct stub_answer on_runtimeinfo(void *context) {
    struct strict_prometheus *prometheus = context;
    struct stub_answer answer = {.body = prometheus->record};

    char text[sizeof("2020-01-01T00:00:00Z")] = "";
    struct tm parts = {0};

    pthread_mutex_lock(&prometheus->lock);
    const time_t seconds = prometheus->second + (prometheus->tells_the_time ? 0 : SECONDS_IN_2020);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    snprintf(prometheus->record, sizeof(prometheus->record),
             "{\"status\":\"success\",\"data\":{\"reloadConfigSuccess\":%s,"
             "\"lastConfigTime\":\"%s\"}}",
             prometheus->success ? "true" : "false", text);
    answer.status = prometheus->mode == STRICT_STARTS ? 503 : prometheus->silent ? 404 : 200;
    if (prometheus->failing_looks > 0) {
        prometheus->failing_looks--;
        answer.status = 500;
    }
    pthread_mutex_unlock(&prometheus->lock);
    return answer;
}

/* --- the test's side -------------------------------------------------------------------------- */

struct strict_prometheus *strict_prometheus_new(struct agent_fixture *fixture) {
    struct strict_prometheus *prometheus = memory_new(1, sizeof(*prometheus));

    prometheus->fixture = fixture;
    prometheus->success = true;
    pthread_mutex_init(&prometheus->lock, NULL);
    http_stub_judge(fixture->prometheus, RELOAD_PATH, on_reload, prometheus);
    http_stub_judge(fixture->prometheus, RUNTIMEINFO_PATH, on_runtimeinfo, prometheus);
    return prometheus;
}

void strict_prometheus_free(struct strict_prometheus *prometheus) {
    static const struct stub_answer gone = {.status = 404};

    if (prometheus == NULL) {
        return;
    }
    http_stub_script(prometheus->fixture->prometheus, RELOAD_PATH, &gone, 1);
    http_stub_script(prometheus->fixture->prometheus, RUNTIMEINFO_PATH, &gone, 1);
    for (size_t i = 0; i < prometheus->question_count; i++) {
        free(prometheus->questions[i]);
        free(prometheus->sent[i]);
    }
    buffer_free(&prometheus->body);
    pthread_mutex_destroy(&prometheus->lock);
    free(prometheus);
}

void strict_prometheus_freep(struct strict_prometheus **prometheus) {
    strict_prometheus_free(*prometheus);
}

#define LOCKED(statement)                        \
    do {                                         \
        pthread_mutex_lock(&prometheus->lock);   \
        statement;                               \
        pthread_mutex_unlock(&prometheus->lock); \
    } while (0)

void strict_refuses(struct strict_prometheus *prometheus, const char *text) {
    if (prometheus->guilty_count == GUILTY_MAX) {
        abort();
    }
    LOCKED(prometheus->guilty[prometheus->guilty_count++] = text);
}

void strict_forgives(struct strict_prometheus *prometheus) {
    LOCKED(prometheus->guilty_count = 0);
}

void strict_refuses_all(struct strict_prometheus *prometheus, bool all) {
    LOCKED(prometheus->refuses_all = all);
}

void strict_cites(struct strict_prometheus *prometheus) {
    LOCKED(prometheus->cites = true);
}

void strict_is(struct strict_prometheus *prometheus, enum strict_mode mode) {
    LOCKED(prometheus->mode = mode);
}

void strict_finishes(struct strict_prometheus *prometheus) {
    LOCKED((void)judge(prometheus, prometheus->questions[prometheus->question_count - 1]));
}

void strict_keeps_a_record(struct strict_prometheus *prometheus, bool keeps) {
    LOCKED(prometheus->silent = !keeps);
}

void strict_record_fails(struct strict_prometheus *prometheus, size_t looks) {
    LOCKED(prometheus->failing_looks = looks);
}

void strict_tells_the_time(struct strict_prometheus *prometheus) {
    LOCKED(prometheus->tells_the_time = true);
}

size_t strict_questions(struct strict_prometheus *prometheus) {
    size_t count = 0;

    LOCKED(count = prometheus->question_count);
    return count;
}

const char *strict_question(struct strict_prometheus *prometheus, size_t index) {
    const char *question = NULL;

    LOCKED(question = index < prometheus->question_count ? prometheus->questions[index] : NULL);
    return question;
}

const char *strict_ran(struct strict_prometheus *prometheus, size_t index) {
    const char *config = NULL;

    LOCKED(config = index < prometheus->question_count ? prometheus->ran[index] : NULL);
    return config;
}

const char *strict_sent(struct strict_prometheus *prometheus, size_t index) {
    const char *content = NULL;

    LOCKED(content = index < prometheus->question_count ? prometheus->sent[index] : NULL);
    return content;
}

bool strict_is_broken(struct strict_prometheus *prometheus) {
    bool broken = false;

    LOCKED(broken = prometheus->broken);
    return broken;
}

const char *strict_runs(struct strict_prometheus *prometheus) {
    const char *config = NULL;

    LOCKED(config = prometheus->runs);
    return config;
}
