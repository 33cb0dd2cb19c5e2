/* replay.c -- unitgraph replay: the step that a bundle holds, once more, value by value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/fuse.h"
#include "engine/graph/node.h"
#include "engine/run/bundle.h"
#include "engine/unitgraph.h"

enum { WIDEST = 44 }; /* of the columns that hold names */

/* What a value's elements are like; min, max and mean are of the finite ones. */
struct range {
    bool seen;
    int64_t n, not_finite;
    double min, max, mean;
};

struct row {
    const struct ug_node *node;
    struct range range;
};

struct replay {
    struct ug_bundle *bundle;
    struct ug_arena *arena;
    struct range *ranges; /* by node id */
    struct row *made;     /* in the order of being made, or first read */
    int n_made, made_capacity;
    FILE *out;
    int widths[3]; /* of value, op and place */
};

/* ---- Looking ---- */

static double element(const struct ug_tensor *t, int64_t i)
{
    return t->dtype == UG_F32 ? (double)((const float *)t->data)[i]
                              : (double)((const int64_t *)t->data)[i];
}

static struct range find_range(const struct ug_tensor *t)
{
    struct range r = {.seen = true, .n = ug_shape_count(&t->shape)};
    double sum = 0;

    for (int64_t i = 0; i < r.n; i++) {
        const double x = element(t, i);
        if (!isfinite(x)) {
            r.not_finite++;
            continue;
        }
        r.min = i == r.not_finite || x < r.min ? x : r.min;
        r.max = i == r.not_finite || x > r.max ? x : r.max;
        sum += x;
    }
    r.mean = r.n > r.not_finite ? sum / (double)(r.n - r.not_finite) : 0;
    return r;
}

static bool take_value(void *context, const struct ug_node *n, struct ug_tensor value)
{
    struct replay *r = context;

    const struct row row = {n, find_range(&value)};

    if (ug_is_leaf(n) && r->ranges[n->id].seen)
        return true;
    r->ranges[n->id] = row.range;
    if (n->op != &ug_op_fused && !n->n_members) /* else its members were shown */
        UG_PUSH(r->arena, r->made, r->n_made, r->made_capacity, row);
    return true;
}

/* ---- What a row says ---- */

static const char *op_name(const struct replay *r, const struct ug_node *n)
{
    if (n->op == &ug_op_param)
        return "parameter";
    if (ug_node_called(n) == n->op)
        return n->op->name;
    return ug_arena_format(r->arena, "%s: %s", ug_node_called(n)->name, n->op->name);
}

/* A line of the resolved file ends in "  # unit.yaml:41", the place where the user wrote its value.
 * One that only opens a map or a list has none: then its first member's line does. */
static const char *origin_of(const struct replay *r, struct ug_pos pos)
{
    static const char mark[] = "  # ";
    const char *line = r->bundle->config, *found = NULL;

    if (!pos.source || !pos.line)
        return "";
    for (int i = 1; i < pos.line; i++)
        line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0');
    while (*line && !found) {
        const char *end = line + strcspn(line, "\n");
        for (const char *at = line; (at = strstr(at, mark)) && at < end; at++)
            found = at + strlen(mark);
        line = *end ? end + 1 : end;
    }
    return found ? ug_arena_format(r->arena, "%.*s", (int)strcspn(found, "\n"), found) : "";
}

static void widen(int *width, const char *text)
{
    const int length = (int)strlen(text);

    if (length > *width)
        *width = length < WIDEST ? length : WIDEST;
}

static void print_row(const struct replay *r, const struct ug_node *n, const struct range *range,
                      char mark)
{
    char shape[UG_SHAPE_TEXT];

    fprintf(r->out, "%c %-*s  %-*s  %-*s  %-14s", mark, r->widths[0], ug_node_label(r->arena, n),
            r->widths[1], op_name(r, n), r->widths[2], origin_of(r, n->pos),
            ug_shape_text(&n->type.shape, shape));
    if (range->n > range->not_finite)
        fprintf(r->out, "  %10.4g  %10.4g  %10.4g", range->min, range->max, range->mean);
    else
        fprintf(r->out, "  %10s  %10s  %10s", "-", "-", "-");
    if (range->not_finite)
        fprintf(r->out, "  %9.3g%%", 100.0 * (double)range->not_finite / (double)range->n);
    fputc('\n', r->out);
}

