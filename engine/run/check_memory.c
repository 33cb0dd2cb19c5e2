/* check_memory.c -- what a step computes, what a run keeps, and which values it keeps at the peak. */
#include "engine/run/check_memory.h"

#include "engine/base/amount.h"
#include "engine/graph/node.h"
#include "engine/graph/peak.h"
#include "engine/run/footprint.h"

enum { MOST_VALUES = 5 };

static void show_amount(FILE *out, const char *what, double n, const char *unit, const char *remark)
{
    char text[UG_AMOUNT_TEXT];

    fprintf(out, "  %-20s %s%s\n", what, ug_amount_short(n, unit, text), remark);
}

/* ---- Arithmetic ---- */

/* Of calls that repeat what the forward pass did. */
static double repeated_flops(const struct ug_plan *plan)
{
    double flops = 0;

    for (int i = 0; i < plan->n_calls; i++)
        if (plan->calls[i].node->recomputed)
            flops += ug_node_flops(plan->calls[i].node);
    return flops;
}

static void show_arithmetic(const struct ug_plan *plan, FILE *out)
{
    const double again = plan ? repeated_flops(plan) : 0;
    char text[UG_AMOUNT_TEXT];

    show_amount(out, "arithmetic", plan ? plan->flops : 0, "FLOP", " a step, forward and backward");
    if (again > 0)
        fprintf(out, "  %-20s %s of it (%.1f %%), instead of keeping it\n", "computed again",
                ug_amount_short(again, "FLOP", text), 100 * again / (plan->flops - again));
}

/* ---- Memory ---- */

static void show_footprint(const struct ug_footprint *f, FILE *out)
{
    fputs("\nmemory\n", out);
    show_amount(out, "blocks", (double)f->blocks, "B",
                ": parameters, gradients, moments, averages");
    show_amount(out, "values", (double)f->values, "B", ": all that a step computes, at its peak");
    if (f->data)
        show_amount(out, "data", (double)f->data, "B", ": pictures, and batches read ahead");
    show_amount(out, "program", (double)f->process, "B", ": code, libraries, threads");
    show_amount(out, "in all", (double)ug_footprint_sum(f), "B", "");
}

/* "conv2d", and where it stands: "unit.yaml:41" */
static const char *origin_of(struct ug_arena *a, const struct ug_node *n)
{
    const char *op = ug_node_called(n)->name;

    return n->pos.source ? ug_arena_format(a, "%s, %s:%d", op, n->pos.source->path, n->pos.line)
                         : op;
}

static void show_peak(const struct ug_plan *plan, FILE *out)
{
    struct ug_arena *a = ug_arena_new();
    const struct ug_peak peak = ug_peak_of(a, plan);
    char bytes[UG_AMOUNT_TEXT], shape[UG_SHAPE_TEXT];

    if (peak.during)
        fprintf(out, "\nlargest values where they take most, during %s\n",
                ug_node_label(a, peak.during));
    for (int i = 0; i < peak.n && i < MOST_VALUES; i++) {
        const struct ug_held *h = &peak.held[i];

        fprintf(out, "  %-9s %-16s %s%s (%s)\n", ug_amount_short((double)h->bytes, "B", bytes),
                h->scratch ? "" : ug_shape_text(&h->node->type.shape, shape),
                h->scratch ? "room to work in for " : "", ug_node_label(a, h->node),
                origin_of(a, h->node));
    }
    ug_arena_free(a);
}

bool ug_check_memory(const struct ug_trainer *t, const struct ug_dataset *data, FILE *out,
                     struct ug_diags *diags)
{
    const struct ug_plan *plan = t->n_steps ? ug_exec_plan(t->steps[0]->run.exec) : NULL;
    struct ug_footprint f;

    if (!ug_footprint_of(t, data, &f, diags))
        return false;
    show_arithmetic(plan, out);
    show_footprint(&f, out);
    if (plan)
        show_peak(plan, out);
    return true;
}
