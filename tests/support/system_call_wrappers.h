/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SYSTEM_CALL_WRAPPERS_H
#define TESTS_SUPPORT_SYSTEM_CALL_WRAPPERS_H

/*
 * The wrappers behind system_calls.h: definitions, to be included by the one file of a test program
 * that wants them. (In the library of test support they would come into every program that calls
 * open.)
 *
 * They are strong symbols that the linker finds before libc's; each hands on to the real one. Only
 * the assembler is told of those symbols: the system headers' declarations and fortified inline
 * functions would stand in the way. Fortified calls go to other symbols (__read_chk), wrapped as
 * well.
 */

#include "support/system_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* NOLINTBEGIN(misc-definitions-in-headers) */

/* Defines a function that the linker knows as symbol, too; the compiler does not. */
#define WRAPPER(type, name, symbol, ...)                        \
    __asm__(".globl " symbol "\n.set " symbol ", " #name "\n"); \
    type name(__VA_ARGS__);                                     \
    type name(__VA_ARGS__)

/* libc's function behind the wrapper. */
#define REAL(wrapper, symbol)                        \
    ({                                               \
        static __typeof__(&(wrapper)) real_;         \
        if (real_ == NULL) {                         \
            void *found_ = dlsym(RTLD_NEXT, symbol); \
            memcpy(&real_, &found_, sizeof(real_));  \
        }                                            \
        real_;                                       \
    })

#define MUST_FAIL(call) system_calls_must_fail_from((call), __builtin_return_address(0))

static mode_t wrapped_mode(int flags, va_list arguments) {
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

WRAPPER(int, wrapped_open, "open", const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = wrapped_mode(flags, arguments);
    va_end(arguments);
    return MUST_FAIL("open") ? -1 : REAL(wrapped_open, "open")(path, flags, mode);
}

WRAPPER(int, wrapped_openat, "openat", int folder, const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = wrapped_mode(flags, arguments);
    va_end(arguments);
    return MUST_FAIL("openat") ? -1 : REAL(wrapped_openat, "openat")(folder, path, flags, mode);
}

WRAPPER(int, wrapped_open_2, "__open_2", const char *path, int flags) {
    return wrapped_open(path, flags);
}

WRAPPER(int, wrapped_openat_2, "__openat_2", int folder, const char *path, int flags) {
    return wrapped_openat(folder, path, flags);
}

WRAPPER(ssize_t, wrapped_read, "read", int descriptor, void *data, size_t size) {
    return MUST_FAIL("read") ? -1 : REAL(wrapped_read, "read")(descriptor, data, size);
}

WRAPPER(ssize_t, wrapped_read_chk, "__read_chk", int descriptor, void *data, size_t size,
        size_t room) {
    return MUST_FAIL("read") ? -1
                             : REAL(wrapped_read_chk, "__read_chk")(descriptor, data, size, room);
}

WRAPPER(ssize_t, wrapped_write, "write", int descriptor, const void *data, size_t size) {
    size_t piece = system_calls_write_size(size);

    return MUST_FAIL("write") ? -1 : REAL(wrapped_write, "write")(descriptor, data, piece);
}

/* As Linux does: the descriptor is closed even where close fails. */
WRAPPER(int, wrapped_close, "close", int descriptor) {
    bool fails = MUST_FAIL("close");
    int error = errno;
    int result = REAL(wrapped_close, "close")(descriptor);

    if (fails) {
        errno = error;
        return -1;
    }
    return result;
}

static void wrapped_freeze(struct stat *status) {
    if (system_calls_frozen() != 0) {
        status->st_mtim = (struct timespec){.tv_sec = (time_t)system_calls_frozen()};
        status->st_ctim = status->st_mtim;
    }
}

WRAPPER(int, wrapped_fstat, "fstat", int descriptor, struct stat *status) {
    if (MUST_FAIL("fstat")) {
        return -1;
    }
    int result = REAL(wrapped_fstat, "fstat")(descriptor, status);
    wrapped_freeze(status);
    return result;
}

WRAPPER(int, wrapped_fstatat, "fstatat", int folder, const char *path, struct stat *status,
        int flags) {
    if (MUST_FAIL("fstatat")) {
        return -1;
    }
    int result = REAL(wrapped_fstatat, "fstatat")(folder, path, status, flags);
    wrapped_freeze(status);
    return result;
}

WRAPPER(int, wrapped_stat, "stat", const char *path, struct stat *status) {
    return MUST_FAIL("stat") ? -1 : REAL(wrapped_stat, "stat")(path, status);
}

WRAPPER(int, wrapped_lstat, "lstat", const char *path, struct stat *status) {
    return MUST_FAIL("lstat") ? -1 : REAL(wrapped_lstat, "lstat")(path, status);
}

WRAPPER(ssize_t, wrapped_readlinkat, "readlinkat", int folder, const char *path, char *target,
        size_t size) {
    return MUST_FAIL("readlinkat")
               ? -1
               : REAL(wrapped_readlinkat, "readlinkat")(folder, path, target, size);
}

WRAPPER(ssize_t, wrapped_readlinkat_chk, "__readlinkat_chk", int folder, const char *path,
        char *target, size_t size, size_t room) {
    return MUST_FAIL("readlinkat")
               ? -1
               : REAL(wrapped_readlinkat_chk, "__readlinkat_chk")(folder, path, target, size, room);
}

WRAPPER(char *, wrapped_realpath, "realpath", const char *path, char *resolved) {
    return MUST_FAIL("realpath") ? NULL : REAL(wrapped_realpath, "realpath")(path, resolved);
}

WRAPPER(char *, wrapped_realpath_chk, "__realpath_chk", const char *path, char *resolved,
        size_t room) {
    return MUST_FAIL("realpath")
               ? NULL
               : REAL(wrapped_realpath_chk, "__realpath_chk")(path, resolved, room);
}

WRAPPER(char *, wrapped_getcwd, "getcwd", char *path, size_t size) {
    return MUST_FAIL("getcwd") ? NULL : REAL(wrapped_getcwd, "getcwd")(path, size);
}

WRAPPER(char *, wrapped_getcwd_chk, "__getcwd_chk", char *path, size_t size, size_t room) {
    return MUST_FAIL("getcwd") ? NULL : REAL(wrapped_getcwd_chk, "__getcwd_chk")(path, size, room);
}

WRAPPER(DIR *, wrapped_fdopendir, "fdopendir", int descriptor) {
    return MUST_FAIL("fdopendir") ? NULL : REAL(wrapped_fdopendir, "fdopendir")(descriptor);
}

WRAPPER(struct dirent *, wrapped_readdir, "readdir", DIR *stream) {
    return MUST_FAIL("readdir") ? NULL : REAL(wrapped_readdir, "readdir")(stream);
}

WRAPPER(int, wrapped_fsync, "fsync", int descriptor) {
    return MUST_FAIL("fsync") ? -1 : REAL(wrapped_fsync, "fsync")(descriptor);
}

WRAPPER(int, wrapped_syncfs, "syncfs", int descriptor) {
    return MUST_FAIL("syncfs") ? -1 : REAL(wrapped_syncfs, "syncfs")(descriptor);
}

WRAPPER(int, wrapped_fchmod, "fchmod", int descriptor, mode_t mode) {
    return MUST_FAIL("fchmod") ? -1 : REAL(wrapped_fchmod, "fchmod")(descriptor, mode);
}

WRAPPER(int, wrapped_fchown, "fchown", int descriptor, uid_t user, gid_t group) {
    return MUST_FAIL("fchown") ? -1 : REAL(wrapped_fchown, "fchown")(descriptor, user, group);
}

WRAPPER(int, wrapped_renameat, "renameat", int from_folder, const char *from, int to_folder,
        const char *to) {
    return MUST_FAIL("renameat")
               ? -1
               : REAL(wrapped_renameat, "renameat")(from_folder, from, to_folder, to);
}

WRAPPER(int, wrapped_renameat2, "renameat2", int from_folder, const char *from, int to_folder,
        const char *to, unsigned flags) {
    if (MUST_FAIL("renameat2")) {
        return -1;
    }
    if ((flags & RENAME_EXCHANGE) != 0 && system_calls_exchange_error() != 0) {
        errno = system_calls_exchange_error();
        return -1;
    }
    return REAL(wrapped_renameat2, "renameat2")(from_folder, from, to_folder, to, flags);
}

WRAPPER(int, wrapped_linkat, "linkat", int folder, const char *path, int other_folder,
        const char *other, int flags) {
    return MUST_FAIL("linkat")
               ? -1
               : REAL(wrapped_linkat, "linkat")(folder, path, other_folder, other, flags);
}

WRAPPER(int, wrapped_unlinkat, "unlinkat", int folder, const char *path, int flags) {
    return MUST_FAIL("unlinkat") ? -1 : REAL(wrapped_unlinkat, "unlinkat")(folder, path, flags);
}

WRAPPER(int, wrapped_mkdir, "mkdir", const char *path, mode_t mode) {
    return MUST_FAIL("mkdir") ? -1 : REAL(wrapped_mkdir, "mkdir")(path, mode);
}

WRAPPER(int, wrapped_inotify_init1, "inotify_init1", int flags) {
    return system_calls_must_fail("inotify_init1")
               ? -1
               : REAL(wrapped_inotify_init1, "inotify_init1")(flags);
}

WRAPPER(int, wrapped_inotify_add_watch, "inotify_add_watch", int descriptor, const char *path,
        uint32_t mask) {
    return system_calls_must_fail("inotify_add_watch")
               ? -1
               : REAL(wrapped_inotify_add_watch, "inotify_add_watch")(descriptor, path, mask);
}

WRAPPER(int, wrapped_fcntl, "fcntl", int descriptor, int command, ...) {
    va_list arguments;

    /* Every command has one argument or none, an integer or a pointer. */
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command == F_SETLEASE && (intptr_t)argument == F_RDLCK && system_calls_lease_error() != 0) {
        errno = system_calls_lease_error();
        return -1;
    }
    return REAL(wrapped_fcntl, "fcntl")(descriptor, command, argument);
}

WRAPPER(int, wrapped_fcntl64, "fcntl64", int descriptor, int command, ...) {
    va_list arguments;

    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return wrapped_fcntl(descriptor, command, argument);
}

WRAPPER(int, wrapped_fstatfs, "fstatfs", int descriptor, struct statfs *status) {
    int result = REAL(wrapped_fstatfs, "fstatfs")(descriptor, status);

    if (result == 0 && system_calls_file_system() != 0) {
        status->f_type = (__typeof__(status->f_type))system_calls_file_system();
    }
    return result;
}

WRAPPER(int, wrapped_fsetxattr, "fsetxattr", int descriptor, const char *name, const void *value,
        size_t size, int flags) {
    if (system_calls_attribute_error() != 0) {
        errno = system_calls_attribute_error();
        return -1;
    }
    return REAL(wrapped_fsetxattr, "fsetxattr")(descriptor, name, value, size, flags);
}

WRAPPER(int, wrapped_clock_gettime, "clock_gettime", clockid_t clock, struct timespec *now) {
    int result = REAL(wrapped_clock_gettime, "clock_gettime")(clock, now);

    if (clock == CLOCK_REALTIME) {
        now->tv_sec += (time_t)system_calls_clock_shift();
    }
    return result;
}

/* NOLINTEND(misc-definitions-in-headers) */

#endif
