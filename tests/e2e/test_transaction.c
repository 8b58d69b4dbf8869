/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of a config that a real Prometheus refuses, dies of, or takes long to load. The
 * sidecar is told of another Prometheus than there is, so that it writes what this one refuses
 * (support/refusal.h). */

#include "support/assertions.h"
#include "support/config_judge.h"
#include "support/http_stub.h"
#include "support/peer_version.h"
#include "support/pod.h"
#include "support/refusal.h"
#include "support/tempdir.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A search among a thousand, on a machine that has other things to do. */
#define PATIENCE 180000U

#define KNOWN_FIELD     "    queueConfig: {capacity: 2000}\n"
#define ANOTHER_ATTEMPT "asked about a part"
#define SEARCH_OVER     "msg=\"the search is over\""

static bool patiently(struct pod *pod, bool condition) {
    return condition || !pod_is_well(pod);
}

#define EVENTUALLY_WITHIN(pod, condition, milliseconds)                     \
    do {                                                                    \
        bool came_true_ = false;                                            \
        WAIT_UNTIL(patiently(pod, came_true_ = (condition)), milliseconds); \
        if (!came_true_) {                                                  \
            pod_show_logs(pod);                                             \
            fail_msg("waited in vain for %s", #condition);                  \
        }                                                                   \
    } while (0)

/* --- manifests ------------------------------------------------------------------------------ */

/* Sends nothing, to nobody: no metadata either, which Prometheus begins to send a minute after a
 * queue has started, and to stop one that tries takes long. fields: relabelings first, as the list
 * goes on.
 */
static const char *idle_text(struct pod *pod, const char *name, const char *fields) {
    return arena_format(pod->arena,
                        "---\n"
                        "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                        "kind: RemoteWrite\n"
                        "metadata: {name: %s, namespace: monitoring}\n"
                        "spec:\n"
                        "  clusterSelector: {}\n"
                        "  remoteWrite:\n"
                        "    url: http://127.0.0.1:9/%s\n"
                        "    metadataConfig: {send: false}\n"
                        "    writeRelabelConfigs:\n"
                        "      - {sourceLabels: [__name__], regex: '.*', action: drop}\n"
                        "%s",
                        name, name, fields);
}

static void drop_idle(struct pod *pod, const char *name, const char *fields) {
    file_replace(pod->manifests, arena_format(pod->arena, "%s.yaml", name),
                 idle_text(pod, name, fields));
}

/* So many in one file, idle-0000 and on; those two with what is refused. SIZE_MAX: none. */
static void drop_many(struct pod *pod, size_t count, size_t field, size_t other) {
    CLEANUP(buffer_free) struct buffer text = {0};

    for (size_t i = 0; i < count; i++) {
        const char *fields = i == field   ? refusal()->fields
                             : i == other ? refusal()->other_fields
                                          : "";
        buffer_append_string(&text,
                             idle_text(pod, arena_format(pod->arena, "idle-%04zu", i), fields));
    }
    file_replace(pod->manifests, "many.yaml", buffer_string(&text));
}

/* --- a reader beside Prometheus ------------------------------------------------------------- */

struct reader {
    const char *folder;
    pthread_t thread;
    atomic_bool stop;
    size_t reads;
    size_t torn;
};

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void *read_on(void *context) {
    struct reader *reader = context;

    while (!atomic_load(&reader->stop)) {
        CLEANUP(memory_freep) char *text = file_read(reader->folder, "config/prometheus.yml");
        bool whole =
            text != NULL && strncmp(text, "# Written by those who run Prometheus.\n", 39) == 0 &&
            (ends_with(text, "# The end.\n") || ends_with(text, "# END remotewrite-sidecar\n"));
        reader->reads++;
        reader->torn += whole ? 0 : 1;
        struct deadline soon = deadline_in(DEADLINE_USUAL);
        (void)deadline_wait(&soon); /* others need the processor as well */
    }
    return NULL;
}

static void reader_start(struct reader *reader, const struct pod *pod) {
    reader->folder = pod->folder;
    atomic_init(&reader->stop, false);
    assert_int_equal(pthread_create(&reader->thread, NULL, read_on, reader), 0);
}

static void reader_stop(struct reader *reader) {
    atomic_store(&reader->stop, true);
    pthread_join(reader->thread, NULL);
}

/* --- what is asked -------------------------------------------------------------------------- */

static double samples_of(struct pod *pod, const char *name) {
    return prometheus_server_metric(pod->prometheus, "prometheus_remote_storage_samples_total",
                                    arena_format(pod->arena, "remote_name=\"%s\"", name));
}

static bool last_reload_was_good(struct pod *pod) {
    return prometheus_server_metric(pod->prometheus, "prometheus_config_last_reload_successful",
                                    NULL) > 0;
}

static bool is_idle(const struct pod *pod) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "sidecar.log");
    const char *last = NULL;

    for (const char *at = log; at != NULL && (at = strstr(at, "msg=phase ")) != NULL; at++) {
        last = at;
    }
    return last != NULL && strncmp(strstr(last, " to="), " to=idle\n", 9) == 0;
}

