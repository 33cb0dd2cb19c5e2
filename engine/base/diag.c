/* diag.c -- a list of messages, in the order in which they were made. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/diag_parts.h"

enum { MOST_KEPT = 1000 }; /* messages beyond this are only counted */

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
    const struct ug_note note = {own_place(diag->owner, pos),
                                 ug_arena_vformat(diag->owner->arena, format, args)};
    va_end(args);
    for (int i = 0; i < diag->n_notes; i++)
        if (same_place(diag->notes[i].pos, pos) && !strcmp(diag->notes[i].text, note.text))
            return;
    UG_PUSH(diag->owner->arena, diag->notes, diag->n_notes, diag->notes_capacity, note);
}

void ug_diags_append(struct ug_diags *d, const struct ug_diags *from)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct ug_diag *old = from->items[i];
        struct ug_diag *diag = (old->warning ? ug_warning : ug_error)(d, old->pos, "%s", old->text);
        for (int k = 0; k < old->n_notes; k++)
            ug_note(diag, old->notes[k].pos, "%s", old->notes[k].text);
    }
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

void ug_diags_forget_warnings(struct ug_diags *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->n; i++)
        if (!d->items[i]->warning)
            d->items[kept++] = d->items[i];
    d->n = kept;
    d->warnings = 0;
}
