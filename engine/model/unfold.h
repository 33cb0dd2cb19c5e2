/* unfold.h -- walking declarations to make a graph.  Private to engine/model.
 *
 * An unfolding is one walk: it evaluates the expressions that are asked for, and whatever they
 * need, in the environments in which they stand.  Modules and rounds of repeats are walked anew for
 * each use; parameters are recognised by their names.  A thing that failed has been reported by
 * then and makes what depends on it fail in silence.
 */
#ifndef UG_UNFOLD_H
#define UG_UNFOLD_H

#include "engine/graph/build.h"
#include "engine/model/declare.h"
#include "engine/model/program.h"
#include "engine/model/quantity.h"

/* ---- Limits: a small file can describe a graph without end ---- */

enum {
    UG_MAX_ROUNDS = 10000, /* of one `repeat` */
    UG_MAX_DEPTH = 500,    /* modules and values that wait for one another */
    UG_MAX_STEPS = 500000, /* calls and steps of one unfolding */
    UG_MAX_NODES = 250000,
    UG_MAX_STACK = 4 << 20 /* bytes of the machine's stack for all of this */
};

/* ---- Names ---- */

struct ug_unfolding;
struct ug_making;

struct ug_bound {
    const char *name;
    enum ug_found found; /* UG_BROKEN: it failed */
    struct ug_quantity value;
};

enum ug_env_kind {
    UG_ENV_BOUND,    /* inputs of a module, `as`, carried names, labels */
    UG_ENV_SETTINGS, /* parameters of a module: those that hold a word can be called */
    UG_ENV_VALUES,   /* values of a graph, made when they are asked for */
    UG_ENV_INPUTS,   /* inputs of the file */
    UG_ENV_LOSSES    /* losses and their terms, "G" and "G.rec_1" */
};

/* What an expression sees: layers, the innermost first; below them all stand `vars` and the
 * counters. */
struct ug_env {
    const struct ug_env *up;
    enum ug_env_kind kind;
    struct ug_bound *bound; /* BOUND, SETTINGS: later ones hide earlier ones */
    int n, capacity;
    struct ug_making *values;
};

/* ---- Places ---- */

/* Where a value or a step stands: how its parameters, its nodes and its random draws are called. */
struct ug_at {
    const char *scope;     /* "G1.up.0" */
    const char *place;     /* "fake_x1/G1.up.0" */
    const char *no_layers; /* "a loss": layers with parameters may not stand here; else NULL */
};

/* An expression that is being evaluated. */
struct ug_here {
    struct ug_unfolding *u;
    const struct ug_env *env;
    struct ug_at at;
    const struct ug_expr *whole;
    bool nested; /* its outermost call too gets a name below `at`, instead of `at` itself */
};

/* ---- Unfolding ---- */

struct ug_network_state {
    const struct ug_module *module;
    struct ug_env settings; /* computed when the file is loaded */
    bool broken;            /* calling it gives nothing, in silence */
    bool complete;          /* it has been called, and so has all its parameters */
};

struct ug_language {
    struct ug_declarations declared;
    struct ug_network_state *networks; /* parallel to declared.networks */
};

enum ug_progress { UG_UNTOUCHED, UG_BUSY, UG_MADE, UG_FAULTY };

struct ug_made {
    enum ug_progress progress;
    struct ug_quantity *targets;
};

/* A graph of named values, as far as they have been made. */
struct ug_making {
    struct ug_unfolding *u;
    const struct ug_graph_decl *decl;
    struct ug_at at;   /* its values' names are below; scope "" for the graph of the file */
    struct ug_env env; /* the layer of its values */
    const struct ug_env *inside; /* what its expressions see: that layer and what lies upon it */
    struct ug_made *made;        /* parallel to decl->values */
};

/* A value that others wait for: the path of a cycle. */
struct ug_waiting {
    const struct ug_waiting *before;
    const struct ug_making *making;
    int index;
};

struct ug_made_term {
    enum ug_progress progress;
    struct ug_node *node;
    bool pruned;
};

struct ug_made_loss {
    struct ug_made_term sum;
    struct ug_made_term *terms;
};

struct ug_unfolding {
    struct ug_program *program;
    struct ug_language *language;
    const struct ug_request *request;
    struct ug_builder b;
    struct ug_arena *arena; /* of the graph */
    struct ug_unfolded *out;
    bool exploring; /* inputs of unknown type fail in silence */
    struct ug_env inputs;
    struct ug_node **input_nodes; /* parallel to program->inputs; NULL: not used so far */
    struct ug_making graph;
    struct ug_env losses;
    struct ug_made_loss *made_losses; /* parallel to declared.losses */
    const struct ug_waiting *waiting;
    const char *stack; /* where it began */
    int depth;
    int64_t steps;
    bool exhausted; /* a limit was hit, and reported */
};

