/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema table. Rows stand in the order in which an entry is written. A row says everything
 * about its field; code that has to know a field by name stands in spec/rules.c (what fields may
 * not do together) and nowhere else.
 */

#include "spec/schema.h"

#include "base/compiler.h"

#include <string.h>

#define V(major_, minor_) \
    { (major_), (minor_), 0 }
/* Of each way to authenticate. */
#define NO_CREDENTIAL "the samples would be sent without the credential that was asked for"

#define WORDS(table) .words = (table), .word_count = ARRAY_LENGTH(table)
#define SCHEMA(name_, rows) \
    { .name = (name_), .fields = (rows), .count = ARRAY_LENGTH(rows) }

/* Azure's tenants: what the operator's CRD allows. Scopes: what Prometheus takes, whose \s and \w
 * are those of Go; the CRD allows a backslash too, which every Prometheus refuses. */
#define AZURE_TENANT_PATTERN "^[0-9a-zA-Z-.]+$"
#define AZURE_SCOPE_PATTERN  "^[0-9A-Za-z_\\t\\n\\f\\r :/.-]+$"

static const struct field reference_rows[] = {
    {.name = "name", .type = FIELD_STRING, .help = "Name of the Secret or ConfigMap."},
    {.name = "key",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .help = "Key in it whose value is taken."},
    {.name = "optional",
     .type = FIELD_BOOL,
     .help = "Leave the field out, rather than wait, while the object or its key is absent."},
};
const struct schema reference_schema = SCHEMA("SecretKeySelector", reference_rows);

static const struct field reference_choice_rows[] = {
    {.name = "secret", .type = FIELD_SECRET, .help = "Key of a Secret."},
    {.name = "configMap", .type = FIELD_SECRET, .help = "Key of a ConfigMap."},
};
const struct schema reference_choice_schema = SCHEMA("SecretOrConfigMap", reference_choice_rows);

static const struct enum_word message_version_words[] = {
    {.word = "V1.0", .value = "prometheus.WriteRequest"},
    {.word = "V2.0", .value = "io.prometheus.write.v2.Request"},
};

static const struct enum_word relabel_action_words[] = {
    {.word = "replace", .value = "replace"},
    {.word = "Replace", .value = "replace"},
    {.word = "keep", .value = "keep"},
    {.word = "Keep", .value = "keep"},
    {.word = "drop", .value = "drop"},
    {.word = "Drop", .value = "drop"},
    {.word = "hashmod", .value = "hashmod"},
    {.word = "HashMod", .value = "hashmod"},
    {.word = "labelmap", .value = "labelmap"},
    {.word = "LabelMap", .value = "labelmap"},
    {.word = "labeldrop", .value = "labeldrop"},
    {.word = "LabelDrop", .value = "labeldrop"},
    {.word = "labelkeep", .value = "labelkeep"},
    {.word = "LabelKeep", .value = "labelkeep"},
    {.word = "lowercase", .value = "lowercase", .since = V(2, 36)},
    {.word = "Lowercase", .value = "lowercase", .since = V(2, 36)},
    {.word = "uppercase", .value = "uppercase", .since = V(2, 36)},
    {.word = "Uppercase", .value = "uppercase", .since = V(2, 36)},
    {.word = "keepequal", .value = "keepequal", .since = V(2, 41)},
    {.word = "KeepEqual", .value = "keepequal", .since = V(2, 41)},
    {.word = "dropequal", .value = "dropequal", .since = V(2, 41)},
    {.word = "DropEqual", .value = "dropequal", .since = V(2, 41)},
};

static const struct enum_word tls_version_words[] = {
    {.word = "TLS10", .value = "TLS10"},
    {.word = "TLS11", .value = "TLS11"},
    {.word = "TLS12", .value = "TLS12"},
    {.word = "TLS13", .value = "TLS13"},
};

static const struct enum_word azure_cloud_words[] = {
    {.word = "AzureChina", .value = "AzureChina"},
    {.word = "AzureGovernment", .value = "AzureGovernment"},
    {.word = "AzurePublic", .value = "AzurePublic"},
};

