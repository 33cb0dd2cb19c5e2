/* normalize_rules.c -- what makes graphs with norms simpler.
 *
 * Normalising takes away again a number that is added to a whole row, such as a convolution's bias
 * before instance_norm or batch_norm.  It changes nothing but the mean, so that it need not be
 * added, and what comes back to it is 0, where summing gives nothing but rounding.
 *
 * A rectifier after the norm reads what the norm's gradient reads, so that both go back in one.
 */
#include "ops/activation.h"
#include "ops/emit.h"
#include "ops/normalize.h"

/* Whether a value of shape `small`, broadcast to `large`, stands still along each row. */
static bool is_one_a_row(const struct ug_norm_attrs *a, const struct ug_shape *small,
                         const struct ug_shape *large)
{
    int first = 0, end = large->rank; /* the axes that a row is one element of */
    int64_t outer = 1, inner = 1;

    while (first < end && outer < a->outer)
        outer *= large->dim[first++];
    while (end > first && inner < a->inner)
        inner *= large->dim[--end];
    if (outer != a->outer || inner != a->inner)
        return false;
    for (int i = 0; i < small->rank; i++) {
        const int axis = large->rank - small->rank + i;

        if ((axis < first || axis >= end) && small->dim[i] != 1)
            return false;
    }
    return true;
}

/* x and the shift b of x + b; false if that is not what n is. */
static bool is_shifted(const struct ug_norm_attrs *a, const struct ug_node *n, struct ug_node **x,
                       struct ug_node **shift)
{
    for (int i = 0; n->op == &ug_op_add && i < 2; i++) {
        *x = n->in[i];
        *shift = n->in[1 - i];
        if (ug_shape_equal(&(*x)->type.shape, &n->type.shape) &&
            is_one_a_row(a, &(*shift)->type.shape, &n->type.shape))
            return true;
    }
    return false;
}

static bool is_stats_of_shifted(const struct ug_node *stats, struct ug_node **x,
                                struct ug_node **shift)
{
    return stats->op == &ug_op_norm_stats && is_shifted(stats->attrs, stats->in[0], x, shift);
}

static struct ug_node *stats_of(struct ug_builder *b, const struct ug_node *like, struct ug_node *x)
{
    return ug_emit(b, &ug_op_norm_stats, like->attrs, &x, 1);
}

struct ug_node *ug_normalize_simplify(struct ug_builder *b, const struct ug_node *n)
{
    const struct ug_node *stats = n->in[1];
    struct ug_node *x, *shift;

    if (!is_stats_of_shifted(stats, &x, &shift) || stats->in[0] != n->in[0])
        return NULL;
    return ug_emit(b, n->op, n->attrs, (struct ug_node *[]){x, stats_of(b, stats, x)}, 2);
}

/* Of the statistics it uses the variance; and it can be a rectifier's way back as well, for it reads
 * what the rectifier read.  A gate repeats its dy where that has fewer axes or ones; a row is whole. */
struct ug_node *ug_normalize_backward_simplify(struct ug_builder *b, const struct ug_node *n)
{
    struct ug_norm_backward_attrs a = *(const struct ug_norm_backward_attrs *)n->attrs;
    struct ug_node *y = n->in[1], *stats = n->in[2], *x, *shift;
    struct ug_node *dy = a.slope == 1 ? ug_let_through(n->in[0], y, &a.slope) : NULL;

    if (is_stats_of_shifted(stats, &x, &shift))
        stats = stats_of(b, stats, x);
    else if (!dy)
        return NULL;
    dy = dy ? ug_expand_to(b, dy, n->type.shape) : n->in[0];
    return ug_emit(b, n->op, &a, (struct ug_node *[]){dy, y, stats}, 3);
}

/* Each row of it has mean 0. */
struct ug_node *ug_normalize_backward_sum(struct ug_builder *b, const struct ug_node *n,
                                          const struct ug_shape *to)
{
    const struct ug_norm_backward_attrs *a = n->attrs;

    return is_one_a_row(&a->norm, to, &n->type.shape) ? ug_filled(b, *to, 0) : NULL;
}

/* The shift moves the mean, and not the variance. */
struct ug_node *ug_track_stats_simplify(struct ug_builder *b, const struct ug_node *n)
{
    const struct ug_track_attrs *a = n->attrs;
    struct ug_node *x, *shift;

    if (n->n_in > 2 || !is_stats_of_shifted(n->in[1], &x, &shift) ||
        ug_shape_count(&shift->type.shape) != n->type.shape.dim[0])
        return NULL;
    return ug_emit(b, n->op, a, (struct ug_node *[]){n->in[0], stats_of(b, n->in[1], x), shift},
                   a->which == 0 ? 3 : 2);
}
