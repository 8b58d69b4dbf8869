/* SPDX-License-Identifier: Apache-2.0 */

/* The limits of the example pod fit each other: as much as --max-volume-size lets in does not take
 * more than the container has. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/http_stub.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MIB        (1024UL * 1024UL)
#define FILE_PARTS 4 /* keys of the ConfigMap */
#define SLOW       120000U
#define SPARE_TENTH \
    8 /* of the limit that may be in use, in tenths: the rest is for files in memory */

/* The number before "MiB" or "Mi" that stands behind this text in the example. */
static unsigned long example_says(const char *text) {
    CLEANUP(memory_freep) char *example = file_read("manifests/examples", "pod.yaml");
    const char *at = example != NULL ? strstr(example, text) : NULL;

    assert_non_null(at);
    return at != NULL ? strtoul(at + strlen(text), NULL, 10) * MIB : 0;
}

/* As many RemoteWrites as fit, as small as they can be. */
static void fill(struct program *program, size_t size, const char *host) {
    CLEANUP(buffer_free) struct buffer text = {0};
    size_t number = 0;

    for (size_t part = 0; part < FILE_PARTS; part++) {
        char name[32];
        buffer_clear(&text);
        while (text.length + 200 < size / FILE_PARTS) {
            buffer_printf(&text,
                          "{\"apiVersion\":\"monitoring.coreos.com/v1alpha1\",\"kind\":"
                          "\"RemoteWrite\",\"metadata\":{\"name\":\"t%zu\"},\"spec\":{\"url\":"
                          "\"http://%s/%zu\"}}\n---\n",
                          number, host, number);
            number++;
        }
        snprintf(name, sizeof(name), "%zu.yaml", part);
        file_replace(program_path(program, "rw"), name, buffer_string(&text));
    }
}

/* Bytes that were resident at most. */
static unsigned long peak_of(pid_t process) {
    char folder[32];

    snprintf(folder, sizeof(folder), "/proc/%ld", (long)process);
    CLEANUP(memory_freep) char *status = file_read(folder, "status");
    const char *at = status != NULL ? strstr(status, "VmHWM:") : NULL;
    assert_non_null(at);
    return at != NULL ? strtoul(at + strlen("VmHWM:"), NULL, 10) * 1024 : 0;
}

static bool logged(const struct program *program, const char *text) {
    const char *log = program_read(program, "stderr");

    return log != NULL && strstr(log, text) != NULL;
}

static void a_full_configmap_fits_into_the_memory_of_the_example(void **state) {
#if defined(__SANITIZE_ADDRESS__)
    skip_because("the address sanitizer keeps what was freed");
#endif
    PROGRAM program = program_new();
    CLEANUP(http_stub_freep) struct http_stub *prometheus = http_stub_new();
    const unsigned long limit = example_says("        limits:\n          memory: ");
    const unsigned long volume = example_says("--max-volume-size=");
    char reload[256];
    char bound[64];
    http_stub_script(prometheus, "/-/reload", &(struct stub_answer){.status = 200}, 1);
    http_stub_listen(prometheus);
    program_file(program, "base/base.yml", "global: {}\n");
    folder_make(program->folder, "out");
    folder_make(program->folder, "rw");
    fill(program, volume, "a");
    snprintf(reload, sizeof(reload), "--reload-url=%s", http_stub_url(prometheus, "/-/reload"));
    snprintf(bound, sizeof(bound), "--max-volume-size=%luMiB", volume / MIB);

    pid_t process = program_start(program, "run", "--config-file=base/base.yml",
                                  "--output-file=out/prometheus.yml", "--remote-write-dir=rw",
                                  "--prometheus-version=3.5", "--delay-interval=1s",
                                  "--listen-address=127.0.0.1:0", reload, bound, NULL);
    assert_true(WAIT_UNTIL(http_stub_count(prometheus, "/-/reload") == 1, SLOW));
    fill(program, volume, "b");
    assert_true(WAIT_UNTIL(http_stub_count(prometheus, "/-/reload") >= 2, SLOW));
    assert_true(
        WAIT_UNTIL(strstr(program_read(program, "out/prometheus.yml"), "//b/") != NULL, SLOW));

    const unsigned long peak = peak_of(process);
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_false(logged(program, "passed over"));
    assert_between(peak, 1, limit / 10 * SPARE_TENTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_configmap_fits_into_the_memory_of_the_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
