/* expr.h -- the syntax tree of an expression (language.md 2). */
#ifndef UG_EXPR_H
#define UG_EXPR_H

#include <stdint.h>

#include "engine/model/document.h"

enum ug_expr_kind {
    UG_EXPR_NUMBER, /* number */
    UG_EXPR_BOOL,   /* number is 0 or 1 */
    UG_EXPR_TEXT,   /* text: "quoted" */
    UG_EXPR_NAME,   /* text */
    UG_EXPR_LIST,   /* args */
    UG_EXPR_CALL,   /* args[0] is what is called (a name or a member); then positional, then named
                       (keywords[i] set) */
    UG_EXPR_MEMBER, /* args[0] . text */
    UG_EXPR_INDEX,  /* args[0][ … ]: slices[0..n_slices) */
    UG_EXPR_UNARY,  /* op args[0]: '-' or not */
    UG_EXPR_BINARY, /* args[0] op args[1] */
    UG_EXPR_COND    /* args[0] if args[1] else args[2] */
};

enum ug_expr_op {
    UG_OP_NONE,
    UG_OP_OR,
    UG_OP_AND,
    UG_OP_NOT,
    UG_OP_EQ,
    UG_OP_NE,
    UG_OP_LT,
    UG_OP_LE,
    UG_OP_GT,
    UG_OP_GE,
    UG_OP_ADD,
    UG_OP_SUB,
    UG_OP_MUL,
    UG_OP_DIV,
    UG_OP_FLOORDIV,
    UG_OP_MOD,
    UG_OP_NEG,
    UG_OP_POW
};

struct ug_slice {
    bool range;                      /* `from:to`, else the single index `from` */
    const struct ug_expr *from, *to; /* NULL: open end */
};

struct ug_expr {
    enum ug_expr_kind kind;
    enum ug_expr_op op;
    struct ug_pos pos; /* of its first character */
    double number;     /* NUMBER, BOOL */
    bool whole;        /* NUMBER: written as a whole number that fits: */
    int64_t integer;   /* exactly */
    const char *text;
    const struct ug_expr **args;
    const char **keywords; /* CALL: NULL for positional ones; parallel to args */
    struct ug_pos *keyword_pos;
    int n_args;
    struct ug_slice *slices;
    int n_slices;
    const struct ug_yaml *yaml; /* the scalar or sequence it was written in */
    bool parenthesised;
    int depth; /* levels of nodes below and including this one: bounded, so recursion is safe */
};

/* The expression a scalar holds, or the list a sequence is; NULL after an error.  The same node
 * gives the same tree each time, and its errors only the first time. */
const struct ug_expr *ug_expr_parse(struct ug_arena *arena, struct ug_diags *diags,
                                    struct ug_yaml *value);
/* A line of `share`: two expressions with a single '=' between them; false after an error. */
bool ug_expr_parse_equation(struct ug_arena *arena, struct ug_diags *diags, struct ug_yaml *value,
                            const struct ug_expr **left, const struct ug_expr **right);

/* Letters, digits and '_', not starting with a digit, and not a word of the grammar (if, else, and,
 * or, not, true, false). Letters of every script count. */
bool ug_is_name(const char *text);

const char *ug_expr_op_text(enum ug_expr_op op); /* "**" */

#endif
