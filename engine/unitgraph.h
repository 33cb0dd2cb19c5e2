/* unitgraph.h -- the public interface of libunitgraph: all that the command line uses.
 *
 * Nothing here prints to the terminal or exits: results go to the stream that is given, problems to
 * the list of diagnostics.  Functions return what the command line uses as its exit status.  A file
 * that is not where its name says is looked for among the installed graphs: "unit.yaml"; a run's
 * folder stands for the file that it keeps.
 */
#ifndef UNITGRAPH_H
#define UNITGRAPH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Beside this file, also where it is installed: CMakeLists.txt lists them. */
#include "base/cpu.h"
#include "base/diag.h"
#include "base/file.h"

enum ug_status {
    UG_DONE = 0,
    UG_FAILED = 1, /* it failed while running */
    UG_WRONG = 2   /* the file, or what the command line says, is wrong */
};

/* How a file is loaded, the same for every command. */
struct ug_overrides {
    const char *const *sets; /* "NAME=EXPR" */
    int n_sets;
};

/* ---- run ---- */

struct ug_run_options {
    struct ug_overrides overrides;
    const char *out;  /* run folder; NULL: runs/STEM */
    int64_t steps;    /* 0: as the file says */
    int64_t seed;     /* -1: as the file says */
    const char *init; /* safetensors file or NULL */
    bool resume;
    const char *trace; /* where to write what ran when in a step (Chrome trace); or NULL */
    FILE *progress;    /* where progress goes; NULL: nowhere */
    bool terminal;     /* progress is a terminal: one line rewritten in place */
    const volatile int
        *stop; /* becomes nonzero when the run should finish its step and end; or NULL */
};
enum ug_status ug_run(const char *file, const struct ug_run_options *o, struct ug_diags *diags);

/* Trains `steps` steps straight, and once more with a stop, a checkpoint and a new start halfway, in
 * a temporary folder, and compares what came of both bit for bit.  UG_FAILED, with the first name
 * that differs, if it is not the same.  `out`, `resume` and `steps` of the options are not used. */
enum ug_status ug_verify_resume(const char *file, const struct ug_run_options *o, int64_t steps,
                                FILE *out, struct ug_diags *diags);

/* ---- sweep ---- */

struct ug_sweep_options {
    struct ug_overrides overrides; /* "NAME=A,B,C" is swept: every combination is a run */
    const char *out;               /* folder of the runs; NULL: runs/STEM-sweep */
    bool dry_run;                  /* only say what would run */
    FILE *listing;                 /* where that goes */
    FILE *progress;                /* as for ug_run, like */
    bool terminal;
    const volatile int *stop;
};
/* Runs what is not finished, goes on with what was interrupted and past what fails; leaves
 * results.csv, results.md and compare.html.  UG_FAILED: some failed, and are named. */
enum ug_status ug_sweep(const char *file, const struct ug_sweep_options *o, struct ug_diags *diags);

/* ---- check ---- */

struct ug_check_options {
    struct ug_overrides overrides;
    bool params; /* only list them */
    const char
        *fit; /* only find how large `vary` may be for a run to fit in that: "4GiB"; or NULL */
    const char *vary; /* NULL: data.batch */
};
enum ug_status ug_check(const char *file, const struct ug_check_options *o, FILE *out,
                        struct ug_diags *diags);

/* ---- eval ---- */

struct ug_eval_options {
    struct ug_overrides overrides;
    const char *in, *out; /* safetensors files; `in` may be NULL where nothing is needed */
    const char *params;   /* or NULL: initial values */
    const char *const *fetch;
    int n_fetch;      /* 0: all of graph and losses */
    const char *grad; /* a loss, LOSS.TERM, or a scalar value; or NULL */
    bool training;
    int64_t seed; /* -1: as the file says */
};
enum ug_status ug_eval(const char *file, const struct ug_eval_options *o, struct ug_diags *diags);

/* ---- show, dot ---- */

enum ug_status ug_show(const char *file, const struct ug_overrides *o, bool origin, FILE *out,
                       struct ug_diags *diags);

enum ug_dot_level { UG_DOT_NETWORK, UG_DOT_LAYER, UG_DOT_OP };
enum ug_status ug_dot(const char *file, const struct ug_overrides *o, enum ug_dot_level level,
                      bool backward, FILE *out, struct ug_diags *diags);

/* ---- translate ---- */

