/* expr.c -- parses an expression by precedence climbing: one function a level of the grammar,
 * loosest first. */
#include "engine/model/expr.h"

#include <math.h>
#include <string.h>

#include "engine/model/document_text.h"
#include "engine/model/token.h"

enum {
    LONGEST = 16384, /* characters of an expression */
    DEEPEST = 200    /* nested brackets, conditionals, signs; and levels of a tree */
};

struct parser {
    struct ug_lexer l;
    struct ug_yaml *yaml;
    int depth;
};

static const struct ug_expr *parse_choice(struct parser *p);
static const struct ug_expr *parse_unary(struct parser *p);

/* ---- Tokens and nodes ---- */

static bool is(const struct parser *p, const char *symbol)
{
    return p->l.token.kind == UG_TOKEN_SYMBOL && !strcmp(p->l.token.text, symbol);
}

static bool take(struct parser *p, const char *symbol)
{
    if (!is(p, symbol))
        return false;
    ug_lexer_next(&p->l);
    return true;
}

static struct ug_expr *node(struct parser *p, enum ug_expr_kind kind, size_t start)
{
    struct ug_expr *x = ug_arena_alloc(p->l.arena, sizeof *x);

    x->kind = kind;
    x->pos = ug_yaml_at(p->yaml, start);
    x->yaml = p->yaml;
    x->depth = 1;
    return x;
}

/* Puts arguments under a node; NULL where one of them is missing or the tree gets too deep. */
static const struct ug_expr *with(struct parser *p, struct ug_expr *x, int n,
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

static const struct ug_expr *binary(struct parser *p, enum ug_expr_op op, const struct ug_expr *a,
                                    const struct ug_expr *b)
{
    if (!a || !b)
        return NULL;
    struct ug_expr *x = node(p, UG_EXPR_BINARY, 0);
    x->op = op;
    x->pos = a->pos;
    return with(p, x, 2, (const struct ug_expr *const[]){a, b});
}

/* Parses what stands one level deeper. */
static const struct ug_expr *nested(struct parser *p,
                                    const struct ug_expr *(*parse)(struct parser *))
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

/* ---- Errors ---- */

/* A note for an expression that is over too early because YAML took the rest for a comment. */
static void note_cut(const struct parser *p, struct ug_diag *d)
{
    if (d && ug_yaml_is_cut(p->yaml))
        ug_note(d, UG_NOWHERE, "' #' starts a comment and cuts the expression off: quote it");
}

static const struct ug_expr *missing(struct parser *p, const char *what)
{
    struct ug_lexer *l = &p->l;

    if (l->token.kind == UG_TOKEN_END)
        note_cut(p, ug_lexer_error(l, l->length, "%s is missing at the end of this", what));
    else
        ug_lexer_error(l, l->token.start, "%s is missing in front of '%.*s'", what,
                       (int)(l->token.end - l->token.start), l->text + l->token.start);
    return NULL;
}

/* A bracket that was opened at text[open] ends with `close`. */
static bool close_bracket(struct parser *p, size_t open, const char *close)
{
    struct ug_lexer *l = &p->l;

    if (take(p, close))
        return true;
    if (l->token.kind == UG_TOKEN_END) {
        ug_lexer_error(l, open, "this '%c' is never closed", l->text[open]);
    } else if (is(p, "=")) {
        ug_lexer_error(l, l->token.start,
                       "'=' gives an argument of a call its value; to compare, write '=='");
    } else {
        struct ug_diag *d = ug_lexer_error(
            l, l->token.start, "an operator, ',' or '%s' is missing in front of '%.*s'", close,
            (int)(l->token.end - l->token.start), l->text + l->token.start);
        if (d)
            ug_note(d, ug_yaml_at(p->yaml, open), "the '%c' that is open here", l->text[open]);
    }
    return false;
}

/* ---- Lists of arguments, members and slices ---- */

struct arguments {
    const struct ug_expr **items;
    const char **keywords;
    struct ug_pos *keyword_pos;
    int n, items_capacity, keywords_capacity, pos_capacity;
};

static void push_argument(struct parser *p, struct arguments *a, const struct ug_expr *item,
                          const char *keyword, struct ug_pos pos)
{
    int n = a->n;

    UG_PUSH(p->l.arena, a->keywords, n, a->keywords_capacity, keyword);
    n = a->n;
    UG_PUSH(p->l.arena, a->keyword_pos, n, a->pos_capacity, pos);
    UG_PUSH(p->l.arena, a->items, a->n, a->items_capacity, item);
}

static bool parse_argument(struct parser *p, struct arguments *a)
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
    const struct ug_expr *value = parse_choice(p);
    if (!value)
        return false;
    push_argument(p, a, value, keyword, pos);
    return true;
}

