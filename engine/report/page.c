/* page.c -- gathers what the page shows.
 *
 *     {"written": time, "runs": [{
 *       "facts": {"name": folder, "step": newest, "about": about.json or null,
 *                 "settings": [[path, value], …], "grids": [steps], "drawn": grids on disk},
 *       "curves": [{"name", "span": logged points a point, "steps": […], "values": […],
 *                   "last": [step, value], "lowest": […], "highest": […]}]}]}
 */
#include "engine/report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/embedded.h"
#include "engine/base/file.h"
#include "engine/model/document.h"
#include "engine/report/curves.h"
#include "engine/report/json.h"
#include "engine/report/pictures.h"
#include "engine/run/folder.h"

enum {
    LARGEST_FILE = 64 << 20, /* about.json, config.yaml */
    ROOM = 7 << 20,          /* bytes of pictures in a page, which base64 makes a third more */
    POINTS = 4000,
    FEWEST = 400 /* of a series, over all runs and for each */
};

struct page {
    struct ug_arena *arena;
    const char *const *runs;
    struct ug_grids *grids; /* by run */
    int n;
    FILE *out;
};

/* ---- The resolved file ---- */

static void put_leaf(json_t *list, const char *path, const char *value)
{
    json_array_append_new(list, json_pack("[o, o]", ug_json_text(path), ug_json_text(value)));
}

static void put_flow(json_t *list, const char *path, const struct ug_yaml *y)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        abort();
    for (int i = 0; i < y->n; i++)
        fprintf(out, "%s%s", i ? ", " : "[", y->items[i]->text);
    fputs(y->n ? "]" : "[]", out);
    fclose(out);
    put_leaf(list, path, text);
    free(text);
}

static bool is_flat(const struct ug_yaml *list)
{
    for (int i = 0; i < list->n; i++)
        if (list->items[i]->kind != UG_YAML_SCALAR)
            return false;
    return true;
}

/* "train.optimizers.G.adam.lr", "share.0"; a list of scalars is one value. */
static void put_leaves(struct ug_arena *a, json_t *list, const char *path, const struct ug_yaml *y)
{
    if (y->kind == UG_YAML_SCALAR)
        put_leaf(list, path, y->text);
    else if (y->kind == UG_YAML_LIST && is_flat(y))
        put_flow(list, path, y);
    else
        for (int i = 0; i < y->n; i++) {
            const char *key =
                y->kind == UG_YAML_MAP ? y->keys[i]->text : ug_arena_format(a, "%d", i);
            put_leaves(a, list, *path ? ug_arena_format(a, "%s.%s", path, key) : key, y->items[i]);
        }
}

static json_t *settings_of(const char *run)
{
    struct ug_arena *a = ug_arena_new();
    struct ug_diags *unsaid = ug_diags_new();
    const char *path = ug_arena_format(a, "%s/config.yaml", run);
    struct ug_yaml *tree =
        ug_file_exists(path) ? ug_yaml_read_file(a, unsaid, path, UG_NOWHERE) : NULL;
    json_t *list = json_array();

    if (tree)
        put_leaves(a, list, "", tree);
    ug_diags_free(unsaid);
    ug_arena_free(a);
    return list;
}

/* ---- One run ---- */

static json_t *about_of(const struct page *p, const char *run)
{
    struct ug_diags *unsaid = ug_diags_new();
    const char *path = ug_arena_format(p->arena, "%s/about.json", run);
    size_t n = 0;
    char *text = ug_file_read(path, LARGEST_FILE, &n, UG_NOWHERE, unsaid);
    json_t *about = text ? json_loadb(text, n, 0, NULL) : NULL;

    free(text);
    ug_diags_free(unsaid);
    return json_is_object(about) ? about : json_null();
}

/* The newest step that anything on disk tells of. */
static int64_t newest_step(const struct page *p, int i, int64_t logged)
{
    const struct ug_grids *g = &p->grids[i];
    int64_t newest = logged > 0 ? logged : 0;
    int n = 0;
    const char **names =
        ug_folder_list(p->arena, ug_arena_format(p->arena, "%s/checkpoints", p->runs[i]), &n);

    if (g->n && g->items[g->n - 1].step > newest)
        newest = g->items[g->n - 1].step;
    for (int k = 0; k < n; k++) {
        long long step;
        if (sscanf(names[k], "step-%lld", &step) == 1 && step > newest)
            newest = step;
    }
    return newest;
}

static json_t *facts_of(const struct page *p, int i, int64_t logged)
{
    const char *run = p->runs[i];
    json_t *grids = json_array();

    for (int k = 0; k < p->grids[i].n; k++)
        json_array_append_new(grids, json_integer(p->grids[i].items[k].step));
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:i}", "name", ug_json_text(run), "step",
                     (json_int_t)newest_step(p, i, logged), "about", about_of(p, run), "settings",
                     settings_of(run), "grids", grids, "drawn", p->grids[i].drawn);
}

