/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of Prometheus become verdicts and log lines. A failure that repeats is one line, its end
 * is another; what Prometheus says about a config that it refuses is passed on in its own words. */

#include "agent/peer.h"

#include "base/clock.h"
#include "base/log.h"
#include "prometheus/info.h"

#include <string.h>

/* Of Prometheus's words in one log line. */
#define WORDS_MAX 2000

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

enum {
    STATUS_LOADED = 200,
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_REFUSED = 500,
    STATUS_STARTING = 503
};

struct peer peer_unknown(int64_t startup_grace) {
    return (struct peer){.startup_grace = startup_grace, .version_outdated = true};
}

enum reload_verdict reload_judge(const struct http_answer *answer) {
    if (answer->status == STATUS_LOADED) {
        return RELOAD_CONFIRMED;
    }
    if (answer->status == STATUS_REFUSED) {
        return RELOAD_REFUSED;
    }
    if (answer->status != 0) {
        return RELOAD_DENIED;
    }
    if (answer->maybe_received) {
        return RELOAD_UNKNOWN;
    }
    return answer->unreachable ? RELOAD_UNREACHABLE : RELOAD_IMPOSSIBLE;
}

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

static const struct failure_words *words_of(enum reload_verdict verdict,
                                            const struct http_answer *answer) {
    return answer->status == STATUS_STARTING ? &starting : &failures[verdict];
}

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

