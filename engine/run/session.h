/* session.h -- a run from its start or from a checkpoint to its end: what train.c goes through step
 * by step.
 */
#ifndef UG_SESSION_H
#define UG_SESSION_H

#include "engine/report/reporter.h"
#include "engine/run/checkpoint.h"
#include "engine/run/metrics.h"
#include "engine/run/progress.h"
#include "engine/run/samples.h"
#include "engine/run/trace.h"
#include "engine/run/validate.h"
#include "engine/unitgraph.h"

struct ug_session {
    const struct ug_run_options *options;
    const char *file; /* as the user named it */
    struct ug_diags *diags;
    struct ug_arena *arena;
    struct ug_program *program;
    const char *out, *checkpoint; /* the folder; what of it to go on from, NULL: begin anew */
    bool again; /* there is no checkpoint of a run that was begun: it begins as it was told then */
    const char *experiment;  /* the resolved file with --set, */
    const char *config;      /* and with the other options: config.yaml */
    int lock;                /* of the folder; -1: none yet */
    struct ug_dataset *data; /* NULL where the experiment has none */
    struct ug_trainer *trainer;
    struct ug_samples samples;
    struct ug_validation validation;
    struct ug_loader *loader;
    struct ug_trace *trace; /* NULL: not asked for */
    struct ug_metrics metrics;
    struct ug_progress progress;
    struct ug_reporter *reporter; /* NULL before the folder is open */
    struct ug_progress_made made;
    int64_t until;         /* where this session ends; 0: with the last step */
    int64_t least_steps;   /* the run has at least these, whatever the file says */
    bool logs_all;         /* a line of metrics for each step */
    double seconds_before; /* of training, before this session */
    bool best_is_new;      /* this step's validation was the best so far */
    int64_t saved;         /* step of the newest checkpoint; -1: none */
};

/* The file loaded, all that training takes made, parameters as they start or as the checkpoint has
 * them; the folder is looked at, but not touched.  False after an error: the file or the command
 * line is wrong. */
bool ug_session_prepare(struct ug_session *r);
/* Whether the experiment's file is the run's own config.yaml, by that name or by its folder's. */
bool ug_session_is_own_file(const struct ug_session *r);
/* The experiment that the loaded file describes, as text. */
const char *ug_session_experiment(const struct ug_session *r);
/* The part of that which goes on from r->checkpoint: reads it, after what has changed in the file. */
bool ug_session_go_on(struct ug_session *r);
/* The run's folder with its files open.  False after an error. */
bool ug_session_open(struct ug_session *r);
/* From the file to the last step, or the one where the session ends; the caller frees it. */
enum ug_status ug_session_run(struct ug_session *r);
void ug_session_free(struct ug_session *r); /* what it holds */

const char *ug_session_path(const struct ug_session *r, const char *name); /* OUT/name */
struct ug_moment ug_session_moment(const struct ug_session *r, int64_t step);

/* All that is due now that r->made.step steps are finished; `step` is the one just taken, NULL if
 * no optimizer took part.  False after an error. */
bool ug_session_events(struct ug_session *r, const struct ug_step *step);
/* Writes a checkpoint unless this step has one. */
bool ug_session_save(struct ug_session *r);
/* Says what stopped the step that takes `batch`: where, which pictures it saw, what is wrong with them;
 * saves the state that the step found, and a bundle to run it again. */
void ug_session_report(struct ug_session *r, const struct ug_fault *fault,
                       const struct ug_batch *batch, const struct ug_moment *now);

#endif
