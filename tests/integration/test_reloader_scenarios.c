/* SPDX-License-Identifier: Apache-2.0 */

/* The same scenarios for this program under the name prometheus-config-reloader and for the real
 * one, where that was built (make peers): as many reloads, the same bytes, the same exit status. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "support/http_request.h"
#include "support/http_stub.h"
#include "support/kubelet.h"
#include "support/process.h"
#include "support/reloader_party.h"
#include "support/tempdir.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* --- scenarios -------------------------------------------------------------------------------- */

static void a_config_and_its_change_are_a_reload_each(struct party *party) {
    party_answers(party, 200, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 1"));
    party_output_is(party, "global: {}\n");

    PARTY_EVENTUALLY(party_watches(party));
    file_replace(party->folder, "c.yml", "global: {scrape_interval: 7s}\n");
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 2"));
    party_output_is(party, "global: {scrape_interval: 7s}\n");
    assert_int_equal(party_reloads(party), 2);
    assert_true(party_metric_is(party, "reloader_reloads_failed_total 0"));
    assert_true(party_metric_is(party, "reloader_last_reload_successful 1"));
    assert_int_equal(party_ends(party), 0);
}

static void variables_are_replaced_and_gzip_is_unpacked(struct party *party) {
    static const char text[] =
        "# $(POD_NAME) $(STATEFULSET_ORDINAL_NUMBER) $(NOT_SET_HERE) $NO ${NO}\n"
        "global: {}\n";
    gzFile file = gzopen(party_placed(party, "@/c.yml"), "wb");

    party_answers(party, 200, 200);
    assert_int_equal(gzwrite(file, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(gzclose(file), Z_OK);
    party_starts(party, PARTY_CONFIG, NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 1"));
    party_output_is(party, "# prometheus-main-2 2 $(NOT_SET_HERE) $NO ${NO}\nglobal: {}\n");
    assert_true(party_metric_is(party, "reloader_config_environment_variable_expansion_errors 1"));
    assert_int_equal(party_ends(party), 0);
}

static void an_init_container_writes_and_asks_nobody(struct party *party) {
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--watch-interval=0", "--watched-dir=@/rules", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 0);
    party_output_is(party, "global: {}\n");
    assert_int_equal(http_stub_count(party->prometheus, NULL), 0);
}

static void an_init_container_without_a_config_fails(struct party *party) {
    party_starts(party, PARTY_CONFIG, "--watch-interval=0", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 1);
    assert_false(file_exists(party->folder, "out/prometheus.yml"));
}

static void a_new_generation_of_rules_is_a_reload(struct party *party) {
    struct kubelet_volume *volume = kubelet_volume_new(party_placed(party, "@/rules"));

    party_answers(party, 200, 200);
    kubelet_volume_write(volume, "a.yml", "groups: []\n", NULL);
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--watched-dir=@/rules", "--watch-interval=1s", NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 1"));
    PARTY_EVENTUALLY(party_watches(party));
    kubelet_volume_write(volume, "a.yml", "groups: [] # 2\n", NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 2"));
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), 2);
    kubelet_volume_free(volume);
}

static void watched_directories_alone_wait_for_a_change(struct party *party) {
    party_answers(party, 200, 200);
    file_write(party->folder, "rules/a.yml", "groups: []\n");
    party_starts(party, "--watched-dir=@/rules", NULL);
    PARTY_EVENTUALLY(party_watches(party));
    assert_int_equal(party_reloads(party), 0);
    assert_true(party_metric_is(party, "reloader_last_reload_successful 0"));
    file_replace(party->folder, "rules/a.yml", "groups: [] # 2\n");
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 1"));
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), 1);
}

static void a_reload_that_fails_is_tried_again(struct party *party) {
    party_answers(party, 503, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--retry-interval=100ms", NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_last_reload_successful 1"));
    assert_true(party_metric_is(party, "reloader_reloads_total 2"));
    assert_true(party_metric_is(party, "reloader_reloads_failed_total 1"));
    assert_int_equal(party_ends(party), 0);
}

