/* winograd_frames.c -- pictures into frames of pixels, frames into tiles, and back.
 *
 * A frame holds the pixels of a band of tile rows, [rows][width][lanes], with what stands around
 * the picture: a tile's member is then a vector at a fixed place, for any border and any width.
 */
#include "ops/kernels/winograd_frames.h"

#include <string.h>

#include "ops/kernels/cut.h"
#include "ops/kernels/read.h"

/* ---- Bands and planes ---- */

/* Rows of tiles `line` … line + lines - 1 of a picture; `tile` is the first one's number within the
 * strip. */
struct band {
    int64_t line, lines, tile;
};

/* For each band of a strip: for (b = first_band(…); b.lines > 0; b = next_band(…)) */
static struct band band_at(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                           int64_t n, int64_t line)
{
    return (struct band){line, ug_min(w->band, s->line + s->lines - line),
                         n * s->each + (line - s->line) * w->across};
}

static struct band first_band(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                              int64_t n)
{
    return band_at(w, s, n, s->line);
}

static struct band next_band(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                             int64_t n, struct band b)
{
    return band_at(w, s, n, b.line + b.lines);
}

/* The planes of one vector of channels. */
struct planes {
    int64_t at, area, channels; /* offset in the tensor; floats of a plane; fewer at the end */
    int64_t size;               /* of the tensor */
};

static struct planes planes_of(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                               int64_t n, int64_t block, int64_t channels, const int64_t area[2])
{
    const int64_t lanes = w->kernels->lanes;
    struct planes p = {.area = area[0] * area[1], .channels = channels - block * lanes};

    p.at = ((s->n + n) * channels + block * lanes) * p.area;
    p.size = w->g->batch * channels * p.area;
    return p;
}

/* ---- Frames of inputs ---- */

/* Of the picture's framed row r, of all its bands. */
static int64_t source_row(const struct ug_winograd_work *w, int64_t r)
{
    return ug_conv_source(r - w->g->padding[0], w->g->in[0], w->g->padding[0], w->g->edges);
}

static int64_t source_column(const struct ug_winograd_work *w, int64_t k)
{
    return ug_conv_source(k - w->g->padding[1], w->g->in[1], w->g->padding[1], w->g->edges);
}

static int64_t framed_rows(const struct ug_winograd_work *w, struct band b)
{
    return w->step * (w->tall * b.lines + w->kernels->taps - 1);
}

/* The column of a frame's border that follows column k - 1. */
static int64_t border_from(const struct ug_winograd_work *w, int64_t k)
{
    return k == w->g->padding[1] ? k + w->g->in[1] : k;
}

static void read_frame(const struct ug_winograd_work *w, struct band b, struct planes p,
                       const float *x, float *frame)
{
    const int64_t lanes = w->kernels->lanes, padding = w->g->padding[1];
    const size_t vector = (size_t)lanes * sizeof *x;

    for (int64_t r = 0; r < framed_rows(w, b); r++, frame += w->in_width * lanes) {
        const int64_t i = source_row(w, w->step * w->tall * b.line + r);

        if (i < 0) {
            memset(frame, 0, (size_t)w->in_width * vector);
            continue;
        }
        w->kernels->gather(w->g->in[1], p.channels, x + p.at + i * w->g->in[1], p.area, x + p.size,
                           frame + padding * lanes);
        ug_apply_reading(&w->g->read_x, w->g->in[1] * lanes, frame + padding * lanes);
        for (int64_t k = border_from(w, 0); k < w->in_width; k = border_from(w, k + 1)) {
            const int64_t j = source_column(w, k);

            if (j < 0)
                memset(frame + k * lanes, 0, vector);
            else
                memcpy(frame + k * lanes, frame + (padding + j) * lanes, vector);
        }
    }
}

