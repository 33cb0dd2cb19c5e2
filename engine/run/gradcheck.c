/* gradcheck.c -- unitgraph gradcheck: gradients against differences of losses, in float64.
 *
 * What a gradient does not go through on purpose (detach, comparisons, singular vectors, draws) is
 * held still in the differences.  Compiled only where float means double: engine/base/double.h.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/gradcheck_derivatives.h"
#include "engine/run/gradcheck_source.h"

enum { WIDEST_NAME = 40, MOST_ROWS = 20 };

static const double noticeable = 1e-4; /* held back */

struct checking {
    const struct ug_gradcheck_options *options;
    struct ug_diags *diags;
    struct ug_gradcheck_source source;
    int width;
    int compared, wrong, unclear;
};

/* ---- The table ---- */

static void print_row(const struct checking *c, const char *loss, const char *group, int64_t n,
                      const struct ug_comparison *r)
{
    static const char *const words[] = {"agrees", "unclear: the loss is too rough here", "DIFFERS"};

    fprintf(c->options->out, "%-*s  %-*s  %11lld  % 14.8g  % 14.8g  %8.1e  %s\n", c->width, loss,
            c->width, group, (long long)n, r->analytic, r->numeric, ug_derivative_error(r),
            words[ug_derivative_judge(r)]);
}

/* The worst of several directions. */
static struct ug_comparison compare_all(const struct checking *c, struct ug_loss *loss,
                                        const struct ug_param_group *g)
{
    struct ug_comparison worst = ug_derivative_compare(loss, g, 0, 0);

    for (int64_t i = 1; i < c->options->directions; i++) {
        const struct ug_comparison r = ug_derivative_compare(loss, g, 0, (uint64_t)i);
        if (!(ug_derivative_error(&r) <= ug_derivative_error(&worst)))
            worst = r;
    }
    return worst;
}

/* A group that differs, parameter by parameter. */
static void print_params(const struct checking *c, struct ug_loss *loss,
                         const struct ug_param_group *g, double scale)
{
    int shown = 0;

    for (int k = 0; k < g->n; k++) {
        const struct ug_param_group one = {g->params + k, g->grads + k, 1};
        const struct ug_comparison r = ug_derivative_compare(loss, &one, scale, 0);
        if (ug_derivative_judge(&r) == UG_AGREES)
            continue;
        if (shown++ < MOST_ROWS)
            fprintf(c->options->out, "    %s: % .8g, and by differences % .8g\n",
                    one.params[0]->name, r.analytic, r.numeric);
    }
    if (shown > MOST_ROWS)
        fprintf(c->options->out, "    … and %d more\n", shown - MOST_ROWS);
}

static void print_held_back(const struct checking *c, struct ug_loss *loss,
                            const struct ug_param_group *g, double scale)
{
    double whole, back = loss->n_held ? ug_derivative_held_back(loss, g, &whole) : 0;

    if (fabs(back) > noticeable * scale)
        fprintf(c->options->out,
                "    of a change of % .5g, detach and its kin hold back % .5g: as it should be\n",
                whole, back);
}

static void check_group(struct checking *c, const char *name, struct ug_loss *loss,
                        const struct ug_param_group *g)
{
    const char *text = g->params[0]->name;
    char top[WIDEST_NAME + 1];
    int64_t elements = 0;
    bool reached = false;

    snprintf(top, sizeof top, "%.*s", (int)ug_param_top(text), text);
    for (int k = 0; k < g->n; k++) {
        elements += ug_param_count(g->params[k]);
        reached |= g->grads[k] != NULL;
    }
    if (!reached) {
        fprintf(c->options->out, "%-*s  %-*s  %11lld  not reached by the loss\n", c->width, name,
                c->width, top, (long long)elements);
        return;
    }
    const struct ug_comparison r = compare_all(c, loss, g);
    const enum ug_agreement verdict = ug_derivative_judge(&r);
    c->compared++;
    c->wrong += verdict == UG_DIFFERS;
    c->unclear += verdict == UG_UNCLEAR;
    print_row(c, name, top, elements, &r);
    print_held_back(c, loss, g, r.scale);
    if (verdict == UG_DIFFERS && g->n > 1)
        print_params(c, loss, g, r.scale);
    fflush(c->options->out);
}

/* ---- One loss ---- */

/* Names the first value that is not finite where a loss or one of its gradients is not.  False if it
 * is the loss: there is nothing to compare then. */
static bool is_finite(struct checking *c, const char *name, const struct ug_node *node,
                      struct ug_loss *loss)
{
    char text[UG_FAULT_TEXT];
    const bool finite = isfinite(ug_loss_gradient(loss));

    if (finite && ug_loss_gradients_finite(loss))
        return true;
    const struct ug_node *first = ug_loss_fault(loss);
    struct ug_diag *d =
        ug_error(c->diags, node->pos, "%s'%s' is not finite where it is to be checked",
                 finite ? "the gradient of " : "", name);
    if (first)
        ug_note(d, first->pos, "the first value: %s", ug_fault_describe(first, text));
    return finite;
}

