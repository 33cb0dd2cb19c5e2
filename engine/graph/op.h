/* op.h -- what an operation is.
 *
 * An operation is one constant struct ug_op in a file of ops/, listed in its family's table there.
 * The checker of expressions, `unitgraph ops`, DOT, the planner, the profiler and the tests read
 * that struct; nothing else in the project knows an operation by name.
 *
 * There are two levels in one list:
 *  - what a user calls: it has `args`, and either is one node itself or has `build`, which emits
 *    nodes (conv2d pads, makes its parameters, convolves and adds a bias);
 *  - what a graph is made of: it has `infer` and a kernel (`map` or `run`).  One that only other
 *    ops emit is `internal`.
 * Many ops are both.  Descriptors are static: nobody frees them.
 */
#ifndef UG_OP_H
#define UG_OP_H

#include "engine/graph/tensor.h"

struct ug_builder;
struct ug_call;
struct ug_node;

/* ---- Arguments, as a user writes them ---- */

enum ug_arg_type {
    UG_TENSOR,  /* a tensor; a number becomes a scalar constant */
    UG_TENSORS, /* all positional tensors from here on, or one list of them (cat) */
    UG_BIAS,    /* true, false, or the tensor to use (bias= of a layer) */
    UG_INT,     /* int64_t */
    UG_FLOAT,   /* double */
    UG_BOOL,    /* bool */
    UG_WORD,    /* int: index into `words` */
    UG_MODE,    /* bool: true, false, or auto = whether the graph is built for training */
    UG_PAIR,    /* int64_t[2]: one number for both, or [h, w] */
    UG_INTS,    /* struct ug_ints: one number or a list */
    UG_LIKE,    /* struct ug_ints: the shape of a tensor, or a list of extents */
    UG_INIT     /* struct ug_init */
};

struct ug_ints {
    int n; /* -1: not given */
    int64_t v[UG_MAX_RANK];
};

/* Settings of the internal op "slice", to which the language lowers x[:, 0:3]: of axis i (of the
 * input's `rank` axes) the elements start[i] <= k < stop[i].  An axis with `drop` has one element,
 * and is not among the output's axes (an integer index). */
struct ug_slice_attrs {
    int64_t start[UG_MAX_RANK], stop[UG_MAX_RANK];
    int64_t rank;
    bool drop[UG_MAX_RANK];
};

struct ug_arg {
    const char *name, *doc;
    enum ug_arg_type type;
    size_t offset;            /* of the field in the op's attrs struct; tensors have none */
    const char *initial;      /* the default as a user would write it; NULL = required; "none" =
                                 may be absent (ug_call_given tells); the name of an earlier
                                 argument = its value */
    double min, max;          /* for numbers, inclusive; both 0 = any */
    const char *const *words; /* UG_WORD: the choices, NULL-ended */
    bool keyword;             /* by name only */
    bool named;               /* UG_TENSOR: a value by its name, none that is computed in place */
};

/* ---- Shape rule ---- */

struct ug_inference {
    const void *attrs;
    int n_in;
    const struct ug_type *in;
    struct ug_type out; /* to be set */
    char *error;        /* where ug_reject writes; UG_ERROR_TEXT bytes */
};
enum { UG_ERROR_TEXT = 400 };

/* Says why the inputs do not fit; always false.  The builder adds op, shapes, and where each
 * came from. */
