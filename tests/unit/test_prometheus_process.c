/* SPDX-License-Identifier: Apache-2.0 */

/* Which process a program's name means. */

#include "prometheus/process.h"

#include "support/fake_proc.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define PROC CLEANUP(tempdir_removep) char *

/* The pid; negative errno. */
static int found(const char *proc, const char *name) {
    struct found_process process = {0};
    int error = process_find(proc, name, &process);

    return error == 0 ? (int)process.pid : error;
}

static size_t others(const char *proc) {
    struct found_process process = {0};

    assert_int_equal(process_find(proc, "prometheus", &process), 0);
    return process.others;
}

/* --- what says the name --------------------------------------------------------------------- */

static void a_process_is_found_by_its_executable(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){
                               .pid = 7, .name = "other", .executable = "/usr/bin/prometheus"});

    assert_int_equal(found(proc, "prometheus"), 7);
    assert_int_equal(others(proc), 0);
}

static void an_executable_that_was_replaced_on_disk_is_still_the_one(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7,
                                                 .name = "other",
                                                 .executable = "/bin/prometheus (deleted)"});

    assert_int_equal(found(proc, "prometheus"), 7);
}

static void where_the_executable_is_not_shown_the_first_argument_tells(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(
        proc, (struct fake_process){.pid = 7, .name = "other", .argument = "/bin/prometheus"});

    assert_int_equal(found(proc, "prometheus"), 7);
}

static void or_the_name_of_the_process_which_is_cut(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .name = "prometheus-of-t"});

    assert_int_equal(found(proc, "prometheus-of-team-a"), 7);
    assert_int_equal(found(proc, "prometheus"), -ESRCH);
}

static void a_name_may_hold_anything(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .name = "a) R (b c"});

    assert_int_equal(found(proc, "a) R (b c"), 7);
    assert_int_equal(found(proc, "a"), -ESRCH);
}

static void another_program_is_not_meant(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7,
                                                 .name = "promtool",
                                                 .argument = "/bin/prometheus/promtool",
                                                 .executable = "/bin/prometheus/promtool"});
    fake_process_add(proc, (struct fake_process){.pid = 8, .name = "prometheus-op"});

    assert_int_equal(found(proc, "prometheus"), -ESRCH);
}

/* --- who is never meant --------------------------------------------------------------------- */

static void never_the_process_itself(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = getpid()});

    assert_int_equal(found(proc, "prometheus"), -ESRCH);
}

static void never_a_zombie(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .state = 'Z'});

    assert_int_equal(found(proc, "prometheus"), -ESRCH);
}

static void never_a_thread_of_the_kernel(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .flags = FAKE_KERNEL_THREAD});

    assert_int_equal(found(proc, "prometheus"), -ESRCH);
}

static void never_one_that_the_signal_would_end(void **state) {
    PROC proc = tempdir_new();
    struct found_process process = {0};
    fake_process_add(proc, (struct fake_process){.pid = 7, .mortal = true});

    assert_int_equal(process_find(proc, "prometheus", &process), -EOPNOTSUPP);
    assert_int_equal(process.pid, 7);
}

static void what_is_no_folder_of_a_process_is_passed_over(void **state) {
    PROC proc = tempdir_new();
    file_write(proc, "self/stat", "1 (prometheus) S");
    file_write(proc, "12/stat", "12 (prometheus) S 1");
    file_write(proc, "13/stat", "");
    file_write(proc, "14", "a file");
    folder_make(proc, "15");

    assert_int_equal(found(proc, "prometheus"), -ESRCH);
}

static void a_proc_that_is_not_there_is_an_error(void **state) {
    assert_int_equal(found("/nowhere/proc", "prometheus"), -ENOENT);
}

/* --- several -------------------------------------------------------------------------------- */

static void a_script_of_that_name_gives_way_to_the_program_that_it_started(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc,
                     (struct fake_process){
                         .pid = 7, .started = 1, .argument = "/bin/sh", .executable = "/bin/dash"});
    fake_process_add(
        proc, (struct fake_process){.pid = 8, .started = 2, .argument = "/usr/bin/prometheus"});

    assert_int_equal(found(proc, "prometheus"), 8);
    assert_int_equal(others(proc), 0);
}

static void one_that_takes_the_signal_goes_before_one_that_would_end(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc,
                     (struct fake_process){.pid = 7, .argument = "prometheus", .mortal = true});
    fake_process_add(proc, (struct fake_process){.pid = 8});

    assert_int_equal(found(proc, "prometheus"), 8);
}

static void of_several_alike_it_is_the_oldest_and_the_others_are_counted(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 30});
    fake_process_add(proc, (struct fake_process){.pid = 8, .started = 10});
    fake_process_add(proc, (struct fake_process){.pid = 9, .started = 20});
    fake_process_add(proc, (struct fake_process){.pid = 10, .started = 10});

    assert_int_equal(found(proc, "prometheus"), 8);
    assert_int_equal(others(proc), 3);
}

/* --- still the same ------------------------------------------------------------------------- */

static void a_pid_that_another_process_took_is_noticed(void **state) {
    PROC proc = tempdir_new();
    struct found_process process = {0};
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 1});
    assert_int_equal(process_find(proc, "prometheus", &process), 0);
    assert_true(process_is(proc, "prometheus", &process));

    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 2});
    assert_false(process_is(proc, "prometheus", &process));
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 1, .name = "other"});
    assert_false(process_is(proc, "prometheus", &process));
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 1, .state = 'Z'});
    assert_false(process_is(proc, "prometheus", &process));
    fake_process_remove(proc, 7);
    assert_false(process_is(proc, "prometheus", &process));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_found_by_its_executable),
        cmocka_unit_test(an_executable_that_was_replaced_on_disk_is_still_the_one),
        cmocka_unit_test(where_the_executable_is_not_shown_the_first_argument_tells),
        cmocka_unit_test(or_the_name_of_the_process_which_is_cut),
        cmocka_unit_test(a_name_may_hold_anything),
        cmocka_unit_test(another_program_is_not_meant),
        cmocka_unit_test(never_the_process_itself),
        cmocka_unit_test(never_a_zombie),
        cmocka_unit_test(never_a_thread_of_the_kernel),
        cmocka_unit_test(never_one_that_the_signal_would_end),
        cmocka_unit_test(what_is_no_folder_of_a_process_is_passed_over),
        cmocka_unit_test(a_proc_that_is_not_there_is_an_error),
        cmocka_unit_test(a_script_of_that_name_gives_way_to_the_program_that_it_started),
        cmocka_unit_test(one_that_takes_the_signal_goes_before_one_that_would_end),
        cmocka_unit_test(of_several_alike_it_is_the_oldest_and_the_others_are_counted),
        cmocka_unit_test(a_pid_that_another_process_took_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
