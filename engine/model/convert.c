/* convert.c -- the arguments of a call as the op's settings and inputs: types, ranges, words,
 * pairs. */
#include <math.h>
#include <string.h>

#include "engine/model/call_parts.h"

/* A default stands where the call does. */
static struct ug_pos slot_pos(const struct ug_op_call *c, const struct ug_slot *s)
{
    return s->expr ? s->expr->pos : c->text->pos;
}

/* Of argument i: "argument 'stride' of 'conv2d'", for messages. */
static const char *name_of(const struct ug_converted *v, int i)
{
    return ug_arena_format(v->c->here->u->arena, "argument '%s' of '%s'", v->c->op->args[i].name,
                           v->c->op->name);
}

static struct ug_pos pos_of(const struct ug_converted *v, int i)
{
    return slot_pos(v->c, &v->c->slots[i]);
}

static const struct ug_quantity *value_of(const struct ug_converted *v, int i)
{
    return &v->c->slots[i].value;
}

/* Where it is kept in the op's settings. */
static void *field_of(struct ug_converted *v, int i)
{
    return v->attrs + v->c->op->args[i].offset;
}

static struct ug_diags *diags_of(const struct ug_converted *v)
{
    return v->c->here->u->b.diags;
}

static bool has_range(const struct ug_arg *arg)
{
    return arg->min != 0 || arg->max != 0;
}

/* Bounds of a whole number, from the doubles that a descriptor gives. */
static int64_t bound(double limit, int64_t otherwise)
{
    return limit <= -9e18 || limit >= 9e18 ? otherwise : (int64_t)limit;
}

static bool want_whole(const struct ug_converted *v, int i, const struct ug_quantity *q,
                       int64_t *out)
{
    const struct ug_arg *arg = &v->c->op->args[i];
    const bool limited = has_range(arg);

    return ug_want_int(diags_of(v), pos_of(v, i), name_of(v, i), q,
                       limited ? bound(arg->min, INT64_MIN) : INT64_MIN,
                       limited ? bound(arg->max, INT64_MAX) : INT64_MAX, out);
}

/* What a gradient is taken with respect to has a name: one of what is written out here would be 0.
 */
static bool check_named(const struct ug_converted *v, int i)
{
    if (value_of(v, i)->kind == UG_Q_TENSOR && ug_is_named(v->c->here->env, value_of(v, i)->node))
        return true;
    ug_note(ug_error(diags_of(v), pos_of(v, i),
                     "%s is the name of a value, an input, v.a or list[i]", name_of(v, i)),
            UG_NOWHERE, "give what stands here a name in the graph, and use it in both places");
    return false;
}

static bool convert_tensor(struct ug_converted *v, int i)
{
    return (!v->c->op->args[i].named || check_named(v, i)) &&
           ug_as_tensor(v->c->here->u, pos_of(v, i), name_of(v, i), value_of(v, i), &v->tensors[i]);
}

static bool convert_bias(struct ug_converted *v, int i)
{
    if (value_of(v, i)->kind == UG_Q_TENSOR)
        return convert_tensor(v, i);
    return ug_want_bool(diags_of(v), pos_of(v, i), name_of(v, i), value_of(v, i), field_of(v, i));
}

static bool convert_float(struct ug_converted *v, int i)
{
    const struct ug_arg *arg = &v->c->op->args[i];
    const bool limited = has_range(arg);

    return ug_want_real(diags_of(v), pos_of(v, i), name_of(v, i), value_of(v, i),
                        limited ? arg->min : -HUGE_VAL, limited ? arg->max : HUGE_VAL,
                        field_of(v, i));
}

static bool convert_int(struct ug_converted *v, int i)
{
    return want_whole(v, i, value_of(v, i), field_of(v, i));
}

static bool convert_bool(struct ug_converted *v, int i)
{
    return ug_want_bool(diags_of(v), pos_of(v, i), name_of(v, i), value_of(v, i), field_of(v, i));
}

static bool convert_word(struct ug_converted *v, int i)
{
    const struct ug_arg *arg = &v->c->op->args[i];
    const int word =
        ug_want_word(diags_of(v), pos_of(v, i), name_of(v, i), value_of(v, i), arg->words);

    *(int *)field_of(v, i) = word;
    return word >= 0;
}

static bool convert_mode(struct ug_converted *v, int i)
{
    const struct ug_quantity *q = value_of(v, i);
    bool *mode = field_of(v, i);

    if (q->kind != UG_Q_TEXT)
        return convert_bool(v, i);
    *mode = v->c->here->u->b.training;
    if (!strcmp(q->text, "auto"))
        return true;
    ug_error(diags_of(v), pos_of(v, i), "%s is true, false or auto, not '%s'", name_of(v, i),
             q->text);
    return false;
}

