/* eval.c -- a graph run once: from tensors in a file to tensors in a file. */
#include <stdlib.h>
#include <string.h>

#include "engine/run/compile.h"
#include "engine/run/weights.h"
#include "engine/unitgraph.h"

struct output {
    const char *name;
    struct ug_node *node;
};

struct evaluation {
    const struct ug_eval_options *options;
    struct ug_diags *diags;
    struct ug_arena *arena;
    struct ug_safetensors *in; /* NULL: no inputs are given */
    struct ug_input *given;    /* the tensors of `in` */
    int n_given;
    struct ug_program *program;
    struct ug_unfolded *unfolded;
    struct output *outputs;
    int n_outputs, outputs_capacity;
    struct ug_store *store;
    struct ug_compiled run;
    void **bound; /* values of inputs */
    int n_bound, bound_capacity;
};

/* ---- What is given ---- */

static bool is_float_name(const char *dtype)
{
    return dtype[0] == 'F' || dtype[0] == 'B'; /* F64 F32 F16 BF16; BOOL reads as either */
}

static bool open_inputs(struct evaluation *e)
{
    const char *path = e->options->in;

    if (!path)
        return true;
    if (!(e->in = ug_safetensors_open(path, UG_NOWHERE, e->diags)))
        return false;
    e->n_given = ug_safetensors_count(e->in);
    e->given = ug_arena_array(e->arena, (size_t)e->n_given, sizeof *e->given);
    for (int i = 0; i < e->n_given; i++) {
        const struct ug_stored *t = ug_safetensors_item(e->in, i);
        e->given[i] = (struct ug_input){
            .name = t->name,
            .type = {is_float_name(t->dtype) ? UG_F32 : UG_I64, t->shape},
        };
    }
    return true;
}

/* Data entries take the types that are given; what `inputs` declares is fixed. */
static const struct ug_input *find_given(const struct evaluation *e, const char *name)
{
    for (int i = 0; i < e->n_given; i++)
        if (!strcmp(e->given[i].name, name))
            return &e->given[i];
    return NULL;
}

static bool check_declared(const struct evaluation *e)
{
    char is[UG_SHAPE_TEXT], declared[UG_SHAPE_TEXT];
    bool fits = true;

    for (int i = 0; i < e->program->n_inputs; i++) {
        const struct ug_input *input = &e->program->inputs[i];
        const struct ug_input *given = find_given(e, input->name);
        if (!given || input->data || ug_shape_equal(&given->type.shape, &input->type.shape))
            continue;
        ug_error(e->diags, input->pos, "'%s' holds '%s' as %s, but the file declares %s",
                 e->options->in, input->name, ug_shape_text(&given->type.shape, is),
                 ug_shape_text(&input->type.shape, declared));
        fits = false;
    }
    return fits;
}

/* ---- The graph ---- */

static bool load(struct evaluation *e, const char *file)
{
    const struct ug_load_options options = {
        .sets = e->options->overrides.sets,
        .n_sets = e->options->overrides.n_sets,
        .without_data = true,
        .given = e->given,
        .n_given = e->n_given,
    };

    e->program = ug_program_load(file, &options, e->diags);
    return e->program && !ug_diags_errors(e->diags) && check_declared(e);
}

static bool unfold(struct evaluation *e)
{
    const struct ug_eval_options *o = e->options;
    const char **fetch = ug_arena_array(e->arena, (size_t)o->n_fetch + 1, sizeof *fetch);
    struct ug_request request = {
        .want = UG_WANT_VALUES | UG_WANT_LOSSES,
        .training = o->training,
    };

    if (o->n_fetch) {
        memcpy(fetch, o->fetch, (size_t)o->n_fetch * sizeof *fetch);
        request.fetch = fetch;
        request.n_fetch = o->n_fetch;
        if (o->grad)
            fetch[request.n_fetch++] = o->grad;
    }
    e->unfolded = ug_unfold(e->program, &request, e->diags);
    return e->unfolded && !ug_diags_errors(e->diags);
}

static const struct ug_value *find_value(const struct ug_values *values, const char *name)
{
    for (int i = 0; i < values->n; i++)
        if (values->items[i].node && !strcmp(values->items[i].name, name))
            return &values->items[i];
    return NULL;
}

static void add_output(struct evaluation *e, const char *name, struct ug_node *node)
{
    for (int i = 0; i < e->n_outputs; i++)
        if (!strcmp(e->outputs[i].name, name))
            return;
    UG_PUSH(e->arena, e->outputs, e->n_outputs, e->outputs_capacity, ((struct output){name, node}));
}

static void add_values(struct evaluation *e, const struct ug_values *values, int n)
{
    for (int i = 0; i < n; i++)
        if (values->items[i].node)
            add_output(e, values->items[i].name, values->items[i].node);
}

