/* SPDX-License-Identifier: Apache-2.0 */

/* Secrets are erased before their memory is freed: whoever reads that memory later (another part
 * of the program, by mistake; a core dump; a debugger) finds none. free() and realloc() are this
 * program's own here, and look into every block that goes, libraries' blocks too. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/agent_fixture.h"
#include "support/assertions.h"
#include "support/canary.h"
#include "support/certificates.h"
#include "support/loop.h"
#include "support/web_house.h"

#include <execinfo.h>
#include <jansson.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define OWN_MALLOC 1
#endif

static _Thread_local bool looking;
static _Thread_local size_t blocks;
static _Thread_local size_t dirty;

#ifndef OWN_MALLOC

/* glibc's, behind the names that this program takes over. */
void __libc_free(void *memory);
void *__libc_malloc(size_t size);

static void inspect(void *memory) {
    enum {
        FRAMES = 24,
        SHOWN = 5
    };

    if (memory == NULL || !looking) {
        return;
    }
    size_t size = malloc_usable_size(memory);
    blocks++;
    if (!canary_is_in((struct bytes){memory, size})) {
        return;
    }
    looking = false; /* what follows allocates */
    if (++dirty <= SHOWN) {
        void *frames[FRAMES];
        dprintf(STDERR_FILENO, "tests: a block of %zu bytes is freed with a secret in it, by\n",
                size);
        backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
    }
    looking = true;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): __ptr is libc's to say */
void free(void *memory) {
    inspect(memory);
    /* What the test itself leaves behind must not be found in a block that is made of it. */
    if (memory != NULL && !looking)
        explicit_bzero(memory, malloc_usable_size(memory));
    __libc_free(memory);
}

/* Always to another place: the old one is then freed as any other.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
void *realloc(void *memory, size_t size) {
    void *moved = __libc_malloc(size > 0 ? size : 1);

    if (moved != NULL && memory != NULL) {
        size_t old = malloc_usable_size(memory);
        memcpy(moved, memory, old < size ? old : size);
        free(memory);
    }
    return moved;
}

#endif

static void no_memory_is_freed_with_a_secret_in_it(void **state) {
    struct agent_fixture *fixture = *state;

#ifdef OWN_MALLOC
    skip_because("the address sanitizer has its own malloc()");
#endif
    canary_write(fixture->volume, fixture->secrets);
    canary_write_wrong(fixture->volume);
    /* What the test itself reads of the output is not the program's. */
    looking = true;
    agent_runs(fixture);
    looking = false;
    assert_true(output_has(fixture, "name: inlined"));
    assert_true(output_has(fixture, "name: bearer"));
    assert_true(output_has(fixture, "name: from-file"));
    size_t passes = agent_now(fixture).passes;
    canary_forget(fixture->volume, fixture->secrets);
    looking = true;
    assert_true(agent_has_passed(fixture, passes + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_stop(fixture->agent);
    assert_true(agent_ends(fixture));
    agent_free(fixture->agent);
    looking = false;
    fixture->agent = NULL;
    assert_true(blocks > 100);
    assert_int_equal(dirty, 0);
}

/* Of the user alice, whose name's encoding ends where the password's begins. */
static void no_request_leaves_its_password_behind(void **state) {
    struct house *house = *state;

#ifdef OWN_MALLOC
    skip_because("the address sanitizer has its own malloc()");
#endif
    CLEANUP(memory_freep) char *hash = bcrypt_hash(CANARY, 4);
    CLEANUP(buffer_free) struct buffer text = {0};
    static const char *const requests[] = {
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Authorization: Basic YWxpY2U6" CANARY_ENCODED "\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Authorization: Basic YWxpY2U6" CANARY_SECRET_ENCODED "\r\nX-More: y\r\n\r\n",
    };

    buffer_printf(&text, "basic_auth_users: {alice: %s}\n", hash);
    house_config(house, buffer_string(&text));
    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    blocks = 0;
    for (unsigned i = 0; i < 4; i++) {
        CLEANUP(leave) struct visitor visitor;
        looking = true;
        const char *heard = ask(house, &visitor, requests[i % 2]);
        looking = false;
        assert_non_null(strstr(heard, i % 2 == 0 ? " 200 " : " 401 "));
    }
    looking = true;
    web_server_close(house->server);
    house->server = NULL;
    assert_true(loop_finish(&house->loop));
    looking = false;
    assert_int_equal(uv_loop_init(&house->loop), 0);
    assert_true(blocks > 20);
    assert_int_equal(dirty, 0);
}

int main(void) {
    /* As main() does. */
    json_set_alloc_funcs(malloc, memory_erase_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_memory_is_freed_with_a_secret_in_it, agent_fixture_setup,
                                        agent_fixture_teardown),
        cmocka_unit_test_setup_teardown(no_request_leaves_its_password_behind, house_setup,
                                        house_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