/* --- refused RemoteWrites ------------------------------------------------------------------- */

/* Lines of Prometheus's log that have both texts. */
static size_t lines_with(const struct pod *pod, const char *one, const char *other) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "prometheus/prometheus.log");
    size_t count = 0;
    char *rest = NULL;

    for (const char *line = strtok_r(log, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        count += strstr(line, one) != NULL && strstr(line, other) != NULL ? 1 : 0;
    }
    return count;
}

/* How often it loaded a config or tried to, by its log: with a thousand queues its /metrics take
 * their time. */
static size_t loads_of(struct pod *pod) {
    return prometheus_server_logged(pod->prometheus, "oading configuration file\"");
}

/* 997 that are good, two that never were, and `steady`, which was good before it is edited now. */
static void drop_a_thousand(struct pod *pod) {
    drop_many(pod, 999, 17, 600);
    drop_idle(pod, "steady", refusal()->fields);
}

/* With a reader beside it. */
static void search_ends(struct pod *pod) {
    struct reader reader = {0};
    bool over = false;

    reader_start(&reader, pod);
    drop_a_thousand(pod);
    WAIT_UNTIL(!pod_is_well(pod) || (over = pod_logged(pod, SEARCH_OVER) == 1 && is_idle(pod)),
               PATIENCE);
    reader_stop(&reader);
    EVENTUALLY(pod, over);
    print_message("%zu reads beside the search\n", reader.reads);
    assert_true(reader.reads > 0);
    assert_int_equal(reader.torn, 0);
}

static void a_mended_one_is_active_after_one_pass(struct pod *pod) {
    const size_t loads = loads_of(pod);

    drop_many(pod, 999, SIZE_MAX, 600);
    EVENTUALLY_WITHIN(pod, prometheus_server_runs(pod->prometheus, "idle-0017"), PATIENCE);
    EVENTUALLY_WITHIN(pod, is_idle(pod), PATIENCE);
    if (loads_of(pod) != loads + 1) {
        pod_show_logs(pod);
        fail_msg("%zu loads, not one", loads_of(pod) - loads);
    }
}

/* Its queue was never stopped, so that its counters did not start anew, and it goes on. The metrics
 * are asked for once the thousand are gone: with them Prometheus takes its time. */
static void its_queue_was_never_stopped(struct pod *pod, const char *name, double samples) {
    const char *label = arena_format(pod->arena, "remote_name=%s ", name);

    file_remove(pod->manifests, "many.yaml");
    EVENTUALLY_WITHIN(pod, prometheus_server_entries(pod->prometheus) == 1 && is_idle(pod),
                      PATIENCE);
    assert_int_equal(lines_with(pod, "Stopping remote storage", label), 0);
    assert_int_equal(lines_with(pod, "Starting WAL watcher", label), 1);
    EVENTUALLY_WITHIN(pod, samples_of(pod, name) > samples, PATIENCE);
    EVENTUALLY_WITHIN(pod, last_reload_was_good(pod), PATIENCE);
}

