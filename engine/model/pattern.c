/* pattern.c -- parses patterns, fits names to them, and fills them again. */
#include "engine/model/pattern.h"

#include <inttypes.h>
#include <string.h>

enum { LONGEST_NAME = 1000 }; /* a longer one fits nothing: two * take its length squared */
static const int64_t largest_number = 1000000000;

/* ---- Parsing ---- */

struct parsing {
    struct ug_arena *arena;
    struct ug_pattern *pattern;
    struct ug_pos pos;
    struct ug_diags *diags;
};

static bool refuse(const struct parsing *p, const char *what)
{
    ug_note(ug_error(p->diags, p->pos, "the pattern '%s' %s", p->pattern->text, what), UG_NOWHERE,
            "a number is written {i}, {i+1}, {i-1}, {3*i} or {2*i+1}; any text is *");
    return false;
}

static void push(const struct parsing *p, struct ug_pattern_piece piece)
{
    struct ug_pattern *t = p->pattern;

    UG_PUSH(p->arena, t->pieces, t->n, t->capacity, piece);
}

/* Digits without a needless zero in front, so that a name has one reading; -1 if there are none. */
static int64_t read_number(const char **at)
{
    const size_t digits = strspn(*at, "0123456789");
    int64_t n = 0;

    if (!digits || digits > 9 || (digits > 1 && **at == '0'))
        return -1;
    for (size_t i = 0; i < digits; i++)
        n = 10 * n + ((*at)[i] - '0');
    *at += digits;
    return n;
}

static int letter_index(const struct parsing *p, const char *name, size_t length)
{
    struct ug_pattern *t = p->pattern;

    for (int i = 0; i < t->n_letters; i++)
        if (strlen(t->letters[i]) == length && !strncmp(t->letters[i], name, length))
            return -1; /* it would be matched twice */
    if (t->n_letters == UG_MOST_NUMBERS)
        return -1;
    t->letters[t->n_letters] = ug_arena_copy(p->arena, name, length);
    return t->n_letters++;
}

/* The inside of { }: [FACTOR*]NAME[+ADDED|-ADDED], with no blanks. */
static bool parse_number(const struct parsing *p, const char *at, const char *end)
{
    struct ug_pattern_piece piece = {.kind = UG_PIECE_NUMBER, .factor = 1};

    if (*at >= '0' && *at <= '9') {
        piece.factor = read_number(&at);
        if (piece.factor < 1 || *at++ != '*')
            return refuse(p, "has a number that is not understood");
    }
    const size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
    if (!length)
        return refuse(p, "has a number without a name");
    piece.index = letter_index(p, at, length);
    if (piece.index < 0)
        return refuse(p, "has too many numbers, or two of one name");
    at += length;
    if (*at == '+' || *at == '-') {
        const bool minus = *at++ == '-';
        piece.added = read_number(&at);
        if (piece.added < 0)
            return refuse(p, "has a number that is not understood");
        piece.added = minus ? -piece.added : piece.added;
    }
    if (at != end)
        return refuse(p, "has a number that is not understood");
    push(p, piece);
    return true;
}

static bool parse_star(const struct parsing *p)
{
    struct ug_pattern *t = p->pattern;

    if (t->n_stars == UG_MOST_STARS)
        return refuse(p, "has more than two *");
    if (t->n && t->pieces[t->n - 1].kind == UG_PIECE_STAR)
        return refuse(p, "has two * side by side");
    push(p, (struct ug_pattern_piece){.kind = UG_PIECE_STAR, .index = t->n_stars++});
    return true;
}

/* Whether a piece could be taken for more or less of a number that stands before it. */
static bool may_be_digits(const struct ug_pattern_piece *piece)
{
    return piece->kind != UG_PIECE_TEXT || (*piece->text >= '0' && *piece->text <= '9');
}

/* A name must have one reading, so that it can be turned into the other and back. */
static bool check_ends(const struct parsing *p)
{
    const struct ug_pattern_piece *pieces = p->pattern->pieces;

    for (int i = 0; i + 1 < p->pattern->n; i++)
        if ((pieces[i].kind == UG_PIECE_NUMBER && may_be_digits(&pieces[i + 1])) ||
            (pieces[i].kind == UG_PIECE_STAR && pieces[i + 1].kind == UG_PIECE_NUMBER))
            return refuse(p, "has a number right beside another, a digit or a *: "
                             "where it ends could not be told");
    return true;
}

