/* test_synthetic.c -- drawn scenes: functions of (scene, seed, i), at any size, in domains that
 * agree. */
#include <math.h>
#include <string.h>

#include "engine/data/canvas.h"
#include "engine/data/synthetic.h"
#include "tests/harness_main.h"

static struct ug_picture drawn(const struct ug_scene *s, int domain, uint64_t seed, int64_t i,
                               int64_t height, int64_t width)
{
    struct ug_picture p;

    ck_assert(ug_picture_make(&p, 3, height, width));
    ug_scene_draw(s, domain, seed, i, &p);
    return p;
}

static double difference(const struct ug_picture *a, const struct ug_picture *b)
{
    const int64_t n = 3 * a->height * a->width;
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += fabs((double)(a->planes[i] - b->planes[i]));
    return sum / (double)n;
}

/* Values are steps of 255; the same arguments give the same picture, others another one. */
START_TEST(pictures_are_functions)
{
    for (int k = 0; ug_scenes[k]; k++) {
        const struct ug_scene *s = ug_scenes[k];
        struct ug_picture p = drawn(s, 0, 5, 3, 32, 32), again = drawn(s, 0, 5, 3, 32, 32);
        struct ug_picture next = drawn(s, 0, 5, 4, 32, 32), other = drawn(s, 0, 6, 3, 32, 32);
        for (int i = 0; i < 3 * 32 * 32; i++) {
            ck_assert(p.planes[i] >= 0 && p.planes[i] <= 1);
            ck_assert_float_eq_tol(p.planes[i] * 255, roundf(p.planes[i] * 255), 1e-4f);
        }
        ck_assert(difference(&p, &again) == 0);
        ck_assert(difference(&p, &next) > 0.01);
        ck_assert(difference(&p, &other) > 0.01);
        ug_picture_free(&p);
        ug_picture_free(&again);
        ug_picture_free(&next);
        ug_picture_free(&other);
    }
}
END_TEST

/* How far apart two pictures' shades are, seen through their ranks within the picture, would be too
 * fine a measure; that edges stand at the same places is enough to call two domains the same scene.
 */
static void edges(const struct ug_picture *p, bool *out)
{
    for (int64_t y = 1; y < p->height; y++)
        for (int64_t x = 1; x < p->width; x++) {
            const int64_t at = y * p->width + x;
            float step = 0;
            for (int64_t c = 0; c < 3; c++) {
                const float *v = p->planes + c * p->height * p->width + at;
                step += fabsf(v[0] - v[-1]) + fabsf(v[0] - v[-p->width]);
            }
            out[at] = step > 0.12f;
        }
}

static double shared_edges(const struct ug_picture *a, const struct ug_picture *b)
{
    static bool of_a[64 * 64], of_b[64 * 64];
    double both = 0, one = 0;

    memset(of_a, 0, sizeof of_a);
    memset(of_b, 0, sizeof of_b);
    edges(a, of_a);
    edges(b, of_b);
    for (int i = 0; i < 64 * 64; i++) {
        both += of_a[i] && of_b[i];
        one += of_a[i];
    }
    return both / one;
}

/* Domains look different, yet picture i of one has its edges where picture i of the other has them,
 * and not where picture i + 1 has. */
START_TEST(domains_show_the_same_scene)
{
    for (int k = 0; ug_scenes[k]; k++) {
        const struct ug_scene *s = ug_scenes[k];
        for (int d = 1; s->domains[d].name; d++) {
            double same = 0, other = 0, apart = 0;
            for (int64_t i = 0; i < 20; i++) {
                struct ug_picture a = drawn(s, 0, 1, i, 64, 64), b = drawn(s, d, 1, i, 64, 64);
                struct ug_picture c = drawn(s, d, 1, i + 1, 64, 64);
                apart += difference(&a, &b) / 20;
                same += shared_edges(&a, &b) / 20;
                other += shared_edges(&a, &c) / 20;
                ug_picture_free(&a);
                ug_picture_free(&b);
                ug_picture_free(&c);
            }
            ck_assert_msg(apart > 0.05, "%s: %s differs by %g", s->name, s->domains[d].name, apart);
            ck_assert_msg(same > 0.45 && same > 1.8 * other, "%s: %s shares %g, others %g", s->name,
                          s->domains[d].name, same, other);
        }
    }
}
END_TEST

