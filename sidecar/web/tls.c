/* SPDX-License-Identifier: Apache-2.0 */

/* Out of the web configuration into GnuTLS. A priority string of GnuTLS lists ciphers for every
 * version of TLS, where the web configuration's cipher_suites are about TLS 1.2 and earlier only:
 * so a session begins with all of them, and is narrowed down once its version is known. */

#include "web/tls.h"

#include "base/memory.h"

#include <gnutls/x509.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

enum {
    HANDSHAKE_MAX = 64 * 1024, /* bytes of one message: a client's certificates have to fit */
    SAN_MAX = 1024
};

struct tls {
    const struct web_tls_config *config;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority; /* with every cipher */
    gnutls_priority_t earlier;  /* for TLS 1.2 and earlier; NULL: the same */
};

void tls_free(struct tls *tls) {
    if (tls == NULL) {
        return;
    }
    if (tls->credentials != NULL) {
        gnutls_certificate_free_credentials(tls->credentials);
    }
    if (tls->priority != NULL) {
        gnutls_priority_deinit(tls->priority);
    }
    if (tls->earlier != NULL) {
        gnutls_priority_deinit(tls->earlier);
    }
    free(tls);
}

static void tls_freep(struct tls **tls) {
    tls_free(*tls);
}

/* --- certificate and key -------------------------------------------------------------------- */

static gnutls_datum_t datum_of(struct bytes bytes) {
    /* GnuTLS takes it as input only. */
    return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)bytes.data,
                            .size = (unsigned)bytes.length};
}

static int PRINTF_LIKE(4, 5)
    fault(struct diagnostics *diagnostics, const struct web_material *material, const char *remedy,
          const char *format, ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&problem, format, arguments);
    va_end(arguments);
    if (material->path != NULL) {
        buffer_printf(&problem, " (%s)", material->path);
    }
    diagnostics_add(diagnostics, SEVERITY_ERROR, material->location, NULL, material->field, remedy,
                    "%s", buffer_string(&problem));
    return -EINVAL;
}

static int check_certificate(const struct web_material *material, struct bytes pem,
                             struct diagnostics *diagnostics) {
    gnutls_datum_t data = datum_of(pem);
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    int error = gnutls_x509_crt_list_import2(&list, &count, &data, GNUTLS_X509_FMT_PEM, 0);

    if (error < 0) {
        return fault(diagnostics, material, "put a certificate in PEM there",
                     "holds no certificate: %s", gnutls_strerror(error));
    }
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(list[i]);
    }
    gnutls_free(list);
    return 0;
}

static int check_key(const struct web_material *material, struct bytes pem,
                     struct diagnostics *diagnostics, enum tls_suite_key *ret_kind) {
    gnutls_datum_t data = datum_of(pem);
    gnutls_x509_privkey_t key = NULL;
    int error = gnutls_x509_privkey_init(&key);

    if (error == 0) {
        error = gnutls_x509_privkey_import2(key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
    }
    if (error == 0) {
        int algorithm = gnutls_x509_privkey_get_pk_algorithm(key);
        bool rsa = algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
        *ret_kind = rsa ? TLS_SUITE_RSA_KEY : TLS_SUITE_ECDSA_KEY;
    }
    gnutls_x509_privkey_deinit(key);
    if (error == GNUTLS_E_DECRYPTION_FAILED) {
        return fault(diagnostics, material, "decrypt it: nobody is there to be asked",
                     "is protected by a password");
    }
    return error == 0 ? 0
                      : fault(diagnostics, material, "put a private key in PEM there",
                              "holds no private key: %s", gnutls_strerror(error));
}

static int load_pair(struct tls *tls, const struct bytes material[WEB_MATERIALS],
                     struct diagnostics *diagnostics) {
    const struct web_material *key = &tls->config->materials[WEB_KEY];
    gnutls_datum_t certificate_data = datum_of(material[WEB_CERTIFICATE]);
    gnutls_datum_t key_data = datum_of(material[WEB_KEY]);
    int error = gnutls_certificate_set_x509_key_mem(tls->credentials, &certificate_data, &key_data,
                                                    GNUTLS_X509_FMT_PEM);

    if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
        return fault(diagnostics, key, "replace both of them together",
                     "does not belong to the certificate");
    }
    return error >= 0 ? 0
                      : fault(diagnostics, key, "make both of them anew", "cannot be used: %s",
                              gnutls_strerror(error));
}

