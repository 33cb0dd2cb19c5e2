/* loader.c -- fills a ring of batches in the background.
 *
 * Batches are numbered; number k lives in slot k % SLOTS.  A worker claims the next number whose
 * slot is free, decides under the lock which samples it holds, and reads them outside of it, so
 * that workers share nothing but the dataset, and any number of them gives the same batches.  The
 * slot that the consumer holds is freed by its next call.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/simd.h"
#include "engine/data/order.h"

enum {
    SLOTS = 4,
    WORKERS = 1,
    ALIGNMENT = 64, /* of tensors: a cache line */
    MESSAGE = 4608  /* a path and a reason */
};

enum slot_state { EMPTY, CLAIMED, READY, BROKEN };

struct slot {
    enum slot_state state;
    struct ug_batch batch;
    struct ug_draw *draws;    /* [entry][sample] */
    const char **origin_list; /* [entry][sample]: what batch.origins points into */
    char (*origin_texts)[UG_ORIGIN];
    char message[MESSAGE];     /* BROKEN: why … */
    struct ug_pos message_pos; /* … and where in the user's file */
};

struct ug_loader {
    struct ug_dataset *data;
    struct ug_arena *arena;
    enum ug_drawing drawing;
    int64_t batch, first, last, batches;
    struct ug_sample_order *orders; /* of each entry that is a root, in training */
    struct slot slots[SLOTS];

    pthread_mutex_t lock; /* of what follows, of orders and of slot states */
    pthread_cond_t freed, filled;
    int64_t next_claim, next_handed;
    bool holding, stopping;
    pthread_t workers[WORKERS];
    int n_workers;
    double waited;
};

/* ---- What a batch holds ---- */

static int64_t size_of_batch(const struct ug_loader *l, int64_t number)
{
    const int64_t left = l->last - l->first - number * l->batch;

    return l->drawing == UG_DRAW_TRAINING || left > l->batch ? l->batch : left;
}

static struct ug_draw draw_in_order(const struct ug_loader *l, const struct ug_entry *root,
                                    int64_t number, int64_t j)
{
    const int64_t sample = l->first + number * l->batch + j;

    return (struct ug_draw){.sample = sample % ug_entry_count(root), .crop = {0.5, 0.5}};
}

/* Decides the samples of a batch, for roots and for what follows them.  Called under the lock. */
static void choose_samples(struct ug_loader *l, struct slot *s, int64_t number)
{
    const int64_t n = size_of_batch(l, number);

    for (int i = 0; i < l->data->n; i++) {
        const struct ug_entry *root = l->data->entries[i].root;
        struct ug_sample_order *order = &l->orders[root - l->data->entries];
        s->batch.tensors[i].shape.dim[0] = n;
        for (int64_t j = 0; j < n; j++)
            s->draws[i * l->batch + j] =
                l->drawing == UG_DRAW_TRAINING
                    ? ug_sample_order_draw(order, l->first + number, l->batch, j)
                    : draw_in_order(l, root, number, j);
    }
}

/* ---- Reading ---- */

/* Reads sample j for all that follow `root`.  False when one of them cannot be read; *skip then
 * says whether it may be left out. */
static bool read_together(struct ug_loader *l, struct slot *s, const struct ug_entry *root,
                          int64_t j, bool *skip, struct ug_diags *diags)
{
    for (int i = 0; i < l->data->n; i++) {
        struct ug_entry *e = &l->data->entries[i];
        const struct ug_draw *draw = &s->draws[i * l->batch + j];
        const int64_t item = ug_entry_item(e, draw->sample), at = i * l->batch + j;
        if (e->root != root)
            continue;
        s->origin_list[at] = ug_entry_origin(e, item, s->origin_texts[at]);
        if (!ug_entry_read(l->data, e, draw,
                           (char *)s->batch.tensors[i].data + (size_t)j * ug_type_bytes(&e->type),
                           diags)) {
            s->message_pos = e->spec->path_pos;
            *skip = e->broken;
            return false;
        }
    }
    return true;
}

static void take_next_sample(struct ug_loader *l, struct slot *s, const struct ug_entry *root,
                             int64_t j)
{
    for (int i = 0; i < l->data->n; i++) {
        int64_t *sample = &s->draws[i * l->batch + j].sample;
        if (l->data->entries[i].root == root)
            *sample = (*sample + 1) % ug_entry_count(root);
    }
}