/* ---- unfold.c ---- */

/* Sets up an unfolding of `p` into a graph of its own, and unfolds what is asked for.  What failed
 * has been reported and is not among the results. */
void ug_unfolding_run(struct ug_unfolding *u, struct ug_program *p,
                      const struct ug_request *request, bool exploring, struct ug_diags *diags);

/* ---- names.c ---- */

/* An empty layer of names in front of `up`, which is borrowed. */
struct ug_env ug_env_layer(enum ug_env_kind kind, const struct ug_env *up);
/* Binds a name in this layer; the name is borrowed. */
void ug_env_bind(struct ug_env *env, struct ug_arena *arena, const char *name,
                 struct ug_quantity value);
/* The value of a name in the nearest layer that has it, made if need be. */
enum ug_found ug_env_lookup(struct ug_unfolding *u, const struct ug_env *env, struct ug_pos pos,
                            const char *name, struct ug_quantity *out);
/* The same in one layer alone. */
enum ug_found ug_layer_lookup(struct ug_unfolding *u, const struct ug_env *env, struct ug_pos pos,
                              const char *name, struct ug_quantity *out);
/* The word that a module's parameter holds; NULL if it is none or holds something else. */
const char *ug_env_word(const struct ug_env *env, const char *name);
/* All names that an expression sees, for suggestions. */
const char **ug_env_names(const struct ug_unfolding *u, const struct ug_env *env, size_t *n);

/* Evaluates what is known without a graph: `vars`, bound names, functions on quantities.  Values of
 * graphs and inputs are not known.  diags NULL: in silence. */
struct ug_known {
    struct ug_vars *vars;
    const struct ug_env *env;
    const struct ug_program *program; /* where env holds the inputs of the file */
};
bool ug_evaluate_known(struct ug_known *k, struct ug_arena *arena, struct ug_diags *diags,
                       const struct ug_expr *x, struct ug_quantity *out);

/* ---- places.c ---- */

/* Places: below a label or value, in a round of a `repeat`, … */
struct ug_at ug_at_below(struct ug_unfolding *u, struct ug_at at, const char *name);
struct ug_at ug_at_round(struct ug_unfolding *u, struct ug_at at, int64_t round);
/* Where a call that is part of an expression stands; `name` is that of the op or module. */
struct ug_at ug_at_call(const struct ug_here *here, const struct ug_expr *call, const char *name);
/* The same for a call of a network, whose scope is its own. */
struct ug_at ug_at_network(const struct ug_here *here, const struct ug_expr *call,
                           const char *name);
/* … and for a member of a list that something is applied to. */
struct ug_at ug_at_member(struct ug_unfolding *u, struct ug_at at, int member);

/* ---- tensors.c: expressions that may hold tensors ---- */

/* As ug_evaluate and ug_evaluate_argument, with values of graphs, calls and tensors. */
bool ug_evaluate_here(struct ug_here *here, const struct ug_expr *x, struct ug_quantity *out);
bool ug_evaluate_argument_here(struct ug_here *here, const struct ug_expr *x,
                               struct ug_quantity *out);
/* How the expressions of arguments are evaluated. */
struct ug_evaluator {
    bool (*evaluate)(void *context, const struct ug_expr *x, struct ug_quantity *out);
    /* The same where no word can stand: an input. */
    bool (*evaluate_input)(void *context, const struct ug_expr *x, struct ug_quantity *out);
    void *context;
};
struct ug_evaluator ug_evaluator_of(struct ug_here *here);
/* Points the builder at a place; whatever is emitted next belongs there. */
void ug_stand(struct ug_unfolding *u, struct ug_at at, struct ug_pos pos, const void *site);
/* a + b, lists in step. */
bool ug_add_values(struct ug_unfolding *u, const struct ug_quantity *a, const struct ug_quantity *b,
                   struct ug_quantity *out);
/* A number as a scalar constant; false, after an error, for anything else that is no tensor.
 * `what` names it: "the loss 'G'". */
bool ug_as_tensor(struct ug_unfolding *u, struct ug_pos pos, const char *what,
                  const struct ug_quantity *q, struct ug_node **out);
/* Counts a call or a step; false, after one error, once a limit is hit. */
bool ug_spend(struct ug_unfolding *u, struct ug_pos pos);
/* One deeper, for a value or a module named `name`; false, after one error, at the limit. */
bool ug_descend(struct ug_unfolding *u, struct ug_pos pos, const char *name);