static int load_authority(struct tls *tls, const struct bytes material[WEB_MATERIALS],
                          struct diagnostics *diagnostics) {
    const struct web_material *authority = &tls->config->materials[WEB_CLIENT_CA];
    gnutls_datum_t data = datum_of(material[WEB_CLIENT_CA]);

    if (authority->field == NULL) {
        return 0;
    }
    int count = gnutls_certificate_set_x509_trust_mem(tls->credentials, &data, GNUTLS_X509_FMT_PEM);
    return count > 0 ? 0
                     : fault(diagnostics, authority, "put the authority's certificate in PEM there",
                             "holds no certificate");
}

/* --- what is spoken ------------------------------------------------------------------------- */

static void append_curves(const struct web_tls_config *config, struct buffer *out) {
    if (config->curve_count == 0) {
        return;
    }
    buffer_append_string(out, ":-GROUP-ALL");
    for (size_t i = 0; i < config->curve_count; i++) {
        buffer_printf(out, ":+%s", config->curves[i]->priority);
    }
}

/* Key exchange is ephemeral, as in Go: what is recorded today is not read with the key tomorrow. */
static void append_usual(const struct web_tls_config *config, struct buffer *out) {
    buffer_append_string(out, "NORMAL:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-VERS-ALL");
    for (unsigned i = config->min_version; i <= config->max_version; i++) {
        buffer_printf(out, ":+%s", tls_versions[i].priority);
    }
    append_curves(config, out);
    if (config->prefer_server_suites) {
        buffer_append_string(out, ":%SERVER_PRECEDENCE");
    }
}

/* The suites that go with this kind of key; how many. */
static size_t append_suites(const struct web_tls_config *config, enum tls_suite_key kind,
                            struct buffer *out) {
    size_t count = 0;

    buffer_append_string(out, ":-CIPHER-ALL:-MAC-ALL");
    for (size_t i = 0; i < config->suite_count; i++) {
        if (config->suites[i]->key == kind) {
            buffer_printf(out, ":+%s:+%s", config->suites[i]->cipher, config->suites[i]->mac);
            count++;
        }
    }
    return count;
}

static int set_priority(const char *text, const struct web_material *about,
                        struct diagnostics *diagnostics, gnutls_priority_t *ret) {
    int error = gnutls_priority_init(ret, text, NULL);

    if (error < 0) {
        return fault(diagnostics, about,
                     "allow more of min_version, max_version, cipher_suites, curve_preferences",
                     "cannot be served as is asked: this system's GnuTLS says \"%s\" to %s",
                     gnutls_strerror(error), text);
    }
    return 0;
}

static int load_priorities(struct tls *tls, enum tls_suite_key kind,
                           struct diagnostics *diagnostics) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct web_tls_config *config = tls->config;
    const struct web_material *about = &config->materials[WEB_CERTIFICATE];

    append_usual(config, &text);
    int error = set_priority(buffer_string(&text), about, diagnostics, &tls->priority);
    if (error < 0 || config->suite_count == 0 || config->min_version > TLS_VERSION_USUAL_MIN) {
        return error;
    }
    if (append_suites(config, kind, &text) > 0) {
        return set_priority(buffer_string(&text), about, diagnostics, &tls->earlier);
    }
    if (config->max_version <= TLS_VERSION_USUAL_MIN) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, config->suites_location, NULL,
                        "tls_server_config.cipher_suites",
                        "add some for this kind of key (RSA or ECDSA)",
                        "has none that goes with the certificate's key");
        return -EINVAL;
    }
    /* Only TLS 1.3 is left, as none goes with the key. */
    buffer_clear(&text);
    struct web_tls_config newest = *config;
    newest.min_version = TLS_VERSION_USUAL_MAX;
    append_usual(&newest, &text);
    gnutls_priority_deinit(TAKE_PTR(tls->priority));
    return set_priority(buffer_string(&text), about, diagnostics, &tls->priority);
}

/* --- a session ------------------------------------------------------------------------------ */

static bool requires_certificate(const struct web_tls_config *config) {
    return config->client_auth == WEB_REQUIRE_ANY_CLIENT_CERT ||
           config->client_auth == WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
}

static bool verifies_certificate(const struct web_tls_config *config) {
    return config->client_auth == WEB_VERIFY_CLIENT_CERT_IF_GIVEN ||
           config->client_auth == WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
}

