/* SPDX-License-Identifier: Apache-2.0 */

/* Which process a program's name means. */

#include "prometheus/process.h"

#include "prometheus/listener.h"
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
    int error = process_find(proc, name, NULL, &process);

    return error == 0 ? (int)process.pid : error;
}

static size_t others(const char *proc) {
    struct found_process process = {0};

    assert_int_equal(process_find(proc, "prometheus", NULL, &process), 0);
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

    assert_int_equal(process_find(proc, "prometheus", NULL, &process), -EOPNOTSUPP);
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

/* --- several, and more is known ------------------------------------------------------------- */

/* Ports 9091 (0x2383) and 9092, and a connection of port 9091. */
static const char tcp_of_4711[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
    "4710 1 0000000000000000 100 0 0 10 0\n"
    "   1: 0100007F:2383 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
    "4711 1 0000000000000000 100 0 0 10 0\n"
    "   2: 0100007F:2383 0100007F:9F86 01 00000000:00000000 00:00000000 00000000  1000        0 "
    "4712 1 0000000000000000 20 4 30 10 -1\n";
static const char tcp_of_4811[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 00000000:2383 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
    "4811 1 0000000000000000 100 0 0 10 0\n";

enum {
    PORT = 9091,
    TICKS = 100
};
#define SECOND INT64_C(1000000000)

static struct found_process chosen(const char *proc, uint16_t port, int64_t born) {
    const struct process_hint hint = {.port = port, .born = born, .ticks_per_second = TICKS};
    struct found_process process = {0};

    assert_int_equal(process_find(proc, "prometheus", &hint, &process), 0);
    return process;
}

static void the_one_that_holds_the_socket_is_meant(void **state) {
    PROC proc = tempdir_new();
    file_write(proc, "self/net/tcp", tcp_of_4711);
    fake_process_add(proc,
                     (struct fake_process){.pid = 7, .started = 1, .socket = "socket:[4710]"});
    fake_process_add(proc,
                     (struct fake_process){.pid = 8, .started = 2, .socket = "socket:[4711]"});
    fake_process_add(proc,
                     (struct fake_process){.pid = 9, .started = 3, .socket = "socket:[4712]"});

    const struct found_process process = chosen(proc, PORT, 0);

    assert_int_equal(process.pid, 8);
    assert_int_equal(process.others, 0);
}

static void a_listener_on_ipv6_counts_as_well(void **state) {
    PROC proc = tempdir_new();
    file_write(proc, "self/net/tcp6",
               "  sl  local_address                         remote_address                        "
               "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
               "   0: 00000000000000000000000000000000:2383 00000000000000000000000000000000:0000 "
               "0A 00000000:00000000 00:00000000 00000000 65534        0 4711 1 0000000000000000 "
               "100 0 0 10 0\n");
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 1, .socket = "pipe:[4711]"});
    fake_process_add(proc,
                     (struct fake_process){.pid = 8, .started = 2, .socket = "socket:[4711]"});

    assert_int_equal(chosen(proc, PORT, 0).pid, 8);
}

static void one_in_another_network_namespace_is_not_meant(void **state) {
    PROC proc = tempdir_new();
    file_write(proc, "self/net/tcp", tcp_of_4711);
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 1, .tcp = tcp_of_4811});
    fake_process_add(proc, (struct fake_process){.pid = 8, .started = 2, .tcp = tcp_of_4711});

    assert_int_equal(chosen(proc, PORT, 0).pid, 8);
}

static void the_port_in_the_command_line_tells_where_sockets_are_not_shown(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7,
                                                 .started = 1,
                                                 .argument = "prometheus",
                                                 .flag = "--web.listen-address=:9092"});
    fake_process_add(proc, (struct fake_process){.pid = 8,
                                                 .started = 2,
                                                 .argument = "prometheus",
                                                 .flag = "--web.listen-address=[::1]:9091"});
    fake_process_add(proc, (struct fake_process){.pid = 9, .started = 3, .argument = "prometheus"});

    assert_int_equal(chosen(proc, PORT, 0).pid, 8);
    assert_int_equal(chosen(proc, 9090, 0).pid, 9);
    assert_int_equal(chosen(proc, 8443, 0).pid, 7);
    assert_int_equal(chosen(proc, 8443, 0).others, 2);
}

