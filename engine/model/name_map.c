/* name_map.c -- reads the rules of a map, and applies them to names and values. */
#include "engine/model/name_map.h"

#include <string.h>

#include "engine/model/keys.h"
#include "engine/model/pattern.h"

struct ug_name_map {
    struct ug_name_rule *rules;
    int n_rules, rules_capacity;
    const struct ug_pattern **ignored;
    int n_ignored, ignored_capacity;
};

/* ---- Reading ---- */

/* A text with variables inserted, as a pattern. */
static struct ug_pattern *read_pattern(struct ug_sections *s, const struct ug_yaml *y)
{
    if (y->broken)
        return NULL;
    if (y->kind != UG_YAML_SCALAR || !y->length) {
        ug_error(s->diags, y->pos, "here stands the name of a tensor, or a pattern for names");
        return NULL;
    }
    const char *text = ug_vars_insert(s->program->vars, s->arena, s->diags, y->text, y->pos);
    return text ? ug_pattern_parse(s->arena, text, y->pos, s->diags) : NULL;
}

/* A list of whole numbers; -1 after an error. */
static int read_integers(struct ug_sections *s, struct ug_yaml *y, const char *what, int64_t max,
                         int64_t out[UG_MAX_RANK])
{
    struct ug_quantity q;
    char text[UG_QUANTITY_TEXT];

    if (!ug_evaluate_yaml(&s->eval, y, &q))
        return -1;
    if (q.kind != UG_Q_LIST || q.n > UG_MAX_RANK) {
        ug_error(s->diags, y->pos, "%s must be a list of at most %d whole numbers, not %s", what,
                 UG_MAX_RANK, ug_quantity_describe(&q, text));
        return -1;
    }
    for (int i = 0; i < q.n; i++)
        if (!ug_want_int(s->diags, y->pos, what, &q.items[i], 0, max, &out[i]))
            return -1;
    return q.n;
}

static bool read_permute(struct ug_sections *s, struct ug_yaml *y, struct ug_name_rule *rule)
{
    int64_t axes[UG_MAX_RANK];
    unsigned seen = 0;

    rule->n_permute = read_integers(s, y, "'permute'", UG_MAX_RANK - 1, axes);
    for (int i = 0; i < rule->n_permute; i++) {
        rule->permute[i] = (int)axes[i];
        seen |= 1u << axes[i];
    }
    if (rule->n_permute > 0 && seen == (1u << rule->n_permute) - 1)
        return true;
    if (rule->n_permute >= 0)
        ug_error(s->diags, y->pos, "'permute' must name each axis once: [1, 0, 2, 3]");
    return false;
}

static bool read_shape(struct ug_sections *s, const struct ug_yaml *map, const char *side,
                       struct ug_shape *out)
{
    struct ug_yaml *y = ug_yaml_get(map, side);
    const int rank =
        y ? read_integers(s, y, ug_arena_format(s->arena, "'%s'", side), UG_MAX_ELEMENTS, out->dim)
          : -1;

    out->rank = rank;
    if (rank >= 0 && ug_shape_valid(out))
        return true;
    if (!y)
        ug_error(s->diags, map->pos, "'reshape' needs '%s', a shape", side);
    else if (rank >= 0)
        ug_error(s->diags, y->pos, "this shape is too large");
    return false;
}

static bool read_reshape(struct ug_sections *s, struct ug_yaml *y, struct ug_name_rule *rule)
{
    static const struct ug_key keys[] = {
        {"there", "the shape in the other program's file", .type = UG_KEY_OTHER},
        {"here", "the shape here", .type = UG_KEY_OTHER},
        {.name = NULL},
    };

    if (!ug_want_map(s, y, "'reshape'", "'{there: [8], here: [8, 1, 1]}'") ||
        !ug_refuse_unknown(s, y, "'reshape'", keys) ||
        !read_shape(s, y, "there", &rule->shape_there) ||
        !read_shape(s, y, "here", &rule->shape_here))
        return false;
    rule->reshaped = true;
    if (ug_shape_count(&rule->shape_there) == ug_shape_count(&rule->shape_here))
        return true;
    ug_error(s->diags, y->pos, "the two shapes have different numbers of elements");
    return false;
}

