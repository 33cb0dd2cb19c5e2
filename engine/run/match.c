/* match.c -- finds a partner for every tensor, and says why there is none. */
#include "engine/run/match.h"

#include <stdlib.h>
#include <string.h>

/* ---- Names that may have been meant ---- */

static const char *nearest_pattern(const struct ug_matching *m, const char *name)
{
    size_t n;
    const char **patterns = ug_name_map_patterns(m->map, m->reverse, m->arena, &n);

    return ug_nearest(name, patterns, n);
}

static const char *nearest_param(const struct ug_matching *m, const char *name)
{
    const struct ug_params *params = m->program->params;
    const char **names = ug_arena_array(m->arena, (size_t)params->n + 1, sizeof *names);

    for (int i = 0; i < params->n; i++)
        names[i] = params->items[i]->name;
    return ug_nearest(name, names, (size_t)params->n);
}

static const char *nearest_stored(const struct ug_matching *m, const char *name)
{
    const int n = ug_safetensors_count(m->file);
    const char **names = ug_arena_array(m->arena, (size_t)n + 1, sizeof *names);

    for (int i = 0; i < n; i++)
        names[i] = ug_safetensors_item(m->file, i)->name;
    return ug_nearest(name, names, (size_t)n);
}

/* ---- Values ---- */

static bool is_float(const char *dtype)
{
    return dtype[0] == 'F' || !strncmp(dtype, "BF", 2);
}

/* The stored values as `made` has them, in a block of their own; NULL if they cannot be read so. */
static void *convert(const struct ug_matching *m, const struct ug_match *row)
{
    const struct ug_shape *from = &row->stored->shape;
    const size_t size = ug_dtype_size(row->made.dtype), n = (size_t)ug_shape_count(from);
    void *read = ug_xcalloc(n + 1, size), *made = ug_xcalloc(n + 1, size);
    const bool fine = ug_stored_take(row->stored, row->made.dtype, read);

    if (fine)
        ug_name_rule_copy(row->rule, m->reverse, from, size, read, made);
    free(read);
    if (fine)
        return made;
    free(made);
    return NULL;
}

/* Puts the values into the program's memory; tied names must agree. */
static enum ug_verdict take_values(struct ug_matching *m, struct ug_match *row,
                                   const struct ug_param **source)
{
    const struct ug_param *owner = row->param->owner, *before = source[owner->index];
    const size_t bytes = ug_tensor_bytes(&row->made);
    void *values = convert(m, row), *home = m->data[owner->index];
    enum ug_verdict verdict = UG_FITS;

    if (!values)
        return UG_OTHER_TYPE;
    if (before) {
        row->near = before->name;
        verdict = memcmp(values, home, bytes) ? UG_OTHER_VALUES : UG_FITS_TIED;
    } else {
        memcpy(home, values, bytes);
        source[owner->index] = row->param;
    }
    row->made.data = home;
    free(values);
    return verdict;
}

/* ---- Rows ---- */

static bool is_taken(const struct ug_matching *m, const char *to)
{
    for (int i = 0; i < m->n; i++)
        if (m->rows[i].to && ug_verdict_fits(m->rows[i].verdict) && !strcmp(m->rows[i].to, to))
            return true;
    return false;
}

/* PyTorch's batch norms count their batches; nothing here reads that. */
static bool is_passed_over(const struct ug_matching *m, const char *name)
{
    const char *last = strrchr(name, '.');

    return !m->reverse && (ug_name_map_ignores(m->map, name) ||
                           !strcmp(last ? last + 1 : name, "num_batches_tracked"));
}

/* Finds the rule and the other name; what the tensor becomes by them. */
static enum ug_verdict rename_row(const struct ug_matching *m, struct ug_match *row)
{
    if (is_passed_over(m, row->from))
        return UG_IGNORED;
    row->rule = ug_name_map_find(m->map, row->from, m->reverse, m->arena, &row->to);
    if (!row->rule) {
        row->near = nearest_pattern(m, row->from);
        return UG_NO_LINE;
    }
    row->made.dtype = is_float(row->stored->dtype) ? UG_F32 : UG_I64;
    if (!ug_name_rule_shape(row->rule, m->reverse, &row->stored->shape, &row->made.shape))
        return UG_OTHER_LAYOUT;
    return is_taken(m, row->to) ? UG_TWICE : UG_FITS;
}

static enum ug_verdict compare_shapes(const struct ug_match *row, const struct ug_shape *here)
{
    return ug_shape_equal(here, &row->param->type.shape) ? UG_FITS : UG_OTHER_SHAPE;
}

