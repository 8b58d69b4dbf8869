/* SPDX-License-Identifier: Apache-2.0 */

/* What a volume may hold that is no manifest and no key: links, pipes, devices, odd names, too
 * much. */

#include "support/assertions.h"
#include "support/source_fixture.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* --- links */

static void a_link_to_a_file_inside_the_volume_is_followed(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "parts/x.txt", "1");
    link_make(source->volume, "sub/a.yaml", "../parts/x.txt");

    source_reads(source);

    assert_string_equal(names_of(source), "sub/a.yaml");
    assert_string_equal(content_of(source, "sub/a.yaml"), "1");
    assert_string_equal(messages_of(source), "");
    assert_true(is_watched(source, "volume/parts"));
}

static void a_changed_target_of_a_link_changes_its_file(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, ".hidden/x", "1");
    link_make(source->volume, "a.yaml", ".hidden/x");
    source_reads(source);

    file_write(source->volume, ".hidden/x", "2");
    source_reads(source);

    assert_string_equal(content_of(source, "a.yaml"), "2");
    assert_true(is_watched(source, "volume/.hidden"));
}

static void a_link_out_of_the_volume_is_passed_over_with_a_warning(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *outside = path_join(source->dir, "outside.yaml");
    CLEANUP(memory_freep) char *inside = path_join(source->volume, "good.yaml");
    file_write(source->dir, "outside.yaml", "secret");
    file_write(source->volume, "good.yaml", "1");
    link_make(source->volume, "absolute.yaml", outside);
    link_make(source->volume, "inside.yaml", inside);
    link_make(source->volume, "relative.yaml", "../outside.yaml");
    link_make(source->volume, "sub/around.yaml", "../../volume/good.yaml");

    source_reads(source);

    assert_string_equal(names_of(source), "good.yaml");
    assert_true(has_message(source, SEVERITY_WARNING, "volume/absolute.yaml"));
    assert_true(has_message(source, SEVERITY_WARNING, "volume/inside.yaml"));
    assert_true(has_message(source, SEVERITY_WARNING, "volume/relative.yaml"));
    assert_true(has_message(source, SEVERITY_WARNING, "volume/sub/around.yaml"));
    assert_int_equal(diagnostics_count(&source->snapshot->diagnostics, SEVERITY_WARNING), 4);
    assert_true(source->snapshot->complete);
}

static void a_link_through_a_folder_that_leaves_the_volume_is_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    file_write(source->dir, "outside/key", "secret");
    link_make(source->volume, "name", "../outside");
    link_make(source->volume, "other/key", "../name/key");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_int_equal(diagnostics_count(&source->snapshot->diagnostics, SEVERITY_WARNING), 2);
}

static void a_link_that_leads_to_itself_is_passed_over_with_a_warning(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    link_make(source->volume, "self.yaml", "self.yaml");
    link_make(source->volume, "ping.yaml", "pong.yaml");
    link_make(source->volume, "pong.yaml", "ping.yaml");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_int_equal(diagnostics_count(&source->snapshot->diagnostics, SEVERITY_WARNING), 3);
    assert_true(has_message(source, SEVERITY_WARNING, "leads back to itself"));
}

static void a_link_that_leads_to_nothing_is_passed_over_with_a_warning(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    link_make(source->volume, "a.yaml", "none.yaml");
    link_make(source->volume, "b.yaml", "none/none.yaml");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_int_equal(diagnostics_count(&source->snapshot->diagnostics, SEVERITY_WARNING), 2);
}

static void a_link_that_is_no_manifest_is_at_most_noted(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "x.txt", "1");
    link_make(source->volume, "README", "x.txt");
    link_make(source->volume, "LICENSE", "/usr/share/common-licenses/Apache-2.0");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_int_equal(diagnostics_count(&source->snapshot->diagnostics, SEVERITY_WARNING), 0);
    assert_true(has_message(source, SEVERITY_INFO, "DIR/volume/LICENSE"));
}

static void a_link_to_a_folder_inside_the_volume_is_walked(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, ".worktrees/rev-1/a.yaml", "1");
    file_write(source->volume, ".worktrees/rev-2/a.yaml", "2");
    link_make(source->volume, "current", ".worktrees/rev-1");
    source_reads(source);
    assert_string_equal(names_of(source), "current/a.yaml");
    assert_string_equal(content_of(source, "current/a.yaml"), "1");
    assert_true(is_watched(source, "volume"));
    assert_true(is_watched(source, "volume/.worktrees/rev-1"));

    file_remove(source->volume, "current");
    link_make(source->volume, "current", ".worktrees/rev-2");
    source_reads(source);

    assert_string_equal(content_of(source, "current/a.yaml"), "2");
    assert_true(is_watched(source, "volume/.worktrees/rev-2"));
}

