/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_POD_H
#define TESTS_SUPPORT_POD_H

/*
 * A pod as users deploy it, on this machine: Prometheus, the sidecar beside it, the volumes that
 * they read; and another Prometheus elsewhere that receives samples from those who know the
 * password. Every process is real.
 *
 *     static void a_dropped_manifest_becomes_an_entry(void **state) {
 *         struct pod *pod = *state;
 *         pod_runs(pod);
 *         pod_drop(pod, (struct manifest){.name = "team-a"});
 *         EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
 *     }
 *     ... POD_TEST(a_dropped_manifest_becomes_an_entry)
 */

#include "base/arena.h"
#include "support/config_history.h"
#include "support/deadline.h"
#include "support/process.h"
#include "support/prometheus_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* What the receiver's web configuration knows the hashes of; hard to write in YAML on purpose. */
#define RECEIVER_USER   "team a #1"
#define FIRST_PASSWORD  "first: \"pass\" #1"
#define SECOND_PASSWORD "second: 'pass' #2"

/* The Secret that a manifest names where it does not say otherwise, and its keys. */
#define RECEIVER_SECRET "receiver"

struct pod {
    struct arena *arena; /* of the strings below, and of what the functions return */
    const char *folder;
    const char *base;      /* FOLDER/base/prometheus.yml */
    const char *output;    /* FOLDER/config/prometheus.yml: Prometheus's own --config.file */
    const char *manifests; /* FOLDER/remote-writes */
    const char *secrets;   /* FOLDER/secrets */
    const char *labels;    /* FOLDER/podinfo/labels; used where a test passes it */
    struct prometheus_server *prometheus;
    struct prometheus_server *receiver;
    struct process *sidecar;
    struct config_history *history;
    unsigned caught_up;      /* how often */
    bool refused_on_purpose; /* set by a test that has promtool refuse what stood in the output */
};

/*
 * For cmocka: a pod in which nothing runs but the receiver. There is a base config, which
 * Prometheus finds as its config too, no manifest, and the Secret `receiver` with the right
 * password.
 */
int pod_setup(void **state);

/* Ends everything. Fails where the sidecar does not exit with 0 at SIGTERM, where it leaves a
 * temporary file behind, or where promtool refuses a config that stood in the output. */
int pod_teardown(void **state);

/* A test that has a pod as its state. */
#define POD_TEST(test) cmocka_unit_test_setup_teardown(test, pod_setup, pod_teardown)

/* Starts Prometheus, then the sidecar with these flags. */
#define pod_runs(pod, ...)                           \
    do {                                             \
        pod_start_prometheus(pod);                   \
        pod_start_sidecar(pod, ##__VA_ARGS__, NULL); \
    } while (0)

void pod_start_prometheus(struct pod *pod);

/* The usual flags (--sandbox by $SANDBOX among them), but for those given here:
 * "--delay-interval=1s", ..., NULL. */
void pod_start_sidecar(struct pod *pod, ...) __attribute__((sentinel));

/* Sends SIGTERM and waits; the exit status. */
int pod_stop_sidecar(struct pod *pod);

/* The sidecar to its end, with a command and the usual flags but for those given; its standard
 * output is in FOLDER/stdout. Its exit status. */
int pod_execute(struct pod *pod, const char *command, ...) __attribute__((sentinel));

/* A URL of the sidecar's own server, which listens on a port that it chose (see POD_ANY_PORT): the
 * port stands in its log. NULL: not yet. In the pod's arena. */
const char *pod_web_url(struct pod *pod, const char *path);
#define POD_ANY_PORT "--listen-address=127.0.0.1:0"

/* How often this text stands in the sidecar's log. */
size_t pod_logged(const struct pod *pod, const char *text);

/* Waits for an expression that becomes true; shows the logs and fails where it does not, at once
 * where the sidecar has ended. */
#define EVENTUALLY(pod, condition)                                                   \
    do {                                                                             \
        bool came_true_ = false;                                                     \
        WAIT_UNTIL((came_true_ = (condition)) || !pod_is_well(pod), DEADLINE_USUAL); \
        if (!came_true_) {                                                           \
            pod_show_logs(pod);                                                      \
            fail_msg("waited in vain for %s", #condition);                           \
        }                                                                            \
    } while (0)
/* False where the sidecar was started and has ended by itself. */
bool pod_is_well(const struct pod *pod);
void pod_show_logs(const struct pod *pod);

/* --- what the user does --------------------------------------------------------------------- */

struct manifest {
    const char *name;
    const char *selector; /* of the cluster, in flow style; NULL: "{}" */
    const char *secret;   /* with username and password; NULL: RECEIVER_SECRET */
    unsigned capacity;    /* of the queue; 0: 2500 */
};

/* As YAML; sends to the receiver. In the pod's arena. */
const char *manifest_text(struct pod *pod, struct manifest manifest);

/* Writes it to FOLDER/remote-writes/NAME.yaml, by rename. */
void pod_drop(struct pod *pod, struct manifest manifest);
void pod_remove(struct pod *pod, const char *name);

/* FOLDER/secrets/NAME/{username,password} */
void pod_secret(struct pod *pod, const char *name, const char *password);

/* By rename. */
void pod_base(struct pod *pod, const char *text);
void pod_cluster_labels(struct pod *pod, const char *text);

/* From now on it takes this password (FIRST_PASSWORD, SECOND_PASSWORD) and no other. */
void pod_receiver_wants(struct pod *pod, const char *password);

/* --- what comes of it ----------------------------------------------------------------------- */

/* The output; NULL where there is none. */
const char *pod_output(struct pod *pod);

/* What the output has without our block, markers included. */
const char *pod_output_without_block(struct pod *pod);

/* One more RemoteWrite, until Prometheus runs it and the sidecar rests: whatever it had still to do
 * is done then, and counted. It costs one reload. */
void pod_catch_up(struct pod *pod);

/* By its log: Prometheus has answered what it was asked last, and there is nothing to do. A sidecar
 * that is stopped earlier restores what Prometheus confirmed last. */
bool pod_is_at_rest(const struct pod *pod);

/* When the newest sample that the receiver has was taken (seconds); NAN: it has none. */
double pod_newest_sample(struct pod *pod);

/* Samples of this entry that the receiver did not take. */
double pod_failed_samples(struct pod *pod, const char *name);

#endif
