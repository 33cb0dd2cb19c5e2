/* scene_hills.c -- a house and trees on hills, by day, by night and in winter. */
#include "engine/data/canvas.h"
#include "engine/data/scenes.h"

enum { DAY, NIGHT, WINTER };
enum { HILLS = 3, WALLS = 3, MOST_TREES = 5, CLOUDS = 2, STARS = 9 };

/* A domain is nothing but its colours. */
struct palette {
    struct ug_colour sky_top, sky_low, light, cloud, hill[HILLS], trunk, leaves, wall[WALLS], roof,
        window, star;
    double halo; /* strength of the light's glow */
};

static const struct palette palettes[] = {
    [DAY] = {.sky_top = {0.36f, 0.65f, 0.93f},
             .sky_low = {0.80f, 0.92f, 0.98f},
             .light = {1.00f, 0.86f, 0.36f},
             .cloud = {0.97f, 0.98f, 1.00f},
             .hill = {{0.60f, 0.77f, 0.66f}, {0.47f, 0.72f, 0.42f}, {0.35f, 0.61f, 0.29f}},
             .trunk = {0.45f, 0.31f, 0.22f},
             .leaves = {0.16f, 0.42f, 0.24f},
             .wall = {{0.95f, 0.90f, 0.80f}, {0.85f, 0.45f, 0.36f}, {0.93f, 0.75f, 0.40f}},
             .roof = {0.55f, 0.25f, 0.22f},
             .window = {0.42f, 0.55f, 0.66f},
             .halo = 0.35},
    [NIGHT] = {.sky_top = {0.04f, 0.06f, 0.18f},
               .sky_low = {0.17f, 0.20f, 0.40f},
               .light = {0.94f, 0.94f, 0.86f},
               .cloud = {0.25f, 0.28f, 0.46f},
               .hill = {{0.16f, 0.21f, 0.39f}, {0.12f, 0.17f, 0.31f}, {0.09f, 0.13f, 0.23f}},
               .trunk = {0.08f, 0.07f, 0.10f},
               .leaves = {0.03f, 0.07f, 0.11f},
               .wall = {{0.30f, 0.31f, 0.42f}, {0.26f, 0.16f, 0.25f}, {0.29f, 0.25f, 0.28f}},
               .roof = {0.19f, 0.12f, 0.22f},
               .window = {1.00f, 0.82f, 0.38f},
               .star = {0.85f, 0.88f, 1.00f},
               .halo = 0.30},
    [WINTER] = {.sky_top = {0.66f, 0.75f, 0.83f},
                .sky_low = {0.92f, 0.93f, 0.95f},
                .light = {1.00f, 0.95f, 0.80f},
                .cloud = {0.83f, 0.86f, 0.90f},
                .hill = {{0.80f, 0.86f, 0.92f}, {0.89f, 0.93f, 0.97f}, {0.97f, 0.98f, 1.00f}},
                .trunk = {0.35f, 0.29f, 0.27f},
                .leaves = {0.42f, 0.55f, 0.55f},
                .wall = {{0.80f, 0.78f, 0.75f}, {0.68f, 0.40f, 0.36f}, {0.78f, 0.66f, 0.45f}},
                .roof = {0.95f, 0.96f, 0.99f},
                .window = {1.00f, 0.86f, 0.50f},
                .halo = 0.25},
};

/* The next of the scene's numbers, from low to high.  Every domain draws the same ones in the same
 * order. */
static double next(const float **u, double low, double high)
{
    return low + *(*u)++ * (high - low);
}

/* Stars stand still: where they are is known from any picture of the night. */
static void draw_stars(const struct ug_canvas *c, const struct palette *p)
{
    static const double place[STARS][2] = {{0.08, 0.10}, {0.21, 0.27}, {0.33, 0.07},
                                           {0.44, 0.20}, {0.55, 0.33}, {0.63, 0.09},
                                           {0.74, 0.24}, {0.86, 0.12}, {0.95, 0.30}};

    for (int i = 0; i < STARS; i++) {
        const struct ug_shape_mark star = {.kind = UG_DISC,
                                           .x = place[i][0] * c->width,
                                           .y = place[i][1] * c->height,
                                           .size = 0.010 + 0.004 * (i % 3)};
        ug_paint(c, &star, p->star);
    }
}

