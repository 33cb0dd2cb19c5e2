/* axes.c -- from numbers to axes, with errors that say what there is. */
#include "ops/axes.h"

int ug_axis_of(int64_t dim, int rank, struct ug_inference *t)
{
    if (dim >= -rank && dim < rank)
        return (int)(dim < 0 ? dim + rank : dim);
    if (t && rank)
        ug_reject(t, "there is no axis %lld: axes go from %d to %d", (long long)dim, -rank,
                  rank - 1);
    else if (t)
        ug_reject(t, "there is no axis %lld: a scalar has none", (long long)dim);
    return -1;
}

int ug_call_axis(struct ug_call *c, int64_t dim, int rank)
{
    char why[UG_ERROR_TEXT] = "";
    struct ug_inference t = {.error = why};
    const int axis = ug_axis_of(dim, rank, &t);

    if (axis < 0)
        ug_call_fail(c, "%s", why);
    return axis;
}

bool ug_axes_of(const struct ug_ints *dims, int rank, struct ug_axes *axes, struct ug_inference *t)
{
    const bool all = dims->n <= 0;

    for (int i = 0; i < UG_MAX_RANK; i++)
        axes->in[i] = all && i < rank;
    for (int i = 0; i < dims->n; i++) {
        const int axis = ug_axis_of(dims->v[i], rank, t);

        if (axis < 0)
            return false;
        if (axes->in[axis]) {
            if (t)
                ug_reject(t, "axis %lld is named twice", (long long)dims->v[i]);
            return false;
        }
        axes->in[axis] = true;
    }
    return true;
}

bool ug_require_float(struct ug_inference *t)
{
    for (int i = 0; i < t->n_in; i++)
        if (t->in[i].dtype != UG_F32)
            return ug_reject(t, "needs float32 values, not %s", ug_dtype_name(t->in[i].dtype));
    return true;
}
