/* SPDX-License-Identifier: Apache-2.0 */

/* One bcrypt at a time, and a line of requests that wait for theirs: whoever floods the server with
 * wrong passwords keeps others with new passwords waiting, but neither the loop nor those whose
 * password was right before. The line is no longer than there are connections (and as many again
 * that were cut off while they waited). */

#include "web/basic_auth.h"

#include "base/log.h"
#include "base/memory.h"
#include "spec/base64.h"
#include "web/bcrypt.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#define REMEMBERED 100U

/* Right ones and wrong ones are remembered apart, so that no flood of wrong ones can push a right
 * one out. */
struct memory_of {
    struct auth_digest digests[REMEMBERED];
    size_t count;
    size_t next; /* which one makes way */
};

struct waiter {
    struct auth_digest digest;
    struct web_hold *hold;
    struct buffer hash;
    struct buffer password;
    bool known; /* the user */
    STAILQ_ENTRY(waiter) entries;
};

struct basic_auth {
    unsigned char key[32];
    struct memory_of right;
    struct memory_of wrong;
    struct bcrypt *bcrypt;
    struct waiter *at_work; /* whose password is being computed; NULL: none */
    STAILQ_HEAD(waiter_line, waiter) line;
    uint64_t computations;
};

/* --- what is remembered --------------------------------------------------------------------- */

static bool is_remembered(const struct memory_of *memory, const struct auth_digest *digest) {
    bool found = false;

    for (size_t i = 0; i < memory->count; i++) {
        found |= gnutls_memcmp(memory->digests[i].bytes, digest->bytes, sizeof(digest->bytes)) == 0;
    }
    return found;
}

static void remember(struct memory_of *memory, const struct auth_digest *digest) {
    memory->digests[memory->next] = *digest;
    memory->next = (memory->next + 1) % REMEMBERED;
    memory->count += memory->count < REMEMBERED;
}

static bool is_judged(const struct basic_auth *auth, const struct auth_digest *digest) {
    return is_remembered(&auth->right, digest) || is_remembered(&auth->wrong, digest);
}

enum auth_verdict basic_auth_verdict(const struct basic_auth *auth,
                                     const struct auth_digest *digest) {
    return is_remembered(&auth->right, digest) ? AUTH_GRANTED : AUTH_REFUSED;
}

uint64_t basic_auth_computations(const struct basic_auth *auth) {
    return auth->computations;
}

/* --- the line ------------------------------------------------------------------------------- */

/* Its hold goes on to the end of the waiter. */
static void waiter_free(struct waiter *waiter) {
    web_hold_end(waiter->hold);
    buffer_free(&waiter->hash);
    buffer_free(&waiter->password);
    free(waiter);
}

static struct waiter *first_in(struct basic_auth *auth) {
    struct waiter *waiter = STAILQ_FIRST(&auth->line);

    if (waiter != NULL) {
        STAILQ_REMOVE_HEAD(&auth->line, entries);
    }
    return waiter;
}

/* Starts the next one that needs to be computed, when none is under way. */
static void work_off(struct basic_auth *auth) {
    while (auth->at_work == NULL) {
        struct waiter *waiter = first_in(auth);
        if (waiter == NULL) {
            return;
        }
        if (!web_hold_is_awaited(waiter->hold) || is_judged(auth, &waiter->digest)) {
            waiter_free(waiter);
            continue;
        }
        int error = bcrypt_start(auth->bcrypt, buffer_string(&waiter->hash),
                                 buffer_bytes(&waiter->password));
        if (error < 0) {
            log_error("a password cannot be checked, the request is refused",
                      LOG_STRING("err", uv_strerror(error)));
            waiter_free(waiter);
            continue;
        }
        auth->computations++;
        auth->at_work = waiter;
    }
}

static void on_computed(bool matches, void *context) {
    struct basic_auth *auth = context;
    struct waiter *waiter = TAKE_PTR(auth->at_work);

    remember(matches && waiter->known ? &auth->right : &auth->wrong, &waiter->digest);
    waiter_free(waiter);
    work_off(auth);
}

