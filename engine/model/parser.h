/* parser.h -- the state of a parse, its grammar, and what it says is wrong; between expr.c, parser.c
 * and parser_errors.c only. */
#ifndef UG_PARSER_H
#define UG_PARSER_H

#include "engine/model/token.h"

struct ug_parser {
    struct ug_lexer l;
    struct ug_yaml *yaml;
    int depth;
};

/* Whether the next token is this symbol. */
bool ug_parser_is(const struct ug_parser *p, const char *symbol);
/* If so, goes on behind it. */
bool ug_parser_take(struct ug_parser *p, const char *symbol);

/* ---- parser.c: NULL after an error ---- */

/* An expression. */
const struct ug_expr *ug_parse_choice(struct ug_parser *p);
/* Of the grammar, what binds tighter than comparisons: a side of an equation. */
const struct ug_expr *ug_parse_sum(struct ug_parser *p);
/* A list of n expressions, none of them NULL. */
const struct ug_expr *ug_parse_items(struct ug_parser *p, const struct ug_expr *const *items,
                                     int n);

/* ---- parser_errors.c ---- */

/* Reports that `what` is missing at the next token; NULL. */
const struct ug_expr *ug_parser_missing(struct ug_parser *p, const char *what);
/* Takes `close`, the end of the bracket that was opened at text[open]; false after an error. */
bool ug_parser_close(struct ug_parser *p, size_t open, const char *close);
/* Reports what follows an expression that is complete. */
void ug_parser_refuse_rest(struct ug_parser *p);
/* Reports a bracket that stays open; false if there is none. */
bool ug_parser_refuse_open(struct ug_parser *p);

#endif
