#include "engine/graph/dot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OWNERS = 64, NO_BOX = -1 };

struct box {
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
struct edge {
    int from, to;
    const struct ug_node *value;
};

struct drawing {
    const struct ug_graph *graph;
    struct ug_arena *arena;
    enum ug_detail detail;
    const char *const *networks;
    FILE *out;
    struct box *boxes;
    int n_boxes, boxes_capacity;
    int *box_of; /* by node id */
    int visit;
    struct edge *edges;
    int n_edges, edges_capacity;
    const char **tied; /* scopes of owners that others are tied to: their index picks a colour */
    int n_tied, tied_capacity;
};

static const struct ug_param *param_of(const struct ug_node *n)
{
    return n->op == &ug_op_param ? ((const struct ug_param_attrs *)n->attrs)->param->owner : NULL;
}

/* ---- Which box a node is part of ---- */

static bool is_network(const struct drawing *d, const char *name, size_t length)
{
    for (const char *const *n = d->networks; *n; n++)
        if (strlen(*n) == length && !strncmp(*n, name, length))
            return true;
    return false;
}

/* Of "fake_x1/G1.up.0" the call of the network, "fake_x1/G1"; of what is in no network the value.
 */
static size_t network_length(const struct drawing *d, const char *place)
{
    for (const char *part = place; *part;) {
        const size_t length = strcspn(part, "/");
        if (is_network(d, part, strcspn(part, "./#")))
            return (size_t)(part - place) + strcspn(part, "./");
        part += length + (part[length] == '/');
    }
    return strcspn(place, "/");
}

/* The id of a node's box, but for the mark that tells gradients from values. */
static const char *box_name(const struct drawing *d, const struct ug_node *n)
{
    const char *place = n->place ? n->place : n->op->name;

    if (n->op == &ug_op_input)
        return ((const struct ug_input_attrs *)n->attrs)->name;
    if (d->detail == UG_DETAIL_NETWORK)
        return ug_arena_format(d->arena, "%.*s", (int)network_length(d, place), place);
    if (d->detail == UG_DETAIL_LAYER)
        return place;
    if (param_of(n))
        return param_of(n)->name;
    return ug_arena_format(d->arena, "%s:%s", place, n->op->name);
}

/* The newest box of a name; later ones of the same name are numbered. */
static int find_box(const struct drawing *d, const char *name)
{
    for (int i = d->n_boxes - 1; i >= 0; i--)
        if (!strcmp(d->boxes[i].name, name))
            return i;
    return NO_BOX;
}

static int add_box(struct drawing *d, const char *name, bool backward)
{
    const int before = find_box(d, name);
    struct box box = {.name = name, .id = name, .number = 1, .numbers = "", .backward = backward};

    if (before != NO_BOX) {
        box.number = d->boxes[before].number + 1;
        box.id = ug_arena_format(d->arena, "%s_%d", name, box.number);
    }
    UG_PUSH(d->arena, d->boxes, d->n_boxes, d->boxes_capacity, box);
    return d->n_boxes - 1;
}

/* Whether what `from` computes from depends on `box`. */
static bool depends_on(struct drawing *d, int from, int box)
{
    struct box *b = &d->boxes[from];

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
static bool may_join(struct drawing *d, const struct ug_node *n, int box)
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

static int box_for(struct drawing *d, const struct ug_node *n)
{
    const char *name = box_name(d, n);

    if (n->backward)
        name = ug_arena_format(d->arena, "grad/%s", name);
    const int box = find_box(d, name);
    return box != NO_BOX && d->detail != UG_DETAIL_OP && may_join(d, n, box)
               ? box
               : add_box(d, name, n->backward);
}

static void add_input(struct drawing *d, int box, int from)
{
    struct box *b = &d->boxes[box];

    for (int i = 0; i < b->n_inputs; i++)
        if (b->inputs[i] == from)
            return;
    if (from != box && from != NO_BOX)
        UG_PUSH(d->arena, b->inputs, b->n_inputs, b->inputs_capacity, from);
}

static void add_param(struct drawing *d, struct box *b, const struct ug_param *p)
{
    for (int i = 0; i < b->n_params; i++)
        if (b->params[i] == p)
            return;
    UG_PUSH(d->arena, b->params, b->n_params, b->params_capacity, p);
}

static bool is_hidden(const struct drawing *d, const struct ug_node *n)
{
    return n->op == &ug_op_constant || (param_of(n) && d->detail != UG_DETAIL_OP);
}

/* At the level of networks a detached or reshaped value is the value. */
static bool is_passed_through(const struct drawing *d, const struct ug_node *n)
{
    return d->detail == UG_DETAIL_NETWORK && n->op->is_view && d->box_of[n->in[0]->id] != NO_BOX;
}

static void make_boxes(struct drawing *d)
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
        if (param_of(n))
            add_param(d, &d->boxes[d->box_of[i]], param_of(n));
    }
}

