/* facts_graph.c -- what a graph computes, in pieces that people know by name.
 *
 * A layer is what stands at one scope of a network, whatever calls the network.  A value or a term
 * is hashed as a tree whose inner nodes are ops and calls of networks, and whose leaves are other
 * named values: so what changes in one place shows in that place only.
 */
#include <string.h>

#include "engine/run/facts.h"

/* ---- Hashes: FNV-1a, over bytes ---- */

static uint64_t add_bytes(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 0x100000001b3u;
    return h;
}

static uint64_t add_text(uint64_t h, const char *text)
{
    return add_bytes(h, text, strlen(text) + 1);
}

static uint64_t hash_of(const char *text)
{
    return add_text(0xcbf29ce484222325u, text);
}

static uint64_t add_number(uint64_t h, uint64_t n)
{
    return add_bytes(h, &n, sizeof n);
}

static uint64_t add_type(uint64_t h, const struct ug_type *t)
{
    h = add_number(add_number(h, t->dtype), (uint64_t)t->shape.rank);
    return add_bytes(h, t->shape.dim, (size_t)t->shape.rank * sizeof t->shape.dim[0]);
}

static uint64_t leaf_hash(const struct ug_node *n)
{
    if (n->op == &ug_op_param)
        return hash_of(((const struct ug_param_attrs *)n->attrs)->param->owner->name);
    if (n->op == &ug_op_input)
        return hash_of(((const struct ug_input_attrs *)n->attrs)->name);
    return add_bytes(hash_of(n->op->name), n->attrs, n->op->attrs_size);
}

static uint64_t op_hash(const struct ug_node *n)
{
    return add_bytes(hash_of(n->op->name), n->attrs, n->attrs ? n->op->attrs_size : 0);
}

/* ---- Layers ---- */

struct layer {
    const char *scope, *place; /* of the first call of its network */
    const struct ug_node *last;
    uint64_t hash;
    int n; /* nodes so far */
};

struct layers {
    struct ug_arena *arena;
    struct layer *items;
    int n, capacity;
    int *of;     /* by node id: its layer, or -1 */
    int *number; /* by node id: which of the layer's nodes it is */
};

static int find_layer(struct layers *l, const struct ug_node *n)
{
    for (int i = l->n - 1; i >= 0; i--)
        if (!strcmp(l->items[i].scope, n->scope))
            return strcmp(l->items[i].place, n->place) ? -1 : i;
    UG_PUSH(l->arena, l->items, l->n, l->capacity,
            ((struct layer){.scope = n->scope, .place = n->place, .hash = hash_of("")}));
    return l->n - 1;
}

/* Are two scopes parts of one network? */
static bool is_beside(const char *a, const char *b)
{
    const size_t n = strcspn(a, ".");

    return strcspn(b, ".") == n && !strncmp(a, b, n);
}

/* Inputs from the same layer by their number, from the same network by their layer, parameters by
 * role. */
static uint64_t add_input(const struct layers *l, int layer, const struct ug_node *in, uint64_t h)
{
    const char *scope = l->items[layer].scope;

    if (in->op == &ug_op_param)
        return add_text(h, ((const struct ug_param_attrs *)in->attrs)->param->role);
    if (in->op == &ug_op_constant)
        return add_number(h, leaf_hash(in));
    if (l->of[in->id] == layer)
        return add_number(h, (uint64_t)l->number[in->id]);
    return add_text(h, in->scope && is_beside(in->scope, scope) ? in->scope : "outside");
}

static void add_node(struct layers *l, const struct ug_node *n)
{
    const int layer = find_layer(l, n);

    l->of[n->id] = layer;
    if (layer < 0)
        return;
    struct layer *to = &l->items[layer];
    to->hash = add_number(to->hash, op_hash(n));
    to->hash = add_type(to->hash, &n->type);
    for (int i = 0; i < n->n_in; i++)
        to->hash = add_input(l, layer, n->in[i], to->hash);
    l->number[n->id] = to->n++;
    to->last = n;
}