void peer_words(const struct http_answer *answer, struct buffer *out) {
    struct bytes words = bytes_trim(answer->status != 0 ? answer->body : bytes_of(answer->error));
    size_t length = words.length;

    if (length > WORDS_MAX) {
        length = WORDS_MAX;
        while (length > 0 && ((unsigned char)words.data[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    buffer_append(out, bytes_slice(words, 0, length));
    if (length < words.length) {
        buffer_append_string(out, " ...");
    }
}

/* Nothing listens yet, or it says that it is starting. */
static bool is_coming_up(const struct http_answer *answer) {
    return answer->status == STATUS_STARTING ||
           (answer->status == 0 && answer->unreachable && !answer->maybe_received);
}

/* How loud a failure is said. That Prometheus comes up is usual, and a warning only once it lasts
 * longer than it may; *warned: that was said in this incident. */
static enum log_level level_of(const struct peer *peer, const struct incident *incident,
                               bool *warned, const struct http_answer *answer, bool news,
                               enum log_level usual) {
    if (!is_coming_up(answer)) {
        return news ? usual : LOG_LEVEL_DEBUG;
    }
    if (*warned) {
        return LOG_LEVEL_DEBUG;
    }
    *warned = clock_monotonic_nanoseconds() - incident->since >= peer->startup_grace;
    if (*warned) {
        return LOG_LEVEL_WARN;
    }
    return news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

enum {
    FAILURE_FIELDS_MAX = 6
};

/* For the status page, which has no fields. */
static void describe_failure(struct incident *incident, const char *message, long status,
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

static void say_failure(struct peer *peer, enum reload_verdict verdict,
                        const struct http_answer *answer, int64_t retry_milliseconds) {
    const struct failure_words *failure = words_of(verdict, answer);
    struct incident *incident = &peer->reloading;
    CLEANUP(buffer_free) struct buffer words = {0};
    CLEANUP(buffer_free) struct buffer key = {0};
    struct log_field fields[FAILURE_FIELDS_MAX] = {{0}};
    size_t count = 0;

    peer_words(answer, &words);
    buffer_printf(&key, "%d %s", answer->status, buffer_string(&words));
    bool news = incident_report(incident, buffer_bytes(&key), clock_monotonic_nanoseconds());

    describe_failure(incident, failure->message, answer->status, buffer_string(&words));
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
    if (retry_milliseconds != PEER_NO_RETRY) {
        fields[count++] = LOG_SECONDS("retry_in", retry_milliseconds * NANOSECONDS_PER_MILLISECOND);
    }
    log_write(level_of(peer, incident, &peer->reloading_warned, answer, news, failure->level),
              failure->message, fields);
}

static void say_success(struct peer *peer, const struct http_answer *answer) {
    struct incident ended = {0};

    peer->reloading_warned = false;
    if (incident_end(&peer->reloading, &ended)) {
        log_info("Prometheus has loaded the config", LOG_SECONDS("duration", answer->nanoseconds),
                 LOG_INT("failures", ended.count),
                 LOG_SECONDS("after", clock_monotonic_nanoseconds() - ended.since));
    } else {
        log_info("Prometheus has loaded the config", LOG_SECONDS("duration", answer->nanoseconds));
    }
}

static void note_reachable(struct peer *peer, bool unreachable) {
    if (unreachable) {
        peer->version_outdated = true;
    } else if (peer->unreachable) {
        log_info("Prometheus is there");
    }
    peer->unreachable = unreachable;
}

void peer_is_there(struct peer *peer) {
    note_reachable(peer, false);
}

static void say_searching(enum reload_verdict verdict, const struct http_answer *answer) {
    CLEANUP(buffer_free) struct buffer words = {0};

    peer_words(answer, &words);
    log_debug(
        "Prometheus was asked about a part", LOG_BOOL("accepted", verdict == RELOAD_CONFIRMED),
        LOG_STRING("answer", buffer_string(&words)), LOG_SECONDS("duration", answer->nanoseconds));
}

enum reload_verdict peer_reload_answered(struct peer *peer, const struct http_answer *answer,
                                         int64_t retry_milliseconds, bool searching) {
    enum reload_verdict verdict = reload_judge(answer);

    /* A fault on our side says nothing about Prometheus. */
    if (verdict != RELOAD_IMPOSSIBLE) {
        note_reachable(peer, verdict == RELOAD_UNREACHABLE);
    }
    if (searching && (verdict == RELOAD_CONFIRMED || verdict == RELOAD_REFUSED)) {
        say_searching(verdict, answer);
    } else if (verdict == RELOAD_CONFIRMED) {
        say_success(peer, answer);
    } else {
        say_failure(peer, verdict, answer, retry_milliseconds);
    }
    return verdict;
}

void peer_settled(struct peer *peer) {
    peer->reloading_warned = false;
    incident_end(&peer->reloading, NULL);
}

/* Not being there is no fault here: the reload that follows says it. */
static void say_no_version(struct peer *peer, const struct http_answer *answer, bool decides) {
    CLEANUP(buffer_free) struct buffer words = {0};

    if (answer->status != 0) {
        buffer_printf(&words, "status %d, no version in the answer", answer->status);
    } else {
        buffer_append_string(&words, answer->error);
    }
    bool news = incident_report(&peer->asking, buffer_bytes(&words), clock_monotonic_nanoseconds());
    if (answer->unreachable) {
        log_debug("no version of Prometheus", LOG_STRING("err", buffer_string(&words)));
        return;
    }
    enum log_level level = level_of(peer, &peer->asking, &peer->asking_warned, answer, news,
                                    decides ? LOG_LEVEL_WARN : LOG_LEVEL_INFO);
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

bool peer_version_answered(struct peer *peer, const struct http_answer *answer, bool decides) {
    char text[PEER_VERSION_SIZE] = "";
    struct version version = {0};

    if (answer->status != STATUS_LOADED ||
        buildinfo_version(answer->body, text, sizeof(text)) != 0 ||
        version_parse(bytes_of(text), &version) != 0) {
        say_no_version(peer, answer, decides);
        return false;
    }
    incident_end(&peer->asking, NULL);
    peer->asking_warned = false;
    peer->version_outdated = false;
    bool changed = !version_is_set(peer->version) || version_compare(version, peer->version) != 0;
    if (changed) {
        log_info("Prometheus tells its version", LOG_STRING("version", text));
    }
    peer->version = version;
    memcpy(peer->version_text, text, sizeof(text));
    return changed;
}
