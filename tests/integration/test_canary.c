/* SPDX-License-Identifier: Apache-2.0 */

/* A secret's value is where it has to be, and nowhere else: not in a log, a diagnostic, the
 * program's environment or arguments, a core dump, or its memory once it was replaced. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/canary.h"
#include "support/deadline.h"
#include "support/http_stub.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    struct program *program; /* and its folder */
    char *volume;
    char *secrets;
    char *out;
    struct http_stub *prometheus;
    pid_t id; /* 0: it does not run */
};

static int scene_setup(void **state) {
    static const struct stub_answer loaded = {.status = 200};
    struct scene *scene = memory_new(1, sizeof(*scene));

    scene->program = program_new();
    scene->volume = path_join(scene->program->folder, "volume");
    scene->secrets = path_join(scene->program->folder, "secrets");
    scene->out = path_join(scene->program->folder, "out");
    folder_make(scene->program->folder, "volume");
    folder_make(scene->program->folder, "secrets");
    folder_make(scene->program->folder, "out");
    program_file(scene->program, "base.yml", "global: {}\n");
    scene->prometheus = http_stub_new();
    http_stub_script(scene->prometheus, "/-/reload", &loaded, 1);
    http_stub_listen(scene->prometheus);
    canary_write(scene->volume, scene->secrets);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;

    if (scene->id > 0) {
        kill(scene->id, SIGKILL);
        program_wait(scene->id);
    }
    http_stub_free(scene->prometheus);
    program_free(scene->program);
    free(scene->volume);
    free(scene->secrets);
    free(scene->out);
    free(scene);
    return 0;
}

static bool output_names(const struct scene *scene, const char *text) {
    const char *config = program_read(scene->program, "out/prometheus.yml");

    return config != NULL && strstr(config, text) != NULL;
}

static bool log_names(const struct scene *scene, const char *text) {
    const char *log = program_read(scene->program, "stderr");

    return log != NULL && strstr(log, text) != NULL;
}

#define USUAL_FLAGS                                                                   \
    "--config-file=@/base.yml", "--output-file=@/out/prometheus.yml",                 \
        "--remote-write-dir=@/volume", "--secret-dir=@/secrets", "--log-level=debug", \
        "--prometheus-version=2.42.0"

static void runs(struct scene *scene) {
    const char *reload = arena_format(scene->program->arena, "--reload-url=%s",
                                      http_stub_url(scene->prometheus, "/-/reload"));

    scene->id = program_start(scene->program, "run", USUAL_FLAGS, reload, NULL);
    assert_true(WAIT_UNTIL(output_names(scene, "name: inlined"), DEADLINE_USUAL));
    assert_true(output_names(scene, "name: bearer"));
    assert_true(output_names(scene, "name: from-document"));
    assert_true(output_names(scene, "name: from-file"));
    assert_true(WAIT_UNTIL(log_names(scene, "to=idle"), DEADLINE_USUAL));
}

static void ends(struct scene *scene) {
    kill(scene->id, SIGTERM);
    assert_int_equal(program_wait(scene->id), 0);
    scene->id = 0;
}

static void assert_not_in(const struct scene *scene, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(scene->program->folder, name);

    if (canary_is_in_file(path)) {
        const char *text = program_read(scene->program, name);
        for (const char *at = text; (at = strstr(at, CANARY)) != NULL; at = strchr(at, '\n')) {
            fprintf(stderr, "tests: %.*s\n", 200, at > text + 150 ? at - 150 : text);
            if (strchr(at, '\n') == NULL)
                break;
        }
        fail_msg("a secret is in %s", name);
    }
}

static void no_secret_is_in_the_log_or_in_a_diagnostic(void **state) {
    struct scene *scene = *state;
    size_t wrong = canary_write_wrong(scene->volume);

    runs(scene);
    assert_true(WAIT_UNTIL(log_names(scene, "wrong-0"), DEADLINE_USUAL));
    ends(scene);
    assert_not_in(scene, "stderr");
    assert_not_in(scene, "stdout");

    assert_int_equal(program_run(scene->program, "check", USUAL_FLAGS, NULL), 1);
    for (size_t i = 0; i < wrong; i++) {
        const char *name = arena_format(scene->program->arena, "wrong-%zu.yaml:", i);
        if (strstr(program_output(scene->program), name) == NULL) {
            fail_msg("nothing is said about %s", name);
        }
    }
    assert_not_in(scene, "stderr");
    assert_not_in(scene, "stdout");

    assert_int_equal(program_run(scene->program, "render", USUAL_FLAGS, NULL), 1);
    assert_not_in(scene, "stderr");
    assert_true(canary_is_in(bytes_of(program_output(scene->program))));
}

/* --- on disk
 * --------------------------------------------------------------------------------------- */

/* Every file that holds a secret is nobody's business, and the kept state is the sidecar's alone.
 */