static void three_of_a_thousand_are_set_aside_and_all_others_are_served(void **state) {
    struct pod *pod = *state;
    double samples = 0;
    pod->refused_on_purpose = true;
    pod_drop(pod, (struct manifest){.name = "steady"});
    /* On a busy machine a thousand queues take a minute to start anew. An answer that comes after
     * the time for it may cost a load more, which is another test's. */
    pod_runs(pod, refusal()->version_flag, "--delay-interval=500ms", "--reload-timeout=1h");
    EVENTUALLY(pod, (samples = samples_of(pod, "steady")) > 0 && is_idle(pod));
    const size_t loads = loads_of(pod);

    search_ends(pod);

    print_message("1,000 RemoteWrites, 3 refused: %zu reloads\n", loads_of(pod) - loads);
    assert_between(loads_of(pod) - loads, 1, 40);
    EVENTUALLY_WITHIN(pod, prometheus_server_entries(pod->prometheus) == 998, PATIENCE);
    assert_int_equal(pod_logged(pod, "state=quarantined before=active"), 3);
    a_mended_one_is_active_after_one_pass(pod);
    its_queue_was_never_stopped(pod, "steady", samples);
}

/* Killed after two questions more, or when there are none. */
static void killed_and_started_anew(struct pod *pod) {
    const size_t asked = pod_logged(pod, ANOTHER_ATTEMPT);

    EVENTUALLY(pod,
               pod_logged(pod, ANOTHER_ATTEMPT) >= asked + 2 || pod_logged(pod, SEARCH_OVER) > 0);
    process_signal(pod->sidecar, SIGKILL);
    process_free(pod->sidecar);
    pod_start_sidecar(pod, refusal()->version_flag, NULL);
}

static void a_restart_during_the_search_ends_in_the_same_state(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_runs(pod, refusal()->version_flag);
    EVENTUALLY(pod, is_idle(pod));
    drop_many(pod, 60, 20, 40);

    for (size_t restarts = 0; restarts < 3; restarts++) {
        killed_and_started_anew(pod);
    }

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 58 && is_idle(pod));
    assert_false(prometheus_server_runs(pod->prometheus, "idle-0020"));
    assert_false(prometheus_server_runs(pod->prometheus, "idle-0040"));
    assert_true(last_reload_was_good(pod));
}

static void a_restart_remembers_what_was_refused(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, refusal()->version_flag);
    drop_idle(pod, "guilty", refusal()->fields);
    EVENTUALLY(pod, pod_logged(pod, "state=quarantined") == 1 && is_idle(pod));
    assert_int_equal(pod_stop_sidecar(pod), 0);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    pod_start_sidecar(pod, refusal()->version_flag, NULL);

    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) == reloads + 1 && is_idle(pod));
    assert_false(prometheus_server_runs(pod->prometheus, "guilty"));
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_true(last_reload_was_good(pod));
}

static void sighup_asks_about_what_was_refused_again(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_runs(pod, refusal()->version_flag);
    drop_idle(pod, "guilty", refusal()->fields);
    EVENTUALLY(pod, pod_logged(pod, SEARCH_OVER) == 1 && is_idle(pod));

    process_signal(pod->sidecar, SIGHUP);

    EVENTUALLY(pod, pod_logged(pod, SEARCH_OVER) == 2 && is_idle(pod));
    assert_false(prometheus_server_runs(pod->prometheus, "guilty"));
    assert_true(last_reload_was_good(pod));
}

