/* quantity.h -- what an expression is worth, and the one evaluator for quantities and tensors.
 *
 * "Quantities are computed when the file is loaded.  Tensors are computed when the graph runs.  The
 * same operators serve both" (language.md 2).  So ug_evaluate walks an expression once, computes
 * what is known, and hands what is not -- a name, a call, an operator that meets a tensor -- to a
 * struct ug_scope.  The sections of a file evaluate in a scope that knows `vars`; the graph in one
 * that also knows values, networks and ops.
 */
#ifndef UG_QUANTITY_H
#define UG_QUANTITY_H

#include <stdint.h>

#include "engine/model/expr.h"

struct ug_node;
struct ug_vars;
struct ug_var;

enum ug_quantity_kind {
    UG_Q_INT,  /* exact */
    UG_Q_REAL, /* finite or, where written so, infinite */
    UG_Q_BOOL,
    UG_Q_TEXT,   /* "text", or a word, which equals its text */
    UG_Q_LIST,   /* of anything, tensors too */
    UG_Q_MAP,    /* a branch of `vars`; its members are evaluated when asked for */
    UG_Q_BUNDLE, /* the outputs of a module, named: `v: net(x)`, then `v.a` */
    UG_Q_TENSOR
};

struct ug_quantity {
    enum ug_quantity_kind kind;
    int n; /* members of a list or bundle */
    union {
        int64_t integer; /* INT; BOOL: 0 or 1 */
        double real;
        const char *text;
        struct ug_quantity *items; /* LIST, BUNDLE */
        struct ug_var *var;        /* MAP */
        struct ug_node *node;      /* TENSOR: never NULL */
    };
    const char *const *names; /* BUNDLE: parallel to items */
};

/* Quantities of each kind; texts and nodes are borrowed. */
struct ug_quantity ug_quantity_int(int64_t value);
struct ug_quantity ug_quantity_real(double value);
struct ug_quantity ug_quantity_bool(bool value);
struct ug_quantity ug_quantity_text(const char *text);
struct ug_quantity ug_quantity_tensor(struct ug_node *node);

/* Neither a tensor nor a bundle, nor a list that holds one. */
bool ug_is_quantity(const struct ug_quantity *q);
/* INT, REAL or BOOL. */
bool ug_is_number(const struct ug_quantity *q);
double ug_number(const struct ug_quantity *q); /* of one of these */
/* The whole number that an INT is, or a REAL that has no fraction; false for anything else. */
bool ug_whole(const struct ug_quantity *q, int64_t *out);

/* "the number 2.5", "the word 'reflect'", "a list of 3": for messages, into `text`, which it
 * returns. */
enum { UG_QUANTITY_TEXT = 80 };
char *ug_quantity_describe(const struct ug_quantity *q, char text[UG_QUANTITY_TEXT]);

/* ---- Evaluation ---- */

enum ug_found {
    UG_UNKNOWN, /* there is no such name */
    UG_FOUND,
    UG_BROKEN /* there is one, but an error was reported about it */
};

/* `[i]` or `[i:j]`, evaluated; an open end has its `has_` false. */
struct ug_subscript {
    bool range, has_from, has_to;
    int64_t from, to; /* negative: from the end */
};

/* What an expression can see.  The functions that return bool report their errors and then return
 * false; `context` is that of struct ug_eval. */
struct ug_scope {
    enum ug_found (*lookup)(void *context, const struct ug_expr *name, struct ug_quantity *out);
    /* Adds a suggestion to "unknown name"; NULL: none. */
    void (*suggest)(void *context, const char *name, struct ug_diag *diag);

    /* `.name`, before its left side is evaluated; UG_UNKNOWN: take it as a member of what the left
     * side is.  NULL: always so. */
    enum ug_found (*member)(void *context, const struct ug_expr *member, struct ug_quantity *out);

    /* Every call.  It evaluates its arguments itself, by ug_evaluate_argument: what names are
     * nested below depends on the call.  NULL: only the functions on quantities can be called. */
    bool (*call)(void *context, const struct ug_expr *call, struct ug_quantity *out);

    /* Operators that meet a tensor: at->op tells which.  The other side is a tensor or a number.
     * Lists have been taken apart by then.  b is NULL for the unary minus. */
    bool (*operate)(void *context, const struct ug_expr *at, const struct ug_quantity *a,
                    const struct ug_quantity *b, struct ug_quantity *out);
    /* x[…] of a tensor. */
    bool (*index)(void *context, const struct ug_expr *at, const struct ug_quantity *x,
                  const struct ug_subscript *spans, int n, struct ug_quantity *out);
};

struct ug_eval {
    struct ug_arena *arena;
    struct ug_diags *diags; /* NULL: errors make it return false in silence */
    const struct ug_scope *scope;
    void *context;            /* for the functions of `scope` */
    struct ug_quantity *pool; /* lists are taken from here instead of the arena, if not NULL; */
    int pool_size, pool_used; /* an expression that needs more of it is an error */
};

