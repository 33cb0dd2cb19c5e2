/* canvas.c -- distances of shapes, and how much of a pixel each covers. */
#include "engine/data/canvas.h"

#include <math.h>

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

static double box_distance(double x, double y, double half_width, double half_height)
{
    const double dx = fabs(x) - half_width, dy = fabs(y) - half_height;

    return hypot(fmax(dx, 0), fmax(dy, 0)) + fmin(fmax(dx, dy), 0);
}

/* A triangle symmetric about x = 0 with its apex at the origin and its base at y = height. */
static double gable_distance(double x, double y, double half_base, double height)
{
    x = fabs(x);
    const double along =
        clamp((x * half_base + y * height) / (half_base * half_base + height * height), 0, 1);
    const double side = hypot(x - along * half_base, y - along * height);
    const double base = hypot(x - clamp(x, 0, half_base), y - height);
    const double outside = fmax(x * height - y * half_base, y - height);

    return fmin(side, base) * (outside > 0 ? 1 : -1);
}

double ug_mark_land(const struct ug_shape_mark *m, double x)
{
    const double *w = m->wave;

    return m->y + w[0] * sin(6.283185307179586 * (w[1] * x + w[2])) +
           w[3] * sin(6.283185307179586 * (w[4] * x + w[5]));
}

double ug_mark_distance(const struct ug_shape_mark *m, double x, double y)
{
    const double dx = x - m->x, dy = y - m->y;
    double u = dx, v = dy;

    if (m->turn != 0) {
        u = cos(m->turn) * dx + sin(m->turn) * dy;
        v = cos(m->turn) * dy - sin(m->turn) * dx;
    }
    switch (m->kind) {
    case UG_DISC:
        return hypot(dx, dy) - m->size;
    case UG_SQUARE:
        return box_distance(u, v, m->size, m->size);
    case UG_TRIANGLE:
        return gable_distance(u, v + m->size, 0.8660254037844386 * m->size, 1.5 * m->size);
    case UG_BLOCK:
        return box_distance(dx, dy, m->size, m->tall);
    case UG_GABLE:
        return gable_distance(dx, dy + m->tall, m->size, m->tall);
    case UG_LAND:
        return ug_mark_land(m, x) - y;
    }
    return 0;
}

struct ug_colour ug_mix(struct ug_colour a, struct ug_colour b, double t)
{
    const float s = (float)t;

    return (struct ug_colour){a.r + s * (b.r - a.r), a.g + s * (b.g - a.g), a.b + s * (b.b - a.b)};
}

static void put(const struct ug_canvas *c, int64_t i, struct ug_colour colour)
{
    const int64_t plane = c->picture->height * c->picture->width;
    float *p = c->picture->planes + i;

    p[0] = colour.r, p[plane] = colour.g, p[2 * plane] = colour.b;
}

static void blend(const struct ug_canvas *c, int64_t i, double cover, struct ug_colour colour)
{
    const int64_t plane = c->picture->height * c->picture->width;
    const float *p = c->picture->planes + i;

    put(c, i, ug_mix((struct ug_colour){p[0], p[plane], p[2 * plane]}, colour, cover));
}

/* How a mark covers a pixel at this distance, which is in pixels. */
struct brush {
    enum { FILL, OUTLINE, GLOW } kind;
    double reach, strength;
};

static double coverage(const struct brush *b, double distance)
{
    switch (b->kind) {
    case FILL:
        return clamp(0.5 - distance, 0, 1);
    case OUTLINE:
        return clamp(b->reach / 2 + 0.5 - fabs(distance), 0, 1);
    case GLOW:
        return b->strength * exp(-fmax(distance, 0) / b->reach);
    }
    return 0;
}

/* The pixels that a mark can touch: {top, left, bottom, right}, the last two not included. */
static void bounds(const struct ug_canvas *c, const struct ug_shape_mark *m, const struct brush *b,
                   int64_t box[4])
{
    const int64_t size[2] = {c->picture->height, c->picture->width};
    const double centre[2] = {m->y * c->pixels, m->x * c->pixels};
    /* A square's corners and a triangle's are the farthest from a centre, less than 1.5 sizes. */
    const double reach = 1.5 * fmax(m->size, m->tall) * c->pixels + b->reach + 1;

    for (int i = 0; i < 2; i++) {
        const bool whole = m->kind == UG_LAND || b->kind == GLOW;
        box[i] = whole ? 0 : (int64_t)clamp(centre[i] - reach, 0, (double)size[i]);
        box[i + 2] = whole ? size[i] : (int64_t)clamp(centre[i] + reach + 1, 0, (double)size[i]);
    }
}

static void stroke(const struct ug_canvas *c, const struct ug_shape_mark *m, struct brush b,
                   struct ug_colour colour)
{
    int64_t box[4];

    bounds(c, m, &b, box);
    for (int64_t y = box[0]; y < box[2]; y++)
        for (int64_t x = box[1]; x < box[3]; x++) {
            const double d =
                ug_mark_distance(m, ((double)x + 0.5) / c->pixels, ((double)y + 0.5) / c->pixels);
            const double cover = coverage(&b, d * c->pixels);
            if (cover > 0)
                blend(c, y * c->picture->width + x, cover, colour);
        }
}

void ug_paint(const struct ug_canvas *c, const struct ug_shape_mark *m, struct ug_colour colour)
{
    stroke(c, m, (struct brush){.kind = FILL}, colour);
}

void ug_paint_outline(const struct ug_canvas *c, const struct ug_shape_mark *m, double width,
                      struct ug_colour colour)
{
    stroke(c, m, (struct brush){.kind = OUTLINE, .reach = width * c->pixels}, colour);
}

void ug_paint_glow(const struct ug_canvas *c, const struct ug_shape_mark *m, double reach,
                   double strength, struct ug_colour colour)
{
    stroke(c, m, (struct brush){GLOW, reach * c->pixels, strength}, colour);
}

void ug_paint_ground(const struct ug_canvas *c, struct ug_colour top, struct ug_colour bottom)
{
    for (int64_t y = 0; y < c->picture->height; y++) {
        const double t = ((double)y + 0.5) / (double)c->picture->height;
        for (int64_t x = 0; x < c->picture->width; x++)
            put(c, y * c->picture->width + x, ug_mix(top, bottom, t));
    }
}
