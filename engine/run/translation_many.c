/* translation_many.c -- many pictures through a network: one thread reads ahead, one writes behind,
 * and between them the network gets pictures of one size together. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/queue.h"
#include "engine/base/simd.h"
#include "engine/run/folder.h"
#include "engine/run/translation.h"

enum { MOST_WAITING = 8 << 20 }; /* bytes of values read ahead, and of pictures to be written */

/* ---- Which pictures, in which order ---- */

struct planned {
    const char *from, *to;
    int64_t index; /* in the listing: random draws are those of this step */
    struct ug_extent size, padded;
};

struct many {
    struct ug_translation *t;
    struct planned *plan;
    int64_t n, finished;
    struct ug_queue *read, *made;
    pthread_t reader, writer;
    struct ug_diags *unwritten; /* the writer's own */
};

static int compare_extents(struct ug_extent a, struct ug_extent b)
{
    if (a.height != b.height)
        return a.height < b.height ? -1 : 1;
    return (a.width > b.width) - (a.width < b.width);
}

static int by_size(const void *a, const void *b)
{
    const struct planned *x = a, *y = b;
    const int order = compare_extents(x->size, y->size);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_padded(const void *a, const void *b)
{
    const struct planned *x = a, *y = b;
    const int order = compare_extents(x->padded, y->padded);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static bool same_extent(struct ug_extent a, struct ug_extent b)
{
    return !compare_extents(a, b);
}

/* From the headers; a picture whose header is broken is named, and left out. */
static void find_sizes(struct many *m, const struct ug_listing *list, const char *const *names)
{
    const struct ug_translate_options *o = m->t->options;
    struct ug_picture_info info;

    for (int64_t i = 0; i < list->n; i++) {
        struct planned p = {list->paths[i], names[i], i, {o->height, o->width}, {0}};
        if (!o->height) {
            if (!ug_picture_info(p.from, &info, UG_NOWHERE, m->t->diags))
                continue;
            p.size = (struct ug_extent){info.height, info.width};
        }
        m->plan[m->n++] = p;
    }
}

/* Pictures of a size that the network cannot take are left out, after an error. */
static void find_padding(struct many *m)
{
    int64_t kept = 0;

    qsort(m->plan, (size_t)m->n, sizeof *m->plan, by_size);
    for (int64_t i = 0, end; i < m->n; i = end) {
        struct ug_extent padded;
        const bool fits = ug_translation_pad(m->t, m->plan[i].size, &padded);
        for (end = i; end < m->n && same_extent(m->plan[end].size, m->plan[i].size); end++)
            m->plan[end].padded = padded;
        if (fits)
            memmove(m->plan + kept, m->plan + i, (size_t)(end - i) * sizeof *m->plan);
        kept += fits ? end - i : 0;
    }
    m->n = kept;
    if (m->n)
        qsort(m->plan, (size_t)m->n, sizeof *m->plan, by_padded);
}

static bool make_folders(struct many *m)
{
    const char *before = NULL;
    size_t length = 0;

    for (int64_t i = 0; i < m->n; i++) {
        const char *to = m->plan[i].to;
        const size_t n = (size_t)(strrchr(to, '/') - to);
        if (before && n == length && !memcmp(to, before, n))
            continue;
        if (!ug_folder_make(ug_arena_copy(m->t->arena, to, n), m->t->diags))
            return false;
        ug_file_sweep(to);
        before = to;
        length = n;
    }
    return true;
}

/* ---- The thread that reads ---- */

struct arrival {
    const struct planned *plan;
    float *values; /* [C, H, W], padded; NULL: it could not be read, and `why` says why */
    struct ug_diags *why;
};

static size_t count_values(const struct many *m, struct ug_extent padded)
{
    return (size_t)(m->t->input.shape.dim[1] * padded.height * padded.width);
}

static bool fill_arrival(const struct many *m, struct arrival *a)
{
    const struct planned *plan = a->plan;
    struct ug_picture p;

    if (!ug_translation_read(m->t, plan->from, &p, a->why))
        return false;
    const bool same = p.height == plan->size.height && p.width == plan->size.width;
    if (same) {
        a->values = ug_xcalloc(count_values(m, plan->padded), sizeof(float));
        ug_translation_fill(m->t, &p, plan->padded, a->values);
    } else {
        ug_error(a->why, UG_NOWHERE, "'%s' was changed while it was to be translated", plan->from);
    }
    ug_picture_free(&p);
    return same;
}

static void free_arrival(struct arrival *a)
{
    free(a->values);
    ug_diags_free(a->why);
    free(a);
}

static void *read_ahead(void *many)
{
    struct many *m = many;
    bool wanted = true;

    ug_flush_denormals();
    for (int64_t i = 0; i < m->n && wanted; i++) {
        struct arrival *a = ug_xcalloc(1, sizeof *a);
        *a = (struct arrival){.plan = &m->plan[i], .why = ug_diags_new()};
        const size_t bytes =
            fill_arrival(m, a) ? count_values(m, m->plan[i].padded) * sizeof(float) : 0;
        wanted = ug_queue_put(m->read, a, bytes);
        if (!wanted)
            free_arrival(a);
    }
    ug_queue_close(m->read);
    return NULL;
}

/* ---- The thread that writes ---- */

struct result {
    const char *path;
    struct ug_picture picture;
};

static void *write_behind(void *many)
{
    struct many *m = many;

    for (struct result *r; (r = ug_queue_take(m->made));) {
        ug_picture_write_png(r->path, &r->picture, m->unwritten);
        ug_picture_free(&r->picture);
        free(r);
    }
    return NULL;
}

static void hand_over(struct many *m, const struct planned *plan, int64_t row)
{
    struct result *r = ug_xcalloc(1, sizeof *r);

    r->path = plan->to;
    if (!ug_translation_take(m->t, row, ug_translation_result(m->t, plan->size), &r->picture)) {
        free(r);
        return;
    }
    const struct ug_picture *p = &r->picture;
    ug_queue_put(m->made, r, (size_t)(p->channels * p->height * p->width) * sizeof(float));
}

/* ---- Between them ---- */

/* Takes up to a batch of the `left` pictures of a group, which it counts down; the rows that are
 * filled.  Of a picture that could not be read it says so. */
static int64_t take_rows(struct many *m, const struct planned **rows, int64_t *left)
{
    struct ug_translation *t = m->t;
    const size_t each = count_values(m, t->padded);
    int64_t n = 0;

    for (; *left && n < t->batch; (*left)--) {
        struct arrival *a = ug_queue_take(m->read);
        if (a->values) {
            memcpy(t->values + (size_t)n * each, a->values, each * sizeof(float));
            rows[n++] = a->plan;
        }
        ug_diags_append(t->diags, a->why);
        free_arrival(a);
        m->finished++;
    }
    return n;
}

/* Leaves out n pictures, for which the network cannot be had. */
static void skip_group(struct many *m, int64_t n)
{
    while (n--) {
        struct arrival *a = ug_queue_take(m->read);
        ug_diags_append(m->t->diags, a->why);
        free_arrival(a);
    }
}

/* A group of n pictures that are padded to one size. */
static void translate_group(struct many *m, const struct planned *group, int64_t n)
{
    struct ug_translation *t = m->t;

    if (!ug_translation_fit(t, group->padded, ug_translation_batch(t, group->padded, n))) {
        skip_group(m, n);
        return;
    }
    const struct planned **rows = ug_xcalloc((size_t)t->batch, sizeof *rows);
    while (n && !ug_translation_is_stopped(t)) {
        const int64_t filled = take_rows(m, rows, &n);
        if (filled)
            ug_exec_run(t->view.run.exec, 0, ug_translation_seed(t), (uint64_t)rows[0]->index);
        for (int64_t i = 0; i < filled; i++)
            hand_over(m, rows[i], i);
        if (ug_progress_due(&t->progress, m->finished))
            ug_progress_step(&t->progress, m->finished, "");
    }
    free(rows);
}

static void translate_groups(struct many *m)
{
    for (int64_t i = 0, end; i < m->n && !ug_translation_is_stopped(m->t); i = end) {
        for (end = i + 1; end < m->n && same_extent(m->plan[end].padded, m->plan[i].padded);)
            end++;
        translate_group(m, m->plan + i, end - i);
    }
}

/* ---- Starting and ending the threads ---- */

static bool start(struct many *m)
{
    if (!pthread_create(&m->reader, NULL, read_ahead, m)) {
        if (!pthread_create(&m->writer, NULL, write_behind, m))
            return true;
        ug_queue_close(m->read);
        pthread_join(m->reader, NULL);
    }
    ug_error(m->t->diags, UG_NOWHERE, "cannot start the threads that read and write pictures");
    return false;
}

static void end(struct many *m)
{
    ug_queue_close(m->read);
    ug_queue_close(m->made);
    pthread_join(m->reader, NULL);
    pthread_join(m->writer, NULL);
    ug_diags_append(m->t->diags, m->unwritten);
}

static void run(struct many *m)
{
    m->read = ug_queue_new(MOST_WAITING);
    m->made = ug_queue_new(MOST_WAITING);
    m->unwritten = ug_diags_new();
    m->t->progress.last = m->n;
    if (start(m)) {
        translate_groups(m);
        end(m);
    }
    ug_queue_close(m->read);
    for (struct arrival *a; (a = ug_queue_take(m->read));)
        free_arrival(a);
    if (ug_translation_is_stopped(m->t))
        ug_translation_say_stopped(m->t, m->finished, m->n);
    ug_queue_free(m->read);
    ug_queue_free(m->made);
    ug_diags_free(m->unwritten);
}

bool ug_translation_many(struct ug_translation *t)
{
    struct many m = {.t = t};
    struct ug_listing list;
    const char **names;

    if (!ug_list_pictures(t->arena, t->options->in, &list, UG_NOWHERE, t->diags) ||
        !(names = ug_translation_names(t, &list)))
        return false;
    m.plan = ug_arena_array(t->arena, (size_t)list.n, sizeof *m.plan);
    find_sizes(&m, &list, names);
    find_padding(&m);
    if (m.n && make_folders(&m))
        run(&m);
    return !ug_diags_errors(t->diags);
}
