/* parser.c -- parses an expression by precedence climbing: one function a level of the grammar,
 * loosest last. */
#include "engine/model/parser.h"

#include <string.h>

enum { DEEPEST = 200 }; /* nested brackets, conditionals, signs; and levels of a tree */

static const struct ug_expr *parse_unary(struct ug_parser *p);

/* ---- Tokens and nodes ---- */

bool ug_parser_is(const struct ug_parser *p, const char *symbol)
{
    return p->l.token.kind == UG_TOKEN_SYMBOL && !strcmp(p->l.token.text, symbol);
}

bool ug_parser_take(struct ug_parser *p, const char *symbol)
{
    if (!ug_parser_is(p, symbol))
        return false;
    ug_lexer_next(&p->l);
    return true;
}

static struct ug_expr *node(struct ug_parser *p, enum ug_expr_kind kind, size_t start)
{
    struct ug_expr *x = ug_arena_alloc(p->l.arena, sizeof *x);

    x->kind = kind;
    x->pos = ug_yaml_at(p->yaml, start);
    x->yaml = p->yaml;
    x->depth = 1;
    return x;
}

/* Puts arguments under a node; NULL where one of them is missing or the tree gets too deep. */
static const struct ug_expr *with(struct ug_parser *p, struct ug_expr *x, int n,
                                  const struct ug_expr *const *args)
{
    x->args = ug_arena_array(p->l.arena, (size_t)n, sizeof *x->args);
    x->n_args = n;
    for (int i = 0; i < n; i++) {
        if (!args[i])
            return NULL;
        x->args[i] = args[i];
        if (args[i]->depth >= x->depth)
            x->depth = args[i]->depth + 1;
    }
    if (x->depth <= DEEPEST)
        return x;
    ug_lexer_error(&p->l, p->l.token.start,
                   "this expression is too long: at most %d operators may follow one another",
                   DEEPEST);
    return NULL;
}

static const struct ug_expr *binary(struct ug_parser *p, enum ug_expr_op op,
                                    const struct ug_expr *a, const struct ug_expr *b)
{
    if (!a || !b)
        return NULL;
    struct ug_expr *x = node(p, UG_EXPR_BINARY, 0);
    x->op = op;
    x->pos = a->pos;
    return with(p, x, 2, (const struct ug_expr *const[]){a, b});
}

/* Parses what stands one level deeper. */
static const struct ug_expr *nested(struct ug_parser *p,
                                    const struct ug_expr *(*parse)(struct ug_parser *))
{
    if (p->depth == DEEPEST) {
        ug_lexer_error(&p->l, p->l.token.start, "this expression is too deep: at most %d levels",
                       DEEPEST);
        return NULL;
    }
    p->depth++;
    const struct ug_expr *x = parse(p);
    p->depth--;
    return x;
}

/* ---- Lists of arguments, members and slices ---- */

struct arguments {
    const struct ug_expr **items;
    const char **keywords;
    struct ug_pos *keyword_pos;
    int n, items_capacity, keywords_capacity, pos_capacity;
};

static void push_argument(struct ug_parser *p, struct arguments *a, const struct ug_expr *item,
                          const char *keyword, struct ug_pos pos)
{
    int n = a->n;

    UG_PUSH(p->l.arena, a->keywords, n, a->keywords_capacity, keyword);
    n = a->n;
    UG_PUSH(p->l.arena, a->keyword_pos, n, a->pos_capacity, pos);
    UG_PUSH(p->l.arena, a->items, a->n, a->items_capacity, item);
}

