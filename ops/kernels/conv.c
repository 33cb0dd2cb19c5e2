/* conv.c -- the algorithms for convolutions, what each should cost, and the choice among them. */
#include "ops/kernels/conv.h"

#include "ops/kernels/conv_columns.h"
#include "ops/kernels/conv_doubled.h"
#include "ops/kernels/conv_panels.h"
#include "ops/kernels/conv_taps.h"
#include "ops/kernels/cut.h"
#include "ops/kernels/pad.h"
#include "ops/kernels/winograd.h"

/* ---- Costs ---- */

/* Measured on one core of a Zen 5 at about 4 GHz; only their ratios matter.  Products of matrices
 * and Winograd's transforms go with the width of vectors, the rest with the speed of caches. */
enum cost {
    PANELS_RATE,
    PACKING_RATE,
    READING_RATE,
    GATHER_RATE,
    SCATTER_RATE,
    TAPS_RATE,
    PRODUCTS_RATE,
    TRANSFORM_RATE,
    WEIGHTS_RATE,
    MOVING_RATE
};

const struct ug_cost ug_conv_costs[] = {
    [PANELS_RATE] = {"panels_rate", "operations a second and lane of products in panels", 13e9},
    [PACKING_RATE] = {"packing_rate", "floats a second of weights that are packed", 1.2e9},
    [READING_RATE] = {"reading_rate", "floats a second of weights that are read once", 4e9},
    [GATHER_RATE] = {"gather_rate", "floats a second of pictures that are packed", 20e9},
    [SCATTER_RATE] = {"scatter_rate", "floats a second added to the pixels they belong to", 1.5e9},
    [TAPS_RATE] = {"taps_rate", "floats a second added in lines to their places", 7e9},
    [PRODUCTS_RATE] = {"products_rate", "the same of Winograd's products", 14e9},
    [TRANSFORM_RATE] = {"transform_rate", "floats a second and lane of its 4x4 tiles", 0.33e9},
    [WEIGHTS_RATE] = {"weights_rate", "floats a second and lane of its weights", 1.1e9},
    [MOVING_RATE] = {"moving_rate", "floats a second to another order in memory", 0.6e9},
    {NULL, NULL, 0},
};

static double rate(enum cost c)
{
    return ug_conv_costs[c].value;
}

static double lanes(const struct ug_conv *g)
{
    return (double)g->tile->cols / 2;
}

static double products_seconds(const struct ug_conv *g, double products)
{
    return 2.0 * products / (rate(PANELS_RATE) * lanes(g));
}

static double weights_of(const struct ug_conv *g)
{
    return (double)(g->groups * g->o * g->c * g->kernel[0] * g->kernel[1]);
}

/* Numbers that are packed for products with m channels: each position with all of its taps, unless
 * they are read in place (conv_gather.c). */
static double gathered(const struct ug_conv *g, enum ug_conv_side side, int64_t m)
{
    const bool back = side == UG_CONV_INPUT;
    const int64_t border = g->edges == UG_EDGES_ZERO ? 0 : g->padding[1];
    const int64_t width = back ? g->in[1] + 2 * border : g->out[1];
    const bool in_place = m <= g->tile->rows / 2 && g->stride[1] == 1 && width % g->tile->cols == 0;

    return side == UG_CONV_WEIGHT || in_place
               ? 0.0
               : weights_of(g) / (double)m * (double)(g->batch * g->out[0] * g->out[1]);
}

/* Channels of results fill tiles, or half of one; padding that is no zeros is a copy of the picture. */
static double panels_seconds(const struct ug_conv *g, enum ug_conv_side side)
{
    const int64_t half = g->tile->rows / 2, m = side == UG_CONV_INPUT ? g->c : g->o;
    const double filled = (double)m / (double)(ug_ceil_div(m, half) * half);
    const double padded = g->edges == UG_EDGES_ZERO
                              ? 0.0
                              : (double)(g->batch * g->groups * g->c * g->in[0] * g->in[1]);

    return products_seconds(g, weights_of(g) * (double)(g->batch * g->out[0] * g->out[1])) /
               (side == UG_CONV_WEIGHT ? 1.0 : filled) +
           gathered(g, side, m) / rate(GATHER_RATE) +
           weights_of(g) / rate(side == UG_CONV_INPUT ? PACKING_RATE : READING_RATE) +
           padded / rate(MOVING_RATE);
}

/* Positions in whole tiles, in another order. */
static double columns_seconds(const struct ug_conv *g, enum ug_conv_side side)
{
    const int64_t rows = g->tile->rows, positions = g->batch * g->out[0] * g->out[1];
    const double columns = (double)(g->c * g->kernel[0] * g->kernel[1]);

    (void)side;
    return products_seconds(g, weights_of(g) * (double)(ug_ceil_div(positions, rows) * rows)) +
           weights_of(g) / rate(READING_RATE) + (double)positions * columns / rate(SCATTER_RATE) +
           (double)(positions * g->o) / rate(MOVING_RATE);
}

