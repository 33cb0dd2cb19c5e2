/* report.c -- unitgraph report: a page about runs that are on disk. */
#include <string.h>

#include "engine/base/arena.h"
#include "engine/report/page.h"
#include "engine/run/folder.h"
#include "engine/unitgraph.h"

static bool check_run(struct ug_arena *a, const char *run, struct ug_diags *diags)
{
    if (ug_file_exists(ug_arena_format(a, "%s/config.yaml", run)) ||
        ug_file_exists(ug_arena_format(a, "%s/metrics.jsonl", run)))
        return true;
    ug_error(diags, UG_NOWHERE,
             ug_folder_exists(run) ? "the folder '%s' holds no run" : "there is no folder '%s'",
             run);
    return false;
}

/* Those of `named` that may be runs, into `runs`; how many.  A shell's pattern for the runs of a sweep
 * names its table as well. */
static int list_runs(const char *const *named, int n, const char **runs, struct ug_diags *diags)
{
    int kept = 0;

    for (int i = 0; i < n; i++)
        if (n > 1 && ug_file_exists(named[i]) && !ug_folder_exists(named[i]))
            ug_warning(diags, UG_NOWHERE, "'%s' is a file and no run: it is left out", named[i]);
        else
            runs[kept++] = named[i];
    return kept;
}

enum ug_status ug_report(const char *const *named, int n, const char *out, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const char **runs = ug_arena_array(a, (size_t)n, sizeof *runs);
    enum ug_status status = UG_DONE;

    n = list_runs(named, n, runs, diags);
    if (!n) {
        ug_error(diags, UG_NOWHERE, "there is no run among these");
        status = UG_WRONG;
    }
    for (int i = 0; i < n; i++)
        if (!check_run(a, runs[i], diags))
            status = UG_WRONG;
    if (n && !out)
        out = ug_arena_format(a, "%s/report.html", runs[0]);
    if (status == UG_DONE && !ug_page_write(out, runs, n, diags))
        status = UG_FAILED;
    ug_arena_free(a);
    return status;
}
