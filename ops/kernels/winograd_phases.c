/* winograd_phases.c -- planes into the 16 phases of a strip, phases into tiles, and back. */
#include "ops/kernels/winograd_phases.h"

#include "ops/kernels/cut.h"

enum { MAX_POINTS = UG_WINOGRAD_MAX_POINTS, SLACK = UG_WINOGRAD_SLACK };

/* ---- Lines of pixels ---- */

/* The pixel that stands at i of an axis of n pixels with `padding` around them; -1: none, a zero.
 */
static int64_t source(int64_t i, int64_t n, int64_t padding, enum ug_edges edges)
{
    if (i >= 0 && i < n)
        return i;
    if (edges == UG_EDGES_ZERO || i < -padding || i >= n + padding)
        return -1;
    if (edges == UG_EDGES_REPLICATE)
        return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * (n - 1) - i;
}

/* Of a framed line that begins at pixel `first` and takes every step-th: the part [*from, *to) that
 * lies within the picture. */
static void inner_part(const struct ug_winograd_work *w, int64_t first, int64_t *from, int64_t *to)
{
    const int64_t count = 4 * w->row, n = w->g->in[1];

    *from = ug_min(count, first >= 0 ? 0 : ug_ceil_div(-first, w->step));
    *to = n <= first ? *from : ug_max(*from, ug_min(count, ug_ceil_div(n - first, w->step)));
}

static void read_line(const struct ug_winograd_work *w, const float *x, int64_t first, float *line)
{
    const int64_t n = w->g->in[1], padding = w->g->padding[1];
    int64_t from, to;

    inner_part(w, first, &from, &to);
    for (int64_t k = 0; k < 4 * w->row; k++) {
        if (k == from)
            k = to;
        if (k < 4 * w->row) {
            const int64_t i = source(first + k * w->step, n, padding, w->g->edges);
            line[k] = i < 0 ? 0.0f : x[i];
        }
    }
    if (w->step == 1)
        memcpy(line + from, x + first + from, (size_t)(to - from) * sizeof *line);
    else
        for (int64_t k = from; k < to; k++)
            line[k] = x[first + k * 2];
}

static void add_line(const struct ug_winograd_work *w, const float *line, int64_t first, float *x)
{
    const int64_t n = w->g->in[1], padding = w->g->padding[1];
    int64_t from, to;

    inner_part(w, first, &from, &to);
    for (int64_t k = 0; k < 4 * w->row; k++) {
        if (k == from)
            k = to;
        const int64_t i =
            k < 4 * w->row ? source(first + k * w->step, n, padding, w->g->edges) : -1;
        if (i >= 0)
            x[i] += line[k];
    }
    if (w->step == 1)
        for (int64_t k = from; k < to; k++)
            x[first + k] += line[k];
    else
        for (int64_t k = from; k < to; k++)
            x[first + k * 2] += line[k];
}

/* Calls for the framed rows of a strip: the phases of row r, and the pixel row it is (-1: zeros).
 */
static float *phases_of_row(const struct ug_winograd_work *w, const struct ug_winograd_space *s,
                            int64_t r)
{
    return s->phases + (r % 4) * 4 * w->plane + (r / 4) * w->row;
}

static int64_t pixel_row(const struct ug_winograd_work *w, int64_t line, int64_t r, int64_t phase)
{
    return source(w->step * (4 * line + r) + phase - w->g->padding[0], w->g->in[0],
                  w->g->padding[0], w->g->edges);
}

/* One phase (of the stride) of a plane of x into the 16 phases of tiles. */
static void read_phases(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                        const float *x, int64_t phase, const struct ug_winograd_space *own)
{
    for (int64_t r = 0; r < 4 * s->lines + w->t->taps - 1; r++) {
        const int64_t i = pixel_row(w, s->line, r, phase / w->step);
        float *to = phases_of_row(w, own, r);

        if (i < 0) {
            for (int j = 0; j < 4; j++)
                memset(to + j * w->plane, 0, (size_t)w->row * sizeof *to);
            continue;
        }
        read_line(w, x + i * w->g->in[1], phase % w->step - w->g->padding[1], own->line);
        for (int64_t k = 0; k < w->row; k++)
            for (int j = 0; j < 4; j++)
                to[j * w->plane + k] = own->line[4 * k + j];
    }
}