/* {name: E1.x, permute: [1, 0]} */
static bool read_long_rule(struct ug_sections *s, const struct ug_yaml *y,
                           struct ug_name_rule *rule)
{
    static const struct ug_key keys[] = {
        {"name", "the name here", .type = UG_KEY_OTHER},
        {"permute", "which axis there each axis here is: [1, 0]", .type = UG_KEY_OTHER},
        {"reshape", "{there: [8], here: [8, 1, 1]}", .type = UG_KEY_OTHER},
        {.name = NULL},
    };
    const struct ug_yaml *name = ug_yaml_get(y, "name");
    struct ug_yaml *permute = ug_yaml_get(y, "permute"), *reshape = ug_yaml_get(y, "reshape");

    if (!ug_refuse_unknown(s, y, "a line of 'names'", keys))
        return false;
    if (!name || (permute && reshape)) {
        ug_error(s->diags, y->pos,
                 name ? "'permute' and 'reshape' do not go together" : "it needs 'name'");
        return false;
    }
    rule->here = read_pattern(s, name);
    return rule->here && (!permute || read_permute(s, permute, rule)) &&
           (!reshape || read_reshape(s, reshape, rule));
}

static void read_rule(struct ug_sections *s, const struct ug_yaml *key, const struct ug_yaml *value,
                      struct ug_name_map *m)
{
    struct ug_name_rule rule = {.pos = key->pos, .there = read_pattern(s, key)};
    bool fine = rule.there;

    if (value->kind == UG_YAML_MAP)
        fine = read_long_rule(s, value, &rule) && fine;
    else
        fine = (rule.here = read_pattern(s, value)) && fine;
    if (fine && ug_pattern_join(rule.there, (struct ug_pattern *)rule.here, key->pos, s->diags))
        UG_PUSH(s->arena, m->rules, m->n_rules, m->rules_capacity, rule);
}

static void read_names(struct ug_sections *s, const struct ug_yaml *y, struct ug_name_map *m)
{
    if (!ug_want_map(s, y, "'names'", "'enc.model.0.conv.*: E1.stem.0.*'"))
        return;
    for (int i = 0; i < y->n; i++)
        read_rule(s, y->keys[i], y->items[i], m);
}

static void read_ignored(struct ug_sections *s, const struct ug_yaml *y, struct ug_name_map *m)
{
    if (y->kind != UG_YAML_LIST) {
        ug_error(s->diags, y->pos, "'ignore' must be a list of names or patterns");
        return;
    }
    for (int i = 0; i < y->n; i++) {
        const struct ug_pattern *p = read_pattern(s, y->items[i]);
        if (p)
            UG_PUSH(s->arena, m->ignored, m->n_ignored, m->ignored_capacity, p);
    }
}

struct ug_name_map *ug_name_map_read(struct ug_arena *a, const char *path, const char *const *sets,
                                     int n_sets, struct ug_diags *diags)
{
    static const struct ug_key keys[] = {
        {"unitgraph", "the version of the language", .type = UG_KEY_OTHER},
        {"vars", "variables for ${name}", .type = UG_KEY_OTHER},
        {"names", "names there, and names here", .type = UG_KEY_OTHER},
        {"ignore", "names there that nothing here corresponds to", .type = UG_KEY_OTHER},
        {.name = NULL},
    };
    const size_t before = ug_diags_errors(diags);
    struct ug_name_map *m = ug_arena_alloc(a, sizeof *m);
    struct ug_program program = {.arena = a, .path = path};
    struct ug_sections s = {.program = &program, .arena = a, .diags = diags};

    program.tree = ug_yaml_compose(a, diags, path, sets, n_sets);
    if (!program.tree || program.tree->kind != UG_YAML_MAP)
        return NULL;
    program.vars = ug_vars_new(a, diags, ug_yaml_get(program.tree, "vars"));
    s.eval = (struct ug_eval){
        .arena = a, .diags = diags, .scope = &ug_vars_scope, .context = program.vars};
    ug_refuse_unknown(&s, program.tree, "a map of names", keys);
    const struct ug_yaml *names = ug_yaml_get(program.tree, "names");
    const struct ug_yaml *ignored = ug_yaml_get(program.tree, "ignore");
    if (names)
        read_names(&s, names, m);
    else
        ug_error(diags, program.tree->pos, "a map of names needs 'names'");
    if (ignored)
        read_ignored(&s, ignored, m);
    ug_vars_finish(program.vars);
    return ug_diags_errors(diags) == before ? m : NULL;
}