static enum ug_verdict match_in(struct ug_matching *m, struct ug_match *row,
                                const struct ug_param **source)
{
    enum ug_verdict verdict = rename_row(m, row);

    if (verdict != UG_FITS)
        return verdict;
    if (m->program && !(row->param = ug_params_find(m->program->params, row->to))) {
        row->near = nearest_param(m, row->to);
        return UG_NO_PARAM;
    }
    if (m->program) {
        row->made.dtype = row->param->type.dtype;
        verdict = compare_shapes(row, &row->made.shape);
        return verdict == UG_FITS ? take_values(m, row, source) : verdict;
    }
    row->made.data = convert(m, row);
    return row->made.data ? UG_FITS : UG_OTHER_TYPE;
}

static enum ug_verdict match_out(struct ug_matching *m, struct ug_match *row)
{
    enum ug_verdict verdict = row->param ? compare_shapes(row, &row->stored->shape) : UG_FITS;

    if (verdict == UG_FITS)
        verdict = rename_row(m, row);
    if (verdict != UG_FITS)
        return verdict;
    row->made.data = convert(m, row);
    return row->made.data ? UG_FITS : UG_OTHER_TYPE;
}

static void add(struct ug_matching *m, struct ug_match row)
{
    UG_PUSH(m->arena, m->rows, m->n, m->capacity, row);
}

/* ---- From there to here ---- */

static void find_missing(struct ug_matching *m, const struct ug_param **source)
{
    const struct ug_params *params = m->program->params;

    for (int i = 0; i < params->n; i++) {
        const struct ug_param *p = params->items[i];
        const char *expected = NULL;
        if (p->owner != p || p->kind != UG_TRAINED || source[i])
            continue;
        ug_name_map_find(m->map, p->name, true, m->arena, &expected);
        add(m, (struct ug_match){.from = expected,
                                 .to = p->name,
                                 .param = p,
                                 .made = {p->type.dtype, p->type.shape, NULL},
                                 .verdict = UG_MISSING,
                                 .near = nearest_stored(m, expected ? expected : p->name)});
    }
}

static void run_in(struct ug_matching *m)
{
    const size_t n_params = m->program ? (size_t)m->program->params->n : 0;
    const struct ug_param **source = ug_arena_array(m->arena, n_params + 1, sizeof(*source));

    for (int i = 0; i < ug_safetensors_count(m->file); i++) {
        const struct ug_stored *t = ug_safetensors_item(m->file, i);
        struct ug_match row = {.from = t->name, .stored = t};
        row.verdict = match_in(m, &row, source);
        add(m, row);
    }
    if (m->program)
        find_missing(m, source);
}

/* ---- From here to there ---- */

/* The tensor of a parameter, under its own name or one that it is tied to. */
static const struct ug_stored *find_stored(const struct ug_matching *m, const struct ug_param *p)
{
    const struct ug_params *params = m->program->params;
    const struct ug_stored *t = ug_safetensors_find(m->file, p->name);

    for (int i = 0; i < params->n && !t; i++)
        if (params->items[i]->owner == p->owner)
            t = ug_safetensors_find(m->file, params->items[i]->name);
    return t;
}

static void match_params(struct ug_matching *m)
{
    int n;
    struct ug_param **params = ug_program_list_params(m->program, &n);

    for (int i = 0; i < n; i++) {
        struct ug_match row = {
            .from = params[i]->name, .param = params[i], .stored = find_stored(m, params[i])};
        if (row.stored) {
            row.verdict = match_out(m, &row);
        } else {
            row.verdict = UG_MISSING;
            row.made.shape = params[i]->type.shape;
            row.near = nearest_stored(m, row.from);
        }
        add(m, row);
    }
}

static void run_out(struct ug_matching *m)
{
    if (m->program)
        match_params(m);
    for (int i = 0; i < ug_safetensors_count(m->file); i++) {
        const struct ug_stored *t = ug_safetensors_item(m->file, i);
        struct ug_match row = {.from = t->name, .stored = t};
        if (m->program && ug_params_find(m->program->params, t->name))
            continue;
        row.verdict = m->program ? UG_NO_PARAM : match_out(m, &row);
        row.near = m->program ? nearest_param(m, t->name) : row.near;
        add(m, row);
    }
}

/* ---- The whole ---- */

void ug_matching_run(struct ug_matching *m)
{
    if (m->reverse)
        run_out(m);
    else
        run_in(m);
}

void ug_matching_free(struct ug_matching *m)
{
    const bool own = m->reverse || !m->program;

    for (int i = 0; own && i < m->n; i++)
        free(m->rows[i].made.data);
}

bool ug_verdict_fits(enum ug_verdict v)
{
    return v <= UG_FITS_TIED;
}

static bool is_wrong(enum ug_verdict v, bool partial)
{
    return partial ? v > UG_MISSING : v > UG_IGNORED;
}

int ug_matching_misfits(const struct ug_matching *m, bool partial)
{
    int n = 0;

    for (int i = 0; i < m->n; i++)
        n += is_wrong(m->rows[i].verdict, partial);
    return n;
}

