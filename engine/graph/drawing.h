/* drawing.h -- a graph as boxes and lines between them, as ug_dot_write draws it. */
#ifndef UG_DRAWING_H
#define UG_DRAWING_H

#include "engine/base/arena.h"
#include "engine/graph/dot.h"

struct ug_box {
    const char *name, *id;
    int number;  /* of those of this name */
    int *inputs; /* boxes whose values go in; each once */
    int n_inputs, inputs_capacity;
    int visited;
    const struct ug_node
        *last; /* of its nodes: gives its type, and its shape where it is an input */
    const struct ug_param **params; /* that its nodes read; each once */
    int n_params, params_capacity;
    const char *numbers; /* lines for constants that go in, at the level of ops */
    bool backward;
};

/* A line from one box to another, labelled with the shape of a value. */
struct ug_edge {
    int from, to;
    const struct ug_node *value;
};

struct ug_drawing {
    const struct ug_graph *graph;
    struct ug_arena *arena;
    enum ug_detail detail;
    const char *const *networks;
    struct ug_box *boxes;
    int n_boxes, boxes_capacity;
    int *box_of; /* by node id */
    int visit;
    struct ug_edge *edges;
    int n_edges, edges_capacity;
    const char **tied; /* scopes of owners that others are tied to: their index picks a colour */
    int n_tied, tied_capacity;
};

/* Finds boxes, edges and ties; graph, arena, detail and networks are set. */
void ug_drawing_make(struct ug_drawing *d);

/* The parameter that a node is, by its owner; NULL if it is none. */
const struct ug_param *ug_drawing_param(const struct ug_node *n);
/* Whether name[0 … length) is a network's. */
bool ug_drawing_is_network(const struct ug_drawing *d, const char *name, size_t length);
/* The index in d->tied of what a parameter is tied to; -1: it is not tied. */
int ug_drawing_tied(const struct ug_drawing *d, const struct ug_param *owner);

#endif
