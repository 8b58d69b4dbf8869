/* SPDX-License-Identifier: Apache-2.0 */

/* Puts an agent, its files and its Prometheus together, and turns the loop until something holds.
 */

#include "support/agent_fixture.h"

#include "base/log.h"
#include "base/memory.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char base_text[] = "# the base\n"
                                "global:\n"
                                "  scrape_interval: 15s\n";

static void settings_fill(struct agent_fixture *fixture) {
    fixture->volumes[0] =
        (struct volume_config){.kind = VOLUME_REMOTE_WRITE, .path = fixture->volume};
    fixture->volumes[1] = (struct volume_config){.kind = VOLUME_SECRET, .path = fixture->secrets};
    fixture->settings = (struct agent_settings){
        .source =
            {
                .volumes = fixture->volumes,
                .volume_count = 2,
                .base_path = fixture->base_file,
                .max_file_size = (size_t)4 << 20,
                .max_files = 10000,
                .max_depth = 8,
                .max_base_size = (size_t)16 << 20,
            },
        .compile =
            {
                .policy = {.send_metadata = true, .allow_ambient_credentials = true},
                .secret_path = "remote-write-secrets",
                .limits = yaml_default_limits,
            },
        .prometheus =
            {
                .reload_url = http_stub_url(fixture->prometheus, RELOAD_PATH),
                .timeout_milliseconds = 10000,
            },
        .output_path = fixture->output,
        .secret_directory = fixture->secret_directory,
        .config_mode = 0640,
        .secret_mode = 0640,
        .watch_milliseconds = 600000,
        .delay_milliseconds = 30,
        .retry_milliseconds = 40,
        .startup_grace_milliseconds = 60000,
    };
}

int agent_fixture_setup(void **state) {
    struct agent_fixture *fixture = memory_new(1, sizeof(*fixture));

    fixture->dir = tempdir_new();
    fixture->volume = path_join(fixture->dir, "volume");
    fixture->secrets = path_join(fixture->dir, "secrets");
    fixture->base = path_join(fixture->dir, "base");
    fixture->labels = path_join(fixture->dir, "labels");
    fixture->out = path_join(fixture->dir, "out");
    fixture->base_file = path_join(fixture->base, "prometheus.yml");
    fixture->labels_file = path_join(fixture->labels, "labels");
    fixture->output = path_join(fixture->out, "prometheus.yml");
    fixture->secret_directory = path_join(fixture->out, "remote-write-secrets");
    folder_make(fixture->dir, "volume");
    folder_make(fixture->dir, "secrets");
    folder_make(fixture->dir, "out");
    file_write(fixture->base, "prometheus.yml", base_text);
    fixture->prometheus = http_stub_new();
    http_stub_listen(fixture->prometheus);
    settings_fill(fixture);
    RELOAD_ANSWERS(fixture, {.status = 200});
    uv_loop_init(&fixture->loop);
    log_lines_start();
    *state = fixture;
    return 0;
}

int agent_fixture_teardown(void **state) {
    struct agent_fixture *fixture = *state;

    if (fixture->agent != NULL) {
        agent_stop(fixture->agent);
    }
    bool clean = fixture->ended || loop_finish(&fixture->loop);
    agent_free(fixture->agent);
    http_stub_free(fixture->prometheus);
    log_lines_stop();
    tempdir_remove(fixture->dir);
    free(fixture->volume);
    free(fixture->secrets);
    free(fixture->base);
    free(fixture->labels);
    free(fixture->out);
    free(fixture->base_file);
    free(fixture->labels_file);
    free(fixture->output);
    free(fixture->secret_directory);
    free(fixture);
    return clean ? 0 : -1;
}

void agent_starts(struct agent_fixture *fixture) {
    fixture->agent = agent_new(&fixture->loop, &fixture->settings);
    if (agent_start(fixture->agent) != 0) {
        abort();
    }
}

/* --- waiting -------------------------------------------------------------------------------- */

struct wait {
    const struct agent_fixture *fixture;
    enum agent_phase phase;
    size_t count;
    const char *text;
    const char *other_text;
};

static bool until(struct agent_fixture *fixture, loop_condition condition, struct wait *wait) {
    wait->fixture = fixture;
    bool held = loop_until(&fixture->loop, condition, wait, LOOP_DEADLINE);
    if (!held) {
        log_lines_show();
    }
    return held;
}

