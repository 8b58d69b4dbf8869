/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIMULATION_WORLD_H
#define TESTS_SIMULATION_WORLD_H

/*
 * The world around one controller: clocks, a disk, a Prometheus, a user. It plays a scenario, step
 * by step: one step is one event that the controller handles, with the effects of it.
 *
 *     world_run.c          time, actions, the two phases
 *     world_user.c         edits manifests, base and watched files
 *     world_sidecar.c      carries effects out, feeds events
 *     world_disk.c         publishes, prunes, saves; can fail
 *     world_prometheus.c   reloads, records, restarts
 *     world_compile.c      from manifests and the ledger to the desired state
 *     world_memory.c       the ledger as integers, and back
 *     invariants.c         what has to hold after each step
 *     liveness.c           what has to hold once faults have stopped
 */

#include "simulation/item.h"
#include "simulation/scenario.h"

#include "base/compiler.h"
#include "controller/controller.h"

#define NEVER          INT64_MAX
#define JOBS_MAX       4
#define CULPRITS_MAX   96
#define VIOLATION_SIZE 400

/* A set of entries with a base, in the order of the config. */
struct config {
    bool exists;
    uint32_t base;
    unsigned count;
    uint32_t items[NAMES];
};

/* An entry and its secret (ABSENT: none). */
struct piece {
    uint32_t item;
    uint32_t secret;
    uint32_t confirmed; /* of an entry of the last known good set: form.confirmed */
};

/* What the ledger holds, and what the state file does. Sorted by name. */
struct memory {
    bool has_good;
    uint32_t base;
    unsigned good_count;
    struct piece good[NAMES];
    unsigned form_count;
    struct piece forms[NAMES]; /* the last good ones */
    unsigned refusal_count;
    struct piece refusals[NAMES];
    uint32_t refused_base; /* ABSENT: none */
    char versions[24];     /* of Prometheus, and the one given */
};

enum manifest_state {
    MANIFEST_GOOD,
    MANIFEST_REJECTED,
    MANIFEST_PENDING,
    MANIFEST_UNSELECTED,
    MANIFEST_LOST,
};

struct manifest {
    bool exists;
    enum manifest_state state;
    struct item item;
    struct secret secret;
    struct item item_before;
    struct secret secret_before;
    bool is_expired; /* what a delicate entry depends on fails */
    int64_t since;   /* it exists, and is selected */
};

struct user {
    struct manifest manifests[NAMES];
    uint32_t base; /* not in place */
    bool has_bad_rules;
    unsigned rules; /* content of the watched files */
    enum writer_kind writer;
    bool is_unreadable;
    bool is_racing; /* a person writes right before the next publication */
    enum base_kind race;
    unsigned revisions;
};

struct disk {
    struct config config;
    int64_t written_at; /* the config */
    uint32_t secrets[PATHS];
    uint32_t faults[DISK_FAULTS]; /* how many times they still happen */
};

enum prometheus_state {
    PROMETHEUS_DOWN,
    PROMETHEUS_STARTING,
    PROMETHEUS_UP,
};

struct reload_job {
    bool has_requester;
    enum reload_mode mode;
    int64_t slow;
};

enum judgement {
    JUDGED_GOOD,
    JUDGED_BAD_PARSE,
    JUDGED_BAD_APPLY,
};

struct judged {
    enum judgement judgement;
    unsigned at;    /* JUDGED_BAD_APPLY: the item */
    unsigned cited; /* a bit for each name */
};

struct prometheus {
    enum prometheus_state state;
    int64_t due; /* of the next state */
    int64_t replay;
    int64_t restart_delay; /* doubles while it does not come up, as that of a kubelet */
    unsigned version;
    unsigned next_version;
    struct config running;
    int64_t running_since;
    unsigned doomed_count; /* queues that were taken over halfway: to start one ends Prometheus */
    uint32_t doomed[NAMES];
    bool was_doomed_needlessly;
    struct reload_record record;
    struct reload_job jobs[JOBS_MAX];
    unsigned job_count;
    int64_t job_due; /* of the first; NEVER while it hangs, or there is none */
    bool is_job_running;
    struct config job_config;
    int64_t job_written_at; /* when that was written */
    bool is_job_of_person;  /* somebody else wrote the config that is loaded */
    struct judged job_judged;
    enum reload_mode mode;
    int64_t slow;
    enum record_mode record_mode;
    bool hides_version;
    enum cites cites;
};

/* A request of the sidecar's. */
struct slot {
    bool is_in_flight;
    int64_t due; /* it arrives, or it times out */
    bool has_arrived;
    int64_t deadline;
};

struct sidecar {
    struct controller *controller; /* NULL: it does not run */
    int64_t start_at;
    struct controller_settings settings;
    struct controller_settings new_settings; /* that the next EFFECT_READ_SETTINGS gives */
    bool has_new_settings;
    struct slot reload;
    struct slot record;
    struct slot version;
    struct form_set *on_disk;        /* what was published last */
    struct form_set *on_disk_before; /* until the controller knows of the next */
    struct desired_state *state;
    unsigned pass_version; /* that passes render for; 0: the newest */
    bool has_passed;
    unsigned rules;     /* of the last pass */
    uint32_t base_read; /* of the last pass that could read it */
    struct memory saved;
    int64_t kill_after; /* so many effects; NEVER */
    int torn;           /* secret files that are written of a publish that is cut off */
    bool is_killed;
    bool is_published_in_full; /* the last publish had no error */
};

