/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_HELP_H
#define SIDECAR_OPTIONS_HELP_H

/* The options' part of --help. */

#include "base/bytes.h"

#define OPTION_GROUPS_ALL (~0U)

/* The options of these groups (a set of 1u << enum option_group), grouped by subject, each with its
 * default and its key in sidecar.cfg. */
void options_help(struct buffer *out, unsigned groups);

/* Text at an indentation, broken at blanks so that no line is wider than 80 columns where that can
 * be. */
void help_wrap(struct buffer *out, const char *text, size_t indent);

#endif