static void add_layers(struct ug_facts *f, const struct ug_unfolded *u)
{
    const size_t n = (size_t)u->graph->n;
    struct layers l = {.arena = f->arena};
    char shape[UG_SHAPE_TEXT];

    l.of = ug_arena_array(f->arena, n, sizeof *l.of);
    l.number = ug_arena_array(f->arena, n, sizeof *l.number);
    for (int i = 0; i < u->graph->n; i++) {
        const struct ug_node *node = u->graph->nodes[i];
        l.of[i] = -1;
        if (!ug_is_leaf(node) && node->scope && strchr(node->scope, '.') && node->place &&
            strncmp(node->scope, "losses.", 7) && strncmp(node->scope, "minimize.", 9))
            add_node(&l, node);
    }
    for (int i = 0; i < l.n; i++) {
        const struct ug_node *last = l.items[i].last;
        const struct ug_op *op = last->called ? last->called : last->op;
        ug_facts_add(
            f, UG_FACT_LAYERS, l.items[i].scope,
            ug_arena_format(f->arena, "%s, %s", op->name, ug_shape_text(&last->type.shape, shape)),
            l.items[i].hash);
    }
}

/* ---- Values ---- */

/* A call of a network: "fake_x1/G1". */
struct call {
    const char *place;
    size_t length;
    uint64_t hash; /* of its name and what goes in */
};

struct naming {
    const struct ug_program *program;
    struct ug_arena *arena;
    struct call *calls;
    int n_calls, capacity;
    int *call_of;       /* by node id, or -1 */
    uint64_t *made;     /* by node id: how it is computed */
    const char **named; /* by node id: what it is known as, or NULL */
};

static bool is_network(const struct ug_program *p, const char *name, size_t length)
{
    for (int i = 0; i < p->n_networks; i++)
        if (strlen(p->networks[i].name) == length && !strncmp(p->networks[i].name, name, length))
            return true;
    return false;
}

/* The part of a place that names a call of a network; 0: it is in none. */
static size_t call_length(const struct ug_program *p, const char *place)
{
    for (const char *part = place; *part;) {
        const size_t length = strcspn(part, "/");
        if (is_network(p, part, strcspn(part, "./#")))
            return (size_t)(part - place) + strcspn(part, "./");
        part += length + (part[length] == '/');
    }
    return 0;
}

static int find_call(struct naming *n, const struct ug_node *node)
{
    const size_t length = node->place ? call_length(n->program, node->place) : 0;

    if (!length)
        return -1;
    for (int i = n->n_calls - 1; i >= 0; i--)
        if (n->calls[i].length == length && !strncmp(n->calls[i].place, node->place, length))
            return i;
    const size_t top = strcspn(node->scope ? node->scope : "", ".");
    UG_PUSH(n->arena, n->calls, n->n_calls, n->capacity,
            ((struct call){node->place, length,
                           add_bytes(hash_of("call"), node->scope ? node->scope : "", top)}));
    return n->n_calls - 1;
}

/* What a reader of a value sees of it. */
static uint64_t seen(const struct naming *n, const struct ug_node *node)
{
    if (ug_is_leaf(node))
        return leaf_hash(node);
    return n->named[node->id] ? hash_of(n->named[node->id]) : n->made[node->id];
}

static void make_hash(struct naming *n, const struct ug_node *node)
{
    const int call = n->call_of[node->id] = find_call(n, node);
    uint64_t h = op_hash(node);

    for (int i = 0; i < node->n_in; i++) {
        const struct ug_node *in = node->in[i];
        if (call < 0)
            h = add_number(h, seen(n, in));
        else if (in->op != &ug_op_param && in->op != &ug_op_constant &&
                 (ug_is_leaf(in) || n->call_of[in->id] != call))
            n->calls[call].hash = add_number(n->calls[call].hash, seen(n, in));
    }
    n->made[node->id] =
        call < 0 ? h : add_text(n->calls[call].hash, node->scope ? node->scope : "");
}

static void name_values(struct naming *n, const struct ug_values *values)
{
    for (int i = 0; i < values->n; i++)
        if (values->items[i].node && !n->named[values->items[i].node->id])
            n->named[values->items[i].node->id] = values->items[i].name;
}

/* "lambda.gan * mse_loss(…)", as the file has it below a section: "G.gan_1" is a map's member. */
static const char *text_of(const struct naming *n, const char *section, const char *name)
{
    const struct ug_yaml *y = ug_yaml_get(n->program->tree, section);
    const struct ug_yaml *whole = ug_yaml_get(y, name);
    const char *dot = strchr(name, '.');

    if (!whole && dot)
        whole = ug_yaml_get(
            ug_yaml_get(y, ug_arena_format(n->arena, "%.*s", (int)(dot - name), name)), dot + 1);
    return whole && whole->kind == UG_YAML_SCALAR ? whole->text : NULL;
}

