/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_WEB_SIDECAR_H
#define TESTS_SUPPORT_WEB_SIDECAR_H

/* The built sidecar ($SIDECAR) in its sandbox, with a web config and no Prometheus. */

#include "support/certificates.h"
#include "support/http_request.h"
#include "support/process.h"

#include <stdbool.h>
#include <stddef.h>

struct web_sidecar {
    char *folder; /* web.yml, and the certificates that it names */
    char *world;  /* the base config and the output */
    char *log;
    struct process *process;
    char url[128]; /* "https://127.0.0.1:PORT" + path, of the last question */
};

/* For cmocka: nothing is started. It has an authority `ca`, another one `other`, and a certificate
 * `server` for 127.0.0.1, ::1 and localhost. Where there is no openssl program, the state is NULL.
 */
int web_sidecar_setup(void **state);
/* Fails where it does not end with 0 at SIGTERM. */
int web_sidecar_teardown(void **state);

/* web.yml, by rename. */
void web_sidecar_config(struct web_sidecar *sidecar, const char *text);

/* Runs it on a free port of this address ("127.0.0.1", "[::1]", ""), until it listens. */
void web_sidecar_start(struct web_sidecar *sidecar, const char *address);

/* Runs it where it does not come up: its exit status. */
int web_sidecar_fails(struct web_sidecar *sidecar);

/* How many lines of its log hold this text. */
size_t web_sidecar_logged(const struct web_sidecar *sidecar, const char *text);

/* question: without a URL. start: "https://127.0.0.1". */
struct http_reply web_sidecar_ask(struct web_sidecar *sidecar, const char *start, const char *path,
                                  struct http_question question) MUST_USE;

#endif
