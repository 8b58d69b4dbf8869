/* SPDX-License-Identifier: Apache-2.0 */

/* The status page of a running sidecar, as a browser shows it: on a wide screen and on a phone, in
 * the light and in the dark. With $SCREENSHOTS, a folder, pictures of it are left there. */

#include "base/memory.h"
#include "support/browser.h"
#include "support/http_request.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <stdio.h>
#include <string.h>

/* The sidecar is told of a newer Prometheus than there is, so that it writes a field that this one
 * refuses. */
#define NEWER_PROMETHEUS "--prometheus-version=3.16"
#define UNKNOWN_FIELD                                                           \
    "    azureAd:\n"                                                            \
    "      managedIdentity: {clientId: 00000000-0000-0000-0000-000000000001}\n" \
    "      scope: some-scope\n"

#define MANY       500U
#define SCRIPT     "<script>alert(1)</script>"
#define IMAGE      "<img src=x onerror=alert(2)>"
#define QUOTES     "' onmouseover=alert(3) x='"
#define OVERRIDE   "\xE2\x80\xAE" /* U+202E: what follows reads from the right */
#define LEAST_TEXT 4.5            /* WCAG 2.1 AA: contrast of text */

static const char look_script[] = "tests/browser/look.js";

static const struct {
    struct browser_look look;
    const char *picture;
} looks[] = {
    {{.width = 1280, .height = 800}, "status-light.png"},
    {{.width = 1280, .height = 800, .dark = true}, "status-dark.png"},
    {{.width = 390, .height = 844}, "status-phone-light.png"},
    {{.width = 390, .height = 844, .dark = true}, "status-phone-dark.png"},
    {{.width = 1210, .height = 800}, NULL}, /* where columns are at their narrowest */
};

/* --- the page as it is looked at -------------------------------------------------------------- */

static struct browser *browser_in(struct pod *pod) {
    struct browser *browser = browser_new(pod->folder);

    assert_non_null(browser);
    return browser;
}

static void browser_freep(struct browser **browser) {
    browser_free(*browser);
}

#define BROWSER __attribute__((cleanup(browser_freep))) struct browser *

static double number(const json_t *sight, const char *key) {
    return json_number_value(json_object_get(sight, key));
}

static const char *words(const json_t *sight, const char *key) {
    return json_string_value(json_object_get(sight, key));
}

static json_t *measure(struct browser *browser) {
    CLEANUP(memory_freep) char *script = file_read(".", look_script);

    assert_non_null(script);
    json_t *sight = browser_evaluate(browser, script);
    assert_non_null(sight);
    return sight;
}

static void assert_nothing_is_wrong(struct browser *browser, const json_t *sight) {
    assert_string_equal(browser_complaints(browser), "");
    assert_string_equal(words(sight, "title"), "remotewrite-sidecar");
    assert_true(number(sight, "scrollWidth") <= number(sight, "clientWidth"));
    assert_string_equal(words(sight, "clipped"), "");
    assert_string_equal(words(sight, "crushed"), "");
    if (number(sight, "leastContrast") < LEAST_TEXT) {
        fail_msg("contrast %.2f: %s", number(sight, "leastContrast"),
                 words(sight, "leastContrastText"));
    }
    assert_true(number(sight, "strangers") == 0);
    assert_true(number(sight, "handlers") == 0);
}

/* As it would be in a pod: the folder of the test is in no path. */
static void keep_picture(struct pod *pod, struct browser *browser, const char *name) {
    const char *folder = getenv("SCREENSHOTS");

    if (folder == NULL || folder[0] == '\0' || name == NULL) {
        return;
    }
    json_t *done = browser_evaluate(
        browser, arena_format(pod->arena,
                              "for (const cell of document.querySelectorAll('td[data-label]'))"
                              "    if (cell.children.length === 0)"
                              "        cell.textContent = cell.textContent.replace('%s', '/etc');"
                              "true",
                              pod->folder));
    assert_true(json_is_true(done));
    json_decref(done);
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    assert_true(browser_screenshot(browser, path));
}

static void assert_can_be_read(const json_t *sight, const char *const *expected) {
    for (size_t i = 0; expected[i] != NULL; i++) {
        if (strstr(words(sight, "text"), expected[i]) == NULL) {
            fail_msg("%s is not on the page:\n%s", expected[i], words(sight, "text"));
        }
    }
}

/* Each way of looking, with these words (NULL ends them) to be read in each. */
static void assert_page_is_right(struct pod *pod, struct browser *browser, bool pictured,
                                 const char *const *expected) {
    double background[ARRAY_LENGTH(looks)];

    for (size_t i = 0; i < ARRAY_LENGTH(looks); i++) {
        assert_true(browser_open(browser, pod_web_url(pod, "/"), looks[i].look));
        json_t *sight = measure(browser);
        assert_nothing_is_wrong(browser, sight);
        assert_can_be_read(sight, expected);
        background[i] = number(sight, "background");
        json_decref(sight);
        if (pictured) {
            keep_picture(pod, browser, looks[i].picture);
        }
    }
    /* Light is lighter than dark. */
    assert_true(background[0] > 2 * background[1]);
    assert_true(background[2] > 2 * background[3]);
}