/* ---- Names ---- */

const struct ug_name_rule *ug_name_map_find(const struct ug_name_map *m, const char *name,
                                            bool reverse, struct ug_arena *a, const char **other)
{
    struct ug_fit fit;

    for (int i = 0; i < m->n_rules; i++) {
        const struct ug_name_rule *r = &m->rules[i];
        if (ug_pattern_fits(reverse ? r->here : r->there, name, &fit) &&
            (*other = ug_pattern_fill(reverse ? r->there : r->here, &fit, a)))
            return r;
    }
    return NULL;
}

bool ug_name_map_ignores(const struct ug_name_map *m, const char *name)
{
    struct ug_fit fit;

    for (int i = 0; i < m->n_ignored; i++)
        if (ug_pattern_fits(m->ignored[i], name, &fit))
            return true;
    return false;
}

const char **ug_name_map_patterns(const struct ug_name_map *m, bool here, struct ug_arena *a,
                                  size_t *n)
{
    const char **texts = ug_arena_array(a, (size_t)m->n_rules + 1, sizeof *texts);

    *n = (size_t)m->n_rules;
    for (int i = 0; i < m->n_rules; i++)
        texts[i] = here ? m->rules[i].here->text : m->rules[i].there->text;
    return texts;
}

/* ---- Layouts ---- */

/* The axis of the side that a tensor comes from for each axis of the side that it goes to. */
static void axes_of(const struct ug_name_rule *r, bool reverse, int axes[UG_MAX_RANK])
{
    for (int k = 0; k < r->n_permute; k++)
        axes[reverse ? r->permute[k] : k] = reverse ? k : r->permute[k];
}

bool ug_name_rule_shape(const struct ug_name_rule *r, bool reverse, const struct ug_shape *in,
                        struct ug_shape *out)
{
    int axes[UG_MAX_RANK];

    if (r->reshaped) {
        *out = reverse ? r->shape_there : r->shape_here;
        return ug_shape_equal(in, reverse ? &r->shape_here : &r->shape_there);
    }
    *out = *in;
    if (!r->n_permute)
        return true;
    if (in->rank != r->n_permute)
        return false;
    axes_of(r, reverse, axes);
    for (int k = 0; k < in->rank; k++)
        out->dim[k] = in->dim[axes[k]];
    return true;
}

void ug_name_rule_copy(const struct ug_name_rule *r, bool reverse, const struct ug_shape *in,
                       size_t size, const void *from, void *to)
{
    const int64_t count = ug_shape_count(in);
    int64_t at[UG_MAX_RANK] = {0};
    struct ug_shape out;
    int axes[UG_MAX_RANK];

    if (!r->n_permute) {
        memcpy(to, from, (size_t)count * size);
        return;
    }
    axes_of(r, reverse, axes);
    ug_name_rule_shape(r, reverse, in, &out);
    for (int64_t i = 0; i < count; i++) {
        int64_t offset = 0;
        for (int k = 0; k < out.rank; k++)
            offset += at[k] * ug_shape_span(in, axes[k] + 1, in->rank);
        memcpy((char *)to + (size_t)i * size, (const char *)from + (size_t)offset * size, size);
        for (int k = out.rank - 1; k >= 0 && ++at[k] == out.dim[k]; k--)
            at[k] = 0;
    }
}
