/* SPDX-License-Identifier: Apache-2.0 */

/* The log messages of rollouts, in one place. */

#include "agent/messages.h"

#include "agent/answers.h"
#include "base/clock.h"
#include "base/log.h"

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

void messages_free(struct messages *messages) {
    buffer_free(&messages->error);
}

/* --- requests to reload ----------------------------------------------------------------------- */

struct failure_words {
    enum log_level level;
    const char *message;
    const char *remedy; /* NULL: its own words say it */
};

static const struct failure_words failures[] = {
    [RELOAD_REFUSED] = {LOG_LEVEL_ERROR, "Prometheus refused the config", NULL},
    [RELOAD_DENIED] = {LOG_LEVEL_ERROR, "Prometheus did not take the reload request", NULL},
    [RELOAD_UNKNOWN] = {LOG_LEVEL_ERROR, "Prometheus did not say whether it loaded the config",
                        "see that --runtimeinfo-url leads to it: its own record would tell"},
    [RELOAD_UNREACHABLE] = {LOG_LEVEL_INFO, "Prometheus cannot be reached; it is asked until it is",
                            NULL},
    [RELOAD_IMPOSSIBLE] = {LOG_LEVEL_ERROR, "Prometheus cannot be asked to reload", NULL},
};

static const struct failure_words starting = {
    LOG_LEVEL_INFO, "Prometheus answers 503, as while it starts; it is asked until it is up", NULL};

enum {
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404
};

/* Of an answer that is neither 200 nor 500. */
static const char *remedy_of_denial(const struct http_answer *answer) {
    switch (answer->status) {
    case STATUS_UNAUTHORIZED:
        return "give the credentials that its --web.config.file wants: --reload-username with "
               "--reload-password-file, or --reload-bearer-token-file for a proxy before it";
    case STATUS_FORBIDDEN:
        /* In the words of every release. */
        return bytes_find(answer->body, BYTES("Lifecycle API"), 0) != SIZE_MAX
                   ? "start Prometheus with --web.enable-lifecycle, or reload it by "
                     "--reload-method=signal"
                   : "let the proxy before Prometheus pass the sidecar's POST of the reload URL";
    case STATUS_NOT_FOUND:
        return "correct --reload-url: its path begins with Prometheus's --web.route-prefix, or else "
               "with the path of its --web.external-url (/PREFIX/-/reload)";
    default:
        return "see that --reload-url leads to Prometheus, and not to something else";
    }
}

/* The level of a failure. That Prometheus comes up is usual, and a warning only once it takes
 * longer than it may; *warned: that was logged in this incident. */
static enum log_level level_of(const struct messages *messages, const struct incident *incident,
                               bool *warned, const struct http_answer *answer, bool is_news,
                               enum log_level usual) {
    if (!answer_is_coming_up(answer)) {
        return is_news ? usual : LOG_LEVEL_DEBUG;
    }
    if (*warned) {
        return LOG_LEVEL_DEBUG;
    }
    *warned = clock_monotonic_nanoseconds() - incident->since >= messages->startup_timeout;
    if (*warned) {
        return LOG_LEVEL_WARN;
    }
    return is_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* For the status page, which has no fields. */
static void describe(struct incident *incident, const char *message, long status,
                     const char *words) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_append_string(&text, message);
    if (status != 0) {
        buffer_printf(&text, " (status %ld)", status);
    }
    if (words[0] != '\0') {
        buffer_printf(&text, ": %s", words);
    }
    incident_describe(incident, buffer_bytes(&text));
}

enum {
    FAILURE_FIELDS_MAX = 6
};

