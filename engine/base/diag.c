/* diag.c -- a list of messages, kept in the order they were made and printed in the order of their
 * places. */
#include "engine/base/diag.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"

enum {
    MOST_KEPT = 1000,   /* messages beyond this are only counted */
    WIDEST_QUOTE = 160, /* characters of a quoted line */
    LONGEST_NAME = 63,  /* names that are compared for suggestions */
    NAMES_LISTED = 20
};

struct note {
    struct ug_pos pos;
    const char *text;
};

struct ug_diag {
    struct ug_diags *owner;
    struct ug_pos pos;
    bool warning;
    int source_rank; /* index in the list of sources: the order in which they were first complained
                        about */
    size_t number;   /* the order in which messages were made */
    const char *text;
    struct note *notes;
    int n_notes, notes_capacity;
};

struct ug_diags {
    struct ug_arena *arena;
    struct ug_diag **items;
    size_t n, capacity;
    size_t errors, warnings;
    struct ug_source **sources; /* copies: messages outlive what they are about */
    int n_sources, sources_capacity;
};

struct ug_diags *ug_diags_new(void)
{
    struct ug_diags *d = ug_xcalloc(1, sizeof *d);

    d->arena = ug_arena_new();
    return d;
}

void ug_diags_free(struct ug_diags *d)
{
    if (!d)
        return;
    ug_arena_free(d->arena);
    free(d);
}

static bool same_place(struct ug_pos a, struct ug_pos b)
{
    if (a.line != b.line || a.column != b.column || !a.source != !b.source)
        return false;
    return a.source == b.source || !strcmp(a.source->path, b.source->path);
}

/* The index of our own copy of a source; -1 for none. */
static int source_rank(struct ug_diags *d, const struct ug_source *source)
{
    if (!source)
        return -1;
    for (int i = 0; i < d->n_sources; i++)
        if (d->sources[i] == source ||
            (!strcmp(d->sources[i]->path, source->path) && d->sources[i]->length == source->length))
            return i;
    struct ug_source *copy = ug_arena_alloc(d->arena, sizeof *copy);
    copy->path = ug_arena_copy(d->arena, source->path, strlen(source->path));
    copy->length = source->text ? source->length : 0;
    copy->text = source->text ? ug_arena_copy(d->arena, source->text, source->length) : NULL;
    UG_PUSH(d->arena, d->sources, d->n_sources, d->sources_capacity, copy);
    return d->n_sources - 1;
}

static struct ug_pos own_place(struct ug_diags *d, struct ug_pos pos)
{
    const int rank = source_rank(d, pos.source);

    pos.source = rank < 0 ? NULL : d->sources[rank];
    return pos;
}

static struct ug_diag *add(struct ug_diags *d, bool warning, struct ug_pos pos, const char *format,
                           va_list args)
{
    const char *text = ug_arena_vformat(d->arena, format, args);

    for (size_t i = 0; i < d->n; i++)
        if (d->items[i]->warning == warning && same_place(d->items[i]->pos, pos) &&
            !strcmp(d->items[i]->text, text))
            return d->items[i];
    struct ug_diag *diag = ug_arena_alloc(d->arena, sizeof *diag);
    *diag =
        (struct ug_diag){.owner = d, .pos = own_place(d, pos), .warning = warning, .text = text};
    diag->source_rank = source_rank(d, pos.source);
    diag->number = d->errors + d->warnings;
    if (warning)
        d->warnings++;
    else
        d->errors++;
    if (d->n < MOST_KEPT)
        UG_PUSH(d->arena, d->items, d->n, d->capacity, diag);
    return diag;
}

struct ug_diag *ug_verror(struct ug_diags *d, struct ug_pos pos, const char *format, va_list args)
{
    return add(d, false, pos, format, args);
}

struct ug_diag *ug_error(struct ug_diags *d, struct ug_pos pos, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct ug_diag *diag = add(d, false, pos, format, args);
    va_end(args);
    return diag;
}

struct ug_diag *ug_warning(struct ug_diags *d, struct ug_pos pos, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct ug_diag *diag = add(d, true, pos, format, args);
    va_end(args);
    return diag;
}

void ug_note(struct ug_diag *diag, struct ug_pos pos, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const struct note note = {own_place(diag->owner, pos),
                              ug_arena_vformat(diag->owner->arena, format, args)};
    va_end(args);
    for (int i = 0; i < diag->n_notes; i++)
        if (same_place(diag->notes[i].pos, pos) && !strcmp(diag->notes[i].text, note.text))
            return;
    UG_PUSH(diag->owner->arena, diag->notes, diag->n_notes, diag->notes_capacity, note);
}

