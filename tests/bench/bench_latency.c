/* SPDX-License-Identifier: Apache-2.0 */

/* How long a changed manifest takes until Prometheus is asked to reload: alone, beside a
 * thousand slow clients, and beside a stream of what the fuzzer kept. The quiet time before a pass
 * (--delay-interval) is a millisecond here, so that it hides nothing. They are measured in turns,
 * in one run, and only their ratio is judged. */

#include "support/crowd.h"
#include "support/served_sidecar.h"

#include "base/clock.h"
#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CORPUS "tests/fuzz/corpus/fuzz_request"

/* More than this is no noise: something on the way waits for the clients. */
#define RATIO_MAX 10.0

enum {
    ROUNDS = 5,
    CHANGES = 20, /* of each kind, in each round */
    CLIENTS = 1000,
    CLIENT_PAUSE_MILLISECONDS = 50,
    STREAM_PAUSE_MILLISECONDS = 2,
    INPUT_MAX = 16384,
    NANOSECONDS_PER_MILLISECOND = 1000000
};

/* Milliseconds. */
struct samples {
    double values[ROUNDS * CHANGES];
    size_t count;
};

static void pause_for(long nanoseconds) {
    const struct timespec pause = {.tv_nsec = nanoseconds};

    nanosleep(&pause, NULL);
}

/* --- the siege ------------------------------------------------------------------------------ */

struct siege {
    uint16_t port;
    struct crowd *crowd;
    atomic_bool stop;
    pthread_t thread;
    size_t streamed;
};

static void *be_slow(void *context) {
    struct siege *siege = context;

    while (!atomic_load(&siege->stop)) {
        crowd_turn(siege->crowd);
        pause_for((long)CLIENT_PAUSE_MILLISECONDS * NANOSECONDS_PER_MILLISECOND);
    }
    return NULL;
}

/* What asks for a reload would be counted as one that a change has brought about. */
static bool is_harmless(struct bytes words) {
    return bytes_find(words, BYTES("POST"), 0) == SIZE_MAX;
}

