/* scene_shapes.c -- a few discs, squares and triangles apart from each other. */
#include <math.h>

#include "engine/data/canvas.h"
#include "engine/data/scenes.h"

enum { FILLED, OUTLINE, NIGHT };
enum { FEWEST = 3, MOST = 5, ATTEMPTS = 6, NUMBERS = 3 }; /* numbers of an attempt */

static const double smallest = 0.10, largest = 0.21; /* radius */
static const double apart = 0.03, margin = 0.04;

static const struct ug_colour colours[] = {
    {0.88f, 0.29f, 0.32f}, {0.95f, 0.62f, 0.21f}, {0.31f, 0.68f, 0.42f},
    {0.18f, 0.66f, 0.74f}, {0.29f, 0.43f, 0.85f}, {0.62f, 0.38f, 0.76f},
};
enum { COLOURS = sizeof colours / sizeof *colours };

struct shapes {
    struct ug_shape_mark mark[MOST];
    double radius[MOST]; /* of the disc around each */
    int colour[MOST];
    int n;
};

static bool clashes(const struct shapes *s, double x, double y, double radius)
{
    for (int i = 0; i < s->n; i++)
        if (hypot(x - s->mark[i].x, y - s->mark[i].y) < radius + s->radius[i] + apart)
            return true;
    return false;
}

/* Looks for a free place for one more shape; without one there is a shape less. */
static void add_shape(struct shapes *s, const struct ug_canvas *c, const float *u)
{
    const enum ug_shape_kind kind = (enum ug_shape_kind)(u[0] * 3);
    const double turn = kind == UG_DISC ? 0 : (u[1] - 0.5) * 0.9;

    for (int i = 0; i < ATTEMPTS; i++) {
        const float *v = u + 3 + NUMBERS * i;
        const double radius = largest - (largest - smallest) * sqrt(v[0]);
        const double edge = radius + margin;
        const double x = edge + v[1] * (c->width - 2 * edge),
                     y = edge + v[2] * (c->height - 2 * edge);
        if (clashes(s, x, y, radius))
            continue;
        const double size = kind == UG_SQUARE ? radius * 0.75 : radius;
        s->mark[s->n] = (struct ug_shape_mark){kind, x, y, size, 0, turn, NULL};
        s->radius[s->n] = radius;
        s->colour[s->n++] = (int)(u[2] * COLOURS);
        return;
    }
}

static void draw(const struct ug_canvas *c, int domain, const float u[UG_SCENE_NUMBERS])
{
    static const struct ug_colour black = {0, 0, 0}, white = {1, 1, 1};
    static const struct ug_colour grounds[][2] = {
        [FILLED] = {{0.98f, 0.96f, 0.91f}, {0.91f, 0.89f, 0.86f}},
        [OUTLINE] = {{0.99f, 0.99f, 0.99f}, {0.96f, 0.97f, 0.98f}},
        [NIGHT] = {{0.10f, 0.11f, 0.24f}, {0.04f, 0.05f, 0.12f}},
    };
    struct shapes s = {.n = 0};

    for (int i = 0; i < FEWEST + (int)(u[0] * (MOST - FEWEST + 1)); i++)
        add_shape(&s, c, u + 1 + i * (3 + NUMBERS * ATTEMPTS));
    ug_paint_ground(c, grounds[domain][0], grounds[domain][1]);
    for (int i = 0; i < s.n; i++) {
        const struct ug_colour colour = colours[s.colour[i]];
        if (domain == FILLED)
            ug_paint(c, &s.mark[i], colour);
        if (domain == OUTLINE)
            ug_paint_outline(c, &s.mark[i], 0.045, ug_mix(colour, black, 0.25));
        if (domain == NIGHT) {
            ug_paint_glow(c, &s.mark[i], 0.04, 0.45, colour);
            ug_paint(c, &s.mark[i], ug_mix(colour, white, 0.25));
        }
    }
}

/* The first shape always finds a place. */
static int64_t label(const float u[UG_SCENE_NUMBERS])
{
    return (int64_t)(u[1] * 3);
}

static const struct ug_domain domains[] = {
    [FILLED] = {"filled", "flat colours on paper"},
    [OUTLINE] = {"outline", "coloured outlines on white"},
    [NIGHT] = {"night", "glowing in the dark"},
    {NULL, NULL},
};

const struct ug_scene ug_scene_shapes = {
    .name = "shapes",
    .doc = "up to five discs, squares and triangles in six colours",
    .domains = domains,
    .draw = draw,
    .label = label,
};
