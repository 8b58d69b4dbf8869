/* SPDX-License-Identifier: Apache-2.0 */

/* The running program in its whole sandbox, on paths with symbolic links that are replaced while it
 * runs, as git-sync does: git/repo -> .worktrees/REVISION, put in its place by a rename. Skipped
 * where the kernel has not all of the sandbox. */

#include "support/assertions.h"
#include "support/deadline.h"
#include "support/http_stub.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REVISIONS 4

/* Of no password that anybody uses here. */
#define BCRYPT "$2b$04$p.tPGs3R.wkZbEp6MHDoC.bDdw7mnRXL8fqyoayzTO.L1TfMbT0I."

struct scene {
    struct program *program;
    struct http_stub *prometheus; /* takes every config */
    pid_t process;                /* 0: it has not been started */
};

static int scene_setup(void **state) {
    static const struct stub_answer taken = {.status = 200};
    struct scene *scene = memory_new(1, sizeof(*scene));

    scene->program = program_new();
    scene->prometheus = http_stub_new();
    http_stub_script(scene->prometheus, "/-/reload", &taken, 1);
    http_stub_listen(scene->prometheus);
    folder_make(scene->program->folder, "out");
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;

    if (scene->process > 0) {
        kill(scene->process, SIGKILL);
        (void)program_wait(scene->process);
    }
    http_stub_free(scene->prometheus);
    program_free(scene->program);
    free(scene);
    return 0;
}

static bool holds(const struct scene *scene, const char *name, const char *text) {
    const char *content = program_read(scene->program, name);

    return content != NULL && strstr(content, text) != NULL;
}

#define COMES(scene, name, text)                                         \
    do {                                                                 \
        if (!WAIT_UNTIL(holds(scene, name, text), DEADLINE_USUAL)) {     \
            print_error("%s", program_read((scene)->program, "stderr")); \
            fail_msg("waited in vain for '%s' in %s", text, name);       \
        }                                                                \
    } while (0)

/* The kernel has not all of the sandbox: the test is skipped. */
static void is_confined_or_skip(const struct scene *scene) {
    static const char refused[] = "cannot enter the sandbox";
    bool comes =
        WAIT_UNTIL(holds(scene, "stderr", "sandbox entered") || holds(scene, "stderr", refused),
                   DEADLINE_USUAL);
    const char *said = program_read(scene->program, "stderr");

    if (!comes)
        fail_msg("it does not say whether it is in the sandbox: %s", said);
    if (strstr(said, refused) != NULL)
        skip_because("%s", said);
}

/* With the flags that every test here has. */
#define STARTS(scene, ...)                                                            \
    ((scene)->process =                                                               \
         program_start((scene)->program, "run", "--sandbox=require",                  \
                       "--output-file=out/prometheus.yml", "--delay-interval=10ms",   \
                       arena_format((scene)->program->arena, "--reload-url=%s",       \
                                    http_stub_url((scene)->prometheus, "/-/reload")), \
                       __VA_ARGS__, NULL),                                            \
     is_confined_or_skip(scene))

static void never_denied(const struct scene *scene) {
    assert_false(holds(scene, "stderr", "Permission denied"));
}

/* Puts a link in the place of another one. */
static void link_replaced(const struct scene *scene, const char *name, const char *target) {
    struct program *program = scene->program;
    const char *beside = arena_format(program->arena, "%s.new", name);

    link_make(program->folder, beside, target);
    assert_int_equal(rename(program_path(program, beside), program_path(program, name)), 0);
}

static const char base[] = "global: {scrape_interval: NNs}\n";

/* Taken by the cluster whose label says the same revision. */
static const char manifest[] = "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                               "kind: RemoteWrite\n"
                               "metadata: {name: team-a, namespace: team-a}\n"
                               "spec:\n"
                               "  clusterSelector: {matchLabels: {revision: \"NN\"}}\n"
                               "  remoteWrite:\n"
                               "    url: https://example.com/push/NN\n"
                               "    authorization: {credentials: {name: login, key: token}}\n";

/* The revision's number, which has two digits, in the place of every "NN". */
static const char *in_revision(const struct scene *scene, const char *template, unsigned revision) {
    char *text = arena_string(scene->program->arena, bytes_of(template));

    for (char *at = strstr(text, "NN"); at != NULL; at = strstr(at, "NN"))
        memcpy(at, arena_format(scene->program->arena, "%02u", revision), 2);
    return text;
}