/* Adds a framed row's border to the pixels that it shows. */
static void fold_border(const struct ug_winograd_work *w, float *row)
{
    const int64_t lanes = w->kernels->lanes;

    for (int64_t k = border_from(w, 0); k < w->in_width; k = border_from(w, k + 1)) {
        const int64_t j = source_column(w, k);
        float *to = row + (w->g->padding[1] + j) * lanes;

        for (int64_t lane = 0; j >= 0 && lane < lanes; lane++)
            to[lane] += row[k * lanes + lane];
    }
}

/* Whether a framed row before r, in this band or an earlier one, shows the pixels of row i too. */
static bool shown_before(const struct ug_winograd_work *w, struct band b, int64_t r, int64_t i)
{
    const int64_t padding = w->g->padding[0], begin = w->step * w->tall * b.line;

    if (i + padding < r || (begin > 0 && r < begin + w->step * (w->kernels->taps - 1)))
        return true;
    for (int64_t q = 0; q < ug_min(padding, r); q++)
        if (source_row(w, q) == i)
            return true;
    return false;
}

/* The transpose of read_frame: a row of dx is written where it is first shown, then added to. */
static void write_frame(const struct ug_winograd_work *w, struct band b, struct planes p,
                        float *frame, float *dx)
{
    const int64_t lanes = w->kernels->lanes, width = w->g->in[1], height = w->g->in[0];
    const int64_t begin = w->step * w->tall * b.line, end = begin + framed_rows(w, b);

    for (int64_t r = begin; r < end; r++, frame += w->in_width * lanes) {
        const int64_t i = source_row(w, r);

        if (i < 0)
            continue;
        fold_border(w, frame);
        w->kernels->scatter(width, p.channels, frame + w->g->padding[1] * lanes,
                            dx + p.at + i * width, p.area, shown_before(w, b, r, i));
    }
    /* Rows that no result sees. */
    for (int64_t i = end - w->g->padding[0]; b.line + b.lines == w->down && i < height; i++)
        for (int64_t c = 0; c < ug_min(lanes, p.channels); c++)
            memset(dx + p.at + c * p.area + i * width, 0, (size_t)width * sizeof *dx);
}

/* ---- Tiles ---- */

static struct ug_winograd_members in_frame(const struct ug_winograd_work *w, int64_t width,
                                           int64_t step)
{
    const int64_t pixel = step * w->kernels->lanes;

    return (struct ug_winograd_members){step * width * w->kernels->lanes, pixel, w->wide * pixel};
}

static struct ug_winograd_members in_matrix(const struct ug_winograd_work *w, int64_t apart)
{
    return (struct ug_winograd_members){w->kernels->points[1] * apart, apart, w->kernels->lanes};
}

/* Where the tiles of a column begin, of row `line` of a band. */
static int64_t tile_at(const struct ug_winograd_work *w, struct band b, int64_t column,
                       int64_t line)
{
    return (column * w->padded + b.tile + line * w->across) * w->kernels->lanes;
}

/* Where the members of row `line` of a band begin in a frame of inputs. */
static int64_t pixel_at(const struct ug_winograd_work *w, int64_t phase, int64_t line)
{
    const int64_t row = w->step * w->tall * line + phase / w->step;

    return (row * w->in_width + phase % w->step) * w->kernels->lanes;
}

void ug_winograd_take_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                             int64_t n, int64_t block, const float *x, float *space, float *v,
                             int64_t apart)
{
    const struct planes p = planes_of(w, s, n, block, w->g->c, w->g->in);
    const struct ug_winograd_members from = in_frame(w, w->in_width, w->step),
                                     to = in_matrix(w, apart);

    for (struct band b = first_band(w, s, n); b.lines > 0; b = next_band(w, s, n, b)) {
        read_frame(w, b, p, x, space);
        for (int64_t phase = 0; phase < w->phases; phase++)
            for (int64_t line = 0; line < b.lines; line++)
                w->kernels->input(w->across, space + pixel_at(w, phase, line), from,
                                  v + tile_at(w, b, block * w->phases + phase, line), to);
    }
}

