/* SPDX-License-Identifier: Apache-2.0 */

#include "support/deadline.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PAUSE_MILLISECONDS = 4,
    LOADAVG_SIZE = 128 /* bytes; a line of /proc/loadavg has some 40 */
};

unsigned deadline_slowness(const char *loadavg, unsigned processors) {
    /* "0.20 0.18 0.12 3/80 11206": 3 tasks are runnable now, the reader among them. */
    const char *slash = strchr(loadavg, '/');
    const char *number = slash;

    while (number != NULL && number > loadavg && number[-1] != ' ') {
        number--;
    }
    const unsigned long runnable = number != NULL ? strtoul(number, NULL, 10) : 0;
    if (processors == 0 || runnable <= processors) {
        return 1;
    }
    if (runnable / DEADLINE_MOST_SLOWNESS >= processors) {
        return DEADLINE_MOST_SLOWNESS;
    }
    return (unsigned)((runnable + processors - 1) / processors);
}

bool deadline_advance(struct deadline *deadline, int64_t now, unsigned slowness) {
    deadline->left -= (now - deadline->looked_at) / slowness;
    deadline->looked_at = now;
    return deadline->left > 0;
}

/* Those that this process may run on: taskset and cpusets count. */
static unsigned processor_count(void) {
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) < 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        return online > 0 ? (unsigned)online : 1;
    }
    return (unsigned)CPU_COUNT(&set);
}

/* By syscall(2): the wrappers of tests that count the program's calls, or let one of them fail
 * (support/system_calls.h), do not see these. */
static unsigned slowness_now(void) {
    char line[LOADAVG_SIZE] = "";
    long descriptor = syscall(SYS_openat, AT_FDCWD, "/proc/loadavg", O_RDONLY | O_CLOEXEC);

    /* A test that has no descriptor to spare waits by the clock. */
    if (descriptor < 0) {
        return 1;
    }
    long length = syscall(SYS_read, descriptor, line, sizeof(line) - 1);
    syscall(SYS_close, descriptor);
    return length > 0 ? deadline_slowness(line, processor_count()) : 1;
}

struct deadline deadline_in(unsigned milliseconds) {
    return (struct deadline){.left = (int64_t)milliseconds * 1000000,
                             .looked_at = clock_monotonic_nanoseconds()};
}

bool deadline_wait(struct deadline *deadline) {
    if (!deadline_advance(deadline, clock_monotonic_nanoseconds(), slowness_now())) {
        return false;
    }
    poll(NULL, 0, PAUSE_MILLISECONDS);
    return true;
}
