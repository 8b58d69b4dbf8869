/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SYSTEM_CALLS_H
#define TESTS_SUPPORT_SYSTEM_CALLS_H

/*
 * Stands between the program and libc's file functions: a test that includes
 * support/system_call_wrappers.h can count calls, make one of them fail, do something just before
 * one of them, and set the clock. What is arranged holds for the calling thread only.
 *
 * Wrapped: open openat read write close fstat fstatat stat lstat readlinkat realpath getcwd
 * fdopendir readdir fsync syncfs fchmod fchown renameat renameat2 linkat unlinkat mkdir
 * inotify_init1 inotify_add_watch; and clock_gettime, fcntl, fstatfs and fsetxattr,
 * which are not counted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Forgets everything that was arranged and counted. */
void system_calls_reset(void);

/* Starts counting. */
void system_calls_watch(void);
/* Calls of this name since then; NULL: of all. */
unsigned system_calls_seen(const char *call);

/* The nth call (from 1) of this name (NULL: of any) fails with this errno. Counting starts now.
 * EINTR and the like pass: the next call works. */
void system_calls_fail(const char *call, unsigned nth, int error);
/* As above, and every later one too, until system_calls_reset. */
void system_calls_fail_from(const char *call, unsigned nth, int error);

/* Just before the nth call of this name something happens (in it calls are not counted). Counting
 * starts now. */
void system_calls_before(const char *call, unsigned nth, void (*happens)(void *context),
                         void *context);

/* The same before every call of this name. */
void system_calls_before_each(const char *call, void (*happens)(void *context), void *context);

/* Counts, and fails, only calls that the program makes itself: not those that libuv and other
 * shared libraries make for their own ends (but inotify's, which only libraries call). */
void system_calls_of_program_only(void);

/* This is called before every call that is counted, until system_calls_reset (in it calls are not
 * counted). */
void system_calls_observe(void (*look)(const char *call, void *context), void *context);

/* What is called in between is neither counted nor failed: the test's own calls. */
void system_calls_pause(void);
void system_calls_resume(void);

/* A write() writes this many bytes at most; 0: as many as it wants. */
void system_calls_short_writes(unsigned most);

/* The wall clock goes so much ahead. */
void system_calls_shift_clock(int64_t seconds);

/* fstat and fstatat give these times for every file. */
void system_calls_freeze_times(int64_t seconds);

/* Every read lease is refused with this errno; 0: as the kernel decides. */
void system_calls_refuse_leases(int error);
/* Every descriptor is of a file system of this type (linux/magic.h); 0: of its own. */
void system_calls_pretend_file_system(long type);
/* Two names are never exchanged: renameat2() fails with this errno, after what was arranged to
 * happen before it; 0: as the kernel decides. */
void system_calls_refuse_exchanges(int error);

/* No extended attribute can be set, with this errno; 0: as the kernel decides. */
void system_calls_refuse_attributes(int error);

/* For the wrappers. True when this call has to fail; errno is set. */
bool system_calls_must_fail(const char *call);
/* The same; not of one that is made from here where that does not count. */
bool system_calls_must_fail_from(const char *call, const void *caller);
size_t system_calls_write_size(size_t wanted);
int64_t system_calls_clock_shift(void);
int64_t system_calls_frozen(void);
int system_calls_lease_error(void);
long system_calls_file_system(void);
int system_calls_exchange_error(void);
int system_calls_attribute_error(void);

#endif