static void send_input(const struct siege *siege, DIR *corpus, const char *name) {
    CLEANUP(buffer_free) struct buffer heard = {0};
    char words[INPUT_MAX];
    int descriptor = openat(dirfd(corpus), name, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(descriptor, words, sizeof(words));
    struct bytes said = {words + 1, length > 1 ? (size_t)length - 1 : 0};

    close(descriptor);
    if (!is_harmless(said)) {
        return;
    }
    int client = client_connect(siege->port);
    if (client >= 0) {
        client_say(client, said);
        pause_for((long)STREAM_PAUSE_MILLISECONDS * NANOSECONDS_PER_MILLISECOND);
        client_hear(client, &heard);
    }
    if (client >= 0) {
        close(client);
    }
}

static void *be_odd(void *context) {
    struct siege *siege = context;
    DIR *corpus = opendir(CORPUS);

    while (corpus != NULL && !atomic_load(&siege->stop)) {
        const struct dirent *entry = readdir(corpus);
        if (entry == NULL) {
            rewinddir(corpus);
        } else if (entry->d_name[0] != '.') {
            send_input(siege, corpus, entry->d_name);
            siege->streamed++;
        }
    }
    if (corpus != NULL) {
        closedir(corpus);
    }
    return NULL;
}

/* --- who is there while it is measured -------------------------------------------------------- */

static bool nobody(struct siege *siege UNUSED) {
    return true;
}

static void nobody_ends(struct siege *siege UNUSED) {
}

/* All of them are there before anything is measured. */
static bool slow_begin(struct siege *siege) {
    siege->crowd = crowd_new(siege->port, CLIENTS, "GET / HTTP/1.1\r\nX: ");
    if (siege->crowd == NULL) {
        return false;
    }
    crowd_turn(siege->crowd);
    crowd_turn(siege->crowd);
    atomic_store(&siege->stop, false);
    return pthread_create(&siege->thread, NULL, be_slow, siege) == 0;
}

static void slow_end(struct siege *siege) {
    atomic_store(&siege->stop, true);
    pthread_join(siege->thread, NULL);
    crowd_free(siege->crowd);
}

static bool stream_begin(struct siege *siege) {
    atomic_store(&siege->stop, false);
    return pthread_create(&siege->thread, NULL, be_odd, siege) == 0;
}

static void stream_end(struct siege *siege) {
    atomic_store(&siege->stop, true);
    pthread_join(siege->thread, NULL);
}

/* The slow ones fill every place and the queue before it, so that nobody else comes in: the stream
 * has a turn of its own. */
static const struct {
    const char *name;
    bool (*begin)(struct siege *siege);
    void (*end)(struct siege *siege);
} kinds[] = {
    {"alone", nobody, nobody_ends},
    {"beside 1,000 slow clients", slow_begin, slow_end},
    {"beside a fuzzed stream of requests", stream_begin, stream_end},
};

/* --- measuring ------------------------------------------------------------------------------ */

/* One change, until the stand-in is asked. False: it never was. */
static bool measure(const struct served_sidecar *sidecar, struct samples *samples) {
    const int64_t patience = INT64_C(20000) * NANOSECONDS_PER_MILLISECOND;
    const long look = 100000;
    CLEANUP(buffer_free) struct buffer path = {0};
    size_t reloads = served_sidecar_reloads(sidecar);
    buffer_printf(&path, "push/%zu", reloads);
    int64_t start = clock_monotonic_nanoseconds();

    served_sidecar_drop(sidecar, "changing", buffer_string(&path));
    while (served_sidecar_reloads(sidecar) == reloads) {
        if (clock_monotonic_nanoseconds() - start > patience) {
            return false;
        }
        pause_for(look);
    }
    samples->values[samples->count++] =
        (double)(clock_monotonic_nanoseconds() - start) / NANOSECONDS_PER_MILLISECOND;
    /* It comes to rest before the next. */
    pause_for(10L * NANOSECONDS_PER_MILLISECOND);
    return true;
}

static bool measure_round(const struct served_sidecar *sidecar, struct samples *samples) {
    for (int i = 0; i < CHANGES; i++) {
        if (!measure(sidecar, samples)) {
            return false;
        }
    }
    return true;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double part(struct samples *samples, double share) {
    qsort(samples->values, samples->count, sizeof(double), compare);
    return samples->values[(size_t)(share * (double)(samples->count - 1))];
}

static void print(const char *what, struct samples *samples) {
    printf("  %-42s %7.2f ms %7.2f ms\n", what, part(samples, 0.5), part(samples, 0.95));
}

/* The kinds in turns. */
static bool run(struct served_sidecar *sidecar, struct samples *samples) {
    struct siege siege = {.port = sidecar->port};
    size_t before = served_sidecar_resident(sidecar);
    size_t most = before;

    for (size_t i = 0; i < ROUNDS * ARRAY_LENGTH(kinds); i++) {
        size_t kind = i % ARRAY_LENGTH(kinds);
        if (!kinds[kind].begin(&siege)) {
            return false;
        }
        bool measured = measure_round(sidecar, &samples[kind]);
        size_t resident = served_sidecar_resident(sidecar);
        most = resident > most ? resident : most;
        kinds[kind].end(&siege);
        if (!measured) {
            return false;
        }
    }
    printf("  %zu requests of the stream; resident %.1f MiB before, %.1f MiB at most\n",
           siege.streamed, (double)before / 1024, (double)most / 1024);
    return true;
}

int main(void) {
    static struct samples samples[ARRAY_LENGTH(kinds)];
    struct served_sidecar *sidecar = served_sidecar_new();
    double worst = 0;

    sidecar->flag = "--delay-interval=1ms";
    served_sidecar_fill(sidecar, 10);
    printf("A changed manifest, until Prometheus is asked to reload       median       95 %%\n");
    bool measured = served_sidecar_start(sidecar) && run(sidecar, samples);
    served_sidecar_free(sidecar);
    if (!measured) {
        fprintf(stderr, "bench: it could not be measured\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        double ratio = part(&samples[i], 0.5) / part(&samples[0], 0.5);
        print(kinds[i].name, &samples[i]);
        worst = ratio > worst ? ratio : worst;
    }
    printf("  greatest ratio of the medians: %.2f (at most %.0f)\n", worst, RATIO_MAX);
    return worst <= RATIO_MAX ? EXIT_SUCCESS : EXIT_FAILURE;
}
