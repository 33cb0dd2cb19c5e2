/* drawing.c -- which nodes share a box, which values are drawn, and what is tied. */
#include "engine/graph/drawing.h"

#include <string.h>

enum { NO_BOX = -1 };

const struct ug_param *ug_drawing_param(const struct ug_node *n)
{
    return n->op == &ug_op_param ? ((const struct ug_param_attrs *)n->attrs)->param->owner : NULL;
}

/* ---- Which box a node is part of ---- */

bool ug_drawing_is_network(const struct ug_drawing *d, const char *name, size_t length)
{
    for (const char *const *n = d->networks; *n; n++)
        if (strlen(*n) == length && !strncmp(*n, name, length))
            return true;
    return false;
}

/* Of "fake_x1/G1.up.0" the call of the network, "fake_x1/G1"; of what is in no network the value.
 */
static size_t network_length(const struct ug_drawing *d, const char *place)
{
    for (const char *part = place; *part;) {
        const size_t length = strcspn(part, "/");
        if (ug_drawing_is_network(d, part, strcspn(part, "./#")))
            return (size_t)(part - place) + strcspn(part, "./");
        part += length + (part[length] == '/');
    }
    return strcspn(place, "/");
}

/* The id of a node's box, but for the mark that tells gradients from values. */
static const char *box_name(const struct ug_drawing *d, const struct ug_node *n)
{
    const char *place = n->place ? n->place : n->op->name;

    if (n->op == &ug_op_input)
        return ((const struct ug_input_attrs *)n->attrs)->name;
    if (d->detail == UG_DETAIL_NETWORK)
        return ug_arena_format(d->arena, "%.*s", (int)network_length(d, place), place);
    if (d->detail == UG_DETAIL_LAYER)
        return place;
    if (ug_drawing_param(n))
        return ug_drawing_param(n)->name;
    return ug_arena_format(d->arena, "%s:%s", place, n->op->name);
}

/* The newest box of a name; later ones of the same name are numbered. */
static int find_box(const struct ug_drawing *d, const char *name)
{
    for (int i = d->n_boxes - 1; i >= 0; i--)
        if (!strcmp(d->boxes[i].name, name))
            return i;
    return NO_BOX;
}

static int add_box(struct ug_drawing *d, const char *name, bool backward)
{
    const int before = find_box(d, name);
    struct ug_box box = {
        .name = name, .id = name, .number = 1, .numbers = "", .backward = backward};

    if (before != NO_BOX) {
        box.number = d->boxes[before].number + 1;
        box.id = ug_arena_format(d->arena, "%s_%d", name, box.number);
    }
    UG_PUSH(d->arena, d->boxes, d->n_boxes, d->boxes_capacity, box);
    return d->n_boxes - 1;
}

/* Whether what `from` computes from depends on `box`. */
static bool depends_on(struct ug_drawing *d, int from, int box)
{
    struct ug_box *b = &d->boxes[from];

    if (from == box)
        return true;
    if (b->visited == d->visit)
        return false;
    b->visited = d->visit;
    for (int i = 0; i < b->n_inputs; i++)
        if (depends_on(d, b->inputs[i], box))
            return true;
    return false;
}

/* Nodes of one name share a box, unless a value would leave it and come back:
 * of a + relu(b + c) the two sums stand apart. */
static bool may_join(struct ug_drawing *d, const struct ug_node *n, int box)
{
    d->visit++;
    for (int i = 0; i < n->n_in; i++) {
        const int from = d->box_of[n->in[i]->id];
        if (from == NO_BOX || from == box)
            continue;
        for (int k = 0; k < d->boxes[from].n_inputs; k++)
            if (depends_on(d, d->boxes[from].inputs[k], box))
                return false;
    }
    return true;
}

static int box_for(struct ug_drawing *d, const struct ug_node *n)
{
    const char *name = box_name(d, n);

    if (n->backward)
        name = ug_arena_format(d->arena, "grad/%s", name);
    const int box = find_box(d, name);
    return box != NO_BOX && d->detail != UG_DETAIL_OP && may_join(d, n, box)
               ? box
               : add_box(d, name, n->backward);
}

static void add_input(struct ug_drawing *d, int box, int from)
{
    struct ug_box *b = &d->boxes[box];

    for (int i = 0; i < b->n_inputs; i++)
        if (b->inputs[i] == from)
            return;
    if (from != box && from != NO_BOX)
        UG_PUSH(d->arena, b->inputs, b->n_inputs, b->inputs_capacity, from);
}