static void a_config_that_goes_away_counts_as_failed_and_comes_back(struct party *party) {
    party_answers(party, 200, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--watch-interval=1s", NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 1"));
    assert_true(party_metric_is(party, "reloader_config_apply_operations_failed_total 0"));
    file_remove(party->folder, "c.yml");
    PARTY_EVENTUALLY(!party_metric_is(party, "reloader_config_apply_operations_failed_total 0"));
    party_output_is(party, "global: {}\n");
    file_replace(party->folder, "c.yml", "global: {scrape_interval: 9s}\n");
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_reloads_total 2"));
    party_output_is(party, "global: {scrape_interval: 9s}\n");
    assert_int_equal(party_ends(party), 0);
}

static void user_and_password_of_the_url_are_sent_and_shown_nowhere(struct party *party) {
    static const char *const paths[] = {"/metrics", "/", "/api/v1/status"};

    party_answers(party, 503, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--retry-interval=100ms", "--log-level=debug",
                 PARTY_FORMAT(party, "--reload-url=http://me:hunter2@%s",
                              http_stub_url(party->prometheus, "/-/reload") + strlen("http://")),
                 NULL);
    PARTY_EVENTUALLY(party_metric_is(party, "reloader_last_reload_successful 1"));
    bool sent = false;
    for (size_t i = 0; http_stub_request(party->prometheus, i) != NULL; i++) {
        const char *request = http_stub_request(party->prometheus, i);
        sent |= strncmp(request, "POST /-/reload ", strlen("POST /-/reload ")) == 0 &&
                strstr(request, "\r\nAuthorization: Basic bWU6aHVudGVyMg==\r\n") != NULL;
    }
    assert_true(sent);
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        assert_false(party_says(party, paths[i], "hunter2"));
    }
    assert_int_equal(party_ends(party), 0);
    CLEANUP(memory_freep) char *log = file_read(party->folder, "logs/log");
    assert_null(strstr(log, "hunter2"));
}

static void without_anything_to_watch_it_idles(struct party *party) {
    party_starts(party, NULL);
    PARTY_EVENTUALLY(party_says(party, "/healthz", "{\"status\":\"up\"}"));
    assert_true(party_metric_is(party, "reloader_reloads_total 0"));
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(http_stub_count(party->prometheus, "/-/reload"), 0);
}

/* Each line of the table is NAME TYPE [LABEL ...]. The real one serves no others, but those of Go's
 * runtime. */
static void its_metrics_are_those_of_the_table(struct party *party) {
    CLEANUP(memory_freep) char *table = file_read("testdata/reloader", "metrics.txt");
    static const char type[] = "# TYPE ";

    assert_non_null(table);
    party_starts(party, NULL);
    PARTY_EVENTUALLY(party_says(party, "/metrics", type));
    CLEANUP(http_reply_free)
    struct http_reply reply =
        http_get(PARTY_FORMAT(party, "http://localhost:%u/metrics", party->port), NULL);
    const char *text = buffer_string(&reply.body);
    char *rest = PARTY_FORMAT(party, "%s", table);
    for (const char *line = NULL; (line = strsep(&rest, "\n")) != NULL;) {
        const char *space = strchr(line, ' ');
        if (line[0] == '#' || space == NULL) {
            continue;
        }
        size_t length = (size_t)(space + 1 - line) + strcspn(space + 1, " ");
        if (strstr(text, PARTY_FORMAT(party, "%s%.*s\n", type, (int)length, line)) == NULL) {
            fail_msg("there is no %.*s", (int)length, line);
        }
    }
    rest = PARTY_FORMAT(party, "%s", party->real ? text : "");
    for (const char *line = NULL; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, type, sizeof(type) - 1) == 0 &&
            strncmp(line + sizeof(type) - 1, "go_", 3) != 0 &&
            strstr(table, PARTY_FORMAT(party, "\n%s", line + sizeof(type) - 1)) == NULL) {
            fail_msg("not in the table: %s", line);
        }
    }
    assert_int_equal(party_ends(party), 0);
}

