/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_WEB_HOUSE_H
#define TESTS_SUPPORT_WEB_HOUSE_H

/* The web server on a loop of its own, and visitors on the same loop, byte by byte. */

#include "base/bytes.h"
#include "web/server.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct house {
    uv_loop_t loop;
    struct web_server *server;
    uint16_t port;
    unsigned reloads; /* that were asked for */
    char *folder;     /* web.yml; NULL: it has none */
    struct web_config_file *config_file;
};

/* For cmocka: a house that is not open yet; and everything closed. */
int house_setup(void **state);
int house_teardown(void **state);

/* Writes FOLDER/web.yml by rename: before it opens, for the server; and afterwards. */
void house_config(struct house *house, const char *text);

/* Shows view_example (web_fixture.h). */
void house_opens(struct house *house, const char *address, struct web_limits limits);
void house_opens_with(struct house *house, const char *address, struct web_limits limits,
                      const struct web_hooks *hooks);

struct visitor {
    int socket;
    bool closed; /* by the other side */
    struct buffer heard;
};

/* Over IPv4. */
struct visitor visit(const struct house *house);
void say(const struct visitor *visitor, const char *text);
/* Also as CLEANUP(leave). */
void leave(struct visitor *visitor);

/* For loop_until, with a visitor. */
bool is_closed(void *visitor);
bool has_heard(void *visitor);

/* One request on a connection of its own, until it is closed; what was heard. */
const char *ask(struct house *house, struct visitor *visitor, const char *request);

#define REQUEST(method, path) method " " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

#endif
