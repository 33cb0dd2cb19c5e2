/* batch_groups.c -- heavy nodes that read the same weights and do not depend on one another. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/batch_finder.h"

enum { LARGE = 2 }; /* weights, against samples in and out, of a heavy node */

bool ug_batch_is_heavy(const struct ug_node *n)
{
    double weights = 0, samples = (double)ug_type_bytes(&n->type);

    if (!n->op->per_sample || !ug_batch_may_join(n))
        return false;
    for (int i = 0; i < n->n_in; i++)
        *(ug_batch_has_samples(n, i) ? &samples : &weights) +=
            (double)ug_type_bytes(&n->in[i]->type);
    return weights > LARGE * samples;
}

/* What depends on what, as far as heavy nodes go. */
struct needs {
    int *number;    /* by id: of a heavy node, or UG_BATCH_NONE */
    uint64_t *bits; /* by id, `words` each: the heavy nodes that it cannot run before */
    size_t words;
};

static bool depends(const struct needs *needs, int id, int other)
{
    const int number = needs->number[other];

    return needs->bits[(size_t)id * needs->words + (size_t)number / 64] >> number % 64 & 1;
}

static void add_needs(const struct needs *needs, int id, int in)
{
    uint64_t *to = needs->bits + (size_t)id * needs->words;
    const uint64_t *from = needs->bits + (size_t)in * needs->words;
    const int number = needs->number[in];

    for (size_t i = 0; i < needs->words; i++)
        to[i] |= from[i];
    if (number != UG_BATCH_NONE)
        to[number / 64] |= (uint64_t)1 << number % 64;
}

static struct needs find_needs(const struct ug_batch_finder *f, const int *heavy, int n)
{
    struct needs needs = {.words = (size_t)(n + 63) / 64};

    needs.bits = ug_arena_array(f->own, (size_t)f->c->n * needs.words, sizeof *needs.bits);
    needs.number = ug_arena_array(f->own, (size_t)f->c->n, sizeof *needs.number);
    for (int i = 0; i < f->c->n; i++)
        needs.number[i] = UG_BATCH_NONE;
    for (int i = 0; i < n; i++)
        needs.number[heavy[i]] = i;
    for (int i = 0; i < f->c->n; i++)
        for (int j = 0; ug_batch_node(f, i) && j < ug_batch_node(f, i)->n_in; j++)
            add_needs(&needs, i, ug_batch_node(f, i)->in[j]->id);
    return needs;
}

/* Brings those to the front that the first does not depend on, nor do these on one another; how
 * many they are. */
static int pick_independent(const struct needs *needs, int *ids, int n)
{
    int picked = 1;

    for (int i = 1; i < n && picked < UG_BATCH_MAX_MEMBERS; i++) {
        const int id = ids[i];
        bool independent = true;

        for (int j = 0; j < picked; j++)
            independent &= !depends(needs, id, ids[j]) && !depends(needs, ids[j], id);
        if (!independent)
            continue;
        memmove(ids + picked + 1, ids + picked, (size_t)(i - picked) * sizeof *ids);
        ids[picked++] = id;
    }
    return picked;
}

static int compare_ids(const void *x, const void *y)
{
    return ug_compare_ints(*(const int *)x, *(const int *)y);
}

/* Each goes with the first in the graph that it does not depend on. */
static void group_kind(struct ug_batch_finder *f, const struct needs *needs, int *ids, int n)
{
    qsort(ids, (size_t)n, sizeof *ids, compare_ids);
    for (int picked; n; ids += picked, n -= picked) {
        picked = pick_independent(needs, ids, n);
        if (picked == 1)
            continue;
        for (int i = 0; i < picked; i++)
            f->group[ids[i]] = f->n_groups;
        f->groups[f->n_groups++] = (struct ug_batch_group){.ids = ids, .n = picked};
    }
}

void ug_batch_find_groups(struct ug_batch_finder *f, int *heavy, int n)
{
    const struct needs needs = find_needs(f, heavy, n);

    for (int i = 0; i < n; i++) {
        f->group[heavy[i]] = UG_BATCH_NONE;
        for (int j = 0; j < i; j++)
            f->wanted[heavy[j]] += depends(&needs, heavy[i], heavy[j]);
    }
    qsort_r(heavy, (size_t)n, sizeof *heavy, ug_batch_compare_heavy, f);
    for (int from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && !ug_batch_compare_heavy(&heavy[from], &heavy[to], f);)
            to++;
        group_kind(f, &needs, heavy + from, to - from);
    }
}
