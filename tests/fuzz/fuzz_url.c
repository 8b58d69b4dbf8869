/* SPDX-License-Identifier: Apache-2.0 */

/* URLs: the parts are all of the text and nothing else, a masked one shows no userinfo, and what
 * the allow-list takes is of the host that it names. The input is a pattern and a URL with a line
 * break between them. */

#include "base/arena.h"
#include "spec/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_parts(struct bytes text, const struct url *url) {
    CLEANUP(buffer_free) struct buffer whole = {0};

    buffer_printf(&whole, "%.*s://", BYTES_ARG(url->scheme));
    if (url->has_userinfo)
        buffer_printf(&whole, "%.*s@", BYTES_ARG(url->userinfo));
    buffer_append(&whole, url->host);
    if (url->port.length > 0)
        buffer_printf(&whole, ":%.*s", BYTES_ARG(url->port));
    buffer_append(&whole, url->path);
    /* an empty query or fragment may have its mark or not */
    if (!bytes_starts_with(text, buffer_bytes(&whole)))
        abort();
    if (url->host.length == 0 || bytes_find(url->host, BYTES("@"), 0) != SIZE_MAX ||
        bytes_find(url->host, BYTES("/"), 0) != SIZE_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct bytes input = {.data = (const char *)data, .length = size};
    size_t cut = bytes_find(input, BYTES("\n"), 0);
    struct bytes text = cut == SIZE_MAX ? input : bytes_slice(input, cut + 1, size);
    const char *pattern = arena_string(arena, bytes_slice(input, 0, cut == SIZE_MAX ? 0 : cut));
    const char *masked;
    struct url url;

    if (!bytes_is_text(text) || url_parse(text, url_proxy_schemes, &url) != NULL)
        return 0;
    check_parts(text, &url);
    masked = url_masked(arena, text);
    if (url.userinfo.length > 0 &&
        (strchr(masked, '@') == NULL || strstr(masked, "://xxxxx@") == NULL))
        abort();
    if (url_pattern_check(pattern) == NULL)
        (void)url_matches(&url, pattern);
    if (url_matches(&url, "https://allowed.example.com/*") &&
        (url.host.length != strlen("allowed.example.com") ||
         !bytes_equal_string(url.scheme, "https")))
        abort();
    return 0;
}