/* Takes what went wrong over into the slot, so that `diags` is empty for the next sample. */
static void take_message(struct slot *s, const struct ug_entry *root, struct ug_diags **diags)
{
    const char *why = ug_diags_first(*diags);

    if (why)
        snprintf(s->message, sizeof s->message, "%s", why);
    else
        snprintf(s->message, sizeof s->message, "none of the samples of '%s' can be read",
                 root->spec->name);
    ug_diags_free(*diags);
    *diags = ug_diags_new();
}

/* A sample that is broken and may be left out gives way to the next one, for all that go together:
 * what is broken is a property of the files, so the same samples are taken whenever the step is
 * run. */
static bool read_sample(struct ug_loader *l, struct slot *s, const struct ug_entry *root, int64_t j,
                        struct ug_diags **diags)
{
    const int64_t count = ug_entry_count(root);
    bool skip = true;

    for (int64_t tried = 0; skip && tried < count; tried++) {
        if (read_together(l, s, root, j, &skip, *diags))
            return true;
        take_message(s, root, diags);
        take_next_sample(l, s, root, j);
    }
    return false;
}

static enum slot_state fill(struct ug_loader *l, struct slot *s, int64_t number,
                            struct ug_diags **diags)
{
    const int64_t n = size_of_batch(l, number);

    for (int i = 0; i < l->data->n; i++) {
        const struct ug_entry *root = &l->data->entries[i];
        for (int64_t j = 0; root->root == root && j < n; j++)
            if (!read_sample(l, s, root, j, diags))
                return BROKEN;
    }
    return READY;
}

/* ---- The background thread ---- */

static bool may_claim(const struct ug_loader *l)
{
    return l->next_claim < l->batches && l->slots[l->next_claim % SLOTS].state == EMPTY;
}

static void *work(void *loader)
{
    struct ug_loader *l = loader;
    struct ug_diags *diags = ug_diags_new();

    ug_flush_denormals();
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->stopping && l->next_claim < l->batches && !may_claim(l))
            pthread_cond_wait(&l->freed, &l->lock);
        if (l->stopping || !may_claim(l))
            break;
        const int64_t number = l->next_claim++;
        struct slot *s = &l->slots[number % SLOTS];
        s->state = CLAIMED;
        choose_samples(l, s, number);
        pthread_mutex_unlock(&l->lock);
        const enum slot_state result = fill(l, s, number, &diags);
        pthread_mutex_lock(&l->lock);
        s->state = result;
        pthread_cond_broadcast(&l->filled);
        if (result == BROKEN)
            break;
    }
    pthread_mutex_unlock(&l->lock);
    ug_diags_free(diags);
    return NULL;
}

/* ---- Starting and stopping ---- */

/* A batch of an entry's samples; its data are NULL when there is no memory for them. */
static struct ug_tensor make_tensor(const struct ug_entry *e, int64_t batch)
{
    struct ug_tensor t = {.dtype = e->type.dtype, .shape.rank = e->type.shape.rank + 1};

    assert(t.shape.rank <= UG_MAX_RANK);
    t.shape.dim[0] = batch;
    memcpy(t.shape.dim + 1, e->type.shape.dim, (size_t)e->type.shape.rank * sizeof(int64_t));
    if (ug_shape_valid(&t.shape)) {
        const size_t lines = ((size_t)batch * ug_type_bytes(&e->type) + ALIGNMENT - 1) / ALIGNMENT;
        t.data = aligned_alloc(ALIGNMENT, lines * ALIGNMENT);
    }
    return t;
}

static bool make_slot(struct ug_loader *l, struct slot *s)
{
    const size_t n = (size_t)l->data->n, samples = n * (size_t)l->batch;
    const char ***origins = ug_arena_array(l->arena, n, sizeof *origins);
    const char **names = ug_arena_array(l->arena, n, sizeof *names);

    s->draws = ug_arena_array(l->arena, samples, sizeof *s->draws);
    s->origin_list = ug_arena_array(l->arena, samples, sizeof *s->origin_list);
    s->origin_texts = ug_arena_array(l->arena, samples, sizeof *s->origin_texts);
    s->batch = (struct ug_batch){.n = l->data->n,
                                 .names = names,
                                 .tensors = ug_arena_array(l->arena, n, sizeof *s->batch.tensors),
                                 .origins = (const char *const *const *)origins};
    for (int i = 0; i < l->data->n; i++) {
        names[i] = l->data->entries[i].spec->name;
        origins[i] = s->origin_list + i * l->batch;
        s->batch.tensors[i] = make_tensor(&l->data->entries[i], l->batch);
        if (!s->batch.tensors[i].data)
            return false;
    }
    return true;
}