static void the_one_that_began_right_before_it_says_so_is_meant(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = (uint64_t)100 * TICKS});
    fake_process_add(proc, (struct fake_process){.pid = 8, .started = (uint64_t)200 * TICKS});
    fake_process_add(proc, (struct fake_process){.pid = 9, .started = (uint64_t)300 * TICKS});

    assert_int_equal(chosen(proc, 0, 200 * SECOND + SECOND / 5).pid, 8);
    assert_int_equal(chosen(proc, 0, 200 * SECOND + SECOND / 5).others, 0);
    assert_int_equal(chosen(proc, 0, 250 * SECOND).pid, 7);
}

static void two_that_began_together_are_not_told_apart_by_it(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = (uint64_t)200 * TICKS});
    fake_process_add(proc, (struct fake_process){.pid = 8, .started = (uint64_t)201 * TICKS});

    const struct found_process process = chosen(proc, 0, 201 * SECOND + SECOND / 5);

    assert_int_equal(process.pid, 7);
    assert_int_equal(process.others, 1);
    assert_int_equal(process.other_pids[0], 8);
}

static void more_of_one_name_than_are_looked_at_are_counted(void **state) {
    enum {
        COUNT = 70
    };
    PROC proc = tempdir_new();
    for (int i = 0; i < COUNT; i++) {
        fake_process_add(proc, (struct fake_process){.pid = 10 + i, .started = (uint64_t)(10 + i)});
    }

    assert_int_equal(chosen(proc, PORT, SECOND).others, COUNT - 1);
}

struct command_line {
    struct bytes arguments;
    uint16_t port;
    bool named;
};

static const struct command_line command_lines[] = {
    {BYTES("prometheus\0"), 9090, true},
    {BYTES("prometheus\0"), 9091, false},
    {BYTES("prometheus\0--web.listen-address=0.0.0.0:9091\0"), 9091, true},
    {BYTES("prometheus\0--web.listen-address=0.0.0.0:9091\0"), 9090, false},
    {BYTES("prometheus\0--web.listen-address\0:9091\0--x\0"), 9091, true},
    {BYTES("prometheus\0--web.listen-address=:1\0--web.listen-address=:9091"), 9091, true},
    {BYTES("prometheus\0--web.listen-address-x=:9091\0"), 9091, false},
    {BYTES("prometheus\0--web.listen-address"), 9091, false},
    {BYTES("prometheus\0--web.listen-address="), 9091, false},
    {BYTES("prometheus\0--web.listen-address=:x9091"), 9091, false},
    {BYTES(""), 9091, false},
};

static void a_command_line_names_its_port(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(command_lines); i++) {
        const struct command_line *line = &command_lines[i];
        assert_int_equal(listener_named(line->arguments.data, line->arguments.length, line->port),
                         line->named);
    }
}

static void a_table_of_anything_has_no_listener(void **state) {
    static const char *const tables[] = {
        "",
        "\n\n",
        "   0: :2383 0: 0A",
        "  0: 0100007F:2383 00000000:0000 0A",
        "  0: 0100007F:12383 00000000:0000 0A 0:0 0:0 0 0 0 4711\n",
        "  0: 0100007F:2383 00000000:0000 01 00000000:00000000 00:00000000 00000000 0 0 4711\n",
        "  0: 0100007F:2383 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 0\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        PROC proc = tempdir_new();
        file_write(proc, "self/net/tcp", tables[i]);
        fake_process_add(proc,
                         (struct fake_process){.pid = 7, .started = 1, .socket = "socket:[1]"});
        fake_process_add(proc,
                         (struct fake_process){.pid = 8, .started = 2, .socket = "socket:[4711]"});
        assert_int_equal(chosen(proc, PORT, 0).pid, 7);
    }
}

/* --- still the same ------------------------------------------------------------------------- */

static void a_pid_that_another_process_took_is_noticed(void **state) {
    PROC proc = tempdir_new();
    struct found_process process = {0};
    fake_process_add(proc, (struct fake_process){.pid = 7, .started = 1});
    assert_int_equal(process_find(proc, "prometheus", NULL, &process), 0);
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
        cmocka_unit_test(the_one_that_holds_the_socket_is_meant),
        cmocka_unit_test(a_listener_on_ipv6_counts_as_well),
        cmocka_unit_test(one_in_another_network_namespace_is_not_meant),
        cmocka_unit_test(the_port_in_the_command_line_tells_where_sockets_are_not_shown),
        cmocka_unit_test(the_one_that_began_right_before_it_says_so_is_meant),
        cmocka_unit_test(two_that_began_together_are_not_told_apart_by_it),
        cmocka_unit_test(more_of_one_name_than_are_looked_at_are_counted),
        cmocka_unit_test(a_command_line_names_its_port),
        cmocka_unit_test(a_table_of_anything_has_no_listener),
        cmocka_unit_test(a_pid_that_another_process_took_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