#define PAGE_IS_RIGHT(pod, browser, ...) \
    assert_page_is_right(pod, browser, false, (const char *const[]){__VA_ARGS__, NULL})

static bool page_says(struct pod *pod, const char *text) {
    const char *url = pod_web_url(pod, "/");
    struct http_reply reply = url != NULL ? http_get(url, NULL) : (struct http_reply){0};
    bool found = reply.status == 200 && strstr(buffer_string(&reply.body), text) != NULL;

    http_reply_free(&reply);
    return found;
}

/* --- what is in the pod ----------------------------------------------------------------------- */

/* fields: further lines of spec.remoteWrite. */
static const char *team_text(struct pod *pod, const char *name, const char *selector,
                             const char *fields) {
    return arena_format(pod->arena,
                        "---\n"
                        "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                        "kind: RemoteWrite\n"
                        "metadata: {name: %s, namespace: %s}\n"
                        "spec:\n"
                        "  clusterSelector: %s\n"
                        "  remoteWrite:\n"
                        "    url: https://metrics.%s.example.org/api/v1/push\n"
                        "%s",
                        name, name, selector, name, fields);
}

static void drop_team(struct pod *pod, const char *name, const char *selector, const char *fields) {
    file_replace(pod->manifests, arena_format(pod->arena, "%s.yaml", name),
                 team_text(pod, name, selector, fields));
}

static void given_one_in_every_state(struct pod *pod) {
    pod->refused_on_purpose = true;
    pod_start_prometheus(pod);
    drop_team(pod, "team-a", "{}", "");
    drop_team(pod, "team-b", "{}", "    queueConfig: {capacity: 5000}\n");
    drop_team(pod, "team-c", "{}", "    remoteTimeout: soon\n");
    drop_team(pod, "team-d", "{}",
              "    authorization: {credentials: {name: team-d-token, key: token}}\n");
    drop_team(pod, "team-e", "{matchLabels: {environment: staging}}", "");
    drop_team(pod, "team-f", "{}", UNKNOWN_FIELD);
    pod_start_sidecar(pod, POD_ANY_PORT, NEWER_PROMETHEUS, "--cluster-label=environment=production",
                      arena_format(pod->arena, "--remote-write-dir=%s", pod->manifests), NULL);
    EVENTUALLY(pod, page_says(pod, "quarantined</span>"));
    drop_team(pod, "team-b", "{}", "    queueConfig: {capacity: -1}\n");
    EVENTUALLY(pod, page_says(pod, "served in its last good form"));
    EVENTUALLY(pod, page_says(pod, "idle, as of"));
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void remote_writes_in_every_state_are_shown_as_they_are(void **state) {
    struct pod *pod = *state;
    given_one_in_every_state(pod);
    BROWSER browser = browser_in(pod);

    assert_page_is_right(pod, browser, true,
                         (const char *const[]){"team-a/team-a", "active", "pending", "rejected",
                                               "quarantined", "unselected",
                                               "served in its last good form",
                                               "\"soon\" is not a duration", "team-d-token", NULL});
}

static void a_sidecar_that_has_nothing_yet_says_so(void **state) {
    struct pod *pod = *state;
    file_remove(pod->folder, "base/prometheus.yml");
    pod_start_sidecar(pod, POD_ANY_PORT, NULL);
    EVENTUALLY(pod, page_says(pod, "the base config cannot be used as it is now"));
    BROWSER browser = browser_in(pod);

    PAGE_IS_RIGHT(pod, browser, "not ready", "the base config cannot be used as it is now",
                  "No such file or directory", "There is none.", "There was none yet.", "unknown");
}

static void a_refused_base_is_said_at_the_top(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_catch_up(pod);
    const char *base = pod_output_without_block(pod);
    pod->refused_on_purpose = true;
    pod_base(pod, arena_format(pod->arena, "%s\nno_such_section: {}\n", base));
    EVENTUALLY(pod, page_says(pod, "Prometheus refused the base config"));
    BROWSER browser = browser_in(pod);

    PAGE_IS_RIGHT(pod, browser, "not ready", "Prometheus refused the base config");
}

/* A file is in the place of the state folder. */
static void what_is_wrong_with_files_and_what_fails_is_shown(void **state) {
    struct pod *pod = *state;
    file_write(pod->folder, "config/.remotewrite-sidecar", "in the way\n");
    pod_runs(pod, POD_ANY_PORT);
    drop_team(pod, "team-a", "{}", "");
    EVENTUALLY(pod, page_says(pod, "team-a/team-a"));
    file_replace(pod->manifests, "broken.yaml", "kind: [\n");
    file_replace(
        pod->manifests, "unknown-" QUOTES ".yaml",
        "apiVersion: monitoring.coreos.com/v1alpha1\n"
        "kind: RemoteWrit\n"
        "metadata: {name: a-name-that-has-many-words-in-it-so-that-it-has-to-be-broken}\n");
    file_replace(pod->manifests, "twice.yaml", "a: 1\na: 2\n");
    EVENTUALLY(pod, page_says(pod, "is given twice"));
    EVENTUALLY(pod, page_says(pod, "is not a known kind"));
    EVENTUALLY(pod, page_says(pod, "state_file"));
    BROWSER browser = browser_in(pod);

    PAGE_IS_RIGHT(pod, browser, "Errors and warnings", "errors in files",
                  "/broken.yaml:", "is given twice: in line 1 and in line 2", "keep one of the two",
                  "did you mean RemoteWrite?", "unknown-" QUOTES ".yaml:2:7", "state_file",
                  "a link or a file stands in its place; remove it", "failure");
}

static void hundreds_of_remote_writes_fit_on_the_page(void **state) {
    struct pod *pod = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    for (unsigned i = 0; i < MANY; i++) {
        /* Selected nowhere: the page has all of them, and Prometheus no queue to start. */
        const char *name = arena_format(pod->arena, "team-with-quite-a-long-name-%03u", i);
        buffer_append_string(&text, team_text(pod, name, "{matchLabels: {a: b}}", ""));
    }
    file_write(pod->manifests, "many.yaml", buffer_string(&text));
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, page_says(pod, "team-with-quite-a-long-name-499"));
    BROWSER browser = browser_in(pod);

    PAGE_IS_RIGHT(pod, browser, "team-with-quite-a-long-name-000",
                  "team-with-quite-a-long-name-499");
}