/* With `fetch`, the values are what was asked for, and --grad's loss stands last. */
static void collect_outputs(struct evaluation *e)
{
    const struct ug_unfolded *u = e->unfolded;

    if (e->options->n_fetch) {
        for (int i = 0; i < u->values.n; i++) {
            const struct ug_value *v = &u->values.items[i];
            const bool only_for_grad = i == u->values.n - 1 && e->options->grad;
            if (v->node && !only_for_grad)
                add_output(e, v->name, v->node);
        }
        return;
    }
    add_values(e, &u->values, u->values.n);
    add_values(e, &u->losses, u->losses.n);
    add_values(e, &u->terms, u->terms.n);
}

/* ---- Gradients ---- */

static struct ug_node *find_loss(struct evaluation *e)
{
    const struct ug_unfolded *u = e->unfolded;
    const char *name = e->options->grad;
    const struct ug_values *lists[] = {&u->losses, &u->terms, &u->values};
    const struct ug_value *found = NULL;
    char shape[UG_SHAPE_TEXT];

    for (int i = 0; i < 3 && !found; i++)
        found = find_value(lists[i], name);
    if (!found) {
        const char **names =
            ug_arena_array(e->arena, (size_t)(u->losses.n + u->terms.n), sizeof *names);
        size_t n = 0;
        for (int k = 0; k < 2; k++)
            for (int i = 0; i < lists[k]->n; i++)
                names[n++] = lists[k]->items[i].name;
        ug_suggest(ug_error(e->diags, UG_NOWHERE, "--grad: there is no loss '%s'", name), name,
                   "losses", names, n);
        return NULL;
    }
    if (ug_shape_count(&found->node->type.shape) == 1 && found->node->type.dtype == UG_F32)
        return found->node;
    ug_error(e->diags, found->pos, "--grad needs a scalar, but '%s' is %s", name,
             ug_shape_text(&found->node->type.shape, shape));
    return NULL;
}

/* The leaves that gradients are asked for, and the names they are written under. */
static int find_leaves(const struct evaluation *e, struct ug_node **leaves, const char **names)
{
    const struct ug_unfolded *u = e->unfolded;
    int n = 0;

    for (int i = 0; i < u->inputs.n; i++) {
        if (u->inputs.items[i].node->type.dtype != UG_F32)
            continue;
        names[n] = u->inputs.items[i].name;
        leaves[n++] = u->inputs.items[i].node;
    }
    for (int i = 0; i < u->graph->n_leaves; i++) {
        struct ug_node *leaf = u->graph->leaves[i];
        const struct ug_param_attrs *a = leaf->attrs;
        if (leaf->op != &ug_op_param || a->param->kind != UG_TRAINED)
            continue;
        names[n] = a->param->owner->name;
        leaves[n++] = leaf;
    }
    return n;
}

static bool add_gradients(struct evaluation *e)
{
    struct ug_unfolded *u = e->unfolded;
    const size_t most = (size_t)(u->inputs.n + u->graph->n_leaves);
    struct ug_node **leaves = ug_arena_array(e->arena, most, sizeof(*leaves));
    struct ug_node **dx = ug_arena_array(e->arena, most, sizeof(*dx));
    const char **names = ug_arena_array(e->arena, most, sizeof *names);
    struct ug_node *loss = find_loss(e);

    if (!loss)
        return false;
    struct ug_builder b = {.graph = u->graph,
                           .diags = e->diags,
                           .training = e->options->training,
                           .pos = loss->pos,
                           .backward = true};
    const int n = find_leaves(e, leaves, names);
    if (!ug_differentiate(&b, loss, leaves, n, dx))
        return false;
    for (int i = 0; i < n; i++)
        if (dx[i])
            add_output(e, ug_arena_format(e->arena, "grad.%s", names[i]), dx[i]);
    return true;
}

/* ---- Running ---- */

static bool compile(struct evaluation *e)
{
    struct ug_goal *goals = ug_arena_array(e->arena, (size_t)e->n_outputs, sizeof *goals);
    struct ug_state_link *links = ug_links_of(e->unfolded);
    struct ug_compile_request r = {
        .graph = e->unfolded->graph,
        .goals = goals,
        .n_goals = e->n_outputs,
        .n_phases = 1,
        .links = links,
        .n_links = e->unfolded->n_updates,
        .store = e->store,
    };

    for (int i = 0; i < e->n_outputs; i++)
        goals[i].node = e->outputs[i].node;
    const bool done = ug_compile(&e->run, &r, e->diags);
    for (int i = 0; i < e->n_outputs; i++)
        e->outputs[i].node = goals[i].node;
    free(links);
    return done;
}