static void add_param(struct ug_drawing *d, struct ug_box *b, const struct ug_param *p)
{
    for (int i = 0; i < b->n_params; i++)
        if (b->params[i] == p)
            return;
    UG_PUSH(d->arena, b->params, b->n_params, b->params_capacity, p);
}

static bool is_hidden(const struct ug_drawing *d, const struct ug_node *n)
{
    return n->op == &ug_op_constant || (ug_drawing_param(n) && d->detail != UG_DETAIL_OP);
}

/* At the level of networks a detached or reshaped value is the value. */
static bool is_passed_through(const struct ug_drawing *d, const struct ug_node *n)
{
    return d->detail == UG_DETAIL_NETWORK && n->op->is_view && d->box_of[n->in[0]->id] != NO_BOX;
}

static void make_boxes(struct ug_drawing *d)
{
    for (int i = 0; i < d->graph->n; i++) {
        const struct ug_node *n = d->graph->nodes[i];
        d->box_of[i] = NO_BOX;
        if (is_hidden(d, n))
            continue;
        if (is_passed_through(d, n)) {
            d->box_of[i] = d->box_of[n->in[0]->id];
            continue;
        }
        d->box_of[i] = box_for(d, n);
        for (int k = 0; k < n->n_in; k++)
            add_input(d, d->box_of[i], d->box_of[n->in[k]->id]);
        d->boxes[d->box_of[i]].last = n;
        if (ug_drawing_param(n))
            add_param(d, &d->boxes[d->box_of[i]], ug_drawing_param(n));
    }
}

static void add_edge(struct ug_drawing *d, const struct ug_node *value, int to)
{
    const int from = d->box_of[value->id];

    for (int i = d->n_edges - 1; i >= 0; i--)
        if (d->edges[i].to == to && d->edges[i].value == value)
            return;
    if (from != to)
        UG_PUSH(d->arena, d->edges, d->n_edges, d->edges_capacity,
                ((struct ug_edge){from, to, value}));
}

static void make_edges(struct ug_drawing *d)
{
    for (int i = 0; i < d->graph->n; i++) {
        const struct ug_node *n = d->graph->nodes[i];
        struct ug_box *b = &d->boxes[d->box_of[i] == NO_BOX ? 0 : d->box_of[i]];
        for (int k = 0; d->box_of[i] != NO_BOX && !is_passed_through(d, n) && k < n->n_in; k++) {
            const struct ug_node *in = n->in[k];
            if (in->op == &ug_op_constant && d->detail == UG_DETAIL_OP)
                b->numbers = ug_arena_format(d->arena, "%sinput %d: %g\\l", b->numbers, k,
                                             ((const struct ug_constant_attrs *)in->attrs)->value);
            else if (!is_hidden(d, in))
                add_edge(d, in, d->box_of[i]);
            else if (ug_drawing_param(in))
                add_param(d, b, ug_drawing_param(in));
        }
    }
}

/* ---- Ties ---- */

/* "E1.res.3" of "E1.res.3.weight"; at the level of networks "E1". */
static size_t scope_length(const struct ug_drawing *d, const char *name)
{
    const char *dot = d->detail == UG_DETAIL_NETWORK ? strchr(name, '.') : strrchr(name, '.');

    return dot ? (size_t)(dot - name) : strlen(name);
}

int ug_drawing_tied(const struct ug_drawing *d, const struct ug_param *owner)
{
    const size_t length = scope_length(d, owner->name);

    for (int i = 0; i < d->n_tied; i++)
        if (strlen(d->tied[i]) == length && !strncmp(d->tied[i], owner->name, length))
            return i;
    return -1;
}

static void find_ties(struct ug_drawing *d)
{
    const struct ug_params *params = d->graph->params;

    for (int i = 0; i < params->n; i++) {
        const struct ug_param *owner = params->items[i]->owner;
        if (owner == params->items[i] || ug_drawing_tied(d, owner) >= 0)
            continue;
        UG_PUSH(d->arena, d->tied, d->n_tied, d->tied_capacity,
                ug_arena_copy(d->arena, owner->name, scope_length(d, owner->name)));
    }
}

void ug_drawing_make(struct ug_drawing *d)
{
    d->box_of = ug_arena_array(d->arena, (size_t)d->graph->n, sizeof *d->box_of);
    make_boxes(d);
    make_edges(d);
    find_ties(d);
}
