/* SPDX-License-Identifier: Apache-2.0 */

/* Reloads by SIGHUP, under the name prometheus-config-reloader and by the real one: beside a real
 * Prometheus whose program has a name of its own, so that no other on this machine is signalled. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/http_stub.h"
#include "support/prometheus_server.h"
#include "support/reloader_party.h"
#include "support/tempdir.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* In Prometheus's own log, at its start too. */
#define RELOADED "Completed loading of configuration file"

#define GLOBAL(interval) "global: {scrape_interval: " interval "}\n"

/* Whoever starts it has it running with this config, in an earlier second: what a record of whole
 * seconds tells of a reload in the same one is what was there before. */
static struct prometheus_server *prometheus_starts(struct party *party, const char *config) {
    file_write(party->folder, "out/prometheus.yml", config);
    struct prometheus_server *server = prometheus_server_new(&(struct prometheus_server_settings){
        .folder = party_placed(party, "@/prometheus"),
        .config = party_placed(party, "@/out/prometheus.yml"),
    });
    prometheus_server_is_called(server, PARTY_FORMAT(party, "prom-%d", (int)getpid()));
    prometheus_server_has_no_lifecycle(server);
    assert_true(prometheus_server_start(server));
    const time_t started = time(NULL);
    PARTY_EVENTUALLY(time(NULL) > started);
    return server;
}

static void reloader_starts(struct party *party, struct prometheus_server *server,
                            const char *flag) {
    party_starts(party, PARTY_CONFIG, "--reload-method=signal", "--retry-interval=1s",
                 PARTY_FORMAT(party, "--process-executable-name=prom-%d", (int)getpid()),
                 PARTY_FORMAT(party, "--runtimeinfo-url=%s",
                              prometheus_server_url(server, "/api/v1/status/runtimeinfo")),
                 flag, NULL);
}

#define BY_SIGNAL(party, ...) \
    party_shows((party), &(struct party_sight){.method = "signal", __VA_ARGS__})

/* Of the reloader's doing. */
static size_t reloads(const struct prometheus_server *server) {
    return prometheus_server_logged(server, RELOADED) - 1;
}

static void a_config_and_its_change_are_a_signal_each(struct party *party) {
    struct prometheus_server *server = prometheus_starts(party, "");
    file_write(party->folder, "c.yml", GLOBAL("7s"));
    reloader_starts(party, server, NULL);
    BY_SIGNAL(party, .reloads = 1, .successful = true, .output = GLOBAL("7s"));
    assert_true(prometheus_server_config_has(server, "scrape_interval: 7s"));

    PARTY_EVENTUALLY(party_watches(party));
    const time_t loaded = time(NULL);
    PARTY_EVENTUALLY(time(NULL) > loaded);
    file_write(party->folder, "c.yml", GLOBAL("9s"));
    BY_SIGNAL(party, .reloads = 2, .successful = true, .output = GLOBAL("9s"));
    assert_true(prometheus_server_config_has(server, "scrape_interval: 9s"));

    assert_int_equal(party_ends(party), 0);
    assert_int_equal(reloads(server), 2);
    assert_int_equal(party_reloads(party), 0);
    prometheus_server_free(server);
}

static bool has_failed(struct party *party) {
    return party_metric_is(party, "reloader_last_reload_successful 0") &&
           !party_metric_is(party, "reloader_reloads_failed_total 0") &&
           party_metric_is(party, "reloader_info{method=\"signal\"} 1") &&
           party_says(party, "/healthz", "{\"status\":\"up\"}");
}

static void without_such_a_process_each_try_fails(struct party *party) {
    struct prometheus_server *server = prometheus_starts(party, "");
    file_write(party->folder, "c.yml", GLOBAL("7s"));
    party_starts(party, PARTY_CONFIG, "--reload-method=signal", "--retry-interval=100ms",
                 PARTY_FORMAT(party, "--process-executable-name=nobody-%d", (int)getpid()),
                 PARTY_FORMAT(party, "--runtimeinfo-url=%s",
                              prometheus_server_url(server, "/api/v1/status/runtimeinfo")),
                 NULL);
    PARTY_EVENTUALLY(has_failed(party));
    PARTY_EVENTUALLY(!party_metric_is(party, "reloader_reloads_failed_total 1"));
    party_output_is(party, GLOBAL("7s"));
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(reloads(server), 0);
    prometheus_server_free(server);
}

/* A restart of Prometheus is one more try, and no restart of the reloader. */
static void nobody_is_signalled_while_runtimeinfo_does_not_answer(struct party *party) {
    struct prometheus_server *server = prometheus_starts(party, "");
    prometheus_server_stop(server);
    file_write(party->folder, "c.yml", GLOBAL("7s"));
    reloader_starts(party, server, "--watch-interval=10m");
    PARTY_EVENTUALLY(has_failed(party));
    party_output_is(party, GLOBAL("7s"));

    assert_true(prometheus_server_start(server));
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_last_reload_successful 1"));
    assert_true(prometheus_server_config_has(server, "scrape_interval: 7s"));
    assert_int_equal(party_ends(party), 0);
    prometheus_server_free(server);
}

/* The real one leaves a refused config in place: docs/reloader.md. */
static void a_config_that_prometheus_refuses_is_a_failed_reload(struct party *party) {
    struct prometheus_server *server = prometheus_starts(party, "");
    file_write(party->folder, "c.yml", GLOBAL("7s"));
    reloader_starts(party, server, "--watch-interval=10m");
    BY_SIGNAL(party, .reloads = 1, .successful = true, .output = GLOBAL("7s"));
    PARTY_EVENTUALLY(party_watches(party));
    const time_t loaded = time(NULL);
    PARTY_EVENTUALLY(time(NULL) > loaded);

    file_write(party->folder, "c.yml", GLOBAL("never"));
    PARTY_EVENTUALLY(has_failed(party));
    PARTY_EVENTUALLY(({
        CLEANUP(memory_freep) char *output = file_read(party->folder, "out/prometheus.yml");
        strcmp(output, party->real ? GLOBAL("never") : GLOBAL("7s")) == 0;
    }));
    assert_true(prometheus_server_config_has(server, "scrape_interval: 7s"));

    assert_int_equal(party_ends(party), 0);
    prometheus_server_free(server);
}

static void an_init_container_signals_nobody(struct party *party) {
    struct prometheus_server *server = prometheus_starts(party, "");
    file_write(party->folder, "c.yml", GLOBAL("7s"));
    reloader_starts(party, server, "--watch-interval=0");
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 0);
    party_output_is(party, GLOBAL("7s"));
    assert_int_equal(reloads(server), 0);
    prometheus_server_free(server);
}

PARTY_BOTH(a_config_and_its_change_are_a_signal_each)
PARTY_BOTH(without_such_a_process_each_try_fails)
PARTY_BOTH(nobody_is_signalled_while_runtimeinfo_does_not_answer)
PARTY_BOTH(a_config_that_prometheus_refuses_is_a_failed_reload)
PARTY_BOTH(an_init_container_signals_nobody)

int main(void) {
    const struct CMUnitTest tests[] = {
        PARTY_TESTS(a_config_and_its_change_are_a_signal_each),
        PARTY_TESTS(without_such_a_process_each_try_fails),
        PARTY_TESTS(nobody_is_signalled_while_runtimeinfo_does_not_answer),
        PARTY_TESTS(a_config_that_prometheus_refuses_is_a_failed_reload),
        PARTY_TESTS(an_init_container_signals_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