/* Twice as large, the picture is the same one: its averages over 2x2 pixels are. */
START_TEST(scenes_scale)
{
    for (int k = 0; ug_scenes[k]; k++) {
        struct ug_picture small = drawn(ug_scenes[k], 0, 2, 9, 48, 64);
        struct ug_picture large = drawn(ug_scenes[k], 0, 2, 9, 96, 128);
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 48; y++)
                for (int x = 0; x < 64; x++) {
                    float *at = large.planes + (c * 96 + 2 * y) * 128 + 2 * x;
                    small.planes[(c * 48 + y) * 64 + x] -= (at[0] + at[1] + at[128] + at[129]) / 4;
                }
        double sum = 0;
        for (int i = 0; i < 3 * 48 * 64; i++)
            sum += fabs((double)small.planes[i]) / (3 * 48 * 64);
        ck_assert_msg(sum < 0.005, "%s: %g", ug_scenes[k]->name, sum);
        ug_picture_free(&small);
        ug_picture_free(&large);
    }
}
END_TEST

START_TEST(scenes_are_described)
{
    for (int k = 0; ug_scenes[k]; k++) {
        ck_assert_str_ne(ug_scenes[k]->doc, "");
        for (int d = 0; ug_scenes[k]->domains[d].name || d < 2; d++)
            ck_assert_str_ne(ug_scenes[k]->domains[d].doc, "");
    }
}
END_TEST

/* The distance to a shape's edge, found by walking over the plane, agrees with the formula. */
START_TEST(distances)
{
    static const struct ug_shape_mark marks[] = {
        {.kind = UG_DISC, .x = 0.4, .y = 0.5, .size = 0.2},
        {.kind = UG_SQUARE, .x = 0.5, .y = 0.5, .size = 0.2, .turn = 0.4},
        {.kind = UG_TRIANGLE, .x = 0.5, .y = 0.5, .size = 0.3, .turn = -0.3},
        {.kind = UG_BLOCK, .x = 0.5, .y = 0.5, .size = 0.3, .tall = 0.1},
        {.kind = UG_GABLE, .x = 0.5, .y = 0.6, .size = 0.3, .tall = 0.4},
    };
    enum { STEPS = 60 };
    const struct ug_shape_mark *m = &marks[_i];

    for (int a = 0; a < STEPS; a += 7)
        for (int b = 0; b < STEPS; b += 7) {
            const double x = (a + 0.5) / STEPS, y = (b + 0.5) / STEPS;
            const double d = ug_mark_distance(m, x, y);
            double nearest = 1;
            for (int i = 0; i < 400; i++)
                for (int j = 0; j < 400; j++) {
                    const double u = (i + 0.5) / 400, v = (j + 0.5) / 400;
                    if ((ug_mark_distance(m, u, v) > 0) != (d > 0))
                        nearest = fmin(nearest, hypot(u - x, v - y));
                }
            ck_assert_double_eq_tol(fabs(d), nearest, 0.005);
        }
    /* A disc, a square and a triangle have the areas that geometry gives them. */
    static const double areas[] = {0.125664, 0.16, 0.116913, 0.12, 0.12};
    double area = 0;
    for (int i = 0; i < 400; i++)
        for (int j = 0; j < 400; j++)
            area += (ug_mark_distance(m, (i + 0.5) / 400, (j + 0.5) / 400) <= 0) / 160000.0;
    ck_assert_double_eq_tol(area, areas[_i], 0.001);
}
END_TEST

/* The first shape decides the label; with u[1] in the middle third it is a square. */
START_TEST(shapes_have_labels)
{
    static const int64_t want[] = {0, 1, 2};
    float u[UG_SCENE_NUMBERS] = {0};

    ck_assert_str_eq(ug_scenes[0]->name, "shapes");
    for (int i = 0; i < 3; i++) {
        u[1] = ((float)i + 0.5f) / 3;
        ck_assert_int_eq(ug_scenes[0]->label(u), want[i]);
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("synthetic");
    TCase *t = tcase_create("scenes");

    tcase_add_test(t, pictures_are_functions);
    tcase_add_test(t, domains_show_the_same_scene);
    tcase_add_test(t, scenes_scale);
    tcase_add_test(t, scenes_are_described);
    tcase_add_test(t, shapes_have_labels);
    tcase_add_loop_test(t, distances, 0, 5);
    suite_add_tcase(s, t);
    return s;
}
