/* SPDX-License-Identifier: Apache-2.0 */

/* The order of the entries: what is new first, then what can fail by itself, then the others. */

#include "compile/order.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "compile/merge.h"
#include "support/compile_fixture.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS                                    \
    "accessKey: {name: aws, key: access_key}, " \
    "secretKey: {name: aws, key: secret_key}"
#define UUID "00000000-0000-0000-0000-000000000001"

/* --- what an entry reads from outside ----------------------------------------------------------
 */

static void given_secret_files(struct compile_fixture *pass) {
    pass->settings.policy.allow_file_references = true;
    compile_file(pass, VOLUME_SECRET, NULL, "aws/access_key", "an access key");
    compile_file(pass, VOLUME_SECRET, NULL, "aws/secret_key", "a secret key");
    CLEANUP(memory_freep) char *authority = file_read("testdata/certificates", "rsa.crt");
    compile_file(pass, VOLUME_SECRET, NULL, "tls/ca",
                 arena_string(pass->arena, bytes_of(authority)));
}

static bool reads_outside(const char *fields) {
    COMPILE pass = compile_given();

    given_secret_files(pass);
    compile_remote_write(pass, "a", fields);
    compile_runs(pass);
    if (pass->state->served->count != 1) {
        fail_msg("%s%s", fields, compile_messages(pass));
    }
    struct form read = form_copy(pass->arena, &pass->state->served->forms[0]);
    const bool outside = read.reads_outside;
    /* Out of its text, as after a restart. */
    read.reads_outside = !outside;
    form_look_outside(&read, &pass->settings.limits);
    assert_true(read.reads_outside == outside);
    return outside;
}

static void files_of_the_container_and_its_identity_are_outside(void **state) {
    static const char *const fields[] = {
        "    sigv4: {}\n",
        "    sigv4: {region: eu-west-1}\n",
        "    sigv4: {region: eu-west-1, roleArn: 'arn:aws:iam::1:role/r'}\n",
        "    sigv4: {" KEYS "}\n",
        "    sigv4: {region: eu-west-1, profile: metrics, " KEYS "}\n",
        "    azureAd: {managedIdentity: {clientId: " UUID "}}\n",
        "    azureAd: {sdk: {tenantId: " UUID "}}\n",
        "    tlsConfig: {caFile: /etc/ca.crt}\n",
        "    tlsConfig: {certFile: /etc/tls.crt, keyFile: /etc/tls.key}\n",
        "    tlsConfig: {caFile: remote-write-secrets/team-a_a_tlsConfig.ca}\n",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (!reads_outside(fields[i])) {
            fail_msg("reads nothing from outside: %s", fields[i]);
        }
    }
}

static void what_the_sidecar_wrote_or_prometheus_reads_later_is_not(void **state) {
    static const char *const fields[] = {
        "",
        "    sigv4: {region: eu-west-1, " KEYS "}\n",
        "    azureAd: {oauth: {clientId: " UUID ", tenantId: " UUID
        ", clientSecret: {name: aws, key: secret_key}}}\n",
        "    tlsConfig: {ca: {secret: {name: tls, key: ca}}}\n",
        "    tlsConfig: {insecureSkipVerify: true, serverName: x.example}\n",
        "    authorization: {credentialsFile: /etc/token}\n",
        "    bearerTokenFile: /etc/token\n",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (reads_outside(fields[i])) {
            fail_msg("reads something from outside: %s", fields[i]);
        }
    }
}

/* --- the order -------------------------------------------------------------------------------- */

#define SET CLEANUP(form_set_freep) struct form_set *

/* As one letter each: the forms of a set in the order of their names. */
static struct form_set *set_of(const char *names) {
    struct form_set *set = form_set_new("base.yml", BYTES("global: {}\n"), strlen(names));

    for (; *names != '\0'; names++) {
        struct form *form = &set->forms[set->count++];
        struct secret_file *secret = ARENA_NEW(set->arena, struct secret_file);
        secret->name = arena_format(set->arena, "team_%c_password", *names);
        secret->content = BYTES("first");
        form->namespace = "team";
        form->name = arena_format(set->arena, "%c", *names);
        form->file = "rw.yaml";
        form->entry = bytes_of(
            arena_format(set->arena, "{name: \"%c\", url: \"http://%c/\"}", *names, *names));
        form->secrets = secret;
        form->secret_count = 1;
        form->confirmed = 1;
    }
    return set;
}

static struct form *form_in(struct form_set *set, char name) {
    const char text[] = {name, '\0'};

    return (struct form *)(uintptr_t)form_set_find(set, "team", text);
}

