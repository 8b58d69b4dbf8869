/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_REFUSAL_H
#define TESTS_SUPPORT_REFUSAL_H

/* What the Prometheus of the tests ($PROMETHEUS) refuses when it loads a config, although the
 * sidecar writes it: the sidecar is told of another version, which would take it. What that is
 * differs from one version to the next. Fields stand in spec.remoteWrite, indented by four, behind
 * writeRelabelConfigs. */

struct refusal {
    const char *version_flag; /* --prometheus-version=..., for the sidecar */
    const char *fields;       /* Prometheus cites their line where it can */
    const char *other_fields; /* ... and not of these, in a version in which there are two kinds */
    const char *sign;         /* what stands in prometheus.yml where fields were written */
};

/* Skips the test where nothing is known that this version refuses. */
const struct refusal *refusal(void);

#endif
