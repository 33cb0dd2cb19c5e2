/* declare.h -- what a file declares: modules, networks, the graph, losses.
 *
 * The text of these sections as structures, read once.  Everything about their form is checked and
 * reported here; what it means is found by unfolding (unfold.h), once for every place that uses it.
 */
#ifndef UG_DECLARE_H
#define UG_DECLARE_H

#include "engine/model/expr.h"

/* ---- Chains ---- */

struct ug_chain_step;

struct ug_chain {
    struct ug_chain_step *steps;
    int n;
    bool single; /* exactly one step, judged on the text: names leave out its position */
};

enum ug_chain_step_kind {
    UG_STEP_CALL,     /* `layer(args)`, or a bare name */
    UG_STEP_LABEL,    /* `LABEL: steps` */
    UG_STEP_REPEAT,   /* N copies in a row */
    UG_STEP_RESIDUAL, /* the value plus the chain applied to it */
    UG_STEP_WHEN      /* one of two chains */
};

struct ug_chain_step {
    enum ug_chain_step_kind kind;
    struct ug_pos pos;
    const struct ug_expr *expr; /* CALL: the call; REPEAT: how often; WHEN: the condition */
    const char *name;           /* LABEL: the label; REPEAT: `as`, or NULL */
    struct ug_chain body, otherwise;
};

/* ---- Graphs of named values ---- */

struct ug_value_decl;

struct ug_graph_decl {
    struct ug_value_decl *values; /* in the order of the text */
    int n;
};

struct ug_name_decl {
    const char *name;
    struct ug_pos pos;
};

struct ug_carry_decl {
    struct ug_name_decl name;
    const struct ug_expr *start;
};

enum ug_value_kind { UG_VALUE_EXPR, UG_VALUE_CHAIN, UG_VALUE_REPEAT };

struct ug_value_decl {
    enum ug_value_kind kind;
    struct ug_pos pos;
    struct ug_name_decl *targets; /* `a, b:` has two */
    int n_targets;
    const struct ug_expr *expr; /* EXPR: the value; CHAIN: `from`; REPEAT: how often */
    struct ug_chain chain;
    const char *as; /* REPEAT: or NULL */
    struct ug_carry_decl *carries;
    int n_carries;
    struct ug_graph_decl round;
    struct ug_name_decl *collects; /* one for each target */
    int n_collects;
    bool broken; /* its form is wrong, and reported */
};

/* ---- Modules and networks ---- */

struct ug_setting_decl { /* one of `params` */
    struct ug_name_decl name;
    const struct ug_expr *initial; /* NULL: required */
};

struct ug_module {
    const char *name;
    struct ug_pos pos;
    struct ug_name_decl *inputs;
    int n_inputs;
    struct ug_setting_decl *settings;
    int n_settings;
    bool is_chain;
    struct ug_chain chain;
    struct ug_graph_decl graph;
    struct ug_name_decl *outputs;
    int n_outputs; /* 0: the end of the chain */
    bool broken;   /* calling it gives nothing, in silence */
};

struct ug_network_decl {
    const char *name;
    struct ug_pos pos;
    const struct ug_expr *call; /* NULL: broken */
};

/* ---- Losses, and whatever else is a list of named expressions ---- */

struct ug_term_decl {
    const char *name;
    struct ug_pos pos;
    const struct ug_expr *expr; /* NULL: broken */
};

struct ug_loss_decl {
    const char *name;
    struct ug_pos pos;
    struct ug_term_decl *terms;
    int n_terms;
    bool is_map; /* else one term without a name of its own */
};

struct ug_declarations {
    struct ug_module *modules;
    int n_modules;
    struct ug_network_decl *networks;
    int n_networks;
    struct ug_graph_decl graph;
    struct ug_loss_decl *losses;
    int n_losses;
};

/* Reads the sections `modules`, `networks`, `graph` and `losses` of a composed file. */
void ug_declare(struct ug_declarations *d, struct ug_arena *arena, struct ug_diags *diags,
                const struct ug_yaml *tree);

/* The module of that name, borrowed; NULL if there is none. */
const struct ug_module *ug_declared_module(const struct ug_declarations *d, const char *name);
/* The index of a network; -1 if there is none of that name. */
int ug_declared_network(const struct ug_declarations *d, const char *name);

#endif
