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

enum ug_status ug_report(const char *const *runs, int n, const char *out, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    enum ug_status status = UG_DONE;

    for (int i = 0; i < n; i++)
        if (!check_run(a, runs[i], diags))
            status = UG_WRONG;
    if (!out)
        out = ug_arena_format(a, "%s/report.html", runs[0]);
    if (status == UG_DONE && !ug_page_write(out, runs, n, diags))
        status = UG_FAILED;
    ug_arena_free(a);
    return status;
}
