/* accumulate.c -- sums that the kernel of a term adds up: dw = a + f(x) becomes dw = a, dw += f(x).
 *
 * A parameter that a step uses several times has a gradient of several terms, each as large as the
 * parameter.  Adding them up by themselves reads two values and writes a third; the kernel that
 * makes the later term has it at hand, and only reads what is there.  The earlier one waits for it
 * anyway, so nothing lies in memory for longer.
 */
#include "engine/graph/node.h"
#include "engine/graph/plan_parts.h"

enum { NEVER = -1 };

struct accumulating {
    struct ug_plan *plan;
    int *uses;  /* by id of what holds a value: mentions by calls and goals */
    int *made;  /* by id: the call that makes the value */
    int *phase; /* by call */
};

static void start(struct accumulating *a, const struct ug_needs *needs, struct ug_arena *arena)
{
    const struct ug_plan *plan = a->plan;
    const size_t n = (size_t)plan->graph->n;

    a->uses = ug_arena_array(arena, n, sizeof *a->uses);
    a->made = ug_arena_array(arena, n, sizeof *a->made);
    a->phase = ug_arena_array(arena, (size_t)plan->n_calls, sizeof *a->phase);
    for (size_t i = 0; i < n; i++)
        a->made[i] = NEVER;
    for (int c = 0, phase = 0; c < plan->n_calls; c++) {
        const struct ug_node *node = plan->calls[c].node;

        while (plan->phase_end[phase] <= c)
            phase++;
        a->phase[c] = phase;
        for (int i = 0; i < node->n_in; i++)
            a->uses[ug_view_source(node->in[i])->id]++;
    }
    for (int i = 0; i < needs->n_goals; i++)
        a->uses[ug_view_source(needs->goals[i].node)->id]++;
}

/* Whether a value is made for the sum that call c is, and for nothing else. */
static bool is_term(const struct accumulating *a, const struct ug_node *n, int c)
{
    return a->made[n->id] != NEVER && a->phase[a->made[n->id]] == a->phase[c] &&
           a->uses[n->id] == 1 && ug_type_equal(&n->type, &a->plan->calls[c].node->type);
}

/* Leaves the sum that call c is to the call of its later term, if that can add; else false. */
static bool hand_over(struct accumulating *a, int c)
{
    const struct ug_node *sum = a->plan->calls[c].node;
    struct ug_kernel_call *call;

    if (sum->op != &ug_op_add || !is_term(a, sum->in[0], c) || !is_term(a, sum->in[1], c))
        return false;
    const int later = a->made[sum->in[1]->id] > a->made[sum->in[0]->id];
    call = &a->plan->calls[a->made[sum->in[later]->id]];
    if (call->node != sum->in[later] || !ug_node_adds(call->node))
        return false;
    call->sum = sum;
    call->added_to = sum->in[1 - later];
    a->made[sum->id] = a->made[sum->in[later]->id];
    return true;
}

void ug_accumulate(struct ug_plan *plan, const struct ug_needs *needs)
{
    struct ug_arena *arena = ug_arena_new();
    struct accumulating a = {.plan = plan};
    bool *dropped = ug_arena_array(arena, (size_t)plan->n_calls, sizeof *dropped);
    int kept = 0;

    start(&a, needs, arena);
    for (int c = 0; c < plan->n_calls; c++)
        if (!(dropped[c] = hand_over(&a, c)))
            a.made[plan->calls[c].node->id] = c;
    for (int phase = 0, c = 0; phase < plan->n_phases; phase++) {
        for (; c < plan->phase_end[phase]; c++)
            if (!dropped[c])
                plan->calls[kept++] = plan->calls[c];
        plan->phase_end[phase] = kept;
    }
    plan->n_calls = kept;
    ug_arena_free(arena);
}