static void add_edge(struct drawing *d, const struct ug_node *value, int to)
{
    const int from = d->box_of[value->id];

    for (int i = d->n_edges - 1; i >= 0; i--)
        if (d->edges[i].to == to && d->edges[i].value == value)
            return;
    if (from != to)
        UG_PUSH(d->arena, d->edges, d->n_edges, d->edges_capacity,
                ((struct edge){from, to, value}));
}

static void make_edges(struct drawing *d)
{
    for (int i = 0; i < d->graph->n; i++) {
        const struct ug_node *n = d->graph->nodes[i];
        struct box *b = &d->boxes[d->box_of[i] == NO_BOX ? 0 : d->box_of[i]];
        for (int k = 0; d->box_of[i] != NO_BOX && !is_passed_through(d, n) && k < n->n_in; k++) {
            const struct ug_node *in = n->in[k];
            if (in->op == &ug_op_constant && d->detail == UG_DETAIL_OP)
                b->numbers = ug_arena_format(d->arena, "%sinput %d: %g\\l", b->numbers, k,
                                             ((const struct ug_constant_attrs *)in->attrs)->value);
            else if (!is_hidden(d, in))
                add_edge(d, in, d->box_of[i]);
            else if (param_of(in))
                add_param(d, b, param_of(in));
        }
    }
}

/* ---- Colours ---- */

/* "E1.res.3" of "E1.res.3.weight"; at the level of networks "E1". */
static size_t scope_length(const struct drawing *d, const char *name)
{
    const char *dot = d->detail == UG_DETAIL_NETWORK ? strchr(name, '.') : strrchr(name, '.');

    return dot ? (size_t)(dot - name) : strlen(name);
}

static int find_tied(const struct drawing *d, const struct ug_param *owner)
{
    const size_t length = scope_length(d, owner->name);

    for (int i = 0; i < d->n_tied; i++)
        if (strlen(d->tied[i]) == length && !strncmp(d->tied[i], owner->name, length))
            return i;
    return -1;
}

static void find_ties(struct drawing *d)
{
    const struct ug_params *params = d->graph->params;

    for (int i = 0; i < params->n; i++) {
        const struct ug_param *owner = params->items[i]->owner;
        if (owner == params->items[i] || find_tied(d, owner) >= 0)
            continue;
        UG_PUSH(d->arena, d->tied, d->n_tied, d->tied_capacity,
                ug_arena_copy(d->arena, owner->name, scope_length(d, owner->name)));
    }
}

/* Pastels, each far in hue from those before it: steps by the golden section around the circle. */
static void put_fill(const struct drawing *d, const struct box *b)
{
    int group = -1;

    for (int i = 0; i < b->n_params && group < 0; i++)
        group = find_tied(d, b->params[i]);
    if (group >= 0)
        fprintf(d->out, ", fillcolor=\"%.3f 0.30 1.0\"", fmod(0.08 + 0.618034 * group, 1.0));
    else if (b->last->op == &ug_op_input)
        fputs(", fillcolor=\"#e8e8e8\"", d->out);
    if (b->backward)
        fputs(", style=\"filled,dashed\"", d->out);
}

/* ---- Boxes ---- */

/* A string in quotes: ids and titles hold names, but a file's name may hold anything. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* "(64, 3, 7, 7)" */
static void put_shape(FILE *out, const struct ug_shape *s)
{
    fputc('(', out);
    for (int i = 0; i < s->rank; i++)
        fprintf(out, "%s%lld", i ? ", " : "", (long long)s->dim[i]);
    fputc(')', out);
}