static void a_link_to_a_folder_above_it_is_a_loop_and_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a/x.yaml", "1");
    link_make(source->volume, "a/up", "../a");
    link_make(source->volume, "a/top", "..");

    source_reads(source);

    assert_string_equal(names_of(source), "a/x.yaml");
    assert_true(has_message(source, SEVERITY_WARNING,
                            "volume/a/up: warning: is passed over: this "
                            "link leads back to a folder above it"));
    assert_true(has_message(source, SEVERITY_WARNING, "volume/a/top"));
}

/* Each of the folders leads to all others: there are more ways than anybody can walk. */
static void a_tangle_of_links_ends_at_the_bound_on_folders(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_files = 200;
    static const char names[] = "abcdefghij";
    for (size_t from = 0; names[from] != '\0'; from++) {
        for (size_t to = 0; names[to] != '\0'; to++) {
            const char name[] = {names[from], '/', names[to], '\0'};
            const char target[] = {'.', '.', '/', names[to], '\0'};
            link_make(source->volume, name, target);
        }
    }

    source_reads(source);

    assert_true(has_message(source, SEVERITY_ERROR, "holds more than 200 folders"));
    assert_true(has_message(source, SEVERITY_ERROR, "raise --max-files"));
}

static void a_link_to_a_device_is_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    link_make(source->volume, "zero.yaml", "/dev/zero");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_true(has_message(source, SEVERITY_WARNING, "leaves the volume"));
}

static void a_volume_whose_root_is_a_loop_is_an_error(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    link_make(source->dir, "volume", "volume");

    source_reads(source);

    assert_false(source->snapshot->volumes[0].present);
    assert_true(has_message(source, SEVERITY_ERROR, "leads back to itself"));
    assert_true(is_watched(source, ""));
}

/* --- links that cost much */

static int forget_system_calls(void **state) {
    system_calls_reset();
    return 0;
}

/* c0.txt -> t.txt, then each link to the one before it, by a target that is as long as padding
 * makes it. */
static void chain_make(const char *folder, const char *padding, unsigned links) {
    char name[16];

    file_write(folder, "t.txt", "1");
    link_make(folder, "c0", "t.txt");
    for (unsigned i = 1; i < links; i++) {
        CLEANUP(buffer_free) struct buffer target = {0};
        snprintf(name, sizeof(name), "c%u", i);
        buffer_printf(&target, "%sc%u", padding, i - 1);
        link_make(folder, name, buffer_string(&target));
    }
}

static void links_make(const char *folder, const char *target, unsigned links) {
    for (unsigned i = 0; i < links; i++) {
        CLEANUP(buffer_free) struct buffer name = {0};
        buffer_printf(&name, "a%u.yaml", i);
        link_make(folder, buffer_string(&name), target);
    }
}

static void a_link_through_eight_is_followed_and_through_nine_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    chain_make(source->volume, "", 8);
    link_make(source->volume, "eight.yaml", "c6");
    link_make(source->volume, "nine.yaml", "c7");

    source_reads(source);

    assert_string_equal(names_of(source), "eight.yaml");
    assert_true(has_message(source, SEVERITY_WARNING,
                            "DIR/volume/nine.yaml: warning: is passed over: this link leads back "
                            "to itself, or through more than 8 links; correct the link, or have it "
                            "lead there directly"));
    assert_true(volume_is_unread(&source->snapshot->volumes[0], "nine.yaml"));
}

static void a_link_of_more_than_1024_bytes_is_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(buffer_free) struct buffer target = {0};
    file_write(source->volume, "12.x", "1");
    for (unsigned i = 0; i < 510; i++) {
        buffer_printf(&target, "./");
    }
    buffer_printf(&target, "12.x");
    link_make(source->volume, "fits.yaml", buffer_string(&target));
    CLEANUP(buffer_free) struct buffer longer = {0};
    buffer_printf(&longer, "./%s", buffer_string(&target));
    link_make(source->volume, "long.yaml", buffer_string(&longer));
    link_make(source->volume, "short.yaml", "long.yaml");

    source_reads(source);

    assert_string_equal(names_of(source), "fits.yaml");
    assert_true(has_message(source, SEVERITY_WARNING,
                            "DIR/volume/long.yaml: warning: is passed over: it leads through a "
                            "link of more than 1024 bytes; shorten the link"));
    assert_true(has_message(source, SEVERITY_WARNING, "DIR/volume/short.yaml"));
}

