/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of Prometheus's programs, by their own word. */

#include "support/peer_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct version peer_version(const char *program) {
    char command[4096];
    char line[256] = "";
    struct version version = {0};
    const char *number;
    FILE *pipe;

    snprintf(command, sizeof(command), "'%s' --version 2>&1", program);
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c): the path is the caller's own */
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    while (fgetc(pipe) != EOF)
        ;
    pclose(pipe);
    number = strstr(line, "version ");
    assert_non_null(number);
    number += strlen("version ");
    assert_int_equal(version_parse((struct bytes){number, strcspn(number, " \n")}, &version), 0);
    return version;
}
