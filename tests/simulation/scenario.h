/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIMULATION_SCENARIO_H
#define TESTS_SIMULATION_SCENARIO_H

/*
 * A history to be played: settings and a list of actions. All chance is in the making of it; what
 * the world does with it depends on nothing else.
 */

#include "base/bytes.h"
#include "controller/controller.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ACTIONS_MAX    400
#define SCENARIO_START INT64_C(1000) /* monotonic milliseconds */

enum action_kind {
    /* the user */
    ACTION_ADD,
    ACTION_EDIT,
    ACTION_MOVE, /* another URL, together with another credential */
    ACTION_ROTATE,
    ACTION_REVERT, /* back to what it was before the last edit */
    ACTION_REMOVE,
    ACTION_REJECT,   /* break the manifest */
    ACTION_PENDING,  /* take the Secret away */
    ACTION_UNSELECT, /* a label takes it out of the selection */
    ACTION_LOSE,     /* its file cannot be read */
    ACTION_MEND,     /* undo the four above */
    ACTION_EXPIRE,   /* what a delicate entry depends on fails */
    ACTION_RENEW,
    ACTION_BASE,
    ACTION_PERSON,     /* in place: a person writes a base without our entries over the output */
    ACTION_RACE,       /* the same, but between the next pass and what it publishes */
    ACTION_RULES,      /* watched files */
    ACTION_TOUCH,      /* a file event and nothing else */
    ACTION_WRITER,     /* a process has files open for writing */
    ACTION_UNREADABLE, /* something cannot be read */
    /* the sidecar */
    ACTION_SIGHUP,
    ACTION_RELOAD_WANTED,
    ACTION_SETTINGS,
    ACTION_SIGTERM, /* a: milliseconds until it is started again */
    ACTION_SIGKILL, /* a: before that effect from now on; b: so many secret files of a publish are
                       written */
    ACTION_DISK_FAULT, /* a: where; b: so many times */
    ACTION_DISK_MEND,
    /* Prometheus */
    ACTION_STOP,    /* it is down for a milliseconds, then starts for b */
    ACTION_VERSION, /* the version that comes up next */
    ACTION_RELOADS, /* a: how reloads are answered from now on; b: milliseconds where they are slow
                     */
    ACTION_RECORD,  /* a: how the record is answered */
    ACTION_BUILDINFO,
    ACTION_OTHER_RELOAD, /* somebody else posts a reload */
    ACTION_CITES,
    ACTION_CLOCK, /* the wall clock steps by a milliseconds */
    ACTION_WAIT,
};
#define ACTION_KINDS 36

enum writer_kind {
    WRITER_NONE,
    WRITER_FILES,
    WRITER_BASE, /* in place: of the output */
};

/* Where writing fails. */
enum disk_fault {
    FAULT_SECRETS,       /* no secret file can be written: ENOSPC */
    FAULT_SECOND_SECRET, /* one can */
    FAULT_CONFIG,        /* ENOSPC */
    FAULT_SYNC,          /* the config is in place, but may not outlast a crash: EIO */
    FAULT_PRUNE,         /* EACCES */
    FAULT_STATE,         /* ENOSPC */
    FAULT_READ_ONLY,     /* all of these: EROFS */
};
#define DISK_FAULTS 7

/* How Prometheus answers a request to reload. */
enum reload_mode {
    MODE_PROMPT,
    MODE_SLOW,        /* a success takes b milliseconds */
    MODE_NEVER,       /* it does not come to an end */
    MODE_LOST,        /* it loads the config, and the connection ends without an answer */
    MODE_LOST_UNREAD, /* the connection ends and nothing is loaded */
    MODE_DENIED,
    MODE_IMPOSSIBLE, /* a fault on the sidecar's side */
};
#define RELOAD_MODES 7

enum record_mode {
    RECORD_MODE_GOOD,
    RECORD_MODE_FAILS,
    RECORD_MODE_HANGS, /* the request times out */
    RECORD_MODE_NONE,
};

enum cites {
    CITES_NOTHING,
    CITES_CULPRITS,
    CITES_WRONGLY,
};

struct action {
    uint32_t wait; /* milliseconds after the action before */
    uint8_t kind;
    uint8_t who;
    int32_t a;
    int32_t b;
};

struct scenario {
    uint64_t seed;
    struct controller_settings settings;
    int prometheus_version;
    int64_t restart_delay; /* of a Prometheus that does not come up */
    int64_t replay;        /* milliseconds of its write-ahead log, at such a restart */
    bool has_file_events;  /* false: only the watch interval finds a change */
    bool has_config;       /* at the start there is an output, which Prometheus runs */
    bool hangs_up;         /* the liveness phase begins with a SIGHUP */
    bool mends_base;
    bool ends_in_liveness;
    unsigned count;
    struct action actions[ACTIONS_MAX];
};

const char *action_name(enum action_kind kind);

/* "edit a bad-parse" */
void action_print(const struct action *action, FILE *out);
/* False: it is none. wait is left alone. */
bool action_parse(char *text, struct action *ret);

/* Of one seed. */
void scenario_make(struct scenario *scenario, uint64_t seed);

void scenario_print_settings(const struct scenario *scenario, FILE *out);
/* A script as trace.h prints it. False, with words on stderr: it is none. */
bool scenario_read(struct scenario *scenario, const char *path);

#endif
