/* parser_errors.c -- what is wrong with an expression, and what was probably meant. */
#include "engine/model/document_text.h"
#include "engine/model/parser.h"

/* A note for an expression that is over too early because YAML took the rest for a comment. */
static void note_cut(const struct ug_parser *p, struct ug_diag *d)
{
    if (d && ug_yaml_is_cut(p->yaml))
        ug_note(d, UG_NOWHERE, "' #' starts a comment and cuts the expression off: quote it");
}

const struct ug_expr *ug_parser_missing(struct ug_parser *p, const char *what)
{
    struct ug_lexer *l = &p->l;

    if (l->token.kind == UG_TOKEN_END)
        note_cut(p, ug_lexer_error(l, l->length, "%s is missing at the end of this", what));
    else
        ug_lexer_error(l, l->token.start, "%s is missing in front of '%.*s'", what,
                       (int)(l->token.end - l->token.start), l->text + l->token.start);
    return NULL;
}

bool ug_parser_close(struct ug_parser *p, size_t open, const char *close)
{
    struct ug_lexer *l = &p->l;

    if (ug_parser_take(p, close))
        return true;
    if (l->token.kind == UG_TOKEN_END) {
        ug_lexer_error(l, open, "this '%c' is never closed", l->text[open]);
    } else if (ug_parser_is(p, "=")) {
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

/* A note for somebody who quoted a text for YAML alone. */
static void note_text(const struct ug_parser *p, struct ug_diag *d)
{
    if (d && !p->yaml->plain && !p->yaml->block && p->yaml->length < 60)
        ug_note(d, UG_NOWHERE, "these quotes are YAML's; a text has quotes of its own: '\"%s\"'",
                p->yaml->text);
}

void ug_parser_refuse_rest(struct ug_parser *p)
{
    struct ug_lexer *l = &p->l;
    const int n = (int)(l->token.end - l->token.start);

    if (l->token.kind == UG_TOKEN_END)
        return;
    if (ug_parser_is(p, "="))
        ug_lexer_error(l, l->token.start,
                       "'=' gives an argument of a call its value; to compare, write '=='");
    else if (ug_parser_is(p, ")") || ug_parser_is(p, "]"))
        ug_lexer_error(l, l->token.start, "this '%s' closes nothing", l->token.text);
    else if (ug_parser_is(p, ","))
        ug_lexer_error(l, l->token.start, "a ',' cannot stand here: a list is written with [ ]");
    else if (ug_parser_is(p, ":"))
        ug_lexer_error(l, l->token.start, "a ':' cannot stand here: slices stand in [ ]");
    else
        note_text(p, ug_lexer_error(l, l->token.start, "an operator is missing in front of '%.*s'",
                                    n, l->text + l->token.start));
}

/* A bracket that stays open is the first thing to mend, whatever else is wrong. */
bool ug_parser_refuse_open(struct ug_parser *p)
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
