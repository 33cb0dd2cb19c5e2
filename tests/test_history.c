/* test_history.c -- the image pool against CycleGAN's rule, told picture by
 * picture. */
#include <check.h>
#include <stdlib.h>

#include "engine/graph/passes.h"
#include "engine/model/program.h"
#include "harness_main.h"
#include "harness_ops.h"
#include "ops/history.h"

enum { SIZE = 3, BATCH = 2, STEPS = 200 };

#define TEXT                                                                                       \
    "unitgraph: 1\n"                                                                               \
    "inputs: {x: [2, 1, 1, 2]}\n"                                                                  \
    "graph: {y: 'history(x, 3)'}\n"

static struct ug_node *next_of(struct trial *t, const char *name)
{
    for (int i = 0; i < t->unfolded->n_updates; i++)
        if (t->unfolded->updates[i].param == ug_params_find(t->params, name))
            return t->unfolded->updates[i].next;
    ck_abort_msg("nothing updates %s", name);
}

/* What became of each picture, from what was returned and what is kept. */
struct story {
    double kept[SIZE];
    int n_kept, returned_old, returned_new;
};

/* One sample of value v: the rule allows exactly these outcomes. */
static void tell(struct story *s, double v, double returned)
{
    if (s->n_kept < SIZE) {
        ck_assert_double_eq(returned, v);
        s->kept[s->n_kept++] = v;
        return;
    }
    if (returned == v) {
        s->returned_new++;
        return;
    }
    for (int i = 0; i < SIZE; i++)
        if (s->kept[i] == returned) {
            s->kept[i] = v;
            s->returned_old++;
            return;
        }
    ck_abort_msg("%g was returned, which is neither new nor kept", returned);
}

/* Every picture has a value of its own, in both of its pixels. */
START_TEST(keeps_cyclegans_rule)
{
    struct trial *t = trial_load(TEXT, true, 1);
    struct ug_node *nodes[] = {trial_value(t, "y"), next_of(t, "y.images"), next_of(t, "y.seen")};
    struct story s = {0};

    for (int step = 0; step < STEPS; step++) {
        double x[2 * BATCH], *values[3];

        for (int i = 0; i < 2 * BATCH; i++)
            x[i] = 1 + step * BATCH + i / 2;
        trial_set(t, "x", x, 2 * BATCH);
        t->step = (uint64_t)step;
        trial_run(t, nodes, 3, values);
        for (int i = 0; i < BATCH; i++) {
            ck_assert_double_eq(values[0][2 * i], values[0][2 * i + 1]);
            tell(&s, x[2 * i], values[0][2 * i]);
        }
        for (int i = 0; i < SIZE; i++)
            ck_assert_double_eq(values[1][2 * i], s.kept[i]);
        ck_assert_double_eq(values[2][0], (step + 1) * BATCH);
        trial_set(t, "y.images", values[1], 2 * SIZE);
        trial_set(t, "y.seen", values[2], 1);
        for (int i = 0; i < 3; i++)
            free(values[i]);
    }
    /* 397 fair coins: standard deviation 10 */
    ck_assert_int_eq(s.returned_old + s.returned_new, STEPS * BATCH - SIZE);
    ck_assert_int_ge(s.returned_old, 198 - 40);
    ck_assert_int_le(s.returned_old, 198 + 40);
    trial_free(t);
}
END_TEST

START_TEST(slots_are_drawn_evenly)
{
    enum { DRAWS = 8000, SLOTS = 4 };
    int64_t *from = ug_xcalloc(DRAWS, sizeof *from), *into = ug_xcalloc(DRAWS, sizeof *into);
    int count[SLOTS] = {0};
    const struct ug_random r = {.seed = 1, .stream = 2, .step = 3};

    ug_history_moves(&r, SLOTS, 0, DRAWS, from, into);
    for (int i = 0; i < SLOTS; i++) {
        ck_assert_int_eq(from[i], -1);
        ck_assert_int_eq(into[i], i);
    }
    for (int i = SLOTS; i < DRAWS; i++) {
        ck_assert_int_eq(from[i], into[i]);
        ck_assert_int_ge(from[i], -1);
        ck_assert_int_lt(from[i], SLOTS);
        if (from[i] >= 0)
            count[from[i]]++;
    }
    for (int i = 0; i < SLOTS; i++) { /* 1000 each, standard deviation 30 */
        ck_assert_int_ge(count[i], 880);
        ck_assert_int_le(count[i], 1120);
    }
    free(from), free(into);
}
END_TEST

