/* fuse.c -- finding groups of elementwise nodes, and turning each into one node.
 *
 * A node joins the group of its users if all of them are in one group and have its shape: then no
 * value between them is needed elsewhere, and no path leaves the group and comes back.  Fusing
 * makes the inputs of early members wait for those of late ones; a node joins only where that keeps
 * no more alive than its own value would have, or where no heavy work lies in between.
 */
#include "engine/graph/fuse.h"

#include <stdlib.h>
#include <string.h>

#include "engine/graph/copy.h"
#include "engine/graph/passes.h"

enum { NO_GROUP = -1, SEVERAL_GROUPS = -2 };

/* By id of a group's last member, whose value is the group's. */
struct group {
    int n;                   /* members */
    int first;               /* id of its first member; `next` leads on */
    int in[UG_FUSED_INPUTS]; /* ids of its inputs, each once */
    int n_in;
};

struct fusing {
    struct ug_copying c;
    struct ug_graph *into;
    struct group *groups; /* by id */
    int *group;           /* by id: NO_GROUP, or the id of its group's last member */
    int *users_group;     /* by id: the group that all users are in so far */
    int *last_user;       /* by id */
    int *next;            /* by id: the next member of the group */
    int *heavy;           /* by id: how many nodes before it are not elementwise */
    bool *is_root;        /* by id */
};

/* ---- Groups ---- */

/* expand_to never does: who uses it in a group takes what it repeats. */
static bool can_join(const struct ug_node *n)
{
    return n->op->map && n->op != &ug_op_expand_to && n->n_in <= UG_FUSED_OPERANDS;
}

/* The fused node repeats its inputs itself. */
static const struct ug_node *without_expansion(const struct ug_node *n)
{
    while (n->op == &ug_op_expand_to)
        n = n->in[0];
    return n;
}

/* Adds the inputs of n to those of a group; false if there are too many. */
static bool add_inputs(struct group *g, const struct ug_node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        const int id = without_expansion(n->in[i])->id;
        int at = 0;

        while (at < g->n_in && g->in[at] != id)
            at++;
        if (at == UG_FUSED_INPUTS)
            return false;
        g->in[at] = id;
        g->n_in += at == g->n_in;
    }
    return true;
}

static void remove_input(struct group *g, int id)
{
    for (int i = 0; i < g->n_in; i++)
        if (g->in[i] == id)
            g->in[i] = g->in[--g->n_in];
}

/* Inputs whose memory could go when the group has run, and is worth thinking about. */
static int count_waiting(const struct fusing *f, const struct group *g, int last)
{
    const int64_t large = ug_shape_count(&f->c.old[last]->type.shape) / 2;
    int count = 0;

    for (int i = 0; i < g->n_in; i++) {
        const struct ug_node *in = f->c.old[g->in[i]];

        count += !ug_is_leaf(in) && f->last_user[in->id] <= last &&
                 ug_shape_count(&in->type.shape) > large;
    }
    return count;
}

/* The group of all users of n with n in it, if it may be. */
static bool join(const struct fusing *f, const struct ug_node *n, struct group *joined)
{
    const int last = f->users_group[n->id];
    int waiting;

    if (last < 0 || f->is_root[n->id] || f->groups[last].n == UG_FUSED_STEPS ||
        !ug_shape_equal(&n->type.shape, &f->c.old[last]->type.shape))
        return false;
    *joined = f->groups[last];
    waiting = count_waiting(f, joined, last);
    remove_input(joined, n->id);
    if (!add_inputs(joined, n) || (waiting > 1 && f->heavy[n->id] != f->heavy[last] &&
                                   count_waiting(f, joined, last) > waiting))
        return false;
    f->next[n->id] = joined->first;
    joined->first = n->id;
    joined->n++;
    return true;
}

static void enter_group(struct fusing *f, const struct ug_node *n)
{
    struct group joined;

    if (join(f, n, &joined)) {
        f->group[n->id] = f->users_group[n->id];
        f->groups[f->group[n->id]] = joined;
    } else {
        f->group[n->id] = n->id;
        f->groups[n->id] = (struct group){.n = 1, .first = n->id};
        add_inputs(&f->groups[n->id], n);
    }
}

static void find_groups(struct fusing *f)
{
    for (int i = f->c.n - 1; i >= 0; i--) {
        const struct ug_node *n = f->c.old[i];

        if (!n)
            continue;
        if (can_join(n))
            enter_group(f, n);
        for (int j = 0; j < n->n_in; j++) {
            int *seen = &f->users_group[n->in[j]->id];
            const int mine = f->group[i] == NO_GROUP ? SEVERAL_GROUPS : f->group[i];

            *seen = *seen == NO_GROUP || *seen == mine ? mine : SEVERAL_GROUPS;
            if (f->last_user[n->in[j]->id] < i)
                f->last_user[n->in[j]->id] = i;
        }
    }
}