static void log_failure(struct messages *messages, const struct effect *report,
                        const struct http_answer *answer) {
    const struct failure_words *failure =
        answer->status == STATUS_STARTING ? &starting : &failures[report->verdict];
    struct incident *incident = &messages->reload;
    CLEANUP(buffer_free) struct buffer words = {0};
    CLEANUP(buffer_free) struct buffer key = {0};
    struct log_field fields[FAILURE_FIELDS_MAX] = {{0}};
    size_t count = 0;

    answer_words(answer, &words);
    buffer_printf(&key, "%d %s", answer->status, buffer_string(&words));
    const bool is_news =
        incident_report(incident, buffer_bytes(&key), clock_monotonic_nanoseconds());
    describe(incident, failure->message, answer->status, buffer_string(&words));
    if (answer->status != 0) {
        fields[count++] = LOG_INT("status", answer->status);
    }
    fields[count++] = LOG_STRING(answer->status != 0 ? "answer" : "err", buffer_string(&words));
    const char *remedy = answer->remedy != NULL ? answer->remedy : failure->remedy;
    if (failure == &failures[RELOAD_DENIED]) {
        remedy = remedy_of_denial(answer);
    }
    if (remedy != NULL) {
        fields[count++] = LOG_STRING("remedy", remedy);
    }
    fields[count++] = LOG_INT("failures", incident->count);
    if (report->retry_in != CONTROLLER_NO_RETRY) {
        fields[count++] = LOG_SECONDS("retry_in", report->retry_in * NANOSECONDS_PER_MILLISECOND);
    }
    log_write(
        level_of(messages, incident, &messages->reload_warned, answer, is_news, failure->level),
        failure->message, fields);
}

static void log_success(struct messages *messages, const struct http_answer *answer) {
    struct incident ended = {0};

    messages->reload_warned = false;
    if (incident_end(&messages->reload, &ended)) {
        log_info("Prometheus has loaded the config", LOG_SECONDS("duration", answer->nanoseconds),
                 LOG_INT("failures", ended.count),
                 LOG_SECONDS("after", clock_monotonic_nanoseconds() - ended.since));
    } else {
        log_info("Prometheus has loaded the config", LOG_SECONDS("duration", answer->nanoseconds));
    }
}

static void log_candidate(const struct effect *report, const struct http_answer *answer) {
    CLEANUP(buffer_free) struct buffer words = {0};

    answer_words(answer, &words);
    log_debug("Prometheus was asked about a part",
              LOG_BOOL("accepted", report->verdict == RELOAD_CONFIRMED),
              LOG_STRING("answer", buffer_string(&words)),
              LOG_SECONDS("duration", answer->nanoseconds));
}

static void log_answer(struct messages *messages, const struct effect *report,
                       const struct http_answer *answer) {
    const bool is_verdict =
        report->verdict == RELOAD_CONFIRMED || report->verdict == RELOAD_REFUSED;

    if (is_verdict) {
        (void)incident_end(&messages->unanswered, NULL);
        (void)incident_end(&messages->undecided, NULL);
    }
    if (report->is_bisecting && is_verdict) {
        log_candidate(report, answer);
    } else if (report->verdict == RELOAD_CONFIRMED) {
        log_success(messages, answer);
    } else {
        log_failure(messages, report, answer);
    }
}

/* No request was sent, because there is no record to judge it by. */
static void log_without_record(struct messages *messages, const struct effect *report,
                               const struct http_answer *answer) {
    CLEANUP(buffer_free) struct buffer error = {0};
    struct http_answer shown = *answer;

    if (messages->by_signal && answer->status == STATUS_STARTING) {
        shown.remedy = "it is starting, and is asked until it is up";
    } else if (messages->by_signal) {
        if (answer->status != 0) {
            buffer_printf(&error, "runtimeinfo, status %d: no record of the last reload",
                          answer->status);
            shown = (struct http_answer){.error = buffer_string(&error)};
        }
        shown.remedy = "see that --runtimeinfo-url leads to Prometheus, and the credentials: its "
                       "record is what confirms a signal";
    }
    log_answer(messages, report, &shown);
}