static void give_another_entry(struct form_set *set, char name) {
    form_in(set, name)->entry =
        bytes_of(arena_format(set->arena, "{name: \"%c\", url: \"http://%c/other\"}", name, name));
}

static void give_another_secret(struct form_set *set, char name) {
    struct secret_file *secret = ARENA_NEW(set->arena, struct secret_file);

    *secret = (struct secret_file){form_in(set, name)->secrets[0].name, BYTES("second")};
    form_in(set, name)->secrets = secret;
}

/* Their names in that order. */
static void assert_order(const struct form_set *set, const struct form_set *good,
                         const char *expected) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer names = {0};
    const size_t *order = form_set_order(arena, set, good);

    for (size_t i = 0; i < set->count; i++) {
        buffer_append_string(&names, set->forms[order[i]].name);
    }
    assert_string_equal(buffer_string(&names), expected);
}

static void without_a_confirmed_set_names_decide(void **state) {
    SET set = set_of("abcd");
    form_in(set, 'c')->reads_outside = true;
    SET empty = set_of("");

    assert_order(set, NULL, "abcd");
    assert_order(set, empty, "abcd");
    assert_order(empty, set, "");
}

static void namespaces_go_before_names(void **state) {
    SET set = set_of("ab");
    set->forms[0].namespace = "m";
    set->forms[0].name = "z";
    set->forms[1].namespace = "n";

    assert_order(set, NULL, "zb");
}

static void new_and_changed_ones_come_first(void **state) {
    SET good = set_of("abcd");
    SET set = set_of("abcdx");
    give_another_entry(set, 'c');
    form_in(set, 'c')->reads_outside = true;
    form_in(set, 'a')->reads_outside = true;

    assert_order(set, good, "cxabd");
}

/* Prometheus runs its queue: what has none yet is asked about before it. */
static void one_with_another_secret_comes_behind_what_has_another_entry(void **state) {
    SET good = set_of("abcd");
    SET set = set_of("abcdx");
    give_another_secret(set, 'b');
    form_in(set, 'a')->reads_outside = true;

    assert_order(set, good, "xbacd");
}

static void what_reads_from_outside_stands_first_among_the_confirmed(void **state) {
    SET good = set_of("abcd");
    SET set = set_of("abcd");
    form_in(set, 'd')->reads_outside = true;
    form_in(set, 'c')->reads_outside = true;
    form_in(good, 'a')->confirmed = 9;

    assert_order(set, good, "cdab");
}

static void among_the_confirmed_the_newest_is_first_and_names_break_ties(void **state) {
    SET good = set_of("abcdef");
    SET set = set_of("abcdef");
    form_in(good, 'b')->confirmed = 3;
    form_in(good, 'e')->confirmed = 3;
    form_in(good, 'd')->confirmed = 7;
    form_in(good, 'f')->confirmed = 0; /* of a state file of an earlier version */
    /* What the set itself says is of no account. */
    form_in(set, 'a')->confirmed = 100;

    assert_order(set, good, "dbeacf");
}

/* Every combination, by chance; what holds of all of them. */

#define FORMS_MAX 12

static unsigned chance(unsigned *seed, unsigned below) {
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16U) % below;
}

static struct form_set *any_set(unsigned *seed, bool of_good) {
    char names[FORMS_MAX + 1] = "";
    size_t count = 0;

    for (size_t i = 0; i < FORMS_MAX; i++) {
        if (chance(seed, 4) > 0) {
            names[count++] = (char)('a' + i);
        }
    }
    struct form_set *set = set_of(names);
    for (size_t i = 0; i < count; i++) {
        set->forms[i].confirmed = chance(seed, 5);
        set->forms[i].reads_outside = chance(seed, 3) == 0;
        if (!of_good && chance(seed, 4) == 0) {
            give_another_entry(set, names[i]);
        } else if (!of_good && chance(seed, 4) == 0) {
            give_another_secret(set, names[i]);
        }
    }
    return set;
}

static int group_of(const struct form *form, const struct form_set *good) {
    const struct form *before = form_set_find(good, form->namespace, form->name);

    if (before == NULL || !form_same_entry(before, form)) {
        return 0;
    }
    return !form_same(before, form) ? 1 : form->reads_outside ? 2 : 3;
}

static void assert_before(const struct form *one, const struct form *other,
                          const struct form_set *good) {
    const int first = group_of(one, good);
    const int second = group_of(other, good);
    uint64_t number = 0;
    uint64_t next = 0;

    if (first > 1) {
        number = form_set_find(good, one->namespace, one->name)->confirmed;
    }
    if (second > 1) {
        next = form_set_find(good, other->namespace, other->name)->confirmed;
    }
    assert_true(first < second || (first == second && number > next) ||
                (first == second && number == next && form_compare(one, other) < 0));
}

