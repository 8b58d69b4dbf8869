/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LOG_LINES_H
#define TESTS_SUPPORT_LOG_LINES_H

/* Gathers what is logged, so that a test can ask for it. */

#include <stddef.h>

/* From here on every line, from debug upwards, is kept (and not shown). */
void log_lines_start(void);

/* Forgets the lines; the log goes to stderr again. */
void log_lines_stop(void);

/* How many lines hold all of these texts; b may be NULL. */
size_t log_lines_count(const char *a, const char *b);

/* Shows all lines on stderr: for a test that fails. */
void log_lines_show(void);

#endif