/* The transpose: adds the 16 phases to the plane of dx. */
static void add_phases(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                       const struct ug_winograd_space *own, int64_t phase, float *dx)
{
    for (int64_t r = 0; r < 4 * s->lines + w->t->taps - 1; r++) {
        const int64_t i = pixel_row(w, s->line, r, phase / w->step);
        const float *from = phases_of_row(w, own, r);

        if (i < 0)
            continue;
        for (int64_t k = 0; k < w->row; k++)
            for (int j = 0; j < 4; j++)
                own->line[4 * k + j] = from[j * w->plane + k];
        add_line(w, own->line, phase % w->step - w->g->padding[1], dx + i * w->g->in[1]);
    }
}

/* Where member (i, j) of the tiles of inputs lies in the phases. */
static void input_members(const struct ug_winograd_work *w, int64_t at[MAX_POINTS])
{
    const int n = w->t->points;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            at[i * n + j] = ((i % 4) * 4 + j % 4) * w->plane + (i / 4) * w->row + j / 4;
}

/* ---- Inputs ---- */

void ug_winograd_take_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                             const float *x, int64_t phase, const struct ug_winograd_space *own)
{
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    input_members(w, from);
    ug_winograd_evenly(w->points, w->spread, to);
    read_phases(w, s, x, phase, own);
    w->t->input(s->lines * w->row, own->phases, from, own->tiles, to);
}

void ug_winograd_add_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                            const float *dv, int64_t apart, int64_t phase,
                            const struct ug_winograd_space *own, float *dx)
{
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    for (int64_t p = 0; p < w->points; p++) {
        float *tiles = own->tiles + p * w->spread;

        for (int64_t line = 0; line < s->lines; line++) {
            ug_copy_floats(tiles + line * w->row, dv + p * apart + line * w->across, w->across);
            tiles[line * w->row + w->across] = 0.0f;
        }
        memset(tiles + s->lines * w->row, 0, SLACK * sizeof *tiles);
    }
    memset(own->phases, 0, (size_t)(16 * w->plane) * sizeof *dv);
    ug_winograd_evenly(w->points, w->spread, from);
    input_members(w, to);
    w->t->input_back(s->lines * w->row, own->tiles, from, own->phases, to);
    add_phases(w, s, own, phase, dx);
}

/* ---- Results ---- */

void ug_winograd_write_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                               const float *m, int64_t apart, const struct ug_winograd_space *own,
                               float *y)
{
    const int64_t height = w->g->out[0], width = w->g->out[1];
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    ug_winograd_evenly(w->points, apart, from);
    ug_winograd_evenly(16, w->plane, to);
    w->t->output(s->each, m, from, own->phases, to);
    for (int64_t r = 0; r < 4 * s->lines && 4 * s->line + r < height; r++) {
        const float *phases = own->phases + (r % 4) * 4 * w->plane + (r / 4) * w->across;
        float *to_line = width % 4 ? own->line : y + (4 * s->line + r) * width;

        for (int64_t k = 0; k < w->across; k++)
            for (int j = 0; j < 4; j++)
                to_line[4 * k + j] = phases[j * w->plane + k];
        if (width % 4)
            memcpy(y + (4 * s->line + r) * width, own->line, (size_t)width * sizeof *y);
    }
}

void ug_winograd_take_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                              const float *dy, const struct ug_winograd_space *own)
{
    const int64_t height = w->g->out[0], width = w->g->out[1];
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    for (int64_t r = 0; r < 4 * s->lines; r++) {
        const int64_t i = 4 * s->line + r;
        const int64_t n = i < height ? width : 0;
        float *phases = own->phases + (r % 4) * 4 * w->plane + (r / 4) * w->across;

        if (n)
            memcpy(own->line, dy + i * width, (size_t)n * sizeof *dy);
        memset(own->line + n, 0, (size_t)(4 * w->across - n) * sizeof *dy);
        for (int64_t k = 0; k < w->across; k++)
            for (int j = 0; j < 4; j++)
                phases[j * w->plane + k] = own->line[4 * k + j];
    }
    ug_winograd_evenly(16, w->plane, from);
    ug_winograd_evenly(w->points, w->spread, to);
    w->t->output_back(s->each, own->phases, from, own->tiles, to);
}
