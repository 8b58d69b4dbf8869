/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_VALUE_H
#define SIDECAR_OPTIONS_VALUE_H

/* From an option's text to its field in struct settings, checked. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"
#include "options/options.h"
#include "options/settings.h"

/* Sets a scalar, or appends to a list, and notes the origin. 0; -EINVAL with an error that names
 * the flag (or file, line and key), the value and what is expected. */
int value_set(struct settings *settings, const struct option *option, const struct origin *origin,
              struct bytes text, struct diagnostics *diagnostics);

/* Whether this URL carries a user name. NULL carries none. */
bool url_has_user(const char *text);

/* Empties a list, before a stronger origin fills it. Scalars stay. */
void value_clear_list(struct settings *settings, const struct option *option);

/* An error about an option, placed and named by its origin. */
void value_fault(struct diagnostics *diagnostics, const struct option *option,
                 const struct origin *origin, const char *remedy, const char *format, ...)
    PRINTF_LIKE(5, 6);

#endif
