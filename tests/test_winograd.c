/* test_winograd.c -- Winograd's convolution against plain sums in double precision: odd sizes, few
 * channels, pictures smaller than a tile, tiles cut at the border, several strips, every kind of
 * border. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/random.h"
#include "harness_main.h"
#include "ops/kernels/winograd.h"

/* batch, c, o, height, width, kernel, stride, padding, edges */
static const int cases[][9] = {
    {1, 3, 5, 7, 9, 3, 1, 1, UG_EDGES_ZERO},
    {2, 17, 19, 12, 13, 3, 1, 1, UG_EDGES_REFLECT},
    {5, 3, 1, 4, 4, 3, 1, 1, UG_EDGES_REPLICATE},
    {1, 4, 6, 5, 3, 3, 1, 0, UG_EDGES_ZERO},
    {1, 5, 7, 33, 41, 3, 1, 2, UG_EDGES_ZERO},
    {1, 2, 3, 1, 1, 3, 1, 1, UG_EDGES_ZERO},
    {1, 3, 8, 8, 8, 4, 2, 1, UG_EDGES_ZERO},
    {3, 9, 11, 14, 10, 4, 2, 1, UG_EDGES_REFLECT},
    {2, 3, 4, 6, 6, 4, 2, 0, UG_EDGES_ZERO},
    {1, 2, 2, 9, 9, 4, 2, 3, UG_EDGES_ZERO},
    {1, 8, 8, 130, 110, 3, 1, 1, UG_EDGES_REFLECT}, /* two strips of one picture */
    {2, 4, 8, 130, 110, 4, 2, 1, UG_EDGES_REPLICATE},
    {70, 2, 3, 12, 12, 3, 1, 1, UG_EDGES_ZERO},   /* two strips of several pictures */
    {1, 70, 50, 4, 4, 3, 1, 1, UG_EDGES_REFLECT}, /* one tile, several vectors of channels */
    {5, 33, 65, 11, 18, 3, 1, 1, UG_EDGES_ZERO},
    {1, 300, 20, 6, 7, 3, 1, 1, UG_EDGES_REPLICATE}, /* products in more than one piece */
    {2, 20, 300, 6, 7, 4, 2, 1, UG_EDGES_REFLECT},
    {1, 80, 40, 10, 12, 4, 2, 1, UG_EDGES_ZERO},
    {1, 2, 2, 10, 300, 3, 1, 1, UG_EDGES_REFLECT}, /* rows longer than a band */
    {1, 3, 2, 2, 2, 3, 1, 1, UG_EDGES_REFLECT},    /* a border as wide as the picture */
    {1, 2, 2, 11, 11, 4, 2, 0, UG_EDGES_ZERO},     /* a last row and column that none sees */
};

enum { N_CASES = sizeof cases / sizeof *cases };

static struct ug_conv conv_of_case(int i)
{
    const int *k = cases[i];
    struct ug_conv g = {.batch = k[0],
                        .groups = 1,
                        .c = k[1],
                        .o = k[2],
                        .edges = (enum ug_edges)k[8],
                        .tile = ug_tile_best()};

    for (int d = 0; d < 2; d++) {
        g.in[d] = k[3 + d];
        g.kernel[d] = k[5];
        g.stride[d] = k[6];
        g.padding[d] = k[7];
        g.dilation[d] = 1;
        g.out[d] = (g.in[d] + 2 * g.padding[d] - g.kernel[d]) / g.stride[d] + 1;
    }
    return g;
}

static float *numbers(int64_t n, const char *name)
{
    const struct ug_random r = {.seed = 1, .stream = ug_random_stream(name)};
    float *p = ug_xcalloc((size_t)n, sizeof *p);

    ug_random_normal(&r, 0, n, p);
    return p;
}

/* Memory in which every float is a NaN: what is read before it is written shows. */
static void *filled(size_t bytes)
{
    return memset(ug_xcalloc(1, bytes), 0xff, bytes);
}

/* The pixel that stands at i of an axis of n pixels; -1: a zero. */
static int64_t pixel(int64_t i, int64_t n, enum ug_edges edges)
{
    if (i >= 0 && i < n)
        return i;
    if (edges == UG_EDGES_ZERO)
        return -1;
    if (edges == UG_EDGES_REPLICATE)
        return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * n - 2 - i;
}

/* The three sums by their definition; each may be NULL. */
static void plain(const struct ug_conv *g, const float *x, const float *w, const float *dy,
                  double *y, double *dx, double *dw)
{
    const int64_t kernel = g->kernel[0] * g->kernel[1], out = g->out[0] * g->out[1];

    for (int64_t n = 0; n < g->batch; n++)
        for (int64_t o = 0; o < g->o; o++)
            for (int64_t at = 0; at < out; at++)
                for (int64_t k = 0; k < g->c * kernel; k++) {
                    const int64_t c = k / kernel, s = k % kernel / g->kernel[1],
                                  t = k % g->kernel[1];
                    const int64_t i = pixel(at / g->out[1] * g->stride[0] - g->padding[0] + s,
                                            g->in[0], g->edges);
                    const int64_t j = pixel(at % g->out[1] * g->stride[1] - g->padding[1] + t,
                                            g->in[1], g->edges);
                    const int64_t iy = (n * g->o + o) * out + at, iw = o * g->c * kernel + k;
                    const int64_t ix = ((n * g->c + c) * g->in[0] + i) * g->in[1] + j;

                    if (i < 0 || j < 0)
                        continue;
                    y[iy] += (double)x[ix] * (double)w[iw];
                    dx[ix] += (double)dy[iy] * (double)w[iw];
                    dw[iw] += (double)dy[iy] * (double)x[ix];
                }
}

