/* SPDX-License-Identifier: Apache-2.0 */

/* Asks Prometheus for the config that it runs, and reports a difference once. It decides nothing
 * but when to ask again. */

#include "agent/running.h"

#include "agent/shell.h"
#include "base/clock.h"
#include "base/log.h"

#include <string.h>
#include <sys/random.h>

static const char sentence_start[] =
    "Prometheus runs another config than the one that was written: it ";

static const char *const verdict_names[] = {
    [RUNNING_UNKNOWN] = "unknown",
    [RUNNING_MATCHES] = "matches",
    [RUNNING_DIFFERS] = "differs",
};

const char *running_verdict_name(enum running_verdict verdict) {
    return verdict_names[verdict];
}

void running_set_up(struct agent *agent) {
    uv_timer_init(agent->loop, &agent->running.retry_timer);
    agent->running.retry_timer.data = agent;
    agent->running.backoff = backoff_from(agent->settings->retry_milliseconds);
}

static void drop_question(struct running *running) {
    running_config_free(running->reader);
    running->reader = NULL;
    running->again = false;
}

void running_close(struct agent *agent) {
    drop_question(&agent->running);
    uv_close((uv_handle_t *)&agent->running.retry_timer, NULL);
}

void running_free(struct agent *agent) {
    struct running *running = &agent->running;

    drop_question(running);
    config_outline_free(running->written);
    config_outline_free(running->last);
    buffer_free(&running->words);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void on_retry(uv_timer_t *timer) {
    running_ask(timer->data, false);
}

static void ask_later(struct agent *agent) {
    struct running *running = &agent->running;
    uint32_t random = 0;

    /* No entropy: continue without jitter. */
    ssize_t got = getrandom(&random, sizeof(random), GRND_NONBLOCK);
    (void)got;
    uv_update_time(agent->loop);
    uv_timer_start(&running->retry_timer, on_retry,
                   (uint64_t)backoff_next(&running->backoff, random), 0);
}

static void end(struct agent *agent, enum running_verdict verdict, const char *message) {
    struct running *running = &agent->running;
    struct incident ended = {0};

    running->verdict = verdict;
    running->sentence = NULL;
    running->difference = NULL;
    uv_timer_stop(&running->retry_timer);
    running->backoff = backoff_from(agent->settings->retry_milliseconds);
    if (incident_end(&running->incident, &ended)) {
        log_info(message, LOG_STRING("file", agent->settings->output_path),
                 LOG_SECONDS("after", clock_monotonic_nanoseconds() - ended.since));
    }
}

static void report(struct agent *agent, const char *difference) {
    struct running *running = &agent->running;
    /* One line while it lasts, even if the first difference in it is another one. */
    const bool news = incident_report(&running->incident, BYTES(""), clock_monotonic_nanoseconds());
    const char *const file = agent->settings->output_path;
    CLEANUP(buffer_free) struct buffer remedy = {0};

    buffer_printf(
        &remedy,
        "see that its --config.file is %s, that the folder of that file is mounted and not "
        "the file by itself (Prometheus then goes on reading the old file), and that "
        "--reload-url leads to this Prometheus",
        file);
    buffer_clear(&running->words);
    buffer_append_string(&running->words, sentence_start);
    buffer_append_string(&running->words, difference);
    running->sentence = buffer_string(&running->words);
    running->difference = running->sentence + strlen(sentence_start);
    incident_describe(&running->incident, buffer_bytes(&running->words));
    log_write(news ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
              "Prometheus runs another config than the one that was written",
              (const struct log_field[]){LOG_STRING("file", file),
                                         LOG_STRING("difference", difference),
                                         LOG_STRING("remedy", buffer_string(&remedy)),
                                         {0}});
}

static void judge(struct agent *agent) {
    struct running *running = &agent->running;
    CLEANUP(buffer_free) struct buffer difference = {0};

    if (running->written == NULL) {
        end(agent, RUNNING_UNKNOWN,
            "what Prometheus runs cannot be compared with what was written");
        return;
    }
    if (config_outlines_match(running->written, running->last, &difference)) {
        end(agent, RUNNING_MATCHES, "Prometheus runs the config that was written");
        return;
    }
    /* In place, somebody may have edited the file and made Prometheus load it: the next pass. */
    if (!disk_stands(agent->disk)) {
        return;
    }
    const bool begins = running->verdict != RUNNING_DIFFERS;
    running->verdict = RUNNING_DIFFERS;
    report(agent, buffer_string(&difference));
    if (begins && !running->asked_after_reload) {
        agent_want_reload(agent);
    } else {
        ask_later(agent);
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

static const char *on_part(struct bytes part, void *context) {
    struct running *running = &((struct agent *)context)->running;
    const char *fault = running_config_feed(running->reader, part);

    running->not_such |= fault != NULL;
    return fault;
}

/* Prometheus answers 503 while it starts: that says nothing of the config that it will run. */
static bool is_for_the_moment(const struct http_answer *answer) {
    return answer->status == 0 || answer->status >= STATUS_SERVER_ERROR;
}

static void take_answer(struct agent *agent, const struct http_answer *answer) {
    struct running *running = &agent->running;
    struct config_outline *outline =
        answer->status == STATUS_OK ? running_config_end(running->reader) : NULL;

    if (outline != NULL) {
        config_outline_free(running->last);
        running->last = outline;
        /* Another config may be on disk by now; that it is confirmed is asked about by itself. */
        if (agent_is_settled(agent) &&
            bytes_hash(disk_config(agent->disk)) == running->asked_hash) {
            judge(agent);
        }
        return;
    }
    log_debug("Prometheus does not tell the config that it runs", LOG_INT("status", answer->status),
              LOG_STRING("err", answer->error != NULL ? answer->error : ""));
    if (!is_for_the_moment(answer) || running->not_such) {
        end(agent, RUNNING_UNKNOWN, "Prometheus does not tell any more which config it runs");
    } else if (running->verdict == RUNNING_DIFFERS) {
        ask_later(agent);
    }
}

static void on_answer(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    const bool again = agent->running.again;

    take_answer(agent, answer);
    drop_question(&agent->running);
    if (again) {
        running_ask(agent, true);
    }
}

static void outline_written(struct running *running, struct bytes config, uint64_t hash) {
    if (running->written == NULL || running->written_hash != hash) {
        config_outline_free(running->written);
        running->written = config_outline_of(config);
        running->written_hash = hash;
    }
}

void running_ask(struct agent *agent, bool after_reload) {
    struct running *running = &agent->running;

    if (!agent_is_settled(agent)) {
        return;
    }
    if (running->reader != NULL) {
        running->again |= after_reload;
        return;
    }
    const struct bytes config = disk_config(agent->disk);
    running->asked_hash = bytes_hash(config);
    running->asked_after_reload = after_reload;
    running->not_such = false;
    running->reader = running_config_new(running->last);
    outline_written(running, config, running->asked_hash);
    uv_timer_stop(&running->retry_timer);
    if (prometheus_config(agent->client, on_part, on_answer, agent) != 0) {
        drop_question(running);
    }
}

void running_forget(struct agent *agent) {
    drop_question(&agent->running);
    end(agent, RUNNING_UNKNOWN, "other settings: which config Prometheus runs is asked anew");
}
