/* store.c -- the layout of parameters in blocks. */
#include "engine/run/store.h"

#include <stdlib.h>

#include "engine/base/memory.h"

enum { ALIGNMENT = 16 }; /* elements: 64 bytes */

static void add_span(struct ug_block *b, int *capacity, struct ug_param *param)
{
    const struct ug_span span = {param, b->n, (size_t)ug_param_count(param)};

    if (b->n_spans == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 16;
        b->spans = ug_xrealloc(b->spans, (size_t)*capacity * sizeof *b->spans);
    }
    b->spans[b->n_spans++] = span;
    b->n += (span.n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Every owner goes to the block of its optimizer, or to the last one. */
static void fill_spans(struct ug_store *s, const struct ug_program *p)
{
    bool *taken = ug_xcalloc((size_t)s->n_params, sizeof *taken);
    int capacity;

    for (int o = 0; o < p->train.n_optimizers; o++) {
        const struct ug_optimizer_spec *spec = &p->train.optimizers[o];

        capacity = 0;
        for (int i = 0; i < spec->n_params; i++) {
            add_span(&s->blocks[o], &capacity, spec->params[i]);
            taken[spec->params[i]->index] = true;
        }
    }
    capacity = 0;
    for (int i = 0; i < s->n_params; i++) {
        struct ug_param *param = p->params->items[i];

        if (param->owner != param || taken[i])
            continue;
        if (param->type.dtype == UG_F32)
            add_span(&s->blocks[s->n_blocks - 1], &capacity, param);
        else
            s->n_integers += (size_t)ug_param_count(param);
    }
    free(taken);
}

static bool take_memory(struct ug_store *s, struct ug_diags *diags)
{
    size_t bytes = s->n_integers * sizeof *s->integers;
    bool done = true;

    s->integers = ug_memory_take(bytes);
    done &= s->integers != NULL;
    for (int i = 0; i < s->n_blocks; i++) {
        struct ug_block *b = &s->blocks[i];
        const bool trained = i < s->n_blocks - 1;

        b->values = ug_memory_take(b->n * sizeof *b->values);
        b->grads = trained ? ug_memory_take(b->n * sizeof *b->grads) : NULL;
        done &= b->values && (b->grads || !trained);
        bytes += b->n * sizeof *b->values * (trained ? 2 : 1);
    }
    if (!done)
        ug_error(diags, UG_NOWHERE,
                 "there is not enough memory: the parameters and their gradients need %.1f MB",
                 (double)bytes / 1e6);
    return done;
}

static void set_addresses(struct ug_store *s, const struct ug_program *p)
{
    int64_t *integer = s->integers;

    for (int i = 0; i < s->n_blocks; i++) {
        const struct ug_block *b = &s->blocks[i];

        for (int j = 0; j < b->n_spans; j++) {
            const struct ug_span *span = &b->spans[j];

            s->data[span->param->index] = b->values + span->at;
            s->grad[span->param->index] = b->grads ? b->grads + span->at : NULL;
        }
    }
    for (int i = 0; i < s->n_params; i++) {
        const struct ug_param *param = p->params->items[i];

        if (param->owner != param || param->type.dtype == UG_F32)
            continue;
        s->data[i] = integer;
        integer += (size_t)ug_param_count(param);
    }
    for (int i = 0; i < s->n_params; i++) {
        const int owner = p->params->items[i]->owner->index;

        s->data[i] = s->data[owner];
        s->grad[i] = s->grad[owner];
    }
}

struct ug_store *ug_store_new(const struct ug_program *p, struct ug_diags *diags)
{
    struct ug_store *s = ug_xcalloc(1, sizeof *s);

    s->n_params = p->params->n;
    s->n_blocks = p->train.n_optimizers + 1;
    s->blocks = ug_xcalloc((size_t)s->n_blocks, sizeof *s->blocks);
    s->data = ug_xcalloc((size_t)s->n_params, sizeof *s->data);
    s->grad = ug_xcalloc((size_t)s->n_params, sizeof *s->grad);
    fill_spans(s, p);
    if (!take_memory(s, diags)) {
        ug_store_free(s);
        return NULL;
    }
    set_addresses(s, p);
    return s;
}

void ug_store_free(struct ug_store *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n_blocks; i++) {
        struct ug_block *b = &s->blocks[i];

        ug_memory_give(b->values, b->n * sizeof *b->values);
        ug_memory_give(b->grads, b->n * sizeof *b->grads);
        free(b->spans);
    }
    ug_memory_give(s->integers, s->n_integers * sizeof *s->integers);
    free(s->blocks);
    free(s->data);
    free(s->grad);
    free(s);
}