static void draw_sky(const struct ug_canvas *c, const struct palette *p, const float **u)
{
    const struct ug_shape_mark light = {.kind = UG_DISC,
                                        .x = next(u, 0.15, 0.85) * c->width,
                                        .y = next(u, 0.14, 0.28) * c->height,
                                        .size = next(u, 0.07, 0.10)};

    ug_paint_ground(c, p->sky_top, p->sky_low);
    if (p->star.r > 0)
        draw_stars(c, p);
    ug_paint_glow(c, &light, 0.10, p->halo, p->light);
    ug_paint(c, &light, p->light);
    for (int i = 0; i < CLOUDS; i++) {
        const double x = next(u, 0.05, 0.95) * c->width, y = next(u, 0.10, 0.36) * c->height;
        const double size = next(u, 0.035, 0.06);
        for (int k = -1; k <= 1; k++) {
            const struct ug_shape_mark puff = {.kind = UG_DISC,
                                               .x = x + 1.2 * k * size,
                                               .y = y - (k ? 0 : 0.4 * size),
                                               .size = k ? size * 0.8 : size};
            ug_paint(c, &puff, p->cloud);
        }
    }
}

static void draw_house(const struct ug_canvas *c, const struct palette *p, double x, double foot,
                       double size, int wall)
{
    const struct ug_shape_mark body = {
        .kind = UG_BLOCK, .x = x, .y = foot - 0.6 * size, .size = size, .tall = 0.8 * size};
    const struct ug_shape_mark roof = {
        .kind = UG_GABLE, .x = x, .y = foot - 1.35 * size, .size = 1.3 * size, .tall = 0.9 * size};

    ug_paint(c, &body, p->wall[wall]);
    ug_paint(c, &roof, p->roof);
    for (int k = -1; k <= 1; k += 2) {
        const struct ug_shape_mark pane = {.kind = UG_BLOCK,
                                           .x = x + 0.48 * k * size,
                                           .y = foot - 0.7 * size,
                                           .size = 0.24 * size,
                                           .tall = 0.27 * size};
        ug_paint(c, &pane, p->window);
    }
}

static void draw_tree(const struct ug_canvas *c, const struct palette *p, double x, double foot,
                      double size)
{
    const struct ug_shape_mark trunk = {
        .kind = UG_BLOCK, .x = x, .y = foot, .size = 0.14 * size, .tall = 0.4 * size};

    ug_paint(c, &trunk, p->trunk);
    for (int k = 0; k < 2; k++) {
        const struct ug_shape_mark tier = {.kind = UG_GABLE,
                                           .x = x,
                                           .y = foot - (0.25 + 0.65 * k) * size,
                                           .size = (0.75 - 0.2 * k) * size,
                                           .tall = 1.2 * size};
        ug_paint(c, &tier, p->leaves);
    }
}

static void draw(const struct ug_canvas *c, int domain, const float u[UG_SCENE_NUMBERS])
{
    const struct palette *p = &palettes[domain];
    struct ug_shape_mark hill = {.kind = UG_LAND};
    double wave[6];

    draw_sky(c, p, &u);
    for (int i = 0; i < HILLS; i++) {
        hill.y = (0.52 + 0.15 * i + next(&u, -0.03, 0.03)) * c->height;
        hill.wave = wave;
        for (int k = 0; k < 2; k++) {
            wave[3 * k] = next(&u, 0.02, 0.05) / (k + 1);
            wave[3 * k + 1] = next(&u, 0.5, 1.1) * (k + 1);
            wave[3 * k + 2] = next(&u, 0, 1);
        }
        ug_paint(c, &hill, p->hill[i]);
        if (i == 1) {
            const double x = next(&u, 0.2, 0.8) * c->width, size = next(&u, 0.085, 0.115);
            draw_house(c, p, x, ug_mark_land(&hill, x), size, (int)next(&u, 0, WALLS));
        }
    }
    for (int i = 0, trees = 2 + (int)next(&u, 0, MOST_TREES - 1); i < trees; i++) {
        const double x = next(&u, 0.05, 0.95) * c->width, size = next(&u, 0.07, 0.12);
        draw_tree(c, p, x, ug_mark_land(&hill, x) + 0.02, size);
    }
}

static const struct ug_domain domains[] = {
    [DAY] = {"day", "under a blue sky"},
    [NIGHT] = {"night", "under the moon, with lit windows"},
    [WINTER] = {"winter", "under snow"},
    {NULL, NULL},
};

const struct ug_scene ug_scene_hills = {
    .name = "hills",
    .doc = "a house and trees on three hills, with clouds and sun or moon",
    .domains = domains,
    .draw = draw,
};