static bool check_loss(struct checking *c, const char *name, struct ug_node *node,
                       struct ug_param *const *params, int n)
{
    struct ug_loss loss;
    const bool made = ug_loss_open(&loss, &c->source.setting, node, params, n);

    if (made) {
        const bool finite = is_finite(c, name, node, &loss);
        for (int i = 0, end; i < n && finite; i = end) {
            end = ug_params_top_end(params, i, n);
            check_group(c, name, &loss,
                        &(struct ug_param_group){params + i, (const float *const *)loss.grads + i,
                                                 end - i});
        }
    }
    ug_loss_close(&loss);
    return made;
}

/* ---- Which losses, and which parameters ---- */

/* The terms of what an optimizer minimises, one by one. */
static bool check_terms(struct checking *c, const struct ug_optimizer_spec *o,
                        const struct ug_node *minimized)
{
    const struct ug_unfolded *u = c->source.unfolded;
    bool *part = ug_xcalloc((size_t)minimized->id + 1, sizeof *part), fine = true;

    ug_mark_ancestors(u->graph, minimized, part);
    for (int i = 0; i < u->terms.n && fine; i++) {
        const struct ug_value *t = &u->terms.items[i];
        if (t->node && !t->pruned && t->node->id <= minimized->id && part[t->node->id])
            fine = check_loss(c, t->name, t->node, o->params, o->n_params);
    }
    free(part);
    return fine;
}

static bool check_optimizers(struct checking *c)
{
    const struct ug_train_spec *t = &c->source.program->train;
    bool fine = true;

    /* At the start relu's input is often 0 exactly; a step that failed is looked at where it was. */
    for (int i = 0; i < t->n_optimizers && !c->source.bundle; i++)
        ug_step_aside(&c->source.setting, t->optimizers[i].params, t->optimizers[i].n_params, 0);
    for (int i = 0; i < t->n_order && fine; i++) {
        const struct ug_optimizer_spec *o = &t->optimizers[t->order[i]];
        struct ug_node *minimized = c->source.unfolded->minimized.items[t->order[i]].node;
        fine = check_loss(c, o->name, minimized, o->params, o->n_params) &&
               (!c->options->terms || check_terms(c, o, minimized));
    }
    return fine;
}

/* Without `train`: every loss, and all parameters. */
static bool check_losses(struct checking *c)
{
    const struct ug_values *losses = &c->source.unfolded->losses;
    int n_all, n = 0;
    struct ug_param **params = ug_program_list_params(c->source.program, &n_all);
    bool fine = true;

    for (int i = 0; i < n_all; i++)
        if (params[i]->owner == params[i] && params[i]->kind == UG_TRAINED)
            params[n++] = params[i];
    ug_step_aside(&c->source.setting, params, n, 0);
    for (int i = 0; i < losses->n && fine; i++)
        if (losses->items[i].node && !losses->items[i].pruned)
            fine = check_loss(c, losses->items[i].name, losses->items[i].node, params, n);
    return fine;
}

/* ---- The command ---- */

static size_t longer(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void find_width(struct checking *c)
{
    const struct ug_params *params = c->source.program->params;
    const struct ug_values *lists[] = {&c->source.unfolded->losses, &c->source.unfolded->terms};
    size_t width = 10;

    for (int i = 0; i < params->n; i++)
        width = longer(width, ug_param_top(params->items[i]->name));
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < lists[k]->n; i++)
            width = longer(width, strlen(lists[k]->items[i].name));
    c->width = width < WIDEST_NAME ? (int)width : WIDEST_NAME;
}

static void print_head(const struct checking *c, const char *file)
{
    if (c->source.bundle)
        fprintf(c->options->out, "%s: step %lld in float64, at the parameters as it found them\n\n",
                file, (long long)c->source.setting.now.step + 1);
    fprintf(c->options->out, "%-*s  %-*s  %11s  %14s  %14s  %8s\n", c->width, "loss", c->width,
            "parameters of", "elements", "by gradient", "by differences", "error");
}

static enum ug_status check(struct checking *c, const char *file)
{
    if (!ug_gradcheck_load(&c->source, file, c->options, c->diags))
        return UG_WRONG;
    if (!ug_gradcheck_read(&c->source, c->diags))
        return UG_FAILED;
    find_width(c);
    print_head(c, file);
    if (!(c->source.program->train.present ? check_optimizers(c) : check_losses(c)))
        return UG_FAILED;
    fprintf(c->options->out, "\n%d compared: %d agree, %d differ, %d unclear\n", c->compared,
            c->compared - c->wrong - c->unclear, c->wrong, c->unclear);
    return c->wrong || ug_diags_errors(c->diags) ? UG_FAILED : UG_DONE;
}

enum ug_status ug_gradcheck(const char *file, const struct ug_gradcheck_options *o,
                            struct ug_diags *diags)
{
    struct checking c = {.options = o, .diags = diags};
    const enum ug_status status = check(&c, file);

    ug_gradcheck_close(&c.source);
    return status;
}
