/* SPDX-License-Identifier: Apache-2.0 */

/* `healthcheck [URL]`, and the same under the names of curl and wget. */

#include "command/healthcheck.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/report.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT_MILLISECONDS 10000L
/* Most of a body that is taken: a health check answers with a line. */
#define BODY_MAX ((size_t)1 << 20)

static const char usual_url[] = "http://127.0.0.1:8080/healthz";

enum outcome {
    OUTCOME_HEALTHY,
    OUTCOME_REFUSED,     /* answered with a status from 400 on */
    OUTCOME_UNREACHABLE, /* nobody listens */
    OUTCOME_LATE,
    OUTCOME_FAILED, /* any other fault of the transfer */
    OUTCOME_MISUSED,
};

static const struct tool {
    const char *name;
    int statuses[OUTCOME_MISUSED + 1];
} tools[] = {
    {"curl", {0, 22, 7, 28, 56, 2}},
    {"wget", {0, 8, 4, 4, 4, 2}},
};

struct body {
    FILE *out; /* NULL: it is thrown away */
    size_t length;
};

static void url_cleanupp(CURLU **url) {
    curl_url_cleanup(*url);
}

static void url_partp(char **part) {
    curl_free(*part);
}

static void easy_cleanupp(CURL **easy) {
    curl_easy_cleanup(*easy);
}

/* --- where it may go ------------------------------------------------------------------------- */

static bool is_loopback_host(const char *host) {
    const uint32_t network = 127;
    const unsigned host_bits = 24;
    struct in_addr four;
    struct in6_addr six;
    CLEANUP(memory_freep) char *name = memory_string(host[0] == '[' ? host + 1 : host);

    name[strcspn(name, "]")] = '\0';
    if (inet_pton(AF_INET, name, &four) == 1) {
        return ntohl(four.s_addr) >> host_bits == network;
    }
    if (inet_pton(AF_INET6, name, &six) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&six);
    }
    return strcasecmp(name, "localhost") == 0;
}

/* NULL: it leads to the loopback by http or https; or why it does not. */
static const char *url_fault(const char *text) {
    CLEANUP(url_cleanupp) CURLU *url = curl_url();
    CLEANUP(url_partp) char *scheme = NULL;
    CLEANUP(url_partp) char *host = NULL;

    /* Both tools take a URL without a scheme for http. */
    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, CURLU_DEFAULT_SCHEME) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        return "is no URL";
    }
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        return "is no http or https URL";
    }
    return is_loopback_host(host) ? NULL
                                  : "does not lead to the loopback (127.0.0.1, ::1, localhost)";
}

/* The URL as it may be printed: without user and password, as kubelet shows what a probe prints.
 * free(). */
static char *url_shown(const char *text) {
    CLEANUP(url_cleanupp) CURLU *url = curl_url();
    CLEANUP(url_partp) char *shown = NULL;

    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, CURLU_DEFAULT_SCHEME) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_URL, &shown, 0) != CURLUE_OK) {
        return memory_string("the URL");
    }
    return memory_string(shown);
}

/* --- the request ----------------------------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t count, void *context) {
    struct body *body = context;
    size_t length = size * count;

    body->length += length;
    if (body->length > BODY_MAX ||
        (body->out != NULL && fwrite(data, 1, length, body->out) != length)) {
        return 0;
    }
    return length;
}

static enum outcome outcome_of(CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return OUTCOME_HEALTHY;
    case CURLE_HTTP_RETURNED_ERROR:
        return OUTCOME_REFUSED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return OUTCOME_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return OUTCOME_LATE;
    default:
        return OUTCOME_FAILED;
    }
}

/* One line, which kubelet shows as the reason of a failed probe. */
static void report_failure(const char *name, const char *url, enum outcome outcome, CURLcode code,
                           long status) {
    CLEANUP(memory_freep) char *shown = url_shown(url);

    if (outcome == OUTCOME_REFUSED) {
        fprintf(stderr, "%s: %s answered with status %ld; the body of the answer says why\n", name,
                shown, status);
    } else if (outcome == OUTCOME_UNREACHABLE) {
        fprintf(stderr,
                "%s: %s: %s; see that the server runs, and that its --listen-address has this "
                "port\n",
                name, shown, curl_easy_strerror(code));
    } else {
        fprintf(stderr, "%s: %s: %s\n", name, shown, curl_easy_strerror(code));
    }
}