/* ---- apply.c: what a name that is called stands for ---- */

/* `text` is a call, or the bare name of what is called without arguments; `flowing` is the value
 * that a chain gives as its first argument, or NULL. */
bool ug_apply(struct ug_here *here, const struct ug_expr *text, const struct ug_quantity *flowing,
              struct ug_quantity *out);
/* The name a call's parameters get: that of the op or module, which a parameter may hold. */
const char *ug_called_name(const struct ug_env *env, const struct ug_expr *call);
/* The common length of those of n values that are to be taken apart (others are NULL): -1 if there
 * are none, -2 after an error if they differ. */
int ug_lists_in_step(struct ug_diags *diags, struct ug_pos pos, const char *called,
                     const struct ug_quantity *const *values, int n);

/* ---- bind.c: arguments against a module's inputs and parameters ---- */

enum ug_bind_what { UG_BIND_ALL, UG_BIND_INPUTS, UG_BIND_SETTINGS };

struct ug_binding {
    struct ug_arena *arena;
    struct ug_diags *diags;
    struct ug_vars *vars;
    const struct ug_module *module;
    const char *called; /* "module 'encoder'", for messages */
    enum ug_bind_what what;
    struct ug_evaluator by;
    struct ug_env inputs, settings; /* what comes out */
};
/* Binds the arguments of a call to b->inputs and b->settings; `flowing` as in ug_apply.  False after
 * an error. */
bool ug_bind(struct ug_binding *b, const struct ug_expr *text, const struct ug_quantity *flowing);

/* ---- chain.c ---- */

/* Runs `value` through a chain, in place.  Values of labels are bound in `labels`, a layer that
 * `env` holds. */
bool ug_run_chain(struct ug_unfolding *u, const struct ug_chain *chain, const struct ug_env *env,
                  struct ug_env *labels, struct ug_at at, struct ug_quantity *value);
/* A `repeat`'s count. */
bool ug_count_rounds(struct ug_here *here, const struct ug_expr *x, int64_t *rounds);

/* ---- values.c ---- */

/* The values of a graph, none of them made yet; its expressions see `up` behind them. */
struct ug_making ug_make_graph(struct ug_unfolding *u, const struct ug_graph_decl *decl,
                               struct ug_at at, const struct ug_env *up);
/* The value of a name of this graph, made if need be. */
enum ug_found ug_make_value(struct ug_making *m, const char *name, struct ug_quantity *out);
/* Does a node have a name that `env` sees?  Inputs and numbers always have one. */
bool ug_is_named(const struct ug_env *env, const struct ug_node *node);
/* Makes all values, in the order of the text; false if one failed. */
bool ug_make_all(struct ug_making *m);

/* ---- module.c ---- */

/* The result of a module whose inputs and settings are bound; false after an error. */
bool ug_run_module(struct ug_unfolding *u, const struct ug_module *m, struct ug_env inputs,
                   struct ug_env settings, struct ug_at at, struct ug_pos pos,
                   struct ug_quantity *out);
/* Settles which module each network is, and with which parameters. */
void ug_resolve_networks(struct ug_program *p, struct ug_diags *diags);

/* ---- call.c ---- */

/* Calls an op; `values`, if not NULL, are the evaluated arguments, parallel to text->args + 1. */
bool ug_call_op(struct ug_here *here, const struct ug_op *op, const struct ug_expr *text,
                const struct ug_quantity *flowing, const struct ug_quantity *values,
                struct ug_at at, struct ug_quantity *out);

/* ---- initialiser.c ---- */

/* `normal(0, 0.02)`, `zeros`, `file("vgg.safetensors")`. */
bool ug_parse_init(struct ug_arena *arena, struct ug_diags *diags, struct ug_vars *vars,
                   struct ug_evaluator by, const struct ug_expr *x, struct ug_init *out);

/* ---- losses.c ---- */

struct ug_made_loss *ug_make_losses(struct ug_unfolding *u); /* none of them made yet */
/* A loss, "G", or one of its terms, "G.rec_1". */
enum ug_found ug_make_loss(struct ug_unfolding *u, const char *name, struct ug_quantity *out);
/* Whether ug_make_loss knows the name. */
bool ug_is_loss(const struct ug_unfolding *u, const char *name);
/* A single float32 number, or an error; `what` is "the loss 'G'". */
bool ug_want_scalar(struct ug_unfolding *u, struct ug_pos pos, const char *what,
                    const struct ug_quantity *q, struct ug_node **out);
/* What an optimizer minimises, a scalar; false after an error. */
bool ug_make_minimized(struct ug_unfolding *u, const struct ug_optimizer_spec *o,
                       struct ug_node **out);

#endif