/* The largest difference may be `most` of the largest true value. */
static void expect_close(const float *got, const double *want, int64_t n, double most,
                         const char *what)
{
    double largest = 0, error = 0;

    for (int64_t i = 0; i < n; i++) {
        const double d = fabs((double)got[i] - want[i]);
        ck_assert_msg(isfinite(d), "%s: not finite at %lld", what, (long long)i);
        error = fmax(error, d);
        largest = fmax(largest, fabs(want[i]));
    }
    ck_assert_msg(error <= most * largest, "%s: off by %g of %g", what, error, largest);
}

/* Operands and true results of a case. */
struct sums {
    int64_t nx, nw, ny;
    float *x, *w, *dy;
    double *y, *dx, *dw;
};

static struct sums sums_of(const struct ug_conv *g)
{
    struct sums s = {.nx = g->batch * g->c * g->in[0] * g->in[1],
                     .nw = g->o * g->c * g->kernel[0] * g->kernel[1],
                     .ny = g->batch * g->o * g->out[0] * g->out[1]};

    s.x = numbers(s.nx, "x");
    s.w = numbers(s.nw, "w");
    s.dy = numbers(s.ny, "dy");
    s.y = ug_xcalloc((size_t)s.ny, sizeof *s.y);
    s.dx = ug_xcalloc((size_t)s.nx, sizeof *s.dx);
    s.dw = ug_xcalloc((size_t)s.nw, sizeof *s.dw);
    plain(g, s.x, s.w, s.dy, s.y, s.dx, s.dw);
    return s;
}

static void free_sums(struct sums *s)
{
    void *const all[] = {s->x, s->w, s->dy, s->y, s->dx, s->dw};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Tiles, and their largest error: twice what these sizes show. */
static const struct width {
    bool (*fits)(const struct ug_conv *g);
    size_t (*scratch)(const struct ug_conv *g);
    void (*forward)(const struct ug_conv *g, const float *x, const float *w, float *y,
                    void *scratch);
    void (*input)(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                  void *scratch);
    void (*weight)(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                   void *scratch);
    double most, most_of_weights; /* whose sums are over a whole picture */
} widths[] = {
    {ug_winograd_fits, ug_winograd_scratch, ug_winograd_forward, ug_winograd_input,
     ug_winograd_weight, 3e-6, 3e-6},
    {ug_winograd_wide_fits, ug_winograd_wide_scratch, ug_winograd_wide_forward,
     ug_winograd_wide_input, ug_winograd_wide_weight, 1e-5, 2e-5},
};

/* With one width of tiles and one of vectors. */
static void expect_sums(const struct ug_conv *g, const struct width *width, const struct sums *s)
{
    float *y = filled((size_t)s->ny * sizeof *y), *dx = filled((size_t)s->nx * sizeof *dx),
          *dw = filled((size_t)s->nw * sizeof *dw);
    void *forward = filled(width->scratch(g)), *input = filled(width->scratch(g)),
         *weight = filled(width->scratch(g));

    width->forward(g, s->x, s->w, y, forward);
    width->input(g, s->dy, s->w, dx, input);
    width->weight(g, s->x, s->dy, dw, weight);
    expect_close(y, s->y, s->ny, width->most, "forward");
    expect_close(dx, s->dx, s->nx, width->most, "to the input");
    expect_close(dw, s->dw, s->nw, width->most_of_weights, "to the weights");

    void *const all[] = {y, dx, dw, forward, input, weight};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

START_TEST(agrees_with_plain_sums)
{
    struct ug_conv g = conv_of_case(_i);
    struct sums s = sums_of(&g);

    ck_assert(ug_winograd_fits(&g));
    for (int i = 0; (g.tile = ug_tile_at(i)); i++)
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
            if (widths[j].fits(&g))
                expect_sums(&g, &widths[j], &s);
    free_sums(&s);
}
END_TEST

START_TEST(leaves_other_convolutions)
{
    struct ug_conv g = conv_of_case(0);

    g.dilation[1] = 2;
    ck_assert(!ug_winograd_fits(&g));
    g = conv_of_case(0);
    g.groups = 2;
    ck_assert(!ug_winograd_fits(&g));
    g = conv_of_case(0);
    g.stride[0] = g.stride[1] = 2;
    ck_assert(!ug_winograd_fits(&g));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("winograd");
    TCase *t = tcase_create("winograd");

    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, agrees_with_plain_sums, 0, N_CASES);
    tcase_add_test(t, leaves_other_convolutions);
    suite_add_tcase(s, t);
    return s;
}