static const struct field relabel_rows[] = {
    {.name = "sourceLabels",
     .type = FIELD_STRING_LIST,
     .key = "source_labels",
     .help = "Labels whose values are joined and matched against regex."},
    {.name = "separator",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_VALUE,
     .key = "separator",
     .help = "Text put between the joined values; ';' where absent."},
    {.name = "targetLabel",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "target_label",
     .help =
         "Label that is written; needed by replace, hashmod, lowercase, uppercase, keepequal and dropequal."},
    {.name = "regex",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT | FIELD_REGEX,
     .key = "regex",
     .help =
         "RE2 expression that the joined values, or the label names, have to match as a whole."},
    {.name = "modulus",
     .type = FIELD_INTEGER,
     .flags = FIELD_ZERO_IS_ABSENT | FIELD_BOUNDED_BELOW,
     .key = "modulus",
     .format = "int64",
     .help = "Modulus of the hash; only for hashmod."},
    {.name = "replacement",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_VALUE,
     .key = "replacement",
     .help = "Value that is written; may use the groups of regex ($1)."},
    {.name = "action",
     .type = FIELD_ENUM,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "action",
     WORDS(relabel_action_words),
     .help = "What to do on a match; replace where absent."},
};
static const struct schema relabel_schema = SCHEMA("RelabelConfig", relabel_rows);

/* TLS without and with files of the Prometheus container: the API allows these in tlsConfig, and
 * not in that of oauth2. */
#define TLS_SAFE_ROWS                                                                           \
    {.name = "ca",                                                                              \
     .type = FIELD_SECRET_OR_CONFIGMAP,                                                         \
     .key = "ca",                                                                               \
     .secret = SECRET_FILE,                                                                     \
     .help = "PEM certificates of the authorities that the server is checked against."},        \
        {.name = "cert",                                                                        \
         .type = FIELD_SECRET_OR_CONFIGMAP,                                                     \
         .key = "cert",                                                                         \
         .secret = SECRET_FILE,                                                                 \
         .help = "PEM client certificate; needs keySecret or keyFile."},                        \
        {.name = "keySecret",                                                                   \
         .type = FIELD_SECRET,                                                                  \
         .key = "key",                                                                          \
         .secret = SECRET_FILE,                                                                 \
         .help = "PEM private key of the client certificate."},                                 \
        {.name = "serverName",                                                                  \
         .type = FIELD_STRING,                                                                  \
         .flags = FIELD_EMPTY_IS_ABSENT,                                                        \
         .key = "server_name",                                                                  \
         .help = "Name that the server's certificate has to carry."},                           \
        {.name = "insecureSkipVerify",                                                          \
         .type = FIELD_BOOL,                                                                    \
         .key = "insecure_skip_verify",                                                         \
         .help = "Do not check the server's certificate."},                                     \
        {.name = "minVersion",                                                                  \
         .type = FIELD_ENUM,                                                                    \
         .flags = FIELD_NEVER_LEFT_OUT,                                                         \
         .loss = "an older version of TLS would be taken",                                      \
         .key = "min_version",                                                                  \
         .since = V(2, 35),                                                                     \
         WORDS(tls_version_words),                                                              \
         .help = "Lowest TLS version that is accepted."},                                       \
    {                                                                                           \
        .name = "maxVersion", .type = FIELD_ENUM, .loss = "a newer version of TLS may be used", \
        .key = "max_version", .since = V(2, 41), WORDS(tls_version_words),                      \
        .help = "Highest TLS version that is accepted."                                         \
    }

static const struct field safe_tls_rows[] = {TLS_SAFE_ROWS};
static const struct schema safe_tls_schema = SCHEMA("SafeTLSConfig", safe_tls_rows);

