/* SPDX-License-Identifier: Apache-2.0 */

/* The wrappers are strong symbols that the linker finds before libc's; each hands on to the real
 * one. Fortified calls go to names of their own (__read_chk), which are wrapped as well. */

/* Its inline functions would stand in the way of the definitions below. */
#undef _FORTIFY_SOURCE

#include "support/system_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
    unsigned short_writes;
    int64_t clock_shift;
    int64_t frozen;
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

void system_calls_short_writes(unsigned most) {
    system_calls.short_writes = most;
}

void system_calls_shift_clock(int64_t seconds) {
    system_calls.clock_shift = seconds;
}

void system_calls_freeze_times(int64_t seconds) {
    system_calls.frozen = seconds;
}

/* True when this call has to fail; errno is set. */
static bool must_fail(const char *call) {
    const struct arranged *arranged = &system_calls.arranged;

    if (system_calls.inside) {
        return false;
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

/* libc's function behind the wrapper. */
#define REAL(name)                                   \
    ({                                               \
        static __typeof__(&(name)) real_;            \
        if (real_ == NULL) {                         \
            void *symbol_ = dlsym(RTLD_NEXT, #name); \
            memcpy(&real_, &symbol_, sizeof(real_)); \
        }                                            \
        real_;                                       \
    })

static mode_t mode_of(int flags, va_list arguments) {
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return must_fail("open") ? -1 : REAL(open)(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return must_fail("openat") ? -1 : REAL(openat)(folder, path, flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open(path, flags);
}

int __openat_2(int folder, const char *path, int flags);
int __openat_2(int folder, const char *path, int flags) {
    return openat(folder, path, flags);
}

ssize_t read(int descriptor, void *data, size_t size) {
    return must_fail("read") ? -1 : REAL(read)(descriptor, data, size);
}

ssize_t __read_chk(int descriptor, void *data, size_t size, size_t room);
ssize_t __read_chk(int descriptor, void *data, size_t size, size_t room) {
    return must_fail("read") ? -1 : REAL(__read_chk)(descriptor, data, size, room);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    if (system_calls.short_writes > 0 && size > system_calls.short_writes) {
        size = system_calls.short_writes;
    }
    return must_fail("write") ? -1 : REAL(write)(descriptor, data, size);
}

/* As Linux does: the descriptor is closed even where close fails. */
int close(int descriptor) {
    bool fails = must_fail("close");
    int error = errno;
    int result = REAL(close)(descriptor);

    if (fails) {
        errno = error;
        return -1;
    }
    return result;
}

static void freeze(struct stat *status) {
    if (system_calls.frozen != 0) {
        status->st_mtim = (struct timespec){.tv_sec = (time_t)system_calls.frozen};
        status->st_ctim = status->st_mtim;
    }
}

int fstat(int descriptor, struct stat *status) {
    if (must_fail("fstat")) {
        return -1;
    }
    int result = REAL(fstat)(descriptor, status);
    freeze(status);
    return result;
}

int fstatat(int folder, const char *path, struct stat *status, int flags) {
    if (must_fail("fstatat")) {
        return -1;
    }
    int result = REAL(fstatat)(folder, path, status, flags);
    freeze(status);
    return result;
}

int stat(const char *path, struct stat *status) {
    return must_fail("stat") ? -1 : REAL(stat)(path, status);
}

int lstat(const char *path, struct stat *status) {
    return must_fail("lstat") ? -1 : REAL(lstat)(path, status);
}

ssize_t readlinkat(int folder, const char *path, char *target, size_t size) {
    return must_fail("readlinkat") ? -1 : REAL(readlinkat)(folder, path, target, size);
}

ssize_t __readlinkat_chk(int folder, const char *path, char *target, size_t size, size_t room);
ssize_t __readlinkat_chk(int folder, const char *path, char *target, size_t size, size_t room) {
    return must_fail("readlinkat") ? -1 : REAL(__readlinkat_chk)(folder, path, target, size, room);
}

char *realpath(const char *path, char *resolved) {
    return must_fail("realpath") ? NULL : REAL(realpath)(path, resolved);
}

char *__realpath_chk(const char *path, char *resolved, size_t room);
char *__realpath_chk(const char *path, char *resolved, size_t room) {
    return must_fail("realpath") ? NULL : REAL(__realpath_chk)(path, resolved, room);
}

char *getcwd(char *path, size_t size) {
    return must_fail("getcwd") ? NULL : REAL(getcwd)(path, size);
}

char *__getcwd_chk(char *path, size_t size, size_t room);
char *__getcwd_chk(char *path, size_t size, size_t room) {
    return must_fail("getcwd") ? NULL : REAL(__getcwd_chk)(path, size, room);
}

DIR *fdopendir(int descriptor) {
    return must_fail("fdopendir") ? NULL : REAL(fdopendir)(descriptor);
}

struct dirent *readdir(DIR *stream) {
    return must_fail("readdir") ? NULL : REAL(readdir)(stream);
}

int fsync(int descriptor) {
    return must_fail("fsync") ? -1 : REAL(fsync)(descriptor);
}

int fchmod(int descriptor, mode_t mode) {
    return must_fail("fchmod") ? -1 : REAL(fchmod)(descriptor, mode);
}

int fchown(int descriptor, uid_t user, gid_t group) {
    return must_fail("fchown") ? -1 : REAL(fchown)(descriptor, user, group);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return must_fail("renameat") ? -1 : REAL(renameat)(from_folder, from, to_folder, to);
}

int unlinkat(int folder, const char *path, int flags) {
    return must_fail("unlinkat") ? -1 : REAL(unlinkat)(folder, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    return must_fail("mkdir") ? -1 : REAL(mkdir)(path, mode);
}

ssize_t getrandom(void *data, size_t size, unsigned flags) {
    return REAL(getrandom)(data, size, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = REAL(clock_gettime)(clock, now);

    if (clock == CLOCK_REALTIME) {
        now->tv_sec += (time_t)system_calls.clock_shift;
    }
    return result;
}