static void every_two_neighbours_of_any_set_are_in_order(void **state) {
    unsigned seed = 1;

    for (int i = 0; i < 5000; i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        SET good = any_set(&seed, true);
        SET set = any_set(&seed, false);
        const size_t *order = form_set_order(arena, set, good);
        bool seen[FORMS_MAX] = {false};

        for (size_t j = 0; j < set->count; j++) {
            assert_true(order[j] < set->count && !seen[order[j]]);
            seen[order[j]] = true;
            if (j > 0) {
                assert_before(&set->forms[order[j - 1]], &set->forms[order[j]], good);
            }
        }
    }
}

/* Taking one away moves no other. */
static void who_goes_or_comes_changes_the_order_of_no_others(void **state) {
    unsigned seed = 7;

    for (int i = 0; i < 2000; i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        SET good = any_set(&seed, true);
        SET set = any_set(&seed, false);
        if (set->count == 0) {
            continue;
        }
        const size_t *order = form_set_order(arena, set, good);
        SET less = form_set_copy(set);
        const size_t gone = chance(&seed, (unsigned)set->count);
        memmove(&less->forms[gone], &less->forms[gone + 1],
                (set->count - gone - 1) * sizeof(*less->forms));
        less->count--;

        const size_t *without = form_set_order(arena, less, good);
        for (size_t j = 0, k = 0; j < set->count; j++) {
            if (order[j] != gone) {
                assert_string_equal(set->forms[order[j]].name, less->forms[without[k++]].name);
            }
        }
    }
}

/* --- where they stand ------------------------------------------------------------------------- */

static const char *const bases[] = {
    "global: {}\n",
    "remote_write:\n  - name: own\n    url: http://own.example\n",
    "remote_write: [{name: own, url: 'http://own.example'}]\n",
    "remote_write: []\n",
    "{\"remote_write\": [{\"name\": \"own\"}], \"x\": 1}",
    "{}",
    "x: &own [{name: own}]\nremote_write: *own\n",
    "remote_write:\r  - name: own\rx: 1\r",
};

static struct composition composed(struct arena *arena, const struct form_set *set,
                                   const size_t *order, const char *base) {
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct form_set copy = *set;

    copy.base = bytes_of(base);
    struct composition composition =
        form_set_compose(arena, &copy, order, &yaml_default_limits, &diagnostics);
    assert_true(composition.mergeable);
    return composition;
}

static size_t place_of(struct bytes config, const char *text) {
    size_t place = bytes_find(config, bytes_of(text), 0);

    assert_true(place != SIZE_MAX);
    return place;
}

static void assert_spans(const struct form_set *set, const struct composition *composition) {
    for (size_t i = 0; i < set->count; i++) {
        const struct form_span span = composition->spans[i];
        CLEANUP(buffer_free) struct buffer comment = {0};
        buffer_printf(&comment, "# RemoteWrite team/%s", set->forms[i].name);
        struct bytes text = bytes_slice(composition->config, span.start, span.end);
        assert_true(bytes_find(text, buffer_bytes(&comment), 0) < 3);
    }
}

static void the_config_has_them_in_that_order_before_the_base_s_own(void **state) {
    static const size_t order[] = {2, 0, 1};

    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        SET set = set_of("abc");
        struct composition composition = composed(arena, set, order, bases[i]);
        const struct bytes section = composition.section;

        assert_true(place_of(section, "team/c") < place_of(section, "team/a"));
        assert_true(place_of(section, "team/a") < place_of(section, "team/b"));
        assert_spans(set, &composition);
        if (strstr(bases[i], "own") != NULL && strstr(bases[i], "&own") == NULL) {
            assert_true(place_of(composition.config, "team/b") <
                        place_of(composition.config, "own"));
        }
    }
}

/* --- the same in another order -----------------------------------------------------------------
 */

