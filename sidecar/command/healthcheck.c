/* SPDX-License-Identifier: Apache-2.0 */

/* `healthcheck [URL]`, and the same under the names of curl and wget. */

#include "command/healthcheck.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/report.h"
#include "options/flags.h"
#include "options/options.h"

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
    const char *ca_flag;
    int statuses[OUTCOME_MISUSED + 1];
} tools[] = {
    {"curl", "--cacert", {0, 22, 7, 28, 56, 2}},
    {"wget", "--ca-certificate", {0, 8, 4, 4, 4, 2}},
};

struct question {
    const char *name; /* who says what is wrong */
    const char *url;
    const char *ca_file; /* NULL: the system's authorities */
    FILE *out;           /* where the body goes; NULL: nowhere */
};

struct body {
    FILE *out; /* NULL: it is thrown away */
    size_t length;
};

static const char *ca_flag(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(tools); i++) {
        if (strcmp(tools[i].name, name) == 0) {
            return tools[i].ca_flag;
        }
    }
    return "--ca-file";
}

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
static void report_failure(const struct question *question, enum outcome outcome, CURLcode code,
                           long status) {
    CLEANUP(memory_freep) char *shown = url_shown(question->url);
    const char *name = question->name;

    if (outcome == OUTCOME_REFUSED) {
        fprintf(stderr, "%s: %s answered with status %ld; the body of the answer says why\n", name,
                shown, status);
    } else if (outcome == OUTCOME_UNREACHABLE) {
        fprintf(stderr,
                "%s: %s: %s; see that the server runs, and that its --listen-address has this "
                "port\n",
                name, shown, curl_easy_strerror(code));
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        fprintf(stderr,
                "%s: %s: %s; name the certificate's authority (%s), and a host of the certificate "
                "in the URL\n",
                name, shown, curl_easy_strerror(code), ca_flag(name));
    } else if (code == CURLE_SSL_CACERT_BADFILE) {
        fprintf(stderr, "%s: %s: %s; it has to be a file of PEM certificates\n", name,
                question->ca_file, curl_easy_strerror(code));
    } else {
        fprintf(stderr, "%s: %s: %s\n", name, shown, curl_easy_strerror(code));
    }
}

static enum outcome check(const struct question *question) {
    CLEANUP(easy_cleanupp) CURL *easy = curl_easy_init();
    struct body body = {.out = question->out};
    long status = 0;
    const char *name = question->name;
    const char *fault = url_fault(question->url);

    if (fault != NULL) {
        fprintf(stderr, "%s: the URL %s; name one such as %s\n", name, fault, usual_url);
        return OUTCOME_MISUSED;
    }
    if (easy == NULL || curl_easy_setopt(easy, CURLOPT_URL, question->url) != CURLE_OK ||
        (question->ca_file != NULL &&
         curl_easy_setopt(easy, CURLOPT_CAINFO, question->ca_file) != CURLE_OK) ||
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
        report_failure(question, outcome, code, status);
    }
    return body.out == NULL || fflush(body.out) == 0 ? outcome : OUTCOME_FAILED;
}

/* --- the command ----------------------------------------------------------------------------- */

/* The last one counts, as with every flag; "" is none. */
static const char *ca_file_of(const struct flags *flags) {
    const char *file = NULL;

    for (size_t i = 0; i < flags->count; i++) {
        if (strcmp(flags->uses[i].option->flag, "ca-file") == 0) {
            file = flags->uses[i].value.length > 0 ? flags->uses[i].value.data : NULL;
        }
    }
    return file;
}

enum exit_status healthcheck_execute(const struct invocation *invocation) {
    if (invocation->operand_count > 1) {
        fputs("error: healthcheck takes one URL; leave the others out\n", stderr);
        return STATUS_USAGE;
    }
    const struct question question = {
        .name = "healthcheck",
        .url = invocation->operand_count == 1 ? invocation->operands[0] : usual_url,
        .ca_file = ca_file_of(invocation->flags),
    };
    switch (check(&question)) {
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

/* Takes the tool's CA flag, FLAG FILE or FLAG=FILE, out of the front of what is left. */
static void take_ca_file(const struct tool *tool, size_t *count, char *const **arguments,
                         struct question *question) {
    const size_t length = strlen(tool->ca_flag);

    if (*count < 2 || strncmp((*arguments)[0], tool->ca_flag, length) != 0) {
        return;
    }
    const char *rest = (*arguments)[0] + length;
    const size_t taken = rest[0] == '\0' ? 2 : 1;
    if (taken == 1 && (rest[0] != '=' || rest[1] == '\0')) {
        return;
    }
    question->ca_file = taken == 2 ? (*arguments)[1] : rest + 1;
    *count -= taken;
    *arguments += taken;
}

/* Sets URL, authority and where the body goes. False: the arguments are others. */
static bool curl_arguments(const struct tool *tool, size_t count, char *const *arguments,
                           struct question *question) {
    if (count < 1 || strcmp(arguments[0], "--fail") != 0) {
        return false;
    }
    count--;
    arguments++;
    take_ca_file(tool, &count, &arguments, question);
    question->out = stdout;
    question->url = arguments[0];
    return count == 1;
}

static bool wget_arguments(const struct tool *tool, size_t count, char *const *arguments,
                           struct question *question) {
    if (count < 3 || strcmp(arguments[0], "-q") != 0 || strcmp(arguments[1], "-O") != 0) {
        return false;
    }
    question->out = strcmp(arguments[2], "/dev/stdout") == 0 ? stdout : NULL;
    if (question->out == NULL && strcmp(arguments[2], "/dev/null") != 0) {
        return false;
    }
    count -= 3;
    arguments += 3;
    take_ca_file(tool, &count, &arguments, question);
    question->url = arguments[0];
    return count == 1;
}

int healthcheck_as_tool(const char *program, size_t count, char *const *arguments) {
    const struct tool *tool = tool_of(program);
    struct question question = {.name = tool->name};
    const bool fits = strcmp(tool->name, "curl") == 0
                          ? curl_arguments(tool, count, arguments, &question)
                          : wget_arguments(tool, count, arguments, &question);

    if (!fits) {
        fprintf(stderr,
                "%s: this is remotewrite-sidecar, which answers only `curl --fail [--cacert FILE] "
                "URL` and `wget -q -O /dev/null [--ca-certificate=FILE] URL`, for exec probes of "
                "the loopback\n",
                tool->name);
        return tool->statuses[OUTCOME_MISUSED];
    }
    return tool->statuses[check(&question)];
}
