/* translation_size.c -- the graph of an entry for one size of pictures. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/apart.h"
#include "engine/run/samples.h"
#include "engine/run/translation.h"

enum {
    LARGEST_MULTIPLE = 256,
    PIXELS = 1 << 16, /* of a batch: as many as give every thread enough to do */
    MOST = 64         /* pictures of a batch */
};

/* The input for pictures of a size; without a name where the entry has none. */
static struct ug_input input_for(const struct ug_translation *t, struct ug_extent s, int64_t batch)
{
    struct ug_input in = {.name = ug_translation_spec(t)->from, .data = t->data, .type = t->input};

    in.type.shape.dim[0] = batch;
    in.type.shape.dim[2] = s.height;
    in.type.shape.dim[3] = s.width;
    return in;
}

static struct ug_request request_for(const struct ug_translation *t, const struct ug_input *in)
{
    return (struct ug_request){
        .want = UG_WANT_TRANSLATE,
        .batch = in->type.shape.dim[0],
        .types = in,
        .n_types = in->name ? 1 : 0,
        .translate = t->entry,
    };
}

/* What the entry makes of pictures of a size; NULL, after an error, where it cannot take them. */
static struct ug_unfolded *unfold_at(struct ug_translation *t, struct ug_extent s, int64_t batch,
                                     struct ug_diags *diags)
{
    const struct ug_input in = input_for(t, s, batch);
    const struct ug_request request = request_for(t, &in);
    const size_t before = ug_diags_errors(diags);
    struct ug_unfolded *u = ug_unfold(t->trained.program, &request, diags);

    if (u && ug_diags_errors(diags) == before && u->extra.n == 1 &&
        ug_samples_check(&u->extra.items[0], diags))
        return u;
    ug_unfolded_free(u);
    return NULL;
}

static struct ug_extent size_of(const struct ug_unfolded *u)
{
    const int64_t *dim = u->extra.items[0].node->type.shape.dim;

    return (struct ug_extent){dim[2], dim[3]};
}

static struct ug_extent round_up(struct ug_extent s, int64_t multiple)
{
    return (struct ug_extent){(s.height + multiple - 1) / multiple * multiple,
                              (s.width + multiple - 1) / multiple * multiple};
}

/* Whether pictures of a size pass through the network, and come out in the proportion they do in
 * training: 65 rows that come out as 64 lost one on the way. */
static bool passes(struct ug_translation *t, struct ug_extent s)
{
    const int64_t *in = t->input.shape.dim;
    struct ug_diags *unheard = ug_diags_new();
    struct ug_unfolded *u = unfold_at(t, s, 1, unheard);
    bool fits = false;

    if (u) {
        const struct ug_extent out = size_of(u);
        fits = out.height * in[2] == s.height * t->reference.height &&
               out.width * in[3] == s.width * t->reference.width;
    }
    ug_unfolded_free(u);
    ug_diags_free(unheard);
    return fits;
}

/* The nearest multiple of the smallest number that serves. */
bool ug_translation_pad(struct ug_translation *t, struct ug_extent s, struct ug_extent *padded)
{
    for (int64_t m = 1; m <= LARGEST_MULTIPLE; m += m < 64 ? 1 : 32) {
        *padded = round_up(s, m);
        if (passes(t, *padded))
            return true;
    }
    struct ug_unfolded *u = unfold_at(t, s, 1, t->diags); /* its message says why */
    if (u)
        ug_error(t->diags, ug_translation_spec(t)->pos,
                 "'%s' cannot keep the proportions of %lldx%lld pictures",
                 ug_translation_spec(t)->name, (long long)s.width, (long long)s.height);
    ug_unfolded_free(u);
    return false;
}

/* The entry at the size of training: tells how sizes change on the way. */
bool ug_translation_measure(struct ug_translation *t)
{
    const struct ug_extent s = {t->input.shape.dim[2], t->input.shape.dim[3]}; /* 0: draws */
    struct ug_unfolded *u = unfold_at(t, s, 1, t->diags);

    if (u)
        t->reference = size_of(u);
    ug_unfolded_free(u);
    return u != NULL;
}

struct ug_extent ug_translation_result(const struct ug_translation *t, struct ug_extent s)
{
    const int64_t *trained = t->input.shape.dim;

    return (struct ug_extent){(s.height * t->reference.height + trained[2] / 2) / trained[2],
                              (s.width * t->reference.width + trained[3] / 2) / trained[3]};
}

/* ---- The view ---- */

/* Whether each picture of a batch comes out as it would alone. */
static bool keeps_apart(struct ug_translation *t, struct ug_extent padded, int64_t batch)
{
    struct ug_diags *unheard = ug_diags_new();
    struct ug_unfolded *one = unfold_at(t, padded, 1, unheard);
    struct ug_unfolded *many = unfold_at(t, padded, batch, unheard);
    const bool apart =
        one && many && one->extra.items[0].node->id == many->extra.items[0].node->id &&
        ug_graph_keeps_apart(one->graph, many->graph, batch, one->extra.items[0].node);

    ug_unfolded_free(one);
    ug_unfolded_free(many);
    ug_diags_free(unheard);
    return apart;
}

int64_t ug_translation_batch(struct ug_translation *t, struct ug_extent padded, int64_t n)
{
    const int64_t pixels = padded.height * padded.width;
    int64_t most = pixels < PIXELS ? PIXELS / pixels : 1;

    most = most < MOST ? most : MOST;
    const int64_t batches = (n + most - 1) / most, batch = (n + batches - 1) / batches;
    return batch > 1 && keeps_apart(t, padded, batch) ? batch : 1;
}

static bool open_view(struct ug_translation *t, struct ug_extent padded, int64_t batch)
{
    const struct ug_translate_spec *spec = ug_translation_spec(t);
    const struct ug_input in = input_for(t, padded, batch);
    const struct ug_request request = request_for(t, &in);
    const struct ug_look look = ug_trained_look(&t->trained);

    ug_view_close(&t->view);
    if (!ug_view_open(&t->view, &look, &request, t->diags))
        return false;
    for (int i = 0; i < t->view.run.graph->n; i++) {
        const struct ug_node *n = t->view.run.graph->nodes[i];
        const char *name =
            n->op == &ug_op_input ? ((const struct ug_input_attrs *)n->attrs)->name : NULL;
        if (!name || (spec->from && !strcmp(name, spec->from)))
            continue;
        ug_error(t->diags, spec->pos, "'%s' needs the input '%s' as well, which nothing gives",
                 spec->name, name);
        return false;
    }
    return true;
}

bool ug_translation_fit(struct ug_translation *t, struct ug_extent padded, int64_t batch)
{
    const int64_t n = t->input.shape.dim[1] * padded.height * padded.width;

    if (t->batch == batch && t->padded.height == padded.height && t->padded.width == padded.width)
        return true;
    t->batch = 0;
    if (!open_view(t, padded, batch))
        return false;
    free(t->values);
    t->values = ug_xcalloc((size_t)(batch * n), sizeof(float));
    t->padded = padded;
    t->batch = batch;
    ug_exec_bind(t->view.run.exec, ug_translation_spec(t)->from, t->values);
    return true;
}

bool ug_translation_open(struct ug_translation *t)
{
    return open_view(t, (struct ug_extent){0}, 1);
}