static double taps_seconds(const struct ug_conv *g, enum ug_conv_side side)
{
    const bool back = side == UG_CONV_INPUT;

    return products_seconds(g, ug_taps_products(g, back)) +
           ug_taps_moved(g, back) / rate(TAPS_RATE);
}

/* Tiles of 4 x across results: products over whole vectors of channels and half rows of tiles;
 * transforms of tiles on both sides, where each number is a sum over as many terms as there are
 * results along an axis, and of weights. */
static double tiles_seconds(const struct ug_conv *g, int64_t across)
{
    const int64_t taps = g->kernel[0] / g->stride[0], phases = g->stride[0] * g->stride[1];
    const int64_t vector = g->tile->cols / 2, half = g->tile->rows / 2;
    const int64_t tiles = g->batch * ug_ceil_div(g->out[0], 4) * ug_ceil_div(g->out[1], across);
    const double points = (double)((4 + taps - 1) * (across + taps - 1)),
                 depth = (double)(phases * ug_ceil_div(g->c, vector) * vector),
                 o = (double)(ug_ceil_div(g->o, vector) * vector),
                 padded = (double)(ug_ceil_div(tiles, half) * half),
                 terms = (double)(4 + across) / 8;

    return points *
           (2.0 * depth * o * padded / rate(PRODUCTS_RATE) +
            padded * (depth + o) * terms / rate(TRANSFORM_RATE) + depth * o / rate(WEIGHTS_RATE)) /
           lanes(g);
}

static double winograd_seconds(const struct ug_conv *g, enum ug_conv_side side)
{
    (void)side;
    return tiles_seconds(g, 4);
}

static double winograd_wide_seconds(const struct ug_conv *g, enum ug_conv_side side)
{
    (void)side;
    return tiles_seconds(g, 8);
}

/* The phases, and interleaving them; weights are summed. */
static double doubled_seconds(const struct ug_conv *g, enum ug_conv_side side)
{
    const struct ug_conv p = ug_doubled_phases(g);

    return ug_conv_seconds(&p, side, ug_conv_choose(&p, side)) +
           (double)(g->batch * g->o * g->out[0] * g->out[1] + p.o * p.c * 9) / rate(MOVING_RATE);
}

/* ---- Pictures with a border of their own ---- */

/* The same convolution of pictures that have been padded before. */
static struct ug_conv padded(const struct ug_conv *g)
{
    struct ug_conv p = *g;

    for (int d = 0; d < 2; d++) {
        p.in[d] += 2 * g->padding[d];
        p.padding[d] = 0;
    }
    p.edges = UG_EDGES_ZERO;
    return p;
}

static struct ug_tensor pictures(const struct ug_conv *g, void *data)
{
    return (struct ug_tensor){UG_F32, UG_SHAPE(g->batch, g->groups * g->c, g->in[0], g->in[1]),
                              data};
}

static size_t picture_bytes(const struct ug_conv *g)
{
    return ug_block_bytes(g->batch * g->groups * g->c * g->in[0] * g->in[1], sizeof(float));
}

static struct ug_padding border(const struct ug_conv *g)
{
    struct ug_padding p = {{0}, {0}};

    for (int d = 0; d < 2; d++)
        p.before[2 + d] = p.after[2 + d] = g->padding[d];
    return p;
}

static enum ug_pad_mode mode(const struct ug_conv *g)
{
    return g->edges == UG_EDGES_REFLECT ? UG_PAD_REFLECT : UG_PAD_REPLICATE;
}

/* x with its border, in `to`. */
static void add_border(const struct ug_conv *g, const float *x, float *to)
{
    const struct ug_conv p = padded(g);
    const struct ug_tensor from = pictures(g, (void *)x), into = pictures(&p, to);
    const struct ug_padding b = border(g);

    ug_pad_run(&from, &b, mode(g), 0.0f, &into);
}

static void fold_border(const struct ug_conv *g, float *from, float *dx)
{
    const struct ug_conv p = padded(g);
    const struct ug_tensor of = pictures(&p, from), into = pictures(g, dx);
    const struct ug_padding b = border(g);

    ug_pad_back_run(&of, &b, mode(g), &into);
}

/* ---- The table ---- */

static bool always(const struct ug_conv *g)
{
    (void)g;
    return true;
}

