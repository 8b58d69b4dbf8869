/* SPDX-License-Identifier: Apache-2.0 */

/* Turns HTTP answers into what the controller decides by. */

#include "agent/answers.h"

#include "prometheus/info.h"

/* Of Prometheus's words in one log line. */
#define WORDS_MAX 2000

enum {
    STATUS_TOO_MANY_REQUESTS = 429,
    STATUS_BAD_GATEWAY = 502,
    STATUS_GATEWAY_TIMEOUT = 504
};

/* A proxy passed the request on, and had no answer to pass back. */
static bool is_gateway_fault(const struct http_answer *answer) {
    return answer->status == STATUS_BAD_GATEWAY || answer->status == STATUS_GATEWAY_TIMEOUT;
}

bool answer_is_lost(const struct http_answer *answer) {
    return answer->lost || is_gateway_fault(answer);
}

enum reload_verdict answer_reload_verdict(const struct http_answer *answer) {
    if (is_gateway_fault(answer)) {
        return RELOAD_UNKNOWN;
    }
    if (answer->status == STATUS_OK) {
        return RELOAD_CONFIRMED;
    }
    if (answer->status == STATUS_REFUSED) {
        return RELOAD_REFUSED;
    }
    if (answer->status != 0) {
        return RELOAD_DENIED;
    }
    if (answer->maybe_received) {
        return RELOAD_UNKNOWN;
    }
    return answer->unreachable ? RELOAD_UNREACHABLE : RELOAD_IMPOSSIBLE;
}

enum record_answer answer_record(const struct http_answer *answer, struct reload_record *ret) {
    *ret = (struct reload_record){0};
    if (answer->status == STATUS_OK) {
        ret->known = runtimeinfo_reload(answer->body, &ret->success, &ret->time) == 0;
        return ret->known ? RECORD_ANSWER_KNOWN : RECORD_ANSWER_NONE;
    }
    if (answer->status == STATUS_STARTING) {
        return RECORD_ANSWER_STARTING;
    }
    if (answer->status == STATUS_TOO_MANY_REQUESTS || answer->status >= STATUS_SERVER_ERROR) {
        return RECORD_ANSWER_FAILED;
    }
    if (answer->status != 0) {
        return RECORD_ANSWER_NONE;
    }
    if (answer->maybe_received) {
        return RECORD_ANSWER_FAILED;
    }
    return answer->unreachable ? RECORD_ANSWER_UNREACHABLE : RECORD_ANSWER_NONE;
}

bool answer_version(const struct http_answer *answer, char text[ANSWER_VERSION_SIZE],
                    struct version *ret) {
    return answer->status == STATUS_OK &&
           buildinfo_version(answer->body, text, ANSWER_VERSION_SIZE) == 0 &&
           version_parse(bytes_of(text), ret) == 0;
}

bool answer_is_coming_up(const struct http_answer *answer) {
    return answer->status == STATUS_STARTING ||
           (answer->status == 0 && answer->unreachable && !answer->maybe_received);
}

void answer_words(const struct http_answer *answer, struct buffer *out) {
    const struct bytes words =
        bytes_trim(answer->status != 0 ? answer->body : bytes_of(answer->error));
    size_t length = words.length;

    if (length > WORDS_MAX) {
        length = WORDS_MAX;
        while (length > 0 && ((unsigned char)words.data[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    buffer_append(out, bytes_slice(words, 0, length));
    if (length < words.length) {
        buffer_append_string(out, " ...");
    }
}