/* A file name cannot hold a slash, but a path can. A reason cites the beginning of a value. */
static void what_others_wrote_is_text_and_nothing_else(void **state) {
    struct pod *pod = *state;
    static const char *const values[] = {SCRIPT, IMAGE, QUOTES, OVERRIDE "gnp"};
    CLEANUP(buffer_free) struct buffer text = {0};
    for (unsigned i = 0; i < ARRAY_LENGTH(values); i++) {
        buffer_append_string(
            &text, team_text(pod, arena_format(pod->arena, "team-%u", i), "{}",
                             arena_format(pod->arena, "    remoteTimeout: \"%s\"\n", values[i])));
    }
    folder_make(pod->manifests, "<script>alert(1)<");
    file_write(arena_format(pod->arena, "%s/<script>alert(1)<", pod->manifests),
               "script>" IMAGE QUOTES "\"&lt;.yaml", buffer_string(&text));
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, page_says(pod, "is not a duration"));
    BROWSER browser = browser_in(pod);

    PAGE_IS_RIGHT(pod, browser, ": \"" SCRIPT "\" is not", ": \"" IMAGE "\" is not",
                  ": \"" QUOTES "\" is not", "/" SCRIPT IMAGE QUOTES "\"&lt;.yaml:");
    json_t *sight = measure(browser);
    assert_null(strstr(words(sight, "text"), OVERRIDE));
    json_decref(sight);
}

/* What the other tests rely on: that the browser would have said something. */
static void a_script_on_the_page_would_be_stopped_and_noticed(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, page_says(pod, "idle, as of"));
    BROWSER browser = browser_in(pod);
    assert_true(browser_open(browser, pod_web_url(pod, "/"), looks[0].look));
    assert_string_equal(browser_complaints(browser), "");

    json_t *done = browser_evaluate(
        browser, "document.body.insertAdjacentHTML('beforeend', `" IMAGE "`);"
                 "const script = document.createElement('script');"
                 "script.textContent = 'window.ran = true';"
                 "document.body.append(script);"
                 "new Promise(done => setTimeout(() => done(window.ran === undefined), 100))");

    assert_true(json_is_true(done));
    json_decref(done);
    assert_non_null(strstr(browser_complaints(browser), "script-src"));
    assert_non_null(strstr(browser_complaints(browser), "img-src"));
    json_t *sight = measure(browser);
    assert_true(number(sight, "strangers") == 2);
    assert_true(number(sight, "handlers") == 1);
    json_decref(sight);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(remote_writes_in_every_state_are_shown_as_they_are),
        POD_TEST(a_sidecar_that_has_nothing_yet_says_so),
        POD_TEST(a_refused_base_is_said_at_the_top),
        POD_TEST(what_is_wrong_with_files_and_what_fails_is_shown),
        POD_TEST(hundreds_of_remote_writes_fit_on_the_page),
        POD_TEST(what_others_wrote_is_text_and_nothing_else),
        POD_TEST(a_script_on_the_page_would_be_stopped_and_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