static void a_secret_that_comes_after_its_manifest_loses_no_queue(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    double samples = 0;
    EVENTUALLY(pod, (samples = samples_of(pod, "team-a")) > 0);

    /* As kubelet does it: the manifest half a minute before its Secret. */
    pod_drop(pod, (struct manifest){.name = "team-a", .secret = "late", .capacity = 2600});
    EVENTUALLY(pod, pod_logged(pod, "state=pending before=active") == 1);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    EVENTUALLY(pod, samples_of(pod, "team-a") > samples);
    pod_secret(pod, "late", FIRST_PASSWORD);

    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity",
                                                "2600"));
}

/* --- a refused base ------------------------------------------------------------------------- */

/* Returns the config that was good. */
static const char *given_a_refused_base(struct pod *pod) {
    pod->refused_on_purpose = true;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a") && is_idle(pod));
    const char *config = pod_output(pod);

    pod_base(pod,
             arena_format(pod->arena, "%s\nno_such_section: {}\n", pod_output_without_block(pod)));
    EVENTUALLY(pod, pod_logged(pod, SEARCH_OVER) == 1 && is_idle(pod));
    return config;
}

static void a_refused_base_heals_when_its_earlier_text_comes_back(void **state) {
    struct pod *pod = *state;
    const char *config = given_a_refused_base(pod);
    assert_string_equal(pod_output(pod), config);
    assert_false(last_reload_was_good(pod));

    pod_base(pod, pod_output_without_block(pod));

    EVENTUALLY(pod, last_reload_was_good(pod) && is_idle(pod));
    assert_string_equal(pod_output(pod), config);
}

static void changes_of_others_go_on_while_the_base_is_refused(void **state) {
    struct pod *pod = *state;
    (void)given_a_refused_base(pod);

    pod_drop(pod, (struct manifest){.name = "team-b"});

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-b") && is_idle(pod));
    assert_null(strstr(pod_output(pod), "no_such_section"));
}

/* --- a cold start --------------------------------------------------------------------------- */

static bool comes_up(struct pod *pod, const char *name) {
    prometheus_server_supervise(pod->prometheus);
    return prometheus_server_runs(pod->prometheus, name);
}

static void a_config_that_kills_prometheus_at_its_start_gives_way_to_the_base(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    drop_many(pod, 6, 2, SIZE_MAX);
    pod_start_sidecar(pod, refusal()->version_flag, "--startup-grace=2s", NULL);
    EVENTUALLY(pod, strstr(pod_output(pod), refusal()->sign) != NULL);

    bool base_alone = false;
    EVENTUALLY_WITHIN(pod,
                      (base_alone |= pod_logged(pod, "safe=\"base alone\"") > 0,
                       comes_up(pod, "idle-0005") && is_idle(pod)),
                      60000U);

    assert_true(base_alone);
    assert_int_equal(prometheus_server_entries(pod->prometheus), 5);
    assert_false(prometheus_server_runs(pod->prometheus, "idle-0002"));
    assert_true(last_reload_was_good(pod));
}

static void a_good_config_is_what_prometheus_starts_with_after_an_outage(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, refusal()->version_flag, "--startup-grace=1s");
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a") && is_idle(pod));
    prometheus_server_stop(pod->prometheus);
    drop_idle(pod, "guilty", refusal()->fields);
    drop_idle(pod, "good", KNOWN_FIELD);
    EVENTUALLY(pod, strstr(pod_output(pod), refusal()->sign) != NULL);

    EVENTUALLY_WITHIN(pod, comes_up(pod, "good") && is_idle(pod), 60000U);

    assert_int_equal(pod_logged(pod, "safe=\"last good config\""), 1);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_false(prometheus_server_runs(pod->prometheus, "guilty"));
}