static bool parse(const struct parsing *p)
{
    for (const char *at = p->pattern->text; *at;) {
        const size_t plain = strcspn(at, "*{}");
        const char *close = strchr(at + plain, '}');
        if (plain)
            push(p, (struct ug_pattern_piece){.kind = UG_PIECE_TEXT, .text = at, .length = plain});
        at += plain;
        if (*at == '*') {
            if (!parse_star(p))
                return false;
            at++;
        } else if (*at) {
            if (*at == '}' || !close)
                return refuse(p, "has a bracket that is not closed or not opened");
            if (!parse_number(p, at + 1, close))
                return false;
            at = close + 1;
        }
    }
    return p->pattern->n ? check_ends(p) : refuse(p, "is empty");
}

struct ug_pattern *ug_pattern_parse(struct ug_arena *a, const char *text, struct ug_pos pos,
                                    struct ug_diags *diags)
{
    struct ug_pattern *t = ug_arena_alloc(a, sizeof *t);
    const struct parsing p = {a, t, pos, diags};

    t->text = text;
    return parse(&p) ? t : NULL;
}

static int find_letter(const struct ug_pattern *p, const char *name)
{
    for (int i = 0; i < p->n_letters; i++)
        if (!strcmp(p->letters[i], name))
            return i;
    return -1;
}

bool ug_pattern_join(const struct ug_pattern *a, struct ug_pattern *b, struct ug_pos pos,
                     struct ug_diags *diags)
{
    bool same = a->n_stars == b->n_stars && a->n_letters == b->n_letters;

    for (int i = 0; i < b->n; i++)
        if (same && b->pieces[i].kind == UG_PIECE_NUMBER) {
            const int index = find_letter(a, b->letters[b->pieces[i].index]);
            same = index >= 0;
            b->pieces[i].index = index;
        }
    if (!same)
        ug_error(
            diags, pos,
            "'%s' and '%s' do not have the same numbers and *: a name could not be turned into "
            "the other and back",
            a->text, b->text);
    return same;
}

/* ---- Fitting ---- */

static bool fit_from(const struct ug_pattern *p, int i, const char *name, struct ug_fit *fit);

/* The shortest text that lets the rest fit. */
static bool fit_star(const struct ug_pattern *p, int i, const char *name, struct ug_fit *fit)
{
    const int index = p->pieces[i].index;

    for (size_t n = 1; n <= strlen(name); n++) {
        fit->stars[index].text = name;
        fit->stars[index].length = n;
        if (fit_from(p, i + 1, name + n, fit))
            return true;
    }
    return false;
}

static bool fit_number(const struct ug_pattern *p, int i, const char *name, struct ug_fit *fit)
{
    const struct ug_pattern_piece *piece = &p->pieces[i];
    const int64_t n = read_number(&name);

    if (n < piece->added || n < 0 || (n - piece->added) % piece->factor)
        return false;
    fit->numbers[piece->index] = (n - piece->added) / piece->factor;
    return fit_from(p, i + 1, name, fit);
}

/* Pieces are few, and of those that can take different lengths there are two: this ends soon. */
static bool fit_from(const struct ug_pattern *p, int i, const char *name, struct ug_fit *fit)
{
    if (i == p->n)
        return !*name;
    const struct ug_pattern_piece *piece = &p->pieces[i];
    switch (piece->kind) {
    case UG_PIECE_TEXT:
        return !strncmp(name, piece->text, piece->length) &&
               fit_from(p, i + 1, name + piece->length, fit);
    case UG_PIECE_STAR:
        return fit_star(p, i, name, fit);
    default:
        return fit_number(p, i, name, fit);
    }
}

bool ug_pattern_fits(const struct ug_pattern *p, const char *name, struct ug_fit *fit)
{
    return strlen(name) <= LONGEST_NAME && fit_from(p, 0, name, fit);
}

const char *ug_pattern_fill(const struct ug_pattern *p, const struct ug_fit *fit,
                            struct ug_arena *a)
{
    const char *name = "";

    for (int i = 0; i < p->n; i++) {
        const struct ug_pattern_piece *piece = &p->pieces[i];
        if (piece->kind == UG_PIECE_TEXT) {
            name = ug_arena_format(a, "%s%.*s", name, (int)piece->length, piece->text);
        } else if (piece->kind == UG_PIECE_STAR) {
            name = ug_arena_format(a, "%s%.*s", name, (int)fit->stars[piece->index].length,
                                   fit->stars[piece->index].text);
        } else {
            /* Factors and numbers are below 1e9, so this does not overflow. */
            const int64_t n = piece->factor * fit->numbers[piece->index] + piece->added;
            if (n < 0 || n >= largest_number)
                return NULL;
            name = ug_arena_format(a, "%s%" PRId64, name, n);
        }
    }
    return name;
}
