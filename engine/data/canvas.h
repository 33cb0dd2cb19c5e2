/* canvas.h -- drawing with smooth edges: shapes as signed distances.
 *
 * The unit is the shorter side of the picture; (0, 0) is its upper left corner.  A distance is
 * negative inside a shape.  Distances are exact or, for waves, close to it near the edge. Formulas:
 * I. Quilez, "2D distance functions".
 */
#ifndef UG_CANVAS_H
#define UG_CANVAS_H

#include "engine/data/picture.h"

struct ug_colour {
    float r, g, b; /* 0 … 1 */
};

struct ug_canvas {
    struct ug_picture *picture; /* 3 channels */
    double pixels;              /* of one unit */
    double width, height;       /* in units: the shorter is 1 */
};

enum ug_shape_kind {
    UG_DISC,     /* of radius size */
    UG_SQUARE,   /* of half side size */
    UG_TRIANGLE, /* equilateral, with circumradius size, a corner up */
    UG_BLOCK,    /* of half width size and half height tall */
    UG_GABLE,    /* isosceles triangle, apex up: half base size, height tall, base at y */
    UG_LAND      /* what lies below y + a wave */
};

struct ug_shape_mark {
    enum ug_shape_kind kind;
    double x, y; /* centre */
    double size, tall;
    double turn;        /* radians, clockwise; DISC, SQUARE, TRIANGLE */
    const double *wave; /* LAND: {amplitude, waves a unit, phase} twice */
};

/* From a point to the edge of the mark, negative inside. */
double ug_mark_distance(const struct ug_shape_mark *m, double x, double y);
double ug_mark_land(const struct ug_shape_mark *m, double x); /* y of a LAND's edge */

/* Fills a mark. */
void ug_paint(const struct ug_canvas *c, const struct ug_shape_mark *m, struct ug_colour colour);
/* Its outline, of this width, half inside and half outside. */
void ug_paint_outline(const struct ug_canvas *c, const struct ug_shape_mark *m, double width,
                      struct ug_colour colour);
/* Light around it that falls to 1/e of `strength` at distance `reach`. */
void ug_paint_glow(const struct ug_canvas *c, const struct ug_shape_mark *m, double reach,
                   double strength, struct ug_colour colour);
/* The whole picture, from one colour at the top to another at the bottom. */
void ug_paint_ground(const struct ug_canvas *c, struct ug_colour top, struct ug_colour bottom);

struct ug_colour ug_mix(struct ug_colour a, struct ug_colour b, double t); /* t = 0: a */

#endif
