/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_URL_H
#define SIDECAR_SPEC_URL_H

/* URLs as they may stand in a RemoteWrite: absolute, with a host, free of what readers of URLs
 * disagree on. Stricter than Go's net/url, so that what passes here means the same to Prometheus,
 * to a proxy and to --allowed-url. */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>

/* Parts are views of the text; userinfo, port, path, query and fragment may be empty. */
struct url {
    struct bytes scheme;
    struct bytes userinfo; /* without '@' */
    bool has_userinfo;
    struct bytes host; /* IPv6 in its brackets */
    struct bytes port;
    struct bytes path; /* with its leading '/' */
    struct bytes query;
    struct bytes fragment;
};

/* NULL and the parts in *ret, or why it is none, for a message ("has no host"): a static string.
 * schemes: what is allowed, ending in NULL ({"http", "https", NULL}). */
const char *url_parse(struct bytes text, const char *const *schemes, struct url *ret);

extern const char *const url_http_schemes[];
extern const char *const url_proxy_schemes[];

/* The text with a userinfo, and all behind a '?' or '#', replaced by "xxxxx": what may be shown
 * (some services take their key in the query). */
const char *url_masked(struct arena *arena, struct bytes text);

/*
 * Whether a shell pattern over scheme://host[:port]/path takes the URL. The part before the path
 * and the path are matched apart, so that '*' in a host never runs into the path; letter case of
 * scheme and host does not count; a default port is the same as none; userinfo, query and fragment
 * are not looked at. A pattern without a path takes every path. A URL whose path has "." or ".."
 * segments (also percent-encoded) matches nothing.
 */
bool url_matches(const struct url *url, const char *pattern);

/* NULL, or why the pattern of --allowed-url is none. */
const char *url_pattern_check(const char *pattern);

#endif