size_t ug_diags_errors(const struct ug_diags *d)
{
    return d->errors;
}

size_t ug_diags_warnings(const struct ug_diags *d)
{
    return d->warnings;
}

const char *ug_diags_first(const struct ug_diags *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (!d->items[i]->warning)
            return d->items[i]->text;
    return NULL;
}

/* ---- Suggestions ---- */

/* How many letters must be changed, added, removed or swapped with their neighbour (optimal string
 * alignment); capitals count as small letters. */
static int edit_distance(const char *a, const char *b)
{
    const int n = (int)strlen(a), m = (int)strlen(b);
    int rows[3][LONGEST_NAME + 2];
    int *two_up = rows[0], *up = rows[1], *row = rows[2];

    for (int j = 0; j <= m; j++)
        up[j] = j;
    for (int i = 1; i <= n; i++) {
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            const int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            int best = up[j - 1] + (ca != cb);

            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]) && two_up[j - 2] + 1 < best)
                best = two_up[j - 2] + 1;
            row[j] = best;
        }
        int *free_row = two_up;
        two_up = up, up = row, row = free_row;
    }
    return up[m];
}

/* The name that was probably meant, or NULL: a third of the letters may be wrong, or the end
 * missing. */
const char *ug_nearest(const char *wrong, const char *const *names, size_t n)
{
    const size_t length = strlen(wrong);
    const char *nearest = NULL;
    int best = length < 3 ? (int)length : 2 + (int)length / 3;

    if (length > LONGEST_NAME)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) > LONGEST_NAME)
            continue;
        int distance = edit_distance(wrong, names[i]);
        if (length >= 3 && !strncasecmp(names[i], wrong, length) && distance > 1)
            distance = 1;
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

void ug_suggest(struct ug_diag *diag, const char *wrong, const char *kind, const char *const *names,
                size_t n)
{
    const char *nearest = ug_nearest(wrong, names, n);

    if (nearest && strcmp(nearest, wrong)) {
        ug_note(diag, UG_NOWHERE, "did you mean '%s'?", nearest);
        return;
    }
    if (!n) {
        ug_note(diag, UG_NOWHERE, "there are no %s here", kind);
        return;
    }
    const char *list = names[0];
    for (size_t i = 1; i < n && i < NAMES_LISTED; i++)
        list = ug_arena_format(diag->owner->arena, "%s, %s", list, names[i]);
    ug_note(diag, UG_NOWHERE, "%s: %s%s", kind, list, n > NAMES_LISTED ? ", …" : "");
}

/* ---- Printing ---- */

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

/* The line a message is about, and marks under the word that it is about. */
static void put_quote(struct ug_pos pos, const char *hint, FILE *out)
{
    const char *line;
    size_t length;

    if (!pos.source || !pos.source->text || pos.line <= 0 ||
        !find_line(pos.source, pos.line, &line, &length)) {
        if (hint)
            put_remark(hint, out);
        return;
    }
    int column = pos.column > 0 ? pos.column : 1;
    const char *dots = "";
    if (column > WIDEST_QUOTE) { /* a line from a generator: show what is around the place */
        const size_t cut = skip_characters(line, length, column - WIDEST_QUOTE / 2);
        line += cut, length -= cut;
        column = WIDEST_QUOTE / 2;
        dots = "...";
    }
    const size_t shown = skip_characters(line, length, column + WIDEST_QUOTE);
    const size_t at = skip_characters(line, shown, column - 1);

    fprintf(out, "%5d | %s", pos.line, dots);
    for (size_t i = 0; i < shown; i++)
        if (line[i] == '\t')
            putc('\t', out);
        else
            put_text(line + i, 1, out);
    fprintf(out, "\n      | %s", *dots ? "   " : "");
    for (size_t i = 0; i < at; i++)
        if (((unsigned char)line[i] & 0xc0) != 0x80)
            putc(line[i] == '\t' ? '\t' : ' ', out);
    putc('^', out);
    const size_t word = at < shown ? word_length(line + at, shown - at) : 1;
    for (size_t i = 1; i < word; i++)
        if (((unsigned char)line[at + i] & 0xc0) != 0x80)
            putc('~', out);
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
        const struct note *note = &diag->notes[i];
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

void ug_diags_forget_warnings(struct ug_diags *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->n; i++)
        if (!d->items[i]->warning)
            d->items[kept++] = d->items[i];
    d->n = kept;
    d->warnings = 0;
}
