/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_PATH_H
#define SIDECAR_COMMAND_PATH_H

/* Paths as text, as Prometheus treats those in its config (Go's path/filepath): links are not
 * looked at, ".." takes the part before it away. Results live in the arena. */

#include "base/arena.h"

#include <stdbool.h>

/* Absolute, without ".", ".." and doubled slashes. folder: what a relative path starts from,
 * absolute. */
const char *path_absolute(struct arena *arena, const char *folder, const char *path);

/* The folder that holds an absolute path: "/out" of "/out/prometheus.yml", "/" of "/x" and of "/".
 */
const char *path_folder(struct arena *arena, const char *path);

/* The way from one folder to another, both as path_absolute gives them: "secrets",
 * "../var/secrets", ".". */
const char *path_relative(struct arena *arena, const char *from, const char *to);

/* Do both (as path_absolute gives them) lead to one file, through links or not, whether it exists
 * yet or not? */
bool path_same_file(const char *left, const char *right);

#endif
