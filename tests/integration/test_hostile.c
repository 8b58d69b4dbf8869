/* SPDX-License-Identifier: Apache-2.0 */

/* What somebody might put into a volume to harm others: the program passes it over, says so, does
 * not wait for it, and serves the good RemoteWrite beside it. What each room does with such input
 * has tests of its own; here it goes all the way. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD(name)                                                                             \
    "apiVersion: monitoring.giantswarm.io/v1alpha1\nkind: RemoteWrite\nmetadata: {name: " name \
    ", namespace: team}\nspec:\n  clusterSelector: {}\n"
#define MANIFEST(name, url) HEAD(name) "  remoteWrite: {url: " url "}\n"

static const char good[] = MANIFEST("good", "http://good.example/push");

/* --- what is put there
 * ----------------------------------------------------------------------------- */

/* A text of this length, made of many of those. */
static char *many(const char *head, const char *piece, size_t times, const char *tail) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_append_string(&text, head);
    for (size_t i = 0; i < times; i++) {
        buffer_append_string(&text, piece);
    }
    buffer_append_string(&text, tail);
    return memory_string(buffer_string(&text));
}

static void put_many(const char *volume, const char *head, const char *piece, size_t times,
                     const char *tail) {
    CLEANUP(memory_freep) char *text = many(head, piece, times, tail);

    file_write(volume, "bad.yaml", text);
}

static void put_large_file(const char *volume) {
    put_many(volume, good, "# a comment of sixty-four bytes, again, and again, and again ...\n",
             80000, "");
}

static void put_deep_nesting(const char *volume) {
    put_many(volume, "a: ", "[", 100000, "");
}

static void put_long_scalar(const char *volume) {
    put_many(volume, HEAD("bad") "  remoteWrite: {url: http://", "0123456789abcdef", 300000, "}\n");
}

static void put_many_documents(const char *volume) {
    put_many(volume, "", "---\na: 1\n", 2000, "");
}

static void put_many_files(const char *volume) {
    for (int i = 0; i < 120; i++) {
        char name[32];
        snprintf(name, sizeof(name), "z-bad-%d.yaml", i);
        file_write(volume, name, "a: 1\n");
    }
}

static void put_many_folders(const char *volume) {
    for (int i = 0; i < 120; i++) {
        char name[32];
        snprintf(name, sizeof(name), "z-bad-%d", i);
        folder_make(volume, name);
    }
}

static void put_deep_folders(const char *volume) {
    file_write(volume, "z/bad/c/d/e/f/g/h/i/j/k.yaml", good);
}

