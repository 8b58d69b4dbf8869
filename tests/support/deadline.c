/* SPDX-License-Identifier: Apache-2.0 */

#include "support/deadline.h"

#include "base/clock.h"

#include <poll.h>
#include <stddef.h>

enum {
    PAUSE_MILLISECONDS = 4
};

struct deadline deadline_in(unsigned milliseconds) {
    return (struct deadline){clock_monotonic_nanoseconds() + (int64_t)milliseconds * 1000000};
}

bool deadline_wait(const struct deadline *deadline) {
    if (clock_monotonic_nanoseconds() >= deadline->at) {
        return false;
    }
    poll(NULL, 0, PAUSE_MILLISECONDS);
    return true;
}
