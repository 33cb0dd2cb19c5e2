/* dataset.c -- opens the entries of a data section and settles what follows what. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/entry.h"

enum { MOST_SAMPLES = 1 << 28 }; /* of an entry: eight bytes each tell their order */

static const struct ug_source_kind *const kinds[] = {
    [UG_DATA_IMAGES] = &ug_images_source,       [UG_DATA_IDX] = &ug_idx_source,
    [UG_DATA_SYNTHETIC] = &ug_synthetic_source, [UG_DATA_TENSORS] = &ug_tensors_source,
    [UG_DATA_LABELS_OF] = &ug_labels_source,
};

struct ug_entry *ug_dataset_entry(const struct ug_dataset *d, const char *name)
{
    for (int i = 0; i < d->n; i++)
        if (!strcmp(d->entries[i].spec->name, name))
            return &d->entries[i];
    return NULL;
}

/* The entry that this one follows, or NULL; an error where there is none of that name. */
static bool find_followed(struct ug_dataset *d, struct ug_entry *e, struct ug_entry **followed,
                          struct ug_diags *diags)
{
    const char *name = e->spec->kind == UG_DATA_LABELS_OF ? e->spec->of : e->spec->pair;
    const char **names = ug_arena_array(d->arena, (size_t)d->n, sizeof *names);

    *followed = name ? ug_dataset_entry(d, name) : NULL;
    if (!name || *followed)
        return true;
    for (int i = 0; i < d->n; i++)
        names[i] = d->entries[i].spec->name;
    ug_suggest(ug_error(diags, e->spec->pos, "'%s' follows '%s', which is no data entry",
                        e->spec->name, name),
               name, "data entries", names, (size_t)d->n);
    return false;
}

/* Follows `pair` and `labels_of` to their end. */
static bool find_root(struct ug_dataset *d, struct ug_entry *e, struct ug_diags *diags)
{
    struct ug_entry *at = e, *next;

    for (int steps = 0; steps <= d->n; steps++) {
        if (!find_followed(d, at, &next, diags))
            return false;
        if (at == e && e->spec->kind == UG_DATA_LABELS_OF)
            e->of = next;
        if (!next) {
            e->root = at;
            return true;
        }
        at = next;
    }
    ug_error(diags, e->spec->pos, "'%s' is paired with itself, through others or at once",
             e->spec->name);
    return false;
}

/* ---- Opening one entry ---- */

static bool check_sizes(const struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_data_entry *s = e->spec;
    const int64_t size = s->size[0] > s->size[1] ? s->size[0] : s->size[1];

    if (size > UG_LONGEST_SIDE || s->resize > UG_LONGEST_SIDE) {
        ug_error(diags, s->pos, "'%s' makes pictures too large: no side may exceed %d", s->name,
                 UG_LONGEST_SIDE);
        return false;
    }
    return true;
}

static bool open_entry(struct ug_dataset *d, struct ug_entry *e, struct ug_diags *diags)
{
    e->kind = kinds[e->spec->kind];
    if ((e->kind->picture && !check_sizes(e, diags)) || !e->kind->open(e, diags))
        return false;
    assert(e->items > 0);
    if (e->items > MOST_SAMPLES) {
        ug_error(diags, e->spec->pos, "'%s' has %lld samples; the limit is %d, which 'limit' keeps",
                 e->spec->name, (long long)e->items, MOST_SAMPLES);
        return false;
    }
    if (e->kind->picture) {
        e->kept = calloc((size_t)e->items, sizeof *e->kept);
        if (!e->kept) {
            ug_error(diags, e->spec->pos, "out of memory for %lld pictures", (long long)e->items);
            return false;
        }
    }
    for (int64_t i = 0; e->broken && i < e->items; i++)
        d->skipped += e->broken[i];
    e->opened = true;
    return true;
}

/* labels_of entries come after all others: they ask them for labels. */
static bool open_entries(struct ug_dataset *d, struct ug_diags *diags)
{
    bool fine = true;

    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < d->n; i++)
            if ((d->entries[i].spec->kind == UG_DATA_LABELS_OF) == (pass == 1))
                fine &= open_entry(d, &d->entries[i], diags);
    return fine;
}

/* ---- Entries that go together ---- */

static int64_t own_count(const struct ug_entry *e)
{
    return e->items * (e->spec->invert == UG_INVERT_BOTH ? 2 : 1);
}

/* Why an entry cannot go with its root sample by sample; an error with that.  Samples of the same
 * number must also show items of the same number: those of 'both' show each item twice. */
static struct ug_diag *refuse_pair(const struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_entry *root = e->root;

    if (own_count(e) != own_count(root))
        return ug_error(diags, e->spec->pos, "'%s' has %lld samples, but '%s' has %lld",
                        e->spec->name, (long long)own_count(e), root->spec->name,
                        (long long)own_count(root));
    if (e->items != root->items)
        return ug_error(diags, e->spec->pos,
                        "'%s' has %lld samples before 'invert', but '%s' has %lld", e->spec->name,
                        (long long)e->items, root->spec->name, (long long)root->items);
    return NULL;
}