/* Prometheus would refuse it only while it applies the config, and die of its next reload. */
static void a_certificate_that_is_none_never_reaches_prometheus(void **state) {
    struct pod *pod = *state;
    drop_many(pod, 6, SIZE_MAX, SIZE_MAX);
    folder_make(pod->secrets, "tls");
    file_write(pod->secrets, "tls/ca", "no certificate\n");
    drop_idle(pod, "guilty", "    tlsConfig: {ca: {secret: {name: tls, key: ca}}}\n");
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "idle-0005") && is_idle(pod));
    assert_int_equal(pod_logged(pod, "holds no PEM block CERTIFICATE"), 1);
    assert_false(prometheus_server_runs(pod->prometheus, "guilty"));

    CLEANUP(memory_freep) char *good = file_read("testdata/certificates", "ec.crt");
    file_replace(pod->secrets, "tls/ca", good);

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "guilty") && is_idle(pod));
    assert_true(last_reload_was_good(pod));
    assert_int_equal(prometheus_server_supervise(pod->prometheus), 0);
    assert_int_equal(pod_logged(pod, "Prometheus refused"), 0);
}

static struct version prometheus_version(void) {
    const char *program = getenv("PROMETHEUS");

    return peer_version(program != NULL ? program : "build/peers/debian/usr/bin/prometheus");
}

/* --- what is refused only while it is applied ------------------------------------------------- */

#define AMBIENT_IDENTITY "    sigv4: {region: eu-west-1}\n"
#define NO_IDENTITY      "    sigv4: {}\n"
#define VERSION_2        "    messageVersion: V2.0\n"

/* A base with an entry of its own, and six RemoteWrites. */
static void given_queues_of_others(struct pod *pod, const char *flag) {
    pod_base(pod, arena_format(pod->arena,
                               "%sremote_write:\n"
                               "    - name: own\n"
                               "      url: http://127.0.0.1:9/own\n",
                               pod_output(pod)));
    drop_many(pod, 6, SIZE_MAX, SIZE_MAX);
    pod_runs(pod, flag);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "idle-0005") && is_idle(pod));
}

/* Prometheus lives on, and no queue was ever stopped: of many that are, its log tells one at least.
 */
static void every_queue_went_on(struct pod *pod) {
    assert_int_equal(prometheus_server_supervise(pod->prometheus), 0);
    assert_int_equal(lines_with(pod, "Stopping remote storage", "remote_name="), 0);
}

/* Whether one stands before the other in the output; both have to be there. */
static bool stands_before(struct pod *pod, const char *one, const char *other) {
    const char *output = pod_output(pod);
    const char *first = strstr(output, one);
    const char *second = strstr(output, other);

    return first != NULL && second != NULL && first < second;
}

/* The newest, then those that were there before, then the base's own. */
static bool is_in_order(struct pod *pod, const char *newest) {
    return stands_before(pod, arena_format(pod->arena, "# RemoteWrite monitoring/%s\n", newest),
                         "# RemoteWrite monitoring/idle-0000") &&
           stands_before(pod, "# RemoteWrite monitoring/idle-0000",
                         "# RemoteWrite monitoring/idle-0005") &&
           stands_before(pod, "# END remotewrite-sidecar", "name: own");
}

/* Both come at the same moment; then others do. */
static void the_guilty_is_found_beside_a_good_one(struct pod *pod, const char *fields) {
    file_replace(pod->manifests, "new.yaml",
                 arena_format(pod->arena, "%s%s", idle_text(pod, "good", KNOWN_FIELD),
                              idle_text(pod, "guilty", fields)));

    EVENTUALLY_WITHIN(pod,
                      prometheus_server_runs(pod->prometheus, "good") &&
                          pod_logged(pod, "state=quarantined") > 0 && is_idle(pod),
                      PATIENCE);
    assert_int_equal(prometheus_server_entries(pod->prometheus), 8);
    assert_false(prometheus_server_runs(pod->prometheus, "guilty"));
    assert_true(last_reload_was_good(pod));
    assert_true(is_in_order(pod, "good"));
    every_queue_went_on(pod);

    drop_idle(pod, "later", KNOWN_FIELD);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "later") && is_idle(pod));
    pod_catch_up(pod);
    every_queue_went_on(pod);
}

