/* gradcheck_derivatives.c -- directions, differences, and whether they agree with gradients. */
#include "engine/run/gradcheck_derivatives.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"

enum { POINTS = 2 }; /* that are tried after the first */

static const double tolerance = 1e-6;  /* of the derivative */
static const double vague = 1e-3;      /* differences that vary by more than this say nothing */
static const double nudge = 1e-3;      /* the point lies this far beside the parameters */
static const double least_size = 0.01; /* of a parameter's elements, where they are smaller */

/* ---- Parameters and directions ---- */

static float *values_of(const struct ug_loss_setting *s, const struct ug_param *p)
{
    return s->store->data[p->index];
}

/* Typical size of a parameter's elements: steps are in proportion to it. */
static double size_of(const struct ug_loss_setting *s, const struct ug_param *p)
{
    const float *x = values_of(s, p);
    double sum = 0;

    for (int64_t i = 0; i < ug_param_count(p); i++)
        sum += (double)x[i] * (double)x[i];
    sum = sqrt(sum / (double)(ug_param_count(p) ? ug_param_count(p) : 1));
    return sum > least_size ? sum : least_size;
}

/* A random direction over a group, each parameter's part in proportion to its size. */
static float **make_direction(const struct ug_loss_setting *s, const struct ug_param_group *g,
                              uint64_t number)
{
    float **v = ug_xcalloc((size_t)g->n, sizeof(*v));

    for (int k = 0; k < g->n; k++) {
        const struct ug_param *p = g->params[k];
        const struct ug_random r = {
            .seed = s->now.seed, .stream = ug_random_stream(p->name) + 1, .step = number};
        const double size = size_of(s, p);
        v[k] = ug_xcalloc((size_t)ug_param_count(p), sizeof **v);
        ug_random_normal(&r, 0, ug_param_count(p), v[k]);
        for (int64_t i = 0; i < ug_param_count(p); i++)
            v[k][i] = (float)((double)v[k][i] * size);
    }
    return v;
}

static void free_direction(const struct ug_param_group *g, float **v)
{
    for (int k = 0; k < g->n; k++)
        free(v[k]);
    free(v);
}

static float **copy_values(const struct ug_loss_setting *s, const struct ug_param_group *g)
{
    float **copy = ug_xcalloc((size_t)g->n, sizeof(*copy));

    for (int k = 0; k < g->n; k++) {
        const size_t n = (size_t)ug_param_count(g->params[k]);
        copy[k] = ug_xcalloc(n, sizeof **copy);
        memcpy(copy[k], values_of(s, g->params[k]), n * sizeof **copy);
    }
    return copy;
}

/* p = p0 + h v */
static void move(const struct ug_loss_setting *s, const struct ug_param_group *g, float *const *p0,
                 float *const *v, double h)
{
    for (int k = 0; k < g->n; k++) {
        float *p = values_of(s, g->params[k]);
        for (int64_t i = 0; i < ug_param_count(g->params[k]); i++)
            p[i] = (float)((double)p0[k][i] + h * (double)v[k][i]);
    }
}

void ug_step_aside(const struct ug_loss_setting *s, struct ug_param *const *params, int n,
                   uint64_t number)
{
    const struct ug_param_group g = {params, NULL, n};
    float **p0 = copy_values(s, &g), **v = make_direction(s, &g, ~number);

    move(s, &g, p0, v, nudge);
    free_direction(&g, p0);
    free_direction(&g, v);
}

/* ---- Both derivatives ---- */

/* Along v; *spread: the standard deviation over directions like v. */
static double analytic(const struct ug_loss_setting *s, const struct ug_param_group *g,
                       float *const *v, double *spread)
{
    double sum = 0, square = 0;

    for (int k = 0; k < g->n; k++) {
        const double size = size_of(s, g->params[k]);
        for (int64_t i = 0; g->grads[k] && i < ug_param_count(g->params[k]); i++) {
            const double d = (double)g->grads[k][i];
            sum += d * (double)v[k][i];
            square += d * size * (d * size);
        }
    }
    *spread = sqrt(square);
    return sum;
}