static void file_of(const struct scene *scene, const char *folder, const char *name,
                    const char *template, unsigned revision) {
    const char *path = arena_format(scene->program->arena, "%s/%s", folder, name);

    program_file(scene->program, path, in_revision(scene, template, revision));
}

/* What a revision of the repository holds. */
static void check_out(const struct scene *scene, const char *folder, unsigned revision) {
    file_of(scene, folder, "base.yml", base, revision);
    file_of(scene, folder, "rw/a.yaml", manifest, revision);
    file_of(scene, folder, "secrets/login/token", "token-NN", revision);
    file_of(scene, folder, "labels", "revision=\"NN\"\n", revision);
    file_of(scene, folder, "rules/rules.yml", "# NN\n", revision);
    file_of(scene, folder, "password", "password-NN\n", revision);
    file_of(scene, folder, "web.yml", "basic_auth_users: {userNN: " BCRYPT "}\n", revision);
}

/* As git-sync goes on to another revision: a new folder, the link, and the old folder goes. */
static void synchronize(const struct scene *scene, unsigned revision) {
    const char *folder = in_revision(scene, "git/.worktrees/NN", revision);
    const char *old = in_revision(scene, "git/.worktrees/NN", revision - 1);

    check_out(scene, folder, revision);
    link_replaced(scene, "git/repo", in_revision(scene, ".worktrees/NN", revision));
    tree_remove(program_path(scene->program, old));
}

static const char output[] = "out/prometheus.yml";

/* Its file has another name each time that the URL changed with it. */
static bool has_token(const struct scene *scene, const char *token) {
    static const char file[] = "out/remote-write-secrets/team-a_team-a_authorization.credentials";

    return holds(scene, file, token) ||
           holds(scene, arena_format(scene->program->arena, "%s.2", file), token);
}

/* The whole of the revision has become the config and a secret's file. */
static void is_served(const struct scene *scene, unsigned revision) {
    const char *token = in_revision(scene, "token-NN", revision);

    COMES(scene, output, in_revision(scene, "scrape_interval: NNs", revision));
    COMES(scene, output, in_revision(scene, "https://example.com/push/NN", revision));
    assert_true(WAIT_UNTIL(has_token(scene, token), DEADLINE_USUAL));
}

#define SOURCES_IN(folder)                                                   \
    "--config-file=" folder "/base.yml", "--remote-write-dir=" folder "/rw", \
        "--secret-dir=team-a=" folder "/secrets", "--cluster-labels-file=" folder "/labels"

static void a_repository_that_is_synchronized_stays_readable(void **state) {
    struct scene *scene = *state;

    synchronize(scene, 1);
    STARTS(scene, SOURCES_IN("git/repo"));
    for (unsigned revision = 1; revision <= REVISIONS; revision++) {
        if (revision > 1)
            synchronize(scene, revision);
        is_served(scene, revision);
    }
    never_denied(scene);
}

/* cfg -> (absolute) current -> git/repo -> .worktrees/NN: none but the last one is replaced. */
static void so_does_one_behind_other_links(void **state) {
    struct scene *scene = *state;

    synchronize(scene, 1);
    folder_make(scene->program->folder, "etc");
    link_make(scene->program->folder, "current", "git/repo");
    link_make(scene->program->folder, "etc/cfg", program_path(scene->program, "current"));
    STARTS(scene, SOURCES_IN("etc/cfg"));
    for (unsigned revision = 1; revision <= REVISIONS; revision++) {
        if (revision > 1)
            synchronize(scene, revision);
        is_served(scene, revision);
    }
    never_denied(scene);
}

/* The link is one place, what it leads to another: store/NN, side by side. */
static void so_does_what_lies_beside_a_link_s_target(void **state) {
    struct scene *scene = *state;

    for (unsigned revision = 1; revision <= REVISIONS; revision++)
        check_out(scene, in_revision(scene, "store/NN", revision), revision);
    folder_make(scene->program->folder, "etc");
    link_make(scene->program->folder, "etc/cfg", "../store/01");
    STARTS(scene, SOURCES_IN("etc/cfg"));
    for (unsigned revision = 1; revision <= REVISIONS; revision++) {
        link_replaced(scene, "etc/cfg", in_revision(scene, "../store/NN", revision));
        is_served(scene, revision);
    }
    never_denied(scene);
}

