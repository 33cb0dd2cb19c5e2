/* token.c -- cuts an expression into words, and knows what people write instead of them. */
#include "engine/model/token.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/document_text.h"

struct ug_diag *ug_lexer_error(struct ug_lexer *lexer, size_t offset, const char *format, ...)
{
    va_list args;

    if (lexer->failed)
        return NULL;
    lexer->failed = true;
    va_start(args, format);
    struct ug_diag *d = ug_verror(lexer->diags, ug_yaml_at(lexer->yaml, offset), format, args);
    va_end(args);
    return d;
}

/* ---- Characters ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How many bytes the letter at `s` has; 0 if it is none.  Outside of ASCII everything is a letter
 * but the blocks of punctuation, of symbols and of blanks.  The text is UTF-8. */
static size_t letter(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    if (s[0] < 0x80)
        return (s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z') || s[0] == '_';
    if (s[0] < 0xe0) {
        const unsigned c = (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
        return c < 0xaa || c == 0xab || (c > 0xab && c < 0xb5) || (c > 0xb5 && c < 0xba) ||
                       (c > 0xba && c < 0xc0) || c == 0xd7 || c == 0xf7
                   ? 0
                   : 2;
    }
    if (s[0] < 0xf0) {
        const unsigned c = (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
        return (c >= 0x2000 && c < 0x2c00) || (c >= 0x3000 && c < 0x3040) || c >= 0xfe00 ? 0 : 3;
    }
    return 0;
}

static size_t word_length(const char *s)
{
    size_t n = 0;

    for (size_t step; (step = letter(s + n)) || is_digit(s[n]);)
        n += step ? step : 1;
    return n;
}

static const char *const words[] = {"if", "else", "and", "or", "not"};
static const char *const truths[] = {"false", "False", "FALSE", "true", "True", "TRUE"};

static int find(const char *const *list, int n, const char *text, size_t length)
{
    for (int i = 0; i < n; i++)
        if (strlen(list[i]) == length && !memcmp(list[i], text, length))
            return i;
    return -1;
}

bool ug_is_name(const char *text)
{
    const size_t n = word_length(text);

    return n && !text[n] && !is_digit(text[0]) && find(words, 5, text, n) < 0 &&
           find(truths, 6, text, n) < 0;
}

/* ---- Numbers, as in the core schema of YAML 1.2 ---- */

static void take_whole(struct ug_lexer *l, const char *digits, int base)
{
    char *end;

    errno = 0;
    l->token.integer = strtoll(digits, &end, base);
    l->token.whole = errno == 0;
    l->token.number =
        l->token.whole ? (double)l->token.integer : strtod(l->text + l->token.start, &end);
}

/* Bytes of the decimal number at `s`, and whether it is written as a whole one. */
static size_t decimal_length(const char *s, bool *whole)
{
    size_t n = 0;

    *whole = true;
    while (is_digit(s[n]))
        n++;
    if (s[n] == '.') {
        *whole = false;
        for (n++; is_digit(s[n]);)
            n++;
    }
    const size_t sign = s[n] && (s[n + 1] == '+' || s[n + 1] == '-');
    if ((s[n] == 'e' || s[n] == 'E') && is_digit(s[n + 1 + sign])) {
        *whole = false;
        for (n += 1 + sign; is_digit(s[n]);)
            n++;
    }
    return n;
}

static void take_number(struct ug_lexer *l)
{
    const char *s = l->text + l->at;
    bool whole = true;
    size_t n;

    l->token.kind = UG_TOKEN_NUMBER;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'o')) {
        const char *digits = s[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
        n = 2 + strspn(s + 2, digits);
        take_whole(l, s + 2, s[1] == 'x' ? 16 : 8);
        if (n == 2 || !l->token.whole)
            ug_lexer_error(l, l->at,
                           n == 2 ? "digits are missing behind '0%c'"
                                  : "this '0%c' number is too large",
                           s[1]);
    } else {
        n = decimal_length(s, &whole);
        char *copy = ug_arena_copy(l->arena, s, n);
        if (whole) {
            take_whole(l, copy, 10);
            if (!l->token.whole)
                l->token.number = strtod(copy, NULL);
            if (n > 1 && s[0] == '0' && l->diags)
                ug_warning(l->diags, ug_yaml_at(l->yaml, l->at),
                           "'%s' is the number %lld: leave the zero in front out", copy,
                           (long long)l->token.integer);
        } else {
            l->token.number = strtod(copy, NULL);
        }
        if (isinf(l->token.number))
            ug_lexer_error(l, l->at, "'%s' overflows: numbers go up to 1.8e308", copy);
    }
    l->at += n;
    const size_t rest = word_length(l->text + l->at);
    if (!rest)
        return;
    const int whole_word = (int)(n + rest);
    struct ug_diag *d = ug_lexer_error(l, l->token.start, "'%.*s' is not a number", whole_word, s);
    if (d && l->text[l->at] == '_')
        ug_note(d, UG_NOWHERE, "digits are not grouped: leave the '_' out");
    else if (d && whole)
        ug_note(d, UG_NOWHERE, "a product needs a '*', and a name does not start with a digit");
    l->at += rest;
}

/* .inf and its spellings; true if one stands here. */
static bool take_infinity(struct ug_lexer *l)
{
    static const char *const infinities[] = {".inf", ".Inf", ".INF"}, *const nans[] = {
                                                                          ".nan", ".NaN", ".NAN"};
    const size_t n = 1 + word_length(l->text + l->at + 1);

    if (find(nans, 3, l->text + l->at, n) >= 0)
        ug_lexer_error(l, l->at, "'.nan' is nothing to compute with");
    else if (find(infinities, 3, l->text + l->at, n) < 0)
        return false;
    l->token.kind = UG_TOKEN_NUMBER;
    l->token.number = INFINITY;
    l->at += n;
    return true;
}

/* ---- Quoted texts ---- */

static void take_text(struct ug_lexer *l)
{
    static const char written[] = "nt\\\"'", meant[] = "\n\t\\\"'";
    const char quote = l->text[l->at];
    char *out = ug_arena_alloc(l->arena, l->length - l->at + 1);
    size_t n = 0, i = l->at + 1;

    for (; i < l->length && l->text[i] != quote; i++) {
        if (l->text[i] != '\\') {
            out[n++] = l->text[i];
            continue;
        }
        const char *which = l->text[++i] ? strchr(written, l->text[i]) : NULL;
        if (!which) {
            ug_lexer_error(l, i - 1, "unknown escape in a text: \\\\ stands for a backslash");
            return;
        }
        out[n++] = meant[which - written];
    }
    if (i >= l->length) {
        ug_lexer_error(l, l->at, "this quote is never closed");
        return;
    }
    l->token.kind = UG_TOKEN_TEXT;
    l->token.text = out;
    l->at = i + 1;
}

/* ---- Symbols ---- */

static const char *const symbols[] = {"**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%",
                                      "<",  ">",  "(",  ")",  "[",  "]",  ",", ":", ".", "="};

static const struct {
    const char *written, *sentence;
} mistakes[] = {
    {"&&", "'&&' is written 'and'"},
    {"||", "'||' is written 'or'"},
    {"!", "'!' is written 'not'"},
    {"^", "'^' is not an operator: a power is written '**'"},
    {"<>", "'<>' is written '!='"},
    {"=>", "'=>' is written '>='"},
    {"=<", "'=<' is written '<='"},
    {"&", "'&' is not an operator: write 'and', or '*' between masks"},
    {"|", "'|' is not an operator: write 'or', or 'maximum' for masks"},
    {"@", "'@' is not an operator: a matrix product is matmul(a, b)"},
    {"?", "'?' is not an operator: a choice is written 'a if c else b'"},
    {";", "';' separates nothing here: arguments are separated by ','"},
    {"{", "a map cannot stand in an expression"},
    {"}", "a '}' without its '{'"},
    {"\\", "a backslash cannot stand in an expression"},
    {"~", "'~' removes a key, and cannot stand in an expression"},
    {"#", "'#' cannot stand in an expression"},
    {"$", "'$' cannot stand in an expression: a variable is written by its name alone"},
    {"\xe2\x88\x92", "this is a typographic minus sign: write '-'"},
    {"\xe2\x80\x93", "this is a dash: write '-'"},
    {"\xc3\x97", "this is a typographic multiplication sign: write '*'"},
    {"\xc2\xb7", "this is a typographic multiplication sign: write '*'"},
    {"\xe2\x80\x9c", "this is a typographic quote: write \""},
    {"\xe2\x80\x9d", "this is a typographic quote: write \""},
    {"\xc2\xa0", "this is a blank of a special kind (U+00A0): write an ordinary one"},
};

static bool starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

static void take_symbol(struct ug_lexer *l)
{
    const char *s = l->text + l->at;

    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        if (starts_with(s, mistakes[i].written) && !starts_with(s, "!=")) {
            ug_lexer_error(l, l->at, "%s", mistakes[i].sentence);
            return;
        }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (starts_with(s, symbols[i])) {
            l->token.kind = UG_TOKEN_SYMBOL;
            l->token.text = symbols[i];
            l->at += strlen(symbols[i]);
            return;
        }
    if ((unsigned char)*s < 0x80)
        ug_lexer_error(l, l->at, "'%c' cannot stand in an expression", *s);
    else
        ug_lexer_error(l, l->at, "this character cannot stand in an expression");
}

static void take_word(struct ug_lexer *l)
{
    const char *s = l->text + l->at;
    const size_t n = word_length(s);
    const int word = find(words, 5, s, n), truth = find(truths, 6, s, n);

    if (word >= 0) {
        l->token.kind = UG_TOKEN_SYMBOL;
        l->token.text = words[word];
    } else if (truth >= 0) {
        l->token.kind = UG_TOKEN_BOOL;
        l->token.number = truth >= 3;
    } else {
        l->token.kind = UG_TOKEN_NAME;
        l->token.text = ug_arena_copy(l->arena, s, n);
    }
    l->at += n;
}

/* ---- The stream of tokens ---- */

static void start_token(struct ug_lexer *l)
{
    const size_t before = l->at;

    while (l->at < l->length && ug_is_blank(l->text[l->at]))
        l->at++;
    l->token = (struct ug_token){.kind = UG_TOKEN_END, .start = l->at, .glued = l->at == before};
}

/* Did an operand end here?  Then a '.' is that of a member: E1.stem.0 has no number in it. */
static bool is_operand(const struct ug_token *t)
{
    return t->kind == UG_TOKEN_NAME || t->kind == UG_TOKEN_TEXT ||
           (t->kind == UG_TOKEN_SYMBOL && (*t->text == ')' || *t->text == ']'));
}

void ug_lexer_next(struct ug_lexer *l)
{
    const bool member = is_operand(&l->token);

    start_token(l);
    if (l->at < l->length && !l->failed) {
        const char *s = l->text + l->at;
        if (is_digit(s[0]) || (s[0] == '.' && is_digit(s[1]) && !member))
            take_number(l);
        else if (s[0] == '"' || s[0] == '\'')
            take_text(l);
        else if (letter(s))
            take_word(l);
        else if (s[0] != '.' || member || !take_infinity(l))
            take_symbol(l);
    }
    if (l->failed)
        l->token.kind = UG_TOKEN_END;
    l->token.end = l->at;
}

void ug_lexer_next_member(struct ug_lexer *l)
{
    start_token(l);
    const size_t n = l->failed ? 0 : word_length(l->text + l->at);
    if (n) {
        l->token.kind = UG_TOKEN_NAME;
        l->token.text = ug_arena_copy(l->arena, l->text + l->at, n);
        l->at += n;
    }
    l->token.end = l->at;
}

bool ug_lexer_follows(const struct ug_lexer *l, const char *text)
{
    size_t at = l->at;

    while (at < l->length && ug_is_blank(l->text[at]))
        at++;
    return starts_with(l->text + at, text);
}