/* --- a request ------------------------------------------------------------------------------ */

struct credentials {
    struct bytes user;
    struct bytes password;
};

/* In the arena, which erases them. */
static bool credentials_read(struct arena *arena, const char *header, struct credentials *ret) {
    static const char scheme[] = "Basic ";
    struct bytes text;

    if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0 ||
        base64_decode(arena, bytes_of(header + strlen(scheme)), &text) < 0) {
        return false;
    }
    size_t colon = bytes_find(text, BYTES(":"), 0);
    if (colon == SIZE_MAX) {
        return false;
    }
    ret->user = bytes_slice(text, 0, colon);
    ret->password = bytes_slice(text, colon + 1, text.length);
    return true;
}

/* All of them are looked at, wherever it stands. */
static const char *hash_of(const struct web_config *config, struct bytes user) {
    const char *hash = NULL;

    for (size_t i = 0; i < config->user_count; i++) {
        if (bytes_equal_string(user, config->users[i].name)) {
            hash = config->users[i].hash;
        }
    }
    return hash;
}

static void append_part(struct buffer *text, struct bytes part) {
    uint64_t length = part.length;

    buffer_append(text, (struct bytes){(const char *)&length, sizeof(length)});
    buffer_append(text, part);
}

static bool digest_make(const struct basic_auth *auth, const char *hash,
                        const struct credentials *credentials, struct auth_digest *ret) {
    CLEANUP(buffer_free) struct buffer text = {0};

    append_part(&text, bytes_of(hash));
    append_part(&text, credentials->user);
    append_part(&text, credentials->password);
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, auth->key, sizeof(auth->key), text.data, text.length,
                            ret->bytes) == 0;
}

static void line_up(struct basic_auth *auth, const struct auth_digest *digest, const char *hash,
                    bool known, struct bytes password, struct web_hold *hold) {
    struct waiter *waiter = memory_new(1, sizeof(*waiter));

    *waiter = (struct waiter){.digest = *digest, .hold = hold, .known = known};
    buffer_append_string(&waiter->hash, hash);
    buffer_append(&waiter->password, password);
    STAILQ_INSERT_TAIL(&auth->line, waiter, entries);
    work_off(auth);
}

enum auth_verdict basic_auth_check(struct basic_auth *auth, const struct web_config *config,
                                   const char *header, struct web_hold *hold,
                                   struct auth_digest *ret) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct credentials credentials = {0};

    if (!credentials_read(arena, header, &credentials)) {
        return AUTH_REFUSED;
    }
    const char *known = hash_of(config, credentials.user);
    const char *hash = known != NULL ? known : config->decoy_hash;
    if (!digest_make(auth, hash, &credentials, ret)) {
        return AUTH_REFUSED;
    }
    if (is_judged(auth, ret)) {
        return basic_auth_verdict(auth, ret);
    }
    line_up(auth, ret, hash, known != NULL, credentials.password, hold);
    return AUTH_PENDING;
}

/* --- beginning and end ---------------------------------------------------------------------- */

struct basic_auth *basic_auth_new(uv_loop_t *loop) {
    struct basic_auth *auth = memory_new(1, sizeof(*auth));

    STAILQ_INIT(&auth->line);
    auth->bcrypt = bcrypt_new(loop, on_computed, auth);
    if (auth->bcrypt == NULL || gnutls_rnd(GNUTLS_RND_KEY, auth->key, sizeof(auth->key)) < 0) {
        basic_auth_close(auth);
        return NULL;
    }
    return auth;
}

void basic_auth_close(struct basic_auth *auth) {
    if (auth == NULL) {
        return;
    }
    bcrypt_close(auth->bcrypt);
    if (auth->at_work != NULL) {
        waiter_free(auth->at_work);
    }
    for (struct waiter *waiter = first_in(auth); waiter != NULL; waiter = first_in(auth)) {
        waiter_free(waiter);
    }
    memory_erase(auth, sizeof(*auth));
    free(auth);
}