/* --- a burst of changes, all of them within the delay ------------------------------------------
 */

/* In place: the real one loses its watch of a config file that is replaced. */
static void many_changes(struct party *party) {
    for (size_t i = 0; i < 10; i++) {
        file_write(party->folder, "rules/a.yml", PARTY_FORMAT(party, "groups: [] # %zu\n", i));
        file_write(party->folder, "c.yml", PARTY_FORMAT(party, "global: {} # %zu\n", i));
        file_replace(party->folder, PARTY_FORMAT(party, "rules/%zu.yml", i), "groups: []\n");
    }
}

static void a_change_that_is_taken_back(struct party *party) {
    file_write(party->folder, "rules/a.yml", "groups: [] # 2\n");
    file_write(party->folder, "c.yml", "global: {} # 2\n");
    file_write(party->folder, "rules/a.yml", "groups: []\n");
    file_write(party->folder, "c.yml", "global: {}\n");
}

static void runs_with_config_and_rules(struct party *party) {
    party_answers(party, 200, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    file_write(party->folder, "rules/a.yml", "groups: []\n");
    party_starts(party, PARTY_CONFIG, "--watched-dir=@/rules", "--delay-interval=500ms", NULL);
    PARTY_EVENTUALLY(party_watches(party));
    PARTY_SHOWS(party, .reloads = 1, .successful = true, .output = "global: {}\n");
}

static void a_burst_of_changes_is_one_reload(struct party *party) {
    runs_with_config_and_rules(party);

    party_misses(party, many_changes);

    PARTY_SHOWS(party, .reloads = 2, .successful = true, .output = "global: {} # 9\n");
    /* Another one would have come before this. */
    file_write(party->folder, "rules/later.yml", "groups: []\n");
    PARTY_SHOWS(party, .reloads = 3, .successful = true, .output = "global: {} # 9\n");
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), 3);
}

static void a_change_that_is_taken_back_at_once_is_no_reload(struct party *party) {
    runs_with_config_and_rules(party);

    party_misses(party, a_change_that_is_taken_back);

    file_write(party->folder, "rules/later.yml", "groups: []\n");
    PARTY_SHOWS(party, .reloads = 2, .successful = true, .output = "global: {}\n");
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), 2);
}

/* --- an empty watched directory ----------------------------------------------------------------
 */

static void an_empty_watched_directory_is_filled_and_emptied_with_a_reload_each(
    struct party *party) {
    party_answers(party, 200, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--watched-dir=@/rules", NULL);
    PARTY_EVENTUALLY(party_watches(party));
    PARTY_SHOWS(party, .reloads = 1, .successful = true, .output = "global: {}\n");

    file_replace(party->folder, "rules/a.yml", "groups: []\n");
    PARTY_SHOWS(party, .reloads = 2, .successful = true, .output = "global: {}\n");
    file_remove(party->folder, "rules/a.yml");
    PARTY_SHOWS(party, .reloads = 3, .successful = true, .output = "global: {}\n");
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), 3);
}

static void an_empty_watched_directory_alone_is_watched(struct party *party) {
    party_answers(party, 200, 200);
    party_starts(party, "--watched-dir=@/rules", NULL);
    PARTY_EVENTUALLY(party_watches(party));
    PARTY_SHOWS(party, .successful = false);

    file_replace(party->folder, "rules/a.yml", "groups: []\n");
    PARTY_SHOWS(party, .reloads = 1, .successful = true);
    file_remove(party->folder, "rules/a.yml");
    PARTY_SHOWS(party, .reloads = 2, .successful = true);
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), 2);
}

static void an_init_container_takes_an_empty_watched_directory(struct party *party) {
    file_write(party->folder, "c.yml", "global: {}\n");
    party_starts(party, PARTY_CONFIG, "--watch-interval=0", "--watched-dir=@/rules", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 0);
    party_output_is(party, "global: {}\n");
}

