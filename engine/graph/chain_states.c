/* chain_states.c -- several calls of one layer with state in one step, one after the other. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/copy.h"
#include "engine/graph/passes.h"

/* A due update; the list is in the order of the graph. */
struct update {
    const struct ug_node *node;  /* in the old graph */
    const struct ug_node *state; /* the leaf it brings up to date */
    struct ug_param *param;
};

struct chaining {
    struct ug_copying c;
    struct update *updates;
    int n;
};

/* The leaf of that parameter that the update starts from: its state input, or what that views. */
static const struct ug_node *state_of(const struct ug_node *update)
{
    const struct ug_node *n = update->in[update->op->state_input - 1];

    while (n->op->is_view)
        n = n->in[0];
    return n;
}

static bool is_due(const struct ug_copying *c, const struct ug_node *update)
{
    if (update->id < c->n && c->old[update->id])
        return true;
    for (int i = 0; i < update->n_in; i++)
        if (update->op->due_with >> i & 1 && update->in[i]->id < c->n && c->old[update->in[i]->id])
            return true;
    return false;
}

static int compare_ids(const void *a, const void *b)
{
    return ((const struct update *)a)->node->id - ((const struct update *)b)->node->id;
}

static void find_due(struct chaining *ch, const struct ug_state_link *links, int n_links,
                     struct ug_node *const *roots, int n_roots)
{
    struct ug_copying needed = ug_copying_start(roots, n_roots);

    for (int i = 0; i < n_links; i++) {
        const struct update update = {links[i].next, state_of(links[i].next), links[i].param};
        bool twice = false;

        for (int j = 0; j < ch->n; j++)
            twice |= ch->updates[j].node == update.node;
        if (!twice && is_due(&needed, update.node))
            ch->updates[ch->n++] = update;
    }
    qsort(ch->updates, (size_t)ch->n, sizeof *ch->updates, compare_ids);
    ug_copying_end(&needed, NULL, 0);
}

static bool same_place(const struct ug_node *a, const struct ug_node *b)
{
    return a->place && b->place && !strcmp(a->place, b->place);
}

/* The update of the call that `reader` belongs to: of those at its place, the nearest (a call whose
 * parameters were updated between two evaluations stands in the graph twice).  -1: it belongs to
 * none. */
static int own_update(const struct chaining *ch, const struct ug_node *reader,
                      const struct ug_node *state)
{
    int best = -1, best_distance = 0;

    for (int i = 0; i < ch->n; i++) {
        const int distance = abs(ch->updates[i].node->id - reader->id);

        if (ch->updates[i].state == state && same_place(ch->updates[i].node, reader) &&
            (best < 0 || distance < best_distance)) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

/* What `reader` gets where it names the leaf `state`: the newest value before its own call. */
static struct ug_node *value_of_state(const struct chaining *ch, const struct ug_node *reader,
                                      const struct ug_node *state)
{
    for (int i = own_update(ch, reader, state) - 1; i >= 0; i--)
        if (ch->updates[i].state == state && ch->updates[i].node->id < reader->id)
            return ch->c.map[ch->updates[i].node->id];
    return ch->c.map[state->id];
}

static struct ug_node *copy_chained(const struct chaining *ch, struct ug_graph *into,
                                    const struct ug_node *n)
{
    struct ug_node **in = ug_xcalloc((size_t)n->n_in, sizeof *in);
    struct ug_node *copy;

    for (int i = 0; i < n->n_in; i++)
        in[i] = n->in[i]->op == &ug_op_param ? value_of_state(ch, n, n->in[i])
                                             : ch->c.map[n->in[i]->id];
    copy = ug_copying_copy_with(into, n, in);
    free(in);
    return copy;
}

/* The last update of each state. */
static int list_last(const struct chaining *ch, struct ug_state_link *links)
{
    int n = 0;

    for (int i = 0; i < ch->n; i++) {
        bool last = true;

        for (int j = i + 1; j < ch->n; j++)
            last &= ch->updates[j].state != ch->updates[i].state;
        if (last)
            links[n++] =
                (struct ug_state_link){ch->updates[i].param, ch->c.map[ch->updates[i].node->id]};
    }
    return n;
}

struct ug_graph *ug_chain_states(const struct ug_graph *g, struct ug_state_link *links,
                                 int *n_links, struct ug_node **roots, int n_roots)
{
    struct ug_graph *into = ug_graph_new(g->params);
    struct chaining ch = {.updates = ug_xcalloc((size_t)*n_links, sizeof *ch.updates)};
    struct ug_node **all = ug_xcalloc((size_t)(n_roots + *n_links), sizeof(*all));
    int n_all = n_roots;

    find_due(&ch, links, *n_links, roots, n_roots);
    memcpy(all, roots, (size_t)n_roots * sizeof(*all));
    for (int i = 0; i < ch.n; i++)
        all[n_all++] = g->nodes[ch.updates[i].node->id];
    ch.c = ug_copying_start(all, n_all);
    for (int i = 0; i < ch.c.n; i++)
        if (ch.c.old[i])
            ch.c.map[i] = copy_chained(&ch, into, ch.c.old[i]);
    *n_links = list_last(&ch, links);
    ug_copying_end(&ch.c, roots, n_roots);
    free(ch.updates);
    free(all);
    return into;
}