struct agent_status agent_now(const struct agent_fixture *fixture) {
    struct agent_status status;

    agent_status_read(fixture->agent, &status);
    return status;
}

static bool is_in_phase(void *context) {
    const struct wait *wait = context;

    return agent_now(wait->fixture).phase == wait->phase;
}

bool agent_becomes(struct agent_fixture *fixture, enum agent_phase phase) {
    return until(fixture, is_in_phase, &(struct wait){.phase = phase});
}

size_t reloads_asked(const struct agent_fixture *fixture) {
    return http_stub_count(fixture->prometheus, RELOAD_PATH);
}

static bool is_asked(void *context) {
    const struct wait *wait = context;

    return reloads_asked(wait->fixture) >= wait->count;
}

bool agent_is_asked(struct agent_fixture *fixture, size_t reloads) {
    return until(fixture, is_asked, &(struct wait){.count = reloads});
}

static bool has_passed(void *context) {
    const struct wait *wait = context;

    return agent_now(wait->fixture).passes >= wait->count;
}

bool agent_has_passed(struct agent_fixture *fixture, size_t passes) {
    return until(fixture, has_passed, &(struct wait){.count = passes});
}

static bool text_in_output(const struct wait *wait) {
    CLEANUP(memory_freep) char *content = file_read(wait->fixture->out, "prometheus.yml");

    return content != NULL && strstr(content, wait->text) != NULL;
}

static bool is_in_output(void *context) {
    return text_in_output(context);
}

static bool is_not_in_output(void *context) {
    return !text_in_output(context);
}

bool output_has(struct agent_fixture *fixture, const char *text) {
    return until(fixture, is_in_output, &(struct wait){.text = text});
}

bool output_loses(struct agent_fixture *fixture, const char *text) {
    return until(fixture, is_not_in_output, &(struct wait){.text = text});
}

static bool is_logged(void *context) {
    const struct wait *wait = context;

    return log_lines_count(wait->text, wait->other_text) > 0;
}

bool log_has(struct agent_fixture *fixture, const char *a, const char *b) {
    return until(fixture, is_logged, &(struct wait){.text = a, .other_text = b});
}

static bool is_confirmed_and_idle(void *context) {
    const struct wait *wait = context;
    struct agent_status status = agent_now(wait->fixture);

    return status.confirmed && status.phase == AGENT_IDLE;
}

void agent_runs(struct agent_fixture *fixture) {
    agent_starts(fixture);
    if (!until(fixture, is_confirmed_and_idle, &(struct wait){0})) {
        abort();
    }
}

void agent_is_left_alone(struct agent_fixture *fixture) {
    loop_for(&fixture->loop, 10 * (unsigned)fixture->settings.delay_milliseconds);
}

bool agent_ends(struct agent_fixture *fixture) {
    fixture->ended = loop_finish(&fixture->loop);
    return fixture->ended;
}

/* --- content -------------------------------------------------------------------------------- */

void reload_answers(struct agent_fixture *fixture, const struct stub_answer *answers,
                    size_t count) {
    http_stub_script(fixture->prometheus, RELOAD_PATH, answers, count);
}

enum {
    TEXT_SIZE = 1024
};

static char *next_text(void) {
    static char texts[2][TEXT_SIZE];
    static size_t next;

    next = (next + 1) % 2;
    return texts[next];
}

const char *remote_write(const char *name, const char *url) {
    char *text = next_text();

    snprintf(text, TEXT_SIZE,
             "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
             "kind: RemoteWrite\n"
             "metadata:\n"
             "  name: %s\n"
             "  namespace: team-a\n"
             "spec:\n"
             "  clusterSelector: {}\n"
             "  remoteWrite:\n"
             "    url: %s\n",
             name, url);
    return text;
}

const char *remote_write_with_secret(const char *name, const char *secret) {
    char *text = next_text();

    snprintf(text, TEXT_SIZE,
             "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
             "kind: RemoteWrite\n"
             "metadata:\n"
             "  name: %s\n"
             "  namespace: team-a\n"
             "spec:\n"
             "  clusterSelector: {}\n"
             "  remoteWrite:\n"
             "    url: http://%s.example/push\n"
             "    authorization:\n"
             "      credentials:\n"
             "        name: %s\n"
             "        key: token\n",
             name, name, secret);
    return text;
}
