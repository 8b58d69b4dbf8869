/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AGENT_FIXTURE_H
#define TESTS_SUPPORT_AGENT_FIXTURE_H

/*
 * An agent on a loop of its own, in a temporary folder, with a stand-in for Prometheus:
 *
 *     DIR/volume/          manifests             DIR/base/prometheus.yml
 *     DIR/secrets/         NAME/KEY              DIR/labels/labels
 *     DIR/out/prometheus.yml and DIR/out/remote-write-secrets/
 */

#include "agent/agent.h"
#include "support/http_stub.h"

#include <stdbool.h>
#include <stddef.h>

#define RELOAD_PATH    "/-/reload"
#define BUILDINFO_PATH "/api/v1/status/buildinfo"

struct agent_fixture {
    char *dir;
    char *volume;
    char *secrets;
    char *base;
    char *labels;
    char *out;
    char *base_file;
    char *labels_file;
    char *output;
    char *secret_directory;
    struct volume_config volumes[4];
    struct agent_settings settings;
    struct http_stub *prometheus;
    uv_loop_t loop;
    struct agent *agent; /* NULL until agent_given_started */
    bool ended;          /* by agent_ends: the loop is closed */
};

/* As cmocka's setup and teardown: *state is the fixture. The base config stands, Prometheus answers
 * 200 to every reload, the log is gathered, delays are short. The agent is not started. Teardown
 * fails when a handle was left open. */
int agent_fixture_setup(void **state);
int agent_fixture_teardown(void **state);

/* Starts it, and does not wait. */
void agent_starts(struct agent_fixture *fixture);

/* Starts it and waits until the first config is confirmed and it is idle. */
void agent_runs(struct agent_fixture *fixture);

/* Waits until the loop has nothing left; false when it goes on. */
bool agent_ends(struct agent_fixture *fixture);

struct agent_status agent_now(const struct agent_fixture *fixture);

/* Turns the loop until it holds. */
bool agent_becomes(struct agent_fixture *fixture, enum agent_phase phase);
bool agent_is_asked(struct agent_fixture *fixture,
                    size_t reloads); /* requests that came in at the stub */
bool agent_has_passed(struct agent_fixture *fixture, size_t passes);
bool output_has(struct agent_fixture *fixture, const char *text);
bool output_loses(struct agent_fixture *fixture, const char *text);
bool log_has(struct agent_fixture *fixture, const char *a, const char *b);

/* Turns the loop for a while that is long against the delays of the settings. */
void agent_is_left_alone(struct agent_fixture *fixture);

size_t reloads_asked(const struct agent_fixture *fixture);

void reload_answers(struct agent_fixture *fixture, const struct stub_answer *answers, size_t count);
#define RELOAD_ANSWERS(fixture, ...)                                     \
    reload_answers((fixture), (const struct stub_answer[]){__VA_ARGS__}, \
                   sizeof((const struct stub_answer[]){__VA_ARGS__}) / sizeof(struct stub_answer))

/* The text of a RemoteWrite, in a buffer that the next call but one writes over. */
const char *remote_write(const char *name, const char *url);
/* The same with a password from the Secret NAME, key password. */
const char *remote_write_with_secret(const char *name, const char *secret);

#endif