static void an_identity_that_prometheus_lacks_is_found_and_every_queue_goes_on(void **state) {
    struct pod *pod = *state;
    given_queues_of_others(pod, NULL);

    the_guilty_is_found_beside_a_good_one(pod, AMBIENT_IDENTITY);

    assert_true(pod_logged(pod, "one or more errors occurred while applying") > 0);
    file_remove(pod->manifests, "new.yaml");
    EVENTUALLY(pod, lines_with(pod, "Stopping remote storage", "remote_name=good ") == 1);
}

static void an_identity_without_a_region_is_found_and_every_queue_goes_on(void **state) {
    struct pod *pod = *state;
    given_queues_of_others(pod, NULL);

    the_guilty_is_found_beside_a_good_one(pod, NO_IDENTITY);
}

/* A file of Prometheus's own container can be looked into by nobody else. */
static void a_file_that_prometheus_lacks_is_found_and_every_queue_goes_on(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    given_queues_of_others(pod, "--allow-file-references");

    the_guilty_is_found_beside_a_good_one(pod, "    tlsConfig: {caFile: /nowhere/ca.crt}\n");
}

/* Prometheus 3.0 to 3.2 refuse it without a feature flag, while they apply the config. The sidecar
 * knows nothing of that. */
static void a_message_of_version_2_0_without_its_feature_flag_is_found_and_every_queue_goes_on(
    void **state) {
    struct pod *pod = *state;
    const struct version version = prometheus_version();
    if (version.major != 3 || version.minor > 2) {
        skip_because("Prometheus 3.0 to 3.2 only refuses it");
    }
    given_queues_of_others(pod, NULL);

    the_guilty_is_found_beside_a_good_one(pod, VERSION_2);

    assert_true(prometheus_server_logged(pod->prometheus, "metadata-wal-records") > 0);
}

static void an_edit_to_an_identity_that_prometheus_lacks_keeps_the_queue_as_it_was(void **state) {
    struct pod *pod = *state;
    given_queues_of_others(pod, NULL);
    drop_idle(pod, "edited", KNOWN_FIELD);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "edited") && is_idle(pod));

    drop_idle(pod, "edited", AMBIENT_IDENTITY);

    EVENTUALLY_WITHIN(pod, pod_logged(pod, "state=quarantined") > 0 && is_idle(pod), PATIENCE);
    assert_true(
        prometheus_server_runs_with(pod->prometheus, "edited", "queue_config.capacity", "2000"));
    every_queue_went_on(pod);
}

/* --- one reload ------------------------------------------------------------------------------- */

static const char *kept_path(struct pod *pod, const char *name) {
    CLEANUP(memory_freep) char *here = getcwd(NULL, 0);

    return arena_format(pod->arena, "%s/testdata/certificates/%s", here, name);
}

static void secret_of_file(struct pod *pod, const char *key, const char *name) {
    CLEANUP(memory_freep) char *content = file_read("testdata/certificates", name);

    file_write(pod->secrets, arena_format(pod->arena, "tls/%s", key), content);
}

static void each_is_one_reload(struct pod *pod, const char *const *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *name = arena_format(pod->arena, "kind-%zu", i);
        /* It is there before; then it changes. */
        drop_idle(pod, name, "");
        EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, name) && is_idle(pod));
        const char *before = pod_output(pod);
        const unsigned reloads = prometheus_server_reloads(pod->prometheus);

        drop_idle(pod, name, fields[i]);
        EVENTUALLY(pod, strcmp(pod_output(pod), before) != 0);
        pod_catch_up(pod);

        /* The last is that of catching up. Prometheus counts a request when it has answered it. */
        EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) == reloads + 2);
        assert_int_equal(pod_logged(pod, "state=quarantined"), 0);
        assert_int_equal(prometheus_server_supervise(pod->prometheus), 0);
        print_message("one reload:%s", fields[i]);
    }
    assert_true(stands_before(pod, "# END remotewrite-sidecar", "name: own"));
    assert_int_equal(lines_with(pod, "Stopping remote storage", "remote_name=idle-"), 0);
}

