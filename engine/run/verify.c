/* verify.c -- unitgraph run --verify-resume: a run against the same run interrupted. */
#include "engine/run/verify.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/safetensors.h"
#include "engine/run/folder.h"
#include "engine/run/session.h"

enum { LARGEST_FILE = 1 << 30 };

struct verifying {
    const char *straight, *resumed; /* run folders */
    struct ug_arena *arena;
    FILE *out;
    struct ug_diags *diags;
};

static bool differs(const struct verifying *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool differs(const struct verifying *v, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *what = ug_arena_vformat(v->arena, format, args);
    va_end(args);
    ug_error(v->diags, UG_NOWHERE, "the resumed run differs: %s", what);
    return false;
}

/* ---- Tensors ---- */

static int64_t first_difference(const struct ug_stored *a, const struct ug_stored *b)
{
    const unsigned char *x = a->data, *y = b->data;
    const int64_t n = ug_shape_count(&a->shape);
    const size_t size = n ? a->bytes / (size_t)n : 1;
    size_t at = 0;

    while (at < a->bytes && x[at] == y[at])
        at++;
    return (int64_t)(at / size);
}

static bool same_tensor(const struct verifying *v, const struct ug_stored *a,
                        const struct ug_stored *b, const char *kind)
{
    if (!b || !ug_shape_equal(&a->shape, &b->shape) || strcmp(a->dtype, b->dtype))
        return differs(v, "%s '%s' %s", kind, a->name, b ? "has another shape" : "is missing");
    if (!memcmp(a->data, b->data, a->bytes))
        return true;
    return differs(v, "%s '%s', from element %lld on", kind, a->name,
                   (long long)first_difference(a, b));
}

static bool same_tensors(const struct verifying *v, const struct ug_safetensors *a,
                         const struct ug_safetensors *b, const char *kind)
{
    const int n = ug_safetensors_count(a);
    int64_t values = 0;

    if (n != ug_safetensors_count(b))
        return differs(v, "there are %d %ss, and %d without the stop", ug_safetensors_count(b),
                       kind, n);
    for (int i = 0; i < n; i++) {
        const struct ug_stored *t = ug_safetensors_item(a, i);
        if (!same_tensor(v, t, ug_safetensors_find(b, t->name), kind))
            return false;
        values += ug_shape_count(&t->shape);
    }
    fprintf(v->out, "  %-10s %6d tensors of %lld values\n", kind, n, (long long)values);
    return true;
}

static bool same_file(const struct verifying *v, const char *name, const char *kind)
{
    const char *a = ug_arena_format(v->arena, "%s/latest/%s", v->straight, name);
    const char *b = ug_arena_format(v->arena, "%s/latest/%s", v->resumed, name);

    if (!ug_file_exists(a) && !ug_file_exists(b))
        return true;
    struct ug_safetensors *x = ug_safetensors_open(a, UG_NOWHERE, v->diags);
    struct ug_safetensors *y = ug_safetensors_open(b, UG_NOWHERE, v->diags);
    const bool same = x && y && same_tensors(v, x, y, kind);
    ug_safetensors_close(x);
    ug_safetensors_close(y);
    return same;
}

/* ---- Lines of JSON ---- */

/* The next line as an object without its time; NULL at the end. */
static json_t *next_line(FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    json_t *object = NULL;

    if (file && getline(&line, &capacity, file) > 0)
        object = json_loads(line, 0, NULL);
    json_object_del(object, "seconds");
    free(line);
    return object;
}

/* The name of the first value that two objects do not share, or NULL. */
static const char *first_key(const struct verifying *v, json_t *a, json_t *b)
{
    const char *key;
    json_t *value;

    json_object_foreach(a, key, value)
    {
        if (!json_equal(value, json_object_get(b, key)))
            return ug_arena_copy(v->arena, key, strlen(key));
    }
    return json_equal(a, b) ? NULL : "a value more";
}

static bool same_lines(const struct verifying *v, FILE *a, FILE *b)
{
    const char *key = NULL;
    bool more = true;
    int n = 0;

    for (; more && !key; n += more) {
        json_t *x = next_line(a), *y = next_line(b);
        more = x || y;
        if (more)
            key = first_key(v, x, y);
        json_decref(x);
        json_decref(y);
    }
    if (key)
        return differs(v, "'%s' in line %d of metrics.jsonl", key, n);
    fprintf(v->out, "  %-10s %6d lines\n", "metrics", n);
    return true;
}

static bool same_metrics(const struct verifying *v)
{
    FILE *a = fopen(ug_arena_format(v->arena, "%s/metrics.jsonl", v->straight), "re");
    FILE *b = fopen(ug_arena_format(v->arena, "%s/metrics.jsonl", v->resumed), "re");
    const bool same = same_lines(v, a, b);

    if (a)
        fclose(a);
    if (b)
        fclose(b);
    return same;
}

/* ---- state.json and pictures ---- */

static bool same_json(const json_t *a, const json_t *b)
{
    return (!a && !b) || json_equal(a, b);
}

static bool same_counts(const struct verifying *v)
{
    static const char *const keys[] = {"step", "seed", "updates", "best"};
    json_t *a =
        json_load_file(ug_arena_format(v->arena, "%s/latest/state.json", v->straight), 0, NULL);
    json_t *b =
        json_load_file(ug_arena_format(v->arena, "%s/latest/state.json", v->resumed), 0, NULL);
    bool same = a && b;

    for (size_t i = 0; same && i < sizeof keys / sizeof *keys; i++)
        if (!same_json(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
            same = differs(v, "'%s' of state.json", keys[i]);
    json_decref(a);
    json_decref(b);
    return same;
}

static bool same_picture(const struct verifying *v, const char *name)
{
    const char *folders[] = {v->straight, v->resumed};
    char *bytes[2];
    size_t n[2] = {0};

    for (int i = 0; i < 2; i++)
        bytes[i] = ug_file_read(ug_arena_format(v->arena, "%s/samples/%s", folders[i], name),
                                LARGEST_FILE, &n[i], UG_NOWHERE, v->diags);
    const bool same = bytes[0] && bytes[1] && n[0] == n[1] && !memcmp(bytes[0], bytes[1], n[0]);
    free(bytes[0]);
    free(bytes[1]);
    return same || differs(v, "the picture samples/%s", name);
}

static bool same_samples(const struct verifying *v)
{
    int n, n_resumed;
    const char **names =
        ug_folder_list(v->arena, ug_arena_format(v->arena, "%s/samples", v->straight), &n);

    ug_folder_list(v->arena, ug_arena_format(v->arena, "%s/samples", v->resumed), &n_resumed);
    if (n != n_resumed)
        return differs(v, "there are %d samples, and %d without the stop", n_resumed, n);
    for (int i = 0; i < n; i++)
        if (!same_picture(v, names[i]))
            return false;
    if (n)
        fprintf(v->out, "  %-10s %6d pictures\n", "samples", n);
    return true;
}

bool ug_verify_same(const char *straight, const char *resumed, FILE *out, struct ug_diags *diags)
{
    const struct verifying v = {straight, resumed, ug_arena_new(), out, diags};

    fputs("compared:\n", out);
    const bool same = same_file(&v, "params.safetensors", "parameter") &&
                      same_file(&v, "ema.safetensors", "average") &&
                      same_file(&v, "optimizer.safetensors", "moment") && same_counts(&v) &&
                      same_metrics(&v) && same_samples(&v);
    ug_arena_free(v.arena);
    return same;
}

/* ---- The two runs ---- */

/* Trains into a folder up to step `until`. */
static enum ug_status train_until(const char *file, const struct ug_run_options *o,
                                  const char *folder, int64_t until, int64_t steps, bool resume,
                                  struct ug_diags *diags)
{
    struct ug_run_options options = *o;

    options.out = folder;
    options.resume = resume;
    options.init = resume ? NULL : o->init;
    options.progress = NULL;
    struct ug_session r = {.options = &options,
                           .file = file,
                           .diags = diags,
                           .arena = ug_arena_new(),
                           .lock = -1,
                           .until = until,
                           .least_steps = steps,
                           .logs_all = true};
    enum ug_status status = ug_session_run(&r);
    if (status == UG_DONE && r.made.step < until) {
        ug_error(diags, UG_NOWHERE, "stopped before anything could be compared");
        status = UG_FAILED;
    }
    ug_session_free(&r);
    return status;
}

static enum ug_status compare_runs(const char *file, const struct ug_run_options *o, int64_t steps,
                                   const char *folder, FILE *out, struct ug_diags *diags)
{
    char straight[PATH_MAX + 16], resumed[PATH_MAX + 16];
    const int64_t half = steps / 2;
    enum ug_status status;

    snprintf(straight, sizeof straight, "%s/straight", folder);
    snprintf(resumed, sizeof resumed, "%s/resumed", folder);
    fprintf(out, "%lld steps straight …\n", (long long)steps);
    fflush(out);
    if ((status = train_until(file, o, straight, steps, steps, false, diags)) != UG_DONE)
        return status;
    fprintf(out, "%lld steps, saved, loaded, %lld more …\n", (long long)half,
            (long long)(steps - half));
    fflush(out);
    if ((status = train_until(file, o, resumed, half, steps, false, diags)) != UG_DONE ||
        (status = train_until(file, o, resumed, steps, steps, true, diags)) != UG_DONE)
        return status;
    if (!ug_verify_same(straight, resumed, out, diags))
        return UG_FAILED;
    fputs("the same, bit for bit: this run can be stopped and resumed\n", out);
    return UG_DONE;
}

enum ug_status ug_verify_resume(const char *file, const struct ug_run_options *o, int64_t steps,
                                FILE *out, struct ug_diags *diags)
{
    const char *place = getenv("TMPDIR");
    char folder[PATH_MAX];

    if (snprintf(folder, sizeof folder, "%s/unitgraph-verify-XXXXXX", place ? place : "/tmp") >=
            (int)sizeof folder ||
        !mkdtemp(folder)) {
        ug_error(diags, UG_NOWHERE, "cannot make a folder for the two runs in '%s'",
                 place ? place : "/tmp");
        return UG_FAILED;
    }
    const enum ug_status status = compare_runs(file, o, steps, folder, out, diags);
    ug_folder_remove(folder);
    return status;
}