static bool convert_pair(struct ug_converted *v, int i)
{
    const struct ug_quantity *q = value_of(v, i);
    int64_t *pair = field_of(v, i);

    if (q->kind != UG_Q_LIST) {
        if (!want_whole(v, i, q, &pair[0]))
            return false;
        pair[1] = pair[0];
        return true;
    }
    if (q->n == 2)
        return want_whole(v, i, &q->items[0], &pair[0]) && want_whole(v, i, &q->items[1], &pair[1]);
    ug_error(diags_of(v), pos_of(v, i), "%s is one number or [h, w], not a list of %d",
             name_of(v, i), q->n);
    return false;
}

static bool convert_ints(struct ug_converted *v, int i)
{
    const struct ug_quantity *q = value_of(v, i);
    struct ug_ints *ints = field_of(v, i);

    if (q->kind != UG_Q_LIST) {
        ints->n = 1;
        return want_whole(v, i, q, &ints->v[0]);
    }
    if (q->n > UG_MAX_RANK) {
        ug_error(diags_of(v), pos_of(v, i), "%s is a list of %d: at most %d", name_of(v, i), q->n,
                 UG_MAX_RANK);
        return false;
    }
    ints->n = q->n;
    for (int k = 0; k < q->n; k++)
        if (!want_whole(v, i, &q->items[k], &ints->v[k]))
            return false;
    return true;
}

/* The shape of a tensor, or a list of extents. */
static bool convert_like(struct ug_converted *v, int i)
{
    struct ug_ints *ints = field_of(v, i);
    char text[UG_QUANTITY_TEXT];

    if (value_of(v, i)->kind == UG_Q_TENSOR) {
        const struct ug_shape *shape = &value_of(v, i)->node->type.shape;

        ints->n = shape->rank;
        memcpy(ints->v, shape->dim, (size_t)shape->rank * sizeof *ints->v);
        return true;
    }
    if (value_of(v, i)->kind != UG_Q_LIST) {
        ug_error(diags_of(v), pos_of(v, i), "%s is a tensor or a list of extents, not %s",
                 name_of(v, i), ug_quantity_describe(value_of(v, i), text));
        return false;
    }
    if (!convert_ints(v, i))
        return false;
    for (int k = 0; k < ints->n; k++)
        if (ints->v[k] < 0) {
            ug_error(diags_of(v), pos_of(v, i), "%s has the negative extent %lld", name_of(v, i),
                     (long long)ints->v[k]);
            return false;
        }
    return true;
}

static bool convert_init(struct ug_converted *v, int i)
{
    struct ug_here *here = v->c->here;
    const struct ug_slot *s = &v->c->slots[i];
    const struct ug_expr word = {
        .kind = UG_EXPR_NAME, .text = v->c->op->args[i].initial, .pos = v->c->text->pos};
    struct ug_init *init = field_of(v, i);
    const struct ug_evaluator by = ug_evaluator_of(here);

    if (!ug_parse_init(here->u->arena, here->u->b.diags, here->u->program->vars, by,
                       s->expr ? s->expr : &word, init))
        return false;
    if (init->kind != UG_INIT_FILE)
        return true;
    ug_error(diags_of(v), s->expr->pos, "'file' stands in 'init', under the scope it is for");
    return false;
}

/* All tensors to be taken together: those given one by one, or the members of one list. */
static bool convert_rest(struct ug_converted *v, int i)
{
    const struct ug_op_call *c = v->c;
    const bool is_list = c->n_rest == 1 && c->rest[0].value.kind == UG_Q_LIST;

    v->n_rest = is_list ? c->rest[0].value.n : c->n_rest;
    v->rest = ug_arena_array(c->here->u->arena, (size_t)v->n_rest, sizeof *v->rest);
    for (int k = 0; k < v->n_rest; k++)
        if (!ug_as_tensor(c->here->u, slot_pos(c, &c->rest[is_list ? 0 : k]), name_of(v, i),
                          is_list ? &c->rest[0].value.items[k] : &c->rest[k].value, &v->rest[k]))
            return false;
    return true;
}

bool ug_convert(struct ug_converted *v)
{
    static bool (*const by_type[])(struct ug_converted *, int) = {
        [UG_TENSOR] = convert_tensor, [UG_TENSORS] = convert_rest, [UG_BIAS] = convert_bias,
        [UG_INT] = convert_int,       [UG_FLOAT] = convert_float,  [UG_BOOL] = convert_bool,
        [UG_WORD] = convert_word,     [UG_MODE] = convert_mode,    [UG_PAIR] = convert_pair,
        [UG_INTS] = convert_ints,     [UG_LIKE] = convert_like,    [UG_INIT] = convert_init,
    };
    const struct ug_op_call *c = v->c;
    bool fine = true;

    for (int i = 0; i < c->n_args; i++) {
        const struct ug_arg *arg = &c->op->args[i];
        const bool present = c->slots[i].has_value || c->slots[i].given || arg->type == UG_INIT;

        if (!present && arg->type == UG_INTS)
            ((struct ug_ints *)field_of(v, i))->n = -1;
        else if (present && !by_type[arg->type](v, i))
            fine = false;
    }
    return fine;
}