/* name: who says what is wrong. out: where the body goes; NULL: nowhere. */
static enum outcome check(const char *name, const char *url, FILE *out) {
    CLEANUP(easy_cleanupp) CURL *easy = curl_easy_init();
    struct body body = {.out = out};
    long status = 0;
    const char *fault = url_fault(url);

    if (fault != NULL) {
        fprintf(stderr, "%s: the URL %s; name one such as %s\n", name, fault, usual_url);
        return OUTCOME_MISUSED;
    }
    if (easy == NULL || curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MILLISECONDS) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body) != CURLE_OK) {
        fprintf(stderr, "%s: the request cannot be made\n", name);
        return OUTCOME_FAILED;
    }
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    enum outcome outcome = outcome_of(code);
    if (outcome != OUTCOME_HEALTHY) {
        report_failure(name, url, outcome, code, status);
    }
    return out == NULL || fflush(out) == 0 ? outcome : OUTCOME_FAILED;
}

/* --- the command ----------------------------------------------------------------------------- */

enum exit_status healthcheck_execute(const struct invocation *invocation) {
    if (invocation->operand_count > 1) {
        fputs("error: healthcheck takes one URL; leave the others out\n", stderr);
        return STATUS_USAGE;
    }
    const char *url = invocation->operand_count == 1 ? invocation->operands[0] : usual_url;
    switch (check("healthcheck", url, NULL)) {
    case OUTCOME_HEALTHY:
        return STATUS_OK;
    case OUTCOME_MISUSED:
        return STATUS_USAGE;
    case OUTCOME_REFUSED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_LATE:
    case OUTCOME_FAILED:
        break;
    }
    return STATUS_FAULT;
}

/* --- as a tool ------------------------------------------------------------------------------- */

static const struct tool *tool_of(const char *program) {
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : program;

    for (size_t i = 0; name != NULL && i < ARRAY_LENGTH(tools); i++) {
        if (strcmp(tools[i].name, name) == 0) {
            return &tools[i];
        }
    }
    return NULL;
}

bool healthcheck_is_tool(const char *program) {
    return tool_of(program) != NULL;
}

/* The URL, and in *ret_out where the body goes; NULL where the arguments are others. */
static const char *curl_arguments(size_t count, char *const *arguments, FILE **ret_out) {
    *ret_out = stdout;
    return count == 2 && strcmp(arguments[0], "--fail") == 0 ? arguments[1] : NULL;
}

static const char *wget_arguments(size_t count, char *const *arguments, FILE **ret_out) {
    if (count != 4 || strcmp(arguments[0], "-q") != 0 || strcmp(arguments[1], "-O") != 0) {
        return NULL;
    }
    *ret_out = strcmp(arguments[2], "/dev/stdout") == 0 ? stdout : NULL;
    return *ret_out != NULL || strcmp(arguments[2], "/dev/null") == 0 ? arguments[3] : NULL;
}

int healthcheck_as_tool(const char *program, size_t count, char *const *arguments) {
    const struct tool *tool = tool_of(program);
    FILE *out = NULL;
    const char *url = strcmp(tool->name, "curl") == 0 ? curl_arguments(count, arguments, &out)
                                                      : wget_arguments(count, arguments, &out);

    if (url == NULL) {
        fprintf(
            stderr,
            "%s: this is remotewrite-sidecar, which answers only `curl --fail URL` and `wget -q -O "
            "/dev/null URL`, for exec probes of the loopback\n",
            tool->name);
        return tool->statuses[OUTCOME_MISUSED];
    }
    return tool->statuses[check(tool->name, url, out)];
}
