/* test_cases.c -- every op against PyTorch: values, gradients, gradients of gradients.
 *
 * The cases were computed in float64 by tools/make_op_cases.py, which describes their files.  Each
 * is run the way a user would run it, through ug_eval.
 */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/data/safetensors.h"
#include "engine/unitgraph.h"
#include "harness_folder.h"
#include "harness_main.h"
#include "harness_scratch.h"

static const double TOLERANCE = 2e-4; /* of the largest true value of a tensor */

enum { MAX_FAMILIES = 64, MAX_TENSORS = 64 };
static char families[MAX_FAMILIES][128];
static int n_families;

/* One case of a file of cases. */
struct trial {
    const struct ug_safetensors *file;
    const char *name;
    bool training;
    const char *loss; /* the one that is differentiated now; NULL: none */
    char *failures;   /* what failed in all cases of the file so far */
    size_t size;
};

static void report(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void report(struct trial *t, const char *format, ...)
{
    const size_t at = strlen(t->failures);
    va_list args;
    char *why;

    va_start(args, format);
    why = ug_arena_vformat(arena, format, args);
    va_end(args);
    snprintf(t->failures + at, t->size - at, "%s, loss %s: %s\n", t->name,
             t->loss ? t->loss : "none", why);
}

/* What follows NAME/PART/ in a tensor's name; NULL if it is of another case or part. */
static const char *name_in(const struct trial *t, const struct ug_stored *s, const char *part)
{
    const size_t n = strlen(t->name), m = strlen(part);

    if (strncmp(s->name, t->name, n) != 0 || s->name[n] != '/' ||
        strncmp(s->name + n + 1, part, m) != 0 || s->name[n + 1 + m] != '/')
        return NULL;
    return s->name + n + m + 2;
}

static void *read_tensor(const struct ug_stored *s, enum ug_dtype as)
{
    const int64_t n = ug_shape_count(&s->shape);
    void *data = ug_arena_array(arena, (size_t)n + 1, ug_dtype_size(as));

    ck_assert(ug_stored_read(s, as, 0, n, data));
    return data;
}

/* Writes the tensors of one part as a file of their own; NULL if there are none. */
static const char *write_part(struct trial *t, const char *part)
{
    struct ug_named_tensor tensors[MAX_TENSORS];
    const char *path;
    int n = 0;

    for (int i = 0; i < ug_safetensors_count(t->file); i++) {
        const struct ug_stored *s = ug_safetensors_item(t->file, i);
        const char *name = name_in(t, s, part);
        const enum ug_dtype type = strcmp(s->dtype, "I64") ? UG_F32 : UG_I64;

        if (!name)
            continue;
        ck_assert_int_lt(n, MAX_TENSORS);
        tensors[n++] = (struct ug_named_tensor){name, {type, s->shape, read_tensor(s, type)}};
    }
    if (!n)
        return NULL;
    path = folder_file(ug_arena_format(arena, "%s.%s", t->name, part));
    ck_assert_msg(ug_safetensors_write(path, tensors, n, NULL, diags), "%s", ug_diags_first(diags));
    return path;
}

static void compare(struct trial *t, const char *name, const struct ug_stored *want,
                    const struct ug_stored *got)
{
    const int64_t n = ug_shape_count(&want->shape);
    const float *w = read_tensor(want, UG_F32), *g;
    char a[UG_SHAPE_TEXT], b[UG_SHAPE_TEXT];
    double largest = 0, worst = 0;

    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(w[i]));
    if (!got) {
        if (largest > 0)
            report(t, "there is no %s", name);
        return;
    }
    if (!ug_shape_equal(&want->shape, &got->shape)) {
        report(t, "%s is %s, not %s", name, ug_shape_text(&got->shape, a),
               ug_shape_text(&want->shape, b));
        return;
    }
    g = read_tensor(got, UG_F32);
    for (int64_t i = 0; i < n; i++)
        worst = isnan(g[i]) ? INFINITY : fmax(worst, fabs((double)g[i] - w[i]));
    if (worst > TOLERANCE * fmax(largest, 1e-3))
        report(t, "%s is off by %.3g, with values up to %.3g", name, worst, largest);
}