/* ---- Programs ---- */

struct program {
    struct ug_fused code;
    struct ug_node *in[UG_FUSED_INPUTS];
    int n_in;
    const struct ug_node *old[UG_FUSED_STEPS]; /* the members, first to last */
    bool busy[UG_FUSED_STEPS];                 /* registers */
};

static int step_of(const struct program *p, const struct ug_node *old)
{
    for (int i = 0; i < p->code.n; i++)
        if (p->old[i] == old)
            return i;
    return -1;
}

static int input_index(struct program *p, struct ug_node *in)
{
    for (int i = 0; i < p->n_in; i++)
        if (p->in[i] == in)
            return i;
    p->in[p->n_in] = in;
    return p->n_in++;
}

static bool is_used_after(const struct program *p, const struct ug_node *value, int step)
{
    for (int i = step + 1; i < p->code.n; i++)
        for (int j = 0; j < p->old[i]->n_in; j++)
            if (p->old[i]->in[j] == value)
                return true;
    return false;
}

static int free_register(struct program *p)
{
    int r = 0;

    while (p->busy[r])
        r++;
    p->busy[r] = true;
    return r;
}

static void write_step(struct fusing *f, struct program *p, int s)
{
    struct ug_fused_step *step = &p->code.steps[s];
    const struct ug_node *n = p->old[s];

    step->node = f->c.map[n->id];
    step->result = free_register(p); /* before operands are freed: a step never overwrites them */
    for (int i = 0; i < n->n_in; i++) {
        const int from = step_of(p, n->in[i]);

        if (from < 0) {
            step->operands[i] = input_index(p, f->c.map[without_expansion(n->in[i])->id]);
        } else {
            step->operands[i] = -1 - p->code.steps[from].result;
            if (!is_used_after(p, n->in[i], s))
                p->busy[p->code.steps[from].result] = false;
        }
    }
}

static struct ug_node *make_fused(struct fusing *f, const struct ug_node *last)
{
    struct program p;
    struct ug_node like = *last;

    memset(&p, 0, sizeof p);
    for (int id = f->groups[last->id].first; id != NO_GROUP; id = f->next[id])
        p.old[p.code.n++] = f->c.old[id];
    for (int s = 0; s < p.code.n; s++)
        write_step(f, &p, s);
    like.op = &ug_op_fused;
    like.attrs = &p.code;
    like.in = p.in;
    like.n_in = p.n_in;
    return ug_graph_add(f->into, &like);
}

/* ---- The pass ---- */

static int *fill(int n, int value)
{
    int *list = ug_xcalloc((size_t)n, sizeof *list);

    for (int i = 0; i < n; i++)
        list[i] = value;
    return list;
}

static struct fusing start(const struct ug_graph *g, struct ug_node *const *roots, int n_roots)
{
    struct fusing f = {.c = ug_copying_start(roots, n_roots), .into = ug_graph_new(g->params)};

    f.groups = ug_xcalloc((size_t)f.c.n, sizeof *f.groups);
    f.is_root = ug_xcalloc((size_t)f.c.n, sizeof *f.is_root);
    f.group = fill(f.c.n, NO_GROUP);
    f.users_group = fill(f.c.n, NO_GROUP);
    f.last_user = fill(f.c.n, -1);
    f.next = fill(f.c.n, NO_GROUP);
    f.heavy = fill(f.c.n, 0);
    for (int i = 1; i < f.c.n; i++) {
        const struct ug_node *before = f.c.old[i - 1];

        f.heavy[i] = f.heavy[i - 1] +
                     (before && !before->op->map && !before->op->is_view && !ug_is_leaf(before));
    }
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            f.is_root[roots[i]->id] = true;
    return f;
}

static void end(struct fusing *f, struct ug_node **roots, int n_roots)
{
    ug_copying_end(&f->c, roots, n_roots);
    free(f->groups);
    free(f->is_root);
    free(f->group);
    free(f->users_group);
    free(f->last_user);
    free(f->next);
    free(f->heavy);
}

struct ug_graph *ug_fuse(const struct ug_graph *g, struct ug_node **roots, int n_roots)
{
    struct fusing f = start(g, roots, n_roots);
    struct ug_graph *into = f.into;

    find_groups(&f);
    for (int i = 0; i < f.c.n; i++) {
        const struct ug_node *n = f.c.old[i];

        if (!n)
            continue;
        f.c.map[i] = ug_copying_copy(&f.c, into, n);
        if (f.group[i] == i && f.groups[i].n > 1)
            f.c.map[i] = make_fused(&f, n);
    }
    end(&f, roots, n_roots);
    return into;
}