static const struct field tls_rows[] = {
    TLS_SAFE_ROWS,
    {.name = "caFile",
     .type = FIELD_STRING,
     .flags = FIELD_FILE_REFERENCE | FIELD_EMPTY_IS_ABSENT,
     .key = "ca_file",
     .help = "Path of the CA file in the Prometheus container."},
    {.name = "certFile",
     .type = FIELD_STRING,
     .flags = FIELD_FILE_REFERENCE | FIELD_EMPTY_IS_ABSENT,
     .key = "cert_file",
     .help = "Path of the client certificate in the Prometheus container."},
    {.name = "keyFile",
     .type = FIELD_STRING,
     .flags = FIELD_FILE_REFERENCE | FIELD_EMPTY_IS_ABSENT,
     .key = "key_file",
     .help = "Path of the private key in the Prometheus container."},
};
static const struct schema tls_schema = SCHEMA("TLSConfig", tls_rows);

/* The same four proxy fields stand in the RemoteWriteSpec and in its oauth2. A proxy is a way, not
 * a credential: what is sent is the same without it, and a network that demands the proxy has no
 * other way. So they are left out where they are not known. */
#define PROXY_LOSS "the server is reached directly, or not at all"
#define PROXY_ROWS(proxy_url_since, connect_header_since)                                        \
    {.name = "proxyUrl",                                                                         \
     .type = FIELD_PROXY_URL,                                                                    \
     .flags = FIELD_EMPTY_IS_ABSENT,                                                             \
     .loss = PROXY_LOSS,                                                                         \
     .key = "proxy_url",                                                                         \
     .since = proxy_url_since,                                                                   \
     .help = "Proxy that the requests go through."},                                             \
        {.name = "noProxy",                                                                      \
         .type = FIELD_STRING,                                                                   \
         .flags = FIELD_EMPTY_IS_ABSENT,                                                         \
         .loss = "the proxy is used for all",                                                    \
         .key = "no_proxy",                                                                      \
         .since = V(2, 43),                                                                      \
         .help =                                                                                 \
             "Comma-separated hosts, domains and networks that are reached without the proxy."}, \
        {.name = "proxyFromEnvironment",                                                         \
         .type = FIELD_BOOL,                                                                     \
         .loss = PROXY_LOSS,                                                                     \
         .key = "proxy_from_environment",                                                        \
         .since = V(2, 43),                                                                      \
         .help = "Take the proxy from the environment of Prometheus."},                          \
    {                                                                                            \
        .name = "proxyConnectHeader", .type = FIELD_SECRET_LIST_MAP, .flags = FIELD_CREDENTIAL,  \
        .loss = "a proxy that asks for them refuses", .key = "proxy_connect_header",             \
        .since = connect_header_since, .secret = SECRET_INLINE,                                  \
        .help = "Headers sent to the proxy with CONNECT, their values from Secrets."             \
    }

static const struct field oauth2_rows[] = {
    {.name = "clientId",
     .type = FIELD_SECRET_OR_CONFIGMAP,
     .flags = FIELD_REQUIRED | FIELD_CREDENTIAL,
     .key = "client_id",
     .secret = SECRET_INLINE,
     .help = "OAuth2 client id."},
    {.name = "clientSecret",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED | FIELD_CREDENTIAL,
     .key = "client_secret",
     .secret = SECRET_FILE,
     .verbatim_since = V(2, 27),
     .help = "OAuth2 client secret."},
    {.name = "tokenUrl",
     .type = FIELD_URL,
     .flags = FIELD_REQUIRED,
     .key = "token_url",
     .help = "URL that the token is fetched from."},
    {.name = "scopes", .type = FIELD_STRING_LIST, .key = "scopes", .help = "Scopes asked for."},
    {.name = "endpointParams",
     .type = FIELD_STRING_MAP,
     .flags = FIELD_SENSITIVE,
     .key = "endpoint_params",
     .help = "Parameters added to the token request."},
    {.name = "tlsConfig",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT | FIELD_EMPTY_IS_ABSENT,
     .loss = "the client secret would go to a server that is checked otherwise",
     .key = "tls_config",
     .since = V(2, 31),
     .object = &safe_tls_schema,
     .help = "TLS to the token URL."},
    PROXY_ROWS(V(2, 35), V(2, 43)),
};
static const struct schema oauth2_schema = SCHEMA("OAuth2", oauth2_rows);

