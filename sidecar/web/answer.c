/* SPDX-License-Identifier: Apache-2.0 */

/* Security headers go with every answer, refusals too; the web configuration may have others in
 * their place. */

#include "web/answer.h"

#include "base/compiler.h"

static const struct web_header usual_headers[] = {
    {"X-Content-Type-Options", "nosniff"},       {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},          {"Cross-Origin-Resource-Policy", "same-origin"},
    {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
};

static bool is_replaced(const struct web_config *config, const char *name) {
    for (size_t i = 0; config != NULL && i < config->header_count; i++) {
        if (strcmp(config->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    if (value != NULL) {
        (void)MHD_add_response_header(response, name, value);
    }
}

static void add_usual(struct MHD_Response *response, const struct web_config *config,
                      const char *name, const char *value) {
    if (!is_replaced(config, name)) {
        add_header(response, name, value);
    }
}

static void add_policy(struct MHD_Response *response, const struct web_config *config,
                       const struct web_answer *answer) {
    CLEANUP(buffer_free) struct buffer policy = {0};

    buffer_append_string(&policy, "default-src 'none'; base-uri 'none'; form-action 'none'; "
                                  "frame-ancestors 'none'");
    if (answer->nonce[0] != '\0') {
        buffer_printf(&policy, "; style-src 'nonce-%s'", answer->nonce);
    }
    add_usual(response, config, "Content-Security-Policy", buffer_string(&policy));
}

static void add_headers(struct MHD_Response *response, const struct web_config *config,
                        const struct web_answer *answer) {
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    add_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, answer->authenticate);
    add_policy(response, config, answer);
    for (size_t i = 0; i < ARRAY_LENGTH(usual_headers); i++) {
        add_usual(response, config, usual_headers[i].name, usual_headers[i].value);
    }
    for (size_t i = 0; config != NULL && i < config->header_count; i++) {
        if (config->headers[i].value[0] != '\0') {
            add_header(response, config->headers[i].name, config->headers[i].value);
        }
    }
}

enum MHD_Result answer_send(struct MHD_Connection *connection, const struct web_config *config,
                            const struct web_answer *answer) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.length, answer->body.data, MHD_RESPMEM_MUST_COPY);

    if (response == NULL) {
        return MHD_NO;
    }
    add_headers(response, config, answer);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result answer_refuse(struct MHD_Connection *connection, const struct web_config *config,
                              unsigned status, const char *authenticate, const char *words) {
    struct web_answer answer = {.status = status,
                                .content_type = "text/plain; charset=utf-8",
                                .authenticate = authenticate};

    buffer_append_string(&answer.body, words);
    enum MHD_Result result = answer_send(connection, config, &answer);
    buffer_free(&answer.body);
    return result;
}
