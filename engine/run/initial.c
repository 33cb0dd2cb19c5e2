/* initial.c -- the values that parameters start from (language.md 3), with the fan rules of
 * torch.nn.init. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"
#include "engine/data/safetensors.h"
#include "engine/run/store.h"

/* ---- Draws ---- */

/* What one parameter draws from. */
static struct ug_random draws_of(const struct ug_param *param, uint64_t seed)
{
    return (struct ug_random){.seed = seed, .stream = ug_random_stream(param->name), .step = 0};
}

static void fill_normal(const struct ug_random *r, double mean, double std, size_t n, float *x)
{
    ug_random_normal(r, 0, (int64_t)n, x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(mean + std * (double)x[i]);
}

static void fill_uniform(const struct ug_random *r, double low, double high, size_t n, float *x)
{
    ug_random_uniform(r, 0, (int64_t)n, x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(low + (high - low) * (double)x[i]);
}

/* A weight [dim0, dim1, …]: fan_in = dim1 * receptive field, fan_out = dim0 * receptive field,
 * also for conv_transpose2d, whose weight is [in, out, kh, kw]. */
static double fan_in(const struct ug_shape *s)
{
    return (double)ug_shape_span(s, 1, s->rank);
}

static double fan_out(const struct ug_shape *s)
{
    return (double)(s->dim[0] * ug_shape_span(s, 2, s->rank));
}

/* Glorot, Bengio 2010. */
static double xavier_std(const struct ug_shape *s, double gain)
{
    return gain * sqrt(2.0 / (fan_in(s) + fan_out(s)));
}

/* He et al. 2015, for a leaky ReLU of that slope. */
static double kaiming_std(const struct ug_shape *s, double slope)
{
    return sqrt(2.0 / (1.0 + slope * slope) / fan_in(s));
}

/* ---- Orthogonal ---- */

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Makes n vectors of length m >= n orthonormal by modified Gram-Schmidt, each cleaned twice.  The
 * diagonal of R is positive, so that Q is uniform among orthogonal matrices (Mezzadri 2007). */
static void orthonormalise(double *q, size_t n, size_t m)
{
    for (size_t i = 0; i < n; i++) {
        double *v = q + i * m;

        for (int pass = 0; pass < 2; pass++)
            for (size_t j = 0; j < i; j++) {
                const double along = dot(v, q + j * m, m);

                for (size_t k = 0; k < m; k++)
                    v[k] -= along * q[j * m + k];
            }
        const double length = sqrt(dot(v, v, m));

        for (size_t k = 0; k < m; k++)
            v[k] /= length;
    }
}

/* Saxe et al. 2014: as a matrix [dim0, rest], rows orthonormal if there are fewer of them, else
 * columns. */
static void fill_orthogonal(const struct ug_random *r, const struct ug_shape *s, double gain,
                            float *x)
{
    const size_t rows = (size_t)s->dim[0], columns = (size_t)ug_shape_span(s, 1, s->rank);
    const bool wide = rows <= columns;
    const size_t n = wide ? rows : columns, m = wide ? columns : rows;
    double *q = ug_xcalloc(n * m, sizeof *q);

    fill_normal(r, 0.0, 1.0, n * m, x);
    for (size_t i = 0; i < n * m; i++)
        q[i] = (double)x[i];
    orthonormalise(q, n, m);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            x[i * columns + j] = (float)(gain * (wide ? q[i * m + j] : q[j * m + i]));
    free(q);
}

/* ---- Files ---- */

/* The tensor of the file that a parameter starts from: its name below the scope. */
static const char *name_in_file(const struct ug_param *param, const char *scope)
{
    const size_t n = strlen(scope);

    if (!n || strncmp(param->name, scope, n) != 0)
        return param->name;
    return param->name[n] == '.' ? param->name + n + 1 : param->role;
}

static bool read_tensor(const struct ug_param *param, const struct ug_safetensors *file, float *x,
                        struct ug_diags *diags)
{
    const struct ug_init *init = &param->init;
    const char *name = name_in_file(param, init->scope);
    const struct ug_stored *t = ug_safetensors_find(file, name);
    char has[UG_SHAPE_TEXT], wants[UG_SHAPE_TEXT];

    if (!t) {
        ug_error(diags, init->pos, "'%s' has no tensor '%s' for the parameter '%s'", init->path,
                 name, param->name);
        return false;
    }
    if (!ug_shape_equal(&t->shape, &param->type.shape)) {
        ug_error(diags, init->pos, "'%s' of '%s' is %s, but the parameter '%s' is %s", name,
                 init->path, ug_shape_text(&t->shape, has), param->name,
                 ug_shape_text(&param->type.shape, wants));
        return false;
    }
    if (!ug_stored_take(t, UG_F32, x)) {
        ug_error(diags, init->pos, "'%s' of '%s' holds %s, not numbers that become float32", name,
                 init->path, t->dtype);
        return false;
    }
    return true;
}

/* A tensor of the file that no parameter below the scope is named after. */
static bool refuse_extras(const struct ug_params *params, const struct ug_init *init,
                          const struct ug_safetensors *file, struct ug_diags *diags)
{
    bool fine = true;

    for (int i = 0; i < ug_safetensors_count(file); i++) {
        const char *name = ug_safetensors_item(file, i)->name;
        bool known = false;

        for (int j = 0; j < params->n && !known; j++)
            known = (!*init->scope || ug_param_is_in(params->items[j], init->scope)) &&
                    !strcmp(name_in_file(params->items[j], init->scope), name);
        if (!known)
            ug_error(diags, init->pos, "'%s' has a tensor '%s' that no parameter below '%s' takes",
                     init->path, name, *init->scope ? init->scope : "the file");
        fine &= known;
    }
    return fine;
}

static bool starts_from_file(const struct ug_param *param)
{
    return param->owner == param && param->init.kind == UG_INIT_FILE;
}

static bool same_file(const struct ug_init *a, const struct ug_init *b)
{
    return !strcmp(a->path, b->path) && !strcmp(a->scope, b->scope);
}

/* All parameters that start from the file and scope of items[first], the first that names them. */
static bool init_from_file(struct ug_store *s, const struct ug_params *params, int first,
                           struct ug_diags *diags)
{
    const struct ug_init *init = &params->items[first]->init;
    struct ug_safetensors *file = ug_safetensors_open(init->path, init->pos, diags);
    bool fine;

    if (!file)
        return false;
    fine = refuse_extras(params, init, file, diags);
    for (int i = first; i < params->n; i++)
        if (starts_from_file(params->items[i]) && same_file(&params->items[i]->init, init))
            fine &= read_tensor(params->items[i], file, s->data[i], diags);
    ug_safetensors_close(file);
    return fine;
}

static bool init_from_files(struct ug_store *s, const struct ug_params *params,
                            struct ug_diags *diags)
{
    bool fine = true;

    for (int i = 0; i < params->n; i++) {
        bool first = starts_from_file(params->items[i]);

        for (int j = 0; j < i && first; j++)
            first = !starts_from_file(params->items[j]) ||
                    !same_file(&params->items[j]->init, &params->items[i]->init);
        if (first)
            fine &= init_from_file(s, params, i, diags);
    }
    return fine;
}

/* ---- All of them ---- */

static bool needs_fans(enum ug_init_kind kind)
{
    return kind >= UG_INIT_XAVIER_UNIFORM && kind <= UG_INIT_ORTHOGONAL;
}

static void scale_to_length_one(size_t n, float *x)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(x[i] / sqrt(sum));
}

static void fill(const struct ug_param *param, uint64_t seed, float *x)
{
    const struct ug_init *init = &param->init;
    const struct ug_shape *shape = &param->type.shape;
    const struct ug_random r = draws_of(param, seed);
    const size_t n = (size_t)ug_shape_count(shape);
    double bound;

    switch (init->kind) {
    case UG_INIT_NORMAL:
        fill_normal(&r, init->a, init->b, n, x);
        break;
    case UG_INIT_UNIFORM:
        fill_uniform(&r, init->a, init->b, n, x);
        break;
    case UG_INIT_XAVIER_UNIFORM:
        bound = sqrt(3.0) * xavier_std(shape, init->a);
        fill_uniform(&r, -bound, bound, n, x);
        break;
    case UG_INIT_XAVIER_NORMAL:
        fill_normal(&r, 0.0, xavier_std(shape, init->a), n, x);
        break;
    case UG_INIT_KAIMING_UNIFORM:
        bound = sqrt(3.0) * kaiming_std(shape, init->a);
        fill_uniform(&r, -bound, bound, n, x);
        break;
    case UG_INIT_KAIMING_NORMAL:
        fill_normal(&r, 0.0, kaiming_std(shape, init->a), n, x);
        break;
    case UG_INIT_ORTHOGONAL:
        fill_orthogonal(&r, shape, init->a, x);
        break;
    case UG_INIT_UNIT_NORMAL:
        fill_normal(&r, 0.0, 1.0, n, x);
        scale_to_length_one(n, x);
        break;
    case UG_INIT_CONSTANT:
        for (size_t i = 0; i < n; i++)
            x[i] = (float)init->a;
        break;
    case UG_INIT_DEFAULT:
    case UG_INIT_FILE:
        break;
    }
}

bool ug_store_init(struct ug_store *s, const struct ug_program *p, uint64_t seed,
                   struct ug_diags *diags)
{
    bool fine = true;

    for (int i = 0; i < p->params->n; i++) {
        const struct ug_param *param = p->params->items[i];

        if (param->owner != param || ug_param_count(param) == 0)
            continue;
        if (param->type.dtype == UG_I64) {
            for (int64_t j = 0; j < ug_param_count(param); j++)
                ((int64_t *)s->data[i])[j] = (int64_t)param->init.a;
        } else if (needs_fans(param->init.kind) && param->type.shape.rank < 2) {
            ug_error(diags, param->init.pos,
                     "this initial value needs a weight with two axes or more, and '%s' has %d",
                     param->name, param->type.shape.rank);
            fine = false;
        } else {
            fill(param, seed, s->data[i]);
        }
    }
    return init_from_files(s, p->params, diags) && fine;
}