/* What the invariants remember. */
struct witness {
    struct piece culprits[CULPRITS_MAX]; /* forms that were bad when Prometheus judged them */
    unsigned culprit_count;
    struct piece
        excused[NAMES];       /* quarantined although good: something outside changed meanwhile */
    struct memory memory;     /* of the last step */
    bool has_outside_changed; /* since the controller was settled on what it loaded after it */
    bool is_loaded_since;
    struct config refused; /* what Prometheus said last of this config is no */
    bool is_refused;
    int64_t plan_since;          /* the plan is not PLAN_DESIRED; NEVER: it is */
    int64_t rotation_due[NAMES]; /* NEVER: none is waited for */
    bool is_record_confused;     /* somebody else's reload is in the record, too */
    /* The sidecar was started anew beside something that the state file does not tell: a config on
     * disk that was not confirmed, or a reload that is running. A limit that docs/architecture.md
     * states; until Prometheus runs what is on disk. */
    bool is_start_blind;
    unsigned version;   /* of Prometheus at the last confirmation */
    bool keeps_refusal; /* a sidecar was started with a refused base in the state file */
    uint64_t reloads;   /* requests sent in the liveness phase */
    uint64_t busy;      /* steps at one instant */
    int64_t busy_at;
};

struct trace;

struct world {
    const struct scenario *scenario;
    struct instant now;
    struct user user;
    struct disk disk;
    struct prometheus prometheus;
    struct sidecar sidecar;
    struct witness witness;
    uint64_t steps;
    unsigned action; /* the next one */
    bool is_mended;  /* the liveness phase */
    int64_t mended_at;
    bool is_violated;
    char violation[VIOLATION_SIZE];
    struct trace *trace; /* NULL: none */
};

/* --- world_run.c --- */

/* Plays the scenario. False: an invariant was violated; its words are in world->violation. Free
 * with world_end. */
bool world_play(struct world *world, const struct scenario *scenario, struct trace *trace);
void world_end(struct world *world);
void world_run_until(struct world *world, int64_t until);
void world_violate(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- world_user.c --- */
void user_act(struct world *world, const struct action *action);
/* In place: before something is published. */
void user_race(struct world *world);

/* --- world_sidecar.c --- */
void sidecar_start(struct world *world);
void sidecar_stop(struct world *world);
void sidecar_forget(struct world *world); /* it is gone, as after SIGKILL */
void sidecar_feed(struct world *world, const struct event *event, const struct effect *by);
/* An event, and all its effects. */
void sidecar_step(struct world *world, const struct event *event);
void sidecar_tell(struct world *world, enum event_kind kind);
int64_t sidecar_due(const struct world *world);
void sidecar_act(struct world *world); /* what is due now */
/* The answer to the request that has arrived. */
void sidecar_answer_reload(struct world *world, struct reload_outcome outcome);

/* --- world_disk.c --- */
struct publish_outcome disk_publish_model(struct world *world, const struct effect *effect);
bool disk_prune_model(struct world *world);
void disk_save_model(struct world *world);
/* In place: a person has written to the output since it was published. */
bool disk_is_of_person(const struct world *world);
bool config_same_set(const struct config *left, const struct config *right);
bool config_has(const struct config *config, uint32_t item);
/* Of that name; ABSENT: none. */
uint32_t config_find(const struct config *config, unsigned name);

/* --- world_prometheus.c --- */
void prometheus_begin(struct world *world);
int64_t prometheus_due(const struct world *world);
void prometheus_act(struct world *world);
void prometheus_stop(struct world *world, int64_t down, int64_t replay);
void prometheus_receive(struct world *world); /* a request to reload arrives */
void prometheus_reload_by_other(struct world *world);
void prometheus_forget_requester(struct world *world);
bool item_is_bad(const struct world *world, uint32_t item, uint32_t secret);

/* --- world_compile.c --- */
struct compiled {
    bool is_mergeable;
    bool is_base_faulty;
    bool is_base_refused;
    uint32_t base;
    unsigned served_count;
    struct piece served[NAMES];
    unsigned outcome_count;
    struct {
        unsigned name;
        enum remote_write_state state;
        bool is_earlier;
    } outcomes[NAMES];
    unsigned lost_count;
    unsigned lost[NAMES];
};
struct compiled compile_model(const struct world *world, const struct memory *memory);
struct pass_outcome pass_model(struct world *world);

/* --- world_memory.c --- */
struct memory memory_read(const struct ledger *ledger);
void memory_load(struct ledger *ledger, const struct memory *memory);
bool memory_same(const struct memory *left, const struct memory *right);
const struct piece *piece_find(const struct piece *pieces, unsigned count, unsigned name);
bool piece_same(const struct piece *left, const struct piece *right);
struct form piece_form(struct arena *arena, struct piece piece);
struct piece form_piece(const struct form *form);
struct config config_of(const struct form_set *set);

/* --- invariants.c --- */
void invariants_note_start(struct world *world);
/* The config is the last known good one of the memory. */
bool memory_is_good_set(const struct memory *memory, const struct config *config);
void invariants_check(struct world *world, const struct event *event);
/* Something outside of manifests changes what Prometheus says of a config. */
void invariants_note_outside(struct world *world);
void invariants_expect_rotation(struct world *world, unsigned name);
void invariants_delay_rotations(struct world *world); /* what kept them from the disk is over */
void invariants_forget(struct world *world);          /* the sidecar is gone */
void invariants_note_judged(struct world *world, const struct config *config);
void invariants_check_loaded(struct world *world, const struct config *loaded, bool is_reload);
void invariants_check_files(struct world *world);
void invariants_note_answer(struct world *world, const struct reload_outcome *outcome,
                            const struct config *config);

/* --- liveness.c --- */
void liveness_mend(struct world *world);
int64_t liveness_bound(const struct world *world);
bool liveness_is_settled(const struct world *world);
void liveness_check(struct world *world);

#endif