static const struct field basic_auth_rows[] = {
    {.name = "username",
     .type = FIELD_SECRET,
     .flags = FIELD_CREDENTIAL,
     .key = "username",
     .secret = SECRET_INLINE,
     .help = "User name."},
    {.name = "password",
     .type = FIELD_SECRET,
     .flags = FIELD_CREDENTIAL,
     .key = "password",
     .secret = SECRET_FILE,
     .verbatim_since = V(2, 49),
     .help = "Password."},
};
static const struct schema basic_auth_schema = SCHEMA("BasicAuth", basic_auth_rows);

static const struct field authorization_rows[] = {
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "type",
     .help = "Authentication scheme; Bearer where absent, never Basic."},
    {.name = "credentials",
     .type = FIELD_SECRET,
     .flags = FIELD_CREDENTIAL | FIELD_IN_HEADER,
     .key = "credentials",
     .secret = SECRET_FILE,
     .verbatim_since = V(2, 26),
     .help = "Credentials sent after the scheme."},
    {.name = "credentialsFile",
     .type = FIELD_STRING,
     .flags = FIELD_FILE_REFERENCE | FIELD_EMPTY_IS_ABSENT,
     .key = "credentials_file",
     .help = "Path of the credentials in the Prometheus container."},
};
static const struct schema authorization_schema = SCHEMA("Authorization", authorization_rows);

static const struct field sigv4_rows[] = {
    {.name = "region",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "region",
     .help = "AWS region; that of the default credentials chain where absent."},
    {.name = "accessKey",
     .type = FIELD_SECRET,
     .flags = FIELD_CREDENTIAL,
     .key = "access_key",
     .secret = SECRET_INLINE,
     .help = "AWS access key; needs secretKey."},
    {.name = "secretKey",
     .type = FIELD_SECRET,
     .flags = FIELD_CREDENTIAL,
     .key = "secret_key",
     .secret = SECRET_INLINE,
     .help = "AWS secret key; needs accessKey."},
    {.name = "profile",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "profile",
     .help = "Named AWS profile of the Prometheus container."},
    {.name = "roleArn",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "role_arn",
     .help = "AWS role that is assumed."},
    {.name = "externalId",
     .type = FIELD_STRING,
     .key = "external_id",
     .since = V(3, 10),
     .loss = "a role that asks for the id is not given without it",
     .min_length = 1,
     .help = "External id sent when the role is assumed; needs roleArn."},
    {.name = "useFIPSSTSEndpoint",
     .type = FIELD_BOOL,
     .key = "use_fips_sts_endpoint",
     .since = V(3, 1),
     .loss = "STS is asked over TLS at its usual endpoint",
     .help = "Use the FIPS endpoint of STS."},
};
static const struct schema sigv4_schema = SCHEMA("Sigv4", sigv4_rows);

static const struct field azure_managed_identity_rows[] = {
    {.name = "clientId",
     .type = FIELD_STRING,
     .key = "client_id",
     .min_length = 1,
     .help =
         "Client id of the user-assigned managed identity; may be absent from Prometheus 3.5 on."},
};
static const struct schema azure_managed_identity_schema =
    SCHEMA("ManagedIdentity", azure_managed_identity_rows);

static const struct field azure_oauth_rows[] = {
    {.name = "clientId",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .key = "client_id",
     .min_length = 1,
     .help = "Client id of the Azure application."},
    {.name = "clientSecret",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED | FIELD_CREDENTIAL,
     .key = "client_secret",
     .secret = SECRET_INLINE,
     .help = "Client secret of the Azure application."},
    {.name = "tenantId",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .key = "tenant_id",
     .min_length = 1,
     .pattern = AZURE_TENANT_PATTERN,
     .help = "Tenant of the Azure application."},
};
static const struct schema azure_oauth_schema = SCHEMA("AzureOAuth", azure_oauth_rows);