/* --- a damaged gzip ----------------------------------------------------------------------------
 */

enum damage {
    UNDAMAGED,
    CUT_OFF,
    WRONG_CHECKSUM,
    TRAILING_ZEROS,
    ONLY_BEGUN,
};

static void write_gzip(struct party *party, const char *text, enum damage damage) {
    char bytes[512] = "";
    gzFile file = gzopen(party_placed(party, "@/new.gz"), "wb");

    assert_int_equal(gzputs(file, text), strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
    FILE *stream = fopen(party_placed(party, "@/new.gz"), "rb");
    size_t length = fread(bytes, 1, sizeof(bytes) / 2, stream);
    fclose(stream);
    bytes[length - 8] ^= damage == WRONG_CHECKSUM ? 1 : 0;
    length = damage == CUT_OFF          ? length - 10
             : damage == TRAILING_ZEROS ? length + 16
             : damage == ONLY_BEGUN     ? 3
                                        : length;
    file_write_bytes(party->folder, "new.gz", (struct bytes){bytes, length});
    assert_int_equal(rename(party_placed(party, "@/new.gz"), party_placed(party, "@/c.yml")), 0);
}

static void a_damaged_gzip_at_the_start_ends_it(struct party *party) {
    static const enum damage damages[] = {CUT_OFF, WRONG_CHECKSUM, TRAILING_ZEROS, ONLY_BEGUN};

    party_answers(party, 200, 200);
    for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
        for (size_t once = 0; once < 2; once++) {
            write_gzip(party, "global: {}\n", damages[i]);
            party_starts(party, PARTY_CONFIG, once == 1 ? "--watch-interval=0" : NULL, NULL);
            assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 1);
            party_output_is(party, NULL);
            process_free(party->process);
            party->process = NULL;
        }
    }
    assert_int_equal(http_stub_count(party->prometheus, NULL), 0);
}

static void append_config(struct party *party, struct buffer *out) {
    FILE *stream = fopen(party_placed(party, "@/c.yml"), "rb");

    out->length += fread(buffer_reserve(out, 512), 1, 512, stream);
    fclose(stream);
}

static void a_gzip_of_several_members_is_unpacked_whole(struct party *party) {
    CLEANUP(buffer_free) struct buffer both = {0};

    write_gzip(party, "global: {}\n", UNDAMAGED);
    append_config(party, &both);
    write_gzip(party, "scrape_configs: []\n", UNDAMAGED);
    append_config(party, &both);
    file_write_bytes(party->folder, "c.yml", buffer_bytes(&both));
    party_starts(party, PARTY_CONFIG, "--watch-interval=0", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 0);
    party_output_is(party, "global: {}\nscrape_configs: []\n");
}

static void a_damaged_gzip_without_an_output_is_only_watched(struct party *party) {
    party_answers(party, 200, 200);
    write_gzip(party, "global: {}\n", CUT_OFF);
    party_starts(party, "--config-file=@/c.yml", NULL);
    PARTY_SHOWS(party, .reloads = 1, .successful = true);
    assert_int_equal(party_ends(party), 0);
}

/* The real one shows the last reload as good, and reloads for no rule, while it cannot read the
 * config: docs/reloader.md. */
static void a_config_that_becomes_a_damaged_gzip_leaves_the_output(struct party *party) {
    party_answers(party, 200, 200);
    write_gzip(party, "global: {}\n", UNDAMAGED);
    party_starts(party, PARTY_CONFIG, "--watched-dir=@/rules", "--watch-interval=1s", NULL);
    PARTY_EVENTUALLY(party_watches(party));
    PARTY_SHOWS(party, .reloads = 1, .successful = true, .output = "global: {}\n");

    write_gzip(party, "global: {scrape_interval: 7s}\n", CUT_OFF);
    PARTY_SHOWS(party, .reloads = 1, .successful = party->real, .unread = true,
                .output = "global: {}\n");
    file_replace(party->folder, "rules/a.yml", "groups: []\n");
    unsigned reloads = party->real ? 1 : 2;
    PARTY_SHOWS(party, .reloads = reloads, .successful = party->real, .unread = true,
                .output = "global: {}\n");

    write_gzip(party, "global: {scrape_interval: 9s}\n", UNDAMAGED);
    PARTY_SHOWS(party, .reloads = reloads + 1, .successful = true, .unread = true,
                .output = "global: {scrape_interval: 9s}\n");
    assert_int_equal(party_ends(party), 0);
    assert_int_equal(party_reloads(party), reloads + 1);
}

