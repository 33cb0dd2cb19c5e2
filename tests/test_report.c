/* The page about runs: what is in it is what the runs left on disk, and nothing in it is taken for
 * markup. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/report/curves.h"
#include "engine/report/pictures.h"
#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* A label and a variable that would end a script, or hide its end. */
static const char text[] =
    "unitgraph: 1\n"
    "vars: {scale: 1, note: '\"</script><b>\"', sizes: [1, 2]}\n"
    "modules: {net: {body: ['conv2d(3, 3, padding=1)']}}\n"
    "data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 4, seed: 1}, size: "
    "8}}\n"
    "networks: {N: net()}\n"
    "losses: {L: {there: 'scale * l1_loss(N(x), x)'}}\n"
    "train: {steps: 5, optimizers: {all: {minimize: L, parameters: [N], adam: {lr: 1e-3}}}}\n"
    "log: {every: 1}\n"
    "samples: {every: 2, count: 1, columns: [x, {\"<!--<script>\": N(x)}]}\n"
    "validate: {every: 5, metrics: {l1: 'l1_loss(N(x), x)'}}\n";

static void train(const char *out, const char *set)
{
    const struct ug_run_options o = {.seed = -1, .overrides = {&set, set ? 1 : 0}};

    experiment_run(experiment_write("text", text), out, o);
}

/* The data in a page; the caller releases them. */
static json_t *data_of(const char *page)
{
    static const char begin[] = "<script type=\"application/json\" id=\"data\">";
    char *html = experiment_text(page);
    const char *from = strstr(html, begin);

    ck_assert_ptr_nonnull(from);
    from += strlen(begin);
    const char *to = strstr(from, "</script>");
    ck_assert_ptr_nonnull(to);
    ck_assert_ptr_null(memchr(from, '<', (size_t)(to - from)));
    json_t *data = json_loadb(from, (size_t)(to - from), 0, NULL);
    ck_assert_msg(data != NULL, "the data are no JSON");
    return data;
}

static json_t *run_in(json_t *data, size_t i)
{
    return json_array_get(json_object_get(data, "runs"), i);
}

static json_t *facts_in(json_t *data, size_t i)
{
    return json_object_get(run_in(data, i), "facts");
}

/* Of the first run. */
static const json_t *curve_in(json_t *data, const char *name)
{
    const json_t *curves = json_object_get(run_in(data, 0), "curves");

    for (size_t i = 0; i < json_array_size(curves); i++) {
        const json_t *curve = json_array_get(curves, i);
        if (!strcmp(json_string_value(json_object_get(curve, "name")), name))
            return curve;
    }
    return NULL;
}

START_TEST(run_leaves_a_page)
{
    train("run", NULL);
    json_t *data = data_of("run/report.html"), *facts = facts_in(data, 0);
    json_t *about = json_object_get(facts, "about");

    ck_assert_int_eq(json_integer_value(json_object_get(facts, "step")), 5);
    ck_assert_int_eq(json_integer_value(json_object_get(about, "steps")), 5);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(about, "columns"), 1)),
                     "<!--<script>");
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(about, "config")), "text.yaml:2\n"));
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(about, "graph")), "digraph"));
    ck_assert_uint_eq(json_array_size(json_object_get(curve_in(data, "L"), "values")), 5);
    ck_assert_uint_eq(json_array_size(json_object_get(curve_in(data, "validate/l1"), "values")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(facts, "grids")), 2);
    json_decref(data);
}
END_TEST

/* Values as metrics.jsonl has them. */
START_TEST(curves_are_those_of_the_log)
{
    train("run", NULL);
    json_t *data = data_of("run/report.html");
    const json_t *values = json_object_get(curve_in(data, "L/there"), "values");
    char *log = experiment_text("run/metrics.jsonl");
    size_t i = 0;

    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"), i++) {
        json_t *object = json_loads(line, 0, NULL);
        ck_assert_double_eq_tol(json_number_value(json_array_get(values, i)),
                                json_number_value(json_object_get(object, "L/there")), 1e-7);
        json_decref(object);
    }
    ck_assert_uint_eq(i, 5);
    json_decref(data);
}
END_TEST

START_TEST(runs_are_compared)
{
    /* as "sweep/…" names them, with the table of the sweep */
    const char *const runs[] = {folder_file("a"), folder_file("results.csv"), folder_file("b")};
    const char *setting = NULL;

    train("a", NULL);
    train("b", "scale=2");
    folder_write("results.csv", "a", 1);
    ck_assert_int_eq(ug_report(runs, 3, folder_file("both.html"), diags), UG_DONE);
    expect_part(messages(), "results.csv' is a file and no run: it is left out");
    json_t *data = data_of("both.html"), *settings = json_object_get(facts_in(data, 1), "settings");
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const json_t *pair = json_array_get(settings, i);
        if (!strcmp(json_string_value(json_array_get(pair, 0)), "vars.scale"))
            setting = json_string_value(json_array_get(pair, 1));
        if (!strcmp(json_string_value(json_array_get(pair, 0)), "vars.sizes"))
            ck_assert_str_eq(json_string_value(json_array_get(pair, 1)), "[1, 2]");
    }
    ck_assert_ptr_nonnull(setting);
    ck_assert_str_eq(setting, "2");
    json_decref(data);
}
END_TEST