static bool parse_argument(struct ug_parser *p, struct arguments *a)
{
    const struct ug_token name = p->l.token;
    const char *keyword = NULL;
    struct ug_pos pos = {0};

    if (name.kind == UG_TOKEN_NAME && ug_lexer_follows(&p->l, "=") &&
        !ug_lexer_follows(&p->l, "==")) {
        keyword = name.text;
        pos = ug_yaml_at(p->yaml, name.start);
        for (int i = 1; i < a->n; i++)
            if (a->keywords[i] && !strcmp(a->keywords[i], keyword)) {
                ug_lexer_error(&p->l, name.start, "argument '%s' is given twice", keyword);
                return false;
            }
        ug_lexer_next(&p->l);
        ug_lexer_next(&p->l);
    } else if (a->n > 1 && a->keywords[a->n - 1]) {
        ug_lexer_error(&p->l, name.start,
                       "an argument without a name cannot follow those with one");
        return false;
    }
    const struct ug_expr *value = ug_parse_choice(p);
    if (!value)
        return false;
    push_argument(p, a, value, keyword, pos);
    return true;
}

static const struct ug_expr *parse_call(struct ug_parser *p, const struct ug_expr *callee)
{
    const size_t open = p->l.token.start;
    struct arguments a = {0};

    if (callee->kind != UG_EXPR_NAME && callee->kind != UG_EXPR_MEMBER) {
        ug_lexer_error(&p->l, open, "only a name can be called; a product needs a '*'");
        return NULL;
    }
    push_argument(p, &a, callee, NULL, (struct ug_pos){0});
    ug_lexer_next(&p->l);
    if (!ug_parser_is(p, ")") && p->l.token.kind != UG_TOKEN_END)
        do
            if (!parse_argument(p, &a))
                return NULL;
        while (ug_parser_take(p, ","));
    if (!ug_parser_close(p, open, ")"))
        return NULL;
    struct ug_expr *x = node(p, UG_EXPR_CALL, 0);
    x->pos = callee->pos;
    x->keywords = a.keywords;
    x->keyword_pos = a.keyword_pos;
    return with(p, x, a.n, a.items);
}

static bool parse_slice(struct ug_parser *p, struct ug_slice *s)
{
    *s = (struct ug_slice){0};
    if (!ug_parser_is(p, ":") && !(s->from = ug_parse_choice(p)))
        return false;
    if (!ug_parser_take(p, ":"))
        return true;
    s->range = true;
    if (!ug_parser_is(p, ":") && !ug_parser_is(p, "]") && !ug_parser_is(p, ",") &&
        !(s->to = ug_parse_choice(p)))
        return false;
    if (ug_parser_is(p, ":"))
        ug_lexer_error(&p->l, p->l.token.start, "a slice has no step: write [from:to]");
    return !p->l.failed;
}

static const struct ug_expr *parse_index(struct ug_parser *p, const struct ug_expr *base)
{
    const size_t open = p->l.token.start;
    struct ug_expr *x = node(p, UG_EXPR_INDEX, 0);
    int capacity = 0;

    x->pos = base->pos;
    ug_lexer_next(&p->l);
    do {
        struct ug_slice s;
        if (!parse_slice(p, &s))
            return p->l.failed ? NULL : ug_parser_missing(p, "an index");
        UG_PUSH(p->l.arena, x->slices, x->n_slices, capacity, s);
        x->depth = s.from && s.from->depth >= x->depth ? s.from->depth + 1 : x->depth;
        x->depth = s.to && s.to->depth >= x->depth ? s.to->depth + 1 : x->depth;
    } while (ug_parser_take(p, ","));
    if (!ug_parser_close(p, open, "]"))
        return NULL;
    return with(p, x, 1, &base);
}

static const struct ug_expr *parse_list(struct ug_parser *p)
{
    const size_t open = p->l.token.start;
    struct arguments a = {0};

    ug_lexer_next(&p->l);
    if (!ug_parser_is(p, "]") && p->l.token.kind != UG_TOKEN_END)
        do {
            const struct ug_expr *item = ug_parse_choice(p);
            if (!item)
                return NULL;
            push_argument(p, &a, item, NULL, (struct ug_pos){0});
        } while (ug_parser_take(p, ","));
    if (!ug_parser_close(p, open, "]"))
        return NULL;
    return with(p, node(p, UG_EXPR_LIST, open), a.n, a.items);
}

