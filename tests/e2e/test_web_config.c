/* SPDX-License-Identifier: Apache-2.0 */

/* A real Prometheus scrapes the sidecar behind TLS and a password. Needs the openssl program. */

#include "base/memory.h"
#include "support/assertions.h"
#include "support/certificates.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PASSWORD "correct horse"

static const char *web_folder(struct pod *pod) {
    return arena_format(pod->arena, "%s/web", pod->folder);
}

static void write_config(struct pod *pod, const char *password) {
    CLEANUP(memory_freep) char *hash = bcrypt_hash(password, 10);

    file_replace(web_folder(pod), "web.yml",
                 arena_format(pod->arena,
                              "tls_server_config:\n"
                              "  cert_file: server.pem\n"
                              "  key_file: server.key\n"
                              "  client_ca_file: ca.pem\n"
                              "  client_auth_type: RequireAndVerifyClientCert\n"
                              "basic_auth_users:\n"
                              "  prometheus: %s\n",
                              hash));
}

static void make_server_certificate(struct pod *pod) {
    certificate_make(web_folder(pod), &(struct certificate){.name = "server",
                                                            .issuer = "ca",
                                                            .san = "IP:127.0.0.1",
                                                            .usage = "serverAuth"});
}

/* The port stands in its log. 0: not yet. */
static unsigned long web_port_of(struct pod *pod) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "sidecar.log");
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;

    at = at != NULL ? strstr(at, " port=") : NULL;
    return at != NULL ? strtoul(at + strlen(" port="), NULL, 10) : 0;
}

/* Jobs that scrape it: one with all that is wanted, and one that lacks each. */
static const char *base_that_scrapes(struct pod *pod) {
    static const struct {
        const char *job;
        const char *password;
        const char *authority;
        const char *client;
    } jobs[] = {
        {"right", PASSWORD, "ca", "client"},
        {"wrong-password", "wrong", "ca", "client"},
        {"wrong-authority", PASSWORD, "other", "client"},
        {"wrong-client", PASSWORD, "ca", "stranger"},
    };
    CLEANUP(buffer_free) struct buffer text = {0};
    const char *folder = web_folder(pod);

    buffer_append_string(&text, "global: {scrape_interval: 250ms, scrape_timeout: 250ms}\n"
                                "scrape_configs:\n");
    for (size_t i = 0; i < ARRAY_LENGTH(jobs); i++) {
        buffer_printf(&text,
                      "- job_name: %s\n"
                      "  scheme: https\n"
                      "  basic_auth: {username: prometheus, password: '%s'}\n"
                      "  tls_config: {ca_file: '%s/%s.pem', cert_file: '%s/%s.pem',\n"
                      "               key_file: '%s/%s.key'}\n"
                      "  static_configs: [{targets: ['127.0.0.1:%lu']}]\n",
                      jobs[i].job, jobs[i].password, folder, jobs[i].authority, folder,
                      jobs[i].client, folder, jobs[i].client, web_port_of(pod));
    }
    return arena_string(pod->arena, buffer_bytes(&text));
}

static double up(struct pod *pod, const char *job) {
    return prometheus_server_query(pod->prometheus,
                                   arena_format(pod->arena, "up{job=\"%s\"}", job));
}

static bool is_up(struct pod *pod, const char *job) {
    return up(pod, job) > 0.5;
}

static bool is_down(struct pod *pod, const char *job) {
    return up(pod, job) < 0.5;
}

static void given_a_scraped_sidecar(struct pod *pod) {
    folder_make(pod->folder, "web");
    certificate_make(web_folder(pod), &(struct certificate){.name = "ca", .authority = true});
    certificate_make(web_folder(pod), &(struct certificate){.name = "other", .authority = true});
    certificate_make(web_folder(pod), &(struct certificate){
                                          .name = "client", .issuer = "ca", .usage = "clientAuth"});
    certificate_make(
        web_folder(pod),
        &(struct certificate){.name = "stranger", .issuer = "other", .usage = "clientAuth"});
    make_server_certificate(pod);
    write_config(pod, PASSWORD);
    pod_runs(pod, "--listen-address=127.0.0.1:0",
             arena_format(pod->arena, "--web-config-file=%s/web.yml", web_folder(pod)));
    EVENTUALLY(pod, web_port_of(pod) != 0);
    pod_base(pod, base_that_scrapes(pod));
}

static void prometheus_scrapes_it_over_tls_with_a_password(void **state) {
    struct pod *pod = *state;
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    given_a_scraped_sidecar(pod);

    EVENTUALLY(pod, is_up(pod, "right"));
    EVENTUALLY(pod, !isnan(prometheus_server_query(
                        pod->prometheus, "reloader_last_reload_successful{job=\"right\"}")));
    EVENTUALLY(pod, is_down(pod, "wrong-password"));
    EVENTUALLY(pod, is_down(pod, "wrong-authority"));
    EVENTUALLY(pod, is_down(pod, "wrong-client"));
}

static void a_new_certificate_and_a_new_password_need_no_restart(void **state) {
    struct pod *pod = *state;
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    given_a_scraped_sidecar(pod);
    EVENTUALLY(pod, is_up(pod, "right"));

    make_server_certificate(pod);
    EVENTUALLY(pod, pod_logged(pod, "web config read anew") >= 1);
    EVENTUALLY(pod, is_up(pod, "right"));

    write_config(pod, "wrong");
    EVENTUALLY(pod, is_up(pod, "wrong-password"));
    EVENTUALLY(pod, is_down(pod, "right"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(prometheus_scrapes_it_over_tls_with_a_password),
        POD_TEST(a_new_certificate_and_a_new_password_need_no_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
