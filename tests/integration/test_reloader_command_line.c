/* SPDX-License-Identifier: Apache-2.0 */

/* Under the name prometheus-config-reloader: what the real one runs with, this program runs with.
 * testdata/reloader/command_lines.txt has each flag in every form with what the real one does;
 * where that was built (make peers), it is asked again. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/golden.h"
#include "support/http_request.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <arpa/inet.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    ARGUMENTS_MAX = 16,
};

static const char port_mark[] = "@PORT@";

/* The folder that the programs run in, and where they are. */
struct bench {
    struct arena *arena;
    char *folder;
    char table[PATH_MAX];
    char ours[PATH_MAX]; /* a link of that name */
    char real[PATH_MAX]; /* "": it was not built */
    char before[PATH_MAX];
};

static int bench_setup(void **state) {
    static const char reloader[] = "prometheus-config-reloader";
    const char *peer = "build/peers/prometheus-config-reloader/usr/bin/prometheus-config-reloader";
    struct bench *bench = memory_new(1, sizeof(*bench));
    char sidecar[PATH_MAX];

    bench->arena = arena_new();
    bench->folder = tempdir_new();
    assert_non_null(getcwd(bench->before, sizeof(bench->before)));
    assert_non_null(realpath("testdata/reloader/command_lines.txt", bench->table));
    assert_non_null(realpath(golden_sidecar(), sidecar));
    if (realpath(peer, bench->real) == NULL) {
        bench->real[0] = '\0';
    }
    link_make(bench->folder, reloader, sidecar);
    snprintf(bench->ours, sizeof(bench->ours), "%s/%s", bench->folder, reloader);
    file_write(bench->folder, "c.yml", "global: {}\n");
    file_write(bench->folder, "web.yml", "");
    file_write(bench->folder, "wrong.yml", "tls_server_config: 7\n");
    file_write(bench->folder, "args", "--watch-interval=0\n# a comment\n\n--config-file=c.yml\n");
    file_write(bench->folder, "zero", "0\n");
    folder_make(bench->folder, "d");
    folder_make(bench->folder, "out");
    assert_int_equal(chdir(bench->folder), 0);
    *state = bench;
    return 0;
}

static int bench_teardown(void **state) {
    struct bench *bench = *state;

    assert_int_equal(chdir(bench->before), 0);
    tempdir_remove(bench->folder);
    arena_free(bench->arena);
    free(bench);
    return 0;
}

/* --- what a program does with a command line -------------------------------------------------- */

static unsigned free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

static const char *with_port(struct arena *arena, const char *argument, unsigned port) {
    const char *mark = strstr(argument, port_mark);

    return mark == NULL ? argument
                        : arena_format(arena, "%.*s%u%s", (int)(mark - argument), argument, port,
                                       mark + strlen(port_mark));
}

static bool is_healthy(const char *url) {
    struct http_reply reply = http_get(url, NULL);
    bool healthy = reply.status == 200;

    http_reply_free(&reply);
    return healthy;
}