/* A page holds what there is, whatever else is missing or broken. */
START_TEST(pages_of_broken_runs)
{
    static const char log[] = "{\"step\": 1, \"L\": 2}\nnonsense\n{\"L\": 7}\n"
                              "{\"step\": 2, \"L\": null}\n{\"step\": 3, \"L\": 9";
    const char *const runs[] = {folder_file("run"), folder_file("none")};

    folder_write("run/metrics.jsonl", log, strlen(log));
    folder_write("run/about.json", "{", 1);
    folder_write("run/config.yaml", "a: [", 4);
    folder_write("run/samples/step-00000003.png", "no picture", 10);
    folder_write("run/samples/step-3.png.tmp", "", 0);
    ck_assert_int_eq(ug_report(runs, 1, NULL, diags), UG_DONE);
    json_t *data = data_of("run/report.html"), *facts = facts_in(data, 0);
    const json_t *values = json_object_get(curve_in(data, "L"), "values");
    ck_assert(json_is_null(json_object_get(facts, "about")));
    ck_assert_uint_eq(json_array_size(values), 2);
    ck_assert_double_eq(json_number_value(json_array_get(values, 0)), 2);
    ck_assert(json_is_null(json_array_get(values, 1)));
    ck_assert_uint_eq(json_array_size(json_object_get(facts, "grids")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(facts, "step")), 3);
    json_decref(data);

    ck_assert_int_eq(ug_report(runs, 2, folder_file("both.html"), diags), UG_WRONG);
    const char *const files[] = {folder_file("run/config.yaml"), folder_file("run/about.json")};
    ck_assert_int_eq(ug_report(files, 2, folder_file("both.html"), diags), UG_WRONG);
    expect_part(messages(), "there is no run among these");
    ck_assert(!ug_file_exists(folder_file("both.html")));
}
END_TEST

/* A page that cannot be written does not make a run fail. */
START_TEST(page_in_the_way)
{
    folder_write("run/report.html/stone", "", 0);
    train("run", NULL);
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    ck_assert_uint_eq(ug_diags_warnings(diags), 1);
}
END_TEST

/* ---- Thinning ---- */

/* Lines "step k, L k * k" for k = 1 … n, then one that is broken off. */
static const char *write_squares(int n)
{
    FILE *f = capture();

    for (int k = 1; k <= n; k++)
        fprintf(f, "{\"step\": %d, \"L\": %d}\n", k, k * k);
    fputs("{\"step\": 999", f);
    const char *lines = captured();
    return folder_write("squares.jsonl", lines, strlen(lines));
}

/* Points are means, so their mean, weighted, is that of all that was logged. */
START_TEST(long_series_are_thinned)
{
    for (int n = 1; n <= 300; n += 7) {
        struct ug_curves c;
        double sum = 0;
        ck_assert(ug_curves_read(&c, arena, write_squares(n), 16));
        const struct ug_series *s = ug_curves_find(&c, "L");
        ck_assert_int_le(s->n, 17);
        ck_assert_int_ge(s->n, n < 16 ? n : 8);
        for (int i = 0; i < s->n; i++) {
            const int left = n - i * s->span;
            sum += s->points[i].value * (left < s->span ? left : s->span);
            ck_assert(i == 0 || s->points[i].step > s->points[i - 1].step);
        }
        ck_assert_double_eq_tol(sum, n * (n + 1.0) * (2.0 * n + 1) / 6, 1e-6);
        ck_assert_double_eq(s->last.value, (double)n * n);
        ck_assert_double_eq(s->lowest.step, 1);
        ck_assert_double_eq(s->highest.step, n);
        ck_assert_int_eq(c.last_step, n);
    }
}
END_TEST

START_TEST(grids_fit_the_room)
{
    static const struct {
        int64_t room;
        int n;
        int64_t second;
    } cases[] = {{1000, 10, 20}, {999, 6, 30}, {600, 6, 30}, {400, 4, 50}, {10, 2, 100}};
    char name[64], bytes[100] = "";

    for (int step = 10; step <= 100; step += 10) {
        snprintf(name, sizeof name, "run/samples/step-%08d.png", step);
        folder_write(name, bytes, sizeof bytes);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ug_grids g = ug_grids_choose(arena, folder_file("run"), cases[i].room);
        ck_assert_int_eq(g.drawn, 10);
        ck_assert_int_eq(g.n, cases[i].n);
        ck_assert_int_eq(g.items[0].step, 10);
        ck_assert_int_eq(g.items[1].step, cases[i].second);
        ck_assert_int_eq(g.items[g.n - 1].step, 100);
    }
}
END_TEST

/* The test vectors of RFC 4648, section 10. */
START_TEST(base64)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct ug_grid g = {.path =
                                      folder_write("bytes", vectors[i][0], strlen(vectors[i][0]))};
        ug_grid_put(&g, capture());
        ck_assert_str_eq(captured(), vectors[i][1]);
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("report");
    TCase *t = tcase_create("report");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, run_leaves_a_page);
    tcase_add_test(t, curves_are_those_of_the_log);
    tcase_add_test(t, runs_are_compared);
    tcase_add_test(t, pages_of_broken_runs);
    tcase_add_test(t, page_in_the_way);
    tcase_add_test(t, long_series_are_thinned);
    tcase_add_test(t, grids_fit_the_room);
    tcase_add_test(t, base64);
    suite_add_tcase(s, t);
    return s;
}