static const struct field azure_sdk_rows[] = {
    {.name = "tenantId",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT,
     .key = "tenant_id",
     .pattern = AZURE_TENANT_PATTERN,
     .help = "Tenant that the Azure SDK authenticates against."},
};
static const struct schema azure_sdk_schema = SCHEMA("AzureSDK", azure_sdk_rows);

static const struct field azure_workload_identity_rows[] = {
    {.name = "clientId",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .key = "client_id",
     .min_length = 1,
     .help = "Client id of the workload identity."},
    {.name = "tenantId",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .key = "tenant_id",
     .min_length = 1,
     .help = "Tenant of the workload identity."},
};
static const struct schema azure_workload_identity_schema =
    SCHEMA("AzureWorkloadIdentity", azure_workload_identity_rows);

static const struct field azuread_rows[] = {
    {.name = "cloud",
     .type = FIELD_ENUM,
     .key = "cloud",
     WORDS(azure_cloud_words),
     .help = "Azure cloud; AzurePublic where absent."},
    {.name = "managedIdentity",
     .type = FIELD_OBJECT,
     .key = "managed_identity",
     .object = &azure_managed_identity_schema,
     .help = "Authenticate by a managed identity of the pod."},
    {.name = "oauth",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "oauth",
     .since = V(2, 48),
     .object = &azure_oauth_schema,
     .help = "Authenticate as an Azure application."},
    {.name = "sdk",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "sdk",
     .since = V(2, 52),
     .object = &azure_sdk_schema,
     .help = "Authenticate by the Azure SDK's default chain."},
    {.name = "workloadIdentity",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "workload_identity",
     .since = V(3, 7),
     .object = &azure_workload_identity_schema,
     .help = "Authenticate by the pod's workload identity."},
    {.name = "scope",
     .type = FIELD_STRING,
     .flags = FIELD_EMPTY_IS_ABSENT | FIELD_NEVER_LEFT_OUT,
     .loss = "a token for another audience would be sent",
     .key = "scope",
     .since = V(3, 9),
     .pattern = AZURE_SCOPE_PATTERN,
     .help = "OAuth scope asked for."},
};
static const struct schema azuread_schema = SCHEMA("AzureAD", azuread_rows);

static const struct field queue_rows[] = {
    {.name = "capacity",
     .type = FIELD_INTEGER,
     .flags = FIELD_ZERO_IS_ABSENT,
     .key = "capacity",
     .help = "Samples buffered by each shard before reading from the WAL waits."},
    {.name = "minShards",
     .type = FIELD_INTEGER,
     .flags = FIELD_ZERO_IS_ABSENT,
     .key = "min_shards",
     .since = V(2, 6),
     .help = "Fewest shards, and how many there are at the start."},
    {.name = "maxShards",
     .type = FIELD_INTEGER,
     .flags = FIELD_ZERO_IS_ABSENT,
     .key = "max_shards",
     .help = "Most shards, that is requests at a time."},
    {.name = "maxSamplesPerSend",
     .type = FIELD_INTEGER,
     .flags = FIELD_ZERO_IS_ABSENT,
     .key = "max_samples_per_send",
     .help = "Most samples in one request."},
    {.name = "batchSendDeadline",
     .type = FIELD_DURATION,
     .flags = FIELD_POSITIVE,
     .key = "batch_send_deadline",
     .help = "Longest time that a sample waits in the buffer."},
    {.name = "maxRetries",
     .type = FIELD_INTEGER,
     .flags = FIELD_ZERO_IS_ABSENT,
     .key = "max_retries",
     .before = V(2, 11),
     .help = "Most tries of a request; Prometheus 2.11 and later try without end."},
    {.name = "minBackoff",
     .type = FIELD_DURATION,
     .flags = FIELD_POSITIVE,
     .key = "min_backoff",
     .help = "First wait before a request is tried again; doubles."},
    {.name = "maxBackoff",
     .type = FIELD_DURATION,
     .flags = FIELD_POSITIVE,
     .key = "max_backoff",
     .help = "Longest wait before a request is tried again."},
    {.name = "retryOnRateLimit",
     .type = FIELD_BOOL,
     .key = "retry_on_http_429",
     .since = V(2, 25),
     .help = "Try again when the remote end answers 429."},
    {.name = "sampleAgeLimit",
     .type = FIELD_DURATION,
     .key = "sample_age_limit",
     .since = V(2, 50),
     .help = "Samples older than this are dropped."},
};
static const struct schema queue_schema = SCHEMA("QueueConfig", queue_rows);

