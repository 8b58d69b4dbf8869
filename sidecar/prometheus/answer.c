/* SPDX-License-Identifier: Apache-2.0 */

/* Judges how a request ended: an answer, or no answer and why, in the same words for the same
 * fault. */

#include "base/duration.h"
#include "prometheus/request.h"
#include "prometheus/tls.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

static bool is_tls(const struct request *request) {
    static const struct bytes https = BYTES("https://");

    return strncasecmp(request->target->url, https.data, https.length) == 0;
}

/* The connection ended before there was any answer. */
static bool is_cut(const struct request *request, CURLcode code) {
    return request->header_length == 0 &&
           (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
            code == CURLE_SSL_CONNECT_ERROR);
}

/* The TLS handshake was over, as far as this side can tell. */
static bool is_cut_after_handshake(const struct request *request, CURLcode code) {
    curl_off_t microseconds = 0;

    curl_easy_getinfo(request->easy, CURLINFO_APPCONNECT_TIME_T, &microseconds);
    return is_tls(request) && is_cut(request, code) && microseconds > 0;
}

/* The same words for the same fault: none of curl's "after 3 ms". */
static void describe_fault(const struct request *request, CURLcode code, bool sent,
                           struct buffer *out) {
    long os_error = 0;

    if (is_cut_after_handshake(request, code)) {
        buffer_append_string(out, "the connection was ended after the TLS handshake");
        return;
    }
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        buffer_append_string(out, sent ? "no answer within " : "no connection within ");
        duration_format(request->settings->timeout_milliseconds, out);
        return;
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &os_error);
        if (os_error > 0 && os_error <= INT_MAX) {
            buffer_append_string(out, strerror((int)os_error));
            return;
        }
        break;
    case CURLE_WRITE_ERROR:
        if (request->header_length > HTTP_HEADER_MAX) {
            buffer_append_string(out, "the header of the answer is too large");
            return;
        }
        if (request->refusal != NULL) {
            buffer_append_string(out, request->refusal);
            return;
        }
        break;
    default:
        break;
    }
    buffer_append_string(out, request->curl_error[0] != '\0' ? request->curl_error
                                                             : curl_easy_strerror(code));
}

static bool is_unreachable(CURLcode code, bool sent) {
    return !sent && (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
                     code == CURLE_OPERATION_TIMEDOUT);
}

/*
 * The TLS alert that refused the handshake, NULL: none did. It may come after the request was sent,
 * as TLS 1.3 does not wait; the request was not processed all the same. The kernel may have reset
 * the connection before curl reads the alert: then the last request's alert is also this one's, so
 * that a lasting refusal is reported as one.
 */
static const char *alert_of(const struct request *request, CURLcode code, const char *before) {
    if (!is_tls(request)) {
        return NULL;
    }
    const char *alert = tls_alert(request->curl_error);
    return alert == NULL && is_cut(request, code) ? before : alert;
}

/* A status line is an answer, however the connection ended afterwards: Prometheus writes it when
 * the work is done. Not so where the body is what matters. */
void answer_judge(struct request *request, CURLcode code, const char **alert,
                  struct http_answer *answer, struct buffer *error) {
    long status = 0;
    long sent = 0;

    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(request->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (status >= HTTP_STATUS_OK && status <= 999 &&
        (code == CURLE_OK || !request_hands_on(request, status))) {
        *alert = NULL;
        answer->status = (int)status;
        answer->body = (struct bytes){buffer_string(&request->body), request->body.length};
        return;
    }
    buffer_printf(error, "%s: ", request->target->shown);
    *alert = alert_of(request, code, *alert);
    if (*alert != NULL) {
        answer->remedy = tls_describe_alert(*alert, request->settings, error);
    } else {
        describe_fault(request, code, sent > 0, error);
        answer->remedy = is_tls(request) ? tls_remedy(code, request->settings) : NULL;
        answer->maybe_received = sent > 0;
        answer->lost = sent > 0 && code != CURLE_OPERATION_TIMEDOUT;
        answer->unreachable = is_unreachable(code, sent > 0);
    }
    answer->error = buffer_string(error);
}
