/* graph.c -- a growing list of nodes, and the leaves it starts from. */
#include "engine/graph/graph.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/build.h"

struct ug_graph *ug_graph_new(struct ug_params *params)
{
    struct ug_graph *g = ug_xcalloc(1, sizeof *g);

    g->arena = ug_arena_new();
    g->params = params;
    return g;
}

void ug_graph_free(struct ug_graph *g)
{
    if (!g)
        return;
    ug_arena_free(g->arena);
    free(g);
}

/* Neighbouring nodes mostly come from one place: its text is then kept once. */
static const char *keep_text(struct ug_graph *g, const char *text, const char *before)
{
    if (!text)
        return NULL;
    if (before && !strcmp(before, text))
        return before;
    return ug_arena_copy(g->arena, text, strlen(text));
}

static const void *keep_attrs(struct ug_graph *g, const struct ug_node *like)
{
    void *attrs;

    if (!like->op->attrs_size)
        return like->attrs;
    attrs = ug_arena_alloc(g->arena, like->op->attrs_size);
    if (like->attrs)
        memcpy(attrs, like->attrs, like->op->attrs_size);
    return attrs;
}

/* They are told apart by what messages say of them. */
static struct ug_node **keep_members(struct ug_graph *g, const struct ug_node *node,
                                     const struct ug_node *like)
{
    struct ug_node **members = ug_arena_array(g->arena, (size_t)like->n_members, sizeof(*members));

    for (int i = 0; i < like->n_members; i++) {
        const struct ug_node *named = like->members[i];
        struct ug_node *member = ug_arena_alloc(g->arena, sizeof *member);

        *member = *node;
        member->n_members = 0;
        member->type = named->type;
        member->called = named->called;
        member->pos = named->pos;
        member->place = keep_text(g, named->place, node->place);
        member->scope = keep_text(g, named->scope, node->scope);
        members[i] = member;
    }
    return members;
}

static const struct ug_node **keep_through(struct ug_graph *g, const struct ug_node *node,
                                           const struct ug_node *like)
{
    const struct ug_node **through = ug_arena_array(g->arena, (size_t)like->n_in, sizeof(*through));

    for (int i = 0; i < like->n_in; i++) {
        const struct ug_node *named = like->through[i];
        struct ug_node *kept;

        if (!named)
            continue;
        through[i] = kept = ug_arena_alloc(g->arena, sizeof *kept);
        *kept = *named;
        kept->id = node->id;
        kept->in = &node->in[i];
        kept->attrs = keep_attrs(g, named);
        kept->place = keep_text(g, named->place, node->place);
        kept->scope = keep_text(g, named->scope, node->scope);
        kept->members = named->n_members ? keep_members(g, kept, named) : NULL;
    }
    return through;
}

struct ug_node *ug_graph_add(struct ug_graph *g, const struct ug_node *like)
{
    const struct ug_node *before = g->n ? g->nodes[g->n - 1] : NULL;
    struct ug_node *node = ug_arena_alloc(g->arena, sizeof *node);

    *node = *like;
    node->attrs = keep_attrs(g, like);
    if (like->n_in) {
        node->in = ug_arena_array(g->arena, (size_t)like->n_in, sizeof *node->in);
        memcpy(node->in, like->in, (size_t)like->n_in * sizeof *node->in);
    }
    for (int i = 0; i < node->n_in; i++)
        assert(node->in[i] == g->nodes[node->in[i]->id] && "an input of another graph");
    node->place = keep_text(g, like->place, before ? before->place : NULL);
    node->scope = keep_text(g, like->scope, before ? before->scope : NULL);
    node->id = g->n;
    node->members = like->n_members ? keep_members(g, node, like) : NULL;
    node->through = like->through ? keep_through(g, node, like) : NULL;
    UG_PUSH(g->arena, g->nodes, g->n, g->capacity, node);
    return node;
}

struct ug_node *ug_graph_leaf(struct ug_graph *g, const struct ug_node *like)
{
    struct ug_node *leaf;

    for (int i = 0; i < g->n_leaves; i++)
        if (g->leaves[i]->op == like->op &&
            !memcmp(g->leaves[i]->attrs, like->attrs, like->op->attrs_size))
            return g->leaves[i];
    leaf = ug_graph_add(g, like);
    UG_PUSH(g->arena, g->leaves, g->n_leaves, g->leaves_capacity, leaf);
    return leaf;
}

bool ug_is_leaf(const struct ug_node *n)
{
    return n->op == &ug_op_input || n->op == &ug_op_param || n->op == &ug_op_constant ||
           n->op == &ug_op_counter;
}

bool ug_is_scalar_constant(const struct ug_node *n, double value)
{
    return n && n->op == &ug_op_constant &&
           ((const struct ug_constant_attrs *)n->attrs)->value == value;
}

static struct ug_node *make_leaf(struct ug_builder *b, const struct ug_op *op, const void *attrs,
                                 struct ug_type type)
{
    const struct ug_node like = {.op = op,
                                 .called = op,
                                 .attrs = attrs,
                                 .type = type,
                                 .pos = b->pos,
                                 .place = b->place,
                                 .scope = b->scope};

    return ug_graph_leaf(b->graph, &like);
}

struct ug_node *ug_input(struct ug_builder *b, const char *name, struct ug_type type)
{
    struct ug_input_attrs attrs = {.name = ""};

    if (strlen(name) >= sizeof attrs.name) {
        ug_error(b->diags, b->pos,
                 "the name '%.40s…' is too long: an input's name has at most %zu letters", name,
                 sizeof attrs.name - 1);
        return NULL;
    }
    strncpy(attrs.name, name, sizeof attrs.name - 1);
    return make_leaf(b, &ug_op_input, &attrs, type);
}

struct ug_node *ug_param_node(struct ug_builder *b, struct ug_param *param)
{
    struct ug_param_attrs attrs;

    if (!param)
        return NULL;
    memset(&attrs, 0, sizeof attrs); /* padding too: equal settings are equal bytes */
    attrs.param = param->owner;
    return make_leaf(b, &ug_op_param, &attrs, param->owner->type);
}

struct ug_node *ug_constant(struct ug_builder *b, double value)
{
    const struct ug_constant_attrs attrs = {.value = value};

    return make_leaf(b, &ug_op_constant, &attrs, (struct ug_type){UG_F32, ug_shape_scalar()});
}

struct ug_node *ug_counter_node(struct ug_builder *b, enum ug_counter which)
{
    const struct ug_counter_attrs attrs = {.which = which};

    return make_leaf(b, &ug_op_counter, &attrs, (struct ug_type){UG_F32, ug_shape_scalar()});
}

void ug_mark_ancestors(const struct ug_graph *g, const struct ug_node *node, bool *marks)
{
    marks[node->id] = true;
    for (int i = node->id; i >= 0; i--)
        for (int k = 0; marks[i] && k < g->nodes[i]->n_in; k++)
            marks[g->nodes[i]->in[k]->id] = true;
}