static void log_by_record(struct messages *messages, const struct effect *report) {
    const bool is_loaded = report->verdict == RELOAD_CONFIRMED;
    const struct http_answer shown = {
        .status = is_loaded ? STATUS_OK : STATUS_REFUSED,
        .body = is_loaded ? BYTES("")
                          : BYTES("its record says that it refused the config; see its log"),
        .nanoseconds = clock_monotonic_nanoseconds() - messages->sent,
    };

    log_answer(messages, report, &shown);
}

static void log_unknown(struct messages *messages, const struct effect *report) {
    const bool record_cannot_tell = report->number != 0;
    const struct http_answer shown = {
        .error = buffer_string(&messages->error),
        .remedy = record_cannot_tell ? "its log says why, where it refused the config; its record, "
                                       "which speaks of a failed reload from before, cannot"
                                     : NULL,
        .signalled = messages->is_signal,
        .maybe_received = true,
    };

    log_answer(messages, report, &shown);
}

static void log_reload(struct messages *messages, const struct effect *report,
                       const struct http_answer *answer) {
    switch (report->source) {
    case SOURCE_ANSWER:
        log_answer(messages, report, answer);
        break;
    case SOURCE_RECORD:
        log_without_record(messages, report, answer);
        break;
    case SOURCE_BY_RECORD:
        log_by_record(messages, report);
        break;
    case SOURCE_UNKNOWN:
        log_unknown(messages, report);
        break;
    }
}

/* Once, until Prometheus answers what became of one. */
static void log_no_answer(struct messages *messages, const struct effect *report,
                          const struct http_answer *answer) {
    const bool is_usual = answer->signalled || report->is_bisecting;

    buffer_clear(&messages->error);
    if (answer->status != 0) {
        buffer_printf(&messages->error, "a proxy answered with status %d", answer->status);
    } else {
        buffer_append_string(&messages->error, answer->error);
    }
    messages->is_signal = answer->signalled;
    const bool is_news =
        !is_usual && incident_report(&messages->unanswered, buffer_bytes(&messages->error),
                                     clock_monotonic_nanoseconds());

    log_write(is_news ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
              "Prometheus has not answered; its record will tell whether it loaded the config",
              (const struct log_field[]){LOG_STRING("err", buffer_string(&messages->error)), {0}});
}

static void log_undecided(struct messages *messages, const struct effect *report) {
    const bool is_news = incident_report(&messages->undecided, buffer_bytes(&messages->error),
                                         clock_monotonic_nanoseconds());

    log_write(is_news ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
              "Prometheus's record does not tell; it is asked again",
              (const struct log_field[]){
                  LOG_SECONDS("after", report->number * NANOSECONDS_PER_MILLISECOND), {0}});
}

/* --- reports ---------------------------------------------------------------------------------- */

static void log_bisection_end(const struct bisection_summary *bisection) {
    log_info("the search is over", LOG_INT("reloads", bisection->reloads),
             LOG_INT("guilty", bisection->culprits),
             LOG_BOOL("base_refused", bisection->base_refused),
             LOG_INT("served", bisection->served),
             LOG_SECONDS("duration", bisection->duration * NANOSECONDS_PER_MILLISECOND));
}

static void log_fallback(const struct effect *report) {
    log_warn("Prometheus does not come up, and has never confirmed this config: a safe one takes "
             "its place until it does",
             LOG_STRING("safe", fallback_name(report->fallback)),
             LOG_SECONDS("after", report->number * NANOSECONDS_PER_MILLISECOND));
}