struct line { /* through the point, along v */
    const struct ug_param_group *group;
    struct ug_loss *loss;
    float **p0, **v;
};

static struct line line_of(struct ug_loss *loss, const struct ug_param_group *g, uint64_t number)
{
    return (struct line){g, loss, copy_values(loss->setting, g),
                         make_direction(loss->setting, g, number)};
}

static void free_line(struct line *l)
{
    free_direction(l->group, l->p0);
    free_direction(l->group, l->v);
}

static double difference(const struct line *l, double h, bool still)
{
    move(l->loss->setting, l->group, l->p0, l->v, h);
    const double ahead = ug_loss_value(l->loss, still);
    move(l->loss->setting, l->group, l->p0, l->v, -h);
    const double behind = ug_loss_value(l->loss, still);
    move(l->loss->setting, l->group, l->p0, l->v, 0);
    return (ahead - behind) / (2 * h);
}

/* Large steps bend with the loss and cross its kinks, tiny ones drown in rounding; between them
 * lies a plateau, where a step and one of a tenth of it agree best.  A kink right beside the point
 * makes a plateau of its own, so smaller steps are tried until the gradient is met. */
static void find_numeric(const struct line *l, struct ug_comparison *r)
{
    static const double steps[] = {1e-5, 1e-6, 1e-7, 1e-8, 1e-9};
    double before = INFINITY;

    r->bar = INFINITY;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const double now = difference(l, steps[i], true);
        const bool met = fabs(now - r->analytic) <= 0.1 * tolerance * r->scale;
        if (i == 0 || met || !(fabs(now - before) >= r->bar)) {
            r->bar = met ? 0 : i == 0 ? INFINITY : fabs(now - before);
            r->numeric = now;
        }
        if (met)
            break;
        before = now;
    }
    r->scale = fmax(r->scale, fabs(r->numeric));
}

double ug_derivative_error(const struct ug_comparison *r)
{
    const double error = fabs(r->analytic - r->numeric);

    return r->scale > 0 ? error / r->scale : error;
}

enum ug_agreement ug_derivative_judge(const struct ug_comparison *r)
{
    const double error = ug_derivative_error(r), bar = r->scale > 0 ? r->bar / r->scale : 0;

    if (!isfinite(error) || error > fmax(tolerance, 3 * bar))
        return UG_DIFFERS;
    return bar > vague ? UG_UNCLEAR : UG_AGREES;
}

double ug_derivative_held_back(struct ug_loss *loss, const struct ug_param_group *g, double *whole)
{
    const double step = 1e-6;
    struct line l = line_of(loss, g, 0);

    *whole = difference(&l, step, false);
    const double back = *whole - difference(&l, step, true);
    free_line(&l);
    return back;
}

static struct ug_comparison compare_here(struct ug_loss *loss, const struct ug_param_group *g,
                                         double floor, uint64_t number)
{
    struct ug_comparison r = {0};
    struct line l = line_of(loss, g, number);
    double spread;

    r.analytic = analytic(loss->setting, g, l.v, &spread);
    r.scale = fmax(floor, fmax(spread, fabs(r.analytic)));
    find_numeric(&l, &r);
    free_line(&l);
    return r;
}

/* A wrong gradient is wrong everywhere, while a kink is nowhere twice: what differs is tried again
 * from points a little farther on. */
struct ug_comparison ug_derivative_compare(struct ug_loss *loss, const struct ug_param_group *g,
                                           double floor, uint64_t number)
{
    struct ug_comparison r = compare_here(loss, g, floor, number);

    for (uint64_t again = 1; again <= POINTS && ug_derivative_judge(&r) != UG_AGREES; again++) {
        ug_step_aside(loss->setting, g->params, g->n, number + again);
        ug_loss_gradient(loss);
        r = compare_here(loss, g, floor, number);
    }
    return r;
}
