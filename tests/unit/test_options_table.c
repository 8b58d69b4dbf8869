/* SPDX-License-Identifier: Apache-2.0 */

/* The table itself: what every row has to hold, and that --help shows all of it. */

#include "options/help.h"
#include "options/options.h"
#include "support/settings_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static size_t rows_with_flag(const char *flag) {
    size_t count = 0;
    for (size_t i = 0; i < option_count; i++) {
        count += strcmp(options[i].flag, flag) == 0;
        count += options[i].alias != NULL && strcmp(options[i].alias, flag) == 0;
    }
    return count;
}

static void every_flag_and_alias_is_unique(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        assert_int_equal(rows_with_flag(options[i].flag), 1);
        if (options[i].alias != NULL) {
            assert_int_equal(rows_with_flag(options[i].alias), 1);
        }
    }
}

static void every_key_is_unique_and_has_two_parts_at_most(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        const char *key = options[i].key;
        if (key == NULL) {
            assert_true(options[i].no_effect || options[i].group == GROUP_HEALTHCHECK ||
                        strcmp(options[i].flag, "sidecar-config") == 0);
            continue;
        }
        assert_ptr_equal(option_by_key(bytes_of(key)), &options[i]);
        assert_ptr_equal(strchr(key, '.'), strrchr(key, '.'));
    }
}

static void every_field_belongs_to_one_row(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        for (size_t j = i + 1; j < option_count; j++) {
            assert_int_not_equal(options[i].offset, options[j].offset);
        }
    }
}

static void every_row_has_a_help_text_and_all_but_booleans_a_metavar(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        size_t length = strlen(options[i].help);
        assert_true(length > 0 && options[i].help[length - 1] == '.');
        assert_int_equal(options[i].metavar == NULL, options[i].type == OPTION_BOOL);
        assert_int_equal(options[i].fault == NULL, options[i].remedy == NULL);
        assert_int_equal(options[i].words == NULL, options[i].type != OPTION_ENUM);
        assert_true(options[i].minimum <= options[i].maximum);
    }
}

static void no_flag_begins_like_a_negated_one(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        assert_int_not_equal(strncmp(options[i].flag, "no-", 3), 0);
    }
}

static void every_default_is_taken_by_its_own_parser(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);
    assert_int_equal(fixture->error, 0);
    assert_string_equal(settings_messages(fixture), "");
}

static void the_flags_of_the_contract_are_all_there(void **state) {
    static const char *const flags[] = {
        "config-file",
        "config-envsubst-file",
        "output-file",
        "secret-output-dir",
        "config-file-mode",
        "remote-write-dir",
        "secret-dir",
        "configmap-dir",
        "cluster-label",
        "cluster-labels-file",
        "remote-write-selector",
        "remote-write-namespace",
        "prometheus-version",
        "enforced-namespace-label",
        "allow-file-references",
        "allowed-url",
        "allow-ambient-credentials",
        "max-shards",
        "max-capacity",
        "max-samples-per-send",
        "proxy-from-environment",
        "send-metadata",
        "inline-untrimmed-secrets",
        "expand-environment",
        "reload-url",
        "runtimeinfo-url",
        "reload-timeout",
        "startup-grace",
        "reload-username",
        "reload-password-file",
        "reload-bearer-token-file",
        "reload-ca-file",
        "reload-cert-file",
        "reload-key-file",
        "reload-server-name",
        "reload-insecure-skip-verify",
        "watch-interval",
        "delay-interval",
        "retry-interval",
        "watched-dir",
        "listen-address",
        "max-file-size",
        "max-files",
        "max-documents",
        "max-depth",
        "max-values",
        "max-scalar-size",
        "log-level",
        "log-format",
        "sidecar-config",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
        assert_non_null(option_by_flag(bytes_of(flags[i])));
    }
}

/* Those that its command line had in version 0.93. */
static void the_flags_of_prometheus_config_reloader_are_all_there(void **state) {
    static const char *const flags[] = {
        "config-file",    "config-envsubst-file",
        "watch-interval", "delay-interval",
        "retry-interval", "reload-timeout",
        "watched-dir",    "auto-gomemlimit-ratio",
        "listen-address", "statefulset-ordinal-from-envvar",
        "log-format",     "log-level",
        "reload-url",     "runtimeinfo-url",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
        assert_non_null(option_by_flag(bytes_of(flags[i])));
    }
}

static const char *help_text(struct buffer *buffer) {
    options_help(buffer, OPTION_GROUPS_ALL);
    return buffer_string(buffer);
}

static void help_shows_every_flag_and_key(void **state) {
    CLEANUP(buffer_free) struct buffer buffer = {0};
    CLEANUP(buffer_free) struct buffer line = {0};
    const char *text = help_text(&buffer);

    for (size_t i = 0; i < option_count; i++) {
        buffer_clear(&line);
        buffer_printf(&line, "\n  --%s%s", options[i].flag,
                      options[i].metavar != NULL ? "=" : "\n");
        assert_non_null(strstr(text, buffer_string(&line)));
        if (options[i].alias != NULL) {
            buffer_clear(&line);
            buffer_printf(&line, ", --%s", options[i].alias);
            assert_non_null(strstr(text, buffer_string(&line)));
        }
        if (options[i].key != NULL) {
            assert_non_null(strstr(text, options[i].key));
        }
    }
}

static void help_shows_defaults_and_words(void **state) {
    CLEANUP(buffer_free) struct buffer buffer = {0};
    const char *text = help_text(&buffer);

    assert_non_null(strstr(text, "  --watch-interval=DURATION\n"));
    assert_non_null(strstr(text, "[default: 3m; sidecar.cfg: watch.interval]"));
    assert_non_null(strstr(text, "[one of: debug, info, warn, error, none, all; default: info;"));
    assert_non_null(strstr(text, "[default: none; may be repeated; sidecar.cfg: cluster.labels]"));
    assert_non_null(strstr(text, "[default: remote-write-secrets beside the output file;"));
}

static void help_is_no_wider_than_a_terminal(void **state) {
    CLEANUP(buffer_free) struct buffer buffer = {0};
    const char *line = help_text(&buffer);

    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 80);
        line += length + 1;
    }
}

static void help_lists_each_subject_once(void **state) {
    CLEANUP(buffer_free) struct buffer buffer = {0};
    const char *text = help_text(&buffer);

    for (unsigned group = 0; group < OPTION_GROUPS; group++) {
        CLEANUP(buffer_free) struct buffer title = {0};
        buffer_printf(&title, "%s:\n", option_group_title(group));
        const char *first = strstr(text, buffer_string(&title));
        assert_non_null(first);
        assert_null(strstr(first + 1, buffer_string(&title)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flag_and_alias_is_unique),
        cmocka_unit_test(every_key_is_unique_and_has_two_parts_at_most),
        cmocka_unit_test(every_field_belongs_to_one_row),
        cmocka_unit_test(every_row_has_a_help_text_and_all_but_booleans_a_metavar),
        cmocka_unit_test(no_flag_begins_like_a_negated_one),
        cmocka_unit_test(every_default_is_taken_by_its_own_parser),
        cmocka_unit_test(the_flags_of_the_contract_are_all_there),
        cmocka_unit_test(the_flags_of_prometheus_config_reloader_are_all_there),
        cmocka_unit_test(help_shows_every_flag_and_key),
        cmocka_unit_test(help_shows_defaults_and_words),
        cmocka_unit_test(help_is_no_wider_than_a_terminal),
        cmocka_unit_test(help_lists_each_subject_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