/* Evaluates an expression, of a conditional only the side that is chosen.  A name that nothing is
 * known by is an error.  False after an error. */
bool ug_evaluate(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out);

/* The same for a whole value in `vars`, `params` and --set, and for an argument: there an unknown
 * name that stands alone, or as a member of a list that does, is a word. */
bool ug_evaluate_argument(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out);

/* ug_expr_parse, then ug_evaluate_argument. */
bool ug_evaluate_yaml(struct ug_eval *e, struct ug_yaml *value, struct ug_quantity *out);

/* Reports an error unless the evaluation is silent; always false. */
bool ug_eval_fail(const struct ug_eval *e, struct ug_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The operator of `at` applied to its sides, other than `and`, `or` and `not`; b is NULL for the minus
 * sign. */
bool ug_apply_operator(struct ug_eval *e, const struct ug_expr *at, const struct ug_quantity *a,
                       const struct ug_quantity *b, struct ug_quantity *out);

/* Room for the n members of a list; NULL, after an error, where the pool is too small. */
struct ug_quantity *ug_eval_list(struct ug_eval *e, struct ug_pos pos, int n);

/* ---- Functions on quantities: min max abs floor ceil round sqrt log exp len int range ---- */

/* Whether a name is one of them. */
bool ug_is_function(const char *name);
/* Applies one to evaluated arguments, which ug_is_quantity (for `len`: any list).  values[i]
 * belongs to call->args[1 + i]. */
bool ug_apply_function(struct ug_eval *e, const struct ug_expr *call,
                       const struct ug_quantity *values, struct ug_quantity *out);
/* Evaluates the arguments of a call that must be one of these functions, and applies it. */
bool ug_call_function(struct ug_eval *e, const struct ug_expr *call, struct ug_quantity *out);
const char *const *ug_function_names(int *n);

/* ---- Checked conversions; `what` names the thing in the message: "argument 'stride' of 'conv2d'"
 * ---- */

/* min and max are inclusive, here and below.  False after an error at `pos`. */
bool ug_want_int(struct ug_diags *diags, struct ug_pos pos, const char *what,
                 const struct ug_quantity *q, int64_t min, int64_t max, int64_t *out);
bool ug_want_real(struct ug_diags *diags, struct ug_pos pos, const char *what,
                  const struct ug_quantity *q, double min, double max, double *out);
bool ug_want_bool(struct ug_diags *diags, struct ug_pos pos, const char *what,
                  const struct ug_quantity *q, bool *out);
/* The index of the word in `words`, which ends with NULL; -1 after an error. */
int ug_want_word(struct ug_diags *diags, struct ug_pos pos, const char *what,
                 const struct ug_quantity *q, const char *const *words);
/* A condition: true, false, or a number, which is true unless it is 0. */
bool ug_want_condition(struct ug_diags *diags, struct ug_pos pos, const struct ug_quantity *q,
                       bool *out);

/* ---- vars ---- */

/* The tree of variables of a file (its section `vars`, NULL if it has none).  All are evaluated
 * here, so that every error in them is reported once; a cycle is reported as the path that it is.
 */
struct ug_vars *ug_vars_new(struct ug_arena *arena, struct ug_diags *diags,
                            struct ug_yaml *section);
enum ug_found ug_vars_lookup(struct ug_vars *vars, const char *name, struct ug_quantity *out);
const char *const *ug_vars_names(const struct ug_vars *vars, int *n); /* of the top of the tree */

/* A member of a branch of the tree, and the names of all. */
enum ug_found ug_vars_member(struct ug_var *branch, const char *name, struct ug_quantity *out);
const char *const *ug_vars_member_names(const struct ug_var *branch, int *n);

/* A variable may hold the text of a path, `folder: data/trainA`, for `${folder}`.  Once every path
 * has been read, this reports those that no path made use of: they are expressions with unknown
 * names. */
void ug_vars_finish(struct ug_vars *vars);
/* Puts such texts in quotes in their tree: then they are texts even where no path uses them any
 * more. */
void ug_vars_quote(struct ug_vars *vars);

/* A scope that knows vars alone; its context is a struct ug_vars. */
extern const struct ug_scope ug_vars_scope;

/* A text with `${name}` (or `${a.b}`) replaced by variables; `pos` is the place of its first
 * character.  NULL after an error. */
const char *ug_vars_insert(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                           const char *text, struct ug_pos pos);
/* The same for a path: relative ones count from `folder`, that of the file that wrote them, or, if
 * the path begins with a variable, from the folder of the file that wrote that. */
const char *ug_vars_path_text(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                              const char *text, const char *folder, struct ug_pos pos);
/* The same for a scalar that is a path. */
const char *ug_vars_path(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                         const struct ug_yaml *value);

#endif