/* ---- Saying it ---- */

enum { MOST_NOTES = 20, WIDEST_NAME = 60, LONGEST_LINE = 1200 };

static const char *verdict_text(const struct ug_match *row, char text[UG_SHAPE_TEXT + 80])
{
    static const char *const texts[] = {
        [UG_FITS] = "fits",
        [UG_FITS_TIED] = "fits, tied",
        [UG_IGNORED] = "ignored",
        [UG_NO_LINE] = "no line of the map fits it",
        [UG_NO_PARAM] = "the experiment has no such parameter",
        [UG_MISSING] = "missing",
        [UG_OTHER_LAYOUT] = "not of the shape that its line of the map takes",
        [UG_OTHER_TYPE] = "cannot be read",
        [UG_OTHER_VALUES] = "other values, though tied",
        [UG_TWICE] = "another tensor becomes this too",
    };
    char shape[UG_SHAPE_TEXT];

    if (row->verdict != UG_OTHER_SHAPE)
        return texts[row->verdict];
    snprintf(text, UG_SHAPE_TEXT + 80, "the experiment has %s",
             ug_shape_text(&row->param->type.shape, shape));
    return text;
}

static const char *near_word(enum ug_verdict v)
{
    return v == UG_FITS_TIED || v == UG_OTHER_VALUES ? "to" : "near:";
}

struct widths {
    int from, to, shape;
};

static const char *shape_text(const struct ug_match *row, char text[UG_SHAPE_TEXT])
{
    return ug_shape_text(row->stored ? &row->stored->shape : &row->made.shape, text);
}

static int wider(int width, const char *text)
{
    const int length = text ? (int)strlen(text) : 1;

    return length <= width ? width : length < WIDEST_NAME ? length : WIDEST_NAME;
}

static struct widths measure(const struct ug_matching *m)
{
    struct widths w = {5, 5, 5};
    char shape[UG_SHAPE_TEXT];

    for (int i = 0; i < m->n; i++) {
        w.from = wider(w.from, m->rows[i].from);
        w.to = wider(w.to, m->rows[i].to);
        w.shape = wider(w.shape, shape_text(&m->rows[i], shape));
    }
    return w;
}

static void format_row(const struct ug_match *row, struct widths w, char line[LONGEST_LINE])
{
    char shape[UG_SHAPE_TEXT], verdict[UG_SHAPE_TEXT + 80];

    snprintf(line, LONGEST_LINE, "%-*s  %-*s  %-*s  %s%s%s%s%s", w.from,
             row->from ? row->from : "-", w.to, row->to ? row->to : "-", w.shape,
             shape_text(row, shape), verdict_text(row, verdict), row->near ? " " : "",
             row->near ? near_word(row->verdict) : "", row->near ? " " : "",
             row->near ? row->near : "");
}

void ug_matching_print(const struct ug_matching *m, FILE *out)
{
    const struct widths w = measure(m);
    char line[LONGEST_LINE];
    int fit = 0, ignored = 0;

    fprintf(out, "%-*s  %-*s  %-*s  %s\n", w.from, m->reverse ? "here" : "there", w.to,
            m->reverse ? "there" : "here", w.shape, "shape", "verdict");
    for (int i = 0; i < m->n; i++) {
        format_row(&m->rows[i], w, line);
        fprintf(out, "%s\n", line);
        fit += ug_verdict_fits(m->rows[i].verdict);
        ignored += m->rows[i].verdict == UG_IGNORED;
    }
    fprintf(out, "\n%d fit, %d ignored, %d do not fit\n", fit, ignored, m->n - fit - ignored);
}

/* Adds up to `room` notes about rows of wrong verdicts from `first` to `last`; how many. */
static int note_rows(const struct ug_matching *m, enum ug_verdict first, enum ug_verdict last,
                     int room, struct ug_diag *diag)
{
    const struct widths w = measure(m);
    char line[LONGEST_LINE];
    int n = 0;

    for (int i = 0; i < m->n && n < room; i++)
        if (m->rows[i].verdict >= first && m->rows[i].verdict <= last) {
            format_row(&m->rows[i], w, line);
            ug_note(diag, UG_NOWHERE, "%s", line);
            n++;
        }
    return n;
}

/* Those that are worst come first. */
void ug_matching_note(const struct ug_matching *m, bool partial, struct ug_diag *diag)
{
    int n = note_rows(m, UG_OTHER_SHAPE, UG_TWICE, MOST_NOTES, diag);

    if (!partial)
        n += note_rows(m, UG_NO_LINE, UG_MISSING, MOST_NOTES - n, diag);
    if (ug_matching_misfits(m, partial) > n)
        ug_note(diag, UG_NOWHERE, "… and %d more; --dry-run lists all",
                ug_matching_misfits(m, partial) - n);
}