static void a_chain_of_long_links_is_given_up_at_the_first(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(buffer_free) struct buffer padding = {0};
    const unsigned links = 300;
    for (unsigned i = 0; i < 2020; i++) {
        buffer_printf(&padding, "./");
    }
    chain_make(source->volume, buffer_string(&padding), 39);
    links_make(source->volume, "c38", links);

    system_calls_watch();
    source_reads(source);
    unsigned read = system_calls_seen("readlinkat");

    assert_string_equal(names_of(source), "");
    assert_true(read >= links);
    assert_true(read <= 2 * (links + 39) + 1);
}

static void a_chain_of_many_links_is_given_up_at_the_ninth(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    const unsigned links = 300;
    chain_make(source->volume, "", 39);
    links_make(source->volume, "c38", links);

    system_calls_watch();
    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_true(system_calls_seen("readlinkat") <= 9 * (links + 39) + 39 + 1);
}

/* Each of them within the bounds of one link, all of them more than anybody has. */
static void links_that_take_too_much_together_are_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(buffer_free) struct buffer padding = {0};
    source->settings.max_files = 10; /* 160 names, 640 lookups */
    file_write(source->volume, "real.txt", "good");
    link_make(source->volume, "z.yaml", "real.txt");
    source_reads(source);
    for (unsigned i = 0; i < 200; i++) {
        buffer_printf(&padding, "d/../");
    }
    folder_make(source->volume, "d");
    chain_make(source->volume, buffer_string(&padding), 5);
    links_make(source->volume, "c4", 100);

    system_calls_watch();
    source_reads(source);
    unsigned looked_up = system_calls_seen("fstatat");

    assert_true(looked_up >= 200); /* the length of what the links say counts too */
    assert_true(looked_up <= 640 + 640 + 100);
    assert_true(has_message(source, SEVERITY_ERROR,
                            "DIR/volume: error: holds links with more to look up than is done for "
                            "10 files: "));
    assert_true(has_message(source, SEVERITY_ERROR, "raise --max-files"));
    assert_string_equal(content_of(source, "z.yaml"), "good");
}

/* --- folders that never stand still */

#define NESTED 4

struct turning {
    const char *folders[NESTED];
    unsigned turns;
};

/* Every link leads elsewhere whenever one of them is looked at. */
static void turn_links(void *context) {
    struct turning *turning = context;
    const char *target = ++turning->turns % 2 == 0 ? "x.yaml" : "y.yaml";

    for (size_t i = 0; i < NESTED; i++) {
        file_remove(turning->folders[i], "l.yaml");
        link_make(turning->folders[i], "l.yaml", target);
    }
}

/* Eight tries in each of the folders would be 8 + 64 + 512 + 4096. */
static void folders_in_one_another_that_never_stand_still_do_not_multiply_tries(void **state) {
    static const char *const names[NESTED] = {"d", "d/d", "d/d/d", "d/d/d/d"};
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    struct turning turning = {0};
    for (size_t i = 0; i < NESTED; i++) {
        CLEANUP(memory_freep) char *folder = path_join(source->volume, names[i]);
        turning.folders[i] = arena_string(source->arena, bytes_of(folder));
        file_write(folder, "x.yaml", "1");
        file_write(folder, "y.yaml", "1");
        link_make(folder, "l.yaml", "x.yaml");
    }
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "z.yaml", "1");
    source_reads(source);
    const char *before = names_of(source);

    file_write(source->volume, "z.yaml", "2");
    system_calls_before_each("readlinkat", turn_links, &turning);
    source_reads(source);
    unsigned listed = system_calls_seen("fdopendir");
    system_calls_reset();

    assert_between(listed, 1 + NESTED + 16, 1 + NESTED + 16 * NESTED);
    assert_false(source->snapshot->complete);
    assert_string_equal(names_of(source), before);
    assert_string_equal(content_of(source, "z.yaml"), "2");
    assert_string_equal(messages_of(source),
                        "DIR/volume/d: warning: changed while it was read, and its volume has no "
                        "tries left in this reading (what it held before is kept); it is read "
                        "again; if this stays, find out what keeps replacing it\n");

    source_reads(source);
    assert_true(source->snapshot->complete);
    assert_string_equal(messages_of(source), "");
}

