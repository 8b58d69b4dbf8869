/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_SCHEMA_H
#define SIDECAR_SPEC_SCHEMA_H

/*
 * The schema table: one row for each field of the RemoteWrite API. Parsing, validation,
 * translation, version gates, the CRDs and docs/fields.md are all read from it; adding a field is
 * adding a row.
 *
 * Sources of the facts: the RemoteWriteSpec of the Prometheus operator's v1 API, the RemoteWrite
 * CRD of monitoring.giantswarm.io/v1alpha1, and the sources of Prometheus, prometheus/common and
 * prometheus/sigv4 (2.5 to 3.16).
 */

#include "spec/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_STRING,
    FIELD_BOOL,
    FIELD_INTEGER,
    FIELD_DURATION,  /* as Prometheus writes them; "" counts as absent */
    FIELD_URL,       /* http or https */
    FIELD_PROXY_URL, /* http, https or socks5 */
    FIELD_ENUM,      /* one of words */
    FIELD_STRING_LIST,
    FIELD_STRING_MAP,
    FIELD_BYTES_MAP, /* values base64, as in a Secret's data */
    FIELD_OBJECT,    /* fields of object */
    FIELD_OBJECT_LIST,
    FIELD_SECRET,              /* {name, key, optional}: a Secret's key */
    FIELD_SECRET_OR_CONFIGMAP, /* {secret: {...}} or {configMap: {...}} */
    FIELD_SECRET_LIST_MAP,     /* name -> list of secret references */
    FIELD_ANYTHING,            /* accepted and not looked into: metadata, status */
};

enum secret_travel {
    SECRET_NONE,
    SECRET_FILE,   /* the config gets KEY_file, the value goes into a file */
    SECRET_INLINE, /* the value goes into the config */
};

enum field_flag {
    FIELD_REQUIRED = 1 << 0,
    FIELD_FILE_REFERENCE =
        1 << 1, /* names a file of the Prometheus container: denied unless allowed */
    FIELD_DEPRECATED = 1 << 2,
    FIELD_ZERO_IS_ABSENT = 1 << 3,  /* 0 is left out */
    FIELD_EMPTY_IS_ABSENT = 1 << 4, /* "" is left out; of an object: {} asks for nothing */
    FIELD_EMPTY_IS_VALUE = 1 << 5,  /* "" is written (separator, replacement) */
    FIELD_CREDENTIAL = 1 << 6,      /* a text secret: one trailing newline is dropped */
    FIELD_BOUNDED_BELOW = 1 << 7,   /* minimum holds */
    FIELD_SENSITIVE = 1 << 8,       /* the manifest's own value is a secret: never shown */
    FIELD_OVERRIDDEN = 1 << 9,      /* metadata.name is written in its place */
    FIELD_POSITIVE = 1 << 11, /* a duration that must not be 0: Prometheus would spin, or panic */
    FIELD_REGEX = 1 << 12,    /* an RE2 expression: judged when it is read, which costs most */
    /* A Prometheus that does not know the field rejects the RemoteWrite (spec/gates.h): it is never
     * served without it. loss says why. */
    FIELD_NEVER_LEFT_OUT = 1 << 10,
    FIELD_IN_HEADER = 1 << 14,      /* a credential at the end of an HTTP header: what ends in white
                                       space cannot be sent, wherever it comes from */
    FIELD_TRUE_IS_ABSENT = 1 << 13, /* a Prometheus without the field does what true asks for */
};

struct enum_word {
    const char *word;     /* in the manifest */
    const char *value;    /* in prometheus.yml */
    struct version since; /* an older Prometheus would refuse it: the RemoteWrite is rejected */
};

struct schema;

struct field {
    const char *name; /* in the manifest */
    enum field_type type;
    unsigned flags;
    const char *key; /* in prometheus.yml, dotted, relative to the enclosing object; NULL: nothing
                        of its own */
    struct version since;  /* first Prometheus that knows the key; unset: all */
    struct version before; /* first Prometheus that no longer knows it; unset: none */
    /* What a Prometheus that does not know the field does without it, where security could depend
     * on it: why the RemoteWrite is rejected (FIELD_NEVER_LEFT_OUT), or why it may be left out.
     * NULL: only a feature is lost. */
    const char *loss;
    enum secret_travel secret;
    /* With SECRET_FILE and FIELD_CREDENTIAL: Prometheus takes white space off both ends of what it
     * reads from a file. The first that takes the value as it is when it stands in the config. */
    struct version verbatim_since;
    int64_t minimum;     /* with FIELD_BOUNDED_BELOW */
    unsigned min_length; /* of a string, in bytes */
    const char *pattern; /* of a string, anchored; valid as ECMA 262 (CRD) and PCRE2; NULL: any */
    const struct enum_word *words;
    size_t word_count;
    const struct schema *object; /* FIELD_OBJECT, FIELD_OBJECT_LIST */
    const char *format;          /* OpenAPI format of an integer; NULL: none */
    const char *help;            /* one line */
};

struct schema {
    const char *name; /* for the docs: "RemoteWriteSpec" */
    const struct field *fields;
    size_t count;
};

/* The RemoteWriteSpec: spec of monitoring.coreos.com, spec.remoteWrite of monitoring.giantswarm.io.
 */
extern const struct schema remote_write_schema;

/* Whole documents, by API group: apiVersion, kind, metadata, spec, status. */
extern const struct schema giantswarm_document_schema;
extern const struct schema coreos_document_schema;

/* The label selector of clusterSelector. */
extern const struct schema label_selector_schema;
/* {name, key, optional} */
extern const struct schema reference_schema;
/* {secret, configMap} */
extern const struct schema reference_choice_schema;

/* v1 Secret and ConfigMap documents. */
extern const struct schema secret_document_schema;
extern const struct schema configmap_document_schema;

#define SCHEMA_NO_FIELD SIZE_MAX

/* The row of a name; SCHEMA_NO_FIELD where there is none. */
size_t schema_index(const struct schema *schema, const char *name);

/* Whether a Prometheus of this version knows the field. */
bool field_known_by(const struct field *field, struct version version);

#endif