struct ug_translate_options {
    const char *run;  /* run folder or params.safetensors */
    const char *name; /* entry of `translate` */
    const char *in; /* picture, folder, list (.txt) or pattern; NULL for an entry without `from` */
    const char *out;
    int64_t height, width;  /* which pictures are brought to first; 0: each its own */
    int64_t step;           /* -1: the newest, or */
    const char *checkpoint; /* "latest", "best", a step; NULL: as `step` says */
    int64_t count;          /* pictures to draw, for an entry without `from` */
    int64_t seed;           /* -1: as the file says */
    FILE *progress;
    const volatile int *stop; /* becomes nonzero when no more pictures should be begun; or NULL */
};
enum ug_status ug_translate(const struct ug_translate_options *o, struct ug_diags *diags);

/* ---- validate ---- */

struct ug_validate_options {
    struct ug_overrides overrides;
    const char *run;        /* run folder or params.safetensors; a .yaml: its initial values */
    const char *checkpoint; /* "latest", "best", a step */
    const char *json;       /* a file for the means, or NULL */
};
/* Runs the `validate` of a run's file over its whole data, with the averages where they are kept,
 * and prints a table of the means.  The same draws as in the run: the same figures. */
enum ug_status ug_validate(const struct ug_validate_options *o, FILE *out, struct ug_diags *diags);

/* ---- replay ---- */

/* Runs the step of a fault's bundle again and prints its values' ranges up to the fault, or `all`.
 * UG_FAILED: the fault came again; UG_DONE: it did not. */
enum ug_status ug_replay(const char *bundle, bool all, FILE *out, struct ug_diags *diags);

/* ---- report ---- */

/* Writes a page about the runs in `n` folders, at least one; of several words, those that are files are
 * left out, with a warning.  `out` NULL: report.html in the first. */
enum ug_status ug_report(const char *const *runs, int n, const char *out, struct ug_diags *diags);

/* ---- convert ---- */

struct ug_convert_options {
    const char *in, *out; /* safetensors files; `out` may be NULL for a dry run */
    const char *map;      /* file of names there and here */
    struct ug_overrides map_overrides;
    const char *experiment; /* whose names and shapes are those here; or NULL */
    struct ug_overrides overrides;
    bool reverse; /* from the names here to those there */
    bool partial; /* what has no counterpart is left out */
    bool dry_run; /* nothing is written */
    FILE *table;  /* where each tensor, what it becomes, and whether it fits is printed; or NULL */
    FILE *progress; /* where it is said what was written; or NULL */
};
enum ug_status ug_convert_weights(const struct ug_convert_options *o, struct ug_diags *diags);

/* ---- diff ---- */

struct ug_diff_options {
    bool all;    /* rows, not only the first of each section */
    bool json;   /* a list of objects instead of a table */
    bool colour; /* of the table's rows */
    FILE *out;
};
/* Two files or runs' folders as experiments.  UG_DONE: they are the same; UG_FAILED: they are not. */
enum ug_status ug_diff(const char *a, const char *b, const struct ug_diff_options *o,
                       struct ug_diags *diags);

/* ---- gradcheck ---- */

struct ug_gradcheck_options {
    struct ug_overrides overrides;
    bool bundle;        /* the file is a fault's bundle: its step, parameters and batch */
    const char *params; /* or NULL: initial values */
    bool terms;         /* each term of a loss by itself as well */
    int64_t directions; /* a comparison; at least 1 */
    int64_t seed;       /* -1: as the file says */
    FILE *out;
};
/* Compares, in float64, the gradients that training uses with differences of the losses, and prints
 * a table.  UG_FAILED: some differ. */
enum ug_status ug_gradcheck(const char *file, const struct ug_gradcheck_options *o,
                            struct ug_diags *diags);

/* ---- language, ops, bench ---- */

/* A section of the reference of the file language; NULL: what sections there are; "all": the whole. */
enum ug_status ug_language(const char *section, FILE *out, struct ug_diags *diags);

enum ug_status ug_ops(const char *name, FILE *out,
                      struct ug_diags *diags); /* name NULL: the list */

struct ug_bench_options {
    struct ug_overrides overrides;
    const char *trace; /* as of a run */
    int64_t steps;     /* or runs of each algorithm; 0: as many as give a steady figure */
    bool json;         /* JSON: of steps one line */
};
enum ug_status ug_bench(const char *file, const struct ug_bench_options *o, FILE *out,
                        struct ug_diags *diags);
/* Algorithms one by one: those of the file's step or, where file is NULL, of a list of layers. */
enum ug_status ug_bench_kernels(const char *file, const struct ug_bench_options *o, FILE *out,
                                struct ug_diags *diags);

/* Threads that kernels use from now on; 0: as many as there are cores. */
void ug_set_threads(int n);
/* Ends the threads that kernels used, and frees what they held; they come back when they are needed. */
void ug_end_threads(void);
const char *ug_version(void);

#endif
