/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_TLS_H
#define SIDECAR_PROMETHEUS_TLS_H

/* TLS towards Prometheus's web port: whose certificate is believed, the client certificate, and
 * words for a handshake that failed. */

#include "base/bytes.h"
#include "prometheus/client.h"

#include <curl/curl.h>

#include <stdbool.h>

/*
 * Sets the authorities, and the server name where settings have one: the address of url is
 * connected to, but the name stands in the handshake (SNI) and is looked for in the certificate.
 * CURLOPT_URL has to be set before and may be replaced. To connect_to and headers is appended what
 * the caller passes as CURLOPT_CONNECT_TO and CURLOPT_HTTPHEADER.
 */
CURLcode tls_set_server(CURL *easy, const struct prometheus_settings *settings, const char *url,
                        struct curl_slist **connect_to, struct curl_slist **headers) MUST_USE;

/* Reads the client certificate and its key, if settings name them. What is wrong with the files is
 * appended to fault, what to do goes to *ret_remedy; then nothing can be sent. */
CURLcode tls_set_certificate(CURL *easy, const struct prometheus_settings *settings,
                             struct buffer *fault, const char **ret_remedy) MUST_USE;

/* The TLS alert in curl's words by which the other side refuses the handshake because of the client
 * certificate or its absence; NULL: there is none. Static. curl_error: of CURLOPT_ERRORBUFFER. */
const char *tls_alert(const char *curl_error);

/* What such an alert means is appended to out, and what to do is returned. */
const char *tls_describe_alert(const char *alert, const struct prometheus_settings *settings,
                               struct buffer *out);

/* What to do about a transfer over TLS that failed with this code and without such an alert. NULL:
 * nothing in particular. */
const char *tls_remedy(CURLcode code, const struct prometheus_settings *settings);

#endif