static void put_billion_laughs(const char *volume) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_append_string(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 20; i++) {
        buffer_printf(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
                      i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    file_write(volume, "bad.yaml", buffer_string(&text));
}

static void put_alias_cycle(const char *volume) {
    file_write(volume, "bad.yaml", "a: &a\n  b: *a\n");
}

static void put_duplicate_key(const char *volume) {
    file_write(volume, "bad.yaml", MANIFEST("bad", "http://a/") "kind: RemoteWrite\n");
}

static void put_tab(const char *volume) {
    file_write(volume, "bad.yaml", HEAD("bad") "\tremoteWrite: {url: http://a/}\n");
}

static void put_nul(const char *volume) {
    file_write_bytes(volume, "bad.yaml", BYTES("kind: Remote\0Write\n"));
}

static void put_invalid_utf8(const char *volume) {
    file_write(volume, "bad.yaml", "kind: \xc3\x28\n");
}

static void put_pipe(const char *volume) {
    CLEANUP(memory_freep) char *path = path_join(volume, "bad.yaml");

    assert_int_equal(mkfifo(path, 0666), 0);
}

/* /dev/zero; false: it takes root, and a file system that may have devices. */
static bool device_make(const char *folder) {
    CLEANUP(memory_freep) char *path = path_join(folder, "bad.yaml");

    return mknod(path, S_IFCHR | 0666, makedev(1, 5)) == 0;
}

static void put_device(const char *volume) {
    assert_true(device_make(volume));
}

static void put_socket(const char *volume) {
    CLEANUP(memory_freep) char *path = path_join(volume, "bad.yaml");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static void put_link_out(const char *volume) {
    link_make(volume, "bad.yaml", "/etc/passwd");
}

static void put_link_up(const char *volume) {
    link_make(volume, "bad.yaml", "../private.yaml");
}

static void put_link_loop(const char *volume) {
    link_make(volume, "bad.yaml", "bad.yaml");
}

static void put_name_that_climbs(const char *volume) {
    file_write(volume, "bad.yaml", MANIFEST("../../climbed", "http://a/"));
}

static void put_key_that_climbs(const char *volume) {
    file_write(volume, "bad.yaml",
               HEAD("climber") "  remoteWrite:\n"
                               "    url: http://a/\n"
                               "    bearerToken: x\n"
                               "    basicAuth: {password: {name: .., key: ../private.yaml}}\n"
                               "  secrets: [{name: ../../climbed, data: {../climbed: eA==}}]\n");
}

static void put_secret_that_leads_out(const char *volume) {
    link_make(volume, "../secrets/team/token", "../../private.yaml");
    file_write(volume, "bad.yaml",
               HEAD("climber") "  remoteWrite:\n"
                               "    url: http://a/\n"
                               "    authorization: {credentials: {name: team, key: token}}\n");
}

/* --- what comes of it
 * ------------------------------------------------------------------------------ */

static const struct hostile {
    const char *what;
    void (*put)(const char *volume);
    const char *said;
} hostiles[] = {
    {"a file over the limit", put_large_file, "--max-file-size"},
    {"nesting without end", put_deep_nesting, "--max-depth"},
    {"a text of 4.8 MB", put_long_scalar, "--max-scalar-size"},
    {"documents without end", put_many_documents, "more than 1000 documents"},
    {"files without end", put_many_files, "--max-files"},
    {"folders without end", put_many_folders, "--max-files"},
    {"folders in folders", put_deep_folders, "z/bad"},
    {"a billion laughs", put_billion_laughs, "--max-values"},
    {"an alias in itself", put_alias_cycle, "bad.yaml"},
    {"a key twice", put_duplicate_key, "bad.yaml"},
    {"a tab", put_tab, "bad.yaml"},
    {"a NUL", put_nul, "bad.yaml"},
    {"bytes that are no UTF-8", put_invalid_utf8, "bad.yaml"},
    {"a pipe", put_pipe, "bad.yaml"},
    {"a socket", put_socket, "bad.yaml"},
    {"a link out of the volume", put_link_out, "bad.yaml"},
    {"a link to a neighbour", put_link_up, "bad.yaml"},
    {"a link to itself", put_link_loop, "bad.yaml"},
    {"a name that climbs", put_name_that_climbs, "bad.yaml"},
    {"a key that climbs", put_key_that_climbs, "bad.yaml"},
    {"a secret that leads out", put_secret_that_leads_out, "token"},
};

/* Names in the folder that holds everything: nothing was written beside the output. */
static size_t files_beside(const struct program *program) {
    CLEANUP(memory_freep) char *out = path_join(program->folder, "out");

    return folder_count(program->folder) * 100 + folder_count(out);
}

static void is_passed_over(const struct hostile *hostile) {
    PROGRAM program = program_new();
    CLEANUP(memory_freep) char *volume = path_join(program->folder, "volume");

    program_file(program, "base.yml", "global: {}\n");
    program_file(program, "private.yaml", MANIFEST("private", "http://private/"));
    program_file(program, "volume/a-good.yaml", good);
    folder_make(program->folder, "secrets/team");
    folder_make(program->folder, "out");
    hostile->put(volume);
    int status =
        program_run(program, "run", "--watch-interval=0", "--config-file=@/base.yml",
                    "--output-file=@/out/prometheus.yml", "--remote-write-dir=@/volume",
                    "--secret-dir=@/secrets", "--max-files=100", "--max-documents=1000",
                    strcmp(hostile->what, "a text of 4.8 MB") == 0 ? "--max-file-size=16MiB"
                                                                   : "--max-file-size=4MiB",
                    NULL);

    const char *config = program_read(program, "out/prometheus.yml");
    if (status != 0 || config == NULL || strstr(config, "name: good\n") == NULL ||
        strstr(config, "private") != NULL || strstr(config, "climb") != NULL ||
        strstr(program_errors(program), hostile->said) == NULL) {
        fail_msg("%s: exit %d, says %.2000s", hostile->what, status, program_errors(program));
    }
    /* base.yml private.yaml volume secrets out stdin stdout stderr; prometheus.yml and, where it
     * is, the state */
    assert_between(files_beside(program), 801, 802);
}

static void hostile_input_is_passed_over_and_the_others_are_served(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(hostiles); i++) {
        is_passed_over(&hostiles[i]);
    }
}

static bool device_can_be_made(void) {
    CLEANUP(tempdir_removep) char *folder = tempdir_new();

    return device_make(folder);
}

static void so_is_a_device(void **state) {
    static const struct hostile device = {"a device", put_device, "bad.yaml"};

    if (!device_can_be_made())
        skip_because("making a device needs root, and a file system that may have one");
    is_passed_over(&device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_input_is_passed_over_and_the_others_are_served),
        cmocka_unit_test(so_is_a_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
