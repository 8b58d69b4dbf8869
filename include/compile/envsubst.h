/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_ENVSUBST_H
#define SIDECAR_COMPILE_ENVSUBST_H

/* $(NAME) in the base config, replaced from the environment, as prometheus-config-reloader does. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"
#include "compile/compile.h"

#include <stddef.h>

/* The text with every $(NAME) ([a-zA-Z0-9_]+) replaced; the same view when there is none. An unset
 * one is left and warned about, once a name. The environment is sorted by name. *ret_errors: how
 * many were unset. */
struct bytes environment_substitute(struct arena *arena, struct bytes text,
                                    const struct environment_variable *environment, size_t count,
                                    const char *file, struct diagnostics *diagnostics,
                                    size_t *ret_errors);

#endif
