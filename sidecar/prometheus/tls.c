/* SPDX-License-Identifier: Apache-2.0 */

/* TLS options of one request. The client certificate and its key are read here rather than by
 * libcurl: a file that cannot be used is reported as what it is, and an encrypted key never makes
 * OpenSSL ask for its passphrase on the terminal. */

#include "prometheus/tls.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "prometheus/credential.h"
#include "spec/certificate.h"

#include <errno.h>
#include <string.h>

/* A pair that does not fit may have been replaced between the two reads. */
#define PAIR_READS_MAX 3

static void set(CURLcode *result, CURLcode code) {
    if (*result == CURLE_OK) {
        *result = code;
    }
}

/* --- the server ------------------------------------------------------------------------------- */

static void url_cleanupp(CURLU **url) {
    curl_url_cleanup(*url);
}

static void url_stringp(char **string) {
    curl_free(*string);
}

static void append(struct curl_slist **list, const char *text) {
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (longer == NULL) {
        memory_exhausted();
    }
    *list = longer;
}

static void append_host(struct buffer *out, const char *host) {
    const bool bare_ipv6 = host[0] != '[' && strchr(host, ':') != NULL;

    buffer_printf(out, bare_ipv6 ? "[%s]" : "%s", host);
}

/* As in HTTP without this option: the port only where the URL has one. */
static void append_host_header(struct curl_slist **headers, const char *host, const char *port) {
    CLEANUP(buffer_free) struct buffer header = {0};

    buffer_printf(&header, "Host: %s%s%s", host, port != NULL ? ":" : "", port != NULL ? port : "");
    append(headers, buffer_string(&header));
}

/* curl takes the name for the handshake from the URL: so the name goes there, and the address that
 * stood there goes to CURLOPT_CONNECT_TO. */
static CURLcode set_server_name(CURL *easy, const char *name, const char *text,
                                struct curl_slist **connect_to, struct curl_slist **headers) {
    CLEANUP(url_cleanupp) CURLU *url = curl_url();
    CLEANUP(url_stringp) char *host = NULL;
    CLEANUP(url_stringp) char *port = NULL;
    CLEANUP(url_stringp) char *named = NULL;
    CLEANUP(buffer_free) struct buffer target = {0};
    CLEANUP(buffer_free) struct buffer new_host = {0};

    if (url == NULL) {
        memory_exhausted();
    }
    append_host(&new_host, name);
    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_HOST, buffer_string(&new_host), 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_URL, &named, 0) != CURLUE_OK) {
        return CURLE_URL_MALFORMAT;
    }
    (void)curl_url_get(url, CURLUPART_PORT, &port, 0); /* absent: NULL, the default port */
    buffer_append_string(&target, "::");
    append_host(&target, host);
    buffer_append_string(&target, ":");
    append(connect_to, buffer_string(&target));
    append_host_header(headers, host, port);
    return curl_easy_setopt(easy, CURLOPT_URL, named);
}

CURLcode tls_set_server(CURL *easy, const struct prometheus_settings *settings, const char *url,
                        struct curl_slist **connect_to, struct curl_slist **headers) {
    static const struct bytes https = BYTES("https://");
    CURLcode result = CURLE_OK;

    if (settings->ca_file != NULL) {
        set(&result, curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file));
    }
    if (settings->insecure_skip_verify) {
        set(&result, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L));
        set(&result, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L));
    }
    if (settings->server_name != NULL && strncasecmp(url, https.data, https.length) == 0) {
        set(&result, set_server_name(easy, settings->server_name, url, connect_to, headers));
    }
    return result;
}

/* --- the client certificate ------------------------------------------------------------------- */

struct pair {
    struct buffer certificate;
    struct buffer key;
};

static void pair_free(struct pair *pair) {
    buffer_free(&pair->certificate);
    buffer_free(&pair->key);
}

static bool read_file(const char *path, struct buffer *out, struct buffer *fault) {
    buffer_clear(out);
    int error = credential_read_file(path, out);

    if (error != 0) {
        buffer_printf(fault, "reading %s: %s", path,
                      error == -EINVAL ? "not a regular file" : strerror(-error));
    }
    return error == 0;
}

