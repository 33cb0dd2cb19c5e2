/* need.c -- adds up parameters, data, pictures and what is done beside training. */
#include "engine/run/need.h"

#include <omp.h>
#include <sys/resource.h>

#include "engine/data/picture.h"
#include "engine/run/optimizer.h"
#include "engine/run/step.h"

/* Resident of the program and its libraries, with what describes an experiment; and of a thread's
 * stack, on which kernels lay small tiles. */
static const size_t program_bytes = (size_t)9 << 20, thread_bytes = (size_t)400 << 10;

static size_t block_bytes(const struct ug_program *p, const struct ug_store *s)
{
    size_t bytes = s->n_integers * sizeof *s->integers;

    for (int i = 0; i < s->n_blocks; i++)
        bytes += s->blocks[i].n * sizeof(float) * (s->blocks[i].grads ? 2 : 1);
    for (int i = 0; i < p->train.n_optimizers; i++) {
        const struct ug_optimizer_spec *spec = &p->train.optimizers[i];
        bytes += s->blocks[i].n * sizeof(float) * (size_t)ug_optimizer_arrays(spec);
        if (ug_step_tries(&p->train, i))
            bytes += ug_optimizer_trial_bytes(s->blocks[i].n, omp_get_max_threads());
    }
    return bytes;
}

/* Counts samples [0, n) of each entry, read batch by batch. */
static void add_data(struct ug_need *need, int set, const struct ug_dataset *d, int64_t n,
                     int64_t batch)
{
    const size_t kept = ug_dataset_kept(d, n);

    need->pictures += kept;
    need->all_pictures[set] = ug_dataset_kept_freely(d, n);
    need->data += kept + ug_loader_bytes(d, batch, (n + batch - 1) / batch);
}

/* The same for data that somebody else will open; n = 0: all samples. */
static void add_event(struct ug_need *need, int set, const struct ug_event_spec *event,
                      const struct ug_data_spec *spec, int64_t n, int64_t batch)
{
    struct ug_diags *unsaid = ug_diags_new();
    struct ug_dataset *d = event->present && spec->n ? ug_dataset_open(spec, unsaid) : NULL;

    if (d)
        add_data(need, set, d, n ? n : ug_dataset_largest(d), batch);
    ug_dataset_close(d);
    ug_diags_free(unsaid);
}

/* The cells of the grid of samples, and the grid itself. */
static size_t grid_bytes(const struct ug_program *p, const struct ug_dataset *data)
{
    const int64_t rows = p->samples.count, columns = p->samples.n_columns;
    size_t largest = 0;

    for (int i = 0; data && p->samples.event.present && i < p->data.n; i++) {
        const struct ug_type type = ug_dataset_type(data, p->data.entries[i].name);
        const int64_t *dim = type.shape.dim;
        const size_t bytes = type.shape.rank != 3
                                 ? 0
                                 : ug_picture_grid_bytes(rows, columns, dim[1], dim[2]) +
                                       (size_t)(rows * columns) * ug_type_bytes(&type);
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

struct ug_need ug_need_of_steps(const struct ug_program *p, const struct ug_store *store,
                                const struct ug_dataset *data)
{
    struct ug_need need = {
        .blocks = block_bytes(p, store),
        .process = program_bytes + (size_t)omp_get_max_threads() * thread_bytes,
    };

    if (data)
        add_data(&need, 0, data, ug_dataset_largest(data), p->data.batch);
    return need;
}

struct ug_need ug_need_of(const struct ug_program *p, const struct ug_store *store,
                          const struct ug_dataset *data)
{
    const int64_t count = p->samples.count;
    struct ug_need need = ug_need_of_steps(p, store, data);

    add_event(&need, 1, &p->samples.event, &p->samples.data, count, count);
    add_event(&need, 2, &p->validate.event, &p->validate.data, 0, p->data.batch);
    need.data += grid_bytes(p, data);
    return need;
}

size_t ug_peak_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}
