/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_CONFIG_FILE_H
#define SIDECAR_OPTIONS_CONFIG_FILE_H

/* sidecar.cfg: the options' second home, in libconfig's syntax. */

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "options/settings.h"

/* Reads the file at path and sets what it says. 0; -EINVAL with errors that name file, line and
 * key: a file that is no regular one, or cannot be read or parsed, an unknown key or group (with
 * the nearest known one), a value of the wrong type. */
int config_file_read(const char *path, struct settings *settings, struct diagnostics *diagnostics);

/* The same for text that is already in memory; path only names it. */
int config_text_read(const char *path, struct bytes text, struct settings *settings,
                     struct diagnostics *diagnostics);

/* Appends what the file at path holds to out. 0; -EFBIG above 1 MiB; -EINVAL when it is no regular
 * file; another negative errno. */
int config_file_load(const char *path, struct buffer *out);

#endif