static bool is_sound(const char *path, const char *problem, struct buffer *fault) {
    if (problem != NULL) {
        buffer_printf(fault, "%s %s", path, problem);
    }
    return problem == NULL;
}

/* False: fault says why there is no pair that can be used. */
static bool read_pair(const struct prometheus_settings *settings, struct pair *pair,
                      struct buffer *fault) {
    const char *problem = NULL;

    for (unsigned i = 0; i < PAIR_READS_MAX; i++) {
        if (!read_file(settings->cert_file, &pair->certificate, fault) ||
            !read_file(settings->key_file, &pair->key, fault)) {
            return false;
        }
        const struct bytes certificate = buffer_bytes(&pair->certificate);
        const struct bytes key = buffer_bytes(&pair->key);
        if (!is_sound(settings->cert_file, certificate_verdict(certificate).fault, fault) ||
            !is_sound(settings->key_file, private_key_verdict(key).fault, fault)) {
            return false;
        }
        problem = key_pair_verdict(certificate, key).fault;
        if (problem == NULL) {
            return true;
        }
    }
    return is_sound(settings->key_file, problem, fault);
}

static struct curl_blob blob_of(const struct buffer *buffer) {
    return (struct curl_blob){
        .data = buffer->data,
        .len = buffer->length,
        .flags = CURL_BLOB_COPY,
    };
}

CURLcode tls_set_certificate(CURL *easy, const struct prometheus_settings *settings,
                             struct buffer *fault, const char **ret_remedy) {
    CLEANUP(pair_free) struct pair pair = {0};
    CURLcode result = CURLE_OK;

    if (settings->cert_file == NULL || settings->key_file == NULL) {
        return CURLE_OK;
    }
    if (!read_pair(settings, &pair, fault)) {
        *ret_remedy = "see that --reload-cert-file and --reload-key-file name a PEM certificate "
                      "and its key, readable for the sidecar";
        return CURLE_OK;
    }
    struct curl_blob certificate = blob_of(&pair.certificate);
    struct curl_blob key = blob_of(&pair.key);
    set(&result, curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM"));
    set(&result, curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate));
    set(&result, curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM"));
    set(&result, curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key));
    return result;
}

/* --- a handshake that failed ------------------------------------------------------------------ */

/* The alerts that refuse a handshake because of the client certificate or its absence (RFC 8446,
 * section 6.2), as OpenSSL words them behind "alert ". */
static const char *const certificate_alerts[] = {
    "certificate required", "bad certificate",     "unsupported certificate",
    "certificate revoked",  "certificate expired", "certificate unknown",
    "unknown ca",           "access denied",       "decrypt error",
};

const char *tls_alert(const char *curl_error) {
    const char *alert = strstr(curl_error, "alert ");

    for (size_t i = 0; alert != NULL && i < ARRAY_LENGTH(certificate_alerts); i++) {
        if (strncmp(alert + strlen("alert "), certificate_alerts[i],
                    strlen(certificate_alerts[i])) == 0) {
            return certificate_alerts[i];
        }
    }
    return NULL;
}

const char *tls_describe_alert(const char *alert, const struct prometheus_settings *settings,
                               struct buffer *out) {
    const bool presented = settings->cert_file != NULL;

    buffer_printf(out, "Prometheus %s (TLS alert: %s)",
                  presented ? "does not accept the client certificate"
                            : "demands a client certificate",
                  alert);
    return presented ? "see that --reload-cert-file is valid now, and issued by an authority in "
                       "client_ca_file of Prometheus's web configuration"
                     : "set --reload-cert-file and --reload-key-file";
}

const char *tls_remedy(CURLcode code, const struct prometheus_settings *settings) {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return "see that --reload-ca-file has the authority of Prometheus's certificate, and that "
               "the certificate is for the host of the URL or for --reload-server-name";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return settings->cert_file == NULL ? "see Prometheus's log; where it demands a client "
                                             "certificate, set --reload-cert-file and "
                                             "--reload-key-file"
                                           : "see Prometheus's log; it may not accept the "
                                             "certificate of --reload-cert-file";
    default:
        return NULL;
    }
}
