/* diag_print.c -- messages in the order of their places, each with the line that it is about. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/diag_parts.h"

enum { WIDEST_QUOTE = 160 }; /* characters of a quoted line */

static int by_place(const void *left, const void *right)
{
    const struct ug_diag *a = *(struct ug_diag *const *)left, *b = *(struct ug_diag *const *)right;

    if (a->source_rank != b->source_rank)
        return a->source_rank < b->source_rank ? -1 : 1;
    if (a->pos.line != b->pos.line)
        return a->pos.line < b->pos.line ? -1 : 1;
    if (a->pos.column != b->pos.column)
        return a->pos.column < b->pos.column ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

/* Text from a file must not be able to steer the terminal. */
static void put_text(const char *text, size_t length, FILE *out)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        putc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

static void put_heading(struct ug_pos pos, const char *severity, const char *text, FILE *out)
{
    if (pos.source)
        put_text(pos.source->path, strlen(pos.source->path), out);
    else
        fputs("unitgraph", out);
    if (pos.source && pos.line > 0)
        fprintf(out, ":%d:%d", pos.line, pos.column > 0 ? pos.column : 1);
    fprintf(out, ": %s: ", severity);
    put_text(text, strlen(text), out);
    putc('\n', out);
}

static void put_remark(const char *text, FILE *out)
{
    fputs("      | ", out);
    put_text(text, strlen(text), out);
    putc('\n', out);
}

/* Line `line` of a text, without its end; false if there is none. */
static bool find_line(const struct ug_source *source, int line, const char **start, size_t *length)
{
    const char *at = source->text, *end = at + source->length;

    for (int i = 1; i < line; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            return false;
        at = newline + 1;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    *start = at;
    *length = (size_t)((newline ? newline : end) - at);
    if (*length && at[*length - 1] == '\r')
        (*length)--;
    return true;
}

/* The byte at which the character after `characters` others starts. */
static size_t skip_characters(const char *text, size_t length, int characters)
{
    size_t i = 0;

    for (; i < length && characters > 0; characters--)
        for (i++; i < length && ((unsigned char)text[i] & 0xc0) == 0x80;)
            i++;
    return i;
}

static bool in_word(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '.' || c >= 0x80;
}

/* How many bytes the word, the number or the quoted text at the start of `text` has; at least 1. */
static size_t word_length(const char *text, size_t length)
{
    size_t n = 0;

    if (length && (text[0] == '"' || text[0] == '\'')) {
        const char *close = memchr(text + 1, text[0], length - 1);
        return close ? (size_t)(close - text) + 1 : 1;
    }
    while (n < length && in_word((unsigned char)text[n]))
        n++;
    while (n > 1 && text[n - 1] == '.')
        n--;
    return n ? n : 1;
}

/* What is shown of a line: all of it, or what is around the place in a line from a generator. */
struct quote {
    const char *text;
    size_t length;    /* bytes shown */
    size_t at;        /* byte of the place */
    const char *dots; /* "..." in front of a line that is cut there, or "" */
};

/* False if the place is in no line that is known. */
static bool find_quote(struct ug_pos pos, struct quote *q)
{
    int column = pos.column > 0 ? pos.column : 1;
    size_t length;

    if (!pos.source || !pos.source->text || pos.line <= 0 ||
        !find_line(pos.source, pos.line, &q->text, &length))
        return false;
    q->dots = "";
    if (column > WIDEST_QUOTE) {
        const size_t cut = skip_characters(q->text, length, column - WIDEST_QUOTE / 2);
        q->text += cut, length -= cut;
        column = WIDEST_QUOTE / 2;
        q->dots = "...";
    }
    q->length = skip_characters(q->text, length, column + WIDEST_QUOTE);
    q->at = skip_characters(q->text, q->length, column - 1);
    return true;
}

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80; /* UTF-8 */
}

/* '^' under the place and '~' under the rest of the word. */
static void put_marks(const struct quote *q, FILE *out)
{
    const size_t word = q->at < q->length ? word_length(q->text + q->at, q->length - q->at) : 1;

    for (size_t i = 0; i < q->at; i++)
        if (begins_character(q->text[i]))
            putc(q->text[i] == '\t' ? '\t' : ' ', out);
    putc('^', out);
    for (size_t i = 1; i < word; i++)
        if (begins_character(q->text[q->at + i]))
            putc('~', out);
}

/* The line a message is about, and marks under the word that it is about, with a hint behind them.
 */
static void put_quote(struct ug_pos pos, const char *hint, FILE *out)
{
    struct quote q;

    if (!find_quote(pos, &q)) {
        if (hint)
            put_remark(hint, out);
        return;
    }
    fprintf(out, "%5d | %s", pos.line, q.dots);
    for (size_t i = 0; i < q.length; i++)
        if (q.text[i] == '\t')
            putc('\t', out);
        else
            put_text(q.text + i, 1, out);
    fprintf(out, "\n      | %s", *q.dots ? "   " : "");
    put_marks(&q, out);
    if (hint) {
        putc(' ', out);
        put_text(hint, strlen(hint), out);
    }
    putc('\n', out);
}

static void print_one(const struct ug_diag *diag, FILE *out)
{
    const char *hint = NULL; /* the first remark without a place stands beside the mark */
    int first = -1;

    for (int i = 0; i < diag->n_notes && !hint; i++)
        if (!diag->notes[i].pos.source) {
            hint = diag->notes[i].text;
            first = i;
        }
    put_heading(diag->pos, diag->warning ? "warning" : "error", diag->text, out);
    put_quote(diag->pos, hint, out);
    for (int i = 0; i < diag->n_notes; i++) {
        const struct ug_note *note = &diag->notes[i];
        if (i == first)
            continue;
        if (note->pos.source) {
            put_heading(note->pos, "note", note->text, out);
            put_quote(note->pos, NULL, out);
        } else {
            put_remark(note->text, out);
        }
    }
}

void ug_diags_print(const struct ug_diags *d, FILE *out, size_t limit)
{
    struct ug_diag **sorted = ug_xcalloc(d->n, sizeof *sorted);
    size_t errors = 0;

    if (d->n) {
        memcpy(sorted, d->items, d->n * sizeof *sorted);
        qsort(sorted, d->n, sizeof *sorted, by_place);
    }
    for (size_t i = 0; i < d->n; i++) {
        if (!sorted[i]->warning && limit && errors == limit)
            continue;
        errors += !sorted[i]->warning;
        print_one(sorted[i], out);
    }
    if (errors < d->errors)
        fprintf(out, "unitgraph: %zu more error%s\n", d->errors - errors,
                d->errors - errors == 1 ? "" : "s");
    free(sorted);
}