static bool check_counts(const struct ug_dataset *d, struct ug_diags *diags)
{
    bool fine = true;

    for (int i = 0; i < d->n; i++) {
        const struct ug_entry *e = &d->entries[i];
        struct ug_diag *diag = e->spec->kind == UG_DATA_LABELS_OF ? NULL : refuse_pair(e, diags);
        if (!diag)
            continue;
        ug_note(diag, e->root->spec->pos, "entries that are paired go sample by sample");
        fine = false;
    }
    return fine;
}

static bool is_good(const struct ug_dataset *d, const struct ug_entry *root, int64_t item)
{
    for (int i = 0; i < d->n; i++) {
        const struct ug_entry *e = &d->entries[i];
        if (e->root == root && e->broken && e->broken[item])
            return false;
    }
    return true;
}

/* Leaves out the items that are broken in any of the entries that go together. */
static bool choose_good(struct ug_dataset *d, struct ug_entry *root, struct ug_diags *diags)
{
    int64_t *good = NULL;

    root->n_good = root->items;
    for (int64_t i = 0, n = 0; i < root->items; i++) {
        const bool fine = is_good(d, root, i);
        if (!fine && !good) {
            good = ug_arena_array(d->arena, (size_t)root->items, sizeof *good);
            for (int64_t k = 0; k < n; k++)
                good[k] = k;
            root->good = good;
        }
        if (fine && good)
            good[n] = i;
        n += fine;
        root->n_good = n;
    }
    if (root->n_good > 0)
        return true;
    ug_error(diags, root->spec->path_pos, "none of the %lld samples of '%s' can be read",
             (long long)root->items, root->spec->name);
    return false;
}

struct ug_dataset *ug_dataset_open(const struct ug_data_spec *spec, struct ug_diags *diags)
{
    struct ug_dataset *d = ug_xcalloc(1, sizeof *d);
    bool fine = true;

    d->arena = ug_arena_new();
    d->n = spec->n;
    d->keep =
        spec->keep && (size_t)spec->keep < UG_CACHE_BYTES ? (size_t)spec->keep : UG_CACHE_BYTES;
    d->entries = ug_arena_array(d->arena, (size_t)spec->n, sizeof *d->entries);
    for (int i = 0; i < d->n; i++)
        d->entries[i] = (struct ug_entry){.spec = &spec->entries[i], .arena = d->arena};
    for (int i = 0; i < d->n; i++)
        fine &= find_root(d, &d->entries[i], diags);
    fine &= open_entries(d, diags);
    fine = fine && check_counts(d, diags);
    for (int i = 0; fine && i < d->n; i++)
        if (d->entries[i].root == &d->entries[i])
            fine = choose_good(d, &d->entries[i], diags);
    if (fine)
        return d;
    ug_dataset_close(d);
    return NULL;
}

void ug_dataset_close(struct ug_dataset *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->n; i++) {
        struct ug_entry *e = &d->entries[i];
        for (int64_t k = 0; e->kept && k < e->items; k++)
            free(e->kept[k]);
        free(e->kept);
        if (e->kind && e->kind->close)
            e->kind->close(e);
    }
    ug_arena_free(d->arena);
    free(d);
}

struct ug_type ug_dataset_type(const struct ug_dataset *d, const char *entry)
{
    return ug_dataset_entry(d, entry)->type;
}

int64_t ug_dataset_count(const struct ug_dataset *d, const char *entry)
{
    return ug_entry_count(ug_dataset_entry(d, entry));
}

int64_t ug_dataset_largest(const struct ug_dataset *d)
{
    int64_t largest = 0;

    for (int i = 0; i < d->n; i++) {
        const int64_t count = ug_entry_count(&d->entries[i]);
        largest = count > largest ? count : largest;
    }
    return largest;
}

static size_t kept_at_most(const struct ug_dataset *d, int64_t n, size_t most)
{
    double bytes = 0;

    for (int i = 0; i < d->n; i++) {
        const struct ug_entry *e = &d->entries[i];
        const struct ug_shape *crop = &e->type.shape;
        int64_t size[2];
        if (!e->kind->picture)
            continue;
        ug_entry_prepared_size(e->spec, crop->dim[1], crop->dim[2], size);
        bytes += (double)(e->items < n ? e->items : n) *
                 (sizeof(struct ug_kept) + (double)(crop->dim[0] * size[0] * size[1]));
    }
    return bytes < (double)most ? (size_t)bytes : most;
}

size_t ug_dataset_kept(const struct ug_dataset *d, int64_t n)
{
    return kept_at_most(d, n, d->keep);
}

size_t ug_dataset_kept_freely(const struct ug_dataset *d, int64_t n)
{
    return kept_at_most(d, n, UG_CACHE_BYTES);
}

int64_t ug_dataset_skipped(const struct ug_dataset *d)
{
    return d->skipped;
}