/* What links take is bounded for all tries together, too. */
static void links_beside_one_that_never_stands_still_take_no_more(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    struct turning turning = {.turns = 0};
    source->settings.max_files = 10;
    for (size_t i = 0; i < NESTED; i++) {
        turning.folders[i] = source->volume;
    }
    file_write(source->volume, "x.yaml", "1");
    file_write(source->volume, "y.yaml", "1");
    link_make(source->volume, "l.yaml", "x.yaml");
    links_make(source->volume, "x.yaml", 90);

    system_calls_before_each("readlinkat", turn_links, &turning);
    source_reads(source);
    unsigned looked_up = system_calls_seen("readlinkat");
    system_calls_reset();

    assert_true(looked_up <= 640 + 640);
    assert_false(source->snapshot->complete);
    assert_true(has_message(source, SEVERITY_WARNING, "no tries left in this reading"));
}

/* --- special files */

static void make_pipe(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    assert_int_equal(mkfifo(path, 0644), 0);
}

static void make_socket(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(descriptor >= 0);
    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(descriptor);
}

static void a_named_pipe_is_passed_over_without_waiting_for_a_writer(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "b.yaml", "1");
    make_pipe(source->volume, "a.yaml");
    link_make(source->volume, "c.yaml", "a.yaml");
    make_pipe(source->volume, "no-manifest");

    source_reads(source);

    assert_string_equal(names_of(source), "b.yaml");
    assert_string_equal(messages_of(source),
                        "DIR/volume/a.yaml: warning: is passed over: it is a named pipe; put a "
                        "regular file there, or remove it\n"
                        "DIR/volume/c.yaml: warning: is passed over: it is a named pipe; put a "
                        "regular file there, or remove it\n");
}

static void a_socket_is_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    file_write(source->volume, "name/key", "1");
    make_socket(source->volume, "name/s");

    source_reads(source);

    assert_string_equal(names_of(source), "name/key");
    assert_true(has_message(source, SEVERITY_WARNING, "it is a socket"));
}

static void a_device_is_passed_over(void **state) {
    skip_unless_root("making a device");
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    folder_make(source->dir, "volume");
    CLEANUP(memory_freep) char *path = path_join(source->volume, "zero.yaml");
    if (mknod(path, S_IFCHR | 0644, makedev(1, 5)) < 0) {
        skip_because("no device can be made: %s", strerror(errno));
    }

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_true(has_message(source, SEVERITY_WARNING, "it is a device"));
}

static void a_folder_that_is_named_like_a_manifest_is_a_folder(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml/b.yaml", "1");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml/b.yaml");
}

/* --- names */

static void a_name_with_odd_bytes_is_shown_escaped_and_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "new\nline.yaml", "1");
    file_write(source->volume, "latin\xe9.yaml", "1");
    file_write(source->volume, "esc\x1b[31m.yaml", "1");
    file_write(source->volume, "odd\x01/in.yaml", "1");
    file_write(source->volume, "\xc3\xbcml\xc3\xa4ut.yaml", "1");

    source_reads(source);

    assert_string_equal(names_of(source), "\xc3\xbcml\xc3\xa4ut.yaml");
    assert_true(has_message(source, SEVERITY_WARNING, "\"new\\x0aline.yaml\""));
    assert_true(has_message(source, SEVERITY_WARNING, "\"latin\\xe9.yaml\""));
    assert_true(has_message(source, SEVERITY_WARNING, "\"esc\\x1b[31m.yaml\""));
    assert_true(has_message(source, SEVERITY_WARNING, "\"odd\\x01\""));
    assert_int_equal(source->snapshot->diagnostics.count, 4);
}

static void the_longest_name_that_a_file_can_have_is_read(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    char name[NAME_MAX + 1];
    memset(name, 'n', NAME_MAX);
    memcpy(name + NAME_MAX - 5, ".yaml", 6);
    file_write(source->volume, name, "1");

    source_reads(source);

    assert_string_equal(names_of(source), name);
}

/* --- too much */

static void a_file_over_the_limit_is_an_error_that_names_the_flag(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_file_size = 10;
    file_write(source->volume, "a.yaml", "1234567890");
    file_write(source->volume, "b.yaml", "12345678901");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml");
    assert_string_equal(messages_of(source),
                        "DIR/volume/b.yaml: error: is larger than 10 bytes; make it smaller or "
                        "raise --max-file-size\n");
    assert_true(source->snapshot->complete);
}

