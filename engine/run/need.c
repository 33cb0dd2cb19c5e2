#include "engine/run/need.h"

#include <omp.h>
#include <sys/resource.h>

#include "engine/data/picture.h"
#include "engine/run/optimizer.h"

/* Resident of the program and its libraries, with what describes an experiment; and of a thread's
 * stack, on which kernels lay small tiles. */
static const size_t program_bytes = (size_t)9 << 20, thread_bytes = (size_t)400 << 10;

/* An ordered step copies what all optimizers but the last change, so that it can be undone. */
static bool is_copied(const struct ug_train_spec *t, int optimizer)
{
    return t->ordered && t->n_order && t->order[t->n_order - 1] != optimizer;
}

static size_t block_bytes(const struct ug_program *p, const struct ug_store *s)
{
    size_t bytes = s->n_integers * sizeof *s->integers;

    for (int i = 0; i < s->n_blocks; i++)
        bytes += s->blocks[i].n * sizeof(float) * (s->blocks[i].grads ? 2 : 1);
    for (int i = 0; i < p->train.n_optimizers; i++) {
        const size_t array = s->blocks[i].n * sizeof(float);
        const size_t kept = (size_t)ug_optimizer_arrays(&p->train.optimizers[i]);
        bytes += array * (kept + (is_copied(&p->train, i) ? kept + 1 : 0));
    }
    return bytes;
}

/* Of samples [0, n) of each entry, read batch by batch. */
static size_t data_bytes(const struct ug_dataset *d, int64_t n, int64_t batch)
{
    return ug_dataset_kept(d, n) + ug_loader_bytes(d, batch, (n + batch - 1) / batch);
}

/* The same for data that somebody else will open; n = 0: all samples. */
static size_t event_bytes(const struct ug_event_spec *event, const struct ug_data_spec *spec,
                          int64_t n, int64_t batch)
{
    struct ug_diags *unsaid = ug_diags_new();
    struct ug_dataset *d = event->present && spec->n ? ug_dataset_open(spec, unsaid) : NULL;
    const size_t bytes = d ? data_bytes(d, n ? n : ug_dataset_largest(d), batch) : 0;

    ug_dataset_close(d);
    ug_diags_free(unsaid);
    return bytes;
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
    return (struct ug_need){
        .blocks = block_bytes(p, store),
        .data = data ? data_bytes(data, ug_dataset_largest(data), p->data.batch) : 0,
        .process = program_bytes + (size_t)omp_get_max_threads() * thread_bytes,
    };
}

struct ug_need ug_need_of(const struct ug_program *p, const struct ug_store *store,
                          const struct ug_dataset *data)
{
    const int64_t count = p->samples.count;
    struct ug_need need = ug_need_of_steps(p, store, data);

    need.data += event_bytes(&p->samples.event, &p->samples.data, count, count) +
                 event_bytes(&p->validate.event, &p->validate.data, 0, p->data.batch) +
                 grid_bytes(p, data);
    return need;
}

size_t ug_need_beside(const struct ug_program *p, const struct ug_store *store,
                      const struct ug_dataset *data)
{
    const struct ug_need n = ug_need_of(p, store, data);

    return n.blocks + n.data + n.process;
}

size_t ug_peak_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}
