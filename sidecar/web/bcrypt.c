/* SPDX-License-Identifier: Apache-2.0 */

/* A thread for each computation, not libuv's pool: the pool is waited for when the program ends,
 * and a computation cannot be stopped. What the thread touches is the job and, as long as the job
 * is not abandoned, the handle that wakes the loop. */

#include "web/bcrypt.h"

#include "base/memory.h"

#include <crypt.h>
#include <gnutls/gnutls.h>
#include <pthread.h>

#include <errno.h>
#include <stdlib.h>

enum {
    STACK_SIZE = 256 * 1024
};

struct job {
    uv_mutex_t lock;   /* over the three below */
    uv_async_t *woken; /* when it is finished */
    bool finished;
    bool abandoned; /* the thread frees it */

    uv_thread_t thread;
    struct buffer hash;
    struct buffer password;
    bool matches;
};

struct bcrypt {
    uv_async_t async;
    struct job *job; /* NULL: none is under way */
    void (*done)(bool matches, void *context);
    void *context;
};

static void job_free(struct job *job) {
    buffer_free(&job->hash);
    buffer_free(&job->password);
    uv_mutex_destroy(&job->lock);
    free(job);
}

/* A password that libxcrypt takes for too long, or that holds a NUL, has no hash. */
static bool job_matches(struct job *job) {
    struct crypt_data *data = memory_new(1, sizeof(*data));
    const char *hash = buffer_string(&job->hash);
    const char *password = buffer_string(&job->password);
    bool matches = false;

    if (strlen(password) == job->password.length) {
        const char *made = crypt_rn(password, hash, data, sizeof(*data));
        matches = made != NULL && strlen(made) == job->hash.length &&
                  gnutls_memcmp(made, hash, job->hash.length) == 0;
    }
    memory_erase(data, sizeof(*data));
    free(data);
    return matches;
}

static void work(void *argument) {
    struct job *job = argument;

    job->matches = job_matches(job);
    uv_mutex_lock(&job->lock);
    bool abandoned = job->abandoned;
    job->finished = true;
    if (!abandoned) {
        uv_async_send(job->woken);
    }
    uv_mutex_unlock(&job->lock);
    if (abandoned) {
        job_free(job);
    }
}

static void on_finished(uv_async_t *async) {
    struct bcrypt *bcrypt = async->data;
    struct job *job = TAKE_PTR(bcrypt->job);

    if (job == NULL) {
        return;
    }
    uv_thread_join(&job->thread);
    bool matches = job->matches;
    job_free(job);
    bcrypt->done(matches, bcrypt->context);
}

struct bcrypt *bcrypt_new(uv_loop_t *loop, void (*done)(bool matches, void *context),
                          void *context) {
    struct bcrypt *bcrypt = memory_new(1, sizeof(*bcrypt));

    *bcrypt = (struct bcrypt){.done = done, .context = context};
    if (uv_async_init(loop, &bcrypt->async, on_finished) < 0) {
        free(bcrypt);
        return NULL;
    }
    bcrypt->async.data = bcrypt;
    uv_unref((uv_handle_t *)&bcrypt->async);
    return bcrypt;
}

int bcrypt_start(struct bcrypt *bcrypt, const char *hash, struct bytes password) {
    const uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                         .stack_size = STACK_SIZE};
    struct job *job = memory_new(1, sizeof(*job));

    if (uv_mutex_init(&job->lock) < 0) {
        free(job);
        return -ENOMEM;
    }
    job->woken = &bcrypt->async;
    buffer_append_string(&job->hash, hash);
    buffer_append(&job->password, password);
    bcrypt->job = job;
    int error = uv_thread_create_ex(&job->thread, &options, work, job);
    if (error < 0) {
        bcrypt->job = NULL;
        job_free(job);
    }
    return error;
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void abandon(struct job *job) {
    uv_thread_t thread = job->thread;

    /* Once it is abandoned and unlocked, the job may be gone. */
    uv_mutex_lock(&job->lock);
    bool finished = job->finished;
    job->abandoned = true;
    uv_mutex_unlock(&job->lock);
    if (finished) {
        uv_thread_join(&thread);
        job_free(job);
    } else {
        pthread_detach(thread);
    }
}

void bcrypt_close(struct bcrypt *bcrypt) {
    if (bcrypt == NULL) {
        return;
    }
    if (bcrypt->job != NULL) {
        abandon(TAKE_PTR(bcrypt->job));
    }
    uv_close((uv_handle_t *)&bcrypt->async, on_closed);
}