static void add_values(struct ug_facts *f, const struct naming *n, const struct ug_values *values)
{
    char shape[UG_SHAPE_TEXT];

    for (int i = 0; i < values->n; i++) {
        const struct ug_value *v = &values->items[i];
        if (!v->node)
            continue;
        const char *text = text_of(n, "graph", v->name);
        ug_shape_text(&v->node->type.shape, shape);
        ug_facts_add(f, UG_FACT_VALUES, v->name,
                     text ? ug_arena_format(f->arena, "%s  (%s)", text, shape)
                          : ug_arena_format(f->arena, "(%s)", shape),
                     ug_is_leaf(v->node) ? leaf_hash(v->node) : n->made[v->node->id]);
    }
}

/* ---- Losses ---- */

/* 10 and x of 10 * x; 1 and the node itself where it is no such product. */
static double take_factor(const struct ug_node **node)
{
    const struct ug_node *n = *node;
    double factor = 1;

    while (n->op->is_product) {
        const int k = n->in[0]->op == &ug_op_constant ? 0 : 1;
        if (n->in[k]->op != &ug_op_constant)
            break;
        factor *= ((const struct ug_constant_attrs *)n->in[k]->attrs)->value;
        n = n->in[1 - k];
    }
    *node = n;
    return factor;
}

static void add_loss(struct ug_facts *f, const struct naming *n, const struct ug_value *v)
{
    const struct ug_node *rest = v->node;
    const double factor = v->pruned ? 0 : take_factor(&rest);
    const char *text = text_of(n, "losses", v->name);

    ug_facts_add(f, UG_FACT_LOSSES, v->name, text ? text : "a sum",
                 v->pruned          ? 1
                 : ug_is_leaf(rest) ? leaf_hash(rest)
                                    : n->made[rest->id]);
    ug_facts_add(f, UG_FACT_LOSSES, ug_arena_format(f->arena, "%s, its factor", v->name),
                 ug_arena_format(f->arena, "%g", factor), 0);
}

static void add_losses(struct ug_facts *f, const struct naming *n, const struct ug_unfolded *u)
{
    for (int i = 0; i < u->losses.n; i++) {
        bool has_terms = false;
        for (int k = 0; k < u->terms.n; k++) {
            const struct ug_value *t = &u->terms.items[k];
            if (t->loss != i)
                continue;
            has_terms = true;
            if (t->node)
                add_loss(f, n, t);
        }
        if (!has_terms && u->losses.items[i].node)
            add_loss(f, n, &u->losses.items[i]);
    }
}

static void add_minimized(struct ug_facts *f, const struct naming *n, const struct ug_unfolded *u)
{
    const struct ug_train_spec *t = &n->program->train;

    for (int i = 0; i < u->minimized.n && i < t->n_optimizers; i++) {
        const char *name = t->optimizers[i].name;
        const struct ug_yaml *y =
            ug_yaml_get(ug_yaml_get(ug_yaml_get(n->program->tree, "train"), "optimizers"), name);
        const struct ug_yaml *minimize = ug_yaml_get(y, "minimize");
        if (u->minimized.items[i].node)
            ug_facts_add(f, UG_FACT_OPTIMIZERS, ug_arena_format(f->arena, "%s.minimize", name),
                         minimize ? minimize->text : "?", seen(n, u->minimized.items[i].node));
    }
}

void ug_facts_of_graph(struct ug_facts *f, const struct ug_program *p, const struct ug_unfolded *u)
{
    const size_t nodes = (size_t)u->graph->n;
    struct naming n = {.program = p, .arena = f->arena};

    n.call_of = ug_arena_array(f->arena, nodes, sizeof *n.call_of);
    n.made = ug_arena_array(f->arena, nodes, sizeof *n.made);
    n.named = ug_arena_array(f->arena, nodes, sizeof *n.named);
    name_values(&n, &u->values);
    name_values(&n, &u->losses);
    name_values(&n, &u->terms);
    for (int i = 0; i < u->graph->n; i++)
        if (!ug_is_leaf(u->graph->nodes[i]))
            make_hash(&n, u->graph->nodes[i]);
    add_layers(f, u);
    add_values(f, &n, &u->values);
    add_losses(f, &n, u);
    add_minimized(f, &n, u);
}
