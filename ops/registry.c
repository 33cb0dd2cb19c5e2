/* registry.c -- every op there is, family by family: the order of `unitgraph ops`. */
#include <string.h>

#include "engine/graph/op.h"

/* A new file of ops adds its family here. */
// clang-format off
#define FAMILIES(F) \
    F(conv) \
    F(norm) \
    F(layer) \
    F(activation) \
    F(softmax) \
    F(arithmetic) \
    F(functions) \
    F(reduce) \
    F(extreme) \
    F(shape) \
    F(join) \
    F(pad) \
    F(listing) \
    F(resample) \
    F(max_pool) \
    F(linalg) \
    F(random) \
    F(loss) \
    F(control) \
    F(history) \
    F(metric) \
    F(distance) \
    F(core)
// clang-format on

#define DECLARE(family) extern const struct ug_op_family ug_family_##family;
FAMILIES(DECLARE)

#define ADDRESS(family) &ug_family_##family,
static const struct ug_op_family *const families[] = {FAMILIES(ADDRESS)};

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