/* One of a certificate's names, as text; false where it is of another kind. */
static bool san_text(unsigned type, const char *san, size_t size, char *out, size_t out_size) {
    const size_t four = 4;
    const size_t six = 16;

    switch (type) {
    case GNUTLS_SAN_DNSNAME:
    case GNUTLS_SAN_RFC822NAME:
    case GNUTLS_SAN_URI:
        if (size >= out_size || memchr(san, '\0', size) != NULL) {
            return false;
        }
        memcpy(out, san, size);
        out[size] = '\0';
        return true;
    case GNUTLS_SAN_IPADDRESS:
        return (size == four || size == six) &&
               inet_ntop(size == four ? AF_INET : AF_INET6, san, out, (socklen_t)out_size) != NULL;
    default:
        return false;
    }
}

static bool is_allowed(const struct web_tls_config *config, const char *text) {
    for (size_t i = 0; i < config->allowed_san_count; i++) {
        if (strcmp(config->allowed_sans[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_allowed_san(const struct web_tls_config *config, gnutls_x509_crt_t certificate) {
    char san[SAN_MAX];
    char text[SAN_MAX];

    for (unsigned i = 0;; i++) {
        size_t size = sizeof(san);
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, san, &size, NULL);
        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) {
            continue;
        }
        if (type < 0) {
            return false;
        }
        if (san_text((unsigned)type, san, size, text, sizeof(text)) && is_allowed(config, text)) {
            return true;
        }
    }
}

static bool names_allow(const struct web_tls_config *config, const gnutls_datum_t *peer) {
    gnutls_x509_crt_t certificate = NULL;
    bool allowed = false;

    if (config->allowed_san_count == 0) {
        return true;
    }
    if (gnutls_x509_crt_init(&certificate) < 0) {
        return false;
    }
    if (gnutls_x509_crt_import(certificate, peer, GNUTLS_X509_FMT_DER) == 0) {
        allowed = has_allowed_san(config, certificate);
    }
    gnutls_x509_crt_deinit(certificate);
    return allowed;
}

/* gnutls_certificate_verify_function: another value than 0 ends the handshake. */
static int verify_client(gnutls_session_t session) {
    const struct tls *tls = gnutls_session_get_ptr(session);
    const struct web_tls_config *config = tls->config;
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned count = 0;
    unsigned status = 0;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &count);

    if (peers == NULL || count == 0) {
        return requires_certificate(config) ? -1 : 0;
    }
    if (verifies_certificate(config) &&
        (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0)) {
        return -1;
    }
    return names_allow(config, &peers[0]) ? 0 : -1;
}

/* Its version is known, its cipher not yet. */
static int on_client_hello(gnutls_session_t session) {
    const struct tls *tls = gnutls_session_get_ptr(session);

    if (tls->earlier == NULL || gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3) {
        return 0;
    }
    return gnutls_priority_set(session, tls->earlier);
}

static gnutls_certificate_request_t request_of(const struct web_tls_config *config) {
    if (requires_certificate(config)) {
        return GNUTLS_CERT_REQUIRE;
    }
    return config->client_auth == WEB_NO_CLIENT_CERT ? GNUTLS_CERT_IGNORE : GNUTLS_CERT_REQUEST;
}

int tls_begin(const struct tls *tls, gnutls_session_t session) {
    int error = gnutls_priority_set(session, tls->priority);

    if (error == 0) {
        error = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
    }
    if (error < 0) {
        return error;
    }
    gnutls_session_set_ptr(session, (void *)(uintptr_t)tls);
    gnutls_certificate_server_set_request(session, request_of(tls->config));
    gnutls_handshake_set_max_packet_length(session, HANDSHAKE_MAX);
    gnutls_handshake_set_post_client_hello_function(session, on_client_hello);
    return 0;
}

int tls_new(const struct web_tls_config *config, const struct bytes material[WEB_MATERIALS],
            struct diagnostics *diagnostics, struct tls **ret) {
    CLEANUP(tls_freep) struct tls *tls = memory_new(1, sizeof(*tls));
    enum tls_suite_key kind = TLS_SUITE_RSA_KEY;

    tls->config = config;
    if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0) {
        memory_exhausted();
    }
    gnutls_certificate_set_verify_function(tls->credentials, verify_client);
    int certificate = check_certificate(&config->materials[WEB_CERTIFICATE],
                                        material[WEB_CERTIFICATE], diagnostics);
    int key = check_key(&config->materials[WEB_KEY], material[WEB_KEY], diagnostics, &kind);
    int authority = load_authority(tls, material, diagnostics);
    if (certificate < 0 || key < 0 || authority < 0) {
        return -EINVAL;
    }
    int error = load_pair(tls, material, diagnostics);
    if (error == 0) {
        error = load_priorities(tls, kind, diagnostics);
    }
    if (error == 0) {
        *ret = TAKE_PTR(tls);
    }
    return error;
}