static void shuffle(unsigned *seed, size_t *order, size_t count) {
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (size_t i = count; i > 1; i--) {
        const size_t j = chance(seed, (unsigned)i);
        const size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void a_config_in_another_order_is_known_as_the_same(void **state) {
    unsigned seed = 3;

    for (size_t i = 0; i < 50 * ARRAY_LENGTH(bases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        SET set = set_of("abcdef");
        size_t one[6];
        size_t other[6];
        shuffle(&seed, one, 6);
        shuffle(&seed, other, 6);
        struct composition composition = composed(arena, set, one, bases[i % ARRAY_LENGTH(bases)]);
        struct composition wanted = composed(arena, set, other, bases[i % ARRAY_LENGTH(bases)]);

        assert_true(composition_follow(arena, &composition, wanted.config));

        assert_true(bytes_equal(composition.config, wanted.config));
        assert_true(bytes_equal(composition.section, wanted.section));
        assert_memory_equal(composition.order, other, sizeof(other));
        assert_memory_equal(composition.spans, wanted.spans, 6 * sizeof(*wanted.spans));
    }
}

static void a_config_that_differs_in_more_is_not(void **state) {
    static const size_t order[] = {1, 0, 2};

    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        SET set = set_of("abc");
        struct composition composition = composed(arena, set, NULL, bases[i]);
        const struct bytes before = composition.config;
        struct bytes other = arena_bytes(arena, composed(arena, set, order, bases[i]).config);

        for (size_t at = 0; at < other.length; at++) {
            char *byte = (char *)(uintptr_t)&other.data[at];
            *byte ^= 1;
            assert_false(composition_follow(arena, &composition, other));
            *byte ^= 1;
        }
        assert_false(composition_follow(arena, &composition, bytes_slice(other, 1, SIZE_MAX)));
        assert_false(composition_follow(arena, &composition, BYTES("")));
        assert_true(composition.config.data == before.data);
    }
}

/* Two lines of one entry have changed places with those of another: each line is there. */
static void swapped_lines_are_no_other_order(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    SET set = set_of("ab");
    struct composition composition = composed(arena, set, NULL, bases[0]);
    CLEANUP(buffer_free) struct buffer other = {0};
    const size_t a = place_of(composition.config, "http://a/");
    const size_t b = place_of(composition.config, "http://b/");
    buffer_append(&other, composition.config);
    other.data[a + strlen("http://")] = 'b';
    other.data[b + strlen("http://")] = 'a';

    assert_false(composition_follow(arena, &composition, buffer_bytes(&other)));
}

static void one_entry_twice_is_not_both(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    SET set = set_of("abc");
    struct composition composition = composed(arena, set, NULL, bases[0]);
    CLEANUP(buffer_free) struct buffer other = {0};
    const struct form_span a = composition.spans[0];
    const struct form_span b = composition.spans[1];
    buffer_append(&other, bytes_slice(composition.config, 0, b.start));
    buffer_append(&other, bytes_slice(composition.config, a.start, a.end));
    buffer_append(&other, bytes_slice(composition.config, b.end, SIZE_MAX));

    assert_false(composition_follow(arena, &composition, buffer_bytes(&other)));
}

static void one_that_the_base_takes_the_place_of_is_in_no_order(void **state) {
    static const char base[] = "remote_write:\n  - name: b\n    url: http://own.example\n";
    static const size_t order[] = {2, 1, 0};
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    SET set = set_of("abc");
    struct composition composition = composed(arena, set, NULL, base);
    struct composition other = composed(arena, set, order, base);

    assert_int_equal(other.spans[1].end, 0);
    assert_true(composition_follow(arena, &composition, other.config));
    assert_int_equal(composition.order[0], 2);
    assert_int_equal(composition.order[1], 0);
    assert_int_equal(composition.order[2], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_the_container_and_its_identity_are_outside),
        cmocka_unit_test(what_the_sidecar_wrote_or_prometheus_reads_later_is_not),
        cmocka_unit_test(without_a_confirmed_set_names_decide),
        cmocka_unit_test(namespaces_go_before_names),
        cmocka_unit_test(new_and_changed_ones_come_first),
        cmocka_unit_test(one_with_another_secret_comes_behind_what_has_another_entry),
        cmocka_unit_test(what_reads_from_outside_stands_first_among_the_confirmed),
        cmocka_unit_test(among_the_confirmed_the_newest_is_first_and_names_break_ties),
        cmocka_unit_test(every_two_neighbours_of_any_set_are_in_order),
        cmocka_unit_test(who_goes_or_comes_changes_the_order_of_no_others),
        cmocka_unit_test(the_config_has_them_in_that_order_before_the_base_s_own),
        cmocka_unit_test(a_config_in_another_order_is_known_as_the_same),
        cmocka_unit_test(a_config_that_differs_in_more_is_not),
        cmocka_unit_test(swapped_lines_are_no_other_order),
        cmocka_unit_test(one_entry_twice_is_not_both),
        cmocka_unit_test(one_that_the_base_takes_the_place_of_is_in_no_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