static size_t count_holders(const char *folder, mode_t forbidden) {
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;
    size_t count = 0;

    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        CLEANUP(memory_freep) char *path = path_join(folder, entry->d_name);
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (lstat(path, &status) != 0) {
            assert_int_equal(errno, ENOENT); /* a temporary file, while it runs */
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            bool kept = strcmp(entry->d_name, ".remotewrite-sidecar") == 0;
            count += count_holders(path, kept ? S_IRWXG | S_IRWXO : forbidden);
        } else if (canary_is_in_file(path)) {
            count++;
            assert_int_equal(status.st_mode & forbidden, 0);
        }
    }
    closedir(stream);
    return count;
}

static void only_the_output_and_what_is_kept_hold_secrets_and_nobody_else_reads_them(void **state) {
    struct scene *scene = *state;

    runs(scene);
    ends(scene); /* nothing comes or goes while it is looked at */
    assert_true(count_holders(scene->out, S_IRWXO | S_IXUSR | S_IWGRP | S_IXGRP) >= 4);
}

/* --- in the process
 * -------------------------------------------------------------------------------- */

static char *proc_path(const struct scene *scene, const char *name) {
    CLEANUP(buffer_free) struct buffer path = {0};

    buffer_printf(&path, "/proc/%d/%s", scene->id, name);
    return memory_string(buffer_string(&path));
}

static void no_secret_is_in_the_environment_the_arguments_or_a_core_dump(void **state) {
    struct scene *scene = *state;

    runs(scene);
    CLEANUP(memory_freep) char *environment = proc_path(scene, "environ");
    CLEANUP(memory_freep) char *arguments = proc_path(scene, "cmdline");
    CLEANUP(memory_freep) char *folder = proc_path(scene, "");
    assert_false(canary_is_in_file(environment));
    assert_false(canary_is_in_file(arguments));
    CLEANUP(memory_freep) char *limits = file_read(folder, "limits");
    assert_non_null(limits);
    const char *core = strstr(limits, "Max core file size");
    char *rest = NULL;
    assert_non_null(core);
    assert_int_equal(strtol(core + strlen("Max core file size"), &rest, 10), 0);
    assert_int_equal(strtol(rest, NULL, 10), 0);
    /* Nobody but root may look into a process that does not dump. */
    struct stat status;
    assert_int_equal(stat(environment, &status), 0);
    assert_int_equal(status.st_uid, 0);
}

/* Pieces of the memory that it may write to; SIZE_MAX: it may not be read. */
static size_t count_in_memory(const struct scene *scene, bool shown) {
    CLEANUP(memory_freep) char *maps_path = proc_path(scene, "maps");
    CLEANUP(memory_freep) char *memory_path = proc_path(scene, "mem");
    FILE *maps = fopen(maps_path, "re");
    int memory = open(memory_path, O_RDONLY | O_CLOEXEC);
    size_t count = SIZE_MAX;
    char line[512];

    if (maps != NULL && memory >= 0) {
        count = 0;
    }
    while (count != SIZE_MAX && fgets(line, sizeof(line), maps) != NULL) {
        char *rest = NULL;
        uint64_t start = strtoull(line, &rest, 16);
        uint64_t end = strtoull(rest + 1, &rest, 16);
        if (strncmp(rest, " rw", 3) != 0) {
            continue;
        }
        CLEANUP(buffer_free) struct buffer piece = {0};
        ssize_t got = pread(memory, buffer_reserve(&piece, end - start), end - start, (off_t)start);
        piece.length = got > 0 ? (size_t)got : 0;
        for (size_t at = 0; (at = bytes_find(buffer_bytes(&piece), BYTES(CANARY), at)) != SIZE_MAX;
             at++) {
            count++;
            if (shown)
                fprintf(stderr, "tests: %s at %#" PRIx64 " of %s", CANARY, start + at, line);
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    if (memory >= 0) {
        close(memory);
    }
    return count;
}

static void a_secret_that_was_replaced_is_gone_from_memory(void **state) {
    struct scene *scene = *state;

#if defined(__SANITIZE_ADDRESS__)
    skip_because("the address sanitizer maps terabytes");
#endif
    canary_write_wrong(scene->volume);
    runs(scene);
    if (count_in_memory(scene, false) == SIZE_MAX) {
        skip_because("reading the memory of another process needs root");
    }
    assert_true(count_in_memory(scene, false) > 0);
    canary_forget(scene->volume, scene->secrets);
    assert_true(WAIT_UNTIL(!output_names(scene, "name: inlined"), DEADLINE_USUAL));
    assert_true(WAIT_UNTIL(count_holders(scene->out, 0) == 0, DEADLINE_USUAL));
    if (!WAIT_UNTIL(count_in_memory(scene, false) == 0, DEADLINE_USUAL))
        fail_msg("%zu times in memory", count_in_memory(scene, true));
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(no_secret_is_in_the_log_or_in_a_diagnostic),
        SCENE_TEST(only_the_output_and_what_is_kept_hold_secrets_and_nobody_else_reads_them),
        SCENE_TEST(no_secret_is_in_the_environment_the_arguments_or_a_core_dump),
        SCENE_TEST(a_secret_that_was_replaced_is_gone_from_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
