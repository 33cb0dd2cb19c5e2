/* order.c -- permutations from numbered random draws. */
#include "engine/data/order.h"

#include <stdlib.h>

#include "engine/base/random.h"

enum { NAME = 256 };

/* The stream of one purpose of one entry. */
static uint64_t stream_of(const char *purpose, const char *name)
{
    char text[NAME];

    snprintf(text, sizeof text, "data.%s.%s", purpose, name);
    return ug_random_stream(text);
}

/* Fisher and Yates, as by Durstenfeld (1964): every order is as likely as every other. */
void ug_order_permute(uint64_t seed, const char *name, int64_t epoch, int64_t n, int64_t *out)
{
    const struct ug_random random = {seed, stream_of("order", name), (uint64_t)epoch};

    for (int64_t i = 0; i < n; i++)
        out[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)ug_random_below(&random, (uint64_t)i, (uint64_t)i + 1);
        const int64_t taken = out[i];
        out[i] = out[j];
        out[j] = taken;
    }
}

void ug_sample_order_init(struct ug_sample_order *o, const struct ug_entry *entry, uint64_t seed)
{
    *o = (struct ug_sample_order){
        .seed = seed, .entry = entry, .views = stream_of("view", entry->spec->name), .epoch = -1};
    if (entry->spec->shuffle)
        o->permutation = ug_xcalloc((size_t)ug_entry_count(entry), sizeof *o->permutation);
}

void ug_sample_order_free(struct ug_sample_order *o)
{
    free(o->permutation);
}

static int64_t sample_at(struct ug_sample_order *o, int64_t epoch, int64_t place)
{
    if (!o->permutation)
        return place;
    if (o->epoch != epoch) {
        ug_order_permute(o->seed, o->entry->spec->name, epoch, ug_entry_count(o->entry),
                         o->permutation);
        o->epoch = epoch;
    }
    return o->permutation[place];
}

struct ug_draw ug_sample_order_draw(struct ug_sample_order *o, int64_t step, int64_t batch,
                                    int64_t j)
{
    const int64_t at = step * batch + j, count = ug_entry_count(o->entry);
    const struct ug_random random = {o->seed, o->views, (uint64_t)step};
    uint32_t word[4];

    ug_random_block(&random, (uint64_t)j, word);
    return (struct ug_draw){.sample = sample_at(o, at / count, at % count),
                            .flip = o->entry->spec->flip && word[0] >> 31,
                            .crop = {word[1] * 0x1p-32, word[2] * 0x1p-32}};
}