/* ---- The table ---- */

/* Parameters that are as they should be say little; numbers in the text say nothing. */
static bool is_shown(const struct replay *r, const struct ug_node *n, bool all)
{
    if (n->op == &ug_op_constant || n->op == &ug_op_counter)
        return false;
    return all || n->op != &ug_op_param || r->ranges[n->id].not_finite;
}

static void print_table(struct replay *r, const struct ug_node *culprit, bool all)
{
    bool reached = false;

    for (int i = 0; i < r->n_made; i++) {
        widen(&r->widths[0], ug_node_label(r->arena, r->made[i].node));
        widen(&r->widths[1], op_name(r, r->made[i].node));
        widen(&r->widths[2], origin_of(r, r->made[i].node->pos));
    }
    fprintf(r->out, "  %-*s  %-*s  %-*s  %-14s  %10s  %10s  %10s  %10s\n", r->widths[0], "value",
            r->widths[1], "op", r->widths[2], "place", "shape", "min", "max", "mean", "not finite");
    for (int i = 0; i < r->n_made && (all || !reached); i++) {
        const struct ug_node *n = r->made[i].node;
        reached |= n == culprit;
        if (n == culprit || is_shown(r, n, all))
            print_row(r, n, &r->made[i].range, n == culprit ? '>' : ' ');
    }
}

/* A value under another shape has the range of what it is a view of. */
static const struct range *range_of(const struct replay *r, const struct ug_node *n)
{
    while (n->op->is_view)
        n = n->in[0];
    return &r->ranges[n->id];
}

static void print_inputs(const struct replay *r, const struct ug_node *culprit)
{
    if (!culprit || !culprit->n_in)
        return;
    fprintf(r->out, "\nwhat '%s' was computed from\n", ug_node_label(r->arena, culprit));
    for (int i = 0; i < culprit->n_in; i++)
        print_row(r, culprit->in[i], range_of(r, culprit->in[i]), ' ');
}

static void print_head(const struct replay *r, const char *path)
{
    const struct ug_bundle *b = r->bundle;

    fprintf(r->out, "%s, by unitgraph %s: step %lld of %lld, seed %llu\n", path, b->version,
            (long long)b->now.step + 1, (long long)b->now.steps, (unsigned long long)b->now.seed);
    fprintf(r->out, "  %s%s%s\n", b->place, b->place[0] ? ": " : "", b->message);
    for (int i = 0; i < b->batch.n; i++)
        if (b->samples[i][0])
            fprintf(r->out, "  %s of this batch: %s\n", b->batch.names[i], b->samples[i]);
    fputc('\n', r->out);
}

/* ---- The whole ---- */

static enum ug_status replay(struct replay *r, const char *path, bool all)
{
    struct ug_bundle *b = r->bundle;
    struct ug_fault fault;
    struct ug_step *step = ug_trainer_at(b->trainer, b->now.step);

    print_head(r, path);
    if (!step) {
        fprintf(r->out, "no optimizer takes part in this step\n");
        return UG_DONE;
    }
    r->ranges = ug_arena_array(r->arena, (size_t)step->run.graph->n, sizeof *r->ranges);
    b->trainer->look = take_value;
    b->trainer->look_context = r;
    const bool well = ug_trainer_run(b->trainer, step, &b->batch, &b->now, &fault);
    print_table(r, well ? NULL : fault.node, all);
    if (well) {
        fprintf(r->out, "\nevery value that counts is finite: the fault did not come again\n");
        return UG_DONE;
    }
    print_inputs(r, fault.node);
    fprintf(r->out, "\nstep %lld: %s\n", (long long)b->now.step + 1,
            ug_fault_text(r->arena, b->program, &fault));
    return UG_FAILED;
}

enum ug_status ug_replay(const char *bundle, bool all, FILE *out, struct ug_diags *diags)
{
    struct replay r = {.out = out};

    if (!(r.bundle = ug_bundle_open(bundle, UG_BUNDLE_AS_RUN, diags)))
        return UG_WRONG;
    r.arena = ug_arena_new();
    const enum ug_status status = replay(&r, bundle, all);
    ug_arena_free(r.arena);
    ug_bundle_close(r.bundle);
    return status;
}
