/* section_events.c -- what happens every so many steps: `log`, `samples`, `checkpoint`, `validate`;
 * and `translate`. */
#include <string.h>

#include "engine/model/keys.h"

/* A section that is a map; NULL if it is absent or wrong. */
static struct ug_yaml *find_section(struct ug_sections *s, const char *name,
                                    struct ug_event_spec *event)
{
    struct ug_yaml *section = ug_yaml_get(s->program->tree, name);

    if (!section || !ug_want_map(s, section, ug_arena_format(s->arena, "'%s'", name),
                                 ug_arena_format(s->arena, "'%s: {every: 100}'", name)))
        return NULL;
    event->present = true;
    event->pos = ug_yaml_key(s->program->tree, name)->pos;
    return section;
}

/* ---- Columns and metrics ---- */

static void push_column(struct ug_sections *s, struct ug_samples_spec *samples, int *capacity,
                        const char *label, const struct ug_expr *expr)
{
    const struct ug_column column = {label, expr};

    if (expr)
        UG_PUSH(s->arena, samples->columns, samples->n_columns, *capacity, column);
}

/* An expression, whose text is its label, or {label: expression}. */
static void read_column(struct ug_sections *s, struct ug_yaml *y, struct ug_samples_spec *samples,
                        int *capacity)
{
    if (y->kind == UG_YAML_SCALAR)
        push_column(s, samples, capacity, y->text, ug_expr_parse(s->arena, s->diags, y));
    else if (y->kind == UG_YAML_LIST)
        ug_error(s->diags, y->pos, "a column must be an expression or {label: expression}");
    for (int i = 0; y->kind == UG_YAML_MAP && i < y->n; i++)
        push_column(s, samples, capacity, y->keys[i]->text,
                    ug_expr_parse(s->arena, s->diags, y->items[i]));
}

static void read_columns(struct ug_sections *s, struct ug_yaml *y, struct ug_samples_spec *samples)
{
    int capacity = 0;

    if (y->kind != UG_YAML_LIST) {
        read_column(s, y, samples, &capacity);
        return;
    }
    if (!y->n)
        ug_error(s->diags, y->pos, "'columns' is empty");
    for (int i = 0; i < y->n; i++)
        read_column(s, y->items[i], samples, &capacity);
}

static void read_metrics(struct ug_sections *s, const struct ug_yaml *y, struct ug_validate_spec *v)
{
    if (!ug_want_map(s, y, "'metrics'", "'{l1: \"l1_loss(fake, y)\"}'"))
        return;
    if (!y->n)
        ug_error(s->diags, y->pos, "'metrics' is empty");
    v->metrics = ug_arena_array(s->arena, (size_t)y->n, sizeof *v->metrics);
    for (int i = 0; i < y->n; i++) {
        const struct ug_expr *expr = ug_expr_parse(s->arena, s->diags, y->items[i]);
        if (ug_want_name(s, y->keys[i]) && expr)
            v->metrics[v->n_metrics++] = (struct ug_column){y->keys[i]->text, expr};
    }
}

/* Entries that stand in for those of `data`. */
static struct ug_data_spec read_data(struct ug_sections *s, const struct ug_yaml *section,
                                     const char *what)
{
    struct ug_yaml *data = ug_yaml_get(section, "data");

    if (data && !ug_want_map(s, data, what, "'data: {x: {images: FOLDER}}'"))
        data = NULL;
    return ug_read_data_over(s, data);
}

/* ---- The sections ---- */

#define EVERY(spec)                                                                                \
    .type = UG_KEY_INT,                                                                            \
    .offset = offsetof(struct spec, event) + offsetof(struct ug_event_spec, every), .min = 1,      \
    .max = 0x1p53, .required = true

static const struct ug_key log_keys[] = {
    {"every", "steps from one line to the next", .type = UG_KEY_INT,
     .offset = offsetof(struct ug_event_spec, every), .min = 1, .max = 0x1p53, .required = true},
    {.name = NULL},
};

static void read_log(struct ug_sections *s)
{
    struct ug_event_spec *log = &s->program->log;
    const struct ug_yaml *section = find_section(s, "log", log);

    if (section)
        ug_read_keys(s, section, "'log'", log_keys, log);
}