/* Settings of a node that is a whole call, where they are not the default. */
static void put_settings(FILE *out, const struct ug_node *n)
{
    char value[64];

    for (const struct ug_arg *a = n->op->args; n->attrs && a && a->name; a++) {
        const void *field = (const char *)n->attrs + a->offset;
        value[0] = '\0';
        if (a->type == UG_INT)
            snprintf(value, sizeof value, "%lld", (long long)*(const int64_t *)field);
        else if (a->type == UG_FLOAT)
            snprintf(value, sizeof value, "%g", *(const double *)field);
        else if (a->type == UG_BOOL || a->type == UG_MODE)
            snprintf(value, sizeof value, "%s", *(const bool *)field ? "true" : "false");
        else if (a->type == UG_WORD && a->words)
            snprintf(value, sizeof value, "%s", a->words[*(const int *)field]);
        if (value[0] && (!a->initial || strcmp(a->initial, value)))
            fprintf(out, "%s: %s\\l", a->name, value);
    }
}

static const char *type_of(const struct drawing *d, const struct box *b)
{
    const struct ug_node *n = b->last;
    const char *slash = strrchr(b->id, '/');
    const char *part = slash ? slash + 1 : b->id;
    const size_t length = strcspn(part, ".#");

    if (n->op == &ug_op_input || d->detail == UG_DETAIL_OP)
        return n->op->name;
    if (d->detail == UG_DETAIL_NETWORK && is_network(d, part, length))
        return ug_arena_copy(d->arena, part, length);
    return n->called->name;
}

static void put_parameters(const struct drawing *d, const struct box *b)
{
    double total = 0;

    for (int i = 0; i < b->n_params; i++) {
        const struct ug_param *p = b->params[i];
        if (p->kind == UG_TRAINED)
            total += (double)ug_shape_count(&p->type.shape);
        if (d->detail == UG_DETAIL_NETWORK)
            continue;
        fprintf(d->out, "%s: ", p->role);
        put_shape(d->out, &p->type.shape);
        fputs("\\l", d->out);
    }
    if (total > 0)
        fprintf(d->out, "params: %.0f\\l", total);
}

static void put_box(const struct drawing *d, const struct box *b)
{
    const struct ug_node *n = b->last;

    fputs("  ", d->out);
    put_quoted(d->out, b->id);
    if (param_of(n)) {
        fprintf(d->out, " [label=\"{%s|op_code=get_parameter torch.float32[", b->id);
        for (int i = 0; i < n->type.shape.rank; i++)
            fprintf(d->out, "%s%lld", i ? "," : "", (long long)n->type.shape.dim[i]);
        fputs("]\\l}\"", d->out);
    } else {
        fprintf(d->out, " [label=\"{%s|op_code=call_function\\l|%s\\l", b->id, type_of(d, b));
        if (b->backward && d->detail != UG_DETAIL_OP)
            fputs("gradient\\l", d->out);
        if (n->op == &ug_op_input) {
            fputs("shape: ", d->out);
            put_shape(d->out, &n->type.shape);
            fputs("\\l", d->out);
        }
        if (n->op == n->called || d->detail == UG_DETAIL_OP)
            put_settings(d->out, n);
        fputs(b->numbers, d->out);
        put_parameters(d, b);
        fputs("}\"", d->out);
    }
    put_fill(d, b);
    fputs("];\n", d->out);
}

static void put_edge(const struct drawing *d, const struct edge *e)
{
    char shape[UG_SHAPE_TEXT];

    fputs("  ", d->out);
    put_quoted(d->out, d->boxes[e->from].id);
    fputs(" -> ", d->out);
    put_quoted(d->out, d->boxes[e->to].id);
    fprintf(d->out, " [label=\"%s%s\"];\n", ug_shape_text(&e->value->type.shape, shape),
            e->value->type.dtype == UG_F32 ? "" : " int64");
}

/* ---- Frames ---- */

/* A frame holds boxes and frames whose ids begin with its path. */
struct frame {
    const char *path;
    struct frame **frames;
    int n_frames, frames_capacity;
    int *boxes;
    int n_boxes, boxes_capacity;
};

static struct frame *frame_of(struct drawing *d, struct frame *root, const char *path)
{
    struct frame *f = root;

