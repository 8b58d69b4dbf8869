/* SPDX-License-Identifier: Apache-2.0 */

#include "support/canary.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "support/tempdir.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD(name)                                    \
    "apiVersion: monitoring.giantswarm.io/v1alpha1\n" \
    "kind: RemoteWrite\n"                             \
    "metadata: {name: " name ", namespace: team-a}\n" \
    "spec:\n"                                         \
    "  clusterSelector: {}\n"

struct text {
    const char *name;
    const char *content;
};

static const struct text good[] = {
    {"inlined.yaml",
     HEAD("inlined") "  secrets:\n"
                     "    - name: encoded\n"
                     "      data: {password: " CANARY_SECRET_ENCODED "}\n"
                     "    - name: plain\n"
                     "      stringData:\n"
                     "        username: " CANARY_SECRET "\n"
                     "  remoteWrite:\n"
                     "    url: http://" CANARY_SECRET ":" CANARY_SECRET "@inlined.example/push\n"
                     "    headers: {X-Key: \"" CANARY_SECRET "\"}\n"
                     "    basicAuth:\n"
                     "      username: {name: plain, key: username}\n"
                     "      password: {name: encoded, key: password}\n"},
    {"bearer.yaml", HEAD("bearer") "  remoteWrite:\n"
                                   "    url: http://bearer.example/push\n"
                                   "    bearerToken: " CANARY_SECRET "\n"},
    {"document.yaml", "apiVersion: v1\n"
                      "kind: Secret\n"
                      "metadata: {name: document, namespace: team-a}\n"
                      "data: {token: " CANARY_SECRET_ENCODED "}\n"
                      "stringData:\n"
                      "  other: |\n"
                      "    " CANARY_SECRET "\n"
                      "    " CANARY_SECRET "\n"},
    {"document.json",
     "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"json\", "
     "\"namespace\": \"team-a\"}, \"stringData\": {\"token\": \"" CANARY_SECRET "\"}}\n"},
    {"from-document.yaml",
     HEAD("from-document") "  remoteWrite:\n"
                           "    url: http://document.example/push\n"
                           "    authorization:\n"
                           "      credentials: {name: document, key: token}\n"},
};

static const char from_file[] = HEAD("from-file") "  remoteWrite:\n"
                                                  "    url: http://file.example/push\n"
                                                  "    authorization:\n"
                                                  "      credentials: {name: file, key: token}\n";