static bool make_slots(struct ug_loader *l)
{
    for (int i = 0; i < SLOTS; i++)
        if (!make_slot(l, &l->slots[i]))
            return false;
    return true;
}

static void start_workers(struct ug_loader *l)
{
    while (l->n_workers < WORKERS && pthread_create(&l->workers[l->n_workers], NULL, work, l) == 0)
        l->n_workers++;
}

struct ug_loader *ug_loader_start(struct ug_dataset *d, enum ug_drawing drawing, int64_t batch,
                                  uint64_t seed, int64_t first, int64_t last,
                                  struct ug_diags *diags)
{
    struct ug_loader *l = ug_xcalloc(1, sizeof *l);

    assert(batch > 0 && first >= 0 && last >= first);
    *l = (struct ug_loader){
        .data = d, .drawing = drawing, .batch = batch, .first = first, .last = last};
    l->batches = drawing == UG_DRAW_TRAINING ? last - first : (last - first + batch - 1) / batch;
    l->arena = ug_arena_new();
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->freed, NULL);
    pthread_cond_init(&l->filled, NULL);
    l->orders = ug_arena_array(l->arena, (size_t)d->n, sizeof *l->orders);
    for (int i = 0; i < d->n && drawing == UG_DRAW_TRAINING; i++)
        if (d->entries[i].root == &d->entries[i])
            ug_sample_order_init(&l->orders[i], &d->entries[i], seed);
    const bool fits = make_slots(l);
    if (fits)
        start_workers(l);
    if (l->n_workers)
        return l;
    ug_error(diags, UG_NOWHERE,
             fits ? "cannot start the thread that reads data"
                  : "out of memory for batches of %lld samples",
             (long long)batch);
    ug_loader_stop(l);
    return NULL;
}

void ug_loader_stop(struct ug_loader *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->freed);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->n_workers; i++)
        pthread_join(l->workers[i], NULL);
    for (int i = 0; i < SLOTS; i++)
        for (int k = 0; l->slots[i].batch.tensors && k < l->data->n; k++)
            free(l->slots[i].batch.tensors[k].data);
    for (int i = 0; i < l->data->n; i++)
        ug_sample_order_free(&l->orders[i]);
    pthread_cond_destroy(&l->freed);
    pthread_cond_destroy(&l->filled);
    pthread_mutex_destroy(&l->lock);
    ug_arena_free(l->arena);
    free(l);
}

/* ---- The consumer ---- */

/* Frees the slot that was handed out, waits for the next.  Called under the lock. */
static struct slot *advance(struct ug_loader *l)
{
    if (l->holding) {
        l->slots[(l->next_handed - 1) % SLOTS].state = EMPTY;
        l->holding = false;
        pthread_cond_broadcast(&l->freed);
    }
    struct slot *s = &l->slots[l->next_handed % SLOTS];
    if (s->state != READY && s->state != BROKEN) {
        const double from = ug_now();
        while (s->state != READY && s->state != BROKEN)
            pthread_cond_wait(&l->filled, &l->lock);
        l->waited += ug_now() - from;
    }
    if (s->state == READY) {
        l->holding = true;
        l->next_handed++;
    }
    return s;
}

const struct ug_batch *ug_loader_next(struct ug_loader *l, struct ug_diags *diags)
{
    if (l->next_handed == l->batches)
        return NULL;
    pthread_mutex_lock(&l->lock);
    const struct slot *s = advance(l);
    pthread_mutex_unlock(&l->lock);
    if (s->state == READY)
        return &s->batch;
    ug_error(diags, s->message_pos, "%s", s->message);
    return NULL;
}

size_t ug_loader_bytes(const struct ug_dataset *d, int64_t batch, int64_t batches)
{
    const double slots = batches < SLOTS ? (double)batches : SLOTS;
    double bytes = 0;

    for (int i = 0; i < d->n; i++)
        bytes += slots * (double)batch * (double)ug_type_bytes(&d->entries[i].type);
    return bytes < (double)SIZE_MAX / 2 ? (size_t)bytes : SIZE_MAX / 2;
}

double ug_loader_waited(const struct ug_loader *l)
{
    return l->waited;
}
