/* SPDX-License-Identifier: Apache-2.0 */

/* Reads /proc/self through descriptors that were opened early: the sandbox judges opening, not
 * reading. */

#include "web/process.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    TEXT_SIZE = 4096,
    NETWORK_SIZE = 64 * 1024, /* some 5 KiB today */
    START_TIME_FIELD = 22,    /* of /proc/self/stat, counted from 1; proc(5) */
    NAME_FIELD = 2
};

struct process_source {
    DIR *files;  /* /proc/self/fd; NULL: not there */
    int memory;  /* /proc/self/statm; -1 */
    int network; /* /proc/self/net/netstat; -1 */
    uint64_t failures;
    double start; /* seconds; 0: unknown */
};

static bool read_text(int descriptor, char *out) {
    ssize_t length = pread(descriptor, out, TEXT_SIZE - 1, 0);

    out[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static bool read_file(const char *path, char *out) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool read = descriptor >= 0 && read_text(descriptor, out);

    if (descriptor >= 0) {
        close(descriptor);
    }
    return read;
}

/* Clock ticks from boot to the start of the process. */
static bool start_ticks(double *ret) {
    char text[TEXT_SIZE];
    const char *at = NULL;

    if (read_file("/proc/self/stat", text)) {
        at = strrchr(text, ')'); /* the name may hold anything */
    }
    for (unsigned field = NAME_FIELD; at != NULL && field < START_TIME_FIELD; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at == NULL) {
        return false;
    }
    *ret = strtod(at, NULL);
    return true;
}

static double start_time(void) {
    char line[TEXT_SIZE];
    double ticks = 0;
    double boot = 0;
    FILE *file = fopen("/proc/stat", "re"); /* long where there are many processors */

    while (file != NULL && boot <= 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "btime ", 6) == 0) {
            boot = strtod(line + 6, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return boot > 0 && start_ticks(&ticks) ? boot + ticks / (double)sysconf(_SC_CLK_TCK) : 0;
}

struct process_source *process_source_new(void) {
    struct process_source *source = memory_new(1, sizeof(*source));

    source->files = opendir("/proc/self/fd");
    source->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    source->network = open("/proc/self/net/netstat", O_RDONLY | O_CLOEXEC);
    source->start = start_time();
    return source;
}

void process_source_free(struct process_source *source) {
    if (source == NULL) {
        return;
    }
    if (source->files != NULL) {
        closedir(source->files);
    }
    if (source->memory >= 0) {
        close(source->memory);
    }
    if (source->network >= 0) {
        close(source->network);
    }
    free(source);
}

static uint64_t count_files(DIR *files) {
    uint64_t count = 0;
    const struct dirent *entry = NULL;

    rewinddir(files);
    while ((entry = readdir(files)) != NULL) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    return count;
}

static uint64_t limit_of(int resource) {
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) {
        return UINT64_MAX;
    }
    return limit.rlim_cur;
}

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The line that begins so, and the next one of the same name: names, then values. NULL: not there.
 */
static const char *line_of(const char *text, const char *name) {
    while (text != NULL && strncmp(text, name, strlen(name)) != 0) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return text;
}

static size_t word_length(const char *at) {
    return strcspn(at, " \n");
}

/* The value below this name. */
static bool column_of(const char *names, const char *values, const char *name, uint64_t *ret) {
    while (*names != '\n' && *names != '\0' && *values != '\n' && *values != '\0') {
        size_t length = word_length(names);
        if (length == strlen(name) && strncmp(names, name, length) == 0) {
            char *end = NULL;
            *ret = strtoull(values, &end, 10);
            return end != values;
        }
        names += length + strspn(names + length, " ");
        values += word_length(values) + strspn(values + word_length(values), " ");
    }
    return false;
}

bool network_octets_parse(const char *text, uint64_t *ret_received, uint64_t *ret_sent) {
    static const char prefix[] = "IpExt: ";
    const char *names = line_of(text, prefix);
    const char *next = names != NULL ? strchr(names, '\n') : NULL;
    const char *values = next != NULL ? line_of(next + 1, prefix) : NULL;

    return values != NULL && column_of(names, values, "InOctets", ret_received) &&
           column_of(names, values, "OutOctets", ret_sent);
}

/* The kernel hands such a file out by pages. */
static void read_network(const struct process_source *source, struct process_figures *figures) {
    CLEANUP(buffer_free) struct buffer text = {0};
    ssize_t count = 1;

    while (source->network >= 0 && count > 0 && text.length < NETWORK_SIZE) {
        count =
            pread(source->network, buffer_reserve(&text, TEXT_SIZE), TEXT_SIZE, (off_t)text.length);
        text.length += count > 0 ? (size_t)count : 0;
    }
    figures->network_known =
        network_octets_parse(buffer_string(&text), &figures->received_bytes, &figures->sent_bytes);
}

void process_source_read(struct process_source *source, struct process_figures *ret) {
    struct process_figures figures = {.start_seconds = source->start};
    char text[TEXT_SIZE];
    struct rusage usage = {0};

    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    }
    figures.max_files = limit_of(RLIMIT_NOFILE);
    figures.max_virtual_bytes = limit_of(RLIMIT_AS);
    if (source->files != NULL && source->memory >= 0 && source->start > 0 &&
        read_text(source->memory, text)) {
        char *end = NULL;
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        figures.virtual_bytes = strtoull(text, &end, 10) * page;
        figures.resident_bytes = strtoull(end, NULL, 10) * page;
        figures.open_files = count_files(source->files);
        figures.known = true;
    }
    read_network(source, &figures);
    source->failures += figures.known && figures.network_known ? 0 : 1;
    figures.failures = source->failures;
    *ret = figures;
}