static void a_change_of_each_kind_is_one_reload(void **state) {
    struct pod *pod = *state;
    const char *const fields[] = {
        "    tlsConfig: {ca: {secret: {name: tls, key: ca}}, cert: {secret: {name: tls, key: cert}},"
        " keySecret: {name: tls, key: key}}\n",
        "    sigv4: {region: eu-west-1, accessKey: {name: aws, key: id},"
        " secretKey: {name: aws, key: secret}}\n",
        AMBIENT_IDENTITY,
        arena_format(pod->arena, "    tlsConfig: {caFile: %s}\n", kept_path(pod, "rsa.crt")),
    };
    folder_make(pod->secrets, "tls");
    secret_of_file(pod, "ca", "rsa.crt");
    secret_of_file(pod, "cert", "ec.crt");
    secret_of_file(pod, "key", "ec.key");
    folder_make(pod->secrets, "aws");
    file_write(pod->secrets, "aws/id", "an-access-key");
    file_write(pod->secrets, "aws/secret", "a-secret-key");
    setenv("AWS_ACCESS_KEY_ID", "an-access-key", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "a-secret-key", 1);
    given_queues_of_others(pod, "--allow-file-references");
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");

    each_is_one_reload(pod, fields, ARRAY_LENGTH(fields));
}

/* Debian builds Prometheus without it. */
static bool knows_azure(void) {
    CLEANUP(buffer_free) struct buffer said = {0};
    struct config_judge judge = config_judge_start(getenv("PROMTOOL"));
    const bool knows =
        config_judge_accepts(&judge,
                             BYTES("remote_write:\n"
                                   "- url: http://x\n"
                                   "  azuread: {cloud: AzurePublic, managed_identity: {client_id: "
                                   "00000000-0000-0000-0000-000000000001}}\n"),
                             &said);

    config_judge_stop(&judge);
    return knows;
}

static void a_change_of_each_kind_that_came_with_prometheus_3_is_one_reload(void **state) {
    struct pod *pod = *state;
    static const char *const fields[] = {
        VERSION_2,
        "    azureAd: {managedIdentity: {clientId: 00000000-0000-0000-0000-000000000001}}\n",
        "    azureAd: {sdk: {tenantId: 00000000-0000-0000-0000-000000000001}}\n",
    };
    const struct version version = prometheus_version();
    if (version.major < 3) {
        skip_because("Prometheus before 3.0 does not know all of them");
    }
    const size_t count = knows_azure() ? ARRAY_LENGTH(fields) : 1;
    if (version.minor <= 2) {
        prometheus_server_flag(pod->prometheus, "--enable-feature=metadata-wal-records");
    }
    given_queues_of_others(pod, NULL);

    each_is_one_reload(pod, fields, count);
}

/* --- what was taken and goes away ------------------------------------------------------------- */

/* It can fail by itself, so it stands first among those that were taken: whoever came later. */
static void a_file_that_goes_away_later_is_found_and_prometheus_lives(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    CLEANUP(memory_freep) char *authority = file_read("testdata/certificates", "rsa.crt");
    file_write(pod->folder, "ca.crt", authority);
    given_queues_of_others(pod, "--allow-file-references");
    drop_idle(pod, "regresses",
              arena_format(pod->arena, "    tlsConfig: {caFile: %s/ca.crt}\n", pod->folder));
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "regresses") && is_idle(pod));
    drop_idle(pod, "newer", KNOWN_FIELD);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "newer") && is_idle(pod));

    file_remove(pod->folder, "ca.crt");
    drop_idle(pod, "last", KNOWN_FIELD);

    EVENTUALLY_WITHIN(pod,
                      prometheus_server_runs(pod->prometheus, "last") &&
                          pod_logged(pod, "state=quarantined") > 0 && is_idle(pod),
                      PATIENCE);
    assert_false(prometheus_server_runs(pod->prometheus, "regresses"));
    assert_int_equal(lines_with(pod, "Stopping remote storage", "remote_name=idle-"), 0);
    assert_int_equal(lines_with(pod, "Stopping remote storage", "remote_name=newer "), 0);
    drop_idle(pod, "later", KNOWN_FIELD);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "later") && is_idle(pod));
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_supervise(pod->prometheus), 0);
}