static void a_huge_sparse_file_costs_nothing(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "");
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_true(has_message(source, SEVERITY_ERROR, "is larger than 4194304 bytes"));
}

static void a_file_that_grew_over_the_limit_keeps_what_it_held(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_file_size = 10;
    file_write(source->volume, "a.yaml", "small");
    source_reads(source);

    file_write(source->volume, "a.yaml", "not so small");
    source_reads(source);

    assert_string_equal(content_of(source, "a.yaml"), "small");
    assert_true(has_message(source, SEVERITY_ERROR, "(what it held before is kept)"));
}

static void many_links_to_a_large_file_are_too_much_for_a_volume(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_volume_size = 30;
    file_write(source->volume, "a.yaml", "1234567890");
    link_make(source->volume, "b.yaml", "a.yaml");
    link_make(source->volume, "c.yaml", "a.yaml");
    link_make(source->volume, "d.yaml", "a.yaml");
    file_write(source->volume, "e.yaml", "");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml b.yaml c.yaml e.yaml");
    assert_string_equal(messages_of(source),
                        "DIR/volume/d.yaml: error: is passed over: with it the volume would hold "
                        "more than 30 bytes; make the volume's files smaller, or raise "
                        "--max-volume-size\n");
    assert_true(volume_is_unread(&source->snapshot->volumes[0], "d.yaml"));

    /* All of them grow; what there was before is kept where it does not fit. */
    file_write(source->volume, "a.yaml", "12345678901234");
    source_reads(source);
    assert_string_equal(content_of(source, "b.yaml"), "12345678901234");
    assert_string_equal(content_of(source, "c.yaml"), "1234567890");
    assert_true(has_message(source, SEVERITY_ERROR, "(what it held before is kept)"));
}

static void files_over_the_bound_are_cut_off_in_sorted_order(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_files = 3;
    file_write(source->volume, "e.yaml", "1");
    file_write(source->volume, "d/z.yaml", "1");
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "d/a.yaml", "1");
    file_write(source->volume, "c.yaml", "1");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml c.yaml d/a.yaml");
    assert_string_equal(
        messages_of(source),
        "DIR/volume: error: holds more than 3 files: d/z.yaml and 1 more are passed "
        "over, what was read before goes first; remove some, or raise --max-files\n");
}

static void new_files_over_the_bound_push_no_known_one_out(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_files = 3;
    file_write(source->volume, "b.yaml", "1");
    file_write(source->volume, "z/z.yaml", "1");
    source_reads(source);

    file_write(source->volume, "a1.yaml", "1");
    file_write(source->volume, "a2.yaml", "1");
    file_write(source->volume, "a3.yaml", "1");
    file_write(source->volume, "z/z.yaml", "22");
    source_reads(source);

    assert_string_equal(names_of(source), "a1.yaml b.yaml z/z.yaml");
    assert_string_equal(content_of(source, "z/z.yaml"), "22");
    assert_true(has_message(source, SEVERITY_ERROR, "3 files: a2.yaml and 1 more are passed over"));
    assert_true(volume_is_unread(&source->snapshot->volumes[0], "a3.yaml"));
    assert_false(volume_is_unread(&source->snapshot->volumes[0], "z/other.yaml"));

    file_remove(source->volume, "b.yaml");
    source_reads(source);

    assert_string_equal(names_of(source), "a1.yaml a2.yaml z/z.yaml");
}

static void new_folders_over_the_bound_push_no_known_one_out(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_files = 2;
    file_write(source->volume, "y/y.yaml", "1");
    source_reads(source);

    for (unsigned i = 0; i < 4; i++) {
        char name[] = "a0/x";
        name[1] = (char)('0' + i);
        file_write(source->volume, name, "1");
    }
    source_reads(source);

    assert_string_equal(names_of(source), "y/y.yaml");
    assert_true(has_message(source, SEVERITY_ERROR, "2 folders: a2 and 1 more are passed over"));
    assert_true(volume_is_unread(&source->snapshot->volumes[0], "a2/deep/x.yaml"));
}

static void exactly_as_many_files_as_the_bound_are_fine(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_files = 2;
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "b.yaml", "1");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml b.yaml");
    assert_string_equal(messages_of(source), "");
}