/* ---- Operands ---- */

static const struct ug_expr *parse_brackets(struct ug_parser *p)
{
    const size_t open = p->l.token.start;

    ug_lexer_next(&p->l);
    const struct ug_expr *inner = ug_parse_choice(p);
    if (!inner)
        return NULL;
    if (ug_parser_is(p, ",")) {
        ug_lexer_error(&p->l, open, "a list is written with [ ]");
        return NULL;
    }
    if (!ug_parser_close(p, open, ")"))
        return NULL;
    struct ug_expr *x = ug_arena_alloc(p->l.arena, sizeof *x);
    *x = *inner;
    x->parenthesised = true;
    return x;
}

static const struct ug_expr *parse_primary(struct ug_parser *p)
{
    const struct ug_token t = p->l.token;
    struct ug_expr *x;

    switch (t.kind) {
    case UG_TOKEN_NUMBER:
    case UG_TOKEN_BOOL:
        x = node(p, t.kind == UG_TOKEN_BOOL ? UG_EXPR_BOOL : UG_EXPR_NUMBER, t.start);
        x->number = t.number;
        x->whole = t.whole;
        x->integer = t.integer;
        break;
    case UG_TOKEN_TEXT:
    case UG_TOKEN_NAME:
        x = node(p, t.kind == UG_TOKEN_TEXT ? UG_EXPR_TEXT : UG_EXPR_NAME, t.start);
        x->text = t.text;
        break;
    default:
        if (ug_parser_is(p, "("))
            return parse_brackets(p);
        if (ug_parser_is(p, "["))
            return parse_list(p);
        return ug_parser_missing(p, "a value");
    }
    ug_lexer_next(&p->l);
    return x;
}

/* A primary with the calls, members and indices behind it. */
static const struct ug_expr *parse_operand(struct ug_parser *p)
{
    const struct ug_expr *x = parse_primary(p);

    while (x && !p->l.failed) {
        if (ug_parser_is(p, "(")) {
            x = parse_call(p, x);
        } else if (ug_parser_is(p, "[")) {
            x = parse_index(p, x);
        } else if (ug_parser_is(p, ".")) {
            ug_lexer_next_member(&p->l);
            if (p->l.token.kind != UG_TOKEN_NAME)
                return ug_parser_missing(p, "a name behind '.'");
            struct ug_expr *member = node(p, UG_EXPR_MEMBER, 0);
            member->pos = x->pos;
            member->text = p->l.token.text;
            ug_lexer_next(&p->l);
            x = with(p, member, 1, &x);
        } else {
            return x;
        }
    }
    return NULL;
}

/* ---- Operators, tightest first ---- */

/* Right-associative; binds tighter than a minus on its left, and takes one on its right. */
static const struct ug_expr *parse_power(struct ug_parser *p)
{
    const struct ug_expr *base = parse_operand(p);

    if (!base || !ug_parser_take(p, "**"))
        return base;
    return binary(p, UG_OP_POW, base, nested(p, parse_unary));
}

/* An operator in front of what `parse` takes. */
static const struct ug_expr *prefixed(struct ug_parser *p, enum ug_expr_op op, size_t start,
                                      const struct ug_expr *(*parse)(struct ug_parser *))
{
    const struct ug_expr *operand = nested(p, parse);

    if (!operand)
        return NULL;
    struct ug_expr *x = node(p, UG_EXPR_UNARY, start);
    x->op = op;
    return with(p, x, 1, &operand);
}

static const struct ug_expr *parse_unary(struct ug_parser *p)
{
    const size_t start = p->l.token.start;

    return ug_parser_take(p, "-") ? prefixed(p, UG_OP_NEG, start, parse_unary) : parse_power(p);
}

struct level {
    int n;
    struct {
        const char *symbol;
        enum ug_expr_op op;
    } ops[6];
};