/* --- a reload that takes its time ----------------------------------------------------------- */

static void a_dead_endpoint_is_removed_with_one_reload_however_long_it_takes(void **state) {
    struct pod *pod = *state;
    CLEANUP(http_stub_freep) struct http_stub *dead = http_stub_new();
    http_stub_script(dead, "/push", &(struct stub_answer){.mode = STUB_HANG}, 1);
    http_stub_listen(dead);
    prometheus_server_flag(pod->prometheus, "--storage.remote.flush-deadline=6s");
    file_replace(pod->manifests, "dead.yaml",
                 arena_format(pod->arena,
                              "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                              "kind: RemoteWrite\n"
                              "metadata: {name: dead, namespace: monitoring}\n"
                              "spec:\n"
                              "  clusterSelector: {}\n"
                              "  remoteWrite:\n"
                              "    url: %s\n"
                              "    remoteTimeout: 1m\n"
                              "    queueConfig: {batchSendDeadline: 100ms}\n",
                              http_stub_url(dead, "/push")));
    pod_runs(pod, "--reload-timeout=2s");
    EVENTUALLY(pod, http_stub_count(dead, "/push") > 0 && is_idle(pod));
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    pod_remove(pod, "dead");
    EVENTUALLY(pod, pod_logged(pod, "to=confirming") == 1);
    EVENTUALLY_WITHIN(pod, is_idle(pod), PATIENCE);

    assert_false(prometheus_server_runs(pod->prometheus, "dead"));
    assert_true(last_reload_was_good(pod));
    /* Prometheus counts a request when it has answered it. */
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) == reloads + 1);
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 2);
    assert_int_equal(pod_logged(pod, "level=error"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(three_of_a_thousand_are_set_aside_and_all_others_are_served),
        POD_TEST(a_restart_during_the_search_ends_in_the_same_state),
        POD_TEST(a_restart_remembers_what_was_refused),
        POD_TEST(sighup_asks_about_what_was_refused_again),
        POD_TEST(a_secret_that_comes_after_its_manifest_loses_no_queue),
        POD_TEST(a_refused_base_heals_when_its_earlier_text_comes_back),
        POD_TEST(changes_of_others_go_on_while_the_base_is_refused),
        POD_TEST(a_config_that_kills_prometheus_at_its_start_gives_way_to_the_base),
        POD_TEST(a_good_config_is_what_prometheus_starts_with_after_an_outage),
        POD_TEST(a_certificate_that_is_none_never_reaches_prometheus),
        POD_TEST(an_identity_that_prometheus_lacks_is_found_and_every_queue_goes_on),
        POD_TEST(a_file_that_prometheus_lacks_is_found_and_every_queue_goes_on),
        POD_TEST(an_edit_to_an_identity_that_prometheus_lacks_keeps_the_queue_as_it_was),
        POD_TEST(an_identity_without_a_region_is_found_and_every_queue_goes_on),
        POD_TEST(
            a_message_of_version_2_0_without_its_feature_flag_is_found_and_every_queue_goes_on),
        POD_TEST(a_change_of_each_kind_is_one_reload),
        POD_TEST(a_change_of_each_kind_that_came_with_prometheus_3_is_one_reload),
        POD_TEST(a_file_that_goes_away_later_is_found_and_prometheus_lives),
        POD_TEST(a_dead_endpoint_is_removed_with_one_reload_however_long_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
