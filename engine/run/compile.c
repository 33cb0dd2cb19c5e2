/* compile.c -- the passes in their order, and less memory where a budget asks for it. */
#include "engine/run/compile.h"

#include <math.h>
#include <stdlib.h>

#include "engine/graph/fuse.h"
#include "engine/graph/savings.h"
#include "engine/model/program.h"

enum { TARGETS = 40 }; /* that are tried to meet a budget */

/* The nodes of goals, then those of links. */
static struct ug_node **roots_of(const struct ug_compile_request *r)
{
    struct ug_node **roots = ug_xcalloc((size_t)(r->n_goals + r->n_links), sizeof(*roots));

    for (int i = 0; i < r->n_goals; i++)
        roots[i] = r->goals[i].node;
    for (int i = 0; i < r->n_links; i++)
        roots[r->n_goals + i] = r->links[i].next;
    return roots;
}

static void store_roots(struct ug_compile_request *r, struct ug_node *const *roots)
{
    for (int i = 0; i < r->n_goals; i++)
        r->goals[i].node = roots[i];
    for (int i = 0; i < r->n_links; i++)
        r->links[i].next = roots[r->n_goals + i];
}

typedef struct ug_graph *pass(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* The graph after a pass takes the place of the one before. */
static struct ug_graph *run_pass(struct ug_graph *take, pass *run, struct ug_node **roots,
                                 int n_roots)
{
    struct ug_graph *g = run(take, roots, n_roots);

    ug_graph_free(take);
    return g;
}

/* Every pass but the last two, which what is computed again has to go before. */
static struct ug_graph *lower(struct ug_compile_request *r)
{
    struct ug_node **roots = roots_of(r);
    struct ug_graph *g = ug_simplify(r->graph, roots, r->n_goals + r->n_links), *chained;
    int n = r->n_goals;

    store_roots(r, roots);
    chained = ug_chain_states(g, r->links, &r->n_links, roots, n);
    ug_graph_free(g);
    for (int i = 0; i < r->n_links; i++)
        roots[n++] = r->links[i].next;
    g = run_pass(chained, ug_batch, roots, n);
    g = run_pass(g, ug_recompute, roots, n);
    store_roots(r, roots);
    free(roots);
    return g;
}

/* ---- Planning ---- */

/* A graph as it would run. */
struct attempt {
    struct ug_graph *graph;
    struct ug_node **roots;
    struct ug_plan *plan;
};

static void drop(struct attempt *a)
{
    ug_plan_free(a->plan);
    ug_graph_free(a->graph);
    free(a->roots);
    *a = (struct attempt){0};
}

/* The goals of a graph whose roots are the counterparts of the request's; the caller frees them. */
static struct ug_goal *goals_of(const struct ug_compile_request *r, struct ug_node *const *roots,
                                int *n)
{
    struct ug_goal *goals = ug_xcalloc((size_t)(r->n_goals + r->n_links), sizeof *goals);

    *n = r->n_goals + (r->keep_states ? r->n_links : 0);
    for (int i = 0; i < r->n_goals; i++)
        goals[i] = r->goals[i];
    for (int i = r->n_goals; i < *n; i++)
        goals[i].phase = r->n_phases - 1;
    for (int i = 0; i < *n; i++)
        goals[i].node = roots[i];
    return goals;
}

/* `target`: see ug_save; SIZE_MAX: nothing is computed again. */
static struct attempt attempt(const struct ug_compile_request *r, const struct ug_graph *g,
                              size_t target)
{
    const int n_roots = r->n_goals + r->n_links;
    struct attempt a = {.roots = roots_of(r)};
    struct ug_graph *lean = NULL, *read;
    struct ug_goal *goals;
    int n_goals;

    if (target < SIZE_MAX) {
        goals = goals_of(r, a.roots, &n_goals);
        lean = ug_save(g, goals, n_goals, r->n_phases, target, a.roots, n_roots);
        free(goals);
    }
    read = ug_read_through(lean ? lean : g, a.roots, n_roots);
    ug_graph_free(lean);
    a.graph = ug_fuse(read, a.roots, n_roots);
    ug_graph_free(read);
    goals = goals_of(r, a.roots, &n_goals);
    a.plan = ug_plan_new(a.graph, goals, n_goals, r->n_phases);
    free(goals);
    return a;
}

static size_t total(const struct ug_need *n)
{
    return n->blocks + n->data + n->process;
}

static bool fits(const struct ug_budget *b, const struct attempt *a)
{
    return !b || a->plan->bytes + total(&b->beside) <= b->bytes;
}

/* The memory that values of `values` bytes ask for.  With more memory, pictures take more of it:
 * those of each set, up to one part in UG_PICTURES_PART; so it is approached from below. */
static double ask_for(const struct ug_need *beside, size_t values)
{
    enum { ROUNDS = 40 }; /* each leaves less than half of what is missing */
    const double others = (double)(values + total(beside) - beside->pictures);
    double bytes = others;

    for (int round = 0; round < ROUNDS; round++) {
        const double part = bytes / UG_PICTURES_PART;
        bytes = others;
        for (int i = 0; i < UG_NEED_SETS; i++)
            bytes += fmin((double)beside->all_pictures[i], part);
    }
    return bytes;
}

static void report_least(const struct ug_budget *b, size_t least, struct ug_diags *diags)
{
    const double mib = 1024 * 1024;
    struct ug_diag *e = ug_error(
        diags, b->pos, "the least this file can do with is %.0f MiB: 'memory' allows %.0f MiB",
        ceil(ask_for(&b->beside, least) / mib), (double)b->bytes / mib);

    ug_note(e, UG_NOWHERE,
            "what a step computes takes %.0f MiB of it at its peak: smaller pictures or a smaller "
            "'batch' need less",
            (double)least / mib);
}

/* What is alive in the graph is not quite what its plan takes, for calls are still to be fused, and
 * buffers leave gaps; so one target after the other is tried, from `most` down.  They are the same
 * whatever the budget is: the least that is reported is met when it is asked for. */
static struct attempt find_target(const struct ug_compile_request *r, const struct ug_graph *g,
                                  size_t most, struct ug_diags *diags)
{
    size_t least = most;

    for (size_t i = TARGETS - 1; i > 0; i--) {
        const size_t target = most / TARGETS * i;
        struct attempt a;

        a = attempt(r, g, target);
        if (fits(r->budget, &a))
            return a;
        least = a.plan->bytes < least ? a.plan->bytes : least;
        drop(&a);
    }
    report_least(r->budget, least, diags);
    return (struct attempt){0};
}

static struct attempt fit(const struct ug_compile_request *r, const struct ug_graph *g,
                          struct ug_diags *diags)
{
    struct attempt a = attempt(r, g, SIZE_MAX);
    const size_t bytes = a.plan->bytes;

    if (fits(r->budget, &a))
        return a;
    drop(&a);
    return find_target(r, g, bytes, diags);
}

bool ug_compile(struct ug_compiled *c, struct ug_compile_request *r, struct ug_diags *diags)
{
    struct ug_graph *g = lower(r);
    struct attempt a = fit(r, g, diags);

    ug_graph_free(g);
    *c = (struct ug_compiled){.graph = a.graph};
    if (a.plan) {
        store_roots(r, a.roots);
        c->exec = ug_exec_new(a.plan, r->store, r->share, diags);
    }
    free(a.roots);
    if (!c->exec)
        ug_compiled_free(c);
    return c->exec != NULL;
}

void ug_compiled_free(struct ug_compiled *c)
{
    ug_exec_free(c->exec);
    ug_graph_free(c->graph);
    *c = (struct ug_compiled){0};
}

struct ug_state_link *ug_links_of(const struct ug_unfolded *u)
{
    struct ug_state_link *links = ug_xcalloc((size_t)u->n_updates, sizeof *links);

    for (int i = 0; i < u->n_updates; i++)
        links[i] = (struct ug_state_link){u->updates[i].param, u->updates[i].next};
    return links;
}
