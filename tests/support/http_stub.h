/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HTTP_STUB_H
#define TESTS_SUPPORT_HTTP_STUB_H

/* Stands in for Prometheus's HTTP server, on a thread of its own: answers as a test's script says,
 * misbehaves where it says so, and remembers what it was asked. All functions may be called from
 * the test's thread. */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

enum stub_mode {
    STUB_ANSWER,   /* status and body */
    STUB_HANG,     /* no answer until http_stub_release or until the client goes */
    STUB_RESET,    /* reads the request, then resets the connection */
    STUB_CLOSE,    /* reads the request, then closes without a byte */
    STUB_TRUNCATE, /* announces more than it sends, then closes */
    STUB_STALL,    /* announces more than it sends, then neither sends nor closes */
    STUB_ENDLESS,  /* status 200 and a body that does not end: the given one again and again */
    STUB_HEADERS,  /* a header that does not end */
    STUB_GARBAGE,  /* bytes that are no HTTP */
};

struct stub_answer {
    enum stub_mode mode;
    int status;       /* 0: 200 */
    const char *body; /* NULL: none */
};

struct http_stub;

/* Bound to a free port of 127.0.0.1, not yet listening: connections are refused. */
struct http_stub *http_stub_new(void) MUST_USE;
void http_stub_free(struct http_stub *stub);
void http_stub_freep(struct http_stub **stub);

void http_stub_listen(struct http_stub *stub);
/* Refuses again, on the same port; open connections are closed. */
void http_stub_refuse(struct http_stub *stub);

/* "http://127.0.0.1:PORT" + path; valid as long as the stub. */
const char *http_stub_url(struct http_stub *stub, const char *path);

/* What the next requests for path get, in this order; the last answer is for all that follow. A
 * path without a script gets 404. */
void http_stub_script(struct http_stub *stub, const char *path, const struct stub_answer *answers,
                      size_t count);

/* The same, but each answer comes from a function, which is called on the stub's thread. The body
 * has to live until the next call. */
typedef struct stub_answer (*stub_judge)(void *context);
void http_stub_judge(struct http_stub *stub, const char *path, stub_judge judge, void *context);

/* Answers what hangs, and what will: 200, no body. */
void http_stub_release(struct http_stub *stub);

/* Requests for path that came in whole; NULL: all. */
size_t http_stub_count(struct http_stub *stub, const char *path);

/* Most requests for path that ran at the same time. */
size_t http_stub_most_at_once(struct http_stub *stub, const char *path);

/* Request line and header of the request with this index (over all paths), as a string that lives
 * as long as the stub; NULL when there is none. */
const char *http_stub_request(struct http_stub *stub, size_t index);

#endif