START_TEST(is_x_outside_training)
{
    struct trial *t = trial_load(TEXT, false, 1);

    trial_set(t, "y.images", (double[]){7, 7, 8, 8, 9, 9}, 6);
    trial_set(t, "y.seen", (double[]){100}, 1);
    trial_set(t, "x", (double[]){1, 2, 3, 4}, 4);
    expect_values(t, trial_value(t, "y"), 0, 4, (double[]){1, 2, 3, 4});
    ck_assert_int_eq(t->unfolded->n_updates, 0);
    trial_free(t);
}
END_TEST

START_TEST(has_no_gradient)
{
    for (int training = 0; training < 2; training++) {
        struct trial *t = trial_load("unitgraph: 1\n"
                                     "inputs: {x: [2, 1, 1, 2]}\n"
                                     "graph: {h: 'history(x)', y: 'grad(sum(h * x), x)'}\n",
                                     training, 1);

        trial_set(t, "x", (double[]){1, 2, 3, 4}, 4);
        expect_values(t, trial_value(t, "y"), 0, 4, (double[]){1, 2, 3, 4});
        trial_free(t);
    }
}
END_TEST

/* A network that holds a pool, called twice: the second call finds what the first one left. */
START_TEST(calls_follow_one_another)
{
    struct trial *t = trial_load("unitgraph: 1\n"
                                 "inputs: {x: [2, 1, 1, 2], z: [2, 1, 1, 2]}\n"
                                 "modules: {pool: {graph: {h: 'history(x, 3)'}, outputs: h}}\n"
                                 "networks: {P: pool()}\n"
                                 "graph: {a: P(x), b: P(z)}\n",
                                 true, 1);
    struct ug_state_link links[8];
    struct ug_node *roots[4] = {trial_value(t, "a"), trial_value(t, "b")};
    int n_links = t->unfolded->n_updates;
    struct story s = {0};

    ck_assert_int_eq(n_links, 4);
    for (int i = 0; i < n_links; i++)
        links[i] =
            (struct ug_state_link){t->unfolded->updates[i].param, t->unfolded->updates[i].next};
    t->chained = ug_chain_states(t->graph, links, &n_links, roots, 2);
    ck_assert_int_eq(n_links, 2);
    for (int i = 0; i < 2; i++)
        roots[links[i].param == ug_params_find(t->params, "P.h.images") ? 2 : 3] = links[i].next;
    for (int step = 0; step < STEPS; step++) {
        double x[2][2 * BATCH], *values[4];

        for (int i = 0; i < 4 * BATCH; i++)
            x[i / (2 * BATCH)][i % (2 * BATCH)] = 1 + step * 2 * BATCH + i / 2;
        trial_set(t, "x", x[0], 2 * BATCH);
        trial_set(t, "z", x[1], 2 * BATCH);
        t->step = (uint64_t)step;
        trial_run(t, roots, 4, values);
        for (int i = 0; i < 2 * BATCH; i++)
            tell(&s, x[i / BATCH][2 * (i % BATCH)], values[i / BATCH][2 * (i % BATCH)]);
        for (int i = 0; i < SIZE; i++)
            ck_assert_double_eq(values[2][2 * i], s.kept[i]);
        trial_set(t, "P.h.images", values[2], 2 * SIZE);
        trial_set(t, "P.h.seen", values[3], 1);
        for (int i = 0; i < 4; i++)
            free(values[i]);
    }
    ck_assert_int_ge(s.returned_old, STEPS * BATCH - 80); /* half of all */
    trial_free(t);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("history");
    TCase *c = tcase_create("history");

    tcase_add_test(c, keeps_cyclegans_rule);
    tcase_add_test(c, slots_are_drawn_evenly);
    tcase_add_test(c, is_x_outside_training);
    tcase_add_test(c, has_no_gradient);
    tcase_add_test(c, calls_follow_one_another);
    suite_add_tcase(s, c);
    return s;
}
