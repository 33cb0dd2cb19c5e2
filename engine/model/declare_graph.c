/* declare_graph.c -- the form of a graph: named values, each an expression, a chain or a repeat. */
#include <string.h>

#include "engine/model/declare_parts.h"

/* `a, b` of a key, or of a list's text: each name with its own place. */
static bool split_targets(struct ug_declaring *d, const struct ug_yaml *key,
                          struct ug_value_decl *out)
{
    const char *at = key->text;
    int capacity = 0;

    do {
        size_t length;

        at += strspn(at, " \t");
        length = strcspn(at, ", \t");
        struct ug_name_decl name = {ug_arena_copy(d->arena, at, length),
                                    ug_yaml_at(key, (size_t)(at - key->text))};
        at += length;
        at += strspn(at, " \t");
        if (!ug_is_name(name.name) || (*at && *at != ',')) {
            ug_error(d->diags, key->pos,
                     "'%s' is not a name: letters, digits and '_', not starting with a digit",
                     key->text);
            return false;
        }
        UG_PUSH(d->arena, out->targets, out->n_targets, capacity, name);
    } while (*at++ == ',');
    return true;
}

static bool chain_value(struct ug_declaring *d, const struct ug_yaml *value,
                        struct ug_value_decl *out)
{
    static const char *const known[] = {"from", "body", NULL};
    struct ug_yaml *from = ug_yaml_get(value, "from"), *body = ug_yaml_get(value, "body");
    bool fine = ug_declare_keys(d, value, "a chain in a graph", known);

    out->kind = UG_VALUE_CHAIN;
    if (!from || !body) {
        ug_error(d->diags, value->pos, "a chain in a graph has 'from' and 'body': '%s' is missing",
                 from ? "body" : "from");
        return false;
    }
    out->expr = ug_expr_parse(d->arena, d->diags, from);
    return ug_declare_chain(d, body, &out->chain) && out->expr && fine;
}

static bool declare_carries(struct ug_declaring *d, const struct ug_yaml *map,
                            struct ug_value_decl *out)
{
    bool fine = true;

    if (map->kind != UG_YAML_MAP) {
        ug_error(d->diags, map->pos,
                 "'carry' is a map from a name to its value before the first round");
        return false;
    }
    out->carries = ug_arena_array(d->arena, (size_t)map->n, sizeof *out->carries);
    for (int i = 0; i < map->n; i++) {
        struct ug_carry_decl *c = &out->carries[out->n_carries++];

        c->start = ug_expr_parse(d->arena, d->diags, map->items[i]);
        if (!ug_declare_name(d, map->keys[i], &c->name) || !c->start)
            fine = false;
    }
    return fine;
}

static bool gives(const struct ug_graph_decl *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->values[i].n_targets; k++)
            if (!strcmp(g->values[i].targets[k].name, name))
                return true;
    return false;
}

/* Everything that leaves a round must be a value of it, and every target needs one. */
static bool check_round(struct ug_declaring *d, const struct ug_yaml *value,
                        const struct ug_value_decl *v)
{
    bool fine = true;

    for (int i = 0; i < v->n_carries; i++)
        if (!gives(&v->round, v->carries[i].name.name)) {
            ug_error(d->diags, v->carries[i].name.pos,
                     "'%s' is carried, but the round's graph does not say what it is next",
                     v->carries[i].name.name);
            fine = false;
        }
    for (int i = 0; i < v->n_collects; i++)
        if (!gives(&v->round, v->collects[i].name)) {
            ug_error(d->diags, v->collects[i].pos, "'%s' is not a value of the round's graph",
                     v->collects[i].name);
            fine = false;
        }
    if (v->n_collects != v->n_targets) {
        ug_error(d->diags, ug_yaml_get(value, "collect")->pos,
                 "%d lists are collected, but the key has %d name%s", v->n_collects, v->n_targets,
                 v->n_targets == 1 ? "" : "s");
        fine = false;
    }
    return fine;
}

static bool repeat_value(struct ug_declaring *d, const struct ug_yaml *value,
                         struct ug_value_decl *out)
{
    static const char *const known[] = {"repeat", "as", "carry", "graph", "collect", NULL};
    const struct ug_yaml *as = ug_yaml_get(value, "as"), *carry = ug_yaml_get(value, "carry");
    const struct ug_yaml *collect = ug_yaml_get(value, "collect");
    struct ug_yaml *graph = ug_yaml_get(value, "graph");
    bool fine = ug_declare_keys(d, value, "a repeat in a graph", known);
    struct ug_name_decl name = {0};

    out->kind = UG_VALUE_REPEAT;
    out->expr = ug_expr_parse(d->arena, d->diags, ug_yaml_get(value, "repeat"));
    fine &= !as || ug_declare_name(d, as, &name);
    out->as = name.name;
    fine &= !carry || declare_carries(d, carry, out);
    if (!graph || !collect) {
        ug_error(d->diags, value->pos, "a repeat in a graph has '%s': what each round %s",
                 graph ? "collect" : "graph", graph ? "adds to the list" : "computes");
        return false;
    }
    ug_declare_graph(d, graph, &out->round);
    fine &= ug_declare_names(d, collect, "'collect'", &out->collects, &out->n_collects);
    return fine && check_round(d, value, out) && out->expr;
}

static bool declare_value(struct ug_declaring *d, struct ug_yaml *value, struct ug_value_decl *out)
{
    struct ug_diag *diag;

    if (ug_yaml_is_null(value)) {
        diag = ug_error(d->diags, out->pos, "'%s' has no value", out->targets[0].name);
        ug_note(diag, UG_NOWHERE, "are the next lines indented too little?");
        return false;
    }
    if (value->kind != UG_YAML_MAP) {
        out->kind = UG_VALUE_EXPR;
        out->expr = ug_expr_parse(d->arena, d->diags, value);
        return out->expr;
    }
    if (ug_yaml_get(value, "repeat"))
        return repeat_value(d, value, out);
    return chain_value(d, value, out);
}

/* Two values of one name in different keys: `a:` and `a, b:`. */
static void check_twice(struct ug_declaring *d, const struct ug_graph_decl *g, int i)
{
    for (int k = 0; k < g->values[i].n_targets; k++) {
        const struct ug_name_decl *name = &g->values[i].targets[k];

        for (int j = 0; j <= i; j++)
            for (int l = 0; l < (j < i ? g->values[j].n_targets : k); l++)
                if (!strcmp(g->values[j].targets[l].name, name->name))
                    ug_note(ug_error(d->diags, name->pos, "two values are named '%s'", name->name),
                            g->values[j].targets[l].pos, "the other is here");
    }
}

void ug_declare_graph(struct ug_declaring *d, struct ug_yaml *map, struct ug_graph_decl *out)
{
    *out = (struct ug_graph_decl){0};
    if (ug_yaml_is_null(map))
        return;
    if (map->kind != UG_YAML_MAP) {
        ug_error(d->diags, map->pos, "a graph is a map of named values");
        return;
    }
    out->values = ug_arena_array(d->arena, (size_t)map->n, sizeof *out->values);
    for (int i = 0; i < map->n; i++) {
        struct ug_value_decl *v = &out->values[out->n];

        v->pos = map->keys[i]->pos;
        if (!split_targets(d, map->keys[i], v))
            continue;
        v->broken = !declare_value(d, map->items[i], v);
        check_twice(d, out, out->n++);
    }
}
