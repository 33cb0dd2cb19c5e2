/* dot.c -- a drawing as DOT text. */
#include "engine/graph/dot.h"

#include <math.h>
#include <string.h>

#include "engine/graph/drawing.h"

/* Pastels, each far in hue from those before it: steps by the golden section around the circle. */
static void put_fill(const struct ug_drawing *d, FILE *out, const struct ug_box *b)
{
    int group = -1;

    for (int i = 0; i < b->n_params && group < 0; i++)
        group = ug_drawing_tied(d, b->params[i]);
    if (group >= 0)
        fprintf(out, ", fillcolor=\"%.3f 0.30 1.0\"", fmod(0.08 + 0.618034 * group, 1.0));
    else if (b->last->op == &ug_op_input)
        fputs(", fillcolor=\"#e8e8e8\"", out);
    if (b->backward)
        fputs(", style=\"filled,dashed\"", out);
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

static const char *type_of(const struct ug_drawing *d, const struct ug_box *b)
{
    const struct ug_node *n = b->last;
    const char *slash = strrchr(b->id, '/');
    const char *part = slash ? slash + 1 : b->id;
    const size_t length = strcspn(part, ".#");

    if (n->op == &ug_op_input || d->detail == UG_DETAIL_OP)
        return n->op->name;
    if (d->detail == UG_DETAIL_NETWORK && ug_drawing_is_network(d, part, length))
        return ug_arena_copy(d->arena, part, length);
    return n->called->name;
}

static void put_parameters(const struct ug_drawing *d, FILE *out, const struct ug_box *b)
{
    double total = 0;

    for (int i = 0; i < b->n_params; i++) {
        const struct ug_param *p = b->params[i];
        if (p->kind == UG_TRAINED)
            total += (double)ug_param_count(p);
        if (d->detail == UG_DETAIL_NETWORK)
            continue;
        fprintf(out, "%s: ", p->role);
        put_shape(out, &p->type.shape);
        fputs("\\l", out);
    }
    if (total > 0)
        fprintf(out, "params: %.0f\\l", total);
}

static void put_box(const struct ug_drawing *d, FILE *out, const struct ug_box *b)
{
    const struct ug_node *n = b->last;

    fputs("  ", out);
    put_quoted(out, b->id);
    if (ug_drawing_param(n)) {
        fprintf(out, " [label=\"{%s|op_code=get_parameter torch.float32[", b->id);
        for (int i = 0; i < n->type.shape.rank; i++)
            fprintf(out, "%s%lld", i ? "," : "", (long long)n->type.shape.dim[i]);
        fputs("]\\l}\"", out);
    } else {
        fprintf(out, " [label=\"{%s|op_code=call_function\\l|%s\\l", b->id, type_of(d, b));
        if (b->backward && d->detail != UG_DETAIL_OP)
            fputs("gradient\\l", out);
        if (n->op == &ug_op_input) {
            fputs("shape: ", out);
            put_shape(out, &n->type.shape);
            fputs("\\l", out);
        }
        if (n->op == n->called || d->detail == UG_DETAIL_OP)
            put_settings(out, n);
        fputs(b->numbers, out);
        put_parameters(d, out, b);
        fputs("}\"", out);
    }
    put_fill(d, out, b);
    fputs("];\n", out);
}

static void put_edge(const struct ug_drawing *d, FILE *out, const struct ug_edge *e)
{
    char shape[UG_SHAPE_TEXT];

    fputs("  ", out);
    put_quoted(out, d->boxes[e->from].id);
    fputs(" -> ", out);
    put_quoted(out, d->boxes[e->to].id);
    fprintf(out, " [label=\"%s%s\"];\n", ug_shape_text(&e->value->type.shape, shape),
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

static struct frame *frame_of(const struct ug_drawing *d, struct frame *root, const char *path)
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

static void put_frames(const struct ug_drawing *d, FILE *out, const struct frame *f,
                       const char *above, int depth, int *number);

/* A frame around one thing says nothing: its name goes to the frame inside. */
static void put_members(const struct ug_drawing *d, FILE *out, const struct frame *f,
                        const char *above, int depth, int *number)
{
    for (int i = 0; i < f->n_boxes; i++) {
        fprintf(out, "%*s", 2 * depth + 2, "");
        put_quoted(out, d->boxes[f->boxes[i]].id);
        fputs(";\n", out);
    }
    for (int i = 0; i < f->n_frames; i++)
        put_frames(d, out, f->frames[i], above, depth, number);
}

static void put_frames(const struct ug_drawing *d, FILE *out, const struct frame *f,
                       const char *above, int depth, int *number)
{
    const size_t skipped = *above ? strlen(above) + 1 : 0;

    if (f->n_boxes + f->n_frames <= 1) {
        if (depth > 0 || f->n_frames)
            put_members(d, out, f, above, depth, number);
        return;
    }
    fprintf(out, "%*ssubgraph \"cluster_%d\" {\n", 2 * depth + 2, "", (*number)++);
    fprintf(out, "%*slabel=", 2 * depth + 4, "");
    put_quoted(out, f->path + (strlen(f->path) > skipped ? skipped : 0));
    fputs(";\n", out);
    put_members(d, out, f, f->path, depth + 1, number);
    fprintf(out, "%*s}\n", 2 * depth + 2, "");
}

static void put_all_frames(const struct ug_drawing *d, FILE *out)
{
    struct frame root = {.path = ""};
    int number = 0;

    for (int i = 0; i < d->n_boxes; i++) {
        if (ug_drawing_param(d->boxes[i].last))
            continue; /* beside its readers: it belongs to all calls of its network */
        struct frame *f = frame_of(d, &root, d->boxes[i].id);
        UG_PUSH(d->arena, f->boxes, f->n_boxes, f->boxes_capacity, i);
    }
    for (int i = 0; i < root.n_frames; i++)
        put_frames(d, out, root.frames[i], "", 0, &number);
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
    struct ug_drawing d = {
        .graph = g, .arena = ug_arena_new(), .detail = detail, .networks = networks};

    ug_drawing_make(&d);
    fputs("digraph ", out);
    put_quoted(out, title);
    fprintf(out, " {\n%s", head);
    for (int i = 0; i < d.n_boxes; i++)
        put_box(&d, out, &d.boxes[i]);
    for (int i = 0; i < d.n_edges; i++)
        put_edge(&d, out, &d.edges[i]);
    put_all_frames(&d, out);
    fputs("}\n", out);
    ug_arena_free(d.arena);
}
