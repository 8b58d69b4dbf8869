/* SPDX-License-Identifier: Apache-2.0 */

/* A fork without exec: the child uses only what is allowed in one that had threads. */

#include "support/hangup_target.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct hangup_target {
    pid_t id;
};

static void ask_for_reload(unsigned port) {
    static const char request[] = "POST /-/reload HTTP/1.0\r\nContent-Length: 0\r\n\r\n";
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    char byte = 0;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(descriptor, request, sizeof(request) - 1) == (ssize_t)sizeof(request) - 1) {
        /* It answers when the reload is done; or the connection breaks. */
        ssize_t got = read(descriptor, &byte, 1);
        (void)got;
    }
    close(descriptor);
}

static NORETURN void live(unsigned port, const sigset_t *hangup, pid_t parent) {
    int number = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The sockets of the test are not this process's to keep open. */
    close_range(STDERR_FILENO + 1, ~0U, 0);
    while (getppid() == parent) {
        if (sigwait(hangup, &number) == 0 && port != 0) {
            ask_for_reload(port);
        }
    }
    _exit(0);
}

struct hangup_target *hangup_target_new(unsigned port) {
    struct hangup_target *target = memory_new(1, sizeof(*target));
    pid_t parent = getpid();
    sigset_t hangup;
    sigset_t before;

    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    /* The child has it blocked from its first moment on: one that comes early waits. */
    pthread_sigmask(SIG_BLOCK, &hangup, &before);
    target->id = fork();
    if (target->id == 0) {
        live(port, &hangup, parent);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (target->id < 0) {
        perror("tests: fork");
        abort();
    }
    return target;
}

void hangup_target_free(struct hangup_target *target) {
    if (target != NULL) {
        kill(target->id, SIGKILL);
        waitpid(target->id, NULL, 0);
        free(target);
    }
}

void hangup_target_freep(struct hangup_target **target) {
    hangup_target_free(*target);
}

pid_t hangup_target_id(const struct hangup_target *target) {
    return target->id;
}
