/* order.h -- which samples a step sees: functions of (seed, step, entry) and of nothing else. */
#ifndef UG_DATA_ORDER_H
#define UG_DATA_ORDER_H

#include "engine/data/entry.h"

/* The order of one entry's samples in one epoch, kept until another epoch is asked for. */
struct ug_sample_order {
    uint64_t seed;
    const struct ug_entry *entry; /* a root */
    uint64_t views;               /* stream of flips and crops */
    int64_t epoch;                /* -1: none yet */
    int64_t *permutation;         /* NULL where the entry is not shuffled */
};

/* `entry` is borrowed; ug_sample_order_free frees what the order holds. */
void ug_sample_order_init(struct ug_sample_order *o, const struct ug_entry *entry, uint64_t seed);
void ug_sample_order_free(struct ug_sample_order *o);

/* Sample j of the batch of a training step, which starts at sample step * batch of the run. */
struct ug_draw ug_sample_order_draw(struct ug_sample_order *o, int64_t step, int64_t batch,
                                    int64_t j);

/* A permutation of 0 … n - 1 that depends on seed, name and epoch only. */
void ug_order_permute(uint64_t seed, const char *name, int64_t epoch, int64_t n, int64_t *out);

#endif