static bool make_parameters(struct evaluation *e)
{
    const int64_t seed = e->options->seed;
    const struct ug_program *p = e->program;

    if (!(e->store = ug_store_new(p, e->diags)))
        return false;
    if (e->options->params)
        return ug_weights_read(e->options->params, UG_NOWHERE, p, e->store->data, e->diags);
    return ug_store_init(e->store, p, seed >= 0 ? (uint64_t)seed : p->train.seed, e->diags);
}

/* One input from the file, in the type that the graph wants. */
static bool bind_input(struct evaluation *e, const struct ug_node *input)
{
    const char *name = ((const struct ug_input_attrs *)input->attrs)->name;
    const int64_t n = ug_shape_count(&input->type.shape);
    const struct ug_stored *t = e->in ? ug_safetensors_find(e->in, name) : NULL;

    if (!t) {
        ug_error(e->diags, input->pos, "the values need the input '%s', which %s%s", name,
                 e->in ? "is not in " : "--in FILE gives", e->in ? e->options->in : "");
        return false;
    }
    void *data = ug_xcalloc((size_t)n, ug_dtype_size(input->type.dtype));
    UG_PUSH(e->arena, e->bound, e->n_bound, e->bound_capacity, data);
    if (!ug_stored_read(t, input->type.dtype, 0, n, data)) {
        ug_error(e->diags, input->pos, "'%s' is stored as %s, which cannot be read as %s", name,
                 t->dtype, ug_dtype_name(input->type.dtype));
        return false;
    }
    ug_exec_bind(e->run.exec, name, data);
    return true;
}

/* Inputs that only lend their size are not computed with: they may be given or not. */
static bool check_extra(const struct evaluation *e)
{
    const struct ug_values *inputs = &e->unfolded->inputs;
    const char **names = ug_arena_array(e->arena, (size_t)inputs->n, sizeof *names);
    bool fits = true;

    for (int i = 0; i < inputs->n; i++)
        names[i] = inputs->items[i].name;
    for (int i = 0; i < e->n_given; i++) {
        if (find_value(inputs, e->given[i].name))
            continue;
        ug_suggest(ug_error(e->diags, UG_NOWHERE, "'%s' holds '%s', which the values do not need",
                            e->options->in, e->given[i].name),
                   e->given[i].name, "inputs", names, (size_t)inputs->n);
        fits = false;
    }
    return fits;
}

static bool bind_inputs(struct evaluation *e)
{
    bool fits = check_extra(e);

    for (int i = 0; i < e->run.graph->n; i++)
        if (e->run.graph->nodes[i]->op == &ug_op_input)
            fits = bind_input(e, e->run.graph->nodes[i]) && fits;
    return fits;
}

static enum ug_status compute(struct evaluation *e)
{
    const struct ug_train_spec *train = &e->program->train;
    const uint64_t seed = e->options->seed >= 0 ? (uint64_t)e->options->seed : train->seed;
    struct ug_named_tensor *tensors =
        ug_arena_array(e->arena, (size_t)e->n_outputs, sizeof *tensors);

    ug_exec_count(e->run.exec, 0, train->steps, 0, ug_program_epochs(e->program));
    ug_exec_run(e->run.exec, 0, seed, 0);
    for (int i = 0; i < e->n_outputs; i++)
        tensors[i] = (struct ug_named_tensor){
            e->outputs[i].name,
            ug_exec_value(e->run.exec, e->outputs[i].node),
        };
    ug_file_sweep(e->options->out);
    return ug_safetensors_write(e->options->out, tensors, e->n_outputs, NULL, e->diags) ? UG_DONE
                                                                                        : UG_FAILED;
}

static enum ug_status evaluate(struct evaluation *e, const char *file)
{
    if (!open_inputs(e) || !load(e, file) || !unfold(e))
        return UG_WRONG;
    collect_outputs(e);
    if (e->options->grad && !add_gradients(e))
        return UG_WRONG;
    if (!make_parameters(e))
        return UG_WRONG;
    if (!compile(e))
        return UG_FAILED;
    if (!bind_inputs(e))
        return UG_WRONG;
    return compute(e);
}

enum ug_status ug_eval(const char *file, const struct ug_eval_options *o, struct ug_diags *diags)
{
    struct evaluation e = {.options = o, .diags = diags, .arena = ug_arena_new()};
    const enum ug_status status = evaluate(&e, file);

    ug_compiled_free(&e.run);
    ug_store_free(e.store);
    ug_unfolded_free(e.unfolded);
    ug_program_free(e.program);
    ug_safetensors_close(e.in);
    for (int i = 0; i < e.n_bound; i++)
        free(e.bound[i]);
    ug_arena_free(e.arena);
    return status;
}
