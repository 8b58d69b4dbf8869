/* SPDX-License-Identifier: Apache-2.0 */

/* Ways to Prometheus that need more of the libraries than others, in the sandbox: its name has to
 * be resolved, TLS is in front of it. scripts/test-system-calls looks at what they do. */

#include "base/memory.h"
#include "support/assertions.h"
#include "support/certificates.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The port that a sidecar listens on, out of its log. 0: not yet. */
static unsigned long port_of(const struct pod *pod, const char *log_name) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, log_name);
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;

    at = at != NULL ? strstr(at, " port=") : NULL;
    return at != NULL ? strtoul(at + strlen(" port="), NULL, 10) : 0;
}

/* A second sidecar in front of Prometheus: it serves POST /-/reload behind TLS as localhost, and
 * passes it on. */
static struct process *start_gateway(struct pod *pod) {
    const char *folder = arena_format(pod->arena, "%s/gateway", pod->folder);
    const char *binary = getenv("SIDECAR");

    folder_make(pod->folder, "gateway");
    certificate_make(folder, &(struct certificate){.name = "ca", .authority = true});
    certificate_make(folder, &(struct certificate){.name = "server",
                                                   .issuer = "ca",
                                                   .san = "DNS:localhost",
                                                   .usage = "serverAuth"});
    file_write(folder, "web.yml",
               "tls_server_config: {cert_file: server.pem, key_file: server.key}\n");
    file_write(folder, "watched", "");
    const char *const arguments[] = {
        binary != NULL ? binary : "build/remotewrite-sidecar",
        "run",
        arena_format(pod->arena, "--config-file=%s/watched", folder),
        arena_format(pod->arena, "--web-config-file=%s/web.yml", folder),
        arena_format(pod->arena, "--reload-url=%s",
                     prometheus_server_url(pod->prometheus, "/-/reload")),
        POD_ANY_PORT,
        NULL,
    };
    return process_start(arguments, NULL, arena_format(pod->arena, "%s/gateway.log", pod->folder));
}

static void a_prometheus_behind_tls_is_reloaded_by_its_name(void **state) {
    struct pod *pod = *state;
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    pod_start_prometheus(pod);
    struct process *gateway = start_gateway(pod);
    EVENTUALLY(pod, port_of(pod, "gateway.log") != 0);
    pod_start_sidecar(pod,
                      arena_format(pod->arena, "--reload-url=https://localhost:%lu/-/reload",
                                   port_of(pod, "gateway.log")),
                      arena_format(pod->arena, "--reload-ca-file=%s/gateway/ca.pem", pod->folder),
                      NULL);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    EVENTUALLY(pod, pod_logged(pod, "Prometheus has loaded the config") >= 1);
    process_free(gateway);
}

/* "invalid" is nowhere (RFC 2606): whoever resolves names here is asked in vain. */
static void a_name_that_nobody_knows_is_a_failed_reload(void **state) {
    struct pod *pod = *state;

    pod_runs(pod, "--reload-url=http://prometheus.invalid:9090/-/reload");
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, pod_logged(pod, "prometheus.invalid") >= 1 && pod_logged(pod, "resolve") >= 1);
    EVENTUALLY(pod, strstr(pod_output(pod), "team-a") != NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(a_prometheus_behind_tls_is_reloaded_by_its_name),
        POD_TEST(a_name_that_nobody_knows_is_a_failed_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