static const struct ug_expr *parse_call(struct parser *p, const struct ug_expr *callee)
{
    const size_t open = p->l.token.start;
    struct arguments a = {0};

    if (callee->kind != UG_EXPR_NAME && callee->kind != UG_EXPR_MEMBER) {
        ug_lexer_error(&p->l, open, "only a name can be called; a product needs a '*'");
        return NULL;
    }
    push_argument(p, &a, callee, NULL, (struct ug_pos){0});
    ug_lexer_next(&p->l);
    if (!is(p, ")") && p->l.token.kind != UG_TOKEN_END)
        do
            if (!parse_argument(p, &a))
                return NULL;
        while (take(p, ","));
    if (!close_bracket(p, open, ")"))
        return NULL;
    struct ug_expr *x = node(p, UG_EXPR_CALL, 0);
    x->pos = callee->pos;
    x->keywords = a.keywords;
    x->keyword_pos = a.keyword_pos;
    return with(p, x, a.n, a.items);
}

static bool parse_slice(struct parser *p, struct ug_slice *s)
{
    *s = (struct ug_slice){0};
    if (!is(p, ":") && !(s->from = parse_choice(p)))
        return false;
    if (!take(p, ":"))
        return true;
    s->range = true;
    if (!is(p, ":") && !is(p, "]") && !is(p, ",") && !(s->to = parse_choice(p)))
        return false;
    if (is(p, ":"))
        ug_lexer_error(&p->l, p->l.token.start, "a slice has no step: write [from:to]");
    return !p->l.failed;
}

static const struct ug_expr *parse_index(struct parser *p, const struct ug_expr *base)
{
    const size_t open = p->l.token.start;
    struct ug_expr *x = node(p, UG_EXPR_INDEX, 0);
    int capacity = 0;

    x->pos = base->pos;
    ug_lexer_next(&p->l);
    do {
        struct ug_slice s;
        if (!parse_slice(p, &s))
            return p->l.failed ? NULL : missing(p, "an index");
        UG_PUSH(p->l.arena, x->slices, x->n_slices, capacity, s);
        x->depth = s.from && s.from->depth >= x->depth ? s.from->depth + 1 : x->depth;
        x->depth = s.to && s.to->depth >= x->depth ? s.to->depth + 1 : x->depth;
    } while (take(p, ","));
    if (!close_bracket(p, open, "]"))
        return NULL;
    return with(p, x, 1, &base);
}

static const struct ug_expr *parse_list(struct parser *p)
{
    const size_t open = p->l.token.start;
    struct arguments a = {0};

    ug_lexer_next(&p->l);
    if (!is(p, "]") && p->l.token.kind != UG_TOKEN_END)
        do {
            const struct ug_expr *item = parse_choice(p);
            if (!item)
                return NULL;
            push_argument(p, &a, item, NULL, (struct ug_pos){0});
        } while (take(p, ","));
    if (!close_bracket(p, open, "]"))
        return NULL;
    return with(p, node(p, UG_EXPR_LIST, open), a.n, a.items);
}

/* ---- Operands ---- */

static const struct ug_expr *parse_brackets(struct parser *p)
{
    const size_t open = p->l.token.start;

    ug_lexer_next(&p->l);
    const struct ug_expr *inner = parse_choice(p);
    if (!inner)
        return NULL;
    if (is(p, ",")) {
        ug_lexer_error(&p->l, open, "a list is written with [ ]");
        return NULL;
    }
    if (!close_bracket(p, open, ")"))
        return NULL;
    struct ug_expr *x = ug_arena_alloc(p->l.arena, sizeof *x);
    *x = *inner;
    x->parenthesised = true;
    return x;
}