bool ug_reject(struct ug_inference *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- Kernels ---- */

/* Elementwise: n elements of contiguous runs, at most UG_MAP_BLOCK; out may be an input that
 * `in_place` names. */
enum { UG_MAP_BLOCK = 1024 };
typedef void ug_map(const void *attrs, int64_t n, const float *const *in, float *out);

/* What a kernel is to do to an input as it reads it: an elementwise op of one input, which may
 * write over it, and leaves zeros as they are.  Without `map`: nothing. */
struct ug_reading {
    ug_map *map;
    const void *attrs;
};

/* What a kernel sees.  Shapes are settled, so it has no way to fail.  Outputs never overlap inputs
 * unless the op says so in `in_place`.  Kernels run their own OpenMP loops, over pieces and sums
 * whose cut does not depend on the number of threads. */
struct ug_kernel {
    const void *attrs;
    int n_in;
    const struct ug_tensor *in;
    struct ug_tensor out;
    void *scratch; /* op->scratch() bytes, 64-byte aligned; NULL for 0 */
    bool adds;     /* the result is added to what lies in out: only where op->adds */
    const struct ug_reading *reading; /* by input, if the op `reads`; NULL: nothing to be done */
    uint64_t seed, step;              /* of the run, for random ops and `step` */
};

/* ---- Algorithms, of ops that have several ---- */

/* One that serves the shapes at hand. */
struct ug_way {
    int id; /* as struct ug_ways knows it */
    const char *name;
    double seconds; /* that it should take on one core, by the op's own account */
    size_t scratch; /* bytes */
    bool taken;     /* it is what the op's kernel does */
};
enum { UG_MOST_WAYS = 8, UG_WAY_INPUTS = 2, UG_WAY_TEXT = 80 };

/* A number that such accounts rest on. */
struct ug_cost {
    const char *name, *doc;
    double value;
};

struct ug_ways {
    int (*list)(const void *attrs, const struct ug_type *in, const struct ug_type *out,
                struct ug_way ways[UG_MOST_WAYS]); /* how many */
    void (*run)(const struct ug_kernel *k, int id);
    /* The shapes in short, "3x3 256->256 @64x64", with what is unusual: "stride 2". */
    void (*describe)(const void *attrs, const struct ug_type *in, const struct ug_type *out,
                     char text[UG_WAY_TEXT]);
    /* Shapes that are worth timing: fills settings (attrs_size bytes of 0) and types of inputs; how
     * many inputs, 0 past the last shape. */
    int (*sample)(int i, void *attrs, struct ug_type in[UG_WAY_INPUTS]);
    const struct ug_cost *costs; /* ends with a NULL name */
};

struct ug_op {
    const char *name;          /* as written in YAML; internal ones too have unique names */
    const char *summary;       /* one sentence */
    const char *formula;       /* formula or source (paper, equation) */
    const char *example;       /* YAML file that the tests load and run; NULL if internal */
    const struct ug_arg *args; /* in call order, ends with a NULL name; NULL if internal */
    size_t attrs_size;         /* of the attrs: plain data, equal bytes = equal settings */
    const char *extra_hint;    /* for somebody who gives one argument too many; or NULL */
    bool internal;             /* no user calls it */
    bool returns_list;         /* build hands back several values (split) */
    bool has_parameters;       /* a layer: not to be called in losses, metrics, translate */
    bool plain_init;           /* a layer whose weight the plain form of a scope's init means */
    bool is_product;           /* of its two inputs, of which a constant is a factor */

    /* Emits the nodes of a user's call; see call.h.  NULL: the call is one node of this op, its
     * tensor arguments the inputs.  NULL result: it failed and said why. */
    struct ug_node *(*build)(struct ug_call *call);

    /* Sets t->out; false through ug_reject.  NULL with `map`: inputs broadcast, and
     * labels among them become float32. */
    bool (*infer)(struct ug_inference *t);

    /* One of the two kernels; neither for leaves and for what `build` wholly replaces. */
    ug_map *map;
    void (*run)(const struct ug_kernel *k);
    size_t (*scratch)(const void *attrs, const struct ug_type *in, const struct ug_type *out);
    const struct ug_ways *ways; /* NULL: there is one way */
    /* Bit i: for such shapes the kernel heeds ug_kernel.reading of input i.  NULL: it never does. */
    unsigned (*reads)(const void *attrs, const struct ug_type *in, const struct ug_type *out);

    /* Emits nodes for the gradient of each input, given dy, the gradient of the output y: sets
     * dx[i], which come in NULL; leave NULL where nothing flows.  Skip inputs that `wanted` says
     * nobody asks for.  The engine adds up fan-out and sums over broadcast axes.  Being ordinary
     * nodes, they are differentiable themselves.  NULL: no gradient, which `why_no_gradient`
     * explains; it counts as zero, or, where that would be wrong, asking for it is an error
     * (`refuses_gradient`). */
    void (*gradient)(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                     const bool *wanted, struct ug_node **dx);
    const char *why_no_gradient;
    bool refuses_gradient;
    /* A metric of two whole sets [N, …], the op's only inputs, and no mean over samples: `validate`
     * gathers them and runs it once. */
    bool of_sets;
    bool higher_is_better; /* of a metric: what `checkpoint: {best: …}` keeps; else lower */

    /* Of an op whose last input holds int64 labels: how many classes there are.  What is computed
     * from a label that is none is not finite; the run that stops there names the sample. */
    int64_t (*classes)(const struct ug_type *in, const struct ug_type *out);

    /* Something simpler that is worth the same, from nodes of b's graph (the node's inputs are
     * simplified already), or NULL: x * 1 is x.  NULL: there is no such rule. */
    struct ug_node *(*simplify)(struct ug_builder *b, const struct ug_node *n);
    /* The same for a value of this op summed to a shape that broadcasts to its own. */
    struct ug_node *(*simplify_sum)(struct ug_builder *b, const struct ug_node *n,
                                    const struct ug_shape *to);

    /* Multiplications and additions of one run; NULL: one per output element. */
    double (*flops)(const void *attrs, const struct ug_type *in, const struct ug_type *out);

    unsigned in_place; /* bit i: the output may lie where input i lay, if shape and type agree */
    /* Whether run() can add its result to what lies in the output's place (k->adds), to the bits
     * that a sum of both would have.  NULL: no. */
    bool (*adds)(const void *attrs, const struct ug_type *in, const struct ug_type *out);
    bool is_view; /* the output is input 0 under another shape: no kernel, no memory */
    /* Of a view that shows a part of input 0: how many bytes into it the part begins.  NULL: a view
     * of the whole. */
    size_t (*view_at)(const void *attrs, const struct ug_type *in);

    /* Samples of a batch follow one another along axis 0.  Bit i: the output is a batch, each sample
     * computed from that sample of input i (and of the others so marked), and from all of the
     * inputs not marked.  Then runs over several batches can be one over all of them: see
     * ug_batch.  Elementwise ops need not say so. */
    unsigned per_sample;
    /* Whether such an op does so not after all, with these settings and this type of input 0: a sum
     * over axis 0 does not.  NULL: it always does. */
    bool (*mixes)(const void *attrs, const struct ug_type *in);
    unsigned sums_samples; /* the same, but the output is a sum over samples */
    /* Makes attrs of such an op those for n times as many samples; false: there are none.  NULL:
     * they are the same. */
    bool (*widen)(void *attrs, int64_t n);

    int state_input;   /* 1 + index of the input that is a state's old value, in ops that a call
                            with state is made of; calls at two places never share such a node */
    unsigned due_with; /* of an op whose output is a state's next value: bit i: the update is due
                            in a step that computes input i for something else (the statistics of a
                            batch); always due where its own output is asked for */
};

/* ---- The registry ---- */

const struct ug_op *ug_op_find(const char *name);       /* NULL if unknown */
const struct ug_op *ug_op_next(const struct ug_op *op); /* NULL starts, NULL ends */
const char *ug_op_family(const struct ug_op *op);       /* "layers", "activations", … */

/* A family: one table a file of ops/, listed in ops/registry.c. */
struct ug_op_family {
    const char *name;
    const struct ug_op *const *ops; /* NULL-ended */
};

/* For ops that only move values. */
double ug_no_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out);

#endif