static const struct algorithm {
    const char *name;
    double (*seconds)(const struct ug_conv *g, enum ug_conv_side side);
    bool any_edges; /* else only zeros may stand around pictures */
    bool reads;     /* heeds read_x and read_y */
    struct side {
        bool (*fits)(const struct ug_conv *g); /* NULL: it does not serve this side at all */
        size_t (*scratch)(const struct ug_conv *g);
        void (*run)(const struct ug_conv *g, const float *first, const float *second, float *result,
                    void *scratch);
        bool (*adds)(const struct ug_conv *g); /* NULL: it does not */
    } sides[UG_N_CONV_SIDES];
} algorithms[UG_N_CONV_ALGORITHMS] = {
    [UG_CONV_PANELS] = {"panels",
                        panels_seconds,
                        false,
                        false,
                        {{always, ug_panels_forward_scratch, ug_panels_forward},
                         {always, ug_panels_input_scratch, ug_panels_input},
                         {always, ug_panels_weight_scratch, ug_panels_weight, always}}},
    [UG_CONV_WINOGRAD] = {"winograd",
                          winograd_seconds,
                          true,
                          true,
                          {{ug_winograd_fits, ug_winograd_scratch, ug_winograd_forward},
                           {ug_winograd_fits, ug_winograd_scratch, ug_winograd_input},
                           {ug_winograd_fits, ug_winograd_scratch, ug_winograd_weight,
                            ug_winograd_weight_adds}}},
    [UG_CONV_WINOGRAD_WIDE] =
        {"winograd_wide",
         winograd_wide_seconds,
         true,
         true,
         {{ug_winograd_wide_fits, ug_winograd_wide_scratch, ug_winograd_wide_forward},
          {ug_winograd_wide_fits, ug_winograd_wide_scratch, ug_winograd_wide_input},
          {ug_winograd_wide_fits, ug_winograd_wide_scratch, ug_winograd_wide_weight,
           ug_winograd_wide_weight_adds}}},
    [UG_CONV_COLUMNS] = {"columns",
                         columns_seconds,
                         false,
                         false,
                         {[UG_CONV_INPUT] = {ug_columns_fits, ug_columns_input_scratch,
                                             ug_columns_input}}},
    [UG_CONV_TAPS] =
        {"taps",
         taps_seconds,
         true,
         false,
         {[UG_CONV_FORWARD] = {ug_taps_forward_fits, ug_taps_forward_scratch, ug_taps_forward},
          [UG_CONV_INPUT] = {ug_taps_input_fits, ug_taps_input_scratch, ug_taps_input}}},
    [UG_CONV_DOUBLED] = {"doubled",
                         doubled_seconds,
                         true,
                         false,
                         {{ug_doubled_fits, ug_doubled_forward_scratch, ug_doubled_forward},
                          {ug_doubled_fits, ug_doubled_input_scratch, ug_doubled_input},
                          {ug_doubled_fits, ug_doubled_weight_scratch, ug_doubled_weight, always}}},
};

const char *ug_conv_algorithm_name(enum ug_conv_algorithm a)
{
    return algorithms[a].name;
}

bool ug_conv_fits(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a)
{
    const struct side *s = &algorithms[a].sides[side];

    return g->doubled == (a == UG_CONV_DOUBLED) && s->fits && s->fits(g);
}

bool ug_conv_reads(enum ug_conv_algorithm a)
{
    return algorithms[a].reads;
}

double ug_conv_seconds(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a)
{
    return algorithms[a].seconds(g, side);
}

enum ug_conv_algorithm ug_conv_choose(const struct ug_conv *g, enum ug_conv_side side)
{
    enum ug_conv_algorithm best = g->doubled ? UG_CONV_DOUBLED : UG_CONV_PANELS;

    for (enum ug_conv_algorithm a = best + 1; a < UG_N_CONV_ALGORITHMS; a++)
        if (ug_conv_fits(g, side, a) &&
            ug_conv_seconds(g, side, a) < ug_conv_seconds(g, side, best))
            best = a;
    return best;
}

bool ug_conv_can_add(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a)
{
    const struct side *s = &algorithms[a].sides[side];

    return s->adds && s->adds(g);
}

static bool needs_border(const struct ug_conv *g, enum ug_conv_algorithm a)
{
    return g->edges != UG_EDGES_ZERO && !algorithms[a].any_edges;
}

size_t ug_conv_scratch(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a)
{
    const struct ug_conv p = padded(g);

    return needs_border(g, a) ? picture_bytes(&p) + algorithms[a].sides[side].scratch(&p)
                              : algorithms[a].sides[side].scratch(g);
}

void ug_conv_run(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a,
                 const float *first, const float *second, float *result, void *scratch)
{
    const struct ug_conv p = padded(g);
    char *rest = (char *)scratch + picture_bytes(&p);

    if (!needs_border(g, a)) {
        algorithms[a].sides[side].run(g, first, second, result, scratch);
    } else if (side == UG_CONV_INPUT) {
        algorithms[a].sides[side].run(&p, first, second, scratch, rest);
        fold_border(g, scratch, result);
    } else {
        add_border(g, first, scratch);
        algorithms[a].sides[side].run(&p, scratch, second, result, rest);
    }
}