static const struct level products = {
    4, {{"*", UG_OP_MUL}, {"/", UG_OP_DIV}, {"//", UG_OP_FLOORDIV}, {"%", UG_OP_MOD}}};
static const struct level sums = {2, {{"+", UG_OP_ADD}, {"-", UG_OP_SUB}}};
static const struct level comparisons = {6,
                                         {{"==", UG_OP_EQ},
                                          {"!=", UG_OP_NE},
                                          {"<", UG_OP_LT},
                                          {"<=", UG_OP_LE},
                                          {">", UG_OP_GT},
                                          {">=", UG_OP_GE}}};

static const struct level conjunctions = {1, {{"and", UG_OP_AND}}};
static const struct level disjunctions = {1, {{"or", UG_OP_OR}}};

static enum ug_expr_op take_operator(struct ug_parser *p, const struct level *level)
{
    for (int i = 0; i < level->n; i++)
        if (ug_parser_take(p, level->ops[i].symbol))
            return level->ops[i].op;
    return UG_OP_NONE;
}

/* What associates to the left: operators of one level between what `tighter` takes. */
static const struct ug_expr *parse_level(struct ug_parser *p, const struct level *level,
                                         const struct ug_expr *(*tighter)(struct ug_parser *))
{
    const struct ug_expr *x = tighter(p);
    enum ug_expr_op op;

    while (x && (op = take_operator(p, level)))
        x = binary(p, op, x, tighter(p));
    return x;
}

static const struct ug_expr *parse_product(struct ug_parser *p)
{
    return parse_level(p, &products, parse_unary);
}

const struct ug_expr *ug_parse_sum(struct ug_parser *p)
{
    return parse_level(p, &sums, parse_product);
}

static const struct ug_expr *parse_comparison(struct ug_parser *p)
{
    const struct ug_expr *x = ug_parse_sum(p);
    const enum ug_expr_op op = x ? take_operator(p, &comparisons) : UG_OP_NONE;

    if (!op)
        return x;
    x = binary(p, op, x, ug_parse_sum(p));
    for (int i = 0; x && i < comparisons.n; i++)
        if (ug_parser_is(p, comparisons.ops[i].symbol)) {
            ug_lexer_error(&p->l, p->l.token.start,
                           "comparisons do not chain: write 'a < b and b < c'");
            return NULL;
        }
    return x;
}

static const struct ug_expr *parse_not(struct ug_parser *p)
{
    const size_t start = p->l.token.start;

    return ug_parser_take(p, "not") ? prefixed(p, UG_OP_NOT, start, parse_not)
                                    : parse_comparison(p);
}

static const struct ug_expr *parse_and(struct ug_parser *p)
{
    return parse_level(p, &conjunctions, parse_not);
}

static const struct ug_expr *parse_or(struct ug_parser *p)
{
    return parse_level(p, &disjunctions, parse_and);
}

/* a if c else b; another choice may stand in b without brackets. */
static const struct ug_expr *parse_choice_here(struct ug_parser *p)
{
    const struct ug_expr *x = parse_or(p), *condition, *other = NULL;

    if (!x || !ug_parser_take(p, "if"))
        return x;
    condition = parse_or(p);
    if (condition && !ug_parser_take(p, "else"))
        return ug_parser_missing(p, "the 'else' of this 'if'");
    if (condition)
        other = ug_parse_choice(p);
    struct ug_expr *choice = node(p, UG_EXPR_COND, 0);
    choice->pos = x->pos;
    return with(p, choice, 3, (const struct ug_expr *const[]){x, condition, other});
}

const struct ug_expr *ug_parse_choice(struct ug_parser *p)
{
    return nested(p, parse_choice_here);
}

const struct ug_expr *ug_parse_items(struct ug_parser *p, const struct ug_expr *const *items, int n)
{
    return with(p, node(p, UG_EXPR_LIST, 0), n, items);
}