static const struct field metadata_rows[] = {
    {.name = "send",
     .type = FIELD_BOOL,
     .key = "send",
     .help = "Send metadata; absent inside a present metadataConfig means false."},
    {.name = "sendInterval",
     .type = FIELD_DURATION,
     .flags = FIELD_POSITIVE,
     .key = "send_interval",
     .help = "How often metadata is sent."},
    {.name = "maxSamplesPerSend",
     .type = FIELD_INTEGER,
     .flags = FIELD_BOUNDED_BELOW,
     .key = "max_samples_per_send",
     .since = V(2, 29),
     .minimum = -1,
     .format = "int32",
     .help = "Most metadata samples in one request."},
};
static const struct schema metadata_schema = SCHEMA("MetadataConfig", metadata_rows);

static const struct field remote_write_rows[] = {
    {.name = "url",
     .type = FIELD_URL,
     .flags = FIELD_REQUIRED,
     .key = "url",
     .help = "URL that the samples are sent to."},
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_OVERRIDDEN,
     .key = "name",
     .since = V(2, 15),
     .help = "Overridden by metadata.name, which names the queue in metrics and logs."},
    {.name = "messageVersion",
     .type = FIELD_ENUM,
     .key = "protobuf_message",
     .since = V(2, 54),
     WORDS(message_version_words),
     .help = "Remote write message version; with V2.0 metadata travels with the samples."},
    {.name = "sendExemplars",
     .type = FIELD_BOOL,
     .key = "send_exemplars",
     .since = V(2, 27),
     .help = "Send exemplars too."},
    {.name = "sendNativeHistograms",
     .type = FIELD_BOOL,
     .key = "send_native_histograms",
     .since = V(2, 40),
     .help = "Send native histograms too."},
    {.name = "remoteTimeout",
     .type = FIELD_DURATION,
     .flags = FIELD_POSITIVE,
     .key = "remote_timeout",
     .help = "Longest time for one request."},
    {.name = "headers",
     .type = FIELD_STRING_MAP,
     .flags = FIELD_SENSITIVE | FIELD_NEVER_LEFT_OUT,
     .loss = "headers carry credentials and tenants",
     .key = "headers",
     .since = V(2, 25),
     .help = "Headers added to each request; those that Prometheus sets itself cannot be."},
    {.name = "writeRelabelConfigs",
     .type = FIELD_OBJECT_LIST,
     .key = "write_relabel_configs",
     .object = &relabel_schema,
     .help = "Relabeling of the samples before they are sent."},
    {.name = "oauth2",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "oauth2",
     .since = V(2, 27),
     .object = &oauth2_schema,
     .help = "OAuth2 client credentials."},
    {.name = "basicAuth",
     .type = FIELD_OBJECT,
     .key = "basic_auth",
     .object = &basic_auth_schema,
     .help = "Basic authentication."},
    {.name = "bearerToken",
     .type = FIELD_STRING,
     .flags = FIELD_DEPRECATED | FIELD_EMPTY_IS_ABSENT | FIELD_CREDENTIAL | FIELD_SENSITIVE |
              FIELD_NEVER_LEFT_OUT | FIELD_IN_HEADER,
     .loss = NO_CREDENTIAL,
     .key = "authorization.credentials",
     .since = V(2, 26),
     .secret = SECRET_FILE,
     .verbatim_since = V(2, 26),
     .help =
         "Bearer token in clear text; use authorization.credentials, which takes it from a Secret."},
    {.name = "bearerTokenFile",
     .type = FIELD_STRING,
     .flags =
         FIELD_DEPRECATED | FIELD_FILE_REFERENCE | FIELD_EMPTY_IS_ABSENT | FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "authorization.credentials_file",
     .since = V(2, 26),
     .help = "Path of a bearer token in the Prometheus container; use authorization.credentials."},
    {.name = "authorization",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "authorization",
     .since = V(2, 26),
     .object = &authorization_schema,
     .help = "Authorization header."},
    {.name = "sigv4",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "sigv4",
     .since = V(2, 26),
     .object = &sigv4_schema,
     .help = "AWS Signature Version 4."},
    {.name = "azureAd",
     .type = FIELD_OBJECT,
     .flags = FIELD_NEVER_LEFT_OUT,
     .loss = NO_CREDENTIAL,
     .key = "azuread",
     .since = V(2, 45),
     .object = &azuread_schema,
     .help = "Azure Active Directory."},
    {.name = "tlsConfig",
     .type = FIELD_OBJECT,
     .key = "tls_config",
     .object = &tls_schema,
     .help = "TLS to the URL."},
    PROXY_ROWS({0}, V(2, 41)),
    {.name = "followRedirects",
     .type = FIELD_BOOL,
     .flags = FIELD_NEVER_LEFT_OUT | FIELD_TRUE_IS_ABSENT,
     .loss = "an older Prometheus follows redirects, with credentials",
     .key = "follow_redirects",
     .since = V(2, 26),
     .help = "Follow HTTP redirects; true where absent."},
    {.name = "enableHTTP2",
     .type = FIELD_BOOL,
     .key = "enable_http2",
     .since = V(2, 35),
     .help = "Use HTTP/2 where the server can; true where absent."},
    {.name = "queueConfig",
     .type = FIELD_OBJECT,
     .key = "queue_config",
     .object = &queue_schema,
     .help = "The queue between the WAL and the remote end."},
    {.name = "metadataConfig",
     .type = FIELD_OBJECT,
     .key = "metadata_config",
     .since = V(2, 23),
     .object = &metadata_schema,
     .help = "Sending of metric metadata."},
    {.name = "roundRobinDNS",
     .type = FIELD_BOOL,
     .key = "round_robin_dns",
     .since = V(3, 1),
     .help = "Spread connections over all addresses that the name resolves to."},
};
const struct schema remote_write_schema = SCHEMA("RemoteWriteSpec", remote_write_rows);

