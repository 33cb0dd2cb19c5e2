/* build.c -- emitting nodes, and saying what is wrong with a call whose inputs do not fit. */
#include "engine/graph/build.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/call.h"

bool ug_reject(struct ug_inference *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(t->error, UG_ERROR_TEXT, format, args);
    va_end(args);
    return false;
}

/* The rule of elementwise ops that have no other: floats, inputs broadcast. */
static bool infer_broadcast(struct ug_inference *t)
{
    char a[UG_SHAPE_TEXT], b[UG_SHAPE_TEXT];

    t->out = (struct ug_type){.dtype = UG_F32};
    for (int i = 0; i < t->n_in; i++) {
        const struct ug_shape before = t->out.shape;

        if (!ug_shape_broadcast(&before, &t->in[i].shape, &t->out.shape))
            return ug_reject(t, "the shapes %s and %s do not fit together",
                             ug_shape_text(&before, a), ug_shape_text(&t->in[i].shape, b));
    }
    return true;
}

/* "1x3x64x64 and 8 int64": the types of all inputs. */
static void describe_inputs(struct ug_node *const *in, int n_in, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (int i = 0; i < n_in && at < size; i++) {
        char shape[UG_SHAPE_TEXT];
        const char *before = i == 0 ? "" : i == n_in - 1 ? " and " : ", ";
        const char *after = in[i]->type.dtype == UG_F32 ? "" : " int64";

        at += (size_t)snprintf(text + at, size - at, "%s%s%s", before,
                               ug_shape_text(&in[i]->type.shape, shape), after);
    }
}

static void report_misfit(struct ug_builder *b, const struct ug_op *op, struct ug_node *const *in,
                          int n_in, const char *why)
{
    char types[512], shape[UG_SHAPE_TEXT];
    struct ug_diag *diag;

    describe_inputs(in, n_in, types, sizeof types);
    diag = n_in ? ug_error(b->diags, b->pos, "%s of %s: %s", op->name, types, why)
                : ug_error(b->diags, b->pos, "%s: %s", op->name, why);
    for (int i = 0; i < n_in; i++)
        if (in[i]->op != &ug_op_constant)
            ug_note(diag, in[i]->pos, "the %s%s comes from here%s%s",
                    ug_shape_text(&in[i]->type.shape, shape), n_in == 1 ? " input" : "",
                    in[i]->place ? ": " : "", in[i]->place ? in[i]->place : "");
}

static bool infer_type(struct ug_builder *b, const struct ug_op *op, const void *attrs,
                       struct ug_node *const *in, int n_in, struct ug_type *out)
{
    char error[UG_ERROR_TEXT] = "its inputs do not fit";
    struct ug_type *types = ug_xcalloc((size_t)n_in, sizeof *types);
    struct ug_inference t = {.attrs = attrs, .n_in = n_in, .in = types, .error = error};
    bool fits;

    for (int i = 0; i < n_in; i++)
        types[i] = in[i]->type;
    assert(op->infer || op->map);
    fits = op->infer ? op->infer(&t) : infer_broadcast(&t);
    if (fits && !ug_shape_valid(&t.out.shape))
        fits = ug_reject(&t, "the result would have more than 2^40 elements");
    if (!fits)
        report_misfit(b, op, in, n_in, error);
    free(types);
    *out = t.out;
    return fits;
}

/* Labels among the inputs of an elementwise op become floats, as in PyTorch: argmax(x, dim=1) == y.
 */
static struct ug_node **as_floats(struct ug_builder *b, struct ug_node *const *in, int n_in)
{
    struct ug_node **floats = (struct ug_node **)in;

    for (int i = 0; i < n_in; i++) {
        if (in[i]->type.dtype == UG_F32)
            continue;
        if (floats == in) {
            floats = ug_arena_array(b->graph->arena, (size_t)n_in, sizeof(struct ug_node *));
            memcpy(floats, in, (size_t)n_in * sizeof(struct ug_node *));
        }
        floats[i] = ug_emit_named(b, "to_float", NULL, &in[i], 1);
    }
    return floats;
}

struct ug_node *ug_emit(struct ug_builder *b, const struct ug_op *op, const void *attrs,
                        struct ug_node *const *in, int n_in)
{
    struct ug_node like = {.op = op,
                           .called = b->called ? b->called : op,
                           .attrs = attrs,
                           .in = (struct ug_node **)in,
                           .n_in = n_in,
                           .pos = b->pos,
                           .place = b->place,
                           .scope = b->scope,
                           .backward = b->backward};

    for (int i = 0; i < n_in; i++)
        if (!in[i])
            return NULL;
    if (op->map && !op->infer)
        like.in = as_floats(b, in, n_in);
    if (!infer_type(b, op, attrs, like.in, n_in, &like.type))
        return NULL;
    return ug_graph_add(b->graph, &like);
}

struct ug_node *ug_emit_named(struct ug_builder *b, const char *op, const void *attrs,
                              struct ug_node *const *in, int n_in)
{
    const struct ug_op *found = ug_op_find(op);

    assert(found && "an op that is not in the registry");
    return ug_emit(b, found, attrs, in, n_in);
}

struct ug_node *ug_add(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return ug_emit(b, &ug_op_add, NULL, (struct ug_node *[]){x, y}, 2);
}

static struct ug_node *emit_to(struct ug_builder *b, const struct ug_op *op, struct ug_node *x,
                               struct ug_shape shape)
{
    if (!x || ug_shape_equal(&x->type.shape, &shape))
        return x;
    return ug_emit(b, op, &shape, &x, 1);
}

struct ug_node *ug_sum_to(struct ug_builder *b, struct ug_node *x, struct ug_shape shape)
{
    return emit_to(b, &ug_op_sum_to, x, shape);
}

struct ug_node *ug_expand_to(struct ug_builder *b, struct ug_node *x, struct ug_shape shape)
{
    return emit_to(b, &ug_op_expand_to, x, shape);
}
