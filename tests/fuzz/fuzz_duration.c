/* SPDX-License-Identifier: Apache-2.0 */

/* Any text: a duration that can be read comes back the same from its own spelling. */

#include "base/duration.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int64_t untouched = -1;
    struct bytes text = {(const char *)data, size};
    int64_t milliseconds = untouched;
    int64_t go = untouched;

    int g = go_duration_parse(text, &go);
    require(g == 0 ? go >= 0 : go == untouched, "Go's is not negative, or leaves the result alone");
    require(g == 0 || g == -EINVAL || g == -ERANGE, "an error of Go's is one of two");

    int r = duration_parse(text, &milliseconds);
    if (r < 0) {
        require(r == -EINVAL || r == -ERANGE, "an error is one of two");
        require(milliseconds == untouched, "an error leaves the result alone");
        return 0;
    }
    require(r == 0 && milliseconds >= 0, "a duration is not negative");

    CLEANUP(buffer_free) struct buffer spelling = {0};
    int64_t again = untouched;
    duration_format(milliseconds, &spelling);
    require(duration_parse(buffer_bytes(&spelling), &again) == 0, "a spelling is a duration");
    require(again == milliseconds, "a spelling means the same");
    return 0;
}