static const struct enum_word selector_operator_words[] = {
    {.word = "In"},
    {.word = "NotIn"},
    {.word = "Exists"},
    {.word = "DoesNotExist"},
};

static const struct field selector_requirement_rows[] = {
    {.name = "key",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .help = "Label that the requirement looks at."},
    {.name = "operator",
     .type = FIELD_ENUM,
     .flags = FIELD_REQUIRED,
     WORDS(selector_operator_words),
     .help = "How key and values relate."},
    {.name = "values",
     .type = FIELD_STRING_LIST,
     .help = "At least one for In and NotIn, none for Exists and DoesNotExist."},
};
static const struct schema selector_requirement_schema =
    SCHEMA("LabelSelectorRequirement", selector_requirement_rows);

static const struct field label_selector_rows[] = {
    {.name = "matchLabels",
     .type = FIELD_STRING_MAP,
     .help = "Labels that have to be there with these values."},
    {.name = "matchExpressions",
     .type = FIELD_OBJECT_LIST,
     .object = &selector_requirement_schema,
     .help = "Requirements that have to hold too."},
};
const struct schema label_selector_schema = SCHEMA("LabelSelector", label_selector_rows);

static const struct field secret_rows[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .help = "Name that references use."},
    {.name = "data",
     .type = FIELD_BYTES_MAP,
     .flags = FIELD_SENSITIVE,
     .help = "Values by key, base64."},
    {.name = "stringData",
     .type = FIELD_STRING_MAP,
     .flags = FIELD_SENSITIVE,
     .help = "Values by key, as they are; win over data."},
};
static const struct schema secret_schema = SCHEMA("Secret", secret_rows);