/* As before the first synchronization: the link leads nowhere yet. */
static void so_does_one_that_comes_later(void **state) {
    struct scene *scene = *state;

    folder_make(scene->program->folder, "git");
    link_make(scene->program->folder, "git/repo", ".worktrees/00");
    STARTS(scene, SOURCES_IN("git/repo"));
    COMES(scene, "stderr", "does not exist");
    for (unsigned revision = 1; revision <= REVISIONS; revision++) {
        synchronize(scene, revision);
        is_served(scene, revision);
    }
    never_denied(scene);
}

static void watched_files_of_a_repository_cause_reloads(void **state) {
    struct scene *scene = *state;

    synchronize(scene, 1);
    STARTS(scene, "--config-file=git/repo/base.yml", "--watched-dir=git/repo/rules");
    for (unsigned revision = 1; revision <= REVISIONS; revision++) {
        if (revision > 1)
            synchronize(scene, revision);
        assert_true(WAIT_UNTIL(http_stub_count(scene->prometheus, "/-/reload") >= revision,
                               DEADLINE_USUAL));
    }
    never_denied(scene);
}

/* Whether any reload went out with this password, of the user "reloader". */
static bool reloaded_with(const struct scene *scene, const char *authorization) {
    const char *request = NULL;

    for (size_t i = 0; (request = http_stub_request(scene->prometheus, i)) != NULL; i++) {
        if (strstr(request, authorization) != NULL)
            return true;
    }
    return false;
}

static void a_password_of_a_repository_is_read_at_each_reload(void **state) {
    /* "reloader:password-NN" */
    static const char *const authorizations[] = {
        "cmVsb2FkZXI6cGFzc3dvcmQtMDE=", "cmVsb2FkZXI6cGFzc3dvcmQtMDI=",
        "cmVsb2FkZXI6cGFzc3dvcmQtMDM=", "cmVsb2FkZXI6cGFzc3dvcmQtMDQ="};
    struct scene *scene = *state;

    synchronize(scene, 1);
    STARTS(scene, "--config-file=git/repo/base.yml", "--reload-username=reloader",
           "--reload-password-file=git/repo/password");
    for (unsigned revision = 1; revision <= REVISIONS; revision++) {
        if (revision > 1)
            synchronize(scene, revision);
        assert_true(WAIT_UNTIL(reloaded_with(scene, authorizations[revision - 1]), DEADLINE_USUAL));
    }
    never_denied(scene);
}

/* SIGHUP: it is read without anybody who connects. */
static void a_web_config_of_a_repository_is_read_anew(void **state) {
    struct scene *scene = *state;

    synchronize(scene, 1);
    STARTS(scene, "--config-file=git/repo/base.yml", "--listen-address=127.0.0.1:0",
           "--web-config-file=git/repo/web.yml");
    COMES(scene, output, "scrape_interval: 01s");
    synchronize(scene, 2);
    COMES(scene, output, "scrape_interval: 02s");
    assert_int_equal(kill(scene->process, SIGHUP), 0);
    COMES(scene, "stderr", "web config read anew");
    never_denied(scene);
}

static void a_link_out_of_all_that_is_covered_stays_unreadable(void **state) {
    struct scene *scene = *state;

    synchronize(scene, 1);
    check_out(scene, "elsewhere/02", 2);
    STARTS(scene, SOURCES_IN("git/repo"));
    is_served(scene, 1);
    link_replaced(scene, "git/repo", "../elsewhere/02");
    COMES(scene, "stderr", "Permission denied");
    assert_false(holds(scene, output, "scrape_interval: 02s"));
    is_served(scene, 1);

    /* Back again, nothing was lost. */
    synchronize(scene, 3);
    is_served(scene, 3);
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_repository_that_is_synchronized_stays_readable),
        SCENE_TEST(so_does_one_behind_other_links),
        SCENE_TEST(so_does_what_lies_beside_a_link_s_target),
        SCENE_TEST(so_does_one_that_comes_later),
        SCENE_TEST(watched_files_of_a_repository_cause_reloads),
        SCENE_TEST(a_password_of_a_repository_is_read_at_each_reload),
        SCENE_TEST(a_web_config_of_a_repository_is_read_anew),
        SCENE_TEST(a_link_out_of_all_that_is_covered_stays_unreadable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
