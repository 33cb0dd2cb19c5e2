/* track_stats.c -- the running statistics of batch_norm: see normalize.h. */
#include "ops/normalize.h"

static bool infer_track(struct ug_inference *t)
{
    t->out = t->in[0];
    return (t->in[1].shape.rank == 2 && t->in[0].shape.rank == 1 &&
            t->in[1].shape.dim[0] == t->in[0].shape.dim[0] &&
            (t->n_in == 2 || ug_shape_count(&t->in[2].shape) == t->in[0].shape.dim[0])) ||
           ug_reject(t, "needs a running statistic and statistics of as many rows");
}

static void run_track(const struct ug_kernel *k)
{
    const struct ug_track_attrs *a = k->attrs;
    const int64_t n = k->out.shape.dim[0];
    const float *old = k->in[0].data, *stats = (const float *)k->in[1].data + a->which;
    const float *shift = k->n_in > 2 ? k->in[2].data : NULL;
    float *next = k->out.data;

    for (int64_t i = 0; i < n; i++)
        next[i] = (float)((1 - a->momentum) * old[i] +
                          a->momentum * a->scale * (stats[2 * i] + (shift ? shift[i] : 0.0f)));
}

const struct ug_op ug_op_track_stats = {
    .name = "track_stats",
    .summary = "A running statistic moved towards that of a batch.",
    .formula =
        "next = (1 - momentum) * old + momentum * scale * (stats[:, which] + shift of a mean)",
    .attrs_size = sizeof(struct ug_track_attrs),
    .internal = true,
    .infer = infer_track,
    .run = run_track,
    .why_no_gradient = "a running statistic is no function to differentiate",
    .simplify = ug_track_stats_simplify,
    .in_place = 1,
    .state_input = 1,
    .due_with = 1 << 1, /* the statistics of the batch */
};