static const struct ug_expr *parse_primary(struct parser *p)
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
        if (is(p, "("))
            return parse_brackets(p);
        if (is(p, "["))
            return parse_list(p);
        return missing(p, "a value");
    }
    ug_lexer_next(&p->l);
    return x;
}

/* A primary with the calls, members and indices behind it. */
static const struct ug_expr *parse_operand(struct parser *p)
{
    const struct ug_expr *x = parse_primary(p);

    while (x && !p->l.failed) {
        if (is(p, "(")) {
            x = parse_call(p, x);
        } else if (is(p, "[")) {
            x = parse_index(p, x);
        } else if (is(p, ".")) {
            ug_lexer_next_member(&p->l);
            if (p->l.token.kind != UG_TOKEN_NAME)
                return missing(p, "a name behind '.'");
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
static const struct ug_expr *parse_power(struct parser *p)
{
    const struct ug_expr *base = parse_operand(p);

    if (!base || !take(p, "**"))
        return base;
    return binary(p, UG_OP_POW, base, nested(p, parse_unary));
}

/* An operator in front of what `parse` takes. */
static const struct ug_expr *prefixed(struct parser *p, enum ug_expr_op op, size_t start,
                                      const struct ug_expr *(*parse)(struct parser *))
{
    const struct ug_expr *operand = nested(p, parse);

    if (!operand)
        return NULL;
    struct ug_expr *x = node(p, UG_EXPR_UNARY, start);
    x->op = op;
    return with(p, x, 1, &operand);
}

static const struct ug_expr *parse_unary(struct parser *p)
{
    const size_t start = p->l.token.start;

    return take(p, "-") ? prefixed(p, UG_OP_NEG, start, parse_unary) : parse_power(p);
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

static enum ug_expr_op take_operator(struct parser *p, const struct level *level)
{
    for (int i = 0; i < level->n; i++)
        if (take(p, level->ops[i].symbol))
            return level->ops[i].op;
    return UG_OP_NONE;
}

static const struct ug_expr *parse_product(struct parser *p)
{
    const struct ug_expr *x = parse_unary(p);
    enum ug_expr_op op;

    while (x && (op = take_operator(p, &products)))
        x = binary(p, op, x, parse_unary(p));
    return x;
}

static const struct ug_expr *parse_sum(struct parser *p)
{
    const struct ug_expr *x = parse_product(p);
    enum ug_expr_op op;

    while (x && (op = take_operator(p, &sums)))
        x = binary(p, op, x, parse_product(p));
    return x;
}

static const struct ug_expr *parse_comparison(struct parser *p)
{
    const struct ug_expr *x = parse_sum(p);
    const enum ug_expr_op op = x ? take_operator(p, &comparisons) : UG_OP_NONE;

    if (!op)
        return x;
    x = binary(p, op, x, parse_sum(p));
    for (int i = 0; x && i < comparisons.n; i++)
        if (is(p, comparisons.ops[i].symbol)) {
            ug_lexer_error(&p->l, p->l.token.start,
                           "comparisons do not chain: write 'a < b and b < c'");
            return NULL;
        }
    return x;
}

static const struct ug_expr *parse_not(struct parser *p)
{
    const size_t start = p->l.token.start;

    return take(p, "not") ? prefixed(p, UG_OP_NOT, start, parse_not) : parse_comparison(p);
}

static const struct ug_expr *parse_and(struct parser *p)
{
    const struct ug_expr *x = parse_not(p);

    while (x && take(p, "and"))
        x = binary(p, UG_OP_AND, x, parse_not(p));
    return x;
}

static const struct ug_expr *parse_or(struct parser *p)
{
    const struct ug_expr *x = parse_and(p);

    while (x && take(p, "or"))
        x = binary(p, UG_OP_OR, x, parse_and(p));
    return x;
}

/* a if c else b; another choice may stand in b without brackets. */
static const struct ug_expr *parse_choice_here(struct parser *p)
{
    const struct ug_expr *x = parse_or(p), *condition, *other = NULL;

    if (!x || !take(p, "if"))
        return x;
    condition = parse_or(p);
    if (condition && !take(p, "else"))
        return missing(p, "the 'else' of this 'if'");
    if (condition)
        other = parse_choice(p);
    struct ug_expr *choice = node(p, UG_EXPR_COND, 0);
    choice->pos = x->pos;
    return with(p, choice, 3, (const struct ug_expr *const[]){x, condition, other});
}

static const struct ug_expr *parse_choice(struct parser *p)
{
    return nested(p, parse_choice_here);
}

/* ---- Whole texts ---- */

/* A note for somebody who quoted a text for YAML alone. */
static void note_text(const struct parser *p, struct ug_diag *d)
{
    if (d && !p->yaml->plain && !p->yaml->block && p->yaml->length < 60)
        ug_note(d, UG_NOWHERE, "these quotes are YAML's; a text has quotes of its own: '\"%s\"'",
                p->yaml->text);
}

/* What may go wrong behind an expression that is complete. */
static void refuse_rest(struct parser *p)
{
    struct ug_lexer *l = &p->l;
    const int n = (int)(l->token.end - l->token.start);

    if (l->token.kind == UG_TOKEN_END)
        return;
    if (is(p, "="))
        ug_lexer_error(l, l->token.start,
                       "'=' gives an argument of a call its value; to compare, write '=='");
    else if (is(p, ")") || is(p, "]"))
        ug_lexer_error(l, l->token.start, "this '%s' closes nothing", l->token.text);
    else if (is(p, ","))
        ug_lexer_error(l, l->token.start, "a ',' cannot stand here: a list is written with [ ]");
    else if (is(p, ":"))
        ug_lexer_error(l, l->token.start, "a ':' cannot stand here: slices stand in [ ]");
    else
        note_text(p, ug_lexer_error(l, l->token.start, "an operator is missing in front of '%.*s'",
                                    n, l->text + l->token.start));
}

/* A bracket that stays open is the first thing to mend, whatever else is wrong. */
static bool refuse_open_bracket(struct parser *p)
{
    const char *open = ug_unbalanced(p->l.text, p->l.length, NULL);

    if (!open)
        return false;
    if (ug_yaml_is_cut(p->yaml))
        ug_lexer_error(
            &p->l, (size_t)(open - p->l.text),
            "' #' starts a comment and cuts the expression off inside this '%c': quote it", *open);
    else
        ug_lexer_error(&p->l, (size_t)(open - p->l.text), "this '%c' is never closed", *open);
    return true;
}

static bool start(struct parser *p, struct ug_arena *arena, struct ug_diags *diags,
                  struct ug_yaml *value)
{
    *p = (struct parser){.yaml = value};
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
    if (refuse_open_bracket(p))
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
    struct parser p = {.yaml = value};
    bool whole = !value->broken;

    p.l = (struct ug_lexer){.arena = arena, .diags = diags, .yaml = value};
    for (int i = 0; i < value->n; i++) {
        items[i] = ug_expr_parse(arena, diags, value->items[i]);
        whole &= items[i] != NULL;
    }
    return whole ? with(&p, node(&p, UG_EXPR_LIST, 0), value->n, items) : NULL;
}

static const struct ug_expr *parse(struct ug_arena *arena, struct ug_diags *diags,
                                   struct ug_yaml *value)
{
    struct parser p;

    if (value->kind == UG_YAML_LIST)
        return parse_sequence(arena, diags, value);
    if (!start(&p, arena, diags, value))
        return NULL;
    const struct ug_expr *x = parse_choice(&p);
    if (x)
        refuse_rest(&p);
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
    struct parser p;

    if (value->kind != UG_YAML_SCALAR) {
        ug_error(diags, value->pos, "an equation is needed here: 'A = B'");
        return false;
    }
    if (!start(&p, arena, diags, value) || !(*left = parse_sum(&p)))
        return false;
    if (!take(&p, "=")) {
        missing(&p, "the '=' between the two sides");
        return false;
    }
    *right = parse_sum(&p);
    if (*right && is(&p, "="))
        ug_lexer_error(&p.l, p.l.token.start,
                       "an equation has two sides: write one line for each pair");
    else if (*right)
        refuse_rest(&p);
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
