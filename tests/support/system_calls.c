/* SPDX-License-Identifier: Apache-2.0 */

/* The wrappers are strong symbols that the linker finds before libc's; each hands on to the real
 * one. In C they have names of their own, so that neither the headers' declarations nor fortified
 * inline functions stand in the way. Fortified calls go to other symbols (__read_chk), wrapped as
 * well. */

#include "support/system_calls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 32

struct arranged {
    const char *call; /* NULL: any */
    unsigned nth;     /* 0: nothing is arranged */
    int error;
    bool lasting;
    void (*happens)(void *context);
    void *context;
};

struct count {
    const char *call;
    unsigned seen;
};

static _Thread_local struct {
    struct arranged arranged;
    struct count counts[NAMES_MAX];
    unsigned all;
    bool inside;
    bool of_program_only;
    void (*look)(const char *call, void *context);
    void *look_context;
    unsigned short_writes;
    int64_t clock_shift;
    int64_t frozen;
    int lease_error;
    long file_system;
    int exchange_error;
    int attribute_error;
} system_calls;

void system_calls_reset(void) {
    memset(&system_calls, 0, sizeof(system_calls));
}

void system_calls_watch(void) {
    memset(system_calls.counts, 0, sizeof(system_calls.counts));
    system_calls.all = 0;
}

static struct count *count_of(const char *call) {
    for (size_t i = 0; i < NAMES_MAX; i++) {
        struct count *count = &system_calls.counts[i];
        if (count->call == NULL) {
            count->call = call;
        }
        if (strcmp(count->call, call) == 0) {
            return count;
        }
    }
    fprintf(stderr, "system_calls: too many names\n");
    abort();
}

unsigned system_calls_seen(const char *call) {
    return call != NULL ? count_of(call)->seen : system_calls.all;
}

static void arrange(struct arranged arranged) {
    system_calls_watch();
    system_calls.arranged = arranged;
}

void system_calls_fail(const char *call, unsigned nth, int error) {
    arrange((struct arranged){.call = call, .nth = nth, .error = error});
}

void system_calls_fail_from(const char *call, unsigned nth, int error) {
    arrange((struct arranged){.call = call, .nth = nth, .error = error, .lasting = true});
}

void system_calls_before(const char *call, unsigned nth, void (*happens)(void *context),
                         void *context) {
    arrange((struct arranged){.call = call, .nth = nth, .happens = happens, .context = context});
}

void system_calls_before_each(const char *call, void (*happens)(void *context), void *context) {
    arrange((struct arranged){
        .call = call, .nth = 1, .lasting = true, .happens = happens, .context = context});
}

void system_calls_of_program_only(void) {
    system_calls.of_program_only = true;
}

void system_calls_observe(void (*look)(const char *call, void *context), void *context) {
    system_calls.look = look;
    system_calls.look_context = context;
}

void system_calls_pause(void) {
    system_calls.inside = true;
}

void system_calls_resume(void) {
    system_calls.inside = false;
}

void system_calls_short_writes(unsigned most) {
    system_calls.short_writes = most;
}

size_t system_calls_write_size(size_t wanted) {
    bool shorter = system_calls.short_writes > 0 && wanted > system_calls.short_writes;

    return shorter ? system_calls.short_writes : wanted;
}

void system_calls_shift_clock(int64_t seconds) {
    system_calls.clock_shift = seconds;
}

int64_t system_calls_clock_shift(void) {
    return system_calls.clock_shift;
}

void system_calls_freeze_times(int64_t seconds) {
    system_calls.frozen = seconds;
}

int64_t system_calls_frozen(void) {
    return system_calls.frozen;
}

void system_calls_refuse_leases(int error) {
    system_calls.lease_error = error;
}

int system_calls_lease_error(void) {
    return system_calls.lease_error;
}

void system_calls_pretend_file_system(long type) {
    system_calls.file_system = type;
}

long system_calls_file_system(void) {
    return system_calls.file_system;
}

void system_calls_refuse_exchanges(int error) {
    system_calls.exchange_error = error;
}

int system_calls_exchange_error(void) {
    return system_calls.exchange_error;
}

void system_calls_refuse_attributes(int error) {
    system_calls.attribute_error = error;
}

int system_calls_attribute_error(void) {
    return system_calls.attribute_error;
}

/* Set by the linker: where the program's own code begins and ends. */
extern const char __executable_start[];
extern const char etext[];

bool system_calls_must_fail_from(const char *call, const void *caller) {
    const char *from = caller;

    if (system_calls.of_program_only && (from < __executable_start || from >= etext)) {
        return false;
    }
    return system_calls_must_fail(call);
}

static void look(const char *call) {
    int before = errno;

    system_calls.inside = true;
    system_calls.look(call, system_calls.look_context);
    system_calls.inside = false;
    errno = before;
}

bool system_calls_must_fail(const char *call) {
    const struct arranged *arranged = &system_calls.arranged;

    if (system_calls.inside) {
        return false;
    }
    if (system_calls.look != NULL) {
        look(call);
    }
    system_calls.inside = true; /* counting must not count */
    unsigned of_name = ++count_of(call)->seen;
    system_calls.inside = false;
    unsigned of_all = ++system_calls.all;
    if (arranged->nth == 0 || (arranged->call != NULL && strcmp(arranged->call, call) != 0)) {
        return false;
    }
    unsigned number = arranged->call != NULL ? of_name : of_all;
    bool hit = arranged->lasting ? number >= arranged->nth : number == arranged->nth;
    if (hit && arranged->happens != NULL) {
        int before = errno;
        system_calls.inside = true;
        arranged->happens(arranged->context);
        system_calls.inside = false;
        errno = before;
    }
    if (hit && arranged->error != 0) {
        errno = arranged->error;
        return true;
    }
    return false;
}
