/* fit.c -- plans the run for one number after another, by doubling, then by halving the distance
 * between the largest that fits and the smallest that does not. */
#include "engine/run/fit.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/amount.h"
#include "engine/run/footprint.h"

enum {
    LARGEST = 1 << 20,
    MOST_BETWEEN = 32 /* numbers in a row that may not suit the networks, as sizes of pictures */
};

struct fit {
    const char *file, *key, *memory;
    const struct ug_check_options *options;
    struct ug_arena *arena;
    struct ug_diags *why; /* of the last number that did not suit */
    double bytes;         /* that the run may take */
    bool budget;          /* the file gets `train.memory` */
};

enum outcome { UNSUITED, FITS, TOO_LARGE };

/* ---- One number ---- */

static struct ug_program *load(struct fit *f, int64_t n)
{
    const struct ug_overrides *o = &f->options->overrides;
    const char **sets = ug_arena_array(f->arena, (size_t)o->n_sets + 1, sizeof *sets);
    const struct ug_load_options options = {.sets = sets, .n_sets = o->n_sets + 1};

    for (int i = 0; i < o->n_sets; i++)
        sets[i] = o->sets[i];
    sets[o->n_sets] = ug_arena_format(f->arena, "%s=%lld", f->key, (long long)n);
    struct ug_program *p = ug_program_load(f->file, &options, f->why);
    if (p && f->budget)
        p->train.memory = (int64_t)f->bytes;
    if (p && !p->train.present)
        ug_error(f->why, UG_NOWHERE, "--fit asks what training takes, but '%s' has no 'train'",
                 f->file);
    return p;
}

static bool shapes_agree(struct ug_program *p, struct ug_diags *why)
{
    const struct ug_request request = {.want = UG_WANT_OPTIMIZED, .training = true};
    struct ug_unfolded *u = ug_unfold(p, &request, why);

    ug_unfolded_free(u);
    return u && !ug_diags_errors(why);
}

/* Where it fits, or there was room to plan it, `bytes` is what it takes. */
static enum outcome plan(struct fit *f, struct ug_program *p, struct ug_dataset *data,
                         double *bytes)
{
    struct ug_trainer *t = ug_trainer_new(p, data, f->why);
    struct ug_footprint footprint;
    const bool planned = t && ug_footprint_of(t, data, &footprint, f->why);

    if (planned)
        *bytes = (double)ug_footprint_sum(&footprint);
    ug_trainer_free(t);
    return planned && *bytes <= f->bytes ? FITS : TOO_LARGE;
}

static enum outcome try(struct fit *f, int64_t n, double *bytes)
{
    ug_diags_free(f->why);
    f->why = ug_diags_new();
    struct ug_program *p = load(f, n);
    struct ug_dataset *data = NULL;
    enum outcome outcome = UNSUITED;

    if (p && !ug_diags_errors(f->why) && p->data.n)
        data = ug_dataset_open(&p->data, f->why);
    if (p && !ug_diags_errors(f->why) && shapes_agree(p, f->why))
        outcome = plan(f, p, data, bytes);
    ug_dataset_close(data);
    ug_program_free(p);
    return outcome;
}

/* ---- The search ---- */

struct found {
    int64_t n, too_large; /* the largest that fits, 0 for none; the smallest that does not */
    double bytes, more;   /* that they take */
};

static void try_powers(struct fit *f, struct found *best)
{
    for (int64_t n = 1; n <= LARGEST && !best->too_large; n *= 2) {
        double bytes = 0;
        const enum outcome o = try(f, n, &bytes);

        if (o == FITS)
            *best = (struct found){.n = n, .bytes = bytes};
        else if (o == TOO_LARGE)
            *best = (struct found){best->n, n, best->bytes, bytes};
    }
}

/* All suited numbers up to `low` are known to fit. */
static void search_between(struct fit *f, struct found *best)
{
    int64_t low = best->n;

    while (best->too_large - low > 1) {
        const int64_t middle = low + (best->too_large - low) / 2;
        enum outcome o = UNSUITED;
        double bytes = 0;
        int64_t n = middle;

        while ((o = try(f, n, &bytes)) == UNSUITED && n - 1 > low && middle - n < MOST_BETWEEN)
            n--;
        if (o == TOO_LARGE) {
            best->too_large = n;
        } else {
            low = middle;
            if (o == FITS)
                best->n = n, best->bytes = bytes;
        }
    }
}

static struct found find(struct fit *f, bool budget)
{
    struct found best = {0};

    f->budget = budget;
    try_powers(f, &best);
    if (best.n && best.too_large)
        search_between(f, &best);
    return best;
}

/* ---- The whole ---- */

static void show(const struct fit *f, const char *how, const struct found *best, FILE *out)
{
    char text[UG_AMOUNT_TEXT];

    if (best->n)
        fprintf(out, "  %-28s %lld%s, which takes %s\n", how, (long long)best->n,
                best->too_large ? "" : " and more", ug_amount_short(best->bytes, "B", text));
    else if (best->more > 0)
        fprintf(out, "  %-28s none: %s=%lld takes %s\n", how, f->key, (long long)best->too_large,
                ug_amount_short(best->more, "B", text));
    else
        fprintf(out, "  %-28s none: not even %s=%lld\n", how, f->key, (long long)best->too_large);
}

static bool read_memory(struct fit *f, struct ug_diags *diags)
{
    double number;
    const char *unit = ug_amount_split(f->memory, &number);

    f->bytes = unit ? number * ug_amount_unit(unit) : 0;
    if (f->bytes >= 1 && f->bytes < 0x1p62)
        return true;
    ug_error(diags, UG_NOWHERE, "--fit takes a size of memory, like 4GiB or 800MB, not '%s'",
             f->memory);
    return false;
}

static enum ug_status fit(struct fit *f, FILE *out, struct ug_diags *diags)
{
    char text[UG_AMOUNT_TEXT];
    const struct found plain = find(f, false);

    if (!plain.n && !plain.too_large) {
        ug_diags_append(diags, f->why);
        return UG_WRONG;
    }
    fprintf(out, "largest %s that fits in %s\n", f->key, ug_amount_short(f->bytes, "B", text));
    show(f, "as the file is", &plain, out);
    const struct found tight = find(f, true);
    show(f, ug_arena_format(f->arena, "with train.memory: %s", f->memory), &tight, out);
    return plain.n || tight.n ? UG_DONE : UG_WRONG;
}

enum ug_status ug_fit(const char *file, const struct ug_check_options *o, FILE *out,
                      struct ug_diags *diags)
{
    struct fit f = {.file = file,
                    .key = o->vary ? o->vary : "data.batch",
                    .memory = o->fit,
                    .options = o,
                    .arena = ug_arena_new()};
    const enum ug_status status = read_memory(&f, diags) ? fit(&f, out, diags) : UG_WRONG;

    ug_diags_free(f.why);
    ug_arena_free(f.arena);
    return status;
}
