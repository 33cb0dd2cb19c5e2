/* token.h -- the words of an expression; between token.c and the parser only. */
#ifndef UG_TOKEN_H
#define UG_TOKEN_H

#include "engine/model/expr.h"

enum ug_token_kind {
    UG_TOKEN_END,
    UG_TOKEN_NUMBER,
    UG_TOKEN_TEXT, /* "quoted" */
    UG_TOKEN_NAME,
    UG_TOKEN_BOOL,
    UG_TOKEN_SYMBOL /* an operator, a bracket, or one of the words of the grammar */
};

struct ug_token {
    enum ug_token_kind kind;
    size_t start, end; /* bytes of the scalar's text */
    const char *text;  /* NAME, SYMBOL, and what a TEXT means */
    double number;
    bool whole;
    int64_t integer;
    bool glued; /* no blank stands in front of it */
};

struct ug_lexer {
    struct ug_arena *arena;
    struct ug_diags *diags;
    const struct ug_yaml *yaml;
    const char *text;
    size_t length, at;
    struct ug_token token; /* the current one */
    bool failed;           /* an error was reported; the current token is END from then on */
};

/* Goes on to the next token. */
void ug_lexer_next(struct ug_lexer *lexer);
/* After a '.': the name behind it, which may start with a digit (E1.stem.0). */
void ug_lexer_next_member(struct ug_lexer *lexer);
/* Is `text` next, behind the current token and blanks? */
bool ug_lexer_follows(const struct ug_lexer *lexer, const char *text);
/* Reports an error at text[offset], the first of the expression only. */
struct ug_diag *ug_lexer_error(struct ug_lexer *lexer, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
