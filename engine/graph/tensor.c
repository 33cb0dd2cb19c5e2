/* tensor.c -- arithmetic of shapes, and their names. */
#include "engine/graph/tensor.h"

#include <stdio.h>
#include <string.h>

struct ug_shape ug_shape_of(int rank, const int64_t *dim)
{
    struct ug_shape s = {.rank = rank};

    for (int i = 0; i < rank; i++)
        s.dim[i] = dim[i];
    return s;
}

struct ug_shape ug_shape_scalar(void)
{
    return (struct ug_shape){.rank = 0};
}

int64_t ug_shape_span(const struct ug_shape *s, int from, int to)
{
    int64_t n = 1;

    for (int i = from; i < to; i++)
        n *= s->dim[i];
    return n;
}

int64_t ug_shape_count(const struct ug_shape *s)
{
    return ug_shape_span(s, 0, s->rank);
}

bool ug_shape_equal(const struct ug_shape *a, const struct ug_shape *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]);
}

bool ug_shape_valid(const struct ug_shape *s)
{
    int64_t n = 1;
    bool empty = false;

    if (s->rank < 0 || s->rank > UG_MAX_RANK)
        return false;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] < 0 || s->dim[i] > UG_MAX_ELEMENTS)
            return false;
        if (s->dim[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(n, s->dim[i], &n) || n > UG_MAX_ELEMENTS)
            return false;
    }
    return empty || n <= UG_MAX_ELEMENTS;
}

bool ug_shape_broadcast(const struct ug_shape *a, const struct ug_shape *b, struct ug_shape *out)
{
    struct ug_shape y = {.rank = a->rank > b->rank ? a->rank : b->rank};

    for (int i = 0; i < y.rank; i++) {
        const int ia = i - (y.rank - a->rank), ib = i - (y.rank - b->rank);
        const int64_t da = ia < 0 ? 1 : a->dim[ia], db = ib < 0 ? 1 : b->dim[ib];

        if (da != db && da != 1 && db != 1)
            return false;
        y.dim[i] = da == 1 ? db : da;
    }
    *out = y;
    return true;
}

size_t ug_dtype_size(enum ug_dtype t)
{
    return t == UG_F32 ? sizeof(float) : sizeof(int64_t);
}

bool ug_type_equal(const struct ug_type *a, const struct ug_type *b)
{
    return a->dtype == b->dtype && ug_shape_equal(&a->shape, &b->shape);
}

size_t ug_type_bytes(const struct ug_type *t)
{
    return (size_t)ug_shape_count(&t->shape) * ug_dtype_size(t->dtype);
}

size_t ug_tensor_bytes(const struct ug_tensor *t)
{
    return (size_t)ug_shape_count(&t->shape) * ug_dtype_size(t->dtype);
}

const char *ug_dtype_name(enum ug_dtype t)
{
    return t == UG_F32 ? "float32" : "int64";
}

char *ug_shape_text(const struct ug_shape *s, char text[UG_SHAPE_TEXT])
{
    int at = snprintf(text, UG_SHAPE_TEXT, "%s", s->rank ? "" : "scalar");

    for (int i = 0; i < s->rank && at < UG_SHAPE_TEXT; i++)
        at += snprintf(text + at, (size_t)(UG_SHAPE_TEXT - at), "%s%lld", i ? "x" : "",
                       (long long)s->dim[i]);
    return text;
}
