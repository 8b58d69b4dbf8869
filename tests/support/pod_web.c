/* SPDX-License-Identifier: Apache-2.0 */

#include "support/pod_web.h"

#include "base/memory.h"
#include "support/tempdir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct http_reply pod_web_get(struct pod *pod, const char *path) {
    const char *url = pod_web_url(pod, path);

    return url != NULL ? http_get(url, NULL) : (struct http_reply){0};
}

bool pod_web_says(struct pod *pod, const char *path, const char *text) {
    CLEANUP(http_reply_free) struct http_reply reply = pod_web_get(pod, path);

    return reply.status == 200 && strstr(buffer_string(&reply.body), text) != NULL;
}

/* promtool reads standard input, so a shell hands it the file. */
void pod_web_assert_valid_metrics(struct pod *pod) {
    CLEANUP(http_reply_free) struct http_reply reply = pod_web_get(pod, "/metrics");
    const char *promtool = getenv("PROMTOOL");

    assert_int_equal(reply.status, 200);
    if (promtool == NULL || access(promtool, X_OK) != 0) {
        return;
    }
    file_write(pod->folder, "metrics", buffer_string(&reply.body));
    const char *const arguments[] = {
        "/bin/sh", "-c",
        arena_format(pod->arena, "'%s' check metrics < '%s/metrics' > '%s/lint' 2>&1", promtool,
                     pod->folder, pod->folder),
        NULL};
    assert_int_equal(process_run(arguments, NULL, "/dev/null", DEADLINE_USUAL), 0);
    CLEANUP(memory_freep) char *lint = file_read(pod->folder, "lint");
    assert_string_equal(lint, "");
}