/* --- both ------------------------------------------------------------------------------------- */

PARTY_BOTH(a_config_and_its_change_are_a_reload_each)
PARTY_BOTH(variables_are_replaced_and_gzip_is_unpacked)
PARTY_BOTH(an_init_container_writes_and_asks_nobody)
PARTY_BOTH(an_init_container_without_a_config_fails)
PARTY_BOTH(a_new_generation_of_rules_is_a_reload)
PARTY_BOTH(watched_directories_alone_wait_for_a_change)
PARTY_BOTH(a_reload_that_fails_is_tried_again)
PARTY_BOTH(a_config_that_goes_away_counts_as_failed_and_comes_back)
PARTY_BOTH(user_and_password_of_the_url_are_sent_and_shown_nowhere)
PARTY_BOTH(without_anything_to_watch_it_idles)
PARTY_BOTH(its_metrics_are_those_of_the_table)
PARTY_BOTH(a_burst_of_changes_is_one_reload)
PARTY_BOTH(a_change_that_is_taken_back_at_once_is_no_reload)
PARTY_BOTH(an_empty_watched_directory_is_filled_and_emptied_with_a_reload_each)
PARTY_BOTH(an_empty_watched_directory_alone_is_watched)
PARTY_BOTH(an_init_container_takes_an_empty_watched_directory)
PARTY_BOTH(a_damaged_gzip_at_the_start_ends_it)
PARTY_BOTH(a_gzip_of_several_members_is_unpacked_whole)
PARTY_BOTH(a_damaged_gzip_without_an_output_is_only_watched)
PARTY_BOTH(a_config_that_becomes_a_damaged_gzip_leaves_the_output)

int main(void) {
    const struct CMUnitTest tests[] = {
        PARTY_TESTS(a_config_and_its_change_are_a_reload_each),
        PARTY_TESTS(variables_are_replaced_and_gzip_is_unpacked),
        PARTY_TESTS(an_init_container_writes_and_asks_nobody),
        PARTY_TESTS(an_init_container_without_a_config_fails),
        PARTY_TESTS(a_new_generation_of_rules_is_a_reload),
        PARTY_TESTS(watched_directories_alone_wait_for_a_change),
        PARTY_TESTS(a_reload_that_fails_is_tried_again),
        PARTY_TESTS(a_config_that_goes_away_counts_as_failed_and_comes_back),
        PARTY_TESTS(user_and_password_of_the_url_are_sent_and_shown_nowhere),
        PARTY_TESTS(without_anything_to_watch_it_idles),
        PARTY_TESTS(its_metrics_are_those_of_the_table),
        PARTY_TESTS(a_burst_of_changes_is_one_reload),
        PARTY_TESTS(a_change_that_is_taken_back_at_once_is_no_reload),
        PARTY_TESTS(an_empty_watched_directory_is_filled_and_emptied_with_a_reload_each),
        PARTY_TESTS(an_empty_watched_directory_alone_is_watched),
        PARTY_TESTS(an_init_container_takes_an_empty_watched_directory),
        PARTY_TESTS(a_damaged_gzip_at_the_start_ends_it),
        PARTY_TESTS(a_gzip_of_several_members_is_unpacked_whole),
        PARTY_TESTS(a_damaged_gzip_without_an_output_is_only_watched),
        PARTY_TESTS(a_config_that_becomes_a_damaged_gzip_leaves_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