static bool log_has(const char *const *texts, size_t count) {
    CLEANUP(memory_freep) char *log = file_read(".", "log");

    for (size_t i = 0; log != NULL && i < count; i++) {
        if (strstr(log, texts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool waits(void) {
    static const char *const texts[] = {"nothing to be watched"};

    return log_has(texts, ARRAY_LENGTH(texts));
}

/* The real one listens before it reads its config, and may still end over that. With
 * --log-level=none it says nothing. */
static bool real_has_started(void) {
    static const char *const texts[] = {"nothing to be watched", "started watching", "etrying"};
    CLEANUP(memory_freep) char *log = file_read(".", "log");

    return log == NULL || log[0] == '\0' || log_has(texts, ARRAY_LENGTH(texts));
}

/* "runs", "waits" or the exit status. line: the arguments, separated by tabs; NULL: none. */
static const char *outcome_of(struct arena *arena, const char *program, const char *line) {
    const char *arguments[ARGUMENTS_MAX + 2] = {program};
    unsigned port = line != NULL && strstr(line, port_mark) != NULL ? free_port() : 0;
    const char *url = arena_format(arena, "http://127.0.0.1:%u/healthz", port);
    char *rest = line != NULL ? arena_format(arena, "%s", line) : NULL;
    const char *outcome = NULL;
    size_t count = 1;

    for (const char *argument = NULL; (argument = strsep(&rest, "\t")) != NULL; count++) {
        assert_between(count, 1, ARGUMENTS_MAX);
        arguments[count] = with_port(arena, argument, port);
    }
    bool real = strstr(program, "/build/peers/") != NULL;
    unlink("log");
    struct process *process = process_start(arguments, NULL, "log");
    WAIT_UNTIL(!process_runs(process) ||
                   (port == 0 ? waits() : is_healthy(url) && (!real || real_has_started())),
               DEADLINE_USUAL);
    if (process_runs(process)) {
        outcome = port != 0 ? "runs" : "waits";
        process_signal(process, SIGTERM);
    }
    int status = process_wait(process, DEADLINE_USUAL);
    process_free(process);
    return outcome != NULL && status == 0 ? outcome : arena_format(arena, "%d", status);
}

/* --- the table -------------------------------------------------------------------------------- */

struct row {
    const char *real;
    const char *ours; /* the same, where nothing else is written */
    const char *line; /* NULL: without arguments */
};

static struct row row_of(struct arena *arena, const char *text) {
    char *rest = arena_format(arena, "%s", text);
    char *head = strsep(&rest, "\t");
    char *slash = strchr(head, '/');
    struct row row = {.real = head, .ours = head, .line = rest};

    if (slash != NULL) {
        *slash = '\0';
        row.ours = slash + 1;
    }
    return row;
}

static bool is_row(const char *line) {
    return line[0] != '\0' && line[0] != '#';
}

static void judge(struct bench *bench, const char *program, bool real) {
    char *rest = arena_format(bench->arena, "%s", golden_read(bench->arena, bench->table));
    size_t count = 0;
    size_t wrong = 0;

    for (const char *line = NULL; (line = strsep(&rest, "\n")) != NULL;) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        if (!is_row(line)) {
            continue;
        }
        struct row row = row_of(arena, line);
        const char *expected = real ? row.real : row.ours;
        const char *outcome = outcome_of(arena, program, row.line);
        if (strcmp(expected, outcome) != 0) {
            print_error("%s instead of %s: %s\n", outcome, expected,
                        row.line != NULL ? row.line : "(no arguments)");
            wrong++;
        }
        count++;
    }
    assert_true(count > 300);
    assert_int_equal(wrong, 0);
}

static void what_the_real_one_runs_with_is_run_with(void **state) {
    struct bench *bench = *state;

    judge(bench, bench->ours, false);
}

/* Where it is something else, the real one refuses it or never does its work, and this one runs. */
static void what_is_different_on_purpose_runs_here(void **state) {
    struct bench *bench = *state;
    char *rest = arena_format(bench->arena, "%s", golden_read(bench->arena, bench->table));
    size_t count = 0;

    for (const char *line = NULL; (line = strsep(&rest, "\n")) != NULL;) {
        if (is_row(line)) {
            struct row row = row_of(bench->arena, line);
            bool runs = strcmp(row.ours, "runs") == 0 || strcmp(row.ours, "0") == 0;
            assert_true(strcmp(row.ours, row.real) == 0 || runs);
            count += strcmp(row.ours, row.real) != 0 ? 1 : 0;
        }
    }
    assert_between(count, 1, 12);
}

static void rewrite(struct bench *bench) {
    CLEANUP(buffer_free) struct buffer table = {0};
    char *rest = arena_format(bench->arena, "%s", golden_read(bench->arena, bench->table));

    for (const char *line = NULL; (line = strsep(&rest, "\n")) != NULL;) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        if (is_row(line)) {
            struct row row = row_of(arena, line);
            const char *outcome = outcome_of(arena, bench->real, row.line);
            bool same = strcmp(row.ours, row.real) == 0 || strcmp(row.ours, outcome) == 0;
            buffer_printf(&table, "%s%s%s%s%s", outcome, same ? "" : "/", same ? "" : row.ours,
                          row.line != NULL ? "\t" : "", row.line != NULL ? row.line : "");
        } else {
            buffer_append_string(&table, line);
        }
        buffer_append_string(&table, rest != NULL ? "\n" : "");
    }
    file_write("/", bench->table + 1, buffer_string(&table));
}

static void the_table_says_what_the_real_one_does(void **state) {
    struct bench *bench = *state;
    const char *update = getenv("UPDATE_GOLDEN");

    if (bench->real[0] == '\0') {
        skip_because(
            "prometheus-config-reloader was not built (make peers); the kept table is believed");
    }
    if (update != NULL && strcmp(update, "1") == 0) {
        rewrite(bench);
    } else {
        judge(bench, bench->real, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_table_says_what_the_real_one_does, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(what_the_real_one_runs_with_is_run_with, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(what_is_different_on_purpose_runs_here, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
