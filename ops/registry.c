/* registry.c -- every op there is, family by family: the order of `unitgraph ops`. */
#include <string.h>

#include "engine/graph/op.h"

/* A new file of ops adds its family to this list and to the one below. */
extern const struct ug_op_family ug_family_conv, ug_family_norm, ug_family_layer,
    ug_family_activation, ug_family_arithmetic, ug_family_reduce, ug_family_shape,
    ug_family_resample, ug_family_linalg, ug_family_random, ug_family_loss, ug_family_control,
    ug_family_history, ug_family_metric, ug_family_core, ug_family_functions, ug_family_softmax,
    ug_family_max_pool;

static const struct ug_op_family *const families[] = {
    &ug_family_conv,    &ug_family_norm,       &ug_family_layer,     &ug_family_activation,
    &ug_family_softmax, &ug_family_arithmetic, &ug_family_functions, &ug_family_reduce,
    &ug_family_shape,   &ug_family_resample, &ug_family_max_pool,  &ug_family_linalg,    &ug_family_random,
    &ug_family_loss,    &ug_family_control,    &ug_family_history,   &ug_family_metric,
    &ug_family_core,
};

enum { N_FAMILIES = sizeof families / sizeof families[0] };

const struct ug_op *ug_op_find(const char *name)
{
    for (int f = 0; f < N_FAMILIES; f++)
        for (const struct ug_op *const *op = families[f]->ops; *op; op++)
            if (!strcmp((*op)->name, name))
                return *op;
    return NULL;
}

const struct ug_op *ug_op_next(const struct ug_op *op)
{
    bool found = !op;

    for (int f = 0; f < N_FAMILIES; f++)
        for (const struct ug_op *const *at = families[f]->ops; *at; at++) {
            if (found)
                return *at;
            found = *at == op;
        }
    return NULL;
}

const char *ug_op_family(const struct ug_op *op)
{
    for (int f = 0; f < N_FAMILIES; f++)
        for (const struct ug_op *const *at = families[f]->ops; *at; at++)
            if (*at == op)
                return families[f]->name;
    return "";
}
