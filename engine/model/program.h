/* program.h -- an experiment, elaborated: what a file means, before any graph is run.
 *
 * ug_program_load reads, checks and resolves everything that does not depend on tensors.
 * ug_unfold then makes a graph of what is asked for (training step, samples, metrics, a translation),
 * for given batch and picture sizes; all graphs of a program share its parameters.
 */
#ifndef UG_PROGRAM_H
#define UG_PROGRAM_H

#include "engine/graph/graph.h"
#include "engine/model/document.h"
#include "engine/model/expr.h"

/* ---- Data (language.md 5) ---- */

enum ug_data_kind {
    UG_DATA_IMAGES,
    UG_DATA_IDX,
    UG_DATA_SYNTHETIC,
    UG_DATA_TENSORS,
    UG_DATA_LABELS_OF
};
enum ug_invert { UG_INVERT_NO, UG_INVERT_YES, UG_INVERT_BOTH };

struct ug_data_entry {
    const char *name;
    enum ug_data_kind kind;
    struct ug_pos pos;          /* of the entry's key */
    struct ug_pos path_pos;     /* of the source's value; synthetic: of the scene */
    struct ug_pos domain_pos;   /* synthetic: */
    const char *path;           /* resolved: folder, list, glob, IDX file, safetensors file */
    const char *labels_path;    /* idx: or NULL */
    const char *key;            /* tensors: */
    const char *scene, *domain; /* synthetic: */
    int64_t count;
    uint64_t scene_seed;
    const char *of;   /* labels_of: */
    const char *pair; /* or NULL */
    int64_t size[2];  /* [h, w]; 0 = as the pictures are */
    int64_t resize;   /* shorter side; 0 = none */
    int64_t channels; /* 1, 3, or 0 = as the pictures are */
    double range[2];  /* what black and white become */
    int64_t limit;    /* 0 = all */
    bool flip, shuffle, skip_broken;
    enum ug_invert invert;
};

/* One part in so many of `train.memory` is what pictures that were decoded once may take. */
enum { UG_PICTURES_PART = 8 };

struct ug_data_spec {
    struct ug_data_entry *entries;
    int n;
    int64_t batch;
    int64_t keep; /* bytes of decoded pictures that may be kept; 0: no limit */
};

/* ---- Training (language.md 6) ---- */

enum ug_optimizer_kind { UG_ADAM, UG_ADAMW, UG_SGD, UG_RMSPROP };
const char *ug_optimizer_kind_name(enum ug_optimizer_kind kind); /* "adam" */

/* Name and value of the i-th setting that applies to an optimizer, as a file's keys order them, `lr`
 * left out; false after the last. */
struct ug_optimizer_spec;
enum { UG_SETTING_TEXT = 64 };
bool ug_optimizer_setting(const struct ug_optimizer_spec *o, int i, const char **name,
                          char value[UG_SETTING_TEXT]);

struct ug_optimizer_spec {
    const char *name;
    struct ug_pos pos;
    enum ug_optimizer_kind kind;
    const struct ug_expr *lr; /* may use step, steps, epoch, epochs */
    double betas[2], eps, weight_decay;
    double momentum, dampening; /* sgd, rmsprop */
    bool nesterov, amsgrad;     /* sgd; adam, adamw */
    double alpha;               /* rmsprop */
    bool centered;
    double clip_norm; /* 0 = none */
    int64_t every;    /* 1 = each step */
    double ema;       /* decay; 0 = none */
    const struct ug_expr *minimize;
    struct ug_param **params; /* owners, in the order of the program */
    int n_params;
};

struct ug_train_spec {
    bool present;    /* the file has `train` */
    int64_t steps;   /* from `steps`, or from `epochs` and the largest source */
    double epochs;   /* 0 where `steps` was given */
    int64_t largest; /* samples of the largest source; 0 = not known */
    uint64_t seed;
    bool ordered; /* update is a list */
    int *order;   /* optimizers in update order; all of them when simultaneous */
    int n_order;
    struct ug_optimizer_spec *optimizers;
    int n_optimizers;
    const char *init; /* FILE.safetensors or NULL */
    struct ug_pos init_pos;
    int64_t memory; /* bytes the process may take; 0: as many as it needs */
    struct ug_pos memory_pos;
};

struct ug_column {
    const char *label;
    const struct ug_expr *expr;
};

struct ug_event_spec { /* samples, validate, checkpoint, log */
    bool present;
    int64_t every;
    struct ug_pos pos;
};

struct ug_samples_spec {
    struct ug_event_spec event;
    int64_t count;
    struct ug_data_spec data; /* merged with `data`; unshuffled, uncropped, unflipped */
    struct ug_column *columns;
    int n_columns;
};

struct ug_validate_spec {
    struct ug_event_spec event;
    struct ug_data_spec data;
    struct ug_column *metrics;
    int n_metrics;
};

enum ug_best_mode { UG_BEST_AUTO, UG_BEST_MIN, UG_BEST_MAX };

struct ug_checkpoint_spec {
    struct ug_event_spec event;
    int64_t keep;                /* 0 = all */
    int best;                    /* index in validate.metrics, -1 = none */
    enum ug_best_mode best_mode; /* auto: see ug_program_rises */
};

