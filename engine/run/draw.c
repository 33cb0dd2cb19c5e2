/* draw.c -- unitgraph dot: the graph of an experiment, with its gradients if they are asked for. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/build.h"
#include "engine/run/draw.h"
#include "engine/run/load.h"
#include "engine/unitgraph.h"

/* Adds to the graph the gradients of what one optimizer minimises. */
static bool differentiate(struct ug_unfolded *u, struct ug_node *loss,
                          struct ug_param *const *params, int n, struct ug_diags *diags)
{
    struct ug_node **x = ug_arena_array(u->graph->arena, (size_t)n, sizeof(*x));
    struct ug_node **dx = ug_arena_array(u->graph->arena, (size_t)n, sizeof(*dx));
    struct ug_builder b = {.graph = u->graph, .diags = diags, .training = true, .backward = true};

    for (int i = 0; i < n; i++)
        x[i] = ug_param_node(&b, params[i]);
    return ug_differentiate(&b, loss, x, n, dx);
}

static bool add_gradients(const struct ug_program *p, struct ug_unfolded *u, struct ug_diags *diags)
{
    for (int i = 0; i < u->minimized.n; i++) {
        const struct ug_optimizer_spec *o = &p->train.optimizers[i];
        if (!differentiate(u, u->minimized.items[i].node, o->params, o->n_params, diags))
            return false;
    }
    if (u->minimized.n)
        return true;
    for (int i = 0; i < u->losses.n; i++)
        if (!differentiate(u, u->losses.items[i].node, p->params->items, p->params->n, diags))
            return false;
    return true;
}

/* The file's name without folder and ending. */
static const char *title_of(struct ug_arena *a, const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;

    return ug_arena_copy(a, name, strcspn(name, "."));
}

static const char *const *network_names(const struct ug_program *p)
{
    const char **names = ug_arena_array(p->arena, (size_t)p->n_networks + 1, sizeof *names);

    for (int i = 0; i < p->n_networks; i++)
        names[i] = p->networks[i].name;
    return names;
}

bool ug_draw(struct ug_program *p, const char *file, enum ug_detail detail, bool backward,
             FILE *out, struct ug_diags *diags)
{
    const struct ug_request request = {.want = UG_WANT_VALUES | UG_WANT_LOSSES | UG_WANT_OPTIMIZED,
                                       .training = true};
    struct ug_unfolded *u = ug_unfold(p, &request, diags);
    const bool whole = u && (!backward || add_gradients(p, u, diags));

    if (whole)
        ug_dot_write(u->graph, title_of(p->arena, file), detail, network_names(p), out);
    ug_unfolded_free(u);
    return whole;
}

enum ug_status ug_dot(const char *file, const struct ug_overrides *o, enum ug_dot_level level,
                      bool backward, FILE *out, struct ug_diags *diags)
{
    static const enum ug_detail details[] = {[UG_DOT_NETWORK] = UG_DETAIL_NETWORK,
                                             [UG_DOT_LAYER] = UG_DETAIL_LAYER,
                                             [UG_DOT_OP] = UG_DETAIL_OP};
    struct ug_program *p = ug_load_bare(file, o->sets, o->n_sets, diags);

    if (p && !ug_diags_errors(diags))
        ug_draw(p, file, details[level], backward, out, diags);
    ug_program_free(p);
    return ug_diags_errors(diags) || !p ? UG_WRONG : UG_DONE;
}