/* Samples are shown as they are: where training crops, the whole picture is resized to `size`. */
static void show_whole(struct ug_data_spec *data)
{
    for (int i = 0; i < data->n; i++) {
        struct ug_data_entry *e = &data->entries[i];
        e->shuffle = e->flip = false;
        if (e->size[0])
            e->resize = 0;
    }
}

static const struct ug_key samples_keys[] = {
    {"every", "steps from one grid to the next", EVERY(ug_samples_spec)},
    {"count", "how many samples are shown", .type = UG_KEY_INT,
     .offset = offsetof(struct ug_samples_spec, count), .min = 1, .max = 1 << 20},
    {"data", "entries that stand in for those of the training data", .type = UG_KEY_OTHER},
    {"columns", "expressions, or {label: expression}", .type = UG_KEY_OTHER, .required = true},
    {.name = NULL},
};

static void read_samples(struct ug_sections *s)
{
    struct ug_samples_spec *samples = &s->program->samples;
    const struct ug_yaml *section = find_section(s, "samples", &samples->event);

    samples->count = 4;
    if (!section)
        return;
    ug_read_keys(s, section, "'samples'", samples_keys, samples);
    samples->data = read_data(s, section, "'data' of 'samples'");
    show_whole(&samples->data);
    struct ug_yaml *columns = ug_yaml_get(section, "columns");
    if (columns && !ug_yaml_is_null(columns))
        read_columns(s, columns, samples);
}

/* The metric of `validate` that a scalar names. */
static int find_metric(struct ug_sections *s, const struct ug_yaml *name)
{
    const struct ug_validate_spec *v = &s->program->validate;
    const char **names = ug_arena_array(s->arena, (size_t)v->n_metrics + 1, sizeof *names);

    if (!v->event.present) {
        ug_note(
            ug_error(s->diags, name->pos, "there is no 'validate' whose metric could be the best"),
            UG_NOWHERE, "write 'validate: {every: 100, metrics: {%s: …}}'", name->text);
        return -1;
    }
    for (int i = 0; i < v->n_metrics; i++) {
        names[i] = v->metrics[i].label;
        if (!strcmp(names[i], name->text))
            return i;
    }
    ug_suggest(ug_error(s->diags, name->pos, "'validate' has no metric '%s'", name->text),
               name->text, "metrics", names, (size_t)v->n_metrics);
    return -1;
}

/* `best: psnr`, or `best: {metric: psnr, mode: max}`. */
static void read_best(struct ug_sections *s, struct ug_yaml *best, struct ug_checkpoint_spec *c)
{
    struct best {
        const char *metric, *mode;
    } b = {NULL, "auto"};
    static const struct ug_key keys[] = {
        {"metric", "a metric of 'validate'", .type = UG_KEY_NAME,
         .offset = offsetof(struct best, metric), .required = true},
        {"mode", "min or max: which of its values is the best", .type = UG_KEY_NAME,
         .offset = offsetof(struct best, mode)},
        {.name = NULL},
    };
    const struct ug_yaml *name = best->kind == UG_YAML_MAP ? ug_yaml_get(best, "metric") : best;

    if (best->kind == UG_YAML_MAP && !ug_read_keys(s, best, "'best'", keys, &b))
        return;
    if (best->kind == UG_YAML_LIST) {
        ug_error(s->diags, best->pos,
                 "'best' is a metric: 'best: psnr', or 'best: {metric: psnr, mode: max}'");
        return;
    }
    c->best = find_metric(s, name);
    c->best_mode = !strcmp(b.mode, "min")   ? UG_BEST_MIN
                   : !strcmp(b.mode, "max") ? UG_BEST_MAX
                                            : UG_BEST_AUTO;
    if (c->best_mode == UG_BEST_AUTO && strcmp(b.mode, "auto"))
        ug_error(s->diags, ug_yaml_get(best, "mode")->pos, "'mode' is min or max, not '%s'",
                 b.mode);
}

static const struct ug_key checkpoint_keys[] = {
    {"every", "steps from one checkpoint to the next", EVERY(ug_checkpoint_spec)},
    {"keep", "how many of the newest are kept; without it all", .type = UG_KEY_INT,
     .offset = offsetof(struct ug_checkpoint_spec, keep), .min = 1, .max = 0x1p53},
    {"best", "the metric of 'validate' whose best is kept besides", .type = UG_KEY_OTHER},
    {.name = NULL},
};

