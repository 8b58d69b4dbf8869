/* SPDX-License-Identifier: Apache-2.0 */

/* What this program is made of: its own version, and those of the libraries that it runs with. */

#define PCRE2_CODE_UNIT_WIDTH 8

#include "command/version.h"
#include "base/bytes.h"
#include "command/command.h"
#include "command/report.h"

#include <crypt.h>
#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <jansson.h>
#include <libconfig.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <seccomp.h>
#include <uv.h>
#include <yaml.h>
#include <zlib.h>

#ifndef SIDECAR_VERSION
#define SIDECAR_VERSION "unknown"
#endif
#ifndef SIDECAR_COMMIT
#define SIDECAR_COMMIT "unknown"
#endif

const char sidecar_version[] = SIDECAR_VERSION;
const char sidecar_commit[] = SIDECAR_COMMIT;

enum {
    LIBRARY_WIDTH = 16,
    PCRE2_VERSION_SIZE = 64
};

static void append_library(struct buffer *out, const char *name, const char *version) {
    buffer_printf(out, "  %-*s%s\n", LIBRARY_WIDTH, name, version);
}

enum exit_status version_print_short(void) {
    return output_write(BYTES(SIDECAR_VERSION "\n"));
}

enum exit_status version_execute(const struct invocation *invocation) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer config = {0};
    CLEANUP(buffer_free) struct buffer seccomp = {0};
    const struct scmp_version *filter = seccomp_version();
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    char pcre2[PCRE2_VERSION_SIZE] = "unknown";

    (void)invocation;
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= PCRE2_VERSION_SIZE) {
        (void)pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    }
    /* libconfig and libxcrypt do not tell at run time. */
    buffer_printf(&config, "%d.%d.%d", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
                  LIBCONFIG_VER_REVISION);
    if (filter != NULL) {
        buffer_printf(&seccomp, "%u.%u.%u", filter->major, filter->minor, filter->micro);
    }
    buffer_append_string(&text, "remotewrite-sidecar, version " SIDECAR_VERSION
                                " (commit " SIDECAR_COMMIT ")\n");
    append_library(&text, "libuv:", uv_version_string());
    append_library(&text, "libcurl:", curl->version);
    append_library(&text, "tls:", curl->ssl_version != NULL ? curl->ssl_version : "none");
    append_library(&text, "libcrypto:", OpenSSL_version(OPENSSL_VERSION_STRING));
    append_library(&text, "libmicrohttpd:", MHD_get_version());
    append_library(&text, "gnutls:", gnutls_check_version(NULL));
    append_library(&text, "libxcrypt:", XCRYPT_VERSION_STR);
    append_library(&text, "libyaml:", yaml_get_version_string());
    append_library(&text, "libconfig:", buffer_string(&config));
    append_library(&text, "libseccomp:", filter != NULL ? buffer_string(&seccomp) : "unknown");
    append_library(&text, "pcre2:", pcre2);
    append_library(&text, "zlib:", zlibVersion());
    append_library(&text, "jansson:", jansson_version_str());
    return output_write(buffer_bytes(&text));
}