static void a_folder_with_far_too_many_names_is_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    char name[32];
    source->settings.max_files = 2;
    file_write(source->volume, "good/a.yaml", "1");
    for (unsigned i = 0; i < 33; i++) {
        snprintf(name, sizeof(name), "crowd/%u.yaml", i);
        file_write(source->volume, name, "1");
    }

    source_reads(source);

    assert_string_equal(names_of(source), "good/a.yaml");
    assert_true(has_message(source, SEVERITY_ERROR, "DIR/volume/crowd: error: holds more than 32"));
}

static void folders_with_far_too_many_names_together_are_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    char name[32];
    source->settings.max_files = 2;
    file_write(source->volume, "b/a.yaml", "1");
    source_reads(source);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "a/%u.yaml", i);
        file_write(source->volume, name, "1");
    }

    source_reads(source);

    /* What was read before is kept, though nobody looked. */
    assert_non_null(file_of(source, "b/a.yaml"));
    assert_true(has_message(source, SEVERITY_ERROR, "DIR/volume/b: error: holds more than 32"));
    assert_true(volume_is_unread(&source->snapshot->volumes[0], "b/a.yaml"));
    assert_false(volume_is_unread(&source->snapshot->volumes[0], "ba.yaml"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_to_a_file_inside_the_volume_is_followed),
        cmocka_unit_test(a_changed_target_of_a_link_changes_its_file),
        cmocka_unit_test(a_link_out_of_the_volume_is_passed_over_with_a_warning),
        cmocka_unit_test(a_link_through_a_folder_that_leaves_the_volume_is_passed_over),
        cmocka_unit_test(a_link_that_leads_to_itself_is_passed_over_with_a_warning),
        cmocka_unit_test(a_link_that_leads_to_nothing_is_passed_over_with_a_warning),
        cmocka_unit_test(a_link_that_is_no_manifest_is_at_most_noted),
        cmocka_unit_test(a_link_to_a_folder_inside_the_volume_is_walked),
        cmocka_unit_test(a_link_to_a_folder_above_it_is_a_loop_and_passed_over),
        cmocka_unit_test(a_tangle_of_links_ends_at_the_bound_on_folders),
        cmocka_unit_test(a_link_to_a_device_is_passed_over),
        cmocka_unit_test(a_volume_whose_root_is_a_loop_is_an_error),
        cmocka_unit_test(a_link_through_eight_is_followed_and_through_nine_passed_over),
        cmocka_unit_test(a_link_of_more_than_1024_bytes_is_passed_over),
        cmocka_unit_test_teardown(a_chain_of_long_links_is_given_up_at_the_first,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_chain_of_many_links_is_given_up_at_the_ninth,
                                  forget_system_calls),
        cmocka_unit_test_teardown(links_that_take_too_much_together_are_passed_over,
                                  forget_system_calls),
        cmocka_unit_test_teardown(
            folders_in_one_another_that_never_stand_still_do_not_multiply_tries,
            forget_system_calls),
        cmocka_unit_test_teardown(links_beside_one_that_never_stands_still_take_no_more,
                                  forget_system_calls),
        cmocka_unit_test(a_named_pipe_is_passed_over_without_waiting_for_a_writer),
        cmocka_unit_test(a_socket_is_passed_over),
        cmocka_unit_test(a_device_is_passed_over),
        cmocka_unit_test(a_folder_that_is_named_like_a_manifest_is_a_folder),
        cmocka_unit_test(a_name_with_odd_bytes_is_shown_escaped_and_passed_over),
        cmocka_unit_test(the_longest_name_that_a_file_can_have_is_read),
        cmocka_unit_test(a_file_over_the_limit_is_an_error_that_names_the_flag),
        cmocka_unit_test(a_huge_sparse_file_costs_nothing),
        cmocka_unit_test(a_file_that_grew_over_the_limit_keeps_what_it_held),
        cmocka_unit_test(many_links_to_a_large_file_are_too_much_for_a_volume),
        cmocka_unit_test(files_over_the_bound_are_cut_off_in_sorted_order),
        cmocka_unit_test(new_files_over_the_bound_push_no_known_one_out),
        cmocka_unit_test(new_folders_over_the_bound_push_no_known_one_out),
        cmocka_unit_test(exactly_as_many_files_as_the_bound_are_fine),
        cmocka_unit_test(a_folder_with_far_too_many_names_is_passed_over),
        cmocka_unit_test(folders_with_far_too_many_names_together_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
