/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_CONFIG_H
#define SIDECAR_WEB_CONFIG_H

/* Prometheus's web configuration file: what it says, and what is wrong with it. Pure: no file that
 * it names is looked at here. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "web/tls_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PEM, out of another file or written in place. */
struct web_material {
    const char *field; /* "tls_server_config.cert_file", for messages; NULL: it is not given */
    struct location location;
    const char *path;  /* the file, with the web config's folder before a relative one; or NULL: */
    struct bytes text; /* what is written in place */
};

enum web_material_use {
    WEB_CERTIFICATE,
    WEB_KEY,
    WEB_CLIENT_CA,
};
#define WEB_MATERIALS 3

/* Go's names, as the file has them. */
enum web_client_auth {
    WEB_NO_CLIENT_CERT,
    WEB_REQUEST_CLIENT_CERT,
    WEB_REQUIRE_ANY_CLIENT_CERT,
    WEB_VERIFY_CLIENT_CERT_IF_GIVEN,
    WEB_REQUIRE_AND_VERIFY_CLIENT_CERT,
};

struct web_tls_config {
    struct web_material materials[WEB_MATERIALS]; /* by enum web_material_use */
    unsigned client_auth;                         /* enum web_client_auth */
    const char **allowed_sans;                    /* of a client's certificate; none: any */
    size_t allowed_san_count;
    unsigned min_version; /* positions in tls_versions */
    unsigned max_version;
    const struct tls_suite **suites; /* up to TLS 1.2, in order; none: the usual ones */
    size_t suite_count;
    struct location suites_location;
    bool prefer_server_suites;
    const struct tls_curve **curves; /* in order; none: the usual ones */
    size_t curve_count;
};

/* A header of every answer, in the place of ours of this name. */
struct web_header {
    const char *name;
    const char *value; /* "": the header is left out */
};

struct web_user {
    const char *name;
    const char *hash; /* bcrypt */
};

/* One request each interval, and burst at once. */
struct web_rate_limit {
    int64_t interval; /* milliseconds; 0: no limit */
    int64_t burst;
};

/* All of it lives in the arena that it was parsed into. */
struct web_config {
    bool tls; /* the server speaks TLS */
    struct web_tls_config tls_server;
    struct web_header *headers;
    size_t header_count;
    struct web_user *users; /* none: no authentication */
    size_t user_count;
    const char *decoy_hash; /* as dear as the dearest of users; no password has it */
    struct web_rate_limit rate_limit;
};

/* file: the path of the text, for messages and relative paths. 0 and *ret; -EINVAL with an error in
 * diagnostics for each fault. A hash or a key is in none of them. */
int web_config_parse(struct arena *arena, struct bytes text, const char *file,
                     struct diagnostics *diagnostics, struct web_config **ret);

#endif
