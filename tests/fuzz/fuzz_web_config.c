/* SPDX-License-Identifier: Apache-2.0 */

/* A web configuration of anybody's making: it is taken, or it is said why not; and what is taken
 * keeps the parser's promises. */

#include "web/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    HASH_LENGTH = 60
};

static void check(const struct web_config *config) {
    const struct web_tls_config *tls = &config->tls_server;

    if (config->tls &&
        (tls->materials[WEB_CERTIFICATE].field == NULL || tls->materials[WEB_KEY].field == NULL ||
         tls->min_version > tls->max_version))
        abort();
    for (size_t i = 0; i < config->user_count; i++) {
        if (strlen(config->users[i].hash) != HASH_LENGTH)
            abort();
    }
    if (config->user_count > 0 && strlen(config->decoy_hash) != HASH_LENGTH)
        abort();
    for (size_t i = 0; i < config->header_count; i++) {
        if (strpbrk(config->headers[i].value, "\r\n") != NULL)
            abort();
    }
    if (config->rate_limit.interval > 0 && config->rate_limit.burst < 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct web_config *config = NULL;
    struct bytes text = {.data = (const char *)data, .length = size};
    int result = web_config_parse(arena, text, "web.yml", &diagnostics, &config);

    if ((result == 0) != (diagnostics_count(&diagnostics, SEVERITY_ERROR) == 0))
        abort();
    if (result == 0)
        check(config);
    return 0;
}
