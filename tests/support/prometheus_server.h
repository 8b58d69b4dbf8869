/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PROMETHEUS_SERVER_H
#define TESTS_SUPPORT_PROMETHEUS_SERVER_H

/* A real Prometheus ($PROMETHEUS; build/peers/debian/usr/bin/prometheus where that is not set) on a
 * free port of 127.0.0.1, and questions to it. */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct prometheus_server;

struct prometheus_server_settings {
    const char *folder;      /* made when absent; its log and its data go in there */
    const char *config;      /* --config.file; need not exist before the start */
    const char *web_config;  /* --web.config.file, or NULL */
    const char *credentials; /* "user:password" for the questions, or NULL */
    bool receives;           /* --web.enable-remote-write-receiver */
};

/* Chooses a port and starts nothing. The settings are copied. */
struct prometheus_server *prometheus_server_new(
    const struct prometheus_server_settings *settings) MUST_USE;
void prometheus_server_free(struct prometheus_server *server);

/* Other credentials for the questions. */
void prometheus_server_use(struct prometheus_server *server, const char *credentials);

/* One flag more for the starts to come ("--storage.remote.flush-deadline=5s"); copied. */
void prometheus_server_flag(struct prometheus_server *server, const char *flag);

/* From the next start on: its program is called so, at most 15 characters (a link in the folder);
 * and it takes no reload over HTTP. copied. */
void prometheus_server_is_called(struct prometheus_server *server, const char *name);
void prometheus_server_has_no_lifecycle(struct prometheus_server *server);

/* From the next start on: it serves HTTPS by this web configuration, and the questions present the
 * certificate FOLDER/client.pem and believe FOLDER/authority.pem. copied. */
void prometheus_server_demands_certificates(struct prometheus_server *server, const char *folder,
                                            const char *web_config);

/* Another --config.file from the next start on; copied. */
void prometheus_server_reads(struct prometheus_server *server, const char *config);

/* Starts it and waits until it is ready; false when it ended instead, or took too long. */
bool prometheus_server_start(struct prometheus_server *server) MUST_USE;
/* As a supervisor does: starts it again where it has ended, and does not wait. How often it had to,
 * over all calls. */
unsigned prometheus_server_supervise(struct prometheus_server *server);
/* Kills it; the same port serves the next start. */
void prometheus_server_stop(struct prometheus_server *server);

unsigned prometheus_server_port(const struct prometheus_server *server);
/* "http://127.0.0.1:PORT" + path; valid as long as the server. */
const char *prometheus_server_url(struct prometheus_server *server, const char *path);

/* Does the config that it runs (by its own word) have a remote_write entry of this name? */
bool prometheus_server_runs(struct prometheus_server *server, const char *name);
/* ... and is this what stands there under a dotted path ("queue_config.capacity")? */
bool prometheus_server_runs_with(struct prometheus_server *server, const char *name,
                                 const char *path, const char *value);

/* How many remote_write entries it runs. SIZE_MAX: it does not answer. */
size_t prometheus_server_entries(struct prometheus_server *server);

/* Is this text anywhere in the config that it runs? */
bool prometheus_server_config_has(struct prometheus_server *server, const char *text);

/* The sum over a metric's series whose labels hold this text (code="200"; NULL: all), from its
 * /metrics. 0 when there is none. */
double prometheus_server_metric(struct prometheus_server *server, const char *name,
                                const char *label);

/* The reloads over HTTP that it was asked for since it started, good or bad. */
unsigned prometheus_server_reloads(struct prometheus_server *server);

/* The first value of an instant query; NAN when there is none. */
double prometheus_server_query(struct prometheus_server *server, const char *promql);

/* Is this alert of its rules firing? */
bool prometheus_server_fires(struct prometheus_server *server, const char *alert);

/* How often this text stands in its log. */
size_t prometheus_server_logged(const struct prometheus_server *server, const char *text);
void prometheus_server_show_log(const struct prometheus_server *server);

#endif
