/* trace.c -- complete events ("ph": "X") of Chrome's Trace Event Format, times in microseconds. */
#include "engine/run/trace.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/graph/fuse.h"
#include "engine/run/progress.h"

enum { SKIPPED = 2 /* first steps of a session, which touch memory for the first time */ };

struct ug_trace {
    const char *path;
    struct ug_trainer *trainer;
    int64_t step; /* the one to show; -1: it has been written */
    struct ug_step_times times;
};

struct ug_trace *ug_trace_new(const char *path, struct ug_trainer *t, int64_t first, int64_t until)
{
    struct ug_trace *trace = ug_xcalloc(1, sizeof *trace);
    int most = 0;

    for (int i = 0; i < t->n_steps; i++) {
        const int n = ug_exec_plan(t->steps[i]->run.exec)->n_calls;
        most = n > most ? n : most;
    }
    *trace = (struct ug_trace){.path = path, .trainer = t, .step = first + SKIPPED};
    if (trace->step >= until)
        trace->step = until - 1;
    trace->times.calls = ug_xcalloc((size_t)most + 1, sizeof *trace->times.calls);
    trace->times.updates =
        ug_xcalloc((size_t)t->program->train.n_optimizers, sizeof *trace->times.updates);
    t->times = &trace->times;
    return trace;
}

void ug_trace_free(struct ug_trace *trace)
{
    if (!trace)
        return;
    trace->trainer->times = NULL;
    free(trace->times.calls);
    free(trace->times.updates);
    free(trace);
}

/* ---- Events ---- */

/* An event from `zero` on; takes `details`. */
static void add_event(json_t *events, const char *name, const char *category, struct ug_time when,
                      double zero, json_t *details)
{
    json_array_append_new(
        events, json_pack("{s:s, s:s, s:s, s:f, s:f, s:i, s:i, s:o}", "name", name, "cat", category,
                          "ph", "X", "ts", 1e6 * (when.start - zero), "dur",
                          1e6 * (when.end - when.start), "pid", 1, "tid", 1, "args", details));
}

/* "relu+add", for a fused node; else the op's name, and before it those that it reads through. */
static const char *name_of(struct ug_arena *a, const struct ug_node *n)
{
    const struct ug_fused *f = n->attrs;
    const char *name = "";

    for (int i = 0; n->through && i < n->n_in; i++)
        if (n->through[i])
            name = ug_arena_format(a, "%s%s+", name, n->through[i]->op->name);
    if (n->op != &ug_op_fused)
        return ug_arena_format(a, "%s%s", name, n->op->name);
    for (int i = 0; i < f->n; i++)
        name = ug_arena_format(a, "%s%s%s", name, i ? "+" : "", f->steps[i].node->op->name);
    return name;
}

/* "1x64x32x32, 64 -> 1x64x32x32" */
static const char *shapes_of(struct ug_arena *a, const struct ug_node *n)
{
    char text[UG_SHAPE_TEXT];
    const char *shapes = "";

    for (int i = 0; i < n->n_in; i++)
        shapes = ug_arena_format(a, "%s%s%s", shapes, i ? ", " : "",
                                 ug_shape_text(&n->in[i]->type.shape, text));
    return ug_arena_format(a, "%s -> %s", shapes, ug_shape_text(&n->type.shape, text));
}

static const char *source_of(struct ug_arena *a, struct ug_pos pos)
{
    return pos.source ? ug_arena_format(a, "%s:%d:%d", pos.source->path, pos.line, pos.column) : "";
}

static void add_call(json_t *events, struct ug_arena *a, const struct ug_trace *trace,
                     const struct ug_step *s, int c, int phase, double zero)
{
    const struct ug_kernel_call *call = &ug_exec_plan(s->run.exec)->calls[c];
    const struct ug_node *n = call->node;
    const struct ug_time when = trace->times.calls[c];
    const double flops = ug_call_flops(call), seconds = when.end - when.start;

    add_event(events, name_of(a, n),
              n->recomputed ? "computed again"
              : n->backward ? "backward"
                            : "forward",
              when, zero,
              json_pack("{s:s, s:s, s:f, s:f, s:i, s:i, s:s}", "value", n->place ? n->place : "",
                        "shapes", shapes_of(a, n), "GFLOP", 1e-9 * flops, "GFLOP/s",
                        seconds > 0 ? 1e-9 * flops / seconds : 0, "threads",
                        ug_exec_threads(s->run.exec, c), "phase", phase, "file",
                        source_of(a, n->pos)));
}

static json_t *make_events(struct ug_arena *a, const struct ug_trace *trace,
                           const struct ug_step *s, int64_t step, double asked)
{
    const struct ug_plan *plan = ug_exec_plan(s->run.exec);
    const struct ug_step_times *t = &trace->times;
    json_t *events = json_array();

    json_array_append_new(events, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "name", "thread_name",
                                            "ph", "M", "pid", 1, "tid", 1, "args", "name",
                                            ug_arena_format(a, "step %lld", (long long)step + 1)));
    add_event(events, "wait for data", "data", (struct ug_time){asked, t->whole.start}, asked,
              json_object());
    for (int phase = 0, c = 0; phase < s->n_phases; phase++) {
        for (; c < plan->phase_end[phase]; c++)
            add_call(events, a, trace, s, c, phase, asked);
        for (int i = 0; i < s->phases[phase].n; i++) {
            const int optimizer = s->phases[phase].optimizers[i];
            add_event(events, trace->trainer->program->train.optimizers[optimizer].name, "update",
                      t->updates[optimizer], asked, json_pack("{s:i}", "phase", phase));
        }
    }
    add_event(events, "keep", "end", t->keeping, asked, json_object());
    return events;
}

/* ---- Writing ---- */

static bool write_trace(const struct ug_trace *trace, const struct ug_step *s, int64_t step,
                        double asked, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    json_t *all = json_pack("{s:s, s:o}", "displayTimeUnit", "ms", "traceEvents",
                            make_events(a, trace, s, step, asked));
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    bool written = false;

    if (text)
        written = ug_file_write(trace->path, text, strlen(text), diags);
    else
        ug_error(diags, UG_NOWHERE, "cannot write '%s': out of memory", trace->path);
    free(text);
    json_decref(all);
    ug_arena_free(a);
    return written;
}

bool ug_trace_step(struct ug_trace *trace, const struct ug_step *s, int64_t now, double asked,
                   struct ug_diags *diags)
{
    if (now < trace->step || trace->step < 0)
        return true;
    trace->step = -1;
    trace->trainer->times = NULL;
    return write_trace(trace, s, now, asked, diags);
}