    for (size_t at = 0; path[at];) {
        struct frame *found = NULL;
        at += strcspn(path + at + (at > 0), "./:") + (at > 0);
        for (int i = 0; i < f->n_frames && !found; i++)
            if (strlen(f->frames[i]->path) == at && !strncmp(f->frames[i]->path, path, at))
                found = f->frames[i];
        if (!found) {
            found = ug_arena_alloc(d->arena, sizeof *found);
            found->path = ug_arena_copy(d->arena, path, at);
            UG_PUSH(d->arena, f->frames, f->n_frames, f->frames_capacity, found);
        }
        f = found;
    }
    return f;
}

static void put_frames(const struct drawing *d, const struct frame *f, const char *above, int depth,
                       int *number);

/* A frame around one thing says nothing: its name goes to the frame inside. */
static void put_members(const struct drawing *d, const struct frame *f, const char *above,
                        int depth, int *number)
{
    for (int i = 0; i < f->n_boxes; i++) {
        fprintf(d->out, "%*s", 2 * depth + 2, "");
        put_quoted(d->out, d->boxes[f->boxes[i]].id);
        fputs(";\n", d->out);
    }
    for (int i = 0; i < f->n_frames; i++)
        put_frames(d, f->frames[i], above, depth, number);
}

static void put_frames(const struct drawing *d, const struct frame *f, const char *above, int depth,
                       int *number)
{
    const size_t skipped = *above ? strlen(above) + 1 : 0;

    if (f->n_boxes + f->n_frames <= 1) {
        if (depth > 0 || f->n_frames)
            put_members(d, f, above, depth, number);
        return;
    }
    fprintf(d->out, "%*ssubgraph \"cluster_%d\" {\n", 2 * depth + 2, "", (*number)++);
    fprintf(d->out, "%*slabel=", 2 * depth + 4, "");
    put_quoted(d->out, f->path + (strlen(f->path) > skipped ? skipped : 0));
    fputs(";\n", d->out);
    put_members(d, f, f->path, depth + 1, number);
    fprintf(d->out, "%*s}\n", 2 * depth + 2, "");
}

static void put_all_frames(struct drawing *d)
{
    struct frame root = {.path = ""};
    int number = 0;

    for (int i = 0; i < d->n_boxes; i++) {
        if (param_of(d->boxes[i].last))
            continue; /* beside its readers: it belongs to all calls of its network */
        struct frame *f = frame_of(d, &root, d->boxes[i].id);
        UG_PUSH(d->arena, f->boxes, f->n_boxes, f->boxes_capacity, i);
    }
    for (int i = 0; i < root.n_frames; i++)
        put_frames(d, root.frames[i], "", 0, &number);
}

/* ---- The whole ---- */

static const char head[] =
    "  graph [rankdir=TB, newrank=true, fontname=\"Helvetica\", fontsize=11, labeljust=l, "
    "color=\"#9aa5b1\", nodesep=0.25, ranksep=0.35];\n"
    "  node [shape=record, style=filled, fillcolor=white, color=\"#52606d\", "
    "fontname=\"Helvetica\", "
    "fontsize=9, height=0.2, margin=\"0.08,0.03\"];\n"
    "  edge [color=\"#52606d\", fontname=\"Helvetica\", fontsize=8, fontcolor=\"#3e4c59\", "
    "arrowsize=0.6];\n";

void ug_dot_write(const struct ug_graph *g, const char *title, enum ug_detail detail,
                  const char *const *networks, FILE *out)
{
    struct drawing d = {
        .graph = g, .arena = ug_arena_new(), .detail = detail, .networks = networks, .out = out};

    d.box_of = ug_arena_array(d.arena, (size_t)g->n, sizeof *d.box_of);
    make_boxes(&d);
    make_edges(&d);
    find_ties(&d);
    fputs("digraph ", out);
    put_quoted(out, title);
    fprintf(out, " {\n%s", head);
    for (int i = 0; i < d.n_boxes; i++)
        put_box(&d, &d.boxes[i]);
    for (int i = 0; i < d.n_edges; i++)
        put_edge(&d, &d.edges[i]);
    put_all_frames(&d);
    fputs("}\n", out);
    ug_arena_free(d.arena);
}