/* Compares the values of the case, and its gradients of the loss if there is one, with what is
 * wanted. */
static void compare_outputs(struct trial *t, const struct ug_safetensors *out)
{
    const char *gradients = t->loss ? ug_arena_format(arena, "want/%s", t->loss) : "nothing";

    for (int i = 0; i < ug_safetensors_count(t->file); i++) {
        const struct ug_stored *want = ug_safetensors_item(t->file, i);
        const char *value = name_in(t, want, "want"), *gradient = name_in(t, want, gradients);

        if (gradient)
            compare(t, gradient, want, ug_safetensors_find(out, gradient));
        else if (value && !strchr(value, '/'))
            compare(t, value, want, ug_safetensors_find(out, value));
    }
}

/* Runs the case for one loss, or none. */
static void run_loss(struct trial *t, const char *yaml, struct ug_eval_options options,
                     const char *loss)
{
    struct ug_safetensors *out;

    t->loss = options.grad = loss;
    if (ug_eval(yaml, &options, diags) != UG_DONE) {
        report(t, "%s", ug_diags_first(diags) ? ug_diags_first(diags) : "failed without a word");
    } else {
        out = ug_safetensors_open(options.out, UG_NOWHERE, diags);
        ck_assert_msg(out != NULL, "%s", ug_diags_first(diags));
        compare_outputs(t, out);
        ug_safetensors_close(out);
    }
    forget_messages();
}

static void run_case(struct trial *t)
{
    const char *text = ug_safetensors_metadata(t->file, t->name);
    const struct ug_eval_options options = {
        .in = write_part(t, "in"),
        .params = write_part(t, "params"),
        .out = folder_file(ug_arena_format(arena, "%s.out", t->name)),
        .training = t->training,
        .seed = -1,
    };
    const char *yaml;

    ck_assert_msg(text != NULL, "no text for %s", t->name);
    yaml = folder_write(ug_arena_format(arena, "%s.yaml", t->name), text, strlen(text));
    run_loss(t, yaml, options, strstr(text, "  L: ") ? "L" : NULL);
    if (strstr(text, "  M: "))
        run_loss(t, yaml, options, "M");
}

START_TEST(family_agrees_with_pytorch)
{
    struct ug_safetensors *file = ug_safetensors_open(families[_i], UG_NOWHERE, diags);
    char failures[8000] = "", name[128], mode[16];
    const char *line;
    int n = 0;

    ck_assert_msg(file != NULL, "%s", ug_diags_first(diags));
    for (line = ug_safetensors_metadata(file, "cases"); line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : "") {
        struct trial t = {
            .file = file, .name = name, .failures = failures, .size = sizeof failures};
        const int words = sscanf(line, "%127[^ \n]%*1[ ]%15[^\n]", name, mode);

        ck_assert_int_ge(words, 1);
        t.training = words == 2;
        run_case(&t);
        n++;
    }
    ug_safetensors_close(file);
    ck_assert_int_gt(n, 0);
    ck_assert_msg(!failures[0], "%s:\n%s", families[_i], failures);
}
END_TEST

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void find_families(void)
{
    DIR *folder = opendir("cases");
    struct dirent *entry;

    while (folder && (entry = readdir(folder)) && n_families < MAX_FAMILIES)
        if (strstr(entry->d_name, ".safetensors"))
            snprintf(families[n_families++], sizeof families[0], "cases/%.100s", entry->d_name);
    if (folder)
        closedir(folder);
    qsort(families, (size_t)n_families, sizeof families[0], compare_names);
}

START_TEST(there_are_cases)
{
    ck_assert_int_ge(n_families, 10);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("cases");
    TCase *c = tcase_create("cases");

    find_families();
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, there_are_cases);
    tcase_add_loop_test(c, family_agrees_with_pytorch, 0, n_families);
    suite_add_tcase(s, c);
    return s;
}
