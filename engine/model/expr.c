/* expr.c -- the expressions that YAML nodes hold. */
#include "engine/model/expr.h"

#include <string.h>

#include "engine/model/document_text.h"
#include "engine/model/parser.h"

enum { LONGEST = 16384 }; /* characters of an expression */

static bool start(struct ug_parser *p, struct ug_arena *arena, struct ug_diags *diags,
                  struct ug_yaml *value)
{
    *p = (struct ug_parser){.yaml = value};
    p->l = (struct ug_lexer){.arena = arena,
                             .diags = diags,
                             .yaml = value,
                             .text = value->text,
                             .length = value->length};
    if (value->broken)
        return false;
    if (value->kind == UG_YAML_MAP) {
        ug_error(diags, value->pos, "an expression is needed here, not a map");
        return false;
    }
    if (ug_yaml_is_null(value)) {
        ug_error(diags, value->pos, "a value is missing here");
        return false;
    }
    if (value->length > LONGEST) {
        ug_error(diags, value->pos, "this expression is too long: at most %d characters", LONGEST);
        return false;
    }
    if (ug_parser_refuse_open(p))
        return false;
    /* The core schema lets a number have a sign of either kind; the grammar has only the minus. */
    if (value->kind == UG_YAML_SCALAR && value->text[0] == '+' &&
        strspn(value->text + 1, ".0123456789"))
        p->l.at = 1;
    ug_lexer_next(&p->l);
    return true;
}

static const struct ug_expr *parse_sequence(struct ug_arena *arena, struct ug_diags *diags,
                                            struct ug_yaml *value)
{
    const struct ug_expr **items = ug_arena_array(arena, (size_t)value->n, sizeof *items);
    struct ug_parser p = {.yaml = value};
    bool whole = !value->broken;

    p.l = (struct ug_lexer){.arena = arena, .diags = diags, .yaml = value};
    for (int i = 0; i < value->n; i++) {
        items[i] = ug_expr_parse(arena, diags, value->items[i]);
        whole &= items[i] != NULL;
    }
    return whole ? ug_parse_items(&p, items, value->n) : NULL;
}

static const struct ug_expr *parse(struct ug_arena *arena, struct ug_diags *diags,
                                   struct ug_yaml *value)
{
    struct ug_parser p;

    if (value->kind == UG_YAML_LIST)
        return parse_sequence(arena, diags, value);
    if (!start(&p, arena, diags, value))
        return NULL;
    const struct ug_expr *x = ug_parse_choice(&p);
    if (x)
        ug_parser_refuse_rest(&p);
    return p.l.failed ? NULL : x;
}

const struct ug_expr *ug_expr_parse(struct ug_arena *arena, struct ug_diags *diags,
                                    struct ug_yaml *value)
{
    if (!value->parsed) {
        value->expr = parse(arena, diags, value);
        value->parsed = true;
    }
    return value->expr;
}

bool ug_expr_parse_equation(struct ug_arena *arena, struct ug_diags *diags, struct ug_yaml *value,
                            const struct ug_expr **left, const struct ug_expr **right)
{
    struct ug_parser p;

    if (value->kind != UG_YAML_SCALAR) {
        ug_error(diags, value->pos, "an equation is needed here: 'A = B'");
        return false;
    }
    if (!start(&p, arena, diags, value) || !(*left = ug_parse_sum(&p)))
        return false;
    if (!ug_parser_take(&p, "=")) {
        ug_parser_missing(&p, "the '=' between the two sides");
        return false;
    }
    *right = ug_parse_sum(&p);
    if (*right && ug_parser_is(&p, "="))
        ug_lexer_error(&p.l, p.l.token.start,
                       "an equation has two sides: write one line for each pair");
    else if (*right)
        ug_parser_refuse_rest(&p);
    return *right && !p.l.failed;
}

const char *ug_expr_op_text(enum ug_expr_op op)
{
    static const char *const texts[] = {
        [UG_OP_NONE] = "", [UG_OP_OR] = "or",  [UG_OP_AND] = "and",     [UG_OP_NOT] = "not",
        [UG_OP_EQ] = "==", [UG_OP_NE] = "!=",  [UG_OP_LT] = "<",        [UG_OP_LE] = "<=",
        [UG_OP_GT] = ">",  [UG_OP_GE] = ">=",  [UG_OP_ADD] = "+",       [UG_OP_SUB] = "-",
        [UG_OP_MUL] = "*", [UG_OP_DIV] = "/",  [UG_OP_FLOORDIV] = "//", [UG_OP_MOD] = "%",
        [UG_OP_NEG] = "-", [UG_OP_POW] = "**",
    };

    return texts[op];
}
