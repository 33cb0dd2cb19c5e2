/* queue.c -- a list under a lock, whose two ends wait for each other. */
#include "engine/base/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/base/arena.h"

struct link {
    void *item;
    size_t bytes;
    struct link *next;
};

struct ug_queue {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct link *first, *last;
    size_t bytes, most;
    bool closed;
};

struct ug_queue *ug_queue_new(size_t most)
{
    struct ug_queue *q = ug_xcalloc(1, sizeof *q);

    q->most = most;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, NULL);
    return q;
}

void ug_queue_free(struct ug_queue *q)
{
    if (!q)
        return;
    assert(!q->first);
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static void append(struct ug_queue *q, void *item, size_t bytes)
{
    struct link *link = ug_xcalloc(1, sizeof *link);

    *link = (struct link){.item = item, .bytes = bytes};
    if (q->first)
        q->last->next = link;
    else
        q->first = link;
    q->last = link;
    q->bytes += bytes;
}

static void *take_first(struct ug_queue *q)
{
    struct link *link = q->first;
    void *item = link->item;

    q->first = link->next;
    q->bytes -= link->bytes;
    free(link);
    return item;
}

bool ug_queue_put(struct ug_queue *q, void *item, size_t bytes)
{
    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->first && (bytes > q->most || q->bytes > q->most - bytes))
        pthread_cond_wait(&q->changed, &q->lock);
    const bool put = !q->closed;
    if (put)
        append(q, item, bytes);
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return put;
}

void *ug_queue_take(struct ug_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->closed && !q->first)
        pthread_cond_wait(&q->changed, &q->lock);
    void *item = q->first ? take_first(q) : NULL;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return item;
}

void ug_queue_close(struct ug_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}
