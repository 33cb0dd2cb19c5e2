/* reporter.c -- the thread, and how long it rests. */
#include "engine/report/reporter.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/report/page.h"

enum { LOWEST = 19 }; /* priority, by nice */

static const double first_rest = 2, least_rest = 10, rest_a_megabyte = 10; /* seconds */
static const double look = 0.5;                                            /* seconds */
static const double share = 1.0 / 200;                                     /* of the time */

struct ug_reporter {
    const char *run;
    pthread_t thread;
    atomic_bool news; /* without a lock: training must not wait for a thread of low priority */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool ending; /* under the lock */
};

static size_t write_page(const struct ug_reporter *r, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const size_t bytes =
        ug_page_write(ug_arena_format(a, "%s/report.html", r->run), &r->run, 1, diags);

    ug_arena_free(a);
    return bytes;
}

/* A page that cannot be written now may be so later: only the last one is complained about. */
static double write_and_time(const struct ug_reporter *r)
{
    struct ug_diags *unsaid = ug_diags_new();
    const double began = ug_now();
    const double megabytes = 1e-6 * (double)write_page(r, unsaid);
    const double rest = (ug_now() - began) / share;

    ug_diags_free(unsaid);
    return rest > least_rest + rest_a_megabyte * megabytes
               ? rest
               : least_rest + rest_a_megabyte * megabytes;
}

/* Under the lock.  Comes back early when the run ends. */
static void rest(struct ug_reporter *r, double seconds)
{
    const double until = ug_now() + seconds;
    const time_t whole = (time_t)until;
    const struct timespec deadline = {whole, (long)(1e9 * (until - (double)whole))};

    while (!r->ending && ug_now() < until)
        pthread_cond_timedwait(&r->ended, &r->lock, &deadline);
}

static void *work(void *reporter)
{
    struct ug_reporter *r = reporter;

    setpriority(PRIO_PROCESS, (id_t)gettid(), LOWEST); /* Linux keeps it for each thread */
    pthread_mutex_lock(&r->lock);
    rest(r, first_rest);
    while (!r->ending) {
        double seconds = look;
        if (atomic_exchange(&r->news, false)) {
            pthread_mutex_unlock(&r->lock);
            seconds = write_and_time(r);
            pthread_mutex_lock(&r->lock);
        }
        rest(r, seconds);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Signals are for the thread that trains. */
static bool start_thread(struct ug_reporter *r)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool started = !pthread_create(&r->thread, NULL, work, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct ug_reporter *ug_reporter_start(const char *run)
{
    struct ug_reporter *r = ug_xcalloc(1, sizeof *r);
    pthread_condattr_t monotonic;

    r->run = run;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start_thread(r))
        return r;
    pthread_cond_destroy(&r->ended);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return NULL;
}

void ug_reporter_tell(struct ug_reporter *r)
{
    if (r)
        atomic_store(&r->news, true);
}

void ug_reporter_stop(struct ug_reporter *r, struct ug_diags *diags)
{
    struct ug_diags *own = ug_diags_new();

    if (r) {
        pthread_mutex_lock(&r->lock);
        r->ending = true;
        pthread_cond_signal(&r->ended);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
        if (!write_page(r, own))
            ug_warning(diags, UG_NOWHERE, "there is no report of the run: %s", ug_diags_first(own));
        pthread_cond_destroy(&r->ended);
        pthread_mutex_destroy(&r->lock);
        free(r);
    }
    ug_diags_free(own);
}