void messages_report(struct messages *messages, const struct effect *report,
                     const struct http_answer *answer) {
    switch (report->report) {
    case REPORT_RELOAD:
        log_reload(messages, report, answer);
        break;
    case REPORT_NO_ANSWER:
        log_no_answer(messages, report, answer);
        break;
    case REPORT_RECORD_UNDECIDED:
        log_undecided(messages, report);
        break;
    case REPORT_WATCHED_CHANGED:
        log_info("watched files changed: Prometheus is asked to reload");
        break;
    case REPORT_VERSION_CLEARED:
        log_info("another Prometheus: what the last one refused is asked about again",
                 LOG_STRING("version", report->words));
        break;
    case REPORT_GIVEN_CLEARED:
        log_info("another --prometheus-version: what was refused is asked about again",
                 LOG_STRING("version", report->words));
        break;
    case REPORT_BISECTION_STARTED:
        log_info("searching for what Prometheus refuses, if anything",
                 LOG_INT("suspects", report->number));
        break;
    case REPORT_BISECTION_ENDED:
        log_bisection_end(&report->bisection);
        break;
    case REPORT_CAUSE_OUTSIDE:
        log_warn("Prometheus refuses even what it took before: the cause is no RemoteWrite; "
                 "it is asked again until it takes it",
                 LOG_STRING("answer", report->words));
        break;
    case REPORT_FALLBACK:
        log_fallback(report);
        break;
    case REPORT_FALLBACK_TAKEN:
        log_info("Prometheus has taken the config that was held");
        break;
    case REPORT_FALLBACK_BASE:
        log_warn("the last good config was another Prometheus's: the base alone takes its place");
        break;
    case REPORT_STOPPED_UNCONFIRMED:
        log_info("it ends before Prometheus took what is on disk: the last good config goes back");
        break;
    case REPORT_LKG_FIRST:
        log_debug("the last good config is loaded first: the record says that a reload failed");
        break;
    case REPORT_SETTLED:
        messages->reload_warned = false;
        (void)incident_end(&messages->reload, NULL);
        break;
    case REPORT_PEER_UP:
        log_info("Prometheus is there");
        break;
    case REPORT_INVARIANT:
        log_error("internal error: an invariant of the controller does not hold; please report it",
                  LOG_STRING("invariant", report->words));
        break;
    }
}

/* --- the version ------------------------------------------------------------------------------ */

/* That Prometheus is not up is no fault here: the reload that follows logs it. */
static void log_no_version(struct messages *messages, const struct http_answer *answer,
                           bool decides) {
    CLEANUP(buffer_free) struct buffer words = {0};

    if (answer->status != 0) {
        buffer_printf(&words, "status %d, no version in the answer", answer->status);
    } else {
        buffer_append_string(&words, answer->error);
    }
    const bool is_news =
        incident_report(&messages->version, buffer_bytes(&words), clock_monotonic_nanoseconds());
    if (answer->unreachable) {
        log_debug("no version of Prometheus", LOG_STRING("err", buffer_string(&words)));
        return;
    }
    enum log_level level = level_of(messages, &messages->version, &messages->version_warned, answer,
                                    is_news, decides ? LOG_LEVEL_WARN : LOG_LEVEL_INFO);
    if (!decides) {
        level = level == LOG_LEVEL_WARN ? LOG_LEVEL_INFO : level;
        log_write(level,
                  "Prometheus does not tell its version: should another one come up, what this one "
                  "refused is not asked about again by itself",
                  (const struct log_field[]){LOG_STRING("err", buffer_string(&words)), {0}});
    } else if (level == LOG_LEVEL_INFO) {
        log_info("Prometheus does not tell its version yet; it is asked again",
                 LOG_STRING("err", buffer_string(&words)));
    } else {
        log_write(level, "Prometheus does not tell its version",
                  (const struct log_field[]){
                      LOG_STRING("err", buffer_string(&words)),
                      LOG_STRING("remedy", "set --prometheus-version; until then the one that was "
                                           "there last is assumed, else the newest known one"),
                      {0}});
    }
}

void messages_version(struct messages *messages, const struct http_answer *answer,
                      const char *version, bool is_new, bool decides) {
    if (version == NULL) {
        log_no_version(messages, answer, decides);
        return;
    }
    (void)incident_end(&messages->version, NULL);
    messages->version_warned = false;
    if (is_new) {
        log_info("Prometheus tells its version", LOG_STRING("version", version));
    }
}
