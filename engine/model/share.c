/* share.c -- `share`: scopes tied by equation (language.md 3, Sharing).
 *
 * Ties join groups.  A group's owner is the left side of the tie that is written first among those
 * that made the group, whatever the order in which they join.
 */
#include "engine/model/resolve.h"

#include <limits.h>
#include <string.h>

#include "engine/model/parts.h"

/* A forest over the parameters' indices: a group is a tree. */
struct groups {
    int *parent;
    int *first;              /* of a root: number of the group's first tie; INT_MAX: no tie */
    struct ug_param **owner; /* of a root */
};

static int find_root(struct groups *g, int i)
{
    while (g->parent[i] != i)
        i = g->parent[i] = g->parent[g->parent[i]];
    return i;
}

static void tie(struct groups *g, struct ug_param *left, struct ug_param *right, int number)
{
    const int a = find_root(g, left->index), b = find_root(g, right->index);
    const int older = g->first[a] <= g->first[b] ? a : b;

    if (g->first[older] > number) {
        g->first[a] = number;
        g->owner[a] = left;
    } else {
        g->owner[a] = g->owner[older];
        g->first[a] = g->first[older];
    }
    g->parent[b] = a;
}

/* ---- One equation ---- */

struct equation {
    const struct ug_parts_of *p;
    const struct ug_yaml *scalar;
    size_t split; /* of '=' in its text */
    struct ug_parts left, right;
};

static void report_difference(const struct equation *e, const struct ug_part *left,
                              const struct ug_part *right, const struct ug_param *odd,
                              const struct ug_param *other)
{
    char is[UG_SHAPE_TEXT], was[UG_SHAPE_TEXT];
    struct ug_diag *diag = ug_error(e->p->diags, e->scalar->pos,
                                    "'%s' and '%s' cannot be shared: their structures differ",
                                    left->path, right->path);

    if (other)
        ug_note(diag, odd->pos, "'%s' is %s, but '%s' is %s", odd->name,
                ug_shape_text(&odd->type.shape, is), other->name,
                ug_shape_text(&other->type.shape, was));
    else
        ug_note(diag, odd->pos, "'%s' has no counterpart in '%s'", odd->name,
                ug_param_is_in(odd, left->path) ? right->path : left->path);
}

static struct ug_param *counterpart(const struct ug_part *of, const char *below)
{
    for (int i = 0; i < of->n; i++)
        if (!strcmp(ug_part_below(of, of->params[i]), below))
            return of->params[i];
    return NULL;
}

static bool same_structure(const struct equation *e, const struct ug_part *left,
                           const struct ug_part *right)
{
    for (int i = 0; i < left->n; i++) {
        const struct ug_param *a = left->params[i];
        const struct ug_param *b = counterpart(right, ug_part_below(left, a));

        if (!b || a->kind != b->kind || a->type.dtype != b->type.dtype ||
            !ug_shape_equal(&a->type.shape, &b->type.shape)) {
            report_difference(e, left, right, a, b);
            return false;
        }
    }
    for (int i = 0; i < right->n; i++)
        if (!counterpart(left, ug_part_below(right, right->params[i]))) {
            report_difference(e, left, right, right->params[i], NULL);
            return false;
        }
    return true;
}

/* How many parameters it ties; -1 after an error. */
static int tie_parts(const struct equation *e, struct groups *g, int *number)
{
    int n = 0, same = 0;

    if (e->left.n != e->right.n) {
        ug_error(e->p->diags, e->scalar->pos, "%d scopes on the left side, %d on the right",
                 e->left.n, e->right.n);
        return -1;
    }
    for (int k = 0; k < e->left.n; k++) {
        const struct ug_part *left = &e->left.items[k], *right = &e->right.items[k];

        if (!same_structure(e, left, right))
            return -1;
        for (int i = 0; i < left->n; i++) {
            struct ug_param *other = counterpart(right, ug_part_below(left, left->params[i]));
            tie(g, left->params[i], other, *number);
            same += other == left->params[i];
            n++;
        }
        ++*number;
    }
    if (n && same == n)
        ug_warning(e->p->diags, e->scalar->pos, "both sides are '%s': this shares nothing",
                   e->left.items[0].path);
    return n;
}

/* ---- The section ---- */

static const char *side_text(const struct equation *e, size_t from, size_t to)
{
    const char *text = e->scalar->text;

    while (from < to && strchr(" \t\n", text[from]))
        from++;
    while (to > from && strchr(" \t\n", text[to - 1]))
        to--;
    return ug_arena_copy(e->p->program->arena, text + from, to - from);
}

static void read_equation(const struct ug_parts_of *p, const struct ug_yaml *scalar,
                          struct groups *g, int *number)
{
    struct equation e = {.p = p, .scalar = scalar};
    struct ug_program *program = p->program;
    int n;

    if (scalar->kind != UG_YAML_SCALAR || !strchr(scalar->text, '=')) {
        ug_error(p->diags, scalar->pos, "'share' holds equations: - E1.res = E2.res");
        return;
    }
    e.split = strcspn(scalar->text, "=");
    if (scalar->text[e.split + 1] == '=') {
        ug_note(ug_error(p->diags, ug_yaml_at(scalar, e.split), "an equation has one '='"),
                UG_NOWHERE, "'E1.res = E2.res' ties both");
        return;
    }
    const bool fine = ug_parts_read(p, scalar, 0, e.split, &e.left);
    if (!ug_parts_read(p, scalar, e.split + 1, scalar->length, &e.right) || !fine)
        return;
    n = e.left.partial || e.right.partial ? 0 : tie_parts(&e, g, number);
    if (n >= 0)
        program->ties[program->n_ties++] = (struct ug_tie){
            side_text(&e, 0, e.split), side_text(&e, e.split + 1, scalar->length), scalar->pos, n};
}

static struct groups separate(struct ug_program *p)
{
    const size_t n = (size_t)p->params->n;
    struct groups g = {ug_arena_array(p->arena, n, sizeof *g.parent),
                       ug_arena_array(p->arena, n, sizeof *g.first),
                       ug_arena_array(p->arena, n, sizeof *g.owner)};

    for (int i = 0; i < p->params->n; i++) {
        g.parent[i] = i;
        g.first[i] = INT_MAX;
        g.owner[i] = p->params->items[i];
    }
    return g;
}

void ug_resolve_share(struct ug_program *p, struct ug_diags *diags)
{
    const struct ug_yaml *section = ug_yaml_get(p->tree, "share");
    const struct ug_parts_of of = ug_parts_open(p, diags);
    struct groups g = separate(p);
    int number = 0;

    if (!section || ug_yaml_is_null(section))
        return;
    const bool is_list = section->kind == UG_YAML_LIST;
    const int n = is_list ? section->n : 1;
    p->ties = ug_arena_array(p->arena, (size_t)n, sizeof *p->ties);
    for (int i = 0; i < n; i++)
        read_equation(&of, is_list ? section->items[i] : section, &g, &number);
    for (int i = 0; i < p->params->n; i++)
        p->params->items[i]->owner = g.owner[find_root(&g, i)];
}
