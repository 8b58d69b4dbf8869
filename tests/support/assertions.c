/* SPDX-License-Identifier: Apache-2.0 */

#include "support/assertions.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

bool is_between(uintmax_t value, uintmax_t least, uintmax_t most) {
    if (value >= least && value <= most)
        return true;
    print_error("%" PRIuMAX " is not between %" PRIuMAX " and %" PRIuMAX "\n", value, least, most);
    return false;
}

void skip_because(const char *format, ...) {
    va_list arguments;

    (void)fputs("skipped: ", stdout);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
    skip();
    abort(); /* skip() has jumped away */
}

void skip_unless_root(const char *what) {
    if (geteuid() != 0)
        skip_because("%s needs root", what);
}

const char *promtool_or_skip(void) {
    const char *promtool = getenv("PROMTOOL");

    if (promtool == NULL || access(promtool, X_OK) != 0)
        skip_because("PROMTOOL names no program that runs (make prometheus)");
    return promtool;
}