static void read_checkpoint(struct ug_sections *s)
{
    struct ug_checkpoint_spec *checkpoint = &s->program->checkpoint;
    const struct ug_yaml *section = find_section(s, "checkpoint", &checkpoint->event);

    checkpoint->best = -1;
    if (!section)
        return;
    ug_read_keys(s, section, "'checkpoint'", checkpoint_keys, checkpoint);
    struct ug_yaml *best = ug_yaml_get(section, "best");
    if (best && !ug_yaml_is_null(best))
        read_best(s, best, checkpoint);
}

static const struct ug_key validate_keys[] = {
    {"every", "steps from one validation to the next", EVERY(ug_validate_spec)},
    {"data", "entries that stand in for those of the training data", .type = UG_KEY_OTHER},
    {"metrics", "names and expressions", .type = UG_KEY_OTHER, .required = true},
    {.name = NULL},
};

static void read_validate(struct ug_sections *s)
{
    struct ug_validate_spec *validate = &s->program->validate;
    const struct ug_yaml *section = find_section(s, "validate", &validate->event);

    if (!section)
        return;
    ug_read_keys(s, section, "'validate'", validate_keys, validate);
    validate->data = read_data(s, section, "'data' of 'validate'");
    const struct ug_yaml *metrics = ug_yaml_get(section, "metrics");
    if (metrics && !ug_yaml_is_null(metrics))
        read_metrics(s, metrics, validate);
    if (!validate->data.n && !ug_diags_errors(s->diags))
        ug_note(ug_error(s->diags, validate->event.pos, "there is no data to validate with"),
                UG_NOWHERE, "write 'data: {x: {images: FOLDER}}'");
}

const struct ug_key *ug_event_keys_of(const char *section, const char *path)
{
    static const struct {
        const char *name;
        const struct ug_key *keys;
    } sections[] = {{"log", log_keys},
                    {"samples", samples_keys},
                    {"checkpoint", checkpoint_keys},
                    {"validate", validate_keys}};

    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!strcmp(section, sections[i].name) && !*path)
            return sections[i].keys;
    return NULL;
}

void ug_read_events(struct ug_sections *s)
{
    read_log(s);
    read_samples(s);
    read_validate(s);
    read_checkpoint(s);
}

/* ---- Translations ---- */

static bool check_from(struct ug_sections *s, const struct ug_translate_spec *t)
{
    const struct ug_program *p = s->program;
    const char **names = ug_arena_array(s->arena, (size_t)p->n_inputs + 1, sizeof *names);

    for (int i = 0; i < p->n_inputs; i++) {
        names[i] = p->inputs[i].name;
        if (!strcmp(names[i], t->from))
            return true;
    }
    ug_suggest(ug_error(s->diags, t->from_pos, "there is no input '%s'", t->from), t->from,
               "inputs", names, (size_t)p->n_inputs);
    return false;
}

static bool read_translation(struct ug_sections *s, const struct ug_yaml *key,
                             const struct ug_yaml *map, struct ug_translate_spec *t)
{
    static const struct ug_key keys[] = {
        {"from", "the input that takes the picture; without it pictures are drawn",
         .type = UG_KEY_NAME, .offset = offsetof(struct ug_translate_spec, from)},
        {"to", "the picture that comes out", .type = UG_KEY_EXPR,
         .offset = offsetof(struct ug_translate_spec, to), .required = true},
        {.name = NULL},
    };
    const char *what = ug_arena_format(s->arena, "the translation '%s'", key->text);

    *t = (struct ug_translate_spec){.name = key->text, .pos = key->pos};
    if (!ug_want_map(s, map, what, "'{from: x, to: G(x)}'") || !ug_read_keys(s, map, what, keys, t))
        return false;
    if (t->from)
        t->from_pos = ug_yaml_get(map, "from")->pos;
    return !t->from || check_from(s, t);
}

void ug_read_translate(struct ug_sections *s)
{
    struct ug_program *p = s->program;
    const struct ug_yaml *section = ug_yaml_get(p->tree, "translate");

    if (!section ||
        !ug_want_map(s, section, "'translate'", "'translate: {1to2: {from: x1, to: G2(E1(x1))}}'"))
        return;
    p->translates = ug_arena_array(s->arena, (size_t)section->n, sizeof *p->translates);
    for (int i = 0; i < section->n; i++)
        if (read_translation(s, section->keys[i], section->items[i],
                             &p->translates[p->n_translates]))
            p->n_translates++;
}
