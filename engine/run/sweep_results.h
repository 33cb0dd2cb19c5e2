/* sweep_results.h -- what came of the runs of a sweep, as tables. */
#ifndef UG_SWEEP_RESULTS_H
#define UG_SWEEP_RESULTS_H

#include "engine/run/sweep_plan.h"

enum ug_sweep_state { UG_SWEEP_TO_DO, UG_SWEEP_BEGUN, UG_SWEEP_FINISHED, UG_SWEEP_FAILED };

struct ug_sweep_result {
    enum ug_sweep_state state;
    const char *folder;
    int64_t step, steps; /* done, and to be done in all */
};

struct ug_sweep_metric {
    const char *name; /* of validate.metrics */
    bool rises;       /* more of it is better */
};

/* Writes OUT/results.csv and OUT/results.md from the runs' metrics.jsonl: of each metric and loss the
 * last value and the best.  `title` heads the Markdown.  False after an error. */
bool ug_sweep_results(const char *out, const char *title, const struct ug_sweep_plan *plan,
                      const struct ug_sweep_result *results, const struct ug_sweep_metric *metrics,
                      int n_metrics, struct ug_diags *diags);

const char *ug_sweep_state_text(enum ug_sweep_state state); /* "finished" */

#endif