static const struct field giantswarm_spec_rows[] = {
    {.name = "clusterSelector",
     .type = FIELD_OBJECT,
     .object = &label_selector_schema,
     .help = "Clusters whose Prometheus takes this RemoteWrite: {} selects all, null none."},
    {.name = "remoteWrite",
     .type = FIELD_OBJECT,
     .flags = FIELD_REQUIRED,
     .object = &remote_write_schema,
     .help = "What is written where."},
    {.name = "secrets",
     .type = FIELD_OBJECT_LIST,
     .object = &secret_schema,
     .help = "Secrets of this RemoteWrite's own, looked at before all others."},
};
static const struct schema giantswarm_spec_schema = SCHEMA("GiantSwarmSpec", giantswarm_spec_rows);

#define DOCUMENT_ROWS                                                               \
    {.name = "apiVersion", .type = FIELD_STRING, .help = "API group and version."}, \
        {.name = "kind", .type = FIELD_STRING, .help = "RemoteWrite."}, {           \
        .name = "metadata", .type = FIELD_ANYTHING, .flags = FIELD_REQUIRED,        \
        .help = "Name, namespace, labels."                                          \
    }

static const struct field giantswarm_document_rows[] = {
    DOCUMENT_ROWS,
    {.name = "spec",
     .type = FIELD_OBJECT,
     .flags = FIELD_REQUIRED,
     .object = &giantswarm_spec_schema,
     .help = "What is wanted."},
    {.name = "status", .type = FIELD_ANYTHING, .help = "What became of it; not read."},
};
const struct schema giantswarm_document_schema = SCHEMA("RemoteWrite", giantswarm_document_rows);

static const struct field coreos_document_rows[] = {
    DOCUMENT_ROWS,
    {.name = "spec",
     .type = FIELD_OBJECT,
     .flags = FIELD_REQUIRED,
     .object = &remote_write_schema,
     .help = "What is written where."},
    {.name = "status", .type = FIELD_ANYTHING, .help = "What became of it; not read."},
};
const struct schema coreos_document_schema = SCHEMA("RemoteWrite", coreos_document_rows);

static const struct field secret_document_rows[] = {
    DOCUMENT_ROWS,
    {.name = "type", .type = FIELD_STRING, .help = "Type of the Secret; not looked at."},
    {.name = "immutable", .type = FIELD_BOOL, .help = "Not looked at."},
    {.name = "data",
     .type = FIELD_BYTES_MAP,
     .flags = FIELD_SENSITIVE,
     .help = "Values by key, base64."},
    {.name = "stringData",
     .type = FIELD_STRING_MAP,
     .flags = FIELD_SENSITIVE,
     .help = "Values by key, as they are; win over data."},
};
const struct schema secret_document_schema = SCHEMA("Secret", secret_document_rows);

static const struct field configmap_document_rows[] = {
    DOCUMENT_ROWS,
    {.name = "immutable", .type = FIELD_BOOL, .help = "Not looked at."},
    {.name = "data", .type = FIELD_STRING_MAP, .help = "Values by key."},
    {.name = "binaryData", .type = FIELD_BYTES_MAP, .help = "Values by key, base64."},
};
const struct schema configmap_document_schema = SCHEMA("ConfigMap", configmap_document_rows);

size_t schema_index(const struct schema *schema, const char *name) {
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0)
            return i;
    }
    return SCHEMA_NO_FIELD;
}

bool field_known_by(const struct field *field, struct version version) {
    if (version_is_set(field->since) && version_compare(version, field->since) < 0)
        return false;
    return !version_is_set(field->before) || version_compare(version, field->before) < 0;
}