void ug_winograd_add_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                            int64_t n, int64_t block, const float *dv, int64_t apart, float *space,
                            float *dx)
{
    const struct planes p = planes_of(w, s, n, block, w->g->c, w->g->in);
    const struct ug_winograd_members from = in_matrix(w, apart),
                                     to = in_frame(w, w->in_width, w->step);
    const size_t row = (size_t)(w->in_width * w->kernels->lanes) * sizeof *space;

    for (struct band b = first_band(w, s, n); b.lines > 0; b = next_band(w, s, n, b)) {
        memset(space, 0, (size_t)framed_rows(w, b) * row);
        for (int64_t phase = 0; phase < w->phases; phase++)
            for (int64_t line = 0; line < b.lines; line++)
                w->kernels->input_back(w->across,
                                       dv + tile_at(w, b, block * w->phases + phase, line), from,
                                       space + pixel_at(w, phase, line), to);
        write_frame(w, b, p, space, dx);
    }
}

/* ---- Results ---- */

/* The rows of results of a band, the last may be cut off; where the frame is as wide as the
 * picture, they are taken as one run of pixels. */
struct runs {
    int64_t count, length, first; /* first pixel of the picture */
};

static struct runs runs_of(const struct ug_winograd_work *w, struct band b)
{
    const int64_t width = w->g->out[1];
    const int64_t rows = ug_min(w->tall * b.lines, w->g->out[0] - w->tall * b.line);

    if (width == w->out_width)
        return (struct runs){1, rows * width, w->tall * b.line * width};
    return (struct runs){rows, width, w->tall * b.line * width};
}

void ug_winograd_write_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                               int64_t n, int64_t block, const float *m, int64_t apart,
                               float *space, float *y)
{
    const int64_t frame_row = w->out_width * w->kernels->lanes;
    const struct planes p = planes_of(w, s, n, block, w->g->o, w->g->out);
    const struct ug_winograd_members from = in_matrix(w, apart), to = in_frame(w, w->out_width, 1);

    for (struct band b = first_band(w, s, n); b.lines > 0; b = next_band(w, s, n, b)) {
        const struct runs runs = runs_of(w, b);

        for (int64_t line = 0; line < b.lines; line++)
            w->kernels->output(w->across, m + tile_at(w, b, block, line), from,
                               space + w->tall * line * frame_row, to);
        for (int64_t r = 0; r < runs.count; r++)
            w->kernels->scatter(runs.length, p.channels, space + r * frame_row,
                                y + p.at + runs.first + r * runs.length, p.area, false);
    }
}

void ug_winograd_take_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                              int64_t n, int64_t block, const float *dy, float *space, float *dm,
                              int64_t apart)
{
    const int64_t lanes = w->kernels->lanes, frame_row = w->out_width * lanes;
    const struct planes p = planes_of(w, s, n, block, w->g->o, w->g->out);
    const struct ug_winograd_members from = in_frame(w, w->out_width, 1), to = in_matrix(w, apart);

    for (struct band b = first_band(w, s, n); b.lines > 0; b = next_band(w, s, n, b)) {
        const struct runs runs = runs_of(w, b);

        if (runs.count * runs.length < w->tall * b.lines * w->out_width)
            memset(space, 0, (size_t)(w->tall * b.lines * frame_row) * sizeof *space);
        for (int64_t r = 0; r < runs.count; r++) {
            w->kernels->gather(runs.length, p.channels, dy + p.at + runs.first + r * runs.length,
                               p.area, dy + p.size, space + r * frame_row);
            ug_apply_reading(&w->g->read_y, runs.length * lanes, space + r * frame_row);
        }
        for (int64_t line = 0; line < b.lines; line++)
            w->kernels->output_back(w->across, space + w->tall * line * frame_row, from,
                                    dm + tile_at(w, b, block, line), to);
    }
}
