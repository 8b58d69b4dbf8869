/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_PEER_H
#define SIDECAR_AGENT_PEER_H

/* What the agent knows of the Prometheus beside it: whether it answers, whether it took the config,
 * its version. Judges answers and says in the log what is new about them; decides nothing. */

#include "base/incident.h"
#include "prometheus/client.h"
#include "spec/version.h"

#include <stdbool.h>
#include <stdint.h>

enum reload_verdict {
    RELOAD_CONFIRMED, /* 200 */
    RELOAD_REFUSED,   /* 500: it answered that it does not take this config */
    RELOAD_DENIED,  /* another status: it was not asked to reload at all (a wrong URL, credentials,
                       no
                       --web.enable-lifecycle) */
    RELOAD_UNKNOWN, /* no answer, but it may have been asked */
    RELOAD_UNREACHABLE, /* it was not asked: nothing listens */
    RELOAD_IMPOSSIBLE,  /* it was not asked: a fault on our side (a password file, TLS) */
};

enum reload_verdict reload_judge(const struct http_answer *answer);

#define PEER_VERSION_SIZE 64

struct peer {
    int64_t startup_grace; /* nanoseconds that it may take to come up before that is a warning */
    struct incident reloading;
    struct incident asking; /* for the version */
    bool reloading_warned;  /* of an incident that is a Prometheus that comes up */
    bool asking_warned;
    bool unreachable;       /* nothing listened when it was asked last */
    bool version_outdated;  /* it may have been another program since it was asked last */
    struct version version; /* not set: not known */
    char version_text[PEER_VERSION_SIZE];
};

/* A Prometheus of which nothing is known. */
struct peer peer_unknown(int64_t startup_grace);

/* Prometheus's words in an answer, trimmed and cut as they can be shown; appended to out. */
void peer_words(const struct http_answer *answer, struct buffer *out);

/* In place of retry_milliseconds: what comes next is no mere try again. */
#define PEER_NO_RETRY (-1)

/* It answered, though not a reload. */
void peer_is_there(struct peer *peer);

/* Takes an answer to a reload in. retry_milliseconds: the wait before the next try, where it
 * failed, for the log. searching: it was asked in a search for what it refuses; what it took and
 * what it refused is then no news. */
enum reload_verdict peer_reload_answered(struct peer *peer, const struct http_answer *answer,
                                         int64_t retry_milliseconds, bool searching);

/* The search is over, and it runs what is on disk. */
void peer_settled(struct peer *peer);

/* Takes an answer to buildinfo in. True when the version is another one than it was (or known now).
 * decides: what is written depends on it, so that a version that is not told is warned of. */
bool peer_version_answered(struct peer *peer, const struct http_answer *answer, bool decides);

#endif