/* Each under a RemoteWrite of its own. */
static const char *const wrong[] = {
    "  remoteWrite: {url: \"http://user:" CANARY_SECRET "@bad host/push\"}\n",
    "  remoteWrite: {url: \"ht tp://" CANARY_SECRET "@host/push\"}\n",
    "  remoteWrite: {url: \"http://" CANARY_SECRET ":%zz@host/push\"}\n",
    "  remoteWrite: {url: \"http://u:" CANARY_SECRET "@host:port/push\"}\n",
    "  remoteWrite: {url: \"ftp://u:" CANARY_SECRET "@host/push\"}\n",
    "  remoteWrite: {url: http://h/, proxyUrl: \"socks9://u:" CANARY_SECRET "@proxy\"}\n",
    "  remoteWrite: {url: http://h/, proxyUrl: \"http://u:" CANARY_SECRET "@pro xy\"}\n",
    "  remoteWrite: {url: http://h/, bearerToken: [" CANARY_SECRET "]}\n",
    "  remoteWrite: {url: http://h/, bearerToken: \"" CANARY_SECRET "\\n" CANARY "\"}\n",
    "  remoteWrite: {url: http://h/, headers: {X-Key: \"" CANARY_SECRET "\\n\"}}\n",
    "  remoteWrite: {url: http://h/, headers: {X-Key: [" CANARY_SECRET "]}}\n",
    "  remoteWrite: {url: http://h/, headers: {Authorization: " CANARY_SECRET "}}\n",
    "  remoteWrite: {url: http://h/, basicAuth: {password: " CANARY_SECRET "}}\n",
    "  remoteWrite: {url: http://h/, basicAuth: " CANARY_SECRET "}\n",
    "  remoteWrite: {url: http://h/, basicAuth: {passwort: " CANARY_SECRET "}}\n",
    "  remoteWrite: {url: http://h/, authorization: {credentials: " CANARY_SECRET "}}\n",
    "  remoteWrite: {url: http://h/, sigv4: {secretKey: " CANARY_SECRET "}}\n",
    "  remoteWrite: {url: http://h/, oauth2: {clientSecret: " CANARY_SECRET "}}\n",
    "  remoteWrite: {url: http://h/, bearerToken: " CANARY_SECRET ", basicAuth: {}}\n",
    "  remoteWrite: {url: http://h/}\n"
    "  secrets: [{name: s, data: {token: \"!" CANARY_SECRET "\"}}]\n",
    "  remoteWrite: {url: http://h/}\n"
    "  secrets: [{name: s, data: {token: [" CANARY_SECRET "]}}]\n",
    "  remoteWrite: {url: http://h/}\n"
    "  secrets: [{name: s, stringData: " CANARY_SECRET "}]\n",
    "  remoteWrite: {url: http://h/}\n"
    "  secrets: " CANARY_SECRET "\n",
    /* what YAML itself stumbles over */
    "  remoteWrite: {url: http://h/, bearerToken: \"" CANARY_SECRET "}\n",
    "  remoteWrite: {url: http://h/, bearerToken: \"" CANARY_SECRET "\\q\"}\n",
    "  remoteWrite:\n    url: http://h/\n\tbearerToken: " CANARY_SECRET "\n",
    "  remoteWrite:\n    url: http://h/\n    bearerToken: " CANARY_SECRET ": " CANARY_SECRET "\n",
    "  remoteWrite:\n    url: http://h/\n    bearerToken: @" CANARY_SECRET "\n",
    "  remoteWrite:\n    url: http://h/\n    bearerToken: %" CANARY_SECRET "\n",
    "  remoteWrite:\n    url: http://h/\n    bearerToken: *" CANARY_SECRET "\n",
    "  remoteWrite:\n    url: http://h/\n    bearerToken: !" CANARY_SECRET " x\n",
    "  remoteWrite:\n    url: http://h/\n    bearerToken: " CANARY_SECRET
    "\n    bearerToken: " CANARY "\n",
};

bool canary_is_in(struct bytes bytes) {
    return bytes_find(bytes, BYTES(CANARY), 0) != SIZE_MAX ||
           bytes_find(bytes, BYTES(CANARY_ENCODED), 0) != SIZE_MAX;
}

bool canary_is_in_file(const char *path) {
    CLEANUP(buffer_free) struct buffer content = {0};
    FILE *file = fopen(path, "re");
    const size_t step = 4096;
    size_t got = 0;

    if (file == NULL) {
        return false;
    }
    while ((got = fread(buffer_reserve(&content, step), 1, step, file)) > 0) {
        content.length += got;
    }
    fclose(file);
    return canary_is_in(buffer_bytes(&content));
}

void canary_write(const char *volume, const char *secrets) {
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        file_replace(volume, good[i].name, good[i].content);
    }
    file_replace(volume, "from-file.yaml", from_file);
    folder_make(secrets, "file");
    CLEANUP(memory_freep) char *folder = path_join(secrets, "file");
    file_replace(folder, "token", CANARY_SECRET);
}

size_t canary_write_wrong(const char *volume) {
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        char name[32];
        snprintf(name, sizeof(name), "wrong-%zu.yaml", i);
        buffer_printf(&text, HEAD("wrong-%zu") "%s", i, wrong[i]);
        file_replace(volume, name, buffer_string(&text));
    }
    return ARRAY_LENGTH(wrong);
}

void canary_forget(const char *volume, const char *secrets) {
    CLEANUP(memory_freep) char *folder = path_join(secrets, "file");

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        file_remove(volume, good[i].name);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        char name[32];
        snprintf(name, sizeof(name), "wrong-%zu.yaml", i);
        if (file_exists(volume, name)) {
            file_remove(volume, name);
        }
    }
    file_replace(folder, "token", "another one");
}
