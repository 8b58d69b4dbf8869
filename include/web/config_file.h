/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_CONFIG_FILE_H
#define SIDECAR_WEB_CONFIG_FILE_H

/* --web-config-file as it stands now: it and the files that it names are looked at again whenever
 * somebody comes, and nobody else is woken for it. The last good version stays. */

#include "base/compiler.h"
#include "base/diagnostic.h"
#include "base/incident.h"
#include "web/config.h"
#include "web/tls.h"

#include <stdbool.h>

/* One good version. Immutable, shared by the connections that began with it. */
struct web_version {
    unsigned references;
    struct arena *arena;
    const struct web_config *config;
    struct tls *tls; /* NULL: the server speaks no TLS */
};

struct web_version *web_version_reference(struct web_version *version);
/* NULL is fine. */
void web_version_release(struct web_version *version);

struct web_config_file;

/* Reads it and all that it names. 0 and *ret (web_config_file_free); -EINVAL with an error in
 * diagnostics for each fault. */
int web_config_file_new(const char *path, struct diagnostics *diagnostics,
                        struct web_config_file **ret) MUST_USE;
/* NULL is fine. */
void web_config_file_free(struct web_config_file *file);

/* Takes a new version where there is one; what is wrong with it is said in the log, once. Whether
 * the server speaks TLS stays as it began. every_byte: does not trust the files' times. */
void web_config_file_refresh(struct web_config_file *file, bool every_byte);

/* The last good version, as long as file is not refreshed. */
struct web_version *web_config_file_current(const struct web_config_file *file);

/* Why the present version cannot be taken; quiet where it is taken. */
const struct incident *web_config_file_incident(const struct web_config_file *file);

/* What it reads: index counts from 0. NULL: no more. */
const char *web_config_file_path(const struct web_config_file *file, size_t index);

#endif
