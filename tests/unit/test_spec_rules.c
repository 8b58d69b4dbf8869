/* SPDX-License-Identifier: Apache-2.0 */

/* What fields may not do together, rule by rule: what is refused, what just passes, and what
 * depends on the version. */

#include "base/compiler.h"
#include "spec/rules.h"
#include "support/compile_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

struct rule {
    const char *field;   /* a line of spec.remoteWrite */
    const char *version; /* NULL: the newest */
    const char *problem; /* NULL: it passes */
};

#define UUID "00000000-0000-0000-0000-000000000000"
/* Its Secret is there for nobody: what is sound waits. */
#define OAUTH2(x)                                                                       \
    "oauth2: {clientId: {secret: {name: a, key: b}}, clientSecret: {name: a, key: b}, " \
    "tokenUrl: 'http://a', " x "}"
#define LABEL(x) "writeRelabelConfigs: [{" x "}]"

static const struct rule rules[] = {
    {"basicAuth: {}", NULL, NULL},
    {"basicAuth: {username: {key: ''}, password: {key: ''}}", NULL, NULL},
    {"basicAuth: {username: {key: b}}", NULL, "basicAuth.username.name: is missing"},
    {"basicAuth: {username: {name: a, key: ''}}", NULL,
     "basicAuth.username.key: must not be empty"},
    {"tlsConfig: {ca: {}, cert: {}, keySecret: {}}", NULL, NULL},
    {"tlsConfig: {ca: {secret: {key: ''}}, cert: {configMap: {name: '', key: ''}, secret: null}}",
     NULL, NULL},
    {"tlsConfig: {ca: {secret: {key: ''}, configMap: {name: a, key: b}}}", NULL, NULL},
    {"tlsConfig: {ca: {x: {}}}", NULL, "is not a known field"},
    {"tlsConfig: {ca: []}", NULL, "must be a reference"},
    {"sigv4: {accessKey: {key: ''}, secretKey: {key: ''}}", NULL, NULL},
    {"oauth2: {clientId: {}, clientSecret: {key: ''}, tokenUrl: 'http://a'}", NULL,
     "oauth2.clientSecret: is missing"},
    {"oauth2: {clientId: {}, clientSecret: {key: ''}, tokenUrl: 'http://a'}", NULL,
     "oauth2.clientId: is missing"},
    {"proxyUrl: http://p\n    proxyConnectHeader: {X-A: [{}]}", NULL, "is missing"},
    {"bearerToken: ''", NULL, NULL},
    {"basicAuth: {}\n    bearerToken: ''", NULL, NULL},
    {"basicAuth: {}\n    bearerToken: x", NULL,
     "cannot be used together with spec.remoteWrite.basicAuth"},
    {"basicAuth: {}\n    authorization: {}", NULL, "cannot be used together with"},
    {"sigv4: {}\n    authorization: {}", NULL, "cannot be used together with"},
    {"sigv4: {}\n    azureAd: {sdk: {}}", NULL, "cannot be used together with"},
    {"authorization: {type: ' basic '}", NULL, "must not be Basic"},
    {"authorization: {type: BASIC}", NULL, "must not be Basic"},
    {"authorization: {type: Basics}", NULL, NULL},
    {"authorization: {type: ''}", NULL, NULL},
    {"authorization: {type: \"a\\nb\"}", NULL, "holds a character"},
    {"sigv4: {secretKey: {name: a, key: b}}", NULL, "needs accessKey beside it"},
    {"sigv4: {accessKey: {name: a, key: b}}", NULL, "needs secretKey beside it"},
    {"sigv4: {externalId: a, roleArn: b}", NULL, NULL},
    {"azureAd: {}", NULL, "says not how to authenticate"},
    {"azureAd: {managedIdentity: {}}", "3.5", NULL},
    {"azureAd: {managedIdentity: {}}", "3.4", "needs clientId"},
    {"azureAd: {managedIdentity: {clientId: x}}", NULL, "is no UUID"},
    {"azureAd: {managedIdentity: {clientId: 00000000-0000-0000-0000-00000000000g}}", NULL,
     "is no UUID"},
    {"azureAd: {managedIdentity: {clientId: 00000000x0000-0000-0000-000000000000}}", NULL,
     "is no UUID"},
    {"azureAd: {managedIdentity: {clientId: ABCDEF00-0000-0000-0000-00000000000f}}", NULL, NULL},
    {"azureAd: {sdk: {}, workloadIdentity: {clientId: " UUID ", tenantId: " UUID "}}", NULL,
     "cannot be used together with"},
    {"azureAd: {workloadIdentity: {clientId: " UUID ", tenantId: " UUID "}}", NULL, NULL},
    {"azureAd: {workloadIdentity: {clientId: x, tenantId: " UUID "}}", NULL,
     "azureAd.workloadIdentity.clientId: is no UUID"},
    {"azureAd: {workloadIdentity: {clientId: " UUID ", tenantId: contoso.example}}", NULL,
     "azureAd.workloadIdentity.tenantId: is no UUID"},
    {"azureAd: {managedIdentity: {clientId: 'urn:UUID:" UUID "'}}", NULL, NULL},
    {"azureAd: {managedIdentity: {clientId: 'urn-uuid:" UUID "'}}", NULL, "is no UUID"},
    {"azureAd: {managedIdentity: {clientId: '{" UUID "}'}}", NULL, NULL},
    {"azureAd: {managedIdentity: {clientId: '(" UUID ")'}}", NULL, "is no UUID"},
    {"azureAd: {managedIdentity: {clientId: f0e1d2c3b4a5968778695a4b3c2d1e0f}}", NULL, NULL},
    {"azureAd: {managedIdentity: {clientId: f0e1d2c3b4a5968778695a4b3c2d1e0}}", NULL, "is no UUID"},
    {"azureAd: {sdk: {tenantId: contoso.example}}", NULL, NULL},
    {"azureAd: {sdk: {}}", "2.52", NULL},
    {"azureAd: {sdk: {}}", "2.51", "azureAd.sdk: needs Prometheus 2.52, this one is 2.51"},
    {"azureAd: {sdk: {}}", "2.44", "azureAd: needs Prometheus 2.45, this one is 2.44"},
    {"azureAd: {workloadIdentity: {clientId: " UUID ", tenantId: " UUID "}}", "3.6",
     "azureAd.workloadIdentity: needs Prometheus 3.7, this one is 3.6"},
    {"azureAd: {sdk: {}, scope: a}", "3.9", NULL},
    {"azureAd: {sdk: {}, scope: 'api://a-b_c.d/.default x'}", NULL, NULL},
    {"azureAd: {sdk: {}, scope: 'api:\\x'}", NULL, "does not match"},
    {"azureAd: {sdk: {}, scope: 'api:é'}", NULL, "does not match"},
    {"azureAd: {sdk: {}, scope: \"a\\vb\"}", NULL, "does not match"},
    {"azureAd: {sdk: {}, scope: \"a\\n\"}", NULL, NULL},
    {"azureAd: {sdk: {}, scope: a}", "3.8", "azureAd.scope: needs Prometheus 3.9"},
    {"azureAd: {sdk: {}, scope: ''}", "3.8", NULL},
    {"authorization: {}", "2.26", NULL},
    {"authorization: {}", "2.25", "authorization: needs Prometheus 2.26"},
    {"bearerToken: x", "2.25", "bearerToken: needs Prometheus 2.26"},
    {"bearerToken: ''", "2.25", NULL},
    {"bearerTokenFile: ''", "2.25", NULL},
    {"sigv4: {}", "2.26", NULL},
    {"sigv4: {}", "2.25", "sigv4: needs Prometheus 2.26"},
    {"sigv4: {useFIPSSTSEndpoint: true}", "3.0", NULL},
    {"sigv4: {externalId: a, roleArn: b}", "3.9", NULL},
    {OAUTH2("scopes: []"), "2.27", NULL},
    {OAUTH2("scopes: []"), "2.26", "oauth2: needs Prometheus 2.27"},
    {OAUTH2("tlsConfig: {insecureSkipVerify: true}"), "2.31", NULL},
    {OAUTH2("tlsConfig: {insecureSkipVerify: true}"), "2.30",
     "oauth2.tlsConfig: needs Prometheus 2.31"},
    {OAUTH2("tlsConfig: {}"), "2.30", NULL},
    {OAUTH2("proxyUrl: http://p"), "2.34", NULL},
    {"tlsConfig: {minVersion: TLS12}", "2.35", NULL},
    {"tlsConfig: {minVersion: TLS12}", "2.34", "tlsConfig.minVersion: needs Prometheus 2.35"},
    {"tlsConfig: {maxVersion: TLS12}", "2.40", NULL},
    {"headers: {X-A: b}", "2.24", "headers: needs Prometheus 2.25"},
    {"headers: {}", "2.24", NULL},
    {"followRedirects: true", "2.25", NULL},
    {"followRedirects: false", "2.26", NULL},
    {"followRedirects: false", "2.25", "followRedirects: needs Prometheus 2.26"},
    {"headers: {X-A: b}", NULL, NULL},
    {"headers: {X-A: \"tab\\tonly\"}", NULL, NULL},
    {"headers: {X-A: \"bell\\a\"}", NULL, "control character"},
    {"headers: {X-A: \"del\\x7f\"}", NULL, "control character"},
    {"headers: {'': b}", NULL, "is no header name"},
    {"headers: {'a:': b}", NULL, "is no header name"},
    {"headers: {'ä': b}", NULL, "is no header name"},
    {"headers: {user-AGENT: b}", NULL, "is a reserved header"},
    {"headers: {X-Prometheus-Remote-Write-Version: '1'}", NULL, "is a reserved header"},
    {"headers: {aUTHORIZATION: b}", NULL, "cannot be set as a header"},
    {"tlsConfig: {minVersion: TLS12, maxVersion: TLS12}", NULL, NULL},
    {"tlsConfig: {minVersion: TLS13, maxVersion: TLS10}", NULL, "is above maxVersion"},
    {"noProxy: ''", NULL, NULL},
    {"proxyFromEnvironment: false\n    proxyUrl: http://p", NULL, NULL},
    {"proxyFromEnvironment: false\n    noProxy: x", NULL, "needs proxyUrl beside it"},
    {"proxyConnectHeader: {}", NULL, NULL},
    {"queueConfig: {minShards: 50}", NULL, NULL},
    {"queueConfig: {minShards: 51}", NULL,
     "minShards (51) is above maxShards (50, the default of Prometheus 3.16)"},
    {"queueConfig: {minShards: 200}", "2.43", NULL},
    {"queueConfig: {minShards: 201}", "2.43",
     "minShards (201) is above maxShards (200, the default of Prometheus 2.43)"},
    {"queueConfig: {minShards: 100}", "2.43", NULL},
    {"queueConfig: {minShards: 100}", "2.44",
     "minShards (100) is above maxShards (50, the default of Prometheus 2.44)"},
    {"queueConfig: {minShards: 1000}", "2.22", NULL},
    {"queueConfig: {minShards: 201}", "2.23",
     "minShards (201) is above maxShards (200, the default of Prometheus 2.23)"},
    {"queueConfig: {minBackoff: 1s}", "2.31", NULL},
    {"queueConfig: {minBackoff: 1s}", "2.30",
     "minBackoff (1000ms) is above maxBackoff (100ms, the default of Prometheus 2.30)"},
    {"queueConfig: {minBackoff: 10s}", "2.55",
     "minBackoff (10000ms) is above maxBackoff (5000ms, the default of Prometheus 2.55)"},
    {"queueConfig: {minBackoff: 10s, maxBackoff: 10s}", NULL, NULL},
    {"queueConfig: {minShards: 3, maxShards: 3}", NULL, NULL},
    {"queueConfig: {maxShards: -3}", NULL, "must be positive"},
    {"queueConfig: {minShards: -3}", NULL, "must be positive"},
    {"queueConfig: {maxSamplesPerSend: -3}", NULL, "must be positive"},
    {"queueConfig: {minBackoff: 5s}", NULL, NULL},
    {"queueConfig: {minBackoff: 6s}", NULL,
     "minBackoff (6000ms) is above maxBackoff (5000ms, the default of Prometheus 3.16)"},
    {"queueConfig: {maxBackoff: 30ms}", NULL, NULL},
    {"queueConfig: {maxBackoff: 29ms}", NULL,
     "minBackoff (30ms, the default of Prometheus 3.16) is above maxBackoff (29ms)"},
    {LABEL("sourceLabels: [a], targetLabel: b"), NULL, NULL},
    {LABEL("sourceLabels: [a]"), NULL, "is needed by action replace"},
    {LABEL("targetLabel: ''"), NULL, "is needed by action replace"},
    {LABEL("targetLabel: 'a_${1}_$2x'"), "2.55", NULL},
    {LABEL("targetLabel: '${a'"), "2.55", "is no label name"},
    {LABEL("targetLabel: '${}'"), "2.55", "is no label name"},
    {LABEL("targetLabel: 'a$'"), "2.55", "is no label name"},
    {LABEL("targetLabel: '1a'"), "2.55", "is no label name"},
    {LABEL("targetLabel: '$1a-b'"), "2.55", "is no label name"},
    {LABEL("targetLabel: 'a-b'"), "2.55", "is no label name"},
    {LABEL("targetLabel: 'a-b'"), "3.0", NULL},
    {LABEL("targetLabel: '$1a-b'"), "3.1", "is no label name"},
    {LABEL("targetLabel: '$1a-b'"), "3.2", NULL},
    {LABEL("targetLabel: '${1}.x'"), "3.0", "is no label name"},
    {LABEL("targetLabel: '${1}.x'"), "3.1", "is no label name"},
    {LABEL("targetLabel: '${1}.x'"), "3.2", NULL},
    {LABEL("targetLabel: '${1}_x'"), "3.1", NULL},
    {LABEL("targetLabel: 'a$'"), "3.1", "is no label name"},
    {LABEL("targetLabel: 'a$'"), "3.2", NULL},
    {LABEL("action: hashmod, targetLabel: 'a$1', modulus: 2"), "3.0", NULL},
    {LABEL("action: labelmap, regex: a, replacement: 'a.$1'"), "3.0", "is no label name"},
    {LABEL("action: labelmap, regex: a, replacement: 'a.b'"), "3.1", "is no label name"},
    {LABEL("action: labelmap, regex: a, replacement: 'a.$1'"), "3.2", NULL},
    {LABEL("action: '', sourceLabels: [a], targetLabel: b"), NULL, NULL},
    {LABEL("action: hashmod, targetLabel: 'a$1', modulus: 2"), "2.55", "is no label name"},
    {LABEL("action: hashmod, targetLabel: a"), NULL, "is needed by action hashmod"},
    {LABEL("action: hashmod, targetLabel: a, modulus: 0"), NULL, "is needed by action hashmod"},
    {LABEL("action: hashmod, modulus: 3"), NULL, "is needed by action hashmod"},
    {LABEL("action: labelmap, regex: a"), NULL, NULL},
    {LABEL("action: labelmap"), NULL, "is needed by action labelmap"},
    {LABEL("action: labelmap, regex: a, replacement: 'x_$1'"), "2.55", NULL},
    {LABEL("action: labelmap, regex: a, replacement: 'x-$1'"), "2.55", "is no label name"},
    {LABEL("action: labelmap, regex: a, replacement: ''"), NULL, "is no label name"},
    {LABEL("action: labeldrop, regex: a, separator: ;, replacement: $1"), NULL, NULL},
    {LABEL("action: labeldrop, regex: a, separator: x"), NULL,
     "cannot be used with action labeldrop"},
    {LABEL("action: labelkeep, regex: a, replacement: x"), NULL,
     "cannot be used with action labelkeep"},
    {LABEL("action: labelkeep, regex: a, modulus: 2"), NULL,
     "cannot be used with action labelkeep"},
    {LABEL("action: labelkeep, regex: a, modulus: 0, targetLabel: ''"), NULL, NULL},
    {LABEL("action: LabelKeep, regex: a, targetLabel: b"), NULL,
     "cannot be used with action labelkeep"},
    {LABEL("action: uppercase, targetLabel: b, sourceLabels: [a], replacement: x"), NULL,
     "cannot be used with action uppercase"},
    {LABEL("action: uppercase, sourceLabels: [a]"), NULL, "is needed by action uppercase"},
    {LABEL("action: uppercase, targetLabel: b"), "2.36", NULL},
    {LABEL("action: uppercase, targetLabel: b"), "2.35",
     "uppercase needs Prometheus 2.36, this one is 2.35"},
    {LABEL("action: dropequal, targetLabel: b, sourceLabels: [a]"), NULL, NULL},
    {LABEL("action: dropequal, targetLabel: b, separator: x"), NULL,
     "cannot be used with action dropequal"},
    {LABEL("action: dropequal, targetLabel: b, modulus: 2"), NULL,
     "cannot be used with action dropequal"},
    {LABEL("action: dropequal, sourceLabels: [b]"), NULL, "is needed by action dropequal"},
    {LABEL("action: keep, sourceLabels: ['a b'], regex: x"), "2.55", "is no label name"},
    {LABEL("action: keep, sourceLabels: ['a b'], regex: x"), "3.0", NULL},
    {LABEL("action: keep, sourceLabels: ['9']"), "2.55", "is no label name"},
    {LABEL("action: keep, sourceLabels: ['']"), "3.0", "is no label name"},
    {LABEL("action: keep, regex: '(?P<a>x)'"), NULL, NULL},
    {LABEL("action: keep, regex: '(?P<1a>x)'"), NULL, NULL},
    {LABEL("action: keep, regex: '(?P<a_name_that_is_longer_than_pcre2_takes>x)[a-]'"), NULL, NULL},
    {LABEL("action: keep, regex: '(?P<é>x)'"), NULL, "the name of a group"},
    {LABEL("action: keep, regex: '(?P<>x)'"), NULL, "the name of a group"},
    {LABEL("action: keep, regex: '(?P<a-b>x)'"), NULL, "the name of a group"},
    {LABEL("action: keep, regex: '(?P<a)'"), NULL, "the name of a group"},
    {LABEL("action: keep, regex: '(?P<a>x)(?P<a>y)'"), NULL, NULL},
    {LABEL("action: keep, regex: '(?P<a>*)'"), NULL, "nothing to repeat"},
    {LABEL("action: keep, regex: '(?P<a>?:x)'"), NULL, "nothing to repeat"},
    {LABEL("action: keep, regex: '(?P<name>[b-a])'"), NULL,
     "range out of order in character class"},
    {LABEL("action: keep, regex: '(?<a>x)'"), NULL,
     "a named group has to be written (?P<name>...)"},
};