struct ug_translate_spec {
    const char *name;
    struct ug_pos pos;
    const char *from; /* input, or NULL: draws pictures */
    struct ug_pos from_pos;
    const struct ug_expr *to;
};

/* ---- The program ---- */

struct ug_input {
    const char *name;
    struct ug_pos pos;
    struct ug_type type;              /* with the batch of the file */
    const struct ug_data_entry *data; /* NULL: from `inputs`, given from outside */
};

struct ug_network {
    const char *name;
    const char *module;
    struct ug_pos pos;
};

struct ug_tie {               /* one line of `share`, for check and dot */
    const char *left, *right; /* as written */
    struct ug_pos pos;
    int n; /* parameters tied */
};

struct ug_vars;

struct ug_program {
    struct ug_arena *arena;
    const char *path;
    struct ug_yaml *tree; /* the composed file */
    struct ug_params *params;
    struct ug_input *inputs;
    int n_inputs;
    struct ug_network *networks;
    int n_networks;
    struct ug_tie *ties;
    int n_ties;
    struct ug_data_spec data;
    struct ug_train_spec train;
    struct ug_event_spec log;
    struct ug_samples_spec samples;
    struct ug_validate_spec validate;
    struct ug_checkpoint_spec checkpoint;
    struct ug_translate_spec *translates;
    int n_translates;
    struct ug_vars *vars;         /* private to engine/model, like */
    struct ug_language *language; /* modules, networks, expressions */
};

struct ug_load_options {
    const char *const *sets; /* "NAME=EXPR" */
    int n_sets;
    bool without_data;            /* do not look at data files: inputs come from elsewhere */
    const struct ug_input *given; /* types of inputs that are known from elsewhere (eval --in) */
    int n_given;
    const char *text; /* load this text instead of the file; path is its name */
    size_t length;
};

/* Reads and checks a file.  The program may be partial after errors (ask the list); NULL if nothing
 * could be read. */
struct ug_program *ug_program_load(const char *path, const struct ug_load_options *options,
                                   struct ug_diags *diags);
void ug_program_free(struct ug_program *p); /* NULL is fine */

/* Parameters as `check --params` lists them: networks as written, then the values of graph. */
struct ug_param **ug_program_list_params(const struct ug_program *p, int *n);

/* The value of an `lr` at a step: `step`, `epoch` finished so far. Does not allocate. */
double ug_program_rate(const struct ug_program *p, const struct ug_expr *lr, int64_t step,
                       int64_t epoch);

/* Why ug_program_rate is not a number there: "an lr must be 0 or more, not -1"; from the arena. */
const char *ug_program_rate_fault(struct ug_arena *a, const struct ug_program *p,
                                  const struct ug_expr *lr, int64_t step, int64_t epoch);
/* What `epochs` is: how many epochs the training begins, the last of which it may not end; 0 where the
 * data are not known. */
int64_t ug_program_epochs(const struct ug_program *p);

/* Whether a metric of `validate` grows as results get better: as `checkpoint.best` says of it, else
 * by the ops in it: psnr and 1 - l1_loss do; losses, and what is not known, do not. */
bool ug_program_rises(const struct ug_program *p, int metric);

/* ---- Graphs ---- */

enum ug_want {
    UG_WANT_VALUES = 1,    /* everything in `graph` */
    UG_WANT_LOSSES = 2,    /* losses and their terms */
    UG_WANT_OPTIMIZED = 4, /* what each optimizer minimises, and its losses' terms */
    UG_WANT_SAMPLES = 8,   /* samples.columns */
    UG_WANT_METRICS = 16,  /* validate.metrics */
    UG_WANT_TRANSLATE = 32 /* translates[request.translate].to */
};

struct ug_request {
    unsigned want;
    bool training;
    int64_t batch;                /* first extent of data inputs; 0: as in the file */
    const struct ug_input *types; /* types of inputs that differ from the file's */
    int n_types;
    int translate;
    /* Instead of all VALUES and LOSSES: these names, of values (v, v.a, list[i]), losses or terms
     * (LOSS.TERM). */
    const char *const *fetch;
    int n_fetch;
};

struct ug_value {
    const char *name; /* "mu1", "v.a", "outs[0]", "G", "G.rec_1"; of a column, a metric */
    struct ug_node *node;
    struct ug_pos pos;
    bool pruned; /* a loss term whose factor is 0 */
    int loss;    /* of a term: index of its loss in `losses`; else -1 */
};

struct ug_values {
    struct ug_value *items;
    int n, capacity;
};

struct ug_state_update {
    struct ug_param *param;
    struct ug_node *next; /* reads the state as the step found it; ug_chain_states chains several */
};

struct ug_unfolded {
    struct ug_graph *graph;
    struct ug_values inputs;    /* those that are used, as leaves */
    struct ug_values values;    /* graph; with `fetch`, what was asked for, in that order */
    struct ug_values losses;    /* one each */
    struct ug_values terms;     /* of the losses, "G.rec_1" */
    struct ug_values minimized; /* one an optimizer, in order */
    struct ug_values extra;     /* columns, metrics, or the translation */
    struct ug_state_update *updates;
    int n_updates;
};

/* NULL after an error. The caller frees it. */
struct ug_unfolded *ug_unfold(struct ug_program *p, const struct ug_request *request,
                              struct ug_diags *diags);
void ug_unfolded_free(struct ug_unfolded *u);

#endif
