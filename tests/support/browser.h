/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_BROWSER_H
#define TESTS_SUPPORT_BROWSER_H

/*
 * A real browser without a screen ($CHROMIUM; Debian's chromium where that is not set), driven by
 * its DevTools protocol over a socket. It keeps a record of whatever it has to complain about:
 * messages of the console that are errors or warnings, violations of a policy, exceptions, dialogs,
 * requests for anything but the page itself.
 */

#include "base/bytes.h"
#include "base/compiler.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct browser;

/* How a page is looked at. */
struct browser_look {
    unsigned width; /* pixels; below 600 it is a phone */
    unsigned height;
    bool dark; /* what prefers-color-scheme says */
};

/* Its profile and its log go into the folder. NULL, and why on stderr, where it does not start. */
struct browser *browser_new(const char *folder) MUST_USE;
/* Kills it. NULL is fine. */
void browser_free(struct browser *browser);

/* Opens a page and waits until it is loaded and drawn; what was complained about before is
 * forgotten. */
bool browser_open(struct browser *browser, const char *url, struct browser_look look) MUST_USE;

/* The value of an expression of JavaScript in the page, waited for where it is a promise. The
 * caller's; NULL where it throws, or no answer comes. */
json_t *browser_evaluate(struct browser *browser, const char *expression) MUST_USE;

/* A line for each complaint since the page was opened; "" where there is none. */
const char *browser_complaints(struct browser *browser);

/* Writes what is to be seen as PNG. */
bool browser_screenshot(struct browser *browser, const char *path) MUST_USE;

#endif