static void each_rule_refuses_what_prometheus_would_and_nothing_else(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        COMPILE pass = compile_given();
        if (rules[i].version != NULL) {
            assert_int_equal(version_parse(bytes_of(rules[i].version), &pass->settings.version), 0);
        }
        compile_remote_write(pass, "judged", arena_format(pass->arena, "    %s\n", rules[i].field));
        compile_runs(pass);
        bool refused = strcmp(compile_state_of(pass, "judged"), "rejected") == 0;
        if (refused != (rules[i].problem != NULL) ||
            (refused && strstr(compile_messages(pass), rules[i].problem) == NULL)) {
            fail_msg("%s: %s: %s", rules[i].field, compile_state_of(pass, "judged"),
                     compile_messages(pass));
        }
    }
}

static void the_defaults_of_the_queue_are_those_of_the_version(void **state) {
    struct queue_defaults before = queue_defaults_of((struct version){2, 43, 9});
    struct queue_defaults after = queue_defaults_of((struct version){2, 44, 0});

    assert_int_equal(before.max_shards, 200);
    assert_int_equal(before.capacity, 2500);
    assert_int_equal(before.max_samples_per_send, 500);
    assert_int_equal(after.max_shards, 50);
    assert_int_equal(after.capacity, 10000);
    assert_int_equal(after.max_samples_per_send, 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_refuses_what_prometheus_would_and_nothing_else),
        cmocka_unit_test(the_defaults_of_the_queue_are_those_of_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