/* ---- Curves: written number by number, for they may be long ---- */

static void put_json(FILE *out, json_t *value)
{
    ug_json_put(value, out);
    json_decref(value);
}

static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    else
        fputs("null", out);
}

static void put_pair(FILE *out, const char *name, struct ug_point p)
{
    fprintf(out, ",\"%s\":[", name);
    put_number(out, p.step);
    putc(',', out);
    put_number(out, p.value);
    putc(']', out);
}

static void put_curve(FILE *out, const struct ug_series *s)
{
    fputs("{\"name\":", out);
    put_json(out, ug_json_text(s->name));
    fprintf(out, ",\"span\":%d,\"steps\":[", s->span);
    for (int i = 0; i < s->n; i++) {
        fputs(i ? "," : "", out);
        put_number(out, s->points[i].step);
    }
    fputs("],\"values\":[", out);
    for (int i = 0; i < s->n; i++) {
        fputs(i ? "," : "", out);
        put_number(out, s->points[i].value);
    }
    putc(']', out);
    put_pair(out, "last", s->last);
    put_pair(out, "lowest", s->lowest);
    put_pair(out, "highest", s->highest);
    putc('}', out);
}

static void put_run(const struct page *p, int i)
{
    const int share = POINTS / p->n / 2 * 2;
    struct ug_arena *a = ug_arena_new();
    struct ug_curves c;

    ug_curves_read(&c, a, ug_arena_format(a, "%s/metrics.jsonl", p->runs[i]),
                   share > FEWEST ? share : FEWEST);
    fputs("{\"facts\":", p->out);
    put_json(p->out, facts_of(p, i, c.last_step));
    fputs(",\"curves\":[", p->out);
    for (int k = 0; k < c.n; k++) {
        fputs(k ? "," : "", p->out);
        put_curve(p->out, &c.items[k]);
    }
    fputs("]}", p->out);
    ug_arena_free(a);
}

/* ---- The whole ---- */

static void put_data(const struct page *p)
{
    fprintf(p->out, "{\"written\":%lld,\"runs\":[", (long long)time(NULL));
    for (int i = 0; i < p->n; i++) {
        fputs(i ? "," : "", p->out);
        put_run(p, i);
    }
    fputs("]}", p->out);
}

static void put_pictures(const struct page *p)
{
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < p->grids[i].n; k++) {
            const struct ug_grid *g = &p->grids[i].items[k];
            fprintf(p->out, "<script type=\"text/plain\" id=\"picture-%d-%lld\">", i,
                    (long long)g->step);
            ug_grid_put(g, p->out);
            fputs("</script>\n", p->out);
        }
}

static const struct ug_embedded *find_text(const char *name, size_t length)
{
    for (const struct ug_embedded *t = ug_page_texts; t->name; t++)
        if (strlen(t->name) == length && !strncmp(t->name, name, length))
            return t;
    return NULL;
}

static void put_mark(const struct page *p, const char *mark, size_t length)
{
    const struct ug_embedded *text = find_text(mark, length);

    if (text)
        fwrite(text->bytes, 1, text->length, p->out);
    else if (length == 4 && !strncmp(mark, "data", 4))
        put_data(p);
    else
        put_pictures(p);
}

static void put_page(const struct page *p)
{
    const struct ug_embedded *page = find_text("page.html", strlen("page.html"));
    const char *at = (const char *)page->bytes, *end = at + page->length, *mark;

    while ((mark = memmem(at, (size_t)(end - at), "{{", 2))) {
        const char *close = memmem(mark, (size_t)(end - mark), "}}", 2);
        fwrite(at, 1, (size_t)(mark - at), p->out);
        put_mark(p, mark + 2, (size_t)(close - mark) - 2);
        at = close + 2;
    }
    fwrite(at, 1, (size_t)(end - at), p->out);
}

size_t ug_page_write(const char *path, const char *const *runs, int n, struct ug_diags *diags)
{
    struct ug_writer w;
    struct page p = {.runs = runs, .n = n};

    if (!ug_writer_open(&w, path, diags))
        return 0;
    p.arena = ug_arena_new();
    p.out = w.stream;
    p.grids = ug_arena_array(p.arena, (size_t)n, sizeof *p.grids);
    for (int i = 0; i < n; i++)
        p.grids[i] = ug_grids_choose(p.arena, runs[i], ROOM / n);
    put_page(&p);
    ug_arena_free(p.arena);
    const long size = ftell(w.stream);
    return ug_writer_commit(&w, diags) && size > 0 ? (size_t)size : 0;
}
