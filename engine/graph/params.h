/* params.h -- the named tensors that live from step to step: parameters and state of ops.
 *
 * One tensor has one identity: tied names point to one owner, which alone has memory, is
 * initialised, stepped and saved.
 */
#ifndef UG_PARAMS_H
#define UG_PARAMS_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/graph/tensor.h"

enum ug_init_kind {
    UG_INIT_DEFAULT, /* zeros; as an argument: what the layer would start from by itself */
    UG_INIT_NORMAL,  /* a = mean, b = std */
    UG_INIT_UNIFORM, /* a = low, b = high */
    UG_INIT_CONSTANT,
    UG_INIT_UNIT_NORMAL,    /* a random direction: standard normal, scaled to length 1 */
    UG_INIT_XAVIER_UNIFORM, /* a = gain */
    UG_INIT_XAVIER_NORMAL,
    UG_INIT_KAIMING_UNIFORM, /* a = negative slope */
    UG_INIT_KAIMING_NORMAL,
    UG_INIT_ORTHOGONAL, /* a = gain */
    UG_INIT_FILE        /* path, and the scope whose names the file's tensors have */
};

struct ug_init {
    enum ug_init_kind kind;
    double a, b;
    const char *path;  /* UG_INIT_FILE */
    const char *scope; /* UG_INIT_FILE: the tensor's name is the parameter's below it; "": whole */
    struct ug_pos pos;
};

enum ug_param_kind { UG_TRAINED, UG_STATE };

struct ug_param {
    const char *name;  /* "E1.stem.0.weight" */
    const char *role;  /* last part: "weight", "bias", "running_mean" */
    const char *layer; /* op that made it: "conv2d" */
    enum ug_param_kind kind;
    struct ug_type type;
    struct ug_init init;    /* what to start from */
    struct ug_param *owner; /* itself, or the parameter it is tied to (one hop) */
    struct ug_pos pos;      /* the layer that made it */
    const void *site;       /* identity of that place in the text: see ug_params_get */
    int index;              /* in ug_params.items */
    bool frozen;            /* train.frozen */
};

struct ug_params {
    struct ug_arena *arena;
    struct ug_param **items; /* in the order of first appearance */
    int n, capacity;
    void *table; /* name to item */
};

/* The parameter of that name, made if it is new.  NULL, with an error that names both places, if it
 * exists with another shape, type or kind, or was made at another site: two layers of one name. */
struct ug_param *ug_params_get(struct ug_params *p, struct ug_diags *diags, const char *name,
                               const char *role, const char *layer, enum ug_param_kind kind,
                               struct ug_type type, struct ug_init init, struct ug_pos pos,
                               const void *site);
struct ug_param *ug_params_find(const struct ug_params *p, const char *name); /* NULL if unknown */

/* How many elements it has. */
int64_t ug_param_count(const struct ug_param *p);
/* Whether it is the scope itself or stands in it: "E1.stem" holds "E1.stem.0.weight". */
bool ug_param_is_in(const struct ug_param *p, const char *scope);
/* The length of a name's first part: of the network, or the value of the graph. */
size_t ug_param_top(const char *name);
/* The end of the parameters of one network that follow params[from]. */
int ug_params_top_end(struct ug_param *const *params, int from, int n);

/* An empty list, which owns its parameters; the caller frees it. */
struct ug_params *ug_params_new(void);
void ug_params_free(struct ug_params *p);

#endif
