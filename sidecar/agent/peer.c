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
    STATUS_REFUSED = 500
};

struct peer peer_unknown(void) {
    return (struct peer){.version_outdated = true};
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

static const struct {
    enum log_level level;
    const char *message;
    const char *remedy; /* NULL: its own words say it */
} failures[] = {
    [RELOAD_REFUSED] = {LOG_LEVEL_ERROR, "Prometheus refused the config", NULL},
    [RELOAD_DENIED] = {LOG_LEVEL_ERROR, "Prometheus did not take the reload request",
                       "check the reload URL, its credentials, and --web.enable-lifecycle"},
    [RELOAD_UNKNOWN] = {LOG_LEVEL_ERROR, "Prometheus did not say whether it loaded the config",
                        "see that --runtimeinfo-url leads to it: its own record would tell"},
    [RELOAD_UNREACHABLE] = {LOG_LEVEL_WARN, "Prometheus cannot be reached; it is asked until it is",
                            NULL},
    [RELOAD_IMPOSSIBLE] = {LOG_LEVEL_ERROR, "Prometheus cannot be asked to reload", NULL},
};

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

enum {
    FAILURE_FIELDS_MAX = 6
};

/* For the status page, which has no fields. */
static void describe_failure(struct incident *incident, enum reload_verdict verdict, long status,
                             const char *words) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_append_string(&text, failures[verdict].message);
    if (status != 0) {
        buffer_printf(&text, " (status %ld)", status);
    }
    if (words[0] != '\0') {
        buffer_printf(&text, ": %s", words);
    }
    incident_describe(incident, buffer_bytes(&text));
}

static void say_failure(struct incident *incident, enum reload_verdict verdict,
                        const struct http_answer *answer, int64_t retry_milliseconds) {
    CLEANUP(buffer_free) struct buffer words = {0};
    CLEANUP(buffer_free) struct buffer key = {0};
    struct log_field fields[FAILURE_FIELDS_MAX] = {{0}};
    size_t count = 0;

    peer_words(answer, &words);
    buffer_printf(&key, "%d %s", answer->status, buffer_string(&words));
    bool news = incident_report(incident, buffer_bytes(&key), clock_monotonic_nanoseconds());

    describe_failure(incident, verdict, answer->status, buffer_string(&words));
    if (answer->status != 0) {
        fields[count++] = LOG_INT("status", answer->status);
    }
    fields[count++] = LOG_STRING(answer->status != 0 ? "answer" : "err", buffer_string(&words));
    const char *remedy = answer->remedy != NULL ? answer->remedy : failures[verdict].remedy;
    if (remedy != NULL) {
        fields[count++] = LOG_STRING("remedy", remedy);
    }
    fields[count++] = LOG_INT("failures", incident->count);
    if (retry_milliseconds != PEER_NO_RETRY) {
        fields[count++] = LOG_SECONDS("retry_in", retry_milliseconds * NANOSECONDS_PER_MILLISECOND);
    }
    log_write(news ? failures[verdict].level : LOG_LEVEL_DEBUG, failures[verdict].message, fields);
}

static void say_success(struct incident *incident, const struct http_answer *answer) {
    struct incident ended = {0};

    if (incident_end(incident, &ended)) {
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
        say_success(&peer->reloading, answer);
    } else {
        say_failure(&peer->reloading, verdict, answer, retry_milliseconds);
    }
    return verdict;
}

void peer_settled(struct peer *peer) {
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
    if (news && !answer->unreachable && !decides) {
        log_info("Prometheus does not tell its version: should another one come up, what this one "
                 "refused is not asked about again by itself",
                 LOG_STRING("err", buffer_string(&words)));
    } else if (news && !answer->unreachable) {
        log_warn(
            "Prometheus does not tell its version", LOG_STRING("err", buffer_string(&words)),
            LOG_STRING("remedy",
                       "set --prometheus-version; until then the newest known one is assumed"));
    } else {
        log_debug("no version of Prometheus", LOG_STRING("err", buffer_string(&words)));
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
    peer->version_outdated = false;
    bool changed = !version_is_set(peer->version) || version_compare(version, peer->version) != 0;
    if (changed) {
        log_info("Prometheus tells its version", LOG_STRING("version", text));
    }
    peer->version = version;
    memcpy(peer->version_text, text, sizeof(text));
    return changed;
}
